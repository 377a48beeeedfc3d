// Ameren: a ForgeRock tree by REST, then OpenID Connect by form_post into an ASP.NET site.
//
// Documented: the hosts, realm and tree, name and password as second and third callback, initiatefrlogin, form_post with iss.
// Modelled: all of MFA (the family's one-time passwords), the list of accounts, signing out of the site.
import { antiforgery, hidden } from './lib/aspnet.mjs';
import { forgerock } from './lib/forgerock.mjs';
import { page, portal } from './lib/portal.mjs';
import { autoPost } from './lib/saml.mjs';

const PASSWORD = 'River-Bluff-77';
const WEB = 'www.ameren.com';
const AM = 'login.eiam.ece.ameren.com';
const CLIENT = '86e63c1f-eefb-46d3-b2e2-1ac54af179fb';

const meter = (number, extra = {}) => ({ meterNumber: number, serviceType: 'ELECTRIC', rateCode: 'DS-1', ...extra });
const premise = (number, extra = {}) => ({ premiseNumber: number, addressLine1: '900 LINCOLN AVE UNIT 3', addressLine2: '', city: 'PEORIA', state: 'IL', zipCode: '61602', status: 'Active', meters: [meter(`9${number}`)], ...extra });
const at = (number, extra = {}) => ({ accountNumber: number, billAccountId: `B${number.slice(-5)}`, customerName: 'RILEY MOORE', status: 'Active', premises: [premise(number.slice(-7))], ...extra });
const one = [at('1234567890')];

const p = portal({
  id: 'ameren', name: 'Ameren', hosts: [WEB, AM], code: { digits: 8, life: 250, tries: 5 },
  customers: Object.fromEntries(Object.entries({
    plain: { accounts: one },
    sms: { accounts: one, mfa: ['sms'] },
    email: { accounts: one, mfa: ['email'] },
    both: { accounts: one, mfa: ['email', 'sms'] },
    trusting: { accounts: one, mfa: ['sms'], trust: 'choice' },
    question: { accounts: one, question: 'Biscuit' },
    approve: { accounts: one, approve: true },
    suspended: { accounts: one, suspended: true },
    terms: { accounts: one, terms: true },
    renew: { accounts: one, renew: true },
    locked: { accounts: one, locked: true },
    several: { accounts: [at('1234567890'), at('2234567891', { premises: [premise('4567891', { addressLine1: '18 CEDAR ST', city: 'ST LOUIS', state: 'MO', zipCode: '63101' })] })] },
    closed: { accounts: [at('1234567890'), at('3234567892', { status: 'Closed', premises: [premise('4567892', { status: 'Closed' })] })] },
    fuels: { accounts: [at('1234567890', { premises: [premise('4567890', { meters: [meter('E1'), meter('G1', { serviceType: 'GAS', rateCode: 'GDS-1' })] })] })] },
    many: { accounts: Array.from({ length: 12 }, (_, i) => at(String(4000000000 + i))) },
    none: { accounts: [] },
    twice: { accounts: [at('1234567890', { premises: [one[0].premises[0], one[0].premises[0]] })] },
    nostreet: { accounts: [at('1234567890', { premises: [premise('4567890', { addressLine1: null, city: null, zipCode: null, meters: [meter('94567890')] })] })] },
  }).map(([key, who]) => [key, { password: PASSWORD, ...who }])),
});
const token = antiforgery(p);
const am = forgerock(p, { host: AM, realm: 'ameren', tree: 'amerenrestlogin', origin: `https://${WEB}` });
const PAGE_OF = 5;

p.get('/login-page/', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Ameren', '<h1>Account access is down for scheduled maintenance</h1>'));
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('Ameren', '<div id="app"></div>'));
  c.set('ASP.NET_SessionId', p.token());
  return c.html(page('Sign in', '<input id="txtSignInEmail" type="email"><input id="txtSignInPassword" type="password"><button id="btnLogin" type="button">Sign in</button>'));
});

p.get('/api/ameren/login/initiatefrlogin', (c) => {
  c.need({ cookies: ['ASP.NET_SessionId'] });
  p.state.flow = p.token();
  return c.html(page('Signing in', `<form method="post" action="/api/ameren/login/initiatefrlogin">${token.field(c)}${hidden('returnUrl', '/account/prot/dashboard/home')}</form>`));
});

p.post('/api/ameren/login/initiatefrlogin', (c) => {
  token.check(c);
  const query = new URLSearchParams({ client_id: CLIENT, redirect_uri: `https://${WEB}/`, response_type: 'code', response_mode: 'form_post', scope: 'openid READ:CUSTOMER:PREMISES READ:CUSTOMER:BILLACCOUNT', state: p.state.flow, nonce: p.token() });
  return c.redirect(`https://${AM}/oauth2/realms/root/realms/ameren/authorize?${query}`);
});

p.on(AM, 'GET', '/oauth2/realms/root/realms/ameren/authorize', (c) => {
  const who = am.signedIn(c);
  if (!who) return c.redirect(`https://${WEB}/login-page/`);
  p.state.code = { code: p.token(), who };
  return c.html(autoPost(`https://${WEB}/`, [['code', p.state.code.code], ['state', c.query.get('state')], ['iss', `https://${AM}/oauth2/realms/root/realms/ameren`], ['client_id', CLIENT]], { id: 'form_post', encoded: false }));
});

p.post('/', (c) => {
  c.need({ form: ['code', 'state', 'iss', 'client_id'] });
  const { code } = p.state;
  p.state.code = undefined;
  if (!code || code.code !== c.form.get('code') || c.form.get('state') !== p.state.flow) {
    c.fault('the code or state is another, or was used');
    return c.redirect('/login-page/');
  }
  c.begin('.AspNet.Cookies', { who: code.who });
  return c.redirect('/account/prot/dashboard');
});

const inside = (c) => (p.switches.lost ? undefined : c.session('.AspNet.Cookies'));
p.get('/account/prot/dashboard', (c) => c.redirect('/account/prot/dashboard/home'));
p.get('/account/prot/dashboard/home', (c) => (inside(c) || p.switches.lost ? c.html(page('Dashboard', `<main id="dashboard"><h1>My account</h1>${token.field(c)}</main>`)) : c.redirect('/login-page/')));

p.get('/api/ameren/AccountSummaryStatus/GetAccounts', (c) => {
  const session = inside(c);
  if (!session) return c.send({ Message: 'Unauthorized' }, { status: 401 });
  if (p.switches.html === true) return c.html(page('Ameren', '<div id="app"></div>'));
  const number = Number(c.query.get('page') ?? 1);
  const { accounts } = session.who;
  return c.send({ accounts: accounts.slice((number - 1) * PAGE_OF, number * PAGE_OF), totalPages: Math.max(1, Math.ceil(accounts.length / PAGE_OF)) });
});

p.get('/account/logout', (c) => {
  c.session('.AspNet.Cookies');
  c.end('.AspNet.Cookies');
  return c.redirect('/login-page/');
});

export default p;
