/* test_answers.c - answers from files, FIFOs and lists (tests) */
#include "../base/oom.h"
#include "cli/answers.h"
#include "parse/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/answers-XXXXXX";
static char path[64];

typedef struct got {
    int calls;
    json_t *answer;
    char why[300];
} got;

static void on_answer(void *arg, json_t *answer, const char *why)
{
    got *self = arg;
    self->calls++;
    self->answer = answer;
    snprintf(self->why, sizeof self->why, "%s", why ? why : "");
}

/* The next one, waited for. */
static got next(uv_loop_t *loop, mk_answers *answers)
{
    got self = { .calls = 0 };
    mk_answers_next(answers, on_answer, &self);
    assert_int_equal(self.calls, 0); /* never from inside */
    while (!self.calls)
        assert_true(uv_run(loop, UV_RUN_ONCE) || self.calls);
    assert_int_equal(self.calls, 1);
    return self;
}

static void expect(uv_loop_t *loop, mk_answers *answers, const char *text)
{
    got self = next(loop, answers);
    mk_buf buf;
    mk_buf_init(&buf, 4096);
    assert_string_equal(self.why, "");
    assert_non_null(self.answer);
    assert_int_equal(mk_json_write(&buf, self.answer), MK_OK);
    assert_string_equal(buf.data, text);
    mk_buf_free(&buf);
    json_decref(self.answer);
}

static void expect_end(uv_loop_t *loop, mk_answers *answers)
{
    got self = next(loop, answers);
    assert_null(self.answer);
    assert_string_equal(self.why, "");
}

static void write_file(const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void close_all(uv_loop_t *loop, mk_answers *answers)
{
    mk_answers_free(answers);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

static void test_file(void **state)
{
    (void)state;
    static const char text[] = "\"424242\"\n\n  \t\r\n{\"choice\":\"sms\"}\r\ntrue";
    uv_loop_t loop;
    mk_answers *answers;
    assert_int_equal(uv_loop_init(&loop), 0);
    write_file(text, sizeof text - 1);
    assert_int_equal(mk_answers_open(&answers, &loop, path), MK_OK);
    expect(&loop, answers, "\"424242\"");
    expect(&loop, answers, "{\"choice\":\"sms\"}");
    expect(&loop, answers, "true");
    expect_end(&loop, answers);
    expect_end(&loop, answers);
    close_all(&loop, answers);
}

static void test_no_json(void **state)
{
    (void)state;
    static const char text[] = "\"1\"\n\n424242 and more\n\"2\"\n";
    uv_loop_t loop;
    mk_answers *answers;
    assert_int_equal(uv_loop_init(&loop), 0);
    write_file(text, sizeof text - 1);
    assert_int_equal(mk_answers_open(&answers, &loop, path), MK_OK);
    expect(&loop, answers, "\"1\"");
    got bad = next(&loop, answers);
    assert_null(bad.answer);
    assert_non_null(strstr(bad.why, "line 3"));
    close_all(&loop, answers);
}

static void test_too_long(void **state)
{
    (void)state;
    static char text[(1 << 20) + 100];
    uv_loop_t loop;
    mk_answers *answers;
    memset(text, 'x', sizeof text);
    write_file(text, sizeof text);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(mk_answers_open(&answers, &loop, path), MK_OK);
    got bad = next(&loop, answers);
    assert_null(bad.answer);
    assert_true(bad.why[0] != 0);
    close_all(&loop, answers);
}

static void test_not_there(void **state)
{
    (void)state;
    uv_loop_t loop;
    mk_answers *answers = NULL;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(mk_answers_open(&answers, &loop, "/nonexistent/answers"), MK_ENOENT);
    assert_int_equal(mk_answers_open(&answers, &loop, folder), MK_EIO);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* A FIFO: its writer comes later, writes half a line, the rest, and goes. */
static void test_fifo(void **state)
{
    (void)state;
    uv_loop_t loop;
    mk_answers *answers;
    got self = { .calls = 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mk_answers_open(&answers, &loop, path), MK_OK);
    mk_answers_next(answers, on_answer, &self);
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(self.calls, 0); /* nobody has written: not the end */
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\"12", 3), 3);
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(self.calls, 0);
    assert_int_equal(write(fd, "3\"\n\"4\"\n\"5\"", 10), 10);
    while (!self.calls)
        uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(json_string_value(self.answer), "123");
    json_decref(self.answer);
    close(fd);
    expect(&loop, answers, "\"4\"");
    expect(&loop, answers, "\"5\"");
    expect_end(&loop, answers);
    close_all(&loop, answers);
    unlink(path);
}

static void test_forget(void **state)
{
    (void)state;
    uv_loop_t loop;
    mk_answers *answers;
    got self = { .calls = 0 };
    assert_int_equal(uv_loop_init(&loop), 0);
    write_file("\"1\"\n", 4);
    assert_int_equal(mk_answers_open(&answers, &loop, path), MK_OK);
    mk_answers_next(answers, on_answer, &self);
    mk_answers_forget(answers);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(self.calls, 0);
    expect(&loop, answers, "\"1\""); /* it is still there */
    close_all(&loop, answers);
}

static void test_list(void **state)
{
    (void)state;
    uv_loop_t loop;
    mk_answers *answers;
    json_t *list = json_pack("[s, b]", "1", 1);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(mk_answers_list(&answers, &loop, list), MK_OK);
    json_array_clear(list); /* it has a copy */
    expect(&loop, answers, "\"1\"");
    expect(&loop, answers, "true");
    expect_end(&loop, answers);
    close_all(&loop, answers);
    json_decref(list);
}

static int open_once(void)
{
    uv_loop_t loop;
    mk_answers *answers;
    assert_int_equal(uv_loop_init(&loop), 0);
    int err = mk_answers_open(&answers, &loop, path);
    if (!err)
        mk_answers_free(answers);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return err;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    each_allocation_fails(open_once());
    unlink(path);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/answers", folder);
    mk_json_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file), cmocka_unit_test(test_no_json), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_not_there), cmocka_unit_test(test_fifo), cmocka_unit_test(test_forget),
        cmocka_unit_test(test_list), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
