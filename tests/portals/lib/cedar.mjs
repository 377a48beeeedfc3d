// The two made-up utilities on Salesforce: customers and what is behind the sign-in.
import { meterPages } from './meterlist.mjs';
import { portal } from './portal.mjs';
import { salesforce } from './salesforce.mjs';

const PASSWORD = 'Red-Needle-29';
const meter = (n, extra = {}) => ({
  accountNumber: `90040${n}`, customerId: `R${n}`, holder: 'Sky Alder', service: 'Electric', meterNumber: `CD-${n}`, servicePoint: `DP${n}`, rate: 'RS-2', status: 'Active',
  address: { line1: `${n} CEDAR RD`, line2: '', city: 'ROCHESTER', state: 'NY', zip: '14604' }, ...extra,
});
const one = [meter(101)];

export function cedar({ id, name, host, visualforce }) {
  const p = portal({
    id, name, hosts: [host], code: { digits: 6, life: 300, tries: 5 },
    customers: Object.fromEntries(Object.entries({
      plain: { meters: one }, sms: { meters: one, mfa: ['sms'] }, email: { meters: one, mfa: ['email'] }, both: { meters: one, mfa: ['email', 'sms'] }, locked: { meters: one, locked: true },
      several: { meters: [meter(101), meter(102)] }, fuels: { meters: [meter(101), meter(101, { service: 'Gas', meterNumber: 'CG-101' })] }, closed: { meters: [meter(101), meter(104, { status: 'Closed' })] },
      many: { meters: Array.from({ length: 15 }, (_, i) => meter(200 + i)) }, none: { meters: [] }, twice: { meters: [meter(101), meter(101)] }, nostreet: { meters: [meter(101, { address: null })] },
    }).map(([key, who]) => [key, { password: PASSWORD, ...who }])),
  });
  salesforce(p, { prefix: '/cedar', className: 'CedarLoginController', cookie: 'sid', visualforce });
  meterPages(p, { cookie: 'sid', signIn: '/cedar/login' });
  return p;
}
