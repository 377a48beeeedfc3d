// The first start: /setup with the token of the log, then a sign-in that an app's codes guard.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

const EMAIL = "first@helio.test", PASSWORD = "a first long password";

/** The code of an authenticator app, `later` half minutes from now. */
function code_of(secret, later = 0) {
  const bits = [...secret.replace(/[\s=]/g, "")].map((one) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one.toUpperCase()).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((one) => Number.parseInt(one, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + later));
  const mac = createHmac("sha1", key).update(step).digest(), at = mac.at(-1) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function set_up(v, server) {
  await v.page.goto(server.url + "/setup");
  await v.examine("setup");
  await v.page.getByLabel("Setup token").fill("guessed");
  await fill_in(v.page);
  await v.page.getByText("The setup token is wrong.").waitFor();
  await v.examine("setup-wrong");
  await v.page.goto(`${server.url}/setup?token=${server.setup_token()}`);
  await fill_in(v.page);
  await v.page.getByRole("heading", { name: "Data requests" }).waitFor();
  await v.page.goto(server.url + "/setup");
  assert.match(v.page.url(), /dashboard/, "a second first user can be made");
}

async function fill_in(page) {
  await page.getByLabel("Company").fill("First Solar");
  await page.getByLabel("Your name").fill("Flo First");
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create the first user" }).click();
}

async function enrol(v, server) {
  await v.page.goto(server.url + "/dashboard/profile");
  await v.page.locator("#on").fill(PASSWORD);
  await v.page.getByRole("button", { name: "Switch on" }).click();
  const secret = await v.page.getByLabel("Secret").inputValue();
  await v.examine("totp-enrolment");
  await v.page.getByLabel("Code", { exact: true }).fill("000000");
  await v.page.getByRole("button", { name: "Switch on" }).click();
  await v.page.getByRole("alert").waitFor();
  await v.examine("totp-enrolment-wrong", "totp-enrolment");
  await v.page.getByLabel("Code", { exact: true }).fill(code_of(secret));
  await v.page.getByRole("button", { name: "Switch on" }).click();
  await v.page.getByText("Switched on: a code of your authenticator app").waitFor();
  return secret;
}

async function sign_in(page, code) {
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  if (code) await page.getByLabel("Code of your app").fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function first_user(enter, service) {
  const server = await service.without_users();
  try {
    const v = await enter({ service: server });
    await set_up(v, server);
    const secret = await enrol(v, server);
    await v.page.getByRole("button", { name: "Sign out" }).click();
    await v.page.waitForURL(/sign-in/);
    await sign_in(v.page);
    await v.page.getByRole("alert").waitFor();
    assert.match(v.page.url(), /sign-in/, "a password alone lets somebody in");
    await sign_in(v.page, code_of(secret, 1)); // each code works once
    await v.page.getByRole("heading", { name: "Data requests" }).waitFor();
  } finally {
    await server.stop();
  }
}

export default function (test, service) {
  test("the first user, with an app's codes", (enter) => first_user(enter, service));
}
