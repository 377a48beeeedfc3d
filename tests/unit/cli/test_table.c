/* test_table.c - tables for people, and text that a terminal can be trusted with (tests) */
#include "../base/oom.h"
#include "cli/table.h"
#include "cli/tty.h"
#include "parse/json.h"

#include <stdio.h>

static char printed[8192];

static FILE *begin(void)
{
    memset(printed, 0, sizeof printed);
    FILE *file = fmemopen(printed, sizeof printed, "w");
    assert_non_null(file);
    return file;
}

static void expect_text(const char *text, const char *wanted)
{
    FILE *file = begin();
    mk_tty_put(file, text);
    fclose(file);
    assert_string_equal(printed, wanted);
}

static void test_text(void **state)
{
    (void)state;
    expect_text("plain, Größe 東", "plain, Größe 東");
    expect_text("a\x1b[2Jb", "a?[2Jb");
    expect_text("a\rb\nc\td", "a?b c d");
    expect_text("\xc2\x9b" "31m", "?31m");                 /* CSI of eight bits */
    expect_text("a\xe2\x80\xae" "b\xe2\x80\x8b", "a?b?"); /* right to left, no width */
    expect_text("a\xff.\xc3(", "a?.?(");
    expect_text("", "");
}

static void test_columns(void **state)
{
    (void)state;
    static const char *const titles[] = { "id", "name", "empty", "last", NULL };
    json_t *rows = json_pack("[[s,s,s,s],[s,s,s,s]]", "a", "Größe", "", "x", "long id", "b", "", "");
    FILE *file = begin();
    mk_table_print(file, titles, rows);
    fclose(file);
    assert_string_equal(printed, "id       name   last\n"
                                 "a        Größe  x\n"
                                 "long id  b      \n");
    json_decref(rows);
}

static json_t *meters(void)
{
    return json_pack("[{s:s,s:s,s:[s,s],s:{s:s,s:s,s:s,s:s},s:s},{s:s,s:s}]", "account", "1", "service", "electric", "meters", "m1",
                     "m2", "address", "street", "1 Mill Lane", "city", "Elm", "region", "NY", "postcode", "01234", "tariff", "R\x1b",
                     "account", "2", "service", "gas");
}

static void test_meters(void **state)
{
    (void)state;
    json_t *list = meters(), *none = json_array();
    FILE *file = begin();
    assert_int_equal(mk_table_meters(file, list), MK_OK);
    fclose(file);
    assert_non_null(strstr(printed, "m1, m2"));
    assert_non_null(strstr(printed, "1 Mill Lane, Elm, NY 01234"));
    assert_non_null(strstr(printed, "R?"));
    assert_null(strstr(printed, "status")); /* a column without text is left out */
    memset(printed, 0, sizeof printed);
    file = begin();
    assert_int_equal(mk_table_meters(file, none), MK_OK);
    fclose(file);
    assert_string_equal(printed, "");
    json_decref(list);
    json_decref(none);
}

static int print_once(const json_t *list)
{
    FILE *file = begin();
    int err = mk_table_meters(file, list);
    fclose(file);
    return err;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    json_t *list = meters();
    each_allocation_fails(print_once(list));
    json_decref(list);
}

static int setup(void **state)
{
    (void)state;
    mk_json_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_meters),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
