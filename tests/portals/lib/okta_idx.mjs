// Okta Identity Engine: the hosted page and its remediations, answered by name.
//
// idx(p, {host, authorize, clientOf, remember, finish}) adds to the portal p, on `host`:
//   GET  <authorize>            the hosted page with a state token (escaped as in a script), or straight on where `sid` is live
//   POST /idp/idx/introspect …  the remediations
//   GET  /login/token/redirect  sets `sid` and goes back to the authorize request
// finish(c, who, query) answers the authorize request once the customer is known.
// customer.mfa: email, sms, voice, totp, question, push. customer.enrol, .renew, .warn as in the classic API.
// From the vendor's client library and its fixtures; message keys where they are not documented are common knowledge.
import { page } from './portal.mjs';

const ION = 'application/ion+json; okta-version=1.0.0';
const LIFE = 300000;
const authenticators = {
  email: { id: 'autemail1', type: 'email', key: 'okta_email', displayName: 'Email' },
  phone: { id: 'autphone1', type: 'phone', key: 'phone_number', displayName: 'Phone' },
  totp: { id: 'autotp1', type: 'app', key: 'google_otp', displayName: 'Google Authenticator' },
  question: { id: 'autques1', type: 'security_question', key: 'security_question', displayName: 'Security Question' },
  push: { id: 'autapp1', type: 'app', key: 'okta_verify', displayName: 'Okta Verify' },
  password: { id: 'autpwd1', type: 'password', key: 'okta_password', displayName: 'Password' },
};
const ofKind = { sms: 'phone', voice: 'phone' };
const methodOf = { totp: 'otp', question: 'security_question' };
const nameOf = (kind) => ofKind[kind] ?? kind;
const methods = (kind) => methodOf[kind] ?? kind;

const js = (text) => text.replace(/[^A-Za-z0-9]/g, (ch) => `\\x${ch.charCodeAt(0).toString(16).toUpperCase()}`);
const text = (message, key) => ({ message, i18n: { key }, class: key === 'idx.unknown.user' ? 'INFO' : 'ERROR' });
const tooMany = (c, what) => c.answer(429, ION, JSON.stringify({ messages: { type: 'array', value: [text(what, 'oie.tooManyRequests')] } }));

class Idx {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    p.on(this.host, 'GET', this.authorize, (c) => this.begin(c));
    p.on(this.host, 'POST', '/idp/idx/introspect', (c) => this.introspect(c));
    for (const path of ['/idp/idx/identify', '/idp/idx/challenge', '/idp/idx/challenge/answer', '/idp/idx/challenge/resend', '/idp/idx/challenge/poll', '/idp/idx/skip', '/idp/idx/cancel']) {
      p.on(this.host, 'POST', path, (c) => this.step(c));
    }
    p.on(this.host, 'GET', '/login/token/redirect', (c) => this.redirect(c));
    p.on(this.host, 'DELETE', '/api/v1/sessions/me', (c) => { c.session('sid'); c.end('sid'); return c.nothing(204); });
  }

  get open() { this.p.state.idx ??= { transactions: new Map(), devices: new Set() }; return this.p.state.idx.transactions; }

  get devices() { return this.open && this.p.state.idx.devices; }

  begin(c) {
    const who = c.session('sid')?.who;
    const query = c.url.search;
    if (who) return this.finish(c, who, c.query);
    if (this.p.switches.errorPage) return c.redirect(this.p.switches.errorPage);
    const t = { token: `02.id.${this.p.token(18)}`, query, until: this.p.now() + LIFE, name: 'identify' };
    this.open.set(t.token, t);
    if (!c.cookies.DT) c.set('DT', `DI1${this.p.token(12)}`, { maxAge: 63072000 });
    return c.html(page('Sign in', `<div id="okta-login-container"></div><script>var stateToken = '${js(t.token)}';var baseUrl = 'https\\x3A\\x2F\\x2F${js(this.host)}';</script>`));
  }

  href(path) { return `https://${this.host}/idp/idx${path}`; }

  form(name, path, value, more = {}) {
    return { rel: ['create-form'], name, href: this.href(path), method: 'POST', produces: ION, accepts: 'application/json; okta-version=1.0.0', ...more,
      value: [...value, { name: 'stateHandle', required: true, value: this.t.handle, visible: false, mutable: false }] };
  }

  // The answer: where the transaction stands, with messages if something was wrong.
  show(c, t, messages, status = 200) {
    this.t = t;
    t.handle ??= `02.id.${this.p.token(18)}`;
    t.until = this.p.now() + LIFE;
    const body = { version: '1.0.0', stateHandle: t.handle, expiresAt: new Date(t.until).toISOString(), intent: 'LOGIN',
      remediation: { type: 'array', value: this[`forms_${t.name}`](t) }, ...this.around(t),
      cancel: { rel: ['create-form'], name: 'cancel', href: this.href('/cancel'), method: 'POST', value: [{ name: 'stateHandle', value: t.handle, visible: false, mutable: false }] } };
    if (messages) body.messages = { type: 'array', value: messages };
    if (this.p.switches.captcha && t.name === 'identify') body.captcha = { type: 'object', value: { id: 'cap1', name: 'reCaptcha', siteKey: 'modelled' } };
    if (this.p.switches.redesign && t.name !== 'identify') body.remediation.value = [this.form('passkey-ceremony', '/challenge', [])];
    return c.answer(status, ION, JSON.stringify(body));
  }

  // Who is asked, and by what, once that is known.
  around(t) {
    if (t.name === 'password') return { currentAuthenticatorEnrollment: { type: 'object', value: { ...authenticators.password, methods: [{ type: 'password' }] } } };
    if (!t.kind) return {};
    const one = authenticators[nameOf(t.kind)];
    const profile = { sms: { phoneNumber: '+1 XXX-XXX-3161' }, voice: { phoneNumber: '+1 XXX-XXX-3161' }, email: { email: `${t.who.user[0]}***@customer.test` },
      question: { questionKey: 'pet', question: 'What was the name of your first pet?' } }[t.kind];
    const value = { ...one, methods: [{ type: methods(t.kind) }], ...(profile && { profile }) };
    if (t.sent) value.resend = this.form('resend', '/challenge/resend', []);
    const contextual = t.kind === 'push' ? { contextualData: { correctAnswer: '47' } } : {};
    return { currentAuthenticatorEnrollment: { type: 'object', value: { ...value, ...contextual } } };
  }

  forms_identify(t) {
    const fields = [{ name: 'identifier', label: 'Username' }];
    if (this.p.switches.onePage) fields.push({ name: 'credentials', type: 'object', required: true, form: { value: [{ name: 'passcode', label: 'Password', secret: true }] } });
    if (this.remember) fields.push({ name: 'rememberMe', type: 'boolean', label: 'Remember this device' });
    if (this.p.switches.captcha) fields.push({ name: 'captchaVerify', type: 'object', form: { value: [{ name: 'captchaToken', required: true }, { name: 'captchaId', required: true, value: 'cap1' }] } });
    return [this.form('identify', '/identify', fields)];
  }

  forms_password() {
    return [this.form('challenge-authenticator', '/challenge/answer', [{ name: 'credentials', type: 'object', required: true, form: { value: [{ name: 'passcode', label: 'Password', secret: true }] } }],
      { relatesTo: ['$.currentAuthenticatorEnrollment'] })];
  }

  option(who, name) {
    const one = authenticators[name];
    const kinds = who.mfa.filter((kind) => nameOf(kind) === name);
    const type = kinds.length > 1 ? { name: 'methodType', type: 'string', options: kinds.map((kind) => ({ label: kind === 'sms' ? 'SMS' : 'Voice call', value: kind })) }
      : { name: 'methodType', value: methods(kinds[0]), mutable: false };
    return { label: one.displayName, value: { form: { value: [{ name: 'id', value: one.id, mutable: false }, type] } }, relatesTo: '$.authenticatorEnrollments.value[0]' };
  }

  forms_select(t) {
    const names = [...new Set(t.who.mfa.map(nameOf))];
    if (names.length === 1 && names[0] === 'phone') {
      const { value } = this.option(t.who, 'phone');
      return [this.form('authenticator-verification-data', '/challenge', [{ name: 'authenticator', label: 'Phone', form: value.form }])];
    }
    return [this.form('select-authenticator-authenticate', '/challenge', [{ name: 'authenticator', type: 'object', options: names.map((name) => this.option(t.who, name)) }])];
  }

  forms_challenge(t) {
    if (t.kind === 'push') return [this.form('challenge-poll', '/challenge/poll', [], { refresh: 300 })];
    const value = t.kind === 'question' ? [{ name: 'questionKey', value: 'pet', mutable: false }, { name: 'answer', label: 'Answer', secret: true }] : [{ name: 'passcode', label: 'Enter code' }];
    const forms = [this.form('challenge-authenticator', '/challenge/answer', [{ name: 'credentials', type: 'object', required: true, form: { value } }])];
    return t.who.mfa.length > 1 ? [...forms, ...this.forms_select(t)] : forms;
  }

  forms_enrol(t) {
    const forms = [this.form('select-authenticator-enroll', '/credential/enroll', [{ name: 'authenticator', type: 'object', options: [] }])];
    return t.who.enrol === 'later' ? [...forms, this.form('skip', '/skip', [])] : forms;
  }

  forms_renew() { return [this.form('reenroll-authenticator', '/challenge/answer', [{ name: 'credentials', type: 'object', form: { value: [{ name: 'passcode', label: 'New password', secret: true }] } }])]; }

  forms_warn() { return [this.form('reenroll-authenticator-warning', '/challenge/answer', [{ name: 'credentials', type: 'object', form: { value: [{ name: 'passcode', label: 'New password', secret: true }] } }]), this.form('skip', '/skip', [])]; }

  gone(c) { return c.answer(401, ION, JSON.stringify({ version: '1.0.0', messages: { type: 'array', value: [text('The session has expired.', 'idx.session.expired')] } })); }

  introspect(c) {
    c.need({ headers: { 'content-type': ION, accept: ION } });
    const t = this.open.get(c.json?.stateToken);
    if (!t || this.p.now() > t.until) return this.gone(c);
    return this.show(c, t);
  }

  step(c) {
    c.need({ headers: { 'content-type': /^application\/(ion\+)?json/, accept: /json/ } });
    const body = c.json ?? {};
    const t = [...this.open.values()].find((one) => one.handle && one.handle === body.stateHandle);
    if (!t || this.p.now() > t.until) return this.gone(c);
    if (this.p.switches.rate) return tooMany(c, 'Too many requests');
    const path = c.path.slice('/idp/idx'.length);
    if (path === '/identify') return this.identify(c, t, body);
    if (path === '/challenge') return this.choose(c, t, body);
    if (path === '/challenge/answer') return this.answer(c, t, body);
    if (path === '/challenge/resend') return this.resend(c, t);
    if (path === '/challenge/poll') return this.poll(c, t);
    if (path === '/skip') return this.skip(c, t);
    this.open.delete(t.token);
    return c.answer(200, ION, '{}');
  }

  identify(c, t, body) {
    if (t.name !== 'identify') c.fault('identified twice');
    if (this.p.switches.captcha) {
      c.fault('the captcha was passed by');
      return this.show(c, t, [text('reCAPTCHA is required', 'captcha.required')], 400);
    }
    t.who = this.p.customer(body.identifier);
    t.remember = body.rememberMe === true;
    if (!t.who && this.p.switches.tellUnknown) return this.show(c, t, [text('There is no account with that name.', 'idx.unknown.user')]);
    t.name = 'password';
    return body.credentials ? this.password(c, t, body.credentials.passcode) : this.show(c, t);
  }

  password(c, t, given) {
    const how = this.p.password(c, t.who, given);
    if (how === 'locked') return this.show(c, t, [text('Your account is locked.', 'errors.E0000119')], 401);
    if (how === 'wrong') return this.show(c, t, [text('Unable to sign in', 'errors.E0000004')], 401);
    return this.next(c, t);
  }

  next(c, t) {
    const { who } = t;
    if (who.renew) t.name = 'renew';
    else if (who.warn && !t.warned) t.name = 'warn';
    else if (who.enrol && !t.enrolled) t.name = 'enrol';
    else if (who.mfa && !t.verified && !this.devices.has(`${who.key} ${c.cookies.DT}`)) return this.ask(c, t);
    else return this.success(c, t);
    return this.show(c, t);
  }

  // One authenticator but the phone is asked at once, and an e-mail is sent.
  ask(c, t) {
    const names = new Set(t.who.mfa.map(nameOf));
    t.name = 'select';
    if (names.size === 1 && !names.has('phone')) return this.challenge(c, t, t.who.mfa[0]);
    return this.show(c, t);
  }

  challenge(c, t, kind) {
    t.kind = kind;
    t.name = 'challenge';
    t.sent = ['email', 'sms', 'voice'].includes(kind);
    if (t.sent && this.p.tooOften(t)) return tooMany(c, 'Too many requests');
    if (t.sent) this.p.send(t.who, kind, kind === 'email' ? t.who.user : '+1 XXX-XXX-3161');
    if (kind === 'push') t.approval = this.p.approval(t.who);
    return this.show(c, t);
  }

  choose(c, t, body) {
    const wanted = body.authenticator ?? {};
    const kind = t.who?.mfa?.find((one) => authenticators[nameOf(one)].id === wanted.id && methods(one) === (wanted.methodType ?? methods(one)));
    if (!kind || !['select', 'challenge'].includes(t.name)) {
      c.fault(`no such authenticator: ${JSON.stringify(wanted)}`);
      return this.show(c, t, undefined, 400);
    }
    return this.challenge(c, t, kind);
  }

  answer(c, t, body) {
    const given = body.credentials ?? {};
    if (t.name === 'password') return this.password(c, t, given.passcode);
    if (t.name !== 'challenge') {
      c.fault(`nothing is to be answered in ${t.name}`);
      return this.show(c, t, undefined, 400);
    }
    const how = this.judge(c, t, given);
    if (how === 'ok') {
      t.verified = true;
      if (t.remember) this.devices.add(`${t.who.key} ${c.cookies.DT}`);
      return this.next(c, t);
    }
    if (how === 'exhausted') return tooMany(c, 'Too many attempts');
    return this.show(c, t, [text('Invalid code. Try again.', 'api.authn.error.PASSCODE_INVALID')], 401);
  }

  judge(c, t, given) {
    if (t.kind !== 'question') return t.kind === 'totp' ? this.p.totp(c, t.who, given.passcode) : this.p.verify(c, t.who, given.passcode);
    if (given.questionKey !== 'pet') c.fault('the question key was not echoed');
    return String(given.answer ?? '').toLowerCase() === t.who.answer.toLowerCase() ? 'ok' : 'wrong';
  }

  resend(c, t) {
    if (t.name !== 'challenge' || !t.sent) c.fault('nothing can be sent again');
    return this.challenge(c, t, t.kind);
  }

  poll(c, t) {
    if (t.approval?.decision === 'approve') {
      t.verified = true;
      return this.next(c, t);
    }
    if (t.approval?.decision === 'deny') return this.show(c, t, [text('You have rejected the request.', 'oie.authenticator.push.reject')], 400);
    return this.show(c, t);
  }

  skip(c, t) {
    if (t.name === 'warn') t.warned = true;
    else if (t.name === 'enrol' && t.who.enrol === 'later') t.enrolled = true;
    else c.fault('nothing can be skipped');
    return this.next(c, t);
  }

  success(c, t) {
    t.name = 'done';
    return c.answer(200, ION, JSON.stringify({ version: '1.0.0', stateHandle: t.handle, intent: 'LOGIN',
      success: { rel: ['create-form'], name: 'success-redirect', href: `https://${this.host}/login/token/redirect?stateToken=${encodeURIComponent(t.token)}` } }));
  }

  redirect(c) {
    const t = this.open.get(c.query.get('stateToken'));
    this.open.delete(t?.token);
    if (t?.name !== 'done') {
      c.fault('a state token that is unknown, used, or not done');
      return c.html(page('Error', ''), { status: 400 });
    }
    c.begin('sid', { who: t.who });
    return c.redirect(`${this.authorize}${t.query}`);
  }

  signedIn(c) { return c.session('sid')?.who; }
}

export function idx(p, options) { return new Idx(p, options); }
