#!/usr/bin/python3
"""Workers, driven by frames as the service drives them, against DEMO's portal. Prints one line a test."""
import http.server
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "harness"))
import ca
from portal import Portal
from worker import LIMIT, PROGRAM, ROOT, Worker, frame, version_of

DECLARED = "127.0.0.1:18102"     # where DEMO's adapter looks for its portal
PASSWORD = "fern-Lantern-41"


def check(holds, why):
    if not holds:
        raise AssertionError(why)


def same(got, want, what="value"):
    check(got == want, "%s is %r, expected %r" % (what, got, want))


class Bench:
    """DEMO's portal on a free port, and workers that are closed after each test."""

    def __init__(self):
        argv = [PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--quiet"]
        self.sandbox = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.url = self.sandbox.stdout.readline().strip().split(" ")[-1]
        self.hash, self.version = version_of(os.path.join(ROOT, "scripts", "utilities", "demo.lua"))
        self.workers, self.count = [], 0

    def bare(self, *args, files=None):
        worker = Worker(*args, files=files)
        self.workers.append(worker)
        worker.ready = worker.wait(**{"is": "ready"})[0]
        return worker

    def worker(self, version=True, files=None, **settings):
        worker = self.bare(files=files)
        worker.send({"do": "settings", "allow_origins": ["http://" + DECLARED],
                     "connect_to": [DECLARED + ":" + self.url[7:]], **settings})
        if version:
            worker.send({"do": "version", "hash": self.hash}, self.version)
        return worker

    def start(self, worker, scenario, id=None, password=PASSWORD, **more):
        self.count += 1
        id = id or "s%d" % self.count
        worker.user = "%s-worker%d" % (scenario, self.count)
        worker.send({"do": "start", "id": id, "version": self.hash, "human": True, "mfa": None, "keep": None,
                     "credentials": {"username": worker.user, "password": password}, **more})
        return id

    def phone(self, user, wait=True):
        """What was sent to the customer, the newest first."""
        url = "%s/phone.json?user=%s%s" % (self.url, user, "&wait=20" if wait else "")
        with urllib.request.urlopen(url, timeout=LIMIT) as page:
            return json.load(page)["messages"]

    def code(self, user):
        return self.phone(user)[0]["code"]

    def tidy(self):
        for worker in self.workers:
            worker.socket.close()
            worker.process.kill()
            worker.process.wait(LIMIT)
        self.workers = []


TESTS = []
test = TESTS.append


@test
def a_sign_in_without_a_second_factor(b):
    w = b.worker()
    heads = w.drive(b.start(w, "residential"))
    same([h["is"] for h in heads], ["intent", "progress", "intent", "end"], "messages")
    same(heads[0]["intents"], ["credentials"], "the password's intent")
    check("Signed in" in heads[1]["text"], "what people read once it is signed in")
    same(heads[2]["intents"], ["other"], "the intent of the sign-out")
    end = heads[-1]
    same(end["result"]["utility"], "demo", "utility")
    same(end["result"]["version"], b.hash, "version")
    same(len(end["result"]["meters"]), 1, "meters")
    same(end["intents"], ["credentials"], "what may have left")


@test
def a_wrong_code_then_the_right_one(b):
    w = b.worker()
    id = b.start(w, "mfa_sms")
    asked = []

    def answer(challenge):
        asked.append(challenge)
        return "000000" if len(asked) == 1 else b.code(w.user)
    heads = w.drive(id, answer)
    questions = [h for h in heads if h["is"] == "challenge"]
    same([q["again"] for q in questions], [False, True], "asked again")
    check("message" in questions[1]["challenge"], "the portal's words are missing")
    intents = [(h["intents"], h.get("challenge")) for h in heads if h["is"] == "intent"]
    same(intents[1], (["answer"], asked[0]["id"]), "the answer's intent")
    same(len(heads[-1]["result"]["meters"]), 1, "meters")
    same(heads[-1]["intents"], ["credentials", "answer"], "what may have left")


@test
def goes_on_in_another_worker(b):
    first, second = b.worker(), b.worker(version=False)
    id = b.start(first, "mfa_sms")
    challenge, parked = first.drive(id)[-1], first.blob
    check(len(parked) > 1000, "nothing is parked")
    first.send({"do": "forget", "id": id})
    first.answer(id, challenge["challenge"], "1")
    same(first.read()[0], {"is": "gone", "id": id}, "what a forgotten session says")
    second.send({"do": "resume", "id": id, "version": b.hash, "human": True, "challenge": challenge["challenge"]["id"],
                 "answer": b.code(first.user)}, parked)
    heads = second.drive(id)
    same([h["is"] for h in heads], ["intent", "progress", "intent", "end"], "messages")
    same(heads[0]["intents"], ["answer"], "the first intent")
    same(len(heads[-1]["result"]["meters"]), 1, "meters")
    same(len(b.phone(first.user)), 1, "codes sent")


@test
def resumed_without_an_answer_asks_again(b):
    first, second = b.worker(), b.worker(version=False)
    id = b.start(first, "mfa_sms")
    challenge, parked = first.drive(id)[-1], first.blob
    second.send({"do": "resume", "id": id, "version": b.hash, "human": True}, parked)
    same(second.drive(id)[-1]["challenge"]["id"], challenge["challenge"]["id"], "the challenge")
    second.answer(id, challenge["challenge"], b.code(first.user))
    heads = second.drive(id)
    same(len(heads[-1]["result"]["meters"]), 1, "meters")


@test
def resumed_for_another_question_refuses(b):
    first, second = b.worker(), b.worker(version=False)
    id = b.start(first, "mfa_sms")
    first.drive(id)
    second.send({"do": "resume", "id": id, "version": b.hash, "human": True, "challenge": "another", "answer": "4"},
                first.blob)
    head = second.wait(id=id)[0]
    same(head["is"], "challenge", "first message")
    refused = second.wait(id=id)[0]
    same((refused["is"], refused["challenge"]), ("refused", "another"), "second message")
    check("question" in refused["why"], refused["why"])


@test
def nothing_leaves_before_its_intent_is_committed(b):
    w = b.worker()
    id = b.start(w, "mfa_sms")
    same(w.wait(id=id)[0]["is"], "intent", "first message")
    # Another session runs from its beginning to its end meanwhile: this one had all the time it would need.
    w.drive(b.start(w, "residential"))
    user = "mfa_sms-worker%d" % (b.count - 1)
    same(b.phone(user, wait=False), [], "what was sent to the customer")
    check(not w.queue, "it went on: %r" % [h for h, _ in w.queue])
    w.send({"do": "intent_done", "id": id})
    same(w.drive(id)[-1]["is"], "challenge", "message after the commit")
    same(len(b.phone(user)), 1, "codes sent")


@test
def an_answer_that_cannot_be_one(b):
    w = b.worker()
    id = b.start(w, "mfa_sms")
    asked = w.drive(id)[-1]["challenge"]
    for answer, why in ((17, "string"), ({"choice": "x"}, "choose"), ({"fields": {"a": "b"}}, "no fields"),
                        ("x" * 600, "512"), (None, "string")):
        w.answer(id, asked, answer)
        head = w.wait(id=id)[0]
        same((head["is"], head["challenge"]), ("refused", asked["id"]), "message")
        check(why in head["why"], head["why"])
    w.answer(id, {"id": "another"}, "424242")
    same(w.wait(id=id)[0]["is"], "refused", "an answer to another question")
    w.answer(id, asked, b.code(w.user))
    check("meters" in w.drive(id)[-1]["result"], "the question did not stand")


@test
def cancelled(b):
    w = b.worker()
    id = b.start(w, "mfa_sms")
    w.drive(id)
    w.send({"do": "cancel", "id": id})
    end = w.drive(id)[-1]
    same(end["result"]["error"]["code"], "engine.cancelled", "code")
    w.send({"do": "cancel", "id": id})
    same(w.read()[0], {"is": "gone", "id": id}, "the second time")
    id = b.start(w, "mfa_sms")
    same(w.wait(id=id)[0]["is"], "intent", "message")
    w.send({"do": "cancel", "id": id})
    same(w.drive(id)[-1]["result"]["error"]["code"], "engine.cancelled", "code before the commit")


@test
def a_wrong_password(b):
    w = b.worker()
    end = w.drive(b.start(w, "residential", password="wrong"))[-1]
    same(end["result"]["error"]["code"], "auth.credentials", "code")
    same(end["intents"], ["credentials"], "what may have left")


@test
def what_cannot_begin_ends(b):
    w = b.worker()
    w.send({"do": "start", "id": "x", "version": "0000000000000000", "credentials": {}})
    same(w.wait(id="x")[0]["result"]["error"]["code"], "engine.internal", "of an unknown version")
    w.send({"do": "start", "id": "y", "version": b.hash, "credentials": {"username": "a"}})
    head = w.wait(id="y")[0]
    check("password" in head["result"]["error"]["message"], head)
    same(head["result"]["utility"], "demo", "utility")
    w.send({"do": "resume", "id": "z", "version": b.hash}, b"nothing that was parked")
    same(w.wait(id="z")[0]["result"]["error"]["code"], "engine.internal", "of broken bytes")
    w.send({"do": "version", "hash": "1" * 16}, b"no version")
    w.send({"do": "start", "id": "v", "version": "1" * 16, "credentials": {}})
    check("not that version" in w.wait(id="v")[0]["result"]["error"]["message"], "of a version that cannot be loaded")
    w.send({"do": "forget", "id": "nobody"})
    check("meters" in w.drive(b.start(w, "residential"))[-1]["result"], "it does not go on")


@test
def many_at_once(b):
    w = b.worker(files=100)
    waiting, ends, users = {}, {}, {}
    for _ in range(200):
        id = b.start(w, "mfa_sms")
        users[id] = w.user
    while len(ends) < len(users):
        head, _ = w.read()
        if head["is"] == "intent":
            w.send({"do": "intent_done", "id": head["id"]})
        elif head["is"] == "challenge":
            waiting[head["id"]] = head["challenge"]
            if len(waiting) == len(users):  # all of them wait, each with its connection
                for id, challenge in waiting.items():
                    w.answer(id, challenge, b.code(users[id]))
        elif head["is"] == "end":
            check("meters" in head["result"], head)
            ends[head["id"]] = head


@test
def comes_back_into_the_same_worker(b):
    w = b.worker()
    id = b.start(w, "mfa_sms")
    challenge, parked = w.drive(id)[-1]["challenge"], w.blob
    w.send({"do": "forget", "id": id})
    w.send({"do": "resume", "id": id, "version": b.hash, "human": True, "challenge": challenge["id"],
            "answer": b.code(w.user)}, parked)
    check("meters" in w.drive(id)[-1]["result"], "it does not go on")


@test
def broken_frames_end_the_worker(b):
    for data, why in ((b"\xff\xff\xff\xff\x00\x00\x00\x00", "longer"), (b"\x02\x00\x00\x00ab", "read"),
                      (b"\x08\x00\x00\x00\x09\x00\x00\x00{}{}", "read"),
                      (b"\x06\x00\x00\x00\x02\x00\x00\x00[]", "read"),
                      (frame({"do": "dance"}), "dance"), (frame({"is": "nothing"}), "nothing that can be done"),
                      (frame({"do": "start", "id": "x"}), "settings")):
        w = b.bare()
        w.raw(data)
        status, text = w.ended()
        same(status, 1, "exit status after %r" % data)
        check(text.startswith("meterkey worker: ") and why in text, "standard error: %r" % text)
        same(text.count("\n"), 1, "lines on standard error")
    w = b.worker()
    id = b.start(w, "mfa_sms")
    w.drive(id)
    b.start(w, "mfa_sms", id=id)
    same(w.ended()[0], 1, "exit status after a second session of that name")
    for settings in ({"limits": {"beer": 3}}, {"limits": {"requests": "3"}}, {"connect_to": "x"},
                     {"allow_origins": [3]}, {"allow_origins": ["no origin"]}):
        same(b.worker(version=False, **settings).ended()[0], 1, "exit status after %r" % settings)


@test
def is_not_for_people(_):
    done = subprocess.run([PROGRAM, "worker"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    same(done.returncode, 1, "exit status without a socket")
    check("meterkey serve" in done.stderr, done.stderr)
    done = subprocess.run([PROGRAM, "worker", "--help"], capture_output=True, text=True, timeout=LIMIT)
    check("Not meant for people" in done.stdout, done.stdout)
    for args in (["help"], ["help", "--man"], ["help", "--markdown"], ["help", "--completion", "bash"]):
        done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=LIMIT)
        check("meterkey worker" not in done.stdout and "Cm worker" not in done.stdout and "worker)" not in done.stdout, args)


@test
def ends_with_its_socket(b):
    w = b.worker()
    b.start(w, "mfa_sms")
    w.wait(**{"is": "intent"})
    same(w.close(), (0, ""), "end of a worker whose socket was closed")
    w = b.worker()
    w.drive(b.start(w, "mfa_sms"))
    w.send({"do": "stop"})
    same(w.ended(), (0, ""), "end of a worker that was stopped")


# --- portals of our own ------------------------------------------------------------------

ADAPTER = """
return { api = 1, id = "example", name = "Example", portal = "%(at)swww.example.test/",
  hosts = { "%(at)swww.example.test" }, services = { "electric" }, evidence = "modelled",
  sign_in = function(s) %(sign_in)s end,
  meters = function(s) return { { account = "100-1", name = s.name, service = "electric" } } end }
"""
READS = """s:post("/login", { form = { p = s.credentials.password } }) s.name = s:get("/home"):one("#home"):text()
  assert(require("meterkey.regex").match("meter 417-X", "(?i)[0-9]{3}-x"), "regular expressions")"""
ASKS = """s:post("/login", { form = { p = s.credentials.password } })
  s:ask({ kind = "otp", prompt = "Code" }, function(code) return s:post("/mfa", { form = { c = code } }) end)"""
TOKYO = "\u6771\u4eac"


def adapter(sign_in, at="https://"):
    return ADAPTER % {"sign_in": sign_in, "at": at}


def made(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def begin(worker, hash, id="x"):
    worker.send({"do": "start", "id": id, "version": hash, "human": True,
                 "credentials": {"username": "ada@example.test", "password": PASSWORD}})
    return id


@test
def over_tls_with_a_page_in_another_character_set(b):
    page = b'<main id="home">%s</main>' % TOKYO.encode("shift_jis")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=Shift_JIS\r\nContent-Length: %d\r\n\r\n"
    raw = head % len(page) + page
    routes = "POST /login -> 200 html :: in\nGET /home -> 200 raw :: %s\n" % "".join("\\x%02x" % c for c in raw)
    with tempfile.TemporaryDirectory() as folder:
        authority, cert, key = ca.pair(folder)
        portal = Portal(routes, cert, key).start()
        hash, version = version_of(made(folder, "example.lua", adapter(READS)))
        settings = {"do": "settings", "cacert": authority, "allow_origins": ["https://www.example.test"],
                    "connect_to": ["www.example.test:443:localhost:%d" % portal.tls_port]}
        w = b.bare("--cacert", authority)
        w.send(settings)
        w.send({"do": "version", "hash": hash}, version)
        end = w.drive(begin(w, hash))[-1]
        portal.stop()
        same(end["result"].get("error"), None, "error")
        same(end["result"]["meters"][0]["name"], TOKYO, "what the page said")
        sealed = b.bare()
        sealed.send(settings)
        status, text = sealed.ended()
        same(status, 1, "exit status with certificates that it was not started with")
        check("network settings" in text, text)


@test
def is_sealed_off(b):
    w = b.worker()
    check(w.ready["landlock"] >= 1 and w.ready["seccomp"] is True, w.ready)
    with open("/proc/%d/status" % w.process.pid) as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines())
    same((status["NoNewPrivs"].strip(), status["Seccomp"].strip()), ("1", "2"), "what the kernel says")


class Keeps(http.server.BaseHTTPRequestHandler):
    """Answers everything, keeps connections, tells when one was closed."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def finish(self):
        super().finish()
        self.server.closed.set()

    def log_message(self, *_):
        pass


@test
def a_session_that_waits_is_dropped_and_comes_back(b):
    with tempfile.TemporaryDirectory() as folder, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeps) as portal:
        portal.paths, portal.closed, portal.daemon_threads = [], threading.Event(), True
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        hash, version = version_of(made(folder, "example.lua", adapter(ASKS, at="http://")))
        w = b.bare()
        w.send({"do": "settings", "allow_origins": ["http://www.example.test"], "limits": {"drop_ms": 1500},
                "connect_to": ["www.example.test:80:127.0.0.1:%d" % portal.server_port]})
        w.send({"do": "version", "hash": hash}, version)
        id = begin(w, hash)
        challenge = w.drive(id)[-1]
        check(challenge["is"] == "challenge", challenge)
        check(not portal.closed.is_set(), "it was dropped at once")
        check(portal.closed.wait(LIMIT), "its connections stay open")
        w.answer(id, challenge["challenge"], "424242")
        end = w.drive(id)[-1]
        check("meters" in end["result"], end)
        same(portal.paths, ["/login", "/mfa"], "requests")
        portal.shutdown()


@test
def the_version_used_longest_ago_goes(b):
    with tempfile.TemporaryDirectory() as folder:
        versions = [version_of(made(folder, "example.lua", adapter("s.number = %d" % i))) for i in range(65)]
        w = b.worker(version=False)
        for hash, data in versions[:64]:
            w.send({"do": "version", "hash": hash}, data)
        w.send({"do": "version", "hash": versions[0][0]}, versions[0][1])
        w.send({"do": "version", "hash": versions[64][0]}, versions[64][1])
        for i, gone in ((0, False), (1, True), (2, False), (64, False)):
            end = w.drive(begin(w, versions[i][0], "v%d" % i))[-1]
            same("not that version" in json.dumps(end), gone, "version %d is gone" % i)


@test
def a_version_under_another_name(b):
    w = b.worker(version=False)
    w.send({"do": "version", "hash": "0" * 16}, b.version)
    same(w.ended()[0], 1, "exit status")


@test
def log_and_progress_arrive_whatever_their_bytes(b):
    script = """require("meterkey.log").warn("warn \\xff") s:progress("\\xe4h") s:fail("adapter.parse", "no \\xff")"""
    with tempfile.TemporaryDirectory() as folder:
        hash, version = version_of(made(folder, "example.lua", adapter(script)))
        w = b.worker(version=False)
        w.send({"do": "version", "hash": hash}, version)
        heads = w.drive(begin(w, hash))
        same([h["is"] for h in heads], ["log", "progress", "end"], "messages")
        check(heads[0]["text"].startswith("warn \ufffd") and heads[0]["level"] == "warn", heads[0])
        same(heads[1]["text"], "\ufffdh", "progress")
        same(heads[2]["result"]["error"]["code"], "adapter.parse", "code")
        check("no \ufffd" in heads[2]["result"]["error"]["message"], heads[2])


@test
def a_script_without_end(b):
    with tempfile.TemporaryDirectory() as folder:
        hash, version = version_of(made(folder, "example.lua", adapter("while true do end")))
        w = b.worker()
        w.send({"do": "version", "hash": hash}, version)
        other = b.start(w, "residential")
        same(w.drive(begin(w, hash))[-1]["result"]["error"]["code"], "policy.budget", "code")
        check("meters" in w.drive(other)[-1]["result"], "the other session came to harm")


@test
def whoever_does_not_read_is_not_read(b):
    w = b.worker(version=False)
    big, count, sent = frame({"do": "cancel", "id": "x" * (1 << 20)}), 80, 0
    data = big * count
    w.socket.setblocking(False)
    while sent < len(data) and select.select([], [w.socket], [], 1)[1]:
        sent += w.socket.send(data[sent:sent + (1 << 20)])
    check(60 << 20 < sent < 80 << 20, "%d bytes were taken" % sent)
    w.socket.setblocking(True)
    feeder = threading.Thread(target=w.raw, args=(data[sent:],), daemon=True)
    feeder.start()
    for _ in range(count):
        same(w.read()[0]["is"], "gone", "message")
    feeder.join(LIMIT)


def main():
    b = Bench()
    failed = 0
    for run in TESTS:
        if len(sys.argv) > 1 and sys.argv[1] not in run.__name__:
            continue
        name = run.__name__.replace("_", " ")
        try:
            run(b)
            print("ok - " + name, flush=True)
        except Exception:
            failed += 1
            print(traceback.format_exc() + "not ok - " + name, flush=True)
        b.tidy()
    b.sandbox.terminate()
    b.sandbox.wait(LIMIT)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
