// What a customer does on the pages, step by step.
import assert from "node:assert/strict";

export const UTILITY = "DEMO Power & Gas";
const FINAL = ["code", "done", "failed", "declined"];

/** Opens the link, chooses the utility; stands at consent and sign-in. */
export async function choose(v, form) {
  await v.page.goto(form.url);
  await v.page.getByRole("link", { name: UTILITY }).click();
  await v.page.waitForURL(/utility=DEMO/);
}

export async function sign_in(v, user, password = "demo") {
  await v.page.getByLabel("User name").fill(user);
  await v.page.getByLabel("Password").fill(password);
  await v.page.getByRole("button", { name: "Authorize and sign in" }).click();
}

/** What the page is about, as the service calls it. */
export function state(page) { return page.locator("main").getAttribute("data-state"); }

/** Waits until the page shows something else than `old` (and than work): its state. */
export async function settled(v, old = "") {
  const wanted = FINAL.map((one) => `main[data-state^="${one}:"]:not([data-state="${old}"])`).join(", ");
  return (await v.page.waitForSelector(wanted, { state: "attached" })).getAttribute("data-state");
}

export async function answer(v, text) {
  const old = await state(v.page);
  await v.page.getByLabel("Code", { exact: true }).fill(text);
  await v.page.getByRole("button", { name: "Continue" }).click();
  return settled(v, old);
}

/** From the link to what comes after the sign-in. */
export async function arrive(v, form, user) {
  await choose(v, form);
  await sign_in(v, user);
  return settled(v);
}

export async function done(v, meters = "1 meter was found.") {
  assert.equal(await v.sound(), "Thank you, that is all");
  await v.says("Helio Solar can now see your DEMO Power & Gas account.", meters,
    /receipt .*pat@mail\.test/);
}
