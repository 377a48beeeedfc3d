#!/usr/bin/python3
"""Installs the rock into an empty tree without network, then uses its modules in plain Lua."""
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGIN = b"<form id=login method=post action=/login><input name=user><input name=password type=password></form>"


class Portal(http.server.BaseHTTPRequestHandler):
    who = ""

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def do_GET(self):
        if self.path == "/":
            self.answer(200, LOGIN, Content_Type="text/html")
        elif self.path == "/home" and self.headers.get("Cookie") == "sid=1":
            self.answer(200, ("<p id=name>Hello %s</p>" % Portal.who).encode(), Content_Type="text/html")
        elif self.path == "/home":
            self.answer(403, b"<p>no</p>", Content_Type="text/html")
        elif self.path == "/data.json":
            self.answer(200, b'{"list":[{"n":1},{"n":2}]}', Content_Type="application/json")
        elif self.path == "/away":
            self.answer(302, b"", Location="https://127.0.0.1:1/")
        else:
            self.answer(404, b"nothing here", Content_Type="text/plain")

    def do_POST(self):
        if self.path == "/login":
            fields = urllib.parse.parse_qs(self.body())
            Portal.who = "%s %s" % (fields["user"][0], fields["password"][0])
            self.answer(302, b"", Location="/home", Set_Cookie="sid=1; HttpOnly; Path=/")
        else:
            self.answer(200, ("POST %s %s" % (self.path, self.body())).encode(), Content_Type="text/plain")

    def log_message(self, *args):
        pass


def install(tree):
    nowhere = "http://127.0.0.1:9"
    env = dict(os.environ, http_proxy=nowhere, https_proxy=nowhere, HOME=tree)
    argv = ["luarocks", "--lua-version", "5.4", "make", "--tree", os.path.join(tree, "rocks"), "rockspec/meterkey-scm-1.rockspec"]
    return subprocess.run(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def use(tree, origin):
    rocks = os.path.join(tree, "rocks")
    env = dict(os.environ, LUA_CPATH=rocks + "/lib/lua/5.4/?.so", LUA_PATH="")
    argv = ["lua5.4", os.path.join(ROOT, "tests", "rock", "use.lua"), origin]
    return subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def main():
    with tempfile.TemporaryDirectory() as tree:
        made = install(tree)
        if made.returncode:
            print(made.stdout[-4000:])
        print("%s - luarocks make into an empty tree" % ("not ok" if made.returncode else "ok"))
        if made.returncode:
            return 1
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        used = use(tree, "http://127.0.0.1:%d" % server.server_port)
        server.shutdown()
        sys.stdout.write(used.stdout)
        if used.returncode and "not ok" not in used.stdout:
            print("not ok - use.lua ends with status %d" % used.returncode)
        return used.returncode


if __name__ == "__main__":
    sys.exit(main())
