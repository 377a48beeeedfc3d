/* web.c - requests to the handler "request" and its answers back (layer service) */
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "parse/json.h"
#include "service/own.h"

#include <stdio.h>
#include <string.h>

enum { BODY_DEPTH = 32 };

typedef struct visit {
    mk_service *service;
    mk_httpd_req *req; /* NULL: the client has left */
    char id[24];
    int64_t began_us;
    char *line; /* method and path, for the log */
} visit;

/* --- in --------------------------------------------------------------------------- */

typedef struct gathering {
    json_t *object;
    bool lower;
    int err;
} gathering;

/* The first of a name counts; a query's repeated names are joined by commas, as lists are written. */
static void on_each(void *arg, const char *name, const char *value)
{
    gathering *all = arg;
    char key[256];
    const size_t len = strlen(name);
    if (len >= sizeof key || !mk_utf8_valid(name, len) || !mk_utf8_valid(value, strlen(value))) {
        all->err = MK_EPARSE;
        return;
    }
    for (size_t i = 0; i <= len; i++)
        key[i] = all->lower && name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    const char *before = json_string_value(json_object_get(all->object, key));
    if (before && all->lower)
        return;
    json_t *now = before ? json_sprintf("%s,%s", before, value) : json_string(value);
    if (json_object_set_new(all->object, key, now) && !all->err) /* a request without its token, say, is another one */
        all->err = MK_ENOMEM;
}

static int gather(json_t *request, const char *name, mk_httpd_req *req, enum mk_httpd_kind kind)
{
    gathering all = { .object = json_object(), .lower = kind == MK_HTTPD_HEADERS };
    if (!all.object || json_object_set_new(request, name, all.object))
        return MK_ENOMEM;
    mk_httpd_each(req, kind, on_each, &all);
    return all.err;
}

static bool is_secret(const char *name)
{
    return (name[0] == 'c' || name[0] == 'a') && name[1] == '.';
}

/* What a form holds but the customer's secrets. */
static int add_fields(json_t *request, const mk_headers *fields)
{
    json_t *object = json_object();
    if (!object || json_object_set_new(request, "fields", object))
        return MK_ENOMEM;
    for (size_t i = 0; i < fields->count; i++) {
        const mk_header *field = &fields->list[i];
        if (is_secret(field->name))
            continue;
        if (!mk_utf8_valid(field->name, strlen(field->name)) || !mk_utf8_valid(field->value, field->value_len))
            return MK_EPARSE;
        if (!json_object_get(object, field->name) && json_object_set_new(object, field->name, json_string(field->value)))
            return MK_ENOMEM;
    }
    return MK_OK;
}

/* The parser stops at 2048 deep; Lua takes 64 and does not answer more. */
static bool is_flat(const json_t *value, int levels)
{
    size_t i;
    const char *name;
    json_t *part, *all = (json_t *)(uintptr_t)value;
    if (!json_is_array(value) && !json_is_object(value))
        return true;
    if (!levels)
        return false;
    json_array_foreach(all, i, part)
        if (!is_flat(part, levels - 1))
            return false;
    json_object_foreach(all, name, part)
        if (!is_flat(part, levels - 1))
            return false;
    return true;
}

static int refuse_body(json_t *request, int line, const char *why)
{
    return json_object_set_new(request, "body_error", json_sprintf("line %d: %s", line, why)) ? MK_ENOMEM : MK_OK;
}

/* A JSON body, whatever its type says (utilityapi-v2: curl -d): its secrets are taken out. */
static int add_json(mk_service *service, json_t *request, mk_bytes body)
{
    json_error_t error;
    json_t *sealed = NULL, *value = mk_json_load(body.data, body.len, JSON_REJECT_DUPLICATES, &error);
    if (!value && json_error_code(&error) == json_error_out_of_memory)
        return MK_ENOMEM; /* ours, not the client's fault */
    if (!value)
        return refuse_body(request, error.line, error.text);
    if (!is_flat(value, BODY_DEPTH)) {
        json_decref(value);
        return refuse_body(request, 1, "nested too deep");
    }
    int err = json_is_object(value) ? mk_secrets_from_json(service, value, &sealed) : MK_OK;
    if (!err && sealed)
        err = json_object_set_new(request, "sealed", sealed) ? MK_ENOMEM : MK_OK;
    if (!err)
        err = json_object_set(request, "json", value) ? MK_ENOMEM : MK_OK;
    json_decref(value);
    return err;
}

static bool begins_json(mk_bytes body)
{
    size_t at = 0;
    while (at < body.len && strchr(" \t\r\n", body.data[at]))
        at++;
    return at < body.len && (body.data[at] == '{' || body.data[at] == '[');
}

static int add_body(mk_service *service, json_t *request, mk_httpd_req *req)
{
    json_t *sealed = NULL;
    const mk_bytes body = mk_httpd_body(req);
    const char *type = mk_httpd_header(req, "Content-Type");
    if (begins_json(body) || (type && strncmp(type, "application/json", 16) == 0 && body.len))
        return json_object_set_new(request, "fields", json_object()) ? MK_ENOMEM : add_json(service, request, body);
    int err = add_fields(request, mk_httpd_fields(req));
    if (!err)
        err = mk_secrets_from_fields(service, mk_httpd_fields(req), &sealed);
    if (!err && sealed)
        err = json_object_set_new(request, "sealed", sealed) ? MK_ENOMEM : MK_OK;
    if (!err && body.len && !mk_httpd_fields(req)->count && mk_utf8_valid(body.data, body.len)) /* a CSV, say */
        err = json_object_set_new(request, "body", json_stringn(body.data, body.len)) ? MK_ENOMEM : MK_OK;
    return err;
}

static int fill(visit *v, json_t *request)
{
    mk_httpd_req *req = v->req;
    const char *path = mk_httpd_path(req), *peer = mk_httpd_peer(req), *method = mk_httpd_method(req);
    if (!mk_utf8_valid(path, strlen(path)) || !mk_utf8_valid(method, strlen(method)))
        return MK_EPARSE;
    if (json_object_set_new(request, "id", json_string(v->id)) || json_object_set_new(request, "path", json_string(path)) ||
        json_object_set_new(request, "method", json_string(method)) ||
        json_object_set_new(request, "peer", json_string(peer ? peer : "")))
        return MK_ENOMEM;
    int err = gather(request, "query", req, MK_HTTPD_QUERY);
    if (!err)
        err = gather(request, "headers", req, MK_HTTPD_HEADERS);
    if (!err)
        err = gather(request, "cookies", req, MK_HTTPD_COOKIES);
    return err ? err : add_body(v->service, request, req);
}

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
    json_t *value;
    const long long status = json_integer_value(json_object_get(result, "status"));
    json_object_foreach(json_object_get(result, "headers"), name, value)
        add_header(v->req, name, value);
    mk_httpd_add(v->req, "X-Request-Id", v->id);
    if (json_is_string(topic))
        mk_stream_open(v->service, v->req, json_string_value(topic), json_string_value(json_object_get(result, "who")),
                       json_string_value(body));
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
    const int err = fill(v, request);
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
