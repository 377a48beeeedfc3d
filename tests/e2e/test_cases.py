#!/usr/bin/python3
"""record, test, check, new, doctor, --trace and --report, on a portal that echoes what it is given.

The portal says the credentials, the code and its own token again wherever and however it can; none of them may be
found in a case, a trace or a report. Prints one line a test."""
import base64
import html
import html.parser
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")
LIMIT = 60
USER, PASSWORD, CODE = "Nora.Fuchs+pv@mail-of.test", "p&\"7%x y+Zq<ö", "907315"
TOKEN, BEARER = "q7Zt0vKc-3mXw91RbUe5sJ", "kP4dN8sVb2xQ7wLz0mRt6YhC3gJf9TeA"


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


def forms(secret, letters=True):
    """A secret as it might stand somewhere: raw, other letters, URL, HTML, JSON, base64 in three places, hex."""
    raw = secret.encode()
    out = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret),
           html.escape(secret), json.dumps(secret)[1:-1], raw.hex(), base64.b64encode(raw).decode().rstrip("=")}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode()
        out.add(coded[4 if shift else 0:len(coded) // 4 * 4 - 4])
    if letters:
        out |= {secret.lower(), secret.upper(), html.escape(secret.upper())}
    return {form for form in out if len(form) >= 5}


def everywhere(*secrets):
    """HTML that says them in all their forms."""
    parts = []
    for secret in secrets:
        raw = secret.encode()
        parts += [html.escape(secret), "<!-- %s -->" % secret, "<a href='/x?u=%s&state=%s'>x</a>" % (urllib.parse.quote(secret), raw.hex()),
                  "<script>var a = %s, b = '%s', c = '%s';</script>" % (json.dumps(secret), base64.b64encode(raw).decode(),
                                                                       base64.urlsafe_b64encode(b"you=" + raw + b"!").decode()),
                  "<input type=hidden name=echo value=\"%s\">" % html.escape(secret), "<p title='%s'>" % html.escape(secret.upper())]
    return "".join(parts)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body, kind="text/html; charset=utf-8", **headers):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        portal, path = self.server, urllib.parse.urlsplit(self.path)
        portal.count += 1
        query = dict(urllib.parse.parse_qsl(path.query))
        if path.path == "/login":
            self.send(200, "<title>Sign in</title><form id=signin method=post action=/login><input type=hidden name=csrf value='%s'>"
                           "<input name=username><input type=password name=password></form>" % TOKEN,
                      Set_Cookie="sid=%s; Path=/; HttpOnly" % TOKEN)
        elif path.path == "/home":
            check(query.get("token") == TOKEN, "the token did not come back: %s" % self.path)
            self.send(200, "<main id=account-home>Hello</main>" + everywhere(USER, PASSWORD, CODE, TOKEN) + portal.extra)
        elif path.path == "/api/meters":
            check(self.headers.get("Authorization") == "Bearer " + BEARER, "not authorized")
            self.send(200, json.dumps({"holder": USER, "was": [PASSWORD, CODE, TOKEN, BEARER],
                                       "meters": [{"account": "7000%d" % n, "meter": "M-%d" % n, "rate": "R%d" % n, "name": "Nora Fuchs",
                                                   "street": "4 Weir Lane"} for n in (1, 2)]}),
                      "application/json", X_Echo=urllib.parse.quote(USER + " " + PASSWORD + " " + CODE))
        else:
            self.send(404, "nothing here")

    def do_POST(self):
        self.server.count += 1
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
        if form.get("csrf") != TOKEN or "sid=" + TOKEN not in self.headers.get("Cookie", ""):
            self.send(403, "no")
        elif self.path == "/login":
            if form["password"] != self.server.password:
                self.send(200, "<p class=login-error>%s is not the password of %s" % (html.escape(form["password"]), html.escape(form["username"])))
                return
            self.send(200, "<form id=mfa method=post action=/verify><input type=hidden name=csrf value=%s><label for=code>Code for %s</label>"
                           "<input id=code name=code></form>" % (TOKEN, html.escape(USER)) + everywhere(form["username"], form["password"]))
        elif form.get("code") != CODE:
            self.send(200, "<form id=mfa method=post action=/verify><input type=hidden name=csrf value=%s><p class=error>%s is wrong</p>"
                           "<input id=code name=code></form>" % (TOKEN, form["code"]))
        else:
            self.send(303, "", Location="/home?token=%s&was=%s&to=%s" % (TOKEN, form["code"], urllib.parse.quote(USER)),
                      Set_Cookie="bearer=%s; Path=/" % BEARER)


ADAPTER = """-- The echoing portal.
return {
  api = 1, id = "echo", name = "Echo & Sons", regions = { "NY" }, services = { "electric" }, evidence = "modelled",
  portal = "%(origin)s/", hosts = { "%(origin)s" },
  credentials = { { name = "username", label = "Email" }, { name = "password", label = "Password", secret = true } },
  mfa = { policy = "relay", patterns = {
    { kind = "otp", html = "form#mfa input[name=code]", prompt = "label[for=code]", digits = 6 } } },
  errors = { { code = "auth.credentials", html = ".login-error", message = ".login-error" },
             { code = "mfa.code_wrong", html = "#mfa .error", message = "#mfa .error" } },
  sign_in = function(s)
    local page = s:get("/login")
    local form = page:form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    page = s:submit(form)
    while page.mfa do
      page = s:ask(page.mfa, function(code, latest)
        local mfa = latest:form("#mfa")
        mfa.code = code
        return s:submit(mfa)
      end)
    end
    s:expect(page, "#account-home")
  end,
  meters = function(s)
    local out = {}
    local list = s:get("/api/meters", { headers = { Authorization = "Bearer " .. s.cookies:get("bearer") } }):json("$.meters")
    for i, m in ipairs(list) do
      out[i] = { account = m.account, meter = m.meter, tariff = m.rate, service = "electric", name = m.name,
                 address = { street = m.street, city = "Elmsworth", region = "NY", postcode = "12999" } }
    end
    return out
  end,
}
"""


class Bench:
    """A folder of scripts, and the portal."""

    def __init__(self, folder):
        self.folder, self.scripts = folder, os.path.join(folder, "scripts")
        os.makedirs(os.path.join(self.scripts, "utilities"))
        self.portal = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.portal.count, self.portal.password, self.portal.extra = 0, PASSWORD, ""
        threading.Thread(target=self.portal.serve_forever, daemon=True).start()
        self.origin = "http://127.0.0.1:%d" % self.portal.server_address[1]
        self.adapter = self.write("scripts/utilities/echo.lua", ADAPTER % {"origin": self.origin})

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def there(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def run(self, *argv, status=0, env=None):
        done = subprocess.run([PROGRAM, *argv], cwd=self.folder, env=dict(os.environ, XDG_CONFIG_HOME=self.folder, **(env or {})),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        check(done.returncode == status, "%s gave %d, not %d\n%s%s" % (" ".join(argv), done.returncode, status, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def session(self, command, *operands, answers=(CODE,), password=PASSWORD, status=0):
        credentials = self.write("credentials.json", json.dumps({"username": USER, "password": password}))
        return self.run(command, *operands, "--scripts", self.scripts, "--allow-origin", self.origin, "--credentials", credentials,
                        "--answers", self.write("answers", "".join(json.dumps(a) + "\n" for a in answers)), status=status)

    def record(self, name, **more):
        return self.session("record", self.adapter, name, **more)

    def case(self, name):
        return "scripts/cases/echo/%s.json" % name


def none_of(text, secrets, where, letters=True):
    for secret in secrets:
        for form in forms(secret, letters):
            at = text.find(form)
            check(at < 0, "%s holds %s: ...%s..." % (where, form, text[max(0, at - 60):at + 80]))


def strings(value):
    """All strings of a JSON value, joined as lines where a list holds only those."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield "\n".join(v for v in value if isinstance(v, str))
        for one in value:
            yield from strings(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)


ALL = (USER, PASSWORD, CODE, TOKEN, BEARER)


def a_case_holds_no_secret(b):
    b.record("first", answers=("111111", CODE))
    text = b.read(b.case("first"))
    none_of(text, ALL + ("111111",), "the case")
    doc = json.loads(text)
    for string in strings(doc):
        none_of(string, ALL + ("111111",), "a string of the case")
    check(doc["credentials"] == {"username": "case-user@example.test", "password": "case-password"}, "credentials: %s" % doc["credentials"])
    check([len(a) for a in doc["answers"]] == [6, 6] and all(a.isdigit() for a in doc["answers"]), "answers: %s" % doc["answers"])
    check(doc["answers"][0] != doc["answers"][1], "two answers became one")
    accounts = [m["account"] for m in doc["outcome"]["meters"]]
    check([len(a) for a in accounts] == [5, 5] and accounts[0] != accounts[1] and all(a.isdigit() for a in accounts), "outcome: %s" % doc["outcome"])
    none_of(text, ("70001", "70002", "Nora Fuchs", "4 Weir Lane"), "the case")
    check({m["address"]["street"] for m in doc["outcome"]["meters"]} == {"2 Example Street"}, "outcome: %s" % doc["outcome"])
    posts = [e["request"]["fields"] for e in doc["exchanges"] if e["request"]["method"] == "POST"]
    check(posts[0]["password"] == "case-password" and posts[2]["code"] == doc["answers"][1], "requests: %s" % posts)
    token = posts[0]["csrf"]
    check(len(token) == len(TOKEN) and token != TOKEN and all(p["csrf"] == token for p in posts), "the token has no one placeholder: %s" % posts)
    check("token=" + token in doc["exchanges"][4]["request"]["url"], "nor the same one in a URL: %s" % doc["exchanges"][4]["request"]["url"])


def a_case_plays_without_a_network(b):
    b.record("plays")
    before = b.portal.count
    out, err = b.run("test", "echo", "--scripts", b.scripts, "--case", "plays")
    check("ok       echo/plays" in out and "1 case, 0 differ" in err, out + err)
    check(b.portal.count == before, "the portal was asked")


def what_differs_is_told_and_taken(b):
    b.record("change")
    changed = b.read("scripts/utilities/echo.lua").replace("tariff = m.rate", "tariff = \"new \" .. m.rate").replace(
        "form.username, form.password =", "form.remember, form.username, form.password = \"on\",")
    b.write("scripts/utilities/echo.lua", changed)
    try:
        out, _ = b.run("test", "echo", "--scripts", b.scripts, "--case", "change", status=14)
        check("fields.remember is new: \"on\"" in out and 'meters[1].tariff was "R1", is "new R1"' in out, out)
        out, err = b.run("check", "echo", "--scripts", b.scripts)
        check("13:10: warning: no form of the recorded pages has a field 'remember'" in out and "1 warning" in err, out + err)
        out, _ = b.run("test", "echo", "--scripts", b.scripts, "--case", "change", "--accept")
        check("accepted echo/change" in out and "fields.remember" in out, out)
        b.run("test", "echo", "--scripts", b.scripts, "--case", "change")
        check("new R1" in b.read(b.case("change")), "it was not taken")
    finally:
        b.write("scripts/utilities/echo.lua", ADAPTER % {"origin": b.origin})
    b.run("test", "echo", "--scripts", b.scripts, "--case", "change", status=14)


def an_account_that_the_adapter_needs_stays(b):
    """An adapter that knows an account by its number: scrubbed it fails, so the number stays, and that is said."""
    needy = b.read("scripts/utilities/echo.lua").replace(
        "    for i, m", "    if list[1].account ~= \"70001\" then s:fail(\"adapter.parse\", \"whose account?\") end\n    for i, m")
    b.write("scripts/utilities/echo.lua", needy)
    try:
        _, err = b.record("needy")
        check("does not work without them" in err and "70001" in b.read(b.case("needy")), err)
        none_of(b.read(b.case("needy")), ALL, "the case")
    finally:
        b.write("scripts/utilities/echo.lua", ADAPTER % {"origin": b.origin})
        os.unlink(os.path.join(b.folder, b.case("needy")))


def a_failure_is_a_case_too(b):
    b.record("wrong_password", password="Not-the-1-password")
    doc = json.loads(b.read(b.case("wrong_password")))
    check(doc["outcome"]["error"] == "auth.credentials", doc["outcome"])
    none_of(json.dumps(doc), ("Not-the-1-password", USER, TOKEN), "the case")
    b.run("test", "echo", "--scripts", b.scripts, "--case", "wrong_password")


def a_run_that_nobody_watches_is_a_case_too(b):
    credentials = b.write("credentials.json", json.dumps({"username": USER, "password": PASSWORD}))
    _, err = b.run("record", b.adapter, "alone", "--scripts", b.scripts, "--allow-origin", b.origin, "--credentials", credentials,
                   "--keep", os.path.join(b.folder, "keep"))
    check("--keep is left aside" in err, err)
    doc = json.loads(b.read(b.case("alone")))
    check(doc["outcome"]["error"] == "mfa.needs_human" and not doc["challenges"], doc["outcome"])
    b.run("test", "echo", "--scripts", b.scripts, "--case", "alone")


def what_cannot_be_scrubbed_is_not_kept(b):
    """A password that is a word of the pages: replacing it breaks them, leaving it would give it away."""
    b.portal.password = "form"
    try:
        _, err = b.record("word", password="form", status=14)
    finally:
        b.portal.password = PASSWORD
    check("nothing was kept" in err and not b.there(b.case("word")), err)


def a_request_without_a_response_is_told(b):
    b.record("shorter")
    doc = json.loads(b.read(b.case("shorter")))
    doc["exchanges"] = [e for e in doc["exchanges"] if not e["request"]["url"].endswith("/api/meters")]
    b.write(b.case("shorter"), json.dumps(doc))
    out, _ = b.run("test", "echo", "--scripts", b.scripts, "--case", "shorter", status=14)
    check("is new: GET" in out and "net.reset" in out, out)
    out, _ = b.run("test", "echo", "--scripts", b.scripts, "--case", "shorter", "--accept", status=14)
    check("record it anew" in out, out)
    b.write(b.case("shorter"), "{\"format\": 1}")
    out, _ = b.run("test", "echo", "--scripts", b.scripts, "--case", "shorter", status=14)
    check("broken" in out and "missing" in out, out)
    os.unlink(os.path.join(b.folder, b.case("shorter")))


HOSTILE = ("</pre></article><script>alert(1)</script>\"><iframe src='http://elsewhere.test/'></iframe>'\"--><img src=x onerror=alert(1)>"
           "<style>*{display:none}</style>&quot;><svg/onload=alert(1)>")


def looked_at(b, name, status=0, **more):
    trace, report = os.path.join(b.folder, name + ".har"), os.path.join(b.folder, name + ".html")
    b.session("run", b.adapter, "--trace", trace, "--report", report, status=status, **more)
    return b.read(name + ".har"), b.read(name + ".html")


def traces_and_reports_hold_no_secret(b):
    trace, report = looked_at(b, "clean", answers=("111111", CODE))
    none_of(trace, ALL + ("111111",), "the trace", False)
    none_of(report, ALL + ("111111",), "the report", False)
    for string in strings(json.loads(trace)):
        none_of(string, ALL + ("111111",), "a string of the trace", False)
    none_of(html.unescape(html.unescape(report)), ALL + ("111111",), "the report's text", False)
    check("token-1" in trace and "token-1" in report, "which token is which cannot be told")
    trace, report = looked_at(b, "clean_wrong", password="Not-the-1-password", status=10)
    none_of(trace + report, ("Not-the-1-password", TOKEN), "what a failure leaves")
    check("auth.credentials" in report, "the report does not say how it ended")


def a_trace_is_an_archive(b):
    log = json.loads(looked_at(b, "archive")[0])["log"]
    check(log["version"] == "1.2" and log["creator"]["name"] == "Meterkey", log["creator"])
    pages = {p["id"] for p in log["pages"]}
    check(len(pages) == len(log["pages"]) >= 4 and all(p["pageTimings"] and p["startedDateTime"] for p in log["pages"]), "pages")
    for e in log["entries"]:
        check(e["pageref"] in pages and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", e["startedDateTime"]), "entry")
        for key in ("method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"):
            check(key in e["request"], "request." + key)
        for key in ("status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"):
            check(key in e["response"], "response." + key)
        times = e["timings"]
        check(all(times[k] >= 0 for k in ("send", "wait", "receive")), "timings: %s" % times)
        total = sum(v for k, v in times.items() if v > 0 and k != "ssl")
        check(abs(total - e["time"]) < 0.01, "time is not the sum: %s %s" % (e["time"], times))
    methods = [(e["request"]["method"], e["response"]["status"]) for e in log["entries"]]
    check(methods[:5] == [("GET", 200), ("POST", 200), ("POST", 303), ("GET", 200), ("GET", 200)], methods)
    login = log["entries"][1]["request"]
    check(login["postData"]["mimeType"].startswith("application/x-www-form-urlencoded"), login["postData"])
    check({p["name"] for p in login["postData"]["params"]} == {"csrf", "username", "password"}, login["postData"]["params"])
    check(login["cookies"][0]["name"] == "sid" and log["entries"][0]["response"]["cookies"][0]["httpOnly"] is True, "cookies")
    check([q["name"] for q in log["entries"][3]["request"]["queryString"]] == ["token", "was", "to"], "query")
    check("account-home" in log["entries"][3]["response"]["content"]["text"], "content")


class Tags(html.parser.HTMLParser):
    """What a browser would make of the report."""

    def __init__(self):
        super().__init__()
        self.frames, self.tags, self.wild = [], {}, []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag == "iframe":
            self.frames.append(attrs)
        self.wild += [(tag, k) for k in attrs if k.startswith("on") or k in ("src", "href", "action")]


def a_report_is_one_tame_page(b):
    b.portal.extra = HOSTILE
    try:
        _, report = looked_at(b, "tame")
    finally:
        b.portal.extra = ""
    seen = Tags()
    seen.feed(report)
    check(not {"script", "img", "link", "svg", "object", "base", "form"} & set(seen.tags), "tags: %s" % seen.tags)
    check(seen.tags.get("style") == 1 and not seen.wild, "attributes: %s" % seen.wild)
    check(seen.frames and all(f.get("sandbox") == "" and "srcdoc" in f for f in seen.frames), "frames: %s" % [list(f) for f in seen.frames])
    check(any("alert(1)" in f["srcdoc"] for f in seen.frames), "the page as received is not shown")
    check("default-src 'none'" in report and "width=device-width" in report, "head")
    for text in ("auth.credentials", "form#mfa input[name=code]", "holds", "echo.lua:", "2 meters", "70001", "selector"):
        check(text in report, "the report does not show %s" % text)


def a_trace_that_cannot_be_written_stops_at_once(b):
    before = b.portal.count
    b.session("run", b.adapter, "--trace", os.path.join(b.folder, "no", "such.har"), status=2)
    check(b.portal.count == before, "the portal was asked for nothing")


BAD = """-- Mistakes.
local BASE = "https://elsewhere.test/x"
return {
  api = 1, id = "bad", name = "Bad", regions = { "NY" }, services = { "electric" }, evidence = "modelled",
  portal = "https://www.bad.test/", hosts = { "www.bad.test" },
  mfa = { policy = "relay", patterns = {} }, errors = {},
  sign_in = function(s)
    local page = s:gett("/login")
    page = s:get("https://other.test/login", { header = { a = page } })
    page = s:get(BASE .. "/y", { headers = { a = page } })
    page = s:get("/x?p=" .. s.credentials.password, { headers = { a = page } })
    local form = page:frm("#a")
    form:sett("a", s.credentials.pasword)
    s.helper = strin.format
    s:helper()
    page = s:post("/x", { query = { q = s.credentials.password } })
    leaked = page
  end,
  meters = function(s) return {} end,
}
"""
EXPECTED = [(8, 20, "gett"), (9, 18, "other.test"), (9, 48, "headers"), (10, 18, "elsewhere.test"), (11, 29, "secret in a URL"),
            (12, 23, "form"), (13, 10, "set"), (13, 34, "password"), (14, 16, "strin"), (16, 41, "secret in a query"), (17, 5, "leaked")]


def mistakes_are_found_with_their_place(b, path=None):
    bad = b.write("bad.lua", BAD)
    out, err = b.run("check", bad, status=14, env={"PATH": path} if path else None)
    lines = [re.match(r".*bad\.lua:(\d+):(\d+): (.*)$", line).groups() for line in out.splitlines()]
    got = [(int(line), int(col), text) for line, col, text in lines if not text.startswith("warning")]
    check(len(got) == len(EXPECTED), "%d problems, not %d:\n%s" % (len(got), len(EXPECTED), out))
    for (line, col, part), found in zip(EXPECTED, got):
        check(found[:2] == (line, col) and part in found[2], "%s is not %s" % (found, (line, col, part)))
    check("11 errors" in err, err)
    check(not path or "luacheck is not installed" in err, err)


def mistakes_are_found_without_luacheck(b):
    empty = os.path.join(b.folder, "empty")
    os.makedirs(empty, exist_ok=True)
    mistakes_are_found_with_their_place(b, empty)


def what_is_right_passes_check(b):
    adapters = [b.adapter, os.path.join(ROOT, "scripts/utilities/demo.lua"), os.path.join(ROOT, "tests/portals/django/djangoportal.lua")]
    for env in (None, {"PATH": b.folder}):
        out, _ = b.run("check", *adapters, env=env)
        check(out == "", out)


def syntax_and_binary_are_told(b):
    out, _ = b.run("check", b.write("syn.lua", "return {\n  api = = 1 }\n"), status=14)
    check(out.count("\n") == 1 and re.search(r"syn\.lua:2:\d+: ", out), out)
    _, err = b.run("check", os.path.join(b.folder, "none.lua"), status=2)
    check("none.lua" in err, err)


def new_gives_what_passes(b):
    out, _ = b.run("new", "north_vale", "--scripts", b.scripts)
    check(out.splitlines() == [os.path.join(b.scripts, "utilities/north_vale.lua"), os.path.join(b.scripts, "cases/north_vale/first.json")], out)
    out, err = b.run("check", "north_vale", "--scripts", b.scripts)
    check(out == "" and "0 errors, 0 warnings" in err, out + err)
    out, _ = b.run("test", "north_vale", "--scripts", b.scripts)
    check("ok       north_vale/first" in out, out)
    meters = json.loads(b.read("scripts/cases/north_vale/first.json"))["outcome"]["meters"]
    check(len(meters) == 1, "its case reads no meter")
    before = b.read("scripts/utilities/north_vale.lua")
    b.write("scripts/utilities/north_vale.lua", before + "-- mine\n")
    _, err = b.run("new", "north_vale", "--scripts", b.scripts, status=2)
    check("there already" in err and b.read("scripts/utilities/north_vale.lua").endswith("-- mine\n"), err)
    _, err = b.run("new", "other", "--idp", "nobody", "--scripts", b.scripts, status=2)
    check("no such family" in err and not b.there("scripts/utilities/other.lua"), err)
    b.run("new", "../evil", "--scripts", b.scripts, status=2)


def demo_plays_from_its_folder_and_built_in(b):
    count = len([n for n in os.listdir(os.path.join(ROOT, "scripts/cases/demo")) if n.endswith(".json")])
    for options in (["--scripts", os.path.join(ROOT, "scripts")], []):
        out, err = b.run("test", "demo", *options)
        check(count >= 20 and out.count("ok ") == count and "%d cases, 0 differ" % count in err, out + err)
    out, _ = b.run("test", "demo", "--case", "mfa_wrong", "--report", os.path.join(b.folder, "case.html"), "--json")
    check(json.loads(out)[0]["outcome"] == "ok", out)
    check("asked again" in b.read("case.html"), "the report of a case does not show what was asked")
    b.run("test", "demo", "--case", "none_such", status=2)
    b.run("test", "demo", "--report", os.path.join(b.folder, "case.html"), status=2)


def doctor_says_what_to_do(b):
    out, _ = b.run("doctor", "--json", "--scripts", b.scripts)
    found = {one["what"]: one for one in json.loads(out)}
    check({"meterkey", "libraries", "certificates", "patterns", "key", "adapters"} <= set(found), list(found))
    key = b.write("open.key", "0" * 64 + "\n")
    os.chmod(key, 0o644)
    b.write("scripts/utilities/bad.lua", BAD)
    out, _ = b.run("doctor", "--scripts", b.scripts, "--key", key, "--cacert", key, status=1)
    os.unlink(os.path.join(b.scripts, "utilities/bad.lua"))
    check("chmod 600" in out and "meterkey check bad" in out and "holds none" in out, out)
    check(re.search(r"^3 failures", out, re.M), out)


TESTS = [a_case_holds_no_secret, a_case_plays_without_a_network, what_differs_is_told_and_taken, an_account_that_the_adapter_needs_stays, a_failure_is_a_case_too,
         a_run_that_nobody_watches_is_a_case_too, what_cannot_be_scrubbed_is_not_kept, a_request_without_a_response_is_told, traces_and_reports_hold_no_secret, a_trace_is_an_archive,
         a_report_is_one_tame_page, a_trace_that_cannot_be_written_stops_at_once, mistakes_are_found_with_their_place,
         mistakes_are_found_without_luacheck, what_is_right_passes_check, syntax_and_binary_are_told, new_gives_what_passes,
         demo_plays_from_its_folder_and_built_in,
         doctor_says_what_to_do]


def try_one(test, bench):
    text = ""
    try:
        test(bench)
    except Failed as problem:
        text = str(problem)
    except Exception:
        text = traceback.format_exc()
    print((text + "\nnot ok - " if text else "ok - ") + test.__name__.replace("_", " "), flush=True)
    return not text


def main():
    with tempfile.TemporaryDirectory(prefix="cases-") as folder:
        bench = Bench(folder)
        return 0 if all([try_one(t, bench) for t in TESTS if not sys.argv[1:] or t.__name__ in sys.argv[1:]]) else 1


if __name__ == "__main__":
    sys.exit(main())
