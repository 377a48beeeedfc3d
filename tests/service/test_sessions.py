#!/usr/bin/python3
"""Sessions through the whole service, at the customer's pages and the API, against DEMO's portal. Prints one line a test."""
import json
import os
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from server import SLOWER
from whole import PASSWORD, canary_in, check, same

TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def without_a_second_factor(service, _):
    c = service.customer("commercial")
    c.submit()
    c.done(4)
    session = service.session(c.authorization)
    same((session["state"], session["credentials"], session["parked"]), ("ended", None, None), "the session")
    types = [row[0] for row in service.sql("SELECT type FROM events ORDER BY ts")]
    for one in ("authorization_created", "authorization_update_started", "authorization_update_finished_successful", "meter_created"):
        check(one in types, types)


@test
def a_code(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    now = c.until("code")
    same(now["challenge"]["kind"], "otp", "kind")
    c.answer(now["challenge"], {"a.answer": sandbox.code(c.user)})
    c.done()
    same(sandbox.arrived(c.user), (1, 1), "passwords and answers that arrived")


@test
def a_wrong_code_then_the_right_one(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    first = c.until("code")["challenge"]
    c.answer(first, {"a.answer": "000000"})
    second = c.until("code", "failed", but=first)
    same(second["state"], "code", "state")
    check(second["challenge"].get("message"), second)
    c.answer(second["challenge"], {"a.answer": sandbox.code(c.user)})
    c.done()
    same(sandbox.arrived(c.user), (1, 2), "passwords and answers that arrived")


@test
def every_kind_of_question(service, sandbox):
    def totp(user):
        return {"a.answer": sandbox.phone(user)["totp"]["code"]}
    answers = {"mfa_email": lambda u: {"a.answer": sandbox.code(u)}, "mfa_voice": lambda u: {"a.answer": sandbox.code(u)},
               "mfa_question": lambda u: {"a.answer": "Biscuit"}, "mfa_totp": totp, "terms": lambda u: {"a.ok": "1"},
               "mfa_questions": lambda u: {"a.field.pet": "Biscuit", "a.field.street": "Lantern"}}
    for scenario, words in answers.items():
        c = service.customer(scenario)
        c.submit()
        c.answer(c.until("code")["challenge"], words(c.user))
        c.done()
    c = service.customer("mfa_code")
    c.submit()
    choose = c.until("code")["challenge"]
    c.answer(choose, {"a.choice": choose["choices"][1]["id"]})
    code = c.until("code", "failed", but=choose)["challenge"]
    c.answer(code, {"a.answer": sandbox.code(c.user)})
    c.done()


@test
def an_approval_by_the_phone(service, sandbox):
    c = service.customer("mfa_approve")
    c.submit()
    same(c.until("code")["challenge"]["kind"], "approve", "kind")
    sandbox.decide(c.user, "approve")
    c.done()


@test
def an_approval_whose_worker_dies(service, sandbox):
    c = service.customer("mfa_approve")
    c.submit()
    c.until("code")
    os.kill(service.workers()[0], signal.SIGKILL)
    sandbox.decide(c.user, "approve")
    c.done()
    asked = service.sql("SELECT count(*) FROM events WHERE type = 'authorization_update_delayed'")
    same(asked[0][0], 1, "events of one question")


@test
def an_approval_whose_workers_die_one_after_the_other(service, sandbox):
    c = service.customer("mfa_approve")
    c.submit()
    c.until("code")
    for n in (1, 2, 3):
        while service.log().count("worker 0 is ready") < n:
            time.sleep(0.02)
        os.kill(service.workers()[0], signal.SIGKILL)
    error = c.until("failed")["error"]
    same(error["code"], "engine.interrupted", "code")
    check("password may have been tried" in error["message"], error)
    same(json.loads(service.session(c.authorization)["error"])["used"], ["credentials"], "what was used in all")


@test
def an_approval_whose_service_is_started_anew(service, sandbox):
    c = service.customer("mfa_approve")
    c.submit()
    c.until("code")
    service.kill()
    service.start()
    sandbox.decide(c.user, "approve")
    c.done()


@test
def another_code(service, sandbox):
    c = service.customer("mfa_expired")
    c.submit()
    first = c.until("code")["challenge"]
    c.answer(first, {"a.answer": sandbox.code(c.user)})
    second = c.until("code", "failed", but=first)["challenge"]
    newest = sandbox.phone(c.user)["messages"][0]["id"]
    c.answer(second, {"a.resend": "1"})
    third = c.until("code", "failed", but=second)
    same(third["state"], "code", third)
    c.answer(third["challenge"], {"a.answer": sandbox.code(c.user, newest)})
    c.done()


@test
def a_second_press_is_told(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    code = sandbox.code(c.user)
    os.kill(service.workers()[0], signal.SIGSTOP)   # so that the first is still under way
    same(c.answer_api(challenge, code)["success"], True, "the first")
    same(c.answer_api(challenge, code, 409)["error"], "answered", "the second")
    same(c.answer(challenge, {"a.answer": code}).status, 303, "the page's")
    os.kill(service.workers()[0], signal.SIGCONT)
    c.done()
    same(sandbox.arrived(c.user), (1, 1), "passwords and answers that arrived")
    same(c.answer_api(challenge, code, 409)["error"], "over", "after the end")


@test
def an_answer_to_another_question(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    same(c.answer_api({"id": "another"}, "424242", 409)["error"], "other", "error")
    same(c.now()["state"], "code", "state")
    c.answer(challenge, {"a.answer": sandbox.code(c.user)})
    c.done()


@test
def an_answer_that_cannot_be_one(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    c.answer_api(challenge, {"choice": "x"})
    now = c.until("code")
    check(now["note"], now)
    c.answer(challenge, {"a.answer": sandbox.code(c.user)})
    c.done()


@test
def a_question_that_nobody_answers(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    code = sandbox.code(c.user)
    service.sql("UPDATE sessions SET challenge_until = 1")
    c.answer_api(challenge, code, None)
    now = c.until("failed")
    same(now["error"]["code"], "mfa.answer_timeout", "code")
    same(sandbox.arrived(c.user), (1, 0), "passwords and answers that arrived")
    session = service.session(c.authorization)
    same((session["credentials"], session["parked"], session["answer"], session["challenge"]), (None,) * 4, "what is kept")


@test
def cancelled(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    c.until("code")
    same(c.post("/cancel", {}).status, 303, "status")
    same(c.until("failed")["error"]["code"], "engine.cancelled", "code")
    session = service.session(c.authorization)
    same((session["credentials"], session["parked"], session["answer"], session["challenge"]), (None,) * 4, "what is kept")
    check("meterkey_sessions{state=\"waiting\"} 0" in service.request("GET", "/metrics").body.decode(), "it waits on")


@test
def revoked_in_the_middle(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    code = sandbox.code(c.user)
    service.api("POST", "/authorizations/%s/revoke" % c.authorization)
    same(c.answer_api(challenge, code, 409)["error"], "over", "an answer afterwards")
    same(c.now()["state"], "revoked", "state")
    row = service.sql("SELECT credentials, parked, answer, answer_note, challenge, progress FROM sessions")
    same(row, [(None,) * 6], "what is kept")
    same(sandbox.arrived(c.user), (1, 0), "passwords and answers that arrived")
    other = service.customer("mfa_sms")
    other.submit()
    os.kill(service.workers()[0], signal.SIGSTOP)
    asked = other.until("code", "working")
    service.api("POST", "/authorizations/%s/revoke" % other.authorization)
    os.kill(service.workers()[0], signal.SIGCONT)
    check(asked, "")
    last = service.customer("residential")
    last.submit()
    last.done()
    same(len(other.meters()), 0, "meters of a revoked one")
    service.stop()
    same(canary_in(service.folder, PASSWORD, code, "demo_session"), [], "what the files hold")


@test
def declined_in_the_middle(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    same(c.post("/decline", {}).status, 303, "status")
    same(c.answer_api(challenge, "424242", 409)["error"], "over", "an answer afterwards")
    same((c.now()["state"], sandbox.arrived(c.user)), ("declined", (1, 0)), "state; passwords and answers that arrived")
    session = service.session(c.authorization)
    same((session["state"], session["credentials"], session["parked"]), ("ended", None, None), "what is kept")


@test
def a_wrong_password_is_not_sent_again(service, sandbox):
    c = service.customer("residential")
    c.submit("wrong")
    same(c.until("failed")["error"]["code"], "auth.credentials", "code")
    c.page("?again=1&utility=DEMO")
    same(c.submit("wrong", 409).status, 409, "the same once more")
    same(sandbox.arrived(c.user)[0], 1, "passwords that arrived")
    again = service.customer("residential")
    again.user = c.user
    again.submit("wrong", 409)
    same(sandbox.arrived(c.user)[0], 1, "passwords that arrived, of another data request")
    c.submit(PASSWORD)
    c.done()


@test
def a_wrong_password_is_not_sent_by_two_at_once(service, sandbox):
    first, second = service.customer("residential"), service.customer("residential")
    second.user = first.user
    os.kill(service.workers()[0], signal.SIGSTOP)
    first.submit("wrong")
    second.submit("wrong", None)
    os.kill(service.workers()[0], signal.SIGCONT)
    first.until("failed")
    if second.authorization:
        same(second.until("failed")["error"]["code"], "auth.credentials", "code")
    same(sandbox.arrived(first.user)[0], 1, "passwords that arrived")


@test
def after_three_refusals_it_rests(service, sandbox):
    c = service.customer("badlogin")
    for n in range(3):
        c.submit("try-%d" % n)
        c.until("failed")
        c.page("?again=1&utility=DEMO")
    reply = c.submit("try-4", 409)
    same(reply.status, 409, "status")
    same(sandbox.arrived(c.user)[0], 3, "passwords that arrived")


@test
def a_paused_utility(service, _):
    service.sql("INSERT INTO settings (name, value, changed) VALUES ('pause:demo', ?, 1)", json.dumps("The site is being rebuilt."))
    service.stop()
    service.start()
    c = service.customer("residential")
    c.submit(status=409)
    same(service.sql("SELECT count(*) FROM sessions")[0][0], 0, "sessions")


@test
def a_site_that_is_down_rests(service, sandbox):
    for _ in range(5):
        c = service.customer("websitedown")
        c.submit()
        same(c.until("failed")["error"]["code"], "site.maintenance", "code")
    c = service.customer("residential")
    c.submit(status=409)
    same(sandbox.arrived(c.user)[0], 0, "passwords that arrived")
    service.sql("UPDATE settings SET value = '1' WHERE name LIKE 'rest:%'")
    service.stop()
    service.start()
    c.submit()
    c.done()


@test
def the_last_one_waits_for_its_turn(service, sandbox):
    service.settings(utility_sessions=2)
    os.kill(service.workers()[0], signal.SIGSTOP)
    people = [service.customer("mfa_sms") for _ in range(4)]
    for c in people:
        c.submit()
    same(sorted(row[0] for row in service.sql("SELECT state FROM sessions")), ["queued", "queued", "running", "running"], "states")
    os.kill(service.workers()[0], signal.SIGCONT)
    for _ in range(300):    # in whatever moment: nobody waits while there is room
        states = [row[0] for row in service.sql("SELECT state FROM sessions")]
        if "queued" not in states:
            break
        same(states.count("running"), 2, "running ones, of %r" % states)
    for c in people:
        c.answer(c.until("code")["challenge"], {"a.answer": sandbox.code(c.user)})
        c.done()


@test
def a_full_worker_goes_on_when_there_is_room(service, sandbox):
    service.settings(sessions_per_worker=2)
    people = [service.customer("mfa_sms") for _ in range(4)]
    for c in people:
        c.submit()
    codes = [c.until("code", seconds=5)["challenge"] for c in people[:2]]
    for c, challenge in zip(people, codes):
        c.answer(challenge, {"a.answer": sandbox.code(c.user)})
        c.done()
    for c in people[2:]:
        c.answer(c.until("code", seconds=5)["challenge"], {"a.answer": sandbox.code(c.user)})
        c.done()


@test
def an_ongoing_scope_keeps_what_it_needs(service, sandbox):
    c = service.customer("mfa_sms", scope={"ongoing_end": "2031-01-01T00:00:00.000000+00:00"})
    c.submit()
    c.answer(c.until("code")["challenge"], {"a.answer": sandbox.code(c.user)})
    c.done()
    keep = service.sql("SELECT keep FROM authorizations")[0][0]
    check(keep, "what the adapter keeps is gone")
    again = service.customer("mfa_sms", authorization_uid=c.authorization)
    again.user = c.user
    again.submit()
    again.done()
    same(sandbox.arrived(c.user), (2, 1), "passwords and answers: the device is remembered")
    service.api("POST", "/authorizations/%s/revoke" % c.authorization)
    same(service.sql("SELECT keep FROM authorizations")[0][0], None, "after a revocation")


@test
def another_sign_in_keeps_the_uids(service, _):
    c = service.customer("commercial")
    c.submit()
    c.done(4)
    before = sorted(m["uid"] for m in c.meters())
    again = service.customer("commercial", authorization_uid=c.authorization)
    again.user = c.user
    again.submit()
    again.done(4)
    same(again.authorization, c.authorization, "authorization")
    same(sorted(m["uid"] for m in again.meters()), before, "meters")


@test
def parked_sessions_go_on_after_a_restart_at_once(service, sandbox):
    people = [service.customer("mfa_sms") for _ in range(6)]
    for c in people:
        c.submit()
        c.challenge = c.until("code")["challenge"]
    codes = [sandbox.code(c.user) for c in people]
    service.stop()
    service.start()
    service.ready()
    began = time.monotonic()
    for c, code in zip(people, codes):
        c.answer(c.challenge, {"a.answer": code})
        c.done()
    check(time.monotonic() - began < 4 * SLOWER, "each waited for the clock: %.2f s" % (time.monotonic() - began))


def steps_of_a_sign_in(service):
    """Of the store's machine, from credentials to question."""
    def steps():
        return int(re.search(r"^meterkey_store_steps_total (\d+)", service.request("GET", "/metrics").body.decode(), re.M).group(1))
    c = service.customer("mfa_sms")
    c.page("?utility=DEMO")
    before, limit = steps(), time.monotonic() + 20 * SLOWER
    c.submit()
    while service.session(c.authorization)["state"] != "waiting":
        check(time.monotonic() < limit, "it does not come to its question")
        time.sleep(0.02)
    return steps() - before


@test
def sessions_that_ended_cost_later_ones_nothing(service, _):
    steps_of_a_sign_in(service)
    few = steps_of_a_sign_in(service)
    team, authorization, version = service.sql("SELECT team, authorization, version FROM sessions")[0]
    service.sql("""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO sessions (team, uid, authorization, utility, version, state, created, asked, ended)
        SELECT ?, 'old-' || i, ?, 'demo', ?, 'ended', i, i, i FROM n""", team, authorization, version)
    many = steps_of_a_sign_in(service)
    check(many < 2 * few, "%d steps, %d with 20,000 sessions that ended" % (few, many))


def main():
    return whole.run(TESTS, lambda: whole.whole(workers=1))


if __name__ == "__main__":
    sys.exit(main())
