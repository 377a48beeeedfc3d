#!/usr/bin/python3
"""What is due and cannot leave: it stays in the store, and all of it leaves once it can. Prints one line a test."""
import http.server
import socketserver
import sys
import tempfile
import threading
import time
import traceback
from queue import Queue

sys.dont_write_bytecode = True
sys.path.insert(0, __file__.rsplit("/", 1)[0])
from server import SANITIZED, Service
from whole import check, same

MANY, BEATS = 1000, 15
LIMIT = 240 if SANITIZED else 60


class Mailbox(socketserver.ThreadingTCPServer):
    """An SMTP server that says nothing until `release`, and then takes every mail."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self):
        self.release, self.asked, self.got = threading.Event(), Queue(), Queue()
        super().__init__(("127.0.0.1", 0), Letter)
        self.url = "smtp://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a connection that was given up


class Letter(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.server.asked.put(None)
        self.server.release.wait(LIMIT)
        self.say(b"220 here")
        to = None
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.say(b"354 go on")
                while self.rfile.readline() != b".\r\n":
                    pass
                self.server.got.put(to)
            elif word == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
            elif word == b"QUIT":
                self.say(b"221 bye")
                return
            self.say(b"250 fine")


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.put(body)
        self.server.release.wait(LIMIT)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Hooks(http.server.ThreadingHTTPServer):
    """An endpoint that answers nothing until `release`."""

    daemon_threads = True

    def __init__(self):
        self.release, self.asked = threading.Event(), Queue()
        super().__init__(("127.0.0.1", 0), Hook)
        self.origin = "http://127.0.0.1:%d" % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass


class Place:
    def __init__(self, folder, **settings):
        self.service = Service(folder, **settings)
        self.token = self.service.team("Due")
        self.team = self.service.sql("SELECT team FROM teams")[0][0]

    def due(self, count, **webhook):
        """So many mails, and events of a webhook, that should have left long ago."""
        now = time.time_ns() // 1000
        many = ", ".join("(%d)" % n for n in range(count))
        self.service.sql("INSERT INTO mails (team, uid, kind, recipient, subject, text, html, state, next, created) SELECT ?, 'm' || column1, 'receipt', "
                         "'c' || column1 || '@mail.test', 's', 't', '<p>t</p>', 'queued', 1, ? FROM (VALUES %s)" % many, self.team, now)
        for uid, url in webhook.items():
            self.service.sql("INSERT INTO events (team, uid, type, ts, webhook, target, next) SELECT ?, 'e' || column1, 'ping', ?, ?, ?, 1 "
                             "FROM (VALUES %s)" % many, self.team, now, uid, url)

    def tried(self, table):
        return self.service.sql("SELECT sum(tries) FROM %s" % table)[0][0]

    def until(self, holds, what):
        limit = time.monotonic() + LIMIT
        while not holds():
            check(time.monotonic() < limit, "it does not come to be: " + what)
            time.sleep(0.02)

    def beats(self, count, kind):
        """So many of the clock's turns that look for what is due: each takes one more, of the kind that can leave."""
        for n in range(count):
            uid, now = "beat%d" % n, time.time_ns() // 1000
            if kind == "events":
                self.service.sql("INSERT INTO events (team, uid, type, ts, webhook, next) VALUES (?, ?, 'ping', ?, 'none', 0)", self.team, uid, now)
            else:
                self.service.sql("INSERT INTO mails (team, uid, kind, recipient, subject, text, html, state, next, created) "
                                 "VALUES (?, ?, 'receipt', 'c@mail.test', 's', 't', '', 'queued', 0, ?)", self.team, uid, now)
            self.until(lambda uid=uid: self.service.sql("SELECT next FROM %s WHERE uid = ?" % kind, uid)[0][0] != 0, "a turn of the clock")


def a_mail_server_that_hangs(folder):
    box = Mailbox()
    place = Place(folder, smtp=box.url, url="http://127.0.0.1")
    place.due(MANY)
    place.service.start()
    for _ in range(4):
        box.asked.get(timeout=LIMIT)
    place.until(lambda: place.tried("mails") >= 20, "twenty mails handed over")
    place.beats(BEATS, "events")
    same(place.tried("mails"), 20, "mails that are held outside the store")
    same(place.service.request("GET", "/healthz").status, 200, "others are served")
    box.release.set()
    got = sorted(box.got.get(timeout=LIMIT) for _ in range(MANY))
    same(got, sorted("c%d@mail.test" % n for n in range(MANY)), "recipients")
    place.until(lambda: place.service.sql("SELECT count(*) FROM mails WHERE state = 'sent'")[0][0] == MANY, "all are told")
    check(box.got.empty(), "a mail was sent twice")
    same(place.tried("mails"), MANY, "tries")
    place.service.stop()
    box.shutdown()


def an_endpoint_that_hangs(folder):
    hooks = Hooks()
    place = Place(folder, webhook_origins=[hooks.origin])
    place.service.start()
    reply = place.service.request("POST", "/api/v2/webhooks", {"url": hooks.origin + "/in"}, {"Authorization": "Bearer " + place.token})
    same(reply.status, 200, reply.body)
    place.due(MANY, **{reply.json["uid"]: hooks.origin + "/in"})

    def most():
        """Forty requests with twenty events each, fewer once there is room for less; one that had no answer for ten seconds makes room for another."""
        return 610 + 20 * max(0, hooks.asked.qsize() - 16)
    place.until(lambda: place.tried("events") >= 600, "forty requests handed over")
    place.beats(BEATS, "mails")
    check(place.tried("events") <= most(), "%d events are held outside the store" % place.tried("events"))
    hooks.release.set()

    def all_delivered():
        place.service.sql("UPDATE events SET next = 1 WHERE error IS NOT NULL AND is_delivered = 0")  # the hour is over
        return place.service.sql("SELECT count(*) FROM events WHERE is_delivered = 1")[0][0] == MANY
    place.until(all_delivered, "all are delivered")
    place.service.stop()
    hooks.shutdown()


def main():
    failed = 0
    for one in (a_mail_server_that_hangs, an_endpoint_that_hangs):
        name = one.__name__.replace("_", " ")
        if sys.argv[1:] and not any(word in one.__name__ for word in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory(prefix="outbox-") as folder:
            try:
                one(folder)
                print("ok - " + name, flush=True)
            except Exception:
                failed += 1
                print(traceback.format_exc() + "not ok - " + name, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
