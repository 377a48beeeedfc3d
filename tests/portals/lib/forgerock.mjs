// ForgeRock AM / PingAM: an authentication tree by REST. The object with its callbacks goes back and forth; authId is good for one step.
//
// forgerock(p, {host, context, realm, tree, origin}) adds the routes; `signedIn(c)` gives the customer of the manager's cookie.
//   customer.mfa: sms, email, voice, totp (alone it needs no choice); .approve (a wait for another device; number: one to tap), .question, .questions (pairs),
//   .trust: how a device is remembered (choice, confirm, tick, profile); .split (name and password apart), .confirm (fixed: options that
//   are not listed), .enrol (later, now, fixed, app), .providers (its own first, or others alone), .terms, .renew, .captcha, .suspended, .passkey
//   switches: failed (a wrong code or answer fails the tree, in these words), again (a wrong password is asked again, with this message or true),
//   anew (a wrong code leads back to the sign-in, with this message or true), greeting (a message that the sign-in always
//   shows), buttons (it can be left to register)
// Documented in the vendor's SDK and manual: exchange, callback types and outputs, ids of hidden values, the name session-jwt. Common
// knowledge: words, the session cookie's name, that a device's profile is matched by its identifier.

const COOKIE = 'iPlanetDirectoryPro';
const TRUST = 'session-jwt';
const STEP_LIFE = 300000;
const out = (name, value) => ({ name, value });
const labels = { sms: 'SMS to your registered phone', email: 'Email', voice: 'Voice call', totp: 'Authenticator app' };
const stages = { sms: 'OneTimePasswordSms', email: 'OneTimePasswordEmail', voice: 'OneTimePasswordVoice', totp: 'OneTimePassword' };
const text = (message, type = '0') => ({ type: 'TextOutputCallback', output: [out('message', message), out('messageType', type)] });
const options = (list, prompt = '') => ({ type: 'ConfirmationCallback', answers: 1, value: 0,
  output: [out('prompt', prompt), out('messageType', 0), out('options', list), out('optionType', -1), out('defaultOption', 0)] });
const YES_NO = 0;
const OK_CANCEL = 2;
const OK = 3;
const NO = 1;
const fixed = (optionType, prompt = '') => ({ type: 'ConfirmationCallback', answers: 1, value: 100,
  output: [out('prompt', prompt), out('messageType', 0), out('options', []), out('optionType', optionType), out('defaultOption', 2)] });
const choice = (prompt, list) => ({ type: 'ChoiceCallback', output: [out('prompt', prompt), out('choices', list), out('defaultChoice', 0)], answers: 1, value: 0 });
const hidden = (id, value = '') => ({ type: 'HiddenValueCallback', output: [out('value', value), out('id', id)], answers: 1, value: id });

class Forgerock {
  constructor(p, settings) {
    Object.assign(this, { p, context: '', ...settings });
    const base = `${this.context}/json/realms/root/realms/${this.realm}`;
    p.on(this.host, 'POST', `${base}/authenticate`, (c) => this.authenticate(c));
    p.on(this.host, 'POST', `${base}/sessions`, (c) => this.sessions(c));
  }

  get devices() { this.p.state.devices ??= new Set(); return this.p.state.devices; }

  get steps() { this.p.state.forgerock ??= new Map(); return this.p.state.forgerock; }

  fail(c, message, more = {}) { return c.send({ code: 401, reason: 'Unauthorized', message, ...more }, { status: 401 }); }

  authenticate(c) {
    const { switches } = this.p;
    if (switches.wall === 'am') return c.html('<html><body>Forbidden</body></html>', { status: 403 });
    if (switches.rate) return c.send({ code: 429, reason: 'Too Many Requests', message: 'Rate limit exceeded' }, { status: 429 });
    if (switches.html === 'am') return c.html('<html><head><title>Sign in</title></head><body><div id="app"></div></body></html>');
    c.need({ headers: { 'content-type': /^application\/json/, 'accept-api-version': /resource=2\.[01], ?protocol=1\.0/, origin: this.origin } });
    if (c.query.get('authIndexType') !== 'service' || c.query.get('authIndexValue') !== this.tree) c.fault('another tree');
    if (!c.body) return this.show(c, { name: 'hello' });
    const body = c.json ?? {};
    const t = this.steps.get(body.authId);
    this.steps.delete(body.authId);
    if (!t || this.p.now() - t.at > STEP_LIFE) {
      if (!t) c.fault('an authId that is unknown or was used');
      return this.fail(c, 'Session has timed out', { detail: { errorCode: '110' } });
    }
    return this.go(c, t, body.callbacks ?? []);
  }

  // The next step: its callbacks numbered through, a new authId.
  show(c, t, message) {
    t.at = this.p.now();
    const authId = `eyJ0eXAiOiJKV1QifQ.${this.p.token(40)}.${this.p.token(16)}`;
    this.steps.set(authId, t);
    const greeting = this.p.switches.greeting && ['hello', 'password'].includes(t.name) ? [text(this.p.switches.greeting)] : [];
    const list = [...greeting, ...(message ? [text(message, '2')] : []), ...this[`ask_${t.name}`](t)];
    let number = 0;
    const callbacks = list.map((one, i) => ({ ...one, _id: i, ...(one.answers && { input: Array.from({ length: one.answers }, () => { number += 1; return { name: `IDToken${number}`, value: one.value ?? '' }; }) }), answers: undefined, value: undefined }));
    return c.send({ authId, callbacks, stage: t.name === 'code' ? stages[t.kind] : null, header: null });
  }

  // One unnamed callback stands before name and password, as in the tree that is known.
  ask_hello() {
    return [hidden('deviceHint'), { type: 'NameCallback', output: [out('prompt', 'User Name')], answers: 1 }, ...(this.split ? [] : this.ask_password()),
      ...(this.p.switches.captcha ? [{ type: 'ReCaptchaCallback', output: [out('recaptchaSiteKey', 'x')], answers: 1 }] : [])];
  }

  ask_password() { return [{ type: 'PasswordCallback', output: [out('prompt', 'Password')], answers: 1 }, ...(this.p.switches.buttons ? [options(['Register', 'Next'])] : [])]; }

  ask_choice(t) { return [choice('Choose Second Factor', t.who.mfa.map((kind) => labels[kind]))]; }

  ask_code(t) {
    if (t.kind === 'totp') return [{ type: 'NameCallback', output: [out('prompt', 'Enter verification code')], answers: 1 }, options(['Use a recovery code', 'Submit'])];
    const tick = t.who.trust === 'tick' ? [{ type: 'BooleanAttributeInputCallback', output: [out('name', 'remember'), out('prompt', 'Remember me on this browser')], answers: 1, value: false }] : [];
    return [{ type: 'PasswordCallback', output: [out('prompt', 'One Time Password')], answers: 1 }, ...tick, options(['Submit', 'Resend Code'])];
  }

  ask_question() { return [{ type: 'TextInputCallback', output: [out('prompt', 'What was the name of your first pet?')], answers: 1 }]; }

  ask_questions(t) { return [text('Answer both questions.'), ...t.who.questions.map(([prompt]) => ({ type: 'PasswordCallback', output: [out('prompt', prompt)], answers: 1 }))]; }

  // The option to leave the wait counts as not taken while its index is 100.
  ask_wait(t) {
    const number = t.who.approve === 'number' ? [hidden('pushChallengeNumber', '43')] : [];
    return [{ type: 'PollingWaitCallback', output: [out('waitTime', '300'), out('message', 'Approve the sign-in on your phone')] }, ...number, { ...options(['Exit']), value: 100 }];
  }

  ask_trust(t) {
    if (t.who.trust === 'choice') return [choice('Remember this device?', ['No', 'Yes'])];
    return [text('Do you want to skip this step next time?'), options(['Not now', 'Trust this browser'])];
  }

  ask_profile() { return [{ type: 'DeviceProfileCallback', output: [out('metadata', true), out('location', false), out('message', '')], answers: 1 }]; }

  ask_confirm(t) { return [text('Your last visit was yesterday.'), t.who.confirm === 'fixed' ? fixed(OK_CANCEL) : options(['Cancel', 'Continue'])]; }

  ask_providers(t) {
    const own = t.who.providers === 'own' ? [{ provider: 'localAuthentication' }] : [];
    return [{ type: 'SelectIdPCallback', output: [out('providers', [{ provider: 'google', uiConfig: { buttonDisplayName: 'Google' } }, ...own]), out('value', '')], answers: 1 }];
  }

  ask_enrol(t) {
    if (t.who.enrol === 'fixed') return [fixed(YES_NO, 'Would you like to set up a passkey?')];
    return [text('Get the authenticator app.'), options(t.who.enrol === 'later' ? ['Set up now', 'Not now'] : ['Set up now', 'Cancel'])];
  }

  ask_register() { return [text('Scan the picture with your app.'), hidden('mfaDeviceRegistration', 'otpauth://totp/x')]; }

  ask_passkey() { return [text('window.passkey()', '4'), hidden('webAuthnOutcome', 'false')]; }

  ask_terms() { return [{ type: 'TermsAndConditionsCallback', output: [out('version', '2'), out('terms', 'These are the terms of use.')], answers: 1, value: false }]; }

  ask_renew() { return [text('Your password must be changed.'), { type: 'ValidatedCreatePasswordCallback', output: [out('prompt', 'New password')], answers: 2 }]; }

  ask_suspended() { return [{ type: 'SuspendedTextOutputCallback', output: [out('message', 'Follow the link that was mailed to you.'), out('messageType', '0')] }]; }

  ask_odd() { return [{ type: 'WebAuthnAuthenticationCallback', output: [], answers: 1 }]; }

  value(callbacks, type) { return callbacks.find((one) => one.type === type)?.input?.[0]?.value; }

  go(c, t, callbacks) { return this[`take_${t.name}`](c, t, callbacks); }

  // What stands between this customer's password and the token, in order.
  stepsOf(c, who) {
    const known = this.devices.has(`${who.key} ${c.cookies[TRUST]}`);
    const trusts = ['choice', 'confirm'].includes(who.trust);
    const mfa = [who.question && 'question', who.questions && 'questions', who.approve && 'wait', who.mfa && 'choice', trusts && 'trust'];
    return [this.p.switches.redesign && 'odd', who.renew && 'renew', who.suspended && 'suspended', who.terms && 'terms', who.providers && 'providers', who.confirm && 'confirm', who.enrol && (who.enrol === 'app' ? 'register' : 'enrol'),
      who.passkey && 'passkey', who.trust === 'profile' && 'profile', ...(known ? [] : mfa)].filter(Boolean);
  }

  next(c, t) {
    t.name = t.todo.shift();
    if (!t.name) return this.done(c, t);
    if (t.name === 'wait') t.approval = this.p.approval(t.who);
    if (t.name === 'choice' && t.who.mfa.join() === 'totp') Object.assign(t, { name: 'code', kind: 'totp' });
    return this.show(c, t);
  }

  // A name that nobody has goes on to the password as any other.
  take_hello(c, t, callbacks) {
    if (this.value(callbacks, 'HiddenValueCallback') !== 'deviceHint') c.fault('the first callback did not come back as it was');
    t.who = this.p.customer(this.value(callbacks, 'NameCallback'));
    if (!this.split) return this.take_password(c, t, callbacks);
    t.name = 'password';
    return this.show(c, t);
  }

  take_password(c, t, callbacks) {
    if (this.p.switches.buttons && this.value(callbacks, 'ConfirmationCallback') !== 1) c.fault('the wrong button of the sign-in');
    const { again } = this.p.switches;
    const how = this.p.password(c, t.who, this.value(callbacks, 'PasswordCallback'));
    if (how !== 'ok' && again) return this.show(c, t, again === true ? undefined : again);
    if (how === 'locked') return this.fail(c, 'User Locked Out.');
    if (how === 'wrong') return this.fail(c, 'Authentication Failed For Given Credentials');
    t.todo = this.stepsOf(c, t.who);
    return this.next(c, t);
  }

  take_choice(c, t, callbacks) {
    const kind = t.who.mfa[this.value(callbacks, 'ChoiceCallback')];
    if (!kind) {
      c.fault('a choice that is none');
      return this.show(c, t);
    }
    return this.send(c, t, kind);
  }

  send(c, t, kind) {
    t.kind = kind;
    t.name = 'code';
    if (kind !== 'totp') this.p.send(t.who, kind, kind === 'email' ? t.who.user : '***-***-3161');
    return this.show(c, t);
  }

  // What the tree does with a code or an answer that is not right.
  wrong(c, t, message) {
    const { failed, anew } = this.p.switches;
    if (failed) return this.fail(c, failed);
    if (anew) return this.show(c, { name: 'hello' }, anew === true ? undefined : anew);
    return this.show(c, t, message);
  }

  take_code(c, t, callbacks) {
    const pressed = this.value(callbacks, 'ConfirmationCallback');
    if (t.kind === 'totp' && pressed !== 1) c.fault('a recovery code was to be used');
    if (t.kind !== 'totp' && pressed === 1) return this.send(c, t, t.kind);
    const how = t.kind === 'totp' ? this.p.totp(c, t.who, this.value(callbacks, 'NameCallback')) : this.p.verify(c, t.who, this.value(callbacks, 'PasswordCallback'));
    t.trusted ||= this.value(callbacks, 'BooleanAttributeInputCallback');
    if (how === 'ok') return this.next(c, t);
    if (how === 'exhausted') return this.fail(c, 'Too many attempts');
    return this.wrong(c, t, how === 'expired' ? 'The code has expired.' : 'The code you entered is invalid.');
  }

  take_question(c, t, callbacks) {
    if (String(this.value(callbacks, 'TextInputCallback')).toLowerCase() === t.who.question.toLowerCase()) return this.next(c, t);
    return this.wrong(c, t, 'Your answer is incorrect.');
  }

  take_questions(c, t, callbacks) {
    const given = callbacks.filter((one) => one.type === 'PasswordCallback').map((one) => one.input[0].value);
    if (t.who.questions.every(([, answer], i) => answer === given[i])) return this.next(c, t);
    return this.wrong(c, t, 'One of the answers is incorrect.');
  }

  take_wait(c, t, callbacks) {
    if (this.value(callbacks, 'ConfirmationCallback') !== 100) c.fault('the wait was left');
    if (t.approval.decision === 'approve') return this.next(c, t);
    if (this.p.switches.overdue) return this.fail(c, 'Push message timed out');
    return t.approval.decision === 'deny' ? this.fail(c, 'Login failure') : this.show(c, t);
  }

  take_trust(c, t, callbacks) {
    t.trusted = this.value(callbacks, 'ChoiceCallback') === 1 || this.value(callbacks, 'ConfirmationCallback') === 1;
    return this.next(c, t);
  }

  take_profile(c, t, callbacks) {
    t.device = JSON.parse(this.value(callbacks, 'DeviceProfileCallback') || '{}').identifier;
    if (!t.device) c.fault('a device profile without an identifier');
    if (this.devices.has(`${t.who.key} ${t.device}`)) t.todo = [];
    return this.next(c, t);
  }

  take_confirm(c, t, callbacks) {
    if (this.value(callbacks, 'ConfirmationCallback') === (t.who.confirm === 'fixed' ? OK : 1)) return this.next(c, t);
    c.fault('the sign-in was cancelled');
    return this.fail(c, 'Login failure');
  }

  take_enrol(c, t, callbacks) {
    if (t.who.enrol !== 'now' && this.value(callbacks, 'ConfirmationCallback') === NO) return this.next(c, t);
    c.fault('an authenticator was set up for the customer');
    return this.fail(c, 'Login failure');
  }

  take_providers(c, t, callbacks) {
    if (this.value(callbacks, 'SelectIdPCallback') === 'localAuthentication') return this.next(c, t);
    c.fault('an outside provider was chosen');
    return this.fail(c, 'Login failure');
  }

  take_register(c) { c.fault('a device was registered'); return this.fail(c, 'Login failure'); }

  take_passkey(c) { c.fault('a passkey cannot be shown'); return this.fail(c, 'Login failure'); }

  take_terms(c, t, callbacks) {
    if (this.value(callbacks, 'TermsAndConditionsCallback') !== true) return this.show(c, t);
    return this.next(c, t);
  }

  take_renew(c) { c.fault('a new password was set'); return this.fail(c, 'Login failure'); }

  take_suspended(c) { c.fault('went on without the link'); return this.fail(c, 'Login failure'); }

  take_odd(c) { c.fault('answered what is not known'); return this.fail(c, 'Login failure'); }

  done(c, t) {
    c.begin(COOKIE, { who: t.who });
    if (t.trusted) {
      const jwt = `eyJ0eXAiOiJKV1QifQ.${this.p.token(30)}`;
      this.devices.add(`${t.who.key} ${jwt}`);
      c.set(TRUST, jwt, { maxAge: 2592000 });
    }
    if (t.device) this.devices.add(`${t.who.key} ${t.device}`);
    return c.send({ tokenId: this.p.token(40), successUrl: '/console', realm: `/${this.realm}` });
  }

  sessions(c) {
    c.need({ headers: { 'accept-api-version': 'protocol=1.0,resource=2.0' } });
    if (c.query.get('_action') !== 'logout') c.fault('another action');
    c.session(COOKIE);
    c.end(COOKIE);
    return c.send({ result: 'Successfully logged out' });
  }

  signedIn(c) { return c.session(COOKIE)?.who; }
}

export function forgerock(p, settings) { return new Forgerock(p, settings); }
