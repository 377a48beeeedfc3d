#!/usr/bin/python3
"""`meterkey new --idp`: each family gives an adapter that passes check, and that is all it writes.

Prints one line a test."""
import glob
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))
FAMILIES = sorted(os.path.basename(path)[:-4] for path in glob.glob(os.path.join(ROOT, "runtime", "templates", "*.txt")))
failed = False


def call(*args, cwd):
    return subprocess.run([PROGRAM, *args], cwd=cwd, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin", "HOME": cwd, "LC_ALL": "C.UTF-8"})


def report(name, problem):
    global failed
    failed |= bool(problem)
    print("%s%s - %s" % (problem + "\n" if problem else "", "not ok" if problem else "ok", name))


def family(name, folder):
    made = call("new", "north_vale", "--idp", name, cwd=folder)
    if made.returncode or made.stdout != "scripts/utilities/north_vale.lua\n" or os.path.exists(os.path.join(folder, "scripts/cases/north_vale")):
        return made.stdout + made.stderr
    with open(os.path.join(folder, "scripts/utilities/north_vale.lua"), encoding="utf-8") as file:
        text = file.read()
    if "@" in text.replace("@example", "") or 'require("meterkey.idp.%s")' % name not in text or "www.north-vale.test" not in text:
        return "not filled in:\n" + text
    checked = call("check", "north_vale", cwd=folder)
    return "" if checked.returncode == 0 and "0 errors, 0 warnings" in checked.stdout + checked.stderr else checked.stdout + checked.stderr


def main():
    modules = {os.path.basename(p)[:-4] for p in glob.glob(os.path.join(ROOT, "runtime", "meterkey", "idp", "*.lua"))}
    report("each family is a module", "no module: %s" % (set(FAMILIES) - modules) if set(FAMILIES) - modules or len(FAMILIES) < 11 else "")
    for name in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            report("new --idp " + name, family(name, folder))
    with tempfile.TemporaryDirectory() as folder:
        wrong = call("new", "acme", "--idp", "nobody", cwd=folder)
        said = wrong.returncode == 2 and all(name in wrong.stderr for name in FAMILIES) and not os.path.exists(os.path.join(folder, "scripts"))
        report("an unknown family lists those there are", "" if said else wrong.stderr)
        help_text = " ".join(call("new", "--help", cwd=folder).stdout.split())
        report("the help names each family", "" if all(name in help_text for name in FAMILIES) else help_text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
