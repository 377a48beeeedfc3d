// Coming back to a link: on another device, by reload, by a double click; leaving it.
import assert from "node:assert/strict";
import { answer, arrive, choose, done, settled, state } from "./customer.mjs";

async function another_device(enter, service) {
  const first = await enter(), second = await enter(), third = await enter(), form = await service.form(),
    user = "mfa_sms-away";
  await arrive(first, form, user);
  await third.page.goto(form.url);
  const shown = await state(third.page);
  assert.match(shown, /^code:/);
  await first.page.close();
  await second.page.goto(form.url);
  assert.equal(await state(second.page), shown);
  await answer(second, (await service.message(user)).code);
  await done(second);
  await settled(third, shown);
  await done(third);
  first.page = await first.context.newPage();
  await first.page.goto(form.url);
  await done(first);
  assert.equal((await service.messages(user)).length, 1);
}

/** Clicked twice and pressed Enter: one sign-in, one answer. */
async function twice(enter, service) {
  const v = await enter(), { page } = v, form = await service.form(), user = "mfa_wrong-twice";
  const posts = [];
  page.on("request", (request) =>
    { if (request.method() === "POST") posts.push(new URL(request.url()).pathname.split("/").pop()); });
  await choose(v, form);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill("demo");
  await page.getByRole("button", { name: "Authorize and sign in" }).dblclick();
  let old = await settled(v);
  assert.equal((await service.messages(user)).length, 1, "one sign-in sends one code");
  for (const n of [1, 2]) {
    // The first code is refused; sent twice, that would be two tries of it.
    await page.getByLabel("Code", { exact: true }).fill((await service.messages(user))[0].code);
    await page.getByRole("button", { name: "Continue" }).dblclick();
    old = await settled(v, old);
    if (n === 1) assert.equal((await service.messages(user)).length, 2, "one refused code, one more message");
  }
  assert.match(old, /^done:/);
  assert.deepEqual(posts, ["consent", "answer", "answer"]);
}

async function declined(enter, service) {
  const v = await enter(), form = await service.form({ utility: "DEMO" });
  await v.page.goto(form.url);
  await v.page.getByRole("button", { name: "Decline" }).click();
  await v.page.waitForSelector("h1:text-is('You declined')");
  await v.examine("declined");
  await v.says("Nothing was shared with Helio Solar.");
  assert.equal((await service.authorization(form)).is_declined, true);
  await v.page.getByRole("link", { name: "I changed my mind" }).click();
  await v.page.getByLabel("User name").waitFor();
}

async function stopped(enter, service) {
  const v = await enter(), form = await service.form();
  const old = await arrive(v, form, "mfa_email-stop");
  await v.page.getByRole("button", { name: "Stop this sign-in" }).click();
  await settled(v, old);
  assert.equal(await v.examine("stopped"), "The sign-in was stopped");
  await v.page.getByRole("link", { name: "Try again" }).click();
  await v.page.getByLabel("User name").waitFor();
}

async function revoked(enter, service) {
  const v = await enter(), form = await service.form();
  await arrive(v, form, "residential-revoked");
  await v.page.getByRole("link", { name: "See your receipt, or revoke" }).click();
  await v.page.waitForURL(/receipt/);
  assert.equal(await v.examine("receipt"), "Your authorization");
  await v.says("You allowed Helio Solar to see your DEMO Power & Gas account.", "active");
  await v.page.getByRole("link", { name: "Revoke access" }).click();
  await v.page.getByRole("button", { name: "Yes, revoke access" }).waitFor();
  assert.equal(await v.examine("revoke"), "Revoke Helio Solar's access?");
  await v.page.getByRole("button", { name: "Yes, revoke access" }).click();
  await v.page.getByText(/revoked on/).waitFor();
  await v.examine("receipt-revoked");
  const authorization = await service.authorization(form);
  assert.equal(authorization.is_revoked, true);
  assert.equal(authorization.meters.meters.length, 0);
  await v.page.goto(form.url);
  assert.equal(await v.examine("revoked"), "Access is revoked");
}

export default function (test, service) {
  const all = { "another device goes on": another_device, "sent twice counts once": twice, "declined": declined,
    "stopped": stopped, "revoked by the receipt": revoked };
  for (const [name, act] of Object.entries(all)) test(name, (enter) => act(enter, service));
}
