"""What tests of ongoing access have in common: a customer who is through, what is kept of them, runs without them."""
import os
import time

from server import SLOWER
from whole import check, same

UNTIL = "2031-01-01T00:00:00.000000+00:00"
DAY = 86400 * 1000000


def linked(service, sandbox, scenario="residential", meters=1, **scope):
    """A customer who agreed to ongoing access and is through."""
    c = service.customer(scenario, scope=dict({"ongoing_end": UNTIL, "expires": "until_revoked"}, **scope))
    c.submit()
    if scenario.startswith("mfa_"):
        challenge = c.until("code")["challenge"]
        if challenge["kind"] == "select":
            c.answer(challenge, {"a.choice": challenge["choices"][0]["id"]})
            challenge = c.until("code", but=challenge)["challenge"]
        if challenge["kind"] == "approve":
            sandbox.decide(c.user, "approve")
        else:
            answers = {"question": lambda: "Biscuit", "totp": lambda: sandbox.phone(c.user)["totp"]["code"],
                       "otp": lambda: sandbox.code(c.user)}
            c.answer(challenge, {"a.answer": answers[challenge["kind"]]()})
    c.until("done", "failed", seconds=25)
    c.done(meters)
    return c


def kept(service, c):
    """The row of what is kept, by column; None: nothing."""
    names = ("credentials", "till", "refreshed", "next", "tries")
    rows = service.sql("SELECT %s FROM kept WHERE authorization = ?" % ", ".join(names), c.authorization)
    return dict(zip(names, rows[0])) if rows else None


def now():
    return time.time_ns() // 1000


def runs(service, c):
    return service.sql("SELECT state, error FROM sessions WHERE authorization = ? AND human = 0 ORDER BY created",
                       c.authorization)


def until(what, why, seconds=10):
    limit = time.monotonic() + seconds * SLOWER
    while True:
        found = what()
        if found:
            return found
        check(time.monotonic() < limit, why() if callable(why) else why)
        time.sleep(0.05)


def ended(service, c, count):
    """Waits until so many runs have ended."""
    until(lambda: [state for state, _ in runs(service, c)] == ["ended"] * count, lambda: "runs: %r" % runs(service, c))


def due(service, c, count=1):
    """Its time has come -> the run that follows has ended."""
    service.sql("UPDATE kept SET next = 1 WHERE authorization = ?", c.authorization)
    ended(service, c, count)


def shown(service, c):
    return service.api("GET", "/authorizations/" + c.authorization)


def notes(service, c):
    return {note["type"]: note for note in shown(service, c)["notes"]}


def events(service, c):
    rows = service.sql("SELECT type FROM events WHERE authorization = ? ORDER BY ts", c.authorization)
    return [row[0] for row in rows]


def story(service, c):
    rows = service.sql("SELECT what FROM timeline WHERE authorization = ? ORDER BY ts", c.authorization)
    return [row[0] for row in rows]


def refused(service, c, slug, status=409):
    reply = service.api("POST", "/authorizations/%s/refresh" % c.authorization, None, status)
    same(reply["error"], slug, "error of a refresh")


def left(service, values):
    """Files that hold one of values."""
    out = []
    for name in os.listdir(service.folder):
        path = os.path.join(service.folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            out += [name for value in values if value in data]
    return out
