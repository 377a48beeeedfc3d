/* test_suggest.c - the nearest known word (tests, layer base) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/suggest.h"

static const char *const KNOWN[] = {"patterns", "prompt", "policy", "id", "html", NULL};

static void near_words(void **state)
{
    (void)state;
    assert_string_equal(mk_suggest("paterns", KNOWN), "patterns");
    assert_string_equal(mk_suggest("Pattern", KNOWN), "patterns");
    assert_string_equal(mk_suggest("promtp", KNOWN), "prompt");
    assert_string_equal(mk_suggest("htlm", KNOWN), "html");
    assert_string_equal(mk_suggest("ids", KNOWN), "id");
}

static void far_words(void **state)
{
    (void)state;
    assert_null(mk_suggest("captcha", KNOWN));
    assert_null(mk_suggest("x", KNOWN));
    assert_null(mk_suggest("zz", KNOWN));
    assert_null(mk_suggest("", KNOWN));
    assert_null(mk_suggest("prompt123", KNOWN));
    static const char *const none[] = {NULL};
    assert_null(mk_suggest("html", none));
}

static void long_words(void **state)
{
    (void)state;
    char word[200];
    for (size_t i = 0; i < sizeof word - 1; i++)
        word[i] = 'a';
    word[sizeof word - 1] = 0;
    assert_null(mk_suggest(word, KNOWN));
    const char *const list[] = {word, "html", NULL};
    assert_string_equal(mk_suggest("htm", list), "html");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_words),
        cmocka_unit_test(far_words),
        cmocka_unit_test(long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
