/* web_in.c - a request as the handler gets it, without its secrets (layer service) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "service/body.h"
#include "service/own.h"

#include <string.h>

enum { BODY_DEPTH = 32 };

/* --- pairs ------------------------------------------------------------------------ */

/* X-Forwarded-For and the like: each proxy may add a line of its own, and the last one is the one next to us. */
static bool is_list(const char *name)
{
    return strncmp(name, "x-forwarded-", 12) == 0;
}

/* Of a customer; but for the fields of a form, where they are sealed, such a thing is not handed on. */
static bool is_secret(const char *name)
{
    return (name[0] == 'c' || name[0] == 'a') && name[1] == '.';
}

int mk_web_pair(json_t *object, const char *name, const char *value, bool header)
{
    char key[256];
    const size_t len = strlen(name);
    if (len >= sizeof key || !mk_utf8_valid(name, len) || !mk_utf8_valid(value, strlen(value)))
        return MK_EPARSE;
    if (is_secret(name))
        return MK_OK;
    for (size_t i = 0; i <= len; i++)
        key[i] = header && name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    const char *before = json_string_value(json_object_get(object, key));
    if (before && header && !is_list(key))
        return MK_OK;
    json_t *now = before ? json_sprintf("%s,%s", before, value) : json_string(value);
    return json_object_set_new(object, key, now) ? MK_ENOMEM : MK_OK;
}

typedef struct gathering {
    json_t *object;
    bool headers;
    int err; /* the first: a request without its token, say, is another one */
} gathering;

static void on_each(void *arg, const char *name, const char *value)
{
    gathering *all = arg;
    if (!all->err)
        all->err = mk_web_pair(all->object, name, value, all->headers);
}

static int gather(json_t *request, const char *name, mk_httpd_req *req, enum mk_httpd_kind kind)
{
    gathering all = { .object = json_object(), .headers = kind == MK_HTTPD_HEADERS };
    if (!all.object || json_object_set_new(request, name, all.object))
        return MK_ENOMEM;
    mk_httpd_each(req, kind, on_each, &all);
    return all.err;
}

/* --- bodies ----------------------------------------------------------------------- */

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

/* What jansson quotes of the body may be a secret. */
static int refuse_body(json_t *request, int line, const char *why)
{
    const char *near = strstr(why, " near '");
    const int len = near ? (int)(near - why) : (int)strlen(why);
    return json_object_set_new(request, "body_error", json_sprintf("line %d: %.*s", line, len, why)) ? MK_ENOMEM : MK_OK;
}

/* Its secrets are taken out; what has a form's name of one, and is none here, goes. */
static int strip(mk_service *service, json_t *object, json_t **sealed)
{
    void *after;
    const char *name;
    json_t *value;
    json_object_foreach_safe(object, after, name, value)
    {
        if (is_secret(name))
            json_object_del(object, name);
    }
    return mk_secrets_from_json(service, object, sealed);
}

/* A JSON body, whatever its type says (utilityapi-v2: curl -d). No request of ours is a list: of one nothing is handed on but that it was one. */
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
    int err = MK_OK;
    if (json_is_object(value))
        err = strip(service, value, &sealed);
    else
        json_array_clear(value);
    if (!err && sealed)
        err = json_object_set_new(request, "sealed", sealed) ? MK_ENOMEM : MK_OK;
    if (!err)
        err = json_object_set(request, "json", value) ? MK_ENOMEM : MK_OK;
    json_decref(value);
    return err;
}

int mk_web_body(mk_service *service, json_t *request, const char *type, const mk_headers *fields, mk_bytes body)
{
    json_t *sealed = NULL;
    if (mk_body_is_json(body) || (type && strncmp(type, "application/json", 16) == 0 && body.len))
        return json_object_set_new(request, "fields", json_object()) ? MK_ENOMEM : add_json(service, request, body);
    int err = add_fields(request, fields);
    if (!err)
        err = mk_secrets_from_fields(service, fields, &sealed);
    if (!err && sealed)
        err = json_object_set_new(request, "sealed", sealed) ? MK_ENOMEM : MK_OK;
    if (!err && body.len && !fields->count) /* what it is nobody knows: it may be a form sent as plain text, with a password */
        err = json_object_set_new(request, "body", json_true()) ? MK_ENOMEM : MK_OK;
    return err;
}

/* --- all of it ---------------------------------------------------------------------- */

int mk_web_read(mk_service *service, json_t *request, const char *id, mk_httpd_req *req)
{
    const char *path = mk_httpd_path(req), *peer = mk_httpd_peer(req), *method = mk_httpd_method(req);
    if (!mk_utf8_valid(path, strlen(path)) || !mk_utf8_valid(method, strlen(method)))
        return MK_EPARSE;
    if (json_object_set_new(request, "id", json_string(id)) || json_object_set_new(request, "path", json_string(path)) ||
        json_object_set_new(request, "method", json_string(method)) ||
        json_object_set_new(request, "peer", json_string(peer ? peer : "")))
        return MK_ENOMEM;
    int err = gather(request, "query", req, MK_HTTPD_QUERY);
    if (!err)
        err = gather(request, "headers", req, MK_HTTPD_HEADERS);
    if (!err)
        err = gather(request, "cookies", req, MK_HTTPD_COOKIES);
    return err ? err : mk_web_body(service, request, mk_httpd_header(req, "Content-Type"), mk_httpd_fields(req), mk_httpd_body(req));
}
