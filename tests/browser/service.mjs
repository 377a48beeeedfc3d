// The service under test: a sandbox, `meterkey serve` with DEMO's adapter alone, a team with an owner and a token.
import { execFile, spawn } from "node:child_process";
import { copyFileSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = resolve(ROOT, process.env.BUILD || "build", "meterkey");
const run = promisify(execFile);
export const OWNER = { email: "owner@helio.test", password: "correct horse battery" };

/** Starts a program; its first line names an address. */
async function start(argv, log) {
  const child = spawn(PROGRAM, argv, { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  const line = await new Promise((done, fail) => {
    createInterface(child.stdout).once("line", done);
    child.once("exit", (status) => fail(new Error(`${argv[0]} ended with ${status}: ${readFileSync(log, "utf8")}`)));
  });
  const url = /http:\/\/[\d.:]+/.exec(line)[0];
  const stop = () => new Promise((done) => {
    if (child.exitCode !== null) return done();
    child.once("exit", done);
    return child.kill();
  });
  return { url, stop };
}

export class Service {
  static async start() {
    const it = new Service();
    it.folder = mkdtempSync(join(tmpdir(), "meterkey-browser."));
    it.log = join(it.folder, "log");
    mkdirSync(join(it.folder, "scripts/utilities"), { recursive: true });
    copyFileSync(join(ROOT, "scripts/utilities/demo.lua"), join(it.folder, "scripts/utilities/demo.lua"));
    it.sandbox = await start(["sandbox", "--listen", "127.0.0.1:0"], it.log);
    it.config = join(it.folder, "config.lua");
    // Many sign-ins, many of them meant to fail, in a short time; each test has an address of its own.
    writeFileSync(it.config, `return {
      workers = 2, trust_proxy = true, utility_per_minute = 100000, utility_sessions = 100,
      breaker_failures = 100000, api_per_second = 100000, mail_folder = "${it.folder}/mail",
      store = "sqlite:${it.folder}/store.db",
      allow_origins = { "http://127.0.0.1:18102" },
      connect_to = { "127.0.0.1:18102:${it.sandbox.url.slice(7)}" } }\n`);
    await it.cli(["user", "add", OWNER.email, "--team", "Helio Solar"], `${OWNER.password}\n${OWNER.password}\n`);
    it.token = await it.cli(["token", "create", "tests", "--team", "Helio Solar"]);
    it.server = await start(["serve", "--config", it.config, "--listen", "127.0.0.1:0",
      "--runtime", join(ROOT, "runtime"),
      "--scripts", join(it.folder, "scripts")], it.log);
    it.url = it.server.url;
    return it;
  }

  async stop() {
    await Promise.all([this.server?.stop(), this.sandbox?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A service of its own whose store has no user yet -> {url, setup_token(), stop()}. */
  async without_users() {
    const log = join(this.folder, "first.log"), config = join(this.folder, "first.lua");
    writeFileSync(config, `return { workers = 1, trust_proxy = true, mail_folder = "${this.folder}/first-mail",
      store = "sqlite:${this.folder}/first.db" }\n`);
    const server = await start(["serve", "--config", config, "--listen", "127.0.0.1:0", "--runtime", join(ROOT, "runtime"),
      "--scripts", join(this.folder, "scripts")], log);
    return { ...server, setup_token: () => /setup\?token=([\w-]+)/.exec(readFileSync(log, "utf8"))[1] };
  }

  /** A data request whose link's time is over. */
  async expire(form) {
    const text = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=20); "
      + "db.execute('UPDATE forms SET expires = 1 WHERE uid = ?', sys.argv[2:]); db.commit()";
    await run("/usr/bin/python3", ["-c", text, join(this.folder, "store.db"), form.uid]);
  }

  async cli(words, text = "") {
    const running = run(PROGRAM, [...words, "--config", this.config]);
    running.child.stdin.end(text);
    return (await running).stdout.trim();
  }

  /** The names of DEMO's scenarios and what each ends with. */
  static async scenarios() {
    const { stdout } = await run(PROGRAM, ["sandbox", "--list"]);
    return Object.fromEntries(stdout.trim().split("\n").map((line) =>
      line.trim().split(/ {2,}| (?=\d meter|no meters)/).slice(0, 2)));
  }

  async api(method, path, body) {
    const answer = await fetch(this.url + "/api/v2" + path, { method, body: body && JSON.stringify(body),
      headers: { Authorization: "Bearer " + this.token, "Content-Type": "application/json" } });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`);
    return value;
  }

  /** A data request -> {uid, url, ...}. */
  form(values) { return this.api("POST", "/forms", { customer_email: "pat@mail.test", ...values }); }

  /** The authorization that a data request led to. */
  async authorization(form) {
    return (await this.api("GET", `/authorizations?forms=${form.uid}&include=meters`)).authorizations[0];
  }

  // --- the customer's phone, as the sandbox has it -------------------------------------------

  /** The newest message after the one numbered `after`; waits for it. */
  async message(user, after = 0) {
    const answer = await fetch(`${this.sandbox.url}/phone.json?user=${user}&after=${after}&wait=20`);
    const { messages } = await answer.json();
    return messages[0];
  }

  async messages(user) { return (await (await fetch(`${this.sandbox.url}/phone.json?user=${user}`)).json()).messages; }
  async totp(user) { return (await (await fetch(`${this.sandbox.url}/phone.json?user=${user}`)).json()).totp.code; }

  async decide(user, message, decision) {
    const body = new URLSearchParams({ id: message.id, token: message.token, user, decision });
    return fetch(this.sandbox.url + "/phone/decide", { method: "POST", body, redirect: "manual" });
  }
}
