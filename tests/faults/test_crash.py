#!/usr/bin/python3
"""kill -9 of a worker and of the service at random points, SIGTERM in the middle, a full disk. Prints one line a test.

RUNS=200 for the long one; MK_SEED repeats one. After each blow: what was accepted is there, nothing was sent twice, and an error says what may
have been used."""
import contextlib
import http.client
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "service"))
import whole
from whole import check, same

RUNS = int(os.environ.get("RUNS", "12"))
SEED = int(os.environ.get("MK_SEED") or random.randrange(1 << 31))
SCENARIOS = ("mfa_sms", "mfa_sms", "residential", "mfa_question", "mfa_approve")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Person(threading.Thread):
    """Submits once, answers each question once, presses again only what got no word; remembers what was promised."""

    def __init__(self, service, sandbox, scenario):
        super().__init__(daemon=True)
        self.customer, self.sandbox = service.customer(scenario), sandbox
        self.customer.page("?utility=DEMO")
        self.service, self.accepted, self.answered, self.asked, self.stop, self.problem = service, False, {}, set(), False, None

    def run(self):
        try:
            self.live()
        except Exception as problem:
            self.problem = problem

    def send(self, what, fields):
        """True: the service promised it. A connection of its own, as a browser has."""
        import urllib.parse
        c = self.customer
        body = urllib.parse.urlencode({"guard": c.guard, **fields})
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=5)) as link:
                link.request("POST", c.path + what, body, dict(c.headers(), **{"Content-Type": "application/x-www-form-urlencoded"}))
                return link.getresponse().status == 303
        except (OSError, http.client.HTTPException):
            return False

    def look(self):
        """(state, challenge) in the store, which is what survives."""
        rows = self.service.sql("""SELECT s.state, s.challenge FROM forms f JOIN sessions s ON s.team = f.team AND s.authorization = f.current
            WHERE f.uid = ? ORDER BY s.created DESC LIMIT 1""", self.customer.form["uid"])
        return rows[0] if rows else (None, None)

    def live(self):
        import json
        while not self.stop:
            state, challenge = self.look()
            if state is None and not self.accepted:
                self.accepted = self.send("/consent", {"utility": "DEMO", "email": "ada@mail.example", "c.username": self.customer.user,
                                                       "c.password": whole.PASSWORD})
            elif state == "waiting":
                self.answer(json.loads(challenge))
            elif state == "ended":
                return
            time.sleep(0.05)

    def answer(self, challenge):
        self.asked.add(challenge["id"])
        if self.answered.get(challenge["id"]):
            return
        user = self.customer.user
        if challenge["kind"] == "approve":
            self.sandbox.decide(user, "approve")
            self.answered[challenge["id"]] = True
            return
        word = "Biscuit" if challenge["kind"] == "question" else self.sandbox.code(user)
        self.answered[challenge["id"]] = self.send("/answer", {"challenge": challenge["id"], "a.answer": word})


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
    check('"engine.interrupted"' in error or '"engine.internal"' in error and "three times" in error, error)
    check("password" in error or "code" in error, error)
    check(answers == 0 or "code" in error, "%s: an answer arrived and the error says: %s" % (c.user, error))
    check(passwords == 0 or "interrupted" in error, error)
    return "interrupted"


def ends(people, seconds=40):
    limit = time.monotonic() + seconds
    for person in people:
        person.join(max(0.1, limit - time.monotonic()))
        person.stop = True
    late = [p.customer.user for p in people if p.is_alive()]
    for person in people:
        person.join(6)
    same(late, [], "sessions that do not end")


def blow(service, victim, dice):
    time.sleep(dice.random() * dice.choice((0.05, 0.4, 1.5)))
    if victim == "service":
        service.kill()
        service.start()
    else:
        workers = service.workers()
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)


def rounds(service, sandbox, victim, count):
    dice, seen = random.Random("%d %s" % (SEED, victim)), {}
    for n in range(count):
        people = [Person(service, sandbox, dice.choice(SCENARIOS)) for _ in range(3)]
        for person in people:
            person.start()
        for _ in range(dice.choice((1, 1, 2))):
            blow(service, victim, dice)
        ends(people)
        for person in people:
            try:
                result = judge(person)
            except AssertionError as problem:
                raise AssertionError("run %d of MK_SEED=%d: %s" % (n, SEED, problem)) from problem
            seen[result] = seen.get(result, 0) + 1
    print("# %d blows to the %s: %s" % (count, victim, seen), flush=True)
    check(seen.get("done"), "nobody came to an end: the test proves nothing")


@test
def a_worker_dies_at_any_point(service, sandbox):
    rounds(service, sandbox, "worker", RUNS)


@test
def the_service_dies_at_any_point(service, sandbox):
    rounds(service, sandbox, "service", RUNS)


@test
def asked_to_stop_in_the_middle(service, sandbox):
    people = [Person(service, sandbox, scenario) for scenario in SCENARIOS]
    for person in people:
        person.start()
    time.sleep(random.Random(SEED).random() * 0.2)
    service.process.send_signal(signal.SIGTERM)
    same(service.process.wait(15), 0, "exit status")
    service.process.stdout.close()
    states = {row[0] for row in service.sql("SELECT state FROM sessions")}
    check(states <= {"queued", "waiting", "ended", "answered"}, "left in %r" % states)
    service.connection = None
    service.start()
    ends(people)
    for person in people:
        check(judge(person) in ("done", "not accepted"), "a graceful stop cost a sign-in")


def put_limit(service, bytes_):
    """No file of the service's may grow beyond."""
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))


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
