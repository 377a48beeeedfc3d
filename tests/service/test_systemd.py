#!/usr/bin/python3
"""The package under a running systemd: its units' own confinement, the watchdog, the socket, the key as a credential, the journal.

As root on a kernel with cgroups of version 2 it makes itself a machine (machine.py). `--here` tries it on this one, which should be one
to throw away: it installs and purges the package."""
import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import deb
import whole
from machine import Machine
from test_restart import ASKED, Client
from whole import ROOT, Customer, Sandbox, check, same

STATE = "/var/lib/meterkey"
CONFIG = "/etc/meterkey/config.lua"
DROP_IN = "/etc/systemd/system/meterkey.service.d"
PORT = 8080


def shell(text, limit=60):
    done = subprocess.run(["sh", "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=limit,
                          check=False, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8"))
    check(done.returncode == 0, "%s\n%s" % (text, done.stdout))
    return done.stdout


def shown(name, unit="meterkey.service"):
    return shell("systemctl show --value -p %s %s" % (name, unit)).strip()


def journal(*words):
    shell("journalctl --sync")
    return [json.loads(line) for line in shell("journalctl -u meterkey.service -o json --no-pager %s" % " ".join(words)).splitlines()]


def until(holds, what, seconds=20):
    limit = time.monotonic() + seconds
    while not (found := holds()):
        check(time.monotonic() < limit, "%s; %s" % (what, shell("systemctl status meterkey.service meterkey.socket --no-pager -l || true")))
        time.sleep(0.1)
    return found


class Installed(whole.Whole):
    """What the package installed, as customers and programs see it."""

    def __init__(self, sandbox):
        self.folder, self.port, self.sandbox, self.connection = STATE, PORT, sandbox, None
        self.store = "sqlite:" + STATE + "/meterkey.db"

    def cli(self, *words, text=""):
        done = subprocess.run(["runuser", "-u", "meterkey", "--", "meterkey", *words, "--config", CONFIG], input=text, capture_output=True, text=True,
                              timeout=60, check=False)
        check(done.returncode == 0, (words, done.stderr))
        return done.stdout.strip()

    def sql(self, text, *values):
        """Rows; as the service's user, whose files they stay."""
        program = ("import json, sqlite3, sys; db = sqlite3.connect('%s/meterkey.db', timeout=20); "
                   "print(json.dumps(db.execute(sys.argv[1], json.loads(sys.argv[2])).fetchall()))" % STATE)
        return json.loads(subprocess.run(["runuser", "-u", "meterkey", "--", "/usr/bin/python3", "-c", program, text, json.dumps(values)], check=True,
                                         stdout=subprocess.PIPE, timeout=60).stdout)

    def until_ready(self):
        until(lambda: self.request("GET", "/readyz").status == 200, "no worker is ready")
        until(lambda: any(one["id"] == "demo" for one in self.api("GET", "/adapters")["adapters"]) if hasattr(self, "token") else True, "no adapter")

    def waiting(self):
        """A customer at the question for a code."""
        customer = self.customer("mfa_sms")
        customer.submit()
        return customer, customer.until("code", seconds=20)["challenge"]

    def answered(self, customer, challenge):
        customer.answer(challenge, {"a.answer": self.sandbox.code(customer.user)})
        customer.done()


def settings(text):
    with open(CONFIG, encoding="utf-8") as file:
        old = file.read()
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text(old))


def drop_in(name, text):
    os.makedirs(DROP_IN, exist_ok=True)
    with open(os.path.join(DROP_IN, name), "w", encoding="utf-8") as file:
        file.write("[Service]\n" + text)
    shell("systemctl daemon-reload")


@contextlib.contextmanager
def asking(count=3):
    """Clients that ask all the while; each request has to be answered."""
    clients = [Client(PORT, ASKED, 0.05) for _ in range(count)]
    for client in clients:
        client.start()
        client.next(1)
    yield clients
    for client in clients:
        client.next(2)
        client.over = True
    for client in clients:
        client.join()
        same(client.failures[:3], [], "requests that failed")


def installed(service, package):
    """Installed, the units run: ready, as their own user, workers sealed off inside the unit's own confinement"""
    shell("dpkg -i --force-depends %s" % package)
    same(shell("systemctl is-active meterkey.service meterkey.socket; systemctl is-enabled meterkey.service meterkey.socket").split(),
         ["active", "active", "enabled", "enabled"], "units")
    same(shown("StatusText"), "at http://127.0.0.1:%d" % PORT, "status")
    main = int(shown("MainPID"))
    ready = until(lambda: [one["MESSAGE"] for one in journal() if "is ready (landlock" in one["MESSAGE"]], "workers")
    check(re.search(r"landlock [1-9]\d*, seccomp yes", ready[0]), ready)
    workers = [int(pid) for pid in shell("pgrep -P %d -f '^meterkey worker'" % main).split()]  # not those that try an adapter, soon gone
    for pid in [main, *workers]:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            of = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        same((of["CapEff"], of["CapBnd"], of["NoNewPrivs"], of["Seccomp"]), ("0" * 16, "0" * 16, "1", "2"), "status of %d" % pid)
        same(of["Uid"].split()[0], shell("id -u meterkey").strip(), "user")
    with open("/proc/%d/mountinfo" % main, encoding="utf-8") as file:
        mounts = {line.split()[4]: line.split()[5].split(",")[0] for line in file}
    same((mounts["/"], mounts[STATE]), ("ro", "rw"), "what may be written")


def signs_in(service, _):
    """A customer signs in there: the network, names, certificates and files that this takes are allowed"""
    shell("install -d -o meterkey %s/adapters/utilities %s/adapters/cases" % (STATE, STATE))
    shell("cp /usr/share/meterkey/scripts/utilities/demo.lua %s/adapters/utilities/; cp -r /usr/share/meterkey/scripts/cases/demo %s/adapters/cases/" % (STATE, STATE))
    settings(lambda old: old.replace("return {", 'return { workers = 2, scripts = "%s/adapters", allow_origins = { "http://%s" }, utility_per_minute = 100000,\n'
                                     '  trust_proxy = true, connections_per_address = 1000,' % (STATE, whole.DECLARED)))
    shell("systemctl restart meterkey.service")
    service.token = service.team("Whole")
    service.until_ready()
    customer, challenge = service.waiting()
    service.answered(customer, challenge)


def restarts(service, _):
    """Restarted three times: every request is answered, and who waits at a question goes on"""
    customer, challenge = service.waiting()
    with asking() as clients:
        for _ in range(3):
            shell("systemctl restart meterkey.service")
            for client in clients:
                client.next(2)
    service.until_ready()
    service.answered(customer, challenge)


def killed(service, _):
    """Killed, it is back by itself and who waits goes on"""
    customer, challenge = service.waiting()
    before = shown("MainPID")
    shell("systemctl kill -s KILL --kill-who=main meterkey.service")
    until(lambda: shown("MainPID") not in (before, "0") and shown("ActiveState") == "active", "it is not back")
    service.connection = None
    service.until_ready()
    service.answered(customer, challenge)


def hangs(service, _):
    """A service that hangs is ended by the watchdog and begun anew; what was asked meanwhile is answered"""
    drop_in("watchdog.conf", "WatchdogSec=3s\n")
    shell("systemctl restart meterkey.service")
    before, restarted = shown("MainPID"), int(shown("NRestarts"))
    os.kill(int(before), 19)
    with asking(1):
        until(lambda: shown("MainPID") not in (before, "0") and shown("ActiveState") == "active", "it is not begun anew")
    same(int(shown("NRestarts")), restarted + 1, "restarts")
    check(any("watchdog" in one["MESSAGE"].lower() for one in journal()), "the journal says nothing of the watchdog")
    time.sleep(4)  # a sound one is left alone
    same(int(shown("NRestarts")), restarted + 1, "restarts")


def mistaken(service, _):
    """A mistake in the settings is told in the journal; once mended the service comes by itself and answers what waited"""
    settings(lambda old: old.replace("return {", 'return { wrokers = 1,', 1))
    shell("systemctl restart meterkey.service || true")
    answers = []

    def ask():
        link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        link.request("GET", "/healthz")
        answers.append(link.getresponse().status)
    waits = threading.Thread(target=ask, daemon=True)
    waits.start()
    restarted = int(shown("NRestarts"))
    until(lambda: int(shown("NRestarts")) >= restarted + 6, "it is not tried again", 40)
    check(any("there is no setting 'wrokers'" in one["MESSAGE"] for one in journal()), "the journal does not tell")
    same(shown("ActiveState", "meterkey.socket"), "active", "the socket")
    settings(lambda old: old.replace("wrokers = 1,", ""))
    waits.join(20)
    same(answers, [200], "who waited")


def credential(service, _):
    """The master key as a credential of systemd: root's file alone, and what it sealed is opened"""
    customer, challenge = service.waiting()
    shell("install -d -m 700 /etc/credstore && mv %s/master.key /etc/credstore/meterkey.key && chown root: /etc/credstore/meterkey.key" % STATE)
    settings(lambda old: re.sub(r"(?m)^  key = .*\n", "", old))
    drop_in("credential.conf", "LoadCredential=meterkey.key:/etc/credstore/meterkey.key\n")
    shell("systemctl restart meterkey.service")
    service.until_ready()
    service.answered(customer, challenge)
    check(not any(name.endswith(".key") for name in os.listdir(STATE)), os.listdir(STATE))


def journaled(service, _):
    """The journal knows how grave each line is; a reload is told"""
    shell("systemctl reload meterkey.service")
    lines = journal()
    grave = {(level, one["PRIORITY"]) for one in lines for level in re.findall(r"^[\d-]+T[\d:.]+Z (\w+) ", one["MESSAGE"])}
    check({("info", "6"), ("warn", "4")} <= grave <= {("debug", "7"), ("info", "6"), ("warn", "4"), ("error", "3")}, grave)
    check(not any(one["MESSAGE"].startswith("<") for one in lines), "a prefix is shown")
    check(not [one for one in lines if whole.PASSWORD in one["MESSAGE"]], "a password is in the journal")


def steps(n):
    """The n-th block of docs/operators.md that is for the package, as written."""
    with open(os.path.join(ROOT, "docs", "operators.md"), encoding="utf-8") as file:
        return "set -e\n" + re.findall(r"^```sh package\n(.*?)^```", file.read(), re.M | re.S)[n]


def restored(service, _):
    """A copy and the way back as the page says: who waited when it was made goes on, and what came later is gone"""
    customer, challenge = service.waiting()
    shell(steps(0))
    later = service.customer("mfa_sms")
    shell(steps(1))
    service.connection = None
    service.until_ready()
    same(service.sql("SELECT count(*) FROM forms WHERE uid = ?", later.form["uid"]), [[0]], "what came later")
    service.answered(customer, challenge)


LATER = """ALTER TABLE forms ADD COLUMN later TEXT NOT NULL DEFAULT 'yes';
CREATE TABLE later (team TEXT NOT NULL, uid TEXT NOT NULL, PRIMARY KEY (team, uid));
"""


def later(package):
    """Beside the package: a version after it whose schema has one more step."""
    return os.path.join(os.path.dirname(package), "meterkey_99.0_%s.deb" % shell("dpkg --print-architecture").strip())


def upgraded(service, package):
    """Upgraded to a version with another schema while it serves: nothing asked or begun is lost, and a copy of the store before is kept"""
    before = service.sql("PRAGMA user_version")[0][0]
    people = [service.waiting() for _ in range(3)]
    with asking():
        shell("dpkg -i --force-depends --force-confold %s" % later(package))
    service.connection = None
    service.until_ready()
    same(service.sql("PRAGMA user_version")[0][0], before + 1, "schema")
    same(service.sql("SELECT DISTINCT later FROM forms"), [["yes"]], "the new column")
    for customer, challenge in people:
        service.answered(customer, challenge)
    kept = "%s/meterkey.db.schema-%d" % (STATE, before)
    same(shell("stat -c '%%U %%a' %s" % kept).strip(), "meterkey 600", "the copy")
    check(any(kept in one["MESSAGE"] and one["PRIORITY"] == "4" for one in journal()), "the journal does not tell of it")
    same(shell("runuser -u meterkey -- meterkey store check --store sqlite:" + kept).strip(), "sound", "the copy")


def downgraded(service, package):
    """The version before refuses the newer store in plain words, and serves from the copy that was kept"""
    shell("dpkg -i --force-depends --force-confold --force-downgrade %s" % package)
    until(lambda: any("install the newer one" in one["MESSAGE"] for one in journal()), "it does not tell")
    check("install the newer one" in shell("runuser -u meterkey -- meterkey doctor --config %s || true" % CONFIG), "doctor does not tell")
    shell(steps(2))
    service.connection = None
    service.until_ready()
    customer, challenge = service.waiting()
    service.answered(customer, challenge)


def removed(service, _):
    """Removed, port and processes are gone and the data stays; purged, it goes"""
    shell("dpkg -r meterkey")
    check(shell("pgrep -u meterkey || true") == "", "it runs on")
    with contextlib.suppress(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", PORT, timeout=5).connect()
        raise AssertionError("the port is open")
    shell("test -s %s/meterkey.db && dpkg -P meterkey && test ! -e %s && ! getent passwd meterkey" % (STATE, STATE))


TESTS = (installed, signs_in, restarts, killed, hangs, mistaken, credential, journaled, restored, upgraded, downgraded, removed)


def here(package):
    failed, sandbox, chosen = 0, Sandbox("--listen", whole.DECLARED), os.environ.get("ONLY", "").split()
    service = Installed(sandbox)
    try:
        for one in TESTS:
            if chosen and one.__name__ not in ("installed", "signs_in", *chosen):
                continue
            try:
                one(service, package)
                print("ok - " + one.__doc__, flush=True)
            except Exception as problem:
                failed += 1
                print("%s\nnot ok - %s" % (problem, one.__doc__), flush=True)
            service.connection = None
    finally:
        sandbox.stop()
    return 1 if failed else 0


def main():
    os.environ["ONLY"] = " ".join(sys.argv[1:]) if sys.argv[1:2] != ["--here"] else os.environ.get("ONLY", "")
    if sys.argv[1:2] == ["--here"]:
        return here(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        return tried(folder)


def tried(folder):
    made, step = deb.made(folder), os.path.join(folder, "later.sql")
    with open(step, "w", encoding="utf-8") as file:
        file.write(LATER)
    deb.later(folder, step)
    machine = Machine()
    try:
        if machine.why_not:
            print("skip - the package under systemd: " + machine.why_not)
            return 0
        return machine.run("/usr/bin/python3", os.path.abspath(__file__), "--here", made)
    finally:
        machine.end()


if __name__ == "__main__":
    sys.exit(main())
