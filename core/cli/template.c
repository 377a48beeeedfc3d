/* template.c - texts that `meterkey new` fills in (layer cli) */
#include "cli/template.h"

#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "script/embedded.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 64 << 10 };

static const char folder[] = "runtime/templates/";

/* As the binary carries it: ("plain", ".lua"); NULL if there is none. */
static const mk_embedded *find(const char *name, const char *end)
{
    char path[160];
    snprintf(path, sizeof path, "%s%.60s%s", folder, name, end);
    for (const mk_embedded *file = mk_embedded_files; file->path; file++)
        if (!strcmp(file->path, path))
            return file;
    return NULL;
}

size_t mk_template_families(const char *names[MK_TEMPLATE_FAMILIES + 1])
{
    static char kept[MK_TEMPLATE_FAMILIES][64];
    size_t count = 0;
    for (const mk_embedded *file = mk_embedded_files; file->path && count < MK_TEMPLATE_FAMILIES; file++) {
        const size_t front = sizeof folder - 1, len = strlen(file->path);
        if (strncmp(file->path, folder, front) != 0 || len < front + 5 || strcmp(file->path + len - 4, ".txt") != 0)
            continue;
        snprintf(kept[count], sizeof kept[count], "%.*s", (int)(len - front - 4), file->path + front);
        names[count] = kept[count];
        count++;
    }
    names[count] = NULL;
    return count;
}

/* --- filling in ------------------------------------------------------------------------ */

/* What stands for a mark. */
typedef struct mark {
    const char *name, *value;
    size_t len;
} mark;

/* text with its marks replaced, each by its value. */
static int fill(mk_buf *out, const char *text, size_t size, const mark *marks)
{
    int err = MK_OK;
    for (size_t at = 0; at < size && !err;) {
        const mark *m = marks;
        while (m->name && (size - at < strlen(m->name) || strncmp(text + at, m->name, strlen(m->name)) != 0))
            m++;
        err = m->name ? mk_buf_add(out, m->value, m->len) : mk_buf_addc(out, text[at]);
        at += m->name ? strlen(m->name) : 1;
    }
    return err;
}

/* @HOST@ is the id as a host name is written. */
static int fill_names(mk_buf *out, const char *text, size_t size, const mk_template *t)
{
    char host[64];
    snprintf(host, sizeof host, "%s", t->id);
    for (char *c = host; *c; c++)
        *c = *c == '_' ? '-' : *c;
    const mark marks[] = { { "@ID@", t->id, strlen(t->id) }, { "@NAME@", t->name, strlen(t->name) },
                           { "@HOST@", host, strlen(host) }, { NULL, NULL, 0 } };
    return fill(out, text, size, marks);
}

/* --- the adapter ----------------------------------------------------------------------- */

/* The part of a family's text under "--- name", without its last line feed; all before the first such line is "idp". */
static mark part_of(const mk_embedded *file, const char *name, const char *as)
{
    char line[40];
    snprintf(line, sizeof line, "--- %s\n", name);
    const char *end = file->data + file->len;
    const char *from = strcmp(name, "idp") == 0 ? file->data : memmem(file->data, file->len, line, strlen(line));
    if (!from)
        return (mark){ as, "", 0 };
    from += from == file->data ? 0 : strlen(line);
    const char *to = memmem(from, (size_t)(end - from), "\n--- ", 5);
    to = to ? to : end - 1;
    return (mark){ as, from, (size_t)(to - from) };
}

static int with_family(mk_buf *out, const mk_template *t)
{
    const mk_embedded *frame = find("family", ".in"), *parts = find(t->family, ".txt");
    const mark marks[] = { part_of(parts, "idp", "@IDP@"), part_of(parts, "hosts", "@HOSTS@"),
                           part_of(parts, "sign_in", "@SIGN_IN@"), part_of(parts, "sign_out", "@SIGN_OUT@"),
                           { NULL, NULL, 0 } };
    mk_buf whole;
    mk_buf_init(&whole, TEXT_MAX);
    int err = fill(&whole, frame->data, frame->len, marks);
    if (!err)
        err = fill_names(out, whole.data, whole.len, t);
    mk_buf_free(&whole);
    return err;
}

int mk_template_adapter(mk_buf *out, const mk_template *t)
{
    const mk_embedded *plain = find("plain", ".lua");
    return t->family ? with_family(out, t) : fill_names(out, plain->data, plain->len, t);
}

/* --- its first case -------------------------------------------------------------------- */

static int read(json_t **out, const char *name, const mk_template *t)
{
    const mk_embedded *file = find(name, ".json");
    mk_buf text;
    mk_buf_init(&text, TEXT_MAX);
    int err = fill_names(&text, file->data, file->len, t);
    if (!err)
        err = mk_json_parse(out, text.data, text.len, NULL, NULL);
    mk_buf_free(&text);
    return err;
}

static const char *text_of(const json_t *brief, const char *key)
{
    return json_string_value(json_object_get(brief, key));
}

static json_t *headers_of(const json_t *brief)
{
    const char *type = text_of(brief, "type"), *to = text_of(brief, "to"), *cookie = text_of(brief, "cookie");
    if (!type && json_object_get(brief, "page"))
        type = "text/html; charset=utf-8";
    else if (!type && json_object_get(brief, "json"))
        type = "application/json";
    json_t *out = json_array();
    bool failed = !out;
    failed = failed || (type && json_array_append_new(out, json_sprintf("Content-Type: %s", type)));
    failed = failed || (to && json_array_append_new(out, json_sprintf("Location: %s", to)));
    failed = failed || (cookie && json_array_append_new(out, json_sprintf("Set-Cookie: %s", cookie)));
    if (failed) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *body_of(const json_t *brief)
{
    json_t *page = json_object_get(brief, "page"), *value = json_object_get(brief, "json");
    if (!value)
        return page ? json_incref(page) : json_string("");
    char *text = json_dumps(value, JSON_COMPACT);
    json_t *out = json_string(text);
    mk_free(text);
    return out;
}

/* An exchange as a case has it, from {"GET": URL} with "page" (HTML), "json" or "to" (a redirect), and where they are
 * needed "status", "type" and "cookie". NULL when out of memory. */
static json_t *exchange_of(const json_t *brief)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    const char *method = "", *url = NULL;
    for (size_t i = 0; i < 3 && !url; i++) {
        method = methods[i];
        url = text_of(brief, method);
    }
    json_int_t status = json_integer_value(json_object_get(brief, "status"));
    status = status ? status : json_object_get(brief, "to") ? 302 : 200;
    return json_pack("{s:{s:s, s:s}, s:{s:I, s:o, s:o}}", "request", "method", method, "url", url ? url : "",
                     "response", "status", status, "headers", headers_of(brief), "body", body_of(brief));
}

/* Adds those of one list to another. */
static int add(json_t *exchanges, const json_t *briefs)
{
    for (size_t i = 0; i < json_array_size(briefs); i++)
        if (json_array_append_new(exchanges, exchange_of(json_array_get(briefs, i))))
            return MK_ENOMEM;
    return MK_OK;
}

int mk_template_case(json_t **out, const mk_template *t)
{
    json_t *doc = NULL, *own = NULL, *exchanges = json_array();
    int err = exchanges ? read(&doc, "case", t) : MK_ENOMEM;
    if (!err)
        err = read(&own, t->family ? t->family : "plain", t);
    if (!err)
        err = add(exchanges, own);
    if (!err)
        err = add(exchanges, json_object_get(doc, "exchanges"));
    if (!err && json_object_set(doc, "exchanges", exchanges))
        err = MK_ENOMEM;
    json_decref(exchanges);
    json_decref(own);
    if (err)
        json_decref(doc);
    else
        *out = doc;
    return err;
}
