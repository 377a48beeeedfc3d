/* httpclient.h - a client on the loop of the server under test (tests)
 *
 * The loop turns while it waits, so client and server share one thread. */
#ifndef TEST_HTTPCLIENT_H
#define TEST_HTTPCLIENT_H
#include "base/buf.h"
#include <uv.h>

typedef struct test_reply {
    int status;
    char *head; /* status line and headers */
    char *body;
    mk_buf raw;
} test_reply;

/* Sends raw to 127.0.0.1:port; the socket. */
int test_http_send(int port, const char *raw, size_t len);
/* Turns the loop until the peer closes, at most 10 s; closes the socket. */
void test_http_receive(uv_loop_t *loop, int fd, test_reply *reply);
/* Turns the loop for so long. */
void test_turn(uv_loop_t *loop, int ms);
/* One answer's first bytes, at most cap - 1, or "" if the peer closes without one. Closes the socket. */
void test_http_peek(uv_loop_t *loop, int fd, char *out, size_t cap);
/* Turns the loop until text has come, at most 5 s; the socket stays. */
void test_http_until(uv_loop_t *loop, int fd, const char *text);
/* A request with "Connection: close"; extra: header lines ending in CRLF; form may be NULL. */
void test_http(uv_loop_t *loop, int port, const char *method, const char *path, const char *extra, const char *form,
               test_reply *reply);
void test_reply_free(test_reply *reply);
/* The value of the first header of that name ("Location"), copied to out; "" if it is not there. */
void test_reply_header(const test_reply *reply, const char *name, char *out, size_t cap);
#endif
