"""A service of its own for a test: settings, store, team and token in a temporary folder, and requests to it."""
import http.client
import json
import os
import re
import sqlite3
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZED = os.path.basename(os.environ.get("BUILD", "build")) in ("asan", "tsan")
# How long anything may take at most is multiplied by this, here and in all other files: one place for what sanitizers cost.
SLOWER = 10 if SANITIZED else 1
# The CPU time that a session may use grows, too: no test here is about that, and on a busy machine a sanitized one meets it.
LIMITS = {"burst_us": 50000 * SLOWER, "total_us": 2000000 * SLOWER} if SANITIZED else {}
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")


def report(text):
    """What a sanitizer says in a log, or None."""
    found = re.search(r"(?m)^.*(Sanitizer: |: runtime error: )(?s:.*)", text)
    return found and found.group(0)[:6000]


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Service:
    """Adapters: rows that stand for the named ones; their sessions stay queued (utility_sessions = 0)."""

    def __init__(self, folder, adapters=(), **settings):
        self.folder, self.process, self.connection = folder, None, None
        self.store = "sqlite:" + os.path.join(folder, "store.db")
        os.makedirs(os.path.join(folder, "scripts", "utilities"), exist_ok=True)
        values = dict({"mail_folder": os.path.join(folder, "mail"), "utility_sessions": 0, "workers": 1,
            "api_per_second": 1000000}, **settings)
        write_settings(folder, values)
        self.cli("user", "list")
        for one in adapters:
            self.add_adapter(one)

    def cli(self, *words, text=""):
        argv = [PROGRAM, *words, "--store", self.store, "--config", os.path.join(self.folder, "config.lua")]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60 * SLOWER, check=False)
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout.strip()

    def team(self, name):
        """A team with an owner -> its token."""
        email = name.lower().replace(" ", ".") + "@team.test"
        self.cli("user", "add", email, "--team", name, text="correct horse battery\n" * 2)
        return self.cli("token", "create", "first", "--team", name)

    def sql(self, text, *values):
        with sqlite3.connect(os.path.join(self.folder, "store.db"), timeout=20 * SLOWER) as db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def add_adapter(self, manifest):
        now = time.time_ns() // 1000
        for n in (1, 2):
            self.sql("INSERT INTO versions (hash, utility, bytes, manifest, created) VALUES (?, ?, x'00', ?, ?)",
                "%s-v%d" % (manifest["id"], n),
                     manifest["id"], json.dumps(manifest), now + n)
        self.sql("INSERT INTO adapters (utility, version, before, changed) VALUES (?, ?, ?, ?)", manifest["id"],
            manifest["id"] + "-v2",
                 manifest["id"] + "-v1", now)

    runtime = os.path.join(ROOT, "runtime")

    def open_log(self):
        return open(os.path.join(self.folder, "log"), "ab")

    def spawn(self):
        log = self.open_log()
        argv = [PROGRAM, "serve", "--runtime", self.runtime, "--scripts",
            os.path.join(self.folder, "scripts"), "--store", self.store,
                "--listen", "127.0.0.1:0", "--config", os.path.join(self.folder, "config.lua")]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        return process

    def start(self):
        self.process = self.spawn()
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, (line, self.log())
        self.port = int(found.group(1))
        self.url = "http://127.0.0.1:%d" % self.port
        return self

    def stop(self):
        if self.connection:
            self.connection.close()
        if self.process:
            self.process.terminate()
            status = self.process.wait(20 * SLOWER)
            self.process.stdout.close()
            found = report(self.log())
            assert status == 0 and not found, "the service ended with %d\n%s" % (status, found or self.log()[-1000:])

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def request(self, method, path, body=None, headers=None):
        """body: bytes as they are, or a value sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        for last in (False, True):
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOWER)
            try:
                self.connection.request(method, path, body, headers)
                reply = self.connection.getresponse()
                return Reply(reply.status, reply.headers, reply.read())
            except (http.client.RemoteDisconnected, ConnectionError):
                self.connection.close()
                self.connection = None
                if last:
                    raise


def write_settings(folder, values):
    values = dict(values, limits=dict(LIMITS, **values.get("limits", {})))
    with open(os.path.join(folder, "config.lua"), "w", encoding="utf-8") as file:
        file.write("return {\n%s}\n" % "".join("  %s = %s,\n" % (k, lua(v)) for k, v in values.items()))


def lua(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "{ %s }" % ", ".join(lua(one) for one in value)
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (k, lua(v)) for k, v in value.items())
    return json.dumps(value) if isinstance(value, str) else str(value)


def manifests(*ids):
    """What the shipped adapters say of themselves, as the service keeps it."""
    done = subprocess.run([PROGRAM, "utilities", "--json", "--runtime", os.path.join(ROOT, "runtime"), "--scripts",
        os.path.join(ROOT, "scripts")],
                          capture_output=True, text=True, check=True, timeout=60 * SLOWER)
    return [one for one in json.loads(done.stdout)["utilities"] if one["id"] in ids]
