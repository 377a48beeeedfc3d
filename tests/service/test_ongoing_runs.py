#!/usr/bin/python3
"""Ongoing access: when runs without a customer begin, what ends them and what does not. Prints one line a test."""
import contextlib
import http.server
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from ongoing import DAY, UNTIL, due, ended, events, kept, linked, notes, now, refused, runs, shown, story, until
from whole import PASSWORD, canary_in, check, same

TESTS = []


def test(function):
    TESTS.append(function)
    return function


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


class Unclear(http.server.BaseHTTPRequestHandler):
    """A portal with the sign-in page of DEMO, whose answer to the password is none that the adapter knows, or none at all."""
    passwords, silent, go = 0, False, threading.Event()

    def do_GET(self):
        self.page(b"<form id=signin method=post action=/login><input name=username><input type=password name=password></form>")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).passwords += 1
        if self.silent:
            self.go.wait(30)
            self.close_connection = True
        else:
            self.page(b"<h1>We have sent you something</h1>")

    def page(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def unclear(service, silent=False):
    """The settings lead to such a portal; it is the class that counts."""
    seen = type("Seen", (Unclear,), {"silent": silent, "go": threading.Event()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), seen) as portal:
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        service.settings(connect_to=["127.0.0.1:18102:127.0.0.1:%d" % portal.server_port])
        service.ready()
        try:
            yield seen
        finally:
            seen.go.set()
            portal.shutdown()


@test
def a_code_may_have_been_sent_once(service, sandbox):
    """The portal asks these for codes: what it did with the password is not known, so it does not get it again."""
    c, plain = linked(service, sandbox, "mfa_code"), linked(service, sandbox)
    with unclear(service) as portal:
        due(service, c)
        check("adapter." in runs(service, c)[0][1], runs(service, c))
        same((portal.passwords, kept(service, c)), (1, None), "passwords, and what is kept")
        same((shown(service, c)["status"], len(c.meters())), ("errored", 1), "the authorization")
        check("A code may have been sent" in shown(service, c)["status_message"], shown(service, c)["status_message"])
        same(story(service, c)[-2:], ["not_kept", "failed"], "history")
        due(service, plain)                          # no code is ever sent to this one
        same((portal.passwords, bool(kept(service, plain)), shown(service, plain)["status"]), (2, True, "updated"), "without codes")


@test
def a_code_may_have_been_sent_before_a_crash(service, sandbox):
    c = linked(service, sandbox, "mfa_code")
    with unclear(service, silent=True) as portal:
        service.sql("UPDATE kept SET next = 1")
        until(lambda: portal.passwords, "no run")
        service.kill()
        service.start()
        ended(service, c, 1)
        check("engine.interrupted" in runs(service, c)[0][1], runs(service, c))
        same((portal.passwords, kept(service, c)), (1, None), "passwords, and what is kept")


@test
def what_fails_after_the_sign_in_sent_no_code(service, sandbox):
    """The device was known: the next run is as good as this one."""
    c = linked(service, sandbox, "mfa_code")
    service.settings(limits={"requests": 3})
    service.ready()
    due(service, c)
    check("policy.budget" in runs(service, c)[0][1], runs(service, c))
    same(sandbox.arrived(c.user)[0], 2, "passwords that arrived")
    check(kept(service, c)["next"] > now() + 6 * DAY, "when it is tried again")


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
