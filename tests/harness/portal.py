"""A scripted portal: an HTTP/1.1 server that answers as it is told and records
every request as it came. The standard library only.

    portal = Portal(text, cert, key); portal.start() … portal.stop()

serves plain HTTP on portal.http_port and TLS on portal.tls_port, both on
127.0.0.1. From a shell, to try a case's portal with curl:

    /usr/bin/python3 tests/harness/portal.py CASE [--tls FOLDER]
"""
import asyncio
import gzip
import json
import re
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
import zlib
from email.parser import BytesParser

from routes import Routes

MAX_HEAD, MAX_BODY = 1 << 20, 64 << 20
REASONS = {200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found", 303: "See Other",
           304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


class Request:
    """One request as it came: raw head, body, and what can be read from them."""

    def __init__(self, number, secure, head, body):
        self.number, self.secure, self.head, self.body = number, secure, head, body
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        self.method, self.target = parts[0], parts[1] if len(parts) > 1 else ""
        self.headers = [tuple(x.strip() for x in line.split(":", 1)) for line in lines[1:] if ":" in line]
        self.host = self.header("host") or ""
        self.name = self.host.rsplit(":", 1)[0]
        self.path, _, query = self.target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.cookies = dict(c.strip().split("=", 1) for c in (self.header("cookie") or "").split(";") if "=" in c)
        self.form = self.read_form()
        self.closes = "close" in (self.header("connection") or "").lower()

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def read_form(self):
        kind = (self.header("content-type") or "").lower()
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(urllib.parse.parse_qsl(self.body.decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
        if kind.startswith("multipart/form-data"):
            return {name: value for name, _, value in self.parts()}
        if kind.startswith("application/json"):
            try:
                value = json.loads(self.body)
            except ValueError:
                return {}
            return {k: v if isinstance(v, str) else json.dumps(v) for k, v in value.items()} if isinstance(value, dict) else {}
        return {}

    def parts(self):
        """(name, file name, text) of each part of a multipart body."""
        head = ("Content-Type: %s\r\n\r\n" % self.header("content-type")).encode()
        message = BytesParser().parsebytes(head + self.body)
        return [(p.get_param("name", header="content-disposition") or "", p.get_filename(),
                 (p.get_payload(decode=True) or b"").decode("utf-8", "replace"))
                for p in (message.get_payload() if message.is_multipart() else [])]

    def field(self, name):
        if name.startswith("cookie."):
            return self.cookies.get(name[7:])
        if name.startswith("header."):
            return self.header(name[7:])
        return self.form.get(name, self.query.get(name))

    def summary(self):
        """One line, as a case's `requests` has it."""
        where = self.target if self.secure and self.host == "www.example.test" else self.host + self.target
        if not self.secure:
            where = "http://" + where
        line = "%s %s" % (self.method, where)
        if (self.header("content-type") or "").startswith("multipart/form-data"):
            return line + " multipart " + "&".join("%s=%s" % (n, "%s:%s" % (f, v) if f else v) for n, f, v in self.parts())
        return line + (" " + self.body.decode("utf-8", "backslashreplace") if self.body else "")


class Portal:
    """Serves the routes of one case in a thread of its own."""

    def __init__(self, text, cert=None, key=None):
        self.routes, self.requests, self.seen, self.errors = Routes(text), [], {}, []
        self.connections = 0
        self.cert, self.key = cert, key
        self.http_port = self.tls_port = 0
        self.lock = threading.Lock()
        self.ready = threading.Event()

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        if not self.ready.wait(20) or self.errors:
            raise RuntimeError("the portal did not start: %s" % self.errors)
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(10)

    def taken(self):
        """The requests since the last call."""
        with self.lock:
            requests, self.requests = self.requests, []
        return requests

    def run(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self.serve())
        except Exception as problem:  # reported by start()
            self.errors.append(repr(problem))
            self.ready.set()
        finally:
            self.loop.close()

    async def serve(self):
        self.ended = asyncio.Event()
        servers = [await asyncio.start_server(lambda r, w: self.connection(r, w, False), "127.0.0.1", 0)]
        self.http_port = servers[0].sockets[0].getsockname()[1]
        if self.cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.cert, self.key)
            context.set_alpn_protocols(["http/1.1"])
            servers.append(await asyncio.start_server(lambda r, w: self.connection(r, w, True), "127.0.0.1", 0,
                                                      ssl=context))
            self.tls_port = servers[1].sockets[0].getsockname()[1]
        self.ready.set()
        await self.ended.wait()
        for server in servers:
            server.close()
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def connection(self, reader, writer, secure):
        self.connections += 1
        try:
            while await self.exchange(reader, writer, secure):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError, OSError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            try:
                writer.close()
            except Exception:
                pass

    async def exchange(self, reader, writer, secure):
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        body = await self.read_body(reader, writer, head)
        with self.lock:
            self.count = getattr(self, "count", 0) + 1
            request = Request(self.count, secure, head, body)
            self.requests.append(request)
            self.seen.update(request.query)
            self.seen.update(request.form)
        route = self.routes.answer(request)
        if route is None:
            await self.send(writer, b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot here\n", {})
            return not request.closes
        return await self.give(writer, route, request) and not request.closes

    async def read_body(self, reader, writer, head):
        lower = head.decode("latin-1").lower()
        if "\r\nexpect: 100-continue" in lower:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = re.search(r"\r\ncontent-length: *(\d+)", lower)
        if length:
            return await reader.readexactly(min(int(length.group(1)), MAX_BODY))
        if "\r\ntransfer-encoding: chunked" not in lower:
            return b""
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += await reader.readexactly(size)
            await reader.readline()
            if size == 0:
                return body

    def fill(self, text, request):
        def value(match):
            group, _, name = match.group(1).partition(".")
            tables = {"form": request.form, "query": request.query, "cookie": request.cookies, "seen": self.seen}
            if group in tables:
                return tables[group].get(name, "")
            return {"header": request.header(name) or "", "n": str(request.number), "http": "http://127.0.0.1:%d" % self.http_port,
                    "tls_port": str(self.tls_port), "body": request.body.decode("utf-8", "replace")}.get(group, "")
        return re.sub(r"\{\{([^{}]+)\}\}", value, text)

    async def give(self, writer, route, request):
        if "delay" in route.settings:
            await asyncio.sleep(float(route.settings["delay"]))
        if route.abrupt == "hold":
            await self.ended.wait()
        if route.abrupt:
            return self.cut(writer, route.abrupt == "reset")
        text = self.fill(route.body(), request)
        if "raw" in route.flags:
            await self.send(writer, unescape(text), route.settings)
            return False
        data, headers, close = self.encode(route, charset_bytes(text, route.type), request)
        lines = ["HTTP/1.1 %d %s" % (route.status, REASONS.get(route.status, "Status"))]
        lines += ["%s: %s" % pair for pair in headers] + ["", ""]
        answer = "\r\n".join(lines).encode("utf-8")
        if request.method != "HEAD" and route.status not in (204, 304):
            answer += data
        if not await self.send(writer, answer, route.settings):
            return False
        while "endless" in route.flags:
            await self.send(writer, b"x" * 65536, {})
        return not close

    def encode(self, route, data, request):
        """Body as sent, its headers, and whether the connection ends with it."""
        headers = [(n, self.fill(v, request)) for n, v in route.headers]
        if route.location is not None:
            headers.append(("Location", self.fill(route.location, request)))
        if not any(n.lower() == "content-type" for n, _ in headers) and (route.type or data):
            headers.append(("Content-Type", route.type or "text/html; charset=utf-8"))
        if "bomb" in route.settings:
            data = bomb(int(route.settings["bomb"]))
        elif "gzip" in route.flags:
            data = gzip.compress(data, mtime=0)
        elif "deflate" in route.flags:
            data = zlib.compress(data)
        if "gzip" in route.flags or "bomb" in route.settings:
            headers.append(("Content-Encoding", "gzip"))
        elif "deflate" in route.flags:
            headers.append(("Content-Encoding", "deflate"))
        close = bool(route.flags & {"endless", "no-length"}) or any(
            n.lower() == "connection" and v.lower() == "close" for n, v in headers)
        if "chunked" in route.flags:
            headers.append(("Transfer-Encoding", "chunked"))
            pieces = [data[i:i + 7] for i in range(0, len(data), 7)]
            data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
        elif not close and route.status not in (204, 304) and not any(n.lower() == "content-length" for n, _ in headers):
            headers.append(("Content-Length", str(len(data))))
        return data, headers, close

    async def send(self, writer, data, settings):
        """False if the connection was cut on purpose."""
        for name in ("close-at", "reset-at"):
            if name in settings:
                writer.write(data[:int(settings[name])])
                await writer.drain()
                return self.cut(writer, name == "reset-at")
        if "drip" in settings:
            size, pause = settings["drip"].split("/")
            for at in range(0, len(data), int(size)):
                writer.write(data[at:at + int(size)])
                await writer.drain()
                await asyncio.sleep(float(pause))
        else:
            writer.write(data)
            await writer.drain()
        return True

    def cut(self, writer, reset):
        if reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return False


def charset_bytes(text, kind):
    """The body in the charset that its type declares, UTF-8 otherwise."""
    found = re.search(r"charset=([\w-]+)", kind or "")
    return text.encode(found.group(1) if found else "utf-8", "replace")


def unescape(text):
    data = text.rstrip("\n").encode("utf-8")
    known = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\", b"0": b"\0"}
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", lambda m: bytes([int(m.group(1)[1:], 16)]) if m.group(1)[:1] == b"x" and
                  len(m.group(1)) == 3 else known.get(m.group(1), m.group(1)), data)


def bomb(mib):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(mib)) + packer.flush()


def main():
    import casefile
    import ca
    case = casefile.read(sys.argv[1])
    files = ca.pair(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[2] == "--tls" else (None, None, None)
    portal = Portal(case.portal, files[1], files[2]).start()
    print("http://127.0.0.1:%d  TLS port %d  authority %s" % (portal.http_port, portal.tls_port, files[0]), flush=True)
    try:
        while portal.thread.is_alive():
            portal.thread.join(0.5)
            for request in portal.taken():
                print(request.summary(), flush=True)
    except KeyboardInterrupt:
        portal.stop()


if __name__ == "__main__":
    main()
