/* test_httpd_limits.c - the HTTP server: what bodies take, and how long a request may (tests) */
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
    mk_httpd_stream *stream;
    int port, calls;
};

static void gone(void *arg, mk_httpd_req *req)
{
    struct fixture *f = arg;
    (void)req;
    f->late = NULL;
}

static void left(void *arg)
{
    struct fixture *f = arg;
    f->stream = NULL;
}

static void handler(void *arg, mk_httpd_req *req)
{
    char text[100];
    struct fixture *f = arg;
    f->calls++;
    if (strcmp(mk_httpd_path(req), "/late") == 0) {
        f->late = req;
        mk_httpd_later(req, gone, f);
    } else if (strcmp(mk_httpd_path(req), "/stream") == 0) {
        assert_int_equal(mk_httpd_stream_begin(&f->stream, req, "text/event-stream", left, f), MK_OK);
    } else {
        snprintf(text, sizeof text, "%s %s", mk_httpd_method(req), mk_httpd_path(req));
        assert_int_equal(mk_httpd_answer(req, 200, "text/plain", text, strlen(text)), MK_OK);
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

/* --- the room for all bodies --------------------------------------------------------- */

enum { BODY = 100 << 10, LARGE = 90 << 10 };

/* A connection on which so many bytes of a body of len were sent; len 0: in one chunk, and the next one is not begun. */
static int send_part(struct fixture *f, const char *path, size_t len, size_t sent)
{
    char *text = mk_malloc(300 + sent);
    int head = snprintf(text, 300, "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", path);
    head += len ? snprintf(text + head, 100, "Content-Length: %zu\r\n\r\n", len)
                : snprintf(text + head, 100, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", sent);
    memset(text + head, 'x', sent);
    const int fd = test_http_send(f->port, text, (size_t)head + sent);
    mk_free(text);
    return fd;
}

static void until_held(struct fixture *f, size_t held)
{
    for (int i = 0; i < 500 && mk_httpd_held(f->httpd) != held; i++)
        test_turn(&f->loop, 10);
    assert_int_equal(mk_httpd_held(f->httpd), held);
}

static void expect_full(struct fixture *f, int fd)
{
    test_reply r;
    char value[64];
    test_http_receive(&f->loop, fd, &r);
    assert_int_equal(r.status, 503);
    test_reply_header(&r, "Retry-After", value, sizeof value);
    assert_string_equal(value, "5");
    test_reply_free(&r);
}

/* One body's worth of room for all: who holds it is answered, the others are told to come again, and those that send little are served. */
static void test_bodies(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    const size_t free_bytes = 16 << 10;
    static const mk_httpd_limits limits = { .body_bytes = BODY, .bodies_bytes = 1 };
    start(&f, &limits);
    const int first = send_part(&f, "/late", LARGE, LARGE);
    until_held(&f, LARGE - free_bytes);
    expect_full(&f, send_part(&f, "/", LARGE, 10)); /* before it is sent */
    const int chunks = send_part(&f, "/", 0, LARGE);
    test_turn(&f.loop, 20);
    assert_int_equal(send(chunks, "\r\n0\r\n\r\n", 7, MSG_NOSIGNAL), 7);
    expect_full(&f, chunks);
    assert_int_equal(mk_httpd_held(f.httpd), LARGE - free_bytes);
    test_http(&f.loop, f.port, "POST", "/", NULL, "f=1", &r);
    assert_int_equal(r.status, 200);
    test_reply_free(&r);
    assert_non_null(f.late);
    assert_int_equal(mk_httpd_answer(f.late, 200, NULL, "", 0), MK_OK);
    test_http_receive(&f.loop, first, &r);
    assert_int_equal(r.status, 200);
    test_reply_free(&r);
    until_held(&f, 0); /* given back by the answer */
    const int half = send_part(&f, "/", LARGE, LARGE / 2);
    until_held(&f, LARGE / 2 - free_bytes);
    close(half);
    until_held(&f, 0); /* and by who leaves */
    test_http_receive(&f.loop, send_part(&f, "/", LARGE, LARGE), &r);
    assert_int_equal(r.status, 200);
    test_reply_free(&r);
    finish(&f);
}

static void expect_page(struct fixture *f, const char *extra, const char *words)
{
    char raw[400];
    test_reply r;
    snprintf(raw, sizeof raw, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n", LARGE, extra);
    test_http_receive(&f->loop, test_http_send(f->port, raw, strlen(raw)), &r);
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, words));
    test_reply_free(&r);
}

static void test_bodies_pages(void **state)
{
    (void)state;
    struct fixture f;
    static const mk_httpd_limits limits = { .body_bytes = BODY, .bodies_bytes = 1 };
    start(&f, &limits);
    const int fd = send_part(&f, "/late", LARGE, LARGE);
    until_held(&f, LARGE - (16 << 10));
    expect_page(&f, "Accept: text/html\r\n", "<h1>Please try again in a moment</h1>");
    expect_page(&f, "Accept: text/html\r\nAccept-Language: es\r\n", "<html lang=\"es\">");
    expect_page(&f, "", "Too much is being sent");
    finish(&f);
    close(fd);
}

/* --- requests that trickle ----------------------------------------------------------- */

/* Begins with `begin`, then a byte of `more` every 50 ms, and what comes back until the server closes. */
static void trickle(struct fixture *f, const char *begin, char more, test_reply *r)
{
    char got[4096] = "";
    const int fd = test_http_send(f->port, begin, strlen(begin));
    for (int i = 0; i < 120 && !*got; i++) {
        (void)!send(fd, &more, 1, MSG_NOSIGNAL);
        test_turn(&f->loop, 50);
        if (recv(fd, got, sizeof got - 1, MSG_DONTWAIT | MSG_PEEK) < 0)
            *got = '\0';
    }
    assert_true(*got); /* within 6 s */
    test_http_receive(&f->loop, fd, r);
}

static void test_trickles(void **state)
{
    (void)state;
    struct fixture f;
    test_reply r;
    char value[64];
    static const mk_httpd_limits limits = { .idle_seconds = 2, .head_seconds = 1, .body_seconds = 1 };
    static const char *const begun[] = { "G", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
                                         "POST / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nAccept-Language: es\r\nContent-Length: 5000\r\n\r\n" };
    const long before = mk_mem_live();
    start(&f, &limits);
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
        trickle(&f, begun[i], 'G', &r);
        assert_int_equal(r.status, 408);
        assert_non_null(strstr(r.body, i == 3 ? "<html lang=\"es\">" : "That took too long to arrive."));
        test_reply_header(&r, "Connection", value, sizeof value);
        assert_string_equal(value, "close");
        test_reply_header(&r, "Content-Length", value, sizeof value);
        assert_int_equal(strtol(value, NULL, 10), strlen(r.body));
        test_reply_free(&r);
    }
    assert_int_equal(f.calls, 0);
    finish(&f);
    assert_int_equal(mk_mem_live(), before);
}

/* A body may take as long as its size needs, an answer and a stream as long as they like, and a kept connection begins anew. */
static void test_slow_but_fair(void **state)
{
    (void)state;
    struct fixture f;
    static const mk_httpd_limits limits = { .head_seconds = 1, .body_seconds = 1, .body_bytes = 4 << 20 };
    static const char next[] = "GET /kept HTTP/1.1\r\nHost: a\r\n\r\n";
    char *part = mk_calloc(1, 256 << 10);
    start(&f, &limits);
    const int stream = test_http_send(f.port, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", 34);
    test_http_until(&f.loop, stream, "Content-Type: text/event-stream");
    const int late = test_http_send(f.port, "GET /late HTTP/1.1\r\nHost: a\r\n\r\n", 32);
    const int fd = test_http_send(f.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n", 53);
    for (int i = 0; i < 16; i++) { /* 3.2 s */
        assert_int_equal(send(fd, part, 256 << 10, MSG_NOSIGNAL), 256 << 10);
        test_turn(&f.loop, 200);
    }
    test_http_until(&f.loop, fd, "POST /");
    test_turn(&f.loop, 1500);
    assert_int_equal(send(fd, next, sizeof next - 1, MSG_NOSIGNAL), sizeof next - 1);
    test_http_until(&f.loop, fd, "GET /kept");
    assert_non_null(f.stream);
    assert_int_equal(mk_httpd_stream_send(f.stream, "data: there\n\n", 13), MK_OK);
    test_http_until(&f.loop, stream, "data: there");
    assert_non_null(f.late);
    assert_int_equal(mk_httpd_answer(f.late, 200, "text/plain", "at last", 7), MK_OK);
    test_http_until(&f.loop, late, "at last");
    close(fd);
    close(late);
    close(stream);
    mk_free(part);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),   cmocka_unit_test(test_bodies_pages),
        cmocka_unit_test(test_trickles), cmocka_unit_test(test_slow_but_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
