/* web.c - requests to the handler "request" and its answers back (layer service) */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/own.h"

#include <stdio.h>
#include <string.h>

typedef struct visit {
    mk_service *service;
    mk_httpd_req *req; /* NULL: the client has left */
    char id[24];
    int64_t began_us;
    char *line; /* method and path, for the log */
} visit;

/* --- out ---------------------------------------------------------------------------- */

static void add_header(mk_httpd_req *req, const char *name, const json_t *value)
{
    size_t i;
    json_t *one;
    if (json_is_string(value))
        mk_httpd_add(req, name, json_string_value(value));
    json_array_foreach(value, i, one)
        add_header(req, name, one);
}

static void answer(visit *v, const json_t *result)
{
    const char *name, *type = json_string_value(json_object_get(result, "type"));
    const json_t *body = json_object_get(result, "body"), *topic = json_object_get(result, "stream");
    const char *who = json_string_value(json_object_get(result, "who"));
    json_t *value;
    const long long status = json_integer_value(json_object_get(result, "status"));
    json_object_foreach(json_object_get(result, "headers"), name, value)
        add_header(v->req, name, value);
    mk_httpd_add(v->req, "X-Request-Id", v->id);
    if (json_is_string(topic) && mk_stream_full(v->service, json_string_value(topic), who))
        mk_httpd_refuse(v->req, MK_REFUSE_STREAMS);
    else if (json_is_string(topic))
        mk_stream_open(v->service, v->req, json_string_value(topic), who, json_string_value(body));
    else
        mk_httpd_answer(v->req, status ? (int)status : 200, type, json_string_value(body), json_string_length(body));
    mk_log(MK_LOG_DEBUG, v->id, "%s -> %lld in %lld us", v->line, status, (long long)(mk_clock_mono_us() - v->began_us));
}

static void on_done(void *arg, const json_t *result, const char *error)
{
    visit *v = arg;
    mk_httpd_req *req = v->req;
    if (req && result)
        answer(v, result);
    else if (req)
        mk_httpd_refuse(v->req, v->service->turned ? MK_REFUSE_UNKEPT : MK_REFUSE_BROKEN);
    if (req)
        mk_httpd_give_up(req); /* if there was no memory to answer */
    if (error)
        mk_log(MK_LOG_WARN, v->id, "%s failed", v->line);
    mk_free(v->line);
    mk_free(v);
}

static void on_gone(void *arg, mk_httpd_req *req)
{
    visit *v = arg;
    (void)req;
    v->req = NULL;
}

void mk_web_request(void *arg, mk_httpd_req *req)
{
    mk_service *service = arg;
    visit *v = mk_calloc(1, sizeof *v);
    json_t *request = v ? json_object() : NULL;
    if (request && (v->line = mk_malloc(64)))
        snprintf(v->line, 64, "%s %.50s", mk_httpd_method(req), mk_httpd_path(req));
    if (!request || !v->line) {
        mk_free(v);
        json_decref(request);
        return; /* the server says 500 */
    }
    v->service = service;
    v->req = req;
    v->began_us = mk_clock_mono_us();
    snprintf(v->id, sizeof v->id, "r%llx-%lx", (unsigned long long)mk_clock_wall_ms(), service->requests++);
    const int err = mk_web_read(service, request, v->id, req);
    if (err) {
        mk_httpd_refuse(req, err == MK_EPARSE ? MK_REFUSE_UNREADABLE : MK_REFUSE_BROKEN);
        json_decref(request);
        mk_free(v->line);
        mk_free(v);
        return;
    }
    mk_httpd_later(req, on_gone, v);
    mk_unit_run(service, "request", request, false, on_done, v);
}
