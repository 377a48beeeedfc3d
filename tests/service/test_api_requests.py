#!/usr/bin/python3
"""The API's checks, endpoint by endpoint and field by field, as /openapi.json describes them.

Absent, of another type, too long, not UTF-8, another team's, with tokens that are none: nothing of it changes anything.
Prints one line a test."""
import http.client
import json
import os
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import SLOWER
from world import Failed, World, check, quoted, same

WRONG = {"string": [7, True, ["x"], {"a": 1}], "boolean": ["true", 1, 0, [], {}], "integer": ["1", 1.5, True, []],
    "array": ["a", 1, {}, True],
         "object": ["a", 1, [], True], "null": []}
WRONG_QUERY = {"boolean": ["yes", "1", "TRUE", "true,true", ""], "integer": ["x", "1.5", "0x10", "-1",
    "99999999999999999999"]}


def kinds_of(schema):
    kinds = schema.get("type")
    return kinds if isinstance(kinds, list) else [kinds]


def wrong_values(schema):
    """Values that are not such."""
    kinds, out = kinds_of(schema), []
    for value in (None, 7, "x", True, ["x"], {"a": 1}, 1.5):
        name = {type(None): "null", int: "integer", str: "string", bool: "boolean", list: "array", dict: "object",
            float: "number"}[type(value)]
        if name not in kinds:
            out.append(value)
    if "enum" in schema:
        out.append("no such word")
    if "maxLength" in schema:
        out += ["x" * (schema["maxLength"] + 1), "\u00e9" * (schema["maxLength"] + 1)]
    if schema.get("pattern"):
        out += ["a\u0000b", "a\nb", "a\u007fb"]
    if schema.get("minLength"):
        out.append("")
    if schema.get("format") in ("email", "email-or-empty"):
        out += ["nobody", "a@b@c", "a b@c.test", "<a@b.test>"]
    if schema.get("format") == "uri":
        out += ["ftp://a.test/", "//a.test", "https://", "https://user:word@a.test/", "https://a.test/ b",
            "javascript:alert(1)"]
    if schema.get("format") == "date-time":
        out += ["yesterday", "2026-01-01 10:00:00Z", "2026-01-01", "2026-13-01T10:00:00Z", "2026-01-01T10:00:00"]
    if schema.get("format") == "expiry":
        out += ["3 years", "0d", "-1d", "forever"]
    if "x-maxBytes" in schema:
        out += [{"a": "x" * schema["x-maxBytes"]}, {"a": ["xxxx"] * (schema["x-maxBytes"] // 4)}]
    if "minimum" in schema:
        out.append(schema["minimum"] - 1)
    if schema.get("maximum"):
        out += [schema["maximum"] + 1, 2 ** 63 - 1]
    if "array" in kinds:
        out += [[one] for one in wrong_values(schema["items"])]
        if schema.get("maxItems"):
            out.append(["a"] * (schema["maxItems"] + 1))
        if schema.get("minItems"):
            out.append([])
    if "object" in kinds:
        for name, field in schema.get("properties", {}).items():
            out += [{name: one} for one in wrong_values(field)]
    return out


def body_schema(w, operation):
    body = operation.get("requestBody")
    return w.checker.resolve(body["content"]["application/json"]["schema"]["$ref"]) if body else None


def sample(w, schema):
    """A body with each field that is required."""
    out = {}
    for name in schema.get("required", []):
        field = schema["properties"][name]
        out[name] = {"url": "https://hooks.test/y", "meters": [w.things["ours"]["meters"]], "utility": "DEMO",
            "scenario": "residential", "id": "c1",
                     "answer": "123456", "name": "x", "version": "v", "reason": "x", "share": 5}.get(name) or field["enum"][0]
    return out


def who_for(operation):
    return {"operator": "operator"}.get(operation.get("x-scope"), "ours")


def tokens_that_are_none(w):
    for method, path, operation in w.operations():
        if operation.get("security") == []:
            continue
        path = w.filled(path)
        for who in (None, "mk_nothing", "expired", "revoked", w.tokens["ours"][:-1], w.tokens["ours"] + "x", "x" * 5000,
            "a b"):
            w.bad(401, "unauthorized", method, path, None, who)
            if who:
                w.bad(401, "unauthorized", method, path + "?access_token=" + quoted(w.tokens.get(who, who)), None, None)
        reply = w.api(method, path, None, None, {"Authorization": "Basic " + w.tokens["ours"]})
        same(reply.status, 401, "Basic")
        same(reply.headers["WWW-Authenticate"], "Bearer")


def rights_that_a_token_has_not(w):
    count = 0
    for method, path, operation in w.operations():
        if operation.get("x-scope") in ("write", "operator"):
            w.bad(403, "forbidden", method, w.filled(path), None, "reader")
            count += 1
        if operation.get("x-scope") == "operator":
            w.bad(403, "forbidden", method, w.filled(path), None, "ours")
    check(count > 15, count)


def uids_of_nobody(w):
    for method, path, operation in w.operations():
        if "{uid}" not in path or "adapters" in path:
            continue
        schema = body_schema(w, operation)
        body = sample(w, schema) if schema else None
        theirs = w.filled(path, "theirs")
        for there in (theirs, path.replace("{uid}", "nothing"), path.replace("{uid}", "x" * 3000),
            path.replace("{uid}", "%27%20OR%201%3D1"),
                      path.replace("{uid}", "a%2Fb%3F"), path.replace("{uid}", "%00")):
            reply = w.service.request(method, there, body, {"Authorization": "Bearer " + w.tokens["ours"]})
            same((reply.status, reply.json["error"]), (404, "not_found"), (method, there))
        alike = [w.api(method, there, body).json for there in (theirs, path.replace("{uid}", "nothing"))]
        same(alike[0], alike[1], "another team's object shows")
        w.bad(400, "invalid_request", method, path.replace("{uid}", "%FF%FE"), body)


def parameters_of_queries(w):
    for method, path, operation in w.operations():
        for one in operation.get("parameters", []):
            if one["in"] != "query":
                continue
            name, schema = one["name"], one["schema"]
            path_of = lambda text: w.filled(path) + "?" + name + "=" + text
            needs = "&meters=m" if path in ("/api/v2/bills", "/api/v2/intervals") else ""
            wrong = [v for v in WRONG_QUERY.get(schema["type"], []) if not ("x-most" in schema and len(v) > 9)]
            if schema["type"] == "array":
                item = schema["items"]
                wrong += ["a,," + "x" * (item.get("maxLength", 300) + 1)] + (["a%0Ab", "a%7Fb"] if item.get("pattern")
                    else ["b"])
                wrong.append(",".join(["a"] * (schema["maxItems"] + 1)) if schema.get("maxItems") else "none")
            if schema["type"] == "string":
                wrong += [quoted(v) for v in wrong_values(schema) if isinstance(v, str) and v and "\0" not in v
                    and schema.get("format") != "day-or-time"]
                wrong += ["yesterday", "2026-99-01"] if schema.get("format") else []
            for text in wrong:
                problem = w.api(method, path_of(text) + needs)
                same(problem.status, 400, (method, path_of(text)[:200], problem.body[:200]))
                same((problem.json["error"], problem.json["param"]), ("invalid_param", name), path_of(text)[:200])
            w.bad(400, "invalid_request", method, path_of("%FF") + needs)


def bodies_that_are_none(w):
    for method, path, operation in w.operations():
        if "requestBody" not in operation:
            continue
        path, who = w.filled(path), who_for(operation)
        for raw in (b"{", b"{\"a\": 1,}", b"[]", b"[{}]", b"{\"a\": 1, \"a\": 2}", b"{} {}", b"{\"a\": \"\\ud800\"}",
            b"{\"a\": \"\\u0000\"}",
                    b"{\"a\": 99999999999999999999}", b"{\"a\": 1e999}", b"{\"a\": -}",
                    b"{\"a\": \"\xff\"}", b"[" * 5000, b"{\"a\":" * 5000,
                    b"{\"scope\": " + b"{\"a\":" * 300 + b"1" + b"}" * 301, b"{\"scope\": " + b"[" * 40 + b"]" * 40 + b"}"):
            w.bad(400, "invalid_param", method, path, raw, who)
            w.bad(400, "invalid_param", method, path, raw, who,
                headers={"Content-Type": "application/x-www-form-urlencoded"})
        for kind in ("application/json; charset=latin1", "multipart/form-data; boundary=x", "text/plain", "", "nonsense"):
            w.bad(400, "invalid_param", method, path, b"{\"a\": 1,}", who, headers={"Content-Type": kind})
        for raw in (b"null", b"7", b"\"text\"", b"nonsense"):
            w.bad(400, "invalid_param", method, path, raw, who, headers={"Content-Type": "application/json"})
        for raw in (b"utility=DEMO&scenario=residential", b"a=%41"):
            w.bad(400, "invalid_param", method, path, raw, who,
                headers={"Content-Type": "application/x-www-form-urlencoded"})


def a_body_that_is_too_large(w):
    connection = http.client.HTTPConnection("127.0.0.1", w.service.port, timeout=20 * SLOWER)
    connection.putrequest("POST", "/api/v2/forms")
    connection.putheader("Authorization", "Bearer " + w.tokens["ours"])
    connection.putheader("Content-Length", "1100000")
    connection.endheaders()
    reply = connection.getresponse()
    same((reply.status, reply.headers["Content-Type"]), (413, "application/json"))
    same(json.loads(reply.read())["error"], "too_large")
    connection.close()


def fields_of_bodies(w):
    count = 0
    for method, path, operation in w.operations():
        schema = body_schema(w, operation)
        if not schema:
            continue
        path, who, whole = w.filled(path), who_for(operation), sample(w, schema)
        for name in schema.get("required", []):
            rest = {k: v for k, v in whole.items() if k != name}
            same(w.bad(400, "required_param_missing", method, path, rest, who)["param"], name)
        for name, field in schema["properties"].items():
            if name == "answer":
                continue
            for value in wrong_values(field):
                problem = w.bad(400, "invalid_param", method, path, dict(whole, **{name: value}), who)
                check(problem.get("param") == name or "\\u0000" in json.dumps(value), name, problem)
                count += 1
            if "string" in kinds_of(field):
                w.bad(400, "invalid_param", method, path, json.dumps(dict(whole,
                    **{name: "QQ"})).encode().replace(b"QQ", b"\xc3\x28"), who)
    check(count > 300, count)


def answers_of_another_kind(w):
    path = "/api/v2/authorizations/%s/challenge" % w.things["ours"]["authorizations"]
    for value in (7, None, False, "", "x" * 513, [], ["1"], {}, {"choice": 1}, {"fields": {}}, {"fields": {"a": 1}},
        {"resend": 1}, {"resend": False},
                  {"choice": "a", "more": 1}, {"other": "a"}, {"choice": "x" * 600},
                  {"fields": {"f%d" % i: "a" for i in range(40)}}):
        same(w.bad(400, "invalid_param", "POST", path, {"id": "c1", "answer": value})["param"], "answer", value)


def idempotency_keys_that_are_none(w):
    for method, path, operation in w.operations():
        if method != "POST":
            continue
        schema = body_schema(w, operation)
        for key in ("", "x" * 256, "a\tb", "caf\u00e9".encode()):
            same(w.bad(400, "invalid_param", method, w.filled(path), sample(w, schema) if schema else None, who_for(operation),
                headers={"Idempotency-Key": key})["param"], "Idempotency-Key")
        w.bad(400, "invalid_request", method, w.filled(path), None, who_for(operation), headers={"Idempotency-Key": b"a\xff"})


def headers_of_a_token(w):
    """Forms of Authorization that are none, and two ways at once: the header counts."""
    token = w.tokens["ours"]
    for value in ("", "Bearer", "Bearer ", token, "Token " + token, "Bearer " + token + " x", "Bearer, " + token, 'Bearer "%s"' % token,
            "Bearer " + "x" * 3000, "Basic " + token):
        for path in ("/api/v2/forms", "/api/v2/forms?access_token=" + token):
            w.bad(401, "unauthorized", "GET", path, None, None, headers={"Authorization": value})
    w.bad(400, "invalid_request", "GET", "/api/v2/forms", None, None, headers={"Authorization": b"Bearer \xff"})
    w.bad(401, "unauthorized", "GET", "/api/v2/forms?access_token=&access_token=" + token, None, None)


def paths_that_nobody_has(w):
    for path in ("/api/", "/api/v2", "/api/v2/", "/api/v2/nothing", "/api/v2/forms/a/b/c", "/api/v1/forms",
        "/api/v2/forms/a/nothing/"):
        reply = w.api("GET", path)
        same((reply.status, reply.json), (404, {"error": "not_found", "error_description": "Resource not found",
            "url": None, "status_code": 404}), path)
    reply = w.api("PUT", "/api/v2/forms/x", {})
    same((reply.status, reply.json["error"], reply.headers["Allow"]), (405, "method_not_allowed", "GET, PATCH, DELETE"))


def pages_are_counted_apart(w):
    """The thousands of requests above are the token's: they leave the address what it may ask of the pages."""
    same([w.service.request(method, "/healthz").status for method in ("GET", "POST")], [200, 405])


def nothing_was_changed(w):
    """The last of these tests: all of the above was refused before anything was written."""
    now = w.picture()
    for (table, before), (_, after) in zip(w.before, now):
        same(after, before, table)


TESTS = [tokens_that_are_none, rights_that_a_token_has_not, uids_of_nobody, parameters_of_queries, bodies_that_are_none,
         a_body_that_is_too_large, fields_of_bodies, answers_of_another_kind, idempotency_keys_that_are_none, headers_of_a_token,
         paths_that_nobody_has, pages_are_counted_apart, nothing_was_changed]


def report(test, world):
    """Runs one and prints its line; whether it went well."""
    text = ""
    try:
        test(world)
    except Failed as problem:
        text = str(problem)
    except Exception:
        text = traceback.format_exc() + world.service.log()[-3000:]
    print((text + "\nnot ok - " if text else "ok - ") + test.__name__.replace("_", " "), flush=True)
    return not text


def run(tests, prepare=None):
    names, results = sys.argv[1:], []
    with tempfile.TemporaryDirectory(prefix="api-") as folder:
        world = World(folder)
        try:
            if prepare:
                prepare(world)
            results = [report(test, world) for test in tests if not names or test.__name__ in names]
        finally:
            world.service.stop()
        if " error request:" in world.service.log() or world.service.process.returncode != 0:
            print(world.service.log()[-3000:] + "\nnot ok - the log is clean, the service ends well")
            results.append(False)
    return 0 if all(results) else 1


def remember(world):
    world.before = world.picture()


if __name__ == "__main__":
    sys.exit(run(TESTS, remember))
