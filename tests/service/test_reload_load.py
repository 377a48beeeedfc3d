#!/usr/bin/python3
"""Versions that change under load: nobody's session fails, each ends on the version that it began with. Prints one line a test."""
import sys
import os

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from reloading import BOUND, Load, Reloading, ended_on, sign_in
from whole import check, same

SAVES, KEPT = 100, 20
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def park(service, count=1):
    """Customers who wait at a question on what is live now."""
    out = []
    for _ in range(count):
        c = service.seat().customer("mfa_sms")
        c.submit()
        out.append((c, c.until("code", seconds=BOUND)["challenge"]))
    return out


def go_on(sandbox, parked):
    for c, question in parked:
        c.service.connection = None    # it was idle
        c.answer(question, {"a.answer": sandbox.code(c.user)})
        c.done(seconds=BOUND)


def roll_back(service, version):
    """As an operator does -> the adapter as the API shows it."""
    if not hasattr(service, "operator"):
        service.operator = service.cli("token", "create", "deploy", "--team", "Whole", "--operator")
    reply = service.request("POST", "/api/v2/adapters/demo/rollback", {"version": version}, {"Authorization": "Bearer " + service.operator})
    same(reply.status, 200, "the status of a roll back (%s)" % reply.body)
    return reply.json


@test
def a_hundred_versions_and_no_session_that_fails(service, sandbox):
    service.becomes("live", 0)
    parked = park(service)
    began = service.sql("SELECT version FROM sessions")[0][0]
    with Load(service, sandbox, ["mfa_sms"] * 2 + ["residential"]) as load:
        for turn in range(1, SAVES + 1):
            if turn % 5 == 0:
                since = len(service.lines)
                service.write_module(turn)
                service.becomes("live", since)
            else:
                service.save((service.put, service.put_in_place, service.put_by_swap)[turn % 3])
            if turn % 25 == 0:
                parked += park(service)
        for c, _ in parked:
            check(service.session_version(c) in service.versions(), "the version of somebody who waits is gone")
        roll_back(service, began)    # to what the worker has long let go
        late = [sign_in(service.seat(), sandbox, "residential") for _ in range(2)]
    go_on(sandbox, parked)
    load.check()
    same([ended_on(service, c) for c in late], [began] * 2, "the version of sessions after the roll back")
    used = [ended_on(service, c) for c in list(load.customers) + [c for c, _ in parked]]
    seen = {line.split("demo live ")[1][:16] for line in service.lines if "demo live " in line}
    same(seen, set(service.names), "versions that were live")
    same(len(seen), SAVES + 1, "how many versions were live")
    same(used[len(load.customers)], began, "the version of who waited longest")
    check(len(set(used)) > SAVES // 5, "only %d versions were used by %d sessions" % (len(set(used)), len(used)))
    last = service.save()
    left = service.versions()
    check(last in left and used[-3] not in left and len(left) <= KEPT + 1, "%d versions are kept" % len(left))
    print("# %d sessions on %d of %d versions, %d parked meanwhile" % (len(used), len(set(used)), len(seen), len(parked)))


@test
def rolled_back_under_load(service, sandbox):
    first = service.becomes("live", 0)
    with Load(service, sandbox, ["mfa_sms"] * 2 + ["residential"]) as load:
        old = park(service, 2)
        second, third = service.save(), service.save()
        for turn in range(6):
            to = (first, second, first, third, second, first)[turn]
            old += park(service, 1)
            one = roll_back(service, to)
            same((one["version"], one["pinned"]), (to, True), "what is live")
            same(ended_on(service, sign_in(service.seat(), sandbox, "mfa_sms")), to, "the version of who comes after")
    go_on(sandbox, old)
    load.check()
    used = [ended_on(service, c) for c in [c for c, _ in old] + list(load.customers)]
    same(used[:8], [first, first, third, first, second, first, third, second], "what those ended on who waited meanwhile")
    same(set(used), {first, second, third}, "versions of the sessions")


@test
def what_was_rolled_back_from_stays_out(service, sandbox):
    first = service.becomes("live", 0)
    second, third = service.save(), service.save()
    roll_back(service, second)
    roll_back(service, first)
    since = len(service.lines)
    service.stop()
    service.start()
    service.ready()
    service.says("demo %s is in the folder and stays out" % third, since)
    same(service.live()[0], first, "what is live after a restart")
    fourth = service.save()
    same(service.live()[0], fourth, "what is live once the file was edited")
    same(service.save(stamp=2), third, "the version of an older text")


def make():
    return whole.whole(made=Reloading, limits={"drop_ms": 500})


if __name__ == "__main__":
    sys.exit(whole.run(TESTS, make))
