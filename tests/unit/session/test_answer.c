/* test_answer.c - answers that are taken and answers that are refused, of each kind; expiry, cancelling, who may ask */
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "session/session.h"
#include "vault/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

typedef struct row {
    const char *challenge, *answer;
    int err;
    const char *why; /* in the refusal, or in the outcome where it is taken */
} row;

static uv_loop_t loop;
static mk_engine *engine;
static const row *now;
static mk_version *version;
static mk_credentials *credentials;
static struct {
    char outcome[2000], challenge[2000], id[40], why[200];
    int err, asked, code;

} got;

static void transport(void *arg, const mk_request *q, mk_response *response)
{
    (void)arg, (void)q;
    response->status = 200;
    mk_headers_add(&response->headers, "Content-Type", "text/html", 9, false);
    mk_buf_adds(&response->body, "<p>hello</p>");
}

static int give(mk_session *session, const char *id, const char *text)
{
    json_t *answer = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(answer);
    char why[200];
    int err = mk_session_answer(session, id, answer, why, sizeof why);
    if (err != MK_ECLOSED)
        snprintf(got.why, sizeof got.why, "%s", err ? why : "");
    json_decref(answer);
    return err;
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    (void)arg, (void)again;
    if (got.asked++) { /* after the first resend: the next must wait */
        assert_int_equal(give(session, got.id, "{\"resend\":true}"), MK_EPOLICY);
        assert_non_null(strstr(got.why, "again in 30 seconds"));
        mk_session_cancel(session);
        return;
    }
    char *text = json_dumps(challenge, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(got.challenge, sizeof got.challenge, "%s", text);
    mk_free(text);
    snprintf(got.id, sizeof got.id, "%s", json_string_value(json_object_get(challenge, "id")));
    if (!now->answer) { /* nobody answers */
        return;
    }
    assert_int_equal(give(session, "0000", now->answer), MK_ECLOSED); /* another challenge's */
    assert_int_equal(give(session, NULL, now->answer), MK_ECLOSED);
    got.err = give(session, got.id, now->answer);
    if (got.err) {
        assert_ptr_equal(mk_session_challenge(session), challenge); /* it stands */
        mk_session_cancel(session);
        assert_null(mk_session_challenge(session));
        assert_int_equal(give(session, got.id, now->answer), MK_ECLOSED);
    }
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    (void)arg;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    char *text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(got.outcome, sizeof got.outcome, "%s", text);
    mk_free(text);
    json_decref(out);
    assert_int_equal(give(session, got.id, "\"1\""), MK_ECLOSED); /* too late */
    uv_stop(&loop);
}

static const mk_driver driver = {.challenge = on_challenge, .end = on_end};

#define ADAPTER                                                                                                      \
    "local function show(a) if type(a) ~= 'table' then return type(a) .. ' ' .. tostring(a) end local out = {}"      \
    "  for k, v in pairs(a) do out[#out + 1] = k .. '=' .. tostring(v) end return table.concat(out, ' ') end "       \
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'}, evidence = 'modelled',"      \
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, sign_in = function(s)"                     \
    " local function ask(c, more) local h = { verify = function(a, p) s.answer = show(a) return p or s:get('/v') end }" \
    "   for k, v in pairs(more or {}) do h[k] = v end s:get('/first') local r = s:ask(c, h)"                         \
    "   s:fail('adapter.bug', 'got ' .. tostring(s.answer or (type(r) == 'string' and r) or 'a page')) end"          \
    " local abc = { { id = 'a', label = 'A' }, { id = 'b', label = 'B' } }"                                          \
    " ask(%s) end, meters = function(s) return {}, 'none' end }"

static void open_with(const char *challenge)
{
    char text[2500], why[200];
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    snprintf(text, sizeof text, ADAPTER, challenge);
    if (mk_version_build(&version, "example.lua", text, strlen(text), &source, &problems) != MK_OK)
        fail_msg("%s", json_dumps(problems, JSON_INDENT(1)));
    json_t *who = json_pack("{s:s,s:s}", "username", "pat.example", "password", "hunter2xyz");
    assert_int_equal(mk_credentials_read(&credentials, who, mk_version_manifest(version), why, sizeof why), MK_OK);
    json_decref(who);
}

static mk_session *begin(bool human, const char *mfa, const mk_driver *with)
{
    mk_session *session = NULL;
    mk_session_input input = {.version = version, .credentials = credentials, .human = human, .mfa = mfa, .transport = transport};
    assert_int_equal(mk_session_start(&session, engine, &input, with, NULL), MK_OK);
    return session;
}

static void finish(mk_session *session)
{
    while (!got.outcome[0] && uv_run(&loop, UV_RUN_DEFAULT)) {
    }
    mk_session_free(session);
    uv_run(&loop, UV_RUN_NOWAIT);
    mk_credentials_free(credentials);
    mk_version_unref(version);
    version = NULL;
}

static void run(const row *r, bool human, const char *mfa)
{
    memset(&got, 0, sizeof got);
    now = r;
    open_with(r->challenge);
    finish(begin(human, mfa, &driver));
}

#define OTP "{ kind = 'otp', prompt = 'Code' }"
#define SELECT "{ kind = 'select', choices = abc }"
#define QUESTION "{ kind = 'question', fields = { { name = 'pet', label = 'Pet' }, { name = 'town', label = 'Town', optional = true } } }"
#define SWITCH "{ kind = 'otp', alternatives = abc }, { switch = function(id) s.answer = 'to ' .. id return s:get('/other') end }"
#define RESEND "{ kind = 'otp' }, { resend = function() s.answer = 'again' return s:get('/again') end }"
#define APPROVE "{ kind = 'approve' }, { poll = function() return s:get('/poll') end }"

static const row rows[] = {
    {OTP, "\"424242\"", MK_OK, "got userdata ***"},
    {OTP, "\"\"", MK_EINVAL, "1 to 512"},
    {OTP, "424242", MK_EINVAL, "a string"},
    {OTP, "true", MK_EINVAL, "a string"},
    {OTP, "null", MK_EINVAL, "a string"},
    {OTP, "[\"1\"]", MK_EINVAL, "a string"},
    {OTP, "{\"fields\":{\"a\":\"b\"}}", MK_EINVAL, "no fields"},
    {OTP, "{\"choice\":\"a\"}", MK_EINVAL, "nothing to choose"},
    {OTP, "{\"resend\":true}", MK_EPOLICY, "cannot be sent again"},
    {OTP, "{\"resend\":false}", MK_EINVAL, "true} expected"},
    {RESEND, "{\"resend\":true}", MK_OK, "engine.cancelled"},
    {SELECT, "{\"choice\":\"b\"}", MK_OK, "got b"},
    {SELECT, "\"a\"", MK_OK, "got a"},
    {SELECT, "\"c\"", MK_EINVAL, "none of the choices"},
    {SELECT, "{\"choice\":1}", MK_EINVAL, "none of the choices"},
    {SWITCH, "{\"choice\":\"b\"}", MK_OK, "got to b"},
    {SWITCH, "{\"choice\":\"c\"}", MK_EINVAL, "none of the choices"},
    {SWITCH, "\"424242\"", MK_OK, "got userdata ***"},
    {QUESTION, "{\"fields\":{\"pet\":\"rex\",\"town\":\"x\"}}", MK_OK, "got pet=*** town=***"},
    {QUESTION, "{\"fields\":{\"pet\":\"rex\"}}", MK_OK, "got pet=***"},
    {QUESTION, "{\"fields\":{\"town\":\"x\"}}", MK_EINVAL, "field 'pet'"},
    {QUESTION, "{\"fields\":{\"pet\":7}}", MK_EINVAL, "field 'pet'"},
    {QUESTION, "{\"fields\":\"rex\"}", MK_EINVAL, "an object of fields"},
    {QUESTION, "\"rex\"", MK_EINVAL, "{\"fields\": {...}} expected"},
    {"{ kind = 'acknowledge', prompt = 'Terms' }", "true", MK_OK, "got boolean true"},
    {"{ kind = 'acknowledge', prompt = 'Terms' }", "\"yes\"", MK_EINVAL, "true expected"},
    {"{ kind = 'credential', prompt = 'New' }", "\"new pass\"", MK_OK, "got userdata ***"},
    {APPROVE, "\"yes\"", MK_EINVAL, "the customer's device"},
    {OTP, "{\"cancel\":true}", MK_OK, "engine.cancelled"},
};

static void each_kind_of_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(&rows[i], true, NULL);
        const char *where = rows[i].err ? got.why : got.outcome;
        if (got.asked < 1 || got.err != rows[i].err || !strstr(where, rows[i].why))
            fail_msg("%s answered with %s: %d, %s\n%s", rows[i].challenge, rows[i].answer, got.err, got.why, got.outcome);
        if (rows[i].err && !strstr(got.outcome, "engine.cancelled"))
            fail_msg("%s", got.outcome);
    }
}

static void an_answer_may_be_512_bytes(void **state)
{
    (void)state;
    char text[520];
    row r = {OTP, text, MK_OK, NULL};
    memset(text, '7', sizeof text);
    text[0] = text[513] = '"';
    text[514] = '\0';
    run(&r, true, NULL);
    assert_int_equal(got.err, MK_OK);
    text[513] = '7';
    text[514] = '"';
    text[515] = '\0';
    run(&r, true, NULL);
    assert_int_equal(got.err, MK_EINVAL);
}

static void nobody_answers(void **state)
{
    (void)state;
    static const row r = {"{ kind = 'otp', expires = 0.05 }", NULL, MK_OK, NULL};
    static const row a = {"{ kind = 'approve', expires = 0.05 }, { every = 0.01, poll = function() end }", NULL, MK_OK, NULL};
    run(&r, true, NULL);
    assert_int_equal(got.asked, 1);
    assert_non_null(strstr(got.outcome, "mfa.answer_timeout"));
    run(&a, true, NULL);
    assert_non_null(strstr(got.outcome, "mfa.answer_timeout"));
}

static void who_may_ask_what(void **state)
{
    (void)state;
    static const struct {
        row r;
        bool human;
        const char *mfa, *code;
        int asked;
    } ways[] = {
        {{OTP, "\"1\"", 0, NULL}, false, NULL, "mfa.needs_human", 0},
        {{OTP, "\"1\"", 0, NULL}, true, "turn_off", "mfa.must_be_off", 0},
        {{OTP, "\"1\"", 0, NULL}, false, "turn_off", "mfa.must_be_off", 0},
        {{"{ kind = 'acknowledge' }", "true", 0, NULL}, true, "turn_off", "got boolean", 1},
        {{"{ kind = 'scan' }", "\"1\"", 0, NULL}, true, NULL, "mfa.unsupported", 0},
        {{"{ kind = 'password' }", "\"1\"", 0, NULL}, true, NULL, "mfa.unsupported", 0},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        run(&ways[i].r, ways[i].human, ways[i].mfa);
        if (!strstr(got.outcome, ways[i].code) || got.asked != ways[i].asked)
            fail_msg("%zu: asked %d, %s", i, got.asked, got.outcome);
    }
}

static void a_challenge_says_what_it_must(void **state)
{
    (void)state;
    static const row r = {"{ kind = 'otp', medium = 'sms', digits = 6, prompt = { 'Enter it' }, dest = '+1 212 555 0123', secret = 'x',"
                          " message = 'Hello' }, { resend = print }", "\"1\"", MK_OK, NULL};
    run(&r, true, NULL);
    static const char *const parts[] = {"\"kind\":\"otp\"", "\"medium\":\"sms\"", "\"digits\":6", "\"prompt\":\"Enter it\"",
                                        "\"tries_left\":3", "\"allowed\":true", "\"left\":3", "\"expires_at\":", "\"message\":\"Hello\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(got.challenge, parts[i]))
            fail_msg("%s is not in %s", parts[i], got.challenge);
    assert_null(strstr(got.challenge, "212 555")); /* the destination is masked */
    assert_null(strstr(got.challenge, "secret"));
    assert_int_equal(strlen(got.id), 16);
}

/* Cancelling from any callback ends the session, and nothing is sent after it. */
static void cancel_hop(void *arg, mk_session *s, const mk_hop *hop) { (void)arg, (void)hop, got.code++, mk_session_cancel(s); }
static void cancel_page(void *arg, mk_session *s, mk_page *p, const json_t *e, const char *w) { (void)arg, (void)p, (void)e, (void)w, got.code++, mk_session_cancel(s); }
static void cancel_progress(void *arg, mk_session *s, const char *t) { (void)arg, (void)t, got.code++, mk_session_cancel(s); }
static void cancel_log(void *arg, mk_session *s, int level, const char *t) { (void)arg, (void)level, (void)t, got.code++, mk_session_cancel(s); }
static void cancel_note(void *arg, mk_session *s, const char *k, const json_t *d) { (void)arg, (void)k, (void)d, got.code++, mk_session_cancel(s); }

static void cancelled_from_any_callback(void **state)
{
    (void)state;
    static const row r = {"(function() s:progress('p') print('l') s:get('/x'):has('p') return { kind = 'otp' } end)()", NULL, MK_OK, NULL};
    const mk_driver ways[] = {
        {.challenge = on_challenge, .end = on_end, .hop = cancel_hop},   {.challenge = on_challenge, .end = on_end, .page = cancel_page},
        {.challenge = on_challenge, .end = on_end, .progress = cancel_progress}, {.challenge = on_challenge, .end = on_end, .log = cancel_log},
        {.challenge = on_challenge, .end = on_end, .note = cancel_note},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        memset(&got, 0, sizeof got);
        now = &r;
        open_with(r.challenge);
        finish(begin(true, NULL, &ways[i]));
        if (!strstr(got.outcome, "engine.cancelled") || got.asked || !got.code)
            fail_msg("%zu: asked %d, %s", i, got.asked, got.outcome);
    }
}

static int setup(void **state)
{
    (void)state;
    char why[200];
    mk_engine_options options = {.limits = {.poll_ms = 5}};
    return uv_loop_init(&loop) || mk_engine_new(&engine, &loop, &options, why, sizeof why);
}

static int teardown(void **state)
{
    (void)state;
    mk_engine_free(engine);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

int main(void)
{
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_answer),
        cmocka_unit_test(an_answer_may_be_512_bytes),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(who_may_ask_what),
        cmocka_unit_test(a_challenge_says_what_it_must),
        cmocka_unit_test(cancelled_from_any_callback),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
