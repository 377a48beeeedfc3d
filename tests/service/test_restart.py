#!/usr/bin/python3
"""Behind a socket that stays open (systemd's, here ours) a restart answers every request; the manager is told."""
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import PROGRAM, ROOT, SLOWER

RESTARTS, CLIENTS = 3, 4
ASKED = "/help/mfa"


class Manager:
    """As systemd: holds the listening socket and hears what the service tells."""

    def __init__(self, folder):
        self.folder, self.process = folder, None
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(os.path.join(folder, "notify"))
        self.notify.settimeout(20)

    def start(self, *options, listen="systemd", descriptors="1"):
        environment = dict(os.environ, NOTIFY_SOCKET=os.path.join(self.folder, "notify"), WATCHDOG_USEC="3000000", LISTEN_FDS=descriptors)
        argv = [PROGRAM, "serve", "--listen", listen, "--store", "sqlite:" + os.path.join(self.folder, "store.db"),
                "--config", os.path.join(self.folder, "config.lua"), "--runtime", os.path.join(ROOT, "runtime"), *options]
        handle = self.socket.fileno()
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["sh", "-c", 'exec 3<&%d; LISTEN_PID=$$; export LISTEN_PID; exec "$@"' % handle, "sh", *argv],
                                            pass_fds=[handle], env=environment, stdout=log, stderr=log)
        return self

    def hear(self, wanted):
        """Reads until a line is told; all lines so far."""
        seen = []
        while wanted not in seen:
            seen += self.notify.recv(4096).decode().split("\n")
        return seen

    def stop(self):
        self.process.terminate()
        seen = self.hear("STOPPING=1")
        return seen, self.process.wait(20 * SLOWER)


class Client(threading.Thread):
    """Asks again and again, on a new connection each time."""

    def __init__(self, port, path, pause=0):
        super().__init__(daemon=True)
        self.pause = threading.Event(), pause
        self.port, self.path, self.failures, self.over = port, path, [], False
        self.answered = threading.Semaphore(0)

    def next(self, count):
        for _ in range(count):
            assert self.answered.acquire(timeout=20 * SLOWER), "nobody was answered meanwhile"

    def run(self):
        while not self.over:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOWER)
                connection.request("GET", self.path, headers={"Connection": "close"})
                reply = connection.getresponse()
                reply.read()
                if reply.status != 200:
                    self.failures.append(reply.status)
                connection.close()
            except (OSError, http.client.HTTPException) as problem:
                self.failures.append(repr(problem))
            self.answered.release()
            self.pause[0].wait(self.pause[1])


def restarts(manager):
    """Every request of some clients is answered 200 while the service is restarted."""
    manager.start().hear("READY=1")
    clients = [Client(manager.port, ASKED, 0.02) for _ in range(CLIENTS)] # an address may ask 1,200 times a minute
    for client in clients:
        client.start()
    for _ in range(RESTARTS):
        manager.hear("WATCHDOG=1")
        for client in clients:
            client.next(3)
        _, status = manager.stop()
        assert status == 0, status
        manager.start().hear("READY=1")
    for client in clients:
        client.over = True
    for client in clients:
        client.join()
    failures = [failure for client in clients for failure in client.failures]
    assert not failures, failures[:5]


def kept(manager):
    """A connection that is kept open is answered, told to close, and does not hold the end up."""
    manager.start().hear("READY=1")
    connection = http.client.HTTPConnection("127.0.0.1", manager.port, timeout=20 * SLOWER)
    connection.request("GET", "/healthz")
    reply = connection.getresponse()
    reply.read()
    assert reply.getheader("Connection") != "close", reply.headers
    manager.process.terminate()
    manager.hear("STOPPING=1")
    connection.request("GET", "/healthz")
    reply = connection.getresponse()
    assert reply.status == 200 and reply.read() == b"ok\n", reply.status
    assert reply.getheader("Connection", "").lower() == "close", reply.headers
    assert manager.process.wait(20 * SLOWER) == 0


def told(manager):
    """READY once it answers, a status with the address, STOPPING at the end."""
    manager.start()
    seen = manager.hear("READY=1")
    assert "STOPPING=1" not in seen and "STATUS=at http://127.0.0.1:%d" % manager.port in seen, seen
    assert manager.stop()[1] == 0


def nothing(manager):
    """Without a socket it says so and ends."""
    manager.start(descriptors="0")
    assert manager.process.wait(20 * SLOWER) != 0
    with open(os.path.join(manager.folder, "log"), encoding="utf-8") as file:
        assert "systemd: no socket was handed over" in file.read()


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(folder)
        os.mkdir(os.path.join(folder, "scripts"))
        with open(os.path.join(folder, "config.lua"), "w", encoding="utf-8") as file:
            file.write('return { workers = 1, connections_per_address = 1000, scripts = "%s/scripts", mail_folder = "%s/mail" }\n' % (folder, folder))
        for one in (restarts, kept, told, nothing):
            try:
                one(manager)
                print("ok - %s" % one.__doc__.rstrip("."), flush=True)
            except (AssertionError, OSError) as problem:
                failed += 1
                print("not ok - %s: %r" % (one.__doc__.rstrip("."), problem), flush=True)
            finally:
                if manager.process.poll() is None:
                    manager.process.kill()
                    manager.process.wait()
    return failed


if __name__ == "__main__":
    sys.exit(main())
