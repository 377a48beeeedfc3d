/* test_charset.c - character sets: which, to UTF-8, and back */
#include "base/oom.h"
#include "parse/charset.h"
#include <stdio.h>

#define TEXT(text) text, sizeof text - 1

static const struct {
    const char *declared, *text;
    size_t len;
    bool html;
    const char *name;
} sets[] = {
    { NULL, TEXT("abc"), true, "utf-8" },
    { NULL, TEXT("caf\xC3\xA9"), false, "utf-8" },
    { NULL, TEXT("caf\xE9"), false, "windows-1252" },
    { "latin1", TEXT("abc"), true, "windows-1252" },
    { "ISO-8859-1", TEXT("abc"), true, "windows-1252" },
    { " UTF8 ", TEXT("caf\xE9"), true, "utf-8" },
    { "text/html; charset=\"koi8-r\"", TEXT("abc"), true, "koi8-r" },
    { "nonsense", TEXT("<meta charset=shift_jis>"), true, "shift_jis" },
    { "koi8-r", TEXT("\xEF\xBB\xBFx"), true, "utf-8" },
    { NULL, TEXT("\xFF\xFE" "a\0"), true, "utf-16le" },
    { NULL, TEXT("\xFE\xFF\0a"), true, "utf-16be" },
    { NULL, TEXT("<meta charset='iso-8859-2'>"), true, "iso-8859-2" },
    { NULL, TEXT("<meta charset='iso-8859-2'>"), false, "utf-8" },
    { NULL, TEXT("<META http-equiv=Content-Type content=\"text/html; charset=ISO-8859-15\">"), true, "iso-8859-15" },
    { NULL, TEXT("<!-- <meta charset=koi8-r> --><meta charset = \"gbk\" >"), true, "gbk" },
    { NULL, TEXT("<metal charset=koi8-r>"), true, "utf-8" },
    { NULL, TEXT("<meta charset=utf-16>"), true, "utf-8" },
    { NULL, TEXT("<meta charset"), true, "utf-8" },
    { NULL, TEXT("<!--"), true, "utf-8" },
    { NULL, TEXT(""), true, "utf-8" },
    { NULL, TEXT("<?xml version='1.0' encoding='iso-8859-1'?><a/>"), false, "windows-1252" },
};

static void test_detect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char name[32];
        mk_charset_detect(name, sets[i].declared, sets[i].text, sets[i].len, sets[i].html);
        if (strcmp(name, sets[i].name) != 0)
            fail_msg("%zu: %s, not %s", i, name, sets[i].name);
    }
    char name[32], page[2000];
    memset(page, ' ', sizeof page);
    memcpy(page + 1500, "<meta charset=koi8-r>", 21);
    mk_charset_detect(name, NULL, page, sizeof page, true);
    assert_string_equal(name, "utf-8");
}

static const struct {
    const char *charset, *bytes;
    size_t len;
    const char *utf8;
} decoded[] = {
    { "utf-8", TEXT("\xEF\xBB\xBF" "a\xC3\xA9\xFF"), "a\xC3\xA9\xEF\xBF\xBD" },
    { "windows-1252", TEXT("\x80\x81\xE9"), "\xE2\x82\xAC\xC2\x81\xC3\xA9" },
    { "x-unheard-of", TEXT("\x93"), "\xE2\x80\x9C" },
    { "iso-8859-2", TEXT("\xB1"), "\xC4\x85" },
    { "koi8-r", TEXT("\xF1"), "\xD0\xAF" },
    { "shift_jis", TEXT("\x82\xA0\x82"), "\xE3\x81\x82\xEF\xBF\xBD" },
    { "euc-kr", TEXT("\xB0\xA1"), "\xEA\xB0\x80" },
    { "big5", TEXT("\xA4\xA4"), "\xE4\xB8\xAD" },
    { "gb2312", TEXT("\xD6\xD0"), "\xE4\xB8\xAD" },
    { "iso-2022-jp", TEXT("\x1B$B$\"\x1B(Bx"), "\xE3\x81\x82x" },
    { "utf-16le", TEXT("\xFF\xFE" "a\0\xE9\0"), "a\xC3\xA9" },
    { "utf-16be", TEXT("\0a\0\xE9"), "a\xC3\xA9" },
};

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
        mk_buf out;
        mk_buf_init(&out, 100);
        assert_int_equal(mk_charset_decode(&out, decoded[i].charset, decoded[i].bytes, decoded[i].len), MK_OK);
        if (strcmp(out.data, decoded[i].utf8) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", decoded[i].charset, out.data, decoded[i].utf8);
        mk_buf_free(&out);
    }
}

static void test_every_set_is_known_to_iconv(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ibm866", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-8-i",
        "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "koi8-u", "macintosh",
        "windows-874", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
        "windows-1257", "windows-1258", "x-mac-cyrillic", "gb18030", "euc-jp"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[32];
        mk_buf out;
        mk_buf_init(&out, 100);
        assert_true(mk_charset_label(name, names[i]));
        assert_string_equal(name, names[i]);
        assert_int_equal(mk_charset_encode(&out, names[i], "\xE2\x98\x83", 3), MK_OK); /* a snowman */
        if (strcmp(names[i], "gb18030") != 0 && strcmp(names[i], "euc-jp") != 0)
            assert_string_equal(out.data, "&#9731;");
        else
            assert_true(out.len > 0);
        mk_buf_free(&out);
    }
}

static const struct {
    const char *charset, *utf8, *bytes;
} encoded[] = {
    { "utf-8", "a\xC3\xA9", "a\xC3\xA9" },
    { "latin1", "\xC3\xA9\xE2\x82\xAC\xE4\xB8\xAD!", "\xE9\x80&#20013;!" },
    { "iso-8859-2", "\xC4\x85\xE2\x82\xAC", "\xB1&#8364;" },
    { "iso-2022-jp", "\xE3\x81\x82\xF0\x9F\x98\x80x", "\x1B$B$\"\x1B(B&#128512;x" },
    { "utf-16be", "a", "a" },
    { "x-unheard-of", "\xC3\xA9", "\xC3\xA9" },
};

static void test_encode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++) {
        char name[32];
        mk_buf out;
        mk_buf_init(&out, 100);
        if (!mk_charset_label(name, encoded[i].charset))
            snprintf(name, sizeof name, "%s", encoded[i].charset);
        assert_int_equal(mk_charset_encode(&out, name, encoded[i].utf8, strlen(encoded[i].utf8)), MK_OK);
        if (strcmp(out.data, encoded[i].bytes) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", encoded[i].charset, out.data, encoded[i].bytes);
        mk_buf_free(&out);
    }
    char name[32];
    assert_false(mk_charset_label(name, "x-unheard-of"));
    assert_false(mk_charset_label(name, ""));
}

static void test_long(void **state)
{
    (void)state;
    enum { LEN = 50000 };
    char *text = mk_malloc(LEN);
    memset(text, '\xB1', LEN);
    mk_buf out, back;
    mk_buf_init(&out, 200000);
    mk_buf_init(&back, 200000);
    assert_int_equal(mk_charset_decode(&out, "iso-8859-2", text, LEN), MK_OK);
    assert_int_equal(out.len, 2 * LEN);
    assert_int_equal(mk_charset_encode(&back, "iso-8859-2", out.data, out.len), MK_OK);
    assert_int_equal(back.len, LEN);
    assert_memory_equal(back.data, text, LEN);
    mk_buf_free(&back);
    mk_buf_free(&out);
    mk_buf_init(&out, 100);
    assert_int_equal(mk_charset_decode(&out, "koi8-r", text, LEN), MK_ELIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(mk_charset_decode(&out, "windows-1252", text, LEN), MK_ELIMIT);
    assert_int_equal(out.len, 0);
    mk_buf_free(&out);
    mk_free(text);
}

static int both(void)
{
    mk_buf out;
    mk_buf_init(&out, 1000);
    int err = mk_charset_decode(&out, "koi8-r", "\xF1\xF1", 2);
    if (!err)
        err = mk_charset_encode(&out, "koi8-u", "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 15);
    if (!err)
        err = mk_charset_decode(&out, "utf-8", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10);
    mk_buf_free(&out);
    return err;
}

static void test_oom(void **state)
{
    (void)state;
    each_allocation_fails(both());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detect), cmocka_unit_test(test_decode), cmocka_unit_test(test_every_set_is_known_to_iconv),
        cmocka_unit_test(test_encode), cmocka_unit_test(test_long),   cmocka_unit_test(test_oom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
