// Hillcrest Electric, made up: a portal behind a ForgeRock manager with a context path, whose tree asks for name and password apart.
import { forgerock } from './lib/forgerock.mjs';
import { page, portal } from './lib/portal.mjs';
import { application, customersOf } from './lib/reference.mjs';

const AM = 'login.hillcrest.test';
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';
const questions = [['In what city were you born?', 'Utica'], ['What was your first car?', 'Beetle']];
const meter = (n, extra = {}) => ({
  accountNumber: `90040${n}`, customerId: `H${n}`, holder: 'Robin Hill', service: 'Electric', meterNumber: `HE-${n}`, servicePoint: `HP${n}`, rate: 'R-1', status: 'Active',
  address: { line1: `${n} SUMMIT AVE`, line2: '', city: 'UTICA', state: 'NY', zip: '13501' }, ...extra,
});

const p = portal({
  id: 'family_forgerock', name: 'Hillcrest Electric', hosts: ['www.hillcrest.test', AM],
  code: { digits: 6, life: 250, tries: 5 },
  customers: customersOf('Steep-Ridge-41', meter, 'HG-101', {
    sms: { mfa: ['sms'] }, email: { mfa: ['email'] }, voice: { mfa: ['voice'] }, totp: { mfa: ['totp'], totp }, all: { mfa: ['email', 'sms', 'voice', 'totp'], totp },
    question: { question: 'Biscuit' }, questions: { questions }, push: { approve: true }, number: { approve: 'number' }, both: { questions, mfa: ['sms'] },
    chosen: { mfa: ['sms'], trust: 'choice' }, confirmed: { approve: true, trust: 'confirm' }, ticked: { mfa: ['sms'], trust: 'tick' }, profiled: { mfa: ['sms'], trust: 'profile' },
    asked: { confirm: true }, agreed: { confirm: 'fixed' }, spared: { enrol: 'fixed' }, native: { providers: 'own' }, outside: { providers: 'others' }, offered: { enrol: 'later' }, forced: { enrol: 'now' }, registering: { enrol: 'app' }, passkey: { passkey: true },
    terms: { terms: true }, expired: { renew: true }, linked: { suspended: true },
  }),
});
const AUTHORIZE = '/am/oauth2/realms/root/realms/customers/authorize';
const finish = application(p, { authorize: `https://${AM}${AUTHORIZE}`, clientId: 'hillcrest-web', cookie: 'hc_session' });
const am = forgerock(p, { host: AM, context: '/am', realm: 'customers', tree: 'Login', origin: `https://${AM}`, split: true });

p.on(AM, 'GET', AUTHORIZE, (c) => {
  const who = am.signedIn(c);
  return who ? finish(c, who, c.query) : c.redirect(`https://${AM}/am/XUI/?realm=/customers&goto=${encodeURIComponent(c.url.href)}`);
});

p.on(AM, 'GET', '/am/XUI/', (c) => c.html(page('Sign in', '<div id="wrapper" data-ui="login"></div>')));

export default p;
