// A certificate authority for tests, and one certificate for all host names, made by openssl into a folder.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

function openssl(...args) { execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] }); }

function make(folder, hosts) {
  const at = (name) => join(folder, name);
  const days = ['-days', '30', '-sha256'];
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...days, '-subj', '/CN=Test portals CA',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=test portals', '-keyout', at('portal.key'), '-out', at('portal.csr'));
  writeFileSync(at('names'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`);
  openssl('x509', '-req', '-in', at('portal.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', ...days,
    '-extfile', at('names'), '-out', at('portal.pem'));
  rmSync(at('ca.key')); // nobody signs anything else with it
}

// Paths of what is there or is made: {cacert, cert, key}. Made anew when the names are others; whole or not at all.
export function certify(dir, hosts) {
  const names = [...new Set(hosts)].sort();
  const folder = resolve(dir);
  const list = `subjectAltName=${names.map((host) => `DNS:${host}`).join(',')}\n`;
  if (!existsSync(join(folder, 'names')) || readFileSync(join(folder, 'names'), 'utf8') !== list) {
    mkdirSync(dirname(folder), { recursive: true });
    const fresh = mkdtempSync(`${folder}.`);
    make(fresh, names);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  }
  return { cacert: join(folder, 'ca.pem'), cert: join(folder, 'portal.pem'), key: join(folder, 'portal.key') };
}
