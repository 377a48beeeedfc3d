"""Runs cases against the program: see README.md beside this file.

    /usr/bin/python3 tests/harness/cases.py --check FILE...   without the program
"""
import base64
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ca
import casefile
from portal import Portal

HOSTS = ("www.example.test", "login.example.test", "api.example.test", "deep.api.example.test", "example.test",
         "elsewhere.test", "www.elsewhere.test")
PORTS = (443, 8443)
EXITS = {"auth": 10, "mfa": 11, "user_action": 12, "site": 13, "net": 13, "adapter": 14, "policy": 15, "engine": 16}
OWNERS = {"user", "site", "adapter", "engine", "network", "operator"}
LIMIT = 30


class Failed(Exception):
    pass


class Outcome:
    """What one command gave."""

    def __init__(self, code, out, err, seconds):
        self.code, self.seconds = code, seconds
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        try:
            self.json = json.loads(self.out)
        except ValueError:
            self.json = None


def run_program(argv, env, cwd, limit):
    """Runs in a process group of its own, which ends with it."""
    began = time.monotonic()
    child = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        raise Failed("did not end within %d s\nstderr: %s" % (limit, err.decode("utf-8", "replace")[-2000:]))
    return Outcome(child.returncode, out, err, time.monotonic() - began)


def forms(secret):
    """A secret as it might leak: raw, URL, HTML, JSON and base64."""
    raw = secret.encode("utf-8")
    b64 = base64.b64encode(raw).decode()
    out = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), html.escape(secret),
           json.dumps(secret)[1:-1], b64, b64.rstrip("="), base64.urlsafe_b64encode(raw).decode()}
    return {form for form in out if len(form) >= 4}


def subset(want, got, where="$"):
    """None, or what differs: objects may have more, lists may not."""
    if want == "<any>":
        return None
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            if value == "<absent>":
                if got.get(key) is not None:
                    return "%s.%s should not be there, is %r" % (where, key, got[key])
            elif key not in got:
                return "%s.%s is missing" % (where, key)
            else:
                problem = subset(value, got[key], "%s.%s" % (where, key))
                if problem:
                    return problem
        return None
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return "%s has %d members, want %d: %r" % (where, len(got), len(want), got)
        return next(filter(None, (subset(w, g, "%s[%d]" % (where, i)) for i, (w, g) in enumerate(zip(want, got)))), None)
    if type(want) is not type(got) or want != got:
        return "%s is %r, want %r" % (where, got, want)
    return None


class Runner:
    """One case: its folder, its portal, its steps."""

    def __init__(self, case, build, root):
        self.case, self.root = case, root
        self.program = os.path.join(root, build, "meterkey")
        name = re.sub(r"[^\w.-]", "_", os.path.relpath(case.path, root))
        self.dir = os.path.join(root, build, "cases", name)
        self.files = ca.pair(os.path.join(root, build, "test-ca"))

    def run(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(os.path.join(self.dir, "home"))
        self.portal = Portal(self.case.portal, self.files[1], self.files[2]).start()
        try:
            self.adapter = self.write("example.lua", self.fill(self.case.adapter))
            for name, text in self.case.files.items():
                self.write(name, self.fill(text))
            for number, step in enumerate(self.case.steps, 1):
                try:
                    self.step(step, number)
                except Failed as problem:
                    raise Failed("step %d: %s" % (number, problem)) from None
        finally:
            self.portal.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        return path

    def fill(self, text):
        known = {"http": "http://127.0.0.1:%d" % self.portal.http_port, "http_port": str(self.portal.http_port),
                 "tls_port": str(self.portal.tls_port), "dir": self.dir, "cacert": self.files[0],
                 "adapter": os.path.join(self.dir, "example.lua"), "root": self.root}
        return re.sub(r"\{\{(%s)\}\}" % "|".join(known), lambda m: known[m.group(1)], text)

    def argv(self, step, number):
        argv = [self.program] + [self.fill(word) for word in step.command]
        if argv[1] in ("run", "resume"):
            argv += ["--json", "--cacert", self.files[0]]
            for host in HOSTS:
                for port in PORTS:
                    argv += ["--connect-to", "%s:%d:127.0.0.1:%d" % (host, port, self.portal.tls_port)]
        if argv[1] == "run":
            argv += ["--credentials", self.write("credentials.json", step.credentials)]
        if step.answers is not None:
            argv += ["--answers", self.write("answers", step.answers)]
        if "never" in step.expect or "never-forms" in step.expect:
            argv += ["--trace", os.path.join(self.dir, "trace%d.har" % number),
                     "--report", os.path.join(self.dir, "report%d.html" % number)]
        return argv + [self.fill(word) for word in step.args]

    def step(self, step, number):
        env = {"PATH": "/usr/bin:/bin", "HOME": os.path.join(self.dir, "home"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
               "XDG_CONFIG_HOME": os.path.join(self.dir, "home", ".config"),
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "abort_on_error=0"), "UBSAN_OPTIONS": "print_stacktrace=1"}
        limit = float(step.expect.get("timeout", [LIMIT])[0])
        argv = self.argv(step, number)
        got = run_program(argv, env, self.dir, limit)
        requests = self.portal.taken()
        try:
            Check(self, step, number, got, requests).all()
        except Failed as problem:
            seen = "\n".join("  " + r.summary() for r in requests)
            raise Failed("%s\nexit: %s\nstdout: %s\nstderr: %s\nrequests:\n%s" %
                         (problem, got.code, got.out[-3000:], got.err[-3000:], seen)) from None


class Check:
    """Compares one outcome with what the case expects."""

    def __init__(self, runner, step, number, got, requests):
        self.runner, self.step, self.number, self.got, self.requests = runner, step, number, got, requests
        self.expect = step.expect

    def one(self, key):
        values = self.expect.get(key)
        return values[0] if values else None

    def need(self, holds, text):
        if not holds:
            raise Failed(text)

    def all(self):
        self.exit()
        if self.step.command[0] in ("run", "resume") and "not-json" not in self.expect:
            self.shape()
        self.values()
        self.seen()
        self.texts()
        self.secrets()

    def exit(self):
        code = self.one("error")
        want = self.one("exit")
        want = int(want) if want is not None else EXITS[code.split(".")[0]] if code else 20 if self.one("challenge") else 0
        self.need(self.got.code == want, "exit status %s, want %d" % (self.got.code, want))

    def shape(self):
        """Every outcome keeps to the schema of the machine interface."""
        out = self.got.json
        if self.got.code in (1, 2):
            return
        self.need(isinstance(out, dict), "standard output is not one JSON object")
        self.need(isinstance(out.get("utility"), str) and isinstance(out.get("version"), str), "utility or version is missing")
        if self.got.code == 0:
            self.need(isinstance(out.get("meters"), list), "meters are missing")
            for key in ("requests", "elapsed_ms", "cpu_ms"):
                self.need(isinstance(out.get(key), (int, float)), key + " is missing")
        elif self.got.code == 20:
            challenge = out.get("challenge") or {}
            for key in ("id", "kind", "prompt", "expires_at", "tries_left", "resend"):
                self.need(key in challenge, "challenge.%s is missing" % key)
        else:
            error = out.get("error") or {}
            self.need(error.get("owner") in OWNERS, "error.owner is %r" % error.get("owner"))
            for key in ("code", "message", "retry"):
                self.need(error.get(key) is not None, "error.%s is missing" % key)

    def values(self):
        out = self.got.json or {}
        error = out.get("error") or {}
        for key in ("owner", "retry"):
            if self.one(key):
                self.need(error.get(key) == self.one(key), "error.%s is %r, want %r" % (key, error.get(key), self.one(key)))
        if self.one("error"):
            self.need(error.get("code") == self.one("error"), "error %r, want %r" % (error.get("code"), self.one("error")))
        for text in self.expect.get("message", []):
            self.need(text in str(error.get("message")), "message lacks %r: %r" % (text, error.get("message")))
        if self.one("help"):
            self.need(self.one("help") in json.dumps(error.get("help")), "help lacks %r: %r" % (self.one("help"), error.get("help")))
        for key in ("json", "meters", "challenge"):
            for want in self.expect[key]:
                problem = subset(want, out if key == "json" else out.get(key))
                self.need(not problem, "%s: %s" % (key, problem))
        if self.one("script"):
            self.script(str(error.get("script")), self.one("script"))

    def script(self, got, mark):
        """`script: HERE` is the line of the adapter that ends in `-- HERE`."""
        lines = self.runner.fill(self.runner.case.adapter).splitlines()
        at = [n for n, line in enumerate(lines, 1) if line.rstrip().endswith("-- " + mark)]
        self.need(len(at) == 1, "the adapter has %d lines marked %s" % (len(at), mark))
        self.need(re.search(r"example\.lua:%d(\D|$)" % at[0], got), "script is %r, want example.lua:%d" % (got, at[0]))

    def seen(self):
        if "requests" in self.expect:
            got = [r.summary() for r in self.requests]
            want = [self.runner.fill(w) for w in self.expect["requests"]]
            fits = len(got) == len(want) and all(self.same(w, g) for w, g in zip(want, got))
            self.need(fits, "requests differ, want:\n%s" % "\n".join("  " + w for w in want))
        for text in self.expect.get("header", []) + ["!" + t for t in self.expect.get("no-header", [])]:
            self.header(text.lstrip("!"), text.startswith("!"))
        if self.one("connections"):
            self.need(self.runner.portal.connections == int(self.one("connections")),
                      "%d connections, want %s" % (self.runner.portal.connections, self.one("connections")))

    def same(self, want, got):
        return re.fullmatch(".*".join(re.escape(part) for part in want.split("<*>")), got, re.S) is not None

    def header(self, text, absent):
        number, name, *value = re.split(r":? +", text, maxsplit=2)
        self.need(int(number) <= len(self.requests), "there is no request %s" % number)
        got = self.requests[int(number) - 1].header(name)
        if absent:
            held = got is not None and (not value or value[0] in got)
            self.need(not held, "request %s has %s: %r" % (number, name, got))
        else:
            self.need(got is not None and self.same(self.runner.fill(value[0]), got), "request %s: %s is %r, want %r" % (number, name, got, value[0]))

    def texts(self):
        for text in self.expect.get("stdout", []):
            self.need(text in self.got.out, "standard output lacks %r" % text)
        for text in self.expect.get("stderr", []):
            self.need(text in self.got.err, "standard error lacks %r" % text)
        if self.one("elapsed"):
            sign, seconds = self.one("elapsed").split()
            held = self.got.seconds < float(seconds) if sign == "<" else self.got.seconds > float(seconds)
            self.need(held, "took %.2f s, want %s" % (self.got.seconds, self.one("elapsed")))

    def secrets(self):
        texts = {"standard output": self.got.out, "standard error": self.got.err}
        for name in ("trace%d.har" % self.number, "report%d.html" % self.number):
            path = os.path.join(self.runner.dir, name)
            if "--" + name.split("%d" % self.number)[0] in self.runner.argv(self.step, self.number):
                self.need(os.path.exists(path), name + " was not written")
                with open(path, encoding="utf-8", errors="replace") as file:
                    texts[name] = file.read()
        banned = set(self.expect.get("never", []))
        for secret in self.expect.get("never-forms", []):
            banned |= forms(secret)
        try:
            banned.add(json.loads(self.step.credentials)["password"])
        except (ValueError, KeyError, TypeError):
            pass
        for where, text in texts.items():
            for secret in banned:
                self.need(not secret or secret not in text, "%r is in %s" % (secret, where))


def run(path, build, root):
    """(outcome, text): outcome is "ok", "failed" or "skipped"."""
    try:
        case = casefile.read(path)
        if case.skip:
            return "skipped", case.skip
        Runner(case, build, root).run()
        return "ok", ""
    except Failed as problem:
        return "failed", str(problem)
    except Exception as problem:
        return "failed", "%s: %s" % (type(problem).__name__, problem)


def check(paths):
    """Reads each case, compiles its adapter, reads its portal: no program needed."""
    from routes import Routes
    bad = 0
    for path in paths:
        try:
            case = casefile.read(path)
            Routes(case.portal)
            done = subprocess.run(["luac5.4", "-p", "-"], input=case.adapter.encode(), stderr=subprocess.PIPE)
            problem = done.stderr.decode() if done.returncode and "syntax error" not in case.title else ""
        except Exception as error:
            problem = repr(error)
        if problem:
            bad += 1
            print("%s: %s" % (path, problem.strip()))
    print("%d cases, %d bad" % (len(paths), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(check(sys.argv[2:]))
    if sys.argv[1:2] == ["--show"]:
        print(casefile.read(sys.argv[2]).adapter)
        sys.exit(0)
    sys.exit(__doc__)
