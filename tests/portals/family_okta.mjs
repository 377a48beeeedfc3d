// Brightwater Energy, made up: a portal on Okta's classic authentication with every state of it, and an app by SAML.
import { page, portal } from './lib/portal.mjs';
import { okta } from './lib/okta.mjs';
import { assertions, autoPost } from './lib/saml.mjs';
import { meterPages } from './lib/meterlist.mjs';

const PASSWORD = 'Clear-Rapids-18';
const ORG = 'login.brightwater.test';
const WEB = 'www.brightwater.test';
const ACS = `https://${WEB}/saml/acs`;
const meter = (n, extra = {}) => ({
  accountNumber: `70010${n}`, customerId: `C${n}`, holder: 'Alex Rivers', service: 'Electric', meterNumber: `BW-${n}`, servicePoint: `SP${n}`, rate: 'RES-1', status: 'Active',
  address: { line1: `${n} RIVER RD APT 2`, line2: '', city: 'ALBANY', state: 'NY', zip: '12207' }, ...extra,
});
const one = [meter(101)];
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';

const p = portal({
  id: 'family_okta', name: 'Brightwater Energy', hosts: [WEB, ORG],
  code: { digits: 6, life: 240, tries: 5 },
  customers: {
    plain: { password: PASSWORD, meters: one },
    sms: { password: PASSWORD, meters: one, mfa: ['sms'] },
    call: { password: PASSWORD, meters: one, mfa: ['call'] },
    email: { password: PASSWORD, meters: one, mfa: ['email'] },
    totp: { password: PASSWORD, meters: one, mfa: ['totp'], totp },
    question: { password: PASSWORD, meters: one, mfa: ['question'], answer: 'Biscuit' },
    push: { password: PASSWORD, meters: one, mfa: ['push'] },
    all: { password: PASSWORD, meters: one, mfa: ['sms', 'call', 'email', 'question', 'totp', 'push'], totp, answer: 'Biscuit' },
    locked: { password: PASSWORD, meters: one, locked: true },
    warned: { password: PASSWORD, meters: one, warn: true },
    expired: { password: PASSWORD, meters: one, renew: true },
    recovering: { password: PASSWORD, meters: one, recovery: true },
    offered: { password: PASSWORD, meters: one, enrol: 'later' },
    forced: { password: PASSWORD, meters: one, enrol: 'now' },
    several: { password: PASSWORD, meters: [meter(101), meter(102), meter(103, { service: 'Gas' })] },
    fuels: { password: PASSWORD, meters: [meter(101), meter(101, { service: 'Gas', meterNumber: 'BG-101', rate: 'GAS-1' })] },
    closed: { password: PASSWORD, meters: [meter(101), meter(104, { status: 'Closed' })] },
    many: { password: PASSWORD, meters: Array.from({ length: 25 }, (_, i) => meter(200 + i)) },
    none: { password: PASSWORD, meters: [] },
    twice: { password: PASSWORD, meters: [meter(101), meter(101)] },
    nostreet: { password: PASSWORD, meters: [meter(101, { address: null })] },
  },
});
const org = okta(p, { host: ORG });
const saml = assertions(p);

p.get('/signin', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>We are down for maintenance</h1>'));
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('Brightwater', '<main id="app"></main>'));
  return c.html(page('Sign in', `<div id="okta-signin" data-org="https://${ORG}"></div>`));
});

p.on(ORG, 'GET', '/app/brightwater_1/exk1brightwater/sso/saml', (c) => {
  const who = org.signedIn(c);
  if (!who) return c.redirect(`https://${WEB}/signin`);
  return c.html(autoPost(ACS, [['SAMLResponse', saml.issue(who, ACS, p.switches.samlStatus)], ['RelayState', '']]));
});

p.post('/saml/acs', (c) => {
  c.need({ form: ['SAMLResponse', 'RelayState'] });
  const who = saml.take(c, c.form.get('SAMLResponse'), ACS);
  if (!who) return c.redirect('/signin');
  c.begin('bw_session', { who });
  return c.redirect('/account');
});

meterPages(p, { cookie: 'bw_session', signIn: '/signin' });

export default p;
