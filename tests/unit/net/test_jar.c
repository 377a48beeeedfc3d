/* test_jar.c - cookies by table (tests, layer net) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/jar.h"
#include "net/setcookie.h"
#include <stdio.h>
#include <string.h>

enum { NOW = 1000000 };

static int add(mk_jar *jar, const char *from, const char *line)
{
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, from, strlen(from)), MK_OK);
    int err = mk_jar_add(jar, &url, line, strlen(line), NOW);
    mk_url_free(&url);
    return err;
}

static void sends(mk_jar *jar, const char *to, const char *expected)
{
    mk_url url = {0};
    mk_buf out;
    mk_buf_init(&out, 100000);
    assert_int_equal(mk_url_parse(&url, to, strlen(to)), MK_OK);
    assert_int_equal(mk_jar_header(jar, &url, NOW, &out), MK_OK);
    assert_string_equal(out.data, expected);
    mk_buf_free(&out);
    mk_url_free(&url);
}

/* One line set at `from`: the result, and what then goes to `to`. */
static const struct {
    const char *from, *line;
    int err;
    const char *to, *sent;
} table[] = {
    {"https://www.example.test/a/b", "x=1", MK_OK, "https://www.example.test/a/c", "x=1"},
    {"https://www.example.test/a/b", "x=1", MK_OK, "https://www.example.test/ab", ""},
    {"https://www.example.test/a/b", "x=1", MK_OK, "https://www.example.test/a", "x=1"},
    {"https://www.example.test/", "x=1", MK_OK, "https://sub.www.example.test/", ""},
    {"https://www.example.test/", "x=1", MK_OK, "https://example.test/", ""},
    {"https://www.example.test/", "x=1; Domain=example.test", MK_OK, "https://login.example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Domain=.EXAMPLE.test", MK_OK, "https://example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Domain=example.test", MK_OK, "https://badexample.test/", ""},
    {"https://www.example.test/", "x=1; Domain=", MK_OK, "https://sub.www.example.test/", ""},
    {"https://www.example.test/", "x=1; Domain; Path; Max-Age; Expires", MK_OK, "https://www.example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Domain=other.test", MK_EPOLICY, "https://other.test/", ""},
    {"https://www.example.test/", "x=1; Domain=sub.www.example.test", MK_EPOLICY, "https://sub.www.example.test/", ""},
    {"https://www.example.com/", "x=1; Domain=com", MK_EPOLICY, "https://www.example.com/", ""},
    {"https://www.example.co.uk/", "x=1; Domain=co.uk", MK_EPOLICY, "https://www.example.co.uk/", ""},
    {"https://a.github.io/", "x=1; Domain=github.io", MK_EPOLICY, "https://b.github.io/", ""},
    {"http://localhost/", "x=1; Domain=localhost", MK_OK, "http://localhost/", "x=1"},
    {"http://localhost/", "x=1; Domain=localhost", MK_OK, "http://a.localhost/", ""},
    {"http://127.0.0.1/", "x=1; Domain=127.0.0.1", MK_OK, "http://127.0.0.1/", "x=1"},
    {"http://127.0.0.1/", "x=1; Domain=0.0.1", MK_EPOLICY, "http://127.0.0.1/", ""},
    {"https://www.example.test/", "x=1; Path=/acc", MK_OK, "https://www.example.test/acc/1", "x=1"},
    {"https://www.example.test/", "x=1; Path=/acc", MK_OK, "https://www.example.test/account", ""},
    {"https://www.example.test/a/b", "x=1; Path=no", MK_OK, "https://www.example.test/a/c", "x=1"},
    {"https://www.example.test/", "x=1; Secure", MK_OK, "http://www.example.test/", ""},
    {"https://www.example.test/", "x=1; sEcUrE; HttpOnly", MK_OK, "https://www.example.test/", "x=1"},
    {"http://www.example.test/", "x=1; Secure", MK_EPOLICY, "https://www.example.test/", ""},
    {"https://www.example.test/", "__Secure-x=1", MK_EPOLICY, "https://www.example.test/", ""},
    {"https://www.example.test/", "__Secure-x=1; Secure", MK_OK, "https://www.example.test/", "__Secure-x=1"},
    {"https://www.example.test/", "__Host-x=1; Secure; Path=/", MK_OK, "https://www.example.test/", "__Host-x=1"},
    {"https://www.example.test/", "__Host-x=1; Secure", MK_EPOLICY, "https://www.example.test/", ""},
    {"https://www.example.test/", "__Host-x=1; Secure; Path=/a", MK_EPOLICY, "https://www.example.test/", ""},
    {"https://www.example.test/", "__Host-x=1; Secure; Path=/; Domain=example.test", MK_EPOLICY,
     "https://www.example.test/", ""},
    {"https://www.example.test/", " x = a b ; Foo", MK_OK, "https://www.example.test/", "x=a b"},
    {"https://www.example.test/", "x=a=b", MK_OK, "https://www.example.test/", "x=a=b"},
    {"https://www.example.test/", "x=", MK_OK, "https://www.example.test/", "x="},
    {"https://www.example.test/", "x", MK_EPARSE, "https://www.example.test/", ""},
    {"https://www.example.test/", "=x", MK_EPARSE, "https://www.example.test/", ""},
    {"https://www.example.test/", "", MK_EPARSE, "https://www.example.test/", ""},
    {"https://www.example.test/", "x=a\x01", MK_EPARSE, "https://www.example.test/", ""},
    {"https://www.example.test/", "x=1; Max-Age=0", MK_OK, "https://www.example.test/", ""},
    {"https://www.example.test/", "x=1; Max-Age=-1", MK_OK, "https://www.example.test/", ""},
    {"https://www.example.test/", "x=1; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", MK_OK,
     "https://www.example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Max-Age=99999999999999999999999", MK_OK, "https://www.example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Max-Age=a", MK_OK, "https://www.example.test/", "x=1"},
    {"https://www.example.test/", "x=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT", MK_OK, "https://www.example.test/", ""},
    {"https://www.example.test/", "x=1; Expires=rubbish", MK_OK, "https://www.example.test/", "x=1"},
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        mk_jar *jar = mk_jar_new(0);
        int err = add(jar, table[i].from, table[i].line);
        if (err != table[i].err)
            fail_msg("row %zu, %s: %d", i, table[i].line, err);
        sends(jar, table[i].to, table[i].sent);
        mk_jar_free(jar);
    }
}

static void dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t when; /* -1: none */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},      {"06 november 94 8:49:37", 784111777},
        {"1 Jan 70 0:0:0", 0},                        {"1 Jan 69 00:00:00", INT64_C(3124224000)},
        {"29 Feb 2024 00:00:00", 1709164800},         {"29 Feb 2023 00:00:00", -1},
        {"31 Apr 2024 00:00:00", -1},                 {"1 Jan 1600 00:00:00", -1},
        {"1 Jan 2024 24:00:00", -1},                  {"1 Jan 2024 00:60:00", -1},
        {"1 Jan 2024", -1},                           {"Jan 2024 00:00:00", -1},
        {"1 2024 00:00:00", -1},                      {"", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t when = -1;
        bool is = mk_cookie_date(rows[i].text, strlen(rows[i].text), &when);
        if (is != (rows[i].when != -1) || when != rows[i].when)
            fail_msg("%s: %d %lld", rows[i].text, is, (long long)when);
    }
}

static void order_and_replacing(void **state)
{
    (void)state;
    mk_jar *jar = mk_jar_new(0);
    const char *at = "https://www.example.test/a/b/c";
    assert_int_equal(add(jar, at, "one=1; Path=/"), MK_OK);
    assert_int_equal(add(jar, at, "two=2; Path=/a"), MK_OK);
    assert_int_equal(add(jar, at, "three=3; Path=/"), MK_OK);
    assert_int_equal(add(jar, at, "one=11; Path=/"), MK_OK); /* keeps its age */
    sends(jar, at, "two=2; one=11; three=3");
    assert_int_equal(add(jar, at, "one=; Path=/; Max-Age=0"), MK_OK);
    sends(jar, at, "two=2; three=3");
    assert_int_equal(add(jar, at, "two=x; Path=/a; Domain=foreign.test"), MK_EPOLICY); /* unchanged on failure */
    sends(jar, at, "two=2; three=3");
    const char *keep[] = {"two", NULL};
    mk_jar_clear(jar, keep);
    sends(jar, at, "two=2");
    mk_jar_clear(jar, NULL);
    assert_int_equal(mk_jar_count(jar), 0);
    mk_jar_free(jar);
}

static void secure_is_left_alone(void **state)
{
    (void)state;
    mk_jar *jar = mk_jar_new(0);
    assert_int_equal(add(jar, "https://www.example.test/", "x=1; Secure; Domain=example.test"), MK_OK);
    assert_int_equal(add(jar, "http://www.example.test/", "x=evil; Domain=example.test"), MK_EPOLICY);
    assert_int_equal(add(jar, "http://www.example.test/", "x=evil"), MK_EPOLICY);
    assert_int_equal(add(jar, "http://www.example.test/", "y=2"), MK_OK);
    sends(jar, "https://www.example.test/", "x=1; y=2");
    mk_jar_free(jar);
}

static void limits(void **state)
{
    (void)state;
    mk_jar *jar = mk_jar_new(60);
    char line[9000];
    memset(line, 'v', sizeof line);
    memcpy(line, "x=", 2);
    line[4097] = '\0';
    assert_int_equal(add(jar, "https://a.example.test/", line), MK_OK);
    line[4097] = 'v';
    line[4098] = '\0';
    assert_int_equal(add(jar, "https://a.example.test/", line), MK_ELIMIT);
    mk_jar_clear(jar, NULL);
    assert_int_equal(add(jar, "https://a.example.test/", "session=1"), MK_OK);
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof line, "n%d=1; Path=/elsewhere", i);
        sends(jar, "https://a.example.test/", "session=1"); /* what is used stays */
        assert_int_equal(add(jar, "https://a.example.test/", line), MK_OK);
    }
    assert_int_equal(mk_jar_count(jar), 50);
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof line, "n%d=1", i % 30);
        char from[60];
        snprintf(from, sizeof from, "https://b%d.example.test/", i / 30);
        assert_int_equal(add(jar, from, line), MK_OK);
    }
    assert_int_equal(mk_jar_count(jar), 60);
    mk_jar_free(jar);
}

static int set(mk_jar *jar, const char *name, const char *value, const char *domain)
{
    const mk_cookie c = {.name = (char *)name, .value = (char *)value, .domain = (char *)domain, .expires = -1};
    return mk_jar_set(jar, &c, NOW);
}

static void scripts_set(void **state)
{
    (void)state;
    mk_jar *jar = mk_jar_new(0);
    assert_int_equal(set(jar, "x", "1", ".Example.test"), MK_OK);
    assert_int_equal(set(jar, "x", "1", "com"), MK_EPOLICY);
    assert_int_equal(set(jar, "x", "1\r\ny: 2", "example.test"), MK_EINVAL);
    assert_int_equal(set(jar, "x", "1; y=2", "example.test"), MK_EINVAL);
    assert_int_equal(set(jar, "", "1", "example.test"), MK_EINVAL);
    assert_int_equal(set(jar, "x", "1", NULL), MK_EINVAL);
    assert_int_equal(set(jar, "l", "1", "127.0.0.1"), MK_OK);
    sends(jar, "https://www.example.test/", "x=1");
    assert_int_equal(add(jar, "https://www.example.test/", "x=host; HttpOnly; SameSite=Lax"), MK_OK);
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, "https://example.test/", 21), MK_OK);
    assert_string_equal(mk_jar_get(jar, "x", &url, NOW)->value, "1");
    assert_string_equal(mk_jar_get(jar, "x", NULL, NOW)->value, "host");
    assert_string_equal(mk_jar_get(jar, "x", NULL, NOW)->same_site, "lax");
    assert_true(mk_jar_get(jar, "x", NULL, NOW)->http_only);
    assert_null(mk_jar_get(jar, "l", &url, NOW));
    mk_url_free(&url);
    mk_jar_free(jar);
}

static void knows_which_hold_a_secret(void **state)
{
    (void)state;
    mk_jar *jar = mk_jar_new(0);
    mk_url here = {0}, other = {0};
    const mk_cookie c = {.name = (char *)"k", .value = (char *)"v", .domain = (char *)"a.test", .expires = -1, .secret = 4};
    assert_int_equal(mk_url_parse(&here, "https://a.test/", 15), MK_OK);
    assert_int_equal(mk_url_parse(&other, "https://b.test/", 15), MK_OK);
    assert_int_equal(mk_jar_set(jar, &c, NOW), MK_OK);
    assert_int_equal(mk_jar_secret(jar, &here, NOW), 4);
    assert_int_equal(mk_jar_secret(jar, &other, NOW), 0);
    assert_int_equal(add(jar, "https://a.test/", "k=w; Domain=a.test; Path=/"), MK_OK); /* the portal's own now */
    assert_int_equal(mk_jar_secret(jar, &here, NOW), 0);
    mk_url_free(&here);
    mk_url_free(&other);
    mk_jar_free(jar);
}

static void out_of_memory(void **state)
{
    (void)state;
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, "https://www.example.test/", 25), MK_OK);
    const long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err == MK_ENOMEM; n++) {
        mk_jar *jar = NULL;
        mk_buf out;
        mk_buf_init(&out, 1000);
        mk_mem_fail_at(n, false);
        jar = mk_jar_new(0);
        err = jar ? mk_jar_add(jar, &url, "x=1; Domain=example.test", 24, NOW) : MK_ENOMEM;
        if (err && jar)
            assert_int_equal(mk_jar_count(jar), 0);
        if (!err)
            err = mk_jar_header(jar, &url, NOW, &out);
        mk_mem_fail_at(0, false);
        if (err)
            assert_int_equal(out.len, 0);
        mk_buf_free(&out);
        mk_jar_free(jar);
        assert_int_equal(mk_mem_live(), live);
        assert_true(n < 100);
    }
    assert_int_equal(err, MK_OK);
    mk_url_free(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),  cmocka_unit_test(dates),       cmocka_unit_test(order_and_replacing),
        cmocka_unit_test(limits), cmocka_unit_test(scripts_set), cmocka_unit_test(secure_is_left_alone),
        cmocka_unit_test(knows_which_hold_a_secret), cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
