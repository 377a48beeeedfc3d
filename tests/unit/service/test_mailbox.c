/* test_mailbox.c - mails as files: names, whole or not at all, beside the loop, without memory (tests) */
#include "service/mailbox.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], box[80];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/meterkey-mailbox-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(box, sizeof box, "%s/mail", folder);
    return 0;
}

/* True if the file is there and holds text (NULL: anything); it is gone then. */
static bool took(const char *name, const char *text)
{
    char path[200], got[100] = "";
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", box, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    assert_true(fread(got, 1, sizeof got - 1, file) < sizeof got);
    assert_int_equal(fstat(fileno(file), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    fclose(file);
    unlink(path);
    return !text || strcmp(got, text) == 0;
}

static int teardown(void **state)
{
    (void)state;
    rmdir(box); /* a file that is left would keep it */
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void test_put(void **state)
{
    static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "../x", "a b", "\xc3\xa4", "a\nb" };
    char longest[102] = "";
    (void)state;
    assert_int_equal(mk_mailbox_put(box, "m1", "one", 3), MK_OK);
    assert_int_equal(mk_mailbox_put(box, "m1", "second", 6), MK_OK); /* in its place */
    assert_true(took("m1.eml", "second"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mk_mailbox_put(box, bad[i], "x", 1), MK_EINVAL);
    memset(longest, 'm', 101);
    assert_int_equal(mk_mailbox_put(box, longest, "x", 1), MK_EINVAL);
    assert_int_equal(mk_mailbox_put("/proc/nowhere", "m1", "x", 1), MK_EIO);
}

typedef struct filed {
    int times, err;
} filed;

static void on_done(void *arg, int err)
{
    filed *f = arg;
    f->times++;
    f->err = err;
}

static int file_one(uv_loop_t *loop, const char *where, filed *f, bool leave)
{
    mk_buf text;
    mk_filing *filing = NULL;
    mk_buf_init(&text, 100);
    assert_int_equal(mk_buf_adds(&text, "a mail"), MK_OK);
    const int err = mk_filing_begin(&filing, loop, where, "m2", &text, on_done, f);
    assert_true(err || !text.len); /* taken */
    mk_buf_free(&text);
    if (!err && leave)
        mk_filing_leave(filing);
    uv_run(loop, UV_RUN_DEFAULT);
    return err;
}

static void test_filing(void **state)
{
    uv_loop_t loop;
    filed f = { 0 };
    const long live = mk_mem_live();
    (void)state;
    uv_loop_init(&loop);
    assert_int_equal(file_one(&loop, box, &f, false), MK_OK);
    assert_true(f.times == 1 && f.err == MK_OK && took("m2.eml", "a mail"));
    assert_int_equal(file_one(&loop, box, &f, true), MK_OK);
    assert_true(f.times == 1 && took("m2.eml", "a mail"));
    assert_int_equal(file_one(&loop, "/proc/nowhere", &f, false), MK_OK);
    assert_true(f.times == 2 && f.err == MK_EIO);
    mk_filing_leave(NULL);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(mk_mem_live(), live);
}

/* The n-th allocation fails (the first is the test's own text): nothing is written, done is not called. */
static void test_memory(void **state)
{
    uv_loop_t loop;
    filed f = { 0 };
    int err = MK_ENOMEM;
    unsigned long n = 1;
    (void)state;
    uv_loop_init(&loop);
    const long live = mk_mem_live();
    while (err && ++n < 20) {
        mk_mem_fail_at(n, false);
        err = file_one(&loop, box, &f, false);
        mk_mem_fail_at(0, false);
        assert_int_equal(err, f.times ? MK_OK : MK_ENOMEM);
        assert_int_equal(took("m2.eml", "a mail"), !err);
        assert_int_equal(mk_mem_live(), live);
    }
    assert_true(!err && n == 5); /* the filing, folder, name */
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
