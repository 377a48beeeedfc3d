"""A portal that echoes the password and the code wherever it can, and an adapter that shows all of it:
neither is in the trace, the report, the outcome, the log, or a parked session."""
import base64
import html
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")
PASSWORD = 'Sesam&99 "31"/offen+<ü>'
CODE = "731904"

ADAPTER = """
local function show(s, page)
  print(page.body)
  s:progress(page.body)
  for name, value in pairs(page.headers) do print(name, value) end
  s.body = page.body
end
return {
  api = 1, id = "echo", name = "Echo", services = { "electric" }, portal = "@ORIGIN@/", hosts = { "@ORIGIN@" },
  evidence = "modelled",
  mfa = { policy = "relay", patterns = { { kind = "otp", html = "form#mfa", prompt = "#said", digits = 6 } } },
  errors = { { code = "site.down", html = ".down", message = ".down" } },
  sign_in = function(s)
    local form = s:get("/login"):form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    local page = s:submit(form)
    show(s, page)
    while page.mfa do
      page = s:ask(page.mfa, function(code, p)
        local f = p:form("#mfa")
        f.code = code
        return s:submit(f)
      end)
      show(s, page)
    end
    s.keep.device = s.credentials.password
    s:expect(page, "#never")
  end,
  meters = function() return {}, "none" end,
}
"""


def forms(text):
    """Everything a portal might have made of it, with a name for each."""
    raw = text.encode()
    yield "plain", text
    yield "URL", urllib.parse.quote(text, safe="")
    yield "form", urllib.parse.quote_plus(text)
    yield "HTML", html.escape(text)
    yield "JSON", json.dumps(text)[1:-1]
    yield "JSON, UTF-8", json.dumps(text, ensure_ascii=False)[1:-1]
    yield "hex", raw.hex()
    for shift in range(3):
        yield "base64 %d" % shift, base64.b64encode(b"x" * shift + raw).decode()


def core(form, value):
    """What of it is the same whatever stands beside it."""
    if not form.startswith("base64"):
        return value
    return value.rstrip("=")[(0, 2, 3)[int(form[-1])]:-2]


class Portal(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, headers=()):
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer("<form id=signin method=post action=/login><input name=username><input type=password name=password></form>")

    def do_POST(self):
        given = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        secret = (given.get("password") or given.get("code"))[0]
        said = "".join("<p title=\"%s\">%s</p>" % (html.escape(v), html.escape(v)) for _, v in forms(secret))
        said += "<script>var given = %s; // %s\n</script>" % (json.dumps(secret), secret)
        more = "<form id=mfa method=post action=/mfa><input name=code></form>" if "password" in given else ""
        coded = urllib.parse.quote(secret, safe="")
        self.answer("<h1>You said %s</h1><div id=said>%s</div>%s" % (html.escape(secret), said, more),
                    [("X-Echo", coded), ("X-Echo-Base64", base64.b64encode(secret.encode()).decode()), ("Set-Cookie", "said=%s" % coded)])


def run(folder, origin, *more):
    with open(os.path.join(folder, "echo.lua"), "w", encoding="utf-8") as file:
        file.write(ADAPTER.replace("@ORIGIN@", origin))
    with open(os.path.join(folder, "who.json"), "w", encoding="utf-8") as file:
        json.dump({"username": "pat@mail.test", "password": PASSWORD}, file)
    argv = [PROGRAM, "run", os.path.join(folder, "echo.lua"), "--json", "--allow-origin", origin, "--credentials",
            os.path.join(folder, "who.json")] + list(more)
    env = dict(os.environ, XDG_CONFIG_HOME=folder, HOME=folder)
    return subprocess.run(argv, capture_output=True, env=env, timeout=60, check=False)


ok = True


def report(good, name, text=""):
    global ok
    ok = ok and good
    if not good and text:
        print(text)
    print("%s - %s" % ("ok" if good else "not ok", name))


def clean(name, data, secrets):
    """No form of any secret in data."""
    text = data.decode("utf-8", "replace")
    found = []
    for secret in secrets:
        for form, value in forms(secret):
            value = core(form, value)
            at = text.find(value)
            if form in ("URL", "form", "hex"):
                at = text.lower().find(value.lower())
            if at >= 0:
                found.append("%s of %r: ...%s..." % (form, secret, text[max(0, at - 60):at + 60]))
    report(not found and data != b"", name, "\n".join(found) or "it is empty")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = "http://127.0.0.1:%d" % server.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        trace, page, parked, answers = (os.path.join(folder, n) for n in ("t.har", "r.html", "parked", "answers"))
        with open(answers, "w", encoding="utf-8") as file:
            file.write('"%s"\n' % CODE)
        done = run(folder, origin, "--answers", answers, "--trace", trace, "--report", page)
        report(done.returncode == 14 and b"adapter.unexpected_page" in done.stdout, "the session ends as it should",
               (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:])
        both = (PASSWORD, CODE)
        clean("the outcome shows no secret", done.stdout, both)
        clean("progress and log show no secret", done.stderr, both)
        clean("the trace shows no secret", read(trace), both)
        clean("the report shows no secret", read(page), both)
        har = json.loads(read(trace))
        report(len(har["log"]["entries"]) == 3, "the trace is whole all the same")
        done = run(folder, origin, "--park", parked)
        report(done.returncode == 20, "a session parks", (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:])
        clean("the question shows no secret", done.stdout, (PASSWORD,))
        clean("the parked session shows no secret", read(parked), (PASSWORD,))
        left = [n for n in os.listdir(folder) if n not in ("who.json", "answers", "echo.lua", "meterkey")]
        report(sorted(left) == ["parked", "r.html", "t.har"], "nothing else is left behind", str(left))
        modes = [oct(os.stat(p).st_mode & 0o777) for p in (parked, trace, page)]
        report(all(re.fullmatch("0o600", m) for m in modes), "only their owner may read them", str(modes))
    server.shutdown()
    return 0 if ok else 1


if __name__ == "__main__":
    if not os.access(PROGRAM, os.X_OK):
        print("%s is not built" % PROGRAM)
        sys.exit(1)
    sys.exit(main())
