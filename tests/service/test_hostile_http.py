#!/usr/bin/python3
"""Hostile input to the service over raw HTTP: whatever comes, it answers or closes, changes nothing, and serves the others. Prints one line a test."""
import contextlib
import json
import os
import random
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole
from server import SLOWER
from whole import check, same

SEED = int(os.environ.get("MK_SEED") or random.randrange(1 << 31))
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def talk(service, data, seconds=10 * SLOWER, most=1 << 20):
    """What comes back for raw bytes until the server closes, or for so long."""
    out = b""
    with contextlib.closing(socket.create_connection(("127.0.0.1", service.port), seconds)) as link:
        with contextlib.suppress(OSError):
            link.sendall(data)
        with contextlib.suppress(OSError):
            while len(out) < most:
                got = link.recv(1 << 16)
                if not got:
                    break
                out += got
    return out


def status(reply):
    return int(reply[9:12]) if reply[:9] in (b"HTTP/1.1 ", b"HTTP/1.0 ") else 0


def head(method, path, *lines):
    first = [method if isinstance(method, bytes) else method.encode(), path if isinstance(path, bytes) else path.encode(), b"HTTP/1.1"]
    return b"\r\n".join([b" ".join(first), b"Host: x", b"Connection: close", *lines]) + b"\r\n\r\n"


def post(path, body, kind=b"application/x-www-form-urlencoded", *lines):
    return head("POST", path, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), *lines) + body


def bearer(service):
    return b"Authorization: Bearer " + service.token.encode()


def lives(service):
    check(service.process.poll() is None, "the service has ended")
    same(service.request("GET", "/healthz").status, 200, "others are served")
    for line in service.log().splitlines():
        check(" error " not in line, line)


BAD = (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80")


@test
def what_is_no_text(service, _):
    c = service.customer("residential")
    path = c.path.encode()
    for bad in BAD:
        for request in (head("GET", b"/f/" + bad), head("GET", path + b"?q=" + bad), head("GET", path + b"?" + bad + b"=1"),
                        head("GET", path, b"X-A: " + bad), head("GET", path, b"Cookie: guard=" + bad),
                        post(path + b"/consent", b"utility=" + bad), post(path + b"/consent", b"c.username=" + bad),
                        post(path + b"/consent", b"c." + bad + b"=x"), post(path + b"/consent", b"a.field." + bad + b"=x"),
                        post(path + b"/answer", b"a.answer=" + bad), post(path + b"/consent", b"c.username=%ff%fe&utility=DEMO"),
                        post("/api/v2/forms", b'{"utility": "' + bad + b'"}', b"application/json", bearer(service)),
                        post("/api/v2/forms", b'{"' + bad + b'": 1}', b"application/json", bearer(service)),
                        post("/api/v2/forms", bad, b"application/json", bearer(service))):
            got = status(talk(service, request))
            check(200 <= got < 500, (got, request))
    lives(service)


@test
def nul_and_control_characters(service, _):
    path = service.customer("residential").path
    for request in (head("GET", "/f/%00"), head("GET", path + "?a=%00"), head("GET", b"/f/\x00"), head("GET", path, b"X: a\x00b"),
                    post(path + "/consent", b"utility=%00"), post(path + "/consent", b"c.password=a%00b"),
                    post("/api/v2/forms", b'{"customer_email": "a\\u0000b"}', b"application/json", bearer(service)),
                    post("/api/v2/forms", b'{"a\\u0000b": 1}', b"application/json", bearer(service)),
                    post("/api/v2/forms", b'{"x": 1}\x00', b"application/json", bearer(service)),
                    head("GET", path + "?state=%0d%0aX-Evil:%201&redirect_uri=%0d%0aX-Evil:%201"), head("GET", "/f/%0d%0aX-Evil:%201"),
                    post(path + "/decline?state=%0d%0aX-Evil:%201", b"guard=x"), head("GET", "/authorize/x?f=%0d%0aX-Evil:1")):
        reply = talk(service, request)
        check(status(reply) < 500, (status(reply), request))
        check(b"\r\nX-Evil" not in reply.split(b"\r\n\r\n")[0], reply)
    lives(service)


@test
def bodies_that_are_too_large(service, _):
    path = service.customer("residential").path
    for size in ((1 << 20) + 1, 10 << 20):
        check(status(talk(service, post(path + "/consent", b"a" * size))) in (0, 413), size)
        check(status(talk(service, post("/api/v2/forms", b'"' + b"a" * size + b'"', b"application/json", bearer(service)))) in (0, 413), size)
    chunked = head("POST", path + "/consent", b"Transfer-Encoding: chunked", b"Content-Type: application/x-www-form-urlencoded")
    check(status(talk(service, chunked + b"10000\r\n" + b"a" * 65536 + b"\r\n" + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 100)) in (0, 400, 413), "chunks")
    for garbage in (b"zz\r\nabc\r\n", b"-1\r\n\r\n", b"ffffffffffffffff\r\na", b"5\r\nabc", b"5;" + b"x" * 70000 + b"\r\nabcde\r\n0\r\n\r\n"):
        check(status(talk(service, chunked + garbage, 0.5)) < 500, garbage[:20])
    check(status(talk(service, head("POST", path, b"Content-Length: -5"))) < 500, "negative length")
    check(status(talk(service, head("POST", path, b"Content-Length: 99999999999999999999999"), 0.5)) < 500, "a length beyond numbers")
    check(status(talk(service, head("POST", path, b"Content-Length: 5", b"Content-Length: 6") + b"abcdef")) < 500, "two lengths")
    lives(service)


@test
def many_and_long_headers(service, _):
    for lines in ([b"X-%d: y" % n for n in range(1000)], [b"X: " + b"y" * 100000], [b"x" * 300 + b": y"], [b"Cookie: " + b"; ".join(b"a%d=b" % n for n in range(3000))],
                  [b": nothing"], [b"no colon"], [b" folded"]):
        check(status(talk(service, head("GET", "/healthz", *lines))) in (0, 200, 400, 413, 431), lines[0][:40])
    check(status(talk(service, head("GET", b"/" + b"a" * 100000))) in (0, 400, 413, 414, 431), "a long path")
    check(status(talk(service, head("GET", "/help/mfa?" + "&".join("a%d=b" % n for n in range(2000))))) < 500, "a long query")
    many = b"&".join(b"f%d=x" % n for n in range(5000))
    check(status(talk(service, post("/f/none/consent", many))) in (400, 404, 413), "many fields")
    lives(service)


@test
def odd_methods(service, _):
    path = service.customer("residential").path
    for method in ("HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "BREW", "get", "A" * 5000, b"\xff", b"\x00", ""):
        for where in (path, "/api/v2/forms", "*", "http://elsewhere.test/", "/api/v2/../../healthz"):
            reply = talk(service, head(method, where), 1)
            check(status(reply) < 500 or status(reply) in (501, 505), (method, where, reply[:200]))
            check(b"TRACE" not in reply.split(b"\r\n\r\n", 1)[-1] or method != "TRACE", "it echoes")
    reply = talk(service, head("HEAD", "/healthz"))
    same(reply.split(b"\r\n\r\n", 1)[1], b"", "the body of a HEAD")
    lives(service)


@test
def paths_that_lead_out(service, _):
    for path in ("/static/../service/main.lua", "/static/..%2fservice/main.lua", "/static/%2e%2e/%2e%2e/config.lua", "/static/....//x", "/static//etc/passwd",
                 "/static/..\\..\\x", "/static/%5c..%5c", "/static/.", "/static/", "/static/%00", "/../../etc/passwd", "/static/../../../../../../etc/passwd"):
        reply = talk(service, head("GET", path))
        check(status(reply) in (400, 403, 404), (path, status(reply)))
        check(b"root:" not in reply and b"local handlers" not in reply, path)
    lives(service)


@test
def json_that_is_no_request(service, _):
    deep = b"[" * 100000
    for body in (deep, deep + b"]" * 100000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"utility": "DEMO", "utility": "x"}', b'{"utility": 1e999}',
                 b'{"utility": ' + b"9" * 5000 + b"}", b'{"is_archived": 123456789012345678901234567890}', b"[]", b"null", b"1", b'"x"', b"", b"{", b"{}{}", b"\xef\xbb\xbf{}",
                 b'{"credentials": []}', b'{"credentials": {"a": {}}}', b'{"answer": {"fields": {}}}', b'{"scope": {"expires": ' + b"1" * 400 + b"}}",
                 b'{"utility": "\\ud800"}', b'{"customer_email": "' + b"a" * 900000 + b'"}', b"NaN", b'{"a": Infinity}'):
        for path in ("/api/v2/forms", "/api/v2/authorizations/1/challenge", "/api/v2/webhooks"):
            reply = talk(service, post(path, body, b"application/json", bearer(service)))
            check(200 <= status(reply) < 500, (path, status(reply), body[:60], reply[-200:]))
    lives(service)


@test
def secrets_in_json_that_is_broken(service, _):
    """What is wrong is told by line; nothing of the body is quoted, as it may be a password."""
    for body in (b'{"credentials": {"password": "hunter2', b'{"credentials": {"password": "hunter2" x', b'{"credentials": {"password": hunter2}}',
                 b'{"answer": "hunter2"', b'["hunter2", hunter2]', b'{"answer": "\\q-hunter2"}'):
        reply = talk(service, post("/api/v2/forms", body, b"application/json", bearer(service)))
        same((status(reply), b"line 1: " in reply, b"hunter2" in reply), (400, True, False), (body, reply))
    lives(service)


@test
def secrets_where_none_belong(service, _):
    """In a list, as plain text, in the query: they are neither taken nor shown anywhere."""
    path = service.customer("residential").path.encode()
    for body, kind in ((b'[{"credentials": {"password": "hunter2"}}]', b"application/json"), (b"c.password=hunter2", b"text/plain"),
                       (b"c.password=hunter2\xff", b"text/plain")):
        reply = talk(service, post("/api/v2/forms", body, kind, bearer(service)))
        same((status(reply), b"must be a JSON object" in reply, b"hunter2" in reply), (400, True, False), (body, reply))
    for request in (head("GET", path + b"?c.password=hunter2&state=s", b"Accept: text/html"), post(path + b"/consent?c.password=hunter2", b"utility=DEMO"),
                    post(path + b"/consent", b"c.password=hunter2", b"text/plain"), post("/api/v2/forms", b'{"c.password": "hunter2"}', b"application/json", bearer(service))):
        reply = talk(service, request)
        check(status(reply) in (200, 400, 403), reply)
        check(b"hunter2" not in reply, request)
    check("hunter2" not in service.log(), "the log has it")
    lives(service)


@test
def bodies_that_are_held_together(service, _):
    """Who sends much and never all of it takes the room of those that send much, not of a customer's form; it is given back when they leave."""
    large = post("/api/v2/forms", b'{"referral": "' + b"a" * 900000 + b'"}', b"application/json", bearer(service))
    limit = time.monotonic() + 60
    with contextlib.ExitStack() as stack:
        def fill():
            link = stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", service.port), 20)))
            with contextlib.suppress(OSError):  # one that is refused
                link.sendall(head("POST", "/healthz", b"Content-Length: %d" % (1 << 20)) + b"a" * ((1 << 20) - 1))
        for _ in range(64):
            fill()
        while status(reply := talk(service, large)) != 503:  # what was sent may not be read yet, and what is refused gives its part back
            check(time.monotonic() < limit, "there is always room: %r" % reply)
            fill()
        same((status(reply), b"Retry-After: 5" in reply, b'"unavailable"' in reply), (503, True, True), reply)
        reply = talk(service, head("POST", "/f/x/consent", b"Content-Length: 900000", b"Accept: text/html", b"Accept-Language: es"))
        same((status(reply), b"<html lang=\"es\">" in reply), (503, True), reply)
        service.customer("residential").page("?utility=DEMO")
    limit = time.monotonic() + 20
    while status(talk(service, large)) == 503:  # until it is seen that they have left
        check(time.monotonic() < limit, "the room is not given back")
    same(status(talk(service, large)), 200, "who sends much now")
    lives(service)


@test
def who_is_in_front(service, _):
    """A proxy may write its X-Forwarded-For as a line of its own: the last one is the proxy's, what comes before it is the client's word."""
    path = service.customer("residential").path.encode()
    proxy = b"X-Forwarded-For: 203.0.113.9"
    for expected, lines in (("203.0.113.9", (b"X-Forwarded-For: 198.51.100.7", proxy)), ("203.0.113.9", (proxy + b":4711",)),
                            ("203.0.113.9", (b"X-Forwarded-For: 198.51.100.7, 203.0.113.9",)), ("203.0.113.9", (b"x-forwarded-for: " + b"9" * 300, proxy)),
                            ("2001:db8::7", (b"X-Forwarded-For: [2001:db8::7]:4711",)), ("127.0.0.1", (b"X-Forwarded-For: unknown",)),
                            ("127.0.0.1", (b"X-Forwarded-For: " + b"9." * 40,))):
        customer = service.customer("residential")
        customer.page("?utility=DEMO")
        path, form = customer.path.encode(), b"guard=" + customer.guard.encode()
        talk(service, post(path + b"/decline", form, b"application/x-www-form-urlencoded", b"Cookie: " + customer.cookie.encode(), *lines))
        facts = service.sql("SELECT facts FROM timeline WHERE form = ? AND what = 'declined'", customer.form["uid"])[0][0]
        same(json.loads(facts)["peer"], expected, lines)
    lives(service)


@test
def streams_without_end(service, _):
    """Whoever has a link or a token holds so many streams of it, and no more; another's are there still."""
    one, other = (service.customer("residential").path + "/events" for _ in range(2))
    with contextlib.ExitStack() as stack:
        def stream(path, *lines):
            link = stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", service.port), 10)))
            link.sendall(head("GET", path, *lines))
            return link.recv(4096)
        for path, lines in ((one, ()), ("/api/v2/events/stream", (bearer(service),))):
            for n in range(30):
                same(status(stream(path, *lines)), 200, (path, n))
            reply = stream(path, *lines)
            same((status(reply), b"too_many_streams" in reply), (429, "/api/" in path), path)
        same(status(stream(other)), 200, "another's stream")
    lives(service)


@test
def one_after_the_other(service, _):
    keep = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    reply = talk(service, keep * 50 + head("GET", "/healthz"))
    same(reply.count(b"HTTP/1.1 200"), 51, "answers")
    smuggled = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    check(b"meterkey_sessions" not in talk(service, smuggled, 1), "a request was smuggled")
    lives(service)


@test
def clients_that_are_slow(service, _):
    links = []
    with contextlib.ExitStack() as stack:
        for n in range(150):
            link = socket.socket()
            stack.callback(link.close)
            link.settimeout(2)
            with contextlib.suppress(OSError):
                link.bind(("127.0.0.%d" % (2 + n // 90), 0))
                link.connect(("127.0.0.1", service.port))
                link.sendall(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na" if n % 2 else b"GET /healthz HTTP/1.1\r\nX: ")
                links.append(link)
        check(len(links) > 100, "few connections: %d" % len(links))
        began = time.monotonic()
        for _ in range(5):
            service.connection = None
            same(service.request("GET", "/healthz").status, 200, "others")
        check(time.monotonic() - began < 5 * SLOWER, "others wait")
    lives(service)


@test
def anything(service, _):
    dice = random.Random(SEED)
    path = service.customer("residential").path.encode()
    seeds = [post(path + b"/consent", b"utility=DEMO&c.username=a&c.password=b&email=x%40y.test&guard=1"), head("GET", path + b"?q=a&state=b"),
             post("/api/v2/forms", b'{"utility": "DEMO", "scope": {"expires": "7d"}}', b"application/json", bearer(service)),
             head("GET", "/api/v2/authorizations?limit=3&after=1", bearer(service)), head("GET", "/help/mfa", b"Accept-Language: de, en;q=0.3", b"Cookie: a=b; c")]
    for _ in range(int(os.environ.get("RUNS", "150"))):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 6)):
            at, what = dice.randrange(len(data)), dice.randrange(4)
            if what == 0:
                data[at] = dice.randrange(256)
            elif what == 1:
                del data[at:at + dice.randrange(1, 9)]
            elif what == 2:
                data[at:at] = dice.choice((b"%", b"\r\n", b"\x00", b"&", b"..", b"/", b"\xff", b"=" * 40, b"%0d%0a", b'"', b"{", b"9" * 30))
            else:
                data[at:at] = data[at:at + dice.randrange(1, 30)]
        reply = talk(service, bytes(data), 0.3)
        check(status(reply) < 500 or status(reply) in (501, 505), "MK_SEED=%d: %r -> %r" % (SEED, bytes(data), reply[:300]))
    lives(service)


@test
def whoever_sends_no_more_is_answered(service, _):
    """As by `nc -N`: the connection is half closed right after the request, which waits for a commit meanwhile."""
    page = service.customer("residential").path.encode()
    requests = {b"page": head("GET", page), b"API": post("/api/v2/forms", b"{}", b"application/json", bearer(service)), b"health": head("GET", "/healthz")}
    for name, data in requests.items():
        for _ in range(20):
            with contextlib.closing(socket.create_connection(("127.0.0.1", service.port), 10)) as link:
                link.sendall(data)
                link.shutdown(socket.SHUT_WR)
                same((name, status(link.recv(12))), (name, 200), "status")
    lives(service)


def main():
    print("# MK_SEED=%d" % SEED, flush=True)
    with whole.whole(workers=1) as given:
        return whole.run(TESTS, lambda: contextlib.nullcontext(given))


if __name__ == "__main__":
    sys.exit(main())
