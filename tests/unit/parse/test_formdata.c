/* test_formdata.c - bodies of forms */
#include "base/oom.h"
#include "parse/formdata.h"

#define B(text) { text, sizeof text - 1 }

static const mk_field plain[] = {
    { .name = B("a b"), .value = B("1&2=3") },
    { .name = B("t"), .value = B("x\ny\rz\r\n") },
    { .name = B("\xC3\xA9"), .value = B("\xE2\x82\xAC\xD0\xAF~*-._") },
    { .name = B("_charset_"), .value = B("") },
};

static void test_urlencode(void **state)
{
    (void)state;
    mk_buf out;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_formdata_urlencode(&out, plain, 4, NULL), MK_OK);
    assert_string_equal(out.data, "a+b=1%262%3D3&t=x%0D%0Ay%0D%0Az%0D%0A&%C3%A9=%E2%82%AC%D0%AF%7E*-._&_charset_=utf-8");
    mk_buf_clear(&out);
    assert_int_equal(mk_formdata_urlencode(&out, plain + 2, 2, "windows-1252"), MK_OK);
    assert_string_equal(out.data, "%E9=%80%26%231071%3B%7E*-._&_charset_=windows-1252");
    mk_buf_clear(&out);
    assert_int_equal(mk_formdata_urlencode(&out, plain, 1, "utf-16le"), MK_OK);
    assert_string_equal(out.data, "a+b=1%262%3D3");
    assert_int_equal(mk_formdata_urlencode(&out, plain, 0, NULL), MK_OK);
    assert_string_equal(out.data, "a+b=1%262%3D3");
    mk_buf_free(&out);
}

static void test_multipart(void **state)
{
    (void)state;
    static const mk_field fields[] = {
        { .name = B("a\"\r\n"), .value = B("x\ny") },
        { .name = B("f"), .value = B("\0\n\xFF"), .filename = "n\".txt", .type = "text/csv" },
        { .name = B("g"), .value = B(""), .filename = "" },
    };
    static const char want[] = "--xyz\r\nContent-Disposition: form-data; name=\"a%22%0D%0A\"\r\n\r\nx\r\ny\r\n"
                               "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%22.txt\"\r\n"
                               "Content-Type: text/csv\r\n\r\n\0\n\xFF\r\n"
                               "--xyz\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\n"
                               "Content-Type: application/octet-stream\r\n\r\n\r\n--xyz--\r\n";
    mk_buf out;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_formdata_multipart(&out, fields, 3, NULL, "xyz"), MK_OK);
    assert_int_equal(out.len, sizeof want - 1);
    assert_memory_equal(out.data, want, out.len);
    mk_buf_clear(&out);
    assert_int_equal(mk_formdata_multipart(&out, plain, 1, NULL, "2=3"), MK_EINVAL);
    assert_int_equal(mk_formdata_multipart(&out, plain, 1, NULL, ""), MK_EINVAL);
    assert_int_equal(mk_formdata_multipart(&out, plain, 1, NULL, "a\r\nb"), MK_EINVAL);
    static const mk_field injected = { .name = B("f"), .value = B("v"), .filename = "n", .type = "a\r\nX: y" };
    assert_int_equal(mk_formdata_multipart(&out, &injected, 1, NULL, "xyz"), MK_EINVAL);
    assert_int_equal(out.len, 0);
    mk_buf_free(&out);
}

static void test_plain(void **state)
{
    (void)state;
    mk_buf out;
    mk_buf_init(&out, 1000);
    assert_int_equal(mk_formdata_plain(&out, plain, 2, NULL), MK_OK);
    assert_string_equal(out.data, "a b=1&2=3\r\nt=x\r\ny\r\nz\r\n\r\n");
    mk_buf_free(&out);
}

static int all_three(size_t max)
{
    mk_buf out;
    mk_buf_init(&out, max);
    int err = mk_formdata_urlencode(&out, plain, 4, "iso-8859-2");
    if (!err)
        err = mk_formdata_multipart(&out, plain, 4, NULL, "xyz");
    if (!err)
        err = mk_formdata_plain(&out, plain, 4, NULL);
    mk_buf_free(&out);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    mk_buf out;
    mk_buf_init(&out, 20);
    assert_int_equal(mk_buf_adds(&out, "kept&"), MK_OK);
    assert_int_equal(mk_formdata_urlencode(&out, plain, 4, NULL), MK_ELIMIT);
    assert_string_equal(out.data, "kept&");
    assert_int_equal(mk_formdata_multipart(&out, plain, 4, NULL, "xyz"), MK_ELIMIT);
    assert_string_equal(out.data, "kept&");
    mk_buf_free(&out);
    each_allocation_fails(all_three(5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urlencode),
        cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
