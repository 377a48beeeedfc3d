/* test_httpd.c - the HTTP server (tests) */
#include "base/err.h"
#include "service/httpd.h"
#include "support/httpclient.h"
#include "support/httpserver.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    mk_httpd *httpd;
    mk_httpd_req *late;
    int gone, port, calls;
    mk_httpd_stream *stream;
    mk_httpd_req *streamed;
    int left; /* streams whose client or server left */
};

static void gone(void *arg, mk_httpd_req *req)
{
    struct fixture *f = arg;
    assert_ptr_equal(req, f->late);
    f->late = NULL;
    f->gone++;
}

static void left(void *arg)
{
    struct fixture *f = arg;
    f->stream = NULL;
    f->left++;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void echo(struct fixture *f, mk_httpd_req *req)
{
    char text[512];
    mk_bytes body = mk_httpd_body(req);
    snprintf(text, sizeof text, "%s %s q=%s h=%s c=%s f=%s n=%zu b=%zu p=%s", mk_httpd_method(req), mk_httpd_path(req),
             or_dash(mk_httpd_query(req, "q")), or_dash(mk_httpd_header(req, "x-thing")),
             or_dash(mk_httpd_cookie(req, "crumb")), or_dash(mk_httpd_field(req, "f")), mk_httpd_fields(req)->count,
             body.len, mk_httpd_peer(req));
    assert_int_equal(mk_httpd_add(req, "X-Answer", "yes"), MK_OK);
    assert_int_equal(mk_httpd_add(req, "X-Bad", "a\r\nSet-Cookie: evil=1"), MK_EINVAL);
    assert_int_equal(mk_httpd_answer(req, 99, NULL, "", 0), MK_EINVAL);
    assert_int_equal(mk_httpd_answer(req, 200, "text/plain", text, strlen(text)), MK_OK);
    assert_int_equal(mk_httpd_answer(req, 200, "text/plain", text, strlen(text)), MK_ECLOSED);
    assert_int_equal(mk_httpd_add(req, "X-Late", "no"), MK_ECLOSED);
    (void)f;
}

static void handler(void *arg, mk_httpd_req *req)
{
    struct fixture *f = arg;
    const char *path = mk_httpd_path(req);
    f->calls++;
    if (strcmp(path, "/late") == 0) {
        f->late = req;
        mk_httpd_later(req, gone, f);
    } else if (strcmp(path, "/stream") == 0) {
        mk_httpd_add(req, "Cache-Control", "no-store");
        assert_int_equal(mk_httpd_fields(req)->count, 1);
        f->streamed = req;
        assert_int_equal(mk_httpd_stream_begin(&f->stream, req, "text/event-stream", left, f), MK_OK);
    } else if (strcmp(path, "/go") == 0) {
        mk_httpd_redirect(req, "/there?a=1");
    } else if (strcmp(path, "/stop") == 0) {
        mk_httpd_answer(req, 200, NULL, "bye", 3);
        mk_httpd_stop(f->httpd);
    } else if (strcmp(path, "/nothing") != 0) {
        echo(f, req);
    }
}

static void start(struct fixture *f, const mk_httpd_limits *limits)
{
    memset(f, 0, sizeof *f);
    f->port = test_httpd_start(&f->loop, &f->httpd, limits, handler, f);
}

static void finish(struct fixture *f)
{
    test_httpd_finish(&f->loop, f->httpd);
}

static void test_addresses(void **state)
{
    (void)state;
    struct fixture f;
    mk_httpd *other = NULL;
    char text[64];
    static const char *const bad[] = { "", ":", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:x", "127.0.0.1:123456",
                                       "127.0.0.1:65536", "www.example.test:80", "::1:80", "[::1:80", "[]:80" };
    start(&f, NULL);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", f.port);
    assert_true(f.port > 0);
    assert_string_equal(mk_httpd_url(f.httpd), text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mk_httpd_start(&other, &f.loop, bad[i], NULL, handler, &f), MK_EPARSE);
    assert_int_equal(mk_httpd_start(&other, &f.loop, text + 7, NULL, handler, &f), MK_EEXIST);
    assert_int_equal(mk_httpd_start(&other, &f.loop, "192.0.2.1:0", NULL, handler, &f), MK_EPOLICY);
    assert_null(other);
    assert_int_equal(mk_httpd_start(&other, &f.loop, "localhost:0", NULL, handler, &f), MK_OK);
    mk_httpd_stop(other);
    finish(&f);
}

static void test_request(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    char value[64];
    start(&f, NULL);
    test_http(&f.loop, f.port, "POST", "/a%20b?q=1%262", "X-Thing: t\r\nCookie: crumb=c1; other=2\r\n",
              "f=x+y%21&f=second&empty=&alone&&", &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "POST /a b q=1&2 h=t c=c1 f=x y! n=4 b=32 p=127.0.0.1");
    test_reply_header(&r, "X-Answer", value, sizeof value);
    assert_string_equal(value, "yes");
    assert_null(strstr(r.head, "evil"));
    test_reply_header(&r, "X-Content-Type-Options", value, sizeof value);
    assert_string_equal(value, "nosniff");
    test_reply_free(&r);
    test_http(&f.loop, f.port, "POST", "/", NULL, " {\"f\": \"100%\"}", &r); /* JSON, whatever its type says */
    assert_string_equal(r.body, "POST / q=- h=- c=- f=- n=0 b=14 p=127.0.0.1");
    test_reply_free(&r);
    test_http(&f.loop, f.port, "GET", "/", NULL, NULL, &r);
    assert_string_equal(r.body, "GET / q=- h=- c=- f=- n=0 b=0 p=127.0.0.1");
    test_reply_free(&r);
    test_http(&f.loop, f.port, "GET", "/a%00b%2?q=1%00%zz+%41", NULL, NULL, &r); /* nothing is cut short */
    assert_string_equal(r.body, "GET /a%00b%2 q=1%00%zz A h=- c=- f=- n=0 b=0 p=127.0.0.1");
    test_reply_free(&r);
    test_http(&f.loop, f.port, "HEAD", "/", NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "");
    test_reply_free(&r);
    test_http(&f.loop, f.port, "GET", "/go", NULL, NULL, &r);
    assert_int_equal(r.status, 303);
    test_reply_header(&r, "Location", value, sizeof value);
    assert_string_equal(value, "/there?a=1");
    test_reply_free(&r);
    finish(&f);
}

static void expect_status(struct fixture *f, const char *raw, size_t len, int status)
{
    test_reply r;
    int calls = f->calls;
    test_http_receive(&f->loop, test_http_send(f->port, raw, len), &r);
    assert_int_equal(r.status, status);
    assert_int_equal(f->calls, calls);
    test_reply_free(&r);
}

#define TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define FORM "Connection: close\r\n" TYPE
#define EXPECT(f, text, status) expect_status(f, text, sizeof(text) - 1, status)

static void test_refusals(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    static const mk_httpd_limits limits = { .body_bytes = 20, .fields = 2, .header_bytes = 4096 };
    start(&f, &limits);
    EXPECT(&f, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 5000000\r\n\r\n", 413);
    EXPECT(&f, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Transfer-Encoding: chunked\r\n\r\n"
               "10\r\n0123456789abcdef\r\n8\r\n01234567\r\n0\r\n\r\n", 413);
    EXPECT(&f, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Transfer-Encoding: chunked\r\n\r\n"
               "40\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
               "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n", 0); /* cut off */
    EXPECT(&f, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 11\r\n\r\na=1&b=2&c=3", 413);
    EXPECT(&f, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 5\r\n\r\na=%00", 400);
    EXPECT(&f, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400); /* no Host */
    test_http(&f.loop, f.port, "GET", "/nothing", NULL, NULL, &r);
    assert_int_equal(r.status, 500); /* a handler that says nothing */
    test_reply_free(&r);
    test_http(&f.loop, f.port, "POST", "/", NULL, "f=12345678901234567", &r);
    assert_int_equal(r.status, 200); /* just fits */
    test_reply_free(&r);
    finish(&f);
}

static void on_answer(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->late) {
        mk_httpd_req *req = f->late;
        assert_int_equal(mk_httpd_waiting(f->httpd), 1);
        f->late = NULL;
        assert_int_equal(mk_httpd_answer(req, 200, "text/plain", "at last", 7), MK_OK);
        assert_int_equal(mk_httpd_waiting(f->httpd), 0);
    }
}

static void test_later(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    uv_timer_t timer;
    start(&f, NULL);
    uv_timer_init(&f.loop, &timer);
    timer.data = &f;
    uv_timer_start(&timer, on_answer, 30, 0);
    const uint64_t began = uv_hrtime();
    test_http(&f.loop, f.port, "GET", "/late", NULL, NULL, &r);
    assert_true((uv_hrtime() - began) / 1000000 < 700); /* not when the server next looks around; on_answer saw it wait */
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "at last");
    assert_int_equal(f.gone, 0);
    test_reply_free(&r);
    uv_close((uv_handle_t *)&timer, NULL);
    finish(&f);
}

static void test_too_late(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    static const mk_httpd_limits limits = { .answer_seconds = 1 };
    start(&f, &limits);
    test_http(&f.loop, f.port, "GET", "/late", NULL, NULL, &r);
    assert_int_equal(r.status, 503);
    assert_int_equal(f.gone, 1);
    test_reply_free(&r);
    finish(&f);
}

static void test_stop_while_waiting(void **state)
{
    (void)state;
    struct fixture f;
    static const char raw[] = "GET /late HTTP/1.1\r\nHost: a\r\n\r\n";
    start(&f, NULL);
    int fd = test_http_send(f.port, raw, sizeof raw - 1);
    while (!f.late)
        uv_run(&f.loop, UV_RUN_ONCE);
    finish(&f);
    assert_int_equal(f.gone, 1);
    close(fd);
}

static void test_stop_in_handler(void **state)
{
    (void)state;
    struct fixture f;
    static const char raw[] = "GET /stop HTTP/1.1\r\nHost: a\r\n\r\n";
    start(&f, NULL);
    int fd = test_http_send(f.port, raw, sizeof raw - 1);
    uv_run(&f.loop, UV_RUN_DEFAULT); /* ends by itself */
    assert_int_equal(f.calls, 1);
    assert_int_equal(uv_loop_close(&f.loop), 0);
    close(fd);
}

/* Whatever fails, the client is refused or dropped, and nothing is lost. */
static void test_memory(void **state)
{
    (void)state;
    struct fixture f;
    mk_httpd *other = NULL;
    start(&f, NULL);
    mk_mem_fail_at(1, false);
    assert_int_equal(mk_httpd_start(&other, &f.loop, "127.0.0.1:0", NULL, handler, &f), MK_ENOMEM);
    mk_mem_fail_at(0, false);
    static const char raw[] = "POST /go HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 3\r\n\r\nf=1";
    int status = 0;
    for (unsigned long n = 1; n < 60 && status != 303; n++) {
        char got[4096];
        int fd = test_http_send(f.port, raw, sizeof raw - 1);
        mk_mem_fail_at(n, false);
        test_http_peek(&f.loop, fd, got, sizeof got);
        mk_mem_fail_at(0, false);
        status = strlen(got) > 12 ? (int)strtol(got + 9, NULL, 10) : 0;
        assert_true(status == 0 || status == 303 || status == 500 || status == 503);
    }
    assert_int_equal(status, 303);
    finish(&f);
}

/* Many requests later, as much is alive as before. */
static void test_nothing_left(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    long before = mk_mem_live();
    start(&f, NULL);
    for (int i = 0; i < 20; i++) {
        test_http(&f.loop, f.port, "POST", i % 2 ? "/" : "/go", NULL, "f=1&g=2", &r);
        test_reply_free(&r);
    }
    finish(&f);
    assert_int_equal(mk_mem_live(), before);
}

/* --- streams ----------------------------------------------------------------------- */

static int open_stream(struct fixture *f)
{
    static const char raw[] = "POST /stream HTTP/1.1\r\nHost: a\r\n" TYPE "Content-Length: 3\r\n\r\nf=1";
    const int fd = test_http_send(f->port, raw, sizeof raw - 1);
    for (int i = 0; i < 500 && !f->stream; i++)
        test_turn(&f->loop, 10);
    assert_non_null(f->stream);
    return fd;
}

static void say(struct fixture *f, const char *text)
{
    assert_int_equal(mk_httpd_stream_send(f->stream, text, strlen(text)), MK_OK);
}

static void test_stream(void **state)
{
    (void)state;
    struct fixture f;
    const long before = mk_mem_live();
    start(&f, NULL);
    const int fd = open_stream(&f);
    test_http_until(&f.loop, fd, "Content-Type: text/event-stream");
    say(&f, "data: one\n\n");
    test_http_until(&f.loop, fd, "data: one\n\n");
    say(&f, "data: two\n\n"); /* while nothing else goes on: it is sent at once, not with the next traffic */
    say(&f, "data: three\n\n");
    test_http_until(&f.loop, fd, "data: three\n\n");
    assert_int_equal(mk_httpd_body(f.streamed).len + mk_httpd_fields(f.streamed)->count, 0); /* what came is not kept for as long */
    say(&f, "data: last\n\n");
    mk_httpd_stream_end(f.stream);
    test_http_until(&f.loop, fd, "data: last\n\n");
    for (int i = 0; i < 500 && !f.left; i++)
        test_turn(&f.loop, 10);
    assert_int_equal(f.left, 1);
    close(fd);
    finish(&f);
    assert_int_equal(mk_mem_live(), before);
}

/* A client that leaves shows when something is said. */
static void test_stream_left(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    close(open_stream(&f));
    for (int i = 0; i < 500 && f.stream; i++) {
        if (f.stream)
            say(&f, ":\n\n");
        test_turn(&f.loop, 10);
    }
    assert_int_equal(f.left, 1);
    finish(&f);
    assert_int_equal(f.left, 1);
}

static void test_stream_stop(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    const int fd = open_stream(&f);
    say(&f, "data: x\n\n");
    finish(&f);
    assert_int_equal(f.left, 1);
    close(fd);
}

/* A client that does not read costs a bounded amount, and the others nothing. */
static void test_stream_untaken(void **state)
{
    (void)state;
    struct fixture f;
    char part[4096];
    int err = MK_OK;
    size_t sent = 0;
    memset(part, 'x', sizeof part);
    start(&f, NULL);
    const int fd = open_stream(&f);
    while (!err && sent < (64u << 20)) {
        err = mk_httpd_stream_send(f.stream, part, sizeof part);
        sent += err ? 0 : sizeof part;
    }
    assert_int_equal(err, MK_ELIMIT);
    assert_true(sent <= 256 << 10);
    test_reply r;
    test_http(&f.loop, f.port, "GET", "/", NULL, NULL, &r);
    assert_int_equal(r.status, 200);
    test_reply_free(&r);
    mk_httpd_stream_end(f.stream);
    close(fd);
    finish(&f);
    assert_int_equal(f.left, 1);
}

static void test_stream_memory(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    const int fd = open_stream(&f);
    mk_mem_fail_at(1, false);
    const int err = mk_httpd_stream_send(f.stream, "data: x\n\n", 9);
    mk_mem_fail_at(0, false);
    assert_int_equal(err, MK_ENOMEM);
    say(&f, "data: y\n\n");
    test_http_until(&f.loop, fd, "data: y\n\n");
    close(fd);
    finish(&f);
    assert_int_equal(f.left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),      cmocka_unit_test(test_request),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_later),
        cmocka_unit_test(test_too_late),       cmocka_unit_test(test_stop_while_waiting),
        cmocka_unit_test(test_stop_in_handler), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_nothing_left),   cmocka_unit_test(test_stream),
        cmocka_unit_test(test_stream_left),    cmocka_unit_test(test_stream_stop),
        cmocka_unit_test(test_stream_untaken), cmocka_unit_test(test_stream_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
