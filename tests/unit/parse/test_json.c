/* test_json.c - JSON: values, numbers, limits, paths (tests, layer parse) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"

/* What text reads and writes as. */
static void same(const char *text, const char *written)
{
    json_t *value = NULL;
    mk_json_error why = {0};
    mk_buf out;
    if (mk_json_parse(&value, text, strlen(text), NULL, &why))
        fail_msg("%s: %s", text, why.why);
    mk_buf_init(&out, 1 << 20);
    assert_int_equal(mk_json_write(&out, value), MK_OK);
    assert_string_equal(out.data, written);
    mk_buf_free(&out);
    json_decref(value);
}

static void values(void **state)
{
    (void)state;
    same("{\"b\":[1,{},[],null,true,false],\"a\":\"x\"}", "{\"a\":\"x\",\"b\":[1,{},[],null,true,false]}");
    same("\"\\u00e9\\ud83d\\ude00\\n\\u0000/\"", "\"\xc3\xa9\xf0\x9f\x98\x80\\n\\u0000/\"");
    same("{\"a\":1,\"a\":2}", "{\"a\":2}");
    same("{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}");
    same(" \n 5 ", "5");
    same("\xef\xbb\xbf{}", "{}");
    same(")]}'\n[1]", "[1]");
    same(")]}',\r\n[1]", "[1]");
    same(")]}\",\n[1]", "[1]"); /* as a utility's API begins its answers */
    same(")]}\n[1]", "[1]");
    same("null", "null");
}

static void numbers(void **state)
{
    (void)state;
    same("[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]");
    same("9223372036854775808", "9.223372036854776e+18"); /* 2^63: exactly a double */
    same("[12345678901234567890123]", "[\"12345678901234567890123\"]");
    same("{\"a\":-99999999999999999999}", "{\"a\":\"-99999999999999999999\"}");
    same("100000000000000000000", "1e+20");
    same("[1e400,-1e400,1e-400,1E5]", "[\"1e400\",\"-1e400\",0.0,100000.0]");
    same("[0.1,1.5,3.0,123456.789,1e300]", "[0.1,1.5,3.0,123456.789,1e+300]");
    same("\"12345678901234567890123 \\\" 1e400\"", "\"12345678901234567890123 \\\" 1e400\"");
    same("[0,-0,12]", "[0,0,12]");
    char big[501], expect[504];
    memset(big, '7', 500);
    big[500] = 0;
    snprintf(expect, sizeof expect, "\"%s\"", big);
    same(big, expect);
}

static void refused(const char *text, int err, size_t at, int line, int col)
{
    json_t *value = NULL;
    mk_json_error why = {0};
    if (mk_json_parse(&value, text, strlen(text), NULL, &why) != err)
        fail_msg("%s", text);
    assert_null(value);
    assert_true(why.why[0] != 0);
    if (why.at != at || why.line != line || why.col != col)
        fail_msg("%s: at %zu, %d:%d", text, why.at, why.line, why.col);
}

static void refusals(void **state)
{
    (void)state;
    refused("", MK_EPARSE, 0, 1, 1);
    refused("  ", MK_EPARSE, 2, 1, 3);
    refused("<html>", MK_EPARSE, 0, 1, 1);
    refused("[1,\n \"\xc3\xa9\" x]", MK_EPARSE, 11, 2, 7);
    refused("[1e400,\n 1e400 x]", MK_EPARSE, 16, 2, 9);
    refused("[1", MK_EPARSE, 2, 1, 3);
    refused("{} {}", MK_EPARSE, 4, 1, 5);
    refused("[01]", MK_EPARSE, 2, 1, 3);
    refused("\"\xff\"", MK_EPARSE, 1, 1, 2);
    json_t *value = NULL;
    static const char *const also[] = {"[1,]", "{'a':1}", "nul", "\"abc", "\"\\", "[+1]", "-", "[.5]", "[1.]", "NaN",
                                       "[99999999999999999999x]", "[00000000000000000000001]", "[1e999999e1]",
                                       ")]}'[1]", ")]}'", "\"\t\"", "{\"a\\u0000\":1}"};
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (mk_json_parse(&value, also[i], strlen(also[i]), NULL, NULL) != MK_EPARSE)
            fail_msg("%s", also[i]);
}

static void limits(void **state)
{
    (void)state;
    char text[200];
    json_t *value = NULL;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(mk_json_parse(&value, text, 128, NULL, NULL), MK_OK);
    json_decref(value);
    value = NULL;
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    mk_json_error why;
    assert_int_equal(mk_json_parse(&value, text, 130, NULL, &why), MK_ELIMIT);
    assert_int_equal(why.at, 64);
    memset(text + 1, '"', 1);
    assert_int_equal(mk_json_parse(&value, "\"[[[[\"", 6, &(mk_json_limits){6, 1}, NULL), MK_OK);
    json_decref(value);
    assert_int_equal(mk_json_parse(&value, "\"[[[[\"", 6, &(mk_json_limits){5, 1}, NULL), MK_ELIMIT);
    mk_buf out;
    mk_buf_init(&out, 5);
    mk_buf_adds(&out, "ab");
    json_t *list = json_pack("[i,i,i]", 1, 2, 3);
    assert_int_equal(mk_json_write(&out, list), MK_ELIMIT);
    assert_string_equal(out.data, "ab");
    mk_buf_free(&out);
    json_decref(list);
}

static mk_json_path *path(const char *text)
{
    mk_json_path *p = NULL;
    char why[200] = "";
    if (mk_json_path_compile(&p, text, why, sizeof why))
        fail_msg("%s: %s", text, why);
    return p;
}

static bool join(void *arg, json_t *value)
{
    mk_json_write(arg, value);
    mk_buf_addc(arg, ' ');
    return ((mk_buf *)arg)->len < 12;
}

static void finds(const json_t *root, const char *text, const char *expect, size_t count)
{
    mk_json_path *p = path(text);
    mk_buf out;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_json_path_each(p, root, join, &out), count);
    assert_string_equal(out.data, expect);
    assert_int_equal(mk_json_path_many(p), strstr(text, "[*]") != NULL);
    mk_buf_clear(&out);
    json_t *first = mk_json_path_first(p, root);
    assert_true((first != NULL) == (count > 0));
    mk_buf_free(&out);
    mk_json_path_free(p);
}

static void paths(void **state)
{
    (void)state;
    const char *text = "{\"a\":[{\"x\":1},{\"x\":2},{\"y\":3}],\"b c\":{\"d'\":null},\"e\":{\"p\":7,\"q\":8},\"n\":[[1,2],"
                       "[3,4,5,6,7]]}";
    json_t *root = NULL;
    assert_int_equal(mk_json_parse(&root, text, strlen(text), NULL, NULL), MK_OK);
    finds(root, "$.a[1].x", "2 ", 1);
    finds(root, "$.a[*].x", "1 2 ", 2);
    finds(root, "$['b c'][\"d'\"]", "null ", 1);
    finds(root, "$['b c']['d\\'']", "null ", 1);
    finds(root, "$.e[*]", "7 8 ", 2);
    finds(root, "$.n[*][*]", "1 2 3 4 5 6 ", 6); /* then it had enough */
    finds(root, "$.a[9]", "", 0);
    finds(root, "$.a.x", "", 0);
    finds(root, "$.e[0]", "", 0);
    finds(root, "$.n[1][4]", "7 ", 1);
    json_decref(root);
    root = json_integer(4);
    finds(root, "$", "4 ", 1);
    finds(root, "$[*]", "", 0);
    json_decref(root);
}

static void bad_paths(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a", "$a", "$.", "$..a", "$[", "$[]", "$[-1]", "$['a", "$['a'", "$[1", "$[x]",
                                      "$.*", "$ .a", "$.a b", "$[99999999999]", "$['a'x]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mk_json_path *p = NULL;
        char why[200] = "";
        if (mk_json_path_compile(&p, bad[i], why, sizeof why) != MK_EPARSE || !why[0])
            fail_msg("'%s'", bad[i]);
        assert_null(p);
    }
    char big[1200];
    memset(big, 'a', sizeof big);
    memcpy(big, "$.", 2);
    big[1100] = 0;
    mk_json_path *p = NULL;
    assert_int_equal(mk_json_path_compile(&p, big, NULL, 0), MK_EPARSE);
    for (int i = 0; i < 65; i++)
        memcpy(big + 1 + 3 * i, "[0]", 4);
    assert_int_equal(mk_json_path_compile(&p, big, NULL, 0), MK_EPARSE);
}

static void out_of_memory(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1e400,{\"x\":\"0123456789012345678901234567890123456789\"}],\"b\":1.5}";
    long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err; n++) {
        json_t *value = NULL;
        mk_json_path *p = NULL;
        mk_buf out;
        mk_buf_init(&out, 1000);
        mk_mem_fail_at(n, false);
        err = mk_json_parse(&value, text, sizeof text - 1, NULL, NULL);
        if (!err)
            err = mk_json_write(&out, value);
        if (!err)
            err = mk_json_path_compile(&p, "$.a['x'][1]", NULL, 0);
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK ? n > 15 : err == MK_ENOMEM);
        if (!err)
            assert_string_equal(out.data, "{\"a\":[\"1e400\",{\"x\":\"0123456789012345678901234567890123456789\"}],\"b\":1.5}");
        mk_json_path_free(p);
        mk_buf_free(&out);
        json_decref(value);
        assert_true(mk_mem_live() == live);
    }
}

/* A text whose closing quote is what finds no room must not be read past its buffer (the address sanitizer sees it). */
static void texts_without_memory(void **state)
{
    (void)state;
    char text[160];
    for (int len = 0; len < 130; len++) {
        const int size = snprintf(text, sizeof text, "[\"%0*d\", 1]", len + 1, 7);
        json_t *value = NULL;
        for (unsigned long n = 1; !value; n++) {
            const bool on = n % 2;
            mk_mem_fail_at(n / 2 + 1, on);
            value = mk_json_load(text, (size_t)size, 0, NULL);
            mk_mem_fail_at(0, false);
            assert_true(value || n < 60);
        }
        assert_int_equal(json_string_length(json_array_get(value, 0)), len + 1);
        json_decref(value);
    }
}

int main(void)
{
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values), cmocka_unit_test(numbers),   cmocka_unit_test(refusals),      cmocka_unit_test(limits),
        cmocka_unit_test(paths),  cmocka_unit_test(bad_paths), cmocka_unit_test(out_of_memory), cmocka_unit_test(texts_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
