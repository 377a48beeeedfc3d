#!/usr/bin/python3
"""The alerts that ship are over metrics that there are, and Prometheus takes both."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import ROOT, SLOWER, Service

ALERTS = os.path.join(ROOT, "packaging", "prometheus-alerts.yml")


def report(name, wrong):
    print("%s - %s%s" % ("not ok" if wrong else "ok", name, "\n" + str(wrong) if wrong else ""), flush=True)
    return bool(wrong)


def wait_for(service):
    """/metrics once the first hour's work is done."""
    limit = time.monotonic() + 20 * SLOWER
    while service.sql("SELECT count(*) FROM health WHERE version = 'old'")[0][0] and time.monotonic() < limit:
        time.sleep(0.1)
    return service.request("GET", "/metrics").body.decode()


def old_hours(service):
    """Hours that are long past: of a version that is still in use, and of one that is not."""
    now = int(time.time()) // 3600
    for version, hour, attempts in (("a", now - 400 * 24, 5), ("a", now - 390 * 24, 6), ("a", now - 1, 7), ("old", now - 400 * 24, 8)):
        service.sql("INSERT INTO health (utility, version, hour, attempts) VALUES ('comed', ?, ?, ?)", version, hour, attempts)


def described(metrics, page):
    """Families that the page's table does not have with their type and words."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)", metrics, re.M))
    return [name for name, words in re.findall(r"^# HELP (\S+) (.*)$", metrics, re.M)
            if not re.search(r"^\| `%s` \| %s \|.*\| %s \|$" % (name, kinds[name], re.escape(words)), page, re.M)]


def fires(promtool):
    """What promtool says of alerts.yml, nothing if each fires when it should; an alert that it does not try."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "alerts.yml"), encoding="utf-8") as file:
        text = file.read()
    with open(ALERTS, encoding="utf-8") as file:
        left = [name for name in re.findall(r"alert: (\w+)", file.read()) if not re.search(r"alertname: %s,?\s+exp_alerts: \[ \{|alertname: %s\s+exp_alerts:\n" % (name, name), text)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(text.replace("{rules}", ALERTS))
        file.flush()
        done = subprocess.run([promtool, "test", "rules", file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout if done.returncode else left


def main():
    with tempfile.TemporaryDirectory() as folder:
        service = Service(folder)
        old_hours(service)
        service.start()
        try:
            metrics = wait_for(service)
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
    failed += report("the page's table says of each what /metrics says", described(metrics, page))
    counted = re.findall(r'^meterkey_adapter_attempts_total\{utility="comed",version="(\w+)"\} (\d+)', metrics, re.M)
    failed += report("a counter does not go down when hours are too old to be kept", counted if counted != [("a", "18")] else None)
    promtool = shutil.which("promtool")
    if not promtool:
        print("skip - promtool takes the alerts and the metrics: it is not installed")
        return failed
    for words, text in ((["check", "rules", ALERTS], ""), (["check", "metrics"], metrics)):
        done = subprocess.run([promtool, *words], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        failed += report("promtool %s" % " ".join(words[:2]), done.stdout if done.returncode else None)
    failed += report("each alert fires when it should, and not when all is well", fires(promtool))
    return failed


if __name__ == "__main__":
    sys.exit(main())
