/* httpd.c - the HTTP server's life on the loop: start, turn, stop (layer service) */
#include "base/clock.h"
#include "base/err.h"
#include "service/body.h"
#include "service/httpd_int.h"
#include <unistd.h>

static void on_closed(uv_handle_t *handle)
{
    mk_httpd *httpd = handle->data;
    if (--httpd->closing == 0)
        mk_free(httpd);
}

static void close_handles(mk_httpd *httpd)
{
    httpd->closing = 2;
    uv_poll_stop(&httpd->poll);
    uv_timer_stop(&httpd->timer);
    uv_close((uv_handle_t *)&httpd->poll, on_closed);
    uv_close((uv_handle_t *)&httpd->timer, on_closed);
}

/* The poll goes before the descriptor it watches. */
static void stop_now(mk_httpd *httpd)
{
    close_handles(httpd);
    mk_httpd_end_waiting(httpd, 0, true);
    mk_httpd_stream_stop(httpd);
    MHD_stop_daemon(httpd->daemon);
    httpd->daemon = NULL;
}

static void on_timer(uv_timer_t *timer);

/* When to turn next without any traffic: the library's timeouts, and ours. */
static void plan(mk_httpd *httpd)
{
    MHD_UNSIGNED_LONG_LONG wait = 0;
    bool known = MHD_get_timeout(httpd->daemon, &wait) == MHD_YES;
    if (httpd->resumed) { /* the library's descriptor does not tell of it */
        known = true;
        wait = 0;
    } else if ((httpd->waiting || httpd->links) && (!known || wait > 1000)) {
        known = true;
        wait = 1000;
    }
    if (known)
        uv_timer_start(&httpd->timer, on_timer, wait, 0);
    else
        uv_timer_stop(&httpd->timer);
}

static void turn(mk_httpd *httpd)
{
    if (!httpd->daemon || httpd->running)
        return;
    httpd->running = true;
    httpd->resumed = false;
    int64_t patience = (int64_t)httpd->limits.answer_seconds * 1000000;
    mk_httpd_end_waiting(httpd, mk_clock_mono_us() - patience, false);
    mk_httpd_cut_slow(httpd);
    MHD_run(httpd->daemon);
    httpd->running = false;
    if (httpd->stop)
        stop_now(httpd);
    else
        plan(httpd);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    turn(poll->data);
}

void mk_httpd_resume(mk_httpd *httpd, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    httpd->resumed = true;
    if (!httpd->running && !httpd->closing)
        plan(httpd);
}

static void set_limits(mk_httpd_limits *to, const mk_httpd_limits *from)
{
    if (from)
        *to = *from;
    if (!to->connections)
        to->connections = 256;
    if (!to->idle_seconds)
        to->idle_seconds = 30;
    if (!to->head_seconds)
        to->head_seconds = 30;
    if (!to->body_seconds)
        to->body_seconds = 60;
    if (!to->answer_seconds)
        to->answer_seconds = 120;
    if (!to->header_bytes)
        to->header_bytes = 32 << 10;
    if (!to->body_bytes)
        to->body_bytes = 64 << 10;
    if (!to->bodies_bytes)
        to->bodies_bytes = 64 << 20;
    if (to->bodies_bytes < to->body_bytes)
        to->bodies_bytes = to->body_bytes;
    if (!to->fields)
        to->fields = 100;
}

static size_t unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return mk_body_unescape(text);
}

/* The daemon takes fd over if it starts. */
static int start_daemon(mk_httpd *httpd, int fd)
{
    const mk_httpd_limits *limits = &httpd->limits;
    httpd->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, mk_httpd_on_request, httpd,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, mk_httpd_on_done, httpd,
        MHD_OPTION_NOTIFY_CONNECTION, mk_httpd_on_link, httpd, MHD_OPTION_URI_LOG_CALLBACK, mk_httpd_on_line, httpd,
        MHD_OPTION_CONNECTION_LIMIT, limits->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->header_bytes,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_END);
    return httpd->daemon ? MK_OK : MK_EIO;
}

static int attach(mk_httpd *httpd)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || info->epoll_fd < 0)
        return MK_EIO;
    if (uv_poll_init(httpd->loop, &httpd->poll, info->epoll_fd))
        return MK_EIO;
    httpd->poll.data = httpd;
    uv_timer_init(httpd->loop, &httpd->timer); /* cannot fail */
    httpd->timer.data = httpd;
    if (uv_poll_start(&httpd->poll, UV_READABLE, on_poll)) {
        stop_now(httpd); /* frees it when the handles are closed */
        return MK_ECLOSED;
    }
    plan(httpd);
    return MK_OK;
}

int mk_httpd_start(mk_httpd **out, uv_loop_t *loop, const char *listen, const mk_httpd_limits *limits,
                   mk_httpd_handler handler, void *arg)
{
    int fd = -1;
    mk_httpd *httpd = mk_calloc(1, sizeof *httpd);
    if (!httpd)
        return MK_ENOMEM;
    httpd->loop = loop;
    httpd->handler = handler;
    httpd->arg = arg;
    set_limits(&httpd->limits, limits);
    int err = mk_httpd_listen(listen, &fd, &httpd->port, httpd->url, sizeof httpd->url);
    if (!err)
        err = start_daemon(httpd, fd);
    if (err) {
        if (fd >= 0)
            close(fd);
        mk_free(httpd);
        return err;
    }
    err = attach(httpd);
    if (err == MK_ECLOSED)
        return MK_EIO;
    if (err) {
        MHD_stop_daemon(httpd->daemon);
        mk_free(httpd);
        return err;
    }
    *out = httpd;
    return MK_OK;
}

void mk_httpd_stop(mk_httpd *httpd)
{
    if (!httpd || !httpd->daemon)
        return;
    if (httpd->running)
        httpd->stop = true; /* inside a handler: after it */
    else
        stop_now(httpd);
}

void mk_httpd_drain(mk_httpd *httpd)
{
    if (!httpd->daemon || httpd->draining)
        return;
    httpd->draining = true;
    const int fd = MHD_quiesce_daemon(httpd->daemon); /* not its own close: that might shut the socket down for all who share it */
    if (fd >= 0)
        close(fd);
}

size_t mk_httpd_connections(const mk_httpd *httpd)
{
    const union MHD_DaemonInfo *info = httpd->daemon ? MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS) : NULL;
    return info ? info->num_connections : 0;
}

int mk_httpd_port(const mk_httpd *httpd)
{
    return httpd->port;
}

const char *mk_httpd_url(const mk_httpd *httpd)
{
    return httpd->url;
}

size_t mk_httpd_held(const mk_httpd *httpd)
{
    return httpd->held;
}

size_t mk_httpd_waiting(const mk_httpd *httpd)
{
    return httpd->waiting_count;
}
