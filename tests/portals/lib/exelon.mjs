// What ComEd, PECO and Atlantic City Electric share: the web sign-in over B2C, the customer's JSON services, the usage widget.
//
// exelon({id, name, domain, tenant, widget, code, fuels, home}) is a whole portal. Documented: paths, SETTINGS, the account list
// (JSON served as text/html) and its keys, the detail's keys, the widget token by ViewAccount and GetOpowerToken, Logout.
// Modelled: the client id, MeterInfo in the detail, townDetail.name, the chooser's markup.
import { b2c } from './b2c.mjs';
import * as opower from './opower.mjs';
import { page, portal } from './portal.mjs';

const PASSWORD = 'Prairie-Lantern-61';

function customersOf(account) {
  const one = [account('1234567890')];
  return {
    plain: { accounts: one },
    forced: { accounts: one, mfa: 'forced' },
    choice: { accounts: one, mfa: 'choice' },
    text: { accounts: one, mfa: 'text' },
    mail: { accounts: one, mfa: 'mail' },
    locked: { accounts: one, locked: true },
    enrol: { accounts: one, enrol: true },
    terms: { accounts: one, terms: true },
    renew: { accounts: one, renew: true },
    reset: { accounts: one, reset: true },
    several: { accounts: [account('1234567890'), account('2234567891', { premise: '7654321', line: '77 ELM CT', meters: { E: ['230000002'] } })] },
    closed: { accounts: [account('1234567890'), account('3234567892', { status: 'Inactive' })] },
    fuels: { accounts: [account('1234567890', { serviceType: 'GAS/ELECTRIC', meters: { E: ['230000001'], G: ['G0000001'] } })] },
    many: { accounts: Array.from({ length: 9 }, (_, i) => account(String(4000000000 + i))) },
    none: { accounts: [] },
    noWidget: { accounts: [account('1234567890', { noWidget: true })] },
    twice: { accounts: [account('1234567890', { premises: 2 })] },
    nostreet: { accounts: [account('1234567890', { line: '' })] },
  };
}

export function exelon({ id, name, domain, tenant, widget, code, town, rate = 'RES', policy = 'B2C_1A_SignIn' }) {
  const WEB = `secure.${domain}`;
  const B2C = `secure1.${domain}`;
  const ENTRY = `https://${WEB}/Pages/Login.aspx?/login`;
  const REDIRECT = `https://${WEB}/signin-oidc`;
  const account = (number, extra = {}) => ({ number, status: 'Active', line: '12 MAIN ST APT 4', premise: '1234567', serviceType: 'ELECTRIC', meters: { E: ['230000001'] }, ...extra });
  const p = portal({
    id, name, hosts: [WEB, B2C, widget], code: { digits: 6, life: 300, tries: 4 },
    customers: Object.fromEntries(Object.entries(customersOf(account)).map(([key, one]) => [key, { password: PASSWORD, ...one }])),
  });

  p.get('/Pages/Login.aspx', (c) => {
    if (p.switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
    if (p.switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429 });
    if (p.switches.redesign === 'entry') return c.html(page('My Account', '<div id="app"></div>'));
    p.state.flow = p.token();
    c.set('.AspNet.Correlation', p.token());
    const query = new URLSearchParams({ client_id: '11111111-2222-4333-8444-555555555555', redirect_uri: REDIRECT, response_type: 'code', scope: 'openid', response_mode: 'query', state: p.state.flow, nonce: p.token() });
    return c.redirect(`https://${B2C}/${tenant}/${policy}/oauth2/v2.0/authorize?${query}`);
  });

  b2c(p, {
    host: B2C, tenant: `/${tenant}/${policy}`, policy, clientId: '11111111-2222-4333-8444-555555555555', redirectUri: REDIRECT,
    finish(c, who, query) {
      p.state.code = { code: p.token(), who };
      return c.redirect(`${REDIRECT}?code=${p.state.code.code}&state=${query.get('state')}`);
    },
  });

  p.get('/signin-oidc', (c) => {
    if (c.query.get('error')) return c.redirect(`/Pages/Error.aspx?${c.query}`);
    const { code: sent } = p.state;
    p.state.code = undefined;
    if (!sent || sent.code !== c.query.get('code') || p.state.flow !== c.query.get('state')) {
      c.fault('the code or state is another, or was used');
      return c.redirect('/Pages/Login.aspx?/login');
    }
    c.begin('.AspNet.cookie', { who: sent.who, token: p.token(30) });
    c.set('.AspNet.cookieC1', p.token(40));
    c.set('ASP.NET_SessionId', p.token());
    return c.redirect(sent.who.accounts.length > 1 ? '/accounts/login/select-account' : '/accounts/dashboard');
  });

  p.get('/', (c) => c.html(page('Welcome', '<a href="/Pages/Login.aspx?/login">Sign in</a>')));

  p.get('/Pages/Error.aspx', (c) => c.html(page('Error', '<h1>Something went wrong</h1>')));

  const inside = (c) => (p.switches.lost ? undefined : c.session('.AspNet.cookie'));
  for (const path of ['/accounts/login/select-account', '/accounts/dashboard']) {
    p.get(path, (c) => (inside(c) ? c.html(page('My Account', '<app-root></app-root>')) : c.redirect('/Pages/Login.aspx?/login')));
  }

  p.get('/api/Services/MyAccountService.svc/GetSession', (c) => {
    const session = inside(c);
    const { who, token } = session ?? {};
    return c.send({ token: token ?? null, accountNumber: who?.accounts.length === 1 ? who.accounts[0].number : null, customerNumber: who ? '0012345678' : null,
      customerName: who ? 'TAYLOR QUINN' : null, primaryEmail: who?.user ?? null, isResidential: true });
  });

  // JSON as text/html, as the portal serves it.
  const asHtml = (c, value, status = 200) => c.answer(status, 'text/html; charset=utf-8', JSON.stringify(value));

  function bearer(c) {
    const session = inside(c);
    if (!session || c.headers.authorization !== `Bearer ${session.token}`) {
      c.fault('the bearer token is missing or another');
      return undefined;
    }
    return session;
  }

  const refused = (c) => asHtml(c, { success: false, meta: { code: 'TC-AUTH', description: 'Unauthorized' } }, 401);

  function premisesOf(a) {
    const address = a.line ? { addressGeneral: `${a.line}, ${town.city}, ${town.state} ${town.zip}`, addressLine: [a.line], townDetail: { name: town.city, stateOrProvince: town.state, code: town.zip } }
      : { addressGeneral: '', addressLine: [], townDetail: { name: town.city, stateOrProvince: town.state, code: town.zip } };
    return Array.from({ length: a.premises ?? 1 }, () => ({ premiseNumber: a.premise, mainAddress: address,
      MeterInfo: [...(a.meters.E ?? []).map((n) => ({ meterNumber: n, serviceType: 'ELECTRIC' })), ...(a.meters.G ?? []).map((n) => ({ meterNumber: n, serviceType: 'GAS' }))] }));
  }

  p.get('/.euapi/mobile/custom/auth/accounts', (c) => {
    const session = bearer(c);
    if (!session) return refused(c);
    if (p.switches.html === true) return c.html(page('My Account', '<app-root></app-root>'));
    if (p.switches.garbage) return c.answer(200, 'text/html', '{"success":true,"data":[{"accountNumber"');
    return asHtml(c, { success: true, data: session.who.accounts.map((a, i) => ({ accountNumber: a.number, customerNumber: '0012345678', address: a.line, status: a.status, isResidential: true, isDefaultProfile: i === 0,
      PremiseInfo: premisesOf(a).map(({ premiseNumber, mainAddress }) => ({ premiseNumber, mainAddress })) })) });
  });

  p.get('/.euapi/mobile/custom/auth/accounts/:number', (c) => {
    const session = bearer(c);
    const a = session?.who.accounts.find((one) => one.number === c.params.number);
    if (!a) return refused(c);
    return asHtml(c, { success: true, data: { accountNumber: a.number, status: a.status, flagFinaled: a.status !== 'Active', serviceType: a.serviceType, addressLine: a.line, city: town.city, state: town.state, zipCode: town.zip,
      premiseNumber: a.premise, rateSchedule: rate, electricChoiceID: a.meters.E ? `E${a.number}` : null, gasChoiceID: a.meters.G ? `G${a.number}` : null, isPasswordProtected: false, PremiseInfo: premisesOf(a) } });
  });

  p.post('/api/Services/AccountList.svc/ViewAccount', (c) => {
    const session = inside(c);
    const a = session?.who.accounts.find((one) => one.number === c.json?.accountNumber);
    if (!a) {
      c.fault('an account of somebody else, or nobody is signed in');
      return c.send({ Message: 'Unauthorized' }, { status: 401 });
    }
    session.viewed = a;
    return c.send({ isPasswordProtected: false });
  });

  p.post('/api/Services/OpowerService.svc/GetOpowerToken', (c) => {
    const session = inside(c);
    if (!session?.viewed) {
      c.fault('no account was viewed');
      return c.send({ Message: 'Unauthorized' }, { status: 401 });
    }
    if (session.viewed.noWidget) return c.send({ Message: 'An error has occurred.' }, { status: 500 });
    p.state.widgets ??= new Map();
    const token = p.token(30);
    p.state.widgets.set(token, session.viewed);
    return c.send({ access_token: token });
  });

  p.post('/api/Services/MyAccountService.svc/Logout', (c) => {
    c.session('.AspNet.cookie');
    c.end('.AspNet.cookie');
    return c.send({ success: true });
  });

  const fuel = { E: 'ELEC', G: 'GAS' };
  opower.routes(p, {
    host: widget, code,
    entriesOf(token) {
      const a = p.state.widgets?.get(token);
      return a && Object.keys(a.meters).map((kind) => ({ customer: `c-${a.number}`, uuid: `u-${kind}-${a.number}`, number: a.number, fuel: fuel[kind] }));
    },
  });
  return p;
}
