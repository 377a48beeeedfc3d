#!/usr/bin/python3
"""The store and its keys while a service serves them: rotation, backup, check. Prints one line a test."""
import base64
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import urllib.error

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import LIMIT, PROGRAM, Serving, check, run, same

TESTS = []


def test(name):
    def take(function):
        def with_service():
            place = Place()
            try:
                function(place)
            finally:
                place.service.stop(kill=True)
                place.service.close()
        TESTS.append((name, with_service))
        return function
    return take


class Place:
    def __init__(self):
        self.service = Serving()
        self.folder, self.store = self.service.folder, self.service.store
        self.key = self.store + ".key"

    def command(self, *words, store=None, status=0, env=None):
        done = subprocess.run([PROGRAM, *words, "--config", os.path.join(self.folder, "config.lua"), "--store", "sqlite:" + (store or self.store)],
                              capture_output=True, text=True, timeout=LIMIT, cwd=self.folder, env=dict(os.environ, **(env or {})), check=False)
        same(done.returncode, status, "exit status of %s (%s)" % (" ".join(words), done.stderr.strip()))
        return done.stdout + done.stderr

    def keys(self):
        with sqlite3.connect("file:%s?mode=ro" % self.store, uri=True) as rows:
            return rows.execute("SELECT id, use, sealed FROM keys ORDER BY created, id").fetchall()

    def master(self):
        with open(self.key, encoding="ascii") as file:
            return file.read()

    def seal(self, value):
        return self.service.ask("/seal", {"value": value})

    def opens(self, sealed):
        try:
            return self.service.ask("/unseal", sealed)["value"]
        except urllib.error.HTTPError:
            return None

    def seals_with(self):
        """The id of the key that seals now, which a sealed value begins with after its magic."""
        data = base64.b64decode(self.seal(["x"])["b64"])
        return [row[0] for row in self.keys() if bytes.fromhex(row[0]) in data[:64]]


@test("rotation while a service runs: what was sealed opens, what is sealed takes the new key, at once and after a start")
def rotation(place):
    old, first = place.seal({"a": 1}), place.master()
    before = place.keys()
    same(place.seals_with(), [before[1][0] if before[1][1] == "data" else before[0][0]], "the first key")
    place.command("key", "rotate")
    after = place.keys()
    check(place.master() != first, "the master is the same")
    same(stat.S_IMODE(os.stat(place.key).st_mode), 0o600, "mode")
    check(not os.path.exists(place.key + ".next"), "something is left")
    same(len(after), 3, "keys")
    check(not {row[2] for row in before} & {row[2] for row in after}, "a key was not sealed anew")
    place.service.said("tick", n=place.service.ask("/ticks") + 2)
    new = [row[0] for row in after if row[0] not in [r[0] for r in before]]
    same(place.seals_with(), new, "the key that seals")
    same(place.opens(old), {"a": 1}, "the old value")
    newer = place.seal({"b": 2})
    place.service.stop()
    place.service.start()
    same((place.opens(old), place.opens(newer)), ({"a": 1}, {"b": 2}), "values after a start")
    same(place.seals_with(), new, "the key that seals after a start")


@test("killed after the store's commit and before the file's rename: the next start takes the key beside")
def cut_off(place):
    old, first = place.seal("x"), place.master()
    place.service.stop(kill=True)
    place.command("key", "rotate")
    os.rename(place.key, place.key + ".next")
    with open(os.open(place.key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(first)
    place.service.start()
    same(place.opens(old), "x", "the value")
    check(place.master() != first and not os.path.exists(place.key + ".next"), "the rotation was not finished")


@test("killed there while a service runs: it goes on and finishes the rotation; so does the next rotation")
def cut_off_serving(place):
    for finisher in ("service", "rotation"):
        old, first = place.seal(finisher), place.master()
        if finisher == "rotation":
            place.service.stop()
        place.command("key", "rotate")
        os.rename(place.key, place.key + ".next")
        with open(os.open(place.key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(first)
        if finisher == "service":
            place.service.said("tick", n=place.service.ask("/ticks") + 2)
        else:
            place.command("key", "rotate")
            place.service.start()
        same(place.opens(old), finisher, "the value")
        place.service.stop()
        place.service.start()
        same(place.opens(old), finisher, "the value after a start")
        check(place.master() != first and not os.path.exists(place.key + ".next"), "the rotation was not finished")


@test("killed before the store's commit: the key beside is of no meaning and never taken")
def never_committed(place):
    old, first = place.seal("x"), place.master()
    place.service.stop(kill=True)
    with open(os.open(place.key + ".next", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write("ab" * 32 + "\n")
    place.service.start()
    same((place.opens(old), place.master()), ("x", first), "value and master")
    place.service.stop()
    with open(place.key, "w", encoding="ascii") as file:
        file.write("cd" * 32 + "\n")
    check("another store's" in refused(place), "no word of it")
    same(place.master(), "cd" * 32 + "\n", "the wrong key was written over")
    with open(place.key, "w", encoding="ascii") as file:
        file.write(first)
    place.service.start()
    place.command("key", "rotate")
    check(place.master() != "ab" * 32 + "\n" and not os.path.exists(place.key + ".next"), "the key beside was taken")
    same(place.opens(old), "x", "value")


def refused(place):
    try:
        place.service.start()
    except RuntimeError as problem:
        return str(problem)
    raise AssertionError("the service started")


@test("a wrong key, a wrong mode, no key: neither start nor rotation, and nothing changes")
def wrong(place):
    first, rows = place.master(), place.keys()
    os.chmod(place.key, 0o644)
    check("0600" in place.command("key", "rotate", status=1), "no word of the mode")
    place.service.stop()
    check("0600" in refused(place), "no word of the mode")
    os.chmod(place.key, 0o600)
    with open(place.key, "w", encoding="ascii") as file:
        file.write("ab" * 32 + "\n")
    check("another store's" in place.command("key", "rotate", status=1), "no word of the wrong key")
    check("another store's" in refused(place), "no word of the wrong key")
    with open(place.key, "w", encoding="ascii") as file:
        file.write("no key\n")
    check("hex" in place.command("key", "rotate", status=1), "no word of the digits")
    os.unlink(place.key)
    check(place.key in place.command("key", "rotate", status=1), "the file is not named")
    check(not os.path.exists(place.key), "a key was made")
    same(place.keys(), rows, "keys")
    with open(os.open(place.key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(first)
    check("replace it" in place.command("key", "rotate", status=1, env={"METERKEY_KEY": first.strip()}), "a key of the environment")
    same((place.master(), place.keys()), (first, rows), "master and keys")
    place.command("key", "turn", status=2)
    place.command("key", "rotate", store=place.folder + "/none.db", status=1)
    check(not os.path.exists(place.folder + "/none.db"), "a store was made")


@test("two rotations at once: one of them, or one after the other, and everything opens")
def at_once(place):
    old = place.seal("x")
    argv = [PROGRAM, "key", "rotate", "--store", "sqlite:" + place.store]
    for _ in range(5):
        both = [subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(3)]
        words = [one.communicate(timeout=LIMIT)[1].decode() for one in both]
        check(any(one.returncode == 0 for one in both), words)
        check(all(one.returncode == 0 or "another rotation" in text for one, text in zip(both, words)), words)
    place.service.stop()
    place.service.start()
    same(place.opens(old), "x", "value")


@test("a backup while the service writes is whole, ours alone, and opens with the key")
def backup(place):
    for i in range(50):
        place.service.ask("/sql", ["INSERT INTO settings (name, value, changed) VALUES (?1, '', 0)", "row %d" % i])
    sealed = place.seal("kept")
    path = os.path.join(place.folder, "copy.db")
    place.command("store", "backup", path)
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    check("there already" in place.command("store", "backup", path, status=1), "it was written over")
    same(place.command("store", "check", store=path).strip(), "sound", "check of the copy")
    same(place.command("store", "check").strip(), "sound", "check of the store")
    with sqlite3.connect(path) as rows:
        same(rows.execute("SELECT count(*) FROM settings WHERE name LIKE 'row %'").fetchone()[0], 50, "rows")
    shutil.copy(place.key, path + ".key")
    copy = Serving(folder=tempfile.mkdtemp(dir=place.folder), args=("--store", "sqlite:" + path))
    try:
        same(copy.ask("/unseal", sealed), {"value": "kept"}, "value")
    finally:
        copy.close()
    place.command("store", "backup", status=2)
    place.command("store", "backup", "/none/copy.db", status=1)


@test("a damaged store is told")
def damaged(place):
    for i in range(400):
        place.service.ask("/sql", ["INSERT INTO settings (name, value, changed) VALUES (?1, ?2, 0)", "row %d" % i, "x" * 400])
    place.service.stop()
    with open(place.store, "r+b") as file:
        file.seek(0, 2)
        middle = file.tell() // 4096 // 2 * 4096
        for page in range(middle, middle + 10 * 4096, 4096):
            file.seek(page)
            file.write(b"\xff" * 100)
    check("sound" not in place.command("store", "check", status=1), "it is called sound")
    with open(place.store, "r+b") as file:
        file.write(b"no database at all")
    place.command("store", "check", status=1)


if __name__ == "__main__":
    sys.exit(run(TESTS))
