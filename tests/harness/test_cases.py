#!/usr/bin/python3
"""The case runner notices what it should: a stand-in for the program does one
thing, and each expectation is tried once as it holds and once as it does not."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases

STAND_IN = r'''#!/usr/bin/python3
import json, os, subprocess, sys
args = sys.argv[1:]
def after(name):
    return [args[i + 1] for i, a in enumerate(args) if a == name]
rule = [r for r in after("--connect-to") if r.startswith("www.example.test:443:")][0]
subprocess.run(["curl", "-s", "-o", "/dev/null", "-A", "stand-in", "--cacert", after("--cacert")[0], "--connect-to", rule,
                "-d", "user=ada", "https://www.example.test/login"], check=True)
for name in ("--trace", "--report"):
    for path in after(name):
        with open(path, "w") as file:
            file.write("cGxhbnRlZA==")
line = [n for n, l in enumerate(open(args[1]), 1) if l.rstrip().endswith("-- HERE")]
out = {"utility": "example", "version": "v", "requests": 1, "elapsed_ms": 1, "cpu_ms": 1, "meters": [{"account": "1", "service": "gas", "n": 1}]}
code = 0
if line:
    del out["meters"]
    out["error"] = {"code": "site.down", "owner": "site", "retry": "after", "message": "it is closed", "script": "example.lua:%d" % line[0]}
    code = 13
print(json.dumps(out))
print("said on standard error", file=sys.stderr)
sys.exit(code)
'''
HEAD = "# a try\n--- sign_in\n%s--- portal\nPOST /login -> 200 text :: in\n--- expect\n"
FINE, ENDS = "    s:get(\"/a\")\n", "    s:get(\"/a\") -- HERE\n    s:get(\"/b\") -- OTHER\n"
TRIES = [  # title, sign_in, what holds, what does not
    ("exit", FINE, "exit: 0", "exit: 1"),
    ("the default exit", ENDS, "error: site.down", "owner: site"),
    ("error", ENDS, "error: site.down", "error: site.maintenance"),
    ("owner", ENDS, "error: site.down\nowner: site", "error: site.down\nowner: user"),
    ("retry", ENDS, "error: site.down\nretry: after", "error: site.down\nretry: never"),
    ("message", ENDS, "error: site.down\nmessage: closed", "error: site.down\nmessage: open"),
    ("script", ENDS, "error: site.down\nscript: HERE", "error: site.down\nscript: OTHER"),
    ("meters", FINE, 'meters: [{"account": "1"}]', 'meters: [{"account": 1}]'),
    ("the number of meters", FINE, 'meters: ["<any>"]', 'meters: ["<any>", "<any>"]'),
    ("absent", FINE, 'json: {"error": "<absent>"}', 'json: {"meters": "<absent>"}'),
    ("types", FINE, 'meters: [{"n": 1}]', 'meters: [{"n": 1.0}]'),
    ("requests", FINE, "requests:\n  POST /login user=ada", "requests:\n  POST /login"),
    ("no requests", FINE, "exit: 0", "requests:"),
    ("any text", FINE, "requests:\n  POST /login user=<*>", "requests:\n  POST /logout user=<*>"),
    ("header", FINE, "header: 1 user-agent: stand-in", "header: 1 user-agent: stand"),
    ("no header", FINE, "no-header: 1 cookie", "no-header: 1 user-agent"),
    ("standard error", FINE, "stderr: said", "stderr: unsaid"),
    ("standard output", FINE, "stdout: example", "stdout: exemplar"),
    ("never, on standard output", FINE, "never: hidden", "never: example"),
    ("never, on standard error", FINE, "never: hidden", "never: said"),
    ("never in another form, in the files", FINE, "never-forms: hidden", "never-forms: planted"),
    ("time", FINE, "elapsed: < 20", "elapsed: > 20"),
    ("connections", FINE, "connections: 1", "connections: 2"),
]


def outcome(root, text):
    path = os.path.join(root, "try.case")
    with open(path, "w") as file:
        file.write(text)
    return cases.run(path, "build", root)


def report(holds, title, text=""):
    print("%s%s - %s" % ("" if holds else text + "\n", "ok" if holds else "not ok", title))
    return not holds


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as root:
        program = os.path.join(root, "build", "meterkey")
        os.makedirs(os.path.dirname(program))
        with open(program, "w") as file:
            file.write(STAND_IN)
        os.chmod(program, 0o755)
        for title, body, good, wrong in TRIES:
            kind, text = outcome(root, HEAD % body + good + "\n")
            bad += report(kind == "ok", title + ": holds", text)
            kind, text = outcome(root, HEAD % body + wrong + "\n")
            bad += report(kind == "failed", title + ": does not hold", text)
        for title, text in (("an unknown section", "# a\n--- nothing\n--- expect\n"), ("an unknown expectation", HEAD % FINE + "exits: 0\n"),
                            ("no expectation", "# a\n--- sign_in\n"), ("no title", "--- expect\n")):
            bad += report(outcome(root, text)[0] == "failed", title + " is refused")
        os.unlink(program)
        bad += report(outcome(root, HEAD % FINE + "exit: 0\n")[0] == "failed", "a program that is not there fails")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
