/* har.c - a session's exchanges as an HTTP Archive 1.2, as browsers' developer tools open it (layer cli) */
#include "cli/har.h"

#include "base/build.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* Where strings go on their way out: masked. A failure to allocate makes the whole fail: jansson's setters take a NULL and
 * say so. */
static json_t *str(const mk_veil *veil, const char *text)
{
    return mk_masked_json(veil, text, strlen(text));
}

static json_t *when(int64_t ms)
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char date[48];
    if (!gmtime_r(&seconds, &tm))
        return NULL;
    snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    return json_string(date);
}

static json_t *pair(const mk_veil *veil, const char *name, size_t name_len, const char *value, size_t value_len)
{
    return json_pack("{s:o, s:o}", "name", mk_masked_json(veil, name, name_len), "value",
                     mk_masked_json(veil, value, value_len));
}

static json_t *headers(const mk_veil *veil, const mk_headers *list)
{
    json_t *out = json_array();
    for (size_t i = 0; out && i < list->count; i++) {
        const mk_header *one = &list->list[i];
        if (json_array_append_new(out, pair(veil, one->name, strlen(one->name), one->value, one->value_len))) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* --- cookies ----------------------------------------------------------- */

static void trim(const char **text, size_t *len)
{
    while (*len && (**text == ' ' || **text == '\t'))
        ++*text, --*len;
    while (*len && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        --*len;
}

/* The next part up to ';', trimmed, and what stands around its first '='. False at the end. */
static bool next_part(const char **at, const char *end, mk_bytes *name, mk_bytes *value)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, ';', (size_t)(end - *at));
    stop = stop ? stop : end;
    const char *eq = memchr(*at, '=', (size_t)(stop - *at));
    name->data = *at;
    name->len = (size_t)((eq ? eq : stop) - *at);
    value->data = eq ? eq + 1 : stop;
    value->len = (size_t)(stop - value->data);
    trim(&name->data, &name->len);
    trim(&value->data, &value->len);
    *at = stop + 1;
    return true;
}

static int add_request_cookies(json_t *out, const mk_veil *veil, const mk_header *header)
{
    const char *at = header->value, *end = at + header->value_len;
    mk_bytes name, value;
    while (next_part(&at, end, &name, &value))
        if (json_array_append_new(out, pair(veil, name.data, name.len, value.data, value.len)))
            return MK_ENOMEM;
    return MK_OK;
}

static bool is(mk_bytes text, const char *word)
{
    return text.len == strlen(word) && !strncasecmp(text.data, word, text.len);
}

static int add_attribute(json_t *cookie, const mk_veil *veil, mk_bytes name, mk_bytes value)
{
    if (is(name, "httponly"))
        return json_object_set_new(cookie, "httpOnly", json_true());
    if (is(name, "secure"))
        return json_object_set_new(cookie, "secure", json_true());
    const char *key = is(name, "path") ? "path" : is(name, "domain") ? "domain" : is(name, "samesite") ? "sameSite" : NULL;
    return key ? json_object_set_new(cookie, key, mk_masked_json(veil, value.data, value.len)) : 0;
}

static int add_response_cookie(json_t *out, const mk_veil *veil, const mk_header *header)
{
    const char *at = header->value, *end = at + header->value_len;
    mk_bytes name, value;
    if (!next_part(&at, end, &name, &value))
        return MK_OK;
    json_t *cookie = pair(veil, name.data, name.len, value.data, value.len);
    int err = cookie ? 0 : -1;
    while (!err && next_part(&at, end, &name, &value))
        err = add_attribute(cookie, veil, name, value);
    if (!err)
        return json_array_append_new(out, cookie) ? MK_ENOMEM : MK_OK;
    json_decref(cookie);
    return MK_ENOMEM;
}

static json_t *cookies(const mk_veil *veil, const mk_headers *list, bool response)
{
    json_t *out = json_array();
    const mk_header *header;
    for (size_t i = 0; out && (header = mk_headers_get(list, response ? "set-cookie" : "cookie", i)); i++) {
        if (response ? add_response_cookie(out, veil, header) : add_request_cookies(out, veil, header)) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* --- names and values of a query or an urlencoded body ------------------ */

static json_t *decoded(const mk_veil *veil, const char *text, size_t len)
{
    mk_buf plain;
    mk_buf_init(&plain, SIZE_MAX / 4);
    int err = mk_percent_decode(&plain, text, len, true);
    json_t *out = err == MK_ENOMEM ? NULL
                  : err            ? mk_masked_json(veil, text, len)
                                   : mk_masked_json(veil, plain.data, plain.len);
    mk_buf_free(&plain);
    return out;
}

static json_t *parameters(const mk_veil *veil, const char *text, size_t len)
{
    json_t *out = json_array();
    const char *at = text, *end = text + len;
    while (out && at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *eq = memchr(at, '=', (size_t)(stop - at));
        const char *value = eq ? eq + 1 : stop;
        json_t *one = stop == at ? json_null()
                                 : json_pack("{s:o, s:o}", "name", decoded(veil, at, (size_t)((eq ? eq : stop) - at)),
                                             "value", decoded(veil, value, (size_t)(stop - value)));
        if (!one || (!json_is_null(one) && json_array_append_new(out, one))) {
            json_decref(out);
            return NULL;
        }
        at = stop + 1;
    }
    return out;
}

static json_t *query(const mk_veil *veil, const char *url)
{
    const char *mark = strchr(url, '?');
    return mark ? parameters(veil, mark + 1, strcspn(mark + 1, "#")) : json_array();
}

/* --- bodies -------------------------------------------------------------- */

static json_t *base64(const mk_veil *veil, const char *data, size_t len)
{
    mk_buf plain, text;
    mk_buf_init(&plain, SIZE_MAX / 4);
    mk_buf_init(&text, SIZE_MAX / 4);
    int err = veil ? mk_veil_apply(veil, data, len, &plain) : mk_buf_add(&plain, data, len);
    if (!err)
        err = mk_base64_encode(&text, plain.data, plain.len, false);
    json_t *out = err ? NULL : json_stringn_nocheck(text.data, text.len);
    mk_buf_free(&plain);
    mk_buf_free(&text);
    return out;
}

static const char *header_value(const mk_headers *list, const char *name, const char *fallback)
{
    const mk_header *header = mk_headers_get(list, name, 0);
    return header ? header->value : fallback;
}

static json_t *post_data(const mk_veil *veil, const mk_request *request)
{
    const char *type = header_value(&request->headers, "content-type", "");
    const bool form = !strncasecmp(type, "application/x-www-form-urlencoded", 33);
    return json_pack("{s:o, s:o, s:o}", "mimeType", str(veil, type), "text",
                     mk_masked_json(veil, request->body, request->body_len), "params",
                     form ? parameters(veil, request->body, request->body_len) : json_array());
}

static json_t *content(const mk_veil *veil, const mk_frame *hop)
{
    const mk_response *response = &hop->response;
    json_t *out = json_pack("{s:I, s:o}", "size", (json_int_t)response->body.len, "mimeType",
                            str(veil, header_value(&response->headers, "content-type", "")));
    mk_page *page = NULL;
    mk_bytes text = { NULL, 0 };
    int err = out ? mk_reel_hop_page(hop, &page) : MK_ENOMEM;
    if (!err && page)
        err = mk_page_body(page, &text);
    if (!err && hop->cut)
        err = json_object_set_new(out, "comment", json_string("left out: too much was kept already"));
    else if (!err && page)
        err = json_object_set_new(out, "text", mk_masked_json(veil, text.data, text.len));
    else if (!err && response->body.len)
        err = json_object_set_new(out, "encoding", json_string("base64")) ||
              json_object_set_new(out, "text", base64(veil, response->body.data, response->body.len));
    mk_page_unref(page);
    if (!err)
        return out;
    json_decref(out);
    return NULL;
}

/* --- entries ------------------------------------------------------------- */

static const char *version_text(int version)
{
    return version == 20 ? "HTTP/2.0" : version == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

static json_t *request_json(const mk_veil *veil, const mk_frame *hop)
{
    const mk_request *request = &hop->request;
    json_t *out = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:i, s:I}", "method", str(veil, request->method), "url",
                            str(veil, request->url), "httpVersion", version_text(hop->response.version), "cookies",
                            cookies(veil, &request->headers, false), "headers", headers(veil, &request->headers),
                            "queryString", query(veil, request->url), "headersSize", -1, "bodySize",
                            (json_int_t)request->body_len);
    if (out && request->body && json_object_set_new(out, "postData", post_data(veil, request))) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *response_json(const mk_veil *veil, const mk_frame *hop)
{
    const mk_response *response = &hop->response;
    json_t *out = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:i}", "status", response->status, "statusText", "",
                            "httpVersion", version_text(response->version), "cookies",
                            cookies(veil, &response->headers, true), "headers", headers(veil, &response->headers),
                            "content", content(veil, hop), "redirectURL",
                            str(veil, header_value(&response->headers, "location", "")), "headersSize", -1, "bodySize",
                            -1);
    if (out && response->fault) {
        char text[300];
        snprintf(text, sizeof text, "%s: %s", response->fault, response->detail);
        if (json_object_set_new(out, "_error", str(veil, text))) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* Milliseconds from one mark to the next; -1 where one is not known. */
static double between(int64_t from, int64_t to)
{
    return from < 0 || to < 0 ? -1.0 : to > from ? (double)(to - from) / 1000.0 : 0.0;
}

static json_t *timings(const mk_response *r, double *total)
{
    const bool fresh = !r->reused && r->t_connect > 0;
    const double dns = fresh ? between(0, r->t_dns) : -1.0;
    const int64_t open = fresh ? (r->t_tls > r->t_connect ? r->t_tls : r->t_connect) : 0;
    const double connect = fresh ? between(r->t_dns < 0 ? 0 : r->t_dns, open) : -1.0;
    const double ssl = fresh && r->t_tls > r->t_connect ? between(r->t_connect, r->t_tls) : -1.0;
    const double wait = r->t_first < 0 ? 0.0 : between(open, r->t_first);
    const double receive = r->t_first < 0 || r->t_all < 0 ? 0.0 : between(r->t_first, r->t_all);
    *total = (dns > 0 ? dns : 0) + (connect > 0 ? connect : 0) + wait + receive;
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "blocked", -1.0, "dns", dns, "connect", connect, "ssl", ssl,
                     "send", 0.0, "wait", wait, "receive", receive);
}

static json_t *comment(const mk_veil *veil, const mk_frame *hop)
{
    char text[300];
    snprintf(text, sizeof text, "%s%s%s", hop->where ? hop->where : "", hop->replayed ? " (from the journal)" : "",
             hop->poll ? " (poll)" : "");
    return str(veil, text);
}

static json_t *entry(const mk_veil *veil, const mk_frame *hop, const char *page)
{
    double total = 0;
    json_t *times = timings(&hop->response, &total);
    json_t *out = json_pack("{s:s, s:o, s:f, s:o, s:o, s:{}, s:o, s:o}", "pageref", page, "startedDateTime",
                            when(hop->at_ms), "time", total, "request", request_json(veil, hop), "response",
                            response_json(veil, hop), "cache", "timings", times, "comment", comment(veil, hop));
    if (out && *hop->response.address &&
        json_object_set_new(out, "serverIPAddress", str(veil, hop->response.address))) {
        json_decref(out);
        return NULL;
    }
    return out;
}

/* --- the archive --------------------------------------------------------- */

typedef struct har_archive {
    const mk_veil *veil;
    json_t *pages, *entries;
    size_t page;      /* number of the page that entries now belong to */
    bool open;        /* it has an entry */
    char name[32];
} har_archive;

/* A page begins with its first hop; redirects lead to the same. */
static int add_hop(har_archive *to, const mk_frame *hop)
{
    if (!to->open) {
        snprintf(to->name, sizeof to->name, "page_%zu", ++to->page);
        if (json_array_append_new(to->pages, json_pack("{s:s, s:o, s:o, s:{s:i, s:i}}", "id", to->name, "startedDateTime",
                                                       when(hop->at_ms), "title", str(to->veil, hop->request.url),
                                                       "pageTimings", "onContentLoad", -1, "onLoad", -1)))
            return MK_ENOMEM;
        to->open = true;
    }
    return json_array_append_new(to->entries, entry(to->veil, hop, to->name)) ? MK_ENOMEM : MK_OK;
}

/* A redirect goes on with the page, whatever else comes ends it. */
static bool ends_page(const mk_frame *hop)
{
    const int status = hop->response.status;
    return status < 300 || status > 399 || !mk_headers_get(&hop->response.headers, "location", 0);
}

json_t *mk_har_make(const mk_reel *reel, const mk_veil *veil)
{
    har_archive to = { .veil = veil, .pages = json_array(), .entries = json_array() };
    int err = to.pages && to.entries && !reel->failed ? MK_OK : MK_ENOMEM;
    for (size_t i = 0; i < reel->count && !err; i++) {
        const mk_frame *frame = &reel->list[i];
        if (frame->kind != MK_FRAME_HOP)
            continue;
        err = add_hop(&to, frame);
        to.open = to.open && !ends_page(frame);
    }
    if (!err)
        return json_pack("{s:{s:s, s:{s:s, s:s}, s:o, s:o}}", "log", "version", "1.2", "creator", "name", "Meterkey",
                         "version", mk_build_version, "pages", to.pages, "entries", to.entries);
    json_decref(to.pages);
    json_decref(to.entries);
    return NULL;
}

/* --- --trace FILE --------------------------------------------------------- */

typedef struct har_watch {
    mk_reel reel;
    mk_sink sink;
} har_watch;

static int har_close(void *arg, mk_session *session, const json_t *result)
{
    har_watch *watch = arg;
    mk_veil veil;
    (void)result;
    int err = mk_veil_init(&veil, &watch->reel, mk_session_mask(session));
    if (err)
        return err;
    json_t *made = mk_har_make(&watch->reel, &veil);
    char *text = made ? json_dumps(made, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    err = text ? mk_sink_write(&watch->sink, text, strlen(text)) : MK_ENOMEM;
    mk_free(text); /* jansson's memory is ours */
    json_decref(made);
    mk_veil_free(&veil);
    return err;
}

static void har_free(void *arg)
{
    har_watch *watch = arg;
    mk_reel_free(&watch->reel);
    mk_sink_close(&watch->sink);
    mk_free(watch);
}

int mk_har_watch(mk_watch **list, const char *path)
{
    har_watch *watch = mk_calloc(1, sizeof *watch);
    if (!watch)
        return MK_ENOMEM;
    mk_reel_init(&watch->reel, 0);
    mk_watch ops = { .close = har_close, .free = har_free, .name = path };
    mk_reel_watch(&watch->reel, &ops); /* reel is first: arg is the watch too */
    int err = mk_sink_open(&watch->sink, path);
    if (!err)
        err = mk_watch_add(list, &ops);
    if (err)
        har_free(watch);
    return err;
}
