"""An endpoint for webhooks: keeps what it is sent, answers what it is told to."""
import http.server
import json
import queue
import threading

from server import SLOWER


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.got.put((self.path, dict(self.headers), body))
        self.server.go_on.wait(10)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Receiver:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.got, self.server.statuses = queue.Queue(), []
        self.server.go_on = threading.Event()
        self.go_on()
        self.origin = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        """Path, headers and body of the next request."""
        return self.server.got.get(timeout=10 * SLOWER)

    def events(self):
        return json.loads(self.next()[2])["events"]

    def empty(self):
        return self.server.got.empty()

    def answer(self, *statuses):
        """What the next requests are answered; 200 after that."""
        self.server.statuses[:] = statuses

    def hold(self):
        """Requests are taken and not answered until go_on()."""
        self.server.go_on.clear()

    def go_on(self):
        self.server.go_on.set()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
