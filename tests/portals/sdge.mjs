// San Diego Gas & Electric: an ASP.NET MVC portal whose sign-in is done by a script, and a layout of its own for large customers.
//
// Documented: the sign-in page's inputs, the text message and the field t_x_t_c_o_d_e on the same page, the selects of the usage
// page, displayed numbers without leading zeros and the last digit. Modelled: every request that the script makes, and MFA's answers.
import { antiforgery, hidden } from './lib/aspnet.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Torrey-Pines-73';
const WEB = 'myenergycenter.com';
const LARGE = 'myaccount-ent.sdge.com';

const electric = (number) => ({ number, kind: 'E', rate: 'TOU-DR1', text: `Electric ${number}` });
const gas = (number) => ({ number, kind: 'G', rate: 'GR', text: `Gas ${number}` });
// bill: the number on the bill, 12 digits; shown: without leading zeros and the last digit.
const at = (bill, extra = {}) => ({
  id: `a${bill.slice(-5)}`, bill, shown: bill.replace(/^0+/, '').slice(0, -1), address: '742 JUNIPER ST APT 3, SAN DIEGO, CA 92101', rate: 'TOU-DR1', status: 'Active',
  meters: [electric(`0${bill.slice(3, 10)}`)], ...extra,
});
const one = [at('001234567890')];

const p = portal({
  id: 'sdge', name: 'San Diego Gas & Electric', hosts: [WEB, LARGE, 'myaccount.sdge.com'],
  code: { digits: 6, life: 300, tries: 4 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'] },
    paperless: { password: PASSWORD, accounts: one, modal: true },
    locked: { password: PASSWORD, accounts: one, locked: true },
    several: { password: PASSWORD, accounts: [at('001234567890'), at('002234567891', { address: '15 PALM AVE, CHULA VISTA, CA 91910' })] },
    closed: { password: PASSWORD, accounts: [at('001234567890'), at('003234567892', { status: 'Closed', meters: [] })] },
    fuels: { password: PASSWORD, accounts: [at('001234567890', { meters: [electric('04567890'), gas('08765432')] })] },
    large: { password: PASSWORD, portfolios: [{ id: 'p1', name: 'North', accounts: [at('004234567893'), at('004234567894')] }, { id: 'p2', name: 'South', accounts: [at('004234567895')] }], accounts: [] },
    none: { password: PASSWORD, accounts: [] },
    noUsage: { password: PASSWORD, accounts: [at('001234567890', { meters: [], ineligible: true })] },
    twice: { password: PASSWORD, accounts: [at('001234567890', { meters: [...one[0].meters, ...one[0].meters] })] },
    unbilled: { password: PASSWORD, accounts: [at('001234567890', { bill: undefined, shown: '123456789', meters: one[0].meters })] },
    nostreet: { password: PASSWORD, accounts: [at('001234567890', { address: '' })] },
  },
});
const token = antiforgery(p);

function login(c) {
  return c.html(page('Log in', `<div class="toast-container"></div><form id="loginForm">${token.field(c)}${hidden('hdnDeviceType', 'Web')}${hidden('ReturnUrl', '')}
<input id="usernamex" name="usernamex" type="text"><input id="passwordx" name="passwordx" type="password" autocomplete="off">
<button id="btnlogin" type="button">Log in</button></form>${p.switches.captcha ? '<div class="g-recaptcha" data-sitekey="x"></div>' : ''}`));
}

p.on('myaccount.sdge.com', 'GET', '/portal/PreLogin/Validate', (c) => c.redirect(`https://${WEB}/portal/PreLogin/Validate`, 301));

p.get('/portal/PreLogin/Validate', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>My Energy Center is down for maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429 });
  if (p.switches.redesign) return c.html(page('My Energy Center', '<main id="app"></main>'));
  return login(c);
});

function xhr(c, form) {
  const whole = c.need({ form, headers: { 'x-requested-with': 'XMLHttpRequest', referer: /\/portal\/PreLogin\/Validate/ } });
  return token.check(c) && whole;
}

const bad = (c) => c.send({ IsSuccess: false, Errors: { '': ['Bad request'] } }, { status: 400 });
const no = (c, field, text, more = {}) => c.send({ IsSuccess: false, Errors: { [field]: [text] }, ...more });

function enter(c, who) {
  const host = who.portfolios ? LARGE : WEB;
  const ticket = p.token();
  p.state.tickets ??= new Map();
  p.state.tickets.set(ticket, who);
  if (!who.portfolios) c.begin('.AspNet.ApplicationCookie', { who });
  return c.send({ IsSuccess: true, RedirectUrl: host === WEB ? '/portal/Home/Index' : `https://${LARGE}/Portal/Home/Index?ticket=${ticket}` });
}

p.post('/portal/PreLogin/Validate', (c) => {
  if (!xhr(c, ['usernamex', 'passwordx', 'hdnDeviceType', 'ReturnUrl'])) return bad(c);
  if (p.switches.htmlLogin) return c.html(page('My Energy Center', '<main id="app"></main>'));
  if (p.switches.edge) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.down) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  const who = p.customer(c.form.get('usernamex'));
  const how = p.password(c, who, c.form.get('passwordx'));
  if (how === 'locked') return no(c, '', 'Your account is locked. Please try again in 30 minutes.', { IsLockedOut: true });
  if (how === 'wrong') return no(c, '', 'The user name or password is incorrect.');
  if (!who.mfa) return enter(c, who);
  c.begin('.AspNet.TwoFactorCookie', { who, at: p.now(), sends: 1 });
  p.send(who, 'sms', '(***) ***-3161');
  return c.send({ IsSuccess: true, IsMfaRequired: true, MaskedPhone: '(***) ***-3161' });
});

function pending(c) {
  const half = c.session('.AspNet.TwoFactorCookie');
  return half && p.now() - half.at < 600000 ? half : undefined;
}

const gone = (c) => c.send({ IsSuccess: false, SessionExpired: true, RedirectUrl: '/portal/PreLogin/Validate' });

p.post('/portal/PreLogin/ValidateCode', (c) => {
  if (!xhr(c, ['t_x_t_c_o_d_e'])) return bad(c);
  const half = pending(c);
  if (!half) return gone(c);
  const how = p.verify(c, half.who, c.form.get('t_x_t_c_o_d_e'));
  if (how === 'exhausted') return no(c, '', 'Your account is locked after too many attempts.', { IsLockedOut: true });
  if (how === 'expired') return no(c, 't_x_t_c_o_d_e', 'The code has expired.');
  if (how !== 'ok') return no(c, 't_x_t_c_o_d_e', 'The code is incorrect.');
  c.end('.AspNet.TwoFactorCookie');
  return enter(c, half.who);
});

p.post('/portal/PreLogin/ResendCode', (c) => {
  if (!xhr(c, [])) return bad(c);
  const half = pending(c);
  if (!half) return gone(c);
  if (p.switches.unsent) return no(c, '', 'Something went wrong.');
  if (p.tooOften(half)) return no(c, '', 'You have reached the limit of codes.');
  half.at = p.now();
  p.send(half.who, 'sms', '(***) ***-3161');
  return c.send({ IsSuccess: true });
});

// Inside

const signedIn = (c) => (p.lost(c) ? undefined : c.session('.AspNet.ApplicationCookie'));
const back = (c) => c.redirect(`https://${WEB}/portal/PreLogin/Validate`);

function home(c, base, who) {
  const modal = who.modal ? '<div id="paperlessModal" class="modal in"><h2>Go paperless?</h2><button type="button" class="close">Close</button></div>' : '';
  return c.html(page('Home', `${modal}<nav><a href="${base}/Usage/Index">Usage</a></nav><form id="logoutForm" method="post" action="${base}/Home/LogOff">${token.field(c)}<button>Log off</button></form>`));
}

p.get('/portal/Home/Index', (c) => {
  const session = signedIn(c);
  return session ? home(c, '/portal', session.who) : back(c);
});

p.on(LARGE, 'GET', '/Portal/Home/Index', (c) => {
  const who = p.state.tickets?.get(c.query.get('ticket'));
  if (who) {
    p.state.tickets.delete(c.query.get('ticket'));
    c.begin('.AspNet.ApplicationCookie', { who });
    return home(c, '/Portal', who);
  }
  const session = signedIn(c);
  return session ? home(c, '/Portal', session.who) : back(c);
});

function logOff(c) {
  token.check(c);
  c.session('.AspNet.ApplicationCookie');
  c.end('.AspNet.ApplicationCookie');
  return back(c);
}
p.post('/portal/Home/LogOff', logOff);
p.on(LARGE, 'POST', '/Portal/Home/LogOff', logOff);

function shown(a) {
  const meters = a.meters.map((m) => `<option value="${m.number}" data-service="${m.kind}" data-rate="${m.rate}">${m.text}</option>`).join('');
  return `<p id="serviceAddress">${escape(a.address)}</p><p id="ratePlan">${a.rate}</p><p id="accountStatus">${a.status}</p>
${a.ineligible ? '<p class="acctMtrNotEligible">Usage data is not available for this account.</p>' : `<div id="meterDiv"><select>${meters}</select></div>`}`;
}

const billed = (a) => (a.bill ? ` data-bill-number="${a.bill}"` : '');
const option = (a, chosen) => `<option value="${a.id}"${billed(a)} data-address="${escape(a.address)}"${chosen ? ' selected' : ''}>${a.shown}</option>`;

p.get('/portal/Usage/Index', (c) => {
  const session = signedIn(c);
  if (!session) return back(c);
  const { accounts } = session.who;
  if (!accounts.length) return c.html(page('Usage', '<p id="noAccounts">There are no accounts.</p>'));
  const wanted = c.query.get('accountId');
  const a = wanted ? accounts.find((one_) => one_.id === wanted) : accounts[0];
  if (!a) {
    c.fault('an account of somebody else');
    return back(c);
  }
  const chooser = accounts.length > 1 ? `<select id="accountList">${accounts.map((one_) => option(one_, one_ === a)).join('')}</select>`
    : `<span id="accountNumber"${billed(a)}>${a.shown}</span>`;
  return c.html(page('Usage', `${chooser}${shown(a)}`));
});

p.on(LARGE, 'GET', '/Portal/Usage/Index', (c) => {
  const session = signedIn(c);
  if (!session?.who.portfolios) return back(c);
  const { portfolios } = session.who;
  const portfolio = portfolios.find((one_) => one_.id === (c.query.get('portfolioId') ?? 'p1'));
  const a = portfolio?.accounts.find((one_) => one_.id === (c.query.get('accountId') ?? portfolio.accounts[0].id));
  if (!a) {
    c.fault('an account outside the portfolio');
    return back(c);
  }
  return c.html(page('Usage', `<select id="single-Select1">${portfolios.map((one_) => `<option value="${one_.id}"${one_ === portfolio ? ' selected' : ''}>${one_.name}</option>`).join('')}</select>
<select id="multiple-selectAccount" multiple>${portfolio.accounts.map((one_) => option(one_, one_ === a)).join('')}</select>${shown(a)}`));
});

export default p;
