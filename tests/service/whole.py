"""The whole service for a test: DEMO's portal, its adapter staged, a team, and customers at the pages that people see."""
import contextlib
import functools
import html
import http.client
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import PROGRAM, ROOT, SLOWER, Service, write_settings

DECLARED = "127.0.0.1:18102"     # where DEMO's adapter looks for its portal
PASSWORD = "fern-Lantern-41-canary"
LIMIT = 30 * SLOWER


def check(holds, why):
    if not holds:
        raise AssertionError(why)


def same(got, want, what="value"):
    check(got == want, "%s is %r, expected %r" % (what, got, want))


@functools.lru_cache
def staged(adapter=None):
    """(head, bytes) of an adapter's version, DEMO's if none is named, built and tried in a process of its own."""
    words = [PROGRAM, "stage", adapter or "demo", "--runtime", os.path.join(ROOT, "runtime")]
    words += [] if adapter else ["--scripts", os.path.join(ROOT, "scripts")]
    out = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60 * SLOWER).stdout
    _, length = struct.unpack_from("<II", out)
    return json.loads(out[8:8 + length]), out[8 + length:]


class Sandbox:
    """DEMO's portal and the phones of its customers."""

    def __init__(self, *words):
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--quiet", *words], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip().split(" ")[-1]

    def phone(self, user, wait=0, after=0):
        with urllib.request.urlopen("%s/phone.json?user=%s&wait=%d&after=%d" % (self.url, user, wait, after), timeout=LIMIT) as page:
            return json.load(page)

    def code(self, user, after=0):
        """The newest code that was sent, once there is one newer than message `after`."""
        return self.phone(user, 20, after)["messages"][0]["code"]

    def arrived(self, user):
        """How many passwords and answers came to the portal."""
        got = self.phone(user)["arrived"]
        return got["passwords"], got["answers"]

    def decide(self, user, decision):
        message = self.phone(user, 20)["messages"][0]
        data = urllib.parse.urlencode({"user": user, "id": message["id"], "token": message["token"], "decision": decision}).encode()
        urllib.request.urlopen(self.url + "/phone/decide", data, timeout=LIMIT).close()

    def stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Whole(Service):
    """A service in which DEMO's sessions run for real."""

    def __init__(self, folder, sandbox, version=None, declared=DECLARED, **settings):
        os.makedirs(folder, exist_ok=True)
        values = {"utility_sessions": 20, "utility_per_minute": 100000, "trust_proxy": True, "allow_origins": ["http://" + declared],
                  "connect_to": [declared + ":" + sandbox.url[7:]] if sandbox else []}
        self.values = dict({"mail_folder": os.path.join(folder, "mail"), "workers": 1, "api_per_second": 1000000}, **dict(values, **settings))
        self.folder, self.process, self.connection, self.sandbox = folder, None, None, sandbox
        self.store = "sqlite:" + os.path.join(folder, "store.db")
        os.makedirs(os.path.join(folder, "scripts", "utilities"), exist_ok=True)
        self.configure()
        head, data = version or staged()
        self.token = self.begin(head, data)

    def configure(self):
        write_settings(self.folder, self.values)

    begun = {}

    def begin(self, head, data):
        """A store with a team and the adapter, made once and copied afterwards -> the team's token."""
        names = ("store.db", "store.db.key")
        if head["hash"] not in Whole.begun:
            token = self.team("Whole")
            now = time.time_ns() // 1000
            self.sql("INSERT INTO versions (hash, utility, bytes, manifest, created) VALUES (?, ?, ?, ?, ?)", head["hash"], head["manifest"]["id"], data,
                     json.dumps(head["manifest"]), now)
            self.sql("INSERT INTO adapters (utility, version, changed) VALUES (?, ?, ?)", head["manifest"]["id"], head["hash"], now)
            self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
            Whole.begun[head["hash"]] = token, [open(os.path.join(self.folder, name), "rb").read() for name in names]
            return token
        token, files = Whole.begun[head["hash"]]
        for name, content in zip(names, files):
            with open(os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
        return token

    def api(self, method, path, body=None, status=200, headers=None):
        reply = self.request(method, "/api/v2" + path, body, dict({"Authorization": "Bearer " + self.token}, **(headers or {})))
        check(status is None or reply.status == status, (method, path, reply.status, reply.body))
        return reply.json

    def customer(self, scenario, **form):
        """Somebody with a data request of their own and a user name of that scenario."""
        return Customer(self, scenario, self.api("POST", "/forms", form))

    def ready(self):
        limit = time.monotonic() + LIMIT
        while self.request("GET", "/readyz").status != 200:
            check(time.monotonic() < limit, "it is not ready")
            time.sleep(0.01)

    def settings(self, **more):
        """Started anew with these settings."""
        self.stop()
        self.values.update(more)
        self.configure()
        self.start()

    def workers(self):
        """Process ids of the workers that live."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as file:
            return [int(pid) for pid in file.read().split() if word_of(int(pid)) == b"worker"]

    def kill(self):
        """As a power cut would, but for the disk."""
        self.connection = None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def session(self, authorization):
        """The newest session as the store has it."""
        names = ("uid", "state", "credentials", "parked", "answer", "challenge", "used", "starts", "rejected", "error", "mfa")
        rows = self.sql("SELECT %s FROM sessions WHERE authorization = ? ORDER BY created DESC LIMIT 1" % ", ".join(names), authorization)
        return dict(zip(names, rows[0])) if rows else None


def word_of(pid):
    """The command that a child of ours runs: `worker`, `stage`; nothing once it is gone."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return (file.read().split(b"\0") + [b""])[1]
    except OSError:
        return b""


class Customer:
    numbers = itertools.count(1)    # of threads, too

    def __init__(self, service, scenario, form):
        number = next(Customer.numbers)
        self.service, self.form, self.path = service, form, urllib.parse.urlsplit(form["url"]).path
        self.user = "%s-%d-%d" % (scenario, os.getpid() % 10000, number)
        self.peer = "10.%d.%d.%d" % (number >> 16 & 255, number >> 8 & 255, number & 255)
        self.cookie, self.authorization = None, None

    def headers(self):
        out = {"X-Forwarded-For": self.peer}
        if self.cookie:
            out["Cookie"] = self.cookie
        return out

    def page(self, query=""):
        reply = self.service.request("GET", self.path + query, None, self.headers())
        for line in reply.headers.get_all("Set-Cookie") or []:
            self.cookie = line.split(";")[0]
        found = re.search(r'name="guard" value="([^"]+)"', reply.body.decode())
        self.guard = html.unescape(found.group(1)) if found else self.guard if hasattr(self, "guard") else None
        return reply

    def post(self, what, fields):
        """A form of the page, as a browser without script sends it."""
        if not hasattr(self, "guard"):
            self.page("?utility=DEMO")
        body = urllib.parse.urlencode({"guard": self.guard, **fields}).encode()
        return self.service.request("POST", self.path + what, body, dict(self.headers(), **{"Content-Type": "application/x-www-form-urlencoded"}))

    def submit(self, password=PASSWORD, status=303, **more):
        reply = self.post("/consent", {"utility": "DEMO", "email": "ada@mail.example", "c.username": self.user, "c.password": password, **more})
        check(status is None or reply.status == status, (reply.status, reply.body[-3000:]))
        self.learn()
        return reply

    def learn(self):
        row = self.service.sql("SELECT coalesce(current, authorization) FROM forms WHERE uid = ?", self.form["uid"])
        self.authorization = row[0][0]
        return self.authorization

    def now(self):
        """{state, challenge, error, note} as the API says."""
        return self.service.api("GET", "/authorizations/%s/challenge" % self.authorization)

    def until(self, *states, seconds=8, but=None):
        """Waits for one of the states (and, of code, another challenge than `but`) by the page's own stream of events."""
        limit, stream = time.monotonic() + seconds * SLOWER, None
        try:
            while True:
                now = self.now()
                if now["state"] in states and not (but and now["challenge"] == but):
                    return now
                check(time.monotonic() < limit, "it stays %r, expected %r" % (now, states))
                stream = stream or Stream(self)
                stream.wait(1)
        finally:
            if stream:
                stream.close()

    def answer(self, challenge, fields):
        return self.post("/answer", {"challenge": challenge["id"], **fields})

    def answer_api(self, challenge, answer, status=200):
        return self.service.api("POST", "/authorizations/%s/challenge" % self.authorization, {"id": challenge["id"], "answer": answer}, status)

    def meters(self):
        return self.service.api("GET", "/meters?authorizations=" + self.authorization)["meters"]

    def done(self, meters=1, seconds=8):
        now = self.until("done", "failed", seconds=seconds)
        same((now["state"], now["error"]), ("done", None), "the end")
        same(len(self.meters()), meters, "meters")


class Stream:
    """The page's server-sent events."""

    def __init__(self, customer):
        self.socket = socket.create_connection(("127.0.0.1", customer.service.port), LIMIT)
        lines = ["GET %s/events HTTP/1.1" % customer.path, "Host: x"] + ["%s: %s" % one for one in customer.headers().items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def wait(self, seconds):
        """Until something is said, or so long."""
        ready = select.poll()  # select() takes no more than 1,024 files
        ready.register(self.socket, select.POLLIN)
        if ready.poll(seconds * 1000) and not self.socket.recv(65536):
            time.sleep(0.05)    # it has ended: the service is going

    def close(self):
        self.socket.close()


def canary_in(folder, *words):
    """(file, word) for each file below folder that holds one of words, in whatever form a log or store would."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                data = file.read()
            found += [(name, word) for word in words if word.encode() in data]
    return found


def run(tests, make=None):
    """Runs functions that take (service, sandbox), or only what `make` gives; prints one line each."""
    failed, chosen = 0, sys.argv[1:]
    for one in tests:
        name = one.__name__.replace("_", " ")
        if chosen and not any(word in one.__name__ for word in chosen):
            continue
        try:
            with make() as given:
                one(*given)
            print("ok - " + name, flush=True)
        except Exception:
            failed += 1
            print(traceback.format_exc() + "not ok - " + name, flush=True)
    return 1 if failed else 0


@contextlib.contextmanager
def whole(start=True, sandbox_words=(), made=Whole, **settings):
    """(service, sandbox) in a temporary folder, stopped at the end."""
    folder = tempfile.mkdtemp(prefix="mk-whole-")
    sandbox = Sandbox(*sandbox_words)
    service = None
    try:
        service = made(folder, sandbox, **settings)
        if start:
            service.start()
        yield service, sandbox
    except Exception:
        if service and os.path.exists(os.path.join(folder, "log")):
            print(service.log()[-1500:])
        raise
    finally:
        if service and service.process and service.process.poll() is None:
            service.stop()
        sandbox.stop()
        shutil.rmtree(folder, ignore_errors=True)
