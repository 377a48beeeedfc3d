#!/usr/bin/python3
"""The API: what each endpoint does. First what clients of UtilityAPI v2 rely on, point by point, then ours.

Prints one line a test."""
import calendar
import concurrent.futures
import csv
import datetime
import http.client
import io
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser
from server import PROGRAM, SLOWER, Service, manifests
from test_api_requests import run
from world import SECOND, Api, Failed, check, quoted, same

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
F, A, M = "/api/v2/forms", "/api/v2/authorizations", "/api/v2/meters"


# --- the checklist ------------------------------------------------------------------------

def a_form_without_a_body(w):
    for body, headers in ((None, {}), (b"", FORM), (b"{}", FORM), (b" \n{} ", FORM), (b"{}", {})):
        form = w.good("POST", F, body, headers=headers)
        same((form["customer_email"], form["utility"], form["scope"], form["authorization_uid"]), ("", None, {}, None))


def json_that_calls_itself_a_form(w):
    body = {"customer_email": "pat+50%25&x=1@mail.test", "utility": "coned",
        "scope": {"expires": "7d", "note": "50% & more = less"}}
    for headers in (FORM, {"Content-Type": "text/plain"}, {"Content-Type": "application/json; charset=utf-8"}, {}):
        form = w.good("POST", F, json.dumps(body).encode(), headers=headers)
        same((form["customer_email"], form["utility"], form["scope"]), (body["customer_email"], "ConEd", body["scope"]))


def test_submit_gives_a_referral(w):
    uid = w.good("POST", F)["uid"]
    code = w.good("POST", F + "/%s/test-submit" % uid, b'{"utility":"DEMO","scenario":"residential"}',
        headers=FORM)["referral"]
    check(isinstance(code, str) and len(code) >= 4, code)


def meters_inside_of_authorizations(w):
    uid, authorization, code = w.submitted()
    meter = w.meter("ours", authorization)
    one = w.good("GET", A + "?include=meters&referrals=" + code)["authorizations"][0]
    same((one["meters"]["meters"][0]["uid"], one["meters"]["next"], one["form_uid"], one["referrals"]),
        (meter, None, uid, [code]))
    same(w.good("GET", A + "/%s?include=meters" % authorization)["meters"]["meters"][0]["uid"], meter)
    check("meters" not in w.good("GET", A + "?referrals=" + code)["authorizations"][0], "meters without include")
    for unknown in ("nothing", "", w.submitted("theirs")[2]):
        same(w.good("GET", A + "?include=meters&referrals=" + unknown), {"authorizations": [], "next": None})


def every_field_is_there(w):
    """Each reply is held against the schemas; here, that those require each field of the documentation."""
    owned = " uid created user_email user_uid"
    status = " status status_message status_ts notes exports exports_list is_archived utility"
    wanted = {
        "Form": "updated template_uid authorization_uid is_archived disabled url customer_email utility scope" + owned,
        "Authorization": "customer_email customer_signature declined is_declined expires is_expired form_uid template_uid "
        "referrals is_test nickname revoked is_revoked scope user_status" + owned + status,
        "Meter": "authorization_uid is_activated is_expanded ongoing_monitoring bill_count bill_coverage bill_sources "
        "interval_count interval_coverage interval_sources blocks base" + owned + status,
        "Template": "updated disabled portal base_url redirect_uris company_logo company_name" + owned,
        "Event": "uid type ts delivery_method delivery_target is_delivered", "Error": "error error_description url"}
    for name, fields in wanted.items():
        same(sorted(set(fields.split()) - set(w.document["components"]["schemas"][name]["required"])), [], name)
    base = w.document["components"]["schemas"]["Meter"]["properties"]["base"]["required"]
    same(base, sorted("service_identifier service_tariff service_class service_address meter_numbers billing_contact "
                      "billing_address billing_account".split()))


def pages_follow_one_another(w):
    made = [w.good("POST", F, {"customer_email": "page@mail.test"})["uid"] for _ in range(5)]
    all_uids = ",".join(made)
    path, seen, pages = F + "?limit=2&is_archived=false&uids=%s&odd=a%%26b" % all_uids, [], 0
    while path:
        reply = w.good("GET", path)
        seen += [one["uid"] for one in reply["forms"]]
        check(len(reply["forms"]) <= 2, reply)
        path, pages = reply["next"], pages + 1
        if path:
            check(path.startswith(w.service.url + F + "?"), path)
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
            same((query["limit"], query["uids"], query["is_archived"], query["odd"], query["after"]),
                (["2"], [all_uids], ["false"], ["a&b"], [seen[-1]]))
            path = path[len(w.service.url):]
    same((seen, pages), (made[::-1], 3))
    same(w.good("GET", F + "?after=nothing")["forms"], [])


def the_next_page_is_on_the_host_that_was_called(w):
    first = w.api("GET", F + "?limit=1&access_token=" + w.tokens["ours"], None, None,
        {"Host": "meters.company.test:8443"})
    check(first.json["next"].startswith("http://meters.company.test:8443/api/v2/forms?after="), first.json["next"])
    check(w.tokens["ours"] not in first.body.decode(), "the token is in the answer")
    check(first.json["forms"][0]["url"].startswith("http://meters.company.test:8443/f/"), first.json["forms"][0]["url"])


def pages_hold_a_thousand(w):
    now, team = time.time_ns() // 1000, w.teams["theirs"]
    rows = ",".join("('%s','e%d','ping',%d)" % (team, i, now - i * SECOND) for i in range(1, 1202))
    w.service.sql("INSERT INTO events (team, uid, type, ts) VALUES " + rows)
    first = w.good("GET", "/api/v2/events", None, "theirs")
    same(len(first["events"]), 1000)
    second = w.good("GET", first["next"][len(w.service.url):], None, "theirs")
    check(second["next"] is None and 200 < len(second["events"]) < 1000, len(second["events"]))
    stamps = [one["ts"] for one in first["events"] + second["events"]]
    same(stamps, sorted(stamps, reverse=True))
    w.service.sql("DELETE FROM events WHERE uid LIKE 'e%'")


def while_it_lasts(w, path, who, between, headers=None):
    """The bytes of an answer; between(connection) is called with one of another's as long as it has not come, and says how often that was."""
    ours, theirs = [http.client.HTTPConnection("127.0.0.1", w.service.port, timeout=20 * SLOWER) for _ in range(2)]
    theirs.connect()
    ours.request("GET", path, None, dict(headers or {}, Authorization="Bearer " + w.tokens[who]))
    count = 0
    while not select.select([ours.sock], [], [], 0)[0]:
        between(theirs)
        count += 1
    reply = ours.getresponse()
    body = reply.read()
    same(reply.status, 200, body[:300])
    ours.close()
    theirs.close()
    return body, count


def is_well(connection):
    connection.request("GET", "/healthz")
    connection.getresponse().read()


def long_lists_leave_others_their_turn(w):
    """Written in slices they are byte for byte what one piece would be, and others are answered meanwhile."""
    now, team = time.time_ns() // 1000, w.teams["theirs"]
    rows = ",".join("('%s','s%04d','ConEd',%d,0,'until_revoked','updated',%d,'c%d@mail.test')" % (team, i, now - i // 3 * SECOND, now, i)
        for i in range(1, 1151))
    w.service.sql("INSERT INTO authorizations (team, uid, utility, created, updated, expires, status, status_ts, customer_email) VALUES " + rows)
    data = json.dumps({"account": "4711", "service": "electric", "name": "Zo\u00eb \"Z\" \\ \u0001\n", "address": {"street": "12 Elm"}})
    rows = ",".join("('%s','sm%04d','s%04d','ConEd','4711','electric','','%s',%d,'updated','Found.',%d,%d)" % (team, i, i, data, i, now, now - i // 3 * SECOND)
        for i in range(1, 1151))
    w.service.sql("INSERT INTO meters (team, uid, authorization, utility, account, service, search, data, key, status, status_message,"
        " status_ts, created) VALUES " + rows)
    for kind in ("authorizations", "meters"):
        pieces, path = [], "/api/v2/%s?limit=90" % kind
        while len(pieces) < 1000:
            page = w.good("GET", path, None, "theirs")
            pieces += page[kind]
            path = page["next"][len(w.service.url):]
        wanted = json.dumps({kind: pieces[:1000], "next": "%s/api/v2/%s?after=%s" % (w.service.url, kind, pieces[999]["uid"])},
            sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        most = 0
        for _ in range(5):
            body, count = while_it_lasts(w, "/api/v2/" + kind, "theirs", is_well)
            same(body.decode() == wanted, True, "the bytes of " + kind)
            most = max(most, count)
        check(most >= 3, kind, "others were answered", most, "times meanwhile")
    same(len(w.good("GET", "/api/v2/meters?limit=1000&users=nobody", None, "theirs")["meters"]), 0)
    files_leave_others_their_turn(w, ["sm%04d" % i for i in range(1, 1151)])

    def writes(connection):
        """Another's commit, which takes away what a slice may just have ended with."""
        nonlocal gone
        gone += 7
        connection.request("DELETE", "/api/v2/authorizations/s%04d" % gone, None, {"Authorization": "Bearer " + w.tokens["theirs"]})
        connection.getresponse().read()
    gone = 0
    w.service.sql("UPDATE authorizations SET is_test = 1 WHERE uid LIKE 's0%'")
    before = [one["uid"] for one in json.loads(while_it_lasts(w, "/api/v2/authorizations", "theirs", is_well)[0])["authorizations"]]
    body, count = while_it_lasts(w, "/api/v2/authorizations", "theirs", writes)
    uids = [one["uid"] for one in json.loads(body)["authorizations"]]
    taken = {"s%04d" % n for n in range(7, gone + 1, 7)}
    same((len(uids), len(set(uids))), (1000, 1000), "uids, %d deleted meanwhile" % count)
    same(sorted(set(before) - set(uids) - taken), [], "those that were there and were left out")
    w.service.sql("DELETE FROM meters WHERE uid LIKE 'sm%'")
    w.service.sql("DELETE FROM authorizations WHERE uid LIKE 's____' AND uid NOT LIKE '%-%' AND customer_email LIKE 'c%@mail.test'")


def files_leave_others_their_turn(w, uids):
    """Those of the API and of the dashboard: each row once, others answered meanwhile, also where a row goes that a slice ended with."""
    one, _ = browser.signed_in(w.service.url, "other.energy@team.test")
    cookie = "; ".join("%s=%s" % pair for pair in one.cookies.items())
    table = lambda body: [row["uid" if "uid" in row else "meter_uid"] for row in csv.DictReader(io.StringIO(body.decode(), newline=""))]
    for path, read in (("/api/v2/files/meters_csv", table), ("/dashboard/meters.csv", table),
                       ("/dashboard/meters.json", lambda body: [row["uid"] for row in json.loads(body)["meters"]])):
        most = 0
        for _ in range(5):
            body, count = while_it_lasts(w, path, "theirs", is_well, {"Cookie": cookie})
            same(sorted(uid for uid in read(body) if uid.startswith("sm")), uids, path)
            most = max(most, count)
        check(most >= 3, path, "others were answered", most, "times meanwhile")
    gone = iter(uids[99::100])

    def goes(connection):
        uid = next(gone, None)
        if uid:
            w.service.sql("DELETE FROM meters WHERE uid = ?", uid)
        is_well(connection)
    body, count = while_it_lasts(w, "/dashboard/meters.csv", "theirs", goes, {"Cookie": cookie})
    same(sorted(set(uids) - set(uids[99::100]) - set(table(body))), [], "%d times, what was left out" % count)


def filters_look_at_a_window(w):
    """A filter that no index answers looks at 50,000 rows; `next` leads on from there, and all that there are come in the end."""
    now, team = time.time_ns() // 1000, w.teams["theirs"]
    count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 52000) "
    w.service.sql(count + "INSERT INTO authorizations (team, uid, utility, created, updated, expires, status, status_ts, customer_email, declined)"
        " SELECT ?, printf('w%05d', i), 'ConEd', ? - i * 1000000, ?, 'until_revoked', 'updated', ?, '', CASE WHEN i IN (5, 9000, 51990) THEN 1 END FROM n",
        team, now, now, now)
    w.service.sql(count + "INSERT INTO meters (team, uid, authorization, utility, account, service, search, data, key, status, status_message,"
        " status_ts, created, is_activated) SELECT ?, printf('wm%05d', i), printf('w%05d', i), 'ConEd', '4711', 'electric', '', '{}', i, 'updated',"
        " 'Found.', ?, ? - i * 1000000, i IN (5, 9000, 51990) FROM n", team, now, now)
    for kind, query, prefix in (("authorizations", "is_declined=true", "w"), ("meters", "is_activated=true", "wm")):
        for limit in ("", "&limit=1", "&limit=2", "&limit=150"):
            uids, path, pages = [], "/api/v2/%s?%s%s" % (kind, query, limit), 0
            while path:
                page = w.good("GET", path, None, "theirs")
                uids += [one["uid"] for one in page[kind] if one["uid"].startswith(prefix)]
                path, pages = page["next"] and page["next"][len(w.service.url):], pages + 1
            same(uids, [prefix + "00005", prefix + "09000", prefix + "51990"], kind + limit)
            check(pages > 1, kind, limit, "in one page: no window")
        first = w.good("GET", "/api/v2/%s?%s" % (kind, query), None, "theirs")
        check(first["next"] and prefix + "51990" not in str(first), "the first page looked at all")
    w.service.sql("UPDATE meters SET search = 'seldom' WHERE uid LIKE 'wm%' AND is_activated = 1")
    one, _ = browser.signed_in(w.service.url, "other.energy@team.test")
    rows = csv.DictReader(io.StringIO(one.get("/dashboard/meters.csv?q=seldom").body, newline=""))
    same([row["uid"] for row in rows], ["wm00005", "wm09000", "wm51990"], "a file looks at all there are")
    lines = one.get("/dashboard/meters.csv?service=electric").body.count("\n")
    same(lines, 50001, "lines of a file, at most")
    w.service.sql("DELETE FROM meters WHERE uid LIKE 'wm%'")
    w.service.sql("DELETE FROM authorizations WHERE uid LIKE 'w_____'")


def uids_are_text_and_times_are_exact(w):
    form = w.good("GET", F + "/" + w.things["ours"]["forms"])
    check(isinstance(form["uid"], str), form)
    check(form["created"].endswith("+00:00") and len(form["created"]) == 32, form["created"])


def errors_have_the_envelope(w):
    """401, 403 and 404 for each endpoint: test_api_requests; here what no table reaches."""
    authorization = w.submitted()[1]
    w.service.sql("UPDATE authorizations SET is_test = 0, utility = 'ConEd' WHERE uid = ?", authorization)
    problem = w.bad(403, "forbidden", "DELETE", A + "/" + authorization)
    same(sorted(problem), ["error", "error_description", "url"])
    same(w.good("GET", A + "/" + authorization)["uid"], authorization)


def an_adapter_of_ones_own(_):
    """Without utility_id: it goes by its id. What it lacks is null in its manifest."""
    own = dict(manifests("coned")[0], id="larkspur", name="Larkspur Electric", utility_id=None, evidence=None)
    with tempfile.TemporaryDirectory(prefix="api-own-") as folder:
        service = Service(folder, [own])
        c = Api(service, {"ours": service.team("Helio Solar")})
        service.start()
        try:
            c.read_description()
            uid = c.good("POST", F, {"utility": "LarkSpur"})["uid"]
            same(c.good("GET", F + "/" + uid)["utility"], "larkspur")
            c.bad(400, "invalid_param", "POST", F, {"utility": "nobody"})
            ids = {one["id"]: one["utility_id"] for one in c.good("GET", "/api/v2/utilities")["utilities"]}
            same(ids["larkspur"], "larkspur")
            c.good("GET", "/api/experimental/utility-lookup?q=lark")
            page = service.request("GET", c.good("GET", F + "/" + uid)["url"][len(service.url):] + "?utility=larkspur")
            same(page.status, 200)
            check(b'name="utility" value="larkspur"' in page.body, page.body)
        finally:
            service.stop()


def too_many_requests(_):
    with tempfile.TemporaryDirectory(prefix="api-slow-") as folder:
        service = Service(folder, api_per_second=3)
        token, other = service.team("Fast Company"), service.cli("token", "create", "other", "--team", "Fast Company")
        service.start()
        try:
            ours = {"Authorization": "Bearer " + token}
            replies = [service.request("GET", F, None, ours) for _ in range(12)]
            check([r.status for r in replies[:3]] == [200] * 3, [r.status for r in replies])
            late = [r for r in replies if r.status == 429]
            check(late, [r.status for r in replies])
            same((late[0].headers["Retry-After"], late[0].json["error"]), ("1", "rate_limited"))
            same(service.request("GET", F, None, {"Authorization": "Bearer " + other}).status, 200, "another token")
            time.sleep(1.1)
            same(service.request("GET", F, None, ours).status, 200, "after the time it was told")
            none = [service.request("GET", F, None, {"Authorization": "Bearer guess%d" % i}).status for i in range(12)]
            check(none.count(401) >= 3 and 429 in none, "guesses of one address:", none)
            check(429 in [service.request("GET", "/api/v2/utilities").status for _ in range(5)], "without a token")
        finally:
            service.stop()


def historical_collection(w):
    _, authorization, _ = w.submitted()
    meters = [w.meter("ours", authorization), w.meter("ours", authorization)]
    _, gone, _ = w.submitted()
    lost = w.meter("ours", gone)
    w.service.sql("UPDATE authorizations SET expired = created WHERE uid = ?", gone)
    reply = w.good("POST", M + "/historical-collection", {"meters": meters + [lost, meters[0]],
        "collection_duration": 24})
    same(reply, {"success": True, "meters": meters, "collection_duration": 24})
    same(w.good("POST", M + "/historical-collection", {"meters": meters[:1]})["collection_duration"], 12)
    w.bad(400, "expired_or_revoked", "POST", M + "/historical-collection", {"meters": [lost]})
    w.bad(404, "not_found", "POST", M + "/historical-collection", {"meters": [meters[0], w.things["theirs"]["meters"]]})
    revoked = w.submitted()[1]
    was = w.meter("ours", revoked)
    w.service.sql("INSERT INTO events (team, uid, type, ts, authorization, meter) VALUES (?, ?, 'meter_created', 1, ?, ?)",
        w.teams["ours"], "e" + was, revoked, was)
    w.good("POST", A + "/%s/revoke" % revoked)
    same(w.good("POST", M + "/historical-collection", {"meters": [was, meters[0]]})["meters"], meters[:1])
    w.bad(400, "expired_or_revoked", "POST", M + "/historical-collection", {"meters": [was, lost]})
    one = w.good("GET", M + "/" + meters[0])
    same((one["is_activated"], one["status"], one["bill_count"]), (True, "updated", 0))
    types = [e["type"] for e in w.good("GET", "/api/v2/events?limit=30")["events"] if e.get("meter_uid") == meters[1]]
    same(types, ["meter_historical_collection_finished_successful", "meter_historical_collection_started"])
    same([m["uid"] for m in w.good("GET", M + "?is_activated=true&authorizations=" + authorization)["meters"]],
        meters[::-1])


def spans_go_by_the_calendar(w):
    for span in ("3y", "1m", "7d"):
        uid = w.submitted(scope={"expires": span})[1]
        one = w.good("GET", A + "/" + uid)
        begun, over = (datetime.datetime.fromisoformat(one[name]) for name in ("created", "expires"))
        if span == "7d":
            same(over - begun, datetime.timedelta(days=7))
            continue
        months = (over.year - begun.year) * 12 + over.month - begun.month
        same((months, over.time()), (36 if span == "3y" else 1, begun.time()), span)
        last = calendar.monthrange(over.year, over.month)[1]
        same(over.day, min(begun.day, last), span)


def collecting_fails_in_these_scenarios(w):
    """A meter first, then the error: those whose names end so."""
    for scenario, note in (("badlogin_after", "access_invalid"), ("websitedown_after", "bills_errored"),
            ("utilityerror_after", "bills_errored")):
        meter = w.meter("ours", w.submitted(scenario=scenario)[1])
        w.good("POST", M + "/historical-collection", {"meters": [meter]})
        one = w.good("GET", M + "/" + meter)
        same((one["status"], [n["type"] for n in one["notes"]]), ("errored", [note]), scenario)
        newest = w.good("GET", "/api/v2/events?limit=1")["events"][0]
        same((newest["type"], newest["meter_uid"]), ("meter_historical_collection_finished_errored", meter))


def the_link_of_a_form(w):
    """Also with what UtilityAPI lets one add to it."""
    for link in (w.good("POST", F)["url"], w.good("GET", "/api/v2/templates/" + w.things["ours"]["templates"])["base_url"]):
        for more in ("", "?utility=SCE&email=pat%40mail.test&state=s1&noredirect=1"):
            reply = w.service.request("GET", link[len(w.service.url):] + more)
            check(reply.status in (200, 303), link + more, reply.status, reply.body[:200])


def unknown_parameters_and_repeated_lists(w):
    uids = [w.good("POST", F)["uid"] for _ in range(2)]
    for query in ("uids=%s,%s", "uids=%s&uids=%s", "uids=%s,&utterly=unknown&uids=%s", "uids=%s%%2C%s&is_odd=true"):
        same([f["uid"] for f in w.good("GET", F + "?" + query % tuple(uids))["forms"]], uids[::-1], query)
    same(w.good("POST", F, {"utterly": "unknown", "customer_email": "a@b.test"})["customer_email"], "a@b.test")


def both_ways_to_send_the_token(w):
    for path in (F, F + "?is_archived=false"):
        w.good("GET", path + ("&" if "?" in path else "?") + "access_token=" + w.tokens["ours"], None, None)
    for header in ("bearer ", "BEARER  "):
        w.good("GET", F, None, None, headers={"Authorization": header + w.tokens["ours"]})
    w.good("POST", F + "?access_token=" + w.tokens["ours"], b"{}", None, headers=FORM)


# --- objects ------------------------------------------------------------------------------

def forms_change(w):
    form = w.good("POST", F, {"customer_email": "a@b.test", "utility": "SCE", "scope": {"expires": "until_revoked"}})
    path, authorization = F + "/" + form["uid"], w.things["ours"]["authorizations"]
    same(w.good("PATCH", path, {}), dict(form, updated=w.good("GET", path)["updated"]))
    changed = w.good("PATCH", path, {"is_archived": True, "disabled": True, "customer_email": None, "utility": "coned",
        "scope": None,
                                     "authorization_uid": authorization})
    same([changed[k] for k in ("is_archived", "disabled", "customer_email", "utility", "scope", "authorization_uid",
        "url")],
         [True, True, "", "ConEd", {}, authorization, form["url"]])
    check(changed["updated"] > form["updated"], "updated")
    for empty in (None, ""):
        same(w.good("PATCH", path, {"utility": empty, "authorization_uid": None, "disabled": False})["utility"], None)
    same(w.good("GET", path)["authorization_uid"], None)
    for name, value in (("template_uid", "nothing"), ("template_uid", w.things["theirs"]["templates"]),
        ("authorization_uid", "nothing"),
                        ("authorization_uid", w.things["theirs"]["authorizations"]), ("utility", "nothing")):
        for method, where in (("POST", F), ("PATCH", path)):
            same(w.bad(400, "invalid_param", method, where, {name: value})["param"], name)
    same(w.good("DELETE", path), {"success": True})
    w.bad(404, "not_found", "GET", path)


def a_form_that_renews(w):
    _, authorization, _ = w.submitted(customer_email="pat@mail.test")
    form = w.good("POST", F, {"authorization_uid": authorization})
    same((form["authorization_uid"], form["customer_email"], form["utility"]), (authorization, "pat@mail.test", "DEMO"))


def filters_of_forms(w):
    own = w.good("GET", F + "/" + w.things["ours"]["forms"])
    archived = w.good("POST", F)["uid"]
    w.good("PATCH", F + "/" + archived, {"is_archived": True})
    listed = lambda query, who="ours": [f["uid"] for f in w.good("GET", F + "?" + query, None, who)["forms"]]
    same(listed("is_archived=true&uids=%s,%s" % (archived, own["uid"])), [archived])
    same(listed("is_archived=false&uids=%s" % archived), [], "filters are joined by and")
    check(own["uid"] in listed("users=" + own["user_uid"]) and own["uid"] in listed("templates=" + own["template_uid"]),
        "users, templates")
    same((listed("users=nobody"), listed("templates=x,y"), listed("uids=")), ([], [], []))
    same(listed("uids=" + own["uid"], "theirs"), [], "another team's")
    check(not set(listed("")) & set(listed("", "theirs")), "teams share data requests")


def authorizations_change(w):
    _, uid, _ = w.submitted()
    path = A + "/" + uid
    same(w.good("PATCH", path, {"nickname": "Roof \u2600", "is_archived": True})["nickname"], "Roof \u2600")
    one = w.good("PATCH", path, {"nickname": None})
    same((one["nickname"], one["is_archived"]), (None, True))
    check(uid not in [a["uid"] for a in w.good("GET", A + "?is_archived=false")["authorizations"]], "archived")


def filters_of_authorizations(w):
    form, uid, code = w.submitted(utility="ConEd")
    one = w.good("GET", A + "/" + uid)
    same((one["is_test"], one["utility"], one["status"], one["user_status"], one["customer_signature"]["type"]),
         (True, "ConEd", "pending", "active", "confirmation"))
    for query in ("uids=" + uid, "forms=" + form, "templates=" + one["template_uid"], "users=" + one["user_uid"],
        "referrals=" + code, "is_test=true",
                  "utility=coned,SCE", "is_declined=false", "is_revoked=false", "is_expired=false",
                  "is_archived=false"):
        name = query.partition("=")[0]
        check(uid in [a["uid"] for a in w.good("GET", A + "?" + query)["authorizations"]], query)
        if name.startswith("is_"):
            query = name + "=" + ("false" if query.endswith("true") else "true")
        else:
            query = name + "=nothing"
        check(uid not in [a["uid"] for a in w.good("GET", A + "?" + query)["authorizations"]], query)
        if name != "uids":
            same(w.good("GET", A + "?uids=%s&%s" % (uid, query))["authorizations"], [], "and: " + query)
    for column, name in (("declined", "is_declined"), ("expired", "is_expired")):
        w.service.sql("UPDATE authorizations SET %s = 1772442944120031 WHERE uid = ?" % column, uid)
        one = w.good("GET", A + "?%s=true&uids=%s" % (name, uid))["authorizations"][0]
        same((one[name], one["user_status"]), (True, "inactive"))
    same(one["declined"], "2026-03-02T09:15:44.120031+00:00")


def revoked_is_gone(w):
    _, uid, _ = w.submitted()
    meter = w.meter("ours", uid)
    one = w.good("POST", A + "/%s/revoke" % uid)
    check(one["is_revoked"] and one["revoked"], one)
    same(one["status"], "updated", "nothing is waited for any more")
    same((one["user_status"], one["exports"], one["exports_list"]), ("inactive", {}, []))
    w.bad(404, "not_found", "GET", M + "/" + meter)
    same(w.service.sql("SELECT count(*) FROM sessions WHERE authorization = ? AND "
                       "(credentials IS NOT NULL OR state <> 'ended')", uid), [(0,)])
    same(w.good("POST", A + "/%s/revoke" % uid)["revoked"], one["revoked"], "twice")
    w.bad(400, "invalid_param", "PATCH", A + "/" + uid, {"is_archived": "true"})


def tokens_of_who_is_shut_out(w):
    same(w.good("GET", A, None, "theirs")["next"], None)
    w.service.sql("UPDATE users SET disabled = 1 WHERE team = ?", w.teams["theirs"])
    same(w.api("GET", A, None, "theirs").status, 401)
    w.service.sql("UPDATE users SET disabled = NULL WHERE team = ?", w.teams["theirs"])
    same(w.api("GET", A, None, "theirs").status, 200)


def tests_can_be_deleted(w):
    for utility in ("DEMO", "SCE"):
        _, uid, code = w.submitted(utility=utility)
        same(w.good("DELETE", A + "/" + uid), {"success": True})
        w.bad(404, "not_found", "GET", A + "/" + uid)
        same(w.good("GET", A + "?referrals=" + code)["authorizations"], [])


def scopes_on_authorizations(w):
    for given, wanted in (({}, None), ({"expires": "until_revoked"}, "until_revoked"),
        ({"expires": "2031-01-02T03:04:05Z"}, "2031-01-02T03:04:05.000000+00:00")):
        one = w.good("GET", A + "/" + w.submitted(scope=given)[1])
        check(one["expires"] == wanted or (wanted is None and one["expires"].startswith("2029")), one["expires"])
        same((one["scope"]["expires"], one["scope"]["ongoing_end"]), (one["expires"], None))
    for past in ("2020-01-01", "0001-01-01T00:00:00Z"):
        same(w.bad(400, "invalid_param", "POST", F, {"scope": {"expires": past}})["param"], "scope")


def ongoing_access(w):
    """tests/service/test_ongoing.py has how it works; here, what is answered."""
    uid = w.submitted()[1]
    nothing = {"is_kept": False, "until": None, "refreshed": None, "next_refresh": None, "is_refreshing": False}
    same(w.good("GET", A + "/" + uid)["ongoing_access"], nothing)
    w.bad(409, "not_kept", "POST", A + "/%s/refresh" % uid)
    w.keep(uid)
    one = w.good("GET", A + "/" + uid)["ongoing_access"]
    same(one, {"is_kept": True, "until": "2096-10-02T07:06:40.000000+00:00", "refreshed": "2001-09-09T01:46:40.000000+00:00",
               "next_refresh": "2065-01-24T05:20:00.000000+00:00", "is_refreshing": False})
    same(w.good("POST", A + "/%s/refresh" % uid)["ongoing_access"]["is_refreshing"], True)
    w.bad(409, "in_progress", "POST", A + "/%s/refresh" % uid)
    w.bad(404, "not_found", "POST", A + "/%s/refresh" % uid, None, "theirs")
    w.bad(404, "not_found", "DELETE", A + "/%s/sign-in" % uid, None, "theirs")
    for _ in range(2):
        same(w.good("DELETE", A + "/%s/sign-in" % uid)["ongoing_access"], nothing)
    same(w.service.sql("SELECT count(*) FROM sessions WHERE authorization = ? AND credentials IS NOT NULL", uid)[0][0], 0)


def meters_are_shaped(w):
    _, uid, _ = w.submitted()
    plain = w.good("GET", M + "/" + w.meter("ours", uid))
    same(plain["base"], {"service_identifier": "100-200", "service_tariff": "SC1", "service_class": "electric",
        "service_address": "1 Elm St, Troy, NY 01234",
                         "meter_numbers": ["E1", "E2"], "billing_contact": "Pat Doe", "billing_address": "",
                         "billing_account": "100-200"})
    same(plain["ongoing_monitoring"], {"frequency": "off", "prepay": None, "next_prepay": None, "next_refresh": None,
        "fixed_refresh_day": None})
    same((plain["blocks"], plain["is_expanded"], plain["user_email"]), (["base"], True, "helio.solar@team.test"))
    odd = w.good("GET", M + "/" + w.meter("ours", uid, meters=[], point="POD7",
        address={"line": "Somewhere 5", "city": None}, tariff=None, name=None,
                                          billing_address={"city": "Troy", "street": None}))["base"]
    same((odd["service_identifier"], odd["service_address"], odd["meter_numbers"], odd["service_tariff"],
        odd["billing_address"]),
         ("POD7", "Somewhere 5", [], "", "Troy"))


def filters_of_meters(w):
    _, uid, _ = w.submitted()
    meter = w.meter("ours", uid, service="gas")
    user = w.good("GET", M + "/" + meter)["user_uid"]
    same(w.good("PATCH", M + "/" + meter, {"is_archived": True})["is_archived"], True)
    w.good("POST", M + "/ongoing-monitoring", {"meters": [meter], "frequency": "monthly", "fixed_refresh_day": 3})
    for query, other in (("uids=" + meter, "uids=x"), ("authorizations=" + uid, "authorizations=x"),
        ("users=" + user, "users=x,y"), ("utility=demo", "utility=SCE"),
                         ("is_activated=false", "is_activated=true"), ("is_archived=true",
                             "is_archived=false"), ("is_monitored=true", "is_monitored=false"),
                         ("service_type=gas,water", "service_type=electric"), ("expand_meter_blocks=base", "uids=")):
        check(meter in [m["uid"] for m in w.good("GET", M + "?" + query)["meters"]], query)
        check(meter not in [m["uid"] for m in w.good("GET", M + "?" + other)["meters"]], other)
    same(w.good("GET", M + "?uids=" + meter, None, "theirs")["meters"], [])


def monitoring(w):
    _, uid, _ = w.submitted()
    meter = w.meter("ours", uid)
    set_to = lambda **body: w.good("POST", M + "/ongoing-monitoring", dict(body, meters=[meter]))
    same(set_to(frequency="weekly"), {"success": True, "meters": [meter], "frequency": "weekly",
        "fixed_refresh_day": None})
    same(w.good("GET", M + "/" + meter)["ongoing_monitoring"]["frequency"], "weekly")
    set_to(frequency="monthly", fixed_refresh_day=9)
    same(w.good("GET", M + "/" + meter)["ongoing_monitoring"]["fixed_refresh_day"], 9)
    set_to(prepay="month_to_month")
    same(w.good("GET", M + "/" + meter)["ongoing_monitoring"]["prepay"], "month_to_month")
    set_to(frequency="off")
    same(w.good("GET", M + "/" + meter)["ongoing_monitoring"]["frequency"], "off")
    w.bad(400, "required_param_missing", "POST", M + "/ongoing-monitoring", {"meters": [meter]})
    w.bad(400, "invalid_param", "POST", M + "/ongoing-monitoring", {"meters": [meter], "frequency": "weekly",
        "fixed_refresh_day": 9})


def bills_and_intervals_there_are_none(w):
    ours, theirs = w.things["ours"], w.things["theirs"]
    for kind in ("bills", "intervals"):
        w.bad(400, "required_param_missing", "GET", "/api/v2/" + kind)
        for query in ("meters=" + ours["meters"], "start=2026-01-01&end=2026-02-01T00:00:00Z"
                      "&order=earliest_first&limit=5&authorizations=" + ours["authorizations"]):
            reply = w.good("GET", "/api/v2/%s?%s" % (kind, query))
            same((reply[kind], reply["next"]), ([], None))
    same(w.good("GET", "/api/v2/bills?meters=nothing")["bills"], [])
    w.bad(404, "not_found", "GET", "/api/v2/intervals?meters=nothing," + theirs["meters"])
    for kind, plural in (("accounts", "billing_accounts"), ("summaries", "billing_summaries")):
        same(w.good("GET", "/api/v2/accounting/billing-" + kind), {plural: [], "next": None})
        w.bad(404, "not_found", "GET", "/api/v2/accounting/billing-%s/x" % kind)
    w.bad(404, "not_found", "GET", "/api/v2/files/latest_pdf/" + ours["meters"])


def templates_are_listed(w):
    uid = w.things["ours"]["templates"]
    one = w.good("GET", "/api/v2/templates/" + uid)
    same((one["company_name"], one["portal"], one["base_url"]), ("Helio Solar", "helio-solar",
        w.service.url + "/authorize/helio-solar"))
    for query, there in (("uids=" + uid, True), ("uids=x", False), ("disabled=false", True), ("disabled=true", False),
        ("limit=1", True)):
        same(uid in [t["uid"] for t in w.good("GET", "/api/v2/templates?" + query)["templates"]], there, query)


def events_are_listed(w):
    uid, authorization, _ = w.submitted()
    ours = [e for e in w.good("GET", "/api/v2/events")["events"] if e.get("form_uid") == uid]
    same([e["type"] for e in ours], ["authorization_update_started", "authorization_created", "form_created"])
    same((ours[0]["authorization_uid"], ours[0]["is_delivered"], ours[0]["delivery_method"]),
        (authorization, False, "webhook"))
    same(w.good("PATCH", "/api/v2/events/" + ours[0]["uid"], {"is_delivered": True})["is_delivered"], True)
    listed = lambda flag: ours[0]["uid"] in [e["uid"] for e in w.good("GET",
        "/api/v2/events?is_delivered=" + flag)["events"]]
    same((listed("true"), listed("false")), (True, False))
    same(w.good("GET", "/api/v2/events/" + ours[1]["uid"]), ours[1])


# --- made-up customers ----------------------------------------------------------------------

def every_scenario_of_the_sandbox(w):
    done = subprocess.run([PROGRAM, "sandbox", "--list"], capture_output=True, text=True, check=True, timeout=30 * SLOWER)
    names = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    check(len(names) > 25, names)
    for name in names + ["nointervals", "partialintervals", "pending_manual_after", "wait_to_login_after"]:
        _, uid, _ = w.submitted(scenario=name)
        same(w.good("GET", A + "/" + uid)["is_test"], True, name)
    one = w.good("GET", A + "/" + w.submitted(scenario="revoked")[1])
    same(one["is_revoked"], True)
    uid = w.good("POST", F)["uid"]
    same(w.bad(400, "invalid_param", "POST", F + "/%s/test-submit" % uid,
        {"utility": "DEMO", "scenario": "nonsense"})["param"], "scenario")
    same(w.bad(400, "invalid_param", "POST", F + "/%s/test-submit" % uid,
        {"utility": "nothing", "scenario": "empty"})["param"], "utility")


def no_utility_sees_a_made_up_customer(w):
    _, uid, _ = w.submitted(utility="coned", scenario="badlogin")
    same(w.good("GET", A + "/" + uid)["utility"], "ConEd")
    same(w.service.sql("SELECT utility FROM sessions WHERE authorization = ?", uid), [("demo",)])


def what_cannot_be_submitted(w):
    uid, _, _ = w.submitted()
    body = {"utility": "DEMO", "scenario": "residential"}
    w.bad(409, "in_progress", "POST", F + "/%s/test-submit" % uid, body)
    w.service.sql("UPDATE sessions SET state = 'ended'")
    w.good("POST", F + "/%s/test-submit" % uid, body)
    other = w.good("POST", F)["uid"]
    w.good("PATCH", F + "/" + other, {"disabled": True})
    w.bad(409, "disabled", "POST", F + "/%s/test-submit" % other, body)
    w.service.sql("UPDATE forms SET disabled = 0, expires = 1 WHERE uid = ?", other)
    w.bad(409, "expired", "POST", F + "/%s/test-submit" % other, body)


# --- ours --------------------------------------------------------------------------------------

def utilities_need_no_token(w):
    listed = w.good("GET", "/api/v2/utilities", None, None)["utilities"]
    same([(u["id"], u["utility_id"]) for u in listed], [("coned", "ConEd"), ("demo", "DEMO"), ("sce", "SCE")])
    same([c["name"] for c in listed[0]["credentials"]], ["username", "password"])
    look = lambda query: w.good("GET", "/api/experimental/utility-lookup?" + query, None, None)["utilities"]
    same(look("q=EDISON&include_unsupported=false"), [{"name": u["name"], "id": u["utility_id"],
        "third_party_registration": ""}
                                                      for u in listed if "edison" in u["name"].lower()])
    same((look("q=%25"), len(look("")), len(look("q=sce"))), ([], 3, 1))


def ask(w, uid, **challenge):
    """As if its session had met this question."""
    whole = dict({"id": "c-1", "kind": "otp", "prompt": "Enter the code", "medium": "sms", "dest": "(***) ***-0142",
        "digits": 6, "tries_left": 3}, **challenge)
    w.service.sql("UPDATE sessions SET state = 'waiting', challenge = ?, challenge_id = ?, challenge_until = ?,"
                  " parked = x'00' WHERE authorization = ?",
                  json.dumps(whole), whole["id"], time.time_ns() // 1000 + 600 * SECOND, uid)
    return whole


def a_question_is_answered(w):
    _, uid, _ = w.submitted(scenario="mfa_sms")
    path = A + "/%s/challenge" % uid
    same(w.good("GET", path), {"state": "working", "challenge": None, "error": None, "note": None})
    w.bad(409, "answered", "POST", path, {"id": "c-1", "answer": "424242"})
    challenge = ask(w, uid)
    same(w.good("GET", path), {"state": "code", "challenge": challenge, "error": None, "note": None})
    w.bad(409, "other", "POST", path, {"id": "c-0", "answer": "424242"})
    w.bad(400, "required_param_missing", "POST", path, {"id": "c-1"})
    same(w.good("POST", path, {"id": "c-1", "answer": "CANARY-424242"}), {"success": True})
    again = w.api("POST", path, {"id": "c-1", "answer": "424242"})
    check(again.status == 409 and again.json["error"] in ("answered", "over"), "given once:", again.body)
    for value in (True, {"choice": "sms"}, {"fields": {"pet": "Biscuit"}}, {"resend": True}):
        ask(w, uid)
        w.good("POST", path, json.dumps({"id": "c-1", "answer": value}).encode(), headers=FORM)
    w.service.sql("UPDATE sessions SET state = 'ended', challenge = NULL WHERE authorization = ?", uid)
    w.bad(409, "over", "POST", path, {"id": "c-1", "answer": "424242"})


def a_question_that_is_too_old(w):
    _, uid, _ = w.submitted(scenario="mfa_sms")
    ask(w, uid)
    w.service.sql("UPDATE sessions SET challenge_until = ? WHERE authorization = ?", time.time_ns() // 1000 - 1, uid)
    problem = w.api("POST", A + "/%s/challenge" % uid, {"id": "c-1", "answer": "1"})
    check(problem.status == 409 and problem.json["error"] in ("expired", "over"), problem.body)


def an_error_is_told_without_evidence(w):
    _, uid, _ = w.submitted()
    w.service.sql("UPDATE sessions SET state = 'ended' WHERE authorization = ?", uid)
    w.service.sql("UPDATE authorizations SET status = 'errored', error = ? WHERE uid = ?",
                  json.dumps({"code": "auth.credentials", "owner": "user", "retry": "after_user", "message": "Wrong.",
                      "script": "demo.lua:5",
                              "evidence": {"page": "SECRET PAGE"}}), uid)
    same(w.good("GET", A + "/%s/challenge" % uid), {"state": "failed", "challenge": None, "note": None, "error": {
        "code": "auth.credentials", "owner": "user", "retry": "after_user", "message": "Wrong."}})


def the_same_key_does_it_once(w):
    key = {"Idempotency-Key": "order-7"}
    first, second = [w.api("POST", F, {"customer_email": "a@b.test"}, headers=key) for _ in range(2)]
    same((first.status, second.status, first.body), (200, 200, second.body))
    same((first.headers["Idempotent-Replayed"], second.headers["Idempotent-Replayed"]), (None, "true"))
    w.bad(409, "idempotency_key_reused", "POST", F, {"customer_email": "c@d.test"}, headers=key)
    w.bad(409, "idempotency_key_reused", "POST", "/api/v2/tokens", {"name": "a"}, headers=key)
    check(w.good("POST", F, {"customer_email": "a@b.test"}, "theirs", headers=key)["uid"] != first.json["uid"],
        "another team's key")
    shown = [w.good("POST", "/api/v2/tokens", {"name": "a"}, headers={"Idempotency-Key": "t"})["token"] for _ in range(2)]
    same(shown[0], shown[1])
    w.canaries = [shown[0].encode()]
    w.service.sql("UPDATE idempotency SET created = created - ?", 86401 * SECOND)
    check(w.good("POST", F, {"customer_email": "a@b.test"}, headers=key)["uid"] != first.json["uid"], "after a day")


def the_same_key_at_the_same_time(w):
    def post(_):
        connection = http.client.HTTPConnection("127.0.0.1", w.service.port, timeout=20 * SLOWER)
        connection.request("POST", F, b"{}", {"Authorization": "Bearer " + w.tokens["ours"], "Idempotency-Key": "at once"})
        reply = json.loads(connection.getresponse().read())
        connection.close()
        return reply["uid"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        same(len(set(pool.map(post, range(24)))), 1)


def a_failure_keeps_no_key(w):
    key = {"Idempotency-Key": "later"}
    uid, _, _ = w.submitted()
    body = {"utility": "DEMO", "scenario": "residential"}
    w.bad(409, "in_progress", "POST", F + "/%s/test-submit" % uid, body, headers=key)
    w.service.sql("UPDATE sessions SET state = 'ended'")
    w.good("POST", F + "/%s/test-submit" % uid, body, headers=key)


def other_answers_are_other_requests(w):
    _, uid, _ = w.submitted(scenario="mfa_sms")
    ask(w, uid)
    path, key = A + "/%s/challenge" % uid, {"Idempotency-Key": "answer-1"}
    for _ in range(2):
        w.good("POST", path, {"id": "c-1", "answer": "111111"}, headers=key)
    w.bad(409, "idempotency_key_reused", "POST", path, {"id": "c-1", "answer": "222222"}, headers=key)


def webhooks_live(w):
    hook = w.good("POST", "/api/v2/webhooks", {"url": "https://hooks.test/a?b=c", "types": ["form_created"],
        "secret": "CANARY-secret-of-hook"})
    path = "/api/v2/webhooks/" + hook["uid"]
    same((hook["secret"], hook["types"], hook["disabled"]), ("CANARY-secret-of-hook", ["form_created"], False))
    same(w.good("GET", path), {k: v for k, v in hook.items() if k != "secret"})
    check("secret" not in json.dumps(w.good("GET", "/api/v2/webhooks")), "a secret is shown again")
    made = w.good("POST", "/api/v2/webhooks", {"url": "http://127.0.0.1:9/in"})
    check(len(made["secret"]) >= 32 and made["types"] == [], made)
    for url in ("http://hooks.test/", "http://127.0.0.1:90/in", "http://127.0.0.1:9@evil.test/"):
        same(w.bad(400, "invalid_param", "POST", "/api/v2/webhooks", {"url": url})["param"], "url", url)
    same(w.bad(400, "invalid_param", "POST", "/api/v2/webhooks", {"url": "https://a.test",
        "types": ["meters.updated"]})["param"], "types")
    same(w.good("PATCH", path, {"types": [], "url": "https://hooks.test/b"})["url"], "https://hooks.test/b")
    same(w.good("PATCH", path, {"secret": "another secret of it"})["secret"], "another secret of it")
    same(w.good("DELETE", "/api/v2/webhooks/" + made["uid"]), {"success": True})
    w.bad(404, "not_found", "GET", "/api/v2/webhooks/" + made["uid"])


def webhooks_ping_and_replay(w):
    hook = w.good("POST", "/api/v2/webhooks", {"url": "http://127.0.0.1:9/in", "types": ["form_created"]})
    path = "/api/v2/webhooks/" + hook["uid"]
    ping = w.good("POST", path + "/ping")["event"]
    event = w.good("GET", "/api/v2/events/" + ping)
    same((event["type"], event["delivery_target"]), ("ping", "http://127.0.0.1:9/in"))
    w.good("PATCH", "/api/v2/events/" + ping, {"is_delivered": True})
    w.good("POST", F)
    mine = [e["uid"] for e in w.good("GET", "/api/v2/events?limit=5")["events"] if e["delivery_target"] == hook["url"]
        and e["type"] == "form_created"]
    same(len(mine), 1)
    same(w.good("POST", path + "/replay"), {"success": True, "events": mine})
    same(w.good("POST", path + "/replay", {"events": [ping, w.things["theirs"]["events"], "nothing"]})["events"],
        [ping])
    same(w.good("GET", "/api/v2/events/" + ping)["is_delivered"], False)
    same(sorted(w.good("POST", path + "/replay", {"since": "2026-01-01T00:00:00Z"})["events"]), sorted(mine + [ping]))
    same(w.good("POST", path + "/replay", {"since": "2036-01-01T00:00:00Z"})["events"], [])
    w.good("PATCH", path, {"disabled": True})
    for verb in ("/ping", "/replay"):
        w.bad(409, "disabled", "POST", path + verb)
    w.good("DELETE", path)


def tokens_live(w):
    made = w.good("POST", "/api/v2/tokens", {"name": "CANARY-name", "scopes": ["read"],
        "expires": "2036-01-01T00:00:00Z"})
    check(made["token"].startswith(made["start"]) and len(made["token"]) > 30, made)
    same((made["scopes"], made["expires"], made["revoked"]), (["read"], "2036-01-01T00:00:00.000000+00:00", None))
    listed = w.good("GET", "/api/v2/tokens", None, made["token"])
    check(made["token"] not in json.dumps(listed) and made["uid"] in [t["uid"] for t in listed["tokens"]], "the list")
    w.bad(403, "forbidden", "POST", "/api/v2/tokens", {"name": "more"}, made["token"])
    w.bad(403, "forbidden", "POST", "/api/v2/tokens", {"name": "more", "scopes": ["read", "operator"]})
    same(w.bad(400, "invalid_param", "POST", "/api/v2/tokens", {"name": "past",
        "expires": "2020-01-01T00:00:00Z"})["param"], "expires")
    same(w.good("POST", "/api/v2/tokens", {"name": "all"})["scopes"], ["read", "write"])
    same(w.good("DELETE", "/api/v2/tokens/" + made["uid"]), {"success": True})
    w.bad(401, "unauthorized", "GET", F, None, made["token"])
    w.bad(404, "not_found", "DELETE", "/api/v2/tokens/nothing")


def adapters_reload_and_roll_back(w):
    one = [a for a in w.good("GET", "/api/v2/adapters")["adapters"] if a["id"] == "sce"][0]
    same((one["version"], one["before"], [v["version"] for v in one["versions"]]),
        ("sce-v2", "sce-v1", ["sce-v2", "sce-v1"]))
    same(w.good("POST", "/api/v2/adapters/reload", None, "operator"), {"success": True})
    back = w.good("POST", "/api/v2/adapters/sce/rollback", None, "operator")
    same((back["version"], back["before"], back["pinned"]), ("sce-v1", "sce-v2", True))
    w.bad(409, "no_version", "POST", "/api/v2/adapters/sce/rollback", {"version": "sce-v1"}, "operator")
    w.bad(409, "no_version", "POST", "/api/v2/adapters/sce/rollback", {"version": "coned-v1"}, "operator")
    w.bad(404, "not_found", "POST", "/api/v2/adapters/nothing/rollback", None, "operator")
    same(w.good("POST", "/api/v2/adapters/sce/rollback", {"version": "sce-v2"}, "operator")["version"], "sce-v2")


def standing(one):
    return {v["version"]: v["state"] for v in one["versions"]}


def policy_is_set(w, at):
    """Over the adapter's own and back to it, for new sessions; by who may, and to a word that there is."""
    own = w.good("GET", at)["own_policy"]
    other = "relay" if own == "turn_off" else "turn_off"
    of_utility = lambda: [u["mfa"]["policy"] for u in w.good("GET", "/api/v2/utilities")["utilities"] if u["id"] == "sce"]
    w.bad(403, "forbidden", "POST", at + "/policy", {"policy": other})
    w.bad(400, "required_param_missing", "POST", at + "/policy", {}, "operator")
    for wrong in ("", "off", True, ["relay"]):
        same(w.bad(400, "invalid_param", "POST", at + "/policy", {"policy": wrong}, "operator")["param"], "policy")
    w.bad(404, "not_found", "POST", "/api/v2/adapters/nothing/policy", {"policy": other}, "operator")
    same(of_utility(), [own], "after what was refused")
    one = w.good("POST", at + "/policy", {"policy": other}, "operator")
    same((one["policy"], one["own_policy"], of_utility()), (other, own, [other]))
    same(w.service.sql("SELECT who FROM settings WHERE name = 'mfa:sce'")[0][0][:6], "token:")
    one = w.good("POST", at + "/policy", {"policy": None}, "operator")
    same((one["policy"], of_utility()), (own, [own]))


def adapters_are_operated(w):
    """Paused, shared, released and retired, by who may and in words that the audit log keeps."""
    at = "/api/v2/adapters/sce"
    w.service.sql("UPDATE versions SET held = 0 WHERE utility = 'sce'")
    one = w.good("GET", at)
    same((standing(one), one["trial"], one["retired"]), ({"sce-v2": "live", "sce-v1": "kept"}, None, None))
    w.bad(400, "required_param_missing", "POST", at + "/pause", {}, "operator")
    same(w.good("POST", at + "/pause", {"reason": "SCE rests until noon."}, "operator")["paused"], "SCE rests until noon.")
    same([u["paused"] for u in w.good("GET", "/api/v2/utilities")["utilities"] if u["id"] == "sce"], ["SCE rests until noon."])
    same(w.good("POST", at + "/resume", None, "operator")["paused"], None)
    w.bad(400, "invalid_param", "POST", at + "/share", {"share": 101}, "operator")
    same(w.good("POST", at + "/share", {"share": 20}, "operator")["canary_share"], 20)
    same(w.good("POST", at + "/share", {"share": 0}, "operator")["canary_share"], 0)
    policy_is_set(w, at)
    w.bad(409, "not_held", "POST", at + "/release", {"version": "sce-v1"}, "operator")
    same(standing(w.good("POST", at + "/rollback", None, "operator")), {"sce-v1": "live", "sce-v2": "held"})
    same(standing(w.good("POST", at + "/release", {"version": "sce-v2"}, "operator")), {"sce-v1": "live", "sce-v2": "kept"})
    w.bad(409, "not_held", "POST", at + "/release", {"version": "nothing"}, "operator")
    w.service.sql("UPDATE adapters SET canary = 'sce-v2', share = 30 WHERE utility = 'sce'")
    w.good("POST", at + "/share", {"share": 40}, "operator")
    w.service.sql("INSERT INTO settings (name, value, changed) VALUES ('trial:sce', ?, 0)",
        json.dumps({"version": "sce-v2", "good": 4, "failed": 1, "live_good": 9, "live_failed": 0, "since": 1700000000000000}))
    one = w.good("GET", at)
    same((one["canary"], one["share"], standing(one)["sce-v2"]), ("sce-v2", 40, "canary"))
    same([one["trial"][k] for k in ("good", "failed", "live_good", "live_failed")], [4, 1, 9, 0], one["trial"])
    w.bad(409, "in_folder", "POST", "/api/v2/adapters/demo/retire", None, "operator")
    uid, authorization, _ = w.submitted()
    w.keep(authorization)
    w.service.sql("UPDATE kept SET utility = 'sce' WHERE authorization = ?", authorization)
    one = w.good("POST", at + "/retire", None, "operator")
    check(one["retired"] and one["canary"] is None, one)
    w.bad(409, "retired", "POST", at + "/pause", {"reason": "Once more."}, "operator")
    w.bad(409, "retired", "POST", at + "/policy", {"policy": None}, "operator")
    check("sce" in [a["id"] for a in w.good("GET", "/api/v2/adapters")["adapters"]], "it is not in the list of adapters")
    check("sce" not in [u["id"] for u in w.good("GET", "/api/v2/utilities")["utilities"]], "it is in the list of utilities")
    same([u for u in w.good("GET", "/api/experimental/utility-lookup?q=edison")["utilities"] if u["id"] == "SCE"], [])
    w.bad(400, "invalid_param", "POST", "/api/v2/forms", {"utility": "SCE"})
    reply = w.service.request("GET", "/help/sce")
    same((reply.status, reply.headers["Location"]), (303, "/help/mfa"))
    until = time.monotonic() + 10 * SLOWER
    while w.service.sql("SELECT count(*) FROM kept WHERE authorization = ?", authorization)[0][0]:
        check(time.monotonic() < until, "its sign-in is still kept")
        time.sleep(0.05)
    whats = [row[0] for row in w.service.sql("SELECT what FROM audit WHERE target = 'adapter:sce' ORDER BY ts")]
    for what in ("pause", "resume", "share", "policy", "rollback", "release", "retire"):
        check("adapter." + what in whats, what, whats)
    w.bad(404, "not_found", "GET", "/api/v2/adapters/nothing")


class Stream:
    def __init__(self, w, who):
        self.connection = http.client.HTTPConnection("127.0.0.1", w.service.port, timeout=10 * SLOWER)
        self.connection.request("GET", "/api/v2/events/stream", headers={"Authorization": "Bearer " + w.tokens.get(who, who)})
        self.reply = self.connection.getresponse()

    def next(self):
        """The next message; comments and `retry` are none."""
        while True:
            line = self.reply.readline().decode().strip()
            if line.startswith("data: "):
                return json.loads(line[6:])

    def ends(self, seconds=1.0):
        """Waits for its end, so long at most."""
        self.connection.sock.settimeout(seconds * SLOWER)
        try:
            while self.reply.readline():
                pass
        except TimeoutError:
            raise Failed("the stream goes on") from None

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def a_stream_of_what_happens(w):
    ours, theirs = Stream(w, "ours"), Stream(w, "theirs")
    same((ours.reply.status, ours.reply.headers["Content-Type"]), (200, "text/event-stream"))
    w.succeeded.add(("get", "/api/v2/events/stream"))
    uid, other = w.good("POST", F)["uid"], w.good("POST", F, None, "theirs")["uid"]
    same((ours.next()["form"], theirs.next()["form"]), (uid, other))
    ours.close()
    theirs.close()


def a_stream_ends_with_its_token(w):
    """Within a second: taken away here, by a command beside us, or by time."""
    now = lambda: time.time_ns() // 1000
    owner = w.service.sql("SELECT user FROM tokens WHERE team = ? LIMIT 1", w.teams["ours"])[0][0]
    ways = {"revoked by the API": lambda uid: w.good("DELETE", "/api/v2/tokens/" + uid),
            "revoked by a command": lambda uid: w.service.cli("token", "revoke", uid),
            "expired": lambda uid: w.service.sql("UPDATE tokens SET expires = ? WHERE uid = ?", now() - 1, uid),
            "its maker shut out": lambda uid: w.service.sql("UPDATE users SET disabled = 1 WHERE uid = ?", owner)}
    other = Stream(w, "theirs")
    for way, take in ways.items():
        made = w.good("POST", "/api/v2/tokens", {"name": "stream"})
        stream = Stream(w, made["token"])
        same(stream.reply.status, 200, way)
        try:
            take(made["uid"])
            stream.ends(1.3 if way != "revoked by the API" else 0.5)
        except Failed as problem:
            raise Failed(way + ": " + str(problem)) from None
        finally:
            w.service.sql("UPDATE users SET disabled = NULL WHERE uid = ?", owner)
            stream.connection.close()
    uid = w.good("POST", F, None, "theirs")["uid"]
    same(other.next()["form"], uid, "another token's goes on")
    other.close()


def tables_hold_no_formulas(w):
    _, uid, _ = w.submitted()
    odd = ["=1+1", "+1", "-1", "@sum", "\t=1", " =1", "a,b", 'say "x"', "two\nlines"]
    for text in odd:
        w.meter("ours", uid, name=text, tariff=text)
    link = w.good("GET", A + "/" + uid)["exports"]["meters_csv"]
    reply = w.api("GET", link[len(w.service.url):])
    rows = list(csv.DictReader(io.StringIO(reply.body.decode(), newline="")))
    same(len(rows), len(odd))
    for row in rows:
        for cell in row.values():
            check(cell.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n"), repr(cell))
    same([r["billing_contact"] for r in rows][::-1], ["'" + t for t in odd[:6]] + odd[6:])
    same((rows[0]["meter_numbers"], rows[0]["utility"], rows[0]["service_address"]),
        ("E1 E2", "DEMO", "1 Elm St, Troy, NY 01234"))
    same(w.api("GET", "/api/v2/files/meters_csv?authorizations=" + uid, None, "theirs").body.decode().count("\n"), 1)
    same(w.api("GET", "/api/v2/files/meters_csv?accounts=" + uid).body, reply.body)
    for name in ("meters_bills_csv", "intervals_csv", "meters_lineitems_csv"):
        same(w.api("GET", "/api/v2/files/%s?meters=x" % name).body.decode().count("\n"), 1)
    same(zipfile.ZipFile(io.BytesIO(w.api("GET", "/api/v2/files/meters_bills_zip?meters=x").body)).namelist(), [])


def tariffs_are_known(w):
    """Each that a meter has, once, with how many have it; of one's own meters alone, and more of them than a slice holds."""
    of = lambda query, who="ours": [(t["utility"], t["service_class"], t["service_tariff"], t["meter_count"])
        for t in w.good("GET", "/api/v2/files/known_tariffs_json?" + query, None, who)["tariffs"]]
    _, uid, _ = w.submitted()
    same(of("authorizations=" + uid), [], "without meters")
    for n in range(205):
        w.meter("ours", uid, tariff="SC1" if n % 2 else "SC2", service="gas" if n == 0 else "electric")
    for tariff in ("", None):
        w.meter("ours", uid, tariff=tariff)
    named = w.meter("ours", uid, tariff='Time of use, "EV"')
    all_of_it = [("DEMO", "electric", "SC1", 102), ("DEMO", "electric", "SC2", 102), ("DEMO", "electric", 'Time of use, "EV"', 1),
                 ("DEMO", "gas", "SC2", 1)]
    same(of("authorizations=" + uid), all_of_it)
    same(of("accounts=" + uid), all_of_it)
    same(of("meters=" + named), all_of_it[2:3])
    same(of("authorizations=" + uid, "theirs"), [], "another team's")
    check(set(t[:3] for t in all_of_it) <= set(t[:3] for t in of("")), of(""))
    reply = w.api("GET", "/api/v2/files/known_tariffs_json?meters=x")
    same(reply.json, {"tariffs": []})
    check("known_tariffs.json" in reply.headers["Content-Disposition"], reply.headers.items())
    w.bad(401, "unauthorized", "GET", "/api/v2/files/known_tariffs_json", None, None)
    w.good("POST", A + "/%s/revoke" % uid)
    same(of("authorizations=" + uid), [], "revoked")


def a_link_is_mailed_again(w):
    mails = lambda uid: w.service.sql("SELECT recipient, text FROM mails WHERE form = ?", uid)
    form = w.good("POST", F, {"customer_email": "pat@mail.test", "utility": "SCE"})
    same(w.good("POST", F + "/%s/resend" % form["uid"])["form"], form, "it was not mailed before")
    again = w.good("POST", F + "/%s/resend" % form["uid"])["form"]
    check(again["uid"] != form["uid"] and again["customer_email"] == "pat@mail.test" and again["utility"] == "SCE", again)
    same(mails(again["uid"])[0][0], "pat@mail.test")
    check(again["url"] in mails(again["uid"])[0][1], "the link")
    over, authorization, _ = w.submitted(customer_email="kim@mail.test")
    w.service.sql("UPDATE sessions SET state = 'ended' WHERE authorization = ?", authorization)
    w.service.sql("UPDATE authorizations SET status = 'errored' WHERE uid = ?", authorization)
    again = w.good("POST", F + "/%s/resend" % over)["form"]
    check(again["uid"] != over and again["customer_email"] == "kim@mail.test" and again["utility"] == "DEMO", again)
    check(again["url"] in mails(again["uid"])[0][1], "the new link")
    same(w.good("GET", F + "/" + over)["disabled"], True)
    w.bad(409, "disabled", "POST", F + "/%s/resend" % over)
    middle, _, _ = w.submitted()
    w.bad(409, "no_email", "POST", F + "/%s/resend" % middle)
    same(w.good("POST", F + "/%s/resend" % middle, {"customer_email": "sam@mail.test"})["form"]["uid"], middle,
        "in the middle, the same link")
    same((mails(middle)[0][0], w.good("GET", F + "/" + middle)["customer_email"]), ("sam@mail.test", "sam@mail.test"))


def the_description_is_whole(w):
    ids = [operation["operationId"] for _, _, operation in w.operations()]
    same(len(ids), len(set(ids)), "operationId")
    text = json.dumps(w.document)
    for part in text.split('"$ref": "')[1:]:
        check(w.checker.resolve(part.partition('"')[0]), part[:60])
    same((w.document["openapi"], w.document["servers"]), ("3.1.0", [{"url": "/"}]))
    for method, path, operation in w.operations():
        named = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
        same(["{%s}" % n for n in named], [part for part in path.split("/") if part.startswith("{")], path)
    page = w.good("GET", "/openapi.json", None, None)
    same(sorted(page["paths"]), sorted(w.document["paths"]))


def secrets_are_nowhere(w):
    """What was sent above with CANARY in it: not in the store's files, not in the log."""
    w.service.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in os.listdir(w.service.folder):
        path = os.path.join(w.service.folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                text = file.read()
            for canary in (b"CANARY-424242", b"CANARY-secret", w.tokens["ours"].encode(), b"UAPI_TEST_", *w.canaries):
                check(canary not in text, name, canary)


def every_endpoint_was_seen_to_work(w):
    missing = {(method.lower(), path) for method, path, _ in w.operations()} - w.succeeded
    same(sorted(missing), [("get", "/api/v2/accounting/billing-accounts/{uid}"),
        ("get", "/api/v2/accounting/billing-summaries/{uid}"),
                           ("get", "/api/v2/files/latest_pdf/{uid}")])


TESTS = [a_form_without_a_body, json_that_calls_itself_a_form, test_submit_gives_a_referral,
         meters_inside_of_authorizations, every_field_is_there, pages_follow_one_another,
         the_next_page_is_on_the_host_that_was_called, pages_hold_a_thousand, long_lists_leave_others_their_turn,
         filters_look_at_a_window, uids_are_text_and_times_are_exact, errors_have_the_envelope, an_adapter_of_ones_own,
         too_many_requests, historical_collection, spans_go_by_the_calendar, collecting_fails_in_these_scenarios, the_link_of_a_form,
         unknown_parameters_and_repeated_lists, both_ways_to_send_the_token, forms_change, a_form_that_renews,
         filters_of_forms, authorizations_change, filters_of_authorizations, revoked_is_gone, tests_can_be_deleted, tokens_of_who_is_shut_out,
         scopes_on_authorizations, ongoing_access, meters_are_shaped, filters_of_meters, monitoring, bills_and_intervals_there_are_none,
         templates_are_listed, events_are_listed, every_scenario_of_the_sandbox, no_utility_sees_a_made_up_customer,
         what_cannot_be_submitted, utilities_need_no_token, a_question_is_answered, a_question_that_is_too_old,
         an_error_is_told_without_evidence, the_same_key_does_it_once, the_same_key_at_the_same_time, a_failure_keeps_no_key,
         other_answers_are_other_requests, webhooks_live, webhooks_ping_and_replay, tokens_live,
         adapters_reload_and_roll_back, a_stream_of_what_happens, a_stream_ends_with_its_token, tables_hold_no_formulas, tariffs_are_known, a_link_is_mailed_again,
         adapters_are_operated,
         the_description_is_whole, secrets_are_nowhere, every_endpoint_was_seen_to_work]


if __name__ == "__main__":
    sys.exit(run(TESTS))
