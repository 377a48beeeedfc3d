// Clearfield Power, made up: a portal on Okta Identity Engine with every kind of authenticator.
import { page, portal } from './lib/portal.mjs';
import { idx } from './lib/okta_idx.mjs';
import { meterPages } from './lib/meterlist.mjs';

const PASSWORD = 'Level-Meadow-83';
const ID = 'login.clearfield.test';
const WEB = 'www.clearfield.test';
const meter = (n, extra = {}) => ({
  accountNumber: `60020${n}`, customerId: `K${n}`, holder: 'Morgan Field', service: 'Electric', meterNumber: `CF-${n}`, servicePoint: `CP${n}`, rate: 'R-10', status: 'Active',
  address: { line1: `${n} FARM LN`, line2: '', city: 'DAYTON', state: 'OH', zip: '45402' }, ...extra,
});
const one = [meter(101)];
const totp = 'MZXW6YTBOI2DMNJVGY3TQOJQ';

const p = portal({
  id: 'family_okta_idx', name: 'Clearfield Power', hosts: [WEB, ID],
  code: { digits: 6, life: 250, tries: 5 },
  customers: {
    plain: { password: PASSWORD, meters: one },
    sms: { password: PASSWORD, meters: one, mfa: ['sms'] },
    voice: { password: PASSWORD, meters: one, mfa: ['voice'] },
    phone: { password: PASSWORD, meters: one, mfa: ['sms', 'voice'] },
    email: { password: PASSWORD, meters: one, mfa: ['email'] },
    totp: { password: PASSWORD, meters: one, mfa: ['totp'], totp },
    question: { password: PASSWORD, meters: one, mfa: ['question'], answer: 'Biscuit' },
    push: { password: PASSWORD, meters: one, mfa: ['push'] },
    all: { password: PASSWORD, meters: one, mfa: ['email', 'sms', 'voice', 'totp', 'question', 'push'], totp, answer: 'Biscuit' },
    locked: { password: PASSWORD, meters: one, locked: true },
    warned: { password: PASSWORD, meters: one, warn: true },
    expired: { password: PASSWORD, meters: one, renew: true },
    offered: { password: PASSWORD, meters: one, enrol: 'later' },
    forced: { password: PASSWORD, meters: one, enrol: 'now' },
    several: { password: PASSWORD, meters: [meter(101), meter(102)] },
    fuels: { password: PASSWORD, meters: [meter(101), meter(101, { service: 'Gas', meterNumber: 'CG-101' })] },
    closed: { password: PASSWORD, meters: [meter(101), meter(104, { status: 'Closed' })] },
    many: { password: PASSWORD, meters: Array.from({ length: 15 }, (_, i) => meter(200 + i)) },
    none: { password: PASSWORD, meters: [] },
    twice: { password: PASSWORD, meters: [meter(101), meter(101)] },
    nostreet: { password: PASSWORD, meters: [meter(101, { address: null })] },
  },
});

idx(p, {
  host: ID, authorize: '/oauth2/default/v1/authorize', remember: true,
  finish(c, who, query) {
    p.state.code = { code: p.token(), who };
    return c.redirect(`${query.get('redirect_uri')}?code=${p.state.code.code}&state=${query.get('state')}`);
  },
});

const inside = (c) => c.session('cf_session') && !p.switches.lost;

// The portal's own client begins the flow wherever a page needs the customer.
p.get('/signin', (c) => {
  if (p.switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (p.switches.maintenance) return c.html(page('Maintenance', '<h1>We are down for maintenance</h1>'));
  if (p.switches.wall) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (p.switches.moved) return c.html(page('Clearfield', '<main id="app"></main>'));
  p.state.flow = p.token();
  const query = new URLSearchParams({ client_id: '0oaclearfield', response_type: 'code', response_mode: 'query', scope: 'openid', redirect_uri: `https://${WEB}/callback`, state: p.state.flow, nonce: p.token() });
  return c.redirect(`https://${ID}/oauth2/default/v1/authorize?${query}`);
});

p.get('/callback', (c) => {
  const { code } = p.state;
  p.state.code = undefined;
  if (!code || code.code !== c.query.get('code') || p.state.flow !== c.query.get('state')) {
    c.fault('the code or state is another, or was used');
    return c.redirect('/signin');
  }
  c.begin('cf_session', { who: code.who });
  return c.redirect('/account');
});

p.get('/account', (c) => (inside(c) ? c.html(page('My account', '<main id="account-home"><h1>My account</h1><a href="/logout">Sign out</a></main>')) : c.redirect('/signin')));

meterPages(p, { cookie: 'cf_session', signIn: '/signin' });

export default p;
