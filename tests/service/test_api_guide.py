#!/usr/bin/python3
"""docs/api.md: each of its curl lines is run as it stands and succeeds; its check of a signature is the rule's.

Prints one line a test."""
import hashlib
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import ROOT, SLOWER
from test_api import ask
from test_api_requests import run
from world import check, same


def guide():
    with open(os.path.join(ROOT, "docs", "api.md"), encoding="utf-8") as file:
        return file.read()


def blocks(language):
    return re.findall(r"^```%s\n(.*?)^```" % language, guide(), re.S | re.M)


def run_line(w, line, values):
    """-> the answer's text; a status other than 200 fails."""
    # 28: --max-time of the stream, which has no end
    done = subprocess.run(["sh", "-c", line.replace("curl -s", 'curl -w "\\n%{http_code}" -s', 1)], capture_output=True,
        text=True, timeout=20 * SLOWER,
                          env=dict(os.environ, **values), check=False)
    body, _, status = done.stdout.rpartition("\n")
    same((status, done.returncode in (0, 28)), ("200", True), "%s: %s %s" % (line, body, done.stderr))
    return body


def lines_of_the_guide(w):
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl")]
    check(len(lines) > 20, len(lines))
    form, authorization, referral = w.submitted(scenario="mfa_sms")
    w.meter("ours", authorization)
    ask(w, authorization)
    values = {"URL": w.service.url, "TOKEN": w.tokens["ours"], "OPERATOR": w.tokens["operator"], "FORM": form,
              "AUTH": "Authorization: Bearer " + w.tokens["ours"], "AUTHORIZATION": authorization,
              "REFERRAL": referral, "WEBHOOK": w.things["ours"]["webhooks"]}
    for line in lines:
        if "/test-submit" in line:
            values = dict(values, FORM=w.good("POST", "/api/v2/forms")["uid"])
        if "/refresh" in line:
            w.keep(authorization)
        check(run_line(w, line, values), line)


def commands_of_the_guide(w):
    """The commands before the first curl, with the test's own store."""
    for line in blocks("sh")[0].splitlines():
        words = line.replace("sqlite:meterkey.db", w.service.store).replace("meterkey ",
            os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey "), 1)
        words = words.replace("Helio Solar", "Guide Solar").replace("sqlite:meterkey.db", w.service.store)
        done = subprocess.run(["sh", "-c", words], input="correct horse battery\n" * 2, capture_output=True, text=True,
            timeout=30 * SLOWER, check=False)
        same(done.returncode, 0, line + done.stderr)


def the_signature_of_the_guide(_):
    """The guide's function against the rule itself: SHA-256 of secret, dot, salt, dot, body."""
    names = {}
    exec(blocks("python")[0], names)
    body = b'{\n    "events": []\n}'
    headers = {"X-UtilityAPI-Webhook-Salt": "s4lt",
        "X-UtilityAPI-Webhook-Signature": hashlib.sha256(b"word.s4lt." + body).hexdigest()}
    same(names["is_genuine"]("word", headers, body), True)
    same((names["is_genuine"]("word", headers, body + b" "), names["is_genuine"]("other", headers, body)),
        (False, False))


if __name__ == "__main__":
    sys.exit(run([lines_of_the_guide, commands_of_the_guide, the_signature_of_the_guide]))
