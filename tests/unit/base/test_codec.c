/* test_codec.c - hex, base64, percent, HTML, JSON, UTF-8 (tests of base) */
#include "oom.h"

#include "base/codec.h"

static mk_buf out;

static int fresh(void **state)
{
    (void)state;
    mk_buf_init(&out, 1000);
    return 0;
}

static int done(void **state)
{
    (void)state;
    mk_buf_free(&out);
    return 0;
}

#define gives(text, call)                         \
    do {                                          \
        mk_buf_clear(&out);                       \
        assert_int_equal(call, MK_OK);            \
        assert_int_equal(out.len, strlen(text));  \
        assert_string_equal(out.data, text);      \
    } while (0)

/* Refused, and what was there before is all that is there. */
#define refuses(call)                         \
    do {                                      \
        mk_buf_clear(&out);                   \
        mk_buf_adds(&out, "kept");            \
        assert_int_equal(call, MK_EPARSE);    \
        assert_string_equal(out.data, "kept"); \
        assert_int_equal(out.len, 4);         \
    } while (0)

static void hex(void **state)
{
    (void)state;
    gives("00ff7e", mk_hex_encode(&out, "\x00\xFF\x7E", 3));
    gives("", mk_hex_encode(&out, "", 0));
    gives("Az", mk_hex_decode(&out, "417A", 4));
    refuses(mk_hex_decode(&out, "417", 3));
    refuses(mk_hex_decode(&out, "41zz", 4));
    refuses(mk_hex_decode(&out, "4g", 2));
}

static void base64(void **state)
{
    (void)state;
    gives("", mk_base64_encode(&out, "", 0, false));
    gives("Zg==", mk_base64_encode(&out, "f", 1, false)); /* RFC 4648, 10 */
    gives("Zm8=", mk_base64_encode(&out, "fo", 2, false));
    gives("Zm9v", mk_base64_encode(&out, "foo", 3, false));
    gives("Zm9vYmFy", mk_base64_encode(&out, "foobar", 6, false));
    gives("+/8=", mk_base64_encode(&out, "\xFB\xFF", 2, false));
    gives("-_8", mk_base64_encode(&out, "\xFB\xFF", 2, true));
    gives("Zg", mk_base64_encode(&out, "f", 1, true));
    gives("foobar", mk_base64_decode(&out, "Zm9v YmFy\r\n", 11));
    gives("\xFB\xFF", mk_base64_decode(&out, "-_8", 3));
    gives("\xFB\xFF", mk_base64_decode(&out, "+/8=", 4));
    gives("f", mk_base64_decode(&out, "Zg==", 4));
    gives("fo", mk_base64_decode(&out, "Zm8", 3));
    refuses(mk_base64_decode(&out, "Z", 1));
    refuses(mk_base64_decode(&out, "Zg=", 3));
    refuses(mk_base64_decode(&out, "Zm9v====", 8));
    refuses(mk_base64_decode(&out, "Zg==Zg==", 8));
    refuses(mk_base64_decode(&out, "Zm9v!", 5));
}

static void percent(void **state)
{
    (void)state;
    gives("a%20b~%2A%C3%A4%2B", mk_percent_encode(&out, "a b~*\xC3\xA4+", 8, false));
    gives("a+b%7E*%2B", mk_percent_encode(&out, "a b~*+", 6, true));
    gives("a b+", mk_percent_decode(&out, "a%20b+", 6, false));
    gives("a b ", mk_percent_decode(&out, "a%20b+", 6, true));
    refuses(mk_percent_decode(&out, "a%2", 3, false));
    refuses(mk_percent_decode(&out, "a%", 2, false));
    refuses(mk_percent_decode(&out, "a%zz", 4, false));
    refuses(mk_percent_decode(&out, "a%2z", 4, true));
}

static void escapes(void **state)
{
    (void)state;
    gives("&lt;a b=&quot;x&#39;&quot;&gt;&amp;", mk_html_escape(&out, "<a b=\"x'\">&", 11));
    gives("plain", mk_html_escape(&out, "plain", 5));
    gives("\\\"\\\\\\n\\t\\u0001/\xC3\xA4", mk_json_escape(&out, "\"\\\n\t\x01/\xC3\xA4", 8));
    gives("a\xEF\xBF\xBD" "b", mk_json_escape(&out, "a\xFF" "b", 3));
}

static void utf8(void **state)
{
    (void)state;
    static const char *const bad[] = { "\x80",         "\xC0\x80",         "\xC3",         "\xE0\x80\x80", "\xED\xA0\x80",
                                       "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x80\x80\x80" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t pos = 0;
        assert_false(mk_utf8_valid(bad[i], strlen(bad[i])));
        assert_int_equal(mk_utf8_next(bad[i], strlen(bad[i]), &pos), 0xFFFD);
        assert_int_equal(pos, 1);
    }
    static const uint32_t points[] = { 0x41, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        size_t pos = 0;
        mk_buf_clear(&out);
        assert_int_equal(mk_utf8_add(&out, points[i]), MK_OK);
        assert_true(mk_utf8_valid(out.data, out.len));
        assert_int_equal(mk_utf8_next(out.data, out.len, &pos), points[i]);
        assert_int_equal(pos, out.len);
    }
    gives("\xEF\xBF\xBD", mk_utf8_add(&out, 0xD800));
    gives("\xEF\xBF\xBD", mk_utf8_add(&out, 0x110000));
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (size_t len = 250; len <= 256; len++) {
        mk_buf text, back;
        mk_buf_init(&text, 2000);
        mk_buf_init(&back, 2000);
        assert_int_equal(mk_base64_encode(&text, all, len, len % 2), MK_OK);
        assert_int_equal(mk_base64_decode(&back, text.data, text.len), MK_OK);
        mk_buf_clear(&text);
        assert_int_equal(mk_hex_encode(&text, all, len), MK_OK);
        assert_int_equal(mk_hex_decode(&back, text.data, text.len), MK_OK);
        mk_buf_clear(&text);
        assert_int_equal(mk_percent_encode(&text, all, len, len % 2), MK_OK);
        assert_int_equal(mk_percent_decode(&back, text.data, text.len, len % 2), MK_OK);
        assert_int_equal(back.len, 3 * len);
        for (size_t i = 0; i < 3; i++)
            assert_memory_equal(back.data + i * len, all, len);
        mk_buf_free(&text);
        mk_buf_free(&back);
    }
}

static int all_encoders(size_t max)
{
    mk_buf buf;
    mk_buf_init(&buf, max);
    int err = mk_hex_encode(&buf, "0123456789", 10);
    if (!err)
        err = mk_base64_encode(&buf, "0123456789012345678901234567890123456789", 40, false);
    if (!err)
        err = mk_percent_encode(&buf, "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", 30, false);
    if (!err)
        err = mk_html_escape(&buf, "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", 30);
    if (!err)
        err = mk_json_escape(&buf, "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 24);
    mk_buf_free(&buf);
    return err;
}

static void survives_no_memory_and_caps(void **state)
{
    (void)state;
    each_allocation_fails(all_encoders(10000));
    for (size_t max = 0; max < 380; max += 19)
        assert_int_equal(all_encoders(max), MK_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex),  cmocka_unit_test(base64),
        cmocka_unit_test(percent), cmocka_unit_test(escapes),
        cmocka_unit_test(utf8), cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(survives_no_memory_and_caps),
    };
    return cmocka_run_group_tests(tests, fresh, done);
}
