#!/usr/bin/python3
"""Webhooks as they arrive: body, signature, deliveries that fail and come again, a team's own events alone.

Prints one line a test."""
import hashlib
import json
import os
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from receiver import Receiver
from server import ROOT, SLOWER, Service
from test_api_requests import report
from world import Api, check, same

HOOKS, F = "/api/v2/webhooks", "/api/v2/forms"


class Hooks(Api):
    def __init__(self, folder):
        self.receiver = Receiver()
        super().__init__(Service(folder, webhook_origins=[self.receiver.origin]), {})
        for name in ("ours", "theirs"):
            self.tokens[name] = self.service.team(name)
        self.service.start()
        self.read_description()

    def hook(self, path="/in", who="ours", **values):
        return self.good("POST", HOOKS, dict(values, url=self.receiver.origin + path), who)

    def event(self, uid, **wanted):
        """The event, once it is as wanted."""
        until = time.monotonic() + 10 * SLOWER
        while True:
            one = self.good("GET", "/api/v2/events/" + uid)
            if all(one[name] == value for name, value in wanted.items()):
                return one
            check(time.monotonic() < until, one, wanted)
            time.sleep(0.05)

    def answered(self, uid, status):
        """Waits until it is known that the endpoint said so."""
        until = time.monotonic() + 10 * SLOWER
        while self.due(uid)[1] != status:
            check(time.monotonic() < until, self.due(uid))
            time.sleep(0.05)

    def due(self, uid):
        return self.service.sql("SELECT next, status, tries FROM events WHERE uid = ?", uid)[0]


def guides_check():
    with open(os.path.join(ROOT, "docs", "api.md"), encoding="utf-8") as file:
        names = {}
        exec(re.search(r"^```python\n(.*?)^```", file.read(), re.S | re.M).group(1), names)
    return names["is_genuine"]


def body_and_signature(w):
    hook = w.hook("/in?a=b", types=["form_created"], secret="a secret of sixteen or more")
    form = w.good("POST", F)["uid"]
    path, headers, body = w.receiver.next()
    same((path, headers["Content-Type"]), ("/in?a=b", "application/json"))
    whole = json.loads(body)
    same((sorted(whole), whole["next"], len(whole["events"])), (["events", "next"], None, 1))
    one = whole["events"][0]
    problems = w.checker.problems(w.document["components"]["schemas"]["Event"], one)
    same(problems, [])
    same((one["type"], one["form_uid"], one["is_delivered"]), ("form_created", form, False))
    same(one["delivery_target"], hook["url"])
    salt, given = headers["X-UtilityAPI-Webhook-Salt"], headers["X-UtilityAPI-Webhook-Signature"]
    same(given, hashlib.sha256(b".".join((hook["secret"].encode(), salt.encode(), body))).hexdigest())
    check(guides_check()(hook["secret"], headers, body), "the guide's own check")
    check(not guides_check()(hook["secret"] + "x", headers, body), "another secret")
    same(body.decode(), json.dumps(whole, indent=4, sort_keys=True, ensure_ascii=False), "as some consumers print it again")
    w.event(one["uid"], is_delivered=True)
    w.good("POST", HOOKS + "/%s/ping" % hook["uid"])
    _, again, _ = w.receiver.next()
    check(again["X-UtilityAPI-Webhook-Salt"] != salt, "the salt is new each time")
    w.good("DELETE", HOOKS + "/" + hook["uid"])


def types_that_were_asked_for(w):
    created = w.hook("/created", types=["form_created"])
    w.hook("/revoked", types=["authorization_revoked"])
    every = w.hook("/all")
    w.good("POST", F)
    w.good("POST", F, None, "theirs")
    paths = {w.receiver.next()[0] for _ in range(2)}
    same(paths, {"/created", "/all"})
    w.good("PATCH", HOOKS + "/" + every["uid"], {"disabled": True})
    w.good("PATCH", HOOKS + "/" + created["uid"], {"types": ["meter_created"]})
    w.good("POST", F)
    ping = w.good("POST", HOOKS + "/%s/ping" % created["uid"])["event"]
    same([e["uid"] for e in w.receiver.events()], [ping], "what is first to come")
    check(w.receiver.empty(), "nothing else")
    for one in w.good("GET", HOOKS)["webhooks"]:
        w.good("DELETE", HOOKS + "/" + one["uid"])


def what_fails_comes_again(w):
    hook = w.hook()
    w.receiver.answer(500)
    ping = w.good("POST", HOOKS + "/%s/ping" % hook["uid"])["event"]
    w.receiver.next()
    w.answered(ping, 500)
    due, _, tries = w.due(ping)
    hour = due / 1e6 - time.time()
    check(3500 < hour <= 3600 and tries == 1, hour, tries)
    same(w.good("GET", "/api/v2/events/" + ping)["is_delivered"], False)
    w.service.sql("UPDATE events SET next = 1 WHERE uid = ?", ping)  # the hour is over
    same([e["uid"] for e in w.receiver.events()], [ping])
    w.event(ping, is_delivered=True)
    same(w.due(ping)[0], None)
    same(w.good("POST", HOOKS + "/%s/replay" % hook["uid"], {"events": [ping]})["events"], [ping])
    same([e["uid"] for e in w.receiver.events()], [ping])
    w.event(ping, is_delivered=True)
    w.good("DELETE", HOOKS + "/" + hook["uid"])


def three_days_are_enough(w):
    hook = w.hook()
    w.receiver.answer(503)
    ping = w.good("POST", HOOKS + "/%s/ping" % hook["uid"])["event"]
    w.service.sql("UPDATE events SET ts = ts - ? WHERE uid = ?", 73 * 3600 * 1000000, ping)
    w.receiver.next()
    w.answered(ping, 503)
    same(w.due(ping)[0], None, "no more tries")
    w.good("DELETE", HOOKS + "/" + hook["uid"])


def several_in_one_request(w):
    hook = w.hook(types=["form_created"])
    w.receiver.answer(*[500] * 10)
    made = {w.good("POST", F)["uid"] for _ in range(5)}
    seen = set()
    while seen != made:
        seen |= {e["form_uid"] for e in w.receiver.events()}
    uids = [row[0] for row in w.service.sql("SELECT uid FROM events WHERE webhook = ?", hook["uid"])]
    for uid in uids:
        w.answered(uid, 500)
    w.receiver.answer()
    w.service.sql("UPDATE events SET next = 1 WHERE webhook = ?", hook["uid"])
    same({e["form_uid"] for e in w.receiver.events()}, made, "all that is due, in one request")
    for uid in uids:
        w.event(uid, is_delivered=True)
    w.good("DELETE", HOOKS + "/" + hook["uid"])


def stopped_by_hand(w):
    """Also while a request is on its way that then fails."""
    hook = w.hook()
    w.receiver.answer(500)
    w.receiver.hold()
    ping = w.good("POST", HOOKS + "/%s/ping" % hook["uid"])["event"]
    w.receiver.next()
    w.good("PATCH", "/api/v2/events/" + ping, {"is_delivered": True})
    w.receiver.go_on()
    w.answered(ping, 500)
    same((w.event(ping)["is_delivered"], w.due(ping)[0]), (True, None))
    w.good("DELETE", HOOKS + "/" + hook["uid"])


TESTS = [body_and_signature, types_that_were_asked_for, what_fails_comes_again, three_days_are_enough,
         several_in_one_request, stopped_by_hand]


def main():
    with tempfile.TemporaryDirectory(prefix="api-hooks-") as folder:
        hooks = Hooks(folder)
        try:
            results = [report(test, hooks) for test in TESTS if not sys.argv[1:] or test.__name__ in sys.argv[1:]]
        finally:
            hooks.service.stop()
            hooks.receiver.stop()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
