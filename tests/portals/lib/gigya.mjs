// Gigya (SAP Customer Data Cloud): accounts.* calls, answered with HTTP 200 whatever they say, and the OpenID proxy's last step.
//
// gigya(p, {host, key, proxy, finish}) adds the routes; spend(token) gives the customer of a session, once. customer.mfa: sms, voice (.phones
// numbers, one unless said), email, totp, push; .enrol, .renew, .profile, .unconfirmed, .disabled. finish(c, who, context) answers the proxy's
// `continue`; without a proxy there is none. Switch session: where the session's token is: info (in sessionInfo, the default), cookie (there as
// the value of a cookie), top (beside it), none. Documented in the vendor's SDK: calls, fields, half of the numbers; common knowledge: the
// rest, and the cookies.

const LIFE = 600000;
const phones = [{ id: 'ph1', obfuscated: '+1******3161', lastMethod: 'sms' }, { id: 'ph2', obfuscated: '+1******3172', lastMethod: 'voice' }];
const mail = { id: 'em1', obfuscated: 'c***@customer.test', lastVerification: '2026-01-01T00:00:00Z' };
const messages = { 0: 'OK', 400006: 'Invalid parameter value', 401020: 'Login Failed Captcha Required', 403002: 'Request expired', 403041: 'Account Disabled', 403042: 'Invalid LoginID', 403048: 'API rate limit exceeded',
  403100: 'Account Pending Password Change', 403101: 'Account Pending TFA Verification', 403102: 'Account Pending TFA Registration', 403120: 'Account temporarily locked out', 206001: 'Account Pending Registration',
  206002: 'Account Pending Verification', 500001: 'General Server Error' };

class Gigya {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    const calls = { 'accounts.webSdkBootstrap': 'bootstrap', 'accounts.login': 'login', 'accounts.tfa.getProviders': 'providers', 'accounts.tfa.initTFA': 'init', 'accounts.tfa.phone.getRegisteredPhoneNumbers': 'phones',
      'accounts.tfa.email.getEmails': 'emails', 'accounts.tfa.phone.sendVerificationCode': 'send', 'accounts.tfa.email.sendVerificationCode': 'send', 'accounts.tfa.phone.completeVerification': 'complete',
      'accounts.tfa.email.completeVerification': 'complete', 'accounts.tfa.totp.verify': 'totp', 'accounts.tfa.finalizeTFA': 'finalize', 'accounts.finalizeRegistration': 'register', 'accounts.logout': 'logout' };
    for (const [name, method] of Object.entries(calls)) p.on(this.host, 'POST', `/${name}`, (c) => this.guard(c) ?? this[method](c));
    if (this.proxy) p.on(this.proxy, 'GET', `/oidc/op/v1.0/${this.key}/authorize/continue`, (c) => this.proceed(c));
  }

  get state() { this.p.state.gigya ??= { regs: new Map(), assertions: new Map(), codes: new Map(), proofs: new Map(), tokens: new Map(), devices: new Set() }; return this.p.state.gigya; }

  say(c, errorCode, more = {}) {
    return c.send({ callId: this.p.token(12), errorCode, ...(errorCode && { errorMessage: messages[errorCode], errorDetails: messages[errorCode] }), apiVersion: 2, statusCode: errorCode ? Math.floor(errorCode / 1000) : 200,
      statusReason: errorCode ? 'Forbidden' : 'OK', time: new Date(this.p.now()).toISOString(), ...more });
  }

  guard(c) {
    const { switches } = this.p;
    if (switches.wall === 'api') return c.html('<html><body>Forbidden</body></html>', { status: 403 });
    if (switches.html === 'api') return c.html('<html><head><title>Error</title></head><body></body></html>');
    c.need({ form: ['apiKey', 'format'] });
    if (c.form.get('apiKey') !== this.key) c.fault('another site: its apiKey');
    if (c.path !== '/accounts.webSdkBootstrap') c.need({ cookies: ['gmid', 'ucid', 'hasGmid'] });
    return undefined;
  }

  bootstrap(c) {
    if (!c.cookies.gmid) c.set('gmid', `gmid.ver4.${this.p.token(18)}`, { maxAge: 31536000 });
    c.set('ucid', this.p.token(12), { maxAge: 31536000 });
    c.set('hasGmid', 'ver4', { maxAge: 31536000 });
    return this.say(c, 0);
  }

  session(c, who) {
    const token = `st2.s.${this.p.token(24)}`;
    this.state.tokens.set(token, who);
    const sessions = { info: { sessionInfo: { login_token: token, expires_in: '0' } }, cookie: { sessionInfo: { cookieName: `glt_${this.key}`, cookieValue: token } },
      top: { login_token: token, sessionInfo: { expires_in: '0' } }, none: {} };
    return this.say(c, 0, { UID: `u-${who.key}`, ...sessions[this.p.switches.session ?? 'info'], profile: { email: who.user } });
  }

  login(c) {
    c.need({ form: ['loginID', 'password', 'targetEnv', 'include'] });
    const { switches } = this.p;
    if (switches.captcha === true) return this.say(c, 401020);
    if (switches.rate) return this.say(c, 403048);
    if (switches.broken) return this.say(c, 500001);
    if (switches.redesign) return this.say(c, 404999);
    const who = this.p.customer(c.form.get('loginID'));
    const how = this.p.password(c, who, c.form.get('password'));
    if (how === 'locked') return this.say(c, 403120);
    if (how === 'wrong') return this.say(c, 403042);
    if (who.disabled) return this.say(c, 403041);
    const regToken = `rt2_${this.p.token(20)}`;
    this.state.regs.set(regToken, { who, until: this.p.now() + LIFE, verified: false });
    const stop = who.renew ? 403100 : who.profile ? 206001 : who.unconfirmed ? 206002 : who.enrol ? 403102 : 0;
    if (stop) return this.say(c, stop, { regToken });
    if (who.mfa && !this.state.devices.has(`${who.key} ${c.cookies.gmid}`)) return this.say(c, 403101, { regToken });
    return this.session(c, who);
  }

  reg(c) {
    const one = this.state.regs.get(c.form.get('regToken'));
    return one && this.p.now() < one.until ? one : undefined;
  }

  providers(c) {
    const one = this.reg(c);
    if (!one) return this.say(c, 403002);
    const names = [...new Set(one.who.mfa.map((kind) => ({ sms: 'gigyaPhone', voice: 'gigyaPhone', email: 'gigyaEmail', totp: 'gigyaTotp', push: 'gigyaPush' }[kind])))];
    return this.say(c, 0, { activeProviders: names.map((name) => ({ name })), inactiveProviders: [] });
  }

  init(c) {
    const one = this.reg(c);
    if (!one) return this.say(c, 403002);
    if (c.form.get('mode') !== 'verify') c.fault(`mode is ${c.form.get('mode')}`);
    const gigyaAssertion = this.p.token(30);
    this.state.assertions.set(gigyaAssertion, { provider: c.form.get('provider'), one });
    return this.say(c, 0, { gigyaAssertion });
  }

  assertion(c) {
    const found = this.state.assertions.get(c.form.get('gigyaAssertion'));
    if (!found) c.fault('an assertion that is unknown');
    return found && this.p.now() < found.one.until ? found : undefined;
  }

  phones(c) {
    const found = this.assertion(c);
    return found ? this.say(c, 0, { phones: phones.slice(0, found.one.who.phones ?? 1) }) : this.say(c, 403002);
  }

  emails(c) { return this.assertion(c) ? this.say(c, 0, { emails: [mail] }) : this.say(c, 403002); }

  send(c) {
    const found = this.assertion(c);
    if (!found) return this.say(c, 403002);
    const byPhone = found.provider === 'gigyaPhone';
    c.need({ form: [byPhone ? 'phoneID' : 'emailID', 'lang'] });
    const medium = byPhone ? c.form.get('method') : 'email';
    if (!['sms', 'voice', 'email'].includes(medium)) c.fault(`method is ${medium}`);
    this.p.send(found.one.who, medium, byPhone ? phones.find((one) => one.id === c.form.get('phoneID')).obfuscated : found.one.who.user);
    const phvToken = this.p.token(24);
    this.state.codes.set(phvToken, found);
    return this.say(c, 0, { phvToken });
  }

  proven(c, found, how) {
    if (how !== 'ok') return this.say(c, 400006, { errorDetails: 'Wrong verification code' });
    const providerAssertion = this.p.token(30);
    this.state.proofs.set(providerAssertion, found);
    return this.say(c, 0, { providerAssertion });
  }

  complete(c) {
    const found = this.assertion(c);
    if (!found || !this.state.codes.has(c.form.get('phvToken'))) return this.say(c, 403002);
    return this.proven(c, found, this.p.verify(c, found.one.who, c.form.get('code')));
  }

  totp(c) {
    const found = this.assertion(c);
    if (!found) return this.say(c, 403002);
    return this.proven(c, found, this.p.totp(c, found.one.who, c.form.get('code')));
  }

  finalize(c) {
    c.need({ form: ['gigyaAssertion', 'providerAssertion', 'regToken', 'tempDevice'] });
    const one = this.reg(c);
    if (!one || this.state.proofs.get(c.form.get('providerAssertion'))?.one !== one) {
      c.fault('nothing was verified');
      return this.say(c, 403002);
    }
    one.verified = true;
    if (c.form.get('tempDevice') === 'false') this.state.devices.add(`${one.who.key} ${c.cookies.gmid}`);
    return this.say(c, 0);
  }

  register(c) {
    const one = this.reg(c);
    this.state.regs.delete(c.form.get('regToken'));
    if (!one?.verified) {
      c.fault('registered before the second factor');
      return this.say(c, 403101);
    }
    return this.session(c, one.who);
  }

  logout(c) { return this.say(c, 0); }

  spend(token) {
    const who = this.state.tokens.get(token);
    this.state.tokens.delete(token);
    return who;
  }

  proceed(c) {
    const who = this.spend(c.query.get('login_token'));
    if (!who || !this.p.state.contexts?.delete(c.query.get('context'))) {
      c.fault('the login token or the context is unknown, or was used');
      return c.html('<html><body>invalid_request</body></html>', { status: 400 });
    }
    return this.finish(c, who, c.query.get('context'));
  }
}

export function gigya(p, options) { return new Gigya(p, options); }
