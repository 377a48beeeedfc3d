#!/usr/bin/python3
"""What the documentation of UtilityAPI v2 says, fact by fact: a request, and the answer that a client of it expects.

Each row is (fact, request, what the answer has to be). Prints one line a fact."""
import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_api_requests import report
from world import World, check, same

V = "/api/v2"
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
TEXT, FLAG, LIST, MAP, COUNT = "text", "true or false", "a list", "an object", "a number"
ORNULL = {"text or null": str, "time or null": str}
KINDS = {TEXT: str, FLAG: bool, LIST: list, MAP: dict, COUNT: int}

FORM = {"uid": TEXT, "created": "time", "updated": "time", "template_uid": TEXT, "authorization_uid": "text or null",
    "is_archived": FLAG, "disabled": FLAG, "user_email": TEXT, "user_uid": TEXT, "url": "url", "customer_email": TEXT,
    "utility": "text or null", "scope": MAP}
TEMPLATE = {"uid": TEXT, "created": "time", "updated": "time", "user_email": TEXT, "user_uid": TEXT, "disabled": FLAG,
    "portal": TEXT, "base_url": "url", "redirect_uris": LIST, "company_logo": "text or null", "company_name": TEXT}
AUTHORIZATION = {"uid": TEXT, "created": "time", "customer_email": TEXT, "customer_signature": MAP,
    "declined": "time or null", "is_declined": FLAG, "expires": TEXT, "is_expired": FLAG, "exports": MAP,
    "exports_list": LIST, "form_uid": "text or null", "template_uid": "text or null", "referrals": LIST,
    "is_archived": FLAG, "is_test": FLAG, "notes": LIST, "nickname": "text or null", "revoked": "time or null",
    "is_revoked": FLAG, "scope": MAP, "status": ("pending", "updated", "errored"), "status_message": TEXT,
    "status_ts": "time", "user_email": TEXT, "user_uid": TEXT, "user_status": ("active", "inactive"), "utility": TEXT}
METER = {"uid": TEXT, "authorization_uid": TEXT, "created": "time", "user_email": TEXT, "user_uid": TEXT,
    "is_archived": FLAG, "is_activated": FLAG, "is_expanded": FLAG, "notes": LIST,
    "status": ("pending", "updated", "errored"), "status_message": TEXT, "status_ts": "time",
    "ongoing_monitoring": MAP, "utility": TEXT, "bill_count": COUNT, "bill_coverage": LIST, "bill_sources": LIST,
    "interval_count": COUNT, "interval_coverage": LIST, "interval_sources": LIST, "exports": MAP,
    "exports_list": LIST, "blocks": LIST, "base": MAP}
BASE = {"service_identifier": TEXT, "service_tariff": TEXT, "service_class": TEXT, "service_address": TEXT,
    "meter_numbers": LIST, "billing_contact": TEXT, "billing_address": TEXT, "billing_account": TEXT}
EVENT = {"uid": TEXT, "type": TEXT, "ts": "time", "delivery_method": ("webhook",), "delivery_target": "text or null",
    "is_delivered": FLAG}


def fits(fields, given, what=""):
    """Each documented member is there and of its type."""
    for name, kind in fields.items():
        check(name in given, what, name, "is missing")
        value = given[name]
        if isinstance(kind, tuple):
            check(value in kind, what, name, value)
        elif kind.endswith(" or null") and value is None:
            pass
        elif kind.startswith("time"):
            check(isinstance(value, str) and STAMP.match(value), what, name, value)
        elif kind == "url":
            check(isinstance(value, str) and value.startswith("http"), what, name, value)
        else:
            check(type(value) is KINDS.get(kind, str), what, name, "is", repr(value), "not", kind)


def an(fields):
    return lambda w, r: (same(r.status, 200), fits(fields, r.json))


def listing(plural, fields=None, **more):
    """{"<plural>": [...], "next": null or a URL}, newest first."""
    def look(_, r):
        same((r.status, sorted(r.json)), (200, sorted([plural, "next", *more])), r.body[:200])
        for one in r.json[plural] if fields else []:
            fits(fields, one, plural)
        stamps = [one.get("created") or one.get("ts") for one in r.json[plural]] if fields else []
        same(stamps, sorted(stamps, reverse=True), "newest first")
    return look


def those(plural, *names):
    """Just these, by what the world calls them."""
    return lambda w, r: same([one["uid"] for one in r.json[plural]], [w.names[name] for name in names], r.body[:300])


def error(status, slug):
    def look(_, r):
        same((r.status, r.json["error"]), (status, slug), r.body[:300])
        check(isinstance(r.json["error_description"], str) and r.json["error_description"], "error_description")
        check(r.json["url"] is None or r.json["url"].startswith("https://"), "url")
    return look


def has(**wanted):
    """Members of the answer with these values."""
    return lambda w, r: same((r.status, {k: r.json.get(k) for k in wanted}), (200, wanted), r.body[:300])


def is_(value):
    return lambda w, r: same((r.status, r.json), (200, value))


def names_of(w):
    """Objects that the rows speak of."""
    uid, authorization, code = w.submitted(customer_email="pat@mail.test", utility="DEMO")
    w.names = {"form": uid, "auth": authorization, "code": code, "meter": w.meter("ours", authorization),
        "other": w.good("POST", V + "/forms")["uid"], "theirs": w.things["theirs"]["forms"],
        "their_auth": w.things["theirs"]["authorizations"], "their_meter": w.things["theirs"]["meters"]}
    first = w.good("GET", V + "/forms/" + uid)
    w.names.update(template=first["template_uid"], user=first["user_uid"], token=w.tokens["ours"])
    w.names["event"] = w.good("GET", V + "/events?limit=1")["events"][0]["uid"]
    w.names["made_meter"] = w.meter("ours", w.submitted()[1], service="gas")
    w.good("PATCH", V + "/forms/" + w.names["other"], {"is_archived": True})
    w.service.sql("UPDATE sessions SET state = 'ended'")


ENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MANY = ",".join(["x"] * 900)

FACTS = [
    # 1. ground rules
    ("a token as a header", ("GET", "/forms"), listing("forms", FORM)),
    ("a token as a parameter", ("GET", "/forms?access_token={token}", None, None), listing("forms", FORM)),
    ("no token", ("GET", "/forms", None, None), error(401, "unauthorized")),
    ("a list in a query is comma separated", ("GET", "/forms?uids={form},{other}"), those("forms", "other", "form")),
    ("filters are joined by and", ("GET", "/forms?uids={form},{other}&is_archived=false"), those("forms", "form")),
    ("no overlap is an empty list", ("GET", "/forms?uids={form}&is_archived=true"), is_({"forms": [], "next": None})),
    ("a boolean is true or false", ("GET", "/forms?is_archived=1"), error(400, "invalid_param")),
    ("next is a full URL", ("GET", "/forms?limit=1&uids={form},{other}"),
     lambda w, r: same(r.json["next"], w.service.url + V + "/forms?after=%s&limit=1&uids=%s%%2C%s"
                       % (w.names["other"], w.names["form"], w.names["other"]))),
    ("after: what is older than that one", ("GET", "/forms?uids={form},{other}&after={other}"), those("forms", "form")),
    ("pages hold 1,000 at most: more is cut", ("GET", "/forms?limit=5000&uids={form}"), those("forms", "form")),
    ("a limit far too high is cut", ("GET", "/authorizations?limit=99999999999999999999&uids={auth}"),
     those("authorizations", "auth")),
    ("a limit that is none", ("GET", "/forms?limit=0"), error(400, "invalid_param")),
    ("many values in a list", ("GET", "/forms?uids={form}," + MANY), those("forms", "form")),
    ("unknown parameters are ignored", ("GET", "/forms?uids={form}&colour=red&page=2"), those("forms", "form")),
    ("a repeated parameter is a list", ("GET", "/forms?uids={form}&uids={other}"), those("forms", "other", "form")),
    ("an unknown path", ("GET", "/nothing"), lambda w, r: (error(404, "not_found")(w, r), same(
        (r.json["error_description"], r.json["status_code"]), ("Resource not found", 404)))),
    ("another team's is not there", ("GET", "/forms/{theirs}"), error(404, "not_found")),
    ("nor in lists", ("GET", "/forms?uids={theirs}"), is_({"forms": [], "next": None})),
    # 2. endpoints: templates and forms
    ("templates", ("GET", "/templates"), listing("templates", TEMPLATE)),
    ("templates by uid and disabled", ("GET", "/templates?uids={template}&disabled=false"), those("templates", "template")),
    ("a template", ("GET", "/templates/{template}"), an(TEMPLATE)),
    ("forms by user and template", ("GET", "/forms?users={user}&templates={template}&uids={form}"), those("forms", "form")),
    ("a form of an empty body", ("POST", "/forms"), an(FORM)),
    ("its defaults", ("POST", "/forms", b"{}"), has(customer_email="", utility=None, authorization_uid=None, scope={},
        is_archived=False, disabled=False)),
    ("JSON that says it is a form", ("POST", "/forms", b'{"customer_email": "a+b@mail.test"}', "ours", ENCODED),
     has(customer_email="a+b@mail.test")),
    ("a form of all fields", ("POST", "/forms", {"template_uid": "{template}", "authorization_uid": "{auth}", "utility": "DEMO",
        "customer_email": "a@mail.test", "scope": {"expires": "7d", "ongoing_end": None}}),
     has(utility="DEMO", customer_email="a@mail.test", scope={"expires": "7d", "ongoing_end": None})),
    ("null is as absent", ("POST", "/forms", {"template_uid": None, "authorization_uid": None, "customer_email": None,
        "utility": None, "scope": None}), an(FORM)),
    ("a template of nobody", ("POST", "/forms", {"template_uid": "nothing"}), error(400, "invalid_param")),
    ("a form", ("GET", "/forms/{form}"), an(FORM)),
    ("a change leaves what is absent", ("PATCH", "/forms/{form}", {"is_archived": False}),
     has(customer_email="pat@mail.test", utility="DEMO", is_archived=False)),
    ("a change without a body", ("PATCH", "/forms/{form}"), has(customer_email="pat@mail.test")),
    ("test-submit wants both", ("POST", "/forms/{form}/test-submit", {"utility": "DEMO"}), error(400, "required_param_missing")),
    ("test-submit gives a referral", ("POST", "/forms/{form}/test-submit", b'{"utility":"DEMO","scenario":"residential"}',
        "ours", ENCODED), lambda w, r: (same(r.status, 200, r.body), check(r.json["referral"], r.json))),
    # 2. and 3.4: authorizations
    ("authorizations", ("GET", "/authorizations"), listing("authorizations", AUTHORIZATION)),
    ("by form, template, user, referral", ("GET", "/authorizations?forms={form}&templates={template}&users={user}"
        "&referrals={code}"), those("authorizations", "auth")),
    ("by what they are", ("GET", "/authorizations?uids={auth}&is_archived=false&is_declined=false&is_test=true"
        "&is_revoked=false&is_expired=false&utility=DEMO"), those("authorizations", "auth")),
    ("an unknown referral is an empty list", ("GET", "/authorizations?referrals=nothing&include=meters"),
     is_({"authorizations": [], "next": None})),
    ("an authorization", ("GET", "/authorizations/{auth}"), an(AUTHORIZATION)),
    ("without include, no meters", ("GET", "/authorizations/{auth}"), lambda w, r: check("meters" not in r.json, r.json)),
    ("meters of the list", ("GET", "/authorizations?referrals={code}&include=meters&expand_meter_blocks=base"),
     lambda w, r: same([r.json["authorizations"][0]["meters"]["meters"][0]["uid"],
                        r.json["authorizations"][0]["meters"]["next"]], [w.names["meter"], None])),
    ("meters of one", ("GET", "/authorizations/{auth}?include=meters"),
     lambda w, r: fits(METER, r.json["meters"]["meters"][0], "meter")),
    ("its signature", ("GET", "/authorizations/{auth}"),
     lambda w, r: same((r.json["customer_signature"]["type"], sorted(r.json["customer_signature"])),
                       ("confirmation", ["ts", "type"]))),
    ("a duration has become a time", ("GET", "/authorizations/{auth}"), lambda w, r: check(STAMP.match(r.json["expires"]))),
    ("a nickname", ("PATCH", "/authorizations/{auth}", {"nickname": "Elm"}), has(nickname="Elm", is_archived=False)),
    ("and none", ("PATCH", "/authorizations/{auth}", {"nickname": None}), has(nickname=None)),
    ("another team's authorization", ("DELETE", "/authorizations/{their_auth}"), error(404, "not_found")),
    # 2. and 3.5: meters
    ("meters", ("GET", "/meters"), listing("meters", METER)),
    ("by authorization and what they are", ("GET", "/meters?authorizations={auth}&users={user}&utility=DEMO"
        "&is_activated=false&is_archived=false&is_monitored=false&uids={meter}&service_type=electric"), those("meters", "meter")),
    ("a meter", ("GET", "/meters/{meter}?expand_meter_blocks=base"), an(METER)),
    ("its base block", ("GET", "/meters/{meter}"), lambda w, r: (same(r.json["blocks"], ["base"]), fits(BASE, r.json["base"]))),
    ("its monitoring", ("GET", "/meters/{meter}"), has(ongoing_monitoring={"frequency": "off", "prepay": None,
        "next_prepay": None, "next_refresh": None, "fixed_refresh_day": None})),
    ("a meter is put away", ("PATCH", "/meters/{made_meter}", {"is_archived": True}), has(is_archived=True)),
    ("historical collection", ("POST", "/meters/historical-collection", {"meters": ["{meter}"], "collection_duration": 12}),
     lambda w, r: same(r.json, {"success": True, "meters": [w.names["meter"]], "collection_duration": 12})),
    ("of 1 to 36 months", ("POST", "/meters/historical-collection", {"meters": ["{meter}"], "collection_duration": 37}),
     error(400, "invalid_param")),
    ("without meters", ("POST", "/meters/historical-collection", {}), error(400, "required_param_missing")),
    ("of another team's meter", ("POST", "/meters/historical-collection", {"meters": ["{their_meter}"]}),
     error(404, "not_found")),
    ("it is activated then", ("GET", "/meters/{meter}"), has(is_activated=True)),
    ("ongoing monitoring", ("POST", "/meters/ongoing-monitoring", {"meters": ["{meter}"], "frequency": "monthly",
        "fixed_refresh_day": 3}), lambda w, r: same(r.json, {"success": True, "meters": [w.names["meter"]],
        "frequency": "monthly", "fixed_refresh_day": 3})),
    ("as older clients ask", ("POST", "/meters/ongoing-monitoring", {"meters": ["{meter}"], "prepay": "prepay_yearly"}),
     has(success=True)),
    # 2. and 3.6: bills, intervals, accounting, files
    ("bills want meters or authorizations", ("GET", "/bills"), error(400, "required_param_missing")),
    ("bills", ("GET", "/bills?meters={meter}&start=2026-01-01&end=2026-02-01T00:00:00-05:00&limit=9&order=earliest_first"),
     is_({"bills": [], "next": None})),
    ("a blank in a time is refused", ("GET", "/bills?meters={meter}&start=2026-01-01%2010:00:00Z"), error(400, "invalid_param")),
    ("AM and PM are refused", ("GET", "/bills?meters={meter}&start=2026-01-01T10:00:00PM"), error(400, "invalid_param")),
    ("intervals want them, too", ("GET", "/intervals"), error(400, "required_param_missing")),
    ("intervals", ("GET", "/intervals?authorizations={auth}"), listing("intervals", None, is_incomplete=False)),
    ("intervals of nothing", ("GET", "/intervals?meters={their_meter}"), error(404, "not_found")),
    ("billing accounts", ("GET", "/accounting/billing-accounts?uids=a&authorizations={auth}&meters={meter}"),
     is_({"billing_accounts": [], "next": None})),
    ("billing summaries", ("GET", "/accounting/billing-summaries?billing_accounts=a"),
     is_({"billing_summaries": [], "next": None})),
    ("one that is not there", ("GET", "/accounting/billing-accounts/a"), error(404, "not_found")),
    *[("the file " + name, ("GET", "/files/%s=x" % name), lambda w, r: same(r.status, 200)) for name in (
        "meters_csv?accounts", "meters_bills_csv?meters", "intervals_csv?meters", "meters_lineitems_csv?meters",
        "meters_bills_zip?meters")],
    ("the tariffs there are", ("GET", "/files/known_tariffs_json?meters={meter}"), lambda w, r: same([sorted(one) for one in r.json["tariffs"]],
        [["meter_count", "service_class", "service_tariff", "utility"]])),
    ("the latest bill, of which there is none", ("GET", "/files/latest_pdf/{meter}"), error(404, "not_found")),
    # events
    ("events", ("GET", "/events"), listing("events", EVENT)),
    ("events that were not delivered", ("GET", "/events?is_delivered=true"), is_({"events": [], "next": None})),
    ("an event", ("GET", "/events/{event}"), an(EVENT)),
    ("a webhook for each type there is", ("POST", "/webhooks", {"url": "https://hooks.test/all", "types": """ping form_created
        authorization_created authorization_declined authorization_renewed authorization_update_started
        authorization_update_delayed authorization_update_retrying authorization_update_progress
        authorization_update_finished_successful authorization_update_finished_errored authorization_expiring_soon
        authorization_expired authorization_revoked meter_created meter_bills_added meter_intervals_added
        meter_historical_collection_started meter_historical_collection_delayed meter_historical_collection_retrying
        meter_historical_collection_progress meter_historical_collection_finished_successful
        meter_historical_collection_finished_errored""".split()}), has(disabled=False)),
    ("an event is not tried any more", ("PATCH", "/events/{event}", {"is_delivered": True}), has(is_delivered=True)),
    # outside of v2
    ("utility-lookup without a token", ("GET", "../experimental/utility-lookup?q=edison&include_unsupported=false", None, None),
     lambda w, r: check(r.json["utilities"] and all(sorted(u) == ["id", "name", "third_party_registration"]
                                                    for u in r.json["utilities"]), r.json)),
    # the end of it
    ("revoked: without meters", ("POST", "/authorizations/{auth}/revoke"), has(is_revoked=True, exports={}, exports_list=[],
        user_status="inactive")),
    ("its meters are gone", ("GET", "/meters/{meter}"), error(404, "not_found")),
    ("collecting what is revoked", ("POST", "/meters/historical-collection", {"meters": ["{meter}"]}), error(404, "not_found")),
    ("a test can be deleted", ("DELETE", "/authorizations/{auth}"), is_({"success": True})),
    ("a form is deleted", ("DELETE", "/forms/{form}"), is_({"success": True})),
    ("and is not there then", ("GET", "/forms/{form}"), error(404, "not_found")),
]


def filled(w, value):
    """{name}s of a request as the world has them; a JSON text is left as it is."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: w.names[m.group(1)], value)
    if isinstance(value, dict):
        return {k: filled(w, v) for k, v in value.items()}
    return [filled(w, v) for v in value] if isinstance(value, list) else value


def test_of(fact, asked, look):
    def test(w):
        method, path, body, who, headers = (list(asked) + [None, "ours", None][len(asked) - 2:])[:5]
        if path.startswith("../"):
            path = "/api/" + path[3:]
        elif not path.startswith(V):
            path = V + path
        look(w, w.api(method, filled(w, path), filled(w, body), who, headers))
    test.__name__ = fact.replace(" ", "_")
    return test


def main():
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="api-facts-") as folder:
        world = World(folder)
        try:
            names_of(world)
            results = [report(test_of(*row), world) for row in FACTS if not words or any(word in row[0] for word in words)]
        finally:
            world.service.stop()
    return 0 if all(results) and json else 1


if __name__ == "__main__":
    sys.exit(main())
