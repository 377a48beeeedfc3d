// Azure AD B2C with custom policies: a transaction from the authorization to the way back, page by page.
//
// b2c(p, {host, tenant, policy, clientId, redirectUri, grant, check, inQuery, viewInHeader}) adds the routes to p.
//   tenant        "/acme.onmicrosoft.com"; the policy stands behind it in every path
//   grant(who, query) gives what goes back to the application: {code, …}
//   check(c)      looks at what else the application sends with its first request
//   inQuery       the application names the policy as p= in the query of that request
//   viewInHeader  the page wants its pageViewId in a header of its script's requests
// Members of a customer: mfa 'forced' (email only), 'choice' (text, email, call), 'phone' (text, call), 'text', 'mail',
// 'legacy'; phones (how many, default 1); enrol, terms, renew (a new password is due), reset (sent back to have one).
// Switches: maintenance 503 | true | 'busy'; wall 'b2c' | 400; redesign 'b2c' (no SETTINGS) | true (an unknown step);
// captcha true | 'phone'; rate 'b2c'; html 'b2c'; stale true | 'always'; textControl (text by a control, not the phone
// page); sends (codes until the limit); unreachable (the phone).
//
// Documented by public clients: the exchanges, texts as statuses inside a 200, the header for pageViewId, the refusal
// for a stale session. The vendor's documentation: words of refusals, 90006, 90035, 90118. Common knowledge: the other
// numbers, names of cookies, both ways back.
import { Codes, LIFE } from './b2c_codes.mjs';
import { failed, formPost, pages, PHONES, render } from './b2c_pages.mjs';
import { page } from './portal.mjs';

const bad = {
  wrong: ['AADB2C90054', 'Invalid username or password.'],
  unknown: ['AADB2C90053', "We can't seem to find your account."],
  locked: ['AADB2C90114', 'Your account is temporarily locked to prevent unauthorized use. Try again later.'],
  stale: ['AADB2C90278', 'The request could not be validated.'],
};
const busy = ['server_error', 'AADB2C90035: The service is temporarily unavailable. Please retry after a few minutes.'];
const forgotten = ['access_denied', 'AADB2C90118: The user has forgotten their password.'];
const xhr = { 'x-requested-with': 'XMLHttpRequest', accept: /application\/json/,
  'content-type': /^application\/x-www-form-urlencoded/ };
const over = 'AADB2C90157: the session has expired.';

class B2c extends Codes {
  constructor(p, options) {
    super();
    Object.assign(this, { p, ...options });
    this.base = `${this.tenant}/${this.policy}`;
    this.sso = `x-ms-cpim-sso:${this.tenant.slice(1)}_0`;
    const on = (method, path, handler) => p.on(this.host, method, this.base + path, handler);
    const post = (path, how) => on('POST', path, (c) => this.post(c, (t) => how(c, t)));
    for (const path of ['', '/:policy']) {
      p.on(this.host, 'GET', `${this.tenant}${path}/oauth2/v2.0/authorize`, (c) => this.authorize(c));
    }
    post('/SelfAsserted', (c, t) => this.asserted(c, t));
    post('/SelfAsserted/DisplayControlAction/vbeta/:control/:action', (c, t) => this.act(c, t));
    post('/Phonefactor/verify', (c, t) => this.phone(c, t));
    on('GET', '/api/:api/confirmed', (c) => this.confirmed(c));
    on('GET', '/oauth2/v2.0/logout', (c) => this.logout(c));
  }

  get flows() { this.p.state.b2c ??= new Map(); return this.p.state.b2c; }

  // The first request of the application

  instead(c) {
    const { maintenance, wall, redesign } = this.p.switches;
    const down = page('Sorry', '<h1>We are down for maintenance</h1>');
    if (maintenance === 503) return c.html(down, { status: 503 });
    if (maintenance === true) return c.html(down);
    if (wall === 'b2c') return c.html(page('403', 'Forbidden'), { status: 403 });
    if (wall === 400) return c.html(page('Bad Request', '<h2>Bad Request</h2>'), { status: 400 });
    return redesign === 'b2c' ? c.html(page('Sign in', '<div id="root"></div>')) : undefined;
  }

  authorize(c) {
    const { query } = c;
    const given = [c.params.policy, query.get('p')].filter(Boolean);
    if (!given.length || given.some((name) => name !== this.policy)) {
      c.fault(`another policy: ${given.join(', ')}`);
      return c.html(failed('AADB2C90007: the application has no such policy.'), { status: 404 });
    }
    if (query.get('client_id') !== this.clientId || query.get('redirect_uri') !== this.redirectUri) {
      c.fault('the client id or redirect URI of another application');
      return c.html(failed('AADB2C90006: the redirect URI is not registered for the client id.'));
    }
    const wanted = ['response_type', 'scope', 'state', 'nonce', ...(this.inQuery ? ['p'] : [])];
    c.need({ query: wanted });
    this.check?.(c);
    const step = this.p.switches.captcha === true ? 'captcha' : 'password';
    return this.instead(c) ?? this.show(c, { query, step, session: this.session(c) });
  }

  // What the provider knows a browser by, before anybody has signed in.
  session(c) {
    const [, known] = Object.entries(c.cookies).find(([name]) => name.startsWith('x-ms-cpim-cache|')) ?? [];
    const id = known ?? this.p.token();
    if (!known) c.set(`x-ms-cpim-cache|${this.p.token(12)}_0`, id, { sameSite: 'None' });
    return id;
  }

  // A page: its token and its transaction are new each time.
  show(c, t) {
    this.flows.delete(t.tx);
    t.tx = Buffer.from(JSON.stringify({ TID: this.p.token(12) })).toString('base64');
    Object.assign(t, {
      api: pages[t.step].api, transId: `StateProperties=${t.tx}`, view: this.p.token(12), at: c.path, accepted: false,
      csrf: Buffer.from(`${this.p.token(30)};{"OrchestrationStep":1}`).toString('base64'),
      until: this.p.now() + LIFE, viewInHeader: Boolean(this.viewInHeader),
      phones: t.step === 'phone' ? PHONES.slice(0, t.who.phones ?? 1) : undefined,
      captcha: t.step === 'phone' && this.p.switches.captcha === 'phone',
    });
    this.flows.set(t.tx, t);
    c.set('x-ms-cpim-csrf', t.csrf, { sameSite: 'None' });
    c.set('x-ms-cpim-trans', t.tx, { sameSite: 'None' });
    return c.html(render(t, { tenant: this.base, policy: this.policy }));
  }

  // What the page's script sends

  // The transaction that the address names, if the request is one of its page.
  find(c, token) {
    const t = [...this.flows.values()].find((one) => c.query.get('tx') === one.transId);
    if (!t || this.p.now() > t.until) return undefined;
    const { referer } = c.headers;
    const fine = {
      token: token === t.csrf, policy: c.query.get('p') === this.policy,
      'csrf cookie': c.cookies['x-ms-cpim-csrf'] === t.csrf,
      'transaction cookie': c.cookies['x-ms-cpim-trans'] === t.tx,
      referer: referer?.startsWith(`https://${this.host}${t.at}`),
    };
    const wrong = Object.keys(fine).filter((name) => !fine[name]);
    if (wrong.length) c.fault(`missing or another: ${wrong.join(', ')}`);
    return wrong.length ? undefined : t;
  }

  post(c, how) {
    const t = this.find(c, c.headers['x-csrf-token']);
    if (!t) return c.html(failed(over), { status: 400 });
    const view = t.viewInHeader && { 'x-ms-cpim-pageviewid': t.view };
    c.need({ headers: { ...xhr, origin: `https://${this.host}`, ...view } });
    return how(t);
  }

  asserted(c, t) {
    const type = c.form.get('request_type');
    if (t.step === 'legacy' && type !== 'RESPONSE') return this.legacy(c, t, type);
    const how = `assert_${t.step}`;
    if (type === 'RESPONSE' && this[how]) return this[how](c, t);
    c.fault(`nothing was to be sent at the step ${t.step}, or request_type is ${type}`);
    return this.no(c, 'A required field is missing. Please fill out all required fields and try again.');
  }

  assert_password(c, t) {
    const { html, rate } = this.p.switches;
    c.need({ form: ['signInName', 'password'] });
    if (html === 'b2c') return c.html(page('Sign in', ''));
    if (rate === 'b2c') return c.html(page('Too many requests', ''), { status: 429, headers: { 'retry-after': '60' } });
    if (this.isStale(c, t)) return this.no(c, bad.stale[1], bad.stale[0]);
    const who = this.p.customer(c.form.get('signInName'));
    const how = this.p.password(c, who, c.form.get('password'));
    const [code, text] = bad[how === 'wrong' && !who ? 'unknown' : how] ?? [];
    if (code) return this.no(c, text, code);
    t.who = who;
    return this.ok(c, t);
  }

  // The first session is stale, or each: right credentials count nothing in it.
  isStale(c, t) {
    const { stale } = this.p.switches;
    const known = (this.p.state.stale ??= new Set());
    if (known.has(t.session)) c.fault('a stale session was kept');
    else if (!stale || (known.size && stale !== 'always')) return false;
    known.add(t.session);
    if (known.size > 2) c.fault('began anew more than once');
    return true;
  }

  // From page to page, and back

  confirmed(c) {
    const t = this.find(c, c.query.get('csrf_token'));
    if (!t) return c.html(failed(over), { status: 400 });
    this.look(c, t);
    if (!t.accepted) return c.html(page('Error', 'Forbidden'), { status: 403 });
    const first = t.step === 'password';
    if (first && this.p.switches.maintenance === 'busy') return this.refuse(c, t, busy);
    if (first && t.who.reset) return this.refuse(c, t, forgotten);
    t.step = this.next(t);
    if (t.step) return this.show(c, t);
    c.begin(this.sso, { who: t.who });
    return this.back(c, t, this.grant(t.who, t.query));
  }

  look(c, t) {
    if (c.params.api !== t.api) c.fault(`confirmed of ${c.params.api}, the page is ${t.api}`);
    const remember = c.query.get('rememberMe');
    if (remember !== (t.step === 'password' ? 'false' : null)) c.fault(`rememberMe is ${remember}`);
    let diags;
    try {
      diags = JSON.parse(c.query.get('diags'));
    } catch { /* a fault, as below */ }
    if (diags?.pageViewId !== t.view || diags.pageId !== t.api || !Array.isArray(diags.trace)) {
      c.fault(`diags is ${c.query.get('diags')}`);
    }
  }

  next({ step, who, way }) {
    const { redesign, textControl } = this.p.switches;
    if (step === 'choice') return way === 'email' ? 'email' : way === 'sms' && textControl ? 'text' : 'phone';
    if (step !== 'password') return undefined;
    if (redesign) return 'unheard';
    const due = ['renew', 'terms', 'enrol'].find((name) => who[name]);
    return due ?? (['forced', 'legacy', undefined].includes(who.mfa) ? who.mfa : 'choice');
  }

  refuse(c, t, [error, text]) {
    return this.back(c, t, { error, error_description: `${text}\r\nCorrelation ID: ${this.p.token(9)}\r\n` });
  }

  back(c, t, fields) {
    this.flows.delete(t.tx);
    const all = { state: t.query.get('state'), ...fields };
    if (t.query.get('response_mode') === 'form_post') return c.html(formPost(this.redirectUri, Object.entries(all)));
    return c.redirect(`${this.redirectUri}?${new URLSearchParams(all)}`);
  }

  logout(c) {
    if (!c.session(this.sso)) c.fault('nobody is signed in');
    c.end(this.sso);
    return c.redirect(c.query.get('post_logout_redirect_uri'));
  }
}

export function b2c(p, options) { return new B2c(p, options); }
