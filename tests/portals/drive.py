"""Drives one scenario of one utility: the program against its simulated portal, as a customer would answer it.

A row (README.md says what may stand in one) is run in one process, its answers written to a FIFO as the codes arrive on the
customer's phone, and once more parked at each challenge, each answer given to a new process. Waits are on what the portal
or the program says, never on time."""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))
LIMIT = 60
WAIT = 20            # seconds for a message to arrive
WRONG = "135790"     # never sent by a simulator
PARKS_AT_MOST = 12


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


class Portal:
    """One simulator in a process of its own, and the control of it."""

    def __init__(self, name, folder):
        self.name = name
        self.child = subprocess.Popen(["node", os.path.join(HERE, "serve.mjs"), "--dir", os.path.join(folder, "tls"), name],
                                      stdout=subprocess.PIPE, text=True, cwd=ROOT)
        line = self.child.stdout.readline()
        check(line.startswith("{"), "the portal %s did not start" % name)
        said = json.loads(line)
        self.tls, self.cacert, self.url = said["tls"], said["cacert"], "http://127.0.0.1:%d/%s/" % (said["control"], name)
        self.hosts = said["portals"][0]["hosts"]
        self.customers = {one["key"]: one for one in said["portals"][0]["customers"]}

    def ask(self, verb, body=None, **query):
        data = None if body is None else json.dumps(body).encode()
        url = self.url + verb + ("?" + urllib.parse.urlencode(query) if query else "")
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=LIMIT) as answer:
            return json.load(answer)

    def messages(self, user, least=0):
        wait = {"after": least - 1, "wait": WAIT} if least else {}
        return self.ask("phone", user=user, **wait)["messages"]

    def options(self):
        detours = [part for host in self.hosts for part in ("--connect-to", "%s:443:127.0.0.1:%d" % (host, self.tls))]
        return ["--cacert", self.cacert, *detours]

    def close(self):
        self.child.terminate()
        self.child.wait(LIMIT)
        self.child.stdout.close()


class Customer:
    """Answers a row's questions in order; knows which message on the phone it has not used yet."""

    def __init__(self, portal, user, asks):
        self.portal, self.user, self.asks, self.at, self.least = portal, user, asks, 0, 1

    def left(self):
        return self.at < len(self.asks)

    def decides(self):
        """Whether what is asked next is answered on the phone, not by a line."""
        return self.left() and self.asks[self.at]["answer"] in ("approve", "deny")

    def next(self):
        """The line to give, or None where the answer is given elsewhere (an approval)."""
        ask, self.at = self.asks[self.at], self.at + 1
        if ask.get("switch"):
            self.portal.ask("switch", ask["switch"])
        if ask["answer"] in ("code", "old code") or ask.get("kind") == "otp" and ask["answer"] != "wrong":
            self.portal.messages(self.user, self.least)    # it must have come before another is asked for, too
        return self.line(ask["answer"], ask.get("advance"))

    def line(self, answer, advance):
        if answer in ("approve", "deny"):
            self.portal.messages(self.user, self.least)
            self.portal.ask("decide", {"user": self.user, "decision": answer})
            return None
        if advance:
            self.portal.ask("advance", {"seconds": advance})
        if answer in ("code", "old code"):
            answer = self.portal.messages(self.user)[-1 if answer == "code" else -2]["code"]
        elif answer == "wrong":
            answer = WRONG
        elif answer == "totp":
            answer = self.portal.ask("totp", user=self.user)["code"]
        else:
            answer = {"resend": True} if answer == "resend" else answer
            if isinstance(answer, dict) and ("resend" in answer or "choice" in answer):
                self.least = len(self.portal.messages(self.user)) + 1
        return json.dumps(answer) + "\n"


class Run:
    """One row in one folder: credentials, key and what is kept stay from a first run to a second."""

    def __init__(self, portal, row, adapter):
        self.portal, self.row, self.adapter = portal, row, adapter
        self.folder = tempfile.mkdtemp(prefix="meterkey-portals-")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "LC_ALL": "C.UTF-8"}
        who = portal.customers.get(row["user"])
        check(who, "the portal has no customer '%s'" % row["user"])
        self.user = who["user"]
        given = {"username": who["user"], "password": row.get("password", who["password"]), **row.get("credentials", {})}
        self.credentials = self.write("credentials", json.dumps(given))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def close(self):
        shutil.rmtree(self.folder)

    def shared(self):
        modules = os.path.join(HERE, "modules") if self.adapter.endswith(".lua") else os.path.join(ROOT, "runtime")
        folders = ["--scripts", os.path.join(ROOT, "scripts"), "--runtime", modules]
        return [*folders, *self.portal.options(), *(["--mfa", self.row["mfa"]] if "mfa" in self.row else []),
                "--keep", os.path.join(self.folder, "keep")]

    def call(self, *args, feed=None):
        """(exit status, JSON on standard output or None, standard error)"""
        child = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, env=self.env, cwd=self.folder)
        feeder = threading.Thread(target=feed, daemon=True) if feed else None
        try:
            if feeder:
                feeder.start()
            out, err = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise Failed("did not end within %d s\n%s" % (LIMIT, err[-2000:])) from None
        return child.returncode, json.loads(out) if out.startswith("{") else None, err

    def begin(self, keep=False):
        self.portal.ask("reset", {"switches": self.row.get("switches", {}), "keep": keep})
        self.sent = len(self.portal.messages(self.user))

    def fed(self, asks, *command):
        """One process; each answer goes into a FIFO when there is something to answer."""
        customer = Customer(self.portal, self.user, asks)
        customer.least += self.sent
        fifo = os.path.join(self.folder, "answers")
        if os.path.exists(fifo):
            os.unlink(fifo)
        os.mkfifo(fifo)

        def feed():
            try:
                with open(fifo, "w", encoding="utf-8", buffering=1) as out:
                    while customer.left():
                        line = customer.next()
                        if line:
                            out.write(line)
            except (OSError, IndexError):
                pass    # the run was over before it was answered: its outcome tells

        done = self.call(*command, "--credentials", self.credentials, "--answers", fifo, *self.shared(), feed=feed)
        self.unblock(fifo)
        return done

    @staticmethod
    def unblock(fifo):
        """A run that asked nothing never opened it for reading, and the feeder would wait for ever."""
        try:
            os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            pass

    def in_one_process(self, asks):
        command = ["run", self.adapter, "--json"]
        if not asks:
            return self.call(*command, "--credentials", self.credentials, *self.shared())
        return self.fed(asks, *command)

    def parked(self, asks):
        customer = Customer(self.portal, self.user, asks)
        customer.least += self.sent
        path = os.path.join(self.folder, "parked-0")
        done = self.call("run", self.adapter, "--json", "--credentials", self.credentials, "--park", path, *self.shared())
        for number in range(1, PARKS_AT_MOST):
            if done[0] != 20:
                break
            check(customer.left(), "asks more than expected: %s" % json.dumps(done[1]))
            expect_challenge(asks[customer.at], done[1]["challenge"])
            answers = self.write("answer", customer.next() or "")
            path, before = os.path.join(self.folder, "parked-%d" % number), path
            meanwhile = customer.next if customer.decides() else None    # a process with answers polls on and does not park
            done = self.call("resume", before, "--json", "--answers", answers, "--park", path, *self.resumed(), feed=meanwhile)
        check(not customer.left(), "ended before it was asked %s\n%s" % (json.dumps(asks[customer.at:]), text_of(done)))
        return done

    def resumed(self):
        return [*self.portal.options(), "--keep", os.path.join(self.folder, "keep")]

    def judge(self, row, meters, done):
        try:
            self.compare(row, meters, done)
        except Failed as problem:
            raise Failed("%s\nthe portal: faults %s, last requests %s" % (problem, json.dumps(self.portal.ask("faults")["faults"][:4]),
                                                                         json.dumps(self.portal.ask("requests")["requests"][-4:]))) from None

    def compare(self, row, meters, done):
        status, said, _ = done
        check(said is not None, "no JSON\n" + text_of(done))
        if "error" in row:
            check(said.get("error", {}).get("code") == row["error"], "%s expected\n%s" % (row["error"], text_of(done)))
            words = said["error"]["message"] + " " + json.dumps(said["error"].get("help", {}), ensure_ascii=False)
            check(row.get("says", "") in words, "it does not say %r\n%s" % (row.get("says"), text_of(done)))
        else:
            check(status == 0 and "meters" in said, "meters expected\n" + text_of(done))
            expect_meters(meters[row["meters"]], said["meters"])
        faults = self.portal.ask("faults")["faults"]
        expected = row.get("faults", [])
        check([f for f in faults if not any(e in f for e in expected)] == [], "faults: %s\n%s" % (json.dumps(faults, indent=1), text_of(done)))
        sent = len(self.portal.messages(self.user)) - self.sent
        most = row.get("sent", 0 if row.get("error") == "mfa.must_be_off" else None)
        check(most is None or sent == most, "%d codes were sent, %s expected" % (sent, most))


def text_of(done):
    """What came, without the long evidence."""
    said = done[1]
    if said and "error" in said:
        said = {**said, "error": {**said["error"], "evidence": {k: v for k, v in said["error"].get("evidence", {}).items() if k != "tried"}}}
    return "exit %s: %s\n%s" % (done[0], json.dumps(said, ensure_ascii=False)[:1500], done[2][-1500:])


def expect_challenge(ask, challenge):
    shown = {**challenge, "choices": [one["id"] for one in challenge.get("choices", [])]}
    for key in ("kind", "medium", "display_code", "choices"):
        check(key not in ask or shown.get(key) == ask[key], "%s %r asked, %r expected: %s" %
              (key, shown.get(key), ask.get(key), json.dumps(challenge)))
    may = challenge.get("resend", {}).get("allowed")
    check(ask.get("resend", may) == may, "resend allowed: %s, %s expected" % (may, ask.get("resend")))


def agree(want, got):
    """"<any>" stands for what differs from run to run."""
    return all(set(w) == set(g) and all(w[k] in ("<any>", g[k]) for k in w) for w, g in zip(want, got)) and len(want) == len(got)


def expect_meters(want, got):
    if agree(want, got):
        return
    lines = ["meters differ: %d, expected %d" % (len(got), len(want))]
    for i in range(max(len(want), len(got))):
        a, b = (json.dumps(x[i], sort_keys=True) if i < len(x) else "-" for x in (want, got))
        if a != b:
            lines += ["expected %s" % a, "got      %s" % b]
    raise Failed("\n".join(lines))


def needs_parking(asks):
    """What happens between question and answer can be timed only where the process has ended at the question."""
    return any("advance" in ask or "switch" in ask for ask in asks)


def play(portal, row, meters, adapter):
    """Runs a row in each way that it can be run; raises Failed."""
    asks = row.get("asks", [])
    ways = (["parked"] if needs_parking(asks) else ["in_one_process", "parked"]) if asks else ["in_one_process"]
    for way in ways:
        run = Run(portal, row, adapter)
        try:
            run.begin()
            run.judge(row, meters, getattr(run, way)(asks))
            if "twice" in row:
                again = {**row, "asks": [], **row["twice"]}
                run.begin(keep=True)
                run.judge(again, meters, getattr(run, way)(again["asks"]))
        except Failed as problem:
            raise Failed("%s: %s" % (way.replace("_", " "), problem)) from None
        finally:
            run.close()


def record(portal, row, adapter, case, scripts):
    """Records a row as scripts/cases/<id>/<case>.json."""
    run = Run(portal, row, adapter)
    try:
        run.begin()
        command = ["record", adapter, case]
        done = run.fed(row["asks"], *command) if row.get("asks") else run.call(*command, "--credentials", run.credentials, *run.shared())
        check(done[0] != 1 and done[0] != 2 and "nothing was kept" not in done[2], "not recorded: " + text_of(done))
        made = os.path.join(scripts, "cases", adapter, case + ".json")
        check(os.path.exists(made), "no case was written: " + text_of(done))
    finally:
        run.close()
