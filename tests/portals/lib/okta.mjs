// Okta's classic authentication API: the transaction and its states, factors, and the session that a token buys.
//
// okta(p, {host, userOf, allowRemember, hiddenLockout, afterSession}) adds the routes to the portal p on `host`.
//   userOf(username)   the customer of an Okta user name (default: p.customer)
//   again(customer)    true where the portal has taken the same password already (two surfaces), so that a second one is no fault
//   signedIn(c)        the customer of the organisation's session cookie `sid`, or undefined
//   customer.mfa       factors: sms, call, email, totp, question, push; customer.enrol 'later' | 'now'; .warn; .renew; .recovery
// From the published reference of the API; statuses, error codes and links as there. What is not there is marked.

const LIFE = 300000; // a state token slides by five minutes
const SENT_APART = 30;
const ids = { sms: 'sms1example', call: 'clf1example', email: 'emf1example', totp: 'uft1example', question: 'ufs1example', push: 'opf1example' };
const types = { totp: 'token:software:totp' };

const errors = {
  E0000001: [400, 'Api validation failed'], E0000004: [401, 'Authentication failed'], E0000011: [401, 'Invalid token provided'],
  E0000047: [429, 'API call exceeded rate limit due to too many requests.'], E0000068: [403, 'Invalid Passcode/Answer'],
  E0000069: [403, 'User Locked'], E0000079: [403, 'This operation is not allowed in the current authentication state.'],
  E0000109: [429, 'An SMS message was recently sent. Please wait 30 seconds before trying again.'],
  E0000133: [429, 'A factor call was recently initiated. Please wait 30 seconds before trying again.'],
};

function fail(c, code) {
  const [status, errorSummary] = errors[code];
  const headers = code === 'E0000047' ? { 'x-rate-limit-reset': String(Math.floor(Date.now() / 1000) + 60) } : undefined;
  return c.send({ errorCode: code, errorSummary, errorLink: code, errorId: 'oae1example', errorCauses: [] }, { status, headers });
}

function profileOf(who, kind) {
  return {
    sms: { phoneNumber: '+1 XXX-XXX-3161' }, call: { phoneNumber: '+1 XXX-XXX-3161' }, email: { email: `${who.user[0]}...r@customer.test` },
    totp: { credentialId: who.user }, question: { question: 'pet', questionText: 'What was the name of your first pet?' },
    push: { deviceType: 'SmartPhone_IPhone', name: 'Phone', platform: 'IOS' },
  }[kind];
}

class Okta {
  constructor(p, options) {
    Object.assign(this, { p, allowRemember: true, userOf: (name) => p.customer(name), again: () => false, ...options });
    const on = (method, path, handler) => p.on(this.host, method, path, (c) => this.guard(c) ?? handler(c));
    on('POST', '/api/v1/authn', (c) => this.authn(c));
    on('POST', '/api/v1/authn/factors/:id/verify', (c) => this.verify(c));
    on('POST', '/api/v1/authn/factors/:id/verify/resend', (c) => this.resend(c));
    on('POST', '/api/v1/authn/previous', (c) => this.move(c, (t) => { t.factor = undefined; t.status = 'MFA_REQUIRED'; }));
    on('POST', '/api/v1/authn/skip', (c) => this.skip(c));
    on('POST', '/api/v1/authn/cancel', (c) => this.cancel(c));
    p.on(this.host, 'GET', '/login/sessionCookieRedirect', (c) => this.buy(c));
    p.on(this.host, 'DELETE', '/api/v1/sessions/me', (c) => { c.session('sid'); c.end('sid'); return c.nothing(204); });
  }

  get transactions() { this.p.state.okta ??= { transactions: new Map(), tokens: new Map(), devices: new Set() }; return this.p.state.okta.transactions; }

  get tokens() { return this.transactions && this.p.state.okta.tokens; }

  get devices() { return this.transactions && this.p.state.okta.devices; }

  // What the edge and the API's own limits answer before anything is looked at.
  guard(c) {
    const { switches } = this.p;
    if (switches.wall === 'api') return c.html('<html><body>Access denied</body></html>', { status: 403 });
    if (switches.rate === 'api') return fail(c, 'E0000047');
    if (switches.html === 'api') return c.html('<html><head><title>Sign in</title></head><body><div id="app"></div></body></html>');
    if (!c.need({ headers: { 'content-type': /^application\/json/, accept: /application\/json/ } })) return fail(c, 'E0000001');
    return undefined;
  }

  url(path) { return `https://${this.host}/api/v1/authn${path}`; }

  link(path, name) { return { ...(name && { name }), href: this.url(path), hints: { allow: ['POST'] } }; }

  state(c, t) {
    t.until = this.p.now() + LIFE;
    const out = { stateToken: t.token, expiresAt: new Date(t.until).toISOString(), status: t.status, _embedded: { user: this.user(t.who) }, _links: { cancel: this.link('/cancel') } };
    this[`show_${t.status}`]?.(t, out);
    return c.send(out);
  }

  user(who) { return { id: '00u1example', profile: { login: who.user, firstName: 'Test', lastName: 'Customer', locale: 'en', timeZone: 'America/New_York' } }; }

  factor(who, kind) {
    return { id: ids[kind], factorType: types[kind] ?? kind, provider: kind === 'totp' ? 'GOOGLE' : 'OKTA', vendorName: kind === 'totp' ? 'GOOGLE' : 'OKTA', profile: profileOf(who, kind),
      _links: { verify: this.link(`/factors/${ids[kind]}/verify`) } };
  }

  show_MFA_REQUIRED(t, out) {
    out._embedded.factors = t.who.mfa.map((kind) => this.factor(t.who, kind));
    out._embedded.policy = { allowRememberDevice: this.allowRemember, rememberDeviceLifetimeInMinutes: 43200, rememberDeviceByDefault: false, factorsPolicyInfo: {} };
  }

  show_MFA_CHALLENGE(t, out) {
    const { factor } = t;
    out._embedded.factor = { ...this.factor(t.who, factor), _links: undefined };
    out._embedded.policy = { allowRememberDevice: this.allowRemember };
    out.factorResult = factor === 'push' ? t.result ?? 'WAITING' : 'CHALLENGE';
    out._links.next = this.link(`/factors/${ids[factor]}/verify`, factor === 'push' ? 'poll' : 'verify');
    out._links.prev = this.link('/previous');
    if (['sms', 'call', 'email', 'push'].includes(factor)) out._links.resend = [this.link(`/factors/${ids[factor]}/verify/resend`, factor)];
  }

  show_MFA_ENROLL(t, out) {
    out._embedded.factors = [{ factorType: 'sms', provider: 'OKTA', status: 'NOT_SETUP', enrollment: 'OPTIONAL' }];
    if (t.who.enrol === 'later') out._links.skip = this.link('/skip', 'skip');
  }

  show_PASSWORD_WARN(t, out) {
    out._embedded.policy = { expiration: { passwordExpireDays: 3 } };
    out._links.next = this.link('/credentials/change_password', 'changePassword');
    out._links.skip = this.link('/skip', 'skip');
  }

  show_PASSWORD_EXPIRED(t, out) { out._links.next = this.link('/credentials/change_password', 'changePassword'); }

  show_RECOVERY(t, out) { out._links.next = this.link('/recovery/answer', 'answer'); }

  success(c, t) {
    this.transactions.delete(t.token);
    const sessionToken = this.p.token();
    this.tokens.set(sessionToken, t.who);
    return c.send({ status: 'SUCCESS', expiresAt: new Date(this.p.now() + LIFE).toISOString(), sessionToken, _embedded: { user: this.user(t.who) } });
  }

  // Where the customer stands after the password: first what concerns the password, then MFA.
  next(c, t) {
    const { who } = t;
    if (who.warn && !t.warned) t.status = 'PASSWORD_WARN';
    else if (who.enrol && !t.enrolled) t.status = 'MFA_ENROLL';
    else if (who.mfa && !this.devices.has(`${who.key} ${t.device}`)) t.status = 'MFA_REQUIRED';
    else return this.success(c, t);
    return this.state(c, t);
  }

  authn(c) {
    const body = c.json;
    if (!body) return fail(c, 'E0000001');
    if (body.stateToken) return this.move(c, () => {});
    if (typeof body.username !== 'string' || typeof body.password !== 'string') return fail(c, 'E0000001');
    const who = this.userOf(body.username);
    const how = this.p.password(c, who, body.password, { again: Boolean(who && this.again(who)) });
    if (how === 'locked' && !this.hiddenLockout) return c.send({ status: 'LOCKED_OUT', _links: { next: this.link('/recovery/unlock', 'unlock') } });
    if (how !== 'ok') return fail(c, 'E0000004');
    const t = { token: `00${this.p.token(20)}`, who, device: body.context?.deviceToken };
    if (this.p.switches.redesign) return c.send({ status: 'PASSKEY_REQUIRED', stateToken: t.token });
    this.transactions.set(t.token, t);
    if (who.renew || who.recovery) {
      t.status = who.renew ? 'PASSWORD_EXPIRED' : 'RECOVERY';
      return this.state(c, t);
    }
    return this.next(c, t);
  }

  open(c) {
    const t = this.transactions.get(c.json?.stateToken);
    if (t && this.p.now() > t.until) this.transactions.delete(t.token);
    return t && this.p.now() <= t.until ? t : undefined;
  }

  move(c, how) {
    const t = this.open(c);
    if (!t) return fail(c, 'E0000011');
    how(t);
    return this.state(c, t);
  }

  skip(c) {
    const t = this.open(c);
    if (!t) return fail(c, 'E0000011');
    if (t.status === 'PASSWORD_WARN') t.warned = true;
    else if (t.status === 'MFA_ENROLL' && t.who.enrol === 'later') t.enrolled = true;
    else {
      c.fault(`nothing can be skipped in ${t.status}`);
      return fail(c, 'E0000079');
    }
    return this.next(c, t);
  }

  cancel(c) {
    const t = this.open(c);
    if (!t) return fail(c, 'E0000011');
    this.transactions.delete(t.token);
    return c.send({});
  }

  kindOf(c, t) { return t.who.mfa?.find((kind) => ids[kind] === c.params.id); }

  send(c, t, kind) {
    if (this.p.sentAgo(t.who) < SENT_APART && t.factor === kind && this.p.switches.strictResend) return fail(c, kind === 'call' ? 'E0000133' : 'E0000109');
    if (kind === 'push') t.approval = this.p.approval(t.who);
    else if (['sms', 'call', 'email'].includes(kind)) this.p.send(t.who, kind, Object.values(profileOf(t.who, kind))[0]);
    t.factor = kind;
    t.result = undefined;
    t.status = 'MFA_CHALLENGE';
    return this.state(c, t);
  }

  resend(c) {
    const t = this.open(c);
    if (!t) return fail(c, 'E0000011');
    const kind = this.kindOf(c, t);
    if (t.status !== 'MFA_CHALLENGE' || kind !== t.factor) {
      c.fault('resend outside of a challenge of that factor');
      return fail(c, 'E0000079');
    }
    return this.send(c, t, kind);
  }

  verify(c) {
    const t = this.open(c);
    if (!t) return fail(c, 'E0000011');
    const kind = this.kindOf(c, t);
    if (!kind || !['MFA_REQUIRED', 'MFA_CHALLENGE'].includes(t.status)) {
      c.fault(`no factor can be verified in ${t.status}`);
      return fail(c, 'E0000079');
    }
    const body = c.json;
    const remember = c.query.get('rememberDevice') === 'true';
    if (remember && !this.allowRemember) c.fault('the device was remembered though the policy does not allow it');
    if (kind === 'push' && t.factor === 'push') return this.poll(c, t, remember);
    const given = kind === 'question' ? body.answer : body.passCode;
    if (given === undefined || given === '') return this.send(c, t, kind);
    return this.judge(c, t, kind, given, remember);
  }

  poll(c, t, remember) {
    if (t.approval.decision === 'approve') return this.done(c, t, remember);
    if (t.approval.decision === 'deny') t.result = 'REJECTED';
    else if (this.p.now() - t.approval.at > LIFE) t.result = 'TIMEOUT';
    return this.state(c, t);
  }

  judge(c, t, kind, given, remember) {
    const right = () => String(given).trim().toLowerCase() === t.who.answer.toLowerCase();
    const how = kind === 'question' ? (right() ? 'ok' : 'wrong') : kind === 'totp' ? this.p.totp(c, t.who, given) : this.p.verify(c, t.who, given);
    if (how === 'exhausted') {
      this.transactions.delete(t.token);
      return fail(c, 'E0000069');
    }
    return how === 'ok' ? this.done(c, t, remember) : fail(c, 'E0000068');
  }

  done(c, t, remember) {
    if (remember && t.device) this.devices.add(`${t.who.key} ${t.device}`);
    else if (remember) c.fault('a device without a token cannot be remembered');
    return this.success(c, t);
  }

  // The customer of a session token, which is good for one use.
  spend(c, token) {
    const who = this.tokens.get(token);
    this.tokens.delete(token);
    if (!who) c.fault('a session token that is unknown or was used');
    return who;
  }

  buy(c) {
    c.need({ query: ['token', 'redirectUrl'] });
    const who = this.spend(c, c.query.get('token'));
    if (!who) return c.html('<html><body>Sign in again</body></html>', { status: 403 });
    c.begin('sid', { who });
    return c.redirect(c.query.get('redirectUrl'));
  }

  signedIn(c) { return c.session('sid')?.who; }
}

export function okta(p, options) { return new Okta(p, options); }
