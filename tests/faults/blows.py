"""When to strike: points in time that a test of crashes waits for, at the portal's door, in the store's log, or on the clock."""
import asyncio
import contextlib
import ctypes
import os
import select
import threading
import time


class Door:
    """Stands before the portal and passes on what goes in and out; `met(what, n, seconds)` waits for the n-th of it."""

    def __init__(self, portal):
        self.portal = portal        # (host, port)
        self.seen, self.changed = {"request": 0, "submission": 0, "reply": 0}, threading.Condition()
        self.loop, ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self.live, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(10)

    def live(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.visitor, "127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    def count(self, what):
        with self.changed:
            self.seen[what] += 1
            self.changed.notify_all()

    async def visitor(self, reader, writer):
        there, out = await asyncio.open_connection(*self.portal)
        await asyncio.gather(self.carry(reader, out, True), self.carry(there, writer, False))

    async def carry(self, source, target, inward):
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if not inward:
                    self.count("reply")
                elif data.startswith((b"GET ", b"POST ")):
                    self.count("submission" if data.startswith(b"POST ") else "request")
                target.write(data)
                await target.drain()
        with contextlib.suppress(OSError):
            target.close()

    def met(self, what, n, seconds):
        with self.changed:
            wanted = self.seen[what] + n
            return self.changed.wait_for(lambda: self.seen[what] >= wanted, seconds)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Log:
    """The writes to the store's log, by inotify."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.notes = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        libc.inotify_add_watch(self.notes, os.path.dirname(path).encode(), 0x2)     # IN_MODIFY
        self.name = os.path.basename(path).encode() + b"\0"

    def read(self):
        with contextlib.suppress(BlockingIOError):
            return os.read(self.notes, 65536).count(self.name)
        return 0

    def met(self, n, seconds):
        limit = time.monotonic() + seconds
        self.read()
        while n > 0:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.notes], [], [], left)[0]:
                return False
            n -= self.read()
        return True

    def close(self):
        os.close(self.notes)


class Points:
    """Waits for a point that the dice choose."""

    def __init__(self, door, log, dice):
        self.door, self.log, self.dice = door, log, dice

    def wait(self):
        self.door.met("request", 1, 1)      # something moves
        kind = self.dice.choice(("time", "log", "log", "request", "submission", "submission", "reply"))
        if kind == "time":
            time.sleep(self.dice.random() * self.dice.choice((0.02, 0.2, 0.6)))
        elif kind == "log":
            self.log.met(self.dice.randint(1, 60), 0.8)
        else:
            self.door.met(kind, self.dice.randint(1, 10), 0.8)
        if self.dice.random() < 0.5:
            time.sleep(self.dice.random() * 0.003)
