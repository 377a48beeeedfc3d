// The second factor of ASP.NET Identity in MVC: SendCode, a choice of providers whose posting sends, then VerifyCode with its offer to
// remember the browser; a lockout is a view in place of the page asked for.
//
// identity(p, { base, login, token, inside }): the pages below `base`; token: the portal's antiforgery(); inside(c, who) signs in and
// answers with the address to go to. customer.mfa: 'sms', 'email', 'app'; customer.ends: the last digits of the phone.
// Common knowledge of the framework: pages, fields, cookies, words. Modelled: where the page says that the code went.
import { hidden, summary } from './aspnet.mjs';
import { page } from './portal.mjs';

const LIFE = 300000;
const PENDING = '.AspNet.TwoFactorCookie';
const KNOWN = '.AspNet.TwoFactorRememberBrowser';
const providers = { sms: 'Phone Code', email: 'Email Code', app: 'Google Authenticator' };

class Identity {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    p.get(`${this.base}/SendCode`, (c) => this.choice(c));
    p.post(`${this.base}/SendCode`, (c) => this.chosen(c));
    p.get(`${this.base}/VerifyCode`, (c) => (this.pending(c)?.kind ? this.code(c) : c.redirect(this.login)));
    p.post(`${this.base}/VerifyCode`, (c) => this.given(c));
  }

  // Whether this browser need not prove itself again.
  knows(c, who) { return c.session(KNOWN)?.who === who; }

  // The password was right; where the browser is sent.
  begin(c, who) {
    c.begin(PENDING, { who, at: this.p.now() });
    return `${this.base}/SendCode?RememberMe=False`;
  }

  lockedOut(c) {
    return c.html(page('Locked out', '<hgroup><h1 class="text-danger">Locked out.</h1><h2 class="text-danger">This account has been locked out, please try again later.</h2></hgroup>'));
  }

  // Who has given the password and not the code.
  pending(c) {
    const half = c.session(PENDING);
    return half && this.p.now() - half.at < LIFE ? half : undefined;
  }

  form(c, path, body) {
    return `<form action="${this.base}/${path}" method="post">${this.token.field(c)}${hidden('RememberMe', 'False')}${hidden('ReturnUrl', '')}${body}
<input type="submit" value="Submit"></form>`;
  }

  choice(c) {
    const half = this.pending(c);
    if (!half) return c.redirect(this.login);
    const options = half.who.mfa.map((kind) => `<option value="${providers[kind]}">${providers[kind]}</option>`);
    return c.html(page('Send verification code', `<h2>Send verification code</h2>${this.form(c, 'SendCode',
      `<label for="SelectedProvider">Select Two-Factor Authentication Provider:</label><select id="SelectedProvider" name="SelectedProvider">${options.join('')}</select>`)}`));
  }

  whole(c, names) { return this.token.check(c) && c.need({ form: [...names, 'RememberMe', 'ReturnUrl'] }); }

  chosen(c) {
    const half = this.pending(c);
    if (!half) return c.redirect(this.login);
    if (!this.whole(c, ['SelectedProvider'])) return c.html(page('Error', ''), { status: 400 });
    half.kind = half.who.mfa.find((kind) => providers[kind] === c.form.get('SelectedProvider'));
    if (!half.kind) {
      c.fault('a provider that was not offered');
      return c.html(page('Error', ''), { status: 500 });
    }
    if (this.p.switches.unsent) return c.html(page('Error', '<h1 class="text-danger">Error.</h1><h2 class="text-danger">An error occurred while processing your request.</h2>'));
    half.at = this.p.now();
    if (half.kind !== 'app') this.p.send(half.who, half.kind, half.kind === 'sms' ? half.who.ends : half.who.user);
    return c.redirect(`${this.base}/VerifyCode?Provider=${encodeURIComponent(providers[half.kind])}&RememberMe=False`);
  }

  code(c, message = '') {
    const { kind, who } = this.pending(c);
    const went = { sms: `your phone ending in ${who.ends}`, email: 'your e-mail address' }[kind];
    return c.html(page('Verify', `<h2>Enter verification code</h2>${summary(message)}${went ? `<p id="destination">We sent a code to ${went}</p>` : ''}${this.form(c, 'VerifyCode',
      `${hidden('Provider', providers[kind])}<label for="Code">Code</label><input id="Code" name="Code" type="text" autocomplete="off">
<input type="checkbox" name="RememberBrowser" value="true"><input type="hidden" name="RememberBrowser" value="false">`)}`));
  }

  given(c) {
    const half = this.pending(c);
    if (!half) return c.redirect(this.login);
    if (!this.whole(c, ['Provider', 'Code', 'RememberBrowser'])) return c.html(page('Error', ''), { status: 400 });
    const how = half.kind === 'app' ? this.p.totp(c, half.who, c.form.get('Code')) : this.p.verify(c, half.who, c.form.get('Code'));
    if (how === 'exhausted') return this.lockedOut(c);
    if (how !== 'ok') return this.code(c, 'Invalid code.');
    if (c.form.getAll('RememberBrowser').includes('true')) c.begin(KNOWN, { who: half.who }, { maxAge: 1209600 });
    c.end(PENDING);
    return c.redirect(this.inside(c, half.who));
  }
}

export function identity(p, options) { return new Identity(p, options); }
