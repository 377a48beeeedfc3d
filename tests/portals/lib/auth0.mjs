// Auth0 universal login: screens below /u/, each posting to itself, and the way back to the application.
//
// auth0(p, {host, finish}) adds the routes; finish(c, who, query) answers the authorize request. customer.mfa: sms, email, voice,
// otp, push. customer.enrol 'later' | 'now'. Screens, actions and form options are documented; error codes and cookies common knowledge.
import { escape, page } from './portal.mjs';

const LIFE = 300000;
const factors = { sms: 'sms::0', email: 'email::1', voice: 'phone::2', otp: 'otp::3', push: 'push-notification::4' };
const titles = { sms: 'SMS to XXXXXXX3161', email: 'Email to c***@customer.test', voice: 'Phone call to XXXXXXX3161', otp: 'Google Authenticator or similar', push: 'Guardian push notification' };
const screens = { sms: 'mfa-sms-challenge', email: 'mfa-email-challenge', voice: 'mfa-voice-challenge', otp: 'mfa-otp-challenge', push: 'mfa-push-challenge-push' };
const browser = ['js-available', 'webauthn-available', 'is-brave', 'webauthn-platform-available'];

class Auth0 {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    p.on(this.host, 'GET', '/authorize', (c) => this.authorize(c));
    p.on(this.host, 'GET', '/authorize/resume', (c) => this.resume(c));
    p.on(this.host, 'GET', '/u/login', (c) => this.at(c, 'login', (t) => this.login(c, t)));
    p.on(this.host, 'GET', '/u/login/:step', (c) => this.at(c, `login/${c.params.step}`, (t) => this.login(c, t)));
    p.on(this.host, 'POST', '/u/login', (c) => this.at(c, 'login', (t) => this.password(c, t)));
    p.on(this.host, 'POST', '/u/login/identifier', (c) => this.at(c, 'login/identifier', (t) => this.identifier(c, t)));
    p.on(this.host, 'POST', '/u/login/password', (c) => this.at(c, 'login/password', (t) => this.password(c, t)));
    p.on(this.host, 'GET', '/u/:screen', (c) => this.at(c, c.params.screen, (t) => this.screen(c, t)));
    p.on(this.host, 'POST', '/u/:screen', (c) => this.at(c, c.params.screen, (t) => this.act(c, t)));
    p.on(this.host, 'GET', '/v2/logout', (c) => { c.session('auth0'); c.end('auth0'); return c.redirect(c.query.get('returnTo') ?? '/'); });
  }

  get open() { this.p.state.auth0 ??= new Map(); return this.p.state.auth0; }

  authorize(c) {
    const who = c.session('auth0')?.who;
    if (who) return this.finish(c, who, c.query);
    const t = { state: `hKFo2SB${this.p.token(24)}`, query: c.query, until: this.p.now() + LIFE, screen: this.p.switches.identifier ? 'login/identifier' : 'login' };
    this.open.set(t.state, t);
    c.set('did', `s%3A${this.p.token(18)}`);
    c.set('_csrf', this.p.token(12));
    return this.go(c, t, t.screen);
  }

  go(c, t, screen) {
    t.screen = screen;
    return c.redirect(`/u/${screen}?state=${t.state}`);
  }

  // The transaction of the address, if it stands at that screen.
  at(c, screen, how) {
    const t = this.open.get(c.query.get('state'));
    if (!t || this.p.now() > t.until) return c.html(page('Oops!', '<main id="error-page"><h1>Oops!, something went wrong</h1><p data-error-code="invalid-transaction">The transaction is invalid or expired.</p></main>'), { status: 400 });
    if (t.screen !== screen) {
      c.fault(`the customer stands at ${t.screen}`);
      return this.go(c, t, t.screen);
    }
    t.until = this.p.now() + LIFE;
    return how(t);
  }

  // A screen's page: the form with its hidden fields, an error where there was one.
  show(c, t, title, inside, error) {
    const alert = error ? `<div id="prompt-alert" class="ulp-input-error-message" data-error-code="${error[0]}">${escape(error[1])}</div>` : '';
    const captcha = this.p.switches.captcha ? '<div class="ulp-captcha" data-captcha-sitekey="x"></div><input type="hidden" name="captcha" value="">' : '';
    const hidden = browser.map((name) => `<input type="hidden" name="${name}" value="false">`).join('');
    return c.html(page(title, `<main><h1>${title}</h1>${alert}<form method="POST" data-form-primary="true"><input type="hidden" name="state" value="${t.state}">${hidden}${captcha}${inside}</form></main>`), { status: error ? 400 : 200 });
  }

  login(c, t, error) {
    const name = '<input name="username" id="username" type="text" value="" required autocomplete="username">';
    const word = '<input name="password" id="password" type="password" required>';
    const inside = t.screen === 'login' ? name + word : t.screen === 'login/identifier' ? name : `<input type="hidden" name="username" value="${escape(t.name)}">${word}`;
    return this.show(c, t, 'Log in', `${inside}<button type="submit" name="action" value="default">Continue</button>`, error);
  }

  whole(c, t, fields) {
    const fine = c.need({ form: ['state', 'action', ...browser, ...fields], cookies: ['did', '_csrf'] });
    if (c.form.get('state') !== t.state) c.fault('the state in the form is another');
    if (this.p.switches.captcha) c.fault('the captcha was passed by');
    return fine;
  }

  identifier(c, t) {
    this.whole(c, t, ['username']);
    t.name = c.form.get('username');
    return this.go(c, t, 'login/password');
  }

  password(c, t) {
    this.whole(c, t, ['username', 'password']);
    const who = this.p.customer(c.form.get('username'));
    const how = this.p.password(c, who, c.form.get('password'));
    if (how === 'locked') return this.login(c, t, ['user-blocked', 'Your account has been blocked after multiple consecutive login attempts.']);
    if (how === 'wrong') return this.login(c, t, ['wrong-email-credentials', 'Wrong email or password']);
    t.who = who;
    if (this.p.switches.redesign) return this.go(c, t, 'something-new');
    if (who.enrol) return this.go(c, t, 'mfa-begin-enroll-options');
    if (!who.mfa || c.session('auth0-mf')?.who === who) return this.done(c, t);
    return this.begin(c, t, who.mfa[0]);
  }

  // The code is sent with the page that asks for it.
  begin(c, t, kind) {
    t.kind = kind;
    if (kind === 'push') t.approval = this.p.approval(t.who);
    else if (kind !== 'otp' && this.p.tooOften(t)) return this.screen(c, t, [`too-many-${kind}`, 'You have exceeded the maximum number of messages per hour.']);
    else if (kind !== 'otp') this.p.send(t.who, kind, titles[kind]);
    return this.go(c, t, screens[kind]);
  }

  done(c, t) {
    c.begin('auth0', { who: t.who });
    t.screen = 'resume';
    return c.redirect(`/authorize/resume?state=${t.state}`);
  }

  resume(c) {
    const t = this.open.get(c.query.get('state'));
    this.open.delete(c.query.get('state'));
    if (t?.screen !== 'resume') {
      c.fault('resumed before the end, or twice');
      return c.html(page('Oops!', '<main id="error-page"></main>'), { status: 400 });
    }
    return this.finish(c, t.who, t.query);
  }

  screen(c, t, error) {
    const button = (value, label) => `<button type="submit" name="action" value="${value}">${label}</button>`;
    const other = t.who.mfa?.length > 1 ? button('pick-authenticator', 'Try another method') : '';
    if (t.screen === 'mfa-login-options') return this.show(c, t, 'Other methods', t.who.mfa.map((kind) => button(factors[kind], titles[kind])).join(''));
    if (t.screen === 'mfa-begin-enroll-options') return this.show(c, t, 'Secure your account', button('sms::0', 'Text message') + (t.who.enrol === 'later' ? button('remind-later', 'Remind me later') : ''));
    if (t.screen === 'mfa-push-challenge-push') return this.push(c, t, other);
    if (!Object.values(screens).includes(t.screen)) return this.show(c, t, 'Something new', button('default', 'Continue'));
    const resend = t.kind === 'otp' ? '' : button('resend-code', 'Resend');
    return this.show(c, t, 'Verify Your Identity', `<p>${titles[t.kind]}</p><input name="code" id="code" type="text" inputmode="numeric" required>
<input type="checkbox" name="rememberBrowser" value="true" id="rememberBrowser">${button('default', 'Continue')}${resend}${other}`, error);
  }

  push(c, t, other) {
    if (t.approval.decision === 'approve') return this.done(c, t);
    if (t.approval.decision === 'deny') return this.show(c, t, 'Verify Your Identity', '', ['mfa-push-denied', 'We have received a notification rejection.']);
    return this.show(c, t, 'Verify Your Identity', `<p>We have sent a notification to your device.</p>${other}`);
  }

  act(c, t) {
    const action = c.form.get('action');
    const kind = Object.keys(factors).find((one) => factors[one] === action);
    if (action === 'pick-authenticator') return this.go(c, t, 'mfa-login-options');
    if (t.screen === 'mfa-login-options' && t.who.mfa.includes(kind)) return this.begin(c, t, kind);
    if (t.screen === 'mfa-begin-enroll-options') {
      if (action !== 'remind-later' || t.who.enrol !== 'later') c.fault('the customer was enrolled without having asked');
      return this.done(c, t);
    }
    if (action === 'resend-code' && t.kind !== 'otp') return this.begin(c, t, t.kind);
    return this.code(c, t);
  }

  code(c, t) {
    this.whole(c, t, ['code']);
    if (c.form.get('action') !== 'default') c.fault(`the action ${c.form.get('action')} is not on this screen`);
    const given = c.form.get('code');
    const how = t.kind === 'otp' ? this.p.totp(c, t.who, given) : this.p.verify(c, t.who, given);
    if (how === 'exhausted') return this.screen(c, t, ['too-many-attempts', 'Too many failed codes. Wait some minutes.']);
    if (how === 'expired') return this.screen(c, t, ['invalid-expired-code', 'The code is invalid or has expired.']);
    if (how !== 'ok') return this.screen(c, t, ['invalid-code', 'The code you entered is invalid']);
    if (c.form.get('rememberBrowser') === 'true') c.begin('auth0-mf', { who: t.who }, { maxAge: 2592000 });
    return this.done(c, t);
  }
}

export function auth0(p, options) { return new Auth0(p, options); }
