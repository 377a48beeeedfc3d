#!/usr/bin/python3
"""docs/utilities.md is what the adapters, the facts and the tables of scenarios say now."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
made = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "utilities.py")], capture_output=True, text=True)
with open(os.path.join(ROOT, "docs", "utilities.md"), encoding="utf-8") as file:
    same = file.read() == made.stdout
if made.returncode or not same:
    print(made.stderr or "make docs, and commit what it writes")
print("%s - docs/utilities.md is up to date" % ("ok" if same and not made.returncode else "not ok"))
sys.exit(0 if same and not made.returncode else 1)
