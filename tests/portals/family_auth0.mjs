// Lakeshore Electric, made up: a portal on Auth0's universal login.
import { page, portal } from './lib/portal.mjs';
import { auth0 } from './lib/auth0.mjs';
import { meterPages } from './lib/meterlist.mjs';

const PASSWORD = 'Quiet-Inlet-95';
const ID = 'login.lakeshore.test';
const WEB = 'www.lakeshore.test';
const meter = (n, extra = {}) => ({
  accountNumber: `80030${n}`, customerId: `L${n}`, holder: 'Jamie Shore', service: 'Electric', meterNumber: `LE-${n}`, servicePoint: `LP${n}`, rate: 'E-1', status: 'Active',
  address: { line1: `${n} LAKE DR`, line2: '', city: 'BUFFALO', state: 'NY', zip: '14202' }, ...extra,
});
const one = [meter(101)];
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';

const p = portal({
  id: 'family_auth0', name: 'Lakeshore Electric', hosts: [WEB, ID],
  code: { digits: 6, life: 270, tries: 5 },
  customers: {
    plain: { password: PASSWORD, meters: one },
    sms: { password: PASSWORD, meters: one, mfa: ['sms'] },
    voice: { password: PASSWORD, meters: one, mfa: ['voice'] },
    email: { password: PASSWORD, meters: one, mfa: ['email'] },
    totp: { password: PASSWORD, meters: one, mfa: ['otp'], totp },
    push: { password: PASSWORD, meters: one, mfa: ['push'] },
    all: { password: PASSWORD, meters: one, mfa: ['sms', 'email', 'voice', 'otp', 'push'], totp },
    locked: { password: PASSWORD, meters: one, locked: true },
    offered: { password: PASSWORD, meters: one, enrol: 'later' },
    forced: { password: PASSWORD, meters: one, enrol: 'now' },
    several: { password: PASSWORD, meters: [meter(101), meter(102)] },
    fuels: { password: PASSWORD, meters: [meter(101), meter(101, { service: 'Gas', meterNumber: 'LG-101' })] },
    closed: { password: PASSWORD, meters: [meter(101), meter(104, { status: 'Closed' })] },
    many: { password: PASSWORD, meters: Array.from({ length: 15 }, (_, i) => meter(200 + i)) },
    none: { password: PASSWORD, meters: [] },
    twice: { password: PASSWORD, meters: [meter(101), meter(101)] },
    nostreet: { password: PASSWORD, meters: [meter(101, { address: null })] },
  },
});

auth0(p, {
  host: ID,
  finish(c, who, query) {
    p.state.code = { code: p.token(), who };
    return c.redirect(`${query.get('redirect_uri')}?code=${p.state.code.code}&state=${query.get('state')}`);
  },
});

const inside = (c) => c.session('ls_session') && !p.switches.lost;

// The portal's own client begins the flow wherever a page needs the customer.
p.get('/signin', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>We are down for maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('Lakeshore', '<main id="app"></main>'));
  p.state.flow = p.token();
  const query = new URLSearchParams({ client_id: 'lakeshore-web', response_type: 'code', response_mode: 'query', scope: 'openid', redirect_uri: `https://${WEB}/callback`, state: p.state.flow, nonce: p.token() });
  return c.redirect(`https://${ID}/authorize?${query}`);
});

p.get('/callback', (c) => {
  const { code } = p.state;
  p.state.code = undefined;
  if (!code || code.code !== c.query.get('code') || p.state.flow !== c.query.get('state')) {
    c.fault('the code or state is another, or was used');
    return c.redirect('/signin');
  }
  c.begin('ls_session', { who: code.who });
  return c.redirect('/account');
});

p.get('/account', (c) => (inside(c) ? c.html(page('My account', '<main id="account-home"><h1>My account</h1><a href="/logout">Sign out</a></main>')) : c.redirect('/signin')));

meterPages(p, { cookie: 'ls_session', signIn: '/signin' });

export default p;
