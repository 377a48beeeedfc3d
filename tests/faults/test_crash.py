#!/usr/bin/python3
"""kill -9 of a worker and of the service at random points, SIGTERM in the middle, a full disk. Prints one line a test.

RUNS=100 for the long one: so many blows to each; MK_SEED repeats the dice. Meanwhile CROWD customers sign in all the time. Afterwards: what was
accepted is there, nothing was sent twice, and an error says what may have been used."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import resource
import signal
import sqlite3
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "service"))
import blows
import whole
from server import Reply
from whole import check, same

RUNS = int(os.environ.get("RUNS", "15"))
CROWD = int(os.environ.get("CROWD", "12"))
SEED = int(os.environ.get("MK_SEED") or random.randrange(1 << 31))
SCENARIOS = ("mfa_sms", "mfa_sms", "residential", "mfa_question", "mfa_approve")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Line:
    """The service for one customer: each request has a connection of its own, and may get no word."""

    def __init__(self, service):
        self.service, self.token, self.sql, self.connection = service, service.token, service.sql, None

    def request(self, method, path, body=None, headers=None):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)) as link:
            link.request(method, path, data, headers)
            reply = link.getresponse()
            return Reply(reply.status, reply.headers, reply.read())

    api = whole.Whole.api


NO_WORD = (OSError, http.client.HTTPException)


class Person:
    """Submits once, answers each question once, presses again only what got no word; remembers what was promised."""

    def __init__(self, service, sandbox, scenario):
        line = Line(service)
        self.customer = whole.Customer(line, scenario, line.api("POST", "/forms", {}))
        self.service, self.sandbox, self.accepted, self.answered, self.busy = service, sandbox, False, {}, False
        self.state, self.problem, self.rests = None, None, 0

    def send(self, what, fields):
        """True: the service promised it."""
        with contextlib.suppress(*NO_WORD):
            status = self.customer.post(what, fields).status
            check(status in (303, 503), "%s of %s: %d" % (what, self.customer.user, status))
            return status == 303
        return False

    def wants(self, state, challenge):
        """What it does now that the store, which is what survives, says this; or None. A press a moment, as people do."""
        self.state = state
        if time.monotonic() < self.rests:
            return None
        if state is None and not self.accepted:
            return self.submit
        if state == "waiting" and not self.answered.get(json.loads(challenge)["id"]):
            return lambda: self.answer(json.loads(challenge))
        return None

    def submit(self):
        with contextlib.suppress(*NO_WORD):
            if not getattr(self.customer, "guard", None) and self.customer.page("?utility=DEMO").status != 200:
                return
            self.accepted = self.send("/consent", {"utility": "DEMO", "email": "ada@mail.example", "c.username": self.customer.user,
                                                   "c.password": whole.PASSWORD})

    def answer(self, challenge):
        user = self.customer.user
        if challenge["kind"] == "approve":
            self.sandbox.decide(user, "approve")
            self.answered[challenge["id"]] = True
            return
        word = "Biscuit" if challenge["kind"] == "question" else self.sandbox.code(user)
        self.answered[challenge["id"]] = self.send("/answer", {"challenge": challenge["id"], "a.answer": word})

    def act(self, action):
        try:
            action()
        except Exception as problem:
            self.problem = problem
        self.rests = time.monotonic() + 0.1
        self.busy = False


class Crowd:
    """So many people at once, each replaced when it has come to its end, as long as it is open."""

    def __init__(self, service, sandbox, count, dice):
        self.service, self.sandbox, self.count, self.dice = service, sandbox, count, dice
        self.people, self.open = [], True
        self.pool = concurrent.futures.ThreadPoolExecutor(count + 4)
        self.thread = threading.Thread(target=self.live, daemon=True)

    def living(self):
        return [p for p in self.people if p.state != "ended" and not p.problem]

    def join(self):
        """One more, if the service makes the data request."""
        try:
            self.people.append(Person(self.service, self.sandbox, self.dice.choice(SCENARIOS)))
        except NO_WORD + (AssertionError,):
            time.sleep(0.05)

    def look(self, db):
        now = {row[0]: row[1:] for row in db.execute("""SELECT f.uid, s.state, s.challenge FROM forms f
            JOIN sessions s ON s.team = f.team AND s.authorization = f.current""")}
        for person in self.living():
            action = not person.busy and person.wants(*now.get(person.customer.form["uid"], (None, None)))
            if action:
                person.busy = True
                self.pool.submit(person.act, action)

    def live(self):
        # One connection: the last that closes would fold the log in, while the service wants to begin.
        with contextlib.closing(sqlite3.connect(os.path.join(self.service.folder, "store.db"), timeout=20)) as db:
            while self.open or self.living():
                if self.open and len(self.living()) < self.count:
                    self.join()
                self.look(db)
                time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        """Nobody new; those who are there come to their end."""
        self.open = False
        self.thread.join(40)
        late = ["%s %s" % (p.customer.user, p.state) for p in self.living()]
        for person in self.living():
            person.state = "ended"
        self.pool.shutdown()
        if not problem[0]:
            same(late, [], "sessions that do not end")


def judge(person):
    c, service = person.customer, person.service
    if person.problem:
        raise person.problem
    check(service.sql("SELECT 1 FROM forms WHERE uid = ?", c.form["uid"]), "a data request is gone")
    rows = service.sql("""SELECT s.state, s.error, s.used, s.starts FROM sessions s JOIN forms f ON s.team = f.team AND s.authorization = f.current
        WHERE f.uid = ?""", c.form["uid"])
    check(not person.accepted or len(rows) == 1, "an accepted authorization is gone, or was begun twice: %r" % rows)
    if not rows:
        return "not accepted"
    state, error, _, _ = rows[0]
    same(state, "ended", "state of " + c.user)
    passwords, answers = person.sandbox.arrived(c.user)
    c.learn()
    if not error:
        same(len(c.meters()), 1, "meters of " + c.user)
        same(passwords, 1, "passwords of " + c.user)
        check(answers <= 1, "%s: %d answers" % (c.user, answers))
        return "done"
    check(passwords <= 1 and answers <= 1, "%s: %d passwords, %d answers arrived; %s" % (c.user, passwords, answers, error))
    return truthful(c.user, json.loads(error), passwords, answers)


def truthful(user, error, passwords, answers):
    """An error may say more than the portal saw, never less."""
    said = "%s: %d passwords, %d answers arrived; %r" % (user, passwords, answers, error)
    text = error["message"]
    check(error["code"] == "engine.interrupted" or error["code"] == "engine.internal" and "three times" in text, said)
    check(not passwords or error["code"] == "engine.interrupted" and ("password" in text or "code" in text), said)
    check(not answers or "code" in text, said)
    check("not" not in text.split(), said)
    if error["code"] != "engine.interrupted":
        return "gave up"
    return "interrupted, seen" if answers and "code" in text or passwords and "password" in text else "interrupted, not seen"


def strike(service, victim, dice):
    if victim == "disk":
        return fill(service, dice)
    if victim == "service":
        service.kill()
        while dice.random() < 0.3:      # once more while it puts right what the first one left
            process = service.spawn()
            time.sleep(dice.random() * 0.15)
            process.kill()
            process.wait(10)
            process.stdout.close()
        service.start()
        return True
    workers = service.workers()
    with contextlib.suppress(ProcessLookupError):
        if workers:
            os.kill(dice.choice(workers), signal.SIGKILL)
            return True
    return False


def storm(service, sandbox, victim, count):
    dice, seen, begun = random.Random("%d %s" % (SEED, victim)), {}, time.monotonic()
    with contextlib.closing(blows.Door(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])))) as door, \
            contextlib.closing(blows.Log(os.path.join(service.folder, "store.db-wal"))) as log:
        service.settings(connect_to=[whole.DECLARED + ":" + door.address])
        points = blows.Points(door, log, dice)
        with Crowd(service, sandbox, CROWD, dice) as crowd:
            while count > 0:
                points.wait()
                count -= strike(service, victim, dice)
    for person in crowd.people:
        result = judge(person)
        seen[result] = seen.get(result, 0) + 1
    print("# the %s: %s in %.1f s" % (victim, seen, time.monotonic() - begun), flush=True)
    check(seen.get("done"), "nobody came to an end: the test proves nothing")
    check(RUNS < 15 or victim == "disk" or seen.get("interrupted, seen"), "nobody was struck where it matters: the test proves nothing")
    return seen


@test
def a_worker_dies_at_any_point(service, sandbox):
    storm(service, sandbox, "worker", RUNS)


@test
def the_service_dies_at_any_point(service, sandbox):
    storm(service, sandbox, "service", RUNS)


@test
def asked_to_stop_in_the_middle(service, sandbox):
    dice = random.Random(SEED)
    with Crowd(service, sandbox, CROWD, dice) as crowd:
        time.sleep(0.5 + dice.random() * 0.2)
        service.process.send_signal(signal.SIGTERM)
        same(service.process.wait(15), 0, "exit status")
        service.process.stdout.close()
        states = {row[0] for row in service.sql("SELECT state FROM sessions")}
        check(states <= {"queued", "waiting", "ended", "answered"}, "left in %r" % states)
        service.connection = None
        service.start()
        crowd.open = False
    for person in crowd.people:
        check(judge(person) in ("done", "not accepted"), "a graceful stop cost a sign-in")


def put_limit(service, bytes_):
    """No file of the service's may grow beyond."""
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))


def fill(service, dice):
    """The disk is full from some byte on, for a moment."""
    log = os.path.join(service.folder, "store.db-wal")
    put_limit(service, max(1, int(dice.choice((0, 0.5, 1, 1)) * os.path.getsize(log)) + dice.randint(-4096, 65536)))
    time.sleep(dice.random() * dice.choice((0.02, 0.1, 0.5)))
    put_limit(service, resource.RLIM_INFINITY)
    return True


@test
def the_disk_is_full_at_any_point(service, sandbox):
    seen = storm(service, sandbox, "disk", RUNS)
    same(set(seen) - {"done", "not accepted"}, set(), "what a full disk cost")


@test
def a_full_disk(service, sandbox):
    waiting = service.customer("mfa_sms")
    waiting.submit()
    challenge = waiting.until("code")["challenge"]
    code = sandbox.code(waiting.user)
    other = service.customer("residential")
    other.page("?utility=DEMO")
    running = service.customer("mfa_sms")
    worker = service.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    running.submit()
    put_limit(service, 1)
    os.kill(worker, signal.SIGCONT)
    other.submit(status=503)
    same(other.authorization, None, "what was kept of it")
    same(waiting.answer(challenge, {"a.answer": code}).status, 503, "an answer")
    same(service.request("POST", "/api/v2/forms", {}, {"Authorization": "Bearer " + service.token}).status, 503, "a data request")
    same(sandbox.arrived(waiting.user), (1, 0), "what arrived of the refused answer")
    same(sandbox.arrived(running.user)[0], 0, "a password that left without its intent being kept")
    check(service.process.poll() is None, "the service has ended")
    put_limit(service, resource.RLIM_INFINITY)
    time.sleep(2.2)
    other.submit()
    other.done()
    same(sandbox.arrived(other.user)[0], 1, "passwords of the one that was refused first")
    waiting.answer(challenge, {"a.answer": code})
    waiting.done()
    running.answer(running.until("code")["challenge"], {"a.answer": sandbox.code(running.user)})
    running.done()
    same(sandbox.arrived(running.user), (1, 1), "passwords and answers of the one that ran")


def main():
    print("# MK_SEED=%d RUNS=%d" % (SEED, RUNS), flush=True)
    return whole.run(TESTS, lambda: whole.whole(workers=2, utility_sessions=100, breaker_failures=100000))


if __name__ == "__main__":
    sys.exit(main())
