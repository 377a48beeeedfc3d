#!/usr/bin/python3
"""A session that goes through a proxy: HTTP CONNECT and SOCKS 5, with and without a password, refused, and not there.

The proxy is a few lines of sockets that lead every name to a scripted portal. Prints one line a test."""
import base64
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "harness"))
import ca
from portal import Portal
from test_commands import LIMIT, PROGRAM, check, expect_error, same, text_of

USER, WORD = "edge", "Pr0xy-word-5"
ADAPTER = """
return { api = 1, id = "example", name = "Example", portal = "https://www.example.test/", hosts = { "www.example.test" },
  services = { "electric" }, evidence = "modelled",
  sign_in = function(s) s:expect(s:post("/login", { form = { p = s.credentials.password } }), "#home") end,
  meters = function(s) return { { account = s:get("/api"):json("$.account"), service = "electric" } } end }
"""
PORTAL = """POST /login -> 200 html :: <main id="home">Hello</main>
GET /api -> 200 json :: {"account": "100-1"}
"""


class Proxy:
    """Speaks CONNECT or SOCKS 5, whichever comes; `asked` holds what it was asked for, `words` what it was told."""

    def __init__(self, target, refuse=False, password=None):
        self.target, self.refuse, self.password, self.asked, self.words = target, refuse, password, [], []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(peer,), daemon=True).start()

    def converse(self, peer):
        with peer:
            first = peer.recv(1, socket.MSG_PEEK)
            if (self.socks if first == b"\5" else self.connect)(peer):
                with socket.create_connection(("127.0.0.1", self.target)) as portal:
                    back = threading.Thread(target=pump, args=(portal, peer), daemon=True)
                    back.start()
                    pump(peer, portal)
                    back.join(LIMIT)

    def connect(self, peer):
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.recv(4096)
        lines = head.decode("latin-1").split("\r\n")
        self.asked.append(lines[0])
        self.words += [line for line in lines if line.lower().startswith("proxy-authorization")]
        wanted = self.password and "Basic " + base64.b64encode(self.password.encode()).decode()
        if self.refuse or (wanted and wanted not in head.decode("latin-1")):
            peer.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"403 Forbidden" if self.refuse else b"407 Proxy Authentication Required"))
            return False
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return True

    def socks(self, peer):
        peer.recv(2 + peer.recv(2, socket.MSG_PEEK)[1])
        peer.sendall(b"\5\0")
        head = peer.recv(5, socket.MSG_WAITALL)
        check(head[3] == 3, "the proxy was given an address, not a name")
        name = peer.recv(head[4], socket.MSG_WAITALL).decode()
        self.asked.append("%s:%d" % (name, struct.unpack(">H", peer.recv(2, socket.MSG_WAITALL))[0]))
        peer.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        return True

    def close(self):
        self.server.close()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.files = ca.pair(os.path.join(folder, "ca"))
        self.portal = Portal(PORTAL, self.files[1], self.files[2]).start()
        self.write("example.lua", ADAPTER)
        self.write("who", json.dumps({"username": "ada@example.test", "password": "Tr0ub4dor-3"}))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, proxy, *options, env=None):
        argv = [PROGRAM, "run", "example.lua", "--json", "--credentials", "who", "--cacert", self.files[0], *options]
        argv += ["--proxy", proxy] if proxy else []
        home = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "LC_ALL": "C.UTF-8", **(env or {})}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT, cwd=self.folder, env=home, stdin=subprocess.DEVNULL)
        done.json = json.loads(done.stdout) if done.stdout.startswith("{") else None
        return done

    def signs_in(self, proxy, *options):
        done = self.run(proxy, *options)
        check(done.returncode == 0, text_of(done))
        same(done.json["meters"][0]["account"], "100-1", "account")


def by_connect(b):
    proxy = Proxy(b.portal.tls_port)
    b.signs_in("http://127.0.0.1:%d" % proxy.port)
    same(set(proxy.asked), {"CONNECT www.example.test:443 HTTP/1.1"}, "what the proxy saw")
    proxy.close()


def by_socks_with_the_name(b):
    proxy = Proxy(b.portal.tls_port)
    b.signs_in("socks5h://127.0.0.1:%d" % proxy.port)
    same(set(proxy.asked), {"www.example.test:443"}, "what the proxy saw")
    proxy.close()


def its_password_stays_with_it(b):
    proxy = Proxy(b.portal.tls_port, password="%s:%s" % (USER, WORD))
    trace = os.path.join(b.folder, "trace.har")
    b.portal.taken()
    b.signs_in("http://%s:%s@127.0.0.1:%d" % (USER, WORD, proxy.port), "--trace", trace)
    check(proxy.words, "the proxy was told no password")
    with open(trace, encoding="utf-8") as file:
        text = file.read()
    for secret in (WORD, base64.b64encode(("%s:%s" % (USER, WORD)).encode()).decode()):
        check(secret not in text, "the trace holds the proxy's password")
    check(all(not r.header("proxy-authorization") for r in b.portal.taken()), "the portal was told the proxy's password")
    wrong = b.run("http://%s:%s@127.0.0.1:%d" % (USER, "wrong", proxy.port))
    expect_error(wrong, "net.proxy", 13)
    check("wrong" not in wrong.stdout + wrong.stderr, "the proxy's password is printed")
    proxy.close()


def a_proxy_that_refuses(b):
    proxy = Proxy(b.portal.tls_port, refuse=True)
    b.portal.taken()
    expect_error(b.run("http://127.0.0.1:%d" % proxy.port), "net.proxy", 13)
    same(b.portal.taken(), [], "requests that came")
    proxy.close()


def a_proxy_that_is_not_there(b):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    expect_error(b.run("http://127.0.0.1:%d" % port), "net.proxy", 13)


def the_environment_chooses_none(b):
    proxy = Proxy(b.portal.tls_port)
    url = "http://127.0.0.1:%d" % proxy.port
    done = b.run(None, "--connect-to", "www.example.test:443:127.0.0.1:%d" % b.portal.tls_port,
                 env={"https_proxy": url, "HTTPS_PROXY": url, "ALL_PROXY": url})
    check(done.returncode == 0, text_of(done))
    same(proxy.asked, [], "what the proxy saw")
    proxy.close()


TESTS = [by_connect, by_socks_with_the_name, its_password_stays_with_it, a_proxy_that_refuses, a_proxy_that_is_not_there,
         the_environment_chooses_none]


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        for test in TESTS:
            try:
                test(bench)
                print("ok - " + test.__name__.replace("_", " "), flush=True)
            except Exception:
                failed = True
                print("%s\nnot ok - %s" % (traceback.format_exc(), test.__name__.replace("_", " ")), flush=True)
        bench.portal.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
