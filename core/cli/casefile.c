/* casefile.c - recorded cases as JSON: reading, writing, finding (layer cli) */
#include "cli/casefile.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/reel.h"
#include "parse/json.h"
#include "script/embedded.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- text ---------------------------------------------------------------- */

static json_t *lines(const char *text, size_t len)
{
    json_t *out = json_array();
    const char *at = text, *end = text + len;
    while (out) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (json_array_append_new(out, json_stringn_nocheck(at, (size_t)((stop ? stop : end) - at)))) {
            json_decref(out);
            return NULL;
        }
        if (!stop)
            return out;
        at = stop + 1;
    }
    return NULL;
}

json_t *mk_case_text(const char *text, size_t len)
{
    if (mk_utf8_valid(text, len) && !memchr(text, '\0', len))
        return memchr(text, '\n', len) ? lines(text, len) : json_stringn_nocheck(text, len);
    mk_buf coded;
    mk_buf_init(&coded, SIZE_MAX / 4);
    json_t *out = mk_base64_encode(&coded, text, len, false) ? NULL : json_pack("{s:s%}", "base64", coded.data, coded.len);
    mk_buf_free(&coded);
    return out;
}

int mk_case_bytes(const json_t *value, mk_buf *out)
{
    const json_t *coded = json_object_get(value, "base64");
    if (json_is_string(value))
        return mk_buf_add(out, json_string_value(value), json_string_length(value));
    if (json_is_string(coded))
        return mk_base64_decode(out, json_string_value(coded), json_string_length(coded));
    int err = json_is_array(value) ? MK_OK : MK_EPARSE;
    for (size_t i = 0; i < json_array_size(value) && !err; i++) {
        const json_t *line = json_array_get(value, i);
        err = !json_is_string(line) ? MK_EPARSE : i ? mk_buf_addc(out, '\n') : MK_OK;
        if (!err)
            err = mk_buf_add(out, json_string_value(line), json_string_length(line));
    }
    return err;
}

/* --- requests -------------------------------------------------------------- */

static json_t *decoded(const char *text, size_t len)
{
    mk_buf plain;
    mk_buf_init(&plain, SIZE_MAX / 4);
    const int err = mk_percent_decode(&plain, text, len, true);
    json_t *out = err == MK_ENOMEM ? NULL : err ? mk_masked_json(NULL, text, len) : mk_masked_json(NULL, plain.data, plain.len);
    mk_buf_free(&plain);
    return out;
}

/* Adds a pair: as a member, or, for a name that was there, to a list of its values. */
static int add_field(json_t *out, const json_t *name, json_t *value)
{
    const char *key = json_string_value(name);
    json_t *was = key ? json_object_get(out, key) : NULL;
    if (!key || !value) {
        json_decref(value);
        return MK_ENOMEM;
    }
    if (json_is_array(was))
        return json_array_append_new(was, value) ? MK_ENOMEM : MK_OK;
    if (was)
        value = json_pack("[O, o]", was, value);
    return json_object_set_new_nocheck(out, key, value) ? MK_ENOMEM : MK_OK;
}

static json_t *fields(const char *body, size_t len)
{
    json_t *out = json_object();
    const char *at = body, *end = body + len;
    while (out && at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *eq = memchr(at, '=', (size_t)(stop - at));
        const char *value = eq ? eq + 1 : stop;
        json_t *name = decoded(at, (size_t)((eq ? eq : stop) - at));
        if (stop > at && add_field(out, name, decoded(value, (size_t)(stop - value)))) {
            json_decref(out);
            out = NULL;
        }
        json_decref(name);
        at = stop + 1;
    }
    return out;
}

static const char *type_of(const mk_headers *headers)
{
    const mk_header *type = mk_headers_get(headers, "content-type", 0);
    return type ? type->value : "";
}

static int set_body(json_t *out, const mk_request *request)
{
    const char *type = type_of(&request->headers);
    json_t *value = NULL;
    if (!strncasecmp(type, "application/x-www-form-urlencoded", 33))
        return json_object_set_new(out, "fields", fields(request->body, request->body_len));
    if (!strncasecmp(type, "application/json", 16) && !mk_json_parse(&value, request->body, request->body_len, NULL, NULL))
        return json_object_set_new(out, "json", value);
    return json_object_set_new(out, "body", mk_case_text(request->body, request->body_len));
}

json_t *mk_case_request(const mk_request *request)
{
    json_t *out = json_pack("{s:s, s:o}", "method", request->method, "url", mk_masked_json(NULL, request->url, strlen(request->url)));
    if (out && request->body && set_body(out, request)) {
        json_decref(out);
        return NULL;
    }
    return out;
}

/* --- responses --------------------------------------------------------------- */

/* What says how the bytes came over the wire, which they do not any more. */
static bool of_the_wire(const char *name)
{
    static const char *const list[] = {"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "alt-svc",
        "strict-transport-security", NULL};
    for (size_t i = 0; list[i]; i++)
        if (!strcasecmp(name, list[i]))
            return true;
    return false;
}

static json_t *header_list(const mk_headers *headers)
{
    json_t *out = json_array();
    for (size_t i = 0; out && i < headers->count; i++) {
        const mk_header *one = &headers->list[i];
        if (of_the_wire(one->name))
            continue;
        mk_buf line;
        mk_buf_init(&line, SIZE_MAX / 4);
        int err = mk_buf_addf(&line, "%s: ", one->name);
        if (!err)
            err = mk_masked(NULL, one->value, one->value_len, &line);
        if (err || json_array_append_new(out, json_stringn_nocheck(line.data, line.len)))
            err = MK_ENOMEM;
        mk_buf_free(&line);
        if (err) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

json_t *mk_case_response(const mk_response *response)
{
    if (response->fault)
        return json_pack("{s:s, s:o}", "fault", response->fault, "detail", mk_masked_json(NULL, response->detail, strlen(response->detail)));
    return json_pack("{s:i, s:o, s:o}", "status", response->status, "headers", header_list(&response->headers), "body",
                     mk_case_text(response->body.data, response->body.len));
}

/* The engine's word for a fault, which lives as long as the program. */
static const char *fault_word(const char *code)
{
    const mk_fault_kind *kind = code ? mk_fault_find(code) : NULL;
    return kind ? kind->code : "net.reset";
}

/* "Name: value" */
static int add_header(mk_headers *headers, const json_t *line)
{
    const char *text = json_string_value(line), *colon = text ? strstr(text, ": ") : NULL;
    char name[200];
    if (!colon || (size_t)(colon - text) >= sizeof name)
        return MK_EPARSE;
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    return mk_headers_add(headers, name, colon + 2, json_string_length(line) - (size_t)(colon + 2 - text), false);
}

int mk_case_answer(const json_t *response, mk_response *out)
{
    const char *fault = json_string_value(json_object_get(response, "fault"));
    out->t_dns = out->t_connect = out->t_tls = out->t_first = out->t_all = -1;
    out->version = 11;
    out->sent = true;
    if (fault) {
        const char *detail = json_string_value(json_object_get(response, "detail"));
        out->fault = fault_word(fault);
        snprintf(out->detail, sizeof out->detail, "%s", detail ? detail : "");
        return MK_OK;
    }
    const json_t *headers = json_object_get(response, "headers");
    out->status = (int)json_integer_value(json_object_get(response, "status"));
    int err = out->status >= 100 && out->status <= 999 ? MK_OK : MK_EPARSE;
    for (size_t i = 0; i < json_array_size(headers) && !err; i++) {
        err = add_header(&out->headers, json_array_get(headers, i));
    }
    return err ? err : mk_case_bytes(json_object_get(response, "body"), &out->body);
}

/* --- files ---------------------------------------------------------------------- */

static int wrong(char *why, size_t cap, const char *what)
{
    snprintf(why, cap, "%s", what);
    return MK_EPARSE;
}

int mk_case_read(json_t **out, const char *text, size_t len, char *why, size_t cap)
{
    const mk_json_limits limits = { .max_bytes = MK_CASE_MAX, .max_depth = 64 };
    mk_json_error error;
    json_t *doc = NULL;
    int err = mk_json_parse(&doc, text, len, &limits, &error);
    if (err == MK_ENOMEM)
        return err;
    if (err) {
        snprintf(why, cap, "line %d: %s", error.line, error.why);
        return MK_EPARSE;
    }
    const json_t *seed = json_object_get(doc, "seed");
    if (!json_is_object(doc) || json_integer_value(json_object_get(doc, "format")) != MK_CASE_FORMAT)
        err = wrong(why, cap, "not a recorded case of this format");
    else if (!json_is_object(json_object_get(doc, "credentials")) || !json_is_array(json_object_get(doc, "answers")) ||
             !json_is_array(json_object_get(doc, "exchanges")) || !json_is_object(json_object_get(doc, "outcome")))
        err = wrong(why, cap, "credentials, answers, exchanges or outcome are missing");
    else if (json_integer_value(json_object_get(doc, "now_ms")) <= 0 || json_string_length(seed) != 64)
        err = wrong(why, cap, "now_ms or seed is missing");
    if (err)
        json_decref(doc);
    else
        *out = doc;
    return err;
}

int mk_case_write(mk_buf *out, const json_t *doc)
{
    char *text = json_dumps(doc, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    if (!text)
        return MK_ENOMEM;
    int err = mk_buf_adds(out, text);
    if (!err)
        err = mk_buf_addc(out, '\n');
    mk_free(text);
    return err;
}

int mk_case_folder(mk_buf *out, const mk_found *found, const char *scripts)
{
    const char *last = strrchr(found->path, '/');
    const size_t dir = last ? (size_t)(last - found->path) : 0;
    if (scripts)
        return mk_buf_addf(out, "%s/cases/%s", scripts, found->id);
    if (*found->path != '(' && dir >= 9 && !strncmp(last - 9, "utilities", 9) && (dir == 9 || last[-10] == '/'))
        return mk_buf_addf(out, "%.*scases/%s", (int)(dir - 9), found->path, found->id);
    return mk_buf_addf(out, "scripts/cases/%s", found->id);
}

static int built_in(const mk_found *found, mk_case_each each, void *arg)
{
    char front[200], name[128];
    snprintf(front, sizeof front, "scripts/cases/%s/", found->id);
    for (const mk_embedded *file = mk_embedded_files; file->path; file++) {
        const size_t len = strlen(file->path), skip = strlen(front);
        if (strncmp(file->path, front, skip) != 0 || len < skip + 6 || strcmp(file->path + len - 5, ".json") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(len - skip - 5), file->path + skip);
        if (!each(arg, name, NULL, (mk_bytes){ file->data, file->len }))
            break;
    }
    return MK_OK;
}

static bool is_case(const char *name)
{
    const size_t len = strlen(name);
    return len > 5 && *name != '.' && !strcmp(name + len - 5, ".json");
}

static int one_file(const char *folder, const char *file, mk_case_each each, void *arg, bool *more)
{
    char path[4400], name[256];
    mk_buf text;
    mk_buf_init(&text, MK_CASE_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    const int err = mk_read_file(path, MK_CASE_MAX, &text);
    if (!err)
        *more = each(arg, name, path, (mk_bytes){ text.data, text.len });
    mk_buf_free(&text);
    return err;
}

int mk_case_all(const mk_found *found, const char *scripts, mk_case_each each, void *arg)
{
    uv_fs_t list;
    uv_dirent_t entry;
    mk_buf folder;
    bool more = true;
    mk_buf_init(&folder, 4096);
    int err = mk_case_folder(&folder, found, scripts);
    if (err)
        return err;
    const int count = uv_fs_scandir(NULL, &list, folder.data, 0, NULL); /* sorted */
    if (count == UV_ENOENT || count == UV_ENOTDIR)
        err = *found->path == '(' ? built_in(found, each, arg) : MK_OK;
    else if (count < 0)
        err = count == UV_ENOMEM ? MK_ENOMEM : MK_EIO;
    while (!err && more && count > 0 && uv_fs_scandir_next(&list, &entry) == 0)
        if (is_case(entry.name))
            err = one_file(folder.data, entry.name, each, arg, &more);
    uv_fs_req_cleanup(&list);
    mk_buf_free(&folder);
    return err;
}
