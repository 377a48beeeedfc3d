#!/usr/bin/python3
"""Mistakes in the settings: each is refused before anything is begun, with its file, line and what would be right."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import PROGRAM, SLOWER

WRONG_TYPE = {"text": "7", "number": '"seven"', "switch": '"yes"', "list": '"one"', "map": "7"}
# setting, value, what is said
VALUES = [
    ("workers", "5000", "0 to 1024"), ("sessions_per_worker", "0", "1 to 1000000"), ("connections", "0", "1 to"), ("connections_per_address", "0", "1 to"),
    ("body_bytes", "20", "1024 to"), ("bodies_bytes", "20", "1024 to"), ("utility_sessions", "-1", "number is needed"), ("utility_per_minute", "0", "1 to"), ("breaker_failures", "0", "1 to"),
    ("breaker_minutes", "0", "1 to"), ("stage_seconds", "0", "1 to 3600"), ("stage_seconds", "3601", "1 to 3600"), ("refresh_days", "3651", "0 to 3650"),
    ("refresh_days", "9223372036854775807", "0 to 3650"), ("login_minutes", "0", "1 to"), ("form_days", "0", "1 to"), ("retention_days", "0", "1 to"),
    ("api_per_second", "0", "1 to"), ("api_per_second", "1.5", "number is needed"), ("log_level", '"loud"', "debug, info, warn or error"),
    ("mfa", '{ comed = "off" }', "relay or turn_off"), ("url", '"meters.example.org"', "https://"), ("smtp", '"mail.example.org"', "smtps://"),
    ("store", '"postgres:x"', "sqlite:PATH"), ("proxies", '{ "proxy:3128" }', "socks5h://"), ("proxies", "{ 7 }", "a text in quotes"),
    ("allow_origins", '{ "portal.test" }', "https://"), ("webhook_origins", '{ "hooks.test" }', "https://"), ("limits", "{ time = 7 }", "meterkey help limits"),
    ("limits", '{ requests = "many" }', "meterkey help limits"), ("wrokers", "1", "did you mean 'workers'?"), ("xyzzy", "1", "--print-config"),
]


def settings():
    """(name, type by its default) of all of them."""
    text = subprocess.run([PROGRAM, "serve", "--print-config"], stdout=subprocess.PIPE, text=True, check=True, timeout=20 * SLOWER).stdout
    for name, value in re.findall(r"^  (\w+) = (.*?),(?: --|$)", text, re.M):
        kind = "text" if value[0] == '"' else "switch" if value in ("true", "false") else "list" if name not in ("limits", "mfa") and value == "{}" else \
            "map" if value == "{}" else "number"
        yield name, kind


def said(folder, text):
    path = os.path.join(folder, "config.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--config", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder,
                          timeout=20 * SLOWER, check=False)
    assert done.returncode == 2, (text, done.returncode, done.stderr)
    assert set(os.listdir(folder)) == {"config.lua"}, os.listdir(folder)
    return done.stderr.replace(folder + "/", "")


def one(folder, name, value, wanted):
    text = "-- %s = here it is not\nreturn {\n  support = \"a@b.test\", -- %s = nor here\n  %s = %s,\n}\n" % (name, name, name, value)
    if name == "support":
        text = text.replace('support = "a@b.test", --', "--")
    line = said(folder, text)
    assert "config.lua:4: " in line and name in line and wanted in line, (name, value, line)


def types(folder):
    """Of another type: each setting."""
    seen = list(settings())
    assert len(seen) > 30, seen
    for name, kind in seen:
        one(folder, name, WRONG_TYPE[kind], "a %s is needed" % kind)


def values(folder):
    """Out of range, none of the words, of no such name."""
    for name, value, wanted in VALUES:
        one(folder, name, value, wanted)


def files(folder):
    """No Lua, no table, none there."""
    assert "config.lua:2: " in said(folder, "return {\n  workers = = 2,\n}\n")
    assert "a table is needed" in said(folder, "return 7")
    assert "names are needed" in said(folder, "return { 'a' }")
    done = subprocess.run([PROGRAM, "serve", "--config", "/nowhere/config.lua"], capture_output=True, text=True, timeout=20 * SLOWER, check=False)
    assert done.returncode == 2 and "/nowhere/config.lua: No such file" in done.stderr, done.stderr


def main():
    failed = 0
    for test in (types, values, files):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                print("ok - " + test.__doc__.rstrip("."), flush=True)
            except AssertionError as problem:
                failed += 1
                print("%s\nnot ok - %s" % (problem, test.__doc__), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
