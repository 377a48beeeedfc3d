#!/usr/bin/python3
"""Ongoing access: kept sign-ins and runs without a customer, against DEMO's portal. Prints one line a test."""
import contextlib
import http.server
import os
import re
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from whole import PASSWORD, canary_in, check, same

TESTS = []
UNTIL = "2031-01-01T00:00:00.000000+00:00"
DAY = 86400 * 1000000


def test(function):
    TESTS.append(function)
    return function


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
    limit = time.monotonic() + seconds
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
        until(lambda: not left(service, sealed), "sealed values are left after " + name, 20)
        same(canary_in(service.folder, PASSWORD), [], "files that hold the password after " + name)
        if name in ("the API", "the receipt", "ongoing_end"):
            same((len(c.meters()), "not_kept" in story(service, c)), (1, True), "meters and history after " + name)
            refused(service, c, "not_kept")


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


@test
def a_device_that_is_forgotten_ends_it_before_a_code(service, sandbox):
    c = linked(service, sandbox, "mfa_code")
    with another_portal(service) as portal:
        due(service, c)
        check("mfa.needs_human" in runs(service, c)[0][1], runs(service, c))
        same((portal.arrived(c.user), portal.phone(c.user)["messages"]), ((1, 0), []), "what the portal saw and sent")
        same(kept(service, c), None, "what is kept")
        one = shown(service, c)
        same((one["status"], one["is_revoked"], len(c.meters())), ("errored", False, 1), "the authorization")
        same(notes(service, c)["access_errored"]["code"], "mfa.needs_human", "the note")
        same(events(service, c)[-1], "authorization_update_finished_errored", "the event")
        same(story(service, c)[-2:], ["not_kept", "failed"], "history")
        refused(service, c, "not_kept")


@contextlib.contextmanager
def another_portal(service):
    """DEMO's portal begun anew: it has forgotten every device."""
    portal = whole.Sandbox()
    try:
        service.settings(connect_to=["127.0.0.1:18102:" + portal.url[7:]])
        service.ready()
        yield portal
    finally:
        portal.stop()


@test
def rotated_keys_open_what_was_sealed_before(service, sandbox):
    c = linked(service, sandbox, "mfa_sms")
    service.cli("key", "rotate")
    time.sleep(1.2)                                  # the service reads them at its next tick
    due(service, c)
    service.stop()
    service.start()
    service.ready()
    due(service, c, 2)
    same([error for _, error in runs(service, c)], [None, None], "errors")


@test
def a_password_that_was_changed_is_tried_once(service, sandbox):
    c = linked(service, sandbox, "badlogin_after")
    same(sandbox.arrived(c.user)[0], 1, "passwords so far")
    due(service, c)
    same(sandbox.arrived(c.user)[0], 2, "passwords that arrived")
    same((kept(service, c), shown(service, c)["status"]), (None, "errored"), "what is kept, and the status")
    same(notes(service, c)["access_invalid"]["code"], "auth.credentials", "the note")
    same(events(service, c)[-1], "authorization_update_finished_errored", "the event")
    refused(service, c, "not_kept")
    same(canary_in(service.folder, PASSWORD), [], "files that hold the password")
    same(sandbox.arrived(c.user)[0], 2, "passwords that arrived in the end")


@test
def a_password_that_another_session_found_wrong_is_not_sent(service, sandbox):
    c = linked(service, sandbox)
    service.sql("UPDATE attempts SET outcome = 'auth.credentials'")
    refused(service, c, "auth.credentials")
    same((runs(service, c), sandbox.arrived(c.user)[0], kept(service, c)), ([], 1, None), "runs, passwords, what is kept")
    check("access_invalid" in notes(service, c), notes(service, c))


@test
def an_account_that_rests_is_left_alone(service, sandbox):
    c = linked(service, sandbox)
    later = now() + DAY
    service.sql("UPDATE attempts SET outcome = 'auth.locked', locked_until = ?", later)
    refused(service, c, "auth.locked")
    service.sql("UPDATE kept SET next = 1")
    until(lambda: kept(service, c)["next"] == later, "it does not wait for the account")
    same((runs(service, c), sandbox.arrived(c.user)[0]), ([], 1), "runs, passwords")


@test
def a_site_that_is_down_is_tried_later(service, sandbox):
    c = linked(service, sandbox, "websitedown_after")
    service.sql("DELETE FROM events")
    waits = []
    for n in range(1, 5):
        due(service, c, n)
        row = kept(service, c)
        same(row["tries"], n, "tries")
        waits.append(round((row["next"] - now()) / 3600 / 1000000, 3))
    for wait, hours in zip(waits, (1, 6, 24, 7 * 24)):
        check(0.85 * hours < wait < 1.15 * hours, waits)
    same((shown(service, c)["status"], len(c.meters()), c.now()["state"]), ("updated", 1, "done"), "the authorization")
    note = notes(service, c)["retrying"]
    day = time.strftime("%Y-%m-%d", time.gmtime(kept(service, c)["next"] / 1000000))
    same((note["code"], note["eta"][:10]), ("site.maintenance", day), "the note")
    same(set(events(service, c)), {"authorization_update_started", "authorization_update_retrying"}, "events")


class Redesigned(http.server.BaseHTTPRequestHandler):
    """A portal that no adapter knows."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Welcome to your new energy hub</h1>")

    def log_message(self, *_):
        pass


@test
def what_is_not_the_customers_fault_keeps_it(service, sandbox):
    c = linked(service, sandbox)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redesigned) as portal:
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        service.settings(connect_to=["127.0.0.1:18102:127.0.0.1:%d" % portal.server_port])
        due(service, c)
        portal.shutdown()
    check("adapter.form_missing" in runs(service, c)[0][1], runs(service, c))
    check(kept(service, c)["next"] > now() + 6 * DAY, "an adapter is tried again before its time")
    due(service, c, 2)                               # nobody is at that port any more
    check("net.connect" in runs(service, c)[1][1], runs(service, c))
    same((shown(service, c)["status"], notes(service, c)["retrying"]["code"]), ("updated", "net.connect"), "now")


# --- when -----------------------------------------------------------------------------------


@test
def what_is_due_after_a_stop_happens_once(service, sandbox):
    c = linked(service, sandbox)
    service.stop()
    service.sql("UPDATE kept SET next = 1")
    service.start()
    ended(service, c, 1)
    time.sleep(2.5)                                  # two ticks more
    same((len(runs(service, c)), sandbox.arrived(c.user)[0]), (1, 2), "runs and passwords")


@test
def a_crash_in_the_middle_repeats_nothing(service, sandbox):
    c = linked(service, sandbox, "slow")
    service.sql("UPDATE kept SET next = 1")
    until(lambda: sandbox.arrived(c.user)[0] == 2, "no run")
    service.kill()
    service.start()
    ended(service, c, 1)
    check("engine.interrupted" in runs(service, c)[0][1], runs(service, c))
    time.sleep(1.5)
    same((len(runs(service, c)), sandbox.arrived(c.user)[0]), (1, 2), "runs and passwords")
    check(kept(service, c)["next"] > now() + 6 * DAY, "it is tried again too soon")


@test
def a_paused_utility_is_left_alone(service, sandbox):
    c = linked(service, sandbox)
    for key, value, slug in (("pause:demo", '"Closed."', "paused"), ("rest:demo", str(now() + DAY), "resting")):
        service.stop()
        service.sql("INSERT INTO settings (name, value, changed) VALUES (?, ?, 1)", key, value)
        service.sql("UPDATE kept SET next = 1")
        service.start()
        refused(service, c, slug)
        time.sleep(1.5)
        same((runs(service, c), kept(service, c)["next"]), ([], 1), "runs, and the next one while it is " + slug)
        service.stop()
        service.sql("DELETE FROM settings WHERE name = ?", key)
        service.start()
    ended(service, c, 1)


@test
def runs_leave_half_of_a_utility_to_customers(service, sandbox):
    people = [linked(service, sandbox) for _ in range(5)]
    service.settings(utility_sessions=4)
    service.ready()
    os.kill(service.workers()[0], signal.SIGSTOP)
    service.sql("UPDATE kept SET next = 1")
    until(lambda: len(service.sql("SELECT 1 FROM sessions WHERE human = 0")) == 2, "no run")
    c = service.customer("residential")
    c.submit()
    same(service.session(c.authorization)["state"], "running", "a customer's session")
    same(len(service.sql("SELECT 1 FROM sessions WHERE human = 0")), 2, "runs at once")
    os.kill(service.workers()[0], signal.SIGCONT)
    c.done()
    for one in people:
        ended(service, one, 1)


@test
def a_customer_comes_before_a_run(service, sandbox):
    c = linked(service, sandbox, "slow")
    service.sql("UPDATE kept SET next = 1")
    until(lambda: runs(service, c), "no run")
    same(shown(service, c)["ongoing_access"]["is_refreshing"], True, "is_refreshing")
    same(c.now()["state"], "done", "what the customer sees")
    refused(service, c, "in_progress")
    again = service.customer("slow", authorization_uid=c.authorization, scope={"ongoing_end": UNTIL})
    again.user = c.user
    again.submit()
    same([state for state, _ in runs(service, c)], ["ended"], "the run")
    again.until("done", "failed", seconds=25)
    again.done()
    check(kept(service, c), "the new one is not kept")


@test
def refreshing_by_hand(service, sandbox):
    c = linked(service, sandbox)
    for n in range(1, 5):
        service.api("POST", "/authorizations/%s/refresh" % c.authorization)
        ended(service, c, n)
    refused(service, c, "rest")
    service.api("POST", "/authorizations/%s/revoke" % c.authorization)
    refused(service, c, "expired_or_revoked", 400)


def main():
    return whole.run(TESTS, lambda: whole.whole(workers=1))


if __name__ == "__main__":
    sys.exit(main())
