#!/usr/bin/python3
"""The speed test: one sign-in, by Meterkey and by rivals, in one run, interleaved.

    tests/bench/run.py [--rounds N] [--only CLIENT] [--share PER_CENT] [--json FILE] [--quick]

Clients do the same ten exchanges with the same portal and end with the same six
meters. CPU is user and system time of the client alone, per sign-in, without
start-up; "outside" is the same seen from outside by the system, start-up and
warm-up counted in, so that no client is taken at its word. Ratios compare medians
over the rounds. Exit status 1 if a client failed or, with --strict, a target is missed."""
import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
OUT = os.path.join(BUILD, "bench")
METERKEY = os.path.join(BUILD, "meterkey")
NAME = "portal.bench.test"
SESSIONS = {"meterkey": 400, "direct": 400, "aiohttp_lxml": 80, "undici": 60}
WARM_UP = {"meterkey": 0, "direct": 20, "aiohttp_lxml": 20, "undici": 30}
# CPU of Meterkey at most so many times that of the other (docs: targets of speed).
TARGETS = {"direct": 2.0, "aiohttp_lxml": 1 / 3, "undici": 1 / 8}
WARN = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wvla", "-Wformat=2"]


def newer(target, source):
    return os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(source)


def compile_c(sources, name, libs):
    target = os.path.join(OUT, name)
    sources = [os.path.join(HERE, source) for source in sources]
    if not all(newer(target, source) for source in sources):
        subprocess.run([os.environ.get("CC", "cc"), *WARN, "-o", target, *sources, *libs], check=True)
    return target


def prepare():
    os.makedirs(OUT, exist_ok=True)
    compile_c(["portal.c", "portal_pages.c"], "portal", ["-lssl", "-lcrypto"])
    compile_c(["clients/direct.c"], "direct", ["-lcurl", "-lssl", "-lcrypto", "-lpthread"])


def prepare_node():
    """undici and the others below the build folder; False when that cannot be had."""
    folder, lock = os.path.join(OUT, "node"), os.path.join(HERE, "clients", "package-lock.json")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(HERE, "clients", "undici.mjs"), folder)
    stamp = os.path.join(folder, "installed")
    if newer(stamp, lock):
        return True
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, "clients", name), folder)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, stdout=sys.stderr)
    if done.returncode == 0:
        open(stamp, "w").close()
    return done.returncode == 0


class Portal:
    """The portal in a process of its own, with certificates made for this run."""

    def __init__(self, share):
        self.folder = tempfile.mkdtemp(prefix="bench-")
        subprocess.run(["sh", os.path.join(HERE, "make-certs.sh"), self.folder], check=True)
        self.bundle = os.path.join(self.folder, "bundle.pem")
        self.child = subprocess.Popen(
            [os.path.join(OUT, "portal"), self.path("cert.pem"), self.path("key.pem"), "0", str(share)],
            stdout=subprocess.PIPE, text=True)
        hello = json.loads(self.child.stdout.readline())
        self.port, self.elements = hello["port"], hello["elements"]
        with open(self.path("credentials.json"), "w") as file:
            json.dump({"username": "bench.customer@mail.test", "password": "Correct-Horse-9"}, file)
        with open(self.path("answers"), "w") as file:
            file.write('"424242"\n')

    def path(self, name):
        return os.path.join(self.folder, name)

    def options(self, port=None):
        return ["--connect-to", "%s:443:127.0.0.1:%d" % (NAME, port or self.port), "--cacert", self.bundle,
                "--credentials", self.path("credentials.json"), "--answers", self.path("answers")]

    def close(self):
        self.child.send_signal(signal.SIGTERM)
        last = json.loads(self.child.stdout.read() or "{}")
        self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return last


def argv_of(client, portal, sessions, concurrency):
    if client == "meterkey":
        return [METERKEY, "bench", os.path.join(HERE, "bench.lua"), "--sessions", str(sessions),
                "--concurrency", str(concurrency), "--json", *portal.options()]
    program = {"direct": [os.path.join(OUT, "direct")],
               "aiohttp_lxml": ["/usr/bin/python3", os.path.join(HERE, "clients", "aiohttp_lxml.py")],
               "undici": ["node", os.path.join(OUT, "node", "undici.mjs")]}[client]
    return program + [str(portal.port), portal.bundle, str(sessions), str(concurrency)]


def environment(portal):
    """No configuration of whoever runs this gets in; a key of its own."""
    return dict(os.environ, XDG_CONFIG_HOME=portal.folder, XDG_STATE_HOME=portal.folder)


def run_client(client, portal, sessions, concurrency):
    """What it printed, with its CPU as the system counted it, its children's too."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(argv_of(client, portal, sessions, concurrency), stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=err, env=environment(portal))
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            raise RuntimeError("%s ended with %d: %s%s" % (client, child.returncode, out.read()[-2000:], err.read()[-2000:]))
        result = json.loads(out.read().strip().splitlines()[-1])
    if result.get("meters") not in (sessions * 6, 6):
        raise RuntimeError("%s found %s meters in %d sign-ins" % (client, result.get("meters"), sessions))
    result["outside_ms"] = (used.ru_utime + used.ru_stime) * 1e3 / (sessions + WARM_UP[client])
    result["max_rss_kib"] = used.ru_maxrss
    return result


def start_up(portal, times=15):
    """Milliseconds from the start of `meterkey run` to its first connection."""
    took = []
    for _ in range(times):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(10)
            argv = [METERKEY, "run", os.path.join(HERE, "bench.lua"), "--json", *portal.options(server.getsockname()[1])]
            began = time.monotonic()
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, env=environment(portal))
            try:
                server.accept()[0].close()
                took.append((time.monotonic() - began) * 1e3)
            finally:
                child.kill()
                child.wait()
    return sorted(took)


def states():
    """States a second, printed by a program that is linked with the core."""
    program = os.path.join(OUT, "states")
    if not os.path.exists(program):
        return None
    return json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def mean_of(results, key):
    values = [r[key] for r in results if r.get(key) is not None]
    return statistics.median(values) if values else None


def latency(result):
    """p50 and p99 of a client: whole sign-ins, for Meterkey its own share of them."""
    own = result.get("own_ms")
    return (own["p50"], own["p99"]) if own else (result.get("p50_ms"), result.get("p99_ms"))


def report(all_results, concurrency):
    ours = mean_of(all_results.get("meterkey", []), "cpu_ms_per_session")
    print("%-13s %10s %10s %10s %9s %9s %9s  %s" % ("client", "CPU ms", "least", "outside", "p50 ms", "p99 ms", "RSS MiB",
                                                    "Meterkey's CPU to its"))
    missed = []
    for client, results in all_results.items():
        cpu = mean_of(results, "cpu_ms_per_session")
        p50, p99 = latency(min(results, key=lambda r: r["cpu_ms_per_session"]))
        verdict = ""
        if ours and client in TARGETS:
            ratio, target = ours / cpu, TARGETS[client]
            verdict = "%.2f, target %.3g at most: %s" % (ratio, target, "met" if ratio <= target else "MISSED")
            if ratio > target:
                missed.append(client)
        print("%-13s %10.3f %10.3f %10.3f %9.2f %9.2f %9.1f  %s" % (
            client, cpu, min(r["cpu_ms_per_session"] for r in results), mean_of(results, "outside_ms"), p50 or 0, p99 or 0,
            mean_of(results, "max_rss_kib") / 1024, verdict))
    print("(concurrency %d; p50 and p99: Meterkey's are its own share of a sign-in, the others' whole sign-ins)" % concurrency)
    return missed


def report_ours(portal, results):
    last = results[-1]
    for key, label in (("requests_per_session", "requests a sign-in"), ("rss_kib_live", "KiB a live session"),
                       ("rss_kib_parked", "KiB a parked session")):
        if last.get(key) is not None:
            print("%-24s %s" % (label, last[key]))
    took = start_up(portal)
    print("%-24s median %.1f ms, worst %.1f ms (target 20)" % ("start to first request", statistics.median(took), took[-1]))
    made = states()
    if made:
        print("%-24s %s" % ("states a second", made["states_per_second"]))
    return {"start_ms": took, "states": made}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--only", action="append", choices=list(SESSIONS), help="may be repeated")
    parser.add_argument("--share", type=int, default=60, help="per cent of inline script in the sign-in pages")
    parser.add_argument("--json", metavar="FILE", help="everything measured")
    parser.add_argument("--quick", action="store_true", help="two rounds with a quarter of the sign-ins")
    parser.add_argument("--strict", action="store_true", help="a missed target is a failure")
    return parser.parse_args()


def choose(args):
    clients = [c for c in SESSIONS if not args.only or c in args.only]
    if "meterkey" in clients and not os.path.exists(METERKEY):
        print("%s is not there; only the others are measured" % METERKEY, file=sys.stderr)
        clients.remove("meterkey")
    if "undici" in clients and not prepare_node():
        print("npm could not install the Node client; it is left out", file=sys.stderr)
        clients.remove("undici")
    return clients


def measure(args, clients, portal):
    rounds, part = (2, 4) if args.quick else (args.rounds, 1)
    results = {client: [] for client in clients}
    for number in range(rounds):
        for client in clients[number % len(clients):] + clients[:number % len(clients)]:
            results[client].append(run_client(client, portal, SESSIONS[client] // part, args.concurrency))
        print("round %d of %d done" % (number + 1, rounds), file=sys.stderr)
    return results


def main():
    args = arguments()
    prepare()
    clients = choose(args)
    portal = Portal(args.share)
    try:
        print("three pages of 48, 48 and 96 KB with %s elements" % ", ".join(map(str, portal.elements)))
        results = measure(args, clients, portal)
        missed = report(results, args.concurrency)
        ours = report_ours(portal, results["meterkey"]) if results.get("meterkey") else None
    finally:
        last = portal.close()
    print("portal: %s requests served, %s refused, %s ms of CPU, counted nowhere above" % (
        last.get("served"), last.get("refused"), last.get("cpu_ms")))
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"clients": results, "meterkey": ours, "elements": portal.elements, "portal": last}, file, indent=1)
    return 1 if last.get("refused") or (args.strict and missed) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, subprocess.CalledProcessError) as problem:
        sys.exit("bench: %s" % problem)
