#!/usr/bin/python3
"""The recorded cases of all utilities play offline, and hold nothing of the customers they were recorded with.

Prints a line a utility."""
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey"))
LEAST = 6    # cases a utility


def names():
    return sorted(os.path.basename(path)[:-4] for path in glob.glob(os.path.join(ROOT, "scripts", "utilities", "*.lua")))


def known_of(name):
    """Passwords, names and streets of the simulated portal's customers."""
    paths = [os.path.join(ROOT, "tests", "portals", name + ".mjs")]
    if name in ("comed", "peco", "ace"):
        paths.append(os.path.join(ROOT, "tests", "portals", "lib", "exelon.mjs"))
    text = "\n".join(open(path, encoding="utf-8").read() for path in paths if os.path.exists(path))
    words = re.findall(r"PASSWORD = '([^']+)'", text) + re.findall(r"(?:line1|AddressLine1|addressLine1): '([^']+)'", text)
    words += [found.split(",")[0] for found in re.findall(r"address: '([^']+)'", text)]
    words += re.findall(r"line: '([^']+)'", text) + re.findall(r"customerName: who \? '([^']+)'", text)
    words += [name for name in re.findall(r"(?:name|customerName|holder): '([A-Z][A-Za-z]+ [A-Z][A-Za-z]+)', (?:address|status)", text)]
    return set(words)


def problem_of(name):
    cases = sorted(glob.glob(os.path.join(ROOT, "scripts", "cases", name, "*.json")))
    if len(cases) < LEAST:
        return "%d cases, at least %d are wanted" % (len(cases), LEAST)
    done = subprocess.run([PROGRAM, "test", name, "--scripts", os.path.join(ROOT, "scripts")], capture_output=True, text=True, cwd=ROOT, timeout=60)
    if done.returncode != 0 or " 0 differ" not in done.stdout + done.stderr:
        return done.stdout + done.stderr
    if name == "demo":
        return None
    known = known_of(name)
    if len(known) < 2:
        return "nothing is known of the portal's customers: %s" % known
    for path in cases:
        with open(path, encoding="utf-8") as file:
            text = json.dumps(json.load(file), ensure_ascii=False)
        left = [word for word in known if word in text] + re.findall(r"(?<![.*\w])[a-z0-9]+@customer\.test", text)
        if left:
            return "%s holds %s" % (os.path.basename(path), ", ".join(left))
    return None


def main():
    failed = False
    for name in names():
        problem = problem_of(name)
        failed |= bool(problem)
        print("%s%s - %s" % (problem + "\n" if problem else "", "not ok" if problem else "ok", name), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
