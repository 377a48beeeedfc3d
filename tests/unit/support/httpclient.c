/* httpclient.c - a client on the loop of the server under test (tests) */
#include "support/httpclient.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

int test_http_send(int port, const char *raw, size_t len)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, raw, len, MSG_NOSIGNAL), (ssize_t)len);
    return fd;
}

static void split(test_reply *reply)
{
    char *end = strstr(reply->raw.data, "\r\n\r\n");
    reply->head = reply->raw.data;
    reply->body = reply->raw.data + reply->raw.len;
    if (end) {
        *end = 0;
        reply->body = end + 4;
    }
    const char *space = strchr(reply->head, ' ');
    reply->status = space ? (int)strtol(space, NULL, 10) : 0;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer; /* so that the loop never sleeps past our deadline */
}

void test_http_receive(uv_loop_t *loop, int fd, test_reply *reply)
{
    char part[4096];
    uv_timer_t tick;
    int64_t end = mk_clock_mono_us() + 10 * 1000000;
    mk_buf_init(&reply->raw, 4 << 20);
    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    for (;;) {
        ssize_t got = recv(fd, part, sizeof part, MSG_DONTWAIT);
        if (got > 0) {
            assert_int_equal(mk_buf_add(&reply->raw, part, (size_t)got), 0);
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            break;
        assert_true(mk_clock_mono_us() < end);
        uv_run(loop, UV_RUN_ONCE);
    }
    close(fd);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    split(reply);
}

static void on_over(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

void test_turn(uv_loop_t *loop, int ms)
{
    uv_timer_t timer;
    bool over = false;
    uv_timer_init(loop, &timer);
    timer.data = &over;
    uv_timer_start(&timer, on_over, (uint64_t)ms, 0);
    while (!over)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

void test_http_peek(uv_loop_t *loop, int fd, char *out, size_t cap)
{
    ssize_t got = -1;
    for (int i = 0; i < 2000 && got < 0; i++) {
        uv_run(loop, UV_RUN_NOWAIT);
        got = recv(fd, out, cap - 1, MSG_DONTWAIT);
        if (got < 0)
            test_turn(loop, 1);
    }
    out[got > 0 ? got : 0] = 0;
    close(fd);
}

void test_http_until(uv_loop_t *loop, int fd, const char *text)
{
    char got[8192] = "";
    size_t len = 0;
    for (int i = 0; i < 500 && !strstr(got, text); i++) {
        test_turn(loop, 10);
        const ssize_t n = recv(fd, got + len, sizeof got - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
        got[len] = '\0';
    }
    if (!strstr(got, text))
        fail_msg("'%s' is not in '%s'", text, got);
}

void test_http(uv_loop_t *loop, int port, const char *method, const char *path, const char *extra, const char *form,
               test_reply *reply)
{
    mk_buf raw;
    mk_buf_init(&raw, 1 << 20);
    int err = mk_buf_addf(&raw, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s", method, path,
                          extra ? extra : "");
    if (!err && form)
        err = mk_buf_addf(&raw, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
                          strlen(form));
    if (!err)
        err = mk_buf_addf(&raw, "\r\n%s", form ? form : "");
    assert_int_equal(err, 0);
    int fd = test_http_send(port, raw.data, raw.len);
    mk_buf_free(&raw);
    test_http_receive(loop, fd, reply);
}

void test_reply_free(test_reply *reply)
{
    mk_buf_free(&reply->raw);
}

void test_reply_header(const test_reply *reply, const char *name, char *out, size_t cap)
{
    size_t len = strlen(name);
    out[0] = 0;
    for (const char *line = strstr(reply->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) != 0 || line[2 + len] != ':')
            continue;
        const char *value = line + 2 + len + 1 + strspn(line + 2 + len + 1, " ");
        snprintf(out, cap, "%.*s", (int)strcspn(value, "\r"), value);
        return;
    }
}
