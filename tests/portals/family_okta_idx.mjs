// Clearfield Power, made up: a portal on Okta Identity Engine with every kind of authenticator.
import { idx } from './lib/okta_idx.mjs';
import { portal } from './lib/portal.mjs';
import { application, customersOf } from './lib/reference.mjs';

const ID = 'login.clearfield.test';
const AUTHORIZE = '/oauth2/default/v1/authorize';
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';
const meter = (n, extra = {}) => ({
  accountNumber: `60020${n}`, customerId: `K${n}`, holder: 'Morgan Field', service: 'Electric', meterNumber: `CF-${n}`, servicePoint: `CP${n}`, rate: 'R-10', status: 'Active',
  address: { line1: `${n} FARM LN`, line2: '', city: 'DAYTON', state: 'OH', zip: '45402' }, ...extra,
});

const p = portal({
  id: 'family_okta_idx', name: 'Clearfield Power', hosts: ['www.clearfield.test', ID],
  code: { digits: 6, life: 250, tries: 5 },
  customers: customersOf('Level-Meadow-83', meter, 'CG-101', {
    sms: { mfa: ['sms'] }, voice: { mfa: ['voice'] }, phone: { mfa: ['sms', 'voice'] }, email: { mfa: ['email'] }, totp: { mfa: ['totp'], totp },
    question: { mfa: ['question'], answer: 'Biscuit' }, push: { mfa: ['push'] }, all: { mfa: ['email', 'sms', 'voice', 'totp', 'question', 'push'], totp, answer: 'Biscuit' },
    warned: { warn: true }, expired: { renew: true }, offered: { enrol: 'later' }, forced: { enrol: 'now' },
  }),
});
const finish = application(p, { authorize: `https://${ID}${AUTHORIZE}`, clientId: '0oaclearfield', cookie: 'cf_session' });
idx(p, { host: ID, authorize: AUTHORIZE, remember: true, finish });

export default p;
