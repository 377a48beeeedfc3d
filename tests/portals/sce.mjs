// Southern California Edison: a single-page app with Okta behind.
//
// Documented: the page's inputs, MFA by text or call at each sign-in, codes of 6 digits for 5 minutes, the offer to enrol, the
// page that waits for the e-mail address to be verified, service accounts. Modelled: every request (Okta's classic states).
import { okta } from './lib/okta.mjs';
import { page, portal } from './lib/portal.mjs';

const PASSWORD = 'Manzanita-Ridge-46';
const WEB = 'www.sce.com';
const API = 'prodms.dms.sce.com';

const service = (number, extra = {}) => ({ number, contract: `3${number.slice(1)}`, rate: 'TOU-D-4-9PM', address: { line1: '88 OLIVE DR APT 9', line2: '', city: 'PASADENA', state: 'CA', zip: '91101' }, ...extra });
const at = (number, services, extra = {}) => ({ number, name: 'Dana Whitfield', status: 'Active', services, ...extra });
const one = [at('700123456789', [service('8001234567')])];

const p = portal({
  id: 'sce', name: 'Southern California Edison', hosts: [WEB, API],
  code: { digits: 6, life: 250, tries: 5 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'] },
    call: { password: PASSWORD, accounts: one, mfa: ['call'] },
    both: { password: PASSWORD, accounts: one, mfa: ['sms', 'call'] },
    locked: { password: PASSWORD, accounts: one, locked: true },
    offered: { password: PASSWORD, accounts: one, enrol: 'later' },
    pending: { password: PASSWORD, accounts: one, pending: true },
    several: { password: PASSWORD, accounts: [at('700123456789', [service('8001234567'), service('8001234568', { rate: 'TOU-EV-9' })]), at('700223456780', [service('8002234567', { meter: '259000-012345' })])] },
    closed: { password: PASSWORD, accounts: [at('700123456789', [service('8001234567')]), at('700323456781', [service('8003234567')], { status: 'Closed' })] },
    many: { password: PASSWORD, accounts: Array.from({ length: 23 }, (_, i) => at(String(700000000100 + i), [service(String(8000000100 + i))])) },
    none: { password: PASSWORD, accounts: [] },
    twice: { password: PASSWORD, accounts: [at('700123456789', [service('8001234567'), service('8001234567')])] },
    nostreet: { password: PASSWORD, accounts: [at('700123456789', [service('8001234567', { address: null })])] },
  },
});
const org = okta(p, { host: WEB, allowRemember: false });

p.get('/mysce/login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('SCE', '<h1>My Account is down for scheduled maintenance</h1>'));
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('SCE', '<div id="app"></div>'));
  const config = JSON.stringify({ authnUrl: `https://${WEB}/api/v1/authn`, apiBase: `https://${API}/myaccount/v1` });
  return c.html(page('Log In', `<react-login-main><form><input name="username" type="text"><input name="password" type="password"><mark></mark>${
    p.switches.captcha ? '<div class="g-recaptcha" data-sitekey="x"></div>' : ''}</form></react-login-main><script id="app-config" type="application/json">${config}</script>`));
});

p.get('/mysce/myaccount', (c) => {
  const who = org.signedIn(c);
  if (!who || p.switches.lost) return c.redirect('/mysce/login');
  if (p.switches.errorBlock) return c.html(page('My Account', '<mark class="globalErrorBlock">We cannot show your account at the moment.</mark>'));
  if (who.pending) return c.html(page('My Account', '<react-verification-pending>Please confirm your e-mail address.</react-verification-pending>'));
  p.state.access ??= new Map();
  const token = p.token(30);
  p.state.access.set(token, who);
  return c.html(page('My Account', `<script id="session" type="application/json">${JSON.stringify({ oktaUid: `00u${who.key}`, accessToken: token })}</script><main id="landing"></main>`));
});

p.on(API, 'GET', '/myaccount/v1/accounts', (c) => {
  const who = p.state.access?.get(/^Bearer (.+)$/.exec(c.headers.authorization ?? '')?.[1]);
  if (!who || c.headers.oktauid !== `00u${who.key}`) {
    c.fault('the token or oktaUid is missing or another');
    return c.send({ error: 'unauthorized' }, { status: 401 });
  }
  if (p.switches.html === true) return c.html(page('SCE', '<div id="app"></div>'));
  c.need({ query: ['page', 'pageSize'] });
  const size = Number(c.query.get('pageSize'));
  const from = (Number(c.query.get('page')) - 1) * size;
  return c.send({
    customerAccounts: who.accounts.slice(from, from + size).map((a) => ({ customerAccountNumber: a.number, customerName: a.name, status: a.status, serviceAccounts: a.services.map((s) => (
      { serviceAccountNumber: s.number, contractNumber: s.contract, rate: s.rate, serviceAddress: s.address, ...(s.meter && { meterNumber: s.meter }) })) })),
    totalPages: Math.ceil(who.accounts.length / size),
  });
});

export default p;
