#!/usr/bin/python3
"""A customer's password after their session's end: nowhere in files, logs, mails, nor in the memory of service and workers. Prints one line a test."""
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "service"))
import whole
from whole import canary_in, check, same

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def in_memory(pid, word):
    """[(mapping, what stands around it)] of each place in a process's memory that holds word."""
    found, word = [], word.encode()
    with open("/proc/%d/maps" % pid, encoding="utf-8", errors="replace") as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            span, rights, name = re.match(r"(\S+) (\S+) \S+ \S+ \S+\s*(.*)", line).groups()
            begin, end = (int(part, 16) for part in span.split("-"))
            if "r" not in rights or name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, OverflowError):
                continue
            at = data.find(word)
            while at >= 0:
                found.append((name or "anonymous", bytes(data[max(0, at - 60):at + len(word) + 20])))
                at = data.find(word, at + 1)
    return found


def readable(service):
    try:
        return bool(in_memory(service.process.pid, "/f/:token/events"))
    except OSError:
        return False


def nowhere(service, word):
    """Looks for it in everything that is left."""
    service.request("GET", "/healthz")
    same(canary_in(service.folder, word), [], "files that hold it")
    if not readable(service):
        print("skip - memory: it cannot be read here", flush=True)
        return
    places = []
    for _ in range(3):          # what the library frees with a connection, a moment later
        places = [(pid == service.process.pid and "service" or "worker", place)
                  for pid in [service.process.pid, *service.workers()] for place in in_memory(pid, word)]
        if not places:
            return
        time.sleep(1.1)
    raise AssertionError("memory holds it: %r" % places)


@test
def it_is_found_where_it_is(service, sandbox):
    if not readable(service):
        return
    c = service.customer("mfa_sms")
    c.submit("live-canary-9d1c2e70")
    c.until("code")
    places = [place for pid in service.workers() for place in in_memory(pid, "live-canary-9d1c2e70")]
    check(places, "a session that waits has its password nowhere: the search is blind")


@test
def after_success(service, sandbox):
    c = service.customer("residential")
    c.submit("success-canary-5b7f9a12")
    c.done()
    nowhere(service, "success-canary-5b7f9a12")


@test
def after_a_connection_that_was_closed_at_once(service, sandbox):
    c = service.customer("residential")
    c.page("?utility=DEMO")
    service.connection.close()
    service.connection = None
    c.submit("closed-canary-9e4d2b06")
    service.connection.close()      # what was received was the last of this connection
    service.connection = None
    c.done()
    service.connection.close()
    service.connection = None
    nowhere(service, "closed-canary-9e4d2b06")


@test
def after_a_connection_that_stays_open(service, sandbox):
    c = service.customer("residential")
    c.page("?utility=DEMO")
    service.connection = None
    c.submit("idle-canary-2a7b9c51")
    kept, service.connection = service.connection, None
    c.done()
    nowhere(service, "idle-canary-2a7b9c51")
    kept.close()


@test
def after_a_refusal(service, sandbox):
    c = service.customer("badlogin")
    c.submit("refused-canary-1f0d4c88")
    same(c.until("failed")["error"]["code"], "auth.credentials", "code")
    nowhere(service, "refused-canary-1f0d4c88")


@test
def after_an_answer(service, sandbox):
    c = service.customer("mfa_question")
    c.submit("parked-canary-7e3a6b54")
    question = c.until("code")["challenge"]
    c.answer(question, {"a.answer": "answer-canary-2c9e8f31"})
    question = c.until("code", but=question)["challenge"]
    c.answer(question, {"a.answer": "Biscuit"})
    c.done()
    nowhere(service, "parked-canary-7e3a6b54")
    nowhere(service, "answer-canary-2c9e8f31")


@test
def after_a_restart_in_between(service, sandbox):
    c = service.customer("mfa_sms")
    c.submit("restart-canary-8a5d0e67")
    question = c.until("code")["challenge"]
    code = sandbox.code(c.user)
    service.stop()
    nowhere_in_files = canary_in(service.folder, "restart-canary-8a5d0e67")
    same(nowhere_in_files, [], "files of a stopped service")
    service.start()
    c.answer(question, {"a.answer": code})
    c.done()
    nowhere(service, "restart-canary-8a5d0e67")


@test
def after_cancel_and_revocation(service, sandbox):
    for word, end in (("cancel-canary-3d6b1f90", lambda c: c.post("/cancel", {})),
                      ("revoke-canary-6f2c7a45", lambda c: service.api("POST", "/authorizations/%s/revoke" % c.authorization))):
        c = service.customer("mfa_sms")
        c.submit(word)
        c.until("code")
        end(c)
        c.until("failed", "revoked")
        nowhere(service, word)


@test
def while_a_sign_in_is_kept_and_after(service, sandbox):
    """Kept for ongoing access: sealed in the store, in the clear only in a run."""
    word = "kept-canary-5d9e2f70"
    c = service.customer("residential", scope={"ongoing_end": "2031-01-01T00:00:00Z"})
    c.submit(word)
    c.done()
    nowhere(service, word)
    service.api("POST", "/authorizations/%s/refresh" % c.authorization)
    until(service, "SELECT 1 FROM sessions WHERE human = 0 AND state = 'ended' AND error IS NULL")
    nowhere(service, word)
    sealed = service.sql("SELECT credentials FROM kept")[0][0][:64]
    service.api("DELETE", "/authorizations/%s/sign-in" % c.authorization)
    nowhere(service, word)
    limit = time.monotonic() + 20
    while sealed_in(service.folder, sealed) and time.monotonic() < limit:
        time.sleep(0.5)
    same(sealed_in(service.folder, sealed), [], "files that hold the sealed value")


@test
def after_a_run_that_was_refused(service, sandbox):
    word = "refused-run-canary-81c4"
    c = service.customer("badlogin_after", scope={"ongoing_end": "2031-01-01T00:00:00Z"})
    c.submit(word)
    c.done()
    service.api("POST", "/authorizations/%s/refresh" % c.authorization)
    until(service, "SELECT 1 FROM sessions WHERE human = 0 AND error LIKE '%auth.credentials%'")
    nowhere(service, word)


def until(service, sql):
    limit = time.monotonic() + 10
    while not service.sql(sql):
        check(time.monotonic() < limit, sql)
        time.sleep(0.05)


def sealed_in(folder, value):
    out = []
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                out += [name] if value in file.read() else []
    return out


@test
def after_what_was_not_taken(service, sandbox):
    c = service.customer("residential")
    c.page("?utility=DEMO")
    c.submit("email-canary-0b8e5d23", 400, email="no address")
    reply = c.service.request("POST", c.path + "/consent", b"guard=none&utility=DEMO&c.username=x&c.password=guard-canary-4a9c3e17", dict(
        c.headers(), **{"Content-Type": "application/x-www-form-urlencoded"}))
    check(reply.status in (400, 403), reply.status)
    service.api("POST", "/forms", {"credentials": {"password": "json-canary-7c1f6d82"}}, None)
    nowhere(service, "email-canary-0b8e5d23")
    nowhere(service, "guard-canary-4a9c3e17")
    nowhere(service, "json-canary-7c1f6d82")


def main():
    return whole.run(TESTS, lambda: whole.whole(workers=1, log_level="debug"))


if __name__ == "__main__":
    sys.exit(main())
