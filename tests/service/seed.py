"""Rows for a stopped service's store: adapters, customers in every state, health; all invented."""
import hashlib
import json
import sqlite3
import subprocess
import time

from browser import PROGRAM

SECOND = 1000000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND


def insert(db, table, **values):
    names = sorted(values)
    cells = [json.dumps(v, separators=(",", ":"), sort_keys=True) if isinstance(v, (dict, list)) else v
        for v in (values[n] for n in names)]
    db.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, ", ".join(names), ", ".join("?" * len(names))), cells)


def version(utility, number):
    return hashlib.sha256(b"%s %d" % (utility.encode(), number)).hexdigest()


def adapters(db, now):
    """Every shipped adapter but DEMO (which is there), live, with a version before it."""
    listed = json.loads(subprocess.run([PROGRAM, "utilities", "--json"], capture_output=True, text=True,
        check=True).stdout)
    for manifest in (one for one in listed["utilities"] if one["id"] != "demo"):
        old, new = version(manifest["id"], 1), version(manifest["id"], 2)
        for one, ago in ((old, 20 * DAY), (new, 3 * HOUR)):
            insert(db, "versions", hash=one, utility=manifest["id"], bytes=b"x", manifest=manifest, created=now - ago)
            insert(db, "reloads", uid="r" + one[-6:] + manifest["id"], utility=manifest["id"], version=one, what="live",
                ts=now - ago)
        insert(db, "adapters", utility=manifest["id"], version=new, before=old, changed=now)
    insert(db, "reloads", uid="refused-1", utility="coned", what="refused",
        reason="the case 'two meters' ends adapter.parse", place="coned.lua:88",
           ts=now - HOUR)


def authorization(db, team, form, uid, now, state, **more):
    """A submission to a form as far as state: code, sent, working, failed, mfa_off, done, revoked, declined, expired."""
    ended = state in ("failed", "mfa_off", "done", "expired")
    error = more.pop("error", None)
    if state == "mfa_off":
        error = {"code": "mfa.must_be_off", "owner": "user", "retry": "after_user", "message": "MFA is on."}
    status = "errored" if error else "updated" if ended else "pending"
    values = dict(team=team, uid=uid, form=form, template="t", customer_email=uid + "@mail.example", utility="ConEd",
        created=now - 10 * MINUTE,
                  updated=now, status=status, status_message="Status in words.", status_ts=now,
                  expires="2029-01-01T00:00:00.000000+00:00",
                  expires_at=now + 700 * DAY, session=None if state in ("revoked",
                      "declined") else "s" + uid, error=error)
    for name, column in (("revoked", "revoked"), ("declined", "declined"), ("expired", "expired")):
        if state == name:
            values[column] = now
    values.update(more)
    insert(db, "authorizations", **values)
    if values["session"]:
        challenge = {"id": "c1", "kind": "otp", "medium": "sms", "prompt": "Enter the code we sent you.",
            "tries_left": 2, "expires_at": 0}
        insert(db, "sessions", team=team, uid="s" + uid, authorization=uid, utility="coned", version="0" * 64,
               state={"code": "waiting", "sent": "waiting", "working": "waiting"}.get(state,
                   "ended"), created=now - 5 * MINUTE,
               started=now - 5 * MINUTE, asked=now - 4 * MINUTE, challenge=challenge if state == "code" else None,
               challenge_id="c1" if state == "code" else None,
               challenge_until=now + 9 * MINUTE if state == "code" else None, error=error, mailed=now,
               ended=now if ended else None)
    db.execute("UPDATE forms SET current = ? WHERE team = ? AND uid = ?", (uid, team, form))
    for i, (what, facts) in enumerate((("submitted", {"utility": "Con Edison"}),
        ("code_wanted", {"kind": "otp", "medium": "sms"}))):
        insert(db, "timeline", team=team, form=form, authorization=uid, ts=now - (5 - i) * MINUTE, what=what,
            facts=facts)


def meter(db, team, authorization_uid, uid, now, **data):
    data = dict({"account": "4711-0815", "service": "electric", "meters": ["M100200"], "tariff": "SC1 Residential",
                 "address": {"street": "12 Elm Street", "unit": "4B", "city": "Yonkers", "region": "NY",
                     "postcode": "10701"}}, **data)
    insert(db, "meters", team=team, uid=uid, authorization=authorization_uid, utility="ConEd", account=data["account"],
        service=data["service"],
           search=(data["account"] + " " + data["address"]["street"]).lower(), data=data, key=uid, status="updated",
           status_message="Meter found, nothing collected yet.", status_ts=now, created=now)


def health(db, now):
    """A month of one utility: a dip on one day, a slower hour."""
    hour = now // HOUR
    for back in range(0, 30 * 24):
        n = 3 + (hour - back) % 5
        bad = 3 if 30 < back < 40 or back in (2, 3) else 1 if back % 7 == 0 else 0
        codes = {"auth.credentials": bad} if bad else {}
        if back % 11 == 0:
            codes["site.maintenance"] = 1
        if back in (2, 3):
            codes.update({"adapter.unexpected_page": 2, "mfa.answer_timeout": 1, "net.timeout": 1})
        failed = sum(codes.values())
        insert(db, "health", utility="coned", version=version("coned", 2 if back < 3 else 1), hour=hour - back,
            attempts=n + failed,
               successes=n, asked=(n + failed) * 2 // 3, codes=codes, asked_ms=9000 * n)


def many(db, team, count, now):
    """Data requests in numbers; their links open nothing."""
    db.executemany("INSERT INTO forms (team, uid, template, customer_email, utility, link, token, expires, created, updated)"
                   " VALUES (?, ?, 't', ?, 'ConEd', ?, x'00', ?, ?, ?)",
                   (("%s" % team, "m%06d" % i, "customer-%06d@mail.example" % i, "link-%s-%06d" % (team, i), now + DAY,
                       now - i * SECOND,
                     now - i * SECOND) for i in range(1, count + 1)))


class Store:
    """The store of a stopped service, written in one go."""

    def __init__(self, path):
        self.path, self.now = path, time.time_ns() // 1000

    def __enter__(self):
        self.db = sqlite3.connect(self.path)
        return self.db

    def __exit__(self, kind, *_):
        if kind is None:
            self.db.commit()
        self.db.close()
