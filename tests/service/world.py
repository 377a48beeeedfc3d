"""What tests of the API begin with: a service, two teams with objects of all kinds, tokens good and bad.

Each reply is checked by its schema."""
import json
import re
import time
import urllib.parse

from schema import Checker
from server import SLOWER, Service, manifests

SECOND = 1000000


class Failed(Exception):
    pass


def check(truth, *words):
    if not truth:
        raise Failed(" ".join(str(word) for word in words))


def same(got, wanted, what=""):
    check(got == wanted, what, "got %r, wanted %r" % (got, wanted))


class Api:
    """Requests to a service; each reply has to fit what /openapi.json says of it."""

    def __init__(self, service, tokens):
        self.service, self.tokens, self.succeeded = service, tokens, set()
        self.document = None

    def read_description(self):
        self.document = self.service.request("GET", "/openapi.json").json
        self.checker = Checker(self.document)
        self.paths = [(re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$"), path)
                      for path in self.document["paths"]]

    def template_of(self, path):
        path = path.partition("?")[0]
        if path in self.document["paths"]:
            return path
        return next((template for pattern, template in self.paths if pattern.match(path)), None)

    def api(self, method, path, body=None, who="ours", headers=None):
        """who: a name of a token, None without one, or the text itself. The reply fits its schema, or this fails."""
        headers = dict(headers or {})
        if who:
            headers.setdefault("Authorization", "Bearer " + self.tokens.get(who, who))
        reply = self.service.request(method, path, body, headers)
        if self.document:
            self.fits(method, path, reply)
        return reply

    def good(self, *args, **more):
        reply = self.api(*args, **more)
        same(reply.status, 200, "%s: %s:" % (args[:2], reply.body[:300]))
        return reply.json

    def bad(self, status, slug, *args, **more):
        reply = self.api(*args, **more)
        same((reply.status, reply.json.get("error")), (status, slug), "%s: %s:" % (args[:3], reply.body[:300]))
        return reply.json

    def fits(self, method, path, reply):
        template = self.template_of(path)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if not operation:
            return
        wanted = operation["responses"].get(str(reply.status))
        check(wanted, method, path, "answers %d, which is not described" % reply.status, reply.body[:300])
        kind = (reply.headers["Content-Type"] or "").partition(";")[0]
        check(kind in wanted["content"], method, path, "answers", kind)
        if kind == "application/json":
            problems = self.checker.problems(wanted["content"][kind]["schema"], reply.json)
            check(not problems, method, path, problems[:5])
        if reply.status == 200:
            self.succeeded.add((method.lower(), template))

    def operations(self):
        """(method, path, operation) of the description."""
        for path, methods in sorted(self.document["paths"].items()):
            for method, operation in sorted(methods.items()):
                yield method.upper(), path, operation


class World(Api):
    def __init__(self, folder):
        super().__init__(Service(folder, manifests("coned", "sce"), webhook_origins=["http://127.0.0.1:9"]), {})
        self.teams = {}
        for whose, name in (("ours", "Helio Solar"), ("theirs", "Other Energy")):
            self.tokens[whose] = self.service.team(name)
            self.teams[whose] = self.service.sql("SELECT team FROM teams WHERE name = ?", name)[0][0]
        for name, more in (("expired", ()), ("revoked", ()), ("operator", ("--operator",))):
            self.tokens[name] = self.service.cli("token", "create", name, "--team", "Helio Solar", *more)
        self.tokens["reader"] = self.service.cli("token", "create", "reader", "--team", "Helio Solar", "--read-only")
        self.service.sql("UPDATE tokens SET expires = ? WHERE name = 'expired'", time.time_ns() // 1000 - SECOND)
        self.service.sql("UPDATE tokens SET revoked = created WHERE name = 'revoked'")
        self.service.start()
        self.wait_for("demo")
        self.read_description()
        self.things = {whose: self.make(whose) for whose in ("ours", "theirs")}

    def wait_for(self, utility):
        """The program's own adapter, built aside as the service begins."""
        until = time.monotonic() + 20 * SLOWER
        while not self.service.sql("SELECT 1 FROM adapters WHERE utility = ?", utility):
            check(time.monotonic() < until, utility, "is not live:", self.service.log())
            time.sleep(0.05)

    def make(self, whose):
        """One object of each kind -> their uids."""
        form, authorization, _ = self.submitted(whose, customer_email="pat@mail.test")
        hook = self.good("POST", "/api/v2/webhooks", {"url": "https://hooks.test/" + whose, "types": ["meter_created"]}, whose)
        first = lambda kind: self.good("GET", "/api/v2/%s?limit=1" % kind, None, whose)[kind][0]["uid"]
        return {"forms": form, "authorizations": authorization, "meters": self.meter(whose, authorization),
                "webhooks": hook["uid"], "templates": first("templates"), "events": first("events"),
                "tokens": first("tokens"), "billing-accounts": "b1", "billing-summaries": "b2", "latest_pdf": "m1",
                "adapters": "demo"}

    def meter(self, whose, authorization, **values):
        """A meter as a session would have brought it."""
        data = dict({"account": "100-200", "service": "electric", "meters": ["E1", "E2"],
            "address": {"street": "1 Elm St", "city": "Troy", "region": "NY",
                     "postcode": "01234"}, "tariff": "SC1", "name": "Pat Doe"}, **values)
        now, uid = time.time_ns() // 1000, "m%d" % time.time_ns()
        self.service.sql("INSERT INTO meters (team, uid, authorization, utility, account, service, search, data, key,"
                         " status, status_message, status_ts, created)"
                         " VALUES (?, ?, ?, 'DEMO', ?, ?, '', ?, ?, 'updated', 'Meter found.', ?, ?)",
                         self.teams[whose], uid, authorization, data["account"],
                         data["service"], json.dumps(data), uid, now, now)
        return uid

    def keep(self, authorization, whose="ours"):
        """Its session is over, and its sign-in is kept for ongoing access."""
        self.service.sql("UPDATE sessions SET state = 'ended', credentials = NULL WHERE authorization = ?", authorization)
        self.service.sql("INSERT INTO kept (team, authorization, utility, till, refreshed, next, credentials)"
                         " VALUES (?, ?, 'demo', ?, ?, ?, x'00')", self.teams[whose], authorization, 4 * 10**15,
                         10**15, 3 * 10**15)

    def submitted(self, whose="ours", utility="DEMO", scenario="residential", **form):
        """A data request that was submitted -> its uid, the authorization's, the referral."""
        uid = self.good("POST", "/api/v2/forms", form, whose)["uid"]
        code = self.good("POST", "/api/v2/forms/%s/test-submit" % uid, {"utility": utility, "scenario": scenario},
            whose)["referral"]
        return uid, self.good("GET", "/api/v2/authorizations?referrals=" + code, None,
            whose)["authorizations"][0]["uid"], code

    def filled(self, path, whose="ours"):
        """The path with an object of that team."""
        if "{uid}" not in path:
            return path
        kind = path.split("/{uid}")[0].rsplit("/", 1)[1]
        return path.replace("{uid}", self.things[whose][kind])

    def picture(self):
        """Everything that the API can change, as it is now."""
        out = []
        for table in ("forms", "authorizations", "meters", "webhooks", "events", "mails", "templates", "sessions",
            "adapters", "audit"):
            out.append((table, self.service.sql("SELECT * FROM %s ORDER BY 1, 2" % table)))
        out.append(("tokens", self.service.sql("SELECT uid, scopes, revoked, expires FROM tokens ORDER BY uid")))
        return out


def quoted(text):
    return urllib.parse.quote(text, safe="")
