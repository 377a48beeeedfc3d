// Salesforce communities: the Aura endpoint with a login controller or the standard component, Visualforce with its view state,
// the identity verification page, frontdoor.
//
// salesforce(p, {prefix, className, cookie}) adds the routes below https://<first host><prefix>. customer.mfa: 'sms', 'email' (both
// for the controller). Documented: the shape of Aura calls, the controller's arguments and answers; the cookie that a known browser
// has (Salesforce Help, "Device Activation"). Common knowledge: the rest.
import { hidden } from './aspnet.mjs';
import { page } from './portal.mjs';
import { instead } from './reference.mjs';

const LIFE = 600000;
const KNOWN = 'sfdc_lv2';
const FWUID = 'ZDROWDdLOGtXcTZqSWZiU19ZaDJFdzk4bkk0bVJhZGJCWE9mUC1IZXZRbmcyNDguMTAuNS01LjAuMTA';
const masked = { EmailVal: 'c***@customer.test', PhoneVal: '***-***-3161' };

class Salesforce {
  constructor(p, options) {
    Object.assign(this, { p, ...options });
    const [host] = p.hosts;
    p.get(`${this.prefix}/login`, (c) => this.login(c));
    p.post(`${this.prefix}/login`, (c) => this.posted(c));
    p.post(`${this.prefix}/s/sfsites/aura`, (c) => this.aura(c));
    p.get('/secur/frontdoor.jsp', (c) => this.frontdoor(c));
    for (const kind of ['Email', 'Sms']) {
      p.get(`/_ui/identity/verification/method/${kind}VerificationFinishUi/e`, (c) => this.verification(c));
      p.post(`/_ui/identity/verification/method/${kind}VerificationFinishUi/e`, (c) => this.verified(c));
    }
    p.get(`${this.prefix}/secur/logout.jsp`, (c) => { c.session(this.cookie); c.end(this.cookie); return c.html(page('Signed out', '<p>Bye.</p>')); });
    this.base = `https://${host}`;
  }

  login(c, error) {
    const { switches } = this.p;
    const other = instead(this.p, c);
    if (other) return other;
    if (switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429 });
    if (!this.visualforce || switches.lightning) {
      const config = JSON.stringify({ context: { mode: 'PROD', fwuid: switches.stale ? 'stale' : FWUID, app: 'siteforce:loginApp2', loaded: {} } });
      return c.html(page('Login', `<div id="login" class="siteforceLoginBody"></div><script>var auraConfig = ${config};</script>`));
    }
    const state = this.p.token();
    this.p.state.views ??= new Set();
    this.p.state.views.add(state);
    return c.html(page('Login', `${error ? `<div class="message errorM3"><div class="messageText">${error}</div></div>` : ''}<form id="loginPage:theForm" name="loginPage:theForm" method="post" action="${this.prefix}/login" enctype="application/x-www-form-urlencoded">
<input type="hidden" name="loginPage:theForm" value="loginPage:theForm"><input type="text" name="loginPage:theForm:username"><input type="password" name="loginPage:theForm:password">
<input type="submit" name="loginPage:theForm:loginButton" value="Login">${hidden('com.salesforce.visualforce.ViewState', state)}${hidden('com.salesforce.visualforce.ViewStateVersion', '202611')}${hidden('com.salesforce.visualforce.ViewStateMAC', `AGV${state}`)}${hidden('com.salesforce.visualforce.ViewStateCSRF', `VmpF${state}`)}</form>`));
  }

  ticket(who) {
    const sid = this.p.token(30);
    this.p.state.tickets ??= new Map();
    this.p.state.tickets.set(sid, who);
    return `${this.base}/secur/frontdoor.jsp?sid=${sid}&retURL=%2Faccount`;
  }

  frontdoor(c) {
    const who = this.p.state.tickets?.get(c.query.get('sid'));
    this.p.state.tickets?.delete(c.query.get('sid'));
    if (!who) {
      c.fault('a session id that is unknown or was used');
      return c.redirect(`${this.prefix}/login`);
    }
    c.begin(this.cookie, { who });
    return c.redirect(c.query.get('retURL'));
  }

  // Visualforce

  posted(c) {
    const f = 'loginPage:theForm';
    const whole = c.need({ form: [f, `${f}:username`, `${f}:password`, `${f}:loginButton`, ...['', 'Version', 'MAC', 'CSRF'].map((x) => `com.salesforce.visualforce.ViewState${x}`)] });
    if (!whole || !this.p.state.views?.delete(c.form.get('com.salesforce.visualforce.ViewState'))) c.fault('the view state is missing or was used');
    const who = this.p.customer(c.form.get(`${f}:username`));
    const how = this.p.password(c, who, c.form.get(`${f}:password`));
    if (how === 'locked') return this.login(c, 'Your login attempt has failed. You are locked out, please contact support.');
    if (how === 'wrong') return this.login(c, this.p.switches.words ?? 'Your login attempt has failed. Make sure the username and password are correct.');
    if (this.p.switches.redesign) return c.html(page('Passkey', '<div id="passkey"></div>'));
    if (!who.mfa || c.session(KNOWN)?.who === who) return this.enter(c, who);
    const t = { who, id: this.p.token(), at: this.p.now(), kind: who.mfa[0] };
    this.p.state.checks ??= new Map();
    this.p.state.checks.set(t.id, t);
    this.send(t);
    return c.redirect(`/_ui/identity/verification/method/${t.kind === 'email' ? 'Email' : 'Sms'}VerificationFinishUi/e?vcsrf=${t.id}`);
  }

  send(t) { this.p.send(t.who, t.kind, t.kind === 'email' ? t.who.user : masked.PhoneVal); }

  enter(c, who) { return c.html(`<html><head><script>if (window.location.replace){ window.location.replace('${this.ticket(who)}');}</script></head><body></body></html>`); }

  check(c) {
    const t = this.p.state.checks?.get(c.query.get('vcsrf'));
    return t && this.p.now() - t.at < LIFE ? t : undefined;
  }

  verification(c) {
    const t = this.check(c);
    if (!t) return this.login(c);
    if (this.p.switches.unsent) return this.codePage(c, t, 'Something went wrong.');
    if (c.query.get('resend') === '1') this.send(t);
    return this.codePage(c, t);
  }

  codePage(c, t, error) {
    const field = t.kind === 'email' ? 'emc' : 'smc';
    return c.html(page('Verify Your Identity', `${error ? `<div id="error" class="errorM3">${error}</div>` : ''}<form id="editPage" method="post" action="${c.path}?vcsrf=${t.id}">${hidden('vcsrf', t.id)}
<label for="${field}">Verification Code</label><input id="${field}" name="${field}" type="text" maxlength="6"><input type="checkbox" name="RememberDeviceCheckbox" value="1">
<input type="submit" name="save" value="Verify"></form><a id="resend" href="${c.path}?vcsrf=${t.id}&amp;resend=1">Resend Code</a>`));
  }

  verified(c) {
    const t = this.check(c);
    if (!t) return this.login(c);
    c.need({ form: [t.kind === 'email' ? 'emc' : 'smc', 'vcsrf', 'save'] });
    const how = this.p.verify(c, t.who, c.form.get(t.kind === 'email' ? 'emc' : 'smc'));
    if (how === 'expired') return this.codePage(c, t, 'The verification code has expired.');
    if (how !== 'ok') return this.codePage(c, t, 'The verification code is incorrect or invalid.');
    if (c.form.get('RememberDeviceCheckbox')) c.begin(KNOWN, { who: t.who }, { maxAge: 31536000 });
    return this.enter(c, t.who);
  }

  // Aura

  result(c, returnValue, events = []) { return c.send({ actions: [{ id: '1;a', state: 'SUCCESS', returnValue, error: [] }], context: { mode: 'PROD', fwuid: FWUID }, events }); }

  aura(c) {
    if (this.p.switches.html === 'aura') return c.html(page('Login', ''));
    c.need({ form: ['message', 'aura.context', 'aura.pageURI', 'aura.token'] });
    const action = JSON.parse(c.form.get('message') || '{}').actions?.[0] ?? {};
    const context = JSON.parse(c.form.get('aura.context') || '{}');
    if (context.fwuid !== FWUID) return c.answer(200, 'application/json', `/*-secure-\n${JSON.stringify({ event: { descriptor: 'markup://aura:clientOutOfSync' } })}`);
    if (context.app !== 'siteforce:loginApp2') c.fault(`app is ${context.app}`);
    if (action.descriptor === 'apex://LightningLoginFormController/ACTION$login') return this.component(c, action.params);
    const { classname, method, params } = action.params ?? {};
    if (action.descriptor !== 'aura://ApexActionController/ACTION$execute' || classname !== this.className || !this[`apex_${method}`]) {
      c.fault(`no such action: ${action.descriptor} ${classname} ${method}`);
      return c.send({ actions: [{ id: '1;a', state: 'ERROR', error: [{ message: 'no such action' }] }] });
    }
    return this.result(c, { returnValue: this[`apex_${method}`](c, params), cacheable: false });
  }

  component(c, { username, password }) {
    const who = this.p.customer(username);
    const how = this.p.password(c, who, password);
    if (how === 'locked') return this.result(c, 'Your account is locked out.');
    if (how === 'wrong') return this.result(c, 'Your login attempt has failed. Make sure the username and password are correct.');
    return this.result(c, null, [{ descriptor: 'markup://aura:clientRedirect', attributes: { values: { url: this.ticket(who) } } }]);
  }

  apex_login(c, { username, password, browsercookie }) {
    const who = this.p.customer(username);
    const how = this.p.password(c, who, password);
    if (how === 'locked') return { retMessage: 'Your account has been locked out.' };
    if (how === 'wrong') return { retMessage: 'The username or password is incorrect.' };
    if (this.p.switches.redesign) return { retMessage: 'passkey-first' };
    const remembered = browsercookie && JSON.parse(browsercookie).encryptedKey === this.p.state.trusted?.get(who.key);
    if (!who.mfa || remembered) return { retMessage: this.ticket(who) };
    const t = { who, id: this.p.token(), at: this.p.now() };
    this.p.state.checks ??= new Map();
    this.p.state.checks.set(t.id, t);
    return { retMessage: 'verifymfa,customer', retencrUsrname: `enc-${who.key}`, encryptedTFT: t.id, ...(who.mfa.includes('email') && { EmailVal: masked.EmailVal }), ...(who.mfa.includes('sms') && { PhoneVal: masked.PhoneVal }) };
  }

  apex_handleChoiceofMFA(c, { username, selectedChoice }) {
    const t = [...(this.p.state.checks?.values() ?? [])].find((one) => `enc-${one.who.key}` === username);
    t.kind = selectedChoice === 'Email' ? 'email' : 'sms';
    this.send(t);
    return { retMessage: 'sent' };
  }

  apex_verifySignInCode(c, { input }) {
    const t = this.p.state.checks?.get(input.encToken);
    if (!t || this.p.now() - t.at > LIFE) return { returnResponse: 'Your session has ended. Please sign in again.' };
    const how = this.p.verify(c, t.who, input.authCode);
    if (how === 'expired') return { returnResponse: 'The code has expired.' };
    if (how !== 'ok') return { returnResponse: 'The code is incorrect.' };
    const encryptedKey = this.p.token();
    this.p.state.trusted ??= new Map();
    this.p.state.trusted.set(t.who.key, encryptedKey);
    return { returnResponse: 'success', url: this.ticket(t.who), wrapperObj: { retencrUsrname: `enc-${t.who.key}`, encryptedKey, expiryDateTime: '2027-01-01' } };
  }
}

export function salesforce(p, options) { return new Salesforce(p, options); }
