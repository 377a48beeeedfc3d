#!/usr/bin/python3
"""Editors' stubs in runtime/meta name each function that the bindings register, and no other."""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIND = os.path.join(ROOT, "core", "bind")
# What a source registers, and the stub's file and names before the dot or colon.
PAIRS = [("m_%s.c" % n, n + ".lua", None) for n in ("http", "html", "json", "regex", "url", "crypto", "time", "cookies", "log")]
PAIRS += [("session.c", "session.lua", {"s", "cookies"}), ("page.c", "session.lua", {"page", "searchable"}),
          ("element.c", "session.lua", {"element", "searchable"}), ("form.c", "session.lua", {"form"}),
          ("secret.c", "session.lua", {"opaque"})]
# Inherited from another class of the same file, or not in C.
ELSEWHERE = {"html.lua": {"one", "all", "has", "text"}, "session.lua": {"ask"}}
failed = False


def names_in_c(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    return set(re.findall(r'\{\s*"([a-z][a-z_0-9]*)",\s*b_\w+\s*\}', source))


def names_in_stub(path, classes):
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^function (\w+)[.:](\w+)\(", file.read(), re.M)
    return {name for owner, name in found if classes is None or owner in classes}


for source, stub, classes in PAIRS:
    in_c = names_in_c(os.path.join(BIND, source))
    in_stub = names_in_stub(os.path.join(ROOT, "runtime", "meta", stub), classes)
    extra = ELSEWHERE.get(stub, set())
    problems = ["%s lacks %s" % (stub, n) for n in sorted(in_c - in_stub - extra)]
    problems += ["%s has %s, which %s does not register" % (stub, n, source) for n in sorted(in_stub - in_c - extra)]
    if not in_c:
        problems.append("nothing found in " + source)
    failed = failed or bool(problems)
    print("\n".join(problems + ["%s - stubs of %s" % ("not ok" if problems else "ok", source)]))

for path in sorted(glob.glob(os.path.join(ROOT, "runtime", "meta", "*.lua"))):
    run = subprocess.run(["luac5.4", "-p", path], capture_output=True, text=True)
    failed = failed or run.returncode != 0
    print("%s%s - %s is Lua" % (run.stderr, "not ok" if run.returncode else "ok", os.path.basename(path)))
sys.exit(1 if failed else 0)
