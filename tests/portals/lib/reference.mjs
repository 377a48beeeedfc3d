// What the made-up reference portals share: customers by what they have, and an application that is one of OpenID Connect's.
import { page } from './portal.mjs';
import { meterPages } from './meterlist.mjs';

// meter(n, extra) makes a meter of the portal; gas is the number of a second meter, for gas. `more` are the portal's own customers.
export function customersOf(password, meter, gas, more) {
  const one = [meter(101)];
  const all = {
    plain: {}, locked: { locked: true }, ...more,
    several: { meters: [meter(101), meter(102)] }, fuels: { meters: [meter(101), meter(101, { service: 'Gas', meterNumber: gas })] },
    closed: { meters: [meter(101), meter(104, { status: 'Closed' })] }, many: { meters: Array.from({ length: 15 }, (_, i) => meter(200 + i)) },
    none: { meters: [] }, twice: { meters: [meter(101), meter(101)] }, nostreet: { meters: [meter(101, { address: null })] },
  };
  return Object.fromEntries(Object.entries(all).map(([key, who]) => [key, { password, meters: one, ...who }]));
}

// What the edge and the operator may put in the place of a sign-in page, or undefined.
export function instead(p, c) {
  const { switches } = p;
  if (switches.maintenance === 503) return c.html(page('Unavailable', '<h1>Service unavailable</h1>'), { status: 503 });
  if (switches.maintenance) return c.html(page('Maintenance', '<h1>We are down for maintenance</h1>'));
  if (switches.wall === true) return c.html(page('Access Denied', '<h1>Access Denied</h1>'), { status: 403 });
  if (switches.moved) return c.html(page('Welcome', '<main id="app"></main>'));
  return undefined;
}

// The portal's own client: /signin begins the flow at the provider, /callback ends it. Gives finish(c, who, query) for the provider.
export function application(p, { authorize, clientId, cookie }) {
  const [web] = p.hosts;
  p.get('/signin', (c) => {
    const other = instead(p, c);
    if (other) return other;
    p.state.flow = p.token();
    const query = new URLSearchParams({ client_id: clientId, response_type: 'code', response_mode: 'query', scope: 'openid', redirect_uri: `https://${web}/callback`, state: p.state.flow, nonce: p.token() });
    return c.redirect(`${authorize}?${query}`);
  });
  p.get('/callback', (c) => {
    const { code } = p.state;
    p.state.code = undefined;
    if (!code || code.code !== c.query.get('code') || p.state.flow !== c.query.get('state')) {
      c.fault('the code or state is another, or was used');
      return c.redirect('/signin');
    }
    c.begin(cookie, { who: code.who });
    return c.redirect('/account');
  });
  meterPages(p, { cookie, signIn: '/signin' });
  return (c, who, query) => {
    p.state.code = { code: p.token(), who };
    return c.redirect(`${query.get('redirect_uri')}?code=${p.state.code.code}&state=${query.get('state')}`);
  };
}
