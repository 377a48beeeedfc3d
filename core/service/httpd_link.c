/* httpd_link.c - connections, and until when each must have said what it wants (layer service)
 *
 * libmicrohttpd ends connections that say nothing; one that says a byte now and then would stay for ever. Its answer is written past the library, which
 * takes none before a request is whole. */
#include "base/clock.h"
#include "base/err.h"
#include "service/httpd_int.h"
#include <sys/socket.h>

enum { SECOND = 1000000, LOOK_US = SECOND };

struct mk_httpd_link {
    struct MHD_Connection *connection;
    mk_httpd_req *req; /* whose body comes */
    int64_t since_us, by_us; /* by: 0: it is our turn */
    mk_httpd_link *next, *before;
};

static mk_httpd_link *link_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL; /* NULL: there was no memory for it */
}

/* What says nothing for so long is ended by the library, without a word. */
static void wait_for_line(const mk_httpd *httpd, mk_httpd_link *link)
{
    link->req = NULL;
    link->by_us = mk_clock_mono_us() + (int64_t)(httpd->limits.idle_seconds + httpd->limits.head_seconds) * SECOND;
}

static void link_add(mk_httpd *httpd, struct MHD_Connection *connection, void **slot)
{
    mk_httpd_link *link = mk_calloc(1, sizeof *link);
    if (!link)
        return;
    link->connection = connection;
    link->next = httpd->links;
    if (link->next)
        link->next->before = link;
    httpd->links = link;
    wait_for_line(httpd, link);
    *slot = link;
}

static void link_remove(mk_httpd *httpd, mk_httpd_link *link)
{
    if (link->before)
        link->before->next = link->next;
    else
        httpd->links = link->next;
    if (link->next)
        link->next->before = link->before;
    mk_free(link);
}

void mk_httpd_on_link(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        link_add(arg, connection, slot);
    else if (*slot)
        link_remove(arg, *slot);
}

void *mk_httpd_on_line(void *arg, const char *uri, struct MHD_Connection *connection)
{
    const mk_httpd *httpd = arg;
    mk_httpd_link *link = link_of(connection);
    const int64_t by_us = mk_clock_mono_us() + (int64_t)httpd->limits.head_seconds * SECOND;
    (void)uri;
    if (link && by_us < link->by_us)
        link->by_us = by_us;
    return NULL; /* the request is made once its head is there */
}

void mk_httpd_await_body(mk_httpd_req *req)
{
    mk_httpd_link *link = link_of(req->connection);
    if (!link)
        return;
    if (!link->req)
        link->since_us = mk_clock_mono_us();
    link->req = req;
    link->by_us = link->since_us + (int64_t)req->httpd->limits.body_seconds * SECOND * (int64_t)(1 + (req->received >> 20));
}

void mk_httpd_await_none(mk_httpd_req *req)
{
    mk_httpd_link *link = link_of(req->connection);
    if (link)
        link->by_us = 0;
}

void mk_httpd_await_next(mk_httpd *httpd, struct MHD_Connection *connection)
{
    mk_httpd_link *link = link_of(connection);
    if (link)
        wait_for_line(httpd, link);
}

/* The library sees the end of what the client sends, and closes. */
static void cut(mk_httpd_link *link)
{
    mk_buf text;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(link->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    link->by_us = 0;
    if (!info)
        return;
    mk_buf_init(&text, 8192);
    if (mk_httpd_refuse_raw(&text, link->req) == MK_OK)
        (void)send(info->connect_fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(info->connect_fd, SHUT_RDWR);
    mk_buf_free(&text);
}

void mk_httpd_cut_slow(mk_httpd *httpd)
{
    const int64_t now = mk_clock_mono_us();
    if (now - httpd->looked_us < LOOK_US)
        return;
    httpd->looked_us = now;
    for (mk_httpd_link *link = httpd->links; link; link = link->next)
        if (link->by_us && link->by_us < now)
            cut(link);
}
