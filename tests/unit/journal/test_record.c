/* test_record.c - fields of a binary record (tests of journal) */
#include "../base/oom.h"

#include "journal/record.h"

static void every_field_comes_back(void **state)
{
    (void)state;
    static const int64_t ints[] = { 0, 1, -1, 63, 64, -64, -65, 1000000, INT64_MAX, INT64_MIN };
    mk_buf out;
    mk_buf_init(&out, 1000);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(mk_record_int(&out, ints[i]), MK_OK);
    assert_int_equal(mk_record_bytes(&out, "a\0b", 3), MK_OK);
    assert_int_equal(mk_record_bytes(&out, NULL, 0), MK_OK);
    assert_int_equal(mk_record_text(&out, "text"), MK_OK);
    assert_int_equal(mk_record_text(&out, ""), MK_OK);
    assert_int_equal(mk_record_text(&out, NULL), MK_OK);
    mk_reader r;
    mk_reader_init(&r, out.data, out.len);
    for (size_t i = 0; i < 10; i++)
        assert_true(mk_reader_int(&r) == ints[i]);
    mk_bytes bytes = mk_reader_bytes(&r);
    assert_int_equal(bytes.len, 3);
    assert_memory_equal(bytes.data, "a\0b", 3);
    assert_int_equal(mk_reader_bytes(&r).len, 0);
    char *text = NULL;
    assert_int_equal(mk_reader_text(&r, &text), MK_OK);
    assert_string_equal(text, "text");
    mk_free(text);
    assert_int_equal(mk_reader_text(&r, &text), MK_OK);
    assert_string_equal(text, "");
    mk_free(text);
    assert_false(mk_reader_done(&r));
    assert_int_equal(mk_reader_text(&r, &text), MK_OK);
    assert_null(text);
    assert_true(mk_reader_done(&r));
    mk_buf_free(&out);
}

static void bad_records_read_as_zero(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
    } bad[] = {
        { "", 0 },           { "\x80", 1 },
        { "\x80\x00", 2 },   { "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10 },
        { "\x05" "abc", 4 }, { "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mk_reader r;
        mk_reader_init(&r, bad[i].data, bad[i].len);
        assert_int_equal(mk_reader_bytes(&r).len, 0);
        assert_true(r.bad);
        assert_true(mk_reader_int(&r) == 0);
        char *text = (char *)"x";
        assert_int_equal(mk_reader_text(&r, &text), MK_EPARSE);
        assert_null(text);
        assert_false(mk_reader_done(&r));
    }
    mk_reader r;
    char *text = NULL;
    mk_reader_init(&r, "\x04" "a\0b", 4);
    assert_int_equal(mk_reader_text(&r, &text), MK_EPARSE);
}

static int write_and_read(void)
{
    mk_buf out;
    char *text = NULL;
    mk_buf_init(&out, 1000);
    int err = mk_record_text(&out, "some text");
    mk_reader r;
    mk_reader_init(&r, out.data, out.len);
    if (!err)
        err = mk_reader_text(&r, &text);
    mk_free(text);
    mk_buf_free(&out);
    return err;
}

static void survives_no_memory_and_caps(void **state)
{
    (void)state;
    each_allocation_fails(write_and_read());
    mk_buf out;
    mk_buf_init(&out, 4);
    assert_int_equal(mk_record_bytes(&out, "abcd", 4), MK_ELIMIT);
    assert_int_equal(out.len, 0); /* not even the length */
    assert_int_equal(mk_record_bytes(&out, "abc", 3), MK_OK);
    assert_int_equal(mk_record_int(&out, 1), MK_ELIMIT);
    mk_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(bad_records_read_as_zero),
        cmocka_unit_test(survives_no_memory_and_caps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
