/* test_record.c - a case made of what a session showed (tests of cli) */
#include "../base/oom.h"

#include "bind/bind.h"
#include "cli/record.h"
#include "net/client.h"
#include "parse/html.h"
#include "vault/seal.h"

#include <stdio.h>

/* The "portal": a case that is played for real secrets, watched. */
static const char adapter[] =
    "return { api = 1, id = 'small', name = 'Small', regions = { 'NY' }, services = { 'electric' }, evidence = 'modelled',\n"
    "  portal = 'https://www.small.test/', hosts = { 'www.small.test' },\n"
    "  mfa = { policy = 'relay', patterns = { { kind = 'otp', html = '#mfa' } } }, errors = { { code = 'auth.locked', html = '.locked' } },\n"
    "  sign_in = function(s)\n"
    "    local page = s:post('/login', { form = { u = s.credentials.username, p = s.credentials.password } })\n"
    "    if page.mfa then page = s:ask(page.mfa, function(code) return s:post('/verify', { form = { code = code } }) end) end\n"
    "    s:expect(page, '#home')\n"
    "    s.token = page:one('#home'):attr('data-token')\n"
    "  end,\n"
    "  meters = function(s)\n"
    "    local out = {}\n"
    "    for i, m in ipairs(s:get('/meters', { query = { token = s.token } }):json('$.meters')) do\n"
    "      out[i] = { account = m.account, service = 'electric', name = m.name }\n"
    "    end\n"
    "    return out\n"
    "  end }\n";

#define BEGIN \
    "{\"format\": 1, \"now_ms\": 1795478400000, \"seed\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\n" \
    " \"credentials\": {\"username\": \"nora@mail.test\", \"password\": \"Qx-lantern-77\"}, \"answers\": [\"907315\"], \"exchanges\": [\n"
#define HTML "\"headers\": [\"Content-Type: text/html\", \"Set-Cookie: sid=Zk81mQv93bTx7LpW\"]"
#define LOGIN \
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.small.test/login\"},\n" \
    "   \"response\": {\"status\": 200, " HTML ", \"body\": \"<form id=mfa>nora@mail.test Qx-lantern-77\"}},\n"
#define HOME(word) \
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.small.test/verify\"},\n" \
    "   \"response\": {\"status\": 200, " HTML ", \"body\": \"<p " word " data-token=ab12cd34ef>907315 is right, NORA@MAIL.TEST\"}},\n"
#define METERS \
    "  {\"request\": {\"method\": \"GET\", \"url\": \"https://www.small.test/meters?token=ab12cd34ef\"},\n" \
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: application/json\"],\n" \
    "    \"body\": \"{\\\"meters\\\": [{\\\"account\\\": \\\"7000123\\\", \\\"name\\\": \\\"Nora Fuchs\\\"}]}\"}}"
#define END "], \"challenges\": [], \"outcome\": {}}"

static int init(void **state)
{
    (void)state;
    mk_net_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    return mk_vault_init();
}

typedef struct run {
    mk_version *version;
    json_t *doc, *seen;
    mk_reel reel;
    mk_mask *mask;
    uint8_t seed[32];
    mk_recording recording;
} run;

static void begin(run *r, const char *portal)
{
    char why[300] = "";
    const mk_module_source source = { .text = mk_module_text };
    json_t *problems = NULL;
    mk_watch watch = { 0 };
    *r = (run){ .mask = mk_mask_new() };
    assert_int_equal(mk_version_build(&r->version, "small.lua", adapter, strlen(adapter), &source, &problems), MK_OK);
    json_decref(problems);
    assert_int_equal(mk_case_read(&r->doc, portal, strlen(portal), why, sizeof why), MK_OK);
    mk_reel_init(&r->reel, 0);
    mk_reel_watch(&r->reel, &watch);
    assert_int_equal(mk_case_play(&r->seen, r->doc, r->version, &watch, why, sizeof why), MK_OK);
    r->recording = (mk_recording){ .version = r->version, .name = "first", .credentials = json_object_get(r->doc, "credentials"),
                                   .seed = r->seed, .now_ms = 1795478400000, .reel = &r->reel, .mask = r->mask };
}

static void end(run *r)
{
    mk_reel_free(&r->reel);
    mk_mask_free(r->mask);
    json_decref(r->doc);
    json_decref(r->seen);
    mk_version_unref(r->version);
}

/* The outcome as a run prints it. */
static json_t *printed(const run *r)
{
    const json_t *outcome = json_object_get(r->seen, "outcome");
    const char *error = json_string_value(json_object_get(outcome, "error"));
    return error ? json_pack("{s:{s:s}}", "error", "code", error) : json_pack("{s:O}", "meters", json_object_get(outcome, "meters"));
}

static void nothing_secret_is_in_it(void **state)
{
    (void)state;
    static const char *const secrets[] = {"nora@mail.test", "NORA@MAIL.TEST", "Qx-lantern-77", "907315", "Zk81mQv93bTx7LpW", "ab12cd34ef",
        "7000123", "Nora Fuchs", NULL};
    run r;
    char why[300] = "";
    bool personal = true;
    json_t *doc = NULL;
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    begin(&r, BEGIN LOGIN HOME("id=home") METERS END);
    json_t *outcome = printed(&r);
    assert_int_equal(mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why), MK_OK);
    assert_false(personal);
    assert_int_equal(mk_case_write(&text, doc), MK_OK);
    for (size_t i = 0; secrets[i]; i++)
        assert_null(strstr(text.data, secrets[i]));
    static const char *const placeholders[] = {"case-user@example.test", "case-password", "424242", "Customer 1", NULL};
    for (size_t i = 0; placeholders[i]; i++)
        assert_non_null(strstr(text.data, placeholders[i]));
    json_decref(outcome);
    json_decref(doc);
    mk_buf_free(&text);
    end(&r);
}

static void what_was_made_plays_as_it_says(void **state)
{
    (void)state;
    run r;
    char why[300] = "";
    bool personal, same = false;
    json_t *doc = NULL, *seen = NULL;
    mk_buf diff;
    mk_buf_init(&diff, 1 << 20);
    begin(&r, BEGIN LOGIN HOME("id=home") METERS END);
    json_t *outcome = printed(&r);
    assert_int_equal(mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why), MK_OK);
    assert_int_equal(mk_case_play(&seen, doc, r.version, NULL, why, sizeof why), MK_OK);
    assert_int_equal(mk_case_compare(doc, seen, &same, &diff), MK_OK);
    assert_string_equal(diff.data, "");
    assert_true(same);
    json_decref(outcome);
    json_decref(doc);
    json_decref(seen);
    mk_buf_free(&diff);
    end(&r);
}

/* A secret that is a word of the page: replacing it changes what the adapter finds. */
static void what_would_play_otherwise_is_refused(void **state)
{
    (void)state;
    run r;
    char why[300] = "";
    bool personal;
    json_t *doc = NULL;
    begin(&r, BEGIN LOGIN HOME("id=home") METERS END);
    json_t *outcome = printed(&r), *typed = json_pack("{s:s, s:s}", "username", "nora@mail.test", "password", "home");
    r.recording.credentials = typed;
    assert_int_equal(mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why), MK_EDIVERGED);
    assert_non_null(strstr(why, "adapter.unexpected_page"));
    assert_null(doc);
    json_decref(outcome);
    json_decref(typed);
    end(&r);
}

/* What only the session's mask knows becomes stars; a name that must stay and holds such a secret is no case. */
static void what_would_give_a_secret_away_is_refused(void **state)
{
    (void)state;
    run r;
    char why[300] = "";
    bool personal;
    json_t *doc = NULL;
    begin(&r, BEGIN LOGIN HOME("id=home") METERS END);
    mk_secret *secret = mk_secret_new("example.test", 12); /* stands in a placeholder, which must stay */
    assert_int_equal(mk_mask_add(r.mask, secret, NULL), MK_OK);
    mk_secret_unref(secret);
    json_t *outcome = printed(&r);
    assert_int_equal(mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why), MK_EPOLICY);
    assert_non_null(strstr(why, "secret"));
    assert_null(doc);
    json_decref(outcome);
    end(&r);
}

static void a_failure_is_a_case(void **state)
{
    (void)state;
    run r;
    char why[300] = "";
    bool personal;
    json_t *doc = NULL;
    begin(&r, BEGIN LOGIN HOME("class=locked") METERS END);
    json_t *outcome = printed(&r);
    assert_int_equal(mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why), MK_OK);
    assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "outcome"), "error")), "auth.locked");
    assert_int_equal(json_array_size(json_object_get(doc, "exchanges")), 2);
    json_decref(outcome);
    json_decref(doc);
    end(&r);
}

static void memory_runs_out(void **state)
{
    (void)state;
    enum { STEP = 53 };
    run r;
    char why[300];
    bool personal, failed = true;
    begin(&r, BEGIN LOGIN HOME("id=home") METERS END);
    json_t *outcome = printed(&r);
    for (unsigned long n = 1; failed; n += STEP) {
        json_t *doc = NULL;
        const long live = mk_mem_live();
        const unsigned long before = mk_mem_count();
        mk_mem_fail_at(n, false);
        const int err = mk_record_make(&doc, &r.recording, outcome, &personal, why, sizeof why);
        mk_mem_fail_at(0, false);
        failed = mk_mem_count() - before >= n;
        assert_int_equal(doc == NULL, err != MK_OK);
        assert_true(failed || !err);
        json_decref(doc);
        assert_int_equal(mk_mem_live(), live);
    }
    json_decref(outcome);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_secret_is_in_it), cmocka_unit_test(what_was_made_plays_as_it_says),
        cmocka_unit_test(what_would_play_otherwise_is_refused), cmocka_unit_test(what_would_give_a_secret_away_is_refused),
        cmocka_unit_test(a_failure_is_a_case), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
