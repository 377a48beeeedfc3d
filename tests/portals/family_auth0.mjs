// Lakeshore Electric, made up: a portal on Auth0's universal login.
import { auth0 } from './lib/auth0.mjs';
import { portal } from './lib/portal.mjs';
import { application, customersOf } from './lib/reference.mjs';

const ID = 'login.lakeshore.test';
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';
const meter = (n, extra = {}) => ({
  accountNumber: `80030${n}`, customerId: `L${n}`, holder: 'Jamie Shore', service: 'Electric', meterNumber: `LE-${n}`, servicePoint: `LP${n}`, rate: 'E-1', status: 'Active',
  address: { line1: `${n} LAKE DR`, line2: '', city: 'BUFFALO', state: 'NY', zip: '14202' }, ...extra,
});

const p = portal({
  id: 'family_auth0', name: 'Lakeshore Electric', hosts: ['www.lakeshore.test', ID],
  code: { digits: 6, life: 270, tries: 5 },
  customers: customersOf('Quiet-Inlet-95', meter, 'LG-101', {
    sms: { mfa: ['sms'] }, voice: { mfa: ['voice'] }, email: { mfa: ['email'] }, totp: { mfa: ['otp'], totp }, push: { mfa: ['push'] },
    all: { mfa: ['sms', 'email', 'voice', 'otp', 'push'], totp }, offered: { enrol: 'later' }, forced: { enrol: 'now' },
  }),
});
const finish = application(p, { authorize: `https://${ID}/authorize`, clientId: 'lakeshore-web', cookie: 'ls_session' });
auth0(p, { host: ID, finish });

export default p;
