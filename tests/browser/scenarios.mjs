// Every scenario of DEMO through the customer's pages; then the API says the same.
import assert from "node:assert/strict";
import { answer, choose, done, settled, sign_in, state, UTILITY } from "./customer.mjs";
import { Service } from "./service.mjs";

const NOT_YOURS = "Your user name and password are not the problem.";

// Code -> the heading, and words that the page must have.
const FAILURES = {
  "auth.credentials": [`${UTILITY} did not accept the user name or password`,
    "too many wrong tries can lock your account", "Try again", "Go to"],
  "auth.locked": [`${UTILITY} has locked your account`, "Unlock it on", "I have done that, try again",
    "customer service"],
  "auth.session_lost": [`${UTILITY}'s page timed out`, "have your phone ready", "Try again"],
  "auth.password_expired": [`${UTILITY} wants a new password from you`, "set one, then enter the new password here",
    "Go to"],
  "mfa.send_limited": [`${UTILITY} sends no more codes for now`, "It limits how many codes it sends.", "Try again"],
  "mfa.must_be_off": [`Two-step verification must be off at ${UTILITY}`, "How to switch it off",
    "I have switched it off, try again", "Go to", NOT_YOURS],
  "mfa.must_enroll": [`${UTILITY} wants you to set up two-step verification`, "I have done that, try again"],
  "user_action.terms": [`${UTILITY} wants you to accept its terms`, "read and accept them there",
    "I have done that, try again"],
  "site.maintenance": [`${UTILITY}'s website is under maintenance`, NOT_YOURS, "Try again"],
  "site.error_page": [`${UTILITY}'s website answered with an error`, NOT_YOURS, "Try again"],
  "site.rate_limited": [`${UTILITY}'s website is busy`, NOT_YOURS, "Try again"],
  "site.blocked": [`${UTILITY}'s website did not let us in`, NOT_YOURS, "Helio Solar"],
  "adapter.unexpected_page": [`${UTILITY}'s website showed a page that we do not know`, NOT_YOURS,
    "we have been told", "You need not do anything"],
};

const CODE = `Enter the code from ${UTILITY}`;

/** A page that asks for a code: looked at, answered with the newest message's code. */
async function code(v, user, name, words, after) {
  assert.equal(await v.examine(name, /wrong-again/.test(name) ? "code-wrong" : "code"), CODE);
  await v.says(...words);
  const message = await v.service.message(user, after);
  await answer(v, message.code);
  return message.id;
}

// What the customer does after signing in; the others have nothing to do.
const ACTS = {
  async mfa_code(v, user) {
    assert.equal(await v.examine("code-select"), "Choose how to go on");
    const old = await state(v.page);
    await v.page.getByRole("radio").first().check();
    await v.page.getByRole("button", { name: "Continue" }).click();
    await settled(v, old);
    await code(v, user, "code-chosen", ["has sent", "6 digits"]);
  },
  mfa_sms: (v, user) => code(v, user, "code-sms", [/has sent a text message to \(\*\*\*\) \*\*\*-\d{4}\./, "6 digits",
    /Time left: about (9|10) minutes/, "No code came?"]),
  mfa_email: (v, user) => code(v, user, "code-email", [/has sent an e-mail to \S+@/]),
  mfa_voice: (v, user) => code(v, user, "code-voice", [/is calling \(\*\*\*\) \*\*\*-\d{4}\./]),
  async mfa_totp(v, user) {
    assert.equal(await v.examine("code-totp"), "Enter the code from your authenticator app");
    await answer(v, await v.service.totp(user));
  },
  async mfa_question(v) {
    assert.equal(await v.examine("code-question"), `${UTILITY} asks a security question`);
    await v.says(/pet/i);
    const old = await state(v.page);
    await v.page.getByRole("textbox").fill("Biscuit");
    await v.page.getByRole("button", { name: "Continue" }).click();
    await settled(v, old);
  },
  async mfa_questions(v) {
    assert.equal(await v.examine("code-questions"), `${UTILITY} asks security questions`);
    const old = await state(v.page);
    await v.page.getByLabel(/pet/i).fill("Biscuit");
    await v.page.getByLabel(/street/i).fill("Lantern");
    await v.page.getByRole("button", { name: "Continue" }).click();
    await settled(v, old);
  },
  async mfa_approve(v, user) {
    assert.equal(await v.examine("code-approve"), "Approve the sign-in on your device");
    await v.says("Waiting for your approval. This page goes on by itself.");
    const old = await state(v.page);
    await v.service.decide(user, await v.service.message(user), "approve");
    await settled(v, old);
  },
  async mfa_wrong(v, user) {
    const first = await code(v, user, "code-before-wrong", ["has sent"]);
    assert.equal(await v.examine("code-wrong"), CODE);
    await v.says("did not accept that.");
    assert.equal(await v.page.getByRole("alert").evaluate((one) => one === document.activeElement), true,
      "focus is not on what is wrong");
    await code(v, user, "code-wrong-again", ["did not accept that."], first);
  },
  async mfa_expired(v, user) {
    const first = await code(v, user, "code-before-expired", ["has sent"]);
    await v.examine("code-expired");
    const old = await state(v.page);
    const more = v.page.getByRole("button", { name: "Send a new code" });
    if (!await more.isVisible()) await v.page.getByText("No code came?").click();
    await more.click();
    await settled(v, old);
    await v.says("A new code was sent.");
    assert.doesNotMatch(await v.text(), /did not accept/, "what was said of the last code is over");
    await code(v, user, "code-resent", ["has sent"], first);
  },
  async mfa_locked(v, user) {
    const first = await code(v, user, "code-try-1", []);
    for (const n of [2, 3]) {
      await v.says("did not accept that.");
      await v.examine("code-try-" + n, "code-try");
      await answer(v, "00000" + n);
    }
    assert.ok(first);
  },
  mfa_late: (v, user) => code(v, user, "code-late", []),
  async terms(v) {
    assert.equal(await v.examine("code-terms"), `${UTILITY} wants you to agree to something`);
    const old = await state(v.page);
    await v.page.getByRole("button", { name: "I agree, continue" }).click();
    await settled(v, old);
  },
};

async function failed(v, heading, end) {
  const [title, ...words] = FAILURES[end];
  assert.equal(heading, title);
  await v.says(...words, "Reference: " + end);
}

/** "works once": what was kept of the first sign-in goes along with a second one that the team asks for. */
async function again(v, service, user, first, end) {
  const form = await service.form({ authorization_uid: first.uid });
  await v.page.goto(form.url);
  await sign_in(v, user);
  await settled(v);
  await failed(v, await v.examine("again-" + user, end), end);
  assert.equal((await service.api("GET", "/authorizations/" + first.uid)).status, "errored");
}

async function play(enter, service, user, end, later) {
  const v = await enter(), form = await service.form(later ? { scope: { ongoing_end: "2099-12-31T00:00:00Z" } } : {});
  await choose(v, form);
  assert.equal(await v.examine("sign-in"), `Share your ${UTILITY} account with Helio Solar?`);
  // While it is looked at, the page stays: it does not hear that it is over.
  if (user === "slow") await v.page.route(/\/(state|events)$/, (route) => route.abort());
  await sign_in(v, user);
  if (user === "slow") {
    await v.page.waitForSelector('main[data-state^="working:"]');
    assert.equal(await v.examine("working"), `Signing in to ${UTILITY}`);
    await v.page.unroute(/\/(state|events)$/);
    await v.page.reload();
  }
  await settled(v);
  if (ACTS[user]) await ACTS[user](v, user);
  const heading = await v.examine("end-" + user, FAILURES[end] ? end : "end");
  const authorization = await service.authorization(form);
  if (FAILURES[end]) {
    await failed(v, heading, end);
    assert.equal(authorization.status, "errored");
    assert.equal(authorization.meters.meters.length, 0);
    assert.ok(JSON.stringify(authorization).includes(end), JSON.stringify(authorization));
  } else {
    const count = Number.parseInt(end) || 0;
    await done(v, { 0: "lists no meters in it", 1: "1 meter was found." }[count] || `${count} meters were found.`);
    assert.equal(authorization.status, "updated");
    assert.equal(authorization.meters.meters.length, count);
    if (later) await again(v, service, user, authorization, later);
  }
}

export default async function (test, service) {
  for (const [user, says] of Object.entries(await Service.scenarios())) {
    const [end, later] = says.split(", then ");
    test("scenario " + user, (enter) => play(enter, service, user, end, later));
  }
}
