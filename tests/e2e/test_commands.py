#!/usr/bin/python3
"""The commands run, resume, utilities and help, driven as people and programs do, against DEMO.

Prints one line a test. Waits are on what the program or the portal says, never on time."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))
LIMIT = 30
DECLARED = "127.0.0.1:18102"     # where DEMO's adapter looks for its portal
PASSWORD = "fern-Lantern-41"


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


def same(got, want, what="value"):
    check(got == want, "%s is %r, expected %r" % (what, got, want))


class Bench:
    """The portal on a free port, and a home of its own for each test."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.sandbox = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--quiet"],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.sandbox.stdout.readline().strip().split(" ")[-1]
        check(self.url.startswith("http://127.0.0.1:"), "the sandbox did not start: %r" % self.url)
        self.new_home()

    def new_home(self):
        self.count += 1
        self.dir = os.path.join(self.folder, str(self.count))
        os.makedirs(self.dir)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "LC_ALL": "C.UTF-8"}
        self.user = "test-%d" % self.count

    def path(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def portal(self):
        return ["--allow-origin", "http://" + DECLARED, "--connect-to", DECLARED + ":" + self.url[7:]]

    def call(self, *args, stdin="", env=None):
        done = subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, text=True, timeout=LIMIT, cwd=self.dir,
                              env=env or self.env)
        done.json = None
        try:
            done.json = json.loads(done.stdout)
        except ValueError:
            pass
        return done

    def credentials(self, scenario):
        self.name = "%s-%s" % (scenario, self.user)
        return self.path("credentials", json.dumps({"username": self.name, "password": PASSWORD}))

    def run(self, scenario, *options, answers=None):
        args = ["run", "demo", "--credentials", self.credentials(scenario), *self.portal(), *options]
        if answers is not None:
            args += ["--answers", self.path("answers", answers)]
        return self.call(*args)

    def park(self, scenario="mfa_sms", name="parked", *options):
        path = self.path(name)
        done = self.run(scenario, "--park", path, *options)
        expect(done, 20, "meterkey resume " + path)
        check(done.json and "challenge" in done.json, "no challenge is printed: " + done.stdout)
        return path

    def resume(self, path, *options, answers=None):
        args = ["resume", path, *self.portal(), *options]
        if answers is not None:
            args += ["--answers", self.path("answers2", answers)]
        return self.call(*args)

    def phone(self, name=None):
        """The newest code on the customer's phone, once it is there."""
        url = "%s/phone.json?user=%s&wait=20" % (self.url, name or self.name)
        with urllib.request.urlopen(url, timeout=LIMIT) as page:
            messages = json.load(page)["messages"]
        return messages[0]["code"]

    def close(self):
        self.sandbox.send_signal(signal.SIGTERM)
        return self.sandbox.wait(LIMIT)


def text_of(done):
    return "exit %s\nstdout: %s\nstderr: %s" % (done.returncode, done.stdout[-1500:], done.stderr[-1500:])


def expect(done, status, *texts):
    check(done.returncode == status, "exit %d expected\n%s" % (status, text_of(done)))
    for text in texts:
        check(text in done.stderr, "standard error lacks %r\n%s" % (text, text_of(done)))


def expect_error(done, code, status):
    expect(done, status, code)
    check(done.json is not None, "no JSON\n" + text_of(done))
    same(done.json["error"]["code"], code, "code")
    for key in ("owner", "retry", "message", "help"):
        check(key in done.json["error"], "error.%s is missing" % key)
    check("utility" in done.json and "version" in done.json, "utility or version is missing")


def expect_meters(done, count=1):
    expect(done, 0)
    check(done.json is not None, "no JSON\n" + text_of(done))
    same(len(done.json["meters"]), count, "number of meters")


# --- run -----------------------------------------------------------------------

def meters_without_a_second_factor(b):
    done = b.run("residential")
    expect_meters(done)
    for key in ("requests", "elapsed_ms", "cpu_ms"):
        check(isinstance(done.json[key], (int, float)), key)
    check(PASSWORD not in done.stdout + done.stderr, "the password is shown")


def a_table_where_one_is_asked_for(b):
    done = b.run("residential", "--table")
    expect(done, 0, "1 meter")
    lines = done.stdout.splitlines()
    check(lines[0].startswith("account") and "service" in lines[0], "titles: " + lines[0])
    same(len(lines), 2, "lines")
    check("Lantern Street" in lines[1], lines[1])


def credentials_from_standard_input(b):
    b.credentials("residential")
    text = json.dumps({"username": "residential", "password": PASSWORD})
    expect_meters(b.call("run", "demo", "--credentials", "-", *b.portal(), stdin=text))


def credentials_that_are_none(b):
    for text, wanted in (("not json", "not JSON"), ("[1]", "username"), ('{"username": "a"}', "password"),
                         ('{"username": "a", "password": "b", "pasword": "c"}', "pasword"),
                         ('{"username": 7, "password": "b"}', "username")):
        path = b.path("wrong", text)
        done = b.call("run", "demo", "--credentials", path, *b.portal())
        expect(done, 2, wanted)
        same(done.stdout, "", "standard output")
    expect(b.call("run", "demo", "--credentials", b.path("none"), *b.portal()), 2, "No such file")


def no_credentials_and_no_terminal(b):
    expect(b.call("run", "demo", *b.portal()), 2, "--credentials FILE", '"username"')


def wrong_password_is_the_customers(b):
    path = b.path("wrong", '{"username": "residential", "password": "wrong"}')
    expect_error(b.call("run", "demo", "--credentials", path, *b.portal()), "auth.credentials", 10)


def statuses_of_other_ends(b):
    for scenario, code, status in (("websitedown", "site.", 13), ("terms_required", "user_action.", 12)):
        done = b.run(scenario)
        expect(done, status)
        check(done.json["error"]["code"].startswith(code), done.stdout)
    done = b.run("residential", "--limit", "requests=2")
    expect_error(done, "policy.budget", 15)


def policy_on_the_command_line(b):
    expect_error(b.run("mfa_sms", "--mfa", "turn_off", answers='"1"\n'), "mfa.must_be_off", 11)


def nobody_there(b):
    expect_error(b.run("mfa_sms"), "mfa.needs_human", 11)


# --- answers -------------------------------------------------------------------

def answers_run_out(b):
    expect_error(b.run("mfa_sms", answers=""), "mfa.answer_timeout", 11)
    b.new_home()
    expect_error(b.run("mfa_question", answers='"no"\n\n"neither"\n'), "mfa.answer_timeout", 11)


def an_answer_that_is_no_json(b):
    done = b.run("mfa_question", answers='"no"\n\nBiscuit\n')
    expect(done, 2, "line 3", "not a JSON value")
    same(done.stdout, "", "standard output")


def an_answer_of_another_kind_is_passed_over(b):
    done = b.run("mfa_question", answers='{"choice": "sms"}\n[1]\n"Biscuit"')
    expect_meters(done)
    check("was not taken" in done.stderr, text_of(done))


def a_fifo_is_waited_for(b):
    fifo = b.path("fifo")
    os.mkfifo(fifo)
    argv = [PROGRAM, "run", "demo", "--credentials", b.credentials("mfa_sms"), *b.portal(), "--answers", fifo]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=b.env)
    code = b.phone()
    with open(fifo, "w") as pipe:
        pipe.write('"%s"\n' % ("000000" if code != "000000" else "111111"))
        pipe.flush()
        pipe.write('"%s"' % code)
    out, err = child.communicate(timeout=LIMIT)
    check(child.returncode == 0, "exit %d\n%s\n%s" % (child.returncode, out, err))
    same(len(json.loads(out)["meters"]), 1, "meters")


def an_interrupt_ends_it(b):
    fifo = b.path("fifo")
    os.mkfifo(fifo)
    argv = [PROGRAM, "run", "demo", "--credentials", b.credentials("mfa_sms"), *b.portal(), "--answers", fifo]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=b.env)
    b.phone()                                  # it waits for the answer now
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=LIMIT)
    same(child.returncode, 16, "status: %s%s" % (out, err))
    same(json.loads(out)["error"]["code"], "engine.cancelled", "code")


# --- park and resume -------------------------------------------------------------

def park_and_resume(b):
    path = b.park()
    same(os.stat(path).st_mode & 0o777, 0o600, "mode of the file")
    key = os.path.join(b.dir, ".config", "meterkey", "key")
    same(os.stat(key).st_mode & 0o777, 0o600, "mode of the key")
    with open(path, "rb") as file:
        data = file.read()
    check(PASSWORD.encode() not in data and b"127.0.0.1" not in data, "the file is not sealed")
    expect_meters(b.resume(path, answers='"%s"' % b.phone()))


def a_spent_file_and_its_copy(b):
    path = b.park()
    with open(path, "rb") as file, open(b.path("copy"), "wb") as copy:
        copy.write(file.read())
    expect_meters(b.resume(path, answers='"%s"' % b.phone()))
    for again in (path, b.path("copy")):
        done = b.resume(again, answers='"123456"')
        expect_error(done, "engine.spent", 16)
        same(done.json["utility"], "demo", "utility")
    with open(os.path.join(b.dir, ".config", "meterkey", "spent")) as file:
        check(re.fullmatch(r"[0-9a-f]{64}\n", file.read()), "the ledger holds one line")


def files_that_are_refused(b):
    path = b.park()
    with open(path, "rb") as file:
        data = file.read()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    for name, text, wanted in (("changed", bytes(flipped), "changed or damaged"), ("cut", data[:len(data) // 2], "cut short"),
                               ("empty", b"", "cut short"), ("other", b"{}\n" * 50, "no parked session")):
        with open(b.path(name), "wb") as file:
            file.write(text)
        done = b.resume(b.path(name), answers='"123456"')
        expect(done, 2, wanted)
        same(done.stdout, "", "standard output")
    expect(b.resume(b.path("none"), answers='"1"'), 2, "no such file")
    expect_meters(b.resume(path, answers='"%s"' % b.phone()))      # none of these spent it


def a_foreign_file(b):
    path = b.park()
    code = b.phone()
    other = dict(b.env, HOME=b.path("elsewhere"))
    os.mkdir(other["HOME"])
    args = ["resume", path, *b.portal(), "--answers", b.path("answers", '"1"')]
    expect(b.call(*args, env=other), 2, "there is no key")
    b.call("run", "demo", "--credentials", b.credentials("mfa_sms"), *b.portal(), "--park", b.path("theirs"), env=other)
    expect(b.call(*args, env=other), 2, "another key")
    name = b.name
    expect_meters(b.call("resume", path, *b.portal(), "--answers", b.path("answers", '"%s"' % code), "--key",
                         os.path.join(b.dir, ".config", "meterkey", "key"), env=other))
    check(name, "name")


def a_key_others_can_read(b):
    path = b.park()
    key = os.path.join(b.dir, ".config", "meterkey", "key")
    os.chmod(key, 0o644)
    expect(b.resume(path, answers='"1"'), 2, "chmod 600")


def parked_again_while_answers_run_out(b):
    path, second = b.park("mfa_question"), b.path("second")
    done = b.resume(path, "--park", second, answers='"no"\n')
    expect(done, 20)
    same(done.json["challenge"]["tries_left"], 2, "tries left")
    expect_error(b.resume(path, answers='"Biscuit"'), "engine.spent", 16)
    expect_meters(b.resume(second, answers='"Biscuit"'))


def answers_run_out_in_a_resume(b):
    expect_error(b.resume(b.park(), answers=""), "mfa.answer_timeout", 11)


def nothing_is_spent_without_a_way_to_answer(b):
    path = b.park("mfa_question")
    expect(b.resume(path), 2, "--answers FILE")
    expect_meters(b.resume(path, answers='"Biscuit"'))


def an_edited_script_does_not_disturb(b):
    with open(os.path.join(ROOT, "scripts", "utilities", "demo.lua"), encoding="utf-8") as file:
        text = file.read()
    adapter = b.path("demo.lua", text)
    path = b.path("parked")
    expect(b.call("run", adapter, "--credentials", b.credentials("mfa_question"), *b.portal(), "--park", path), 20)
    b.path("demo.lua", "this is no Lua any more")
    expect_meters(b.resume(path, answers='"Biscuit"'))


def a_folder_that_cannot_be_written(b):
    done = b.run("mfa_sms", "--park", b.path("nowhere/parked"))
    expect(done, 2, "nowhere")


# --- keep ----------------------------------------------------------------------

def a_device_is_remembered(b):
    keep, path = b.path("keep"), b.park()
    expect_meters(b.resume(path, "--keep", keep, answers='"%s"' % b.phone()))
    same(os.stat(keep).st_mode & 0o777, 0o600, "mode")
    with open(keep, "rb") as file:
        check(b"demo" not in file.read(), "the file is not sealed")
    args = ["run", "demo", "--credentials", b.path("credentials"), *b.portal()]
    expect_meters(b.call(*args, "--keep", keep))
    expect_error(b.call(*args), "mfa.needs_human", 11)


def a_file_of_keep_that_is_none(b):
    keep = b.path("keep", "hello")
    expect(b.run("residential", "--keep", keep), 2, "no file of --keep")
    expect(b.run("residential", "--keep", b.park()), 2, "no file of --keep")


# --- a person at a terminal -----------------------------------------------------------

class Terminal:
    """The program with a terminal of its own; what it shows is read as it comes."""

    def __init__(self, b, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(b.dir)
            os.execve(PROGRAM, [PROGRAM, *args], dict(b.env, TERM="dumb"))
        self.shown = ""

    def wait(self, text):
        while text not in self.shown:
            if not select.select([self.fd], [], [], LIMIT)[0]:
                raise Failed("%r is not shown within %d s:\n%s" % (text, LIMIT, self.shown))
            try:
                chunk = os.read(self.fd, 4096)
            except OSError:
                chunk = b""
            if not chunk:
                raise Failed("it ended before %r is shown:\n%s" % (text, self.shown))
            self.shown += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        at = self.shown.index(text) + len(text)
        seen, self.shown = self.shown[:at], self.shown[at:]
        return seen

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        try:
            while True:
                self.shown += os.read(self.fd, 4096).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def typed_at_a_terminal(b):
    b.credentials("mfa_code")
    t = Terminal(b, "run", "demo", *b.portal())
    t.wait("name: ")
    t.type(b.name + "\n")
    t.wait("assword: ")
    t.type(PASSWORD + "\n")
    seen = t.wait("Number")
    check(PASSWORD not in seen, "the password is shown:\n" + seen)
    check("GET" in seen and "200" in seen, "no exchanges are shown:\n" + seen)
    t.type("9\n")                               # none of the choices: asked again
    t.wait("Number")
    t.type("1\n")
    t.wait("Code")
    code = b.phone()
    t.type(("000000" if code != "000000" else "111111") + "\n")
    t.wait("not accepted")
    t.wait("Code")
    t.type(code + "\n")
    status = t.end()
    check(status == 0, "exit %d:\n%s" % (status, t.shown))
    check("account" in t.shown and "Lantern Street" in t.shown and '"meters"' not in t.shown, "no table:\n" + t.shown)


def given_up_at_a_terminal(b):
    b.credentials("mfa_sms")
    t = Terminal(b, "run", "demo", "--credentials", b.path("credentials"), *b.portal())
    t.wait("Code")
    t.type("\x04")
    status = t.end()
    check(status == 16 and "engine.cancelled" in t.shown, "exit %d:\n%s" % (status, t.shown))


def several_questions_at_a_terminal(b):
    b.credentials("mfa_questions")
    t = Terminal(b, "run", "demo", "--credentials", b.path("credentials"), *b.portal())
    t.wait("pet? ")
    t.type("\n")                                # nothing: asked again
    t.wait("pet? ")
    t.type("Biscuit\n")
    t.wait("grow up in? ")
    t.type("Lantern\n")
    status = t.end()
    check(status == 0, "exit %d:\n%s" % (status, t.shown))


def approved_on_the_phone(b):
    b.credentials("mfa_approve")
    t = Terminal(b, "run", "demo", "--credentials", b.path("credentials"), *b.portal())
    t.wait("Waiting")
    with urllib.request.urlopen("%s/phone.json?user=%s&wait=20" % (b.url, b.name), timeout=LIMIT) as page:
        message = json.load(page)["messages"][0]
    form = {"user": b.name, "id": message["id"], "token": message["token"], "decision": "approve"}
    urllib.request.urlopen(b.url + "/phone/decide", urllib.parse.urlencode(form).encode(), timeout=LIMIT).close()
    status = t.end()
    check(status == 0 and "Lantern Street" in t.shown, "exit %d:\n%s" % (status, t.shown))


def the_terminal_is_as_before(b):
    """Interrupted while a password is typed: echo is back."""
    script = "%s run demo; stty -a | tr ';' '\\n' | grep -o -- '-*echo ' ; echo over" % PROGRAM
    pid, fd = pty.fork()
    if pid == 0:
        os.execve("/bin/bash", ["bash", "-ic", script], dict(b.env, TERM="dumb", PS1=""))
    t = Terminal.__new__(Terminal)
    t.pid, t.fd, t.shown = pid, fd, ""
    t.wait("name: ")
    t.type("a\n")
    t.wait("assword: ")
    os.kill(child_of(pid), signal.SIGTERM)
    seen = t.wait("over")
    t.end()
    check("echo " in seen and "-echo " not in seen, seen)


def child_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return int(file.read().split()[0])


# --- finding adapters --------------------------------------------------------------------

def scripts_that_are_none(b):
    cases = (("binary.lua", b"\x1bLua\x54\x00\x19\x93", "compiled Lua"), ("nul.lua", b"return {\x00}", "not text"),
             ("wrong.lua", b"return {\n  api = \n}\n", "wrong.lua:3"), ("large.lua", b"-" * (2 << 20), "larger than"))
    for name, data, wanted in cases:
        with open(b.path(name), "wb") as file:
            file.write(data)
        done = b.call("run", b.path(name), "--credentials", b.credentials("residential"))
        expect(done, 14, wanted)
        same(done.json["error"]["code"], "adapter.load", "code of " + name)
    expect(b.call("run", b.path("missing.lua"), "--credentials", b.credentials("residential")), 2, "no such file")
    expect(b.call("run", "nowhere", "--credentials", b.credentials("residential")), 2, "no adapter nowhere")
    expect(b.call("run", "deno", "--credentials", b.credentials("residential")), 2, "did you mean demo?")
    os.mkdir(b.path("folder.lua"))
    expect(b.call("run", b.path("folder.lua"), "--credentials", b.credentials("residential")), 14, "directory")


def folders_in_their_order(b):
    with open(os.path.join(ROOT, "scripts", "utilities", "demo.lua"), encoding="utf-8") as file:
        text = file.read()
    os.makedirs(b.path("scripts/utilities"))
    os.makedirs(b.path("other/utilities"))
    b.path("scripts/utilities/demo.lua", text.replace("DEMO Power & Gas", "From the folder here"))
    b.path("other/utilities/demo.lua", text.replace("DEMO Power & Gas", "From the folder given"))
    name = lambda *options: b.call("utilities", "--json", *options).json["utilities"][0]["name"]
    same(name(), "From the folder here", "name")
    same(name("--scripts", b.path("other")), "From the folder given", "name")


def utilities_in_both_forms(b):
    done = b.call("utilities", "--json")
    expect(done, 0)
    entry = done.json["utilities"][0]
    same(entry["id"], "demo", "id")
    for key in ("utility_id", "name", "regions", "services", "mfa", "credentials", "evidence", "version"):
        check(key in entry, "%s is missing: %s" % (key, entry))
    same(entry["mfa"]["policy"], "relay", "policy")
    same((entry["mfa"]["steps"], entry["mfa"]["off_impossible"]), ([], False), "how MFA is switched off")
    same(entry["portal"], "http://127.0.0.1:18102/", "portal")
    same([c["name"] for c in entry["credentials"]], ["username", "password"], "credentials")
    same(b.call("utilities", "--json", "--mfa", "turn_off").json["utilities"][0]["mfa"]["policy"], "turn_off", "policy")
    check("DEMO" in b.call("utilities").stdout, "the table")
    same(b.call("utilities", "--ids").stdout, "demo\n", "ids")
    os.makedirs(b.path("scripts/utilities"))
    b.path("scripts/utilities/broken.lua", "return {")
    done = b.call("utilities", "--json")
    expect(done, 14, "broken is left out")
    same([u["id"] for u in done.json["utilities"]], ["demo"], "ids")


# --- the command line -----------------------------------------------------------------

def mistakes_get_the_nearest(b):
    expect(b.call("rnu", "demo"), 2, "there is no command rnu", "did you mean run?")
    expect(b.call("run", "demo", "--credental", "x"), 2, "did you mean --credentials?")
    expect(b.call("run", "demo", "--limit", "request=5"), 2, "did you mean requests?")
    expect(b.call("run", "demo", "--limit", "requests=many"), 2, "number")
    expect(b.call("run", "demo", "--mfa", "off"), 2, "relay or turn_off")
    expect(b.call("run", "demo", "--park"), 2, "--park needs FILE")
    expect(b.call("run", "demo", "--json=1"), 2, "takes no value")
    expect(b.call("run", "demo", "more"), 2, "one too many")
    expect(b.call("run"), 2, "ADAPTER is missing")
    expect(b.call("--json", "run"), 2, "command comes first")
    expect(b.call("run", "demo", "--scripts", b.path("none")), 2, "no such folder")
    credentials = b.credentials("residential")
    for option, value in (("--cacert", b.path("none")), ("--proxy", "gopher://x"), ("--connect-to", "a:b"), ("--allow-origin", "x")):
        expect(b.call("run", "demo", "--credentials", credentials, option, value), 2, "meterkey")


def options_anywhere(b):
    credentials = b.credentials("residential")
    expect_meters(b.call("run", "--credentials=" + credentials, *b.portal(), "--json", "--", "demo"))


def help_of_everything(b):
    done = b.call("--help")
    expect(done, 0)
    names = re.findall(r"^  (\w+) {2,}\S", done.stdout, re.M)
    check({"run", "resume", "utilities", "sandbox", "bench", "help"} <= set(names), str(names))
    for name in names:
        done = b.call(name, "--help")
        expect(done, 0)
        check(done.stdout.startswith("usage: meterkey %s" % name) and "--help" in done.stdout and "Exit status" in done.stdout,
              done.stdout)
        same(done.stdout, b.call("help", name).stdout, "help %s" % name)
        same(done.stdout, b.call(name, "-h").stdout, "%s -h" % name)
        check(all(len(line) <= 100 for line in done.stdout.splitlines()), "a long line in the help of " + name)
    same(b.call().returncode, 2, "status without a command")
    check(b.call("--version").stdout.startswith("meterkey "), "version")


def the_manual(b):
    manual = b.call("help", "--man").stdout
    check(".Ss run" in manual and ".It Fl \\&\\-park Ar FILE" in manual, manual[:2000])
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", b.path("meterkey.1", manual)], capture_output=True, text=True)
    same(lint.stdout, "", "what mandoc says")


def bash_completes(b):
    script = b.path("meterkey.bash", b.call("help", "--completion", "bash").stdout)
    ask = ("PATH=%s:$PATH; . %s; words() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _meterkey; echo \"${COMPREPLY[*]}\"; }; "
           % (os.path.dirname(PROGRAM), script))
    for words, wanted in (("meterkey resu", "resume"), ("meterkey run --par", "--park"), ("meterkey run --mfa t", "turn_off"),
                          ("meterkey run de", "demo"), ("meterkey help --completion z", "zsh")):
        done = subprocess.run(["bash", "-c", ask + "words " + words], capture_output=True, text=True, cwd=b.dir, env=b.env)
        same(done.stdout, wanted + "\n", words)
        same(done.stderr, "", "standard error of " + words)


def zsh_loads_it(b):
    script = b.path("_meterkey", b.call("help", "--completion", "zsh").stdout)
    done = subprocess.run(["zsh", "-f", "-c", "autoload -U compinit; compinit -u -D; fpath=(%s $fpath); autoload -U _meterkey; "
                           "compdef _meterkey meterkey; source %s; whence -w _meterkey_commands" % (b.dir, script)],
                          capture_output=True, text=True, env=b.env)
    check("_meterkey_commands: function" in done.stdout and not done.stderr, done.stdout + done.stderr)


# --- bench ------------------------------------------------------------------------------

def bench_measures(b):
    args = ["bench", "demo", "--credentials", b.credentials("mfa_question"), *b.portal(), "--answers",
            b.path("answers", '"Biscuit"\n'), "--sessions", "20", "--concurrency", "5", "--parked", "4", "--json"]
    done = b.call(*args)
    expect(done, 0)
    got = done.json
    same((got["sessions"], got["ok"], got["meters"]), (20, 20, 1), "sessions, ok, meters")
    for key in ("cpu_ms_per_session", "requests_per_session", "rss_kib_live", "rss_kib_parked"):
        check(isinstance(got[key], (int, float)), "%s is %r" % (key, got[key]))
    check(0 < got["own_ms"]["p50"] <= got["own_ms"]["p99"], str(got["own_ms"]))
    check(got["cpu_ms_per_session"] > 0 and got["requests_per_session"] > 2, str(got))
    args[args.index("--parked") + 1] = "0"
    same(b.call(*args).json["rss_kib_parked"], None, "parked without any")


def bench_tells_the_first_error(b):
    args = ["bench", "demo", "--credentials", b.path("wrong", '{"username": "a", "password": "wrong"}'), *b.portal(),
            "--sessions", "3"]
    done = b.call(*args)
    expect(done, 1, "auth.credentials", "3 of 3")
    expect(b.call(*args, "--concurrency", "0"), 2, "whole number")


TESTS = [meters_without_a_second_factor, a_table_where_one_is_asked_for, credentials_from_standard_input,
         credentials_that_are_none, no_credentials_and_no_terminal, wrong_password_is_the_customers, statuses_of_other_ends,
         policy_on_the_command_line, nobody_there, answers_run_out, an_answer_that_is_no_json,
         an_answer_of_another_kind_is_passed_over, a_fifo_is_waited_for, an_interrupt_ends_it, park_and_resume,
         a_spent_file_and_its_copy, files_that_are_refused, a_foreign_file, a_key_others_can_read,
         parked_again_while_answers_run_out, answers_run_out_in_a_resume, nothing_is_spent_without_a_way_to_answer,
         an_edited_script_does_not_disturb, a_folder_that_cannot_be_written, a_device_is_remembered,
         a_file_of_keep_that_is_none, typed_at_a_terminal, given_up_at_a_terminal,
         several_questions_at_a_terminal, approved_on_the_phone, the_terminal_is_as_before,
         scripts_that_are_none, folders_in_their_order, utilities_in_both_forms, mistakes_get_the_nearest, options_anywhere,
         help_of_everything, the_manual, bash_completes, zsh_loads_it, bench_measures, bench_tells_the_first_error]


def try_one(test, b):
    name, text = test.__name__.replace("_", " "), ""
    b.new_home()
    try:
        test(b)
    except Failed as problem:
        text = str(problem)
    except Exception:
        text = traceback.format_exc()
    print((text + "\nnot ok - " if text else "ok - ") + name, flush=True)
    return not text


def main():
    names = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="commands-") as folder:
        bench = Bench(folder)
        try:
            results = [try_one(test, bench) for test in TESTS if not names or test.__name__ in names]
        finally:
            bench.close()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
