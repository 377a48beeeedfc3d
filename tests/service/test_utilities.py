#!/usr/bin/python3
"""Each utility's adapter signs in at its simulated portal from inside a sealed worker: what its libraries need is let
through. One row with a second factor for each, and the first without. Prints one line a test."""
import concurrent.futures
import glob
import json
import os
import shutil
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
PORTALS = os.path.join(os.path.dirname(HERE), "portals")
sys.path[:0] = [HERE, PORTALS]
import drive
from worker import ROOT, Worker, version_of


class Run(drive.Run):
    """A row, played by a worker in place of `meterkey run`."""

    def in_worker(self, hash, version):
        customer = drive.Customer(self.portal, self.user, self.row.get("asks", []))
        customer.least += self.sent
        with open(self.credentials, encoding="utf-8") as file:
            credentials = json.load(file)
        worker = Worker("--cacert", self.portal.cacert)
        try:
            worker.send({"do": "settings", "cacert": self.portal.cacert,
                         "connect_to": ["%s:443:127.0.0.1:%d" % (host, self.portal.tls) for host in self.portal.hosts]})
            worker.send({"do": "version", "hash": hash}, version)
            worker.send({"do": "start", "id": "x", "version": hash, "credentials": credentials, "human": True,
                         "mfa": self.row.get("mfa")})
            end = worker.drive("x", lambda _: json.loads(customer.next()), drive.LIMIT)[-1]
        finally:
            worker.socket.close()
            ended = worker.ended()
        drive.check(ended[0] == 0, "the worker ended %r" % (ended,))
        return (0 if "meters" in end["result"] else 1), end["result"], ended[1]


def fits(row):
    """Answers are given where they are asked for, and what comes are meters."""
    asks = row.get("asks", [])
    return "meters" in row and "none" not in row and "twice" not in row and not drive.needs_parking(asks) and \
        all(ask["answer"] not in ("approve", "deny") for ask in asks)


def rows_of(table):
    rows = [row for rows in table["scenarios"].values() for row in (rows if isinstance(rows, list) else [rows])]
    rows = [row for row in rows if fits(row)]
    asked, plain = [r for r in rows if r.get("asks")], [r for r in rows if not r.get("asks")]
    return asked[:1] + plain[:1]


def play(name):
    folder = tempfile.mkdtemp(prefix="meterkey-worker-")
    portal = drive.Portal(name, folder)
    lines = []
    try:
        with open(os.path.join(PORTALS, "scenarios", name + ".json"), encoding="utf-8") as file:
            table = json.load(file)
        version = version_of(os.path.join(ROOT, "scripts", "utilities", name + ".lua"))
        for row in rows_of(table):
            label = "%s, %s" % (name, "a second factor" if row.get("asks") else "no second factor")
            run = Run(portal, row, name)
            try:
                run.begin()
                run.judge(row, table["meters"], run.in_worker(*version))
                lines.append("ok - " + label)
            except Exception:
                lines.append(traceback.format_exc() + "not ok - " + label)
            finally:
                run.close()
    finally:
        portal.close()
        shutil.rmtree(folder)
    return lines or ["not ok - %s has no row that fits" % name]


def main():
    names = sys.argv[1:] or sorted(os.path.basename(p)[:-5] for p in glob.glob(os.path.join(PORTALS, "scenarios", "*.json")))
    names = [name for name in names if not name.startswith("family_")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        lines = [line for of_one in pool.map(play, names) for line in of_one]
    print("\n".join(lines))
    return 1 if any("not ok - " in line for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
