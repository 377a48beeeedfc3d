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

static void refuse(mk_httpd_req *req, int status, const char *error, const char *words)
{
    char text[400];
    const bool api = strncmp(mk_httpd_path(req), "/api/", 5) == 0;
    const int len = api ? snprintf(text, sizeof text, "{\"error\": \"%s\", \"error_description\": \"%s\", \"url\": null}\n", error, words)
                        : snprintf(text, sizeof text, "%s\n", words);
    mk_httpd_answer(req, status, api ? "application/json" : "text/plain; charset=utf-8", text, (size_t)len);
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
        refuse(v->req, 429, "too_many_streams", "Too many streams of this are open. Close one of them first.");
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
        refuse(v->req, v->service->turned ? 503 : 500, v->service->turned ? "unavailable" : "internal",
               v->service->turned ? "This cannot be kept at the moment. Nothing was changed; please try again."
                                  : "Something went wrong here. Nothing was changed.");
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
        refuse(req, err == MK_EPARSE ? 400 : 500, "invalid_request", "That is not a request I can read: text must be UTF-8.");
        json_decref(request);
        mk_free(v->line);
        mk_free(v);
        return;
    }
    mk_httpd_later(req, on_gone, v);
    mk_unit_run(service, "request", request, false, on_done, v);
}
