// The two made-up utilities on Salesforce: customers and what is behind the sign-in.
import { meterPages } from './meterlist.mjs';
import { portal } from './portal.mjs';
import { customersOf } from './reference.mjs';
import { salesforce } from './salesforce.mjs';

const PASSWORD = 'Red-Needle-29';
const meter = (n, extra = {}) => ({
  accountNumber: `90040${n}`, customerId: `R${n}`, holder: 'Sky Alder', service: 'Electric', meterNumber: `CD-${n}`, servicePoint: `DP${n}`, rate: 'RS-2', status: 'Active',
  address: { line1: `${n} CEDAR RD`, line2: '', city: 'ROCHESTER', state: 'NY', zip: '14604' }, ...extra,
});

export function cedar({ id, name, host, visualforce }) {
  const p = portal({
    id, name, hosts: [host], code: { digits: 6, life: 300, tries: 5 },
    customers: customersOf(PASSWORD, meter, 'CG-101', { sms: { mfa: ['sms'] }, email: { mfa: ['email'] }, both: { mfa: ['email', 'sms'] } }),
  });
  salesforce(p, { prefix: '/cedar', className: 'CedarLoginController', cookie: 'sid', visualforce });
  meterPages(p, { cookie: 'sid', signIn: '/cedar/login' });
  return p;
}
