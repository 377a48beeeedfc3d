// NV Energy: Azure AD B2C before a single-page app with an API of its own ("cdx").
//
// Documented: the tenant, the token call, the API's headers and its anti-hijack line, the account list. Modelled: host, policy,
// client id, MFA (both B2C variants), the meter list, company codes, addresses.
import { createHash } from 'node:crypto';
import { b2c } from './lib/b2c.mjs';
import { page, portal } from './lib/portal.mjs';

const PASSWORD = 'Sagebrush-Flats-12';
const WEB = 'www.nvenergy.com';
const B2C = 'bheb2c.b2clogin.com';
const API = 'services.nvenergy.com';
const CLIENT = '22222222-3333-4444-8555-666666666666';
const POLICY = 'B2C_1A_NVE_SIGNIN';
const REDIRECT = `https://${WEB}/my-account/auth`;
const TENANT = '/bheb2c.onmicrosoft.com';

const meter = (number, extra = {}) => ({ meterNumber: number, serviceType: 'Electric', servicePointId: `SP${number}`, rateSchedule: 'RS', ...extra });
const at = (number, extra = {}) => ({
  number, name: 'OKAFOR', company: 'NPC', status: 'Active', services: ['Electric'], address: { line1: '3300 DESERT WILLOW DR APT 8', line2: '', city: 'LAS VEGAS', state: 'NV', zip: '89109' },
  meters: [meter(`CC${number.slice(-6)}`)], ...extra,
});
const one = [at('3000123456789012345')];

const p = portal({
  id: 'nve', name: 'NV Energy', hosts: [WEB, B2C, API], code: { digits: 6, life: 300, tries: 4 },
  customers: Object.fromEntries(Object.entries({
    plain: { accounts: one },
    forced: { accounts: one, mfa: 'forced' },
    text: { accounts: one, mfa: 'text' },
    choice: { accounts: one, mfa: 'choice' },
    locked: { accounts: one, locked: true },
    enrol: { accounts: one, enrol: true },
    terms: { accounts: one, terms: true },
    several: { accounts: [at('3000123456789012345'), at('3000223456789012346', { company: 'SPPC', address: { line1: '40 PINE ST', line2: '', city: 'RENO', state: 'NV', zip: '89501' } })] },
    closed: { accounts: [at('3000123456789012345'), at('3000323456789012347', { status: 'Closed', meters: [] })] },
    fuels: { accounts: [at('3000423456789012348', { company: 'SPPC', services: ['Electric', 'Gas'], meters: [meter('CC1'), meter('GG1', { serviceType: 'Gas', rateSchedule: 'G-1' })] })] },
    none: { accounts: [] },
    twice: { accounts: [at('3000123456789012345', { meters: [...one[0].meters, ...one[0].meters] })] },
    nostreet: { accounts: [at('3000123456789012345', { address: null })] },
  }).map(([key, who]) => [key, { password: PASSWORD, ...who }])),
});

p.get('/my-account', (c) => {
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429 });
  if (p.switches.redesign === 'entry') return c.html(page('MyAccount', '<app-root></app-root>'));
  const query = new URLSearchParams({ p: POLICY, client_id: CLIENT, redirect_uri: REDIRECT, response_type: 'code', scope: `openid offline_access ${CLIENT}`, state: p.token(), nonce: p.token() });
  return c.redirect(`https://${B2C}${TENANT}/oauth2/v2.0/authorize?${query}`);
});

const shell = (c) => c.html(page('MyAccount', '<app-root></app-root>'));
p.get('/my-account/auth', shell);
p.get('/', shell);

// The settings name the policy in the path; the first request has it in the query.
const flow = b2c(p, {
  host: B2C, tenant: `${TENANT}/${POLICY}`, policy: POLICY, clientId: CLIENT, redirectUri: REDIRECT,
  finish(c, who, query) {
    if (query.get('code_challenge_method') !== 'S256') c.fault('no proof of the code exchange');
    const code = p.token();
    p.state.codes ??= new Map();
    p.state.codes.set(code, { who, challenge: query.get('code_challenge'), nonce: query.get('nonce') });
    return c.redirect(`${REDIRECT}?code=${code}&state=${query.get('state')}`);
  },
});
p.on(B2C, 'GET', `${TENANT}/oauth2/v2.0/authorize`, (c) => {
  if (c.query.get('p') !== POLICY) c.fault(`another policy: ${c.query.get('p')}`);
  return flow.authorize(c);
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

p.on(B2C, 'POST', `${TENANT}/oauth2/v2.0/token`, (c) => {
  c.need({ form: ['grant_type', 'client_id', 'code', 'code_verifier', 'redirect_uri', 'scope'], headers: { origin: `https://${WEB}` }, query: ['p'] });
  const grant = p.state.codes?.get(c.form.get('code'));
  p.state.codes?.delete(c.form.get('code'));
  const challenge = createHash('sha256').update(c.form.get('code_verifier') ?? '').digest('base64url');
  if (!grant || grant.challenge !== challenge || c.form.get('client_id') !== CLIENT) {
    c.fault('the code is unknown, was used, or the verifier is another');
    return c.send({ error: 'invalid_grant', error_description: 'AADB2C90080: The provided grant has expired.' }, { status: 400 });
  }
  const token = p.token(40);
  p.state.access ??= new Map();
  p.state.access.set(token, grant.who);
  return c.send({ access_token: token, id_token: `${part({ alg: 'RS256' })}.${part({ nonce: grant.nonce, aud: CLIENT })}.${p.token()}`, token_type: 'Bearer', expires_in: 3600, refresh_token: p.token(40) });
});

// The API: a first line against hijacking, the token without the word Bearer.
const guarded = (c, value, status = 200) => c.answer(status, 'application/json; charset=utf-8', `)]}",\n${JSON.stringify(value)}`);

function customer(c) {
  const whole = c.need({ headers: { 'x-cdx-custom-data': 'B2C', accept: /application\/json, text\/plain, application\/com\.nvenergy/, 'content-type': /^application\/json/ } });
  const who = p.state.access?.get(c.headers.authorization);
  if (!who) c.fault('the token is missing or another');
  return whole && !p.switches.lost ? who : undefined;
}

const refused = (c) => guarded(c, { isSuccess: false, ResponseBody: 'Unauthorized' }, 401);

p.on(API, 'POST', '/api/1.0/cdx/userAccount/retrieveAccountList', (c) => {
  const who = customer(c);
  if (!who) return refused(c);
  if (p.switches.html === true) return shell(c);
  const body = c.json ?? {};
  if (body.getBothCompanyCodeLists !== false || !body.nvesource || !['NPC', 'SPPC'].includes(body._companyCode)) c.fault(`the body is ${JSON.stringify(body)}`);
  const list = who.accounts.filter((a) => a.company === body._companyCode);
  return guarded(c, { isSuccess: true, ResponseBody: { accountLists: list.length ? list.map((a) => ({ accountNumber: a.number, customerLastName: a.name, billType: 'G', accountStatus: a.status, serviceTypes: a.services, serviceAddress: a.address })) : null } });
});

p.on(API, 'POST', '/api/1.0/cdx/viewusage/getMeterList', (c) => {
  const who = customer(c);
  if (!who) return refused(c);
  const a = who.accounts.find((one_) => one_.number === c.json?.accountNumber);
  if (!a || c.json.billType !== 'G' || !c.json.nvesource) {
    c.fault('an account of somebody else, or a member is missing');
    return guarded(c, { isSuccess: false, ResponseBody: 'Not found' });
  }
  return a.meters.length ? guarded(c, { isSuccess: true, ResponseBody: { meterList: a.meters } }) : guarded(c, { isSuccess: false, ResponseBody: 'No meters found.' });
});

export default p;
