// Xcel Energy: a Gigya screen set on a Salesforce community, and the usage portal by SAML.
//
// Documented: the login page and its chain, SAML by /idp/login?app=…, the usage page with custId and services named E-… and G-….
// Modelled: the data centre, the proxy's steps, all of MFA, the chooser of accounts, printed meter numbers.
import { gigya } from './lib/gigya.mjs';
import { escape, page, portal } from './lib/portal.mjs';
import { assertions, autoPost } from './lib/saml.mjs';

const PASSWORD = 'Front-Range-84';
const WEB = 'my.xcelenergy.com';
const ACCOUNTS = 'accounts.us1.gigya.com';
const PROXY = 'fidm.us1.gigya.com';
const USAGE = 'myenergy.xcelenergy.com';
const KEY = '4_modelledSiteKey7Zt0';
const ACS = `https://${USAGE}/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp`;

const service = (fuel, meter) => ({ value: `${fuel}-302-${meter}`, fuel, meter });
const at = (number, extra = {}) => ({ id: `c${number.slice(-4)}`, number, name: 'DREW PARK', status: 'Active', address: '1450 WYNKOOP ST APT 9, DENVER, CO 80202', services: [service('E', `00${number.slice(-7)}`)], ...extra });
const one = [at('5300123456')];
const totp = 'KRSXG5CTMVRXEZLUKN2XAZLS';

const p = portal({
  id: 'xcel', name: 'Xcel Energy', hosts: [WEB, ACCOUNTS, PROXY, USAGE], code: { digits: 6, life: 400, tries: 5 },
  customers: Object.fromEntries(Object.entries({
    plain: { accounts: one },
    sms: { accounts: one, mfa: ['sms', 'voice'] },
    email: { accounts: one, mfa: ['email'] },
    totp: { accounts: one, mfa: ['totp'], totp },
    all: { accounts: one, mfa: ['sms', 'voice', 'email', 'totp'], totp },
    locked: { accounts: one, locked: true },
    disabled: { accounts: one, disabled: true },
    renew: { accounts: one, renew: true },
    profile: { accounts: one, profile: true },
    unconfirmed: { accounts: one, unconfirmed: true },
    enrol: { accounts: one, enrol: true },
    several: { accounts: [at('5300123456'), at('5300223457', { address: '9 PEARL ST, BOULDER, CO 80302' })] },
    closed: { accounts: [at('5300123456'), at('5300323458', { status: 'Inactive' })] },
    fuels: { accounts: [at('5300123456', { services: [service('E', '000123456'), service('G', '000654321')] })] },
    none: { accounts: [] },
    twice: { accounts: [at('5300123456', { services: [one[0].services[0], one[0].services[0]] })] },
    nostreet: { accounts: [at('5300123456', { address: '' })] },
  }).map(([key, who]) => [key, { password: PASSWORD, ...who }])),
});
const saml = assertions(p);

p.get('/MyAccount/', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Xcel', '<h1>My Account is down for maintenance</h1>'));
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  return c.redirect('/MyAccount/services/auth/sso/Gigya');
});

p.get('/MyAccount/services/auth/sso/Gigya', (c) => {
  p.state.flow = p.token();
  c.set('BrowserId', p.token());
  return c.redirect(`https://${PROXY}/oidc/op/v1.0/${KEY}/authorize?client_id=modelled&response_type=code&scope=openid&state=${p.state.flow}&redirect_uri=${encodeURIComponent(`https://${WEB}/MyAccount/services/authcallback/Gigya`)}`);
});

p.on(PROXY, 'GET', `/oidc/op/v1.0/${KEY}/authorize`, (c) => {
  p.state.contexts ??= new Set();
  const context = p.token();
  p.state.contexts.add(context);
  return c.redirect(`https://${WEB}/MyAccount/XE_Login?template=XE_MA_Template&gig_client_id=JnU2RjC15thihnMDrOyzKzvH&context=${context}`);
});

// Only the container with the role "instance" is live; the other is a template.
p.get('/MyAccount/XE_Login', (c) => {
  const script = p.switches.moved ? '' : `<script src="https://cdns.us1.gigya.com/js/gigya.js?apikey=${KEY}"></script>`;
  const form = (role) => `<div data-screenset-roles="${role}"><form data-gigya-name="login"><input data-gigya-name="loginID" name="username"><input data-gigya-name="password" name="password" type="password"></form></div>`;
  return c.html(page('Sign In', `${form('template')}${form('instance')}`, script));
});

gigya(p, {
  host: ACCOUNTS, key: KEY, proxy: PROXY,
  finish(c, who) {
    p.state.code = { code: p.token(), who };
    return c.redirect(`https://${WEB}/MyAccount/services/authcallback/Gigya?code=${p.state.code.code}&state=${p.state.flow}`);
  },
});

p.get('/MyAccount/services/authcallback/Gigya', (c) => {
  const { code } = p.state;
  p.state.code = undefined;
  c.need({ cookies: ['BrowserId'] });
  if (!code || code.code !== c.query.get('code') || c.query.get('state') !== p.state.flow) {
    c.fault('the code or state is another, or was used');
    return c.redirect('/MyAccount/');
  }
  p.state.ticket = { id: p.token(), who: code.who };
  return c.redirect(`/MyAccount/secur/frontdoor.jsp?sid=${p.state.ticket.id}&retURL=%2FMyAccount%2Fs%2F`);
});

p.get('/MyAccount/secur/frontdoor.jsp', (c) => {
  const { ticket } = p.state;
  p.state.ticket = undefined;
  if (ticket?.id !== c.query.get('sid')) {
    c.fault('a session id that is unknown or was used');
    return c.redirect('/MyAccount/');
  }
  c.begin('sid', { who: ticket.who });
  return c.redirect(c.query.get('retURL'));
});

p.get('/MyAccount/s/', (c) => (c.session('sid') ? c.html(page('My Account', '<main id="community-home"></main>')) : c.redirect('/MyAccount/')));

p.get('/MyAccount/idp/login', (c) => {
  const session = c.session('sid');
  if (!session) return c.redirect('/MyAccount/');
  if (c.query.get('app') !== '0sp2R0000008OoM') c.fault('another application');
  return c.html(autoPost(ACS, [['SAMLResponse', saml.issue(session.who, ACS)], ['RelayState', '']], { id: 'samlForm' }));
});

p.on(USAGE, 'POST', '/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp', (c) => {
  const who = saml.take(c, c.form.get('SAMLResponse'), ACS);
  if (!who) return c.html(page('Error', '<h1>Unhandled exception</h1>'), { status: 500 });
  c.begin('SimpleSAMLSessionID', { who });
  c.set('PHPSESSID', p.token());
  return c.redirect('/myenergy/usage-history');
});

p.on(USAGE, 'GET', '/myenergy/usage-history', (c) => {
  const session = p.switches.lost && c.query.get('custId') ? undefined : c.session('SimpleSAMLSessionID');
  if (!session) return c.html(page('Sign in', '<p>Please sign in again.</p>'));
  const { accounts } = session.who;
  if (!accounts.length) return c.html(page('Usage', '<p id="noServices">There are no services.</p>'));
  const a = c.query.get('custId') ? accounts.find((one_) => one_.id === c.query.get('custId')) : accounts[0];
  if (!a) {
    c.fault('an account of somebody else');
    return c.html(page('Error', ''), { status: 404 });
  }
  const chooser = accounts.length > 1 ? `<select id="accountSelect">${accounts.map((x) => `<option value="${x.id}">${x.number}</option>`).join('')}</select>` : '';
  const services = a.services.map((s) => `<option value="${s.value}" data-meter="${s.meter}">${s.fuel === 'E' ? 'Electricity' : 'Natural Gas'}</option>`).join('');
  return c.html(page('Usage history', `${chooser}<input type="hidden" name="custId" value="${a.id}"><p id="accountNumber">${a.number}</p><p id="customerName">${a.name}</p><p id="accountStatus">${a.status}</p>
<p id="serviceAddress">${escape(a.address)}</p><select id="serviceSelect">${services}</select>`));
});

p.get('/MyAccount/secur/logout.jsp', (c) => {
  c.session('sid');
  c.end('sid');
  return c.html(page('Signed out', '<p>You are signed out.</p>'));
});

export default p;
