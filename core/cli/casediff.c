/* casediff.c - what a case expected and what came, side by side in words (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/casefile.h"

#include <stdio.h>
#include <string.h>

enum { AHEAD = 6, SHOWN = 120, LINES = 40 };

typedef struct diff {
    mk_buf *out;
    size_t lines; /* so far */
    int err;
} diff;

/* A value on one line, short. */
static void shown(const json_t *value, char *out, size_t cap)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    if (!text)
        snprintf(out, cap, "nothing");
    else if (strlen(text) > SHOWN)
        snprintf(out, cap, "%.*s ... (%zu bytes)", SHOWN, text, strlen(text));
    else
        snprintf(out, cap, "%s", text);
    mk_free(text);
}

static void line(diff *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(diff *d, const char *format, ...)
{
    va_list args;
    if (d->err || d->lines++ >= LINES)
        return;
    va_start(args, format);
    d->err = mk_buf_adds(d->out, "  ");
    if (!d->err)
        d->err = mk_buf_addv(d->out, format, args);
    if (!d->err)
        d->err = mk_buf_addc(d->out, '\n');
    va_end(args);
}

static void compare(diff *d, const char *path, const json_t *want, const json_t *got);

static void compare_objects(diff *d, const char *path, const json_t *want, const json_t *got)
{
    char below[400];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)want, key, value) {
        snprintf(below, sizeof below, "%s.%s", path, key);
        compare(d, below, value, json_object_get(got, key));
    }
    json_object_foreach((json_t *)got, key, value) {
        snprintf(below, sizeof below, "%s.%s", path, key);
        if (!json_object_get(want, key))
            compare(d, below, NULL, value);
    }
}

static void compare_lists(diff *d, const char *path, const json_t *want, const json_t *got)
{
    char below[400];
    const size_t a = json_array_size(want), b = json_array_size(got);
    for (size_t i = 0; i < a || i < b; i++) {
        snprintf(below, sizeof below, "%s[%zu]", path, i + 1);
        compare(d, below, json_array_get(want, i), json_array_get(got, i));
    }
}

static void compare(diff *d, const char *path, const json_t *want, const json_t *got)
{
    char was[SHOWN + 60], is[SHOWN + 60];
    if (want && got && json_equal(want, got))
        return;
    if (json_is_object(want) && json_is_object(got)) {
        compare_objects(d, path, want, got);
        return;
    }
    if (json_is_array(want) && json_is_array(got)) {
        compare_lists(d, path, want, got);
        return;
    }
    shown(want, was, sizeof was);
    shown(got, is, sizeof is);
    if (!want)
        line(d, "%s is new: %s", path, is);
    else if (!got)
        line(d, "%s is gone, was %s", path, was);
    else
        line(d, "%s was %s, is %s", path, was, is);
}

/* --- requests: an extra or a missing one does not shift the rest ---------------- */

static const json_t *request_at(const json_t *exchanges, size_t i)
{
    return json_object_get(json_array_get(exchanges, i), "request");
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool alike(const json_t *a, const json_t *b)
{
    const char *x = text_at(a, "url"), *y = text_at(b, "url");
    const size_t len = strcspn(x, "?");
    return !strcmp(text_at(a, "method"), text_at(b, "method")) && len == strcspn(y, "?") && !strncmp(x, y, len);
}

/* How many of list from i on stand before one that is like it; AHEAD if there is none near. */
static size_t until(const json_t *list, size_t i, const json_t *request)
{
    size_t skip = 0;
    while (skip < AHEAD && !alike(request_at(list, i + skip), request))
        skip++;
    return skip;
}

static void compare_requests(diff *d, const json_t *want, const json_t *got)
{
    size_t i = 0, k = 0;
    char path[300];
    while (i < json_array_size(want) || k < json_array_size(got)) {
        const bool wanted = i < json_array_size(want), there = k < json_array_size(got);
        const json_t *a = request_at(want, i), *b = request_at(got, k);
        if (wanted && there && alike(a, b)) {
            snprintf(path, sizeof path, "request %zu (%s %.180s)", k + 1, text_at(b, "method"), text_at(b, "url"));
            if (a || b)
                compare(d, path, a, b);
            i++, k++;
        } else if (there && (!wanted || until(got, k, a) < AHEAD || until(want, i, b) == AHEAD)) {
            line(d, "request %zu is new: %s %s", k + 1, text_at(b, "method"), text_at(b, "url"));
            k++;
        } else {
            line(d, "request %zu is gone: %s %s", i + 1, text_at(a, "method"), text_at(a, "url"));
            i++;
        }
    }
}

static void compare_outcomes(diff *d, const json_t *want, const json_t *got)
{
    const json_t *a = json_object_get(want, "meters"), *b = json_object_get(got, "meters");
    if (a && b) {
        compare(d, "meters", a, b);
    } else if (a || b) {
        const json_t *error = a ? got : want;
        line(d, "%s: %s (%s)", a ? "meters were expected, the session ended" : "meters came, the session was to end",
             text_at(error, "error"), text_at(error, "message"));
    } else if (strcmp(text_at(want, "error"), text_at(got, "error")) != 0) {
        line(d, "the session was to end %s, it ended %s (%s)", text_at(want, "error"), text_at(got, "error"), text_at(got, "message"));
    }
}

int mk_case_compare(const json_t *doc, const json_t *seen, bool *same, mk_buf *out)
{
    diff d = { .out = out };
    compare_requests(&d, json_object_get(doc, "exchanges"), json_object_get(seen, "exchanges"));
    compare(&d, "challenges", json_object_get(doc, "challenges"), json_object_get(seen, "challenges"));
    compare_outcomes(&d, json_object_get(doc, "outcome"), json_object_get(seen, "outcome"));
    *same = d.lines == 0;
    if (!d.err && d.lines > LINES)
        d.err = mk_buf_addf(out, "  ... and %zu more\n", d.lines - LINES);
    return d.err;
}
