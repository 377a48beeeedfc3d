#!/usr/bin/python3
"""A new version that takes a share of the sessions first: what makes it live, what takes it back, who sees that. Prints one line a test."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser
import whole
from reloading import BOUND, Reloading, ended_on
from whole import check, same

BROKEN = 's:fail("adapter.parse", "the list of accounts is another one")'
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def set_share(service, percent):
    service.sql("INSERT INTO settings (name, value, changed) VALUES ('canary:demo', ?, 0) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                str(percent))


def begin(service, share=50):
    """What is live, and a canary beside it."""
    live = service.becomes("live", 0)
    set_share(service, share)
    return live, service.save(what="canary")


def save_broken(service, what):
    """A version that cannot read the accounts: no case of the folder shows it."""
    since = len(service.lines)
    service.stamp += 1
    service.put(service.text("a%d" % service.stamp, BROKEN))
    return service.becomes(what, since)


def attempt(service, scenario="residential"):
    """A session to its end -> its version and the error's code or None."""
    c = service.customer(scenario)
    c.submit()
    now = c.until("done", "failed", seconds=BOUND)
    return service.session_version(c), now["error"] and now["error"]["code"]


def attempts(service, count, scenario="residential"):
    return [attempt(service, scenario) for _ in range(count)]


def metric(service, name, **labels):
    text = service.request("GET", "/metrics").body.decode()
    wanted = ",".join('%s="%s"' % one for one in labels.items())
    found = re.search(r"^%s\{%s\} (\d+)$" % (name, re.escape(wanted)), text, re.M)
    return int(found.group(1)) if found else None


def dashboard(service, path="/demo"):
    """The adapter's page, or that of all, as the operator sees it."""
    one, _ = browser.signed_in(service.url)
    return one.get("/dashboard/adapters" + path).is_(200)


@test
def a_canary_takes_its_share_and_goes_live_when_it_is_healthy(service, _):
    live, canary = begin(service, 25)
    same([metric(service, "meterkey_adapter_share", utility="demo", version=one) for one in (live, canary)], [75, 25], "shares in the metrics")
    ends = attempts(service, 20)
    same([version for version, _ in ends].count(canary), 5, "sessions of the canary among twenty")
    same({error for _, error in ends}, {None}, "errors")
    dashboard(service).has("Canary 25 %", canary[:12], "5 of its sessions brought meters, 0 failed", "of what is live 15 and 0 meanwhile")
    set_share(service, 0)
    service.sql("UPDATE adapters SET share = 100")
    service.stop()
    service.start()
    since = len(service.lines)
    same([version for version, _ in attempts(service, 5)], [canary] * 5, "versions")
    service.says("demo live %s: the canary is healthy: 10 sessions brought meters, 0 failed" % canary, since)
    same(service.live(), (canary, None, live), "live, canary, before")
    same(metric(service, "meterkey_adapter_share", utility="demo", version=canary), 100, "its share")
    same(metric(service, "meterkey_adapter_refused", utility="demo"), 0, "refused")


@test
def a_canary_that_fails_by_its_own_fault_is_withdrawn(service, _):
    live = service.becomes("live", 0)
    set_share(service, 50)
    canary = save_broken(service, "canary")
    ends = attempts(service, 6)
    same(ends, [(live, None), (canary, "adapter.parse")] * 3, "the ends")
    why = "3 of 3 sessions of the canary failed by its own fault, 0 of 3 of what is live; the last: adapter.parse"
    service.says("warn reload: demo withdrawn %s: %s" % (canary, why))
    same(service.live()[:2], (live, None), "live and canary")
    same(metric(service, "meterkey_adapter_refused", utility="demo"), 1, "refused")
    dashboard(service).has("withdrawn", why, "held until it is edited").lacks("Canary 50 %")
    same({version for version, _ in attempts(service, 4)}, {live}, "who comes after")
    since = len(service.lines)
    service.stop()
    service.start()
    service.ready()
    service.says("demo %s is in the folder and stays out" % canary, since)
    mended = service.save(what="canary")
    same(metric(service, "meterkey_adapter_refused", utility="demo"), 0, "refused, once another is tried")
    same({version for version, _ in attempts(service, 2)}, {live, mended}, "versions once it is mended")


@test
def a_portal_that_changed_fails_both_and_withdraws_neither(service, _):
    service.becomes("live", 0)
    live = save_broken(service, "live")
    set_share(service, 50)
    canary = save_broken(service, "canary")
    same({error for _, error in attempts(service, 8)}, {"adapter.parse"}, "errors")
    same(service.live()[:2], (live, canary), "live and canary")
    set_share(service, 0)
    mended = service.save()
    same(service.live()[:2], (mended, None), "live and canary once it is mended for all")


@test
def a_customers_failure_says_nothing_of_a_version(service, _):
    live, canary = begin(service, 100)
    for scenario, code in (("badlogin", "auth.credentials"), ("locked", "auth.locked"), ("websitedown", "site.maintenance")):
        same(attempts(service, 2, scenario), [(canary, code)] * 2, "ends of " + scenario)
    attempts(service, 6, "badlogin")
    gone = service.customer("mfa_sms")
    gone.submit()
    gone.until("code", seconds=BOUND)
    gone.post("/cancel", {})
    same(gone.until("failed", seconds=BOUND)["error"]["code"], "engine.cancelled", "error")
    same(service.live()[:2], (live, canary), "live and canary")
    dashboard(service).has("0 of its sessions brought meters, 0 failed")


@test
def another_version_takes_the_canarys_place(service, sandbox):
    live, first = begin(service, 100)
    waits = service.customer("mfa_sms")
    waits.submit()
    question = waits.until("code", seconds=BOUND)["challenge"]
    attempts(service, 2)
    second = service.save(what="canary")
    service.says("demo canary %s: 100 of 100 new sessions, in place of the canary %s" % (second, first))
    waits.answer(question, {"a.answer": sandbox.code(waits.user)})
    waits.done(seconds=BOUND)
    same(ended_on(service, waits), first, "the version of who waited")
    dashboard(service).has("0 of its sessions brought meters")
    since = len(service.lines)
    service.stamp = 0
    service.put(service.adapter)
    service.says("demo live %s: the folder holds it again; the canary %s is over" % (live, second), since)
    same(service.live()[:2], (live, None), "live and canary once the file is as before")


@test
def a_canary_that_asks_for_other_credentials_is_refused(service, _):
    live = service.becomes("live", 0)
    set_share(service, 10)
    service.put(service.adapter.replace("  credentials = {\n", '  credentials = {\n    { name = "zip", label = "ZIP code", optional = true },\n'))
    service.says("demo refused [0-9a-f]{16}: it asks for other credentials")
    same(service.live()[:2], (live, None), "live and canary")


@test
def a_file_that_is_as_before_is_no_longer_refused(service, _):
    live = service.becomes("live", 0)
    service.put(service.adapter.replace("api = 1,", "api = = 1,"))
    service.says("demo refused: demo.lua:[0-9]+: ")
    same(metric(service, "meterkey_adapter_refused", utility="demo"), 1, "refused")
    dashboard(service).has("The newest version was refused", "What is live stays so")
    dashboard(service, "").has("Newest refused", "demo.lua:")
    service.put(service.adapter.replace("    s.begun = stamp\n", "    s:fail('adapter.parse', 'never')\n"))
    service.says("demo refused: cases/demo/badlogin.json: .*and 2 more: `meterkey test demo`")
    service.put(service.adapter)
    service.says("demo live %s: the folder holds it again" % live)
    dashboard(service, "").lacks("Newest refused")
    same(metric(service, "meterkey_adapter_refused", utility="demo"), 0, "refused once the file is as before")


def make():
    return whole.whole(made=Reloading)


if __name__ == "__main__":
    sys.exit(whole.run(TESTS, make))
