#!/usr/bin/python3
"""A program at the API, from a data request to meters, with made-up customers at a running sandbox.

As clients of UtilityAPI v2 do it; codes and questions by /challenge. Prints one line a test."""
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import PROGRAM, SLOWER, Service
from test_api_requests import report
from world import Api, Failed, check, same

ORIGIN = "127.0.0.1:18102"  # what the adapter declares


class Sandbox:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--quiet", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = ""
        while "http://127.0.0.1:" not in line:
            line = self.process.stdout.readline()
            check(line, "the sandbox ended")
        self.port = int(line.split("http://127.0.0.1:")[1].split("/")[0].split()[0])

    def code(self, user, after=0):
        """The code that the customer's phone got."""
        with urllib.request.urlopen("http://127.0.0.1:%d/phone.json?user=%s&after=%d&wait=10" % (self.port, user,
            after), timeout=20 * SLOWER) as reply:
            return json.load(reply)["messages"][-1]["code"]

    def stop(self):
        self.process.terminate()
        self.process.communicate()


class Client(Api):
    def __init__(self, folder):
        self.sandbox = Sandbox()
        super().__init__(Service(folder, utility_sessions=20, allow_origins=["http://" + ORIGIN],
                                 connect_to=["%s:127.0.0.1:%d" % (ORIGIN, self.sandbox.port)]), {})
        self.tokens["ours"] = self.service.team("Helio Solar")
        self.service.start()
        self.read_description()
        self.until(lambda: self.good("GET", "/api/v2/utilities")["utilities"], "DEMO is live")

    def until(self, look, what):
        end = time.monotonic() + 20 * SLOWER
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise Failed("%s: not within 20 s\n%s" % (what, self.service.log()[-2000:]))

    def submit(self, scenario, utility="DEMO"):
        form = self.good("POST", "/api/v2/forms")["uid"]
        return self.good("POST", "/api/v2/forms/%s/test-submit" % form,
            {"utility": utility, "scenario": scenario})["referral"]

    def find(self, code):
        return self.good("GET", "/api/v2/authorizations?include=meters&referrals=" + code)["authorizations"][0]

    def settled(self, code):
        return self.until(lambda: (lambda a: a["status"] != "pending" and a)(self.find(code)), "an end of " + code)

    def challenge(self, code, but=None):
        """The open question; but: one that is not meant."""
        path = "/api/v2/authorizations/%s/challenge" % self.find(code)["uid"]
        return self.until(lambda: (lambda c: c and c != but and c)(self.good("GET", path)["challenge"]), "a question")

    def answer(self, code, challenge, value):
        return self.good("POST", "/api/v2/authorizations/%s/challenge" % self.find(code)["uid"],
            {"id": challenge["id"], "answer": value})

    def stop(self):
        self.service.stop()
        self.sandbox.stop()


def as_clients_do_it(c):
    code = c.submit("residential")
    one = c.settled(code)
    same((one["status"], len(one["meters"]["meters"]), one["is_test"]), ("updated", 1, True))
    check({"access_valid", "meters_full"} <= {n["type"] for n in one["notes"]}, one["notes"])
    meter = one["meters"]["meters"][0]
    check(meter["base"]["meter_numbers"] and meter["base"]["service_class"] == "electric"
        and meter["base"]["service_address"], meter)
    same(c.good("POST", "/api/v2/meters/historical-collection", {"meters": [meter["uid"]]})["meters"], [meter["uid"]])
    same(c.good("GET", "/api/v2/meters/" + meter["uid"])["status"], "updated")
    same(c.good("GET", "/api/v2/bills?meters=" + meter["uid"])["bills"], [])
    table = c.api("GET", one["exports"]["meters_csv"][len(c.service.url):])
    check(meter["uid"].encode() in table.body, table.body)


def four_meters(c):
    one = c.settled(c.submit("commercial", "demo"))
    same((one["utility"], len(one["meters"]["meters"])), ("DEMO", 4))


def a_wrong_password(c):
    for _ in range(4):  # a made-up customer locks nobody out
        one = c.settled(c.submit("badlogin"))
        same((one["status"], [n["type"] for n in one["notes"]]), ("errored", ["access_invalid"]))
    state = c.good("GET", "/api/v2/authorizations/%s/challenge" % one["uid"])
    same((state["state"], state["error"]["code"]), ("failed", "auth.credentials"))


def a_code_by_text(c):
    code = c.submit("mfa_sms")
    asked = c.challenge(code)
    same((asked["kind"], asked["medium"]), ("otp", "sms"))
    one = c.find(code)
    check(one["status"] == "pending" and "access_code_needed" in [n["type"] for n in one["notes"]], one)
    c.answer(code, asked, c.sandbox.code("UAPI_TEST_mfa_sms"))
    one = c.settled(code)
    same((one["status"], len(one["meters"]["meters"])), ("updated", 1))
    check("access_code_needed" not in [n["type"] for n in one["notes"]], one["notes"])
    types = [e["type"] for e in c.good("GET", "/api/v2/events")["events"] if e.get("authorization_uid") == one["uid"]]
    same(types, ["authorization_update_finished_successful", "meter_created", "authorization_update_delayed",
        "authorization_update_started",
                 "authorization_created"])


def a_wrong_code(c):
    code = c.submit("mfa_voice")
    asked = c.challenge(code)
    c.answer(code, asked, "000000")
    again = c.challenge(code, asked)
    check(again["tries_left"] < asked["tries_left"], again)
    c.answer(code, again, c.sandbox.code("UAPI_TEST_mfa_voice"))
    same(c.settled(code)["status"], "updated")


def security_questions(c):
    code = c.submit("mfa_questions")
    asked = c.challenge(code)
    names = [field["name"] for field in asked["fields"]]
    c.answer(code, asked, {"fields": dict(zip(names, ("Biscuit", "Lantern")))})
    same(c.settled(code)["status"], "updated")


def a_choice_then_a_code(c):
    code = c.submit("mfa_code")
    asked = c.challenge(code)
    same(asked["kind"], "select")
    c.answer(code, asked, {"choice": asked["choices"][0]["id"]})
    c.answer(code, c.challenge(code, asked), c.sandbox.code("UAPI_TEST_mfa_code"))
    same(c.settled(code)["status"], "updated")


def another_utility_in_name(c):
    """Utilities that have no adapter here are unknown; this needs one."""
    manifest = dict(c.good("GET", "/api/v2/utilities")["utilities"][0], id="sce", utility_id="SCE", name="Edison")
    c.service.add_adapter({k: v for k, v in manifest.items() if k not in ("version", "paused")})
    c.service.stop()
    c.service.connection = None
    c.service.start()
    one = c.settled(c.submit("residential", "SCE"))
    same((one["utility"], one["status"], one["meters"]["meters"][0]["utility"]), ("SCE", "updated", "SCE"))


TESTS = [as_clients_do_it, four_meters, a_wrong_password, a_code_by_text, a_wrong_code, security_questions,
         a_choice_then_a_code, another_utility_in_name]


def main():
    with tempfile.TemporaryDirectory(prefix="api-demo-") as folder:
        client = Client(folder)
        try:
            results = [report(test, client) for test in TESTS if not sys.argv[1:] or test.__name__ in sys.argv[1:]]
        finally:
            client.stop()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
