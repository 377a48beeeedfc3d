#!/usr/bin/python3
"""The time from an adapter's save to the word that its new version was built and tried.

    tests/bench/reload.py [--saves N] [--adapters N]

A service of its own with N adapters, each with one recorded case; one of them is saved again and again, by
renaming. Prints the median, the 95th per cent and the slowest, in milliseconds."""
import argparse
import os
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "service"))
from serving import PROGRAM, Serving


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=50)
    parser.add_argument("--adapters", type=int, default=20)
    options = parser.parse_args()
    service = Serving()
    try:
        for i in range(options.adapters):
            subprocess.run([PROGRAM, "new", "bench%d" % i, "--scripts", service.scripts], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = set()
        while len(seen) < options.adapters:
            seen.add(service.said(cases=1)["utility"])
        path = os.path.join(service.scripts, "utilities", "bench0.lua")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        times = sorted(save(service, path, text, turn) for turn in range(options.saves))
    finally:
        service.close()
    print("from save to staged, %d saves among %d adapters: median %.0f ms, p95 %.0f ms, slowest %.0f ms"
          % (len(times), options.adapters, statistics.median(times), times[int(0.95 * (len(times) - 1))], times[-1]))


def save(service, path, text, turn):
    name = "Save %d" % turn
    began = time.monotonic()
    with open(path + "~", "w", encoding="utf-8") as file:
        file.write(text.replace('name = "Bench0"', 'name = "%s"' % name))
    os.rename(path + "~", path)
    while service.said(utility="bench0").get("manifest", {}).get("name") != name:
        pass
    return 1000 * (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
