/* httpd.h - a small HTTP/1.1 server on an event loop (layer service)
 *
 * On libmicrohttpd in external epoll mode: everything happens on the loop's
 * thread, there are no others. Each request is given to one handler, which
 * answers at once, or says that it will and answers later; meanwhile the
 * connection waits without costing a thread. Plain HTTP: TLS is ended by what
 * stands in front. Not thread-safe. */
#ifndef MK_HTTPD_H
#define MK_HTTPD_H
#include "base/headers.h"
#include "base/mem.h"
#include <stdbool.h>
#include <uv.h>

typedef struct mk_httpd mk_httpd;
typedef struct mk_httpd_req mk_httpd_req;

typedef struct mk_httpd_limits { /* a zero means the default */
    unsigned connections;    /* at once: 256 */
    unsigned per_address;    /* at once from one address: no limit */
    unsigned idle_seconds;   /* a connection that sends nothing: 30 */
    unsigned head_seconds;   /* a request's head, from its first line on: 30 */
    unsigned body_seconds;   /* each MiB of its body: 60; what takes longer, head or body, gets 408 */
    unsigned answer_seconds; /* a request put off for longer gets 503: 120 */
    size_t header_bytes;     /* of one request, and its share of memory: 32 KiB */
    size_t body_bytes;       /* of one request, more is 413: 64 KiB */
    size_t bodies_bytes;     /* of all requests that are there at once, but for the first 16 KiB of each; what is over gets 503: 64 MiB, at least body_bytes */
    size_t fields;           /* of one form, more is 413: 100 */
} mk_httpd_limits;

/* Called once for each request whose body is there. It calls mk_httpd_answer,
 * or mk_httpd_later and answers then; if it does neither the client gets 500. */
typedef void (*mk_httpd_handler)(void *arg, mk_httpd_req *req);

/* Listens on "ADDR:PORT" ("127.0.0.1:8080", "[::1]:8080"; numeric, or
 * "localhost"); port 0 takes a free one; "systemd": on the socket that it hands
 * over. limits may be NULL. MK_OK; MK_ENOENT (nothing was handed over); MK_EPARSE (not an address); MK_EEXIST (in use); MK_EPOLICY (not allowed to, or not an
 * address of this machine); MK_EIO; MK_ENOMEM. */
int mk_httpd_start(mk_httpd **out, uv_loop_t *loop, const char *listen, const mk_httpd_limits *limits,
                   mk_httpd_handler handler, void *arg);
/* Takes no more connections; those that are there are answered, and closed after it. What waits to be accepted on an inherited socket
 * is left to whoever inherits it next. */
void mk_httpd_drain(mk_httpd *httpd);
size_t mk_httpd_connections(const mk_httpd *httpd); /* open ones */
/* Closes the port and every connection, those that wait for an answer too (their
 * `gone` is called). The memory goes at the loop's next turns: run the loop once
 * more before closing it. May be called from a handler. NULL is fine. */
void mk_httpd_stop(mk_httpd *httpd);
int mk_httpd_port(const mk_httpd *httpd);
/* "http://127.0.0.1:8080". Owned by httpd. */
const char *mk_httpd_url(const mk_httpd *httpd);
/* What bodies take of bodies_bytes. */
size_t mk_httpd_held(const mk_httpd *httpd);
/* How many requests wait for a later answer. */
size_t mk_httpd_waiting(const mk_httpd *httpd);

/* What came. Strings live until the handler has answered and returned; NULL if it is not there.
 * Values with a NUL inside never get here: such a request gets 400. */
const char *mk_httpd_method(const mk_httpd_req *req); /* "GET"; a HEAD is answered as a GET, the body is left out for you */
const char *mk_httpd_path(const mk_httpd_req *req);   /* decoded, begins with '/', without the query */
const char *mk_httpd_query(mk_httpd_req *req, const char *name);
const char *mk_httpd_header(mk_httpd_req *req, const char *name); /* case ignored */
const char *mk_httpd_cookie(mk_httpd_req *req, const char *name);
const char *mk_httpd_field(mk_httpd_req *req, const char *name); /* of an urlencoded body, the first of that name */
const mk_headers *mk_httpd_fields(const mk_httpd_req *req);      /* all of them, in order */
mk_bytes mk_httpd_body(const mk_httpd_req *req);                 /* as received */
/* Calls each for every one of a kind, in order. */
enum mk_httpd_kind { MK_HTTPD_QUERY, MK_HTTPD_HEADERS, MK_HTTPD_COOKIES };
void mk_httpd_each(mk_httpd_req *req, enum mk_httpd_kind kind, void (*each)(void *arg, const char *name, const char *value), void *arg);
/* The client's address without port, "127.0.0.1". */
const char *mk_httpd_peer(mk_httpd_req *req);

/* Adds a header to the answer to come. MK_OK; MK_EINVAL (not a valid field);
 * MK_ECLOSED (answered already); MK_ENOMEM. */
int mk_httpd_add(mk_httpd_req *req, const char *name, const char *value);
/* Answers, once; body is copied; type NULL: none. After it req is only valid
 * until the caller returns. MK_OK, MK_ECLOSED, MK_EINVAL, MK_ENOMEM (then not answered). */
int mk_httpd_answer(mk_httpd_req *req, int status, const char *type, const void *body, size_t len);
/* Answers in words of its own: an error of the API, a page for a browser, else a line. As mk_httpd_answer. */
enum mk_httpd_refusal {
    MK_REFUSE_UNREADABLE, /* 400 */
    MK_REFUSE_LARGE,      /* 413 */
    MK_REFUSE_STREAMS,    /* 429 */
    MK_REFUSE_BROKEN,     /* 500 */
    MK_REFUSE_UNKEPT,     /* 503: the store could not keep it */
    MK_REFUSE_FULL,       /* 503: the bodies of others take the room */
    MK_REFUSE_LATE        /* 503: the answer did not come in time */
};
int mk_httpd_refuse(mk_httpd_req *req, enum mk_httpd_refusal why);
/* 303 to location, which must be a valid header value. */
int mk_httpd_redirect(mk_httpd_req *req, const char *location);
/* The answer comes later. gone (may be NULL) is called if the request ends
 * without one: it took too long, or the server stops. req is invalid after
 * gone, or after the later mk_httpd_answer. */
void mk_httpd_later(mk_httpd_req *req, void (*gone)(void *arg, mk_httpd_req *req), void *arg);
/* Out of memory: a request that waits for its answer gets none, its connection is closed. req is invalid after it. */
void mk_httpd_give_up(mk_httpd_req *req);

/* An answer that goes on, for server-sent events. */
typedef struct mk_httpd_stream mk_httpd_stream;
/* Begins it in place of mk_httpd_answer, with status 200. gone is called once, when the client or the server leaves; the stream is not
 * valid after it. MK_OK, MK_ECLOSED, MK_ENOMEM. */
int mk_httpd_stream_begin(mk_httpd_stream **out, mk_httpd_req *req, const char *type, void (*gone)(void *arg), void *arg);
/* Queues bytes. MK_OK; MK_ELIMIT (the client has left 256 KiB untaken) and MK_ENOMEM: then end it. */
int mk_httpd_stream_send(mk_httpd_stream *stream, const void *data, size_t len);
/* What is queued is still sent; gone is called when it is out. */
void mk_httpd_stream_end(mk_httpd_stream *stream);
#endif
