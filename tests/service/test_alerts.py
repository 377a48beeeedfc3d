#!/usr/bin/python3
"""The alerts that ship are over metrics that there are, and Prometheus takes both."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import ROOT, Service

ALERTS = os.path.join(ROOT, "packaging", "prometheus-alerts.yml")


def report(name, wrong):
    print("%s - %s%s" % ("not ok" if wrong else "ok", name, "\n" + str(wrong) if wrong else ""), flush=True)
    return bool(wrong)


def main():
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder)
        service.start()
        try:
            metrics = service.request("GET", "/metrics").body.decode()
        finally:
            service.stop()
    with open(ALERTS, encoding="utf-8") as file:
        alerts = file.read()
    there = set(re.findall(r"^# TYPE (\S+)", metrics, re.M))
    used = set(re.findall(r"\bmeterkey_\w+", alerts))
    failed = report("every metric of the alerts is there", (used - there) if len(used) > 5 else "too few: %s" % used)
    with open(os.path.join(ROOT, "docs", "operators.md"), encoding="utf-8") as file:
        page = file.read()
    names = re.findall(r"alert: (\w+)", alerts)
    failed += report("the runbook has every alert", [name for name in names if "`%s`" % name not in page])
    failed += report("the page has every metric", [name for name in there if "`%s`" % name not in page])
    promtool = shutil.which("promtool")
    if not promtool:
        print("skip - promtool takes the alerts and the metrics: it is not installed")
        return failed
    for words, text in ((["check", "rules", ALERTS], ""), (["check", "metrics"], metrics)):
        done = subprocess.run([promtool, *words], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        failed += report("promtool %s" % " ".join(words[:2]), done.stdout if done.returncode else None)
    return failed


if __name__ == "__main__":
    sys.exit(main())
