#!/usr/bin/python3
"""Adapters that must be signed before a service takes them. Prints one line a test."""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from serving import LIMIT, PROGRAM, ROOT, Serving, check, run, same

FOLDER = os.path.join(ROOT, "build", "tmp-signed-%d" % os.getpid())
TESTS = []
WORDS = "not signed by a key"


def sign(key, *args):
    done = subprocess.run([PROGRAM, "sign", "--key", os.path.join(FOLDER, key), *args], capture_output=True, text=True, timeout=LIMIT)
    same(done.returncode, 0, "exit status of sign (%s)" % done.stderr)
    return done.stdout.strip()


def new(scripts, id):
    subprocess.run([PROGRAM, "new", id, "--scripts", scripts], check=True, capture_output=True, timeout=LIMIT)


def refused(service, id):
    told = service.said("staged", utility=id)
    check("problems" in told and WORDS in told["problems"][0]["message"], "not refused for want of a signature: %r" % told)


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
    path = os.path.join(service.scripts, "utilities", "alpha.lua")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('name = "Alpha"', 'name = "Alpha, edited"'))
    refused(service, "alpha")


@with_service
def stranger(service):
    """a signature of another key, and one of another adapter, are none"""
    new(service.scripts, "alpha")
    refused(service, "alpha")
    sign("other.key", "alpha", "--scripts", service.scripts)
    refused(service, "alpha")
    new(service.scripts, "beta")
    refused(service, "beta")
    sign("release.key", "beta", "--scripts", service.scripts)
    check("hash" in service.said("staged", utility="beta"), "beta is signed")
    shutil.copy(os.path.join(service.scripts, "utilities", "beta.sig"), os.path.join(service.scripts, "utilities", "alpha.sig"))
    refused(service, "alpha")


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
