/* test_stager.c - what becomes of a child that does not do as `meterkey stage` does (tests of service)
 *
 * The stager starts this program anew; as a child it does what its adapter's name says. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "base/buf.h"
#include "base/err.h"
#include "script/version.h"
#include "service/stager.h"
#include "worker/frame.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOO_MUCH = (16 << 20) + 65536 };

/* --- the child ------------------------------------------------------------------------------ */

static void say(const void *data, size_t len)
{
    for (const char *at = data; len;) {
        const ssize_t wrote = write(STDOUT_FILENO, at, len);
        if (wrote <= 0)
            _exit(9);
        at += wrote;
        len -= (size_t)wrote;
    }
}

static int says_too_much(void)
{
    char *data = calloc(1, TOO_MUCH);
    say(data, TOO_MUCH);
    free(data);
    return 0;
}

static int never_ends(void)
{
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    while (pause() < 0) {
    }
    return 0;
}

static int dies(void)
{
    return raise(SIGSEGV);
}

static int says_nothing(void)
{
    return 3;
}

static int says_half(void)
{
    say("\x40\0\0\0\x10\0\0\0{\"ut", 12);
    return 0;
}

/* What mk_version_save would give: its replay number, one part. */
static void save(mk_buf *out, char name)
{
    char rest[] = "\1\0\0\0" "\0\0\0\0" "\5\0\0\0x.lua" "\10\0\0\0return 1";
    const unsigned char number[] = { MK_REPLAY_NUMBER & 255, MK_REPLAY_NUMBER >> 8 & 255, 0, 0 };
    rest[12] = name;
    mk_buf_init(out, 4096);
    if (mk_buf_add(out, "MKV1", 4) || mk_buf_add(out, number, 4) || mk_buf_add(out, rest, sizeof rest - 1))
        _exit(9);
}

/* hash NULL: its own. It ends by a signal after it has said what looks whole. */
static int frame(char name, const char *hash, bool then_dies)
{
    mk_buf out, bytes;
    char own[17];
    mk_bytes file;
    mk_buf_init(&out, 4096);
    save(&bytes, name);
    if (mk_version_hash_of(bytes.data, bytes.len, own, &file))
        return 9;
    hash = hash ? hash : own;
    json_t *head = json_pack("{s:s, s:s, s:{}, s:i}", "utility", "x", "hash", hash, "manifest", "cases", 1);
    if (!head || mk_frame_write(&out, head, (mk_bytes){ bytes.data, bytes.len }))
        return 9;
    say(out.data, out.len);
    return then_dies ? raise(SIGKILL) : 0;
}

static int says_a_version(void) { return frame('x', NULL, false); }
static int says_a_version_and_dies(void) { return frame('x', NULL, true); }
static int says_another_hash(void) { return frame('x', "0123456789abcdef", false); }
static int says_another_adapter(void) { return frame('y', NULL, false); }

static const struct behaviour {
    const char *name, *message; /* NULL: a version */
    int (*act)(void);
    unsigned seconds; /* that it is given; 0: a minute */
    const char *keys; /* JSON */
} behaviours[] = {
    { "says_too_much", "over 16 MiB", says_too_much, 0, NULL },
    { "never_ends", "did not end in time and was killed", never_ends, 1, NULL },
    { "dies", "ended with signal 11", dies, 0, NULL },
    { "says_nothing", "status 3 and no answer", says_nothing, 0, NULL },
    { "says_half", "status 0 and no answer", says_half, 0, NULL },
    { "says_a_version_and_dies", "ended with signal 9", says_a_version_and_dies, 0, NULL },
    { "says_another_hash", "not what it is said to be", says_another_hash, 0, NULL },
    { "says_another_adapter", "not what it is said to be", says_another_adapter, 0, NULL },
    { "says_a_version", NULL, says_a_version, 0, "[]" },
    { "says_a_version", "is not signed", says_a_version, 0, "[\"aa\", \"bb\"]" }, /* a child that does not look is not believed */
    { "says_a_version", "is not signed", says_a_version, 0, "[1]" },
};

static int child(const char *adapter)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        if (strcmp(behaviours[i].name, adapter) == 0)
            return behaviours[i].act();
    return 1;
}

/* --- what is made of it ---------------------------------------------------------------------- */

static void keep(void *arg, json_t *result)
{
    json_t **out = arg;
    assert_null(*out);
    *out = json_incref(result);
}

static json_t *staged(const struct behaviour *as)
{
    uv_loop_t loop;
    json_t *result = NULL;
    mk_stager *stager = NULL;
    json_t *keys = as->keys ? json_loads(as->keys, 0, NULL) : NULL;
    const mk_stager_job job = { .utility = "x", .adapter = as->name, .seconds = as->seconds ? as->seconds : 60, .keys = keys };
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(mk_stager_start(&stager, &loop, &job, keep, &result), MK_OK);
    json_decref(keys);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0); /* nothing of it is left, the process neither */
    assert_non_null(result);
    return result;
}

static void each_is_told_for_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
        json_t *result = staged(&behaviours[i]), *problem = json_array_get(json_object_get(result, "problems"), 0);
        const char *message = json_string_value(json_object_get(problem, "message"));
        if (!behaviours[i].message != !message || (message && !strstr(message, behaviours[i].message)))
            fail_msg("%s: %s", behaviours[i].name, message ? message : "it is a version");
        assert_true(!message == (json_object_get(result, "hash") != NULL));
        json_decref(result);
    }
}

static void stopped_it_says_nothing(void **state)
{
    (void)state;
    uv_loop_t loop;
    json_t *result = NULL;
    mk_stager *stager = NULL;
    const mk_stager_job job = { .utility = "x", .adapter = "never_ends", .seconds = 60 };
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(mk_stager_start(&stager, &loop, &job, keep, &result), MK_OK);
    mk_stager_stop(stager);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_null(result);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "stage") == 0)
        return child(argv[2]);
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_told_for_what_it_is), cmocka_unit_test(stopped_it_says_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
