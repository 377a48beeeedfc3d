// Pages beside the way of a data request, and other sites' frames around it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { choose, UTILITY } from "./customer.mjs";
import { sign_in } from "./dashboard.mjs";

async function public_pages(enter, service) {
  const v = await enter(), { page } = v, form = await service.form();
  await page.goto(service.url + "/help/mfa");
  assert.equal(await v.examine("help"), "Codes and two-step verification");
  // No utility here must have it off: no heading over an empty list.
  assert.equal(await page.locator("main ul.rows:not(:has(li))").count(), 0);
  await page.locator("main a[href='/help/demo']").first().click();
  await page.waitForURL(/help\/demo/);
  assert.equal(await v.examine("help-demo"), `${UTILITY}: codes and two-step verification`);
  await page.goto(form.url);
  assert.equal(await v.examine("choose"), "Which utility sends your bill?");
  await page.getByLabel("Search by name or state").pressSequentially("dem");
  assert.equal(await page.getByRole("status").innerText(), "1 utility");
  assert.equal(await page.locator("#utilities li:visible").count(), 1);
  await page.getByLabel("Search by name or state").fill("zebra");
  await page.locator("#none").waitFor();
  assert.equal(await page.locator("#utilities").isVisible(), false);
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/q=zebra/);
  assert.equal(await v.examine("choose-none"), "Which utility sends your bill?");
  await v.says("No utility here matches “zebra”.");
}

async function links_that_end(enter, service) {
  const v = await enter(), { page } = v, form = await service.form(), late = await service.form();
  assert.equal((await page.goto(service.url + "/f/nothing")).status(), 404);
  assert.equal(await v.examine("missing"), "This link leads nowhere");
  assert.equal((await page.goto(service.url + "/elsewhere")).status(), 404);
  assert.equal(await v.sound(), "This link leads nowhere");
  await service.api("PATCH", "/forms/" + form.uid, { disabled: true });
  await page.goto(form.url);
  assert.equal(await v.examine("disabled"), "This request is closed");
  await service.expire(late);
  assert.equal((await page.goto(late.url)).status(), 410);
  assert.equal(await v.examine("expired"), "This link has expired");
}

/** Who sends too often reads when to go on. */
async function too_fast(enter, service) {
  const v = await enter(), headers = { "X-Forwarded-For": "10.8.8.8", Accept: "text/html" };
  const send = async () => {
    const answer = await fetch(service.url + "/help", { method: "POST", headers });
    return { status: answer.status, wait: answer.headers.get("Retry-After"), text: await answer.text() };
  };
  let last;
  for (let n = 0; n < 120 && last?.status !== 429; n++) last = (await Promise.all(Array.from({ length: 8 }, send))).at(-1);
  assert.equal(last.status, 429);
  assert.match(last.wait, /^\d+$/);
  const { text } = last, path = service.url + "/shown";
  await v.page.route(path, (route) => route.fulfill({ status: 429, contentType: "text/html", body: text }));
  await v.page.goto(path);
  assert.equal(await v.sound(), "That was a little too fast");
  await v.picture("too-fast");
  await v.says(/Please try again in (1 second|\d+ seconds)\./);
  assert.equal(await v.page.getByRole("link", { name: "Try again" }).getAttribute("href"), "/help");
}

/** A page of another origin (https, as templates want it) with a frame around url. */
function framing(folder, url) {
  const key = join(folder, "site.key"), cert = join(folder, "site.pem");
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=site.test", "-keyout", key,
    "-out", cert], { stdio: "ignore" });
  return new Promise((done) => {
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => {
      answer.setHeader("Content-Type", "text/html");
      answer.end(`<!doctype html><html lang="en"><title>A site</title>
        <iframe title="Meterkey" src="${url}" width="310" height="600"></iframe></html>`);
    });
    server.listen(0, "127.0.0.1", () => done(server));
  });
}

const FRAME = (page) => page.frameLocator("iframe").getByRole("heading", { name: "Which utility sends your bill?" });

/** Nobody may frame the pages, until the template names the site. */
async function framed(enter, service) {
  const v = await enter({ ignoreHTTPSErrors: true }), owner = await enter(), form = await service.form();
  const site = await framing(service.folder, form.url), origin = `https://127.0.0.1:${site.address().port}`;
  const refused = v.page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await v.page.goto(origin);
  await refused;
  assert.equal(await FRAME(v.page).count(), 0);
  await sign_in(owner);
  await owner.page.goto(service.url + "/dashboard/templates");
  await owner.page.locator("main a[href*='/dashboard/templates/']").first().click();
  await owner.page.getByLabel("Sites that may frame the pages").fill(origin);
  await owner.page.getByRole("button", { name: "Save" }).click();
  await owner.page.getByRole("status").waitFor();
  await v.page.goto(origin);
  await FRAME(v.page).waitFor();
  const inner = v.page.frameLocator("iframe");
  await inner.getByRole("link", { name: UTILITY }).click();
  await inner.getByLabel("User name").fill("residential-framed");
  await inner.getByLabel("Password").fill("demo");
  await inner.getByRole("button", { name: "Authorize and sign in" }).click();
  await inner.getByRole("heading", { name: "Thank you, that is all" }).waitFor();
  site.close();
  // Refused by design at first, and asked by a site that is not ours.
  v.wrong = v.wrong.filter((text) => !text.includes(origin) && !text.includes("frame-ancestors"));
}

/** The dashboard is never framed. */
async function other_frames(enter, service) {
  const v = await enter(), form = await service.form();
  await choose(v, form);
  const headers = (await v.page.reload()).headers();
  assert.match(headers["content-security-policy"], /frame-ancestors/);
  assert.match(headers["content-security-policy"], /default-src '(none|self)'/);
  const board = await v.page.goto(service.url + "/dashboard/sign-in");
  assert.match(board.headers()["content-security-policy"], /frame-ancestors 'none'/);
}

export default function (test, service) {
  const all = { "public pages": public_pages, "links that end": links_that_end, "too fast": too_fast, "framing": framed, "frames of the dashboard": other_frames };
  for (const [name, act] of Object.entries(all)) test(name, (enter) => act(enter, service));
}
