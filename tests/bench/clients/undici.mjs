// The sign-in of the speed test with undici, tough-cookie and cheerio.
//
//   node undici.mjs PORT BUNDLE.pem SESSIONS CONCURRENCY
//
// One Agent (connections) and one jar a sign-in, one TLS context for all.
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { load } from "cheerio";
import { CookieJar } from "tough-cookie";
import { Agent, request } from "undici";

const WARM_UP = 30;
const [port, bundle, sessionsText, concurrencyText] = process.argv.slice(2);
if (!concurrencyText) {
  console.error("usage: undici.mjs PORT BUNDLE.pem SESSIONS CONCURRENCY");
  process.exit(2);
}
const base = `https://127.0.0.1:${port}`;
const sessions = Number(sessionsText), concurrency = Number(concurrencyText);
// One certificate each: OpenSSL would otherwise see only the first of the file.
const certificates = readFileSync(bundle, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
const secureContext = createSecureContext({ ca: certificates });

// undici follows no redirect with cookies in between, so this does.
async function exchange(visit, method, path, { body, headers = {} } = {}) {
  for (let hop = 0; hop < 10; hop++) {
    const url = new URL(path, base).href;
    const sent = { ...headers, cookie: await visit.jar.getCookieString(url) };
    if (body !== undefined) sent["content-type"] = "application/x-www-form-urlencoded";
    const response = await request(url, { method, body, headers: sent, dispatcher: visit.agent });
    for (const line of [response.headers["set-cookie"] ?? []].flat()) await visit.jar.setCookie(line, url);
    if (response.statusCode < 300 || response.statusCode > 399) {
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode} of ${path}`);
      return response.body;
    }
    await response.body.dump();
    [method, body, path] = ["GET", undefined, response.headers.location];
  }
  throw new Error("too many redirects");
}

async function page(visit, method, path, options) {
  return load(await (await exchange(visit, method, path, options)).text());
}

async function json(visit, path, headers) {
  return (await exchange(visit, "GET", path, { headers })).json();
}

function fill($, selector, values) {
  const form = $(selector);
  const body = new URLSearchParams();
  for (const { name, value } of form.serializeArray()) body.append(name, value);
  for (const [name, value] of Object.entries(values)) body.set(name, value);
  return [form.attr("action"), { body: body.toString() }];
}

async function signIn() {
  const visit = { jar: new CookieJar(), agent: new Agent({ connect: { secureContext } }) };
  try {
    let $ = await page(visit, "GET", "/");
    const credentials = { username: "bench.customer@mail.test", password: "Correct-Horse-9" };
    $ = await page(visit, "POST", ...fill($, "#signin", credentials));
    $ = await page(visit, "POST", ...fill($, "#mfa", { code: "424242" }));
    if ($("#account-home").length !== 1) throw new Error("not signed in");
    const headers = { "x-api-token": $("meta[name=api-token]").attr("content") };
    await json(visit, "/api/profile", headers);
    const meters = [];
    for (const account of (await json(visit, "/api/accounts", headers)).accounts) {
      const listed = await json(visit, `/api/accounts/${account.id}/meters`, headers);
      for (const m of listed.meters) meters.push({ account: account.number, meter: m.serial, service: m.kind, tariff: m.rate, address: account.address });
    }
    return meters.length;
  } finally {
    await visit.agent.close();
  }
}

async function run(count) {
  let left = count, meters = 0;
  const latency = [];
  const worker = async () => {
    while (left-- > 0) {
      const start = performance.now();
      const found = await signIn();       // apart: += would read the sum before the wait
      meters += found;
      latency.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { latency: latency.sort((a, b) => a - b), meters };
}

await run(WARM_UP);
const cpuBefore = process.cpuUsage(), start = performance.now();
const { latency, meters } = await run(sessions);
const used = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({
  client: "undici", sessions, failed: 0, meters,
  cpu_ms_per_session: +((used.user + used.system) / 1000 / sessions).toFixed(3),
  p50_ms: +latency[sessions >> 1].toFixed(2), p99_ms: +latency[Math.floor(sessions * 0.99)].toFixed(2),
  wall_ms: Math.round(performance.now() - start),
}));
