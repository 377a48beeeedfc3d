// Tucson Electric Power: an ASP.NET MVC site with antiforgery tokens and ASP.NET Identity's second factor.
//
// Documented: the sign-in page, AccountSelection with its table AcctSelTabel. Modelled: names of fields, all of MFA, the dashboard.
import { antiforgery, hidden, summary } from './lib/aspnet.mjs';
import { identity } from './lib/identity.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Saguaro-Moon-31';
const at = (number, extra = {}) => ({
  number, name: 'Robin Vega', address: '412 E MESQUITE ST APT 7, TUCSON, AZ 85719', status: 'Active',
  meters: [{ number: `AZ${number.slice(-6)}`, point: `77${number.slice(-8)}`, service: 'Electric', rate: 'R-01' }], ...extra,
});
const one = [at('1234567890')];

const p = portal({
  id: 'tep', name: 'Tucson Electric Power', hosts: ['account.tep.com'],
  code: { digits: 6, life: 300, tries: 5 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'], ends: '3161' },
    email: { password: PASSWORD, accounts: one, mfa: ['email'] },
    both: { password: PASSWORD, accounts: one, mfa: ['sms', 'email'], ends: '3161' },
    locked: { password: PASSWORD, accounts: one, locked: true },
    several: { password: PASSWORD, accounts: [at('1234567890'), at('2234567891', { name: 'Robin Vega Studio', address: '9 N OLIVE AVE, TUCSON, AZ 85705' })] },
    closed: { password: PASSWORD, accounts: [at('1234567890'), at('3234567892', { status: 'Closed', meters: [] })] },
    many: { password: PASSWORD, accounts: Array.from({ length: 7 }, (_, i) => at(String(4000000000 + i))) },
    bare: { password: PASSWORD, accounts: [] },
    none: { password: PASSWORD, accounts: [at('5234567893', { meters: [] })] },
    twice: { password: PASSWORD, accounts: [at('1234567890', { meters: [...one[0].meters, ...one[0].meters] })] },
    nostreet: { password: PASSWORD, accounts: [at('1234567890', { address: '' })] },
  },
});
const token = antiforgery(p);
const second = identity(p, { base: '/MyAccount', login: '/MyAccount/Login', token, inside });
const PAGE_OF = 5;

function login(c, message = '', user = '') {
  return c.html(page('Log In', `${summary(message)}<form action="/MyAccount/Login" method="post" class="form-horizontal">
${token.field(c)}${hidden('ReturnUrl', c.query.get('ReturnUrl') ?? '')}
<label for="Email">E-mail *</label><input id="Email" name="Email" type="email" value="${escape(user)}">
<label for="Password">Password *</label><input id="Password" name="Password" type="password">
<input type="checkbox" name="RememberMe" value="true" id="RememberMe"><input type="hidden" name="RememberMe" value="false">
<button type="submit">Login</button></form>
${p.switches.captcha ? '<div class="g-recaptcha" data-sitekey="modelled"></div>' : ''}`));
}

p.get('/MyAccount/Login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Maintenance', '<h1>Down for maintenance</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Scheduled maintenance', '<h1>Our site is undergoing scheduled maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1><p>Reference #18.9f</p>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', '<h1>Too many requests</h1>'), { status: 429, headers: { 'retry-after': '120' } });
  if (p.switches.redesign) return c.html(page('Welcome', '<div id="app"></div>'));
  return login(c);
});

function inside(c, who) {
  c.begin('.AspNet.ApplicationCookie', { who });
  return who.accounts.length === 1 ? '/MyAccount/Dashboard' : '/MyAccount/AccountSelection';
}

p.post('/MyAccount/Login', (c) => {
  if (!token.check(c) || !c.need({ form: ['Email', 'Password', 'RememberMe', 'ReturnUrl'] })) return c.html(page('Error', '<h1>Error</h1>'), { status: 400 });
  const who = p.customer(c.form.get('Email'));
  const how = p.password(c, who, c.form.get('Password'));
  if (how === 'locked') return second.lockedOut(c);
  if (how === 'wrong') return login(c, p.switches.words ?? 'Invalid login attempt.', c.form.get('Email'));
  return c.redirect(!who.mfa || second.knows(c, who) ? inside(c, who) : second.begin(c, who));
});

// Inside

function signedIn(c) {
  const session = c.session('.AspNet.ApplicationCookie');
  return session && !p.lost(c) ? session : undefined;
}

p.get('/MyAccount/AccountSelection', (c) => {
  const session = signedIn(c);
  if (!session) return c.redirect('/MyAccount/Login?ReturnUrl=%2FMyAccount%2FAccountSelection');
  const number = Number(c.query.get('page') ?? 1);
  const { accounts } = session.who;
  const rows = accounts.slice((number - 1) * PAGE_OF, number * PAGE_OF).map((a) => `<tr><td><a href="/MyAccount/SelectAccount?id=${a.number}">${a.number}</a></td><td>${
    escape(a.name)}</td><td>${escape(a.address)}</td><td>${a.status}</td></tr>`);
  const next = number * PAGE_OF < accounts.length ? `<a rel="next" href="/MyAccount/AccountSelection?page=${number + 1}">Next</a>` : '';
  return c.html(page('Select an account', `<table id="AcctSelTabel" class="table"><thead><tr><th>Account Number</th><th>Customer Name</th><th>Service Address</th><th>Status</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>${next}`));
});

p.get('/MyAccount/SelectAccount', (c) => {
  const session = signedIn(c);
  if (!session) return c.redirect('/MyAccount/Login');
  session.account = session.who.accounts.find((a) => a.number === c.query.get('id'));
  if (!session.account) c.fault('an account of somebody else');
  return c.redirect('/MyAccount/Dashboard');
});

p.get('/MyAccount/Dashboard', (c) => {
  const session = signedIn(c);
  if (!session) return c.redirect('/MyAccount/Login');
  const a = session.account ?? (session.who.accounts.length === 1 ? session.who.accounts[0] : undefined);
  if (!a) return c.redirect('/MyAccount/AccountSelection');
  const rows = a.meters.map((m) => `<tr><td>${m.number}</td><td>${m.point}</td><td>${m.service}</td><td>${m.rate}</td></tr>`);
  const meters = rows.length ? `<table id="MeterTable"><tr><th>Meter Number</th><th>Service Point</th><th>Service</th><th>Rate</th></tr>${rows.join('')}</table>`
    : '<p id="NoService">There is no service at this account.</p>';
  return c.html(page('Dashboard', `<h1>My Account</h1><dl><dt>Account</dt><dd id="AccountNumber">${a.number}</dd><dt>Name</dt><dd id="CustomerName">${escape(a.name)}</dd>
<dt>Service address</dt><dd id="ServiceAddress">${escape(a.address)}</dd><dt>Status</dt><dd id="AccountStatus">${a.status}</dd></dl>${meters}
<form id="logoutForm" action="/MyAccount/LogOff" method="post">${token.field(c)}<button type="submit">Log Out</button></form>`));
});

p.post('/MyAccount/LogOff', (c) => {
  token.check(c);
  c.session('.AspNet.ApplicationCookie');
  c.end('.AspNet.ApplicationCookie');
  return c.redirect('/MyAccount/Login');
});

export default p;
