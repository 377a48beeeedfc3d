/* test_headers.c - lists of names and values (tests of base) */
#include "oom.h"

#include "base/headers.h"

static void finds_by_name_in_order(void **state)
{
    (void)state;
    mk_headers list = { 0 };
    for (int i = 0; i < 20; i++)
        assert_int_equal(mk_headers_add(&list, i % 2 ? "X-Odd" : "X-Even", "v\0w", (size_t)i % 4, i == 7), MK_OK);
    assert_int_equal(list.count, 20);
    assert_ptr_equal(mk_headers_get(&list, "x-odd", 0), &list.list[1]);
    assert_ptr_equal(mk_headers_get(&list, "X-ODD", 3), &list.list[7]);
    assert_true(mk_headers_get(&list, "X-Odd", 3)->secret);
    assert_memory_equal(list.list[3].value, "v\0w", 4);
    assert_null(mk_headers_get(&list, "x-odd", 10));
    assert_null(mk_headers_get(&list, "x-none", 0));
    mk_headers_remove(&list, "x-EVEN");
    assert_int_equal(list.count, 10);
    assert_null(mk_headers_get(&list, "x-even", 0));
    assert_string_equal(list.list[9].name, "X-Odd");
    mk_headers_free(&list);
    assert_int_equal(list.count, 0);
    mk_headers_free(&list);
}

static void knows_what_is_valid(void **state)
{
    (void)state;
    assert_true(mk_header_valid("X-Name_1!", "any value\t\xC3\xA4", 12));
    assert_false(mk_header_valid("", "v", 1));
    assert_false(mk_header_valid("a b", "v", 1));
    assert_false(mk_header_valid("a:", "v", 1));
    assert_false(mk_header_valid("n\xC3\xA4me", "v", 1));
    assert_false(mk_header_valid("a", "x\r\nSet-Cookie: y", 16));
    assert_false(mk_header_valid("a", "x\ny", 3));
    assert_false(mk_header_valid("a", "x\0y", 3));
    assert_true(mk_header_valid("a", "", 0));
}

static int copy(void)
{
    mk_headers from = { 0 }, to = { 0 };
    int err = MK_OK;
    for (int i = 0; i < 10 && !err; i++)
        err = mk_headers_add(&from, "Name", "value", 5, i == 3);
    if (!err)
        err = mk_headers_copy(&to, &from);
    if (!err) {
        assert_int_equal(to.count, 10);
        assert_true(to.list[3].secret);
        assert_ptr_not_equal(to.list[0].name, from.list[0].name);
    }
    mk_headers_free(&to);
    mk_headers_free(&from);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    each_allocation_fails(copy());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_name_in_order),
        cmocka_unit_test(knows_what_is_valid),
        cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
