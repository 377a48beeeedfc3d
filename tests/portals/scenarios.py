#!/usr/bin/python3
"""Every scenario of every utility, end to end: the program signs in at the simulated portal (README.md says how).

    scenarios.py [ID...] [--only SCENARIO]     prints a line a test, and the table of what is covered
    scenarios.py --record [ID...]              records the rows marked "case" as scripts/cases/<id>/<scenario>.json
    scenarios.py --coverage                    prints only the table, without running anything"""
import argparse
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import drive

SCENARIOS = ["no-mfa", "mfa-sms", "mfa-email", "mfa-voice", "mfa-totp", "mfa-question", "mfa-approve", "choice", "turn-off", "wrong-password",
             "locked", "wrong-then-right", "exhausted", "expired-code", "resend", "enrolment", "terms", "maintenance", "bot-wall", "rate-limited",
             "unexpected-page", "remembered", "late-answer", "several-accounts", "closed-account", "two-fuels", "second-page", "no-meters",
             "mixed-up", "duplicate-meter", "no-street"]
AT_ONCE = 2
BEYOND = {"ameren"}    # rows try more of the provider than the portal is known to ask


def table_of(name):
    with open(os.path.join(drive.HERE, "scenarios", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def rows_of(table, scenario):
    rows = table["scenarios"].get(scenario, [])
    return rows if isinstance(rows, list) else [rows]


def is_test(row):
    return "none" not in row


def adapter_of(name):
    """A utility by its id; the adapter of a reference portal is a file beside it."""
    own = os.path.join(drive.HERE, "adapters", name + ".lua")
    return own if os.path.exists(own) else name


def untold(name, table):
    """Kinds of second factors that rows ask about and `utilities` does not tell of; acknowledge is none."""
    folders = ["--scripts", os.path.join(drive.ROOT, "scripts"), "--runtime", os.path.join(drive.ROOT, "runtime")]
    done = subprocess.run([drive.PROGRAM, "utilities", "--json", *folders], check=True, capture_output=True, text=True)
    told = {one["id"]: one["mfa"]["kinds"] for one in json.loads(done.stdout)["utilities"]}
    asks = [ask for scenario in table["scenarios"] for row in rows_of(table, scenario) for ask in row.get("asks", [])]
    return sorted({ask["kind"] for ask in asks if "kind" in ask} - set(told[name]) - {"acknowledge"})


def play_all(name, only):
    """Lines of one utility."""
    lines = []
    folder = tempfile.mkdtemp(prefix="meterkey-portal-")
    portal = drive.Portal(name, folder)
    try:
        table = table_of(name)
        for scenario in only or sorted(set(SCENARIOS) | set(table["scenarios"]), key=lambda s: (SCENARIOS + [s]).index(s)):
            rows = rows_of(table, scenario)
            if not rows and not only:
                lines.append("the table has neither a test nor a reason\nnot ok - %s: %s" % (name, scenario))
            for number, row in enumerate(filter(is_test, rows), 1):
                label = "%s: %s%s" % (name, scenario, " (%d)" % number if len(rows) > 1 else "")
                try:
                    drive.play(portal, row, table["meters"], adapter_of(name))
                    lines.append("ok - " + label)
                except (drive.Failed, KeyError) as problem:
                    lines.append("%s\nnot ok - %s" % (problem if isinstance(problem, drive.Failed) else repr(problem), label))
        if not only and adapter_of(name) == name and name not in BEYOND:
            missing = untold(name, table)
            lines.append("%s - %s: kinds" % ("mfa.kinds lacks %s\nnot ok" % missing if missing else "ok", name))
    finally:
        portal.close()
        shutil.rmtree(folder)
    return lines


def record_all(name):
    lines = []
    scripts = os.path.join(drive.ROOT, "scripts")
    folder = tempfile.mkdtemp(prefix="meterkey-portal-")
    portal = drive.Portal(name, folder)
    try:
        table = table_of(name)
        for scenario in table["scenarios"]:
            for number, row in enumerate(filter(is_test, rows_of(table, scenario)), 1):
                if not row.get("case"):
                    continue
                case = scenario if number == 1 else "%s-%d" % (scenario, number)
                try:
                    drive.record(portal, row, name, case, scripts)
                    lines.append("ok - %s: %s" % (name, case))
                except drive.Failed as problem:
                    lines.append("%s\nnot ok - %s: %s" % (problem, name, case))
    finally:
        portal.close()
        shutil.rmtree(folder)
    return lines


def coverage(names):
    """Utility by scenario: the number of tests, or - where the table says why there can be none."""
    width = max(map(len, SCENARIOS))
    short = [name.replace("family_", "") for name in names]
    print("%-*s %s" % (width, "", " ".join(short)))
    tables = {name: table_of(name) for name in names}
    for scenario in SCENARIOS:
        cells = [sum(map(is_test, rows_of(tables[name], scenario))) for name in names]
        print("%-*s %s" % (width, scenario, " ".join("%*s" % (len(s), c or "-") for s, c in zip(short, cells))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--only", action="append")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    options = parser.parse_args()
    names = options.ids or sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(drive.HERE, "scenarios", "*.json")))
    failed = False
    if not options.coverage:
        work = record_all if options.record else lambda name: play_all(name, options.only)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for lines in pool.map(work, names):
                print("\n".join(lines), flush=True)
                failed |= any("not ok - " in line for line in lines)
    if not options.record and not options.only:
        coverage(names)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
