"""A driver of workers for tests: speaks frames (docs/service.md) over a socket pair with `meterkey worker`."""
import json
import os
import resource
import select
import socket
import struct
import subprocess
import time

from server import SLOWER

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PROGRAM = os.path.join(BUILD, "meterkey")
LIMIT = 30 * SLOWER


class Closed(Exception):
    pass


def frame(head, blob=b""):
    text = json.dumps(head).encode()
    return struct.pack("<II", 4 + len(text) + len(blob), len(text)) + text + blob


def version_of(path):
    """(hash, bytes) of an adapter's version."""
    argv = [os.path.join(BUILD, "service", "version"), path]
    out = subprocess.run(argv, stdout=subprocess.PIPE, check=True, timeout=LIMIT).stdout
    text, _, data = out.partition(b"\n")
    return text.decode(), data


class Worker:
    """One worker process; messages that were read and not asked for yet stay in `queue`."""

    def __init__(self, *args, files=None):
        """files: how many descriptors it may have until it asks for more."""
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.buffer, self.queue = b"", []
        end = theirs.fileno()

        def prepare():
            if end != 3:
                os.dup2(end, 3)
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        self.process = subprocess.Popen([PROGRAM, "worker", *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, pass_fds={3, end}, preexec_fn=prepare)
        theirs.close()

    def send(self, head, blob=b""):
        self.raw(frame(head, blob))

    def raw(self, data):
        self.socket.sendall(data)

    def read(self, seconds=LIMIT):
        """The next message, (head, blob)."""
        until = time.monotonic() + seconds
        while True:
            if len(self.buffer) >= 8:
                whole, text = struct.unpack_from("<II", self.buffer)
                if len(self.buffer) >= 4 + whole:
                    data, self.buffer = self.buffer[8:4 + whole], self.buffer[4 + whole:]
                    return json.loads(data[:text]), data[text:]
            if not select.select([self.socket], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("no message within %d s; before: %r" % (seconds, [h for h, _ in self.queue][-5:]))
            try:
                got = self.socket.recv(1 << 20)
            except ConnectionResetError:
                got = b""
            if not got:
                raise Closed(self.ended())
            self.buffer += got

    def wait(self, seconds=LIMIT, **want):
        """The first message, of those that are here or to come, whose head has these members."""
        until = time.monotonic() + seconds
        fits = lambda head: all(head.get(name) == value for name, value in want.items())
        for i, (head, blob) in enumerate(self.queue):
            if fits(head):
                del self.queue[i]
                return head, blob
        while True:
            head, blob = self.read(max(0, until - time.monotonic()))
            if fits(head):
                return head, blob
            self.queue.append((head, blob))

    def answer(self, id, challenge, answer):
        self.send({"do": "answer", "id": id, "challenge": challenge["id"], "answer": answer})

    def drive(self, id, answer=None, seconds=LIMIT):
        """Commits each intent of a session, answers with answer(challenge), until its end or, without answer, its
        challenge. Gives the heads of all its messages; the last one's blob is in `blob`."""
        heads = []
        while True:
            head, self.blob = self.wait(seconds, id=id)
            heads.append(head)
            if head["is"] == "intent":
                self.send({"do": "intent_done", "id": id})
            elif head["is"] == "challenge":
                if not answer:
                    return heads
                self.answer(id, head["challenge"], answer(head["challenge"]))
            elif head["is"] in ("end", "gone"):
                return heads

    def ended(self, seconds=LIMIT):
        """(exit status, standard error) of the process, once it has ended."""
        if not hasattr(self, "result"):
            out = self.process.communicate(timeout=seconds)[1].decode("utf-8", "replace")
            self.result = (self.process.returncode, out)
        return self.result

    def close(self):
        self.socket.close()
        return self.ended()
