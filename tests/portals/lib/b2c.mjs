// Azure AD B2C with custom policies: pages with SETTINGS and SA_FIELDS, self-asserted posts, display controls, the phone page.
//
// b2c(p, {host, tenant, policy, clientId, redirectUri, api, query, finish}) adds the routes.
//   tenant       "/acme.onmicrosoft.com/B2C_1A_SIGNIN" as the page's settings have it, or "/acme.onmicrosoft.com" with `query` true:
//                then the policy comes as p= in the query
//   finish(c, who, query) answers the last `confirmed` (the redirect with the code)
//   customer.mfa 'forced' (e-mail only), 'choice' (text or e-mail), 'text' | 'mail' (opted in, one of them), 'legacy'; .enrol, .terms, .renew, .reset
// Documented as the opening of the adapter's module says: exchanges of the password step, both MFA variants, statuses as text
// inside an HTTP 200. Common knowledge: codes of refusals, cookies, the legacy check of an e-mail address.
import { page } from './portal.mjs';

const LIFE = 900000;
const bad = {
  wrong: ['AADB2C90054', 'The username or password provided in the request are invalid.'],
  unknown: ['AADB2C90053', 'A user with the specified credential could not be found.'],
  locked: ['AADB2C90114', 'Your account is temporarily locked to prevent unauthorized use. Try again later.'],
  stale: ['AADB2C90278', 'The request could not be validated.'],
};
const codes = {
  wrong: "You've entered the wrong code. Please try again.", used: "You've entered the wrong code. Please try again.",
  expired: 'That code is expired. Please request a new code.', exhausted: "You've exceeded the maximum number of attempts. Please try again later.",
};
const mail = 'c***@customer.test';
const phone = 'XXX-XXX-3161';
const control = (name, field, masked) => ({ ID: name, DISPLAY_FIELDS: [{ ID: field, PRE: masked }, { ID: 'verificationCode' }] });
const isMail = (t) => t.control === 'emailVerificationControl';

class B2c {
  constructor(p, options) {
    Object.assign(this, { p, api: 'CombinedSigninAndSignup', ...options });
    const on = (method, path, handler) => p.on(this.host, method, this.tenant + path, handler);
    on('GET', '/oauth2/v2.0/authorize', (c) => this.authorize(c));
    on('POST', '/SelfAsserted', (c) => this.open(c, (t) => this.asserted(c, t)));
    on('POST', '/SelfAsserted/DisplayControlAction/vbeta/:control/:action', (c) => this.open(c, (t) => this.displayControl(c, t)));
    on('POST', '/Phonefactor/verify', (c) => this.open(c, (t) => this.phonePage(c, t)));
    on('GET', '/api/:api/confirmed', (c) => this.open(c, (t) => this.confirmed(c, t), true));
    on('GET', '/oauth2/v2.0/logout', (c) => { c.session('x-ms-cpim-sso'); c.end('x-ms-cpim-sso'); return c.redirect(c.query.get('post_logout_redirect_uri')); });
  }

  get flows() { this.p.state.b2c ??= new Map(); return this.p.state.b2c; }

  authorize(c) {
    const { switches } = this.p;
    if (switches.maintenance) return c.html(page('Sorry', '<h1>We are down for maintenance</h1>'), { status: switches.maintenance === 503 ? 503 : 200 });
    if (switches.wall === 'b2c') return c.html('<html><head><title>403</title></head><body>Forbidden</body></html>', { status: 403 });
    if (switches.redesign === 'b2c') return c.html(page('Sign in', '<div id="root"></div>'));
    c.need({ query: ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'nonce'] });
    if (c.query.get('client_id') !== this.clientId || c.query.get('redirect_uri') !== this.redirectUri) c.fault('another application: its client id or redirect URI');
    if (this.query && c.query.get('p') !== this.policy) c.fault(`another policy: ${c.query.get('p')}`);
    const t = { tx: this.p.token(), query: c.query, until: this.p.now() + LIFE, name: 'password' };
    this.flows.set(t.tx, t);
    c.set('x-ms-cpim-trans', t.tx);
    return this.show(c, t);
  }

  // The transaction that the address names, with the token and the cookies of its page.
  open(c, how, read = false) {
    const t = [...this.flows.values()].find((one) => c.query.get('tx') === `StateProperties=${one.tx}`);
    if (!t || this.p.now() > t.until) return c.html(page('Error', '<h1>Sorry, but we are having trouble signing you in.</h1><p>AADB2C90157: the session has expired.</p>'), { status: 400 });
    const token = read ? c.query.get('csrf_token') : c.headers['x-csrf-token'];
    if (token !== t.csrf || c.cookies['x-ms-cpim-csrf'] !== t.csrf || c.query.get('p') !== this.policy) {
      c.fault('the token, its cookie or the policy is missing or another');
      return c.html(page('Error', 'Bad Request'), { status: 400 });
    }
    if (!read) c.need({ headers: { 'x-requested-with': 'XMLHttpRequest' } });
    return how(t);
  }

  // A page: its token and transaction are new each time.
  show(c, t, extra = '') {
    this.flows.delete(t.tx);
    t.tx = this.p.token();
    t.csrf = this.p.token();
    t.accepted = false;
    this.flows.set(t.tx, t);
    c.set('x-ms-cpim-csrf', t.csrf);
    c.set('x-ms-cpim-trans', t.tx);
    t.api = t.name === 'password' ? this.api : t.name === 'phone' ? 'Phonefactor' : 'SelfAsserted';
    const settings = { remoteResource: 'https://static.customer.test/x.html', retryLimit: 3, api: t.api, csrf: t.csrf, transId: `StateProperties=${t.tx}`, pageViewId: this.p.token(9),
      hosts: { tenant: this.tenant, policy: this.policy, static: 'https://static.customer.test/' }, config: { enableRememberMe: 'false' }, locale: { lang: 'en' } };
    const fields = this[`fields_${t.name}`]?.(t);
    const vars = [`var SETTINGS = ${JSON.stringify(settings)};`, fields && `var SA_FIELDS = ${JSON.stringify({ AttributeFields: fields })};`, extra];
    return c.html(page('Sign in', '<div id="api"></div>', `<script data-container="true">${vars.filter(Boolean).join('\n')}</script>`));
  }

  fields_password() { return [{ ID: 'signInName' }, { ID: 'password' }]; }

  fields_forced() { return [{ ID: 'extension_isMFAEnabled', PRE: 'False' }, control('emailVerificationControl', 'displayEmailAddress', mail)]; }

  fields_choice(t) {
    const both = { displayEmailAddress: { ID: 'displayEmailAddress', PRE: mail }, displayPhoneNumber: { ID: 'displayPhoneNumber', PRE: phone } };
    const only = { text: ['displayPhoneNumber'], mail: ['displayEmailAddress'] }[t.who.mfa] ?? Object.keys(both);
    return [...only.map((name) => both[name]), { ID: 'mfaEnabledRadio' }];
  }

  fields_control(t) { return [isMail(t) ? control('emailVerificationControl', 'displayEmailAddress', mail) : control('textVerificationControl', 'displayPhoneNumber', phone)]; }

  fields_enrol() { return [{ ID: 'extension_isMFAEnabled', PRE: '' }, { ID: 'mfaEnabledRadio' }]; }

  fields_terms() { return [{ ID: 'extension_termsOfUseConsentChoice' }]; }

  fields_reset() { return [{ ID: 'newPassword' }, { ID: 'reenterPassword' }]; }

  fields_new() { return [{ ID: 'extension_passkeyOffer' }]; }

  ok(c, t) {
    t.accepted = true;
    return c.send({ status: '200' });
  }

  no(c, message, errorCode) { return c.send({ status: '400', ...(errorCode && { errorCode }), message }); }

  asserted(c, t) {
    if (c.form.get('request_type') !== 'RESPONSE') {
      c.fault(`request_type is ${c.form.get('request_type')}`);
      return this.no(c, 'Bad request');
    }
    return this[`assert_${t.name}`]?.(c, t) ?? this.no(c, 'There is nothing to say here.');
  }

  assert_password(c, t) {
    c.need({ form: ['signInName', 'password'] });
    if (this.p.switches.html === 'b2c') return c.html(page('Sign in', ''));
    if (this.p.switches.stale && !this.p.state.stale) {
      this.p.state.stale = true;
      return this.no(c, bad.stale[1], bad.stale[0]);
    }
    const who = this.p.customer(c.form.get('signInName'));
    const how = this.p.password(c, who, c.form.get('password'));
    if (how !== 'ok') {
      const [code, text] = how === 'locked' ? bad.locked : who ? bad.wrong : bad.unknown;
      return this.no(c, text, code);
    }
    t.who = who;
    return this.ok(c, t);
  }

  assert_choice(c, t) {
    for (const name of ['displayEmailAddress', 'displayPhoneNumber']) {
      const field = this.fields_choice(t).find((one) => one.ID === name);
      if (field && c.form.get(name) !== field.PRE) c.fault(`${name} is ${c.form.get(name)}`);
    }
    t.way = c.form.get('mfaEnabledRadio');
    if (!['Text', 'Email', 'Call'].includes(t.way)) {
      c.fault(`mfaEnabledRadio is ${t.way}`);
      return this.no(c, 'Choose a method.');
    }
    return this.ok(c, t);
  }

  // The code must have been verified by the control; what was prefilled goes back as it was.
  assert_control(c, t) {
    c.need({ form: [isMail(t) ? 'displayEmailAddress' : 'displayPhoneNumber', 'verificationCode'] });
    if (!t.verified) {
      c.fault('went on before the code was verified');
      return this.no(c, 'Please verify first.');
    }
    return this.ok(c, t);
  }

  assert_forced(c, t) {
    if (c.form.get('extension_isMFAEnabled') !== 'False') c.fault(`a setting of the customer's was changed: extension_isMFAEnabled=${c.form.get('extension_isMFAEnabled')}`);
    return this.assert_control(c, t);
  }

  sent(c, t, medium, dest) {
    t.sends = (t.sends ?? 0) + 1;
    if (t.sends > 4) return this.no(c, 'You have exceeded the number of code generation attempts.');
    t.until = this.p.now() + LIFE;
    this.p.send(t.who, medium, dest);
    return c.send({ status: '200' });
  }

  judged(c, t, given) {
    const how = this.p.verify(c, t.who, given);
    if (how !== 'ok') return this.no(c, codes[how], 'UserMessageIfInvalidCode');
    t.verified = true;
    return c.send({ status: '200' });
  }

  displayControl(c, t) {
    const name = t.name === 'forced' ? 'emailVerificationControl' : t.control;
    if (!['forced', 'control'].includes(t.name) || c.params.control !== name) {
      c.fault(`there is no ${c.params.control} on this page`);
      return this.no(c, 'Bad request');
    }
    t.control = name;
    c.need({ form: [isMail(t) ? 'displayEmailAddress' : 'displayPhoneNumber'] });
    if (c.params.action === 'SendCode') return this.sent(c, t, isMail(t) ? 'email' : 'sms', isMail(t) ? t.who.user : phone);
    c.need({ form: ['verificationCode'] });
    return this.judged(c, t, c.form.get('verificationCode'));
  }

  phonePage(c, t) {
    if (t.name !== 'phone' || c.form.get('id') === null && c.form.get('request_type') === 'VERIFICATION_REQUEST') c.fault('no phone is verified here, or its id is missing');
    if (c.form.get('request_type') === 'VERIFICATION_REQUEST') {
      if (c.form.get('id') !== '1' || c.form.get('auth_type') !== 'onewaysms') c.fault('the phone or the kind of message is another');
      return this.sent(c, t, 'sms', phone);
    }
    const answer = this.judged(c, t, c.form.get('verification_code'));
    if (t.verified) t.accepted = true;
    return answer;
  }

  // The next page, or the end.
  confirmed(c, t) {
    if (c.params.api !== t.api) c.fault(`confirmed of ${c.params.api}, the page is ${t.api}`);
    c.need({ query: ['diags'] });
    if (t.name === 'password' && c.query.get('rememberMe') !== 'false') c.fault('rememberMe is not what the page said');
    if (!t.accepted) return c.html(page('Error', 'Forbidden'), { status: 403 });
    const { who } = t;
    if (t.name === 'password') {
      if (who.reset) return c.redirect(`${this.redirectUri}?error=access_denied&error_description=AADB2C90118%3a+The+user+has+forgotten+their+password.&state=${t.query.get('state')}`);
      t.name = this.p.switches.redesign ? 'new' : who.renew ? 'reset' : who.terms ? 'terms' : who.enrol ? 'enrol' : { forced: 'forced', choice: 'choice', text: 'choice', mail: 'choice' }[who.mfa];
      return t.name ? this.show(c, t) : this.end(c, t);
    }
    if (t.name === 'choice') {
      t.control = t.way === 'Email' ? 'emailVerificationControl' : 'textVerificationControl';
      t.name = t.way !== 'Email' && !this.p.switches.textControl ? 'phone' : 'control';
      return this.show(c, t, t.name === 'phone' ? `var UV_PHONE = ${JSON.stringify({ CountryCode: '1', PhoneNumbers: [{ Id: '1', Number: phone }] })};` : '');
    }
    return t.verified ? this.end(c, t) : c.html(page('Error', 'Forbidden'), { status: 403 });
  }

  end(c, t) {
    this.flows.delete(t.tx);
    c.begin('x-ms-cpim-sso', { who: t.who });
    return this.finish(c, t.who, t.query);
  }
}

export function b2c(p, options) { return new B2c(p, options); }
