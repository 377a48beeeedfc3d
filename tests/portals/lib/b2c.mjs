// Azure AD B2C with custom policies: a transaction from the authorization to the way back, page by page.
//
// b2c(p, {host, tenant, policy, clientId, redirectUri, check, grant, inQuery, viewInHeader}) adds the routes to the portal p.
//   tenant       "/acme.onmicrosoft.com"; the policy stands behind it in every path
//   inQuery      the application names the policy as p= in the query of its first request instead
//   check(c)     looks at what else the application sends with its first request
//   grant(who, query) gives what goes back to the application: {code, …}
//   viewInHeader the page wants its pageViewId in a header of its scripts' requests
// Members of a customer: mfa 'forced' (email only), 'choice' (text, email, call), 'text' | 'mail' (one of them), 'legacy';
// phones (how many, default 1); enrol, terms, renew (a new password is due), reset (the "forgot password" way back).
// Switches: maintenance 503 | true | 'busy'; wall 'b2c'; redesign 'b2c' (no SETTINGS) | true (an unknown step); captcha true |
// 'phone'; rate 'b2c' | 'phone'; html 'b2c'; stale true | 'always'; textControl (text by a control, not the phone page);
// formPost (the way back is a form); sends (codes until the limit); unreachable (the phone).
//
// Documented by public clients: the exchanges of the password step, both kinds of second factor, the statuses of the phone page
// (449 wrong or not yet, 448 unreachable, 429 too many), calls that are waited for, texts as statuses inside a 200, the one
// refusal for a stale session. The vendor's documentation: words of refusals, 90035, 90118. Common knowledge: the other numbers,
// names of cookies, the legacy check of an address. Modelled: what the limits are.
import { failed, formPost, MAIL, pages, PHONES, prefilled, render } from './b2c_pages.mjs';
import { escape, page } from './portal.mjs';

const LIFE = 900000;
const SENDS = 4;
const bad = {
  wrong: ['AADB2C90054', 'Invalid username or password.'],
  unknown: ['AADB2C90053', "We can't seem to find your account."],
  locked: ['AADB2C90114', 'Your account is temporarily locked to prevent unauthorized use. Try again later.'],
  stale: ['AADB2C90278', 'The request could not be validated.'],
};
const codes = {
  wrong: 'That code is incorrect. Please try again.', used: 'That code is incorrect. Please try again.',
  expired: 'That code is expired. Please request a new code.',
  exhausted: 'One-time password provided verification has exceeded maximum number of attempts',
};
const legacyCodes = { ...codes, exhausted: "You've made too many incorrect attempts. Please try again later." };
const sentTooMany = 'You have exceeded the number of code generation attempts.';
const sentTooManyLegacy = 'There have been too many requests to verify this email address. Please wait a while, then try again.';
const xhr = { 'x-requested-with': 'XMLHttpRequest', accept: /application\/json/, 'content-type': /^application\/x-www-form-urlencoded/ };
const ways = { Text: 'sms', Email: 'email', Call: 'voice' };
const mediumOf = (control) => (control.startsWith('email') ? 'email' : 'sms');
const destOf = { emailVerificationControl: 'displayEmailAddress', textVerificationControl: 'displayPhoneNumber' };

class B2c {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    this.base = `${this.tenant}/${this.policy}`;
    this.sso = `x-ms-cpim-sso:${this.tenant.slice(1)}_0`;
    const on = (method, path, handler) => p.on(this.host, method, this.base + path, handler);
    p.on(this.host, 'GET', `${this.tenant}/:policy/oauth2/v2.0/authorize`, (c) => this.authorize(c));
    p.on(this.host, 'GET', `${this.tenant}/oauth2/v2.0/authorize`, (c) => this.authorize(c));
    on('POST', '/SelfAsserted', (c) => this.post(c, (t) => this.asserted(c, t)));
    on('POST', '/SelfAsserted/DisplayControlAction/vbeta/:control/:action', (c) => this.post(c, (t) => this.act(c, t)));
    on('POST', '/Phonefactor/verify', (c) => this.post(c, (t) => this.phone(c, t)));
    on('GET', '/api/:api/confirmed', (c) => this.confirmed(c));
    on('GET', '/oauth2/v2.0/logout', (c) => this.logout(c));
  }

  get flows() { this.p.state.b2c ??= new Map(); return this.p.state.b2c; }

  // The first request of the application

  instead(c) {
    const { maintenance, wall, redesign } = this.p.switches;
    if (maintenance === 503 || maintenance === true) {
      return c.html(page('Sorry', '<h1>We are down for maintenance</h1>'), { status: maintenance === 503 ? 503 : 200 });
    }
    if (wall === 'b2c') return c.html(page('403', 'Forbidden'), { status: 403 });
    if (wall === 'b2c400') return c.html(page('Bad Request', '<h2>Bad Request</h2>'), { status: 400 });
    return redesign === 'b2c' ? c.html(page('Sign in', '<div id="root"></div>')) : undefined;
  }

  authorize(c) {
    const answer = this.instead(c);
    if (answer) return answer;
    const { query } = c;
    c.need({ query: ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce', ...(this.inQuery ? ['p'] : [])] });
    const policies = [c.params.policy, query.get('p')].filter(Boolean);
    if (!policies.length || policies.some((name) => name !== this.policy)) {
      c.fault(`another policy: ${policies.join(', ')}`);
      return c.html(failed('AADB2C90007: the policy is not known to this client.'), { status: 404 });
    }
    if (query.get('client_id') !== this.clientId || query.get('redirect_uri') !== this.redirectUri) {
      c.fault('the client id or redirect URI of another application');
      return c.html(failed('AADB2C90006: the redirect URI is not registered for the client id.'));
    }
    this.check?.(c);
    return this.show(c, { query, name: this.p.switches.captcha === true ? 'captcha' : 'password', session: this.session(c) });
  }

  // What the provider knows a browser by, before anybody signed in.
  session(c) {
    const [, known] = Object.entries(c.cookies).find(([name]) => name.startsWith('x-ms-cpim-cache|')) ?? [];
    if (known) return known;
    const fresh = this.p.token();
    c.set(`x-ms-cpim-cache|${this.p.token(12)}_0`, fresh, { sameSite: 'None' });
    return fresh;
  }

  // A page: its token and its transaction are new each time.
  show(c, t) {
    this.flows.delete(t.tx);
    const random = (bytes) => Buffer.from(this.p.token(bytes)).toString('base64');
    t.tx = Buffer.from(JSON.stringify({ TID: this.p.token(12) })).toString('base64');
    Object.assign(t, { csrf: `${random(30)}==`, view: this.p.token(12), transId: `StateProperties=${t.tx}`, at: c.path,
      until: this.p.now() + LIFE, accepted: false, api: pages[t.name].api, viewInHeader: Boolean(this.viewInHeader),
      phones: t.name === 'phone' ? PHONES.slice(0, t.who.phones ?? 1) : undefined,
      captcha: t.name === 'phone' && this.p.switches.captcha === 'phone' });
    this.flows.set(t.tx, t);
    c.set('x-ms-cpim-csrf', t.csrf, { sameSite: 'None' });
    c.set('x-ms-cpim-trans', t.tx, { sameSite: 'None' });
    return c.html(render(t, this.fields(t), { tenant: this.base, policy: this.policy }));
  }

  fields(t) {
    const without = { text: 'displayEmailAddress', mail: 'displayPhoneNumber' }[t.who?.mfa];
    return pages[t.name].fields?.filter((one) => t.name !== 'choice' || one.ID !== without);
  }

  // What the page's script sends

  // The transaction that the address names, if the request is one of its page.
  find(c, token) {
    const t = [...this.flows.values()].find((one) => c.query.get('tx') === one.transId);
    if (!t || this.p.now() > t.until) return undefined;
    const wrong = Object.entries({
      token: token === t.csrf, 'csrf cookie': c.cookies['x-ms-cpim-csrf'] === t.csrf, policy: c.query.get('p') === this.policy,
      'transaction cookie': c.cookies['x-ms-cpim-trans'] === t.tx,
      referer: c.headers.referer && new URL(c.headers.referer).pathname === t.at,
    }).filter(([, fine]) => !fine).map(([name]) => name);
    if (wrong.length) c.fault(`missing or another: ${wrong.join(', ')}`);
    return wrong.length ? undefined : t;
  }

  post(c, how) {
    const t = this.find(c, c.headers['x-csrf-token']);
    if (!t) return c.html(failed('AADB2C90157: the session has expired.'), { status: 400 });
    c.need({ headers: { ...xhr, origin: `https://${this.host}`, ...(t.viewInHeader && { 'x-ms-cpim-pageviewid': t.view }) } });
    return how(t);
  }

  ok(c, t) {
    t.accepted = true;
    return c.send({ status: '200' });
  }

  no(c, message, errorCode) { return c.send({ status: '400', ...(errorCode && { errorCode }), message }); }

  asserted(c, t) {
    const type = c.form.get('request_type');
    if (t.name === 'legacy' && type !== 'RESPONSE') return this.legacy(c, t, type);
    const step = `assert_${t.name}`;
    if (type === 'RESPONSE' && this[step]) return this[step](c, t);
    c.fault(`nothing was to be sent by ${t.name}, or request_type is ${type}`);
    return this.no(c, 'A required field is missing. Please fill out all required fields and try again.');
  }

  assert_password(c, t) {
    c.need({ form: ['signInName', 'password'] });
    if (this.p.switches.html === 'b2c') return c.html(page('Sign in', ''));
    if (this.p.switches.rate === 'b2c') {
      return c.html(page('Too many requests', '<h1>Too many requests</h1>'), { status: 429, headers: { 'retry-after': '60' } });
    }
    if (this.isStale(c, t)) return this.no(c, bad.stale[1], bad.stale[0]);
    const who = this.p.customer(c.form.get('signInName'));
    const how = this.p.password(c, who, c.form.get('password'));
    if (how !== 'ok') {
      const [code, text] = how === 'locked' ? bad.locked : who ? bad.wrong : bad.unknown;
      return this.no(c, text, code);
    }
    t.who = who;
    return this.ok(c, t);
  }

  assert_captcha(c) {
    c.fault('a page with a captcha was answered');
    return this.no(c, 'The characters are wrong.');
  }

  // The first session is stale, or each; right credentials count nothing in it.
  isStale(c, t) {
    const { stale } = this.p.switches;
    if (!stale) return false;
    this.p.state.stale ??= new Set();
    const known = this.p.state.stale;
    if (known.has(t.session)) c.fault('a stale session was kept');
    else if (known.size && stale !== 'always') return false;
    known.add(t.session);
    if (known.size > 2) c.fault('began anew more than once');
    return true;
  }

  // What was prefilled must come back, and unchanged: another value would change a setting of the customer's.
  same(c, t) {
    for (const [name, value] of prefilled(this.fields(t))) {
      if (c.form.get(name) !== value) c.fault(`${name} is ${c.form.get(name)}, the page has ${value}`);
    }
  }

  assert_choice(c, t) {
    this.same(c, t);
    t.way = ways[c.form.get('mfaEnabledRadio')];
    if (!t.way) {
      c.fault(`mfaEnabledRadio is ${c.form.get('mfaEnabledRadio')}`);
      return this.no(c, 'Choose a method.');
    }
    return this.ok(c, t);
  }

  assert_forced(c, t) { return this.proven(c, t, ['displayEmailAddress', 'verificationCode']); }

  assert_email(c, t) { return this.proven(c, t, ['displayEmailAddress', 'verificationCode']); }

  assert_text(c, t) { return this.proven(c, t, ['displayPhoneNumber', 'verificationCode']); }

  assert_legacy(c, t) { return this.proven(c, t, ['email']); }

  proven(c, t, form) {
    c.need({ form });
    this.same(c, t);
    if (t.verified) return this.ok(c, t);
    c.fault('went on before the code was verified');
    return this.no(c, 'Claim not verified: verificationCode');
  }

  // Codes

  isOver(t) {
    t.sends = (t.sends ?? 0) + 1;
    return t.sends > (this.p.switches.sends ?? SENDS);
  }

  deliver(c, t, medium, dest) {
    t.until = this.p.now() + LIFE;
    this.p.send(t.who, medium, dest);
    return c.send({ status: '200' });
  }

  judged(c, t, given) {
    const how = this.p.verify(c, t.who, given);
    if (how === 'ok') t.verified = true;
    return how;
  }

  // A display control of the page.
  act(c, t) {
    const { control, action } = c.params;
    if (!this.fields(t)?.some((one) => one.ID === control && one.DISPLAY_FIELDS) || !destOf[control]) {
      c.fault(`${control} is not on this page, or nothing to press`);
      return this.no(c, 'Bad request');
    }
    const dest = this.fields(t).find((one) => one.ID === control).DISPLAY_FIELDS[0];
    if (c.form.get(dest.ID) !== dest.PRE) c.fault(`${dest.ID} is ${c.form.get(dest.ID)}`);
    if (action === 'SendCode') {
      if (this.isOver(t)) return this.no(c, sentTooMany, 'UserMessageIfMaxNumberOfCodeGenerated');
      return this.deliver(c, t, mediumOf(control), dest.PRE);
    }
    c.need({ form: ['verificationCode'] });
    const how = this.judged(c, t, c.form.get('verificationCode'));
    return how === 'ok' ? c.send({ status: '200' }) : this.no(c, codes[how], 'UserMessageIfInvalidCode');
  }

  // An address that is checked without a control.
  legacy(c, t, type) {
    c.need({ form: ['claim_id'] });
    if (c.form.get('claim_id') !== 'email') c.fault(`claim_id is ${c.form.get('claim_id')}`);
    if (type === 'VERIFICATION_REQUEST') {
      if (c.form.get('claim_value') !== MAIL) c.fault(`claim_value is ${c.form.get('claim_value')}`);
      return this.isOver(t) ? this.no(c, sentTooManyLegacy) : this.deliver(c, t, 'email', MAIL);
    }
    c.need({ form: ['user_input'] });
    const how = this.judged(c, t, c.form.get('user_input'));
    return how === 'ok' ? c.send({ status: '200' }) : this.no(c, legacyCodes[how]);
  }

  // The phone page answers in numbers alone.
  phone(c, t) {
    const status = (number) => c.send({ status: String(number) });
    if (t.name !== 'phone') {
      c.fault('no phone is asked for here');
      return status(400);
    }
    if (t.captcha) {
      c.fault('a page with a captcha was answered');
      return status(400);
    }
    if (c.form.get('request_type') === 'VERIFICATION_REQUEST') return this.dial(c, t, status);
    if (c.form.get('request_type') !== 'VALIDATION_REQUEST') c.fault(`request_type is ${c.form.get('request_type')}`);
    if (t.call) return this.called(t, status);
    c.need({ form: ['verification_code'] });
    if (this.judged(c, t, c.form.get('verification_code')) !== 'ok') return status(449);
    t.accepted = true;
    return status(200);
  }

  dial(c, t, status) {
    const dest = t.phones[Number(c.form.get('id')) - 1];
    const medium = { onewaysms: 'sms', dialphone: 'voice' }[c.form.get('auth_type')];
    if (!dest || !medium || t.way !== medium) c.fault(`id is ${c.form.get('id')}, auth_type is ${c.form.get('auth_type')}`);
    if (this.p.switches.unreachable) return status(448);
    if (this.p.switches.rate === 'phone' || this.isOver(t)) return status(429);
    if (medium !== 'voice') return this.deliver(c, t, medium, dest);
    t.call = this.p.approval(t.who, `a call to ${dest}`);
    return status(200);
  }

  // Nothing is typed: the customer presses a key, the page waits.
  called(t, status) {
    if (t.call.decision === 'approve') t.verified = t.accepted = true;
    return status({ approve: 200, deny: 448 }[t.call.decision] ?? 449);
  }

  // From page to page, and back

  confirmed(c) {
    const t = this.find(c, c.query.get('csrf_token'));
    if (!t) return c.html(failed('AADB2C90157: the session has expired.'), { status: 400 });
    this.look(c, t);
    if (!t.accepted) return c.html(page('Error', 'Forbidden'), { status: 403 });
    const [code, text] = t.name === 'password' && this.p.switches.maintenance === 'busy'
      ? ['AADB2C90035', 'The service is temporarily unavailable. Please retry after a few minutes.']
      : t.name === 'password' && t.who.reset ? ['AADB2C90118', 'The user has forgotten their password.'] : [];
    if (code) return this.back(c, t, { error: code.endsWith('35') ? 'server_error' : 'access_denied', error_description: `${code}: ${text}\r\nCorrelation ID: ${this.p.token(9)}\r\n` });
    t.name = this.next(t);
    return t.name ? this.show(c, t) : this.end(c, t);
  }

  look(c, t) {
    if (c.params.api !== t.api) c.fault(`confirmed of ${c.params.api}, the page is ${t.api}`);
    if ((t.name === 'password') !== (c.query.get('rememberMe') === 'false')) c.fault(`rememberMe is ${c.query.get('rememberMe')}`);
    let diags;
    try {
      diags = JSON.parse(c.query.get('diags'));
    } catch { /* a fault, as below */ }
    if (diags?.pageViewId !== t.view || diags.pageId !== t.api || !Array.isArray(diags.trace)) c.fault(`diags is ${c.query.get('diags')}`);
  }

  next(t) {
    const { who } = t;
    if (t.name === 'choice') return t.way === 'email' ? 'email' : t.way === 'sms' && this.p.switches.textControl ? 'text' : 'phone';
    if (t.name !== 'password') return undefined;
    if (this.p.switches.redesign) return 'unheard';
    const due = ['renew', 'terms', 'enrol'].find((name) => who[name]);
    return due ?? { forced: 'forced', choice: 'choice', text: 'choice', mail: 'choice', legacy: 'legacy' }[who.mfa];
  }

  end(c, t) {
    c.begin(this.sso, { who: t.who });
    return this.back(c, t, this.grant(t.who, t.query));
  }

  back(c, t, fields) {
    this.flows.delete(t.tx);
    const all = Object.entries({ state: t.query.get('state'), ...fields });
    if (t.query.get('response_mode') === 'form_post') return c.html(formPost(this.redirectUri, all, escape));
    return c.redirect(`${this.redirectUri}?${new URLSearchParams(all)}`);
  }

  logout(c) {
    if (!c.session(this.sso)) c.fault('nobody is signed in');
    c.end(this.sso);
    return c.redirect(c.query.get('post_logout_redirect_uri'));
  }
}

export function b2c(p, options) { return new B2c(p, options); }
