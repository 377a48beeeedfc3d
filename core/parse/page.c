/* page.c - a response as pages and patterns see it, parsed when asked (layer parse) */
#include "parse/page.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "base/err.h"
#include "parse/charset.h"

enum { JSON_FACTOR = 4, SNIFF = 1024, CHARSET_NAME = 32 };

/* What a body is; decided at the first question. */
enum kind { KIND_UNKNOWN, KIND_RAW, KIND_TEXT, KIND_HTML, KIND_XML, KIND_JSON };

struct mk_page {
    unsigned refs;
    int status;
    enum kind kind;
    mk_account *account;
    size_t charged; /* beside what doc charges itself */
    char *url, *type;
    char *declared; /* character set, NULL if none */
    char charset[CHARSET_NAME];
    mk_headers headers;
    mk_buf body; /* as received, until its text is known to differ */
    bool decoded; /* body is UTF-8 text now */
    mk_doc *doc;
    int doc_err; /* what parsing said that trying again would not change */
    json_t *json;
    int json_err;
    mk_json_error json_why;
    mk_buf text;
    bool has_text;
};

static int charge(mk_page *page, size_t bytes)
{
    if (mk_account_charge(page->account, bytes))
        return MK_ENOMEM;
    page->charged += bytes;
    return MK_OK;
}

static void discharge(mk_page *page, size_t bytes)
{
    mk_account_release(page->account, bytes);
    page->charged -= bytes;
}

static size_t trimmed(const char *text, size_t len)
{
    while (len && memchr(" \t", text[len - 1], 2))
        len--;
    return len;
}

static char *lower_copy(const char *text, size_t len)
{
    char *copy = mk_memdup(text, len);
    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return copy;
}

/* The value of charset= among the parameters of a Content-Type. */
static const char *find_charset(const char *value, size_t *len)
{
    for (const char *p = strchr(value, ';'); p; p = strchr(p, ';')) {
        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, "charset=", 8) != 0)
            continue;
        p += 8;
        bool quoted = *p == '"' || *p == '\'';
        *len = quoted ? strcspn(p + 1, "\"'") : strcspn(p, "; \t");
        return p + quoted;
    }
    return NULL;
}

static int read_type(mk_page *page)
{
    const mk_header *header = mk_headers_get(&page->headers, "content-type", 0);
    const char *value = header ? header->value : "";
    value += strspn(value, " \t");
    page->type = lower_copy(value, trimmed(value, strcspn(value, ";")));
    if (!page->type)
        return MK_ENOMEM;
    size_t len = 0;
    const char *set = find_charset(value, &len);
    if (set && len) {
        page->declared = mk_memdup(set, len);
        if (!page->declared)
            return MK_ENOMEM;
    }
    return MK_OK;
}

int mk_page_new(mk_page **out, int status, const char *url, mk_headers *headers, mk_buf *body, mk_account *account)
{
    mk_page *page = mk_calloc(1, sizeof *page);
    if (!page)
        return MK_ENOMEM;
    page->refs = 1;
    page->status = status;
    page->account = account;
    page->headers = *headers; /* taken over for good only at the end */
    mk_buf_init(&page->body, 0);
    mk_buf_init(&page->text, 0);
    page->url = mk_strdup(url);
    int err = page->url ? read_type(page) : MK_ENOMEM;
    if (!err)
        err = charge(page, sizeof *page + body->len);
    if (err) {
        page->headers = (mk_headers){0};
        mk_page_unref(page);
        return err;
    }
    *headers = (mk_headers){0};
    page->body = *body;
    mk_buf_init(body, page->body.max);
    *out = page;
    return MK_OK;
}

mk_page *mk_page_ref(mk_page *page)
{
    page->refs++;
    return page;
}

void mk_page_unref(mk_page *page)
{
    if (!page || --page->refs > 0)
        return;
    mk_buf_free(&page->text);
    json_decref(page->json);
    mk_doc_free(page->doc);
    mk_buf_free(&page->body);
    mk_headers_free(&page->headers);
    mk_free(page->declared);
    mk_free(page->type);
    mk_free(page->url);
    mk_account_release(page->account, page->charged);
    mk_free(page);
}

int mk_page_status(const mk_page *page)
{
    return page->status;
}

const char *mk_page_url(const mk_page *page)
{
    return page->url;
}

const mk_headers *mk_page_headers(const mk_page *page)
{
    return &page->headers;
}

const char *mk_page_type(const mk_page *page)
{
    return page->type;
}

static bool one_of(const char *type, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(type, *list))
            return true;
    return false;
}

static bool ends_with(const char *type, const char *end)
{
    size_t len = strlen(type), tail = strlen(end);
    return len > tail && !strcmp(type + len - tail, end);
}

static enum kind kind_of_type(const char *type)
{
    static const char *const html[] = {"text/html", "application/xhtml+xml", NULL};
    static const char *const xml[] = {"text/xml", "application/xml", NULL};
    static const char *const json[] = {"application/json", "text/json", NULL};
    static const char *const text[] = {"application/javascript", "application/x-javascript", "application/ecmascript",
                                       "application/x-www-form-urlencoded", NULL};
    if (one_of(type, html))
        return KIND_HTML;
    if (one_of(type, xml) || ends_with(type, "+xml"))
        return KIND_XML;
    if (one_of(type, json) || ends_with(type, "+json"))
        return KIND_JSON;
    return one_of(type, text) || !strncmp(type, "text/", 5) ? KIND_TEXT : KIND_RAW;
}

/* Where no type was declared. */
static enum kind sniff(const mk_buf *body)
{
    size_t i = body->len >= 3 && !memcmp(body->data, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (i < body->len && memchr(" \t\r\n\f", body->data[i], 5))
        i++;
    const char *start = body->data + i;
    size_t len = body->len - i < SNIFF ? body->len - i : SNIFF;
    if (len && *start == '<')
        return len > 5 && !memcmp(start, "<?xml", 5) && !memmem(start, len, "<html", 5) ? KIND_XML : KIND_HTML;
    return mk_utf8_valid(body->data, body->len) && !memchr(body->data, 0, body->len) ? KIND_TEXT : KIND_RAW;
}

static enum kind kind(const mk_page *page)
{
    if (page->kind == KIND_UNKNOWN) /* a note for later, not a change anyone sees */
        ((mk_page *)(uintptr_t)page)->kind = *page->type ? kind_of_type(page->type) : sniff(&page->body);
    return page->kind;
}

bool mk_page_is_text(const mk_page *page)
{
    return kind(page) != KIND_RAW;
}

bool mk_page_is_html(const mk_page *page)
{
    return kind(page) == KIND_HTML;
}

bool mk_page_is_json(const mk_page *page)
{
    return kind(page) == KIND_JSON;
}

bool mk_page_is_xml(const mk_page *page)
{
    return kind(page) == KIND_XML;
}

const char *mk_page_charset(mk_page *page)
{
    if (!page->charset[0])
        mk_charset_detect(page->charset, page->declared, page->body.data, page->body.len, mk_page_is_html(page));
    return page->charset;
}

static bool is_utf8_already(mk_page *page)
{
    const mk_buf *body = &page->body;
    bool mark = body->len >= 3 && !memcmp(body->data, "\xef\xbb\xbf", 3);
    return !strcmp(mk_page_charset(page), "utf-8") && !mark && mk_utf8_valid(body->data, body->len);
}

/* Puts the text in the body's place: nobody needs the bytes any more. */
static int decode(mk_page *page)
{
    size_t most = 0, was = page->body.len;
    mk_buf text;
    if (mk_mul_overflows(was, 3, &most))
        return MK_ELIMIT;
    mk_buf_init(&text, most + 16);
    int err = mk_charset_decode(&text, mk_page_charset(page), page->body.data, was);
    if (!err)
        err = charge(page, text.len);
    if (err) {
        mk_buf_free(&text);
        return err;
    }
    mk_buf_free(&page->body);
    page->body = text;
    discharge(page, was);
    return MK_OK;
}

int mk_page_body(mk_page *page, mk_bytes *out)
{
    if (mk_page_is_text(page) && !page->decoded) {
        int err = is_utf8_already(page) ? MK_OK : decode(page);
        if (err)
            return err;
        page->decoded = true;
    }
    *out = (mk_bytes){page->body.data, page->body.len};
    return MK_OK;
}

int mk_page_doc(mk_page *page, const mk_html_limits *limits, mk_doc **out)
{
    mk_bytes body;
    int err = page->doc_err;
    if (!page->doc && !err && (!mk_page_is_text(page) || mk_page_is_json(page)))
        err = page->doc_err = MK_EPARSE;
    if (!page->doc && !err) {
        err = mk_page_body(page, &body);
        if (!err)
            err = mk_doc_parse(&page->doc, body.data, body.len, mk_page_is_xml(page), limits, page->account);
        if (err == MK_EPARSE || (err == MK_ELIMIT && !limits))
            page->doc_err = err;
    }
    if (!err)
        *out = page->doc;
    return err;
}

static int parse_json(mk_page *page)
{
    mk_bytes body;
    int err = mk_page_body(page, &body);
    if (err)
        return err;
    size_t estimate = 0;
    if (mk_mul_overflows(body.len, JSON_FACTOR, &estimate) || charge(page, estimate))
        return MK_ENOMEM;
    err = mk_json_parse(&page->json, body.data, body.len, NULL, &page->json_why);
    if (err)
        discharge(page, estimate);
    if (err == MK_EPARSE || err == MK_ELIMIT)
        page->json_err = err;
    return err;
}

int mk_page_json(mk_page *page, json_t **out, mk_json_error *why)
{
    int err = page->json || page->json_err ? page->json_err : parse_json(page);
    if (!err)
        *out = page->json;
    else if (why)
        *why = page->json_why;
    return err;
}

static int read_text(mk_page *page)
{
    mk_doc *doc = NULL;
    int err = mk_page_doc(page, NULL, &doc);
    mk_node *root = err ? NULL : mk_doc_root(doc);
    mk_buf_init(&page->text, mk_html_defaults.max_bytes * 2);
    if (root)
        err = mk_node_text(doc, root, &page->text);
    if (!err)
        err = charge(page, page->text.len);
    if (err)
        mk_buf_free(&page->text);
    else
        page->has_text = true;
    return err;
}

int mk_page_text(mk_page *page, mk_bytes *out)
{
    if (!mk_page_is_html(page))
        return mk_page_body(page, out);
    int err = page->has_text ? MK_OK : read_text(page);
    if (!err)
        *out = (mk_bytes){page->text.data, page->text.len};
    return err;
}
