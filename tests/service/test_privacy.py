#!/usr/bin/python3
"""A portal's unexpected page that says whose it is: what of that is stored, shown and sent. Prints one line a test."""
import http.server
import os
import sys
import tempfile
import threading
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser
import whole
from whole import check, same

ADAPTER = """return {
  api = 1, id = "private", name = "Private Power", utility_id = "PRIVATE", regions = { "NY" }, services = { "electric" },
  portal = "http://127.0.0.1:18102/", hosts = { "http://127.0.0.1:18102" }, evidence = "documented", timezone = "America/New_York",
  mfa = { policy = "relay" },
  sign_in = function(s)
    local form = s:get("/login", { accept = { 200 } }):form("#signin")
    form.username, form.password = s.credentials.username, s.credentials.password
    s:expect(s:submit(form), "#account-home")
  end,
  meters = function() return {} end,
}
"""
FORM = '<h1>Sign in</h1><form id="signin" method="post" action="/home/8812345678?holder=Marigold"><input name="username"><input name="password" type="password"></form>'
PAGE = """<!DOCTYPE html><title>Private Power</title><h1>Welcome back, Marigold Quillfeather</h1>
<p>We could not load your bill. Service address: 4711 Wintergreen Avenue, Apt 12. Account number 8812345678.</p>
<p>Questions? We write to marigold.quillfeather@mail.test or call 914-555-0142.</p>"""
THEIRS = ("Marigold", "Quillfeather", "Wintergreen", "8812345678", "4711", "914-555", "555-0142")


class Portal(http.server.BaseHTTPRequestHandler):
    def answer(self, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(FORM)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(PAGE)

    def log_message(self, *_):
        pass


class Place:
    """Where the sandbox would be."""

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def nothing_of_theirs(what, text, words=THEIRS):
    text = text if isinstance(text, str) else text.decode("utf-8", "replace")
    check(text, what + " is empty")
    same([word for word in words if word in text], [], "what " + what + " says of the customer")


def an_unexpected_page_names_nobody(service, folder):
    c = service.customer("residential")
    c.page("?utility=PRIVATE")
    c.submit(utility="PRIVATE")
    same(c.until("failed", seconds=25)["error"]["code"], "adapter.unexpected_page", "the error")
    uid = c.authorization
    stored = service.sql("SELECT error FROM authorizations WHERE uid = ?", uid)[0][0]
    check("Welcome back, (name)" in stored and "We could not load your bill" in stored, "the page's own words are gone: " + stored)
    nothing_of_theirs("the stored error", stored)
    for table in ("sessions", "authorizations", "timeline", "events", "forms"):
        rows = service.sql("SELECT * FROM " + table)
        nothing_of_theirs(table, repr(rows))
    for path in ("/authorizations/" + uid, "/authorizations/%s/challenge" % uid, "/authorizations", "/events", "/forms/" + c.form["uid"]):
        nothing_of_theirs("GET " + path, service.request("GET", "/api/v2" + path, None, {"Authorization": "Bearer " + service.token}).body)
    one = browser.Browser(service.url)
    one.submit(one.get("/dashboard/sign-in"), "/sign-in", email="whole@team.test", password="correct horse battery").is_(200)
    for path in ("/requests", "/requests/" + c.form["uid"], "/authorizations/" + uid, "/adapters/private", "/audit"):
        nothing_of_theirs("the dashboard's " + path, one.get("/dashboard" + path).is_(200).body)
    nothing_of_theirs("the customer's page", c.page().body)
    nothing_of_theirs("the log", service.log())
    service.stop()
    for name in os.listdir(folder):
        if name.startswith("store") and os.path.getsize(os.path.join(folder, name)):
            with open(os.path.join(folder, name), "rb") as file:
                nothing_of_theirs(name, file.read(), THEIRS[:5])


def main():
    with tempfile.TemporaryDirectory(prefix="privacy-") as folder:
        adapter = os.path.join(folder, "private.lua")
        with open(adapter, "w", encoding="utf-8") as file:
            file.write(ADAPTER)
        place = os.path.join(folder, "service")
        service = whole.Whole(place, Place(), whole.staged(adapter))
        text = ""
        try:
            service.start()
            service.ready()
            an_unexpected_page_names_nobody(service, place)
        except Exception:
            text = traceback.format_exc() + service.log()[-2000:]
            service.stop()
        print((text + "\nnot ok - " if text else "ok - ") + "an unexpected page names nobody", flush=True)
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
