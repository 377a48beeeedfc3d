// SoCalGas: a single-page app's own JSON API, and the usage portal behind it.
//
// Documented: routes of the login and of validate-and-refresh-session, error keys, interstitials, the usage portal's account
// list and mapping of meters with their headers. Modelled: the login's fields, all of MFA, addresses and rates.
import { page, portal } from './lib/portal.mjs';

const PASSWORD = 'Poppy-Canyon-64';
const API = '/api/v1/web-user';
const AUTH = '/public/api/v1/web-user/authentication';
const SEW = 'socal.smartcmobile.com';

const at = (shown, extra = {}) => ({
  shown, number: shown.slice(0, 10), name: 'Jordan Reyes', address: '2210 W SUNSET PL UNIT 12, LOS ANGELES, CA 90026', rate: 'GR', status: 'Active',
  meters: [{ GnnId: `G${shown.slice(-5)}`, MeterNumber: `1${shown.slice(2, 9)}`, ServicePointId: `SP${shown.slice(0, 6)}` }], ...extra,
});
const one = [at('12345678905')];
const factors = {
  totp: { id: 'f1', type: 'TOTP' },
  sms: { id: 'f2', type: 'SMS', destination: '(***) ***-3161' },
  email: { id: 'f3', type: 'EMAIL', destination: 'j***@customer.test' },
};

const p = portal({
  id: 'scg', name: 'SoCalGas', hosts: ['myaccount.socalgas.com', SEW],
  code: { digits: 6, life: 300, tries: 5 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    totp: { password: PASSWORD, accounts: one, mfa: ['totp'], totp: 'JBSWY3DPEHPK3PXPJBSWY3DP' },
    sms: { password: PASSWORD, accounts: one, mfa: ['sms'] },
    email: { password: PASSWORD, accounts: one, mfa: ['email'] },
    choice: { password: PASSWORD, accounts: one, mfa: ['totp', 'sms', 'email'], totp: 'JBSWY3DPEHPK3PXPJBSWY3DP' },
    locked: { password: PASSWORD, accounts: one, locked: true },
    locked2: { password: PASSWORD, accounts: one, locked: true, facade: true },
    expired: { password: PASSWORD, accounts: one, renew: true },
    paperless: { password: PASSWORD, accounts: one, stops: ['paperless', 'contact'] },
    contact: { password: PASSWORD, accounts: one, stops: ['contact!'] },
    offered: { password: PASSWORD, accounts: one, enrol: 'later' },
    forced: { password: PASSWORD, accounts: one, enrol: 'now' },
    several: { password: PASSWORD, accounts: [at('12345678905'), at('22345678902', { address: '18 PALM CT, IRVINE, CA 92602', rate: 'GN-10' })] },
    closed: { password: PASSWORD, accounts: [at('12345678905'), at('32345678909', { status: 'Closed', meters: [] })] },
    none: { password: PASSWORD, accounts: [] },
    twice: { password: PASSWORD, accounts: [at('12345678905', { meters: [...one[0].meters, ...one[0].meters] })] },
    other: { password: PASSWORD, accounts: one, numbered: 'accountNumber' },
    unnumbered: { password: PASSWORD, accounts: one, numbered: 'acct' },
    nostreet: { password: PASSWORD, accounts: [at('12345678905', { address: null })] },
  },
});

const no = (c, errorCode, message, status = 401) => c.send({ status: 'error', errorCode, message }, { status });

p.get('/ui/login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>My Account is down for maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429, headers: { 'retry-after': '60' } });
  c.set('scg_visit', p.token());
  return c.html(page('My Account', '<scg-app></scg-app><script src="/ui/main.js"></script>'));
});

// Where a limit of requests leads.
p.get('/ui/error', (c) => c.html(page('My Account', '<scg-app></scg-app>')));

function refresh(c) {
  const session = c.session('scg_session');
  if (p.switches.html && session) return c.html(page('My Account', '<scg-app></scg-app>'));
  if (!session || p.switches.lost) return no(c, 'UNAUTHORIZED', 'No session');
  const stop = session.stops[0];
  return c.send({ status: 'success', nextRoute: stop ? `/interstitial/${stop.replace('!', '')}` : '/ui/home', ...(stop && { skippable: !stop.endsWith('!') }) });
}
p.get(`${API}/authentication/validate-and-refresh-session`, refresh);
p.post(`${API}/authentication/validate-and-refresh-session`, refresh);

function enter(c, who) {
  c.begin('scg_session', { who, stops: [...(who.stops ?? [])] });
  return c.send({ status: 'success' });
}

function xhr(c) {
  return c.need({ headers: { 'content-type': /^application\/json/, accept: /json/, referer: /^https:\/\/myaccount\.socalgas\.com\// }, cookies: ['scg_visit'] });
}

p.post(`${AUTH}/login`, (c) => {
  const body = xhr(c) && c.json;
  if (!body) return no(c, 'BAD_REQUEST', 'Bad request', 400);
  if (p.switches.limited) return c.redirect('/ui/error');
  if (p.switches.captcha) return no(c, 'CAPTCHA_REQUIRED', 'Please confirm that you are not a robot.', 403);
  if (p.switches.redesign) return c.send({ result: { state: 'PASSKEY_STEP' } });
  if (p.switches.htmlLogin) return c.html(page('My Account', '<scg-app></scg-app>'));
  const who = p.customer(body.username);
  const how = p.password(c, who, body.password);
  if (how === 'locked' && who.facade) return c.send({ isSuccess: false, ResponseBody: { status: 'LOCKED_OUT' } });
  if (how === 'locked') return c.send({ status: 'error', error_code: 'ACCOUNT_LOCKED', message: 'Your account is locked.' }, { status: 401 });
  if (how === 'wrong') return no(c, 'INVALID_CREDENTIALS', 'The email or password is incorrect.');
  if (who.renew) return no(c, 'PASSWORD_EXPIRED', 'Your password has expired.');
  if (who.enrol) {
    c.begin('scg_pending', { who, at: p.now(), enrol: who.enrol });
    return c.send({ status: 'MFA_ENROLLMENT_REQUIRED', skippable: who.enrol === 'later' });
  }
  if (!who.mfa || c.session('scg_device')?.who === who) return enter(c, who);
  c.begin('scg_pending', { who, at: p.now() });
  return c.send({ status: 'MFA_REQUIRED', factors: who.mfa.map((kind) => factors[kind]) });
});

function pending(c) {
  const half = c.session('scg_pending');
  return half && p.now() - half.at < 900000 ? half : undefined;
}

const kindOf = (who, id) => who.mfa?.find((kind) => factors[kind].id === id);

p.post(`${AUTH}/mfa/send`, (c) => {
  const half = pending(c);
  const body = xhr(c) && c.json;
  if (!half) return no(c, 'SESSION_EXPIRED', 'Your session has expired.');
  const kind = kindOf(half.who, body?.factorId);
  if (!kind || kind === 'totp') {
    c.fault('a factor that is not sent to');
    return no(c, 'BAD_REQUEST', 'Bad request', 400);
  }
  if (p.switches.unsent) return c.send(p.switches.unsent);
  if (p.tooOften(half)) return no(c, 'SEND_LIMIT', 'Too many codes were sent.');
  p.send(half.who, kind, factors[kind].destination);
  return p.switches.quiet ? c.nothing() : c.send({ status: 'sent' });
});

p.post(`${AUTH}/mfa/verify`, (c) => {
  const half = pending(c);
  const body = xhr(c) && c.json;
  if (!half) return no(c, 'SESSION_EXPIRED', 'Your session has expired.');
  const kind = kindOf(half.who, body?.factorId);
  if (!kind || typeof body.code !== 'string' || typeof body.rememberDevice !== 'boolean') {
    c.fault('factorId, code or rememberDevice is missing');
    return no(c, 'BAD_REQUEST', 'Bad request', 400);
  }
  const how = kind === 'totp' ? p.totp(c, half.who, body.code) : p.verify(c, half.who, body.code);
  if (how === 'exhausted') {
    c.end('scg_pending');
    return no(c, 'TOO_MANY_ATTEMPTS', 'Too many attempts.');
  }
  if (how === 'expired') return no(c, 'EXPIRED_CODE', 'The code has expired.');
  if (how !== 'ok') return no(c, 'INVALID_CODE', 'The code is incorrect.');
  c.end('scg_pending');
  if (body.rememberDevice) c.begin('scg_device', { who: half.who }, { maxAge: 2592000 });
  return enter(c, half.who);
});

p.post(`${AUTH}/mfa/skip-enrollment`, (c) => {
  const half = pending(c);
  xhr(c);
  if (half?.enrol !== 'later') {
    c.fault('there is nothing to skip');
    return no(c, 'BAD_REQUEST', 'Bad request', 400);
  }
  c.end('scg_pending');
  return enter(c, half.who);
});

p.post(`${API}/interstitial/skip`, (c) => {
  const session = c.session('scg_session');
  xhr(c);
  if (!session || session.stops[0] !== c.json?.name) {
    c.fault('an interstitial that is not shown, or cannot be skipped');
    return no(c, 'BAD_REQUEST', 'Bad request', 400);
  }
  session.stops.shift();
  return c.send({ nextRoute: session.stops.length ? `/interstitial/${session.stops[0].replace('!', '')}` : '/ui/home' });
});

p.get(`${API}/authentication/initialize-ways-to-save`, (c) => {
  const session = c.session('scg_session');
  if (!session) return no(c, 'UNAUTHORIZED', 'No session');
  if (session.stops.length) c.fault('an interstitial was left unanswered');
  session.sso = p.token();
  session.access = p.token();
  p.state.sso ??= new Map();
  p.state.sso.set(session.sso, session);
  return c.send({ url: `https://${SEW}/connectorsso/sso?token=${session.sso}`, accessToken: session.access });
});

p.post(`${API}/authentication/logout`, (c) => {
  c.session('scg_session');
  c.end('scg_session');
  return c.send({ status: 'success' });
});

// The usage portal

p.on(SEW, 'GET', '/connectorsso/sso', (c) => {
  const session = p.state.sso?.get(c.query.get('token'));
  p.state.sso?.delete(c.query.get('token'));
  if (!session) {
    c.fault('a sign-on token that is unknown or was used');
    return c.html(page('Error', ''), { status: 401 });
  }
  c.begin('ASP.NET_SessionId', session);
  return c.html(page('Ways to Save', '<div id="root"></div>'));
});

function usage(c) {
  const session = c.session('ASP.NET_SessionId');
  const whole = session && c.need({ headers: { accesstoken: session.access, portaltype: 'R', module: '', 'x-sew-callertype': 'socal', 'content-type': /^application\/json/ } });
  return whole ? session : undefined;
}

p.on(SEW, 'POST', '/connectorsso/api/account/list', (c) => {
  const session = usage(c);
  if (!session) return c.send({ Message: 'Unauthorized' }, { status: 401 });
  if (p.switches.garbage) return c.text('[{"BillAccount": ');
  return c.send(session.who.accounts.map((a) => ({ [session.who.numbered ?? 'BillAccount']: a.number, DisplayAccount: a.shown, CustomerName: a.name, ServiceAddress: a.address, RateSchedule: a.rate, Status: a.status })));
});

p.on(SEW, 'POST', '/connectorsso/api/usage/gnnmapping', (c) => {
  const session = usage(c);
  if (!session) return c.send({ Message: 'Unauthorized' }, { status: 401 });
  const account = session.who.accounts.find((a) => a.number === c.json?.BillAccount);
  if (!account) {
    c.fault('an account of somebody else');
    return c.send({ Message: 'Forbidden' }, { status: 403 });
  }
  return account.meters.length ? c.send({ GnnMeterMap: account.meters }) : c.nothing(204);
});

export default p;
