#!/usr/bin/python3
"""Writes docs/utilities.md to standard output: what is known of each utility's portal, and what was tried against its simulator.

Made from the adapters' manifests (`meterkey utilities --json`), docs/facts/<id>.txt and tests/portals/scenarios/<id>.json."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "portals"))
import scenarios

MARKS = {"documented": "Documented", "inferred": "Inferred", "common": "Common behaviour of the vendor's product, not read for this portal",
         "unknown": "Unknown"}
INTRO = """# Utilities

What Meterkey knows of each utility's portal, how sure it is, and what was tried. **No adapter has been run against a live portal yet**: each
was written from public sources and tried against a simulator of the portal that was written from the same facts, so a fact that is wrong
is wrong in both. Where a portal differs, a session ends with a typed error and evidence, never with a guess, and never with the customer blamed.

`evidence` is `documented` where the sign-in itself was read in public sources, `modelled` where it follows the provider's common behaviour.
This page is made by `make docs` from the adapters, [the facts](facts/README.md) and [the tables of scenarios](../tests/portals/README.md)."""


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def facts_of(name):
    """[(mark, text, source)]; a line that is none stops the making."""
    out = []
    for number, line in enumerate(lines_of(os.path.join(ROOT, "docs", "facts", name + ".txt")), 1):
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 3 or parts[0] not in MARKS:
            raise SystemExit("docs/facts/%s.txt:%d: `mark | fact | source` is expected, the mark one of %s" % (name, number, ", ".join(MARKS)))
        out.append(tuple(parts))
    return out


def policy_of(utility):
    mfa = utility["mfa"]
    return "relay" if mfa["policy"] == "relay" else "must be off" + (" (cannot be)" if mfa["off_impossible"] else "")


def overview(utilities):
    lines = ["| id | utility | regions | services | MFA as shipped | with `--mfa relay` | evidence |", "|---|---|---|---|---|---|---|"]
    for u in utilities:
        lines.append("| [%s](#%s) | %s | %s | %s | %s | %s | %s |" % (
            u["id"], u["id"], u["name"], " ".join(u["regions"]), ", ".join(u["services"]), policy_of(u), ", ".join(u["mfa"]["kinds"]), u["evidence"]))
    return lines


def coverage(tables):
    """A number: tests that run with `make test`. A dash: the utility's part says why there can be none."""
    lines = ["| scenario | %s |" % " | ".join(tables), "|---|%s" % ("--:|" * len(tables))]
    for scenario in scenarios.SCENARIOS:
        cells = [str(sum(map(scenarios.is_test, scenarios.rows_of(table, scenario))) or "–") for table in tables.values()]
        lines.append("| %s | %s |" % (scenario, " | ".join(cells)))
    return lines


def without_test(table):
    """Reason -> scenarios that have none for it."""
    out = {}
    for scenario in scenarios.SCENARIOS:
        for row in scenarios.rows_of(table, scenario):
            if not scenarios.is_test(row):
                out.setdefault(row["none"], []).append(scenario)
    return out


def customer_reads(mfa):
    lines = []
    if mfa["policy"] == "turn_off":
        lines.append("MFA cannot be switched off, the customer reads." if mfa["off_impossible"] else "The customer reads how MFA is switched off:")
        lines += ["", *("%d. %s" % (i, step) for i, step in enumerate(mfa["steps"], 1))]
        if mfa["help_url"]:
            lines += ["", "The utility's own page: <%s>" % mfa["help_url"]]
        lines.append("")
    return lines


def part_of(utility, table):
    name = utility["id"]
    lines = ["## %s" % name, "", "%s. Portal: <%s>" % (utility["name"], utility["portal"]), "", *customer_reads(utility["mfa"])]
    facts = facts_of(name)
    for mark, title in MARKS.items():
        said = ["- %s (%s)" % (text, source) for kind, text, source in facts if kind == mark]
        if said:
            lines += ["**%s**" % title, "", *said, ""]
    reasons = without_test(table)
    if reasons:
        lines += ["**Not tried**", "", *("- %s: %s" % (", ".join(which), why) for why, which in reasons.items()), ""]
    return lines


def main():
    said = subprocess.run([PROGRAM, "utilities", "--json", "--scripts", os.path.join(ROOT, "scripts"), "--runtime", os.path.join(ROOT, "runtime")],
                          stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
    utilities = [u for u in json.loads(said)["utilities"] if u["id"] != "demo"]
    tables = {u["id"]: scenarios.table_of(u["id"]) for u in utilities}
    lines = [INTRO, "", *overview(utilities), "", "## What was tried", "", coverage.__doc__, "The scenarios of reference portals, which no "
             "utility here uses, are in `tests/portals/scenarios/family_*.json`.", "", *coverage(tables), ""]
    for utility in utilities:
        lines += part_of(utility, tables[utility["id"]])
    print("\n".join(lines).rstrip())


if __name__ == "__main__":
    main()
