// Sunrise Electric, the reference portal of ASP.NET: a WebForms sign-in by partial postback, the second factor of Core's Identity
// (an authenticator) or of MVC's (customers with `mfa` other than totp), services in a GridView that turns its pages by partial postbacks.
//
// View state, deltas, Identity's pages and cookies: common knowledge of the framework. Ids of the pages: modelled. Stricter than the
// real one, which would take an older view state too: here only the newest is right, as a browser would send it.
import { antiforgery, hidden, summary } from './lib/aspnet.mjs';
import { identity } from './lib/identity.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Early-Bird-0530';
const TOTP = 'KRSXG5CTMVRXEZLU';
const HOME = '88 Hālawa Ridge Rd, Apt 2, Sedona, AZ 86336';

const at = (account, extra = {}) => ({
  account, service: 'Electricity', meter: `SE${account.slice(-6)}`, point: `P${account.slice(-7)}`, rate: 'R-1 🏠', status: 'Active', address: HOME, ...extra,
});
const one = [at('7100012345')];

const p = portal({
  id: 'family_aspnet', name: 'Sunrise Electric', hosts: ['www.sunrise-electric.test'],
  code: { digits: 6, life: 300, tries: 5 },
  customers: {
    plain: { password: PASSWORD, services: one },
    totp: { password: PASSWORD, services: one, mfa: ['totp'], totp: TOTP },
    sms: { password: PASSWORD, services: one, mfa: ['sms'], ends: '3161' },
    email: { password: PASSWORD, services: one, mfa: ['email'] },
    app: { password: PASSWORD, services: one, mfa: ['app'], totp: TOTP },
    any: { password: PASSWORD, services: one, mfa: ['sms', 'email', 'app'], ends: '3161', totp: TOTP },
    locked: { password: PASSWORD, services: one, locked: true },
    unenrolled: { password: PASSWORD, services: one, enrol: true },
    several: { password: PASSWORD, services: [at('7100012345'), at('7200012346', { address: '5 Mesa Ct, Sedona, AZ 86351' })] },
    closed: { password: PASSWORD, services: [at('7100012345'), at('7300012347', { status: 'Closed' })] },
    fuels: { password: PASSWORD, services: [at('7100012345'), at('7100012345', { service: 'Natural Gas', meter: 'SG55', point: 'P55', rate: 'G-1' })] },
    many: { password: PASSWORD, services: Array.from({ length: 7 }, (_, i) => at(String(7400000000 + i))) },
    none: { password: PASSWORD, services: [] },
    twice: { password: PASSWORD, services: [one[0], one[0]] },
    nostreet: { password: PASSWORD, services: [at('7100012345', { address: '' })] },
  },
});
const token = antiforgery(p, { cookie: '.AspNetCore.Antiforgery.w2uS7QcJ9kE' });
const second = identity(p, { base: '/Account', login: '/Account/Login.aspx', token, inside });
const PAGE_OF = 3;
const FIELDS = ['__VIEWSTATE', '__VIEWSTATEGENERATOR', '__EVENTVALIDATION', '__EVENTTARGET', '__EVENTARGUMENT'];

// WebForms: the state of a page and the delta of a partial postback

// Fresh state for a page of this browser; `place` is the page's name.
function fresh(c, place) {
  let browser = c.cookies['ASP.NET_SessionId'];
  p.state.views ??= new Map();
  if (!browser) {
    browser = p.token();
    c.cookies['ASP.NET_SessionId'] = browser;
    c.set('ASP.NET_SessionId', browser);
  }
  const view = { __VIEWSTATE: `/wEP${p.token(90)}|=`, __VIEWSTATEGENERATOR: 'C2EE9ABB', __EVENTVALIDATION: `/wEd${p.token(40)}` };
  p.state.views.set(`${browser} ${place}`, view);
  return view;
}

function hiddenFields(view) {
  return [...Object.entries(view), ['__EVENTTARGET', ''], ['__EVENTARGUMENT', '']].map(([name, value]) => hidden(name, value).replace('>', ` id="${name}">`)).join('\n');
}

function form(c, place, action, body) {
  return `<form id="aspnetForm" method="post" action="${action}"><div class="aspNetHidden">${hiddenFields(fresh(c, place))}</div>
<script>//<![CDATA[
Sys.WebForms.PageRequestManager._initialize('ctl00$ScriptManager1', 'aspnetForm', [], [], [], 90, 'ctl00');
//]]></script>${body}</form>`;
}

// Whether this is a partial postback as the page's script makes one: `field` is panel|control.
function partial(c, place, field, more = []) {
  const view = p.state.views?.get(`${c.cookies['ASP.NET_SessionId']} ${place}`);
  const whole = c.need({ form: [...FIELDS, 'ctl00$ScriptManager1', '__ASYNCPOST', ...more], headers: { 'x-microsoftajax': 'Delta=true', 'x-requested-with': 'XMLHttpRequest' } });
  const wanted = { ...view, 'ctl00$ScriptManager1': field, __ASYNCPOST: 'true' };
  for (const [name, value] of Object.entries(wanted)) if (whole && c.form.get(name) !== value) c.fault(`${name} is not the page's newest`);
  return whole && view && Object.entries(wanted).every(([name, value]) => c.form.get(name) === value);
}

const part = (kind, id, content) => `${content.length}|${kind}|${id}|${content}|`; // UTF-16 units, as .NET counts
const delta = (c, ...parts) => c.text(`1|#||4|${parts.join('')}`);
const redirected = (c, url) => delta(c, part('pageRedirect', '', encodeURIComponent(url)));

function updated(c, place, panel, html) {
  const fields = Object.entries(fresh(c, place)).map(([name, value]) => part('hiddenField', name, value));
  return delta(c, part('updatePanel', panel, html), ...fields, part('asyncPostBackControlIDs', '', ''), part('formAction', '', c.path));
}

const refused = (c) => delta(c, part('error', '500', 'Validation of viewstate MAC failed.'));

// Sign-in

function loginPanel(message = '', user = '') {
  return `${summary(message)}<label>E‑mail <input name="ctl00$Main$txtUser" type="text" id="ctl00_Main_txtUser" value="${escape(user)}"></label>
<label>Password <input name="ctl00$Main$txtPassword" type="password" id="ctl00_Main_txtPassword"></label>
<input id="ctl00_Main_chkRemember" type="checkbox" name="ctl00$Main$chkRemember"><input type="submit" name="ctl00$Main$btnLogin" value="Sign in" id="ctl00_Main_btnLogin">`;
}

p.get('/Account/Login.aspx', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Maintenance', '<h1>Down for maintenance</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Sunrise Electric', '<h1>Scheduled maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', '<h1>Too many requests</h1>'), { status: 429 });
  if (p.switches.redesign) return c.html(page('Welcome', '<div id="root"></div>'));
  return c.html(page('Sign in', `${form(c, 'login', 'Login.aspx', `<div id="ctl00_Main_upLogin">${loginPanel()}</div>`)}${
    p.switches.captcha ? '<div class="g-recaptcha" data-sitekey="modelled"></div>' : ''}`));
});

const SECOND = '/Account/LoginWith2fa?rememberMe=False&returnUrl=%2FServices%2FDefault.aspx';

function inside(c, who) {
  c.begin('.AspNetCore.Identity.Application', { who });
  return '/Services/Default.aspx';
}

function enter(c, who) {
  if (who.enrol) return '/Account/Manage/EnableAuthenticator';
  if (!who.mfa || second.knows(c, who)) return inside(c, who);
  if (!who.mfa.includes('totp')) return second.begin(c, who);
  if (c.session('Identity.TwoFactorRememberMe')?.who === who) return inside(c, who);
  c.begin('Identity.TwoFactorUserId', { who, at: p.now() });
  return SECOND;
}

p.post('/Account/Login.aspx', (c) => {
  if (p.switches.html) return c.html(page('Sunrise Electric', '<p>Please enable scripts.</p>'));
  const names = ['ctl00$Main$txtUser', 'ctl00$Main$txtPassword', 'ctl00$Main$btnLogin'];
  if (!partial(c, 'login', 'ctl00$Main$upLogin|ctl00$Main$btnLogin', names)) return refused(c);
  const [user, password] = names.map((name) => c.form.get(name));
  const who = p.customer(user);
  const how = p.password(c, who, password);
  if (how === 'locked') return redirected(c, '/Account/Lockout');
  if (how === 'wrong') return updated(c, 'login', 'ctl00_Main_upLogin', loginPanel('Your login attempt was not successful. Please try again.', user));
  return redirected(c, enter(c, who));
});

p.get('/Account/Lockout', (c) => c.html(page('Locked out', '<h1 class="text-danger">Locked out</h1><p>This account has been locked out, please try again later.</p>')));

p.get('/Account/Manage/EnableAuthenticator', (c) => c.html(page('Configure authenticator app', '<h3>Configure authenticator app</h3><p>Scan the QR code.</p>')));

// Who has given the password and not the code; the cookie lives five minutes.
function pending(c) {
  const half = c.session('Identity.TwoFactorUserId');
  return half && p.now() - half.at < 300000 ? half : undefined;
}

function secondPage(c, message = '') {
  return c.html(page('Two-factor authentication', `<h1>Two-factor authentication</h1><p>Your login is protected with an authenticator app. Enter your authenticator code below.</p>
<form method="post" action="${escape(SECOND)}">${hidden('RememberMe', 'False')}${summary(message)}
<label for="Input_TwoFactorCode">Authenticator code</label><input class="form-control" autocomplete="off" type="text" id="Input_TwoFactorCode" maxlength="7" name="Input.TwoFactorCode" value="">
<label><input type="checkbox" id="Input_RememberMachine" name="Input.RememberMachine" value="true"> Remember this machine</label>
<button type="submit">Log in</button>${token.field(c)}<input name="Input.RememberMachine" type="hidden" value="false"></form>`));
}

p.get('/Account/LoginWith2fa', (c) => (pending(c) ? secondPage(c) : c.redirect('/Account/Login.aspx')));

p.post('/Account/LoginWith2fa', (c) => {
  const half = pending(c);
  if (!half) return c.redirect('/Account/Login.aspx');
  const whole = c.need({ form: ['RememberMe', 'Input.TwoFactorCode', 'Input.RememberMachine'], query: ['rememberMe', 'returnUrl'] });
  if (!token.check(c) || !whole) return c.nothing(400);
  const how = p.totp(c, half.who, c.form.get('Input.TwoFactorCode'));
  if (how === 'exhausted') return c.redirect('/Account/Lockout');
  if (how !== 'ok') return secondPage(c, 'Invalid authenticator code.');
  if (c.form.getAll('Input.RememberMachine').includes('true')) c.begin('Identity.TwoFactorRememberMe', { who: half.who }, { maxAge: 1209600 });
  c.end('Identity.TwoFactorUserId');
  return c.redirect(inside(c, half.who));
});

// Inside

const signedIn = (c) => (p.switches.lost ? undefined : c.session('.AspNetCore.Identity.Application'));

function gridPanel(services, number) {
  const pages = Math.ceil(services.length / PAGE_OF);
  const rows = services.slice((number - 1) * PAGE_OF, number * PAGE_OF).map((a) => `<tr>${
    [a.account, a.service, a.meter, a.point, a.rate, a.status, a.address].map((text) => `<td>${escape(text)}</td>`).join('')}</tr>`);
  const links = Array.from({ length: pages }, (_, i) => (i + 1 === number ? `<td><span>${i + 1}</span></td>`
    : `<td><a href="javascript:__doPostBack(&#39;ctl00$Main$gvServices&#39;,&#39;Page$${i + 1}&#39;)">${i + 1}</a></td>`));
  const pager = pages > 1 ? `<tr class="pager"><td colspan="7"><table><tr>${links.join('')}</tr></table></td></tr>` : '';
  const names = ['Account Number', 'Service', 'Meter Number', 'Service Point', 'Rate', 'Status', 'Service Address'];
  return `<div><table cellspacing="0" id="ctl00_Main_gvServices"><tr>${names.map((name) => `<th scope="col">${name}</th>`).join('')}</tr>
${rows.join('\n')}${pager}</table></div>`;
}

p.get('/Services/Default.aspx', (c) => {
  const session = signedIn(c);
  if (!session) return c.redirect('/Account/Login.aspx?ReturnUrl=%2FServices%2FDefault.aspx');
  const { services } = session.who;
  session.page = 1;
  const body = services.length ? `<div id="ctl00_Main_upServices">${gridPanel(services, 1)}</div>` : '<span id="ctl00_Main_lblNone">You have no services.</span>';
  return c.html(page('Services', `${form(c, 'services', 'Default.aspx', body)}
<form id="logoutForm" method="post" action="/Account/Logout">${token.field(c)}<button type="submit">Log out</button></form>`));
});

p.post('/Services/Default.aspx', (c) => {
  const session = signedIn(c);
  if (!session || p.switches.lostLater) return redirected(c, '/Account/Login.aspx?ReturnUrl=%2FServices%2FDefault.aspx');
  if (!partial(c, 'services', 'ctl00$Main$upServices|ctl00$Main$gvServices')) return refused(c);
  const number = Number(/^Page\$(\d+)$/.exec(c.form.get('__EVENTARGUMENT'))?.[1]);
  if (c.form.get('__EVENTTARGET') !== 'ctl00$Main$gvServices' || number !== session.page + 1) {
    c.fault('no such page of the grid');
    return refused(c);
  }
  session.page = number;
  return updated(c, 'services', 'ctl00_Main_upServices', gridPanel(session.who.services, number));
});

p.post('/Account/Logout', (c) => {
  token.check(c);
  c.session('.AspNetCore.Identity.Application');
  c.end('.AspNetCore.Identity.Application');
  return c.redirect('/Account/Login.aspx');
});

export default p;
