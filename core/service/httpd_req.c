/* httpd_req.c - one HTTP request: receiving, handing over, answering (layer service) */
#include "base/clock.h"
#include "base/err.h"
#include "service/body.h"
#include "service/httpd_int.h"
#include <arpa/inet.h>
#include <string.h>

enum { FREE_BYTES = 16 << 10 }; /* of each body: a customer's form is taken whoever sends how much */

/* --- the list of those that wait -------------------------------------- */

static void list_add(mk_httpd_req *req)
{
    mk_httpd *httpd = req->httpd;
    req->before = NULL;
    req->next = httpd->waiting;
    if (req->next)
        req->next->before = req;
    httpd->waiting = req;
    httpd->waiting_count++;
}

static void list_remove(mk_httpd_req *req)
{
    mk_httpd *httpd = req->httpd;
    if (req->before)
        req->before->next = req->next;
    else
        httpd->waiting = req->next;
    if (req->next)
        req->next->before = req->before;
    httpd->waiting_count--;
}

static void resume(mk_httpd_req *req)
{
    if (!req->suspended)
        return;
    req->suspended = false;
    mk_httpd_resume(req->httpd, req->connection);
}

void mk_httpd_end_waiting(mk_httpd *httpd, int64_t before_us, bool stop)
{
    for (mk_httpd_req *req = httpd->waiting, *next; req; req = next) {
        next = req->next;
        if (!stop && req->since_us > before_us)
            continue;
        void (*gone)(void *, mk_httpd_req *) = req->gone;
        req->gone = NULL;
        if (gone)
            gone(req->gone_arg, req);
        if (req->state == MK_REQ_LATER && mk_httpd_refuse(req, MK_REFUSE_LATE))
            mk_httpd_give_up(req);
    }
}

void mk_httpd_give_up(mk_httpd_req *req)
{
    if (req->state != MK_REQ_LATER)
        return;
    list_remove(req);
    req->state = MK_REQ_HANDLED;
    resume(req);
}

/* --- receiving --------------------------------------------------------- */

static mk_httpd_req *req_new(mk_httpd *httpd, struct MHD_Connection *connection, const char *url, const char *method)
{
    mk_httpd_req *req = mk_calloc(1, sizeof *req);
    if (!req)
        return NULL;
    req->httpd = httpd;
    req->connection = connection;
    mk_buf_init(&req->body, httpd->limits.body_bytes);
    req->method = mk_strdup(method);
    req->path = mk_strdup(url);
    if (req->method && req->path)
        return req;
    mk_free(req->method);
    mk_free(req->path);
    mk_free(req);
    return NULL;
}

/* An answer may go on for hours, or be taken slowly: what came is not kept as long. */
static void let_go(mk_httpd_req *req)
{
    req->httpd->held -= req->held;
    req->held = 0;
    mk_headers_free(&req->fields);
    mk_buf_free(&req->body);
}

void mk_httpd_on_done(void *arg, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why)
{
    (void)why;
    mk_httpd_req *req = *slot;
    mk_httpd_await_next(arg, connection);
    if (!req)
        return;
    *slot = NULL;
    if (req->state == MK_REQ_LATER) {
        list_remove(req);
        if (req->gone)
            req->gone(req->gone_arg, req);
    }
    if (req->stream)
        mk_httpd_stream_gone(req->stream);
    if (req->response)
        MHD_destroy_response(req->response);
    mk_headers_free(&req->answer_headers);
    let_go(req);
    mk_free(req->method);
    mk_free(req->path);
    mk_free(req);
}

/* --- the handler ------------------------------------------------------- */

static enum MHD_Result send_answer(mk_httpd_req *req)
{
    let_go(req);
    if (req->state != MK_REQ_ANSWERED)
        return MHD_NO; /* nothing can be said: the connection is closed */
    return MHD_queue_response(req->connection, (unsigned)req->status, req->response);
}

static int check(mk_httpd_req *req)
{
    if (req->too_large)
        return MK_ELIMIT;
    if (req->path[0] != '/')
        return MK_EPARSE;
    if (!mk_body_is_form(mk_httpd_header(req, "Content-Type")) || mk_body_is_json(mk_httpd_body(req)))
        return MK_OK; /* curl -d sends JSON as a form, too: it has no fields, and its % and & mean nothing */
    return mk_body_fields(&req->fields, mk_httpd_body(req), req->httpd->limits.fields);
}

static enum MHD_Result refuse(mk_httpd_req *req, enum mk_httpd_refusal why)
{
    mk_httpd_await_none(req);
    req->state = MK_REQ_HANDLED;
    mk_httpd_refuse(req, why);
    return send_answer(req);
}

static enum MHD_Result handle(mk_httpd_req *req)
{
    if (req->no_room)
        return refuse(req, MK_REFUSE_FULL);
    mk_httpd_await_none(req);
    req->state = MK_REQ_HANDLED;
    switch (check(req)) {
    case MK_OK:
        req->httpd->handler(req->httpd->arg, req);
        if (req->state == MK_REQ_LATER)
            return MHD_YES; /* asked again in the next turn */
        if (req->state == MK_REQ_HANDLED)
            mk_httpd_refuse(req, MK_REFUSE_BROKEN);
        break;
    case MK_ELIMIT:
        mk_httpd_refuse(req, MK_REFUSE_LARGE);
        break;
    case MK_EPARSE:
        mk_httpd_refuse(req, MK_REFUSE_UNREADABLE);
        break;
    default:
        mk_httpd_refuse(req, MK_REFUSE_BROKEN);
    }
    return send_answer(req);
}

/* Not in the turn that received the request: a connection resumed from there is read once more before it is answered, and closed
 * without an answer if its client has said by then that it will send nothing more. */
static enum MHD_Result suspend(mk_httpd_req *req)
{
    req->suspended = true;
    MHD_suspend_connection(req->connection);
    return MHD_YES;
}

/* What stands in front may go by the other one, and take the body's rest for a request of somebody else's. */
static bool has_two_lengths(mk_httpd_req *req)
{
    return mk_httpd_header(req, "Content-Length") && mk_httpd_header(req, "Transfer-Encoding");
}

static size_t room(const mk_httpd *httpd)
{
    return httpd->limits.bodies_bytes - httpd->held;
}

static enum MHD_Result begin(mk_httpd *httpd, struct MHD_Connection *connection, const char *url, const char *method,
                             void **slot)
{
    mk_httpd_req *req = req_new(httpd, connection, url, method);
    if (!req)
        return MHD_NO;
    *slot = req;
    const char *length = mk_httpd_header(req, "Content-Length");
    if (has_two_lengths(req))
        return refuse(req, MK_REFUSE_UNREADABLE);
    if (mk_body_over(length, httpd->limits.body_bytes)) /* what is announced as too large is answered before it is sent */
        return refuse(req, MK_REFUSE_LARGE);
    if (mk_body_over(length, FREE_BYTES + room(httpd)))
        return refuse(req, MK_REFUSE_FULL);
    mk_httpd_await_body(req);
    return MHD_YES;
}

/* Adds to the body, and counts it: not what was announced, or who sends nothing could take all the room. */
static int hold(mk_httpd_req *req, const char *data, size_t size)
{
    const size_t len = req->body.len + size, counted = len > FREE_BYTES ? len - FREE_BYTES : 0;
    if (counted - req->held > room(req->httpd))
        return MK_ELIMIT;
    const int err = mk_buf_add(&req->body, data, size);
    if (!err) {
        req->httpd->held += counted - req->held;
        req->held = counted;
    }
    return err;
}

/* In chunks nothing was announced: what is over is dropped, and much over cut off. What finds no room is read to its end, too, to be answered. */
static enum MHD_Result take(mk_httpd_req *req, const char *data, size_t *size)
{
    size_t most = req->httpd->limits.body_bytes;
    req->received = *size > 4 * most || req->received > 4 * most ? SIZE_MAX : req->received + *size;
    if (req->received > 4 * most)
        return MHD_NO;
    req->too_large |= req->received > most;
    const int err = req->too_large || req->no_room ? MK_ELIMIT : hold(req, data, *size);
    if (err && err != MK_ELIMIT)
        return MHD_NO; /* out of memory */
    if (err) {
        req->no_room |= !req->too_large;
        let_go(req);
    }
    mk_httpd_await_body(req);
    explicit_bzero((void *)(uintptr_t)data, *size); /* the library's buffer; it is freed as it is, and may have held a password */
    *size = 0;
    return MHD_YES;
}

enum MHD_Result mk_httpd_on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *data, size_t *size, void **slot)
{
    (void)version;
    mk_httpd_req *req = *slot;
    if (!req)
        return begin(arg, connection, url, method, slot);
    if (*size)
        return take(req, data, size);
    if (req->state == MK_REQ_BODY)
        return handle(req);
    return req->state == MK_REQ_LATER ? suspend(req) : send_answer(req);
}

/* --- what came --------------------------------------------------------- */

const char *mk_httpd_method(const mk_httpd_req *req)
{
    return strcmp(req->method, "HEAD") == 0 ? "GET" : req->method;
}

const char *mk_httpd_path(const mk_httpd_req *req)
{
    return req->path;
}

const char *mk_httpd_query(mk_httpd_req *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *mk_httpd_header(mk_httpd_req *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

const char *mk_httpd_cookie(mk_httpd_req *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_COOKIE_KIND, name);
}

const char *mk_httpd_field(mk_httpd_req *req, const char *name)
{
    for (size_t i = 0; i < req->fields.count; i++)
        if (strcmp(req->fields.list[i].name, name) == 0)
            return req->fields.list[i].value;
    return NULL;
}

const mk_headers *mk_httpd_fields(const mk_httpd_req *req)
{
    return &req->fields;
}

mk_bytes mk_httpd_body(const mk_httpd_req *req)
{
    return (mk_bytes){ req->body.data, req->body.len };
}

struct each {
    void (*call)(void *arg, const char *name, const char *value);
    void *arg;
};

static enum MHD_Result on_each(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const struct each *each = arg;
    (void)kind;
    each->call(each->arg, name, value ? value : "");
    return MHD_YES;
}

void mk_httpd_each(mk_httpd_req *req, enum mk_httpd_kind kind, void (*each)(void *arg, const char *name, const char *value), void *arg)
{
    static const enum MHD_ValueKind kinds[] = { MHD_GET_ARGUMENT_KIND, MHD_HEADER_KIND, MHD_COOKIE_KIND };
    MHD_get_connection_values(req->connection, kinds[kind], on_each, &(struct each){ each, arg });
}

const char *mk_httpd_peer(mk_httpd_req *req)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return NULL;
    const struct sockaddr *address = info->client_addr;
    const void *bytes = address->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                                                       : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    return inet_ntop(address->sa_family, bytes, req->peer, sizeof req->peer);
}

/* --- the answer -------------------------------------------------------- */

int mk_httpd_add(mk_httpd_req *req, const char *name, const char *value)
{
    if (req->state == MK_REQ_ANSWERED)
        return MK_ECLOSED;
    if (!mk_header_valid(name, value, strlen(value)))
        return MK_EINVAL;
    return mk_headers_add(&req->answer_headers, name, value, strlen(value), false);
}

int mk_httpd_set_headers(struct MHD_Response *response, const mk_headers *headers, const char *type)
{
    for (size_t i = 0; i < headers->count; i++)
        if (MHD_add_response_header(response, headers->list[i].name, headers->list[i].value) != MHD_YES)
            return MK_ENOMEM;
    if (type && MHD_add_response_header(response, "Content-Type", type) != MHD_YES)
        return MK_ENOMEM;
    return MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES ? MK_OK : MK_ENOMEM;
}

static int make_response(mk_httpd_req *req, const char *type, const void *body, size_t len)
{
    char *copy = mk_memdup(len ? body : "", len);
    if (!copy)
        return MK_ENOMEM;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(len, copy, mk_free);
    if (!response) {
        mk_free(copy);
        return MK_ENOMEM;
    }
    int err = mk_httpd_set_headers(response, &req->answer_headers, type);
    if (err)
        MHD_destroy_response(response);
    else
        req->response = response;
    return err;
}

int mk_httpd_answer(mk_httpd_req *req, int status, const char *type, const void *body, size_t len)
{
    if (req->state == MK_REQ_ANSWERED)
        return MK_ECLOSED;
    if (status < 200 || status > 599 || (type && !mk_header_valid("Content-Type", type, strlen(type))))
        return MK_EINVAL;
    int err = make_response(req, type, body, len);
    if (!err)
        mk_httpd_answered(req, req->response, status);
    return err;
}

void mk_httpd_answered(mk_httpd_req *req, struct MHD_Response *response, int status)
{
    req->response = response;
    req->status = status;
    if (req->httpd->draining)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (req->state == MK_REQ_LATER)
        list_remove(req);
    req->state = MK_REQ_ANSWERED;
    resume(req);
}

int mk_httpd_redirect(mk_httpd_req *req, const char *location)
{
    int err = mk_httpd_add(req, "Location", location);
    return err ? err : mk_httpd_answer(req, 303, NULL, NULL, 0);
}

void mk_httpd_later(mk_httpd_req *req, void (*gone)(void *arg, mk_httpd_req *req), void *arg)
{
    if (req->state != MK_REQ_HANDLED)
        return;
    req->state = MK_REQ_LATER;
    req->gone = gone;
    req->gone_arg = arg;
    req->since_us = mk_clock_mono_us();
    list_add(req);
}
