/* test_mask.c - secrets taken out of text, in every form (tests of vault) */
#include "../base/oom.h"

#include "base/codec.h"
#include "vault/mask.h"

#include <stdio.h>

static int add(mk_mask *mask, const char *text, const char *as)
{
    mk_secret *secret = mk_secret_new(text, strlen(text));
    if (!secret)
        return MK_ENOMEM;
    const int err = mk_mask_add(mask, secret, as);
    mk_secret_unref(secret);
    return err;
}

#define masked(mask, text, expected)                                              \
    do {                                                                          \
        mk_buf out_;                                                              \
        mk_buf_init(&out_, 10000);                                                \
        assert_int_equal(mk_mask_apply(mask, text, strlen(text), &out_), MK_OK);  \
        assert_string_equal(out_.data, expected);                                 \
        assert_int_equal(mk_mask_finds(mask, text, strlen(text)),                 \
                         strcmp(text, expected) != 0);                            \
        mk_buf_free(&out_);                                                       \
    } while (0)

static void every_form(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    masked(mask, "nothing known", "nothing known");
    assert_int_equal(add(mask, "p\"a/s's&w+\xC3\xA4 <~", NULL), MK_OK);
    static const char *const forms[] = {
        "p\"a/s's&w+\xC3\xA4 <~",
        "p%22a%2Fs%27s%26w%2B%C3%A4%20%3C~",
        "p%22a%2fs%27s%26w%2b%c3%a4%20%3c~",
        "p%22a%2Fs%27s%26w%2B%C3%A4+%3C%7E",
        "p%22a%2fs%27s%26w%2b%c3%a4+%3c%7e",
        "p%22a%2Fs's%26w%2B%C3%A4%20%3C~",
        "p%22a%2Fs's&w+%C3%A4%20%3C~",
        "p&quot;a/s&#39;s&amp;w+\xC3\xA4 &lt;~",
        "p&quot;a/s&#x27;s&amp;w+\xC3\xA4 &lt;~",
        "p\"a/s's&amp;w+\xC3\xA4 &lt;~",
        "p&quot;a/s&#39;s&amp;w+&#228; &lt;~",
        "p\\\"a/s's&w+\xC3\xA4 <~",
        "p\\\"a\\/s's&w+\\u00e4 <~",
        "p\\\"a/s\\u0027s\\u0026w+\xC3\xA4 \\u003c~",
        "7022612f73277326772bc3a4203c7e",
        "7022612F73277326772BC3A4203C7E",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[200];
        snprintf(text, sizeof text, "(%s)", forms[i]);
        masked(mask, text, "(***)");
    }
    masked(mask, "p\"a/s's&w+\xC3\xA4 <", "p\"a/s's&w+\xC3\xA4 <"); /* only the beginning of it */
    mk_mask_free(mask);
    mk_mask_free(NULL);
}

static void base64_wherever_it_stands(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    assert_int_equal(add(mask, "hunter>?2", NULL), MK_OK);
    for (size_t before = 0; before < 7; before++) {
        for (size_t after = 0; after < 4; after++) {
            mk_buf text;
            char plain[40];
            mk_buf_init(&text, 200);
            snprintf(plain, sizeof plain, "%.*shunter>?2%.*s", (int)before, "user-1:", (int)after, "\nzz");
            assert_int_equal(mk_base64_encode(&text, plain, strlen(plain), after % 2), MK_OK);
            mk_buf out;
            mk_buf_init(&out, 200);
            assert_int_equal(mk_mask_apply(mask, text.data, text.len, &out), MK_OK);
            assert_non_null(strstr(out.data, "***"));
            assert_true(out.len <= (before + 2) / 3 * 4 + (after + 2) / 3 * 4 + 3 + 2);
            mk_buf_free(&text);
            mk_buf_free(&out);
        }
    }
    mk_mask_free(mask);
}

static void longest_first_and_overlaps_whole(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    assert_int_equal(add(mask, "pass", NULL), MK_OK);
    assert_int_equal(add(mask, "password", NULL), MK_OK);
    assert_int_equal(add(mask, "wordlist", NULL), MK_OK);
    masked(mask, "a pass, a password, a wordlist", "a ***, a ***, a ***");
    masked(mask, "passwordlist.", "***."); /* not "***list." */
    masked(mask, "paspass passpas", "pas*** ***pas");
    mk_mask_free(mask);
}

static void short_ones_as_words(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    assert_int_equal(add(mask, "7", NULL), MK_OK);
    assert_int_equal(add(mask, "ab", NULL), MK_OK);
    assert_int_equal(add(mask, "", NULL), MK_OK);
    masked(mask, "7 17 7. ab cab \"ab\" ab_ 7", "*** 17 ***. *** cab \"***\" ab_ ***");
    assert_int_equal(add(mask, "6162", NULL), MK_OK); /* was "ab" in hex, a word; now a secret of its own */
    masked(mask, "x6162x", "x***x");
    mk_mask_free(mask);
}

static void add_name(mk_mask *mask, const char *text)
{
    mk_secret *secret = mk_secret_new(text, strlen(text));
    assert_int_equal(mk_mask_add_name(mask, secret), MK_OK);
    mk_secret_unref(secret);
}

static void a_user_name_leaves_words(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    add_name(mask, "locked");
    add_name(mask, "ada");
    add_name(mask, "pat@mail.test");
    masked(mask, "Your account is locked. It was unlocked, locked", "Your account is locked. It was unlocked, locked");
    masked(mask, "user=locked&x=1 \"locked\" <b>locked</b>", "user=***&x=1 \"***\" <b>***</b>");
    masked(mask, "https://x.test/users/locked", "https://x.test/users/***");
    masked(mask, "locked", "***");
    masked(mask, "Hello ada, a canadian: ada.", "Hello ***, a canadian: ***.");
    masked(mask, "xpat@mail.testx pat%40mail.test", "x***x ***");
    masked(mask, "bG9ja2Vk", "***"); /* base64 is no word */
    assert_int_equal(add(mask, "locked", NULL), MK_OK); /* a password, too: masked wherever it stands */
    masked(mask, "Your account is locked", "Your account is ***");
    mk_mask_free(mask);
}

static void placeholder_in_the_same_form(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    assert_int_equal(add(mask, "s3cr/t!", "{{pass word}}"), MK_OK);
    assert_int_equal(add(mask, "s3cr/t!", "ignored"), MK_OK);
    masked(mask, "p=s3cr/t!", "p={{pass word}}");
    masked(mask, "p=s3cr%2Ft%21", "p=%7B%7Bpass%20word%7D%7D");
    masked(mask, "p=czNjci90IQ==;", "p=e3twYXNzIHdvcmR9fQ==;");
    masked(mask, "p=733363722f7421", "p=7b7b7061737320776f72647d7d");
    mk_mask_free(mask);
}

static void keeps_the_rest_and_the_cap(void **state)
{
    (void)state;
    mk_mask *mask = mk_mask_new();
    assert_int_equal(add(mask, "topsecret", NULL), MK_OK);
    mk_buf out;
    mk_buf_init(&out, 10);
    assert_int_equal(mk_buf_adds(&out, "kept"), MK_OK);
    assert_int_equal(mk_mask_apply(mask, "abc topsecret", 13, &out), MK_ELIMIT);
    assert_string_equal(out.data, "kept");
    assert_int_equal(mk_mask_apply(mask, "a\0topsecret\0b", 13, &out), MK_ELIMIT);
    mk_buf_clear(&out);
    assert_int_equal(mk_mask_apply(mask, "a\0topsecret\0b", 13, &out), MK_OK);
    assert_memory_equal(out.data, "a\0***\0b", 8);
    assert_false(mk_mask_finds(mask, "topsecre", 8));
    mk_buf_free(&out);
    mk_mask_free(mask);
}

static int fill(void)
{
    mk_mask *mask = mk_mask_new();
    int err = mask ? MK_OK : MK_ENOMEM;
    if (!err)
        err = add(mask, "first&one", "{{a b}}");
    if (!err)
        err = add(mask, "second", NULL);
    if (!err)
        assert_true(mk_mask_finds(mask, "x second", 8));
    mk_mask_free(mask);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    const size_t live = mk_secret_live();
    each_allocation_fails(fill());
    assert_int_equal(mk_secret_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(base64_wherever_it_stands),
        cmocka_unit_test(longest_first_and_overlaps_whole),
        cmocka_unit_test(short_ones_as_words),
        cmocka_unit_test(a_user_name_leaves_words),
        cmocka_unit_test(placeholder_in_the_same_form),
        cmocka_unit_test(keeps_the_rest_and_the_cap),
        cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
