/* test_parts.c - the parts of a session that need no session: limits, credentials, meters, codes */
#include "base/err.h"
#include "parse/json.h"
#include "session/own.h"
#include "../base/oom.h"
#include "vault/seal.h"
#include <stdio.h>

static const mk_credential_field fields[] = {
    {.name = (char *)"username", .label = (char *)"User", .secret = false},
    {.name = (char *)"password", .label = (char *)"Password", .secret = true},
    {.name = (char *)"pin", .label = (char *)"PIN", .secret = true, .optional = true},
};
static const mk_manifest manifest = {.id = (char *)"example", .credentials = (mk_credential_field *)(uintptr_t)fields, .credential_count = 3};
static const mk_manifest timed = {.id = (char *)"example", .timezone = (char *)"America/New_York"};

static void limits_have_names(void **state)
{
    (void)state;
    mk_session_limits limits = mk_session_defaults;
    int64_t value;
    const char *name;
    size_t count = 0;
    for (; (name = mk_session_limit_at(&limits, count, &value)) != NULL; count++) {
        char text[24];
        assert_true(value > 0);
        snprintf(text, sizeof text, "%lld", (long long)value + 1);
        assert_int_equal(mk_session_limit_set(&limits, name, text), MK_OK);
    }
    assert_int_equal(count, 16);
    for (size_t i = 0; i < count; i++) { /* each name reaches its own member, and no other */
        int64_t before;
        mk_session_limit_at(&mk_session_defaults, i, &before);
        mk_session_limit_at(&limits, i, &value);
        assert_int_equal(value, before + 1);
    }
    assert_int_equal(limits.requests, 201);
    assert_int_equal(limits.wall_ms, 180001);
    assert_int_equal(limits.script.burst_us, 50001);
}

static void limits_refuse_what_is_none(void **state)
{
    (void)state;
    mk_session_limits limits = mk_session_defaults;
    static const char *const bad[] = {"", "x", "-1", "1x", "1.5", "99999999999999999999", NULL};
    assert_int_equal(mk_session_limit_set(&limits, "request", "5"), MK_ENOENT);
    for (size_t i = 0; bad[i]; i++)
        assert_int_equal(mk_session_limit_set(&limits, "wall_ms", bad[i]), MK_EPARSE);
    assert_int_equal(mk_session_limit_set(&limits, "requests", "1000001"), MK_EPARSE); /* an int */
    assert_memory_equal(&limits, &mk_session_defaults, sizeof limits);
}

static int read_credentials(mk_credentials **out, const char *text, char *why, size_t cap)
{
    json_t *object = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(object);
    *out = NULL;
    int err = mk_credentials_read(out, object, &manifest, why, cap);
    json_decref(object);
    return err;
}

static void refuses_credentials(const char *text, const char *because)
{
    char why[200] = "";
    mk_credentials *out;
    assert_int_equal(read_credentials(&out, text, why, sizeof why), MK_EPARSE);
    assert_null(out);
    if (!strstr(why, because))
        fail_msg("%s: %s", text, why);
}

static void credentials_are_checked(void **state)
{
    (void)state;
    char why[200], text[700], long_one[514];
    mk_credentials *out;
    assert_int_equal(read_credentials(&out, "{\"username\":\"pat\",\"password\":\"hunter2\",\"totp_secret\":\"JBSWY3DP\"}", why, sizeof why), MK_OK);
    assert_int_equal(out->count, 3);
    assert_string_equal(out->list[0].name, "username");
    assert_false(out->list[0].secret);
    assert_true(out->list[1].secret && out->list[2].secret);
    assert_memory_equal(mk_secret_bytes(out->list[1].value).data, "hunter2", 7);
    mk_credentials_free(out);
    refuses_credentials("[1]", "a JSON object");
    refuses_credentials("{\"username\":\"pat\"}", "'password' is missing");
    refuses_credentials("{\"username\":\"pat\",\"password\":\"\"}", "'password' must be a string");
    refuses_credentials("{\"username\":\"pat\",\"password\":7}", "'password' must be a string");
    refuses_credentials("{\"username\":\"pat\",\"password\":\"x\",\"pasword\":\"y\"}", "does not ask for 'pasword'");
    memset(long_one, 'x', 513);
    long_one[513] = '\0';
    snprintf(text, sizeof text, "{\"username\":\"pat\",\"password\":\"%s\"}", long_one);
    refuses_credentials(text, "longer than 512");
    text[strlen(text) - 3] = '"'; /* 512 fit */
    text[strlen(text) - 2] = '}';
    text[strlen(text) - 1] = '\0';
    assert_int_equal(read_credentials(&out, text, why, sizeof why), MK_OK);
    mk_credentials_free(out);
    mk_credentials_free(NULL);
}

static mk_credentials *some(void)
{
    char why[200];
    mk_credentials *out;
    assert_int_equal(read_credentials(&out, "{\"username\":\"pat\",\"password\":\"a\\u0000b\"}", why, sizeof why), MK_OK);
    return out;
}

static void credentials_travel(void **state)
{
    (void)state;
    mk_credentials *from = some(), *copy = mk_credentials_copy(from);
    mk_buf buf;
    mk_buf_init(&buf, 4096);
    assert_int_equal(mk_credentials_save(copy, &buf), MK_OK);
    mk_credentials *back = mk_credentials_load((mk_bytes){buf.data, buf.len});
    assert_non_null(back);
    assert_int_equal(back->count, 2);
    assert_string_equal(back->list[1].name, "password");
    assert_true(back->list[1].secret && !back->list[0].secret);
    assert_int_equal(mk_secret_bytes(back->list[1].value).len, 3); /* a NUL inside is kept */
    assert_memory_equal(mk_secret_bytes(back->list[1].value).data, "a\0b", 3);
    mk_credentials_free(back);
    for (size_t len = 0; len < buf.len; len++) /* cut anywhere: refused */
        assert_null(mk_credentials_load((mk_bytes){buf.data, len}));
    mk_buf_free(&buf);
    mk_credentials_free(from);
    mk_credentials_free(copy);
}

static int read_once(void)
{
    char why[200];
    mk_credentials *out = NULL;
    json_t *object = json_pack("{s:s,s:s}", "username", "pat", "password", "x");
    if (!object)
        return MK_ENOMEM;
    int err = mk_credentials_read(&out, object, &manifest, why, sizeof why);
    json_decref(object);
    mk_credentials_free(out);
    return err;
}

static int copy_once(const mk_credentials *from)
{
    mk_credentials *copy = mk_credentials_copy(from);
    mk_credentials_free(copy);
    return copy ? MK_OK : MK_ENOMEM;
}

static int load_once(mk_bytes data)
{
    mk_credentials *back = mk_credentials_load(data);
    mk_credentials_free(back);
    return back ? MK_OK : MK_ENOMEM;
}

static void credentials_out_of_memory(void **state)
{
    (void)state;
    mk_credentials *from = some();
    mk_buf buf;
    mk_buf_init(&buf, 4096);
    assert_int_equal(mk_credentials_save(from, &buf), MK_OK);
    each_allocation_fails(read_once());
    each_allocation_fails(copy_once(from));
    each_allocation_fails(load_once((mk_bytes){buf.data, buf.len}));
    mk_buf_free(&buf);
    mk_credentials_free(from);
}

/* "" if the list is good, else the message; the list as it became is in out. */
static void check_meters(const char *text, bool none, const mk_manifest *m, char *why, size_t cap, char *out, size_t most)
{
    json_t *list = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(list);
    mk_fault *fault = mk_meters_check(list, none, m);
    snprintf(why, cap, "%s%s%s", fault ? fault->kind->code : "", fault ? " " : "", fault ? fault->message : "");
    mk_fault_free(fault);
    char *shown = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(out, most, "%s", shown);
    mk_free(shown);
    json_decref(list);
}

static void good_meters(const char *text, const char *becomes)
{
    char why[300], out[1000];
    check_meters(text, false, &manifest, why, sizeof why, out, sizeof out);
    assert_string_equal(why, "");
    assert_string_equal(out, becomes);
}

static void bad_meters(const char *text, const char *because)
{
    char why[300], out[1000];
    check_meters(text, false, &manifest, why, sizeof why, out, sizeof out);
    if (!strstr(why, because))
        fail_msg("%s gave '%s', not '%s'", text, why, because);
}

static void meters_that_are_good(void **state)
{
    (void)state;
    char why[300], out[1000];
    good_meters("[{\"account\":12345678901234567,\"service\":\"gas\",\"meter\":7}]",
                "[{\"account\":\"12345678901234567\",\"meters\":[\"7\"],\"service\":\"gas\",\"status\":\"active\"}]");
    good_meters("[{\"account\":\"1\",\"service\":\"other\",\"meters\":[\"a\",2],\"status\":\"closed\",\"address\":{\"postcode\":10001,\"city\":\"X\"}}]",
                "[{\"account\":\"1\",\"address\":{\"city\":\"X\",\"postcode\":\"10001\"},\"meters\":[\"a\",\"2\"],\"service\":\"other\",\"status\":\"closed\"}]");
    good_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meters\":{},\"address\":{},\"tariff\":null}]",
                "[{\"account\":\"1\",\"service\":\"gas\",\"status\":\"active\"}]");
    good_meters("[{\"account\":\"1\",\"service\":\"gas\"},{\"account\":\"1\",\"service\":\"electric\"},{\"account\":\"1\",\"service\":\"gas\",\"point\":\"p\"}]",
                "[{\"account\":\"1\",\"service\":\"gas\",\"status\":\"active\"},{\"account\":\"1\",\"service\":\"electric\",\"status\":\"active\"},"
                "{\"account\":\"1\",\"point\":\"p\",\"service\":\"gas\",\"status\":\"active\"}]");
    check_meters("[{\"account\":\"1\",\"service\":\"gas\"}]", false, &timed, why, sizeof why, out, sizeof out);
    assert_non_null(strstr(out, "\"timezone\":\"America/New_York\""));
    check_meters("[{\"account\":\"1\",\"service\":\"gas\",\"timezone\":\"UTC\"}]", false, &timed, why, sizeof why, out, sizeof out);
    assert_non_null(strstr(out, "\"timezone\":\"UTC\""));
    check_meters("[]", true, &manifest, why, sizeof why, out, sizeof out);
    assert_string_equal(why, "");
}

static void meters_that_are_not(void **state)
{
    (void)state;
    bad_meters("[]", "adapter.no_accounts");
    bad_meters("{}", "adapter.no_accounts");
    bad_meters("{\"a\":1}", "adapter.parse meters: a list");
    bad_meters("[7]", "meters[1].: a table expected, got an integer");
    bad_meters("[{\"service\":\"gas\"}]", "meters[1].account: missing");
    bad_meters("[{\"account\":null,\"service\":\"gas\"}]", "meters[1].account: missing");
    bad_meters("[{\"account\":1.5,\"service\":\"gas\"}]", "meters[1].account: a number that is a name");
    bad_meters("[{\"account\":true,\"service\":\"gas\"}]", "meters[1].account: a string expected, got true");
    bad_meters("[{\"account\":\"\",\"service\":\"gas\"}]", "meters[1].account: a string of 1 to 500");
    bad_meters("[{\"account\":\"1\"}]", "meters[1].service: electric, gas");
    bad_meters("[{\"account\":\"1\",\"service\":\"power\"}]", "got 'power'");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"status\":\"on\"}]", "meters[1].status");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"acount\":\"2\"}]", "meters[1].acount: no field");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meter\":\"1\",\"meters\":[\"2\"]}]", "not both");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meters\":[1.5]}]", "meters[1].meters: entry 1");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meters\":\"2\"}]", "a list of strings expected");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meter\":1.5}]", "meters[1].meter:");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"address\":{\"zip\":\"1\"}}]", "no part of an address is called 'zip'");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"address\":\"here\"}]", "meters[1].address: a table expected");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"billing_address\":{\"city\":1.5}}]", "meters[1].billing_address.city");
    bad_meters("[{\"account\":\"1\",\"service\":\"gas\",\"meter\":\"a\"},{\"account\":1,\"service\":\"gas\",\"meters\":[\"a\"]}]",
               "meters[2].account: the same meter as meters[1]");
}

static mk_credentials *with_totp(const char *secret)
{
    char why[200];
    mk_credentials *out = NULL;
    json_t *object = json_pack("{s:s,s:s,s:s}", "username", "pat", "password", "x", "totp_secret", secret);
    assert_int_equal(mk_credentials_read(&out, object, &manifest, why, sizeof why), MK_OK);
    json_decref(object);
    return out;
}

/* RFC 6238, appendix B, SHA-1, the last six digits. */
static void authenticator_codes(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *code;
    } known[] = {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    char code[8];
    mk_credentials *c = with_totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    mk_credentials *loose = with_totp("gezd gnbv-gy3t qojq gezdgnbvgy3tqojq==");
    assert_true(mk_totp_stored(c));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_true(mk_totp_code(c, known[i].seconds / 30, code));
        assert_string_equal(code, known[i].code);
        assert_true(mk_totp_code(loose, known[i].seconds / 30, code));
        assert_string_equal(code, known[i].code);
    }
    mk_credentials_free(c);
    mk_credentials_free(loose);
    static const char *const bad[] = {"1", "not base32!", "-", "A"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c = with_totp(bad[i]);
        assert_false(mk_totp_code(c, 1, code));
        mk_credentials_free(c);
    }
    c = some();
    assert_false(mk_totp_stored(c));
    assert_false(mk_totp_code(c, 1, code));
    mk_credentials_free(c);
}

int main(void)
{
    mk_vault_init();
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_have_names),
        cmocka_unit_test(limits_refuse_what_is_none),
        cmocka_unit_test(credentials_are_checked),
        cmocka_unit_test(credentials_travel),
        cmocka_unit_test(credentials_out_of_memory),
        cmocka_unit_test(meters_that_are_good),
        cmocka_unit_test(meters_that_are_not),
        cmocka_unit_test(authenticator_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
