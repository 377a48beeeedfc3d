// Consolidated Edison: a Sitecore service in front of an Okta organisation, and the Opower usage widget.
//
// Documented: the service's requests and answers, the device cookie, the widget and its token. Modelled: the wordings, what
// happens at exhaustion and after a late answer, the dashboard's markup, the name of the Okta host.
import * as opower from './lib/opower.mjs';
import { escape, page, portal } from './lib/portal.mjs';

const PASSWORD = 'Hudson-Bridge-27';
const OKTA = 'login.coned.com';
const WIDGET = 'cned.opower.com';
const API = '/sitecore/api/ssc/ConEdWeb-Foundation-Login-Areas-LoginAPI/User/0';
const RETURN = '/en/accounts-billing/my-account/energy-use';

let made = 0;
const uuid = () => { made += 1; return `0a1b2c3d-0000-4000-8000-${String(made).padStart(12, '0')}`; };
const service = (fuel, extra = {}) => ({ fuel, rate: fuel === 'GAS' ? 'SC 1 GAS' : 'EL1 RESIDENTIAL', uuid: uuid(), meters: fuel === 'ELEC' ? ['011234567'] : undefined, ...extra });
const at = (number, extra = {}) => ({ number, name: 'Sam Ortega', address: '350 E 17TH ST APT 4C, NEW YORK, NY 10003', status: 'Active', services: [service('ELEC')], ...extra });
const one = [at('411234567890123')];

const p = portal({
  id: 'coned', name: 'Con Edison', hosts: ['www.coned.com', OKTA, WIDGET],
  code: { digits: 6, life: 300, tries: 5 },
  customers: {
    plain: { password: PASSWORD, accounts: one },
    sms: { password: PASSWORD, accounts: one, mfa: 'sms' },
    email: { password: PASSWORD, accounts: one, mfa: 'email' },
    totp: { password: PASSWORD, accounts: one, mfa: 'totp', totp: 'KRSXG5CTMVRXEZLUKN2XAZLS' },
    question: { password: PASSWORD, accounts: one, mfa: 'question', answer: 'Biscuit' },
    coded: { password: PASSWORD, accounts: one, mfa: 'question', about: 'code', answer: 'Red Kite' },
    postcode: { password: PASSWORD, accounts: one, mfa: 'question', about: 'postcode', answer: '10458' },
    odd: { password: PASSWORD, accounts: one, mfa: 'odd' },
    locked: { password: PASSWORD, accounts: one, locked: true },
    several: { password: PASSWORD, accounts: [at('411234567890123'), at('422234567890124', { address: '8 PIERCE AVE, YONKERS, NY 10701', services: [service('ELEC', { meters: ['017654321'] })] })] },
    closed: { password: PASSWORD, accounts: [at('411234567890123'), at('433234567890125', { status: 'Closed', services: [service('ELEC', { hidden: true, meters: undefined })] })] },
    both: { password: PASSWORD, accounts: [at('411234567890123', { services: [service('ELEC'), service('GAS'), { fuel: 'STEAM', rate: 'SC 2 STEAM', hidden: true }] })] },
    many: { password: PASSWORD, accounts: Array.from({ length: 103 }, (_, i) => at(String(500000000000000 + i), { services: [service('GAS')] })) },
    none: { password: PASSWORD, accounts: [] },
    dumb: { password: PASSWORD, accounts: [at('411234567890123', { services: [service('ELEC', { meters: undefined })] })] },
    twice: { password: PASSWORD, accounts: [at('411234567890123')], doubled: true },
    nostreet: { password: PASSWORD, accounts: [at('411234567890123', { address: '' })] },
  },
});

const words = {
  sms: 'For your security we need to know it is you. We sent a text message with a code to your phone ending in 3161: Enter your verification code',
  email: 'For your security we need to know it is you. We sent an email with a code to s***@customer.test: Enter your verification code',
  totp: 'For your security we need to know it is you. Open your authenticator app: Enter the 6-digit code',
  question: 'For your security we need to know it is you. Please answer your security question: What was the name of your first pet?',
  code: 'For your security we need to know it is you. Please answer your security question: What was the code name of your first phone?',
  postcode: 'For your security we need to know it is you: What was the zip code of your first home?',
  odd: 'For your security we need to know it is you. Hold your key card to the reader.',
};

const loginPage = (c) => c.html(page('Log In', `<form class="js-login-form"><input id="form-login-email" name="LoginEmail" type="email">
<input id="form-login-password" name="LoginPassword" type="password"></form><form class="js-login-new-device-form"><input id="form-login-mfa-code" name="LoginMFACode"></form>`));

p.get('/en/login', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>Site maintenance</h1><p>We will be back soon.</p>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.rate) return c.html(page('Slow down', 'Too many requests'), { status: 429 });
  c.set('coned#lang', 'en');
  return loginPage(c);
});

function xhr(c) { return c.need({ headers: { referer: /^https:\/\/www\.coned\.com\//, 'content-type': /^application\/json/ } }); }

// A link that may be followed once; the Okta host sets its session and leads back.
function redirectUrl(who) {
  const ticket = p.token();
  p.state.tickets ??= new Map();
  p.state.tickets.set(ticket, who);
  return `https://${OKTA}/login/sessionCookieRedirect?token=${ticket}&redirectUrl=${encodeURIComponent('https://www.coned.com/authorize')}`;
}

p.post(`${API}/Login`, (c) => {
  if (p.switches.edge) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.htmlLogin) return c.html(page('Con Edison', '<div id="root"></div>'));
  if (p.switches.down) return c.html(page('Error', '<h1>Scheduled maintenance</h1>'), { status: 503 });
  const body = xhr(c) && c.json;
  if (!body || ['LoginEmail', 'LoginPassword', 'LoginRememberMe', 'ReturnUrl', 'OpenIdRelayState'].some((name) => !(name in body))) {
    c.fault('a member of the login is missing');
    return c.send({ login: false }, { status: 403 });
  }
  const others = Object.keys(c.cookies).filter((name) => name !== 'CE_DEVICE_ID');
  if (others.length) c.fault(`cookies beside the device's: ${others}`);
  if (body.LoginRememberMe !== false || body.ReturnUrl !== RETURN || body.OpenIdRelayState !== '') c.fault('a member of the login is not as the page sends it');
  const who = p.customer(body.LoginEmail);
  const how = p.password(c, who, body.LoginPassword, { again: p.state.asked === who?.key && ['sms', 'email'].includes(who.mfa) }); // another code is a new login
  if (how === 'locked') return c.send({ login: false, loginErrorMsg: 'Your account has been locked. Please try again in 30 minutes.' });
  if (how === 'wrong') return c.send({ login: false, loginErrorMsg: 'The email or password you entered is incorrect.' });
  if (p.switches.redesign) return c.send({ login: true, newDevice: true, noMfa: true });
  if (!who.mfa || c.session('CE_DEVICE_ID')?.who === who) return c.send({ login: true, newDevice: false, noMfa: true, authRedirectUrl: redirectUrl(who) });
  p.state.asked = who.key;
  c.begin('MfaState', { who, at: p.now(), tries: 0 });
  if (who.mfa === 'sms' || who.mfa === 'email') p.send(who, who.mfa, who.mfa === 'sms' ? 'phone ending in 3161' : who.user);
  return c.send({ login: true, newDevice: true, noMfa: false, newDeviceText: words[who.about ?? who.mfa] });
});

function judge(c, half, answer) {
  if (half.who.mfa === 'question') return answer.trim().toLowerCase() === half.who.answer.toLowerCase() ? 'ok' : 'wrong';
  return half.who.mfa === 'totp' ? p.totp(c, half.who, answer) : p.verify(c, half.who, answer);
}

p.post(`${API}/VerifyFactor`, (c) => {
  const half = c.session('MfaState');
  const body = xhr(c) && c.json;
  if (!half || p.now() - half.at > 900000 || half.tries >= p.tries) return c.redirect('/en/login');
  if (!body || typeof body.MFACode !== 'string' || body.ReturnUrl !== RETURN || !('OpenIdRelayState' in body)) {
    c.fault('MFACode, ReturnUrl or OpenIdRelayState is missing');
    return c.send({ code: false });
  }
  half.tries += 1;
  if (judge(c, half, body.MFACode) !== 'ok') return c.send({ code: false });
  c.begin('CE_DEVICE_ID', { who: half.who }, { maxAge: 31536000, domain: 'coned.com' });
  c.end('MfaState');
  return c.send({ code: true, authRedirectUrl: redirectUrl(half.who) });
});

p.post(`${API}/Logout`, (c) => {
  xhr(c);
  c.session('coned_session');
  c.end('coned_session');
  return c.send({ logout: true });
});

p.on(OKTA, 'GET', '/login/sessionCookieRedirect', (c) => {
  const who = p.state.tickets?.get(c.query.get('token'));
  p.state.tickets?.delete(c.query.get('token'));
  if (!who) {
    c.fault('a sign-on link that is unknown or was used');
    return c.html(page('Error', ''), { status: 400 });
  }
  c.begin('sid', { who });
  const code = p.token();
  p.state.codes ??= new Map();
  p.state.codes.set(code, who);
  return c.redirect(`${c.query.get('redirectUrl')}?code=${code}`);
});

p.get('/authorize', (c) => {
  const who = p.state.codes?.get(c.query.get('code'));
  p.state.codes?.delete(c.query.get('code'));
  if (!who) {
    c.fault('a code that is unknown or was used');
    return c.redirect('/en/login');
  }
  c.begin('coned_session', { who, selected: who.accounts.length === 1 });
  return c.redirect(RETURN);
});

const signedIn = (c) => (p.switches.lost ? undefined : c.session('coned_session'));

p.get(RETURN, (c) => (signedIn(c) ? c.html(page('Energy use', '<div id="opower-widget"></div>')) : loginPage(c)));

function listOf(accounts) {
  return accounts.map((a) => `<li><a href="/en/accounts-billing/dashboard?account=${a.number}">${a.number}</a></li>`).join('');
}

const names = { ELEC: 'ELECTRIC', GAS: 'GAS', STEAM: 'STEAM' };

function dashboard(a, others) {
  const services = a.services.map((s) => `<li data-service="${names[s.fuel]}" data-rate="${escape(s.rate)}">${names[s.fuel]}</li>`).join('');
  const doubled = others ? `<ul class="accounts">${others}</ul>` : '';
  return page('Dashboard', `${doubled}<p id="account-number">${a.number}</p><p id="account-name">${escape(a.name)}</p>
<p id="service-address">${escape(a.address)}</p><p id="account-status">${a.status}</p><ul id="services">${services}</ul>`);
}

p.get('/en/accounts-billing/dashboard', (c) => {
  const session = signedIn(c);
  if (!session) return loginPage(c);
  c.need({ headers: { referer: /^https:\/\/www\.coned\.com\// } });
  const { accounts } = session.who;
  if (!accounts.length) return c.html(page('Dashboard', '<p id="no-accounts">There are no accounts.</p>'));
  const wanted = c.query.get('account');
  const list = accounts.length > 1 ? listOf(accounts) : '';
  if (!wanted && accounts.length > 1) return c.html(page('Choose an account', `<ul class="accounts">${list}</ul>`));
  const a = wanted ? accounts.find((one_) => one_.number === wanted) : accounts[0];
  if (!a) {
    c.fault('an account of somebody else');
    return c.redirect('/en/accounts-billing/dashboard');
  }
  session.selected = true;
  return c.html(dashboard(a, list));
});

p.get('/sitecore/api/ssc/ConEd-Cms-Services-Controllers-Opower/OpowerService/0/GetOPowerToken', (c) => {
  const session = signedIn(c);
  c.need({ headers: { referer: /^https:\/\/www\.coned\.com\// } });
  if (p.switches.noRight) return c.send({ Message: 'Forbidden' }, { status: 403 });
  if (p.switches.broken) return c.send({ Message: 'An error has occurred.' }, { status: 500 });
  if (!session || !session.selected) return c.html(page('Con Edison', '<div id="root"></div>'));
  session.widget = p.token();
  p.state.widgets ??= new Map();
  p.state.widgets.set(session.widget, session.who);
  return c.send(session.widget);
});

function entriesOf(token) {
  const who = p.state.widgets?.get(token);
  const entries = who?.accounts.flatMap((a) => a.services.filter((s) => !s.hidden)
    .map((s) => ({ customer: `c-${a.number}`, uuid: s.uuid, number: a.number, fuel: s.fuel, meters: s.meters })));
  return who?.doubled ? [...entries, ...entries] : entries;
}

opower.routes(p, { host: WIDGET, code: 'cned', entriesOf });

p.on(WIDGET, 'GET', '/ei/edge/apis/cws-real-time-ami-v1/cws/cned/accounts/:uuid/meters', (c) => {
  const entries = opower.seen(c, entriesOf);
  const entry = entries?.find((e) => e.uuid === c.params.uuid);
  if (!entry) return opower.refused(c);
  opower.selects(c, entry.customer);
  return entry.meters ? c.send({ meters_ids: entry.meters }) : c.send({ error: {} }, { status: 404 });
});

export default p;
