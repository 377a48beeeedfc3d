// What a handler gets: one request, and the answers it may give. Described in ../README.md.

function cookiesOf(header) {
  const out = {};
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0) out[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return out;
}

function multipart(body, type) {
  const boundary = /boundary="?([^";]+)"?/.exec(type ?? '')?.[1];
  const out = {};
  if (!boundary) return out;
  for (const part of body.split(`--${boundary}`).slice(1, -1)) {
    const at = part.indexOf('\r\n\r\n');
    const name = /name="([^"]*)"/.exec(part.slice(0, at))?.[1];
    if (name !== undefined) out[name] = part.slice(at + 4).replace(/\r\n$/, '');
  }
  return out;
}

function holds(wanted, value) {
  return wanted instanceof RegExp ? wanted.test(value ?? '') : value === wanted;
}

export class Context {
  constructor(portal, { method, host, url, headers, body }) {
    const at = new URL(url, `https://${host}`);
    Object.assign(this, { portal, method, host, headers, body, path: at.pathname, query: at.searchParams, url: at });
    this.cookies = cookiesOf(headers.cookie);
    this.setCookies = [];
    this.params = {};
  }

  get form() { return new URLSearchParams(this.body); }

  get fields() { return Object.fromEntries(this.form); }

  get parts() { return multipart(this.body, this.headers['content-type']); }

  get json() {
    try {
      return JSON.parse(this.body);
    } catch {
      this.fault('the body is not JSON');
      return undefined;
    }
  }

  fault(text) { this.portal.fault(`${this.method} ${this.host}${this.path}: ${text}`); }

  need({ form = [], headers = {}, cookies = [], query = [] }) {
    const missing = [
      ...form.filter((name) => !this.form.has(name)).map((name) => `form field ${name}`),
      ...cookies.filter((name) => !(name in this.cookies)).map((name) => `cookie ${name}`),
      ...query.filter((name) => !this.query.has(name)).map((name) => `query ${name}`),
      ...Object.entries(headers).filter(([name, wanted]) => !holds(wanted, this.headers[name.toLowerCase()]))
        .map(([name, wanted]) => `header ${name} (${wanted}), got ${this.headers[name.toLowerCase()]}`),
    ];
    for (const what of missing) this.fault(`missing: ${what}`);
    return missing.length === 0;
  }

  // Answers

  answer(status, type, body, headers = {}) { return { status, headers: { 'content-type': type, ...headers }, body }; }

  html(text, { status = 200, headers } = {}) { return this.answer(status, 'text/html; charset=utf-8', text, headers); }

  send(value, { status = 200, headers } = {}) { return this.answer(status, 'application/json; charset=utf-8', JSON.stringify(value), headers); }

  text(text, { status = 200, headers } = {}) { return this.answer(status, 'text/plain; charset=utf-8', text, headers); }

  redirect(url, status = 302) { return { status, headers: { location: url }, body: '' }; }

  nothing(status = 204) { return { status, headers: {}, body: '' }; }

  set(name, value, { path = '/', maxAge, httpOnly = true, secure = true, domain, sameSite } = {}) {
    this.setCookies.push([`${name}=${value}`, `Path=${path}`, maxAge !== undefined && `Max-Age=${maxAge}`, domain && `Domain=${domain}`,
      secure && 'Secure', httpOnly && 'HttpOnly', sameSite && `SameSite=${sameSite}`].filter(Boolean).join('; '));
  }

  unset(name, options = {}) { this.set(name, '', { ...options, maxAge: 0 }); }

  // Sessions

  session(cookie) {
    const id = this.cookies[cookie];
    if (id && this.portal.over.has(id)) this.fault(`a request after signing out (${cookie})`);
    return id ? this.portal.sessions.get(id) : undefined;
  }

  begin(cookie, data, options) {
    const id = this.portal.token();
    this.portal.sessions.set(id, data);
    this.set(cookie, id, options);
    return data;
  }

  end(cookie, options) {
    const id = this.cookies[cookie];
    if (id) {
      this.portal.sessions.delete(id);
      this.portal.over.add(id);
    }
    this.unset(cookie, options);
  }

  answered(answer) {
    if (!answer) {
      this.fault('the simulator gave no answer');
      return { status: 500, headers: {}, body: '', cookies: [] };
    }
    return { ...answer, cookies: this.setCookies };
  }
}
