#!/usr/bin/python3
"""DEMO's scenarios parked at every challenge: each answer is given to a new process, which ends with the same meters.

A form of the portal is good for one POST and a code for one use, so that a request which came twice would not end
well. Addresses differ from process to process, as the kernel has it. Prints one line a test."""
import json
import sys
import tempfile
import traceback
import urllib.parse
import urllib.request

from test_commands import LIMIT, Bench, Failed, check, same, text_of

SCENARIOS = ["mfa_code", "mfa_sms", "mfa_email", "mfa_voice", "mfa_question", "mfa_questions", "mfa_totp", "mfa_approve",
             "mfa_wrong", "mfa_expired", "terms"]
QUESTIONS = {"pet": "Biscuit", "street": "Lantern"}
PARKS_AT_MOST = 8


def phone(bench, **query):
    query = urllib.parse.urlencode(dict(query, user=bench.name))
    with urllib.request.urlopen("%s/phone.json?%s" % (bench.url, query), timeout=LIMIT) as page:
        return json.load(page)


def approve(bench):
    message = phone(bench, wait=20)["messages"][0]
    form = {"user": bench.name, "id": message["id"], "token": message["token"], "decision": "approve"}
    urllib.request.urlopen(bench.url + "/phone/decide", urllib.parse.urlencode(form).encode(), timeout=LIMIT).close()


def question(prompt):
    """The answer to a security question, by the word in it."""
    return next(answer for word, answer in QUESTIONS.items() if word in prompt.lower())


def newest_code(bench):
    return phone(bench, wait=20)["messages"][0]["code"]


def answer_to(bench, challenge, asked):
    kind = challenge["kind"]
    if kind == "select":
        return {"choice": challenge["choices"][0]["id"]}
    if kind == "acknowledge":
        return True
    if kind == "totp":
        return phone(bench)["totp"]["code"]
    if kind == "question" and "fields" in challenge:
        return {"fields": {field["name"]: question(field["label"]) for field in challenge["fields"]}}
    if kind == "question":
        return question(challenge["prompt"])
    if "expired" in challenge.get("message", "").lower() and asked[-1:] != ["resend"]:
        asked.append("resend")
        return {"resend": True}
    asked.append("code")
    return newest_code(bench)


def parked_at_every_challenge(bench, scenario):
    bench.new_home()
    done, asked = bench.run(scenario, "--park", bench.path("parked-0")), []
    for number in range(1, PARKS_AT_MOST):
        if done.returncode == 0:
            break
        same(done.returncode, 20, "exit status (%s)" % text_of(done))
        challenge = done.json["challenge"]
        options = ["--park", bench.path("parked-%d" % number)]
        if challenge["kind"] == "approve":      # goes on by itself: its polls are the answer
            approve(bench)
            done = bench.resume(bench.path("parked-%d" % (number - 1)), answers="")
        else:
            answer = json.dumps(answer_to(bench, challenge, asked)) + "\n"
            done = bench.resume(bench.path("parked-%d" % (number - 1)), *options, answers=answer)
    same(done.returncode, 0, "exit status (%s)" % text_of(done))
    check(number > 1, "%s asked nothing" % scenario)
    bench.new_home()
    same(done.json["meters"], bench.run("residential").json["meters"], "meters")


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        try:
            for scenario in sys.argv[1:] or SCENARIOS:
                try:
                    parked_at_every_challenge(bench, scenario)
                    print("ok - %s parked at every challenge" % scenario, flush=True)
                except (Failed, OSError, KeyError, StopIteration):
                    failed += 1
                    traceback.print_exc(file=sys.stdout)
                    print("not ok - %s parked at every challenge" % scenario, flush=True)
        finally:
            bench.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
