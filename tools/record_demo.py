#!/usr/bin/python3
"""Records DEMO's cases anew (scripts/cases/demo/): starts the sandbox, signs in as each user, reads codes from the phone.

    tools/record_demo.py [NAME...]      all of them by default
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "meterkey")
LISTEN = "127.0.0.1:18102"  # the adapter's own address
# What is answered, in order: "code" is read from the phone when it is time for it.
CASES = {
    "residential": [], "commercial": [], "empty": [], "badlogin": [], "websitedown": [], "utilityerror": [], "locked": [],
    "mfa_code": [{"choice": "sms"}, "code"], "mfa_email": ["code"], "mfa_questions": [{"fields": {"pet": "Biscuit", "street": "Lantern"}}],
    "mfa_question": ["Biscuit"], "mfa_totp": ["code"], "mfa_wrong": ["code", "code"], "mfa_expired": ["code", {"resend": True}, "code"],
    "mfa_approve": [], "mfa_locked": ["111111", "222222", "333333"], "mfa_off": [], "must_enroll": [], "terms": [True],
    "changed": [], "botwall": [],
}


def phone(user, path="/phone.json", **query):
    query = urllib.parse.urlencode(dict(query, user=user))
    with urllib.request.urlopen("http://%s%s?%s" % (LISTEN, path, query)) as answer:
        return json.load(answer)


def wait_for_code(user, after):
    """The newest code past `after`, and its number; the phone answers once there is one."""
    while True:
        state = phone(user, after=after)
        if "totp" in state:
            return state["totp"]["code"], after
        for message in state["messages"]:
            if message["id"] > after and message.get("code"):
                return message["code"], message["id"]


def approve(user):
    while True:
        for message in phone(user, after=0)["messages"]:
            if message.get("kind") == "approval":
                data = urllib.parse.urlencode({"user": user, "id": message["id"], "token": message["token"], "decision": "approve"})
                urllib.request.urlopen("http://%s/phone/decide" % LISTEN, data.encode()).read()
                return


def record(name, answers, folder):
    user = name + "-q7"  # of its own, so that no word of the pages is taken for the user name
    credentials, fifo = os.path.join(folder, "credentials"), os.path.join(folder, "answers")
    with open(credentials, "w", encoding="utf-8") as file:
        json.dump({"username": user, "password": "Quartz-lantern 4711"}, file)
    os.mkfifo(fifo)
    child = subprocess.Popen([PROGRAM, "record", "demo", name, "--allow-origin", "http://" + LISTEN, "--credentials", credentials,
                              "--answers", fifo], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    seen = 0
    with open(fifo, "w", encoding="utf-8") as out:
        for answer in answers:
            if answer == "code":
                answer, seen = wait_for_code(user, seen)
            out.write(json.dumps(answer) + "\n")
            out.flush()
        if name == "mfa_approve":
            approve(user)
    told = child.communicate()[1]
    os.unlink(fifo)
    print(told.splitlines()[-1 if child.returncode else 0] if child.returncode else re.findall(r"^(.*json: .*)$", told, re.M)[0], flush=True)
    return child.returncode == 0


def main():
    names = sys.argv[1:] or list(CASES)
    sandbox = subprocess.Popen([PROGRAM, "sandbox", "--quiet", "--listen", LISTEN], stdout=subprocess.PIPE, text=True)
    try:
        sandbox.stdout.readline()
        with tempfile.TemporaryDirectory() as folder:
            good = [record(name, CASES[name], folder) for name in names]
    finally:
        sandbox.terminate()
        sandbox.wait()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
