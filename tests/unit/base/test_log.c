/* test_log.c - log lines, what they lose and what is masked (tests of base) */
#include "oom.h"

#include "base/log.h"

#include <stdbool.h>

static char last[16 * 1024];
static int lines;

static void keep(void *arg, enum mk_log_level level, const char *line)
{
    assert_ptr_equal(arg, &lines);
    assert_true(level >= MK_LOG_INFO);
    lines++;
    assert_true(strlen(line) < sizeof last);
    memcpy(last, line, strlen(line) + 1);
}

static int fresh(void **state)
{
    (void)state;
    lines = 0;
    mk_log_set(MK_LOG_INFO, keep, &lines);
    mk_log_set_mask(NULL, NULL);
    return 0;
}

static void writes_a_line(void **state)
{
    (void)state;
    mk_log(MK_LOG_DEBUG, NULL, "unheard");
    assert_int_equal(lines, 0);
    mk_log(MK_LOG_WARN, "s1 demo", "went %d times", 3);
    assert_int_equal(lines, 1);
    assert_int_equal(last[10], 'T');
    assert_string_equal(last + 23, "Z warn s1 demo: went 3 times");
    mk_log_set(MK_LOG_OFF, keep, &lines);
    mk_log(MK_LOG_ERROR, NULL, "unheard");
    assert_int_equal(lines, 1);
    assert_int_equal(mk_log_least(), MK_LOG_OFF);
}

static void loses_controls(void **state)
{
    (void)state;
    mk_log(MK_LOG_INFO, NULL, "a\nb\x1b[31m\r\x7f \xC2\x85 \xE2\x80\xAE \xFF \xC3\xA4");
    assert_string_equal(last + 30, "a b\\x1b[31m\\x0d\\x7f \\x85 \\u202e \xEF\xBF\xBD \xC3\xA4");
}

static int hide(void *arg, const char *text, size_t len, mk_buf *out)
{
    if (arg)
        return MK_ENOMEM;
    int err = MK_OK;
    for (size_t i = 0; i < len && !err; i++) {
        const bool raw = len - i >= 3 && !memcmp(text + i, "k\ny", 3);
        const bool word = len - i >= 6 && !memcmp(text + i, "secret", 6);
        err = raw || word ? mk_buf_adds(out, "***") : mk_buf_addc(out, text[i]);
        i += raw ? 2 : word ? 5 : 0;
    }
    return err;
}

static void masks(void **state)
{
    (void)state;
    mk_log_set_mask(hide, NULL);
    mk_log(MK_LOG_INFO, "s", "a secret and k\ny");
    assert_string_equal(last + 30, "s: a *** and ***");
    int fail = 1;
    mk_log_set_mask(hide, &fail);
    mk_log(MK_LOG_INFO, NULL, "a secret");
    assert_null(strstr(last, "secret"));
    assert_non_null(strstr(last, "left out"));
}

static void shortens(void **state)
{
    (void)state;
    char *wide = mk_malloc(70000);
    memset(wide, 'x', 70000);
    mk_log(MK_LOG_INFO, NULL, "%.*s", 60000, wide);
    assert_int_equal(strlen(last), 8 * 1024);
    assert_string_equal(last + 8 * 1024 - 4, "x...");
    mk_log(MK_LOG_INFO, NULL, "%.*s", 70000, wide);
    assert_non_null(strstr(last, "left out"));
    mk_free(wide);
}

static void says_so_without_memory(void **state)
{
    (void)state;
    const long live = mk_mem_live();
    for (unsigned long n = 1;; n++) {
        lines = 0;
        mk_mem_fail_at(n, false);
        mk_log(MK_LOG_INFO, "who", "text");
        mk_mem_fail_at(0, false);
        assert_int_equal(lines, 1);
        assert_int_equal(mk_mem_live(), live);
        if (strstr(last, "who: text"))
            break;
        assert_non_null(strstr(last, "out of memory"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writes_a_line, fresh), cmocka_unit_test_setup(loses_controls, fresh),
        cmocka_unit_test_setup(masks, fresh),         cmocka_unit_test_setup(shortens, fresh),
        cmocka_unit_test_setup(says_so_without_memory, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
