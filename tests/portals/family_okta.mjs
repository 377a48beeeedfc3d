// Brightwater Energy, made up: a portal on Okta's classic authentication with every state of it, and an app by SAML.
import { page, portal } from './lib/portal.mjs';
import { okta } from './lib/okta.mjs';
import { assertions, autoPost } from './lib/saml.mjs';
import { meterPages } from './lib/meterlist.mjs';
import { customersOf, instead } from './lib/reference.mjs';

const PASSWORD = 'Clear-Rapids-18';
const ORG = 'login.brightwater.test';
const WEB = 'www.brightwater.test';
const ACS = `https://${WEB}/saml/acs`;
const meter = (n, extra = {}) => ({
  accountNumber: `70010${n}`, customerId: `C${n}`, holder: 'Alex Rivers', service: 'Electric', meterNumber: `BW-${n}`, servicePoint: `SP${n}`, rate: 'RES-1', status: 'Active',
  address: { line1: `${n} RIVER RD APT 2`, line2: '', city: 'ALBANY', state: 'NY', zip: '12207' }, ...extra,
});
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';

const p = portal({
  id: 'family_okta', name: 'Brightwater Energy', hosts: [WEB, ORG],
  code: { digits: 6, life: 240, tries: 5 },
  customers: customersOf(PASSWORD, meter, 'BG-101', {
    sms: { mfa: ['sms'] }, call: { mfa: ['call'] }, email: { mfa: ['email'] }, totp: { mfa: ['totp'], totp }, question: { mfa: ['question'], answer: 'Biscuit' },
    push: { mfa: ['push'] }, all: { mfa: ['sms', 'call', 'email', 'question', 'totp', 'push'], totp, answer: 'Biscuit' },
    warned: { warn: true }, expired: { renew: true }, recovering: { recovery: true }, offered: { enrol: 'later' }, forced: { enrol: 'now' },
  }),
});
const org = okta(p, { host: ORG });
const saml = assertions(p);

p.get('/signin', (c) => {
  const other = instead(p, c);
  if (other) return other;
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
