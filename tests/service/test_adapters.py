#!/usr/bin/python3
"""Versions that are held and let go again, and an adapter whose file is gone: retired, and back with its file. Prints one line a test."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser
import whole
from ongoing import DAY, due, ended, kept, linked, now, runs, shown
from reloading import BOUND, Reloading
from whole import check, same

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def operator(service, method, path, body=None, status=200):
    if not hasattr(service, "operating"):
        service.operating = service.cli("token", "create", "operator", "--team", "Whole", "--operator")
    return service.api(method, "/adapters" + path, body, status, {"Authorization": "Bearer " + service.operating})


def standing(one):
    return {v["version"]: v["state"] for v in one["versions"]}


def dashboard(service, path):
    one, _ = browser.signed_in(service.url)
    return one, one.get("/dashboard/adapters/" + path).is_(200)


@test
def what_is_held_goes_live_again_when_it_is_released(service, _):
    first = service.becomes("live", 0)
    second = service.save()
    back = operator(service, "POST", "/demo/rollback", {"version": first})
    same((back["version"], back["pinned"], standing(back)[first], standing(back)[second]), (first, True, "live", "held"), "rolled back")
    page = dashboard(service, "demo")[1].has("held: rolled back from or withdrawn", "Release")
    same(page.body.count("/demo/release"), 1, "forms that release")
    since = len(service.lines)
    let = operator(service, "POST", "/demo/release", {"version": second})
    same((let["version"], standing(let)[second], let["pinned"]), (second, "live", False), "the folder holds it, so it is live")
    service.says("demo live %s" % second, since)
    operator(service, "POST", "/demo/rollback", {"version": first})
    service.save()
    operator(service, "POST", "/demo/rollback", {"version": first})
    operator(service, "POST", "/demo/share", {"share": 50})
    third = [v for v, state in standing(operator(service, "GET", "/demo")).items() if state == "held" and v != second][0]
    trial = operator(service, "POST", "/demo/release", {"version": third})
    same((trial["version"], trial["canary"], trial["share"], trial["trial"]["good"]), (first, third, 50, 0), "with a share it is a canary")


@test
def the_dashboard_releases_it_too(service, _):
    first = service.becomes("live", 0)
    second = service.save()
    operator(service, "POST", "/demo/rollback", {"version": first})
    one, page = dashboard(service, "demo")
    one.submit(page, "/release").is_(200).has("Released")
    same(service.live()[0], second, "what is live")


@test
def an_adapter_whose_file_is_gone_is_retired(service, sandbox):
    service.becomes("live", 0)
    at = service.path.replace("demo.lua", "aside.lua")
    text = service.adapter.replace('id = "demo"', 'id = "aside"').replace('utility_id = "DEMO"', 'utility_id = "ASIDE"')
    service.put_at(at, text)
    service.says("aside live [0-9a-f]+")
    operator(service, "POST", "/aside/retire", None, 409)
    one, page = dashboard(service, "aside")
    page.has("Take its file out of the adapters' folder first").lacks("/aside/retire")
    waits = service.customer("mfa_sms")
    waits.submit(utility="ASIDE")
    question = waits.until("code", seconds=BOUND)["challenge"]
    since = len(service.lines)
    os.unlink(at)
    service.says("aside refused: aside.lua: the file is not there any more", since)
    one.submit(one.get("/dashboard/adapters/aside"), "/retire").is_(200).has("Retired")
    one.get("/dashboard/adapters").has("Retired")
    service.says("aside retired: by whole@team.test", since)
    check("aside" not in [u["id"] for u in service.api("GET", "/utilities")["utilities"]], "it is still offered")
    same(service.request("GET", "/help/aside").status, 303, "its page of help")
    waits.answer(question, {"a.answer": sandbox.code(waits.user)})
    waits.done(seconds=BOUND)
    same(service.api("GET", "/authorizations/" + waits.authorization)["status"], "updated", "who was in the middle of it")
    service.stop()
    service.start()
    service.ready()
    check(operator(service, "GET", "/aside")["retired"], "a start brought it back")
    since = len(service.lines)
    service.put_at(at, text)
    service.says("aside live [0-9a-f]+", since)
    same(operator(service, "GET", "/aside")["retired"], None, "with its file it is back")


@test
def what_failed_by_the_adapters_fault_is_read_anew_by_a_new_version(service, sandbox):
    service.becomes("live", 0)
    customers = [linked(service, sandbox) for _ in range(3)]
    other = linked(service, sandbox)
    broken(service)
    for c in customers:
        due(service, c)
        check("adapter.parse" in runs(service, c)[0][1], runs(service, c))
        check(kept(service, c)["next"] > now() + DAY, "it is put off as usual")
    failed = service.customer("residential", customer_email="kim@mail.test")
    failed.submit()
    failed.until("failed", seconds=BOUND)
    one, _ = browser.signed_in(service.url)
    one.get("/dashboard/requests?state=failed").lacks("newer version is live")
    later = kept(service, other)["next"]
    service.save()
    for c in customers:
        ended(service, c, 2)
        same((runs(service, c)[1][1], shown(service, c)["status"]), (None, "updated"), "the run by the new version")
    same((runs(service, other), kept(service, other)["next"]), ([], later), "one that did not fail")
    one.get("/dashboard/requests?state=failed").has("A newer version is live since", "send the link again")


@test
def those_that_a_new_version_may_help_are_spread(service, sandbox):
    service.becomes("live", 0)
    customers = [linked(service, sandbox) for _ in range(3)]
    service.settings(utility_per_minute=4)
    service.ready()
    service.sql("UPDATE kept SET failed = 'adapter.parse'")
    begun = now()
    service.save()
    times = sorted(row[0] for row in service.sql("SELECT next FROM kept WHERE next < ?", begun + DAY))
    gaps = [b - a for a, b in zip(times, times[1:])]
    check(gaps and all(gap >= 30 * 1000000 for gap in gaps), ("gaps", gaps))


def broken(service):
    """A version that cannot read the accounts goes live: no case of the folder shows it."""
    since = len(service.lines)
    service.stamp += 1
    service.put(service.text("a%d" % service.stamp, 's:fail("adapter.parse", "the list of accounts is another one")'))
    return service.becomes("live", since)


def make():
    return whole.whole(made=Reloading)


if __name__ == "__main__":
    sys.exit(whole.run(TESTS, make))
