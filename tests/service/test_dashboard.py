#!/usr/bin/python3
"""The team's dashboard, page by page and form by form, as a browser without a script sees it.

Prints one line a test. The service is real; what customers and portals did is put into its store while it
is stopped."""
import base64
import hashlib
import hmac
import html
import http.client
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import seed
from browser import ROOT, Browser, Failed, Service, check
from server import SLOWER

PASSWORD = "correct horse 12"
PAGES = ["/dashboard/requests", "/dashboard/requests/new", "/dashboard/requests/many", "/dashboard/authorizations",
    "/dashboard/meters",
         "/dashboard/adapters", "/dashboard/adapters/coned?range=168", "/dashboard/webhooks", "/dashboard/templates",
         "/dashboard/tokens",
         "/dashboard/team", "/dashboard/mails", "/dashboard/audit", "/dashboard/profile"]
STATES = ["code", "failed", "mfa_off", "done", "revoked", "declined", "failed", "done"]
ERRORS = {1: {"code": "auth.credentials", "owner": "user", "retry": "after_user", "message": "Wrong <b>password</b>."},
          6: {"code": "adapter.unexpected_page", "owner": "adapter", "retry": "never", "message": "none of #home",
              "script": "coned.lua:41"}}
MANY = 100000


def same(got, want, what="value"):
    check(got == want, "%s is %r, expected %r" % (what, got, want))


def totp(secret, step=None):
    """The code of an app, RFC 6238."""
    step = int(time.time()) // 30 if step is None else step
    digest = hmac.new(base64.b32decode(secret.replace(" ", "")), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


class World:
    """A service with two teams, their users, customers in every state, and many data requests."""

    def __init__(self, folder):
        self.service = Service(folder)
        self.owner = self.visitor()
        self.owner.get("/setup")
        self.token = re.search(r"/setup\?token=([\w-]+)", self.service.log()).group(1)

    def visitor(self, cookies=None):
        browser = Browser(self.service.url)
        browser.cookies = dict(cookies or {})
        return browser

    def set_up(self):
        page = self.owner.get("/setup?token=" + self.token)
        self.owner.submit(page, "/setup", company="Helio Solar", name="Ada", email="ada@helio.test",
            password=PASSWORD).is_(200).has("Data requests")

    def join(self, email, role):
        page = self.owner.submit(self.owner.get("/dashboard/team"), "/team", email=email, role=role)
        link = re.search(r'value="http://[^/]+(/dashboard/invite/[\w-]+)"', page.body).group(1)
        guest = self.visitor()
        guest.submit(guest.get(link), link, name="", password=PASSWORD).is_(200).has("Data requests")
        return guest, link

    def fill(self):
        self.member, self.member_link = self.join("mel@helio.test", "member")
        self.reader, _ = self.join("ria@helio.test", "read")
        self.forms = []
        for i in range(len(STATES)):
            page = self.owner.submit(self.owner.get("/dashboard/requests/new"), "/new", email="c%d@mail.example" % i)
            self.forms.append(page.url.split("/")[-1].split("?")[0])
        self.service.stop()
        with seed.Store(self.service.store) as db:
            self.seed(db, time.time_ns() // 1000)
        self.service.start()
        for browser in (self.owner, self.member, self.reader):
            browser.host = browser_host(self.service.url)
        self.other = self.sign_in("bea@other.test")

    def seed(self, db, now):
        self.team = db.execute("SELECT team FROM teams").fetchone()[0]
        seed.adapters(db, now)
        seed.health(db, now)
        for i, state in enumerate(STATES):
            more = {"utility": "SCE"} if state == "mfa_off" else {}
            seed.authorization(db, self.team, self.forms[i], "a%d" % i, now, state, error=ERRORS.get(i), **more)
        seed.meter(db, self.team, "a3", "mt0", now)
        seed.meter(db, self.team, "a3", "mt1", now, account="=HYPERLINK(\"http://evil.test\")", tariff="+1+1",
            service="gas")
        seed.meter(db, self.team, "a7", "mt2", now, account="@SUM(A1)", tariff='-2+3, "quoted"')
        seed.insert(db, "teams", team="222", name="Other", created=now)
        seed.insert(db, "templates", team="222", uid="t", portal="other", company_name="Other", created=now,
            updated=now)
        hashed = db.execute("SELECT password FROM users WHERE email = 'ada@helio.test'").fetchone()[0]
        seed.insert(db, "users", team="222", uid="u222", email="bea@other.test", role="owner", password=hashed,
            created=now)
        seed.many(db, "222", MANY, now)
        seed.authorization(db, "222", "m050000", "b1", now, "failed", error=ERRORS[1])

    def sign_in(self, email, password=PASSWORD, **more):
        browser = self.visitor()
        browser.submit(browser.get("/dashboard/sign-in"), "/sign-in", email=email, password=password, **more)
        return browser

    def rows(self, sql, *args):
        db = sqlite3.connect("file:%s?mode=ro" % self.service.store, uri=True)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def value(self, sql, *args):
        return self.rows(sql, *args)[0][0]

    def everything(self, browser):
        """All pages of the menu and one of each kind below them."""
        pages = [browser.get(path) for path in PAGES]
        links = {link.split("?")[0] for page in pages for link in page.links}
        for kind in ("requests", "authorizations", "meters", "webhooks", "templates", "mails"):
            below = sorted(link for link in links if re.match(r"/dashboard/%s/\w*\d\w*$" % kind, link))
            pages += [browser.get(link) for link in below[:8]]
        return pages


def browser_host(url):
    return url.split("//")[1]


# --- first start and sign-in ------------------------------------------------------------------

def test_set_up_needs_its_token(w):
    page = w.owner.get("/setup")
    for token in ("", "guess", w.token[:-1]):
        w.owner.submit(page, "/setup", token=token, company="X", email="x@x.test", password=PASSWORD).is_(403)
    w.owner.submit(page, "/setup", token=w.token, csrf="wrong", company="X", email="x@x.test",
        password=PASSWORD).is_(403)
    w.owner.submit(page, "/setup", token=w.token, company="X", email="x@x.test", password="short").is_(400)
    same(w.value("SELECT count(*) FROM users"), 0, "users")
    check(w.token not in str(w.rows("SELECT * FROM settings")), "the store holds the token itself")


def test_set_up_works_once(w):
    w.set_up()
    late = w.visitor()
    same(late.get("/setup").url, "/dashboard/sign-in", "where a second set-up leads")
    late.post("/setup", {"token": w.token, "company": "Y", "email": "y@y.test", "password": PASSWORD})
    same(w.value("SELECT count(*) FROM users"), 1, "users")


def test_pages_want_a_sign_in(w):
    for path in PAGES + ["/", "/dashboard", "/dashboard/meters.csv", "/dashboard/meters.json"]:
        page = w.visitor().get(path)
        check(page.url.startswith("/dashboard/sign-in"), "%s shows %s without a sign-in" % (path, page.url))


def test_sign_in_leads_where_it_began_and_nowhere_else(w):
    browser = w.visitor()
    page = browser.get("/dashboard/team")
    page = browser.submit(page, "/sign-in", email="ADA@helio.test ".strip(), password=PASSWORD)
    same(page.url, "/dashboard/team", "where the sign-in leads")
    for to in ("//evil.test/", "https://evil.test/", "/dashboard//evil.test", "/f/x", "javascript:alert(1)"):
        browser = w.visitor()
        page = browser.submit(browser.get("/dashboard/sign-in"), "/sign-in", email="ada@helio.test", password=PASSWORD,
            to=to)
        same(page.url.split("?")[0], "/dashboard/requests", "where %r leads" % to)


def test_cookie_is_of_this_browser_alone(w):
    answer = w.visitor()
    page = answer.get("/dashboard/sign-in")
    form = page.form("/sign-in")["fields"]
    form.update(email="ada@helio.test", password=PASSWORD)
    raw = answer.send("POST", "/dashboard/sign-in", "&".join("%s=%s" % (k, v.replace(" ", "+")) for k,
        v in form.items()),
                      {"Content-Type": "application/x-www-form-urlencoded"})
    cookie = raw.headers["set-cookie"]
    check("HttpOnly" in cookie and "SameSite=Lax" in cookie, "the cookie is %r" % cookie)
    check(answer.cookies["meterkey_session"] not in str(w.rows("SELECT * FROM logins")),
        "the store holds the cookie itself")
    answer.submit(answer.get("/dashboard/team"), "/sign-out")
    page = w.visitor(answer.cookies).get("/dashboard/team")
    check(page.url.startswith("/dashboard/sign-in"), "signed out, and still in")
    stolen = w.visitor({"meterkey_session": cookie.split("=")[1].split(";")[0]})
    check(stolen.get("/dashboard/team").url.startswith("/dashboard/sign-in"), "a cookie works after sign-out")


def test_five_wrong_passwords_lock(w):
    w.join("lou@helio.test", "read")
    browser = w.visitor()
    page = browser.get("/dashboard/sign-in")
    for _ in range(5):
        page = browser.submit(page, "/sign-in", email="lou@helio.test", password="wrong").is_(403).has("is wrong")
    browser.submit(page, "/sign-in", email="lou@helio.test", password=PASSWORD).is_(403).has("rests")
    check(w.value("SELECT locked_until FROM users WHERE email = 'lou@helio.test'") > time.time() * 1e6,
        "the lock is not in the store")
    for _ in range(5):
        browser.submit(page, "/sign-in", email="nobody@helio.test", password="wrong").is_(403).has("is wrong")
    there = browser.submit(page, "/sign-in", email="lou@helio.test", password="wrong").is_(403)
    not_there = browser.submit(page, "/sign-in", email="Nobody@helio.test", password="wrong").is_(403)
    same(not_there.text.replace("Nobody@", "lou@"), there.text, "what an address that nobody has is told")
    browser.submit(page, "/sign-in", email="noone@helio.test", password="wrong").is_(403).has("is wrong")


def test_second_factor(w):
    browser, _ = w.join("tom@helio.test", "read")
    page = browser.submit(browser.get("/dashboard/profile"), "/profile/totp", password="wrong").is_(400)
    page = browser.submit(browser.get("/dashboard/profile"), "/profile/totp", password=PASSWORD).is_(200)
    secret = re.search(r"secret=([A-Z2-7]{32})&", html.unescape(page.body)).group(1)
    page.has("otpauth://totp/Meterkey%3Atom%40helio.test?secret=" + secret)
    page = browser.submit(page, "/confirm", code="000000").is_(400).has("does not fit")
    step = int(time.time()) // 30
    browser.submit(page, "/confirm", code=totp(secret, step)).is_(200).has("asked for from now on")
    check(secret not in str(w.rows("SELECT totp FROM users")), "the store holds the secret itself")
    guest = w.visitor()
    page = guest.submit(guest.get("/dashboard/sign-in"), "/sign-in", email="tom@helio.test",
        password=PASSWORD).is_(403).has("code of your app, too")
    guest.submit(page, "/sign-in", password=PASSWORD, totp=totp(secret, step)).is_(403).has("used already")
    guest.submit(page, "/sign-in", password=PASSWORD, totp=totp(secret, step + 1)).is_(200).has("Data requests")
    again = w.visitor()
    again.submit(again.get("/dashboard/sign-in"), "/sign-in", email="tom@helio.test", password=PASSWORD,
        totp=totp(secret, step + 1)).is_(403)
    guest.submit(guest.get("/dashboard/profile"), "/totp/off", password="wrong").is_(400)
    guest.submit(guest.get("/dashboard/profile"), "/totp/off", password=PASSWORD).is_(200).has("not asked for any more")
    last = w.sign_in("tom@helio.test")
    last.get("/dashboard/profile").has("tom@helio.test")


def change(w, sql, *values):
    db = sqlite3.connect(w.service.store, timeout=10)
    db.execute(sql, values)
    db.commit()
    db.close()


def test_an_invitation_ends(w):
    """After a week, and with who was invited being shut out; what is typed into it is kept in whole letters."""
    page = w.owner.submit(w.owner.get("/dashboard/team"), "/team", email="eve@helio.test", role="owner")
    link = re.search(r'value="http://[^/]+(/dashboard/invite/[\w-]+)"', page.body).group(1)
    guest = w.visitor()
    form = guest.get(link).is_(200)
    for undo, sql in (("created = %d" % (time.time() * 1e6), "created = created - 7 * 86400000001"),
                      ("disabled = NULL", "disabled = 1")):
        change(w, "UPDATE users SET %s WHERE email = 'eve@helio.test'" % sql)
        guest.get(link).is_(404).has("This invitation is over")
        guest.submit(form, link, name="", password=PASSWORD).is_(404)
        same(w.value("SELECT password FROM users WHERE email = 'eve@helio.test'"), None, "the password after " + sql)
        change(w, "UPDATE users SET %s WHERE email = 'eve@helio.test'" % undo)
    guest.submit(guest.get(link), link, name="E" + "é" * 120, password=PASSWORD).is_(200)
    w.owner.get("/dashboard/team").is_(200).has("E" + "é" * 99).lacks("é" * 100)
    change(w, "UPDATE users SET disabled = 1 WHERE email = 'eve@helio.test'")   # the first owner is the only one again


def test_an_old_sign_in_is_over(w):
    browser, _ = w.join("old@helio.test", "read")
    change(w, "UPDATE logins SET expires = ? WHERE user = (SELECT uid FROM users WHERE email = 'old@helio.test')",
        int(time.time() * 1e6))
    check(browser.get("/dashboard/team").url.startswith("/dashboard/sign-in"), "thirty days later it still works")


def with_codes(w, email, role):
    """Somebody who has codes of an app switched on -> browser, uid."""
    browser, _ = w.join(email, role)
    page = browser.submit(browser.get("/dashboard/profile"), "/profile/totp", password=PASSWORD).is_(200)
    secret = re.search(r"secret=([A-Z2-7]{32})&", html.unescape(page.body)).group(1)
    browser.submit(page, "/confirm", code=totp(secret)).is_(200)
    return browser, w.value("SELECT uid FROM users WHERE email = ?", email)


def test_codes_are_switched_off_by_another_owner_or_with_the_password(w):
    browser, uid = with_codes(w, "own@helio.test", "owner")
    on = lambda: w.value("SELECT totp IS NOT NULL FROM users WHERE uid = ?", uid) == 1
    csrf = browser.get("/dashboard/team").form("^/dashboard/team$")["fields"]["csrf"]
    browser.post("/dashboard/team/%s/totp-off" % uid, {"csrf": csrf}).is_(400).has("with your password")
    check(on(), "whoever has an owner's cookie switches their codes off")
    w.owner.submit(w.owner.get("/dashboard/team"), "/%s/totp-off" % uid).is_(200)
    check(not on(), "another owner cannot help")
    w.sign_in("own@helio.test").get("/dashboard/profile").has("own@helio.test")
    change(w, "UPDATE users SET disabled = 1 WHERE uid = ?", uid)


def test_a_secret_is_for_who_was_offered_it(w):
    one, two = w.join("uma@helio.test", "read")[0], w.join("una@helio.test", "read")[0]
    page = one.submit(one.get("/dashboard/profile"), "/profile/totp", password=PASSWORD).is_(200)
    secret = re.search(r"secret=([A-Z2-7]{32})&", html.unescape(page.body)).group(1)
    csrf = two.get("/dashboard/profile").form("/password")["fields"]["csrf"]
    sealed = page.form("/confirm")["fields"]["sealed"]
    two.post("/dashboard/profile/totp/confirm", {"csrf": csrf, "sealed": sealed, "code": totp(secret)}).is_(400)
    same(w.value("SELECT totp FROM users WHERE email = 'una@helio.test'"), None, "another's secret")


def test_own_password_is_not_guessed_from_a_sign_in(w):
    browser, _ = w.join("gus@helio.test", "read")
    page = browser.get("/dashboard/profile")
    for _ in range(10):
        browser.submit(page, "/profile/totp", password="wrong").is_(400).has("The password is wrong")
    browser.submit(page, "/profile/totp", password=PASSWORD).is_(400).has("Too many tries")


def test_new_password_ends_other_sign_ins(w):
    browser, _ = w.join("pia@helio.test", "read")
    second = w.sign_in("pia@helio.test")
    second.get("/dashboard/profile").has("pia@helio.test")
    browser.submit(browser.get("/dashboard/profile"), "/profile/password", password="wrong",
        new="another horse 13").is_(400)
    browser.submit(browser.get("/dashboard/profile"), "/profile/password", password=PASSWORD, new="short").is_(400)
    browser.submit(browser.get("/dashboard/profile"), "/profile/password", password=PASSWORD,
        new="another horse 13").is_(200).has("was changed")
    check(second.get("/dashboard/profile").url.startswith("/dashboard/sign-in"), "the other sign-in goes on")
    browser.get("/dashboard/profile").has("pia@helio.test")


# --- what holds for every page --------------------------------------------------------------------

def test_every_page_is_sound(w):
    w.fill()
    for page in w.everything(w.owner) + [w.visitor().get("/dashboard/sign-in")]:
        page.is_(200)
        policy = page.headers["content-security-policy"]
        for need in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
            check(need in policy and "unsafe" not in policy, "%s: policy %s" % (page.url, policy))
        check(not page.inline, "%s has script or style inside: %s" % (page.url, page.inline))
        check(len(page.ids) == len(set(page.ids)), "%s has an id twice: %s" % (page.url,
            sorted(i for i in page.ids if page.ids.count(i) > 1)))
        for uid, name, label, kind in page.controls:
            check(label or uid in page.labels, "%s: the control %s (%s) has no label" % (page.url, name, kind))
        same(page.body.count("<h1"), 1, "%s: headings of the first level" % page.url)
        check('lang="en"' in page.body and len(page.title) > 10, "%s: language or title" % page.url)
        same(page.headers.get("cache-control"), "no-store", "%s: cache-control" % page.url)
        check("userdata:" not in page.body and "table: 0x" not in page.body, "%s shows Lua's own" % page.url)


def changes(w, browser):
    """Every POST form of every page but sign-out: (path, fields)."""
    found = {}
    for page in w.everything(browser):
        for form in page.forms:
            if form["method"] == "post" and not form["action"].endswith("/sign-out"):
                found[form["action"]] = dict(form["fields"])
    return found


APART = ("logins", "mails", "events", "health")      # what changes by looking, or by itself


def snapshot(w):
    tables = [r[0] for r in w.rows("SELECT name FROM sqlite_master WHERE type = 'table'") if r[0] not in APART]
    forms = w.rows("SELECT is_archived, disabled, updated FROM forms WHERE team = ? ORDER BY uid", w.team)
    return ({t: w.value("SELECT count(*) FROM %s" % t) for t in tables}, forms,
        w.rows("SELECT * FROM users ORDER BY uid"),
            w.rows("SELECT * FROM settings ORDER BY name"))


def test_a_form_without_its_token_changes_nothing(w):
    w.owner.submit(w.owner.get("/dashboard/webhooks"), "/webhooks", url="https://hooks.example.org/a")
    forms = changes(w, w.owner)
    check(len(forms) > 40, "only %d forms were found" % len(forms))
    before = snapshot(w)
    for path, fields in forms.items():
        for token in (None, "", "wrong", w.member.get("/dashboard/profile").form("/password")["fields"]["csrf"]):
            sent = dict(fields, sure="yes")
            sent.pop("csrf")
            if token is not None:
                sent["csrf"] = token
            page = w.owner.post(path, sent)
            check(page.status == 403, "%s with the token %r is %d" % (path, token, page.status))
    same(snapshot(w), before, "the store")


def test_who_only_reads_changes_nothing(w):
    for page in w.everything(w.reader):
        page.is_(200) if not page.url.startswith(("/dashboard/requests/new",
            "/dashboard/requests/many")) else page.is_(403)
        left = [f["action"] for f in page.forms
            if f["method"] == "post" and "/profile/" not in f["action"] and "sign-out" not in f["action"]]
        check(not left, "%s offers %s to who only reads" % (page.url, left))
        check("/f/" not in page.body, "%s shows a customer's link to who only reads" % page.url)
    csrf, before = w.reader.get("/dashboard/profile").form("/password")["fields"]["csrf"], snapshot(w)
    for path, fields in changes(w, w.owner).items():
        if "/profile/" not in path:
            page = w.reader.post(path, dict(fields, csrf=csrf, sure="yes"))
            check(page.status == 403, "%s is %d for who only reads" % (path, page.status))
    same(snapshot(w), before, "the store")


def test_members_manage_no_users(w):
    csrf = w.member.get("/dashboard/profile").form("/password")["fields"]["csrf"]
    for path, fields in changes(w, w.owner).items():
        if re.match(r"/dashboard/(team|tokens|adapters)", path):
            page = w.member.post(path, dict(fields, csrf=csrf, email="z@z.test", role="owner", name="x"))
            check(page.status == 403, "%s is %d for a member" % (path, page.status))
    w.member.submit(w.member.get("/dashboard/requests/new"), "/new",
        email="by-member@mail.example").is_(200).has("Created")


def test_another_teams_ids_are_not_there(w):
    paths = {link.split("?")[0] for page in w.everything(w.owner) for link in page.links}
    paths = {p for p in paths if re.match(r"/dashboard/(requests|authorizations|meters|webhooks|templates|mails)/\w*\d",
        p)}
    check(len(paths) > 15, "only %d pages with an id" % len(paths))
    for path in paths:
        w.other.get(path).is_(404).lacks("mail.example")
    csrf, before = w.other.get("/dashboard/profile").form("/password")["fields"]["csrf"], snapshot(w)
    for path, fields in changes(w, w.owner).items():
        if re.match(r"/dashboard/(requests|authorizations|meters|webhooks|templates|tokens|team)/\w*\d", path):
            page = w.other.post(path, dict(fields, csrf=csrf, sure="yes", role="read"))
            check(page.status == 404, "%s is %d for another team" % (path, page.status))
    same(snapshot(w), before, "the store")
    w.other.get("/dashboard/meters.csv?authorization=a3").is_(200).lacks("4711")
    w.other.get("/dashboard/audit").lacks("ada@helio.test")


# --- data requests -------------------------------------------------------------------------------

def test_states_at_a_glance(w):
    page = w.owner.get("/dashboard/requests")
    page.has("Waits for a code", "MFA must be off", "wrong. It is up to the customer.",
        "It is up to the adapter's author", "Done", "Revoked", "Declined")
    for state, words in (("code", "c0@"), ("failed", "c1@"), ("mfa_off", "c2@"), ("done", "c3@"), ("revoked", "c4@"),
        ("declined", "c5@")):
        page = w.owner.get("/dashboard/requests?state=" + state).has(words)
        for i in range(8):
            if STATES[i] != state:
                page.lacks("c%d@mail" % i)
    w.owner.get("/dashboard/requests?q=c3").has("c3@").lacks("c1@")
    w.owner.get("/dashboard/requests?q=c3@mail.example").has("c3@").lacks("c1@")
    w.owner.get("/dashboard/requests?q=%25").has("Nothing matches")
    w.owner.get("/dashboard/requests?utility=SCE").lacks("c3@")


def badge(body):
    return re.search(r'<span class="badge badge-\w+">([^<]+)</span>', body).group(1)


def test_list_and_page_agree(w):
    """The list's state is SQL, the page's is service.progress: each change in the store is seen alike by both."""
    form, seen = w.forms[7], []
    steps = ["UPDATE sessions SET state = 'waiting', challenge = '{\"id\":\"c\",\"kind\":\"otp\"}' WHERE uid = 'sa7'",
             "UPDATE sessions SET state = 'answered' WHERE uid = 'sa7'",
             "UPDATE sessions SET state = 'running' WHERE uid = 'sa7'",
             "UPDATE sessions SET state = 'ended', challenge = NULL WHERE uid = 'sa7'",
             "UPDATE authorizations SET status = 'pending' WHERE uid = 'a7'",
             "UPDATE authorizations SET status = 'errored', error = '{\"code\":\"net.dns\"}' WHERE uid = 'a7'",
             "UPDATE authorizations SET error = '{\"code\":\"mfa.must_be_off\"}' WHERE uid = 'a7'",
             "UPDATE authorizations SET error = '{\"alone\":true,\"code\":\"mfa.must_be_off\"}' WHERE uid = 'a7'",
             "UPDATE authorizations SET error = '{\"alone\":true,\"code\":\"auth.credentials\"}' WHERE uid = 'a7'",
             "UPDATE authorizations SET form = 'another' WHERE uid = 'a7'",
             "UPDATE authorizations SET status = 'updated', error = NULL WHERE uid = 'a7'",
             "UPDATE forms SET expires = 1 WHERE uid = '%s'" % form,
             "UPDATE forms SET disabled = 1 WHERE uid = '%s'" % form,
             "UPDATE forms SET disabled = 0 WHERE uid = '%s'" % form,
             "UPDATE authorizations SET form = '%s' WHERE uid = 'a7'" % form]
    for step in [None] + steps:
        if step:
            db = sqlite3.connect(w.service.store, timeout=10 * SLOWER)
            db.execute(step)
            db.commit()
            db.close()
        row = w.owner.get("/dashboard/requests?q=" + form).body.split("<tbody", 1)[1]
        page = w.owner.get("/dashboard/requests/" + form).is_(200).body
        same(badge(row), badge(page), "the list's state after %s" % step)
        seen.append(badge(row))
    same(seen, ["Done", "Waits for a code", "Code is checked", "Working", "Done", "Working", "Failed",
        "MFA must be off", "MFA must be off", "Needs reauthorization", "Needs reauthorization",
                "Not started", "Expired", "Disabled", "Expired", "Done"], "states")


def keep_a3(w, sql="", *values):
    """A sign-in is kept for the authorization a3; then sql."""
    db = sqlite3.connect(w.service.store, timeout=10 * SLOWER)
    now = time.time_ns() // 1000
    db.execute("INSERT OR REPLACE INTO kept (team, authorization, utility, till, refreshed, next, credentials)"
               " VALUES (?, 'a3', 'coned', ?, ?, ?, x'00')", (w.team, now + 90 * seed.DAY, now - seed.DAY, now + seed.DAY))
    if sql:
        db.execute(sql, values)
    db.commit()
    db.close()


def test_ongoing_access(w):
    where = "/dashboard/authorizations/a3"
    w.owner.get(where).is_(200).lacks("Ongoing access", "Refresh now")
    keep_a3(w)
    page = w.owner.get(where).has("Ongoing access", "Read last", "Read next", "Sign-in kept until", "1 d ago")
    w.reader.get(where).has("Read next").lacks("Refresh now", "Stop keeping")
    w.owner.submit(page, "/refresh").is_(200).has("The meters are being read again")
    w.owner.submit(w.owner.get(where), "/forget").is_(200).has("The kept sign-in is deleted", "Sign-in not kept any more")
    same(w.rows("SELECT 1 FROM kept"), [], "what is kept")
    same(w.rows("SELECT count(*) FROM sessions WHERE human = 0 AND (credentials IS NOT NULL OR state <> 'ended')"),
         [(0,)], "what a run has")
    w.owner.get(where).lacks("Refresh now", "Stop keeping")
    for what in ("authorization.refreshed", "authorization.sign_in_deleted"):
        same(w.value("SELECT count(*) FROM audit WHERE what = ? AND target = 'authorization:a3'", what), 1, what)


def test_a_run_that_ended_asks_for_a_reauthorization(w):
    keep_a3(w, "UPDATE authorizations SET status = 'errored', error = ? WHERE uid = 'a3'",
            json.dumps({"alone": True, "code": "mfa.needs_human", "owner": "user", "retry": "after_user"},
                       separators=(",", ":")))
    w.owner.get("/dashboard/authorizations?state=errored").has("Needs reauthorization")
    w.owner.get("/dashboard/authorizations/a3").has("Needs reauthorization", "None was sent")
    page = w.owner.get("/dashboard/requests?state=reauthorize").has("c3@", "Ask to sign in again")
    after = w.owner.submit(page, w.forms[3] + "/reauthorize").is_(200).has("renews the authorization")
    new = after.url.split("/")[-1].split("?")[0]
    same(w.value("SELECT kind FROM mails WHERE form = ?", new), "request", "the mail")
    page = w.owner.submit(w.owner.get("/dashboard/authorizations/a3"), "/reauthorize").is_(200)
    same(w.value("SELECT authorization FROM forms WHERE uid = ?", page.url.split("/")[-1].split("?")[0]), "a3", "renews")
    keep_a3(w, "UPDATE authorizations SET status = 'updated', error = NULL WHERE uid = 'a3'")
    keep_a3(w, "DELETE FROM kept")


def test_a_failure_in_words(w):
    page = w.owner.get("/dashboard/requests/" + w.forms[1])
    page.has("user name or the password is wrong", "the customer", "auth.credentials", "Wrong <b>password</b>.")
    check("<b>password</b>" not in page.body, "the portal's words are not escaped")
    w.owner.get("/dashboard/requests/" + w.forms[6]).has("the adapter's author", "coned.lua:41")
    w.owner.get("/dashboard/requests/" + w.forms[2]).has("must be off", "Sign in at www.sce.com",
        "Switch it off and save.")
    w.owner.get("/dashboard/requests/" + w.forms[0]).has("a code by text message", "Enter the code we sent you.",
        "Tries left",
        "The utility asked for a code")
    w.owner.get("/dashboard/requests/" + w.forms[3]).has("12 Elm Street, 4B, Yonkers, NY, 10701")


def link_of(page):
    return re.search(r'id="link" readonly value="([^"]+/f/[\w-]+)"', page.body).group(1)


def test_the_same_link_in_the_middle_else_a_new_one(w):
    page = w.owner.get("/dashboard/requests/" + w.forms[0])
    after = w.owner.submit(page, "/send").is_(200).has("the same link was sent")
    same(link_of(after), link_of(page), "the link in the middle of a challenge")
    kind, text = w.rows("SELECT kind, text FROM mails WHERE form = ? ORDER BY created DESC", w.forms[0])[0]
    check(kind == "code" and link_of(page) in text, "the mail is %s: %s" % (kind, text))
    page = w.owner.get("/dashboard/requests/" + w.forms[6])
    after = w.owner.submit(page, "/send").is_(200).has("A new link was made and sent", "Failed", "coned.lua:41")
    check(link_of(after) != link_of(page), "the link is the old one")
    same(w.value("SELECT disabled FROM forms WHERE uid = ?", w.forms[6]), 1, "the old link is off")


def test_a_click_that_helps(w):
    page = w.owner.get("/dashboard/requests?state=mfa_off")
    w.owner.submit(page, w.forms[2] + "/notify").is_(200).has("was notified", "Customer was told what to do")
    w.owner.get("/dashboard/requests?state=mfa_off").has("has to switch it off", "Written to")
    w.owner.get("/dashboard/requests?q=" + w.forms[3]).lacks("Written to")
    text = w.value("SELECT text FROM mails WHERE form = ?", w.forms[2])
    for words in ("Southern California Edison", "1. Sign in at www.sce.com", "/f/",
        "multi-factor-authentication-mfa-customer-faqs"):
        check(words in text, "the mail lacks %r: %s" % (words, text))
    w.owner.submit(w.owner.get("/dashboard/requests/" + w.forms[1]), "/notify").is_(200)
    same(w.value("SELECT kind FROM mails WHERE form = ?", w.forms[1]), "failed", "the mail about a failure")
    page = w.owner.submit(w.owner.get("/dashboard/requests/" + w.forms[3]),
        "/reauthorize").is_(200).has("renews the authorization")
    new = page.url.split("/")[-1].split("?")[0]
    same(w.rows("SELECT authorization, customer_email FROM forms WHERE uid = ?", new), [("a3", "a3@mail.example")],
        "the new data request")


def test_a_page_hears_of_changes_of_its_team_alone(w):
    check('data-live="*"' in w.owner.get("/dashboard/requests").body, "the list does not listen")
    streams = []
    for browser in (w.owner, w.other):
        connection = http.client.HTTPConnection(browser.host, timeout=20 * SLOWER)
        connection.request("GET", "/dashboard/live",
            headers={"Cookie": "meterkey_session=" + browser.cookies["meterkey_session"]})
        answer = connection.getresponse()
        same(answer.headers["content-type"], "text/event-stream")
        streams.append((connection, answer))
    w.owner.submit(w.owner.get("/dashboard/requests/new"), "/new", email="live1@mail.example")
    page = w.other.submit(w.other.get("/dashboard/requests/new"), "/new", email="live2@mail.example")
    news = []
    for connection, answer in streams:
        line = b""
        while not line.startswith(b"data:"):
            line = answer.readline()
        news.append(json.loads(line[5:])["form"])
        connection.close()
    same(news, [w.value("SELECT uid FROM forms WHERE customer_email = 'live%d@mail.example'" % i) for i in (1, 2)],
        "what was heard of")
    w.other.submit(page, "/archive")
    check(w.visitor().get("/dashboard/live").url.startswith("/dashboard/sign-in"), "a stream without a sign-in")


def live(browser):
    """A stream of what changes -> a function that says whether it ends in so many seconds."""
    connection = http.client.HTTPConnection(browser.host, timeout=20 * SLOWER)
    connection.request("GET", "/dashboard/live",
        headers={"Cookie": "meterkey_session=" + browser.cookies["meterkey_session"]})
    answer = connection.getresponse()
    same(answer.headers["content-type"], "text/event-stream")

    def ends(seconds):
        connection.sock.settimeout(seconds)
        try:
            while answer.readline():
                pass
            return True
        except TimeoutError:
            return False
        finally:
            connection.close()
    return ends


def test_a_stream_ends_with_its_sign_in(w):
    """Signed out, another password, shut out, or nobody there for too long; no other stream does."""
    guest, _ = w.join("sue@helio.test", "read")
    uid = w.value("SELECT uid FROM users WHERE email = 'sue@helio.test'")
    hers, other = lambda: w.sign_in("sue@helio.test"), live(w.member)
    ends, browser = live(guest), guest
    browser.submit(browser.get("/dashboard/team"), "/sign-out")
    check(ends(0.5), "signed out, and the stream goes on")
    browser, second = hers(), hers()
    ends, kept = live(second), live(browser)
    browser.submit(browser.get("/dashboard/profile"), "/profile/password", password=PASSWORD, new=PASSWORD).is_(200)
    check(ends(0.5), "another password, and the stream goes on")
    check(not kept(0.3), "who changed the password is cut off")
    ends, browser = live(browser), browser
    db = sqlite3.connect(w.service.store, timeout=10 * SLOWER)
    db.execute("UPDATE logins SET seen = 1 WHERE user = ?", (uid,))
    db.commit()
    db.close()
    check(ends(1.3), "the sign-in is too old, and the stream goes on")
    ends = live(hers())
    csrf = w.owner.get("/dashboard/team").form("^/dashboard/team$")["fields"]["csrf"]
    w.owner.post("/dashboard/team/%s/change" % uid, {"csrf": csrf, "disabled": "yes"}).is_(200)
    check(ends(0.5), "shut out, and the stream goes on")
    check(not other(0.3), "another's stream ended")


def test_archive_and_switch_off(w):
    page = w.owner.submit(w.owner.get("/dashboard/requests/" + w.forms[5]), "/archive").is_(200).has("Archived")
    w.owner.get("/dashboard/requests").lacks("c5@")
    w.owner.get("/dashboard/requests?state=archived").has("c5@").lacks("c3@")
    w.owner.submit(page, "/unarchive").is_(200)
    page = w.owner.submit(page, "/disable").is_(200).has("Disabled").lacks("Copy link")
    w.owner.submit(page, "/enable").is_(200).lacks("Disabled").has("Declined")


def test_create_one(w):
    page = w.owner.get("/dashboard/requests/new")
    before = w.value("SELECT count(*) FROM forms")
    w.owner.submit(page, "/new", email="no address").is_(400).has("no e-mail address")
    w.owner.submit(page, "/new", email="x@mail.example", utility="nowhere").is_(400).has("no such utility")
    w.owner.submit(page, "/new", email="x@mail.example", template="t").is_(400).has("template")
    w.owner.submit(page, "/new", email="x@mail.example", ongoing_end="2001-01-01").is_(400).has("still to come")
    same(w.value("SELECT count(*) FROM forms"), before, "data requests")
    page = w.owner.submit(page, "/new", email="x@mail.example", utility="SDG&E", expires="until_revoked",
        ongoing_end="2035-01-31", send="yes")
    page.is_(200).has("The link was sent", "San Diego Gas & Electric", "until it is revoked", "2035-01-31T00:00:00",
        "Link sent by e-mail")
    link = link_of(page)
    check(link in w.value("SELECT text FROM mails WHERE recipient = 'x@mail.example'"), "the mail has another link")
    check(link.split("/f/")[1] not in str(w.rows("SELECT link, token FROM forms")), "the store holds the link itself")


def test_many_or_none(w):
    page, before = w.owner.get("/dashboard/requests/many"), w.value("SELECT count(*) FROM forms")
    text = 'email,utility\nn1@mail.example,ConEd\n\nnot-an-address\nn2@mail.example,nowhere\nN1@mail.example\nn3@mail.example,ConEd,more\n'
    bad = w.owner.submit(page, "/many", list=text).is_(400)
    bad.has("Nothing was created: 4 lines are wrong.", "Line 4: 'not-an-address' is no e-mail address",
        "Line 5: there is no utility 'nowhere'",
            "Line 6: the same address as in line 2", "Line 7: two columns at most")
    same(bad.form("/many")["fields"]["list"], text, "the list is still there")
    w.owner.submit(page, "/many", list='"n4@mail.example\n').is_(400).has("Line 1: a quote is not closed")
    w.owner.submit(page, "/many", list=" \n").is_(400).has("no address")
    w.owner.submit(page, "/many", list="".join("k%d@mail.example\n" % i
        for i in range(1001))).is_(400).has("1000 at most")
    same(w.value("SELECT count(*) FROM forms"), before, "data requests")
    w.owner.submit(page, "/many", list='\ufeffE-Mail;Utility\r\n"n5@mail.example";coned\r\nn6@mail.example\r\n',
        send="yes").is_(200).has("n5@", "n6@")
    same(w.rows("SELECT utility FROM forms WHERE customer_email IN ('n5@mail.example', 'n6@mail.example') ORDER BY customer_email"), [("ConEd",), (None,)])
    same(w.value("SELECT count(*) FROM mails WHERE recipient IN ('n5@mail.example', 'n6@mail.example')"), 2, "mails")


def statement(w, filter_text):
    """The list's SQL for a filter written in Lua, and how many rows it may look at."""
    script = ("package.path = %r .. package.path; host = { config = {}, null = {} } "
              "local sql, args, window = require('service.dashboard.requests').sql('222', 1, %s) io.write(window, '\\n', sql)"
              % (os.path.join(ROOT, "runtime", "?.lua;"), filter_text))
    out = subprocess.run(["lua5.4", "-e", script], capture_output=True, text=True, check=True).stdout
    window, sql = out.split("\n", 1)
    return sql, int(window)


def work(db, sql, args):
    """Steps of SQLite's machine for a statement, in hundreds."""
    steps = [0]

    def count():
        steps[0] += 1
    db.set_progress_handler(count, 100)
    rows = db.execute(sql, args).fetchall()
    db.set_progress_handler(None, 0)
    return rows, steps[0]


def test_a_hundred_thousand_rows(w):
    page = w.other.get("/dashboard/requests").is_(200).has("Not started 2000+", "customer-000001@",
        "customer-000050@").lacks("customer-000051@")
    page = w.other.get([link for link in page.links if "after=" in link][0]).has("customer-000051@",
        "customer-000100@").lacks("customer-000050@")
    w.other.get("/dashboard/requests?after=m099990").has("customer-099991@", "customer-100000@").lacks("Older")
    w.other.get("/dashboard/requests?q=customer-099999@mail.example").has("customer-099999@")
    partly = w.other.get("/dashboard/requests?state=failed").has("Nothing among those looked at so far")
    check(any("state=failed" in link and "after=m002000" in link for link in partly.links),
        "no way to look further: %s" % partly.links)
    w.other.get("/dashboard/requests?state=failed&after=m049000").has("customer-050000@")
    db = sqlite3.connect("file:%s?mode=ro" % w.service.store, uri=True)
    spent = {}
    for name, text, args in (("first", "{}", ()), ("late", "{ from = { created = 2, uid = 'x' } }", ("late",)),
        ("state", "{ state = 'failed' }", ("failed",)),
                             ("search", "{ q = 'nobody' }", ("%nobody%", "nobody")), ("address",
                                 "{ q = 'customer-099999@mail.example' }",
                                                                                     ("customer-099999@mail.example",))):
        sql, window = statement(w, text)
        check(window <= 2000, "%s may look at %d rows" % (name, window))
        if name == "late":
            args = db.execute("SELECT created, uid FROM forms WHERE team = '222' AND uid = 'm090000'").fetchone()
        values = ("222", 1, 0) + tuple(args)
        plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, values)]
        scans = [line for line in plan if re.search(r"SCAN (forms|authorizations|sessions|a|s)\b", line)]
        check(not scans and any("forms USING INDEX %s" % ("forms_email" if name == "address" else "forms_shelf") in line
            for line in plan), "%s: the plan is %s" % (name, plan))
        rows, spent[name] = work(db, sql, values)
        check(len(rows) <= 51, "%s gives %d rows" % (name, len(rows)))
    db.close()
    check(spent["late"] <= spent["first"] * 2 + 10, "the 1800th page costs more than the first: %s" % spent)
    check(spent["state"] < 4000 and spent["search"] < 4000, "a filter costs too much: %s" % spent)


# --- meters, authorizations -------------------------------------------------------------------

def test_meters_as_files(w):
    page = w.owner.get("/dashboard/meters.csv")
    same(page.headers["content-type"], "text/csv; charset=utf-8")
    check("attachment" in page.headers["content-disposition"], "not for download")
    for cell in ("\"'=HYPERLINK(\"\"http://evil.test\"\")\"", "'+1+1", "'@SUM(A1)", "\"'-2+3, \"\"quoted\"\"\""):
        check(cell in page.body, "the file lacks %s:\n%s" % (cell, page.body))
    check(not re.search(r'(^|,)"?[=+@-]', page.body, re.M), "a cell begins like a formula:\n%s" % page.body)
    same(len(page.body.strip().split("\r\n")), 4, "lines")
    page = w.owner.get("/dashboard/meters.json?authorization=a3")
    check('"account": "4711-0815"' in page.body and "@SUM" not in page.body, page.body)
    for page in (page, w.owner.get("/dashboard/meters.json"), w.owner.get("/dashboard/meters.json?q=nothing")):
        same(page.body, json.dumps(json.loads(page.body), indent=2, sort_keys=True, ensure_ascii=False) + "\n", "the file, written at once")
    w.owner.get("/dashboard/meters?q=elm").has("4711-0815")
    w.owner.get("/dashboard/meters?q=nothing").has("Nothing matches")
    w.owner.get("/dashboard/meters?service=gas").has("HYPERLINK").lacks("4711-0815")
    w.owner.get("/dashboard/meters/mt0").has("12 Elm Street", "SC1 Residential", "M100200")


def test_a_filter_looks_so_far_and_offers_more(w):
    """5,000 rows at once: what is older is found by going on."""
    now, count = time.time_ns() // 1000, 5100
    db = sqlite3.connect(w.service.store, timeout=10 * SLOWER)
    db.executemany("INSERT INTO authorizations (team, uid, utility, created, updated, expires, status, status_ts)"
                   " VALUES ('222', ?, 'ConEd', ?, 1, 'until_revoked', 'updated', 1)", (("x%05d" % i, now - i) for i in range(count)))
    db.executemany("INSERT INTO meters (team, uid, authorization, utility, account, search, data, key, status, status_message, status_ts,"
                   " created) VALUES ('222', ?, 'b1', 'ConEd', ?, ?, '{}', ?, 'updated', '', 1, ?)",
                   (("y%05d" % i, "acc%05d" % i, "acc%05d" % i, "k%d" % i, now - i) for i in range(count)))
    db.commit()
    for path, found in (("/dashboard/meters?q=acc05050", "acc05050"), ("/dashboard/authorizations?state=errored", "b1@mail.example")):
        page = w.other.get(path).has("Nothing among those looked at so far", "Look among older ones").lacks(found)
        page = w.other.get([link for link in page.links if "after=" in link][0]).has(found, "Newest").lacks("Older")
    w.other.get("/dashboard/meters?authorization=b1&q=acc05050").has("acc05050")
    db.execute("DELETE FROM meters WHERE team = '222'")
    db.execute("DELETE FROM authorizations WHERE uid LIKE 'x%'")
    db.commit()
    db.close()


def test_revoke_asks_first_and_takes_all(w):
    page = w.owner.get("/dashboard/authorizations/a7").has("@SUM(A1)")
    w.owner.submit(page, "/revoke").is_(400).has("tick the box")
    same(w.value("SELECT count(*) FROM meters WHERE authorization = 'a7'"), 1, "meters before")
    w.owner.submit(page, "/revoke", sure="yes").is_(200).has("Revoked").lacks("@SUM(A1)")
    same(w.value("SELECT count(*) FROM meters WHERE authorization = 'a7'"), 0, "meters after")
    w.owner.get("/dashboard/authorizations").lacks("/a7")
    w.owner.get("/dashboard/authorizations?state=revoked").has("Revoked")
    w.owner.submit(page, "/change", nickname="Elm Street").is_(200).has("Elm Street")
    w.owner.submit(page, "/change", nickname="E" + "é" * 120).is_(200).has("E" + "é" * 99).lacks("é" * 100)


# --- adapters ----------------------------------------------------------------------------------

def test_health_as_charts_and_tables(w):
    w.owner.get("/dashboard/adapters").has("Con Edison", "turn off", "the case 'two meters' ends adapter.parse",
        "coned.lua:88")
    for hours in ("24", "168", "720"):
        page = w.owner.get("/dashboard/adapters/coned?range=" + hours).is_(200)
        same(page.body.count("<svg"), 5, "charts")
        same(page.body.count("</details>"), 5, "tables behind them")
        page.has("Success rate", "Median time to the code page", "auth.credentials", "site.maintenance")
        for mark in ("mark-live", "mark-refused"):
            check(mark in page.body, "no mark of a reload: " + mark)
    page = w.owner.get("/dashboard/adapters/coned?range=24&version=" + seed.version("coned", 2))
    check(page.body.count("<rect") < w.owner.get("/dashboard/adapters/coned?range=24").body.count("<rect"),
        "the version makes no difference")
    w.owner.get("/dashboard/adapters/nothing").is_(404)


def test_an_operator_pauses_and_rolls_back(w):
    at = "/dashboard/adapters/coned"
    w.owner.submit(w.owner.get(at), "/pause", reason="").is_(400)
    page = w.owner.submit(w.owner.get(at), "/pause", reason="Con Edison rests until noon.").is_(200).has("Paused",
        "rests until noon")
    page = w.owner.submit(page, "/pause").is_(200).lacks("rests until noon")
    w.owner.submit(page, "/rollback", version=seed.version("sce", 1)).is_(400).has("no such version")
    page = w.owner.submit(page, "/rollback", version=seed.version("coned", 1)).is_(200).has("rollback",
        "by ada@helio.test")
    same(w.value("SELECT version FROM adapters WHERE utility = 'coned'"), seed.version("coned", 1), "the live version")
    w.owner.submit(page, "/share", share="101").is_(400)
    w.owner.submit(page, "/share", share="10").is_(200)
    same(w.value("SELECT value FROM settings WHERE name = 'canary:coned'"), "10", "the share")
    w.owner.submit(page, "/policy", policy="turn_off").is_(200)
    same(w.value("SELECT value FROM settings WHERE name = 'mfa:coned'"), '"turn_off"', "the policy")
    csrf = w.other.get("/dashboard/profile").form("/password")["fields"]["csrf"]
    w.other.post(at + "/pause", {"csrf": csrf, "reason": "mine"}).is_(403).has("that runs this installation")


# --- webhooks, tokens, team, templates ----------------------------------------------------------------

def test_webhooks(w):
    page = w.owner.get("/dashboard/webhooks")
    for url in ("http://plain.test/", "javascript:alert(1)", "https://", "ftp://x.test/", "https://a b"):
        w.owner.submit(page, "/webhooks", url=url).is_(400)
    page = w.owner.submit(page, "/webhooks", url="https://hooks.example.org/m",
        type_meter_created="yes").is_(200).has("shown this once")
    secret = re.search(r'id="fresh" readonly value="([\w-]+)"', page.body).group(1)
    w.owner.get("/dashboard/webhooks").lacks(secret)
    check(secret not in str(w.rows("SELECT secret FROM webhooks")), "the store holds the secret itself")
    uid = w.value("SELECT uid FROM webhooks WHERE url = 'https://hooks.example.org/m'")
    at = "/dashboard/webhooks/" + uid
    w.owner.submit(w.owner.get(at), "/ping").is_(200).has("ping", "A ping is on its way")
    event = w.value("SELECT uid FROM events WHERE webhook = ?", uid)
    w.service.stop()
    with seed.Store(w.service.store) as db:
        db.execute("UPDATE events SET is_delivered = 1, next = NULL, tries = 1 WHERE uid = ?", (event,))
    w.service.start()
    for browser in (w.owner, w.member, w.reader, w.other):
        browser.host = browser_host(w.service.url)
    page = w.owner.get(at).has("Delivered")
    w.owner.submit(page, event + "/replay").is_(200).lacks("Delivered ")
    same(w.value("SELECT is_delivered FROM events WHERE uid = ?", event), 0, "delivered")
    csrf = page.form("/types")["fields"]["csrf"]
    first = w.value("SELECT uid FROM webhooks WHERE url = 'https://hooks.example.org/a'")
    w.owner.post("/dashboard/webhooks/%s/events/%s/replay" % (first, event), {"csrf": csrf}).is_(404)
    w.owner.submit(page, "/types", type_meter_created=None, type_form_created="yes").is_(200)
    same(w.value("SELECT types FROM webhooks WHERE uid = ?", uid), '["form_created"]', "types")
    page = w.owner.submit(page, "/switch").is_(200).has("Off")
    w.owner.submit(page, "/remove").is_(200)
    same(w.value("SELECT count(*) FROM webhooks WHERE uid = ?", uid), 1, "not removed without the box")
    w.owner.submit(page, "/remove", sure="yes").is_(200).lacks("hooks.example.org/m")


def test_tokens_are_shown_once(w):
    page = w.owner.submit(w.owner.get("/dashboard/tokens"), "/tokens", name="Nightly",
        scopes="read").is_(200).has("shown this once")
    token = re.search(r'id="fresh" readonly value="(mk_[\w-]+)"', page.body).group(1)
    page = w.owner.get("/dashboard/tokens").has("Nightly", token[:7]).lacks(token)
    check(token not in str(w.rows("SELECT * FROM tokens")), "the store holds the token itself")
    same(w.rows("SELECT scopes, revoked FROM tokens WHERE name = 'Nightly'"), [("read", None)], "the token")
    w.owner.submit(page, "/revoke").is_(200).has("Revoked")
    w.owner.submit(page, "^/dashboard/tokens$", name=" ").is_(400)


def test_team(w):
    check(w.visitor().get(w.member_link).status == 404, "an invitation works twice")
    page = w.owner.get("/dashboard/team")
    w.owner.submit(page, "^/dashboard/team$", email="mel@helio.test").is_(400).has("already")
    w.owner.submit(page, "^/dashboard/team$", email="boss@helio.test", role="king").is_(400)
    ada, mel = (w.value("SELECT uid FROM users WHERE email = ?", e) for e in ("ada@helio.test", "mel@helio.test"))
    csrf = page.form("^/dashboard/team$")["fields"]["csrf"]
    w.owner.post("/dashboard/team/%s/change" % ada, {"csrf": csrf, "role": "member"}).is_(400).has("last owner")
    w.owner.post("/dashboard/team/%s/change" % ada, {"csrf": csrf, "disabled": "yes"}).is_(400).has("last owner")
    w.owner.post("/dashboard/team/%s/change" % mel, {"csrf": csrf, "role": "read"}).is_(200)
    w.member.get("/dashboard/requests/new").is_(403)
    w.owner.post("/dashboard/team/%s/change" % mel, {"csrf": csrf, "disabled": "yes"}).is_(200).has("Shut out")
    check(w.member.get("/dashboard/requests").url.startswith("/dashboard/sign-in"), "who is shut out is still in")


def test_templates(w):
    page = w.owner.get("/dashboard/templates")
    good = {"company_name": "Second & Sons", "company_logo": "https://cdn.example.org/logo.png",
        "redirect_uris": "https://a.example.org/done\nhttps://b.example.org/",
            "frame_ancestors": "https://www.example.org"}
    for name, value in (("company_name", ""), ("company_logo", "javascript:x"),
        ("redirect_uris", "https://a.example.org\nhttp://plain.test/"),
                        ("frame_ancestors", "https://www.example.org/path"), ("frame_ancestors",
                            "https://x.test; script-src *")):
        w.owner.submit(page, "/templates", **dict(good, **{name: value})).is_(400)
    page = w.owner.submit(page, "/templates", **good).is_(200).has("Second & Sons")
    same(w.value("SELECT redirect_uris FROM templates WHERE company_name = 'Second & Sons'"),
         '["https://a.example.org/done","https://b.example.org/"]', "addresses")
    uid = page.url.split("/")[-1].split("?")[0]
    same(page.form("/" + uid)["fields"]["redirect_uris"], good["redirect_uris"], "addresses in the form")
    page = w.owner.submit(page, "/" + uid, company_name="Third", mfa_impossible="Call us: we read <it> by hand.").is_(200).has("Third")
    same(page.form("/" + uid)["fields"]["mfa_impossible"], "Call us: we read <it> by hand.", "in the form")
    same(w.value("SELECT settings FROM templates WHERE uid = ?", uid), '{"mfa_impossible":"Call us: we read <it> by hand."}', "settings")
    w.owner.submit(page, "/" + uid, mfa_impossible="x" * 501).is_(400)
    w.owner.submit(page, "/" + uid, company_name="é" * 101).is_(400).has("at most 100 letters")
    w.owner.submit(page, "/" + uid, company_name="é" * 100).is_(200).has("é" * 100)
    w.owner.submit(page, "/" + uid, mfa_impossible="").is_(200)
    same(w.value("SELECT settings FROM templates WHERE uid = ?", uid), "{}", "settings, emptied")
    w.owner.submit(page, "/switch").is_(200).has("Off")


def test_every_change_is_in_the_audit_log(w):
    page, found = w.owner.get("/dashboard/audit"), ""
    while True:
        found += page.text
        older = [link for link in page.links if "before=" in link]
        if not older:
            break
        page = w.owner.get(older[0])
    for what in ("team.created", "user.signed_in", "user.signed_out", "user.sign_in_refused", "user.invited",
        "user.joined", "user.password", "user.totp_on",
                 "user.totp_off", "user.role.read", "user.disabled", "form.created", "form.sent", "form.notified",
                 "form.reauthorize", "form.archived",
                 "form.unarchived", "form.disabled", "form.enabled", "authorization.revoked", "authorization.named",
                 "meters.downloaded", "adapter.pause",
                 "adapter.rollback", "adapter.share", "adapter.policy", "webhook.created", "webhook.pinged",
                 "webhook.types", "webhook.disabled",
                 "webhook.removed", "event.replayed", "token.created", "token.revoked", "template.created",
                 "template.changed", "template.disabled"):
        check(what in found, "the audit log lacks " + what)
    check("ada@helio.test" in found and " 10." in found, "who or from where is not told")


def test_mail_lies_in_the_outbox(w):
    page = w.owner.get("/dashboard/mails").has("No mail server is set", "x@mail.example")
    uid = w.value("SELECT uid FROM mails WHERE recipient = 'x@mail.example'")
    w.owner.get("/dashboard/mails/" + uid).has("/f/")
    w.reader.get("/dashboard/mails/" + uid).has("(link)").lacks("/f/")
    invited = w.value("SELECT uid FROM mails WHERE kind = 'invite' ORDER BY created DESC")
    w.owner.get("/dashboard/mails/" + invited).has("/dashboard/invite/")
    for browser in (w.reader, w.join("max@helio.test", "member")[0]):
        browser.get("/dashboard/mails/" + invited).is_(200).has("(link)").lacks("/dashboard/invite/")
    check(page.status == 200, "the list")


def test_a_mail_that_failed_is_tried_again(w):
    """By who may, of one's own team; by who runs the installation, of all."""
    uid = w.value("SELECT uid FROM mails WHERE recipient = 'x@mail.example' AND state = 'sent'")
    path, now = "/dashboard/mails/" + uid, time.time_ns() // 1000

    def fails(state, following=None):
        db = sqlite3.connect(w.service.store, timeout=10)
        with db:
            db.execute("UPDATE mails SET state = ?, tries = 6, error = 'no server', next = ?, created = ? WHERE uid = ?", (state, following, now, uid))
        db.close()

    def arrives():
        limit = time.monotonic() + 10
        while w.rows("SELECT state, error, tries FROM mails WHERE uid = ?", uid) != [("sent", None, 1)]:
            check(time.monotonic() < limit, w.rows("SELECT state, error, tries FROM mails WHERE uid = ?", uid))
            time.sleep(0.05)
    w.owner.get(path).lacks("Try now")
    fails("failed")
    for page in (path, "/dashboard/mails"):
        form = w.owner.get(page).form("/again")
        w.reader.get(page).lacks("Try now", "Try all now").has("no server")
        fields = {name: w.reader.get("/dashboard/profile").form("/password")["fields"][name] for name in form["fields"]}
        w.reader.post(form["action"], fields).is_(403)
        fields = {name: w.other.get("/dashboard/profile").form("/password")["fields"][name] for name in form["fields"]}
        w.other.post(form["action"], fields).is_(404 if page == path else 200)
        same(w.value("SELECT state FROM mails WHERE uid = ?", uid), "failed", "after " + page)
    w.other.get("/dashboard/mails").lacks("Try all now")
    for state, following in (("failed", None), ("bounced", None), ("queued", now + 10**12)):
        fails(state, following)
        w.owner.submit(w.owner.get(path).has("no server"), "/again").is_(200).has("It is tried again now")
        arrives()
    fails("bounced")
    w.owner.get("/dashboard/mails").lacks("Try all now")
    fails("queued", now + 10**12)
    w.owner.submit(w.owner.get("/dashboard/mails").has("1 mail waits for another try", "All teams are counted"), "/again").is_(200)
    arrives()
    w.owner.get("/dashboard/audit").has("mail.again", "mails.again")


def test_forms_keep_what_was_typed_where_something_is_wrong(w):
    """Whoever made one mistake types one field anew."""
    for path, action, wrong, kept in (
            ("/dashboard/tokens", "/tokens", {"name": "n" * 101}, {"scopes": "read", "days": "90"}),
            ("/dashboard/team", "/team", {"email": "no address"}, {"name": "Kim <b>", "role": "read"}),
            ("/dashboard/webhooks", "/webhooks", {"url": "ftp://hooks.example"}, {"type_meter_created": "yes"}),
            ("/dashboard/adapters/coned", "/pause", {"reason": "We mend it. " * 30}, {}),
            ("/dashboard/adapters/coned", "/share", {"share": "101"}, {})):
        page = w.owner.submit(w.owner.get(path), action, **wrong, **kept).is_(400)
        fields = page.form(action)["fields"]
        for name, value in dict(wrong, **kept).items():
            same(fields.get(name), value, "%s: %s" % (path, name))
    check("type_meter_bills_added" not in w.owner.submit(w.owner.get("/dashboard/webhooks"), "/webhooks", url="ftp://x",
        type_meter_created="yes").form("/webhooks")["fields"], "a type that was not ticked")
    page = w.owner.get("/dashboard/adapters/coned")
    check(re.search(r"\d\d:\d\d UTC, (kept|held)", page.body), "a version's time has no zone")


def test_a_token_that_operates_says_so(w):
    subprocess.run([os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"), "token", "create", "night shift", "--operator",
        "--team", w.value("SELECT name FROM teams ORDER BY created, team LIMIT 1"), "--store", "sqlite:" + w.service.store],
        capture_output=True, text=True, timeout=30, check=True)
    w.owner.get("/dashboard/tokens").has("night shift", "read, write and operate adapters")


BROKEN = {"absent": None, "too long": "x" * 5000, "lines": "a\nb\r\n<b>" * 300, "control": "a\x00b\x07", "not UTF-8": b"a\xff\xc3"}


def test_every_field_of_every_form_bears_what_is_none(w):
    """Each field absent, too long, with control characters, not UTF-8: an answer of ours, and nothing large is kept."""
    forms, count = changes(w, w.owner), 0
    signed_out = w.visitor()
    forms.update({f["action"]: dict(f["fields"]) for f in signed_out.get("/dashboard/sign-in").forms})
    for path, fields in forms.items():
        who = signed_out if path.endswith("/sign-in") else w.owner
        for name in fields:
            for why, value in BROKEN.items():
                sent = {k: v for k, v in fields.items() if k != name}
                if value is not None:
                    sent[name] = value
                page = who.post(path, sent)
                count += 1
                check(page.status < 500 and page.status != 404, "%s with %s %s is %d" % (path, name, why, page.status))
                check(why != "not UTF-8" or page.status == 400, "%s with %s %s is %d" % (path, name, why, page.status))
                if name == "csrf":
                    check(page.status in (400, 403), "%s with csrf %s is %d" % (path, why, page.status))
    check(count > 300, "only %d requests" % count)
    check(" error request:" not in w.service.log(), w.service.log()[-2000:])
    for table in ("users", "templates", "tokens", "webhooks", "forms", "authorizations", "settings", "audit", "meters"):
        for (_, column, kind, *_) in w.rows("PRAGMA table_info(%s)" % table):
            most = w.value("SELECT coalesce(max(length(%s)), 0) FROM %s" % (column, table)) if kind == "TEXT" else 0
            check(most < 4500, "%s.%s holds %d letters" % (table, column, most))


def test_one_address_has_a_limit(w):
    browser = w.visitor()
    browser.peer = "192.0.2.7"
    page = browser.get("/dashboard/sign-in")
    for i in range(60):
        page = browser.submit(page, "/sign-in", email="guess%d@helio.test" % i, password="x")
        if page.status == 429:
            page.has("Too many tries from your address")
            return
    raise Failed("sixty guesses in a row were answered")


def main():
    failed = False
    with tempfile.TemporaryDirectory(prefix="dashboard-") as folder:
        world = World(folder)
        tests = [value for name, value in globals().items() if name.startswith("test_")]
        try:
            for test in tests:
                try:
                    test(world)
                    print("ok - %s" % test.__name__[5:], flush=True)
                except Exception as problem:
                    failed = True
                    print(problem if isinstance(problem, Failed) else traceback.format_exc())
                    print("not ok - %s" % test.__name__[5:], flush=True)
        finally:
            world.service.stop()
        if failed:
            print(world.service.log()[-3000:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
