/* test_casefile.c - recorded cases: as files, played, compared (tests of cli) */
#include "../base/oom.h"

#include "bind/bind.h"
#include "cli/casefile.h"
#include "net/client.h"
#include "parse/html.h"
#include "vault/seal.h"

#include <stdio.h>

static int init(void **state)
{
    (void)state;
    mk_net_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    return mk_vault_init();
}

static void text_comes_back_as_it_was(void **state)
{
    (void)state;
    static const struct { const char *text; size_t len; json_type type; } rows[] = {
        { "", 0, JSON_STRING }, { "one line", 8, JSON_STRING }, { "two\nlines\n", 10, JSON_ARRAY }, { "\n", 1, JSON_ARRAY },
        { "caf\xe9", 4, JSON_OBJECT }, { "a\0b", 3, JSON_OBJECT }, { "caf\xc3\xa9\r\nx", 8, JSON_ARRAY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mk_buf out;
        mk_buf_init(&out, 100);
        json_t *value = mk_case_text(rows[i].text, rows[i].len);
        assert_int_equal(json_typeof(value), rows[i].type);
        assert_int_equal(mk_case_bytes(value, &out), MK_OK);
        assert_int_equal(out.len, rows[i].len);
        assert_memory_equal(out.data, rows[i].text, rows[i].len);
        json_decref(value);
        mk_buf_free(&out);
    }
}

static void requests_are_taken_apart(void **state)
{
    (void)state;
    static const struct { const char *type, *body, *expected; } rows[] = {
        { "application/x-www-form-urlencoded", "a=1&b=x+y%21&a=2&c", "{\"fields\":{\"a\":[\"1\",\"2\"],\"b\":\"x y!\",\"c\":\"\"}}" },
        { "application/json; charset=utf-8", "{\"b\":[1,2.5,null]}", "{\"json\":{\"b\":[1,2.5,null]}}" },
        { "application/json", "not json", "{\"body\":\"not json\"}" },
        { "text/plain", "x", "{\"body\":\"x\"}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mk_request request = { .method = (char *)"POST", .url = (char *)"https://a.test/", .body = (char *)rows[i].body, .body_len = strlen(rows[i].body) };
        assert_int_equal(mk_headers_add(&request.headers, "Content-Type", rows[i].type, strlen(rows[i].type), false), MK_OK);
        json_t *value = mk_case_request(&request), *expected = json_loads(rows[i].expected, 0, NULL);
        json_object_del(value, "method");
        json_object_del(value, "url");
        assert_true(json_equal(value, expected));
        json_decref(value);
        json_decref(expected);
        mk_headers_free(&request.headers);
    }
}

static void responses_come_back(void **state)
{
    (void)state;
    mk_response response, back;
    mk_response_init(&response, 1000);
    mk_response_init(&back, 1000);
    response.status = 404;
    assert_int_equal(mk_headers_add(&response.headers, "Set-Cookie", "a=b: c", 6, false), MK_OK);
    assert_int_equal(mk_headers_add(&response.headers, "Content-Length", "3", 1, false), MK_OK);
    assert_int_equal(mk_buf_adds(&response.body, "a\nb"), MK_OK);
    json_t *value = mk_case_response(&response);
    assert_int_equal(mk_case_answer(value, &back), MK_OK);
    assert_int_equal(back.status, 404);
    assert_int_equal(back.headers.count, 1); /* the length was of the wire */
    assert_string_equal(back.headers.list[0].value, "a=b: c");
    assert_string_equal(back.body.data, "a\nb");
    json_decref(value);
    mk_response_free(&response);
    mk_response_free(&back);
}

static void faults_come_back(void **state)
{
    (void)state;
    mk_response response, back;
    mk_response_init(&response, 1000);
    mk_response_init(&back, 1000);
    response.fault = "net.timeout";
    snprintf(response.detail, sizeof response.detail, "nothing in 30 s");
    json_t *value = mk_case_response(&response);
    assert_int_equal(mk_case_answer(value, &back), MK_OK);
    assert_string_equal(back.fault, "net.timeout");
    assert_string_equal(back.detail, "nothing in 30 s");
    json_decref(value);
    mk_response_free(&response);
    mk_response_free(&back);
}

static void what_is_no_response_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"{}", "{\"status\": 42, \"body\": \"\"}", "{\"status\": 200, \"headers\": [\"no colon\"], \"body\": \"\"}",
        "{\"status\": 200, \"headers\": [], \"body\": [1]}", "{\"status\": 200, \"headers\": [3], \"body\": \"\"}", NULL};
    for (size_t i = 0; rows[i]; i++) {
        mk_response response;
        mk_response_init(&response, 1000);
        json_t *value = json_loads(rows[i], 0, NULL);
        assert_int_equal(mk_case_answer(value, &response), MK_EPARSE);
        json_decref(value);
        mk_response_free(&response);
    }
}

static void what_is_no_case_is_refused(void **state)
{
    (void)state;
    static const struct { const char *text, *why; } rows[] = {
        { "{", "line 1" }, { "[]", "not a recorded case" }, { "{\"format\": 2}", "not a recorded case" }, { "{\"format\": 1}", "missing" },
        { "{\"format\": 1, \"credentials\": {}, \"answers\": [], \"exchanges\": [], \"outcome\": {}}", "seed" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[200] = "";
        json_t *doc = NULL;
        assert_int_equal(mk_case_read(&doc, rows[i].text, strlen(rows[i].text), why, sizeof why), MK_EPARSE);
        assert_non_null(strstr(why, rows[i].why));
        assert_null(doc);
    }
}

/* --- comparing ------------------------------------------------------------------- */

static json_t *case_of(const char *const *urls, const char *outcome)
{
    json_t *exchanges = json_array();
    for (size_t i = 0; urls[i]; i++)
        json_array_append_new(exchanges, json_pack("{s:{s:s, s:s}}", "request", "method", "GET", "url", urls[i]));
    return json_pack("{s:o, s:[], s:o}", "exchanges", exchanges, "challenges", "outcome", json_loads(outcome, 0, NULL));
}

static void differs(const char *const *want, const char *const *got, const char *a, const char *b, const char *expected)
{
    json_t *doc = case_of(want, a), *seen = case_of(got, b);
    mk_buf out;
    bool same;
    mk_buf_init(&out, 10000);
    assert_int_equal(mk_case_compare(doc, seen, &same, &out), MK_OK);
    assert_int_equal(same, !*expected);
    assert_string_equal(out.data, expected);
    mk_buf_free(&out);
    json_decref(doc);
    json_decref(seen);
}

static void differences_are_told_in_words(void **state)
{
    (void)state;
    static const char *const one[] = {"/a", "/b", "/c", NULL}, *const more[] = {"/a", "/x", "/b", "/c", NULL},
        *const less[] = {"/a", "/c", NULL}, *const query[] = {"/a", "/b?q=1", "/c", NULL};
    const char *meters = "{\"meters\": [{\"tariff\": \"R1\", \"account\": \"7\"}]}";
    differs(one, one, meters, meters, "");
    differs(one, more, meters, meters, "  request 2 is new: GET /x\n");
    differs(one, less, meters, meters, "  request 2 is gone: GET /b\n");
    differs(one, query, meters, meters, "  request 2 (GET /b?q=1).url was \"/b\", is \"/b?q=1\"\n");
    differs(one, one, meters, "{\"meters\": [{\"tariff\": \"R2\", \"account\": \"7\"}]}", "  meters[1].tariff was \"R1\", is \"R2\"\n");
    differs(one, one, meters, "{\"meters\": []}", "  meters[1] is gone, was {\"tariff\":\"R1\",\"account\":\"7\"}\n");
    differs(one, one, meters, "{\"error\": \"auth.locked\", \"message\": \"m\"}", "  meters were expected, the session ended: auth.locked (m)\n");
    differs(one, one, "{\"error\": \"auth.locked\"}", "{\"error\": \"auth.locked\", \"message\": \"m\"}", "");
    differs(one, one, "{\"error\": \"auth.locked\"}", "{\"error\": \"auth.credentials\", \"message\": \"m\"}",
            "  the session was to end auth.locked, it ended auth.credentials (m)\n");
}

/* A file that somebody wrote by hand. */
static void an_exchange_without_a_request_does_no_harm(void **state)
{
    (void)state;
    json_t *doc = json_loads("{\"exchanges\": [{}, 1], \"challenges\": [], \"outcome\": {}}", 0, NULL);
    json_t *seen = json_loads("{\"exchanges\": [{}, {}, {}], \"challenges\": [], \"outcome\": {}}", 0, NULL);
    bool same = true;
    mk_buf out;
    mk_buf_init(&out, 10000);
    assert_int_equal(mk_case_compare(doc, doc, &same, &out), MK_OK);
    assert_true(same);
    assert_int_equal(mk_case_compare(doc, seen, &same, &out), MK_OK);
    assert_false(same);
    mk_buf_free(&out);
    json_decref(doc);
    json_decref(seen);
}

/* --- playing ------------------------------------------------------------------------- */

static const char adapter[] =
    "return { api = 1, id = 'small', name = 'Small', regions = { 'NY' }, services = { 'electric' }, evidence = 'modelled',\n"
    "  portal = 'https://www.small.test/', hosts = { 'www.small.test' },\n"
    "  mfa = { policy = 'relay', patterns = { { kind = 'otp', html = '#mfa' } } }, errors = { { code = 'mfa.code_wrong', html = '.wrong' } },\n"
    "  sign_in = function(s)\n"
    "    local page = s:post('/login', { form = { u = s.credentials.username, p = s.credentials.password } })\n"
    "    if page.mfa then page = s:ask(page.mfa, function(code) return s:post('/verify', { form = { code = code, at = tostring(s:now()) } }) end) end\n"
    "    s:expect(page, '#home')\n"
    "  end,\n"
    "  meters = function(s) return { { account = '7', service = 'electric' } } end }\n";

static const char played[] =
    "{\"format\": 1, \"now_ms\": 1795478400000, \"seed\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\n"
    " \"credentials\": {\"username\": \"case-user\", \"password\": \"case-password\"}, \"answers\": [\"111111\", \"424242\"],\n"
    " \"exchanges\": [\n"
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.small.test/login\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html\"], \"body\": \"<form id=mfa>\"}},\n"
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.small.test/verify\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html\"], \"body\": \"<form id=mfa><p class=wrong>\"}},\n"
    "  {\"request\": {\"method\": \"POST\", \"url\": \"https://www.small.test/verify\"},\n"
    "   \"response\": {\"status\": 200, \"headers\": [\"Content-Type: text/html\"], \"body\": \"<p id=home>\"}}],\n"
    " \"challenges\": [], \"outcome\": {}}";

static mk_version *version_of(const char *text)
{
    const mk_module_source source = { .text = mk_module_text };
    mk_version *version = NULL;
    json_t *problems = NULL;
    assert_int_equal(mk_version_build(&version, "small.lua", text, strlen(text), &source, &problems), MK_OK);
    json_decref(problems);
    return version;
}

static json_t *doc_of(const char *text)
{
    char why[200] = "";
    json_t *doc = NULL;
    assert_int_equal(mk_case_read(&doc, text, strlen(text), why, sizeof why), MK_OK);
    return doc;
}

static void a_case_plays_the_same_each_time(void **state)
{
    (void)state;
    char why[300] = "";
    mk_version *version = version_of(adapter);
    json_t *doc = doc_of(played), *first = NULL, *second = NULL;
    bool same;
    mk_buf out;
    mk_buf_init(&out, 10000);
    assert_int_equal(mk_case_play(&first, doc, version, NULL, why, sizeof why), MK_OK);
    assert_int_equal(json_array_size(json_object_get(json_object_get(first, "outcome"), "meters")), 1);
    assert_int_equal(json_array_size(json_object_get(first, "challenges")), 2);
    const json_t *third = json_object_get(json_array_get(json_object_get(first, "exchanges"), 2), "request");
    assert_string_equal(json_string_value(json_object_get(json_object_get(third, "fields"), "code")), "424242");
    assert_string_equal(json_string_value(json_object_get(json_object_get(third, "fields"), "at")), "1795478400");
    assert_null(json_object_get(first, "stray"));
    assert_int_equal(mk_case_play(&second, doc, version, NULL, why, sizeof why), MK_OK);
    assert_true(json_equal(first, second));
    assert_int_equal(mk_case_accept(doc, first), MK_OK);
    assert_int_equal(mk_case_compare(doc, second, &same, &out), MK_OK);
    assert_true(same);
    mk_buf_free(&out);
    json_decref(doc);
    json_decref(first);
    json_decref(second);
    mk_version_unref(version);
}

static void a_request_it_has_no_response_to_is_a_stray(void **state)
{
    (void)state;
    char why[300] = "";
    mk_version *version = version_of(adapter);
    json_t *doc = doc_of(played), *seen = NULL;
    json_array_remove(json_object_get(doc, "exchanges"), 0);
    assert_int_equal(mk_case_play(&seen, doc, version, NULL, why, sizeof why), MK_OK);
    assert_string_equal(json_string_value(json_object_get(json_object_get(seen, "stray"), "url")), "https://www.small.test/login");
    assert_string_equal(json_string_value(json_object_get(json_object_get(seen, "outcome"), "error")), "net.reset");
    json_decref(doc);
    json_decref(seen);
    mk_version_unref(version);
}

static void answers_that_run_out_end_it(void **state)
{
    (void)state;
    char why[300] = "";
    mk_version *version = version_of(adapter);
    json_t *doc = doc_of(played), *seen = NULL;
    json_array_remove(json_object_get(doc, "answers"), 1);
    assert_int_equal(mk_case_play(&seen, doc, version, NULL, why, sizeof why), MK_OK);
    assert_string_equal(json_string_value(json_object_get(json_object_get(seen, "outcome"), "error")), "mfa.answer_timeout");
    json_decref(seen);
    json_object_set_new(json_object_get(doc, "credentials"), "pin", json_string("1"));
    assert_int_equal(mk_case_play(&seen, doc, version, NULL, why, sizeof why), MK_EPARSE);
    assert_non_null(strstr(why, "pin"));
    json_decref(doc);
    mk_version_unref(version);
}

/* Whatever the n-th failure hits: an error or an outcome, nothing left behind. */
static void playing_survives_want_of_memory(void **state)
{
    (void)state;
    enum { STEP = 1 };
    char why[300];
    mk_version *version = version_of(adapter);
    json_t *doc = doc_of(played), *seen = NULL;
    bool failed = true;
    assert_int_equal(mk_case_play(&seen, doc, version, NULL, why, sizeof why), MK_OK);
    json_decref(seen);
    for (unsigned long n = 1; failed; n += STEP) {
        const long live = mk_mem_live();
        const unsigned long before = mk_mem_count();
        seen = NULL;
        mk_mem_fail_at(n, false);
        const int err = mk_case_play(&seen, doc, version, NULL, why, sizeof why);
        mk_mem_fail_at(0, false);
        failed = mk_mem_count() - before >= n;
        assert_int_equal(seen == NULL, err != MK_OK);
        json_decref(seen);
        assert_int_equal(mk_mem_live(), live);
    }
    json_decref(doc);
    mk_version_unref(version);
}

static int read_and_write(void)
{
    char why[200];
    json_t *doc = NULL;
    mk_buf out;
    mk_buf_init(&out, 10000);
    int err = mk_case_read(&doc, played, strlen(played), why, sizeof why);
    if (!err)
        err = mk_case_write(&out, doc);
    json_decref(doc);
    mk_buf_free(&out);
    return err;
}

static void memory_runs_out(void **state)
{
    (void)state;
    assert_int_equal(read_and_write(), MK_OK);
    each_allocation_fails(read_and_write());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back_as_it_was), cmocka_unit_test(requests_are_taken_apart), cmocka_unit_test(responses_come_back),
        cmocka_unit_test(faults_come_back), cmocka_unit_test(what_is_no_response_is_refused), cmocka_unit_test(what_is_no_case_is_refused),
        cmocka_unit_test(differences_are_told_in_words), cmocka_unit_test(an_exchange_without_a_request_does_no_harm), cmocka_unit_test(a_case_plays_the_same_each_time),
        cmocka_unit_test(a_request_it_has_no_response_to_is_a_stray), cmocka_unit_test(answers_that_run_out_end_it),
        cmocka_unit_test(playing_survives_want_of_memory), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
