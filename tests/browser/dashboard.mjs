// The team's dashboard: a data request from its making to its revoking, and every page of the menu.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { answer, arrive } from "./customer.mjs";
import { OWNER } from "./service.mjs";

export async function sign_in(v) {
  await v.page.goto(v.service.url + "/dashboard");
  await v.page.waitForURL(/sign-in/);
  await v.page.getByLabel("E-mail").fill(OWNER.email);
  await v.page.getByLabel("Password").fill(OWNER.password);
  await v.page.getByRole("button", { name: "Sign in" }).click();
  await v.page.getByRole("heading", { name: "Data requests" }).waitFor();
}

async function create(v, email) {
  await v.page.getByRole("link", { name: "New data request" }).click();
  await v.page.getByLabel("Customer's e-mail").waitFor();
  await v.examine("dashboard-new");
  await v.page.getByLabel("Customer's e-mail").fill(email);
  await v.page.getByLabel("Utility").selectOption({ label: "DEMO Power & Gas" });
  await v.page.getByRole("button", { name: "Create" }).click();
  await v.page.getByRole("heading", { name: email }).waitFor();
  await v.page.getByText("Not started").first().waitFor();
}

/** The link, by the button: what the clipboard holds. */
async function copied(v) {
  await v.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: v.service.url });
  await v.page.getByRole("button", { name: "Copy link" }).click();
  await v.page.getByRole("button", { name: "Copied" }).waitFor();
  const link = await v.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, await v.page.getByLabel("Link for the customer").inputValue());
  return link;
}

async function meters(v) {
  await v.page.reload();
  await v.page.getByText("Done", { exact: true }).first().waitFor();
  await v.examine("dashboard-request-done");
  const download = v.page.waitForEvent("download");
  await v.page.getByRole("link", { name: "CSV" }).click();
  const file = await (await download).path(), lines = (await readFile(file, "utf8")).trim().split(/\r?\n/);
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[0], /account/);
  assert.match(lines[1], /DEMO/);
}

async function revoke(v) {
  await v.page.getByText("Authorization", { exact: true }).locator("..").getByRole("link").click();
  await v.page.getByRole("heading", { name: "Revoke" }).waitFor();
  await v.examine("dashboard-authorization");
  await v.page.getByLabel("Yes, delete everything of this authorization").check();
  await v.page.getByRole("button", { name: "Revoke" }).click();
  await v.page.getByText("Revoked", { exact: true }).first().waitFor();
  await v.examine("dashboard-authorization-revoked");
}

async function whole(enter, service) {
  const v = await enter(), customer = await enter(), user = "mfa_sms-board";
  await sign_in(v);
  await v.page.getByLabel("Search").waitFor();
  await create(v, "whole@mail.test");
  const request = v.page.url();
  await v.examine("dashboard-request");
  await v.says("Access lasts 3 years");
  const url = await copied(v);
  await customer.page.goto(url);
  await customer.page.getByLabel("User name").fill(user);
  await customer.page.getByLabel("Password").fill("demo");
  await customer.page.getByRole("button", { name: "Authorize and sign in" }).click();
  await customer.page.waitForSelector('main[data-state^="code:"]');
  await v.page.reload();
  await v.page.getByText("Waits for a code").first().waitFor();
  await v.says("DEMO Power & Gas asks: a code by text message");
  assert.equal(await v.page.getByText("Created.", { exact: true }).count(), 0, "what was said is said again");
  await v.examine("dashboard-request-code");
  await answer(customer, (await service.message(user)).code);
  await meters(v);
  await revoke(v);
  await v.page.goto(request);
  await v.page.getByText("Revoked", { exact: true }).first().waitFor();
}

async function session(enter) {
  const v = await enter();
  await sign_in(v);
  const cookie = (await v.context.cookies()).find((one) => one.name === "meterkey_session");
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Lax");
  await v.page.getByRole("button", { name: "Sign out" }).click();
  await v.page.waitForURL(/sign-in/);
  await v.examine("dashboard-sign-in");
  assert.equal((await v.context.cookies()).some((one) => one.name === "meterkey_session"), false);
  // The cookie is worth nothing afterwards, too.
  await v.context.addCookies([cookie]);
  await v.page.goto(v.service.url + "/dashboard/requests");
  assert.match(v.page.url(), /sign-in/);
  await v.page.getByLabel("E-mail").fill(OWNER.email);
  await v.page.getByLabel("Password").fill("something else");
  await v.page.getByRole("button", { name: "Sign in" }).click();
  await v.page.getByRole("alert").waitFor();
  await v.says("E-mail or password is wrong.");
  await v.examine("dashboard-sign-in-wrong");
}

const MENU = [["requests", "requests/many", "authorizations", "meters", "adapters", "adapters/demo", "webhooks"],
  ["templates", "tokens", "team", "mails", "audit", "profile"]];

async function menu(enter, service, names) {
  const v = await enter();
  if (names === MENU[0]) await arrive(await enter(), await service.form(), "commercial-board");
  await sign_in(v);
  // On a desk the whole menu is seen without scrolling in it.
  await v.page.setViewportSize({ width: 1200, height: 800 });
  const last = await v.page.getByRole("link", { name: "Audit log" }).boundingBox();
  const who = await v.page.getByText("Sign out").boundingBox();
  assert.ok(last.x + last.width <= 1200 && (last.y > who.y + who.height || last.x + last.width <= who.x),
    "the menu's end is hidden");
  await v.page.setViewportSize({ width: 320, height: 640 });
  for (const name of names) {
    await v.page.goto(`${service.url}/dashboard/${name}`);
    await v.examine("dashboard-" + name.replace("/", "-"));
  }
}

/** A page of one thing, from the first row of its list. */
async function details(enter, service) {
  const v = await enter(), first = (selector) => v.page.locator("main " + selector).first();
  await arrive(await enter(), await service.form(), "residential-board");
  await arrive(await enter(), await service.form(), "locked-board");
  await sign_in(v);
  await v.page.goto(service.url + "/dashboard/meters");
  await first("tbody th a").click();
  await v.page.getByRole("heading", { name: "Meter of account" }).waitFor();
  await v.examine("dashboard-meter");
  await v.page.goto(service.url + "/dashboard/templates");
  await first("a[href*='/dashboard/templates/']").click();
  await v.page.waitForURL(/templates\/./);
  await v.examine("dashboard-template");
  await v.page.goto(service.url + "/dashboard/requests?state=failed");
  await first("tbody th a").click();
  await v.page.waitForURL(/requests\/\d/);
  await v.examine("dashboard-request-failed");
}

export default function (test, service) {
  const all = { "a request from end to end": whole, "the session": session, "one thing": details };
  for (const [name, act] of Object.entries(all)) test("dashboard: " + name, (enter) => act(enter, service));
  for (const names of MENU) test("dashboard: " + names[0] + " and more", (enter) => menu(enter, service, names));
}
