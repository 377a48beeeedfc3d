#!/usr/bin/python3
"""Adapters that change while the service runs: what `staged` is told. Prints one line a test."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import SANITIZED
from serving import LIMIT, PROGRAM, ROOT, Serving, check, run, same

TESTS = []


def test(name):
    def take(function):
        def with_service():
            place = Place()
            try:
                function(place)
                same(place.service.close(), 0, "exit status")
            finally:
                place.service.stop(kill=True)
                place.service.close()
        TESTS.append((name, with_service))
        return function
    return take


def make(scripts, *ids):
    for id in ids:
        subprocess.run([PROGRAM, "new", id, "--scripts", scripts], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=LIMIT)


class Place:
    """A service with two adapters, alpha and beta, whose first versions were told."""

    def __init__(self):
        self.service = Serving()
        self.scripts = self.service.scripts
        make(self.scripts, "alpha", "beta")
        self.hashes = {}
        while len(self.hashes) < 2:  # either may be the first
            told = self.service.said(cases=1)
            self.hashes[told["utility"]] = told["hash"]

    def path(self, id="alpha"):
        return os.path.join(self.scripts, "utilities", id + ".lua")

    def text(self, id="alpha"):
        with open(self.path(id), encoding="utf-8") as file:
            return file.read()

    def changed(self, name, id="alpha"):
        return self.text(id).replace('name = "%s"' % id.capitalize(), 'name = "%s"' % name)

    def save(self, text, id="alpha"):
        """As most editors do: beside it, then over it."""
        with open(self.path(id) + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path(id) + "~", self.path(id))

    def said(self, id="alpha", **fields):
        return self.service.said(utility=id, **fields)

    def new(self, id="alpha"):
        """The next version that is not the first."""
        while True:
            told = self.said(id)
            if told.get("hash") != self.hashes[id]:
                return told


@test("at the start every adapter is told, with its manifest, cases and bytes")
def at_start(place):
    place.service.stop()
    place.service.start()
    os.unlink(place.path("beta"))
    told = place.said("alpha", cases=1)
    same(told["hash"], place.hashes["alpha"], "hash")
    same(told["manifest"]["name"], "Alpha", "name")
    check(told["bytes"] > 1000, "no bytes")
    place.said("demo", cases=21)


@test("renamed over")
def renamed(place):
    place.save(place.changed("Renamed"))
    same(place.new()["manifest"]["name"], "Renamed", "name")


@test("written in place, longer and shorter")
def in_place(place):
    for name in ("Written at some length", "Short"):
        text = re.sub(r'name = "[^"]*"', 'name = "%s"' % name, place.text(), count=1)
        with open(place.path(), "w", encoding="utf-8") as file:
            file.write(text)
        while place.new().get("manifest", {}).get("name") != name:
            pass


@test("a file saved in two writes: half of it is never a version")
def half(place):
    for turn in range(4):
        text = place.changed("Half %d" % turn)
        cut = len(text) * (turn + 1) // 5
        with open(place.path("gamma"), "w", encoding="utf-8") as file:
            file.write(text[:cut].replace("alpha", "gamma"))
            file.flush()
            time.sleep(0.05)  # the pause is what is tested
            file.write(text[cut:].replace("alpha", "gamma"))
        while True:
            told = place.said("gamma")
            check("hash" not in told or told["manifest"]["name"].startswith("Half"), "half a file became a version")
            if told.get("manifest", {}).get("name") == "Half %d" % turn:
                break


@test("broken syntax is told with file and line; the mended file is a version again")
def syntax(place):
    whole = place.text()
    place.save(whole.replace("api = 1,", "api = = 1,"))
    told = place.new()
    check("hash" not in told and "bytes" not in told, "a broken file became a version")
    same(told["problems"][0]["file"], "alpha.lua", "file")
    same(told["problems"][0]["line"], 1 + whole[:whole.index("api = 1")].count("\n"), "line")
    check(told["problems"][0]["message"], "no message")
    place.save(whole)
    same(place.said(cases=1)["hash"], place.hashes["alpha"], "hash")


@test("a case that differs is told, and no version")
def case_differs(place):
    place.save(place.text().replace("tariff = account.rate", 'tariff = "other"'))
    told = place.new()
    check("hash" not in told, "it became a version")
    same(told["problems"][0]["file"], "cases/alpha/first.json", "file")
    check("other" in told["problems"][0]["message"], told["problems"][0]["message"])


@test("a changed case is tried with the adapter as it is")
def case_changed(place):
    path = os.path.join(place.scripts, "cases", "alpha", "first.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:len(text) // 2])
    check("hash" not in place.new(), "a broken case passed")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    same(place.said(cases=1)["hash"], place.hashes["alpha"], "hash")


@test("an endless loop at the top level ends; others go on meanwhile")
def endless(place):
    place.save("while true do end\n" + place.text())
    place.save(place.changed("Meanwhile", "beta"), "beta")
    told = place.service.said()
    same((told["utility"], told["manifest"]["name"]), ("beta", "Meanwhile"), "the first that was told")
    told = place.new()
    check("hash" not in told, "it became a version")
    same(told["problems"][0]["file"], "alpha.lua", "file")


@test("a case that never ends is stopped; others go on meanwhile")
def slow_case(place):
    place.save(place.text().replace("sign_in = function(s)", "sign_in = function(s)\n    while true do end"))
    told = place.new()
    check("hash" not in told and told["problems"], "it became a version")
    place.save(place.changed("After", "beta"), "beta")
    same(place.new("beta")["manifest"]["name"], "After", "name")


@test("cases that take too long together are stopped; with less to do it is a version again")
def slow_cases(place):
    place.service.stop()
    seconds = 10 if SANITIZED else 2 # to begin with, it has to come to its cases
    place.service.write("config.lua", "return { workers = 1, stage_seconds = %d }\n" % seconds)
    place.service.start()
    cases = os.path.join(place.scripts, "cases", "alpha")
    for number in range(200):
        shutil.copy(os.path.join(cases, "first.json"), os.path.join(cases, "more%d.json" % number))
    whole = place.text()
    slow = whole.replace('name = "Alpha"', 'name = "Slow"')
    place.save(slow.replace("sign_in = function(s)", "sign_in = function(s)\n    for i = 1, 5000000 do s.n = i end"))
    while True:
        told = place.new()
        if "took over %d seconds" % seconds in str(told.get("problems")):
            break
        check("hash" not in told or told["manifest"]["name"] != "Slow", "it became a version") # what was there at the start may be told, too
    for number in range(200):
        os.unlink(os.path.join(cases, "more%d.json" % number))
    place.save(whole.replace('name = "Alpha"', 'name = "Quick"'))
    while place.said().get("manifest", {}).get("name") != "Quick":
        pass


@test("the folder is swapped for another")
def swapped(place):
    other = place.scripts + ".new"
    make(other, "alpha", "delta")
    path = os.path.join(other, "utilities", "alpha.lua")
    with open(path, encoding="utf-8") as file:
        text = file.read().replace('name = "Alpha"', 'name = "Swapped"')
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(place.scripts, place.scripts + ".old")
    os.rename(other, place.scripts)
    names = {}
    while "Swapped" not in names.values() or "Delta" not in names.values():
        told = place.service.said()
        names[told["utility"]] = told.get("manifest", {}).get("name")
    place.save(place.text("delta").replace('"Delta"', '"Watched"'), "delta")
    while place.said("delta").get("manifest", {}).get("name") != "Watched":
        pass


@test("the folder is a link that points elsewhere now")
def link(place):
    real = place.scripts + ".1"
    os.rename(place.scripts, real)
    os.symlink(real, place.scripts)
    other = place.scripts + ".2"
    shutil.copytree(real, other)
    with open(os.path.join(other, "utilities", "alpha.lua"), "w", encoding="utf-8") as file:
        file.write(place.changed("Linked"))
    os.symlink(other, place.scripts + ".next")
    os.rename(place.scripts + ".next", place.scripts)
    while place.said().get("manifest", {}).get("name") != "Linked":
        pass


@test("a module of the runtime changes: all adapters are tried anew")
def module(place):
    folder = os.path.join(place.service.runtime, "meterkey")
    source = os.path.join(ROOT, "runtime", "meterkey", "ask.lua")
    os.makedirs(folder)
    with open(source, encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(folder, "ask.lua"), "w", encoding="utf-8") as file:
        file.write(text + "-- changed\n")
    anew = set()
    while not anew >= {"alpha", "beta"}:
        told = place.service.said()
        if told.get("hash") not in (None, place.hashes.get(told["utility"])):
            anew.add(told["utility"])


@test("a file that goes is told, and one that comes")
def goes(place):
    os.unlink(place.path())
    told = place.said()
    check("hash" not in told and "not there" in told["problems"][0]["message"], told)
    make(place.scripts, "epsilon")
    same(place.said("epsilon", cases=1)["manifest"]["id"], "epsilon", "id")


@test("SIGHUP and the action reload try again what failed")
def again(place):
    place.save(place.text().replace("api = 1,", "api = = 1,"))
    place.new()
    place.service.process.send_signal(signal.SIGHUP)
    check(place.said()["problems"], "no problem")
    place.service.act({"do": "reload"})
    check(place.said()["problems"], "no problem")


@test("a link that leads out of the adapters' folder is not followed, one within it is")
def link_out(place):
    beside = os.path.join(place.service.folder, "elsewhere.lua")
    with open(beside, "w", encoding="utf-8") as file:
        file.write(place.changed("Elsewhere"))
    os.symlink(beside, place.path() + "~")
    os.rename(place.path() + "~", place.path())
    told = place.new()
    check("hash" not in told and "lead out" in told["problems"][0]["message"], told)
    within = os.path.join(place.scripts, "utilities", "alpha.v2")
    with open(within, "w", encoding="utf-8") as file:
        file.write(place.text("beta").replace("beta", "alpha").replace("Beta", "Within"))
    os.symlink("alpha.v2", place.path() + "~")
    os.rename(place.path() + "~", place.path())
    same(place.said(cases=1)["manifest"]["name"], "Within", "name")


@test("a child is sealed off, gets no environment and no descriptor of ours; killed, it is told")
def child(place):
    place.service.stop()
    place.service.environment["METERKEY_SECRET_OF_TEST"] = "1"
    place.service.start()
    same(sorted(place.service.said()["utility"] for _ in range(6)), sorted(["alpha", "beta", "demo"] * 2), "told before and at the start")
    place.save("while true do end\n" + place.text())
    place.save(place.changed("Meanwhile", "beta"), "beta")
    place.said("beta")  # that of alpha still runs
    pid = place.service.process.pid
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        children = [int(child) for child in file.read().split() if has_words(child, b"stage")]
    same(len(children), 1, "children that build")
    status = sealed(children[0])
    os.kill(children[0], signal.SIGSTOP)
    with open("/proc/%d/environ" % children[0], "rb") as file:
        environment = file.read()
    files = {os.path.realpath("/proc/%d/fd/%s" % (children[0], fd)) for fd in os.listdir("/proc/%d/fd" % children[0])}
    os.kill(children[0], signal.SIGKILL)
    same((status["Seccomp"], status["NoNewPrivs"], status["Threads"]), ("2", "1", "1"), "how it is sealed")
    same(environment, b"", "its environment")
    ours = {os.path.realpath("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)}
    same({path for path in files & ours if "anon_inode" not in path}, {"/dev/null"}, "what it shares")
    told = place.new()
    check("hash" not in told and "signal 9" in told["problems"][0]["message"], told)


def sealed(pid):
    """What the system says of it once it is sealed off: it may have begun just now."""
    limit = time.monotonic() + LIMIT
    while True:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines())
        if status["Seccomp"] == "2" or time.monotonic() > limit:
            return status
        time.sleep(0.01)


def has_words(pid, word):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as file:
            return word in file.read().split(b"\0")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(run(TESTS))
