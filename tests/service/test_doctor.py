#!/usr/bin/python3
"""`meterkey doctor --config`: what it says of a sound service, and of each thing that is not."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import PROGRAM, ROOT, SLOWER, lua

BROKEN = 'return { api = 1, id = "broken", name = "Broken", services = { "electric" }, portal = "https://a.test/", hosts = { "a.test" },\n  sign_in = 7 }\n'


class Place:
    around = []

    def __init__(self, folder):
        self.folder = folder
        self.scripts = os.path.join(folder, "scripts")
        os.makedirs(os.path.join(self.scripts, "utilities"))
        os.chmod(folder, 0o700)
        self.settings()
        self.meterkey("user", "list")  # makes store and key

    def path(self, name):
        return os.path.join(self.folder, name)

    def settings(self, **more):
        values = dict({"store": "sqlite:" + self.path("store.db"), "scripts": self.scripts, "mail_folder": self.path("mail")}, **more)
        with open(self.path("config.lua"), "w", encoding="utf-8") as file:
            file.write("return { %s }\n" % ", ".join("%s = %s" % (name, lua(value)) for name, value in values.items()))

    def meterkey(self, *words):
        return subprocess.run(self.around + [PROGRAM, *words, "--config", self.path("config.lua"), "--runtime", os.path.join(ROOT, "runtime")][: -2 if words[0] == "user" else None],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * SLOWER, check=False)

    def doctor(self):
        done = self.meterkey("doctor", "--json")
        found = {}
        for one in json.loads(done.stdout):
            found.setdefault(one["what"], one)
        assert (done.returncode != 0) == any(one["verdict"] == "fail" for one in found.values()), (done.returncode, found)
        return found

    def says(self, what, verdict, words, advice=""):
        one = self.doctor()[what]
        assert one["verdict"] == verdict and words in one["found"] and advice in one.get("advice", ""), one


def sound(place):
    """Of a sound one it finds nothing to do but what this machine lacks."""
    found = place.doctor()
    assert {"store", "key", "folder", "workers", "mail", "clock", "adapters"} <= set(found), list(found)
    for what in ("store", "key", "folder", "workers", "adapters"):
        assert found[what]["verdict"] == "ok", found[what]
    assert "Landlock" in found["workers"]["found"] and "sound" in found["store"]["found"], found


def keys(place):
    """A key that others can read, another store's key, none."""
    key = place.path("store.db.key")
    with open(key, encoding="ascii") as file:
        good = file.read()
    os.chmod(key, 0o644)
    place.says("key", "fail", "0600", "chmod 600")
    os.chmod(key, 0o600)
    with open(key, "w", encoding="ascii") as file:
        file.write("0" * 64 + "\n")
    place.says("key", "fail", "another store", "put the saved key back")
    os.unlink(key)
    place.says("key", "fail", "", "put the saved key back")
    assert not os.path.exists(key), "it made a key"
    with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(good)
    assert place.doctor()["key"]["verdict"] == "ok"


def sign_ins(place):
    """Kept sign-ins: none, one that another key sealed."""
    place.says("sign-ins", "ok", "0 kept")
    with sqlite3.connect(place.path("store.db")) as db:
        db.execute("INSERT INTO teams (team, name, created) VALUES ('t', 'T', 1)")
        db.execute("INSERT INTO authorizations (team, uid, utility, created, updated, expires, status_ts) VALUES ('t', 'a', 'DEMO', 1, 1, '3y', 1)")
        db.execute("INSERT INTO kept (team, authorization, utility, till, refreshed, credentials) VALUES ('t', 'a', 'demo', 9, 1, x'00')")
    db.close()
    place.says("sign-ins", "fail", "1 of 1", "put the key")
    with sqlite3.connect(place.path("store.db")) as db:
        db.execute("DELETE FROM kept")
    db.close()


def folders(place):
    """A folder that others can read; none."""
    os.chmod(place.folder, 0o755)
    place.says("folder", "warn", "755", "chmod 700")
    os.chmod(place.folder, 0o700)
    place.settings(store="sqlite:" + place.path("nowhere/store.db"))
    place.says("folder", "fail", "nowhere", "install -d")
    place.settings()


def stores(place):
    """No store yet; a file that is none."""
    place.settings(store="sqlite:" + place.path("later.db"))
    place.says("store", "ok", "first start")
    assert not os.path.exists(place.path("later.db")), "it made a store"
    with open(place.path("later.db"), "wb") as file:
        file.write(b"no database " * 1000)
    place.says("store", "fail", "")
    place.settings()


def schemas(place):
    """A schema that is newer than the program; a copy of an upgrade that was left."""
    file = place.path("store.db")
    with sqlite3.connect(file) as db:
        number = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = %d" % (number + 1))
    place.says("store", "fail", "schema %d" % (number + 1), "install the newer")
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = %d" % number)
    assert "copy" not in place.doctor()
    shutil.copy(file, "%s.schema-%d" % (file, number))
    place.says("copy", "warn", "schema-%d" % number, "delete it")
    os.unlink("%s.schema-%d" % (file, number))


def broken(place):
    """A store with flipped bytes."""
    file = place.path("store.db")
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with open(file, "rb") as whole:
        good = whole.read()
    pages = [at for at in range(4096, len(good), 4096) if good[at] in (2, 5, 10, 13)]  # of b-trees
    with open(file, "r+b") as whole:
        for at in pages[1::2]:
            whole.seek(at + 3)
            whole.write(bytes(byte ^ 0x5a for byte in good[at + 3:at + 11]))
    place.says("store", "fail", "", "restore the last backup")
    with open(file, "wb") as whole:
        whole.write(good)
    assert place.doctor()["store"]["verdict"] == "ok"


def certificates(place):
    """Certificates that are not there."""
    place.settings(cacert=place.path("none.pem"))
    place.says("cacert", "fail", "none.pem", "PEM")
    place.settings()


def disk(place):
    """A disk that is nearly full."""
    there = place.path("small")
    os.mkdir(there)
    words = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=16m none "$0" && chmod 700 "$0" && shift 0 && exec "$@"', there]
    if subprocess.run(words + ["true"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("skip - a disk that is nearly full: nothing can be mounted here", flush=True)
        return
    place.settings(store="sqlite:" + there + "/store.db")
    place.around = words
    place.says("disk", "fail", "MiB free", "make room")
    place.around = []
    place.settings()


def seals(place):
    """A kernel that cannot seal workers off."""
    program = ("import ctypes, struct; c = ctypes.CDLL(None); code = struct.pack('HBBI' * 4, 32, 0, 0, 0, 21, 0, 1, 444, 6, 0, 0, 0x50026, 6, 0, 0, 0x7fff0000); "
               "b = ctypes.create_string_buffer(code); c.prctl(38, 1, 0, 0, 0); f = struct.pack('HxxxxxxQ', 4, ctypes.addressof(b)); "
               "assert c.prctl(22, 2, f, 0, 0) == 0; import os, sys; os.execv(sys.argv[1], sys.argv[1:])")
    place.around = ["/usr/bin/python3", "-c", program]  # the first call of Landlock answers that there is none
    place.says("workers", "fail", "cannot be sealed off", "Landlock")
    place.around = []


def mail(place):
    """Mail: none, plausible, a wrong scheme, a password that is not there, a sender that is none."""
    place.says("mail", "warn", "mail", "set smtp")
    good = {"smtp": "smtps://mail.helio.test", "url": "https://meters.helio.test"}
    place.settings(**good)
    place.says("mail", "ok", "smtps://mail.helio.test")
    place.settings(**dict(good, smtp="mail.helio.test"))
    place.says("settings", "fail", "config.lua:1: smtp: 'mail.helio.test': smtp://", "mend it")
    place.settings(**good, smtp_password_file=place.path("nothing"))
    place.says("mail", "fail", "nothing")
    place.settings(**good, mail_from="nobody")
    place.says("mail", "fail", "nobody", "mail_from")
    place.settings(smtp=good["smtp"])
    place.says("mail", "warn", "url", "set url")
    place.settings()


def adapters(place):
    """An adapter that would not go live is named with its place."""
    with open(os.path.join(place.scripts, "utilities", "broken.lua"), "w", encoding="utf-8") as file:
        file.write(BROKEN)
    place.says("adapter", "fail", "broken", "meterkey check broken")
    os.unlink(os.path.join(place.scripts, "utilities", "broken.lua"))


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        for one in (sound, keys, sign_ins, folders, stores, schemas, broken, certificates, disk, seals, mail, adapters):
            try:
                one(place)
                print("ok - %s" % one.__doc__.rstrip("."), flush=True)
            except (AssertionError, OSError, KeyError, ValueError) as problem:
                failed += 1
                print("not ok - %s: %r" % (one.__doc__, problem), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
