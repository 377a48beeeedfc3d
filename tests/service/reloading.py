"""A service whose DEMO adapter is saved again and again, what it says of that, and customers who sign in meanwhile."""
import collections
import contextlib
import copy
import json
import os
import re
import shutil
import sqlite3
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import ROOT, SLOWER
from whole import LIMIT, Whole, check, same

CASES = ("badlogin", "empty", "locked")    # what the stamps below do not show in
BOUND = 60    # seconds that anything may take on a machine that is busy


class Reloading(Whole):
    """DEMO's adapter lies in a folder, with a module of its own in the overlay; its log is read as it is written.

    Each version says what it is: `stamp` of the adapter and of the module, in the manifest's name and, as they were at
    the sign-in and at the meters, in each meter's name."""

    def __init__(self, folder, sandbox, **settings):
        self.runtime, self.lines, self.heard = os.path.join(folder, "runtime"), [], threading.Condition()
        super().__init__(folder, sandbox, **dict({"utility_sessions": 60, "connections_per_address": 1000}, **settings))
        self.scripts, self.stamp, self.module, self.names = os.path.join(folder, "scripts"), 0, 0, {}
        shutil.copytree(os.path.join(ROOT, "runtime"), self.runtime)
        self.write_module(0)
        os.makedirs(os.path.join(self.scripts, "cases", "demo"))
        for name in CASES:
            shutil.copy(os.path.join(ROOT, "scripts", "cases", "demo", name + ".json"), os.path.join(self.scripts, "cases", "demo"))
        self.put(self.adapter)

    # --- its log

    def open_log(self):
        ours, theirs = os.pipe()
        threading.Thread(target=self.listen, args=(ours,), daemon=True).start()
        return os.fdopen(theirs, "wb")

    def listen(self, handle):
        with os.fdopen(handle, encoding="utf-8", errors="replace") as lines, open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            for line in lines:
                log.write(line)
                log.flush()
                with self.heard:
                    self.lines.append(line.rstrip("\n"))
                    self.heard.notify_all()

    def says(self, pattern, since=0):
        """Waits for a line like that from number `since` on -> its match and the number of the next."""
        limit = time.monotonic() + BOUND * SLOWER
        with self.heard:
            while True:
                for number, line in enumerate(self.lines[since:], since):
                    found = re.search(pattern, line)
                    if found:
                        return found, number + 1
                since = len(self.lines)
                check(self.heard.wait(limit - time.monotonic()), "no line like %s; the last:\n%s" % (pattern, "\n".join(self.lines[-12:])))

    # --- its versions

    @property
    def path(self):
        return os.path.join(self.scripts, "utilities", "demo.lua")

    def write_module(self, number):
        at = os.path.join(self.runtime, "meterkey", "stamp.lua")
        with open(at + "~", "w", encoding="utf-8") as file:
            file.write('-- Says which version of itself this is.\nreturn { word = "m%d" }\n' % number)
        os.rename(at + "~", at)
        self.module = number

    def text(self, stamp, wrong=""):
        with open(os.path.join(ROOT, "scripts", "utilities", "demo.lua"), encoding="utf-8") as file:
            text = file.read()
        for before, after in (
                ("local service = {", 'local stamp = "%s/" .. require("meterkey.stamp").word\n\nlocal service = {' % stamp),
                ('name = "DEMO Power & Gas"', 'name = "DEMO " .. stamp'),
                ("  sign_in = function(s)\n", "  sign_in = function(s)\n    s.begun = stamp\n"),
                ("name = account.holder", 'name = s.begun .. " " .. stamp'),
                ("    local out = {}\n", "    local out = {}\n    " + wrong + "\n")):
            same(text.count(before), 1, "how often the adapter has " + before)
            text = text.replace(before, after)
        return text

    @property
    def adapter(self):
        return self.text("a%d" % self.stamp)

    def put(self, text):
        self.put_at(self.path, text)

    @staticmethod
    def put_at(path, text):
        """As most editors do: beside it, then over it."""
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + "~", path)

    def put_in_place(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def put_by_swap(self, text):
        """As a deployment does: a whole folder in the other's place."""
        new, old = self.scripts + ".new", self.scripts + ".old"
        shutil.copytree(self.scripts, new)
        with open(os.path.join(new, "utilities", "demo.lua"), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.scripts, old)
        os.rename(new, self.scripts)
        shutil.rmtree(old)

    @property
    def wanted(self):
        return "a%d/m%d" % (self.stamp, self.module)

    def committed(self, text, *values):
        """Rows once what was said in the log a moment ago is in the store: that is written before the commit."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.folder, "store.db"), timeout=BOUND * SLOWER, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            return db.execute(text, values).fetchall()

    def name_of(self, version):
        """The stamp of a version that the store has, or None."""
        rows = self.committed("SELECT manifest FROM versions WHERE hash = ?", version)
        return json.loads(rows[0][0])["name"][5:] if rows else None

    def becomes(self, what, since):
        """Waits until the version in the folder is `what` -> its hash."""
        while True:
            found, since = self.says(r"demo %s (\w+)" % what, since)
            if self.name_of(found.group(1)) == self.wanted:
                self.names[found.group(1)] = self.wanted
                return found.group(1)

    def save(self, put=None, what="live", stamp=None):
        """A new version, saved by one of the ways above -> its hash, once it is live."""
        since = len(self.lines)
        if stamp is None:
            self.stamp += 1
        else:
            self.stamp = stamp
        (put or self.put)(self.adapter)
        return self.becomes(what, since)

    def versions(self):
        return {row[0] for row in self.committed("SELECT hash FROM versions WHERE utility = 'demo'")}

    def session_version(self, customer):
        return self.sql("SELECT version FROM sessions WHERE authorization = ?", customer.authorization)[0][0]

    def live(self):
        return self.committed("SELECT version, canary, before FROM adapters WHERE utility = 'demo'")[0]

    def seat(self):
        """This service for one thread: with a connection of its own."""
        other = Seat.__new__(Seat)
        other.__dict__.update(copy.copy(self.__dict__), connection=None, lost=0, wrong=[])
        return other


class Seat(Reloading):
    """Counts what was not answered."""

    def request(self, *words, **more):
        before = self.connection
        reply = super().request(*words, **more)
        self.lost += before is not None and before is not self.connection
        if reply.status >= 500:
            self.wrong.append((words[:2], reply.status, reply.body[-300:]))
        return reply


def sign_in(seat, sandbox, scenario, between=None):
    """Somebody from the link to their meters -> the customer."""
    c = seat.customer(scenario)
    c.submit()
    if scenario != "residential":
        question = c.until("code", seconds=BOUND)["challenge"]
        if between:
            between(c)
        c.answer(question, {"a.answer": sandbox.code(c.user)})
    c.done(seconds=BOUND)
    return c


class Load:
    """Clients that sign in one after the other until told to stop."""

    def __init__(self, service, sandbox, scenarios):
        self.service, self.sandbox, self.over = service, sandbox, threading.Event()
        self.customers, self.failures, self.seats = collections.deque(), collections.deque(), []
        self.threads = [threading.Thread(target=self.run, args=(one,), daemon=True) for one in scenarios]

    def run(self, scenario):
        seat = self.service.seat()
        self.seats.append(seat)
        while not self.over.is_set():
            try:
                self.customers.append(sign_in(seat, self.sandbox, scenario))
            except Exception as problem:
                self.failures.append("%s: %r" % (scenario, problem))
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(2 * BOUND * SLOWER)

    def check(self):
        same(list(self.failures), [], "sessions that failed")
        same([one for seat in self.seats for one in seat.wrong], [], "requests that were answered by an error")
        same([seat.lost for seat in self.seats], [0] * len(self.seats), "connections that were dropped")
        check(not any(thread.is_alive() for thread in self.threads), "a client hangs")


def ended_on(service, customer):
    """The version that a customer's session began with, which must be the one that asked and read."""
    session, error = service.sql("SELECT version, error FROM sessions WHERE authorization = ?", customer.authorization)[0]
    same(error, None, "the error of a session")
    said = {json.loads(row[0])["name"] for row in service.sql("SELECT data FROM meters WHERE authorization = ?", customer.authorization)}
    same(said, {"%s %s" % (service.names[session], service.names[session])}, "what the meters say of the version")
    return session


__all__ = ["BOUND", "LIMIT", "Load", "Reloading", "ended_on", "sign_in"]
