// Visitors in Debian's Chromium, what must hold on every page they see, and pictures for a person to look at.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./service.mjs";

const MADE = join(ROOT, "build/browser");
const require = createRequire(join(MADE, "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];
const SHOTS = join(MADE, "shots");
// What WCAG 1.4.12 lets a reader set, and what must still fit then.
const SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } "
  + "p { margin-bottom: 2em !important }";
const ENGLISH = /\b(the|your|with|from|code|continue|sign|please|enter|try|password|stop|utility|choose|and|you)\b/i;
const PHONE = { width: 320, height: 640 };

/** anew: without the pictures of the last run. */
export function launch(anew) {
  if (anew) rmSync(SHOTS, { recursive: true, force: true });
  mkdirSync(SHOTS, { recursive: true });
  // Without the flags of Debian's wrapper: an emulated graphics card takes many times as long to draw a page.
  const own = "/usr/lib/chromium/chromium";
  const args = ["--disable-gpu", "--disable-software-rasterizer", "--disable-extensions"];
  if (process.getuid() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: existsSync(own) ? own : "chromium", args });
}

const DESK = { width: 1100, height: 800 };
let visitors = 0, spanish, reading = Promise.resolve();
const idle = [], examined = new Set();

/** One person's browser. Mistakes of scripts, blocked content and foreign requests fail the test at `leave`. */
export class Visitor {
  static async enter(browser, service, options) {
    visitors += 1;
    const extraHTTPHeaders = { "X-Forwarded-For": `10.0.${visitors >> 8}.${visitors & 255}` };
    const { service: other, ...wishes } = options || {};
    const old = !options && idle.pop();
    if (old) {
      await old.context.setExtraHTTPHeaders(extraHTTPHeaders);
      return old;
    }
    const it = new Visitor();
    it.service = other || service;
    it.plain = !options;
    it.wrong = [];
    it.context = await browser.newContext({ viewport: PHONE, locale: "en-US", ...wishes, extraHTTPHeaders });
    it.context.setDefaultTimeout(60000);
    it.context.on("request", (request) => {
      if (new URL(request.url()).origin !== it.service.url) it.wrong.push("a request to " + request.url());
    });
    it.context.on("weberror", (problem) => it.wrong.push("script: " + problem.error().message));
    it.context.on("console", (message) => {
      // A page with a status of 4xx is reported as a resource that failed; pages of ours have those on purpose.
      if (message.type() === "error"
        && !message.text().startsWith("Failed to load resource")) it.wrong.push(message.text());
    });
    it.page = await it.context.newPage();
    return it;
  }

  /** Opening a window is slow: whoever has no wishes of their own gets one that somebody left, empty. */
  async leave() {
    const wrong = [...this.wrong];
    if (this.plain && !this.page.isClosed()) {
      await this.page.goto("about:blank");
      await this.context.clearCookies();
      this.wrong.length = 0;
      idle.push(this);
    } else {
      await this.context.close();
    }
    assert.deepEqual(wrong, []);
  }

  /** Title, one heading, a language, nothing wider than the screen. -> the heading. */
  async sound() {
    const seen = await this.page.evaluate(() => ({ title: document.title,
      headings: [...document.querySelectorAll("h1")].map((one) => one.innerText),
      lang: document.documentElement.lang,
      over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      ids: [...document.querySelectorAll("[id]")].map((one) => one.id) }));
    const at = this.page.url();
    assert.equal(seen.headings.length, 1, `${at} has the headings ${seen.headings}`);
    if (!/\/dashboard|\/setup/.test(at)) assert.ok(seen.title.startsWith(seen.headings[0]),
      `the title ${seen.title} is not the heading ${seen.headings[0]}`);
    assert.match(seen.lang, /^(en|es)$/);
    assert.ok(seen.over <= 0, `${at} (${seen.headings[0]}) is ${seen.over} px wider than the screen`);
    assert.equal(new Set(seen.ids).size, seen.ids.length, `${at} has an id twice: ${seen.ids}`);
    return seen.headings[0];
  }

  /** What is pressed is 24 px high and wide, links within a sentence apart (WCAG 2.5.8). */
  async targets() {
    const small = await this.page.evaluate(() => [...document.querySelectorAll("a, button, input, select, summary")]
      .filter((one) => one.type !== "hidden" && one.checkVisibility() && !one.closest(".skip"))
      .filter((one) => !(one.localName === "a" && one.parentElement.innerText.trim() !== one.innerText.trim()))
      .map((one) => ({ box: (one.closest("label") || one).getBoundingClientRect(), text: one.innerText || one.name }))
      .filter(({ box }) => box.width < 24 || box.height < 23.9).map(({ box, text }) => `${text}: ${box.width} x ${box.height}`));
    assert.deepEqual(small, [], "too small to press: " + this.page.url());
  }

  /** The reader's own spacing of text cuts nothing off and makes nothing wider than the screen. */
  async spaced() {
    const style = await this.page.evaluateHandle((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      document.adoptedStyleSheets = [sheet];
    }, SPACED);
    await this.sound();
    await this.page.evaluate(() => { document.adoptedStyleSheets = []; });
    await style.dispose();
  }

  /** The same page as somebody reads it in Spanish, small and wide: what is marked as English is a portal's. */
  async in_spanish(name) {
    const page = await (spanish ||= this.context.browser().newContext({ locale: "es-MX", viewport: PHONE,
      extraHTTPHeaders: { "X-Forwarded-For": "10.9.9.9" } }).then(async (context) => {
      await context.route(/\/(state|events)$/, (route) => route.abort()); // it is looked at, and does not go on by itself
      return context.newPage();
    }));
    const turn = reading.then(async () => {
      await page.goto(this.page.url());
      await Visitor.prototype.sound.call({ page });
      const texts = await page.evaluate(() => {
        const out = [document.title], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode())
          if (node.parentElement.closest("[lang]").lang === "es") out.push(node.data);
        return out;
      });
      for (const text of texts) assert.doesNotMatch(text.replace(/DEMO Power & Gas|Helio Solar/g, ""), ENGLISH, "not Spanish: " + name);
      await page.screenshot({ path: join(SHOTS, name + "-es.png"), fullPage: true });
      await page.setViewportSize(DESK);
      await page.screenshot({ path: join(SHOTS, name + "-es-wide.png"), fullPage: true });
      await page.setViewportSize(PHONE);
    });
    reading = turn.catch(() => {});
    await turn;
  }

  picture(name) { return this.page.screenshot({ path: join(SHOTS, name + ".png"), fullPage: true }); }

  /** A picture; for the first page of each look also dark and wide, and axe in light and dark. -> the heading. */
  async examine(name, look = name) {
    const heading = await this.sound();
    await this.picture(name);
    if (examined.has(look)) return heading;
    examined.add(look);
    const customers = !/\/dashboard|\/setup/.test(this.page.url());
    await this.axe(name);
    if (customers) {
      await this.targets();
      await this.spaced();
    }
    await this.page.emulateMedia({ colorScheme: "dark" });
    await this.picture(name + "-dark");
    await this.axe(name + " in dark", "color-contrast"); // colours alone differ
    await this.page.emulateMedia({ colorScheme: "light" });
    await this.page.setViewportSize(DESK);
    await this.picture(name + "-wide");
    await this.page.setViewportSize(PHONE);
    if (customers) await this.in_spanish(name);
    return heading;
  }

  /** only: one rule. */
  async axe(what, only) {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate((runOnly) => axe.run(document, { runOnly, resultTypes: ["violations"] }),
      only ? { type: "rule", values: [only] } : { type: "tag", values: TAGS });
    const told = found.violations.flatMap((one) => one.nodes.map((node) =>
      `${one.id}: ${node.target} ${node.failureSummary}`));
    assert.deepEqual(told, [], "axe, " + what);
  }

  text() { return this.page.locator("main").innerText(); }

  async says(...words) {
    const text = (await this.text()).replace(/\s+/g, " ");
    for (const word of words) assert.ok(word instanceof RegExp ? word.test(text) : text.includes(word),
      `no ${word} in: ${text}`);
  }
}

/** An index of all pictures, for a person. */
export function index() {
  const items = readdirSync(SHOTS).sort().map((name) =>
    `<li><a href="shots/${name}"><img src="shots/${name}" alt="" loading="lazy"><br>${name.slice(0, -4)}</a></li>`);
  writeFileSync(join(MADE, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages as they looked</title>
<style>body{font:15px sans-serif}ul{display:flex;flex-wrap:wrap;gap:12px;padding:0;list-style:none}
img{height:300px;border:1px solid}</style>
<h1>Pages as they looked</h1><ul>${items.join("\n")}</ul></html>\n`);
}
