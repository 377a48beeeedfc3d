// NV Energy: Azure AD B2C before a single-page app with an API of its own ("cdx").
//
// Switches beside those of b2c.mjs: wall true, rate true, redesign 'entry', maintenance 'entry'; state 'other', nonce
// 'other' (somebody else's answer); bare (no line against hijacking); html true, garbage, failed (the list of
// accounts); lost (401).
// Documented: the tenant, the token call, the API's headers and its line against hijacking, the account list. Inferred:
// north and south are two companies. Modelled: host, policy, client id, MFA (both B2C variants and the older check of
// an address), the meter list, the companies' codes, addresses.
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
const SCOPE = `openid offline_access ${CLIENT}`;
const SOURCE = 'CUSTOMER WEB ACCESS(CWA)';

const home = { line1: '3300 DESERT WILLOW DR APT 8', line2: '', city: 'LAS VEGAS', state: 'NV', zip: '89109' };
const cabin = { line1: '40 PINE ST', line2: 'UNIT B', city: 'RENO', state: 'NV', zip: '89501' };

function meter(number, extra = {}) {
  return { meterNumber: number, serviceType: 'Electric', servicePointId: `SP${number}`, rateSchedule: 'RS', ...extra };
}

function at(number, extra = {}) {
  return { number, name: 'OKAFOR', company: 'NPC', status: 'Active', services: ['Electric'], address: home,
    meters: [meter(`CC${number.slice(-6)}`)], ...extra };
}

const account = at('3000123456789012345');
const gasMeter = meter('GG1', { serviceType: 'Gas', rateSchedule: 'G-1' });
const both = { company: 'SPPC', services: ['Electric', 'Gas'] };
const ofAccounts = {
  several: [account, at('3000223456789012346', { company: 'SPPC', address: cabin })],
  north: [at('3000223456789012346', { company: 'SPPC', address: cabin })],
  closed: [account, at('3000323456789012347', { status: 'Closed', meters: [] })],
  fuels: [at('3000423456789012348', { ...both, meters: [meter('CC1'), gasMeter] })],
  unmetered: [at('3000523456789012349', { ...both, meters: [] })],
  none: [],
  twice: [{ ...account, meters: [...account.meters, ...account.meters] }],
  nostreet: [{ ...account, address: null }],
};
const same = [
  ['plain', {}],
  ...['forced', 'choice', 'text', 'phone', 'legacy'].map((mfa) => [mfa, { mfa }]),
  ...['locked', 'enrol', 'terms', 'renew', 'reset'].map((what) => [what, { [what]: true }]),
].map(([key, extra]) => [key, { accounts: [account], ...extra }]);
const all = [...same, ...Object.entries(ofAccounts).map(([key, accounts]) => [key, { accounts }])];
const customers = Object.fromEntries(all.map(([key, who]) => [key, { password: PASSWORD, ...who }]));

const p = portal({ id: 'nve', name: 'NV Energy', hosts: [WEB, B2C, API], code: { digits: 6, life: 300, tries: 3 },
  customers });

const shell = (c) => c.html(page('MyAccount', '<app-root></app-root>'));
p.get('/my-account/auth', shell);
p.get('/', shell);

p.get('/my-account', (c) => {
  const { wall, rate, redesign, maintenance } = p.switches;
  if (wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (rate === true) return c.html(page('Slow down', ''), { status: 429, headers: { 'retry-after': '120' } });
  if (redesign === 'entry') return shell(c);
  if (maintenance === 'entry') return c.html(page('MyAccount', '<h1>MyAccount is temporarily unavailable</h1>'));
  const query = new URLSearchParams({ p: POLICY, client_id: CLIENT, redirect_uri: REDIRECT, response_type: 'code',
    scope: SCOPE, state: p.token(), nonce: p.token() });
  return c.redirect(`https://${B2C}${TENANT}/oauth2/v2.0/authorize?${query}`);
});

// The settings name the policy in the path, the first request in its query. That of the redirect has no challenge; the
// application begins anew with its own, and without one no code is traded.
b2c(p, {
  host: B2C, tenant: TENANT, policy: POLICY, clientId: CLIENT, redirectUri: REDIRECT, inQuery: true, viewInHeader: true,
  check(c) { if (c.query.get('scope') !== SCOPE) c.fault(`another scope: ${c.query.get('scope')}`); },
  grant(who, query) {
    const code = p.token();
    p.state.codes ??= new Map();
    p.state.codes.set(code, { who, query });
    return { code, ...(p.switches.state === 'other' && { state: p.token() }) };
  },
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function idToken(nonce) {
  const claims = { iss: `https://${B2C}/`, aud: CLIENT, nonce: p.switches.nonce === 'other' ? p.token() : nonce };
  return `${part({ alg: 'RS256', kid: 'test' })}.${part(claims)}.${p.token()}`;
}

p.on(B2C, 'POST', `${TENANT}/oauth2/v2.0/token`, (c) => {
  c.need({ form: ['grant_type', 'client_id', 'code', 'code_verifier', 'redirect_uri', 'scope'], query: ['p'],
    headers: { origin: `https://${WEB}`, referer: new RegExp(`^https://${WEB}/`) } });
  const { code, code_verifier: verifier = '', ...rest } = c.fields;
  const grant = p.state.codes?.get(code);
  p.state.codes?.delete(code);
  const wanted = { grant_type: 'authorization_code', client_id: CLIENT, redirect_uri: REDIRECT, scope: SCOPE };
  for (const [name, value] of Object.entries(wanted)) if (rest[name] !== value) c.fault(`${name} is ${rest[name]}`);
  if (c.query.get('p') !== POLICY) c.fault(`another policy: ${c.query.get('p')}`);
  if (!/^[\w.~-]{43,128}$/.test(verifier)) c.fault('the verifier is too short, too long, or no verifier');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const { who, query } = grant ?? {};
  if (query?.get('code_challenge_method') !== 'S256' || query.get('code_challenge') !== challenge) {
    c.fault('the code is unknown, was used, or the verifier is another');
    return c.send({ error: 'invalid_grant', error_description: 'AADB2C90080: The grant expired.' }, { status: 400 });
  }
  const token = p.token(40);
  p.state.access ??= new Map();
  p.state.access.set(token, who);
  return c.send({ access_token: token, id_token: idToken(query.get('nonce')), token_type: 'Bearer', expires_in: 3600,
    refresh_token: p.token(40) });
});

// The API: a first line against hijacking, the token without the word Bearer.
function guarded(c, value, status = 200) {
  const line = p.switches.bare ? '' : ')]}",\n';
  return c.answer(status, 'application/json; charset=utf-8', line + JSON.stringify(value));
}

function customer(c) {
  const whole = c.need({ headers: { 'x-cdx-custom-data': 'B2C', 'content-type': /^application\/json/,
    accept: 'application/json, text/plain, application/com.nvenergy', origin: `https://${WEB}`,
    referer: new RegExp(`^https://${WEB}/`) } });
  const who = p.state.access?.get(c.headers.authorization);
  if (!who) c.fault('the token is missing or another');
  if (c.json?.nvesource !== SOURCE) c.fault(`nvesource is ${c.json?.nvesource}`);
  return whole && !p.switches.lost ? who : undefined;
}

const refused = (c) => guarded(c, { isSuccess: false, ResponseBody: 'Unauthorized' }, 401);
const answer = (c, ResponseBody) => guarded(c, { isSuccess: true, ResponseBody });
const failed = (c, text) => guarded(c, { isSuccess: false, ResponseBody: text });

p.on(API, 'POST', '/api/1.0/cdx/userAccount/retrieveAccountList', (c) => {
  const who = customer(c);
  if (!who) return refused(c);
  if (p.switches.html === true) return shell(c);
  if (p.switches.garbage) return c.answer(200, 'application/json', ')]}",\n{"isSuccess":true,"ResponseBody":{"acc');
  if (p.switches.failed) return failed(c, 'The service cannot be reached.');
  const { _companyCode: company, getBothCompanyCodeLists: both } = c.json ?? {};
  const fine = both === false && ['NPC', 'SPPC'].includes(company);
  if (!fine) c.fault(`_companyCode is ${company}, getBothCompanyCodeLists ${both}`);
  const list = who.accounts.filter((a) => a.company === company).map((a) => (
    { accountNumber: a.number, customerLastName: a.name, billType: 'G', accountStatus: a.status,
      serviceTypes: a.services, serviceAddress: a.address }));
  return answer(c, { accountLists: list.length ? list : null });
});

p.on(API, 'POST', '/api/1.0/cdx/viewusage/getMeterList', (c) => {
  const who = customer(c);
  if (!who) return refused(c);
  const found = who.accounts.find((a) => a.number === c.json?.accountNumber);
  if (!found || c.json.billType !== 'G') {
    c.fault('an account of somebody else, or a member is missing');
    return failed(c, 'Not found');
  }
  return found.meters.length ? answer(c, { meterList: found.meters }) : failed(c, 'No meters found.');
});

export default p;
