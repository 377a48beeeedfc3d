#!/usr/bin/python3
"""Adapters that must be signed before a service takes them. Prints one line a test."""
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import LIMIT, PROGRAM, ROOT, Serving, check, run, same

FOLDER = os.path.join(ROOT, "build", "tmp-signed-%d" % os.getpid())
TESTS = []
NONE, OTHER = "no signature lies beside it", "the signature beside it is of another"


def sign(key, *args):
    done = subprocess.run([PROGRAM, "sign", "--key", os.path.join(FOLDER, key), *args], capture_output=True, text=True, timeout=LIMIT)
    same(done.returncode, 0, "exit status of sign (%s)" % done.stderr)
    return done.stdout.strip()


def new(scripts, id):
    subprocess.run([PROGRAM, "new", id, "--scripts", scripts], check=True, capture_output=True, timeout=LIMIT)


def refused(service, id, words=NONE):
    told = service.said("staged", utility=id)
    check("problems" in told and words in told["problems"][0]["message"], "not refused for want of a signature: %r" % told)


def path(service, name):
    return os.path.join(service.scripts, "utilities", name)


def save(at, text):
    with open(at + "~", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(at + "~", at)


def with_service(function):
    def call():
        service = Serving(config='adapter_keys = { "%s" }' % sign("release.key"))
        try:
            function(service)
            same(service.close(), 0, "exit status")
        finally:
            service.stop(kill=True)
            service.close()
    TESTS.append((function.__doc__, call))
    return function


@with_service
def life(service):
    """refused without a signature, live with it, refused again when edited"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    sign("release.key", "alpha", "--scripts", service.scripts)
    told = service.said("staged", utility="alpha")
    check("hash" in told, "signed and yet refused: %r" % told)
    with open(path(service, "alpha.lua"), encoding="utf-8") as file:
        save(path(service, "alpha.lua"), file.read().replace('name = "Alpha"', 'name = "Alpha, edited"'))
    refused(service, "alpha", OTHER)


@with_service
def stranger(service):
    """a signature of another key, and one of another adapter, are none"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    sign("other.key", "alpha", "--scripts", service.scripts)
    refused(service, "alpha", OTHER)
    new(service.scripts, "beta")
    refused(service, "beta")
    sign("release.key", "beta", "--scripts", service.scripts)
    check("hash" in service.said("staged", utility="beta"), "beta is signed")
    shutil.copy(path(service, "beta.sig"), path(service, "alpha.sig"))
    refused(service, "alpha", OTHER)


@with_service
def damaged(service):
    """a signature that is cut, is no hex, is flipped by a bit or is huge is none; as it was, it holds"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    sign("release.key", "alpha", "--scripts", service.scripts)
    check("hash" in service.said("staged", utility="alpha"), "alpha is signed")
    at = path(service, "alpha.sig")
    with open(at, encoding="ascii") as file:
        good = file.read().strip()
    flipped = "%x" % (int(good[0], 16) ^ 1) + good[1:]
    for bad, words in ((good[:-1], OTHER), (good[:64], OTHER), ("zz" + good[2:], OTHER), (flipped, OTHER), (good + "00", OTHER),
                       ("0" * 100000, OTHER), ("\n" + good, OTHER), ("", NONE)):
        save(at, bad)
        refused(service, "alpha", words)
    save(at, good + "\n")
    check("hash" in service.said("staged", utility="alpha"), "refused with its signature back")


@with_service
def module(service):
    """a module that is swapped under a signed adapter unsigns it; put back, it is signed again"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    at = os.path.join(service.runtime, "meterkey", "extra.lua")
    os.makedirs(os.path.dirname(at))
    save(at, "-- What alpha needs.\nreturn { word = 1 }\n")
    with open(path(service, "alpha.lua"), encoding="utf-8") as file:
        save(path(service, "alpha.lua"), 'local extra = require "meterkey.extra"\n' + file.read().replace('name = "Alpha"', 'name = "A" .. extra.word'))
    sign("release.key", "alpha", "--scripts", service.scripts, "--runtime", service.runtime)
    first = signed(service)
    save(at, "-- What alpha needs.\nreturn { word = 2 }\n")
    refused(service, "alpha", OTHER)
    save(at, "-- What alpha needs.\nreturn { word = 1 }\n")
    same(signed(service)["hash"], first["hash"], "the version that was signed")


def signed(service):
    """What is told of alpha once it is taken; before, it may be refused for what is not there yet."""
    while True:
        told = service.said("staged", utility="alpha")
        if "hash" in told:
            return told
        check(told["problems"][0]["message"].startswith(("it is not signed", "no module")), told)


@with_service
def unread(service):
    """what is not signed is neither run nor compiled: one that fails at once, never ends or is no Lua is told as unsigned"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    sign("release.key", "alpha", "--scripts", service.scripts)
    check("hash" in service.said("staged", utility="alpha"), "alpha is signed")
    with open(path(service, "alpha.lua"), encoding="utf-8") as file:
        good = file.read()
    for text in ('error("it was run")\n', "while true do end\n", "x = = 1\n", 'require "meterkey.absent"\n'):
        save(path(service, "alpha.lua"), text + good)
        begun = time.monotonic()
        told = service.said("staged", utility="alpha")
        check("problems" in told and [OTHER in one["message"] for one in told["problems"]] == [True], "%r gave %r" % (text, told))
        check(time.monotonic() - begun < 5, "%r took %.1f s: it was run" % (text, time.monotonic() - begun))


@with_service
def built_in(service):
    """what the program carries needs no signature"""
    check("hash" in service.said("staged", utility="demo"), "demo is refused")


os.makedirs(FOLDER, exist_ok=True)
try:
    status = run(TESTS)
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
sys.exit(status)
