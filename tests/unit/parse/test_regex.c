/* test_regex.c - regular expressions: matches, limits, failures (tests, layer parse) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/regex.h"

static mk_regex *compiled(const char *pattern, const char *flags)
{
    mk_regex *regex = NULL;
    char why[128] = "";
    int err = mk_regex_compile(&regex, pattern, strlen(pattern), flags, NULL, why, sizeof why);
    if (err)
        fail_msg("%s: %s", pattern, why);
    return regex;
}

static bool matches(const char *pattern, const char *subject, mk_match *match)
{
    bool found = false;
    mk_regex *regex = compiled(pattern, NULL);
    assert_int_equal(mk_regex_match(regex, subject, strlen(subject), 0, 100, match, &found), MK_OK);
    mk_regex_free(regex);
    return found;
}

static void finds(void **state)
{
    (void)state;
    mk_match m;
    assert_true(matches("b(c)?(d)", "xxbd", &m));
    assert_int_equal(m.count, 3);
    assert_int_equal(m.from[0], 2);
    assert_int_equal(m.to[0], 4);
    assert_true(m.from[1] == SIZE_MAX && m.to[1] == SIZE_MAX);
    assert_int_equal(m.from[2], 3);
    assert_true(matches("x(a)?", "x", &m)); /* the last group did not take part */
    assert_true(m.count == 2 && m.from[1] == SIZE_MAX);
    assert_false(matches("^b", "ab", &m));
    assert_true(matches("[(*]x", "(x", &m));
    assert_true(matches("\\(*y", "((y", &m));
    assert_true(matches("\\Q(*\\E", "(*", &m));
    assert_true(matches("(?i)stra\xc3\x9f""e", "STRA\xe1\xba\x9e""E", &m));
}

static void flags_and_names(void **state)
{
    (void)state;
    mk_match m;
    bool found = false;
    mk_regex *regex = compiled("^(?<code> a.b ) # tail", "imsx");
    assert_int_equal(mk_regex_groups(regex), 1);
    assert_string_equal(mk_regex_group_name(regex, 1), "code");
    assert_null(mk_regex_group_name(regex, 2));
    assert_int_equal(mk_regex_match(regex, "zz\nA\nB", 6, 0, 100, &m, &found), MK_OK);
    assert_true(found);
    assert_int_equal(m.from[1], 3);
    assert_int_equal(mk_regex_match(regex, "A\nB", 3, 1, 100, &m, &found), MK_OK);
    assert_false(found);
    assert_int_equal(mk_regex_match(regex, "A\nB", 3, 9, 100, &m, &found), MK_OK);
    assert_false(found);
    mk_regex_free(regex);
}

static void refused(const char *pattern, const char *flags, int err, size_t at, const char *text)
{
    mk_regex *regex = NULL;
    size_t where = 999;
    char why[128] = "";
    assert_int_equal(mk_regex_compile(&regex, pattern, strlen(pattern), flags, &where, why, sizeof why), err);
    assert_null(regex);
    assert_int_equal(where, at);
    if (!strstr(why, text))
        fail_msg("%s: %s", pattern, why);
}

static void refusals(void **state)
{
    (void)state;
    refused("a(b", NULL, MK_EPARSE, 3, "parenthes");
    refused("a", "iz", MK_EPARSE, 0, "flag");
    refused("x(*COMMIT)", NULL, MK_EPARSE, 1, "VERB");
    refused("(*NO_JIT)a", NULL, MK_EPARSE, 0, "VERB");
    refused("a\\C", NULL, MK_EPARSE, 3, "\\C");
    refused("\xff", NULL, MK_EPARSE, 0, "UTF-8");
    char *big = calloc(1, 9002);
    memset(big, 'a', 9001);
    refused(big, NULL, MK_ELIMIT, 8192, "8 KiB");
    big[0] = 0;
    for (int i = 0; i < 65; i++)
        memcpy(big + 3 * i, "(a)", 4);
    refused(big, NULL, MK_ELIMIT, 0, "64 groups");
    free(big);
    refused("((a{1,999}){1,999}){1,999}", NULL, MK_ELIMIT, 26, "large");
}

/* Text repeated up to len bytes. */
static char *many(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = text[i % strlen(text)];
    out[len] = 0;
    return out;
}

/* Ends in time, by the limit or by itself; gives the error. */
static int bounded(const char *pattern, const char *subject, int ms)
{
    mk_match m;
    bool found = false;
    mk_regex *regex = compiled(pattern, NULL);
    int64_t before = mk_clock_cpu_us();
    int err = mk_regex_match(regex, subject, strlen(subject), 0, ms, &m, &found);
    int64_t took = (mk_clock_cpu_us() - before) / 1000;
    mk_regex_free(regex);
    if (took > ms + 400)
        fail_msg("%s took %ld ms of %d", pattern, (long)took, ms);
    assert_false(found);
    return err;
}

static void bombs(void)
{
    char *near = many("email or password is fine; ", 96 << 10);
    int err = bounded("(?i)(email|password).*(incorrect|not match)", near, 50);
    assert_true(err == MK_ELIMIT || err == MK_OK);
    free(near);
    char *as = many("a", 5000);
    as[4999] = '!';
    assert_int_equal(bounded("(a+)+$", as, 50), MK_ELIMIT);
    assert_int_equal(bounded("^(a|aa)+$", as, 50), MK_ELIMIT);
    assert_int_equal(bounded("(a?){50}a{50}x|^(a*)*b", as, 50), MK_ELIMIT);
    free(as);
    as = many("a", 96 << 10);
    assert_int_equal(bounded("(.*)\\1x|(.*)\\2y", as, 50), MK_ELIMIT);
    err = bounded("(?:(?=.*)a){600}[yz]", as, 50);
    assert_true(err == MK_ELIMIT || err == MK_OK);
    memset(as, 'b', 50000);
    err = bounded("[ab](?:(?=.*)a){300}[yz]", as, 50);
    assert_true(err == MK_ELIMIT || err == MK_OK);
    free(as);
    char *page = many("<td>1</td>\n", 8 << 20);
    err = bounded("<td>(.*?)</td>X", page, 2000);
    assert_true(err == MK_ELIMIT || err == MK_OK);
    assert_int_equal(bounded("(?s)<td>.*</td>X", page, 50), MK_ELIMIT);
    free(page);
}

static void bombs_with_jit(void **state)
{
    (void)state;
    bombs();
}

static void bombs_without_jit(void **state)
{
    (void)state;
    mk_regex_set_jit(false);
    bombs();
    mk_regex_set_jit(true);
}

/* What windows must not change. */
static void far_away(void)
{
    mk_match m;
    bool found = false;
    char *text = many("\xc3\xa9 and ", 300000);
    memcpy(text + 290000, " needle 42 ", 11);
    mk_regex *regex = compiled("needle (\\d+)", NULL);
    assert_int_equal(mk_regex_match(regex, text, 300000, 0, 20000, &m, &found), MK_OK);
    assert_true(found && m.from[0] == 290001 && m.from[1] == 290008);
    mk_regex_free(regex);
    regex = compiled("(?s)and.*needle", NULL);
    assert_int_equal(mk_regex_match(regex, text, 300000, 0, 20000, &m, &found), MK_OK);
    assert_true(found && m.from[0] == 3 && m.to[0] == 290007);
    mk_regex_free(regex);
    regex = compiled("\\Gand|\\A and|x\\G", NULL); /* neither may hold at a window's start */
    assert_int_equal(mk_regex_match(regex, text, 300000, 0, 20000, &m, &found), MK_OK);
    assert_false(found);
    mk_regex_free(regex);
    regex = compiled("(?:\xc3\xa9| |a|n|d)+?42|(?<=.)(?=42)", NULL);
    assert_int_equal(mk_regex_match(regex, text, 20000, 0, 20000, &m, &found), MK_OK);
    assert_false(found);
    mk_regex_free(regex);
    free(text);
}

static void windows(void **state)
{
    (void)state;
    far_away();
    mk_regex_set_jit(false);
    far_away();
    mk_regex_set_jit(true);
}

static void deep_stack(void **state)
{
    (void)state;
    mk_match m;
    char *text = many("ab", 20000);
    assert_true(matches("^(?:(a)|(b))*$", text, &m)); /* needs more than 32 KiB of stack */
    assert_int_equal(m.to[0], 20000);
    free(text);
}

static void bad_utf8(void **state)
{
    (void)state;
    mk_match m;
    bool found = false;
    mk_regex *regex = compiled("c.?d", NULL);
    assert_int_equal(mk_regex_match(regex, "\xff\x80" "c\xff" "d cxd", 9, 0, 100, &m, &found), MK_OK);
    assert_true(found && m.from[0] == 6);
    assert_int_equal(mk_regex_match(regex, "\x80\x80\x80", 3, 1, 100, &m, &found), MK_OK);
    assert_false(found);
    assert_int_equal(mk_regex_match(regex, NULL, ((size_t)8 << 20) + 1, 0, 100, &m, &found), MK_ELIMIT);
    mk_regex_free(regex);
}

static void out_of_memory(void **state)
{
    (void)state;
    char *text = many("ab", 20000);
    const char *pattern = "^(?<x>(a)|(b))*$";
    long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err; n++) {
        mk_match m;
        bool found = false;
        mk_regex *regex = NULL;
        mk_mem_fail_at(n, false);
        err = mk_regex_compile(&regex, pattern, strlen(pattern), "i", NULL, NULL, 0);
        if (!err)
            err = mk_regex_match(regex, text, 20000, 0, 5000, &m, &found);
        mk_mem_fail_at(0, false);
        mk_regex_free(regex);
        assert_true(err == MK_ENOMEM || (!err && found));
        assert_true(n < 200);
        assert_true(mk_mem_live() == live);
        if (!err && n < 4)
            err = MK_ENOMEM; /* a failed JIT is no failure: go on */
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),         cmocka_unit_test(flags_and_names),   cmocka_unit_test(refusals),
        cmocka_unit_test(bombs_with_jit), cmocka_unit_test(bombs_without_jit), cmocka_unit_test(windows),
        cmocka_unit_test(deep_stack),    cmocka_unit_test(bad_utf8),          cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
