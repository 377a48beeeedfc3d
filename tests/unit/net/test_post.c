/* test_post.c - one POST, one mail: what can go wrong on our side (tests, layer net)
 *
 * tests/service/test_outbound.py has what a receiver and a mail server may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/post.h"
#include "support/portal.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static portal plain;
static mk_net *net;
static pid_t post_office;
static char server[60], opened[60];

/* Every line is answered as a mail server would; one client after the other. */
static void serve_client(FILE *client)
{
    char line[1000];
    bool data = false;
    fputs("220 ready\r\n", client);
    fflush(client);
    while (fgets(line, sizeof line, client)) {
        const bool end = strcmp(line, ".\r\n") == 0;
        if (data && !end)
            continue;
        fputs(data || strncmp(line, "DATA", 4) != 0 ? strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 fine\r\n" : "354 go on\r\n", client);
        fflush(client);
        data = !data && strncmp(line, "DATA", 4) == 0;
    }
}

static void open_post_office(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 50), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(server, sizeof server, "smtp://127.0.0.1:%d", ntohs(at.sin_port));
    post_office = fork();
    for (int client; post_office == 0 && (client = accept(fd, NULL, NULL)) >= 0;) {
        FILE *file = fdopen(client, "r+");
        if (file)
            serve_client(file);
        if (file)
            fclose(file);
    }
    if (post_office == 0)
        _exit(0);
    close(fd);
}

typedef struct result {
    bool done;
    int status;
    bool fault;
} result;

static void on_done(void *arg, const mk_response *response)
{
    result *out = arg;
    assert_false(out->done);
    *out = (result){ .done = true, .status = response->status, .fault = response->fault != NULL };
}

static int post(const char *url, mk_post **out, result *r)
{
    char *name = (char *)"X-A", *value = (char *)"b";
    mk_header header = { .name = name, .value = value, .value_len = 1 };
    const mk_headers headers = { .list = &header, .count = 1, .cap = 1 };
    const char *const origins[] = { opened, NULL };
    const mk_webhook webhook = { .url = url, .headers = &headers, .body = "{}", .len = 2, .opened = origins };
    *r = (result){ .done = false };
    return mk_post_webhook(out, net, &webhook, on_done, r);
}

static int mail(mk_post **out, result *r)
{
    static const char text[] = "Subject: x\r\n\r\n.hello\r\n";
    const mk_mail letter = { .server = server, .from = "a@b.test", .to = "c@d.test", .text = text, .len = sizeof text - 1 };
    *r = (result){ .done = false };
    return mk_post_mail(out, net, &letter, on_done, r);
}

static void turn(const result *r)
{
    while (!r->done && uv_run(&loop, UV_RUN_ONCE)) {
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void good(void **state)
{
    (void)state;
    char url[100];
    result r;
    mk_post *one = NULL;
    snprintf(url, sizeof url, "%s/ok", opened);
    assert_int_equal(post(url, &one, &r), MK_OK);
    assert_false(r.done); /* never from inside */
    turn(&r);
    assert_true(r.done && !r.fault && r.status == 200);
    assert_int_equal(mail(&one, &r), MK_OK);
    assert_false(r.done);
    turn(&r);
    assert_true(r.done && !r.fault && r.status == 250);
}

static void cancelled(void **state)
{
    (void)state;
    char url[100];
    result r;
    mk_post *one = NULL;
    const long live = mk_mem_live();
    snprintf(url, sizeof url, "%s/ok", opened);
    for (int turns = 0; turns < 4; turns++) {
        for (int kind = 0; kind < 2; kind++) {
            assert_int_equal(kind ? mail(&one, &r) : post(url, &one, &r), MK_OK);
            for (int i = 0; i < turns && !r.done; i++)
                uv_run(&loop, UV_RUN_ONCE);
            if (!r.done)
                mk_post_cancel(one);
            r.done = true; /* a call from now on would be told */
            uv_run(&loop, UV_RUN_DEFAULT);
        }
    }
    mk_post_cancel(NULL);
    assert_int_equal(mk_mem_live(), live);
}

/* Of a webhook: while it sends a mail the library may wait for its timeout instead. */
static void out_of_memory(void **state)
{
    (void)state;
    char url[100];
    bool through = false;
    snprintf(url, sizeof url, "%s/ok", opened);
    for (unsigned long n = 1; !through; n++) {
        result r;
        mk_post *one = NULL;
        const long live = mk_mem_live();
        const unsigned long before = mk_mem_count();
        mk_mem_fail_at(n, false);
        const int err = post(url, &one, &r);
        if (!err)
            turn(&r);
        through = mk_mem_count() - before < n;
        mk_mem_fail_at(0, false);
        assert_true(err ? err == MK_ENOMEM && !r.done : r.done);
        if (through)
            assert_true(!err && !r.fault);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(mk_mem_live(), live);
    }
}

/* Of a mail until it is under way, and no half of one is sent. */
static void mail_out_of_memory(void **state)
{
    (void)state;
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err; n++) {
        result r;
        mk_post *one = NULL;
        const long live = mk_mem_live();
        mk_mem_fail_at(n, false);
        err = mail(&one, &r);
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK || err == MK_ENOMEM);
        if (!err)
            turn(&r);
        assert_true(err ? !r.done : r.done);
        if (!err && !r.fault)
            assert_int_equal(r.status, 250);
        if (!err && r.fault)
            err = MK_ENOMEM; /* told later: not yet through */
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(mk_mem_live(), live);
    }
}

static void servers(void **state)
{
    (void)state;
    static const char *const fine[] = { "smtp://mail.example.test", "smtp://mail.example.test:25", "smtps://10.0.0.1", "smtps://[::1]:465" };
    static const char *const bad[] = { "", "mail.example.test", "http://mail.example.test", "smtp://", "smtp://user@mail.example.test",
                                       "smtp://u:p@mail.example.test", "smtp://mail.example.test/name", "smtp://mail.example.test:99999" };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_true(mk_post_is_server(fine[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mk_post_is_server(bad[i]))
            fail_msg("'%s' is taken", bad[i]);
}

static int set_up(void **state)
{
    (void)state;
    open_post_office();
    portal_start(&plain, false);
    snprintf(opened, sizeof opened, "http://127.0.0.1:%d", plain.port);
    return uv_loop_init(&loop) || mk_net_new(&net, &loop, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    portal_stop(&plain);
    kill(post_office, SIGKILL);
    waitpid(post_office, NULL, 0);
    mk_net_free(net);
    return uv_loop_close(&loop); /* fails if a handle was left */
}

int main(void)
{
    if (mk_net_init())
        return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(cancelled), cmocka_unit_test(out_of_memory), cmocka_unit_test(mail_out_of_memory),
                                        cmocka_unit_test(servers) };
    const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    mk_net_exit();
    return failed;
}
