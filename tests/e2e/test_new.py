#!/usr/bin/python3
"""`meterkey new --idp`: each family gives an adapter that passes check, and a case in which it reads a meter.

Prints one line a test."""
import glob
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))
TEMPLATES = glob.glob(os.path.join(ROOT, "runtime", "templates", "*.txt"))
FAMILIES = sorted(os.path.basename(path)[:-4] for path in TEMPLATES)
failed = False


def call(*args, cwd):
    env = {"PATH": "/usr/bin:/bin", "HOME": cwd, "LC_ALL": "C.UTF-8"}
    return subprocess.run([PROGRAM, *args], cwd=cwd, capture_output=True, text=True, timeout=60, env=env,
                          stdin=subprocess.DEVNULL)


def report(name, problem):
    global failed
    failed |= bool(problem)
    print("%s%s - %s" % (problem + "\n" if problem else "", "not ok" if problem else "ok", name))


def read(folder, path):
    with open(os.path.join(folder, path), encoding="utf-8") as file:
        return file.read()


def family(name, folder):
    made = call("new", "north_vale", "--idp", name, cwd=folder)
    if made.returncode or made.stdout != "scripts/utilities/north_vale.lua\nscripts/cases/north_vale/first.json\n":
        return made.stdout + made.stderr
    text = read(folder, "scripts/utilities/north_vale.lua")
    if "@" in text or 'require("meterkey.idp.%s")' % name not in text or "www.north-vale.test" not in text:
        return "not filled in:\n" + text
    case = json.loads(read(folder, "scripts/cases/north_vale/first.json"))
    if [m["account"] for m in case["outcome"].get("meters", [])] != ["1000001"] or len(case["challenges"]) != 1:
        return "it does not sign in with a code and read the meter: %s" % case["outcome"]
    for command, end in ("check", "1 adapter, 0 errors, 0 warnings"), ("test", "1 case, 0 differ"):
        done = call(command, "north_vale", cwd=folder)
        if done.returncode or end not in done.stdout + done.stderr:
            return command + ": " + done.stdout + done.stderr
    return ""


def unknown(word, near, folder):
    wrong = call("new", "acme", "--idp", word, cwd=folder)
    said = "did you mean '%s'" % near if near else "no such family\n"
    lists = said in wrong.stderr and all(name in wrong.stderr for name in FAMILIES)
    wrote = os.path.exists(os.path.join(folder, "scripts"))
    return "" if wrong.returncode == 2 and lists and not wrote else wrong.stderr


def completed(folder):
    """What is wrong with the words that complete --idp."""
    bash = call("help", "--completion", "bash", cwd=folder).stdout
    zsh = call("help", "--completion", "zsh", cwd=folder).stdout
    words = " ".join(FAMILIES)
    bash_line = next((line for line in bash.splitlines() if line.strip().startswith("--idp)")), "no line of bash's")
    zsh_line = next((line for line in zsh.splitlines() if "--idp=" in line), "no line of zsh's")
    lacking = bash_line if "'%s'" % words not in bash_line else zsh_line if "(%s)" % words not in zsh_line else ""
    return lacking and "expected %s in: %s" % (words, lacking)


def main():
    modules = {os.path.basename(p)[:-4] for p in glob.glob(os.path.join(ROOT, "runtime", "meterkey", "idp", "*.lua"))}
    lacking = set(FAMILIES) - modules
    report("each family is a module", "no module: %s" % lacking if lacking or len(FAMILIES) < 11 else "")
    for name in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            report("new --idp " + name, family(name, folder))
    with tempfile.TemporaryDirectory() as folder:
        report("an unknown family lists those there are", unknown("nonsense", None, folder))
        report("a misspelt family suggests the nearest", unknown("okat", "okta", folder))
        report("each shell completes the families", completed(folder))
        help_text = " ".join(call("new", "--help", cwd=folder).stdout.split())
        report("the help names each family", "" if all(name in help_text for name in FAMILIES) else help_text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
