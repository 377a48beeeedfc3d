// Time-based one-time passwords (RFC 6238): 30 s steps, SHA-1, six digits, a base32 secret.
import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function decode(secret) {
  let bits = '';
  for (const ch of secret.toUpperCase().replace(/=+$/, '')) bits += ALPHABET.indexOf(ch).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

export function stepAt(ms) { return Math.floor(ms / 30000); }

export function codeAt(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', decode(secret)).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
}

export function isRight(secret, step, code) { return codeAt(secret, step) === code; }
