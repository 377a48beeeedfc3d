// What ASP.NET portals share: antiforgery tokens (a field paired with a cookie), validation summaries, hidden inputs.
import { escape } from './portal.mjs';

export function hidden(name, value) { return `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`; }

export function summary(message) {
  return message ? `<div class="validation-summary-errors text-danger"><ul><li>${escape(message)}</li></ul></div>` : '';
}

// The field's value and the cookie's differ and belong together. The field of each page is a new one; a pair may be used more than once.
export function antiforgery(p, { cookie = '__RequestVerificationToken', field = '__RequestVerificationToken' } = {}) {
  const pairs = () => { p.state.antiforgery ??= new Map(); return p.state.antiforgery; };
  return {
    value(c) {
      let half = c.cookies[cookie];
      if (!half || !pairs().has(half)) {
        half = p.token();
        pairs().set(half, new Set());
        c.cookies[cookie] = half;
        c.set(cookie, half);
      }
      const value = p.token();
      pairs().get(half).add(value);
      return value;
    },
    field(c) { return hidden(field, this.value(c)); },
    // The value came in the form, or (XHR) in a header of the field's name.
    check(c) {
      const value = c.form.get(field) ?? c.headers[field.toLowerCase()] ?? c.headers.requestverificationtoken;
      const fine = Boolean(value) && Boolean(pairs().get(c.cookies[cookie])?.has(value));
      if (!fine) c.fault('the antiforgery token is missing or wrong');
      return fine;
    },
  };
}
