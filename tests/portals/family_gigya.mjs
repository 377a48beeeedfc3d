// Prairie Light, made up: a portal with a Gigya screen set of its own, whose server takes the session's token.
import { gigya } from './lib/gigya.mjs';
import { meterPages } from './lib/meterlist.mjs';
import { page, portal } from './lib/portal.mjs';
import { customersOf, instead } from './lib/reference.mjs';

const KEY = '4_prairieSiteKey-9Qx_';
const ACCOUNTS = 'accounts.eu1.gigya.com';
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';
const meter = (n, extra = {}) => ({
  accountNumber: `50060${n}`, customerId: `P${n}`, holder: 'Sam Meadows', service: 'Electric', meterNumber: `PL-${n}`, servicePoint: `PP${n}`, rate: 'RS', status: 'Active',
  address: { line1: `${n} GRASS RD`, line2: '', city: 'ELMIRA', state: 'NY', zip: '14901' }, ...extra,
});

const p = portal({
  id: 'family_gigya', name: 'Prairie Light', hosts: ['www.prairie.test', ACCOUNTS],
  code: { digits: 6, life: 250, tries: 5 },
  customers: customersOf('Tall-Grass-62', meter, 'PG-101', {
    phone: { mfa: ['sms', 'voice'] }, phones: { mfa: ['sms', 'voice'], phones: 2 }, email: { mfa: ['email'] }, totp: { mfa: ['totp'], totp },
    all: { mfa: ['totp', 'email', 'push', 'sms', 'voice'], totp }, push: { mfa: ['push'] }, pushed: { mfa: ['push', 'email'] },
    disabled: { disabled: true }, expired: { renew: true }, incomplete: { profile: true }, unconfirmed: { unconfirmed: true }, forced: { enrol: true },
  }),
});
const id = gigya(p, { host: ACCOUNTS, key: KEY });

p.get('/signin', (c) => {
  const script = `<script async src="https://cdns.eu1.gigya.com/js/gigya.js?lang=en&amp;apiKey=${KEY}"></script>`;
  return instead(p, c) ?? c.html(page('Sign in', '<div id="screen-set" data-screenset-roles="instance"></div>', script));
});

p.post('/session', (c) => {
  c.need({ form: ['login_token'] });
  const who = id.spend(c.form.get('login_token'));
  if (!who) {
    c.fault('a token that is unknown or was used');
    return c.redirect('/signin', 303);
  }
  c.begin('pl_session', { who });
  return c.redirect('/account', 303);
});

meterPages(p, { cookie: 'pl_session', signIn: '/signin' });

export default p;
