// Eversource: the site's own login API that relays Okta's states, then the organisation, then OpenID Connect without a prompt.
//
// Documented: MSLogin with its token and header, the organisation's authn with the Okta name, okta_post_message, the pages of
// accounts, widget tokens, GraphQL. Modelled: how MFA goes on (at the organisation), keys of account numbers and addresses, LogOff.
import { createHash } from 'node:crypto';
import { okta } from './lib/okta.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Maple-Harbor-39';
const WEB = 'www.eversource.com';
const ORG = 'eversource-external.okta.com';
const WIDGET = 'ever.opower.com';
const ISSUER = '/oauth2/ausrjxam6icWYMIj41t7';
const CLIENT = '0oarjx5m8i3r1586a1t7';
const LOGIN = `https://${WEB}/security/account/Login`;

const point = (id, fuel, rate) => ({ id, fuel, rate });
const at = (number, extra = {}) => ({
  id: number.slice(-8), number, name: 'Casey Lindqvist', status: 'Active', services: ['Electric'],
  address: { AddressLine1: '64 BEACON ST', AddressLine2: 'UNIT 2', City: 'BOSTON', State: 'MA', ZipCode: '02108' },
  points: [point(`P${number.slice(-7)}`, 'ELECTRICITY', 'A1')], ...extra,
});
const one = [at('51234567890')];

const p = portal({
  id: 'eversource', name: 'Eversource', hosts: [WEB, ORG, WIDGET],
  code: { digits: 6, life: 250, tries: 5 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'] },
    call: { password: PASSWORD, accounts: one, mfa: ['call'] },
    email: { password: PASSWORD, accounts: one, mfa: ['email'] },
    choice: { password: PASSWORD, accounts: one, mfa: ['sms', 'call', 'email'] },
    locked: { password: PASSWORD, accounts: one, locked: true },
    offered: { password: PASSWORD, accounts: one, suggested: true },
    several: { password: PASSWORD, accounts: [at('51234567890'), at('52234567891', { address: { AddressLine1: '7 ELM ST', AddressLine2: '', City: 'NASHUA', State: 'NH', ZipCode: '03060' } })] },
    closed: { password: PASSWORD, accounts: [at('53234567892', { status: 'Dormant', points: null }), at('51234567890'), at('54234567893', { status: 'Closed', points: null })] },
    fuels: { password: PASSWORD, accounts: [at('51234567890', { services: ['Electric', 'Gas'], points: [point('P1111111', 'ELECTRICITY', 'A1'), point('G2222222', 'GAS', 'R-3')] })] },
    many: { password: PASSWORD, accounts: Array.from({ length: 12 }, (_, i) => at(String(55000000000 + i))) },
    none: { password: PASSWORD, accounts: [] },
    twice: { password: PASSWORD, accounts: [at('51234567890', { points: [one[0].points[0], one[0].points[0]] })] },
    nostreet: { password: PASSWORD, accounts: [at('51234567890', { address: null })] },
  },
});

// The organisation knows customers by another name than the site does.
const oktaName = (who) => `${who.key}.${who.key.length}@okta.customer.test`;
const org = okta(p, { host: ORG, userOf: (name) => p.customers.find((who) => oktaName(who) === name), again: (who) => p.state.passed === who.key });

p.get('/security/account/Login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Eversource', '<h1>Our site is down for maintenance</h1>'));
  if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  p.state.form = p.token();
  c.set('ASP.NET_SessionId', p.token());
  const config = JSON.stringify({ formToken: p.state.form, antiForgeryHeaderName: '__RequestVerificationToken', returnUrl: '/cg/customer/accountoverview' });
  return c.html(page('Log In', `<div id="App-LogIn" data-config="${escape(config)}"></div>`));
});

p.post('/security/account/MSLogin', (c) => {
  const whole = c.need({ headers: { __requestverificationtoken: p.state.form ?? /^$/, origin: `https://${WEB}`, referer: /^https:\/\/www\.eversource\.com\/security\/account\/Login/, accept: /application\/json/ }, cookies: ['ASP.NET_SessionId'] });
  const body = c.json;
  if (!whole || !body || ['WebId', 'Password', 'RememberID', 'ReturnUrl', 'MfaRememberMeData'].some((name) => !(name in body))) {
    c.fault('a member of the login, or the antiforgery header, is missing');
    return c.html(page('Error', '<h1>Error</h1>'), { status: 400 });
  }
  if (p.switches.html === 'login') return c.html(page('Eversource', '<div id="App"></div>'));
  const who = p.customer(body.WebId);
  const how = p.password(c, who, body.Password);
  const no = (text) => c.send({ IsSuccess: false, status: null, Errors: { '': [`<span>${text}</span>`] } });
  if (how === 'locked') return no('Your account has been locked. Please try again later.');
  if (how === 'wrong') return no('The user name or password you entered is incorrect.');
  p.state.passed = who.key;
  const status = p.switches.redesign ? 'PASSKEY' : who.mfa ? 'MFA_REQUIRED' : who.suggested ? 'MFA_ENROLL' : 'SUCCESS';
  return c.send({ IsSuccess: true, status, OktaUsername: oktaName(who), SessionToken: null, Errors: {} });
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims) => `${part({ alg: 'RS256', kid: 'test' })}.${part(claims)}.${p.token(16)}`;

const js = (text) => text.replace(/[^A-Za-z0-9]/g, (ch) => `\\x${ch.charCodeAt(0).toString(16).toUpperCase()}`);

p.on(ORG, 'GET', `${ISSUER}/v1/authorize`, (c) => {
  c.need({ query: ['nonce', 'state', 'code_challenge', 'sessionToken'] });
  const wanted = { client_id: CLIENT, response_type: 'code', response_mode: 'okta_post_message', prompt: 'none', redirect_uri: LOGIN, code_challenge_method: 'S256' };
  for (const [name, value] of Object.entries(wanted)) if (c.query.get(name) !== value) c.fault(`${name} is ${c.query.get(name)}`);
  const who = org.spend(c, c.query.get('sessionToken'));
  if (!who) return c.html('<html><script>data.error = \'login_required\';</script></html>');
  const code = p.token();
  p.state.codes ??= new Map();
  p.state.codes.set(code, { who, challenge: c.query.get('code_challenge'), nonce: c.query.get('nonce') });
  c.begin('sid', { who });
  const state = p.switches.state === 'other' ? 'somebody-elses' : c.query.get('state');
  return c.html(`<html><body><script>(function(window){var data = {};data.code = '${js(code)}';data.state = '${js(state)}';window.parent.postMessage(data, 'https\\x3A\\x2F\\x2F${js(WEB)}');})(window);</script></body></html>`);
});

p.on(ORG, 'POST', `${ISSUER}/v1/token`, (c) => {
  c.need({ form: ['grant_type', 'client_id', 'redirect_uri', 'code_verifier', 'code'] });
  const grant = p.state.codes?.get(c.form.get('code'));
  p.state.codes?.delete(c.form.get('code'));
  const challenge = createHash('sha256').update(c.form.get('code_verifier') ?? '').digest('base64url');
  if (!grant || grant.challenge !== challenge || c.form.get('redirect_uri') !== LOGIN) {
    c.fault('the code is unknown, was used, or the verifier is another');
    return c.send({ error: 'invalid_grant', error_description: 'The authorization code is invalid or has expired.' }, { status: 400 });
  }
  const token = p.token(40);
  p.state.access ??= new Map();
  p.state.access.set(token, grant.who);
  return c.send({ token_type: 'Bearer', expires_in: 3600, access_token: token, scope: 'openid email', id_token: jwt({ iss: `https://${ORG}${ISSUER}`, aud: CLIENT, sub: '00u1example', nonce: p.switches.nonce ?? grant.nonce }) });
});

p.get('/security/account/LogOff', (c) => {
  p.state.access?.clear();
  return c.redirect('/security/account/Login');
});

// Behind the sign-in

function customer(c) {
  const token = /^Bearer (.+)$/.exec(c.headers.authorization ?? '')?.[1];
  const who = p.state.access?.get(token);
  if (!who) c.fault('no bearer token, or one that is over');
  return p.switches.lost ? undefined : who;
}

const refused = (c) => c.send({ Message: 'Authorization has been denied for this request.' }, { status: 401 });

p.get('/cg/customer/api/account', (c) => {
  const who = customer(c);
  if (!who) return refused(c);
  if (p.switches.html === true) return c.html(page('Eversource', '<div id="App"></div>'));
  c.need({ query: ['pageNumber', 'pageSize'] });
  const size = Number(c.query.get('pageSize'));
  const from = (Number(c.query.get('pageNumber')) - 1) * size;
  return c.send({
    Accounts: who.accounts.slice(from, from + size).map((a) => ({ BillingAccountIdentifier: a.id, AccountNumber: a.number, CustomerName: a.name, AccountStatus: a.status, ServiceTypes: a.services, ServiceAddress: a.address })),
    TotalCount: who.accounts.length,
  });
});

p.get('/cg/customer/api/accountbilling/getOpowerWidgetData/:id', (c) => {
  const who = customer(c);
  const account = who?.accounts.find((a) => a.id === c.params.id);
  if (!account) return refused(c);
  if (!account.points) return c.send(null);
  const jwt = p.token(30);
  p.state.widgets ??= new Map();
  p.state.widgets.set(jwt, account);
  return c.send({ jwtToken: jwt });
});

const agreement = (one_) => ({ node: { uuid: `sa-${one_.id}`, serviceType: one_.fuel, ratePlan: { code: one_.rate }, servicePointsConnection: { edges: [{ node: {
  utilityId: one_.id, uuid: `sp-${one_.id}`, serviceType: one_.fuel, registers: [], premise: { uuid: 'pr-1', urn: 'urn:x', timeZone: 'America/New_York' } } }] } } });

p.on(WIDGET, 'POST', '/ei/edge/apis/dsm-graphql-v1/cws/graphql', (c) => {
  const account = p.state.widgets?.get(/^Bearer (.+)$/.exec(c.headers.authorization ?? '')?.[1]);
  const body = c.json;
  if (!account || !body?.query?.includes('billingAccountByAuthContext')) {
    c.fault('a token that is unknown, or another query');
    return c.send({ errors: [{ message: 'Unauthorized' }] }, { status: 401 });
  }
  const entity = JSON.stringify([`urn:external:opower:entity:id:${account.id}`]);
  if (c.headers['opower-selected-entities'] !== entity) c.fault(`the entity is ${c.headers['opower-selected-entities']}`);
  return c.send({ data: { billingAccountByAuthContext: { uuid: `ba-${account.id}`, urn: 'urn:x', utilityId: account.id, serviceAgreementsConnection: { edges: account.points.map(agreement) } } } });
});

export default p;
