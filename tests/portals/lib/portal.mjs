// One simulated portal: its hosts, routes, sessions, customers, one-time codes, and the faults that it counts.
//
// The interface is described in ../README.md. Nothing here knows a provider or a utility.
import { randomBytes, randomInt } from 'node:crypto';
import { Context } from './context.mjs';
import { isRight, stepAt } from './totp.mjs';

const MOST_KEPT = 500;
const SENDS = 4; // codes in one transaction
const NEVER = '135790'; // what tests answer to be wrong

// A route's pattern: `:name` stands for one part of the path, `*` at the end for the rest.
function matcher(pattern) {
  const names = [];
  const source = pattern.split('/').map((part) => {
    if (part === '*') return '.*';
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return '([^/]+)';
    });
  }).join('/');
  const regex = new RegExp(`^${source}$`);
  return (path) => {
    const found = regex.exec(path);
    return found && Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])]));
  };
}

class Portal {
  constructor(options) {
    this.id = options.id;
    this.name = options.name;
    this.hosts = options.hosts;
    this.code = { digits: 6, life: 300, tries: 3, ...options.code };
    this.routes = [];
    this.customers = Object.entries(options.customers).map(([key, customer]) => (
      { key, user: `${key}@customer.test`, ...customer, key }));
    this.onReset = options.onReset;
    this.reset({});
  }

  // As new, for one run: `switches` say how the portal behaves in it. `keep` leaves what it knows (a second run).
  reset(switches, keep = false) {
    this.switches = switches;
    this.faults = [];
    this.requests = [];
    this.passwords = new Map();
    if (keep) return;
    this.offset = 0;
    this.state = {};
    this.phones = [];
    this.codes = new Map();
    this.steps = new Map();
    this.sessions = new Map();
    this.over = new Set();
    if (this.onReset) this.onReset(this);
  }

  on(host, method, pattern, handler) {
    this.routes.push({ host, method, match: matcher(pattern), handler });
    return this;
  }

  get(pattern, handler) { return this.on(this.hosts[0], 'GET', pattern, handler); }

  post(pattern, handler) { return this.on(this.hosts[0], 'POST', pattern, handler); }

  // Wrong codes that end a transaction.
  get tries() { return this.switches.tries ?? this.code.tries; }

  // Counts a code that is asked for in a transaction; whether it is one more than the portal sends.
  tooOften(transaction) {
    transaction.sends = (transaction.sends ?? 0) + 1;
    return transaction.sends > (this.switches.sends ?? SENDS);
  }

  // Whether the session has gone, by the switch `lost`: true, or how the path ends where it has.
  lost(c) { return this.switches.lost === true || (Boolean(this.switches.lost) && c.path.endsWith(this.switches.lost)); }

  now() { return Date.now() + this.offset; }

  advance(seconds) { this.offset += seconds * 1000; }

  token(bytes = 24) { return randomBytes(bytes).toString('base64url'); }

  fault(text) { if (this.faults.length < MOST_KEPT) this.faults.push(text); }

  customer(user) { return this.customers.find((one) => one.user.toLowerCase() === String(user ?? '').toLowerCase()); }

  password(c, customer, given, { again = false } = {}) {
    const key = customer ? customer.key : '';
    const tried = (this.passwords.get(key) ?? 0) + 1;
    this.passwords.set(key, tried);
    if (tried > 1 && !again) c.fault(`the password was sent ${tried} times`);
    if (customer && customer.locked) return 'locked';
    return customer && given === customer.password ? 'ok' : 'wrong';
  }

  // One code is good at a time; the newest.
  send(customer, medium, dest) {
    const { digits } = this.code;
    const before = this.codes.get(customer.key);
    let code;
    do code = String(randomInt(10 ** digits)).padStart(digits, '0');
    while (code === NEVER || code === before?.code);
    this.codes.set(customer.key, { code, medium, at: this.now(), tries: 0, used: new Set(before ? [...before.used] : []) });
    this.phones.push({ user: customer.user, medium, dest: dest ?? '', code, at: this.now() });
    return code;
  }

  sentAgo(customer) {
    const sent = this.codes.get(customer.key);
    return sent ? (this.now() - sent.at) / 1000 : Infinity;
  }

  verify(c, customer, given) {
    const sent = this.codes.get(customer.key);
    const code = String(given ?? '');
    if (!sent) {
      c.fault('a code came before one was sent');
      return 'wrong';
    }
    if (sent.used.has(code)) {
      c.fault('a code came twice');
      return 'used';
    }
    if (sent.tries >= this.tries) return 'exhausted';
    if (code !== sent.code) {
      sent.tries += 1;
      return sent.tries >= this.tries ? 'exhausted' : 'wrong';
    }
    if (this.now() - sent.at > this.code.life * 1000) return 'expired';
    sent.used.add(code);
    return 'ok';
  }

  totp(c, customer, given) {
    const code = String(given ?? '');
    const state = this.steps.get(customer.key) ?? { last: -1, tries: 0 };
    this.steps.set(customer.key, state);
    if (state.tries >= this.tries) return 'exhausted';
    const now = this.now();
    const step = [0, -1, 1].map((by) => stepAt(now) + by).find((at) => isRight(customer.totp, at, code));
    if (step === undefined) {
      state.tries += 1;
      return state.tries >= this.tries ? 'exhausted' : 'wrong';
    }
    if (step <= state.last) {
      c.fault('an authenticator code came twice');
      return 'used';
    }
    state.last = step;
    return 'ok';
  }

  // An approval that waits on the customer's phone: `decide` by the control; undefined until then.
  approval(customer, detail = '') {
    const one = { user: customer.user, medium: 'push', dest: detail, id: this.token(9), at: this.now(), decision: undefined };
    this.phones.push(one);
    return one;
  }

  // Every request that is meant for this portal ends here.
  async answer(request) {
    const c = new Context(this, request);
    if (this.requests.length < MOST_KEPT) this.requests.push(`${c.method} ${c.host}${c.path}`);
    for (const route of this.routes) {
      const params = route.method === c.method && (route.host === '*' || route.host === c.host) && route.match(c.path);
      if (params) {
        c.params = params;
        try {
          return c.answered(await route.handler(c));
        } catch (problem) {
          c.fault(`the simulator failed: ${problem.stack}`);
          return c.answered(c.text('simulator failed', { status: 500 }));
        }
      }
    }
    c.fault('there is no such page');
    return c.answered(c.html(page('Not found', '<h1>Page not found</h1>'), { status: 404 }));
  }
}

export function portal(options) { return new Portal(options); }

export function escape(text) {
  return String(text ?? '').replace(/[&<>"']/g, (ch) => `&#${ch.charCodeAt(0)};`);
}

// A whole HTML page around `body`; `head` goes into its head as it is.
export function page(title, body, head = '') {
  return `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>${head}</head>\n<body>\n${body}\n</body></html>\n`;
}
