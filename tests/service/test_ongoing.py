#!/usr/bin/python3
"""Ongoing access: what is kept, what takes it away, what a run brings. Prints one line a test."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from ongoing import DAY, UNTIL, due, events, kept, left, linked, now, refused, runs, shown, story, until
from whole import PASSWORD, canary_in, check, same

TESTS = []


def test(function):
    TESTS.append(function)
    return function


# --- what is kept ---------------------------------------------------------------------------


@test
def a_sign_in_is_kept_where_access_is_ongoing(service, sandbox):
    c = linked(service, sandbox)
    row = kept(service, c)
    check(row and PASSWORD.encode() not in row["credentials"], "nothing is kept, or in the clear")
    check(abs(row["next"] - now() - 7 * DAY) <= 0.71 * DAY, "next in %.1f days" % ((row["next"] - now()) / DAY))
    same(service.session(c.authorization)["credentials"], None, "the session's own")
    one = shown(service, c)["ongoing_access"]
    same((one["is_kept"], one["until"], one["is_refreshing"]), (True, UNTIL, False), "what the API says")
    same(canary_in(service.folder, PASSWORD), [], "files that hold the password")


@test
def nothing_is_kept_otherwise(service, sandbox):
    for scope in ({}, {"ongoing_end": "2020-01-01T00:00:00Z"}, {"ongoing_end": None}):
        c = service.customer("residential", scope=scope)
        c.submit()
        c.done()
        same(kept(service, c), None, "what is kept of %r" % scope)
        refused(service, c, "not_kept")
    for scenario in ("mfa_question", "mfa_approve"):     # each run would be asked again
        c = linked(service, sandbox, scenario)
        same(kept(service, c), None, "what is kept of " + scenario)
        device = service.sql("SELECT keep FROM authorizations WHERE uid = ?", c.authorization)[0][0]
        same(device, None, "the device of " + scenario)
        check("not_kept" in story(service, c), "nobody is told why nothing is kept of " + scenario)


@test
def it_is_kept_no_longer_than_the_authorization_lasts(service, sandbox):
    c = linked(service, sandbox, expires="7d")
    check(abs(kept(service, c)["till"] - now() - 7 * DAY) < DAY, "it is kept longer than access lasts")
    row = kept(service, c)
    check(row["next"] is None or row["next"] < row["till"], "a run after the end")


def stop_keeping_at_the_receipt(service, c):
    path = re.search('href="(/receipt/[^"]+)"', c.page().body.decode()).group(1)
    page = service.request("GET", path, None, c.headers())
    text = page.body.decode()
    check("Delete my sign-in now" in text and "signs in again by itself about every 7 days, until" in text, text)
    guard = text.split('name="guard" value="')[1].split('"')[0]
    cookie = (page.headers.get_all("Set-Cookie") or [""])[0].split(";")[0]
    headers = dict(c.headers(), **{"Content-Type": "application/x-www-form-urlencoded"})
    if cookie:
        headers["Cookie"] = cookie
    sent = service.request("POST", path, b"guard=" + guard.encode() + b"&forget=yes", headers)
    same(sent.status, 303, "status")
    after = service.request("GET", path, None, c.headers()).body.decode()
    check("Your password is not kept" in after and "Delete my sign-in now" not in after, after)


def expire(service, c):
    service.sql("UPDATE authorizations SET expires_at = 1 WHERE uid = ?", c.authorization)
    service.stop()
    service.start()


ENDS = {
    "revoke": lambda s, c: s.api("POST", "/authorizations/%s/revoke" % c.authorization),
    "the API": lambda s, c: s.api("DELETE", "/authorizations/%s/sign-in" % c.authorization),
    "removal": lambda s, c: s.api("DELETE", "/authorizations/" + c.authorization),
    "the receipt": stop_keeping_at_the_receipt,
    "ongoing_end": lambda s, c: s.sql("UPDATE kept SET till = 1 WHERE authorization = ?", c.authorization),
    "expiry": expire,
}


@test
def each_end_takes_it_out_of_store_and_log(service, sandbox):
    for name, end in ENDS.items():
        c = linked(service, sandbox, "mfa_sms")
        device = service.sql("SELECT keep FROM authorizations WHERE uid = ?", c.authorization)[0][0]
        sealed = [kept(service, c)["credentials"][:64], device[:64]]
        check(left(service, sealed), "the search is blind")
        end(service, c)
        until(lambda: kept(service, c) is None, "kept in spite of " + name)
        until(lambda: not left(service, sealed), "sealed values are left after " + name, 40)  # emptied within half a minute
        same(canary_in(service.folder, PASSWORD), [], "files that hold the password after " + name)
        if name in ("the API", "the receipt", "ongoing_end"):
            same((len(c.meters()), "not_kept" in story(service, c)), (1, True), "meters and history after " + name)
            refused(service, c, "not_kept")


@test
def a_new_submission_replaces_it(service, sandbox):
    c = linked(service, sandbox)
    before = kept(service, c)["credentials"]
    again = service.customer("mfa_sms", authorization_uid=c.authorization, scope={"ongoing_end": UNTIL})
    again.submit("another-password")
    same(kept(service, c), None, "while the new one is tried")
    again.answer(again.until("code")["challenge"], {"a.answer": sandbox.code(again.user)})
    again.done()
    check(kept(service, c)["credentials"] != before, "the old one is kept")
    once = service.customer("residential", authorization_uid=c.authorization)
    once.submit()
    once.done()
    same(kept(service, c), None, "where the new consent is for one reading")
    same(shown(service, c)["scope"]["ongoing_end"], None, "the scope")


# --- runs ------------------------------------------------------------------------------------


@test
def a_run_reads_the_meters_again(service, sandbox):
    c = linked(service, sandbox, "commercial", 4)
    uids = {m["uid"] for m in c.meters()}
    lost, old, same_as_before = sorted(uids)[:3]
    data = service.sql("SELECT data FROM meters WHERE uid = ?", old)[0][0]
    service.sql("DELETE FROM meters WHERE uid = ?", lost)
    service.sql("UPDATE meters SET data = replace(data, '\"tariff\"', '\"tariff_before\"') WHERE uid = ?", old)
    service.sql("INSERT INTO meters (team, uid, authorization, utility, account, service, search, data, key, status,"
                " status_message, status_ts, created) SELECT team, 'gone-1', authorization, utility, account, service,"
                " search, data, 'no such key', status, status_message, status_ts, created FROM meters WHERE uid = ?",
                same_as_before)
    service.sql("DELETE FROM events")
    due(service, c)
    meters = {m["uid"]: m for m in c.meters()}
    same(len(meters), 5, "meters")
    same(service.sql("SELECT data FROM meters WHERE uid = ?", old)[0][0], data, "what was changed")
    same([n["type"] for n in meters["gone-1"]["notes"]], ["not_listed"], "notes of the one that is not listed")
    same((meters["gone-1"]["status"], meters[same_as_before]["notes"]), ("updated", []), "statuses")
    types = events(service, c)
    same(sorted(types), ["authorization_update_finished_successful", "authorization_update_started", "meter_created"],
         "events")
    facts = service.sql("SELECT facts FROM timeline WHERE what = 'refreshed'")
    for count in ('"changed":1', '"gone":1', '"new":1'):
        check(count in facts[0][0], facts)
    row = kept(service, c)
    check(row["next"] > now() + 6 * DAY and row["refreshed"] > now() - 60 * 1000000, row)
    same((shown(service, c)["status"], c.now()["state"]), ("updated", "done"), "the state")
    service.sql("UPDATE meters SET key = (SELECT key || '#9' FROM meters WHERE uid = ?1) WHERE uid = ?1", lost)
    due(service, c, 2)
    same(service.sql("SELECT count(*) FROM timeline WHERE what = 'refreshed'")[0][0], 2, "runs")


@test
def a_meter_that_comes_back_loses_its_note(service, sandbox):
    c = linked(service, sandbox)
    uid, key = service.sql("SELECT uid, key FROM meters")[0]
    service.sql("UPDATE meters SET key = 'x'")
    due(service, c)
    same(sorted(len(m["notes"]) for m in c.meters()), [0, 1], "notes")
    service.sql("DELETE FROM meters WHERE uid <> ?", uid)
    service.sql("UPDATE meters SET key = ?", key)
    due(service, c, 2)
    same([(m["uid"], m["notes"]) for m in c.meters()], [(uid, [])], "meters")


@test
def a_remembered_device_is_asked_for_nothing(service, sandbox):
    for scenario in ("mfa_sms", "mfa_code", "mfa_totp"):
        c = linked(service, sandbox, scenario)
        messages = len(sandbox.phone(c.user)["messages"])
        due(service, c)
        same(runs(service, c), [("ended", None)], "runs of " + scenario)
        same(len(sandbox.phone(c.user)["messages"]), messages, "messages on the phone of " + scenario)


def main():
    return whole.run(TESTS, lambda: whole.whole(workers=1))


if __name__ == "__main__":
    sys.exit(main())
