/* http.c - requests and responses as data, to and from journal entries (layer net) */
#include "net/http.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/record.h"
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, MAX_HEADERS = 4096 };

void mk_request_free(mk_request *request)
{
    mk_free(request->method);
    mk_free(request->url);
    mk_headers_free(&request->headers);
    mk_free(request->body); /* wiped there */
    *request = (mk_request){0};
}

bool mk_request_repeatable(const mk_request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

void mk_response_init(mk_response *response, size_t max_body)
{
    *response = (mk_response){.t_dns = -1, .t_connect = -1, .t_tls = -1, .t_first = -1, .t_all = -1};
    mk_buf_init(&response->body, max_body);
}

void mk_response_free(mk_response *response)
{
    mk_headers_free(&response->headers);
    mk_buf_free(&response->body);
    mk_response_init(response, response->body.max);
}

static const char *const faults[] = {
    "net.dns",       "net.connect",        "net.tls",            "net.timeout",  "net.reset", "net.proxy",
    "policy.budget", "policy.host_denied", "engine.interrupted", "adapter.parse"};

/* The static text of a stored code, or NULL. */
static const char *fault_text(const char *code)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(faults[i], code) == 0)
            return faults[i];
    return NULL;
}

static int save_headers(const mk_headers *headers, mk_buf *out)
{
    int err = mk_record_int(out, (int64_t)headers->count);
    for (size_t i = 0; i < headers->count && !err; i++) {
        err = mk_record_text(out, headers->list[i].name);
        if (!err)
            err = mk_record_bytes(out, headers->list[i].value, headers->list[i].value_len);
    }
    return err;
}

static int save(const mk_response *r, mk_buf *out)
{
    const int64_t numbers[] = {FORMAT, r->status, r->version, r->reused, r->sent};
    int err = MK_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !err; i++)
        err = mk_record_int(out, numbers[i]);
    if (!err)
        err = mk_record_text(out, r->fault);
    if (!err)
        err = mk_record_text(out, r->detail);
    if (!err)
        err = save_headers(&r->headers, out);
    return err ? err : mk_record_bytes(out, r->body.data, r->body.len);
}

int mk_response_save(const mk_response *response, mk_buf *out)
{
    const size_t before = out->len;
    int err = save(response, out);
    if (err && out->len != before)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

static int load_headers(mk_reader *r, mk_headers *headers)
{
    int64_t count = mk_reader_int(r);
    if (count < 0 || count > MAX_HEADERS)
        return MK_EPARSE;
    int err = MK_OK;
    for (int64_t i = 0; i < count && !err; i++) {
        char *name = NULL;
        err = mk_reader_text(r, &name);
        mk_bytes value = mk_reader_bytes(r);
        if (!err && (r->bad || !name || !mk_header_valid(name, value.data, value.len)))
            err = MK_EPARSE;
        if (!err)
            err = mk_headers_add(headers, name, value.data, value.len, false);
        mk_free(name);
    }
    return err;
}

static int load_fault(mk_reader *r, mk_response *response)
{
    char *code = NULL, *detail = NULL;
    int err = mk_reader_text(r, &code);
    if (!err)
        err = mk_reader_text(r, &detail);
    if (!err && code && !(response->fault = fault_text(code)))
        err = MK_EPARSE;
    if (!err && detail)
        snprintf(response->detail, sizeof response->detail, "%s", detail);
    mk_free(code);
    mk_free(detail);
    return err;
}

/* A small number, or MK_EPARSE. */
static int load_int(mk_reader *r, int64_t most, int *out)
{
    int64_t value = mk_reader_int(r);
    if (r->bad || value < 0 || value > most)
        return MK_EPARSE;
    *out = (int)value;
    return MK_OK;
}

static int load(mk_response *response, mk_reader *r, size_t max_body)
{
    int reused = 0, sent = 0;
    int err = load_int(r, 999, &response->status);
    if (!err)
        err = load_int(r, 99, &response->version);
    if (!err)
        err = load_int(r, 1, &reused);
    if (!err)
        err = load_int(r, 1, &sent);
    response->reused = reused != 0;
    response->sent = sent != 0;
    if (!err)
        err = load_fault(r, response);
    if (!err)
        err = load_headers(r, &response->headers);
    if (err)
        return err;
    mk_bytes body = mk_reader_bytes(r);
    if (!mk_reader_done(r))
        return MK_EPARSE;
    return body.len > max_body ? MK_ELIMIT : mk_buf_add(&response->body, body.data, body.len);
}

int mk_response_load(mk_response *response, const void *data, size_t len, size_t max_body)
{
    mk_reader r;
    mk_response loaded;
    mk_reader_init(&r, data, len);
    if (mk_reader_int(&r) != FORMAT)
        return MK_EPARSE;
    mk_response_init(&loaded, max_body);
    int err = load(&loaded, &r, max_body);
    if (err)
        mk_response_free(&loaded);
    else
        *response = loaded; /* written on success only; was empty */
    return err;
}
