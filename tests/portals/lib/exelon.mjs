// What ComEd, PECO and Atlantic City Electric share: the sign-in over B2C, the customer's services, the usage widget.
//
// exelon({id, name, domain, tenant, widget, code, town, rate, policy}) is a whole portal.
// Switches beside those of b2c.mjs and opower.mjs: wall true, rate true, redesign 'entry', maintenance 'entry';
// formPost (the way back is a form); html true, garbage (the list of accounts); lost true (no session) | 'accounts' (401) |
// 'view' (the sign-in page where JSON is due).
// Documented: paths, SETTINGS, GetSession with a token, the account list (JSON served as text/html) and its keys, the
// detail's keys, the widget's token by ViewAccount and GetOpowerToken, the site's cookie in two chunks, Logout.
// Modelled: the client id, where the code goes, that it may come by a form, MeterInfo in the detail, townDetail.name.
import { b2c } from './b2c.mjs';
import * as opower from './opower.mjs';
import { page, portal } from './portal.mjs';

const PASSWORD = 'Prairie-Lantern-61';
const CLIENT = '11111111-2222-4333-8444-555555555555';
const SERVICES = '/api/Services';
const API = '/.euapi/mobile/custom/auth/accounts';
const CUSTOMER = '0012345678';
const CHUNKS = ['.AspNet.cookie', '.AspNet.cookieC1', '.AspNet.cookieC2'];

const premise = (number, line, meters) => ({ number, line, meters });
const home = premise('1234567', '12 MAIN ST APT 4', { ELECTRIC: ['230000001'] });
const barn = premise('7654321', '77 ELM CT', { ELECTRIC: ['230000002'] });

function account(number, extra = {}) {
  return { number, status: 'Active', service: 'ELECTRIC', premises: [home], ...extra };
}

const both = premise('1234567', home.line, { ELECTRIC: ['230000001'], GAS: ['G0000001'] });
const gas = premise('1234567', home.line, { GAS: ['G0000001'] });
const old = premise('1112223', '5 OLD MILL RD', { ELECTRIC: ['230000003'] });

function customers() {
  const one = [account('1234567890')];
  const same = Object.fromEntries([
    ['plain', {}], ['phones', { mfa: 'phone', phones: 2 }],
    ...['forced', 'choice', 'text', 'mail', 'phone'].map((mfa) => [mfa, { mfa }]),
    ...['locked', 'enrol', 'terms', 'renew', 'reset'].map((what) => [what, { [what]: true }]),
  ].map(([key, extra]) => [key, { accounts: one, ...extra }]));
  const by = {
    several: [account('1234567890'), account('2234567891', { premises: [barn] })],
    premises: [account('1234567890', { premises: [home, barn] })],
    closed: [account('1234567890'), account('3234567892', { status: 'Inactive', premises: [old] }),
      account('4234567893', { finaled: true, noWidget: true, premises: [barn] })],
    fuels: [account('1234567890', { service: 'GAS/ELECTRIC', premises: [both] })],
    gas: [account('1234567890', { service: 'GAS', premises: [gas] })],
    none: [],
    noWidget: [account('1234567890', { noWidget: true })],
    twice: [account('1234567890', { premises: [home, home] })],
    nostreet: [account('1234567890', { premises: [premise('1234567', '', home.meters)] })],
  };
  const all = [...Object.entries(same), ...Object.entries(by).map(([key, accounts]) => [key, { accounts }])];
  return Object.fromEntries(all.map(([key, who]) => [key, { password: PASSWORD, ...who }]));
}

class Exelon {
  constructor({ domain, tenant, widget, code, policy = 'B2C_1A_SignIn', ...options }) {
    const [web, provider] = [`secure.${domain}`, `secure1.${domain}`];
    Object.assign(this, { rate: 'RES', ...options, web, provider, redirect: `https://${web}/signin-oidc` });
    this.authorize = `https://${provider}/${tenant}/${policy}/oauth2/v2.0/authorize`;
    this.p = portal({ id: options.id, name: options.name, hosts: [web, provider, widget],
      code: { digits: 6, life: 300, tries: 3 }, customers: customers() });
    b2c(this.p, { host: provider, tenant: `/${tenant}`, policy, clientId: CLIENT, redirectUri: this.redirect,
      grant: (who) => this.grant(who) });
    opower.routes(this.p, { host: widget, code, entriesOf: (token) => this.entries(token) });
    this.pages();
    this.services();
    this.accounts();
  }

  // Signing in and out

  pages() {
    const { p } = this;
    p.get('/Pages/Login.aspx', (c) => this.entry(c));
    p.get('/signin-oidc', (c) => this.signedIn(c, c.query));
    p.post('/signin-oidc', (c) => {
      c.need({ headers: { origin: `https://${this.provider}`, 'content-type': 'application/x-www-form-urlencoded' } });
      return this.signedIn(c, c.form);
    });
    p.get('/', (c) => c.html(page('Welcome', '<a href="/Pages/Login.aspx?/login">Sign in</a>')));
    p.get('/Pages/Error.aspx', (c) => c.html(page('Error', '<h1>Something went wrong</h1>')));
    for (const path of ['/accounts/login/select-account', '/accounts/dashboard']) p.get(path, (c) => this.landed(c));
  }

  entry(c) {
    const { wall, rate, redesign, maintenance, formPost } = this.p.switches;
    if (wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
    if (rate === true) return c.html(page('Slow down', ''), { status: 429, headers: { 'retry-after': '120' } });
    if (redesign === 'entry') return c.html(page('My Account', '<div id="app"></div>'));
    if (maintenance === 'entry') return c.html(page('Scheduled maintenance', '<p>We will be back soon.</p>'));
    const state = `OpenIdConnect.AuthenticationProperties=${this.p.token(30)}`;
    const nonce = this.p.token();
    this.p.state.asked ??= new Map();
    this.p.state.asked.set(state, nonce);
    c.set(`OpenIdConnect.nonce.${nonce.slice(0, 12)}`, nonce, { sameSite: 'None' });
    const query = new URLSearchParams({ client_id: CLIENT, redirect_uri: this.redirect, response_type: 'code',
      scope: 'openid', response_mode: formPost ? 'form_post' : 'query', state, nonce });
    return c.redirect(`${this.authorize}?${query}`);
  }

  grant(who) {
    this.p.state.codes ??= new Map();
    const code = this.p.token();
    this.p.state.codes.set(code, who);
    return { code };
  }

  // The way back: code and state are good once, and only in the browser that asked.
  signedIn(c, fields) {
    const { asked, codes } = this.p.state;
    const nonce = asked?.get(fields.get('state'));
    asked?.delete(fields.get('state'));
    const cookie = nonce && c.cookies[`OpenIdConnect.nonce.${nonce.slice(0, 12)}`];
    if (!nonce || cookie !== nonce) c.fault('the state is another, was used, or its cookie is missing');
    if (fields.get('error')) return c.redirect('/Pages/Error.aspx');
    const who = codes?.get(fields.get('code'));
    codes?.delete(fields.get('code'));
    if (!who) c.fault('the code is another, or was used');
    if (!who || cookie !== nonce) return c.redirect('/Pages/Login.aspx?/login');
    const [name, first, second] = CHUNKS;
    const session = c.begin(first, { who, token: this.p.token(30), second: this.p.token(40) });
    session.viewed = who.accounts.length === 1 ? who.accounts[0] : undefined;
    c.set(name, 'chunks:2');
    c.set(second, session.second);
    c.set('ASP.NET_SessionId', this.p.token());
    return c.redirect(who.accounts.length > 1 ? '/accounts/login/select-account' : '/accounts/dashboard');
  }

  session(c) {
    const [name, first, second] = CHUNKS;
    const session = c.session(first);
    if (!session || this.p.switches.lost === true) return undefined;
    const whole = c.cookies[name] === 'chunks:2' && c.cookies[second] === session.second
      && 'ASP.NET_SessionId' in c.cookies;
    if (!whole) c.fault("a part of the site's cookie is missing");
    return whole ? session : undefined;
  }

  landed(c) {
    const session = this.session(c);
    if (session) session.landed = true;
    return session ? c.html(page('My Account', '<app-root></app-root>')) : c.redirect('/Pages/Login.aspx?/login');
  }

  // Requests of the page's script come from a page of the site.
  inside(c) {
    const session = this.session(c);
    if (!session) return undefined;
    const posted = c.method === 'POST' && { origin: `https://${this.web}`, 'content-type': /^application\/json/ };
    c.need({ headers: { referer: new RegExp(`^https://${this.web}/accounts/`), ...posted } });
    if (!session.landed) c.fault('no page of the site was opened');
    return session;
  }

  // The site's own services

  services() {
    const { p } = this;
    const unauthorized = (c) => c.send({ Message: 'Unauthorized' }, { status: 401 });
    p.get(`${SERVICES}/MyAccountService.svc/GetSession`, (c) => {
      const { who, token = null, viewed } = this.inside(c) ?? {};
      return c.send({ token, accountNumber: viewed?.number ?? null, customerNumber: who ? CUSTOMER : null,
        customerName: who ? 'TAYLOR QUINN' : null, primaryEmail: who?.user ?? null, isResidential: true });
    });
    p.post(`${SERVICES}/AccountList.svc/ViewAccount`, (c) => {
      if (p.switches.lost === 'view') return c.redirect('/Pages/Login.aspx?/login');
      const session = this.inside(c);
      const found = session?.who.accounts.find((one) => one.number === c.json?.accountNumber);
      if (!found) {
        c.fault('an account of somebody else, or nobody is signed in');
        return unauthorized(c);
      }
      session.viewed = found;
      return c.send({ isPasswordProtected: false });
    });
    p.post(`${SERVICES}/OpowerService.svc/GetOpowerToken`, (c) => {
      const session = this.inside(c);
      if (!session?.viewed || JSON.stringify(c.json) !== '{}') {
        c.fault('no account was viewed, or the body is not {}');
        return unauthorized(c);
      }
      if (session.viewed.noWidget) return c.send({ Message: 'An error has occurred.' }, { status: 500 });
      return c.send({ access_token: this.widgetToken(session.viewed) });
    });
    p.post(`${SERVICES}/MyAccountService.svc/Logout`, (c) => {
      this.inside(c);
      c.end(CHUNKS[1]);
      for (const name of [CHUNKS[0], CHUNKS[2]]) c.unset(name);
      return c.send({ success: true });
    });
  }

  // The account interface: JSON as text/html, as the portal serves it

  accounts() {
    const { p } = this;
    const json = (c, value, status = 200) => c.answer(status, 'text/html; charset=utf-8', JSON.stringify(value));
    const refused = (c) => json(c, { success: false, meta: { code: 'TC-AUTH', description: 'Unauthorized' } }, 401);
    p.get(API, (c) => {
      const session = this.bearer(c);
      if (!session) return refused(c);
      if (p.switches.html === true) return c.html(page('My Account', '<app-root></app-root>'));
      if (p.switches.garbage) return c.answer(200, 'text/html', '{"success":true,"data":[{"accountNumber"');
      return json(c, { success: true, data: session.who.accounts.map((a, i) => this.listed(a, i === 0)) });
    });
    p.get(`${API}/:number`, (c) => {
      const found = this.bearer(c)?.who.accounts.find((one) => one.number === c.params.number);
      return found ? json(c, { success: true, data: this.detail(found) }) : refused(c);
    });
  }

  bearer(c) {
    const session = this.inside(c);
    if (!session || c.headers.authorization !== `Bearer ${session.token}`) {
      c.fault('the bearer token is missing or another');
      return undefined;
    }
    return this.p.switches.lost === 'accounts' ? undefined : session;
  }

  address(line) {
    const { city, state, zip } = this.town;
    return { addressGeneral: line && `${line}, ${city}, ${state} ${zip}`, addressLine: line ? [line] : [],
      townDetail: { name: city, stateOrProvince: state, code: zip } };
  }

  listed(a, first) {
    const premises = a.premises.map((one) => ({ premiseNumber: one.number, mainAddress: this.address(one.line) }));
    return { accountNumber: a.number, customerNumber: CUSTOMER, address: a.premises[0].line, status: a.status,
      isResidential: true, isDefaultProfile: first, PremiseInfo: premises };
  }

  detail(a) {
    const [first] = a.premises;
    const { city, state, zip } = this.town;
    const choice = (fuel) => (fuel in first.meters ? `${fuel[0]}${a.number}` : null);
    const meters = (one) => Object.entries(one.meters).flatMap(([serviceType, list]) => (
      list.map((meterNumber) => ({ meterNumber, serviceType }))));
    return {
      accountNumber: a.number, status: a.status, flagFinaled: Boolean(a.finaled) || a.status !== 'Active',
      serviceType: a.service, addressLine: first.line, city, state, zipCode: zip, premiseNumber: first.number,
      rateSchedule: this.rate, electricChoiceID: choice('ELECTRIC'), gasChoiceID: choice('GAS'),
      isPasswordProtected: false, PremiseInfo: this.listed(a).PremiseInfo.map((one, i) => (
        { ...one, MeterInfo: meters(a.premises[i]) })),
    };
  }

  // The usage widget, whose token is good for the account that was viewed last

  widgetToken(a) {
    this.p.state.widgets ??= new Map();
    const token = this.p.token(30);
    this.p.state.widgets.set(token, a);
    return token;
  }

  entries(token) {
    const a = this.p.state.widgets?.get(token);
    return a && Object.keys(a.premises[0].meters).map((kind) => ({ customer: `c-${a.number}`, number: a.number,
      uuid: `u-${kind[0]}-${a.number}`, fuel: { ELECTRIC: 'ELEC', GAS: 'GAS' }[kind] }));
  }
}

export function exelon(options) { return new Exelon(options).p; }
