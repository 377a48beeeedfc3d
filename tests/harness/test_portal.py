#!/usr/bin/python3
"""The scripted portal does what routes.py says, and records what came."""
import gzip
import os
import socket
import ssl
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ca
from portal import Portal

SCRIPT = r"""
GET /seq -> 200 text :: one
GET /seq -> 200 text :: two
POST /in ? user=ada -> 302 /home/{{form.user}}
POST /in -> 403 html :: no
GET api.example.test/seq -> 200 json :: {"n": {{n}}, "seen": "{{seen.user}}"}
GET /lines -> 200 html
  > X-One: {{query.a}}
  | <p>
  |   two</p>
GET /gzip -> 200 text gzip :: packed
GET /bomb -> 200 text bomb=2
GET /chunked -> 200 text chunked :: 0123456789
GET /close -> close
GET /reset -> reset
GET /half -> 200 text close-at=20 :: 0123456789
GET /reset-half -> 200 text reset-at=20 :: 0123456789
GET /drip -> 200 text drip=40/0.1 :: 0123456789
GET /raw -> 200 raw
  | HTTP/1.1 200 OK\r\n\r\n\x00\xffend
GET /endless -> 200 bin endless
POST /multi -> 200 text :: {{form.a}}
"""


def ask(port, data, host="www.example.test", tls=None, limit=1 << 22):
    """Sends raw bytes, reads to the end of the connection or to limit."""
    sock = socket.create_connection(("127.0.0.1", port), 10)
    if tls:
        sock = ssl.create_default_context(cafile=tls).wrap_socket(sock, server_hostname=host)
    with sock:
        sock.sendall(data)
        out = b""
        while len(out) < limit:
            piece = sock.recv(65536)
            if not piece:
                break
            out += piece
        return out


def get(portal, path, method="GET", host="www.example.test", body=b"", kind="application/x-www-form-urlencoded", **more):
    head = "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (method, path, host)
    head += "Content-Type: %s\r\nContent-Length: %d\r\n" % (kind, len(body)) if body else ""
    return ask(portal.http_port, head.encode() + b"\r\n" + body, limit=more.get("limit", 1 << 22))


TESTS = []
test = TESTS.append


@test
def sequences_end_with_the_last(p):
    got = [ask_one(p, "/seq") for _ in range(3)]
    assert [g.rsplit(b"\r\n\r\n")[-1] for g in got] == [b"one", b"two", b"two"], got


@test
def conditions_choose(p):
    good, bad = get_post(p, b"user=ada"), get_post(p, b"user=eve")
    assert b"302" in good and b"Location: /home/ada" in good, good
    assert bad.startswith(b"HTTP/1.1 403"), bad


@test
def another_host_and_what_was_seen(p):
    get_post(p, b"user=bob")
    assert b'"seen": "bob"' in ask_one(p, "/seq", "api.example.test")


@test
def headers_and_bodies(p):
    got = ask_one(p, "/lines?a=5")
    assert b"X-One: 5\r\n" in got and got.endswith(b"<p>\n  two</p>\n"), got


@test
def compressed(p):
    assert gzip.decompress(ask_one(p, "/gzip").split(b"\r\n\r\n", 1)[1]) == b"packed"
    got = ask_one(p, "/bomb").split(b"\r\n\r\n", 1)[1]
    assert len(got) < 20000 and len(gzip.decompress(got)) == 2 << 20


@test
def chunks(p):
    assert ask_one(p, "/chunked").endswith(b"7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n")


@test
def abrupt_ends(p):
    assert get(p, "/close") == b""
    assert len(get(p, "/half")) == 20
    for path in ("/reset", "/reset-half"):
        try:
            got = get(p, path)
        except ConnectionResetError:
            continue
        raise AssertionError("%s: no reset: %r" % (path, got))


@test
def slow(p):
    began = time.monotonic()
    assert ask_one(p, "/drip").endswith(b"0123456789")
    assert time.monotonic() - began > 0.2


@test
def raw_and_endless(p):
    assert get(p, "/raw").endswith(b"\r\n\r\n\x00\xffend")
    assert len(get(p, "/endless", limit=1 << 20)) >= 1 << 20


@test
def records_exactly(p):
    p.taken()
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1 & 2\r\n--B--\r\n'
    assert get(p, "/multi", "POST", body=body, kind="multipart/form-data; boundary=B").endswith(b"1 & 2")
    get(p, "/nowhere?x=1")
    requests = p.taken()
    assert [r.summary() for r in requests] == ["POST http://www.example.test/multi multipart a=1 & 2",
                                               "GET http://www.example.test/nowhere?x=1"], requests
    assert requests[0].body == body and requests[0].header("content-length") == str(len(body))
    assert p.taken() == []


@test
def over_tls(p):
    data = b"GET /seq HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\n\r\n"
    p.taken()
    assert b"HTTP/1.1 200" in ask(p.tls_port, data, tls=p.authority, limit=60)
    assert p.taken()[0].summary() == "GET /seq"
    try:
        ask(p.tls_port, data, host="www.wrong.test", tls=p.authority)
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("a wrong name was accepted")


def ask_one(portal, path, host="www.example.test"):
    """One request; closes when the answer's length is reached."""
    sock = socket.create_connection(("127.0.0.1", portal.http_port), 10)
    with sock:
        sock.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, host)).encode())
        sock.settimeout(0.6)
        out = b""
        try:
            while True:
                piece = sock.recv(65536)
                if not piece:
                    break
                out += piece
        except socket.timeout:
            pass
        return out


def get_post(portal, body):
    sock = socket.create_connection(("127.0.0.1", portal.http_port), 10)
    with sock:
        sock.sendall(b"POST /in HTTP/1.1\r\nHost: www.example.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return sock.recv(65536)


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        authority, cert, key = ca.pair(folder)
        for function in TESTS:
            portal = Portal(SCRIPT, cert, key).start()
            portal.authority = authority
            try:
                function(portal)
                print("ok - " + function.__name__.replace("_", " "))
            except Exception as problem:
                bad += 1
                print("%s: %s\nnot ok - %s" % (type(problem).__name__, problem, function.__name__.replace("_", " ")))
            finally:
                portal.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
