// The Opower usage widget: lists of utility accounts, read with a token that the portal gave.
//
// `routes(p, {host, root, code, entriesOf})` adds the customers' list to the portal. `entriesOf(token)` gives what the
// token may see, {customer, uuid, number, fuel, read} each, or undefined for a token that is unknown or over.
// Switch `widget`: 401 or 500 in place of the list.
// Documented by public clients: the path, its query, the keys, ELEC and GAS, one entry a fuel, the entity header.
// Inferred: that offset counts customers, and that a page that is not full is the last.

function bearer(c) { return /^Bearer (.+)$/.exec(c.headers.authorization ?? '')?.[1]; }

export function refused(c) {
  return c.send({ error: { httpStatus: 401, serverErrorCode: 'INVALID_TOKEN' } }, { status: 401 });
}

// What the token of the request may see; a request without one is a fault.
export function seen(c, entriesOf) {
  const token = bearer(c);
  if (!token) c.fault('no bearer token');
  const entries = token && entriesOf(token);
  if (token && !entries) c.fault('a token that is unknown or over');
  return entries;
}

function customersOf(entries) {
  const customers = new Map();
  for (const one of entries) {
    const customer = customers.get(one.customer) ?? { uuid: one.customer, utilityAccounts: [] };
    customer.utilityAccounts.push({ uuid: one.uuid, preferredUtilityAccountId: one.number, meterType: one.fuel,
      readResolution: one.read ?? 'HOUR' });
    customers.set(one.customer, customer);
  }
  return [...customers.values()];
}

export function routes(p, { host, root = 'ei', code, entriesOf }) {
  p.on(host, 'GET', `/${root}/edge/apis/multi-account-v1/cws/${code}/customers`, (c) => {
    c.need({ query: ['offset', 'batchSize', 'addressFilter'] });
    const entries = seen(c, entriesOf);
    if (!entries || p.switches.widget === 401) return refused(c);
    if (p.switches.widget === 500) return c.send({ error: {} }, { status: 500 });
    const [offset, size] = ['offset', 'batchSize'].map((name) => Number(c.query.get(name)));
    if (!(offset >= 0 && size > 0)) c.fault(`offset ${offset}, batchSize ${size}`);
    return c.send({ customers: customersOf(entries).slice(offset, offset + size) });
  });
}

// Whether the entity header names that customer, as it must for calls about one.
export function selects(c, uuid) {
  const given = c.headers['opower-selected-entities'];
  const fine = given === JSON.stringify([`urn:opower:customer:uuid:${uuid}`]);
  if (!fine) c.fault(`opower-selected-entities does not name the customer: ${given}`);
  return fine;
}
