// PSE&G: the portal's shell, the hosted page of its Okta organisation, and MyMeter by SAML.
//
// Documented: the hosts, client and server ids, the auto-submitted forms, MFA at every sign-in by e-mail, text or call, no
// remembered device, MyMeter's pages and the columns of its download. Modelled: markup, the order of the remediations.
import { antiforgery, hidden } from './lib/aspnet.mjs';
import { idx } from './lib/okta_idx.mjs';
import { page, portal } from './lib/portal.mjs';
import { assertions, autoPost } from './lib/saml.mjs';

const PASSWORD = 'Garden-State-58';
const WEB = 'nj.myaccount.pseg.com';
const ID = 'id.myaccount.pseg.com';
const METER = 'mysmartenergy.nj.pseg.com';
const ISSUER = '/oauth2/ausx0hcr9dlDS9bHe357';
const CLIENT = '0oaxulbnje2jbdNme357';
const ACS = `https://${METER}/saml/okta-prod/acs`;

const row = (account, meter, type, extra = {}) => ({ account, meter, type, location: `L${meter.slice(-6)}`, address: '31 CHERRY LN APT 1, NEWARK, NJ 07102', ...extra });
const one = [row('7012345678', '9211111', 1)];

const p = portal({
  id: 'pseg', name: 'PSE&G', hosts: [WEB, ID, METER],
  code: { digits: 6, life: 250, tries: 5 },
  customers: {
    email: { password: PASSWORD, meters: one, mfa: ['email'] },
    sms: { password: PASSWORD, meters: one, mfa: ['sms'] },
    voice: { password: PASSWORD, meters: one, mfa: ['voice'] },
    choice: { password: PASSWORD, meters: one, mfa: ['email', 'sms', 'voice'] },
    locked: { password: PASSWORD, meters: one, mfa: ['email'], locked: true },
    unmapped: { password: PASSWORD, meters: one, mfa: ['email'], unmapped: true },
    several: { password: PASSWORD, mfa: ['email'], meters: [row('7012345678', '9211111', 1), row('7022345679', '9222222', 1, { address: '5 OAK ST, TRENTON, NJ 08608' })] },
    fuels: { password: PASSWORD, mfa: ['email'], meters: [row('7012345678', '9211111', 1), row('7012345678', '3211111', 4)] },
    none: { password: PASSWORD, mfa: ['email'], meters: [] },
    twice: { password: PASSWORD, mfa: ['email'], meters: [...one, ...one] },
    nostreet: { password: PASSWORD, mfa: ['email'], meters: [row('7012345678', '9211111', 1, { address: '' })] },
  },
});
const token = antiforgery(p);
const saml = assertions(p);

p.get('/user/login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('PSE&G', '<h1>My Account is down for scheduled maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('PSE&G', '<div id="app"></div>'));
  c.set('ASP.NET_SessionId', p.token());
  return c.html(`<html><body onload="document.getElementById('okta-form').submit()"><form id="okta-form" method="post" action="/identity/externallogin?authenticationType=Okta&amp;ReturnUrl=%2fuser%2fLoginRedirect">${token.field(c)}</form></body></html>`);
});

p.post('/identity/externallogin', (c) => {
  token.check(c);
  c.need({ query: ['authenticationType', 'ReturnUrl'], cookies: ['ASP.NET_SessionId'] });
  p.state.signIn = { state: p.token(), nonce: p.token() };
  const query = new URLSearchParams({ client_id: CLIENT, redirect_uri: `https://${WEB}/`, response_mode: 'form_post', response_type: 'code id_token', scope: 'openid profile email', ...p.state.signIn });
  return c.redirect(`https://${ID}${ISSUER}/v1/authorize?${query}`);
});

const org = idx(p, {
  host: ID, authorize: `${ISSUER}/v1/authorize`,
  finish(c, who, query) {
    if (query.get('client_id') !== CLIENT || query.get('redirect_uri') !== `https://${WEB}/`) c.fault('another client or redirect URI');
    p.state.code = { code: p.token(), who };
    return c.html(autoPost(`https://${WEB}/`, [['state', query.get('state')], ['code', p.state.code.code], ['id_token', 'not.looked.at']]));
  },
});

p.post('/', (c) => {
  c.need({ form: ['state', 'code', 'id_token'], cookies: ['ASP.NET_SessionId'] });
  const { code } = p.state;
  p.state.code = undefined;
  if (!code || c.form.get('code') !== code.code || c.form.get('state') !== p.state.signIn?.state) {
    c.fault('the code or state is another, or was used');
    return c.redirect('/ErrorPage?aspxerrorpath=/');
  }
  c.begin('.AspNet.Cookies', { who: code.who });
  return c.html(`<html><body onload="document.forms[0].submit()"><form method="post" action="/user/LoginRedirect">${token.field(c)}${hidden('returnUrl', '/dashboard')}</form></body></html>`);
});

p.post('/user/LoginRedirect', (c) => {
  token.check(c);
  return c.redirect(c.session('.AspNet.Cookies') ? '/dashboard' : '/user/login');
});

p.get('/dashboard', (c) => (c.session('.AspNet.Cookies') ? c.html(page('Dashboard', '<main id="dashboard"><h1>My Account</h1><a href="/user/logout">Log out</a></main>')) : c.redirect('/user/login')));

p.get('/ErrorPage', (c) => c.html(page('Error', '<h1>Sorry, something went wrong</h1>')));

p.get('/user/logout', (c) => {
  c.session('.AspNet.Cookies');
  c.end('.AspNet.Cookies');
  return c.redirect('/user/login');
});

// MyMeter

p.on(ID, 'GET', '/app/psegnjb2c_mymeter_1/exktrfl7ruOTPxcyv357/sso/saml', (c) => {
  const who = org.signedIn(c);
  return who ? c.html(autoPost(ACS, [['SAMLResponse', saml.issue(who, ACS)], ['RelayState', '/Dashboard']])) : c.redirect(`https://${WEB}/user/login`);
});

p.on(METER, 'POST', '/saml/okta-prod/acs', (c) => {
  c.need({ form: ['SAMLResponse', 'RelayState'] });
  const who = saml.take(c, c.form.get('SAMLResponse'), ACS);
  if (!who || who.unmapped) return c.html(page('MyMeter', '<p>Your MyMeter account could not be authenticated.</p>'));
  c.begin('MM_SID', { who });
  return c.redirect('/Dashboard');
});

const inside = (c) => (p.switches.lost ? undefined : c.session('MM_SID'));
const signIn = (c) => c.html(page('MyMeter', '<form action="/Home/Login" method="post"><input name="LoginEmail"><input name="LoginPassword" type="password"></form>'));

p.on(METER, 'GET', '/Dashboard', (c) => (inside(c) ? c.html(page('MyMeter', '<main>Dashboard</main>')) : signIn(c)));

p.on(METER, 'GET', '/Dashboard/Chart', (c) => {
  const session = inside(c);
  if (!session) return signIn(c);
  const ids = session.who.meters.map((_, i) => String(1001 + i));
  return c.html(page('Chart', `${token.field(c)}<input type="hidden" id="MeterIds" value='${JSON.stringify(ids).replace(/"/g, '&quot;')}'>`));
});

const quoted = (value) => (/[",]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value);

p.on(METER, 'POST', '/Usage/Download', (c) => {
  const session = inside(c);
  if (!session) return signIn(c);
  token.check(c);
  c.need({ form: ['SelectedFormat', 'SelectedServiceType'] });
  const { meters } = session.who;
  for (let i = 0; i < meters.length; i += 1) if (c.form.get(`Meters[${i}].Value`) !== String(1001 + i)) c.fault(`Meters[${i}].Value is ${c.form.get(`Meters[${i}].Value`)}`);
  if (p.switches.html) return c.html(page('MyMeter', '<main>Dashboard</main>'));
  const lines = meters.filter((m) => String(m.type) === c.form.get('SelectedServiceType'))
    .flatMap((m) => [1, 2, 3].map((day) => [m.account, m.meter, m.location, m.address, `2026-10-0${day}`, '12.5'].map(quoted).join(',')));
  return c.answer(200, 'text/csv; charset=utf-8', ['AccountNumber,Meter,Location,Address,Start,Value', ...lines, ''].join('\r\n'), { 'content-disposition': 'attachment; filename=usage.csv' });
});

export default p;
