#!/usr/bin/python3
"""The customer's pages with everything behind them: the service, a worker, DEMO's sandbox; in a browser without a script.

Nothing waits by the clock: the page's own events say when it has changed.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import PROGRAM, ROOT, Browser, Failed, Service, check
from server import SLOWER

tests = []
PASSWORD = "Canary-4711-horse"
SETTLED = ("code", "done", "failed", "declined", "revoked")


def test(name):
    return lambda fn: tests.append((name, fn)) or fn


class Place:
    """The sandbox, a service whose DEMO is that sandbox, a team with its link."""

    def __init__(self, folder):
        self.sandbox = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--quiet"], stdout=subprocess.PIPE, text=True)
        port = re.search(r"127\.0\.0\.1:(\d+)", self.sandbox.stdout.readline()).group(1)
        self.phone = "http://127.0.0.1:" + port
        self.service = Service(folder, ', connect_to = { "127.0.0.1:18102:127.0.0.1:%s" }, allow_origins = { "http://127.0.0.1:18102" }' % port)
        subprocess.run([PROGRAM, "user", "add", "ops@team.test", "--team", "Helio Solar", "--config", self.service.config, "--store",
                        "sqlite:" + self.service.store], input="correct horse battery\n", text=True, check=True, capture_output=True, timeout=60 * SLOWER)
        self.until_live("demo")

    def until_live(self, id):
        """Adapters are staged one after the other; the log says when."""
        follow = subprocess.Popen(["tail", "-n", "+1", "-f", self.service.log_path], stdout=subprocess.PIPE, text=True)
        for line in follow.stdout:
            if " %s live" % id in line:
                break
        follow.kill()
        follow.wait()
        follow.stdout.close()

    def decide(self, user, decision):
        """What the customer presses on the phone."""
        message = json.load(urllib.request.urlopen(self.phone + "/phone.json?user=" + user, timeout=20 * SLOWER))["messages"][0]
        said = urllib.parse.urlencode({"id": message["id"], "token": message["token"], "user": user, "decision": decision})
        urllib.request.urlopen(self.phone + "/phone/decide", said.encode(), timeout=20 * SLOWER).close()

    def stop(self):
        self.service.stop()
        self.sandbox.terminate()
        self.sandbox.wait(20 * SLOWER)
        self.sandbox.stdout.close()

    def code(self, user):
        """The newest code on the customer's phone, as soon as it is there."""
        url = "%s/phone.json?user=%s&after=0&wait=20" % (self.phone, user)
        return json.load(urllib.request.urlopen(url, timeout=40 * SLOWER))["messages"][0]["code"]


def visitor(place):
    return Browser(place.service.url)


def state_of(browser, path):
    return browser.send("GET", path + "/state")


def over(browser, path):
    """Until its sign-in waits for the customer or is over; -> which."""
    stream = urllib.request.urlopen(browser.base + path + "/events", timeout=60 * SLOWER)
    for line in stream:
        if line.startswith(b"data:"):
            now = json.loads(state_of(browser, path).body)["state"]
            if now.split(":")[0] in SETTLED:
                stream.close()
                return now
    raise Failed("the events ended: " + path)


def settled(browser, page):
    """The page once its sign-in waits for the customer or is over, told by the page's events."""
    over(browser, page.url.split("?")[0])
    return browser.get(page.url)


def begin(place, browser, user, query=""):
    page = browser.get("/authorize/helio-solar?utility=DEMO" + query).is_(200)
    page = browser.submit(page, "^.*/consent", **{"c.username": user, "c.password": PASSWORD, "email": "pat@mail.test"})
    check(page.url.startswith("/f/"), "no link: " + page.url)
    return settled(browser, page)


def answer(browser, page, **values):
    return settled(browser, browser.submit(page, "^.*/answer", **{"a." + name: value for name, value in values.items()}))


@test("a sign-in without a second factor is done, with a receipt that revokes")
def plain(place):
    browser = visitor(place)
    page = begin(place, browser, "commercial-plain").has("Thank you, that is all", "4 meters were found.", "Helio Solar")
    receipt = browser.get(next(link for link in page.links if link.startswith("/receipt/")))
    receipt.has("You allowed Helio Solar to see your DEMO Power & Gas account.", "active")
    ask = browser.get(next(link for link in receipt.links if "revoke" in link)).has("This cannot be undone")
    browser.submit(ask, receipt.url, revoke="yes").has("revoked on")
    browser.get(page.url).has("Access is revoked")


@test("a code: a wrong one, the portal's words and the tries left, then the right one")
def code(place):
    browser, user = visitor(place), "mfa_sms-code"
    page = begin(place, browser, user).has("Enter the code", "a text message to", "0142", "6 digits", "Time left: about")
    page = answer(browser, page, answer="000000").has("did not accept that. You have 2 tries left.", "That code is not right.")
    answer(browser, page, answer=place.code(user)).has("Thank you, that is all")


@test("a made-up customer's name signs in at the sandbox, whatever the utility: a test, and nothing is sent there")
def made_up(place):
    shutil.copy(os.path.join(ROOT, "scripts", "utilities", "sce.lua"), os.path.join(place.service.folder, "scripts", "utilities"))
    place.until_live("sce")
    for typed, text in (("UAPI_TEST_commercial", "4 meters were found."), (" uapi_test_BadLogin ", "did not accept")):
        browser = visitor(place)
        page = browser.get("/authorize/helio-solar?utility=SCE").is_(200)
        page = browser.submit(page, "^.*/consent", **{"c.username": typed, "c.password": PASSWORD, "email": "pat@mail.test"})
        settled(browser, page).has(text)
        with sqlite3.connect(place.service.store, timeout=20 * SLOWER) as db:
            row = db.execute("SELECT is_test, utility, scenario FROM authorizations ORDER BY created DESC LIMIT 1").fetchone()
        db.close()
        check(row == (1, "SCE", typed.strip().lower()[10:]), row)


@test("the window is closed: the same link on another device shows the question, and takes the answer")
def elsewhere(place):
    user = "mfa_email-device"
    link = begin(place, visitor(place), user).has("an e-mail to").url.split("?")[0]
    other = visitor(place)
    page = other.get(link).has("Enter the code")
    answer(other, page, answer=place.code(user)).has("Thank you")


@test("a second press finds it answered")
def twice(place):
    browser, user = visitor(place), "mfa_sms-twice"
    page = begin(place, browser, user)
    right = place.code(user)
    answer(browser, page, answer=right).has("Thank you")
    browser.submit(page, "^.*/answer", **{"a.answer": right}).is_(200).has("Thank you")
    browser.submit(page, "^.*/cancel").is_(200).has("Thank you")


@test("choosing a way, questions, terms")
def kinds(place):
    browser, user = visitor(place), "mfa_code-kinds"
    page = begin(place, browser, user).has("Choose how to go on", "Text message to")
    page = answer(browser, page, choice=page.form("^.*/answer")["boxes"]["a.choice"]).has("Enter the code")
    answer(browser, page, answer=place.code(user)).has("Thank you")
    page = begin(place, browser, "mfa_questions-kinds").has("asks security questions")
    answer(browser, page, **{"field.pet": "Biscuit", "field.street": "Lantern"}).has("Thank you")
    page = begin(place, browser, "terms-kinds").has("wants you to agree to something")
    answer(browser, page).has("Thank you")


@test("an approval goes on by itself; giving up ends it")
def approve(place):
    browser = visitor(place)
    page = begin(place, browser, "mfa_approve-yes").has("Approve the sign-in on your device")
    check('http-equiv="refresh"' in page.body, "nothing refreshes it without a script")
    path, before = page.url.split("?")[0], json.loads(state_of(browser, page.url.split("?")[0]).body)["state"]
    stream = urllib.request.urlopen(browser.base + path + "/events", timeout=60 * SLOWER)
    place.decide("mfa_approve-yes", "approve")
    for line in stream:
        if line.startswith(b"data:") and json.loads(state_of(browser, path).body)["state"] != before:
            break
    stream.close()
    settled(browser, page).has("Thank you")
    page = begin(place, browser, "mfa_approve-no")
    browser.submit(page, "^.*/cancel").has("The sign-in was stopped")


@test("MFA that must be off: what to do, then a new sign-in on the same link")
def off(place):
    browser = visitor(place)
    page = begin(place, browser, "mfa_off-first").has("Two-step verification must be off", "How to switch it off", "I have switched it off, try again")
    page = browser.get(next(link for link in page.links if "again=1" in link)).has("Sign in to DEMO Power & Gas")
    page = browser.submit(page, "^.*/consent", **{"c.username": "residential-first", "c.password": PASSWORD, "email": "pat@mail.test"})
    settled(browser, page).has("Thank you")


@test("a refused password is not sent again unless the customer says that it is right now")
def refused(place):
    browser = visitor(place)
    page = begin(place, browser, "badlogin-r").has("did not accept the user name or password", "The user name or the password is not right.")
    page.lacks("are not the problem")
    again = browser.get(next(link for link in page.links if "again=1" in link))
    fields = {"c.username": "badlogin-r", "c.password": PASSWORD, "email": "pat@mail.test"}
    page = browser.submit(again, "^.*/consent", **fields).is_(409).has("has already refused exactly this")
    page = browser.submit(page, "^.*/consent", same="yes", **fields)
    settled(browser, page).has("did not accept the user name or password")


@test("a form that is not ours changes nothing; in a frame without cookies the browser's word counts")
def forged(place):
    browser = visitor(place)
    page = browser.get("/authorize/helio-solar?utility=DEMO")
    fields = dict(page.form("^.*/consent")["fields"], **{"c.username": "residential-frame", "c.password": PASSWORD, "email": "pat@mail.test"})
    body, plain_type = urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"}
    stranger = visitor(place)
    stranger.send("POST", page.form("^.*/consent")["action"], body, plain_type).is_(403)
    stranger.send("POST", page.form("^.*/consent")["action"], body, dict(plain_type, **{"Sec-Fetch-Site": "cross-site"})).is_(403)
    sent = stranger.send("POST", page.form("^.*/consent")["action"], body, dict(plain_type, **{"Sec-Fetch-Site": "same-origin"})).is_(303)
    settled(stranger, stranger.follow(sent)).has("Thank you")


@test("declining, and changing one's mind")
def decline(place):
    browser = visitor(place)
    page = browser.submit(browser.get("/authorize/helio-solar?utility=DEMO"), "^.*/decline").has("You declined", "Nothing was shared")
    page = browser.get(next(link for link in page.links if "again=1" in link))
    page = browser.submit(page, "^.*/consent", **{"c.username": "residential-mind", "c.password": PASSWORD, "email": "pat@mail.test"})
    settled(browser, page).has("Thank you")


class Program:
    """What a program at the API does about customers who come by a link."""

    BACK = "https://app.helio.test/back?from=meterkey"

    def __init__(self, place):
        done = subprocess.run([PROGRAM, "token", "create", "program", "--team", "Helio Solar", "--config", place.service.config, "--store",
                               "sqlite:" + place.service.store], text=True, check=True, capture_output=True, timeout=60 * SLOWER)
        self.headers, self.base = {"Authorization": "Bearer " + done.stdout.strip()}, place.service.url
        with sqlite3.connect(place.service.store, timeout=20 * SLOWER) as db:
            db.execute("UPDATE templates SET redirect_uris = ?", (json.dumps([self.BACK]),))
        db.close()

    def ask(self, path, body=None):
        return json.load(urllib.request.urlopen(urllib.request.Request(self.base + "/api/v2" + path, body, self.headers), timeout=20 * SLOWER))

    def found(self, location):
        """What the customer came back with, and the authorization of its referral."""
        check(location.startswith(self.BACK + "&"), "back to " + location)
        told = dict(urllib.parse.parse_qsl(location[len(self.BACK) + 1:]))
        return told, self.ask("/authorizations?include=meters&referrals=" + told.get("referral", ""))["authorizations"]


@test("a program's links: what they set beforehand, and what the customer comes back with")
def links(place):
    program, browser = Program(place), visitor(place)
    query = "&email=kim%40mail.test&state=s%201&redirect_uri=" + urllib.parse.quote(program.BACK, safe="")
    for base in ("/authorize/helio-solar?", program.ask("/forms", b"{}")["url"][len(program.base):] + "?"):
        page = browser.get(base + "utility=demo" + query).is_(200)
        check(page.form("^.*/consent")["fields"]["email"] == "kim@mail.test", "the address is not filled in")
        sent = {"c.username": "commercial-link%d" % len(base), "c.password": PASSWORD}
        fields = dict(page.form("^.*/consent")["fields"], **sent)
        plain = {"Content-Type": "application/x-www-form-urlencoded"}
        first = browser.send("POST", page.form("^.*/consent")["action"], urllib.parse.urlencode(fields), plain).is_(303).headers["location"]
        over(browser, first.split("?")[0])
        told, found = program.found(browser.send("GET", first).is_(303).headers["location"])
        check(sorted(told) == ["referral", "state"] and told["state"] == "s 1", told)
        check(len(found[0]["meters"]["meters"]) == 4 and found[0]["customer_email"] == "kim@mail.test", found)
        check((found[0]["form_uid"] is None) == base.startswith("/authorize"), "form_uid is %r for %s" % (found[0]["form_uid"], base))
        check(found[0]["user_uid"] and found[0]["user_email"] == "ops@team.test", "nobody's: %r" % found[0]["user_uid"])
    page = browser.get("/authorize/helio-solar?utility=DEMO&state=s2&redirect_uri=" + urllib.parse.quote(program.BACK, safe=""))
    fields, action = page.form("^.*/decline")["fields"], page.form("^.*/decline")["action"]
    sent = browser.send("POST", action, urllib.parse.urlencode(fields), plain).is_(303)
    told, found = program.found(browser.send("GET", sent.headers["location"]).is_(303).headers["location"])
    check((told["error"], told["state"]) == ("access_denied", "s2") and told["error_description"], told)
    stay = browser.get("/authorize/helio-solar?utility=DEMO&noredirect=1")
    stay = browser.submit(stay, "^.*/decline").has("You declined")
    away = browser.get("/authorize/helio-solar?utility=DEMO&redirect_uri=https%3A%2F%2Fevil.test%2F")
    fields, action = away.form("^.*/decline")["fields"], away.form("^.*/decline")["action"]
    browser.send("POST", action, urllib.parse.urlencode(fields), plain).is_(400)


@test("an incomplete form says what is missing and keeps what is no secret; a search and Spanish work without a script")
def forms(place):
    browser = visitor(place)
    page = browser.get("/authorize/helio-solar")
    page = browser.submit(page, "/authorize/helio-solar", q="new york").has("DEMO Power & Gas")
    page = browser.get(next(link for link in page.links if "DEMO" in link))
    page = browser.submit(page, "^.*/consent", **{"c.username": "x", "email": "pat@mail.test"}).is_(400).has("Password: please fill this in.")
    check(page.form("^.*/consent")["fields"]["email"] == "pat@mail.test", "the e-mail address is lost")
    check(page.form("^.*/consent")["fields"]["c.username"] == "", "a credential is on the page")
    browser.get("/authorize/helio-solar?lang=es").has("¿Qué compañía le envía la factura?")
    browser.get("/authorize/helio-solar?utility=DEMO").has("Autorizar e iniciar sesión")


@test("on every page: nothing inline, every control has a name, one of each id; and no password in log or store")
def every_page(place):
    for page in visited:
        check(not page.inline, "%s has %s" % (page.url, page.inline))
        check(len(page.ids) == len(set(page.ids)), "%s has an id twice: %s" % (page.url, page.ids))
        for id, name, label, kind in page.controls:
            check(label or kind == "radio" or id in page.labels, "%s: %s has no label" % (page.url, name))
        check("default-src 'none'" in page.headers["content-security-policy"], "no policy: " + page.url)
    check(len(visited) > 30, "few pages were seen: %d" % len(visited))
    check(PASSWORD not in place.service.log(), "the password is in the log")
    for name in os.listdir(place.service.folder):
        path = os.path.join(place.service.folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                check(PASSWORD.encode() not in file.read(), "the password is in " + name)


visited = []


def main():
    def keep(self, page, follow=Browser.follow):
        page = follow(self, page)
        if hasattr(page, "inline"):
            visited.append(page)
        return page
    Browser.follow = keep
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        try:
            for name, run in [one for one in tests if not sys.argv[1:] or any(word in one[0] for word in sys.argv[1:])]:
                try:
                    run(place)
                    print("ok - " + name)
                except (Failed, StopIteration, KeyError) as problem:
                    failed = True
                    print("%s: %s\nnot ok - %s" % (type(problem).__name__, problem, name))
        finally:
            place.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
