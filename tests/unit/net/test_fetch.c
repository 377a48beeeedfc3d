/* test_fetch.c - hops, redirects, what is sent with them (tests, layer net) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/fetch.h"
#include <stdio.h>
#include <string.h>

enum { NOW = 1000000 };
#define A "https://a.example.test"
#define B "https://b.example.test"

static mk_policy *policy;
static mk_jar *jar;

static int set_up(void **state)
{
    (void)state;
    char why[200];
    policy = mk_policy_new();
    jar = mk_jar_new(0);
    return mk_policy_declare(policy, "a.example.test", true, why, sizeof why) ||
           mk_policy_declare(policy, "b.example.test", true, why, sizeof why) ||
           mk_policy_declare(policy, "passed.example.test", false, why, sizeof why);
}

static int tear_down(void **state)
{
    (void)state;
    mk_policy_free(policy);
    mk_jar_free(jar);
    return 0;
}

static mk_url url_of(const char *text)
{
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, text, strlen(text)), MK_OK);
    return url;
}

static int start(mk_fetch **f, const char *method, const char *text, const mk_headers *headers, bool secret,
                 enum mk_redirect redirect, const char *from)
{
    bool post = strcmp(method, "GET") != 0;
    mk_url url = url_of(text), referer = {0};
    if (from)
        referer = url_of(from);
    const mk_fetch_input input = {.method = method, .url = &url, .headers = headers, .body = post ? "k=v" : NULL,
                                  .body_len = post ? 3 : 0, .secret = secret, .content_type = post ? "text/x" : NULL,
                                  .redirect = redirect, .referer = from ? &referer : NULL, .origin_header = true,
                                  .user_agent = "Meterkey/test"};
    int err = mk_fetch_new(f, &input, policy, jar, NOW);
    mk_url_free(&url);
    mk_url_free(&referer);
    return err;
}

static enum mk_fetch_state step(mk_fetch *f, int status, const char *location, const char *cookie)
{
    mk_response r;
    mk_response_init(&r, 1000);
    r.status = status;
    if (location)
        assert_int_equal(mk_headers_add(&r.headers, "location", location, strlen(location), false), MK_OK);
    if (cookie)
        assert_int_equal(mk_headers_add(&r.headers, "Set-Cookie", cookie, strlen(cookie), false), MK_OK);
    assert_int_equal(mk_buf_adds(&r.body, "body"), MK_OK);
    enum mk_fetch_state now = mk_fetch_step(f, &r, NOW);
    assert_int_equal(r.headers.count, 0); /* taken over */
    return now;
}

static const char *sent(const mk_fetch *f, const char *name)
{
    const mk_header *h = mk_headers_get(&mk_fetch_hop(f)->headers, name, 0);
    return h ? h->value : "(none)";
}

static void one_hop(void **state)
{
    (void)state;
    mk_fetch *f = NULL;
    assert_int_equal(start(&f, "get", A "/p?q=1#frag", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_int_equal(mk_fetch_state(f), MK_FETCH_SEND);
    assert_string_equal(mk_fetch_hop(f)->url, A "/p?q=1");
    assert_string_equal(sent(f, "User-Agent"), "Meterkey/test");
    assert_string_equal(sent(f, "Accept-Language"), "en-US,en;q=0.9");
    assert_non_null(strstr(sent(f, "Accept"), "text/html"));
    assert_string_equal(sent(f, "Cookie"), "(none)");
    assert_int_equal(step(f, 200, "/ignored", NULL), MK_FETCH_DONE);
    assert_string_equal(mk_fetch_response(f)->body.data, "body");
    assert_string_equal(mk_fetch_url(f)->fragment, "frag");
    assert_int_equal(mk_fetch_hops(f), 1);
    mk_fetch_free(f);
}

/* What becomes of a request that is answered with a redirect. */
static const struct {
    const char *method;
    int status;
    const char *location;
    enum mk_redirect redirect;
    const char *then; /* method and URL of the next hop, "page", or a fault */
} table[] = {
    {"POST", 301, "/n", MK_REDIRECT_FOLLOW, "GET " A "/n"},
    {"POST", 302, "/n", MK_REDIRECT_FOLLOW, "GET " A "/n"},
    {"POST", 303, B "/n", MK_REDIRECT_FOLLOW, "GET " B "/n"},
    {"PUT", 303, "/n", MK_REDIRECT_FOLLOW, "GET " A "/n"},
    {"PUT", 302, "/n", MK_REDIRECT_FOLLOW, "PUT " A "/n"},
    {"PUT", 302, B "/n", MK_REDIRECT_FOLLOW, "policy.redirect_denied"},
    {"POST", 307, "/n", MK_REDIRECT_FOLLOW, "POST " A "/n"},
    {"POST", 308, "/n", MK_REDIRECT_FOLLOW, "POST " A "/n"},
    {"POST", 307, B "/n", MK_REDIRECT_FOLLOW, "policy.redirect_denied"},
    {"POST", 308, B "/n", MK_REDIRECT_DECLARED, "policy.redirect_denied"},
    {"GET", 307, B "/n", MK_REDIRECT_FOLLOW, "GET " B "/n"},
    {"GET", 302, "//b.example.test/n", MK_REDIRECT_FOLLOW, "GET " B "/n"},
    {"GET", 302, "https://elsewhere.test/", MK_REDIRECT_FOLLOW, "policy.host_denied"},
    {"GET", 302, "https://elsewhere.test/", MK_REDIRECT_DECLARED, "page"},
    {"GET", 302, "myapp://callback?code=1", MK_REDIRECT_FOLLOW, "policy.host_denied"},
    {"GET", 302, "myapp://callback?code=1", MK_REDIRECT_DECLARED, "page"},
    {"GET", 302, "http://a.example.test/", MK_REDIRECT_FOLLOW, "policy.downgrade"},
    {"GET", 302, "http://elsewhere.test/", MK_REDIRECT_FOLLOW, "policy.host_denied"},
    {"GET", 302, A ":8443/", MK_REDIRECT_FOLLOW, "policy.host_denied"},
    {"GET", 302, B "/n", MK_REDIRECT_DECLARED, "GET " B "/n"},
    {"GET", 302, "/n", MK_REDIRECT_NONE, "page"},
    {"GET", 302, NULL, MK_REDIRECT_FOLLOW, "page"},
    {"GET", 300, "/n", MK_REDIRECT_FOLLOW, "page"},
    {"GET", 304, "/n", MK_REDIRECT_FOLLOW, "page"},
};

static void redirects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        mk_fetch *f = NULL;
        char got[300];
        assert_int_equal(start(&f, table[i].method, A "/", NULL, false, table[i].redirect, NULL), MK_OK);
        enum mk_fetch_state now = step(f, table[i].status, table[i].location, NULL);
        if (now == MK_FETCH_SEND)
            snprintf(got, sizeof got, "%s %s", mk_fetch_hop(f)->method, mk_fetch_hop(f)->url);
        else
            snprintf(got, sizeof got, "%s", now == MK_FETCH_DONE ? "page" : mk_fetch_fault(f, NULL));
        if (strcmp(got, table[i].then) != 0)
            fail_msg("row %zu: %s, not %s", i, got, table[i].then);
        if (now == MK_FETCH_SEND) {
            bool get = strcmp(mk_fetch_hop(f)->method, "GET") == 0;
            assert_int_equal(mk_fetch_hop(f)->body == NULL, get);
            assert_string_equal(sent(f, "Content-Type"), get ? "(none)" : "text/x");
            assert_int_equal(mk_fetch_response(f)->body.len, 0);
        }
        mk_fetch_free(f);
    }
}

static void too_many(void **state)
{
    (void)state;
    mk_fetch *f = NULL;
    const char *detail = NULL;
    assert_int_equal(start(&f, "GET", A "/#f", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(step(f, 302, "/", NULL), MK_FETCH_SEND);
    assert_string_equal(mk_fetch_url(f)->fragment, "f"); /* inherited */
    assert_int_equal(step(f, 302, "/", NULL), MK_FETCH_FAULT);
    assert_string_equal(mk_fetch_fault(f, &detail), "policy.budget");
    assert_string_equal(detail, "more than 10 redirects");
    mk_fetch_free(f);
}

static void cookies_on_the_way(void **state)
{
    (void)state;
    mk_fetch *f = NULL;
    assert_int_equal(start(&f, "GET", A "/", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_int_equal(step(f, 302, B "/", "mine=1; HttpOnly"), MK_FETCH_SEND);
    assert_string_equal(sent(f, "Cookie"), "(none)");
    assert_int_equal(step(f, 302, A "/", "x=1; Domain=a.example.test"), MK_FETCH_SEND); /* foreign: dropped */
    assert_string_equal(sent(f, "Cookie"), "mine=1");
    mk_fetch_free(f);
    mk_jar_clear(jar, NULL);
}

static void secrets_stay(void **state)
{
    (void)state;
    mk_headers own = {0};
    mk_fetch *f = NULL;
    assert_int_equal(mk_headers_add(&own, "Authorization", "Bearer x", 8, false), MK_OK);
    assert_int_equal(mk_headers_add(&own, "X-Key", "s", 1, true), MK_OK);
    assert_int_equal(mk_headers_add(&own, "X-Other", "o", 1, false), MK_OK);
    assert_int_equal(start(&f, "GET", A "/", &own, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_true(mk_fetch_hop(f)->secret);
    assert_int_equal(step(f, 302, "/same", NULL), MK_FETCH_SEND);
    assert_string_equal(sent(f, "Authorization"), "Bearer x");
    assert_string_equal(sent(f, "X-Key"), "s");
    assert_int_equal(step(f, 302, B "/", NULL), MK_FETCH_SEND);
    assert_string_equal(sent(f, "Authorization"), "(none)");
    assert_string_equal(sent(f, "X-Key"), "(none)");
    assert_string_equal(sent(f, "X-Other"), "o");
    assert_false(mk_fetch_hop(f)->secret);
    mk_fetch_free(f);
    assert_int_equal(start(&f, "GET", "https://passed.example.test/", &own, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_string_equal(mk_fetch_fault(f, NULL), "policy.secret_denied");
    mk_fetch_free(f);
    mk_headers_free(&own);
    assert_int_equal(start(&f, "POST", "https://passed.example.test/", NULL, true, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_int_equal(mk_fetch_state(f), MK_FETCH_FAULT);
    mk_fetch_free(f);
    assert_int_equal(start(&f, "POST", A "/", NULL, true, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_int_equal(step(f, 302, "https://passed.example.test/", NULL), MK_FETCH_SEND); /* the body is gone */
    assert_false(mk_fetch_hop(f)->secret);
    mk_fetch_free(f);
}

static void where_from(void **state)
{
    (void)state;
    mk_fetch *f = NULL;
    assert_int_equal(start(&f, "POST", A "/x", NULL, false, MK_REDIRECT_FOLLOW, A "/login?t=1#f"), MK_OK);
    assert_string_equal(sent(f, "Referer"), A "/login?t=1");
    assert_string_equal(sent(f, "Origin"), A);
    assert_int_equal(step(f, 302, B "/", NULL), MK_FETCH_SEND);
    assert_string_equal(sent(f, "Referer"), A "/");
    assert_string_equal(sent(f, "Origin"), "(none)");
    mk_fetch_free(f);
    char why[200];
    assert_int_equal(mk_policy_declare(policy, "http://plain.example.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_allow(policy, "http://plain.example.test"), MK_OK);
    assert_int_equal(start(&f, "POST", "http://plain.example.test/", NULL, false, MK_REDIRECT_FOLLOW, A "/x"), MK_OK);
    assert_string_equal(sent(f, "Referer"), "(none)");
    assert_string_equal(sent(f, "Origin"), "null");
    mk_fetch_free(f);
}

static void refused_headers(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"Host", "x"},         {"content-length", "1"}, {"Transfer-Encoding", "x"},
                                         {"Connection", "x"},   {"Cookie", "a=b"},       {"Proxy-Authorization", "x"},
                                         {"X", "a\r\nY: b"},    {"X Y", "a"},            {"", "a"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mk_headers own = {0};
        mk_fetch *f = NULL;
        assert_int_equal(mk_headers_add(&own, bad[i][0], bad[i][1], strlen(bad[i][1]), false), MK_OK);
        if (start(&f, "GET", A "/", &own, false, MK_REDIRECT_FOLLOW, NULL) != MK_EINVAL)
            fail_msg("%s", bad[i][0]);
        mk_headers_free(&own);
    }
    mk_headers own = {0};
    mk_fetch *f = NULL;
    assert_int_equal(mk_headers_add(&own, "accept", "application/json", 16, false), MK_OK);
    assert_int_equal(start(&f, "GET", A "/", &own, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    assert_string_equal(sent(f, "Accept"), "application/json");
    assert_null(mk_headers_get(&mk_fetch_hop(f)->headers, "Accept", 1));
    mk_fetch_free(f);
    mk_headers_free(&own);
    assert_int_equal(start(&f, "G T", A "/", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_EINVAL);
    assert_int_equal(start(&f, "CONNECT", A "/", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_EINVAL);
}

static void faults_pass(void **state)
{
    (void)state;
    mk_fetch *f = NULL;
    const char *detail = NULL;
    assert_int_equal(start(&f, "GET", A "/", NULL, false, MK_REDIRECT_FOLLOW, NULL), MK_OK);
    mk_response r;
    mk_response_init(&r, 10);
    r.fault = "net.timeout";
    snprintf(r.detail, sizeof r.detail, "slow");
    assert_int_equal(mk_fetch_step(f, &r, NOW), MK_FETCH_FAULT);
    assert_string_equal(mk_fetch_fault(f, &detail), "net.timeout");
    assert_string_equal(detail, "slow");
    mk_fetch_free(f);
}

static void out_of_memory(void **state)
{
    (void)state;
    const long live = mk_mem_live();
    mk_url url = url_of(A "/"), referer = url_of(A "/r");
    const mk_fetch_input input = {.method = "POST", .url = &url, .body = "b", .body_len = 1, .content_type = "t/x",
                                  .referer = &referer, .origin_header = true, .user_agent = "u"};
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err; n++) {
        mk_response r;
        mk_fetch *f = NULL;
        mk_response_init(&r, 10);
        r.status = 302;
        assert_int_equal(mk_headers_add(&r.headers, "Location", B "/", strlen(B "/"), false), MK_OK);
        mk_mem_fail_at(n, false);
        err = mk_fetch_new(&f, &input, policy, jar, NOW);
        if (!err && mk_fetch_step(f, &r, NOW) == MK_FETCH_FAULT) {
            err = MK_ENOMEM;
            assert_string_equal(mk_fetch_fault(f, NULL), "policy.budget");
        }
        mk_mem_fail_at(0, false);
        mk_fetch_free(f);
        mk_response_free(&r);
        assert_true(n < 1000);
    }
    mk_url_free(&url);
    mk_url_free(&referer);
    assert_int_equal(mk_mem_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_hop),     cmocka_unit_test(redirects),    cmocka_unit_test(too_many),
        cmocka_unit_test(where_from),  cmocka_unit_test(secrets_stay), cmocka_unit_test(cookies_on_the_way),
        cmocka_unit_test(faults_pass), cmocka_unit_test(refused_headers), cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
