/* test_web.c - what a client's bytes become: paths, pairs, forms, JSON, and where its secrets go (tests) */
#include "base/oom.h"
#include "parse/json.h"
#include "service/body.h"
#include "service/own.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static mk_service service;

static int setup(void **state)
{
    char path[100], key[100], why[MK_STORE_WHY];
    (void)state;
    unsetenv("METERKEY_KEY");
    unsetenv("CREDENTIALS_DIRECTORY");
    snprintf(folder, sizeof folder, "/tmp/meterkey-web-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store.db", folder);
    snprintf(key, sizeof key, "%s/key", folder);
    assert_int_equal(mk_store_open(&service.store, path, true, why), MK_OK);
    assert_int_equal(mk_store_migrate(service.store, 0, NULL, why), MK_OK);
    assert_int_equal(mk_keys_open(&service.keys, service.store, key, true, why), MK_OK);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm", "key" };
    char path[100];
    (void)state;
    mk_keys_free(service.keys);
    mk_store_close(service.store);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* --- bytes ----------------------------------------------------------------------------- */

static void test_paths(void **state)
{
    static const char *const pairs[][2] = { { "/a%20b", "/a b" }, { "%2F%2f", "//" }, { "a%00b", "a%00b" }, { "%", "%" }, { "%2", "%2" }, { "%zz%4", "%zz%4" },
                                            { "%25%32%35", "%25" }, { "", "" }, { "a+b", "a+b" }, { "%c3%A4", "\xc3\xa4" } };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *text = mk_strdup(pairs[i][0]);
        assert_int_equal(mk_body_unescape(text), strlen(pairs[i][1]));
        assert_string_equal(text, pairs[i][1]);
        mk_free(text);
    }
}

static void test_lengths_and_types(void **state)
{
    (void)state;
    assert_false(mk_body_over(NULL, 10));
    assert_false(mk_body_over("10", 10));
    assert_true(mk_body_over("11", 10));
    assert_true(mk_body_over("99999999999999999999999999999", SIZE_MAX / 10 - 1));
    assert_true(mk_body_is_form("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
    assert_false(mk_body_is_form("application/x-www-form-urlencodedx") || mk_body_is_form(NULL) || mk_body_is_form("text/plain"));
    assert_true(mk_body_is_json((mk_bytes){ " \r\n\t{", 5 }) && mk_body_is_json((mk_bytes){ "[", 1 }));
    assert_false(mk_body_is_json((mk_bytes){ "\0{", 2 }) || mk_body_is_json((mk_bytes){ "a{", 2 }) || mk_body_is_json((mk_bytes){ "", 0 }));
}

static int fields_of(mk_headers *out, const char *text, size_t most)
{
    return mk_body_fields(out, (mk_bytes){ text, strlen(text) }, most);
}

static void test_fields(void **state)
{
    mk_headers fields = { 0 };
    (void)state;
    assert_int_equal(fields_of(&fields, "&a=1+2&&b&c=%3D=&=x&", 4), MK_OK);
    assert_int_equal(fields.count, 4);
    assert_string_equal(fields.list[0].value, "1 2");
    assert_string_equal(fields.list[1].value, "");
    assert_string_equal(fields.list[2].value, "==");
    assert_string_equal(fields.list[3].name, "");
    assert_int_equal(fields_of(&fields, "e=1", 4), MK_ELIMIT);
    assert_int_equal(fields_of(&fields, "e=%00", 9), MK_EPARSE);
    assert_int_equal(fields_of(&fields, "e=%0", 9), MK_EPARSE);
    mk_headers_free(&fields);
}

static void test_pairs(void **state)
{
    char longest[260];
    json_t *object = json_object();
    (void)state;
    memset(longest, 'n', 255);
    memset(longest + 255, 0, sizeof longest - 255);
    assert_int_equal(mk_web_pair(object, "Q", "1", false) || mk_web_pair(object, "Q", "2", false) || mk_web_pair(object, "q", "3", false), MK_OK);
    assert_string_equal(json_string_value(json_object_get(object, "Q")), "1,2");
    assert_string_equal(json_string_value(json_object_get(object, "q")), "3");
    assert_int_equal(mk_web_pair(object, "Host", "one", true) || mk_web_pair(object, "HOST", "two", true), MK_OK);
    assert_string_equal(json_string_value(json_object_get(object, "host")), "one");
    assert_int_equal(mk_web_pair(object, "X-Forwarded-For", "its word", true) || mk_web_pair(object, "x-forwarded-for", "the proxy's", true), MK_OK);
    assert_string_equal(json_string_value(json_object_get(object, "x-forwarded-for")), "its word,the proxy's");
    assert_int_equal(mk_web_pair(object, longest, "", true), MK_OK);
    assert_int_equal(mk_web_pair(object, "c.password", "fern", false) || mk_web_pair(object, "a.answer", "42", true), MK_OK);
    assert_false(json_object_get(object, "c.password") || json_object_get(object, "a.answer"));
    assert_int_equal(mk_web_pair(object, "\xff", "", true), MK_EPARSE);
    assert_int_equal(mk_web_pair(object, "v", "\xff", false), MK_EPARSE);
    longest[255] = 'n';
    assert_int_equal(mk_web_pair(object, longest, "", true), MK_EPARSE);
    json_decref(object);
}

/* --- bodies ------------------------------------------------------------------------------ */

static int read_body(json_t **out, const char *type, const char *body)
{
    mk_headers fields = { 0 };
    json_t *request = json_object();
    int err = request ? MK_OK : MK_ENOMEM;
    if (!err && mk_body_is_form(type))
        err = fields_of(&fields, body, 100);
    if (!err)
        err = mk_web_body(&service, request, type, &fields, (mk_bytes){ body, strlen(body) });
    mk_headers_free(&fields);
    if (err || !out)
        json_decref(request);
    else
        *out = request;
    return err;
}

#define FORM "application/x-www-form-urlencoded"

/* body becomes a request as `rest`, with these secrets (JSON; NULL: none). */
static void becomes(const char *type, const char *body, const char *rest, const char *credentials, const char *answer)
{
    static const char *const kinds[] = { "credentials", "answer" };
    const char *const texts[] = { credentials, answer };
    json_t *request = NULL, *expected = json_loads(rest, 0, NULL);
    assert_int_equal(read_body(&request, type, body), MK_OK);
    const json_t *sealed = json_object_get(request, "sealed");
    for (size_t i = 0; i < 2; i++) {
        json_t *open = mk_secrets_unseal(&service, kinds[i], json_object_get(sealed, kinds[i]));
        char *text = open ? json_dumps(open, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
        assert_string_equal(text ? text : "-", texts[i] ? texts[i] : "-");
        mk_free(text);
        json_decref(open);
    }
    json_object_del(request, "sealed");
    if (!json_equal(request, expected))
        fail_msg("%s is %s", body, json_dumps(request, 0));
    json_decref(request);
    json_decref(expected);
}

static void test_secrets(void **state)
{
    (void)state;
    becomes(FORM, "utility=X&c.username=ada&c.password=fern&email=e", "{\"fields\": {\"utility\": \"X\", \"email\": \"e\"}}",
            "{\"password\":\"fern\",\"username\":\"ada\"}", NULL);
    becomes(FORM, "a.field.one=1&a.field.two=2&id=7", "{\"fields\": {\"id\": \"7\"}}", NULL, "{\"fields\":{\"one\":\"1\",\"two\":\"2\"}}");
    becomes(FORM, "a.answer=42", "{\"fields\": {}}", NULL, "\"42\"");
    becomes(FORM, "a.answer=42&a.resend=1", "{\"fields\": {}}", NULL, "{\"resend\":true}");
    becomes(FORM, " {\"answer\": \"42\", \"id\": \"7\"}", "{\"fields\": {}, \"json\": {\"id\": \"7\"}}", NULL, "\"42\"");
    becomes(NULL, "{\"credentials\": {\"password\": \"fern\"}, \"utility\": \"X\"}", "{\"fields\": {}, \"json\": {\"utility\": \"X\"}}", "{\"password\":\"fern\"}", NULL);
    becomes("text/csv", "a,b\n1,2\n", "{\"fields\": {}, \"body\": true}", NULL, NULL);
    becomes("text/plain", "c.password=fern&utility=X", "{\"fields\": {}, \"body\": true}", NULL, NULL);
    becomes("text/plain", "c.password=fern\xff", "{\"fields\": {}, \"body\": true}", NULL, NULL);
    becomes(NULL, "[{\"credentials\": {\"password\": \"fern\"}}, \"fern\"]", "{\"fields\": {}, \"json\": []}", NULL, NULL);
    becomes(NULL, "{\"c.password\": \"fern\", \"a.answer\": \"42\", \"utility\": \"X\", \"c\": 1}", "{\"fields\": {}, \"json\": {\"utility\": \"X\", \"c\": 1}}", NULL, NULL);
    assert_int_equal(read_body(NULL, FORM, "c.%ff=fern"), MK_EPARSE); /* it would be missing among the credentials */
    assert_int_equal(read_body(NULL, FORM, "c.password=%ff"), MK_EPARSE);
    assert_int_equal(read_body(NULL, FORM, "%ff=1"), MK_EPARSE);
}

static void test_too_much(void **state)
{
    static const char *const kinds[] = { "c", "a.field" }, *const wrong[] = { "credentials", "answer" };
    char body[4000];
    json_t *request = NULL;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t len = 0;
        for (int n = 0; n < 33; n++)
            len += (size_t)snprintf(body + len, sizeof body - len, "%s.n%d=1&", kinds[i], n);
        assert_int_equal(read_body(&request, FORM, body), MK_OK);
        const json_t *sealed = json_object_get(request, "sealed");
        assert_string_equal(json_string_value(json_object_get(sealed, "wrong")), wrong[i]);
        assert_int_equal(json_object_size(sealed), 2);
        json_decref(request);
    }
}

/* jansson quotes what it did not understand. */
static void test_broken_json(void **state)
{
    static const char *const bodies[] = { "{\"credentials\": {\"password\": \"fern", "{\"answer\": \"x\" fern", "{\"password\": \"\\q-fern\"}", "[\"a\", fern]",
                                          "{\"fern\": 1, \"fern\": 2}", "{\"answer\": \" near 'fern" };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_t *request = NULL;
        assert_int_equal(read_body(&request, FORM, bodies[i]), MK_OK);
        char *text = json_dumps(request, 0);
        assert_non_null(strstr(text, "\"body_error\": \"line 1: "));
        if (strstr(text, "fern"))
            fail_msg("%s", text);
        mk_free(text);
        json_decref(request);
    }
}

/* What does not depend on the sealing itself. */
static char *gist(json_t *request)
{
    json_t *sealed = json_object_get(request, "sealed");
    json_object_del(sealed, "credentials");
    json_object_del(sealed, "answer");
    return json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
}

/* The n-th allocation fails: MK_ENOMEM and nothing left, or all of it (digests tell). Half of the credentials would be tried as if they were all. */
static void failing(const char *type, const char *body)
{
    json_t *request = NULL;
    assert_int_equal(read_body(&request, type, body), MK_OK);
    char *whole = gist(request);
    json_decref(request);
    bool refused = true;
    for (unsigned long n = 1; refused && n < 1000; n++) {
        const unsigned long before = mk_mem_refused();
        const long live = mk_mem_live();
        mk_mem_fail_at(n, false);
        const int err = read_body(&request, type, body);
        mk_mem_fail_at(0, false);
        refused = mk_mem_refused() != before;
        char *text = err ? NULL : gist(request);
        assert_int_equal(err, text ? MK_OK : MK_ENOMEM);
        if (text && strcmp(text, whole) != 0)
            fail_msg("allocation %lu: %s, not %s", n, text, whole);
        mk_free(text);
        json_decref(err ? NULL : request);
        assert_int_equal(mk_mem_live(), live);
    }
    assert_false(refused);
    mk_free(whole);
}

static void test_memory(void **state)
{
    (void)state;
    failing(FORM, "utility=X&c.username=ada&c.password=fern&email=e&email=f");
    failing(FORM, "a.field.one=1&a.field.two=2&id=7");
    failing(FORM, "a.answer=42");
    failing(FORM, "a.choice=email&c.x=1");
    failing(FORM, "a.resend=1");
    failing("application/json", "{\"credentials\": {\"password\": \"fern\"}, \"answer\": {\"choice\": \"x\"}, \"n\": [1, {}]}");
    failing("application/json", "{\"credentials\": {\"password\": 7}}");
    failing("application/json", "{\"credentials\"");
    failing("text/csv", "a,b");
}

int main(void)
{
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_lengths_and_types), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_pairs),   cmocka_unit_test(test_secrets),           cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_broken_json), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
