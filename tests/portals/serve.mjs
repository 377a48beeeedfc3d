// Starts simulated portals: one TLS port for all their host names, one plain port for the control and the page for people.
//
//     node tests/portals/serve.mjs [--dir FOLDER] [--port N] [--control N] [--people] [ID...]
//
// Without IDs, all of them. FOLDER (default build/portals) gets a certificate authority of its own, made by openssl.
// Prints one line when they answer: {"tls", "control", "cacert", "portals": [{"id", "name", "hosts", "customers"}]}; with
// --people, where the page is.
import { createServer as createTls } from 'node:https';
import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { certify } from './lib/certificate.mjs';
import { control } from './lib/control.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const MOST_BODY = 1 << 20;

async function load(ids) {
  const all = readdirSync(here).filter((name) => name.endsWith('.mjs') && name !== 'serve.mjs').map((name) => name.slice(0, -4)).sort();
  const wanted = ids.length ? ids : all;
  const unknown = wanted.filter((id) => !all.includes(id));
  if (unknown.length) throw new Error(`no such portal: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  return Promise.all(wanted.map(async (id) => (await import(join(here, `${id}.mjs`))).default));
}

function bodyOf(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let size = 0;
    request.on('data', (part) => {
      size += part.length;
      if (size <= MOST_BODY) parts.push(part);
    });
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}

function front(portals) {
  const byHost = new Map(portals.flatMap((portal) => portal.hosts.map((host) => [host, portal])));
  return async (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const portal = byHost.get(host);
    const body = await bodyOf(request);
    if (!portal) {
      response.writeHead(421, { 'content-type': 'text/plain' }).end(`no portal answers for ${host}\n`);
      return;
    }
    const answer = await portal.answer({ method: request.method, host, url: request.url, headers: request.headers, body });
    const headers = { ...answer.headers };
    if (answer.cookies.length) headers['set-cookie'] = answer.cookies;
    response.writeHead(answer.status, headers).end(answer.body);
  };
}

function listening(server, port) {
  return new Promise((resolve) => { server.listen(port, '127.0.0.1', () => resolve(server.address().port)); });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: 'build/portals' },
    port: { type: 'string', default: '0' },
    control: { type: 'string', default: '0' },
    people: { type: 'boolean', default: false },
  },
});
const portals = await load(positionals);
const files = certify(values.dir, portals.flatMap((portal) => portal.hosts));
const tls = createTls({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, front(portals));
const ports = { tls: await listening(tls, Number(values.port)), cacert: files.cacert };
ports.control = await listening(createServer(control(portals, ports)), Number(values.control));
const described = portals.map(({ id, name, hosts, customers }) => (
  { id, name, hosts, customers: customers.map(({ key, user, password }) => ({ key, user, password })) }));
console.log(values.people ? `${portals.length === 1 ? portals[0].name : `${portals.length} portals`}: http://127.0.0.1:${ports.control}/ lists customers and their phones; Ctrl-C stops them`
  : JSON.stringify({ ...ports, portals: described }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
