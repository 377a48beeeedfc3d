/* test_buf.c - the growing buffer (tests of base) */
#include "oom.h"

#include "base/buf.h"

static void grows_and_stays_terminated(void **state)
{
    (void)state;
    mk_buf buf;
    mk_buf_init(&buf, 1000);
    assert_string_equal(buf.data, "");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(mk_buf_addc(&buf, 'a'), MK_OK);
        assert_int_equal(buf.data[buf.len], 0);
    }
    assert_int_equal(mk_buf_addf(&buf, "-%s-%d", "xyz", 42), MK_OK);
    assert_string_equal(buf.data + 100, "-xyz-42");
    char wide[400];
    memset(wide, 'w', sizeof wide);
    assert_int_equal(mk_buf_addf(&buf, "%.*s", 400, wide), MK_OK);
    assert_int_equal(buf.len, 507);
    assert_memory_equal(buf.data + 107, wide, 400);
    mk_buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
    mk_buf_free(&buf);
    assert_string_equal(buf.data, "");
}

static void holds_its_cap(void **state)
{
    (void)state;
    mk_buf buf;
    mk_buf_init(&buf, 5);
    assert_int_equal(mk_buf_adds(&buf, "12345"), MK_OK);
    assert_int_equal(mk_buf_addc(&buf, '6'), MK_ELIMIT);
    assert_int_equal(mk_buf_addf(&buf, "%d", 6), MK_ELIMIT);
    assert_int_equal(mk_buf_reserve(&buf, SIZE_MAX), MK_ELIMIT);
    assert_string_equal(buf.data, "12345");
    assert_int_equal(mk_buf_splice(&buf, 1, 1, "xy", 2), MK_ELIMIT);
    assert_string_equal(buf.data, "12345");
    mk_buf_free(&buf);
    assert_int_equal(mk_buf_addf(&buf, "%s", "123456"), MK_ELIMIT);
    assert_string_equal(buf.data, "");
    mk_buf_init(&buf, SIZE_MAX);
    assert_int_equal(mk_buf_reserve(&buf, SIZE_MAX), MK_ELIMIT);
}

static void splices(void **state)
{
    (void)state;
    mk_buf buf;
    mk_buf_init(&buf, 100);
    assert_int_equal(mk_buf_splice(&buf, 0, 0, "", 0), MK_OK);
    assert_int_equal(mk_buf_splice(&buf, 0, 0, "hello world", 11), MK_OK);
    assert_int_equal(mk_buf_splice(&buf, 6, 5, "you", 3), MK_OK);
    assert_string_equal(buf.data, "hello you");
    assert_int_equal(mk_buf_splice(&buf, 5, 0, " dear", 5), MK_OK);
    assert_string_equal(buf.data, "hello dear you");
    assert_int_equal(mk_buf_splice(&buf, 0, 6, NULL, 0), MK_OK);
    assert_string_equal(buf.data, "dear you");
    assert_int_equal(mk_buf_splice(&buf, 9, 0, "x", 1), MK_EINVAL);
    assert_int_equal(mk_buf_splice(&buf, 3, 6, "x", 1), MK_EINVAL);
    assert_string_equal(buf.data, "dear you");
    mk_buf_free(&buf);
}

static void steals(void **state)
{
    (void)state;
    mk_buf buf;
    size_t len = 9;
    mk_buf_init(&buf, 100);
    char *none = mk_buf_steal(&buf, &len);
    assert_string_equal(none, "");
    assert_int_equal(len, 0);
    mk_free(none);
    assert_int_equal(mk_buf_add(&buf, "a\0b", 3), MK_OK);
    char *got = mk_buf_steal(&buf, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(got, "a\0b", 4);
    assert_int_equal(buf.len, 0);
    mk_free(got);
    mk_mem_fail_at(1, false);
    assert_null(mk_buf_steal(&buf, NULL));
    mk_mem_fail_at(0, false);
}

static int build(void)
{
    mk_buf buf;
    mk_buf_init(&buf, 10000);
    int err = mk_buf_adds(&buf, "begin");
    for (int i = 0; i < 50 && !err; i++) {
        const size_t len = buf.len;
        err = mk_buf_addf(&buf, "%050d", i);
        if (err) {
            assert_int_equal(buf.len, len);
            assert_int_equal(strlen(buf.data), len);
        }
    }
    mk_buf_free(&buf);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    each_allocation_fails(build());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated), cmocka_unit_test(holds_its_cap), cmocka_unit_test(splices),
        cmocka_unit_test(steals),                     cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
