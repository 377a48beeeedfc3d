/* httpd_int.h - what the parts of the HTTP server share (layer service; for httpd*.c only) */
#ifndef MK_HTTPD_INT_H
#define MK_HTTPD_INT_H
#include "base/buf.h"
#include "service/httpd.h"
#include <microhttpd.h>

typedef struct mk_httpd_link mk_httpd_link; /* a connection, httpd_link.c */

struct mk_httpd {
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* the daemon's epoll descriptor */
    uv_timer_t timer; /* the daemon's own timeouts, and ours */
    mk_httpd_limits limits;
    mk_httpd_handler handler;
    void *arg;
    mk_httpd_req *waiting; /* answered later */
    size_t waiting_count;
    size_t held; /* of limits.bodies_bytes */
    mk_httpd_stream *streams;
    mk_httpd_link *links;
    int64_t looked_us; /* at them */
    int port;
    int closing; /* handles still to be closed */
    bool running, stop, draining;
    bool resumed; /* a connection was, and the daemon has not run since */
    char url[80];
};

enum mk_httpd_state { MK_REQ_BODY, MK_REQ_HANDLED, MK_REQ_LATER, MK_REQ_ANSWERED };

struct mk_httpd_req {
    mk_httpd *httpd;
    struct MHD_Connection *connection;
    enum mk_httpd_state state;
    char *method, *path;
    mk_buf body;
    mk_headers fields;
    mk_headers answer_headers;
    struct MHD_Response *response;
    int status;
    bool too_large, no_room, suspended;
    size_t received; /* of the body */
    size_t held;     /* of it, of the room for all bodies */
    int64_t since_us; /* put off at */
    mk_httpd_req *next, *before;
    mk_httpd_stream *stream; /* its answer, if that goes on */
    void (*gone)(void *arg, mk_httpd_req *req);
    void *gone_arg;
    char peer[48];
};

/* httpd_listen.c: a listening socket, its port and its URL. As mk_httpd_start. */
int mk_httpd_listen(const char *listen, int *fd, int *port, char *url, size_t cap);

/* httpd.c: lets a suspended connection go on, in the loop's next turn. */
void mk_httpd_resume(mk_httpd *httpd, struct MHD_Connection *connection);

/* httpd_req.c: what libmicrohttpd calls. */
enum MHD_Result mk_httpd_on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *data, size_t *size, void **slot);
void mk_httpd_on_done(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why);
/* Ends every request that has waited since before `before_us`; with stop all of them, unanswered. */
void mk_httpd_end_waiting(mk_httpd *httpd, int64_t before_us, bool stop);

/* httpd_link.c: what libmicrohttpd calls; whom a connection waits for, after which time it is cut; the look at all of them, once a second. */
void mk_httpd_on_link(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_ConnectionNotificationCode what);
void *mk_httpd_on_line(void *arg, const char *uri, struct MHD_Connection *connection);
void mk_httpd_await_body(mk_httpd_req *req); /* again as it comes */
void mk_httpd_await_none(mk_httpd_req *req);
void mk_httpd_await_next(mk_httpd *httpd, struct MHD_Connection *connection);
void mk_httpd_cut_slow(mk_httpd *httpd);
/* httpd_refuse.c: 408, as it goes over the wire; req NULL: its head is not there. MK_OK, MK_ENOMEM. */
int mk_httpd_refuse_raw(mk_buf *out, mk_httpd_req *req);

/* httpd_req.c: the answer's own headers and type into a response. MK_OK, MK_ENOMEM. */
int mk_httpd_set_headers(struct MHD_Response *response, const mk_headers *headers, const char *type);
/* Its response and status stand: the connection goes on. */
void mk_httpd_answered(mk_httpd_req *req, struct MHD_Response *response, int status);
/* httpd_stream.c: its request is over. */
void mk_httpd_stream_gone(mk_httpd_stream *stream);
/* Wakes all streams for the end of the server. */
void mk_httpd_stream_stop(mk_httpd *httpd);
#endif
