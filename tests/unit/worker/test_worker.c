/* test_worker.c - a worker leaves nothing behind, and lives through the want of memory (tests of worker)
 *
 * The service is a child that drives one session, which needs no portal, through its question to its end. */
#include "../base/oom.h"

#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"
#include "worker/frame.h"
#include "worker/worker.h"

#include "script/version.h"
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char adapter[] =
    "return { api = 1, id = 'example', name = 'Example', portal = 'https://www.example.test/',\n"
    "  hosts = { 'www.example.test' }, services = { 'electric' }, evidence = 'modelled',\n"
    "  sign_in = function(s) s:progress('asks') s.keep.x = s:ask({ kind = 'otp', prompt = 'Code' }) end,\n"
    "  meters = function(s) require('meterkey.log').info('reads')\n"
    "    return { { account = '100-1', service = 'electric' } } end }\n";
static mk_version *version;

/* --- the service ------------------------------------------------------------------------ */

static void put(int fd, json_t *head, mk_bytes blob)
{
    mk_buf out;
    mk_buf_init(&out, 16 << 20);
    if (mk_frame_write(&out, head, blob) || send(fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
        _exit(3);
    mk_buf_free(&out);
    json_decref(head);
}

static void begin(int fd)
{
    mk_buf bytes;
    mk_buf_init(&bytes, 16 << 20);
    mk_version_save(version, &bytes);
    put(fd,
        json_pack("{s:s, s:[s], s:{s:i}}", "do", "settings", "connect_to", "www.example.test:443:localhost:1", "limits",
                  "requests", 9),
        (mk_bytes){ "", 0 });
    put(fd, json_pack("{s:s, s:s}", "do", "version", "hash", mk_version_hash(version)),
        (mk_bytes){ bytes.data, bytes.len });
    put(fd,
        json_pack("{s:s, s:s, s:s, s:b, s:{s:s, s:s}}", "do", "start", "id", "one", "version", mk_version_hash(version),
                  "human", 1, "credentials", "username", "ada", "password", "fern-Lantern-41"),
        (mk_bytes){ "", 0 });
    mk_buf_free(&bytes);
}

/* True once the session ended. */
static bool listen_to(int fd, const json_t *head)
{
    const char *is = json_string_value(json_object_get(head, "is"));
    json_t *id = json_object_get(json_object_get(head, "challenge"), "id");
    if (strcmp(is, "challenge") == 0) {
        put(fd, json_pack("{s:s, s:s, s:O, s:i}", "do", "answer", "id", "one", "challenge", id, "answer", 7),
            (mk_bytes){ "", 0 });
        put(fd, json_pack("{s:s, s:s, s:O, s:s}", "do", "answer", "id", "one", "challenge", id, "answer", "424242"),
            (mk_bytes){ "", 0 });
    }
    return strcmp(is, "end") == 0;
}

/* Exit status: 0 if the session brought meters, 1 if another end, 3 if the worker closed. */
static int serve(int fd)
{
    char chunk[4096];
    mk_frames in;
    ssize_t got;
    mk_frames_init(&in);
    begin(fd);
    while ((got = recv(fd, chunk, sizeof chunk, 0)) > 0) {
        json_t *head = NULL;
        mk_bytes blob;
        mk_frames_feed(&in, chunk, (size_t)got);
        while (mk_frames_next(&in, &head, &blob) == MK_OK)
            if (listen_to(fd, head))
                return json_object_get(json_object_get(head, "result"), "meters") ? 0 : 1;
    }
    return 3;
}

/* --- the worker ------------------------------------------------------------------------- */

typedef struct outcome {
    int worker, service;
    long left; /* allocations */
} outcome;

/* The n-th allocation of the worker fails; 0: none. */
static outcome run(unsigned long n)
{
    static const mk_confined confined = { .landlock = 1 };
    outcome out = { .left = mk_mem_live() };
    int pair[2], status = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        _exit(serve(pair[1]));
    }
    close(pair[1]);
    mk_mem_fail_at(n, false);
    out.worker = mk_worker_run(pair[0], &confined);
    mk_mem_fail_at(0, false);
    out.left = mk_mem_live() - out.left;
    close(pair[0]); /* if it did not come to that */
    waitpid(pid, &status, 0);
    out.service = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return out;
}

static void leaves_nothing_behind(void **state)
{
    (void)state;
    const unsigned long before = mk_mem_count();
    const outcome out = run(0);
    assert_int_equal(out.worker, 0);
    assert_int_equal(out.service, 0);
    assert_int_equal(out.left, 0);
    assert_true(mk_mem_count() > before);
}

/* Not each of some thousands: the distance grows. */
static void lives_through_the_want_of_memory(void **state)
{
    (void)state;
    const unsigned long before = mk_mem_count();
    run(0);
    const unsigned long count = mk_mem_count() - before;
    size_t failed = 0;
    FILE *was = stderr;
    stderr = fopen("/dev/null", "w"); /* it says each time why it ends */
    for (unsigned long n = 1; n < count; n += 1 + n / 40) {
        const outcome out = run(n);
        failed += out.service != 0;
        if (out.left != 0 || out.service == 128 || (out.service == 3 && out.worker != 1))
            fail_msg("allocation %lu of %lu: worker %d, service %d, %ld left", n, count, out.worker, out.service,
                     out.left);
    }
    fclose(stderr);
    stderr = was;
    assert_true(failed > 20);
}

static void needs_a_socket(void **state)
{
    int ends[2];
    static const mk_confined confined = { .landlock = 1 };
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    FILE *was = stderr;
    stderr = fopen("/dev/null", "w");
    assert_int_equal(mk_worker_run(ends[0], &confined), 1);
    fclose(stderr);
    stderr = was;
    close(ends[1]);
}

static int set_up(void **state)
{
    static const mk_module_source source = { .text = mk_module_text };
    json_t *problems = NULL;
    (void)state;
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    int err = mk_version_build(&version, "example.lua", adapter, sizeof adapter - 1, &source, &problems);
    if (problems)
        json_dumpf(problems, stderr, 0);
    json_decref(problems);
    return err;
}

static int tear_down(void **state)
{
    (void)state;
    mk_version_unref(version);
    mk_net_exit();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(leaves_nothing_behind),
                                        cmocka_unit_test(lives_through_the_want_of_memory),
                                        cmocka_unit_test(needs_a_socket) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
