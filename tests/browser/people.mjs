// Different people, the same pages: by keyboard, without scripts, with a screen reader, in Spanish, on a slow line.
import assert from "node:assert/strict";
import { answer, arrive, choose, done, settled, sign_in, state, UTILITY } from "./customer.mjs";

const focused = (page) => page.evaluate(() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const text = (one.labels?.[0] || one).innerText || "";
  return { text: text.trim().replace(/\s+/g, " "), tag: one.localName, seen: style.outlineStyle !== "none"
    && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight };
});

/** Tab until the focus is on what has this text; on the way, each stop can be seen. */
async function tab_to(page, text) {
  const stops = [];
  for (let n = 0; n < 40; n++) {
    await page.keyboard.press("Tab");
    const at = await focused(page);
    stops.push(at.text);
    if (at.tag === "body") continue;
    assert.ok(at.seen, `the focus on ${at.tag} "${at.text}" cannot be seen`);
    assert.ok(at.inside, `the focus on ${at.tag} "${at.text}" is off the screen`);
    if (at.text.startsWith(text)) return;
  }
  assert.fail(`Tab does not come to ${text}: ${stops}`);
}

async function by_keyboard(enter, service) {
  const v = await enter(), { page } = v, form = await service.form(), press = (key) => page.keyboard.press(key);
  await page.goto(form.url);
  await tab_to(page, "Skip to the content");
  await press("Enter");
  assert.equal((await focused(page)).tag, "main");
  await tab_to(page, UTILITY);
  await press("Enter");
  await page.waitForURL(/utility=DEMO/);
  await tab_to(page, "User name");
  await page.keyboard.type("mfa_code-keys");
  await tab_to(page, "Password");
  await page.keyboard.type("demo");
  await tab_to(page, "Show");
  await press("Space");
  assert.equal(await page.getByRole("textbox", { name: "Password" }).getAttribute("type"), "text");
  // The browser remembers what was typed into a text box: a password is hidden again before it is sent.
  await page.evaluate(() => document.querySelector("form[action*=consent]").addEventListener("submit", () =>
    sessionStorage.setItem("sent as", document.querySelector("#c-password").type)));
  await tab_to(page, "Authorize and sign in");
  await press("Enter");
  let old = await settled(v);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("sent as")), "password");
  await tab_to(page, "");
  while ((await focused(page)).tag !== "input") await press("Tab");
  await press("Space");
  assert.equal(await page.getByRole("radio").first().isChecked(), true);
  await tab_to(page, "Continue");
  await press("Space");
  old = await settled(v, old);
  assert.equal((await focused(page)).text, "Code", "the code's text box has the focus");
  await page.keyboard.type("999999");
  await press("Enter");
  old = await settled(v, old);
  const alert = await page.evaluate(() => document.activeElement.getAttribute("role"));
  assert.equal(alert, "alert", "the focus is on what is wrong");
  await tab_to(page, "Code");
  await page.keyboard.type((await service.message("mfa_code-keys")).code);
  await press("Enter");
  await settled(v, old);
  await done(v);
}

/** Colours of the system's own, and nothing that moves. */
async function own_looks(enter, service) {
  const v = await enter(), { page } = v, form = await service.form();
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await choose(v, form);
  await tab_to(page, "Authorize and sign in");
  await v.sound();
  await v.picture("forced-colors");
  const edges = await page.locator(".btn, .card, input:not([type=hidden])").evaluateAll((all) =>
    all.map((one) => getComputedStyle(one).borderTopWidth));
  assert.ok(edges.every((width) => parseFloat(width) >= 1), "something has no edge without its colours");
  await sign_in(v, "slow-looks");
  await page.waitForSelector('main[data-state^="working:"]');
  assert.equal(await page.locator(".spin").evaluate((one) => getComputedStyle(one).animationName), "none");
  await settled(v);
  await page.emulateMedia({ forcedColors: null, reducedMotion: null });
}

/** A password manager finds its fields, and nothing keeps anybody from pasting. */
async function helped(enter, service) {
  const v = await enter(), { page } = v, form = await service.form({ utility: "DEMO" }), user = "mfa_sms-helped";
  await v.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: service.url });
  await page.goto(form.url);
  for (const [label, word] of [["User name", "username"], ["Password", "current-password"], ["Your e-mail address", "email"]])
    assert.equal(await page.getByLabel(label).getAttribute("autocomplete"), word);
  assert.equal(await page.getByLabel("Your e-mail address").inputValue(), "pat@mail.test", "what is known is asked for again");
  const paste = async (label, text) => {
    await page.evaluate((what) => navigator.clipboard.writeText(what), text);
    await page.getByLabel(label, { exact: true }).focus();
    await page.keyboard.press("Control+V");
    assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), text);
  };
  await paste("User name", user);
  await paste("Password", "demo");
  await page.getByRole("button", { name: "Authorize and sign in" }).click();
  await settled(v);
  const { code } = await service.message(user);
  // Many a message has the code in two halves.
  await paste("Code", `${code.slice(0, 3)} ${code.slice(3)}`);
  await v.says("When the time is over, you can sign in again with this link.");
  const old = await state(page);
  await page.getByRole("button", { name: "Continue" }).click();
  await settled(v, old);
  await done(v);
}

/** The title tells the state before the page is read. */
async function titled(enter, service) {
  const v = await enter(), { page } = v, form = await service.form();
  await arrive(v, form, "mfa_sms-titled");
  assert.equal(await page.title(), `Enter the code from ${UTILITY} – Helio Solar`);
  await answer(v, "999999");
  assert.equal(await page.title(), `Enter the code from ${UTILITY} (not accepted) – Helio Solar`);
  const old = await state(page);
  await page.getByRole("button", { name: "Send a new code" }).click();
  await settled(v, old);
  assert.equal(await page.title(), `Enter the code from ${UTILITY} (new code sent) – Helio Solar`);
  assert.match(await page.evaluate(() => document.activeElement.innerText), /A new code was sent/, "it is not read out");
}

/** What the service finds wrong with the form, though the browser let it pass. */
async function mistakes(enter, service) {
  const v = await enter(), { page } = v, form = await service.form({ utility: "DEMO" });
  await page.goto(form.url);
  await page.evaluate(() => { for (const one of document.forms) one.noValidate = true; });
  await page.getByLabel("Password").fill("demo");
  await page.getByLabel("Your e-mail address").fill("nobody");
  await page.getByRole("button", { name: "Authorize and sign in" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.equal(await alert.evaluate((one) => one === document.activeElement), true, "the focus is not on the summary");
  await v.examine("sign-in-mistakes");
  await v.says("Please check this", "User name: please fill this in.", "E-mail address: please enter one");
  await alert.getByRole("link").first().click();
  assert.equal((await focused(page)).text, "User name");
  assert.equal(await page.getByLabel("Password").inputValue(), "", "a password came back in the page");
  assert.equal(await page.getByLabel("Your e-mail address").inputValue(), "nobody");
}

/** What has the focus, as a screen reader has it: role, name and description. */
async function spoken(v) {
  await v.page.waitForLoadState("load");
  const session = await v.context.newCDPSession(v.page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  const at = nodes.findLast((one) => one.properties?.some(({ name, value }) => name === "focused" && value.value));
  return [at?.role?.value, at?.name?.value, at?.description?.value].filter(Boolean).join(": ");
}

/** A page that goes on by itself is read out: the question with all it says, else the heading. */
async function announced(enter, service) {
  const v = await enter({}), form = await service.form();
  await choose(v, form);
  await v.page.getByRole("button", { name: "Show Password", exact: true }).click();
  await v.page.getByRole("button", { name: "Hide Password", exact: true }).click();
  let old = await arrive(v, form, "mfa_code-spoken");
  assert.equal(await spoken(v), "heading: Choose how to go on");
  await v.page.getByRole("radio").first().check();
  await v.page.getByRole("button", { name: "Continue" }).click();
  old = await settled(v, old);
  assert.match(await spoken(v), /^textbox: Code: 6 digits .*has sent a text message to .* says: Enter the 6-digit code/);
  old = await answer(v, "999999");
  assert.match(await spoken(v), /^alert/);
  await v.page.getByLabel("Code", { exact: true }).fill((await service.message("mfa_code-spoken")).code);
  await v.page.getByRole("button", { name: "Continue" }).click();
  await settled(v, old);
  assert.equal(await spoken(v), "heading: Thank you, that is all");
  await v.page.reload();
  assert.equal(await v.page.evaluate(() => document.activeElement.localName), "body", "whoever loads it anew begins at the top");
}

/** A proxy that keeps events to itself: the page goes on all the same. */
async function without_events(enter, service) {
  const v = await enter({}), form = await service.form();
  await v.page.route(/\/events$/, () => {});
  await arrive(v, form, "slow-buffered");
  await done(v);
  const other = await enter({});
  await other.page.route(/\/events$/, (route) => route.fulfill({ status: 502, body: "" }));
  await arrive(other, await service.form(), "slow-refused");
  await done(other);
}

/** A style sheet that does not come: the form is there and can be sent. */
async function unstyled(enter, service) {
  const v = await enter({}), { page } = v, form = await service.form({ utility: "DEMO" });
  await page.route(/style\.css/, (route) => route.abort());
  await page.goto(form.url);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 320, "wider than the screen without a style");
  await page.getByLabel("User name").fill("residential-unstyled");
  await page.getByLabel("Password").fill("demo");
  await page.getByRole("button", { name: "Authorize and sign in" }).click();
  await settled(v);
  await done(v);
}

/** The countdown to another code counts in words, down to one. */
async function counted(enter, service) {
  for (const [lang, one, many] of [["en", "in 1 second.", /in \d+ seconds\.$/], ["es", "en 1 segundo.", /en \d+ segundos\.$/]]) {
    const v = await enter({}), { page } = v, form = await service.form();
    const old = await arrive(v, form, "mfa_sms-counted-" + lang);
    await page.getByText("No code came?").click();
    await page.getByRole("button", { name: "Send a new code" }).click();
    await settled(v, old);
    await page.clock.install();
    await page.goto(`${form.url}?lang=${lang}`);
    await page.locator("details").first().locator("summary").click();
    const text = page.locator("form[data-wait] p"), left = Number(await page.locator("form[data-wait]").getAttribute("data-wait"));
    assert.match(await text.innerText(), many);
    const said = [];
    for (let half = 0; half < 2 * left + 4 && await text.isVisible(); half++) {
      const words = await text.innerText();
      if (words) said.push(words);
      await page.clock.runFor(500);
    }
    assert.equal(await text.isVisible(), false);
    assert.ok(said.at(-1).endsWith(one), said.at(-1));
    for (const words of said) assert.ok(words.endsWith(one) || many.test(words), words);
    assert.equal(await page.locator("form[data-wait] button").isVisible(), true);
  }
}

async function without_scripts(enter, service) {
  const v = await enter({ javaScriptEnabled: false }), { page } = v, form = await service.form(),
    user = "mfa_sms-plain";
  await choose(v, form);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill("demo");
  await page.getByRole("button", { name: "Authorize and sign in" }).click();
  await settled(v);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), `Enter the code from ${UTILITY}`);
  await page.getByLabel("Code", { exact: true }).fill((await service.message(user)).code);
  const old = await state(page);
  await page.getByRole("button", { name: "Continue" }).click();
  assert.match(await settled(v, old), /^done:/);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Thank you, that is all");
  assert.equal((await service.authorization(form)).status, "updated");
}

async function slow_line(enter, service) {
  const v = await enter({ locale: "en-US" }), { page } = v, form = await service.form(),
    session = await v.context.newCDPSession(page);
  let bytes = 0;
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 50000,
    uploadThroughput: 50000 });
  session.on("Network.loadingFinished", (one) => { bytes += one.encodedDataLength; });
  await page.goto(form.url, { waitUntil: "networkidle" });
  assert.ok(bytes > 5000 && bytes < 50 * 1024, `the first page took ${bytes} bytes`);
  await page.getByRole("link", { name: UTILITY }).click();
  await page.waitForURL(/utility=DEMO/);
  await v.sound();
}

const ENGLISH = /\b(the|your|with|from|code|continue|sign|please|enter|try|password|stop|utility|choose)\b/i;

async function in_spanish(enter, service) {
  const v = await enter({ locale: "es-MX" }), { page } = v, form = await service.form(), user = "mfa_wrong-es";
  const spanish = async () => {
    await v.sound();
    assert.equal(await page.locator("html").getAttribute("lang"), "es");
    const texts = await page.locator("h1, h2, button, label, legend, summary, .btn, .step, .hint").allInnerTexts();
    for (const text of texts) assert.doesNotMatch(text.replace(/English|DEMO Power & Gas/g, ""), ENGLISH);
  };
  await page.goto(form.url);
  await spanish();
  await page.getByRole("link", { name: UTILITY }).click();
  await page.waitForURL(/utility=DEMO/);
  await spanish();
  await page.locator("[name='c.username']").fill(user);
  await page.locator("[name='c.password']").fill("demo");
  await page.locator("form[action*=consent] .btn.main").click();
  let old = await settled(v);
  await v.examine("code-spanish");
  for (const last of [false, true]) {
    await spanish();
    const message = (await service.messages(user))[0];
    await page.locator("input[name='a.answer']").fill(message.code);
    await page.locator(".btn.main").click();
    old = await settled(v, old);
    if (last) assert.match(old, /^done:/);
  }
  await spanish();
  await v.examine("done-spanish");
}

async function chosen_language(enter, service) {
  const v = await enter(), { page } = v, form = await service.form({ utility: "DEMO" });
  await page.goto(form.url + "?lang=es");
  assert.equal(await page.locator("html").getAttribute("lang"), "es");
  await page.goto(form.url);
  assert.equal(await page.locator("html").getAttribute("lang"), "es", "the choice is kept");
  await page.getByRole("link", { name: "English" }).click();
  await page.waitForSelector("html[lang=en]");
}

async function heard(enter, service) {
  const v = await enter(), { page } = v, form = await service.form();
  await arrive(v, form, "mfa_sms-heard");
  const tree = await page.locator("main").ariaSnapshot();
  assert.match(tree, /heading "Enter the code from DEMO Power & Gas" \[level=1\]/);
  assert.match(tree, /textbox "Code"/);
  assert.match(tree, /button "Continue"/);
  const box = page.getByLabel("Code", { exact: true });
  assert.equal(await box.getAttribute("autocomplete"), "one-time-code");
  assert.equal(await box.getAttribute("inputmode"), "numeric");
  const described = await box.evaluate((one) => one.getAttribute("aria-describedby").split(" ").map((id) =>
    document.getElementById(id).innerText).join(" "));
  assert.match(described, /6 digits/);
  await answer(v, "999999");
  assert.match(await page.locator("main").ariaSnapshot(), /alert/);
  const second = await enter();
  await choose(second, await service.form());
  await second.page.getByLabel("User name").fill("slow-heard");
  await second.page.getByLabel("Password").fill("demo");
  await second.page.getByRole("button", { name: "Authorize and sign in" }).click();
  await second.page.waitForSelector('main[data-state^="working:"]');
  assert.match(await second.page.locator("main").ariaSnapshot(), /status/);
}

export default function (test, service) {
  const all = { "by keyboard alone": by_keyboard, "mistakes in a form": mistakes, "counted in words": counted, "read out when it goes on": announced,
    "without events": without_events, "without its style": unstyled, "without scripts": without_scripts, "own colours, no motion": own_looks,
    "helped by the browser": helped, "the title tells the state": titled,
    "on a slow line": slow_line,
    "in Spanish": in_spanish, "the language is chosen": chosen_language, "heard by a screen reader": heard };
  for (const [name, act] of Object.entries(all)) test(name, (enter) => act(enter, service));
}
