#!/usr/bin/python3
"""The customer's pages: bad input for each field of each endpoint, found by the routes themselves, is answered with a page in plain words.

Absent, empty, too long, not UTF-8, control characters, twice, of another link, expired, reused, revoked, by a wrong method or
of a wrong type: nothing of it changes anything. Prints one line a test."""
import contextlib
import http.client
import itertools
import os
import re
import subprocess
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from browser import Page
from server import ROOT, SLOWER
from whole import check, same

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
GUARD, SECRET = ["guard"], ["c.username", "c.password"]
CONSENT, ANSWER = GUARD + SECRET + ["utility", "email", "same"], GUARD + ["challenge", "a.answer", "a.choice", "a.field.pet", "a.resend", "a.ok"]
LINK = ["utility", "email", "redirect_uri", "state", "noredirect", "go", "lang", "q", "again", "choose"]

# (method, pattern) -> the fields of its query and of its body. Each route of customer/routes.lua has a row.
ROWS = {
    ("GET", "/f/:token"): (LINK, []),
    ("POST", "/f/:token"): (LINK, GUARD + ["utility", "email"]),
    ("GET", "/f/:token/state"): (["lang"], []),
    ("GET", "/f/:token/events"): (["lang"], []),
    ("GET", "/authorize/:portal"): (LINK + ["f"], []),
    ("POST", "/authorize/:portal"): (LINK, GUARD + ["utility", "email"]),
    ("GET", "/receipt/:token"): (["revoke", "lang"], []),
    ("POST", "/receipt/:token"): (["lang"], GUARD + ["revoke", "forget"]),
    ("GET", "/help"): (["lang"], []),
    ("GET", "/help/mfa"): (["lang"], []),
    ("GET", "/help/:utility"): (["lang"], []),
}
for one in ("/f/:token", "/authorize/:portal"):
    for what, fields in (("consent", CONSENT), ("decline", GUARD), ("answer", ANSWER), ("cancel", GUARD)):
        if one.startswith("/f/") or what in ("consent", "decline"):
            ROWS["POST", one + "/" + what] = LINK, fields
            ROWS["GET", one + "/" + what] = LINK, []

LONG, MARKUP, CONTROLS = "x" * 3000, "<script>alert(1)</script>\"'", "a\x01b\x1bc\x7fd\r\nX-Evil: 1"
WORDS = ("", LONG, MARKUP, CONTROLS, "\u202e\u0000"[:1], "null", "-1", "../../x")
NOT_TEXT = ("%FF%FE", "%C3%28", "%ED%A0%80", "a%00b")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def routes():
    """What customer/routes.lua adds, without what answers."""
    text = """local any = setmetatable({}, {}); local meta = getmetatable(any)
        meta.__index, meta.__call = function() return any end, function() return any end
        package.searchers = { function() return function() return any end end }
        local add = dofile("runtime/service/customer/routes.lua")
        add { add = function(_, method, pattern) print(method, pattern) end }"""
    out = subprocess.run(["lua5.4", "-e", text], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=20 * SLOWER).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


class Pages:
    """A service, and links of each kind; whoever asks comes from an address of their own."""

    def __init__(self, service):
        self.service, self.numbers = service, itertools.count(1)
        self.first, self.other = service.customer("residential"), service.customer("residential")
        self.done = service.customer("residential")
        self.done.submit()
        self.done.done()
        done = self.done.page().body.decode()
        self.receipt = re.search(r'href="(/receipt/[^"?]+)', done).group(1)
        self.portal = "/authorize/" + service.sql("SELECT portal FROM templates")[0][0]

    def ask(self, method, path, body=None, kind=FORM, accept="text/html,*/*;q=0.8", cookie=None):
        """Without following."""
        n = next(self.numbers)
        headers = {"X-Forwarded-For": "10.%d.%d.%d" % (n >> 16 & 255, n >> 8 & 255, n & 255), "Accept": accept}
        if kind and body is not None:
            headers["Content-Type"] = kind
        if cookie:
            headers["Cookie"] = cookie
        reply = self.service.request(method, path, body, headers)
        return Page(path, reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.body.decode("utf-8"))

    def announce(self, path, length):
        """A body of that length, of which nothing is sent: it is answered before."""
        link = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20 * SLOWER)
        link.putrequest("POST", path)
        for name, value in (("Content-Length", str(length)), ("Content-Type", FORM), ("Accept", "text/html")):
            link.putheader(name, value)
        link.endheaders()
        reply = link.getresponse()
        page = Page(path, reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read().decode("utf-8"))
        link.close()
        return page

    def path(self, pattern):
        return pattern.replace("/authorize/:portal", self.portal).replace("/receipt/:token", self.receipt) \
            .replace(":token", self.first.path.split("/")[2]).replace(":utility", "demo")

    def guard(self, path):
        """(guard, cookie) of the page at path."""
        reply = self.service.request("GET", path, None, {"X-Forwarded-For": "10.200.0.1"})
        found = re.search(r'name="guard" value="([^"]+)"', reply.body.decode())
        check(found, "no form at " + path)
        return found.group(1), reply.headers["Set-Cookie"].split(";")[0]

    def home(self, pattern):
        """The page whose forms go to a pattern."""
        base = "/".join(self.path(pattern).split("/")[:3])
        return base + ("?revoke=1" if base.startswith("/receipt") else "?utility=DEMO")

    def picture(self):
        tables = ("forms", "authorizations", "meters", "sessions", "audit", "kept")
        mails = self.service.sql("SELECT uid, kind, recipient FROM mails ORDER BY 1")    # they are sent meanwhile
        return [("mails", mails)] + [(table, self.service.sql("SELECT * FROM %s ORDER BY 1, 2" % table)) for table in tables]


def worded(page, *statuses):
    """A page for people: a heading, a language, words without innards; nothing of what was sent is markup or a header."""
    where = "%s is %d: %s" % (page.url[:120], page.status, page.body[:300])
    check(page.status in statuses, "%s, expected %s" % (where, statuses))
    check("x-evil" not in page.headers, "a header came in: " + where)
    if page.status == 303:
        check(page.headers["location"].startswith("/"), "it leads away: " + page.headers["location"])
        return
    same(page.headers.get("content-type"), "text/html; charset=utf-8", where)
    same(len(re.findall("<h1", page.body)), 1, "headings of " + where)
    check(re.search(r'<html lang="(en|es)"', page.body), "no language: " + where)
    check("default-src 'none'" in page.headers.get("content-security-policy", ""), "no policy: " + where)
    check("alert(1)</script" not in page.body and not page.inline, "markup came in: " + where)
    check(not re.search(r"\bnil\b|\btable: 0x|\.lua:|\{[a-z_]+\}|\bstack\b", page.text), "innards: " + page.text)


def quoted(text):
    return urllib.parse.quote(text, safe="")


def encoded(fields):
    return "&".join("%s=%s" % (quoted(name), quoted(value)) for name, value in fields).encode()


@test
def each_endpoint_has_a_row(_):
    found = routes()
    check(len(found) > 20, found)
    same(sorted(set(found) - set(ROWS)), [], "routes without a row")
    same(sorted(set(ROWS) - set(found)), [], "rows without a route")


@test
def methods_that_are_wrong(p):
    for pattern in sorted({pattern for _, pattern in ROWS}):
        known = {method for method, where in ROWS if where == pattern}
        for method in METHODS:
            if method in known:
                continue
            page = p.ask(method, p.path(pattern))
            worded(page, 405)
            same(sorted(set(page.headers["allow"].split(", "))), sorted(known), "%s %s" % (method, pattern))
            plain = p.ask(method, p.path(pattern), accept="*/*")
            same((plain.status, plain.headers["content-type"]), (405, "text/plain; charset=utf-8"), "for a program")


@test
def links_that_are_none(p):
    receipt, link = p.receipt.split("/")[2], p.first.path.split("/")[2]
    for (method, pattern) in ROWS:
        if ":" not in pattern:
            continue
        own = receipt if pattern.startswith("/receipt") else "demo" if pattern.startswith("/help") else link
        for part in ("nothing", own + "x", own[:-1] or "x", LONG, receipt if own is link else link, "%27%20OR%201%3D1", "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
                     "%01%0D%0AX-Evil%3A1", "..%2F..%2Fx", "%25", "*"):
            page = p.ask(method, re.sub(":[a-z]+", lambda _, part=part: part, pattern), encoded([("guard", "x")]) if method == "POST" else None)
            again = method == "GET" and re.search("/(consent|decline|answer|cancel)$", pattern)
            worded(page, 404, *((303,) if again else ()))
        for part in NOT_TEXT:
            worded(p.ask(method, re.sub(":[a-z]+", lambda _, part=part: part, pattern)), 400, *((404, 303) if "%00" in part else ()))


@test
def queries(p):
    for (method, pattern), (names, _) in ROWS.items():
        if pattern.endswith("/events"):
            continue
        for name in names:
            for word in WORDS:
                page = p.ask(method, "%s?%s=%s" % (p.path(pattern), name, quoted(word)), b"" if method == "POST" else None)
                if pattern.endswith("/state"):
                    same((page.status, page.headers["content-type"]), (200, "application/json"), pattern)
                else:
                    worded(page, *((403,) if method == "POST" else (200, 303)))
            worded_twice = p.ask("GET", "%s?%s=DEMO&%s=DEMO" % (p.path(pattern), name, name))
            check(worded_twice.status < 500, worded_twice.body)
            for word in NOT_TEXT[:3]:
                worded(p.ask(method, "%s?%s=%s" % (p.path(pattern), name, word), b"" if method == "POST" else None), 400)
            worded(p.ask(method, "%s?%s=x" % (p.path(pattern), "%FF"), b"" if method == "POST" else None), 400)


@test
def guards_that_are_none(p):
    for (method, pattern) in ROWS:
        if method != "POST":
            continue
        path, home = p.path(pattern), p.home(pattern)
        guard, cookie = p.guard(home)
        other, _ = p.guard(p.other.path + "?utility=DEMO")
        receipt, _ = p.guard(p.receipt + "?revoke=1")
        wrong = ("", "x", guard[:-1], guard + "x", guard.upper(), LONG, MARKUP, CONTROLS, other, receipt if path != p.receipt else other, ".", "a.b")
        rest = [("utility", "DEMO"), ("email", "pat@mail.test"), ("c.username", "residential"), ("c.password", "x"), ("revoke", "yes"),
                ("challenge", "c1"), ("a.answer", "123456")]
        for text in wrong:
            worded(p.ask("POST", path, encoded([("guard", text)] + rest), cookie=cookie), 403)
        worded(p.ask("POST", path, encoded(rest), cookie=cookie), 403)
        worded(p.ask("POST", path, encoded([("guard", guard)] + rest)), 403)
        worded(p.ask("POST", path, encoded([("guard", guard)] + rest), cookie="guard=other"), 403)
        worded(p.ask("POST", path, encoded([("guard", "x"), ("guard", guard)] + rest), cookie=cookie), 403)


@test
def bodies_of_another_type(p):
    for (method, pattern) in ROWS:
        if method != "POST":
            continue
        path = p.path(pattern)
        guard, cookie = p.guard(p.home(pattern))
        whole_form = encoded([("guard", guard), ("utility", "DEMO"), ("revoke", "yes")])
        for kind, body in (("application/json", b'{"guard": "%s", "revoke": "yes", "utility": "DEMO"}' % guard.encode()),
                           ("application/json", b'{"guard": {"a": 1}, "credentials": {"username": "a"}}'), ("application/json", b"[1, 2]"),
                           ("application/json", b"{"), ("application/json", b"\xff"), (FORM, b'{"guard": "%s"}' % guard.encode()), (FORM, b"["),
                           ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="guard"\r\n\r\n%s\r\n--x--\r\n' % guard.encode()),
                           ("text/plain", whole_form), ("nonsense", whole_form), (None, whole_form), (FORM, b""), ("image/png", b"\x89PNG\xff\x00")):
            worded(p.ask("POST", path, body, kind, cookie=cookie), 400, 403)
        worded(p.announce(path, (1 << 20) + 1), 413)
        for text in NOT_TEXT:
            for name in ROWS[method, pattern][1]:
                worded(p.ask("POST", path, whole_form + ("&%s=%s" % (name, text)).encode(), cookie=cookie), 400)
            worded(p.ask("POST", path, whole_form + ("&%s=x" % text).encode(), cookie=cookie), 400)
        worded(p.ask("POST", path, whole_form + b"&c.%FF=x&a.field.%FF=x", cookie=cookie), 400)


@test
def fields_of_consent(p):
    """Whatever is wrong is said, beside what was right, and no secret comes back."""
    good = {"utility": "DEMO", "email": "pat@mail.test", "c.username": "badinput", "c.password": "Pass-canary-9"}
    for path in (p.first.path, p.portal):
        guard, cookie = p.guard(path + "?utility=DEMO")

        def send(more=(), path=path, guard=guard, cookie=cookie, **changes):
            fields = {**good, **{name.replace("__", "."): value for name, value in changes.items()}}
            pairs = [("guard", guard)] + [pair for pair in fields.items() if pair[1] is not None] + list(more)
            page = p.ask("POST", path + "/consent", encoded(pairs), cookie=cookie)
            worded(page, 400)
            check("canary" not in page.body, "a secret came back")
            return page

        for email in (None, "", "nobody", "a@b@c.test", "a b@c.test", "<a@b.test>", "a@b", "x" * 250 + "@c.test", "a\x01@b.test", "a@b\x7f.test", "a@b.test\r\nBcc: c@d.test",
                      "a,b@c.test", LONG, MARKUP, "@b.test", "a@.", "a@b..test"):
            send(email=email).has("E-mail address: please enter one such as")
        for utility in (None, "", "NOBODY", LONG, MARKUP, CONTROLS, "DEMO,DEMO", "../demo"):
            send(utility=utility).has("Please choose from the list")
        for name, label in (("c__username", "User name"), ("c__password", "Password")):
            for value in (None, "", "   "):
                send(**{name: value}).has(label + ": please fill this in.")
            for value in ("x" * 513, LONG, "\u00e9" * 300, "a\x01b", "a\x7fb", "a\nb", "a\tb"):
                send(**{name: value}).has(label + ": this cannot be it, please check.")
        send([("c.nothing", "x")]).has("Please try again")
        send([("c.", "x")]).has("Please try again")
        send([("c.n%d" % n, "x") for n in range(60)]).has("Please try again")
    # Of a field that comes twice the first counts, also of a secret.
    guard, cookie = p.guard(p.other.path + "?utility=DEMO")
    pairs = [("guard", guard)] + list(good.items())
    for name, value in good.items():
        first = [(name, "")] + pairs
        worded(p.ask("POST", p.other.path + "/consent", encoded(first), cookie=cookie), 400)


@test
def nothing_was_changed(p):
    """All of the above was refused before anything was written."""
    for (table, before), (_, after) in zip(p.before, p.picture()):
        same(after, before, table)


@test
def answers(p):
    """To a question: what cannot be an answer is said so, and the question stands."""
    c = p.service.customer("mfa_sms")
    c.submit()
    challenge = c.until("code")["challenge"]
    c.page()

    def send(pairs, path=c.path):
        page = p.ask("POST", path + "/answer", encoded([("guard", c.guard)] + pairs), cookie=c.cookie)
        worded(page, 303, 400)
        return page

    for pairs in ([], [("a.answer", "")], [("a.answer", "  ")], [("a.nothing", "x")], [("a.", "x")], [("a.field.", "")], [("a.choice", "")]):
        send([("challenge", challenge["id"])] + pairs).is_(400).has("Please enter an answer first.")
    for text in ("x" * 513, LONG, "a\x01b"):
        for name in ("a.answer", "a.choice", "a.field.pet"):
            send([("challenge", challenge["id"]), (name, text)]).is_(400).has("That cannot be the answer. Please check it.")
    for id in (None, "", "nothing", LONG, MARKUP, CONTROLS):
        send(([("challenge", id)] if id is not None else []) + [("a.answer", "123456")]).is_(303)
    for pairs in ([("a.choice", "nothing")], [("a.field.nothing", "x")], [("a.resend", "1")]):
        send([("challenge", challenge["id"])] + pairs).is_(303)
        c.until("code")
        page = p.ask("GET", c.path, cookie=c.cookie)
        check("That cannot be the answer" in page.text or "new code can be asked for in" in page.text, page.text)
        worded(page, 200)
    same(p.service.sandbox.arrived(c.user)[1], 0, "answers that came to the portal")
    send([("challenge", challenge["id"]), ("a.answer", p.service.sandbox.code(c.user)), ("a.answer", "999999")]).is_(303)
    c.done()
    for pairs in ([("a.answer", "123456")], [("a.resend", "1")]):
        send([("challenge", challenge["id"])] + pairs).is_(303)
    worded(p.ask("POST", c.path + "/cancel", encoded([("guard", c.guard)]), cookie=c.cookie), 303)
    c.done()


@test
def a_refused_password_by_another_name_of_the_utility(p):
    """Whatever the form calls the utility, a password that it refused is not sent again."""
    c = p.service.customer("badlogin")
    c.submit(utility="DEMO")
    c.until("failed")
    for name in ("DEMO", "demo", "Demo"):
        check("has already refused exactly this" in c.submit(status=409, utility=name).body.decode(), name)
    twice = encoded([("guard", c.guard), ("utility", "demo"), ("utility", "x"), ("email", "a@b.test"), ("c.username", c.user),
                     ("c.password", whole.PASSWORD)])
    page = p.ask("POST", c.path + "/consent", twice, cookie=c.cookie)
    worded(page, 409)
    same(p.service.sandbox.arrived(c.user)[0], 1, "passwords that came to the portal")


@test
def receipts(p):
    guard, cookie = p.guard(p.receipt + "?revoke=1")
    for pairs in ([], [("revoke", "")], [("revoke", "no")], [("revoke", LONG)], [("revoke", MARKUP)], [("forget", CONTROLS)], [("revoke", "no"), ("revoke", "yes")]):
        worded(p.ask("POST", p.receipt, encoded([("guard", guard)] + pairs), cookie=cookie), 303)
    same(p.service.sql("SELECT count(*) FROM authorizations WHERE revoked IS NOT NULL")[0][0], 0, "revoked")
    for _ in range(2):
        worded(p.ask("POST", p.receipt, encoded([("guard", guard), ("revoke", "yes")]), cookie=cookie), 303)
    same(p.service.sql("SELECT count(*) FROM mails WHERE kind = 'revoked'")[0][0], 1, "mails about it")
    p.ask("GET", p.receipt + "?revoke=1").is_(200).has("revoked on")


@test
def links_that_are_over(p):
    """Expired, closed, revoked: each says so, and takes nothing."""
    late, closed = p.service.customer("residential"), p.service.customer("residential")
    for c in (late, closed):
        c.page("?utility=DEMO")
    p.service.sql("UPDATE forms SET expires = 1 WHERE uid = ?", late.form["uid"])
    p.service.api("PATCH", "/forms/" + closed.form["uid"], {"disabled": True})
    p.done.page()
    for c, title, status in ((late, "This link has expired", 410), (closed, "This request is closed", 410), (p.done, "Access is revoked", 200)):
        guard, cookie = c.guard or p.first.guard, c.cookie
        for what, pairs in (("", []), ("/consent", [("utility", "DEMO"), ("email", "a@b.test"), ("c.username", "residential"), ("c.password", "x")]),
                            ("/decline", []), ("/answer", [("challenge", "c1"), ("a.answer", "1")]), ("/cancel", [])):
            page = p.ask("POST", c.path + what, encoded([("guard", guard)] + pairs), cookie=cookie)
            worded(page, 303, 403, 409, 410)
        p.ask("GET", c.path).is_(status).has(title)
        p.ask("GET", c.path + "?utility=DEMO&again=1").is_(status).has(title)
        worded(p.ask("GET", c.path), status)
    same(p.service.sql("SELECT count(*) FROM sessions WHERE authorization IN (SELECT authorization FROM forms WHERE uid IN (?, ?))",
                       late.form["uid"], closed.form["uid"])[0][0], 0, "sessions of links that are over")
    same(p.service.sql("SELECT declined FROM authorizations WHERE uid = ?", p.done.authorization)[0][0], None, "a revoked one is not declined")


@test
def what_fails_here(p):
    """No innards and no script, the same words for whoever asks; a program gets a line, the API an error."""
    p.service.sql("ALTER TABLE forms RENAME TO away")
    try:
        for path in (p.first.path, p.first.path + "/state"):
            page = p.ask("GET", path)
            worded(page, 500)
            page.has("Something went wrong at our end", "It was not your mistake, and nothing was changed.")
            check("<script" not in page.body and len(page.body) < 2000, page.body)
        p.ask("GET", p.first.path + "?lang=es").is_(500).has("Algo falló de nuestra parte")
        p.ask("GET", p.first.path, cookie="lang=es").is_(500).has("Algo falló de nuestra parte")
        plain = p.ask("GET", p.first.path, accept="*/*")
        same((plain.status, plain.body), (500, "Something went wrong here. Nothing was changed.\n"), "for a program")
        same(p.service.api("GET", "/forms", status=500)["error"], "internal", "the API")
    finally:
        p.service.sql("ALTER TABLE away RENAME TO forms")
    worded(p.ask("GET", p.first.path), 200)


def main():
    with whole.whole(workers=1) as (given, _):
        pages = Pages(given)
        pages.before = pages.picture()
        status = whole.run(TESTS, lambda: contextlib.nullcontext((pages,)))
        if re.search(" error (?!.*no such table: forms)", given.log()):
            print(given.log()[-3000:] + "\nnot ok - the log is clean")
            status = 1
        return status


if __name__ == "__main__":
    sys.exit(main())
