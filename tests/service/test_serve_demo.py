#!/usr/bin/python3
"""`make serve-demo` as somebody would try it: the table, the customer, the dashboard, the API, stop and go on."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from server import ROOT, SLOWER


def check(found, wanted, what):
    if not found == wanted and not (wanted is True and found):
        raise AssertionError("%s: %r, not %r" % (what, found, wanted))


class Demo:
    def __init__(self, folder):
        self.environment = dict(os.environ, DEMO_DIR=folder, DEMO_LISTEN="127.0.0.1:0", DEMO_PORTAL="127.0.0.1:%d" % free_port())
        scripts = os.path.join(folder, "scripts")  # DEMO alone, which the program carries
        os.makedirs(os.path.join(scripts, "utilities"), exist_ok=True)
        self.environment["DEMO_SCRIPTS"] = scripts
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/bin/python3", "tools/serve_demo.py"], cwd=ROOT, env=self.environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.table, seen = {}, ""
        for line in self.process.stdout:
            seen += line
            found = re.match(r"( ?.*?\S)  +(\S.*)$", line.rstrip())
            if found:
                self.table.setdefault(found.group(1).strip(), found.group(2))
            if "Ctrl-C" in line:
                return
        raise AssertionError("it ended: " + seen)

    def stop(self):
        """By Ctrl-C; what it started has ended too."""
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        check(len(children), 2, "children")
        self.process.send_signal(signal.SIGINT)
        check("Stopped." in self.process.communicate(timeout=40 * SLOWER)[0], True, "its last words")
        check(self.process.returncode, 0, "its status")
        for pid in children:
            check(os.path.exists("/proc/%d" % pid), False, "a child that is left")

    def api(self):
        token = re.search(r"Bearer (\S+?)'", self.table["API"]).group(1)
        url = self.table["API"].split()[-1]
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": "Bearer " + token}), timeout=20 * SLOWER) as reply:
            return json.load(reply)


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """Fills in the one form of a page that has a field or button, as a person without JavaScript does."""

    def __init__(self):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.url, self.page = "", ""

    def open(self, url, data=None):
        try:
            with self.opener.open(url, urllib.parse.urlencode(data).encode() if data else None, timeout=20 * SLOWER) as reply:
                self.url, self.page = reply.url, reply.read().decode()
        except urllib.error.HTTPError as refused:
            raise AssertionError("%s: %d %s" % (url, refused.code, refused.read().decode()[:300])) from refused
        return self

    def submit(self, marker, **values):
        """The form whose text holds marker; hidden fields and ticked boxes as they are."""
        form = next((one for one in re.findall(r"<form.*?</form>", self.page, re.S) if marker in one), None)
        assert form, "no form with %s at %s:\n%s" % (marker, self.url, self.page[-3000:])
        action = re.search(r'<form[^>]*action="([^"]*)"', form)
        data = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form))
        data.update(values)
        return self.open(urllib.parse.urljoin(self.url, action.group(1) if action else self.url), data)

    def until(self, marker, url):
        deadline = time.monotonic() + 60 * SLOWER
        while marker not in self.page:
            assert time.monotonic() < deadline, "%s never came:\n%s" % (marker, self.page[-3000:])
            time.sleep(0.2)
            self.open(url)
        return self


def customer(demo):
    """The customer signs in by the link, gives the code from the phone's page, and is done."""
    link = demo.table["Customer's link"]
    browser = Browser().open(link)
    phone = demo.table["Customer's phone"].replace("/phone?", "/phone.json?")
    browser.submit("c.username", **{"c.username": demo.table["user name"], "c.password": "sunshine", "email": "pat@customer.test"})
    browser.until('name="a.', link)
    with urllib.request.urlopen(phone + "&wait=20", timeout=30 * SLOWER) as reply:
        code = json.load(reply)["messages"][-1]["code"]
    field = re.search(r'name="(a\.[a-z_]+)"', browser.page).group(1)
    browser.submit(field, **{field: code})
    deadline = time.monotonic() + 60 * SLOWER
    while not demo.api()["meters"]:
        assert time.monotonic() < deadline, browser.open(link).page[-3000:]
        time.sleep(0.2)


def dashboard(demo):
    """The owner signs in to the dashboard and sees the data request."""
    browser = Browser().open(demo.table["Dashboard"])
    browser.submit('type="password"', email=demo.table["sign in as"], password=demo.table["password"])
    check("pat@customer.test" in browser.page, True, browser.page[-500:])


def again(demo):
    """Stopped and started again, everything is there, under the same link and token."""
    before = demo.table, len(demo.api()["meters"])
    demo.stop()
    demo.start()
    check(demo.table["password"], before[0]["password"], "the password")
    check(demo.table["Customer's link"].split("/")[-1], before[0]["Customer's link"].split("/")[-1], "the link")
    check(len(demo.api()["meters"]), before[1], "meters")
    demo.stop()


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(folder)
        try:
            for one in (dashboard, customer, again):
                try:
                    one(demo)
                    print("ok - %s" % one.__doc__.rstrip("."), flush=True)
                except (AssertionError, OSError, KeyError, AttributeError) as problem:
                    failed += 1
                    print("not ok - %s: %r" % (one.__doc__, problem), flush=True)
        finally:
            if demo.process.poll() is None:
                demo.process.terminate()
                demo.process.communicate(timeout=40 * SLOWER)
    return failed


if __name__ == "__main__":
    sys.exit(main())
