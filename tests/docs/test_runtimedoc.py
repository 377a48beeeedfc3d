#!/usr/bin/python3
"""The reference of the modules that adapters require is whole and up to date."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = [sys.executable, os.path.join(ROOT, "tools", "runtimedoc.py")]
failed = False


def report(name, problem):
    global failed
    failed = failed or bool(problem)
    print("%s%s - %s" % (problem and problem + "\n", "not ok" if problem else "ok", name))


check = subprocess.run(TOOL + ["--check"], capture_output=True, text=True)
report("every module and every public function has a comment", check.stdout if check.returncode else "")
made = subprocess.run(TOOL, capture_output=True, text=True).stdout
modules = sorted(os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(ROOT, "runtime", "meterkey")) for name in names)
absent = [path for path in modules if "## " + os.path.relpath(path, os.path.join(ROOT, "runtime"))[:-4].replace(os.sep, ".") + "\n" not in made]
report("every module is there", "\n".join(absent))
for signature in ("address.parse(text)", "site.page(s, page, selector)", "saml.pass(s, page, options)"):
    report("the page has " + signature, "" if "### `%s`" % signature in made else "missing: " + signature)
with open(os.path.join(ROOT, "docs", "reference", "runtime.md"), encoding="utf-8") as file:
    report("docs/reference/runtime.md is up to date", "" if file.read() == made else "make docs, and commit what it writes")
sys.exit(1 if failed else 0)
