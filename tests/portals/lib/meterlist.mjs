// What the made-up portals have behind the sign-in: a home page, a paged list of meters in JSON, and signing out.
import { page } from './portal.mjs';

const PAGE_OF = 10;

export function meterPages(p, { cookie, signIn }) {
  const inside = (c) => (p.switches.lost ? undefined : c.session(cookie));
  p.get('/account', (c) => (inside(c) ? c.html(page('My account', '<main id="account-home"><h1>My account</h1><a href="/logout">Sign out</a></main>'))
    : c.redirect(signIn)));
  p.get('/api/meters', (c) => {
    const session = inside(c);
    if (!session) return c.send({ error: 'unauthorized' }, { status: 401 });
    if (p.switches.html === true) return c.html(page('My account', '<main id="app"></main>'));
    if (p.switches.garbage) return c.answer(200, 'application/json', '{"meters": [{"accountNumber": "7');
    const number = Number(c.query.get('page') ?? 1);
    const { meters } = session.who;
    return c.send({ meters: meters.slice((number - 1) * PAGE_OF, number * PAGE_OF), next: number * PAGE_OF < meters.length ? `/api/meters?page=${number + 1}` : null });
  });
  p.get('/logout', (c) => {
    c.session(cookie);
    c.end(cookie);
    return c.redirect(signIn);
  });
}
