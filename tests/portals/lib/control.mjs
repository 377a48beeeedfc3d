// The plain port: what tests steer portals by, and the page where a person finds test customers and their phones.
//
//   POST /<id>/reset   {"switches": {...}, "keep": false}  a run begins
//   POST /<id>/advance {"seconds": n}    POST /<id>/switch {...}    POST /<id>/decide {"user", "decision": "approve"|"deny"}
//   GET  /<id>/phone?user=&after=N&wait=SECONDS   messages after the N-th; waits for one
//   GET  /<id>/totp?user=   GET /<id>/faults   GET /<id>/requests
//   GET  /   GET /<id>   the pages for people
import { escape, page } from './portal.mjs';
import { codeAt, stepAt } from './totp.mjs';

const TICK = 15; // ms between looks while somebody waits for a message

function read(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => resolve(text ? JSON.parse(text) : {}));
  });
}

async function phone(portal, query) {
  const until = Date.now() + 1000 * Number(query.get('wait') ?? 0);
  const after = Number(query.get('after') ?? 0);
  for (;;) {
    const all = portal.phones.filter((one) => !query.get('user') || one.user === query.get('user'));
    if (all.length > after || Date.now() >= until) return { messages: all };
    await new Promise((done) => { setTimeout(done, TICK); });
  }
}

function decide(portal, { user, decision }) {
  const waiting = portal.phones.filter((one) => one.user === user && one.medium === 'push' && !one.decision);
  for (const one of waiting) one.decision = decision;
  return { decided: waiting.length };
}

function totp(portal, user) {
  const customer = portal.customer(user);
  const step = stepAt(portal.now());
  return { code: codeAt(customer.totp, step), step };
}

const verbs = {
  reset: async (portal, query, body) => { portal.reset(body.switches ?? {}, body.keep); return {}; },
  advance: async (portal, query, body) => { portal.advance(body.seconds); return {}; },
  switch: async (portal, query, body) => { Object.assign(portal.switches, body); return {}; },
  decide: async (portal, query, body) => decide(portal, body),
  phone: async (portal, query) => phone(portal, query),
  totp: async (portal, query) => totp(portal, query.get('user')),
  faults: async (portal) => ({ faults: portal.faults }),
  requests: async (portal) => ({ requests: portal.requests }),
};

function customers(portal) {
  const rows = portal.customers.map((one) => `<tr><th scope=row>${escape(one.key)}</th><td><code>${escape(one.user)}</code></td><td><code>${
    escape(one.password)}</code></td><td>${escape([].concat(one.mfa ?? []).join(', '))}${
    one.totp ? ` <code>${totp(portal, one.user).code}</code>` : ''}</td></tr>`);
  return `<table><thead><tr><th>what for</th><th>user name</th><th>password</th><th>MFA</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function messages(portal) {
  const list = portal.phones.slice(-6).reverse().map((one) => `<li>${escape(one.user)}, ${escape(one.medium)}: ${
    one.code ? `<code>${escape(one.code)}</code>` : escape(one.decision ?? 'waits for approval')}</li>`);
  return list.length ? `<ul>${list.join('')}</ul>` : '<p>Nothing yet.</p>';
}

// A reference portal's adapter is a file beside it, with modules of its own.
function command(portal, ports) {
  const detours = portal.hosts.map((host) => `--connect-to ${host}:443:127.0.0.1:${ports.tls}`).join(' ');
  const own = portal.id.startsWith('family_');
  const adapter = own ? `tests/portals/adapters/${portal.id}.lua --runtime tests/portals/modules` : portal.id;
  return `build/meterkey run ${adapter} --mfa relay --cacert ${ports.cacert} ${detours}`;
}

const STYLE = '<meta name="viewport" content="width=device-width"><style>body{font:1rem/1.4 sans-serif;max-width:60rem;margin:auto;padding:1rem}li{padding:.2rem 0}code{overflow-wrap:anywhere}td,th{text-align:left;padding:.1rem .6rem .1rem 0}</style>';

// The page of one portal looks for news by itself, since codes arrive on it.
function portalPage(portal, ports) {
  const faults = portal.faults.length ? `<h2>Faults</h2><ul>${portal.faults.map((text) => `<li>${escape(text)}</li>`).join('')}</ul>` : '';
  return page(portal.name, `<p><a href="/">All portals</a></p><h1>${escape(portal.name)}</h1><h2>Their phones</h2>${messages(portal)}
<h2>Sign in as one of these</h2><p><code>${escape(command(portal, ports))}</code></p>${customers(portal)}${faults}`, `${STYLE}<meta http-equiv="refresh" content="5">`);
}

function people(portals, ports) {
  const list = portals.map((one) => `<li><a href="/${one.id}">${escape(one.name)}</a> (${escape(one.id)})</li>`);
  return page('Test portals', `<h1>Test portals</h1><p>Each answers at its real names on port ${ports.tls}; nothing leaves this machine.</p><ul>${list.join('')}</ul>`, STYLE);
}

export function control(portals, ports) {
  const byId = new Map(portals.map((portal) => [portal.id, portal]));
  return async (request, response) => {
    const url = new URL(request.url, 'http://control');
    const [id, verb] = url.pathname.slice(1).split('/');
    if (id === '' || (byId.has(id) && !verb)) {
      const html = id === '' ? people(portals, ports) : portalPage(byId.get(id), ports);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
      return;
    }
    if (!byId.has(id) || !verbs[verb]) {
      response.writeHead(404).end();
      return;
    }
    const body = request.method === 'POST' ? await read(request) : {};
    const answer = await verbs[verb](byId.get(id), url.searchParams, body);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
}
