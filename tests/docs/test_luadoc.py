#!/usr/bin/python3
"""The reference of what Lua scripts see is whole and up to date."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = [sys.executable, os.path.join(ROOT, "tools", "luadoc.py")]
failed = False


def report(name, problem):
    global failed
    if problem:
        failed = True
        print(problem)
    print("%s - %s" % ("not ok" if problem else "ok", name))


check = subprocess.run(TOOL + ["--check"], capture_output=True, text=True)
report("every registered function has a comment", check.stdout if check.returncode else "")

made = subprocess.run(TOOL, capture_output=True, text=True).stdout
for name in ("json.decode(text[, path])", "s:get(url[, opts])", "page:one(selector[, {optional=true}])", "crypto.totp(",
             "regex:gsub(text, replacement[, most])", "jar:set(cookie)", "s:ask("):
    report("the page has " + name, "" if "### `" + name in made else "missing: " + name)

with open(os.path.join(ROOT, "docs", "reference", "lua.md"), encoding="utf-8") as file:
    report("docs/reference/lua.md is up to date", "" if file.read() == made else "make docs, and commit what it writes")

sys.exit(1 if failed else 0)
