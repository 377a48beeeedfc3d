#!/usr/bin/python3
"""What goes wrong on a machine that serves: keys, rights, ports, logs, signals, the clock, ten thousand who only connect, a restored copy.

(A full disk is in tests/faults/test_crash.py, mistakes in the settings in test_config.py, slow clients in test_hostile_http.py.)"""
import contextlib
import html
import http.client
import mmap
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from aiosmtpd.controller import Controller

import browser
import receiver
import whole
from server import SLOWER
from whole import PROGRAM, ROOT, check, same

MANY = 10000
CLOCK = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>
static const volatile long long *ahead; /* seconds that the clock is ahead */
__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("CLOCK_FILE");
    int fd = name ? open(name, O_RDONLY) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (at != MAP_FAILED) ahead = at;
}
int clock_gettime(clockid_t which, struct timespec *out) {
    int got = (int)syscall(SYS_clock_gettime, which, out);
    if (!got && which == CLOCK_REALTIME && ahead) out->tv_sec += *ahead;
    return got;
}
int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec; out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def first():
    """A sanitizer's library, which wants to come before any other."""
    name = {"asan": "libasan.so", "tsan": "libtsan.so"}.get(os.path.basename(os.environ.get("BUILD", "build")))
    return [subprocess.run(["cc", "-print-file-name=" + name], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()] if name else []


def refused(service, **more):
    """Started where it cannot be: what it says, and it ends."""
    argv = [PROGRAM, "serve", "--config", os.path.join(service.folder, "config.lua"), "--store", service.store, "--listen", "127.0.0.1:0"]
    for name, value in more.pop("words", {}).items():
        argv[argv.index(name) + 1] = value
    done = subprocess.run(more.pop("before", []) + argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=20 * SLOWER, check=False, **more)
    check(done.returncode == 1, (done.returncode, done.stderr))
    check(done.stderr.count("\n") <= 2, done.stderr)
    return done.stderr


@test
def a_port_in_use(service, _):
    with tempfile.TemporaryDirectory() as folder:
        other = whole.Whole(folder, None)
        said = refused(other, words={"--listen": "127.0.0.1:%d" % service.port})
        check("127.0.0.1:%d: the port is in use" % service.port in said, said)


@test
def a_second_service_on_one_store(service, _):
    said = refused(service)
    check("store.db" in said and "is served by another process" in said, said)
    same(service.request("GET", "/healthz").status, 200, "the first one")


@test
def the_key_is_missing_or_another(service, _):
    service.stop()
    key = os.path.join(service.folder, "store.db.key")
    os.rename(key, key + ".saved")
    said = refused(service)
    check("no master key is there; put back" in said and not os.path.exists(key), said)
    with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write("0" * 64 + "\n")
    said = refused(service)
    check("the master key does not open the store's keys" in said, said)
    os.chmod(key, 0o644)
    said = refused(service)
    check("0600" in said, said)
    os.rename(key + ".saved", key)
    service.connection = None
    service.start()
    service.ready()


@test
def a_store_that_cannot_be_written(service, _):
    service.stop()
    before = []
    if os.getuid() == 0:
        before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for path in [service.folder] + [os.path.join(service.folder, name) for name in os.listdir(service.folder)]:
            os.chown(path, 65534, 65534)
    os.chmod(os.path.join(service.folder, "store.db"), 0o400)
    said = refused(service, before=before)
    check("store.db" in said and ("read-only" in said or "readonly" in said or "Permission" in said or "permission" in said), said)


@test
def nobody_reads_the_log(service, _):
    service.stop()
    reader, writer = os.pipe()
    saved = subprocess.Popen
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, subprocess, "Popen", saved)
        subprocess.Popen = lambda *words, **more: saved(*words, **dict(more, stderr=writer))
        service.values["log_level"] = "debug"
        service.configure()
        service.connection = None
        service.start()
    os.close(writer)
    os.close(reader)
    service.ready()
    customer = service.customer("residential")
    customer.submit()
    customer.done()
    same(service.process.poll(), None, "the process")


@test
def asked_to_reload_again_and_again(service, _):
    began = time.monotonic()
    for n in range(2000):
        service.process.send_signal(signal.SIGHUP)
        if n % 100 == 0:
            same(service.request("GET", "/healthz").status, 200, "an answer meanwhile")
    check(time.monotonic() - began < 20 * SLOWER, "it is slow")
    customer = service.customer("residential")
    customer.submit()
    customer.done()


@test
def a_copy_serves_on_another_machine(service, sandbox):
    customer = service.customer("mfa_sms")
    customer.submit()
    challenge = customer.until("code")["challenge"]
    with tempfile.TemporaryDirectory() as folder:
        service.cli("store", "backup", os.path.join(folder, "store.db"))
        shutil.copy(os.path.join(service.folder, "store.db.key"), folder)
        service.kill()
        shutil.rmtree(service.folder)
        shutil.copytree(folder, service.folder)
        os.makedirs(os.path.join(service.folder, "scripts", "utilities"))
        service.configure()
        service.start()
        service.ready()
    customer.answer(challenge, {"a.answer": sandbox.code(customer.user)})
    customer.done()


@contextlib.contextmanager
def moved_clock(service):
    """The service started anew with a clock that `set(seconds)` moves."""
    with tempfile.TemporaryDirectory() as folder:
        source, library, name = (os.path.join(folder, one) for one in ("clock.c", "clock.so", "ahead"))
        with open(source, "w", encoding="ascii") as file:
            file.write(CLOCK)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60 * SLOWER)
        with open(name, "wb") as file:
            file.write(struct.pack("<q", 0))
        service.stop()
        saved, service.connection = dict(os.environ), None
        os.environ.update(LD_PRELOAD=":".join(first() + [library]), CLOCK_FILE=name)
        try:
            service.start()
        finally:
            os.environ.clear()
            os.environ.update(saved)
        service.ready()
        with open(name, "r+b") as file, mmap.mmap(file.fileno(), 8) as at:
            def move(seconds):
                at[:] = struct.pack("<q", seconds)
            yield move


@test
def the_clock_goes_back_an_hour(service, sandbox):
    with moved_clock(service) as move:
        waiting = service.customer("mfa_sms")
        waiting.submit()
        challenge = waiting.until("code")["challenge"]
        move(-3600)
        same(service.api("GET", "/forms")["forms"] and True, True, "the token")
        same(waiting.now()["state"], "code", "who waits")
        waiting.answer(challenge, {"a.answer": sandbox.code(waiting.user)})
        waiting.done()
        other = service.customer("mfa_sms")
        other.submit()
        now = other.until("code")["challenge"]
        other.answer(now, {"a.answer": sandbox.code(other.user)})
        other.done()


@test
def the_clock_goes_back_and_limits_stay_as_long_as_they_are(service, _):
    with moved_clock(service) as move:
        def wait():
            reply = service.request("POST", "/login", b"email=a%40b.test&password=x", {"Content-Type": "application/x-www-form-urlencoded"})
            return int(reply.headers.get("Retry-After", 0)) if reply.status == 429 else None
        limit = time.monotonic() + 20 * SLOWER
        while (before := wait()) is None:
            check(time.monotonic() < limit, "no limit is met")
        move(-3600)
        after = wait()
        check(after is None or after <= max(before, 1) + 60, "before %r s, after %r s" % (before, after))


@test
def the_clock_goes_on_a_day(service, _):
    with moved_clock(service) as move:
        waiting = service.customer("mfa_sms")
        waiting.submit()
        waiting.until("code")
        move(86400)
        now = waiting.until("failed", seconds=20)
        check("expired" in str(now["error"]) or "time" in str(now["error"]), now)
        other = service.customer("residential")  # without a question: only the service's clock is moved here, its workers' is not
        other.submit()
        other.done()


def raised():
    """Whether so many connections can be open here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < MANY + 500:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return True


@test
def ten_thousand_who_only_connect(service, _):
    if not raised():
        print("skip - ten thousand who only connect: not so many files may be open here", flush=True)
        return
    service.settings(connections=MANY + 100, connections_per_address=100)
    service.ready()
    links = []
    try:
        for n in range(MANY):
            links.append(socket.socket())
            links[-1].bind(("127.0.%d.%d" % (1 + n // 100 // 200, 1 + n // 100 % 200), 0))
            links[-1].connect(("127.0.0.1", service.port))
        began = time.monotonic()
        service.connection = None
        customer = service.customer("residential")
        customer.submit()
        customer.done()
        check(time.monotonic() - began < 10 * SLOWER, "a sign-in takes %.1f s" % (time.monotonic() - began))
        with open("/proc/%d/status" % service.process.pid, encoding="ascii") as file:
            mib = int([line.split()[1] for line in file if line.startswith("VmRSS")][0]) >> 10
        check(mib < 600, "%d MiB" % mib)
    finally:
        for link in links:
            link.close()


# --- a token has leaked, deliveries pile up, nginx is in front ------------------------------------

def status_of(service, token, path="/api/v2/forms"):
    return service.request("GET", path, None, {"Authorization": "Bearer " + token}).status


@test
def a_leaked_token_and_a_leaked_password(service, _):
    """As the runbook says: what is open by them ends at once, while serving."""
    token = service.cli("token", "create", "leaked", "--team", "Whole")
    uid = [one["uid"] for one in service.api("GET", "/tokens")["tokens"] if one["name"] == "leaked"][0]
    stream = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20 * SLOWER)
    stream.request("GET", "/api/v2/events/stream", None, {"Authorization": "Bearer " + token})
    answer = stream.getresponse()
    same((answer.status, status_of(service, token)), (200, 200), "with the token")
    one, page = browser.signed_in(service.url)
    page.has("Sign out")
    service.cli("token", "revoke", uid)
    same(status_of(service, token), 401, "with the token, revoked")
    answer.read()                      # ends, or the time is over
    same(status_of(service, service.token), 200, "with another token")
    subprocess.run([PROGRAM, "user", "password", "whole@team.test", "--store", service.store, "--config", os.path.join(service.folder, "config.lua")],
                   input="another horse battery", text=True, check=True, capture_output=True, timeout=20 * SLOWER)
    one.get("/dashboard/requests").lacks("Sign out")


def outbox(service, kind):
    for line in service.request("GET", "/metrics").body.decode().splitlines():
        if line.startswith('meterkey_outbox{kind="%s"}' % kind):
            return int(line.split()[-1])
    return None


@test
def deliveries_pile_up_and_go_when_the_other_side_is_back(service, _):
    to = receiver.Receiver()
    service.settings(webhook_origins=[to.origin])
    service.ready()
    service.api("POST", "/webhooks", {"url": to.origin + "/in"})
    to.answer(*[503] * 3)
    for _ in range(3):
        service.api("POST", "/forms", {})
    limit = time.monotonic() + 20 * SLOWER
    while service.sql("SELECT count(*) FROM events WHERE status = 503")[0][0] < 3:  # else a failure comes after the hour, and waits for one
        check(time.monotonic() < limit, ("waiting", outbox(service, "webhook"), service.log()))
        time.sleep(0.1)
    same(outbox(service, "webhook"), 3, "deliveries that wait")
    check(re.search(r"warn webhook: \d not delivered to \d+ of team \w+: status 503", service.log()), service.log())
    to.answer(*[200] * 20)
    service.sql("UPDATE events SET next = 1 WHERE next IS NOT NULL")        # the hour is over
    while outbox(service, "webhook"):
        check(time.monotonic() < limit, ("left", outbox(service, "webhook")))
        time.sleep(0.1)
    to.stop()


# --- mails pile up ---------------------------------------------------------------------------------

PILE = 200


class Post:
    """A mail server on a port that was another's before; keeps who a mail was for."""

    def __init__(self, port):
        self.got = []
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.got += envelope.rcpt_tos
        return "250 kept"

    def has_all(self, service, what):
        """Each mail arrives, and arrives once."""
        until(lambda: outbox(service, "mail") == 0 and len(self.got) >= PILE, lambda: (what, outbox(service, "mail"), len(self.got)), 60)
        same(sorted(self.got), sorted("c%d@mail.test" % n for n in range(PILE)), "who got " + what)
        same(service.sql("SELECT state, count(*) FROM mails GROUP BY state"), [("sent", PILE)], "states")


def until(holds, why, seconds=30):
    limit = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < limit, why())
        time.sleep(0.1)


@contextlib.contextmanager
def away():
    """A mail server's port at which nobody answers: who connects is not turned away, either."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server, server.getsockname()[1]


def pile_up(service, port):
    service.settings(smtp="smtp://127.0.0.1:%d" % port, url="http://127.0.0.1")
    service.ready()
    for n in range(PILE):
        form = service.api("POST", "/forms", {"customer_email": "c%d@mail.test" % n})
        service.api("POST", "/forms/%s/resend" % form["uid"])


def runbook(symptom, service):
    """Runs the doctor's command of a row of docs/operators.md as it stands there, on our own settings -> what it says."""
    with open(os.path.join(ROOT, "docs", "operators.md"), encoding="utf-8") as file:
        row = re.search(r"(?m)^\| `%s` .*$" % symptom, file.read()).group(0)
    words = re.search(r"`(meterkey doctor [^`]*)`", row).group(1).replace("/etc/meterkey/config.lua", os.path.join(service.folder, "config.lua")).split()
    done = subprocess.run([PROGRAM, *words[1:], "--store", service.store], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@test
def mails_pile_up_and_go_when_the_server_is_back(service, _):
    """What the operator sees, and what the runbook says to do: the button on the dashboard."""
    with away() as (server, port):
        server.close()                                                      # nobody is there: each is turned away at once
        pile_up(service, port)
        until(lambda: service.log().count(" not sent: ") >= PILE, lambda: service.log()[-1000:])
        same(outbox(service, "mail"), PILE, "the metric")
        same(len(re.findall(r"warn mail: \d+ not sent: .+", service.log())), PILE, "lines in the log, one a try")
        operator, _ = browser.signed_in(service.url)
        page = operator.get("/dashboard/mails").is_(200).has("%d mails wait for another try" % PILE, "Queued", "Try all now")
        one = next(link for link in page.links if re.search(r"/mails/\d", link))
        operator.get(one).is_(200).has("Next try", "Trouble", "UTC", "Try now")
        check("by smtp://127.0.0.1:%d as " % port in (said := runbook("MeterkeyOutbox", service)), said)
        service.sql("UPDATE mails SET tries = 6, state = 'failed', next = NULL WHERE recipient < 'c15'")    # half a day is over
        operator.get("/dashboard/mails").is_(200).has("were given up after six tries")
        post = Post(port)
        operator.submit(operator.get("/dashboard/mails"), "/mails/again").is_(200).has("It is tried again now")
        post.has_all(service, "mails of a server that was away")
        operator.get("/dashboard/mails").is_(200).lacks("Try all now", "Queued")
        same(service.sql("SELECT what FROM audit WHERE what LIKE 'mail%'"), [("mails.again",)], "the audit log")
        post.controller.stop()


@test
def a_mail_server_that_hangs_gets_no_mail_twice(service, _):
    """Half a minute each, four at once: the next try of most is due before their first has begun."""
    with away() as (server, port):
        pile_up(service, port)
        until(lambda: service.sql("SELECT count(*) FROM mails WHERE tries > 0")[0][0] >= 20, lambda: "nothing is tried")
        for _ in range(3):
            service.sql("UPDATE mails SET next = 1 WHERE next IS NOT NULL")  # a minute is over
            until(lambda: service.sql("SELECT count(*) FROM mails WHERE next = 1 AND tries > 0")[0][0] == 0, lambda: "what is under way stays due")
        server.close()
        post = Post(port)
        until(lambda: service.sql("SELECT count(*) FROM mails WHERE state = 'sent' OR error IS NOT NULL")[0][0] == PILE, lambda: len(post.got))
        same(len(post.got), len(set(post.got)), "mails that arrived, of which those that are another's copy")
        operator, _ = browser.signed_in(service.url)
        operator.submit(operator.get("/dashboard/mails"), "/mails/again").is_(200).has("It is tried again now")
        post.has_all(service, "mails of a server that hung")
        post.controller.stop()


def nginx_conf(service, port, folder):
    """The block of docs/operators.md, with our own ports and a certificate of our own."""
    with open(os.path.join(ROOT, "docs", "operators.md"), encoding="utf-8") as file:
        block = re.search(r"```nginx\n(.*?)```", file.read(), re.S).group(1)
    for before, after in (("listen 443 ssl", "listen 127.0.0.1:%d ssl" % port), ("127.0.0.1:8080", "127.0.0.1:%d" % service.port),
                          ("/etc/letsencrypt/live/meters.example.org/fullchain.pem", folder + "/cert.pem"),
                          ("/etc/letsencrypt/live/meters.example.org/privkey.pem", folder + "/key.pem")):
        check(before in block, "the block has no " + before)
        block = block.replace(before, after)
    temporary = "".join("%s_temp_path %s/%s;\n" % (kind, folder, kind) for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as file:
        file.write("daemon off; pid %s/pid; error_log %s/error.log;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n" % (folder, folder, temporary, block))
    return os.path.join(folder, "nginx.conf")


@contextlib.contextmanager
def nginx(service, program):
    """In front of the service -> its port."""
    with tempfile.TemporaryDirectory(prefix="mk-nginx-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=meters.example.org", "-keyout",
                        folder + "/key.pem", "-out", folder + "/cert.pem"], check=True, capture_output=True, timeout=20 * SLOWER)
        process = subprocess.Popen([program, "-c", nginx_conf(service, port, folder), "-p", folder], stderr=subprocess.PIPE, text=True)
        try:
            limit = time.monotonic() + 10 * SLOWER
            while True:
                check(process.poll() is None, "nginx ended: " + (process.stderr.read() if process.poll() is not None else ""))
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                check(time.monotonic() < limit, "nginx does not listen")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(10 * SLOWER)
            process.stderr.close()


@test
def nginx_in_front_as_the_guide_has_it(service, _):
    program = os.environ.get("NGINX") or shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        print("# nginx is not here", flush=True)
        return
    form = service.api("POST", "/forms", {"customer_email": "ada@mail.test"})
    path = urllib.parse.urlsplit(form["url"]).path
    with nginx(service, program) as port:
        def ask(method, at, body=None, **headers):
            front = http.client.HTTPSConnection("127.0.0.1", port, timeout=20 * SLOWER, context=ssl._create_unverified_context())
            front.request(method, at, body, {"Host": "meters.example.org", **{name.replace("_", "-"): text for name, text in headers.items()}})
            return front, front.getresponse()
        for at in ("/healthz", "/readyz", "/metrics"):
            same(ask("GET", at)[1].status, 404, at)
        _, page = ask("GET", path + "?utility=DEMO")
        text, cookie = page.read().decode(), page.headers["Set-Cookie"]
        same(page.status, 200, "the page of a link")
        check("Secure" in cookie and page.headers["Strict-Transport-Security"], (cookie, page.headers.items()))
        guard = html.unescape(re.search(r'name="guard" value="([^"]+)"', text).group(1))
        fields = urllib.parse.urlencode({"guard": guard, "utility": "DEMO", "email": "ada@mail.test"})
        _, sent = ask("POST", path + "/decline", fields, Cookie=cookie.split(";")[0], X_Forwarded_For="203.0.113.9",
                      Content_Type="application/x-www-form-urlencoded")
        same(sent.status, 303, "a form: %r" % sent.read()[-300:])
        check(sent.headers["Location"].startswith(("/f/", "https://meters.example.org/f/")), sent.headers["Location"])
        check("203.0.113.9" not in repr(service.sql("SELECT * FROM authorizations")), "an address that the caller made up is believed")
        front, stream = ask("GET", path + "/events")
        same((stream.status, stream.headers["Content-Type"].split(";")[0]), (200, "text/event-stream"), "the stream")
        check(stream.fp.readline(), "its first line does not come")
        front.close()
        bearer = {"Authorization": "Bearer " + service.token, "Content_Type": "application/json"}
        same(ask("POST", "/api/v2/forms", b'{"customer_email": "' + b"x" * 1100000 + b'"}', **bearer)[1].status, 413, "a body of over a megabyte")
        same(ask("POST", "/api/v2/forms", b"{}", **bearer)[1].status, 200, "a request of the API")


def main():
    return whole.run(TESTS, whole.whole)


if __name__ == "__main__":
    sys.exit(main())
