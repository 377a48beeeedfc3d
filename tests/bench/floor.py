"""What no service could be quicker than here: the bare messages, exchanges and writes of a sign-in, by three processes that do nothing else.

A sign-in up to its question is: its session goes to a worker; one exchange with the portal; the intent goes to the service, is on the disk and is
confirmed; two exchanges more; the question with its journal goes to the service. Meanwhile the submission is written. Sizes are those of DEMO's."""
import os
import signal
import socket
import tempfile
import time

PAGE, QUERY, SUBMISSION, INTENT, JOURNAL = 3000, 500, 43 * 4120, 7 * 4120, 9000 # bytes


def portal(listener):
    while True:
        link, _ = listener.accept()
        while link.recv(65536):
            link.sendall(b"p" * PAGE)
        link.close()


def exchange(link):
    link.sendall(b"q" * QUERY)
    got = 0
    while got < PAGE:
        got += len(link.recv(65536))


def worker(service, address):
    while service.recv(100):
        link = socket.create_connection(address)
        exchange(link)
        service.sendall(b"intent")
        service.recv(100)
        exchange(link)
        exchange(link)
        link.close()
        service.sendall(b"j" * JOURNAL)


def child(work, *args):
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
        finally:
            os._exit(0)
    return pid


def sign_in(to, log):
    to.sendall(b"start")
    os.write(log, b"s" * SUBMISSION)
    os.fdatasync(log)
    to.recv(100)
    os.write(log, b"i" * INTENT)
    os.fdatasync(log)
    to.sendall(b"done")
    got = 0
    while got < JOURNAL:
        got += len(to.recv(65536))


def floor(count, pause):
    """Milliseconds of each of so many, one at a time, with so many seconds in between."""
    ours, theirs = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile(dir=".") as log:
        pids = [child(portal, listener), child(worker, theirs, listener.getsockname())]
        out = []
        try:
            for _ in range(count):
                time.sleep(pause)
                began = time.perf_counter()
                sign_in(ours, log.fileno())
                out.append((time.perf_counter() - began) * 1000)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    ours.close()
    theirs.close()
    return out
