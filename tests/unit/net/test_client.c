/* test_client.c - one hop at a time against a server that misbehaves (tests, layer net) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/client.h"
#include "support/portal.h"
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static portal plain, tls;
static mk_net *net;

typedef struct result {
    bool done;
    mk_response r;
} result;

static void on_done(void *arg, mk_response *response)
{
    result *out = arg;
    assert_false(out->done);
    out->done = true;
    out->r = *response;
}

static mk_policy *policy_for(int port, bool open)
{
    char text[100], why[200];
    mk_policy *policy = mk_policy_new();
    assert_non_null(policy);
    assert_int_equal(mk_policy_declare(policy, "portal.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "other.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "localhost", true, why, sizeof why), MK_OK);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", port);
    assert_int_equal(mk_policy_declare(policy, text, true, why, sizeof why), MK_OK);
    if (open)
        assert_int_equal(mk_policy_allow(policy, text), MK_OK);
    return policy;
}

static int send_with(mk_client *client, const char *method, const char *url, const char *body, long timeout,
                     size_t max, result *out)
{
    mk_request q = {.method = (char *)method, .url = (char *)url, .body = (char *)body,
                    .body_len = body ? strlen(body) : 0, .timeout_ms = timeout};
    *out = (result){0};
    int err = mk_client_send(client, &q, max, on_done, out);
    assert_false(out->done); /* never from inside */
    while (!err && !out->done && uv_run(&loop, UV_RUN_ONCE)) {
    }
    assert_true(err || out->done);
    return err;
}

static void sent(mk_client *client, const char *method, const char *path, const char *body, long timeout, size_t max,
                 result *out)
{
    char url[200];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", plain.port, path);
    assert_int_equal(send_with(client, method, url, body, timeout, max, out), MK_OK);
}

static void flush(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
}

static mk_client *plain_client(mk_policy **policy)
{
    *policy = policy_for(plain.port, true);
    mk_client *client = mk_client_new(net, *policy);
    assert_non_null(client);
    return client;
}

static void drop(mk_client *client, mk_policy *policy)
{
    mk_client_free(client);
    flush();
    mk_policy_free(policy);
}

static void good(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    result out;
    sent(client, "GET", "/ok", NULL, 5000, 100, &out);
    assert_null(out.r.fault);
    assert_int_equal(out.r.status, 200);
    assert_int_equal(out.r.version, 11);
    assert_string_equal(out.r.body.data, "hello");
    assert_string_equal(mk_headers_get(&out.r.headers, "content-type", 0)->value, "text/plain");
    assert_string_equal(out.r.address, "127.0.0.1");
    assert_true(out.r.sent && !out.r.reused && out.r.t_all >= out.r.t_first);
    mk_response_free(&out.r);
    drop(client, policy);
}

static void what_is_sent(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    result out;
    sent(client, "POST", "/echo", "a=1", 5000, 10000, &out);
    assert_non_null(strstr(out.r.body.data, "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_non_null(strstr(out.r.body.data, "Accept-Encoding: gzip, deflate, br\r\n"));
    assert_non_null(strstr(out.r.body.data, "Content-Length: 3\r\n"));
    assert_non_null(strstr(out.r.body.data, "\r\n\r\na=1"));
    assert_null(strcasestr(out.r.body.data, "expect:"));
    assert_null(strcasestr(out.r.body.data, "content-type:"));
    assert_null(strcasestr(out.r.body.data, "user-agent:"));
    mk_response_free(&out.r);
    sent(client, "POST", "/echo", NULL, 5000, 10000, &out);
    assert_non_null(strstr(out.r.body.data, "Content-Length: 0\r\n"));
    mk_response_free(&out.r);
    sent(client, "DELETE", "/echo", NULL, 5000, 10000, &out);
    assert_non_null(strstr(out.r.body.data, "DELETE /echo"));
    mk_response_free(&out.r);
    drop(client, policy);
}

static void early_hints_and_folds(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    result out;
    sent(client, "GET", "/1xx", NULL, 5000, 100, &out);
    assert_int_equal(out.r.status, 200);
    assert_null(mk_headers_get(&out.r.headers, "Early", 0));
    assert_string_equal(mk_headers_get(&out.r.headers, "Late", 0)->value, "2 and 3");
    mk_response_free(&out.r);
    drop(client, policy);
}

static void connections(void **state)
{
    (void)state;
    mk_policy *policy = NULL, *second = NULL;
    mk_client *client = plain_client(&policy), *other = plain_client(&second);
    result out;
    int before = plain.counts->connections;
    for (int i = 0; i < 3; i++) {
        sent(client, "GET", "/ok", NULL, 5000, 100, &out);
        assert_int_equal(out.r.reused, i > 0);
        mk_response_free(&out.r);
    }
    assert_int_equal(plain.counts->connections, before + 1);
    sent(other, "GET", "/ok", NULL, 5000, 100, &out);
    assert_false(out.r.reused);
    mk_response_free(&out.r);
    assert_int_equal(plain.counts->connections, before + 2);
    mk_client_close(client);
    sent(client, "GET", "/ok", NULL, 5000, 100, &out);
    assert_false(out.r.reused);
    mk_response_free(&out.r);
    assert_int_equal(plain.counts->connections, before + 3);
    drop(other, second);
    drop(client, policy);
}

static void never_twice(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    result out;
    sent(client, "GET", "/once", NULL, 5000, 100, &out);
    mk_response_free(&out.r);
    int posts = plain.counts->posts;
    sent(client, "POST", "/ok", "password=x", 5000, 100, &out);
    assert_int_equal(plain.counts->posts, posts + 1);
    assert_string_equal(out.r.fault, "engine.interrupted");
    assert_true(out.r.sent);
    assert_int_equal(out.r.status, 0);
    mk_response_free(&out.r);
    sent(client, "GET", "/once", NULL, 5000, 100, &out);
    mk_response_free(&out.r);
    sent(client, "GET", "/ok", NULL, 5000, 100, &out); /* a GET may be repeated */
    assert_null(out.r.fault);
    mk_response_free(&out.r);
    drop(client, policy);
}

static void dies_at_each_byte(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    const size_t all = strlen(PORTAL_ANSWER);
    for (size_t n = 0; n <= all; n++) {
        char path[40];
        result out;
        int posts = plain.counts->posts;
        snprintf(path, sizeof path, "/die/%zu", n);
        sent(client, "POST", path, "x", 5000, 100, &out);
        if (n < all)
            assert_string_equal(out.r.fault, "net.reset");
        else
            assert_null(out.r.fault);
        assert_true(out.r.sent);
        assert_int_equal(plain.counts->posts, posts + 1);
        mk_response_free(&out.r);
    }
    drop(client, policy);
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *path, *fault;
        long timeout;
    } rows[] = {{"/rst", "net.reset", 5000},         {"/silent", "net.timeout", 100},
                {"/endless", "policy.budget", 5000}, {"/bomb", "policy.budget", 5000},
                {"/bigheader", "policy.budget", 5000}, {"/manyheaders", "policy.budget", 5000},
                {"/garbage", "net.reset", 5000},     {"/badzip", "net.reset", 5000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mk_policy *policy = NULL;
        mk_client *client = plain_client(&policy);
        result out;
        sent(client, "GET", rows[i].path, NULL, rows[i].timeout, 50000, &out);
        if (!out.r.fault || strcmp(out.r.fault, rows[i].fault) != 0)
            fail_msg("%s: %s (%s)", rows[i].path, out.r.fault ? out.r.fault : "none", out.r.detail);
        assert_true(out.r.detail[0] && out.r.sent && !out.r.status && !out.r.body.len && !out.r.headers.count);
        mk_response_free(&out.r);
        drop(client, policy);
    }
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    result out;
    sent(client, "GET", "/bomb", NULL, 5000, 100000, &out); /* exactly as large as allowed */
    assert_null(out.r.fault);
    assert_int_equal(out.r.body.len, 100000);
    mk_response_free(&out.r);
    drop(client, policy);
}

static void refused_places(void **state)
{
    (void)state;
    mk_policy *closed = policy_for(plain.port, false);
    mk_client *client = mk_client_new(net, closed);
    result out;
    char url[100];
    int before = plain.counts->connections;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", plain.port);
    assert_int_equal(send_with(client, "GET", url, NULL, 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "policy.host_denied");
    assert_false(out.r.sent);
    mk_response_free(&out.r);
    assert_int_equal(send_with(client, "GET", "https://localhost/", NULL, 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "policy.host_denied"); /* declared, but a loopback address */
    mk_response_free(&out.r);
    assert_int_equal(send_with(client, "GET", "ftp://portal.test/", NULL, 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "policy.host_denied");
    mk_response_free(&out.r);
    assert_int_equal(plain.counts->connections, before);
    drop(client, closed);
}

static void nobody_listens(void **state)
{
    (void)state;
    portal gone;
    portal_start(&gone, false);
    portal_stop(&gone);
    mk_policy *policy = policy_for(gone.port, true);
    mk_client *client = mk_client_new(net, policy);
    result out;
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", gone.port);
    assert_int_equal(send_with(client, "POST", url, "x", 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "net.connect");
    assert_false(out.r.sent);
    mk_response_free(&out.r);
    drop(client, policy);
}

static void detour(mk_policy *policy, const char *host, int port)
{
    char rule[100];
    snprintf(rule, sizeof rule, "%s:443:127.0.0.1:%d", host, port);
    assert_int_equal(mk_policy_connect_to(policy, rule), MK_OK);
}

static void certificates(void **state)
{
    (void)state;
    const mk_net_options options = {.cacert = portal_certificate()};
    mk_net *trusting = NULL;
    assert_int_equal(mk_net_new(&trusting, &loop, &options), MK_OK);
    mk_policy *policy = policy_for(plain.port, true);
    detour(policy, "portal.test", tls.port);
    detour(policy, "other.test", tls.port);
    mk_client *client = mk_client_new(trusting, policy), *strict = mk_client_new(net, policy);
    result out;
    assert_int_equal(send_with(client, "GET", "https://portal.test/echo", NULL, 5000, 10000, &out), MK_OK);
    assert_null(out.r.fault);
    assert_non_null(strstr(out.r.body.data, "Host: portal.test\r\n"));
    assert_true(out.r.t_tls > 0);
    mk_response_free(&out.r);
    assert_int_equal(send_with(client, "POST", "https://other.test/ok", "x", 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "net.tls");
    assert_non_null(strstr(out.r.detail, "other.test"));
    assert_false(out.r.sent);
    mk_response_free(&out.r);
    assert_int_equal(send_with(strict, "POST", "https://portal.test/ok", "x", 5000, 100, &out), MK_OK);
    assert_string_equal(out.r.fault, "net.tls");
    assert_non_null(strstr(out.r.detail, "self"));
    mk_response_free(&out.r);
    mk_client_free(strict);
    drop(client, policy);
    mk_net_free(trusting);
    mk_net *bad = NULL;
    const mk_net_options missing = {.cacert = "/nonexistent"}, none = {.cacert = "/etc/hostname"};
    assert_int_equal(mk_net_new(&bad, &loop, &missing), MK_ENOENT);
    assert_int_equal(mk_net_new(&bad, &loop, &none), MK_EPARSE);
}

/* nghttpd says when it listens; *log stays open, since it goes on talking. */
static pid_t start_h2(int *port, int *log)
{
    portal probe;
    portal_start(&probe, false);
    *port = probe.port;
    portal_stop(&probe);
    char number[16], line[200] = "";
    int out[2];
    snprintf(number, sizeof number, "%d", *port);
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(out[1], STDERR_FILENO);
        execlp("nghttpd", "nghttpd", "-v", "-a", "127.0.0.1", "--echo-upload", number, portal_key(), portal_certificate(),
               (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    ssize_t got = read(out[0], line, sizeof line - 1);
    *log = out[0];
    if (got > 0)
        return pid;
    close(out[0]);
    waitpid(pid, NULL, 0);
    return 0;
}

static void http2(void **state)
{
    (void)state;
    int port = 0, log = -1;
    pid_t pid = start_h2(&port, &log);
    if (!pid) {
        print_message("skipped: nghttpd (package nghttp2-server) is not there\n");
        skip();
    }
    const mk_net_options options = {.cacert = portal_certificate()};
    mk_net *trusting = NULL;
    assert_int_equal(mk_net_new(&trusting, &loop, &options), MK_OK);
    mk_policy *policy = policy_for(plain.port, true);
    detour(policy, "portal.test", port);
    mk_client *client = mk_client_new(trusting, policy);
    for (int i = 0; i < 2; i++) {
        result out;
        assert_int_equal(send_with(client, "POST", "https://portal.test/", "ping", 5000, 1000, &out), MK_OK);
        assert_null(out.r.fault);
        assert_int_equal(out.r.version, 20);
        assert_int_equal(out.r.reused, i > 0);
        assert_string_equal(out.r.body.data, "ping");
        mk_response_free(&out.r);
    }
    drop(client, policy);
    mk_net_free(trusting);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(log);
}

static void on_stray(void *arg, mk_response *response)
{
    (void)arg, (void)response;
    fail_msg("done after cancel");
}

static void cancels(void **state)
{
    (void)state;
    mk_policy *policy = NULL;
    mk_client *client = plain_client(&policy);
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/silent", plain.port);
    mk_request q = {.method = (char *)"GET", .url = url, .timeout_ms = 5000};
    mk_request named = {.method = (char *)"GET", .url = (char *)"https://localhost/", .timeout_ms = 5000};
    assert_int_equal(mk_client_send(client, &q, 100, on_stray, NULL), MK_OK);
    assert_int_equal(mk_client_send(client, &q, 100, on_stray, NULL), MK_EINVAL);
    uv_run(&loop, UV_RUN_ONCE);
    mk_client_cancel(client);
    result out;
    sent(client, "GET", "/ok", NULL, 5000, 100, &out);
    assert_int_equal(out.r.status, 200);
    mk_response_free(&out.r);
    assert_int_equal(mk_client_send(client, &named, 100, on_stray, NULL), MK_OK);
    mk_client_cancel(client); /* while the name is looked up */
    assert_int_equal(mk_client_send(client, &q, 100, on_stray, NULL), MK_OK);
    drop(client, policy); /* freed with a request under way */
}

static int open_files(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void out_of_memory(void **state)
{
    (void)state;
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", plain.port);
    const int files = open_files();
    bool through = false;
    for (unsigned long n = 1; !through; n++) {
        mk_policy *policy = policy_for(plain.port, true);
        const long live = mk_mem_live();
        const unsigned long before = mk_mem_count();
        mk_mem_fail_at(n, false);
        mk_client *client = mk_client_new(net, policy);
        result out = {0};
        int err = client ? send_with(client, "POST", url, "x", 5000, 100, &out) : MK_ENOMEM;
        through = mk_mem_count() - before < n;
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK || err == MK_ENOMEM);
        if (out.done && !out.r.fault)
            assert_int_equal(out.r.status, 200);
        if (through)
            assert_true(out.done && !out.r.fault);
        mk_response_free(&out.r);
        mk_client_free(client);
        flush();
        assert_int_equal(mk_mem_live(), live);
        mk_policy_free(policy);
    }
    assert_int_equal(open_files(), files);
}

static int set_up(void **state)
{
    (void)state;
    portal_start(&plain, false);
    portal_start(&tls, true);
    return uv_loop_init(&loop) || mk_net_new(&net, &loop, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    portal_stop(&plain);
    portal_stop(&tls);
    portal_forget_certificate();
    mk_net_free(net);
    return uv_loop_close(&loop); /* fails if a handle was left */
}

int main(void)
{
    if (mk_net_init())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),           cmocka_unit_test(what_is_sent),      cmocka_unit_test(early_hints_and_folds),
        cmocka_unit_test(connections),    cmocka_unit_test(never_twice),       cmocka_unit_test(dies_at_each_byte),
        cmocka_unit_test(faults),         cmocka_unit_test(refused_places),    cmocka_unit_test(nobody_listens),
        cmocka_unit_test(certificates),   cmocka_unit_test(http2),             cmocka_unit_test(cancels),
        cmocka_unit_test(out_of_memory),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    mk_net_exit();
    return failed;
}
