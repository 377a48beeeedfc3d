#!/usr/bin/python3
"""Signs in to a portal that we did not write: Django's login, django-otp's second factor.

The whole path: the program, the adapter tests/portals/django/djangoportal.lua, a
person who reads the mail and answers through a FIFO. Prints one line a test."""
import hashlib
import hmac
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")
DJANGO = os.path.join(ROOT, "tests", "portals", "django")
LIMIT = 60          # seconds for anything to happen; nothing waits this long unless it is broken
RESEND_PAUSE = 30   # the engine's, between a code and the next


class Portal:
    """The Django site in a process of its own; its events are waited for, never polled."""

    def __init__(self):
        self.child = subprocess.Popen(["/usr/bin/python3", os.path.join(DJANGO, "serve.py"), "--control"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hello = json.loads(self.child.stdout.readline())
        self.port, self.password = hello["port"], hello["password"]
        self.totp_key = bytes.fromhex(hello["totp_key"])
        self.mails, self.done = {}, queue.Queue()
        self.boxes, self.asking = threading.Lock(), threading.Lock() # two, or a mail that comes before an answer would hold it up
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            event = json.loads(line)
            if "mail" in event:
                for to in event["to"]:
                    self.box(to).put(event["mail"])
            else:
                self.done.put(event)

    def box(self, to):
        with self.boxes:
            return self.mails.setdefault(to, queue.Queue())

    def code(self, to):
        """The code of the next mail to this address, once it is there."""
        with open(self.box(to).get(timeout=LIMIT), encoding="utf-8") as mail:
            return re.findall(r"^(\d{6})$", mail.read(), re.M)[-1]

    def no_mail(self, to):
        check(self.box(to).empty(), "a code was mailed to %s that nobody asked for" % to)

    def do(self, what, user):
        with self.asking:
            self.child.stdin.write(json.dumps({"do": what, "user": user}) + "\n")
            self.child.stdin.flush()
            answer = self.done.get(timeout=LIMIT)
        check(answer == {"done": what}, "the portal would not %s: %s" % (what, answer))

    def totp(self, step=0):
        counter = int(time.time()) // 30 + step
        digest = hmac.new(self.totp_key, counter.to_bytes(8, "big"), hashlib.sha1).digest()
        at = digest[-1] & 15
        return "%06d" % ((int.from_bytes(digest[at:at + 4], "big") & 0x7FFFFFFF) % 1000000)

    def close(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(LIMIT)


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


class Run:
    """One run of the program, its answers given through a FIFO as they are known."""

    def __init__(self, bench, command, operand, user=None, password=None, options=()):
        self.dir = tempfile.mkdtemp(dir=bench.dir)
        fifo = os.path.join(self.dir, "answers")
        os.mkfifo(fifo)
        argv = [PROGRAM, command, operand, "--json", "--allow-origin", bench.origin, *options]
        if command == "run":
            argv += ["--credentials", "-"]
        if "--park" not in options:
            argv += ["--answers", fifo]
        env = {"PATH": "/usr/bin:/bin", "HOME": bench.dir, "XDG_CONFIG_HOME": bench.dir, "LC_ALL": "C.UTF-8"}
        self.err = open(os.path.join(self.dir, "err"), "w+", encoding="utf-8")
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.err, env=env, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.feed, args=(fifo,), daemon=True).start()
        if command == "run":
            self.child.stdin.write(json.dumps({"username": user, "password": password or bench.portal.password}))
        self.child.stdin.close()
        self.child.stdin = None

    def feed(self, fifo):
        with open(fifo, "w", encoding="utf-8") as pipe:       # waits until the program opens it
            try:
                for answer in iter(self.answers.get, None):
                    pipe.write(json.dumps(answer) + "\n")
                    pipe.flush()
            except BrokenPipeError:
                pass                                          # the program has ended; its result tells why

    def say(self, *answers):
        for answer in answers:
            self.answers.put(answer)

    def end(self, status):
        """No more answers: its JSON, if it ends with this status."""
        self.answers.put(None)
        try:
            out, _ = self.child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            out, _ = self.child.communicate()
            out += "(did not end within %d s)" % LIMIT
        self.err.seek(0)
        text = "exit %s\nstdout: %s\nstderr: %s" % (self.child.returncode, out[-3000:], self.err.read()[-3000:])
        self.err.close()
        check(self.child.returncode == status, "exit %d expected\n%s" % (status, text))
        try:
            return json.loads(out)
        except ValueError:
            raise Failed("not one JSON object\n" + text) from None


class Bench:
    """What the tests share: the portal and a copy of the adapter that knows its port."""

    def __init__(self, folder):
        self.dir, self.portal = folder, Portal()
        self.origin = "http://127.0.0.1:%d" % self.portal.port
        self.adapter = os.path.join(folder, "djangoportal.lua")
        with open(os.path.join(DJANGO, "djangoportal.lua"), encoding="utf-8") as source, \
                open(self.adapter, "w", encoding="utf-8") as copy:
            copy.write(source.read().replace("http://127.0.0.1:18102", self.origin))

    def run(self, user, **more):
        return Run(self, "run", self.adapter, user=user, **more)

    def park(self, user, name):
        """A session sealed at its code question: file, challenge."""
        path = os.path.join(self.dir, name)
        return path, self.run(user, options=["--park", path]).end(20)["challenge"]

    def resume(self, path):
        return Run(self, "resume", path)


def expected(start):
    """The six meters that serve.py made, in the order of the portal."""
    meters = [{"account": "40%08d" % (start + i // 3), "meters": ["%s%07d" % ("GE"[i % 2], start + i)],
               "service": ["gas", "electric"][i % 2], "tariff": ["RES-1", "TOU-D", "GR"][i % 3],
               "status": "closed" if i == 5 else "active",
               "address": {"street": "%d Mill & Weir Lane" % (10 + i), "city": "Northvale", "region": "NY",
                           "postcode": "0%04d" % (1200 + i)}} for i in range(6)]
    return sorted(meters, key=lambda m: (m["account"], m["meters"][0]))


def has_meters(result, start, name):
    for got, want in zip(result["meters"], expected(start)):
        check({key: got.get(key) for key in want} == want, "meter %s\nexpected %s" % (got, want))
        check(got.get("name") == name, "name %r" % got.get("name"))
    check(len(result["meters"]) == 6, "%d meters" % len(result["meters"]))


def has_error(result, code):
    check(result["error"]["code"] == code, "error %s expected\n%s" % (code, json.dumps(result, indent=1)))


def other(code):
    return "%06d" % ((int(code) + 1) % 1000000)


INES, INES_MAIL = "ines.mail", "ines.quill@mail.test"
BEA, BEA_MAIL = "bea.both", "bea.ostler@mail.test"


def right_code_by_mail(b):
    run = b.run(INES)
    run.say(b.portal.code(INES_MAIL))
    has_meters(run.end(0), 1000, "Ines Quill")
    b.portal.no_mail(INES_MAIL)


def authenticator_code(b):
    run = b.run("tomas.app")
    run.say(b.portal.totp())
    has_meters(run.end(0), 2000, "Tomas Fenn")


def wrong_authenticator_code_then_right(b):
    b.portal.do("reset", "tomas.app")
    run = b.run("tomas.app")
    right = {b.portal.totp(step) for step in range(-3, 4)}
    run.say(next(c for c in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777") if c not in right))
    run.say(b.portal.totp())
    has_meters(run.end(0), 2000, "Tomas Fenn")


def wrong_code_then_right(b):
    run = b.run(INES)
    code = b.portal.code(INES_MAIL)
    run.say(other(code), code)
    has_meters(run.end(0), 1000, "Ines Quill")
    b.portal.no_mail(INES_MAIL)


def expired_code_and_no_tries_left(b):
    run = b.run(INES)
    code = b.portal.code(INES_MAIL)
    b.portal.do("expire", INES)
    run.say(code, other(code), other(other(code)))
    has_error(run.end(11), "mfa.tries_exhausted")
    b.portal.do("reset", INES)


def nobody_answers(b):
    run = b.run(INES)
    b.portal.code(INES_MAIL)
    has_error(run.end(11), "mfa.answer_timeout")


def choice_then_expired_code_then_a_new_one(b):
    run = b.run(BEA)
    run.say({"choice": "otp_email.emaildevice/2"})
    code = b.portal.code(BEA_MAIL)
    asked = time.monotonic()
    b.portal.do("expire", BEA)
    run.say(code)
    # There is no event for "the engine would let you ask for another code now".
    time.sleep(max(0, asked + RESEND_PAUSE + 2 - time.monotonic()))
    run.say({"resend": True})
    run.say(b.portal.code(BEA_MAIL))
    has_meters(run.end(0), 3000, "Bea Ostler")


def wrong_password(b):
    has_error(b.run(INES, password="not-the-password").end(10), "auth.credentials")
    b.portal.no_mail(INES_MAIL)


def second_factor_must_be_off(b):
    has_error(b.run(INES, options=["--mfa", "turn_off"]).end(11), "mfa.must_be_off")
    b.portal.no_mail(INES_MAIL)


def no_meters_is_not_an_error(b):
    run = b.run("nora.none")
    run.say(b.portal.code("nora.vane@mail.test"))
    check(run.end(0)["meters"] == [], "meters from nowhere")


def park_and_resume_in_a_new_process(b):
    path, challenge = b.park(INES, "parked")
    check(challenge["kind"] == "otp" and challenge["medium"] == "email" and challenge["digits"] == 6, json.dumps(challenge))
    with open(path, "rb") as file:
        check(b.portal.password.encode() not in file.read(), "the password lies open in the file")
    run = b.resume(path)
    run.say(b.portal.code(INES_MAIL))
    has_meters(run.end(0), 1000, "Ines Quill")
    b.portal.no_mail(INES_MAIL)
    has_error(b.resume(path).end(16), "engine.spent")


def parked_too_long_for_the_portal(b):
    path, _ = b.park(INES, "forgotten")
    code = b.portal.code(INES_MAIL)
    b.portal.do("forget", INES)
    run = b.resume(path)
    run.say(code)
    has_error(run.end(10), "auth.session_lost")
    b.portal.no_mail(INES_MAIL)


# The one that has to wait for half a minute goes beside the others; it has a customer of its own.
SLOW = [choice_then_expired_code_then_a_new_one]
TESTS = [right_code_by_mail, authenticator_code, wrong_authenticator_code_then_right, wrong_code_then_right,
         expired_code_and_no_tries_left, nobody_answers, wrong_password, second_factor_must_be_off,
         no_meters_is_not_an_error, park_and_resume_in_a_new_process, parked_too_long_for_the_portal]


def try_one(test, b):
    name, text = test.__name__.replace("_", " "), ""
    try:
        test(b)
    except Failed as problem:
        text = str(problem)
    except queue.Empty:
        text = "no mail within %d s" % LIMIT
    except Exception:
        text = traceback.format_exc()
    print((text + "\nnot ok - " if text else "ok - ") + name, flush=True)
    return not text


def main():
    names = sys.argv[1:]
    wanted = lambda tests: [t for t in tests if not names or t.__name__ in names]
    with tempfile.TemporaryDirectory(prefix="django-") as folder:
        bench = Bench(folder)
        try:
            slow, results = wanted(SLOW), []
            beside = [threading.Thread(target=lambda t=t: results.append(try_one(t, bench))) for t in slow]
            for thread in beside:
                thread.start()
            results += [try_one(test, bench) for test in wanted(TESTS)]
            for thread in beside:
                thread.join()
        finally:
            ended = bench.portal.close()
        print("%s - portal ends when told to" % ("ok" if ended == 0 else "not ok"))
    return 0 if all(results) and ended == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
