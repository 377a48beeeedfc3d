// ForgeRock AM / PingAM: an authentication tree by REST. The object with its callbacks goes back and forth; authId is good for one step.
//
// forgerock(p, {host, realm, tree, origin}) adds the routes; `signedIn(c)` gives the customer of the manager's cookie.
//   customer.mfa: sms, email; .approve (a wait for another device), .terms, .renew, .captcha, .suspended, .question
// Documented in the vendor's SDK and manual: exchange, callback types and outputs. Common knowledge: words, the cookie's name.

const COOKIE = 'iPlanetDirectoryPro';
const STEP_LIFE = 300000;
const out = (name, value) => ({ name, value });

class Forgerock {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    const base = `/json/realms/root/realms/${this.realm}`;
    p.on(this.host, 'POST', `${base}/authenticate`, (c) => this.authenticate(c));
    p.on(this.host, 'POST', `${base}/sessions`, (c) => this.sessions(c));
  }

  get steps() { this.p.state.forgerock ??= new Map(); return this.p.state.forgerock; }

  fail(c, message, more = {}) { return c.send({ code: 401, reason: 'Unauthorized', message, ...more }, { status: 401 }); }

  authenticate(c) {
    const { switches } = this.p;
    if (switches.wall === 'am') return c.html('<html><body>Forbidden</body></html>', { status: 403 });
    if (switches.rate) return c.send({ code: 429, reason: 'Too Many Requests', message: 'Rate limit exceeded' }, { status: 429 });
    if (switches.html === 'am') return c.html('<html><head><title>Sign in</title></head><body><div id="app"></div></body></html>');
    c.need({ headers: { 'content-type': /^application\/json/, 'accept-api-version': /resource=2\.[01], ?protocol=1\.0/, origin: this.origin } });
    if (c.query.get('authIndexType') !== 'service' || c.query.get('authIndexValue') !== this.tree) c.fault('another tree');
    if (!c.body) return this.show(c, { name: 'credentials' });
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
    const list = [...(message ? [{ type: 'TextOutputCallback', output: [out('message', message), out('messageType', '2')] }] : []), ...this[`ask_${t.name}`](t)];
    let number = 0;
    const callbacks = list.map((one, i) => ({ ...one, _id: i, ...(one.answers && { input: Array.from({ length: one.answers }, () => { number += 1; return { name: `IDToken${number}`, value: one.value ?? '' }; }) }), answers: undefined, value: undefined }));
    return c.send({ authId, callbacks, ...(t.name === 'code' && { stage: `OneTimePassword${t.kind === 'email' ? 'Email' : 'Sms'}` }) });
  }

  // One unnamed callback stands before name and password, as in the tree that is known.
  ask_credentials() {
    return [{ type: 'HiddenValueCallback', output: [out('value', ''), out('id', 'deviceHint')], answers: 1, value: 'deviceHint' },
      { type: 'NameCallback', output: [out('prompt', 'User Name')], answers: 1 }, { type: 'PasswordCallback', output: [out('prompt', 'Password')], answers: 1 },
      ...(this.p.switches.captcha ? [{ type: 'ReCaptchaCallback', output: [out('recaptchaSiteKey', 'x')], answers: 1 }] : [])];
  }

  ask_choice(t) { return [{ type: 'ChoiceCallback', output: [out('prompt', 'Choose Second Factor'), out('choices', t.who.mfa.map((kind) => (kind === 'email' ? 'Email' : 'SMS'))), out('defaultChoice', 0)], answers: 1, value: 0 }]; }

  ask_code() {
    return [{ type: 'PasswordCallback', output: [out('prompt', 'One Time Password')], answers: 1 },
      { type: 'ConfirmationCallback', output: [out('prompt', ''), out('messageType', 0), out('options', ['Submit', 'Resend Code']), out('optionType', -1), out('defaultOption', 0)], answers: 1, value: 0 }];
  }

  ask_question() { return [{ type: 'TextInputCallback', output: [out('prompt', 'What was the name of your first pet?')], answers: 1 }]; }

  ask_wait() { return [{ type: 'PollingWaitCallback', output: [out('waitTime', '300'), out('message', 'Approve the sign-in on your phone')] }]; }

  ask_terms() { return [{ type: 'TermsAndConditionsCallback', output: [out('version', '2'), out('terms', 'These are the terms of use.')], answers: 1, value: false }]; }

  ask_renew() { return [{ type: 'TextOutputCallback', output: [out('message', 'Your password must be changed.'), out('messageType', '0')] }, { type: 'ValidatedCreatePasswordCallback', output: [out('prompt', 'New password')], answers: 2 }]; }

  ask_suspended() { return [{ type: 'SuspendedTextOutputCallback', output: [out('message', 'Follow the link that was mailed to you.'), out('messageType', '0')] }]; }

  ask_odd() { return [{ type: 'WebAuthnAuthenticationCallback', output: [], answers: 1 }]; }

  value(callbacks, type) { return callbacks.find((one) => one.type === type)?.input?.[0]?.value; }

  go(c, t, callbacks) { return this[`take_${t.name}`](c, t, callbacks); }

  take_credentials(c, t, callbacks) {
    if (this.value(callbacks, 'HiddenValueCallback') !== 'deviceHint') c.fault('the first callback did not come back as it was');
    const who = this.p.customer(this.value(callbacks, 'NameCallback'));
    const how = this.p.password(c, who, this.value(callbacks, 'PasswordCallback'));
    if (how === 'locked') return this.fail(c, 'User Locked Out.');
    if (how === 'wrong') return this.fail(c, 'Authentication Failed For Given Credentials');
    t.who = who;
    t.name = this.p.switches.redesign ? 'odd' : who.renew ? 'renew' : who.suspended ? 'suspended' : who.terms ? 'terms' : who.question ? 'question' : who.approve ? 'wait' : who.mfa ? 'choice' : '';
    if (t.name === 'wait') t.approval = this.p.approval(who);
    return t.name ? this.show(c, t) : this.done(c, t);
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
    this.p.send(t.who, kind, kind === 'sms' ? '***-***-3161' : t.who.user);
    return this.show(c, t);
  }

  take_code(c, t, callbacks) {
    if (this.value(callbacks, 'ConfirmationCallback') === 1) return this.send(c, t, t.kind);
    const how = this.p.verify(c, t.who, this.value(callbacks, 'PasswordCallback'));
    if (how === 'ok') return this.done(c, t);
    if (how === 'exhausted') return this.fail(c, 'Too many attempts');
    return this.show(c, t, how === 'expired' ? 'The code has expired.' : 'The code you entered is invalid.');
  }

  take_question(c, t, callbacks) {
    if (String(this.value(callbacks, 'TextInputCallback')).toLowerCase() === t.who.question.toLowerCase()) return this.done(c, t);
    return this.fail(c, 'Authentication Failed');
  }

  take_wait(c, t) {
    if (t.approval.decision === 'approve') return this.done(c, t);
    return t.approval.decision === 'deny' ? this.fail(c, 'Login failure') : this.show(c, t);
  }

  take_terms(c, t, callbacks) {
    if (this.value(callbacks, 'TermsAndConditionsCallback') !== true) return this.show(c, t);
    return this.done(c, t);
  }

  take_renew(c) { c.fault('a new password was set'); return this.fail(c, 'Login failure'); }

  take_suspended(c) { c.fault('went on without the link'); return this.fail(c, 'Login failure'); }

  take_odd(c) { c.fault('answered what is not known'); return this.fail(c, 'Login failure'); }

  done(c, t) {
    c.begin(COOKIE, { who: t.who });
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

export function forgerock(p, options) { return new Forgerock(p, options); }
