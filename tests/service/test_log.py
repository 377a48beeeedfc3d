#!/usr/bin/python3
"""The store's write-ahead log: killed while it is folded and while it is emptied; what was deleted leaves it. Prints one line a test.

It is emptied every twenty seconds, so all of this happens at once, each with a service of its own. MK_SEED repeats the dice."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "faults")]
import blows
import whole
from server import SANITIZED, SLOWER
from serving import PROGRAM, Serving, check, same

LIVES, STRIKES = 1 if SANITIZED else 5, ("folded", "folded", "folded", "emptied")
GONE = 30 + 10 * SLOWER   # seconds; docs/service.md promises half a minute
SEED = int(os.environ.get("MK_SEED") or random.randrange(1 << 31))
INSERT = "INSERT OR REPLACE INTO settings (name, value, changed) VALUES (?1, ?2, 0)"
# Folded at the next tick. In pieces where it is slow: a connection on which nothing moves for half a minute is closed.
LONG = ["INSERT OR REPLACE INTO settings (name, value, changed) VALUES ('long %d', hex(zeroblob(%d)), 0)" % (n, 9000000 // SLOWER) for n in range(SLOWER)]
heavy = threading.Semaphore(2)  # not all of them at once, for the machine's sake


def until(store, holds, seconds, what):
    """Looks whenever the log is written to, or the store, or one is cut."""
    limit = time.monotonic() + seconds
    with contextlib.closing(blows.Log(store + "-wal")) as log:
        while not holds():
            left = limit - time.monotonic()
            check(left > 0, what)
            select.select([log.notes], [], [], left)
            log.read()


class Writer(threading.Thread):
    """Writes rows until it gets no word; `promised` are those that it got one for."""

    def __init__(self, service, first):
        super().__init__(daemon=True)
        self.service, self.first, self.promised, self.problem = service, first, [], None
        self.start()

    def run(self):
        for n in range(1000000):
            name = "row %d %d" % (self.first, n)
            try:
                self.service.ask("/sql", [INSERT, name, "x" * 3000])
            except urllib.error.HTTPError as problem:
                self.problem = problem
                return
            except (OSError, http.client.HTTPException):
                return
            self.promised.append(name)
            time.sleep(0.03)


class Life:
    """One service and what it promised, through all strikes."""

    def __init__(self, folder, dice):
        self.dice, self.promised = dice, set()
        self.service = Serving(folder, 'store = "sqlite:%s/store.db", log_level = "info"' % folder)
        self.store = self.service.store

    def folded(self):
        before = os.stat(self.store).st_mtime_ns
        with heavy:
            for piece in LONG:
                self.service.ask("/sql", [piece])
            until(self.store, lambda: os.stat(self.store).st_mtime_ns != before, 60 * SLOWER, "the log is not folded")

    def emptied(self):
        longest = [0]

        def shorter():
            now = os.path.getsize(self.store + "-wal")
            longest[0] = max(now, longest[0])
            return now < longest[0]
        until(self.store, shorter, GONE, "the log is not emptied")

    def strike(self, when, number):
        writer = Writer(self.service, number)
        getattr(self, when)()
        time.sleep(self.dice.random() * self.dice.choice((0, 0.002, 0.05)))
        self.service.stop(kill=True)
        writer.join(30 * SLOWER)
        check(not writer.problem and writer.promised, "the writer: %r, %d rows" % (writer.problem, len(writer.promised)))
        self.promised.update(writer.promised)

    def kept(self):
        rows = self.service.ask("/sql", ["SELECT name FROM settings WHERE name LIKE 'row %'"])
        same(sorted(self.promised - {row["name"] for row in rows}), [], "promised rows that are gone")

    def sound(self):
        words = [PROGRAM, "doctor", "--json", "--config", os.path.join(self.service.folder, "config.lua"), "--runtime", self.service.runtime]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * SLOWER, check=False)
        found = [one for one in json.loads(done.stdout) if one["what"] == "store"]
        check(found and found[0]["verdict"] == "ok" and "sound" in found[0]["found"], "the doctor: %r" % (found or done))


def live(number):
    with tempfile.TemporaryDirectory() as folder:
        life = Life(folder, random.Random("%d %d" % (SEED, number)))
        try:
            for n, when in enumerate(STRIKES):
                life.strike(when, n)
                life.service.start()
                life.kept()
            life.sound()
        finally:
            life.service.close()


# --- what was deleted -----------------------------------------------------------------------

def held(folder, sealed):
    """The files that hold one of these."""
    out = []
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "rb") as file:
            data = file.read()
            out += [name for one in sealed if one in data]
    return out


def signed_in(service, sandbox):
    """A sign-in that came to its end -> what the store held of it meanwhile."""
    customer = service.customer("mfa_sms")
    customer.submit()
    challenge = customer.until("code", seconds=20)["challenge"]
    session = service.session(customer.authorization)
    sealed = [session["credentials"][:64], session["parked"][:64]]
    check(held(service.folder, sealed), "the test's own search finds nothing")
    customer.answer(challenge, {"a.answer": sandbox.code(customer.user)})
    customer.done(seconds=20)
    return sealed


def deleted(how):
    with whole.whole() as (service, sandbox):
        sealed = signed_in(service, sandbox)
        if how == "killed":
            service.kill()
            service.start()
        over = threading.Event()

        def ask():
            while not over.wait(0.05):
                service.api("POST", "/forms", {})
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asking = pool.submit(ask) if how == "asked" else None
            try:
                until(os.path.join(service.folder, "store.db"), lambda: not held(service.folder, sealed), GONE,
                      "sealed bytes are still in the files")
            finally:
                over.set()
            if asking:
                asking.result(30 * SLOWER)


TESTS = {
    "%d times killed while the log is folded or emptied: what was answered is there, the doctor finds it sound" % (LIVES * len(STRIKES)):
        [lambda n=n: live(n) for n in range(LIVES)],
    "what a customer's end deleted is in no file soon after, though nobody asks anything": [lambda: deleted("left alone")],
    "nor while others ask": [lambda: deleted("asked")],
    "nor where the service was killed in between": [lambda: deleted("killed")],
}


def main():
    failed = 0
    print("# MK_SEED=%d" % SEED, flush=True)
    whole.staged()
    with concurrent.futures.ThreadPoolExecutor(sum(map(len, TESTS.values()))) as pool:
        begun = [(name, [pool.submit(one) for one in all_]) for name, all_ in TESTS.items()]
        for name, parts in begun:
            problems = [part.exception() for part in parts if part.exception()]
            for problem in problems:
                traceback.print_exception(problem)
            sys.stderr.flush()
            print(("not ok - " if problems else "ok - ") + name, flush=True)
            failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
