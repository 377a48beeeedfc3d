#!/usr/bin/python3
"""Webhooks and mails that leave the service: to a receiver and an SMTP server. Prints one line a test."""
import asyncio
import email
import email.policy
import http.server
import logging
import os
import socket
import ssl
import stat
import sys
import tempfile
import threading
import time
import warnings
from queue import Queue

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "harness"))
import ca
from server import SLOWER
from serving import LIMIT, Serving, check, run, same

CERTIFICATES = tempfile.TemporaryDirectory()
AUTHORITY, CERTIFICATE, KEY = ca.pair(CERTIFICATES.name)
TESTS = []


def test(name):
    def take(function):
        TESTS.append((name, function))
        return function
    return take


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps each POST; the path says how it answers: a status, /redirect, /slow, /big. Requests to /hold wait for `release`."""

    daemon_threads = True

    def __init__(self, secure=False):
        self.got, self.release, self.holding, self.most = Queue(), threading.Event(), 0, 0
        self.lock, self.full = threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        if secure:
            self.socket = tls().wrap_socket(self.socket, server_side=True)
        self.url = "%s://localhost:%d" % ("https" if secure else "http", self.server_address[1])
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a handshake that was refused

    def close(self):
        self.release.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.got.put((self.path, dict(self.headers), body))
        if self.path == "/hold":
            with self.server.lock:
                self.server.holding += 1
                self.server.most = max(self.server.most, self.server.holding)
                if self.server.holding == 16:
                    self.server.full.set()
            self.server.release.wait(LIMIT)
            with self.server.lock:
                self.server.holding -= 1
        elif self.path == "/slow":
            self.server.release.wait(LIMIT)
        status = 302 if self.path == "/redirect" else int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        answer = b"x" * (100 << 10) if self.path == "/big" else b"thanks"
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


class Place:
    def __init__(self, **settings):
        lists = {"cacert": AUTHORITY, **settings}
        text = ", ".join("%s = %s" % (key, "{ %s }" % ", ".join('"%s"' % one for one in value) if isinstance(value, list)
                                      else '"%s"' % value) for key, value in lists.items())
        self.service = Serving(config=text)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        if problem[0]:
            self.service.stop(kill=True)
        status = self.service.close()
        if not problem[0]:
            same(status, 0, "exit status")

    def hook(self, url, uid="1", headers=None, body="{}"):
        self.service.act({"do": "webhook", "uid": uid, "url": url, "headers": headers or {}, "body": body})

    def mail(self, uid="t.1", to="customer@example.test", subject="Your meters", text="Hello.\n", **more):
        self.service.act({"do": "mail", "uid": uid, "to": to, "subject": subject, "text": text, **more})

    def told(self, **fields):
        return self.service.said("delivered", **fields)


# --- webhooks -------------------------------------------------------------------


@test("a webhook arrives with its headers and body, once")
def webhook():
    receiver = Receiver()
    with Place(webhook_origins=[receiver.url]) as place:
        place.hook(receiver.url + "/200", "7", {"Content-Type": "application/json", "X-Signature": "abc="}, '{"a": "\u00e9"}')
        same(place.told(), {"kind": "webhook", "uid": "7", "ok": True, "status": 200}, "told")
        path, headers, body = receiver.got.get(timeout=LIMIT)
        same((path, body), ("/200", '{"a": "\u00e9"}'.encode()), "request")
        same((headers["Content-Type"], headers["X-Signature"]), ("application/json", "abc="), "headers")
        check(receiver.got.empty(), "sent twice")
    receiver.close()


@test("a status other than 2xx, a redirect, an answer that is too big")
def statuses():
    receiver = Receiver()
    with Place(webhook_origins=[receiver.url]) as place:
        place.hook(receiver.url + "/500")
        same(place.told(), {"kind": "webhook", "uid": "1", "ok": False, "status": 500, "error": "status 500"}, "told")
        place.hook(receiver.url + "/redirect")
        told = place.told()
        same((told["ok"], told["status"]), (False, 302), "told")
        check("redirect" in told["error"], told)
        place.hook(receiver.url + "/big")
        told = place.told()
        check(not told["ok"] and "65536 bytes" in told["error"], told)
        same([receiver.got.get(timeout=LIMIT)[0] for _ in range(3)], ["/500", "/redirect", "/big"], "requests")
        check(receiver.got.empty(), "the redirect was followed")
    receiver.close()


@test("no answer within ten seconds; refused; no such name; not a URL")
def unreachable():
    receiver = Receiver()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = "http://127.0.0.1:%d" % free.getsockname()[1]
        with Place(webhook_origins=[receiver.url, closed]) as place:
            began = time.monotonic()
            place.hook(receiver.url + "/slow", "slow")
            place.hook(closed + "/", "refused")
            place.hook("https://none.invalid/", "name")
            place.hook("not a URL", "text")
            place.hook("ftp://example.test/", "ftp")
            told = {}
            while len(told) < 5:
                one = place.told(ok=False)
                check(one["error"], one)
                told[one["uid"]] = one
            check("not a URL" in told["text"]["error"], told["text"])
            check("connect" in told["refused"]["error"], told["refused"])
            check(8 < time.monotonic() - began < 10 + 10 * SLOWER, "the slow one took %d s" % (time.monotonic() - began))
    receiver.close()


@test("private addresses and plain http are refused unless their origin was opened")
def private():
    receiver, secure = Receiver(), Receiver(secure=True)
    with Place() as place:
        for url in (receiver.url, receiver.url.replace("localhost", "127.0.0.1"), secure.url, secure.url.replace("localhost", "127.0.0.1"),
                    "https://10.0.0.1", "https://[::1]:%d" % secure.server_address[1], "https://2130706433:%d" % secure.server_address[1]):
            place.hook(url + "/200")
            told = place.told(ok=False)
            check("not public" in told["error"] or "not opened" in told["error"], "%s: %r" % (url, told))
        check(receiver.got.empty() and secure.got.empty(), "something arrived")
    with Place(webhook_origins=[secure.url]) as place:
        place.hook(secure.url + "/200")
        place.told(ok=True)
        place.hook(receiver.url + "/200")
        place.told(ok=False)
    with Place(webhook_origins=[secure.url], cacert="") as place:
        place.hook(secure.url + "/200")
        check("certificate" in place.told(ok=False)["error"].lower(), "no word of the certificate")
    receiver.close()
    secure.close()


@test("headers that would smuggle or that are curl's are refused")
def headers():
    receiver = Receiver()
    with Place(webhook_origins=[receiver.url]) as place:
        for bad in ({"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"Host": "other.test"}, {"Transfer-Encoding": "chunked"}, {"X": 1}):
            place.hook(receiver.url + "/200", headers=bad)
            check("header" in place.told(ok=False)["error"], bad)
        check(receiver.got.empty(), "something arrived")
    receiver.close()


@test("sixteen at once, the others wait; what waits at the end is not told")
def many():
    receiver = Receiver()
    with Place(webhook_origins=[receiver.url]) as place:
        for i in range(20):
            place.hook(receiver.url + "/hold", str(i))
        check(receiver.full.wait(LIMIT), "there were never sixteen")
        same(receiver.most, 16, "at once")
        receiver.release.set()
        same({place.told(ok=True)["uid"] for _ in range(20)}, {str(i) for i in range(20)}, "told")
        same(receiver.most, 16, "at once")
        receiver.release.clear()
        for i in range(20):
            place.hook(receiver.url + "/hold", str(i))
    receiver.close()


# --- mails by SMTP -----------------------------------------------------------------


class Post:
    """An SMTP server that keeps what it is given; refuses recipients at refused.test, defers those at later.test."""

    def __init__(self, host="127.0.0.1", starttls=False, smtps=False, login=None):
        self.got, self.now, self.most, self.smtps = Queue(), 0, 0, smtps
        options = {"auth_required": bool(login), "auth_require_tls": starttls,
                   "authenticator": (lambda server, session, envelope, mechanism, data:
                                     AuthResult(success=(data.login.decode(), data.password.decode()) == login)) if login else None}
        if starttls:
            options.update(tls_context=tls(), require_starttls=True)
        self.controller = Controller(self, hostname=host, port=0, ssl_context=tls() if smtps else None, **options)
        self.controller.port = free_port(host)
        self.controller.start()
        self.url = "%s://%s:%d" % ("smtps" if smtps else "smtp", "localhost" if host == "127.0.0.1" else host, self.controller.port)

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.02)  # so that there are others meanwhile
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@refused.test"):
            return "550 5.1.1 no such mailbox"
        if address.endswith("@later.test"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.now -= 1
        self.got.put((session.ssl is not None or self.smtps, envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 kept"

    def next(self):
        secure, sender, recipients, content = self.got.get(timeout=LIMIT)
        return secure, sender, recipients, email.message_from_bytes(content, policy=email.policy.default)


def free_port(host):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def body(message, kind):
    return message.get_body((kind,)).get_content()


@test("a mail: its words, in text and HTML, arrive as they were")
def mail():
    post = Post()
    subject = "Zähler: “bereit” – " + "ein langer Betreff, " * 6
    text = "Grüße.\n.a dot\nFrom here\n" + "long " * 40 + "\ntrailing \n=C3 =\n"
    html = "<p>Grüße &amp; more</p>\n" + "<b>%s</b>\n" % ("x" * 2000)
    with Place(smtp=post.url, mail_from="Meterkey, Ünser <meters@example.test>") as place:
        place.mail(to="Cus, Tomer <customer@example.test>", subject=subject, text=text, html=html)
        same(place.told(), {"kind": "mail", "uid": "t.1", "ok": True, "status": 250}, "told")
        secure, sender, recipients, message = post.next()
        same((secure, sender, recipients), (False, "meters@example.test", ["customer@example.test"]), "envelope")
        same(message["subject"], subject, "subject")
        same(str(message["from"].addresses[0].display_name), "Meterkey, Ünser", "name")
        same([str(one) for one in message["to"].addresses], ['"Cus, Tomer" <customer@example.test>'], "to")
        same(body(message, "plain").replace("\r\n", "\n"), text, "text")
        same(body(message, "html").replace("\r\n", "\n"), html, "html")
        check(message["message-id"].endswith("@example.test>") and message["date"].datetime, "no id or date")
    post.controller.stop()


@test("STARTTLS and SMTPS with a user and a password")
def secure():
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "password")
        with open(file, "w", encoding="utf-8") as out:
            out.write("fern lantern\n")
        for options in ({"starttls": True}, {"smtps": True}):
            post = Post(login=("meters", "fern lantern"), **options) if "starttls" in options else Post(**options)
            user = {"smtp_user": "meters", "smtp_password_file": file} if "starttls" in options else {}
            with Place(smtp=post.url, **user) as place:
                place.mail()
                same(place.told()["ok"], True, "ok")
                same(post.next()[0], True, "encrypted")
            post.controller.stop()
        post = Post(starttls=True, login=("meters", "another"))
        with Place(smtp=post.url, smtp_user="meters", smtp_password_file=file) as place:
            place.mail()
            same(place.told()["ok"], False, "ok")
            check("fern" not in place.service.words(), "the password is in the log")
        post.controller.stop()


@test("a certificate of nobody we trust: not sent")
def untrusted():
    for options in ({"starttls": True}, {"smtps": True}):
        post = Post(**options)
        with Place(smtp=post.url, cacert="") as place:
            place.mail()
            told = place.told()
            check(not told["ok"] and "certificate" in told["error"].lower(), told)
        check(post.got.empty(), "it was sent")
        post.controller.stop()


@test("without STARTTLS nothing is sent but to this machine itself")
def starttls_required():
    host = socket.gethostname()
    address = socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0]
    post = Post(host=address)
    with Place(smtp="smtp://%s:%d" % (host, post.controller.port)) as place:
        place.mail()
        check(not place.told()["ok"], "it was sent in the clear")
    check(post.got.empty(), "it arrived")
    post.controller.stop()


@test("refused for good, refused for now, no server: the status says which")
def refused():
    post = Post()
    with Place(smtp=post.url) as place:
        place.mail(to="a@refused.test")
        told = place.told()
        same((told["ok"], told["status"]), (False, 550), "told")
        place.mail(to="a@later.test")
        same(place.told()["status"], 451, "status")
        post.controller.stop()
        place.mail()
        told = place.told()
        check(not told["ok"] and "status" not in told and told["error"], told)


@test("no header is smuggled in, no address that is none is written to")
def smuggling():
    post = Post()
    with Place(smtp=post.url) as place:
        place.mail(subject="Hello\r\nBcc: other@example.test\r\n\r\nbody")
        place.told(ok=True)
        message = post.next()[3]
        check(message["bcc"] is None and "Bcc" in message["subject"], message.as_string())
        for to in ("a@b.test\r\nBcc: c@d.test", "a@b.test>, <c@d.test", "<a@b.test> c", "a b@c.test", "@b.test", "a@", "", "a@b@c.test"):
            place.mail(to=to)
            told = place.told()
            check(not told["ok"] and "address" in told["error"], "%r: %r" % (to, told))
        place.mail(to='x <y> "\r\n <a@b.test>')
        place.told(ok=True)
        same(post.next()[2], ["a@b.test"], "recipients")
    check(post.got.empty(), "more than was meant arrived")
    post.controller.stop()


@test("a hundred mails: all arrive, never more than four connections")
def hundred():
    post = Post()
    with Place(smtp=post.url) as place:
        place.service.act(*({"do": "mail", "uid": "t.%d" % i, "to": "a%d@example.test" % i, "subject": "s", "text": "t"} for i in range(100)))
        same({place.told(ok=True)["uid"] for _ in range(100)}, {"t.%d" % i for i in range(100)}, "told")
    same({post.next()[2][0] for _ in range(100)}, {"a%d@example.test" % i for i in range(100)}, "recipients")
    check(1 < post.most <= 4, "%d at once" % post.most)
    post.controller.stop()


@test("a mail that is on its way is not begun a second time; once it has gone, it is")
def again():
    post = Post()
    with Place(smtp=post.url) as place:
        one = {"do": "mail", "uid": "t.1", "to": "a@example.test", "subject": "s", "text": "t"}
        others = [dict(one, uid="t.%d" % n, to="b@example.test") for n in range(2, 8)]
        place.service.act(*others[:4], one, one, *others[4:], one)
        same(sorted(place.told(ok=True)["uid"] for _ in range(7)), ["t.%d" % n for n in range(1, 8)], "told")
        place.service.act(one)
        same(place.told()["uid"], "t.1", "told")
    same(sorted(post.next()[2][0] for _ in range(8)), ["a@example.test"] * 2 + ["b@example.test"] * 6, "recipients")
    check(post.got.empty(), "more than was meant arrived")
    post.controller.stop()


# --- mails as files -------------------------------------------------------------------


@test("without a server mails are files of ours alone")
def files():
    with Place() as place:
        place.mail("t.42", html="<p>Hello.</p>")
        same(place.told(), {"kind": "mail", "uid": "t.42", "ok": True}, "told")
        folder = os.path.join(place.service.folder, "mail")
        same(os.listdir(folder), ["t.42.eml"], "files")
        same(stat.S_IMODE(os.stat(folder).st_mode), 0o700, "mode of the folder")
        path = os.path.join(folder, "t.42.eml")
        same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
        with open(path, "rb") as file:
            same(body(email.message_from_bytes(file.read(), policy=email.policy.default), "plain").strip(), "Hello.", "text")
        for uid in ("../t", ".t", "", "a/b"):
            place.mail(uid)
            check(not place.told()["ok"], uid)
        same(os.listdir(folder), ["t.42.eml"], "files")
        os.rename(folder, folder + ".old")
        with open(folder, "w", encoding="utf-8"):
            pass
        place.mail()
        check("folder" in place.told(ok=False)["error"], "no word of the folder")


@test("what became of mails is committed together, ten times a second at most")
def together():
    with Place() as place:
        began, before = time.monotonic(), place.service.ask("/store")["commits"]
        place.service.act(*({"do": "mail", "uid": "t.%d" % i, "to": "a@example.test", "subject": "s", "text": "t"} for i in range(100)))
        same({place.told(ok=True)["uid"] for _ in range(100)}, {"t.%d" % i for i in range(100)}, "told")
        commits, most = place.service.ask("/store")["commits"] - before, 5 + 11 * (time.monotonic() - began)
        check(commits <= most, "%d commits, not %d" % (commits, most))


@test("settings that cannot be used are told at the start")
def settings():
    for key, value in (("smtp", "http://example.test"), ("smtp", "smtp://user@example.test"), ("smtp", "smtp://"), ("mail_from", "nobody"),
                       ("smtp_password_file", "/none"), ("cacert", "/none")):
        try:
            place = Place(**{key: value})
        except RuntimeError as problem:
            check(key in str(problem), "%s is not named: %s" % (key, problem))
        else:
            place.service.stop(kill=True)
            raise AssertionError("%s = %s was taken" % (key, value))


if __name__ == "__main__":
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.exit(run(TESTS))
