/* test_url.c - URLs as browsers read them (tests, layer parse) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "parse/url.h"

struct pair {
    const char *in, *out; /* out NULL: MK_EPARSE */
};

static void check(const mk_url *base, const struct pair *p)
{
    mk_url url = {0};
    int err = base ? mk_url_resolve(&url, base, p->in, strlen(p->in)) : mk_url_parse(&url, p->in, strlen(p->in));
    if (!p->out) {
        if (err != MK_EPARSE)
            fail_msg("'%s' was read, error %d", p->in, err);
        assert_null(url.scheme);
        return;
    }
    if (err)
        fail_msg("'%s' was not read: %d", p->in, err);
    char *text = mk_url_text(&url, true);
    if (strcmp(text, p->out) != 0)
        fail_msg("'%s' is '%s', not '%s'", p->in, text, p->out);
    mk_free(text);
    mk_url_free(&url);
}

static void absolute(void **state)
{
    (void)state;
    static const struct pair list[] = {
        {"https://www.example.test", "https://www.example.test/"},
        {"  HTTPS://WWW.Example.TEST:443/a \n", "https://www.example.test/a"},
        {"http://h:80/", "http://h/"},
        {"http://h:443/", "http://h:443/"},
        {"https://h:/x", "https://h/x"},
        {"https://h:00444/x", "https://h:444/x"},
        {"https:h/x", "https://h/x"},
        {"https:\\\\h\\x\\..\\y", "https://h/y"},
        {"https:////h//x", "https://h//x"},
        {"ht\ntps://h/\ta\rb", "https://h/ab"},
        {"https://user:pa:ss@h/", "https://h/"},
        {"https://good.test@evil.test/", "https://evil.test/"},
        {"https://a@b@evil.test/", "https://evil.test/"},
        {"https://evil.test\\@good.test/", "https://evil.test/@good.test/"},
        {"https://evil.test/@good.test", "https://evil.test/@good.test"},
        {"https://h/a/./b/../c", "https://h/a/c"},
        {"https://h/a/%2e%2E/b/%2e", "https://h/b/"},
        {"https://h/../../x/..", "https://h/"},
        {"https://h/.../..x", "https://h/.../..x"},
        {"https://h/a b\"<>`{}^\x7f\xc3\xa9%zz", "https://h/a%20b%22%3C%3E%60%7B%7D%5E%7F%C3%A9%zz"},
        {"https://h?q='a b'#f `x`", "https://h/?q=%27a%20b%27#f%20%60x%60"},
        {"https://h/?a=/../b?c", "https://h/?a=/../b?c"},
        {"https://h/?", "https://h/?"},
        {"https://h/p#", "https://h/p#"},
        {"mailto:a@example.test?subject=x y", "mailto:a@example.test?subject=x%20y"},
        {"App+1://callback/x?code=1#z", "app+1://callback/x?code=1#z"},
        {"javascript:alert(1)", "javascript:alert(1)"},
        {"", NULL}, {"x", NULL}, {"/x", NULL}, {"//h/x", NULL}, {":x", NULL}, {"1a:x", NULL},
        {"https:", NULL}, {"https://", NULL}, {"https:///", NULL}, {"https://@/", NULL}, {"https://u@", NULL},
        {"https://h:65536/", NULL}, {"https://h:0/", NULL}, {"https://h:8x/", NULL}, {"https://a:b:80/", NULL},
        {"https://h:-1/", NULL}, {"https://:80/", NULL},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        check(NULL, &list[i]);
}

static void hosts(void **state)
{
    (void)state;
    static const struct pair list[] = {
        {"http://127.0.0.1/", "http://127.0.0.1/"},
        {"http://0x7f.1/", "http://127.0.0.1/"},
        {"http://2130706433/", "http://127.0.0.1/"},
        {"http://017700000001/", "http://127.0.0.1/"},
        {"http://0x7F000001./", "http://127.0.0.1/"},
        {"http://127.1/", "http://127.0.0.1/"},
        {"http://10.0.258/", "http://10.0.1.2/"},
        {"http://0/", "http://0.0.0.0/"},
        {"http://0x/", "http://0.0.0.0/"},
        {"http://%31%32%37.1/", "http://127.0.0.1/"},
        {"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", "http://127.0.0.1/"},
        {"http://127\xe3\x80\x82" "0\xe3\x80\x82" "0\xe3\x80\x82" "1/", "http://127.0.0.1/"},
        {"http://256.0.0.1/", NULL}, {"http://1.2.3.4.5/", NULL}, {"http://4294967296/", NULL},
        {"http://0x100000000/", NULL}, {"http://1.2.3.08/", NULL}, {"http://a.1/", NULL}, {"http://a.0x1/", NULL},
        {"http://1.2.3.99999999999999999999999/", NULL},
        {"http://1.a/", "http://1.a/"},
        {"http://0x7g/", "http://0x7g/"},
        {"http://[::1]/", "http://[::1]/"},
        {"http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/"},
        {"http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/"},
        {"http://[1:0:2:3:4:5:6:7]/", "http://[1:0:2:3:4:5:6:7]/"},
        {"http://[1::]/", "http://[1::]/"},
        {"http://[::]/", "http://[::]/"},
        {"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"},
        {"http://[::1/", NULL}, {"http://[::1]x/", NULL}, {"http://[fe80::1%25eth0]/", NULL}, {"http://[1]/", NULL},
        {"http://[]/", NULL}, {"http://::1/", NULL},
        {"http://B\xc3\xbc" "cher.example/", "http://xn--bcher-kva.example/"},
        {"http://fa\xc3\x9f.example/", "http://xn--fa-hia.example/"},
        {"http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
        {"http://XN--BCHER-KVA.example/", "http://xn--bcher-kva.example/"},
        {"http://ex\xc2\xad" "ample.test/", "http://example.test/"},
        {"http://good.test\xef\xbc\x8f.evil.test/", NULL}, /* a wide slash becomes one */
        {"http://xn--zz--/", NULL},
        {"http://a%00b/", NULL}, {"http://a%2fb/", NULL}, {"http://a b/", NULL}, {"http://a%20b/", NULL},
        {"http://a<b/", NULL}, {"http://a%zz/", NULL}, {"http://a%/", NULL}, {"http://\xff/", NULL},
        {"http://.example.test/", NULL}, {"http://a..b/", NULL}, {"http://./", NULL},
        {"http://example.test./", "http://example.test./"},
        {"http://under_score.test/", "http://under_score.test/"},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        check(NULL, &list[i]);
}

/* RFC 3986, 5.4, with what browsers do where they differ. */
static void relative(void **state)
{
    (void)state;
    static const struct pair list[] = {
        {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"}, {"//g", "http://g/"}, {"\\\\g\\x", "http://g/x"}, {"\\g", "http://a/g"}, {"///g", "http://g/"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"}, {"g#s", "http://a/b/c/g#s"}, {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"},
        {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
        {"g.", "http://a/b/c/g."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"}, {"g/./h", "http://a/b/c/g/h"},
        {"g;x=1/../y", "http://a/b/c/y"}, {"g?y/../x", "http://a/b/c/g?y/../x"}, {"http:g", "http://a/b/c/g"},
        {"https:g", "https://g/"}, {"http:/g", "http://a/g"}, {"http://g", "http://g/"}, {"a:b@c", "a:b@c"},
        {"//", NULL}, {"//h:x", NULL},
    };
    mk_url base = {0};
    assert_int_equal(mk_url_parse(&base, "http://a/b/c/d;p?q#frag", 23), MK_OK);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        check(&base, &list[i]);
    mk_url_free(&base);
    assert_int_equal(mk_url_parse(&base, "about:blank?x#y", 15), MK_OK);
    check(&base, &(struct pair){"#z", "about:blank?x#z"});
    check(&base, &(struct pair){"z", NULL});
    mk_url_free(&base);
}

static void members(void **state)
{
    (void)state;
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, "https://us%20er:p@:w@h:8443/p?q=1#f", 35), MK_OK);
    assert_string_equal(url.scheme, "https");
    assert_string_equal(url.user, "us%20er");
    assert_string_equal(url.password, "p%40%3Aw");
    assert_string_equal(url.host, "h");
    assert_int_equal(url.port, 8443);
    assert_string_equal(url.path, "/p");
    assert_string_equal(url.query, "q=1");
    assert_string_equal(url.fragment, "f");
    mk_url other = {0};
    assert_int_equal(mk_url_resolve(&other, &url, "/z", 2), MK_OK);
    assert_string_equal(other.password, "p%40%3Aw");
    assert_true(mk_url_same_origin(&url, &other));
    char *text = mk_url_origin(&url);
    assert_string_equal(text, "https://h:8443");
    mk_free(text);
    text = mk_url_text(&url, false);
    assert_string_equal(text, "https://h:8443/p?q=1");
    mk_free(text);
    mk_url_free(&other);
    assert_int_equal(mk_url_parse(&other, "http://h:8443/p", 15), MK_OK);
    assert_false(mk_url_same_origin(&url, &other));
    mk_url_free(&other);
    assert_int_equal(mk_url_parse(&other, "data:x", 6), MK_OK);
    assert_null(other.host);
    assert_int_equal(other.port, 0);
    assert_false(mk_url_same_origin(&other, &other));
    text = mk_url_origin(&other);
    assert_string_equal(text, "null");
    mk_free(text);
    mk_url_free(&other);
    mk_url_free(&url);
}

static void add_query(void **state)
{
    (void)state;
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, "https://h/p", 11), MK_OK);
    assert_int_equal(mk_url_add_query(&url, "a=1"), MK_OK);
    assert_string_equal(url.query, "a=1");
    assert_int_equal(mk_url_add_query(&url, "b=2&"), MK_OK);
    assert_int_equal(mk_url_add_query(&url, "c=3"), MK_OK);
    assert_string_equal(url.query, "a=1&b=2&c=3");
    assert_int_equal(mk_url_add_query(&url, ""), MK_OK);
    assert_string_equal(url.query, "a=1&b=2&c=3");
    mk_url_free(&url);
}

static void too_long(void **state)
{
    (void)state;
    char *text = malloc(16386);
    memset(text, ' ', 16386);
    memcpy(text, "https://h/x", 11);
    text[16383] = 'y';
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, text, 16385), MK_ELIMIT);
    assert_int_equal(mk_url_parse(&url, text, 16384), MK_OK);
    assert_true(strlen(url.path) > 3 * 16000);
    mk_url_free(&url);
    memset(text, 'a', 300);
    memcpy(text, "https://", 8);
    assert_int_equal(mk_url_parse(&url, text, 90), MK_EPARSE); /* a label over 63 */
    free(text);
}

static int all_of_it(void)
{
    mk_url base = {0}, url = {0}, copy = {0};
    char *text = NULL, *origin = NULL;
    int err = mk_url_parse(&base, "https://u:p@h:1/a/b?c#d", 23);
    if (!err)
        err = mk_url_resolve(&url, &base, "../x y?z#w", 10);
    if (!err)
        err = mk_url_copy(&copy, &base);
    if (!err)
        err = mk_url_add_query(&copy, "m=1");
    if (!err && (!(text = mk_url_text(&copy, true)) || !(origin = mk_url_origin(&copy))))
        err = MK_ENOMEM;
    if (!err)
        assert_string_equal(text, "https://h:1/a/b?c&m=1#d");
    mk_free(text);
    mk_free(origin);
    mk_url_free(&base);
    mk_url_free(&url);
    mk_url_free(&copy);
    return err;
}

static void out_of_memory(void **state)
{
    (void)state;
    long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err; n++) {
        mk_mem_fail_at(n, false);
        err = all_of_it();
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK ? n > 20 : err == MK_ENOMEM);
        assert_true(mk_mem_live() == live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute), cmocka_unit_test(hosts),     cmocka_unit_test(relative),
        cmocka_unit_test(members),  cmocka_unit_test(add_query), cmocka_unit_test(too_long),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
