/* json.c - JSON text to values, under limits (layer parse)
 *
 * jansson reads; a look over the text before it checks size and depth and finds
 * the numbers that jansson would refuse. Only a document that has one of those
 * is copied. */
#include "parse/json.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

enum { NUMBER_MAX = 400, PATCHES_MAX = 1 << 20 };

const mk_json_limits mk_json_defaults = {8u << 20, 64};

/* jansson drops a byte silently when its token buffer cannot grow; if that was a text's closing quote it reads and writes on past the
 * buffer. So there is a reserve for that buffer alone, which grows in powers of two, and what was read with its help is thrown away. */
static _Thread_local struct {
    char *data; /* NULL: nothing is being read */
    size_t size, used;
    bool refused;
} reserve;

static void *json_give(size_t size)
{
    void *ptr = mk_malloc(size);
    if (ptr || !reserve.data)
        return ptr;
    reserve.refused = true;
    if ((size & (size - 1)) || size > reserve.size - reserve.used)
        return NULL;
    ptr = reserve.data + reserve.used;
    reserve.used += size;
    return ptr;
}

static void json_take(void *ptr)
{
    const uintptr_t at = (uintptr_t)ptr, from = (uintptr_t)reserve.data;
    if (!reserve.data || at < from || at >= from + reserve.size)
        mk_free(ptr);
}

json_t *mk_json_load(const char *text, size_t len, size_t flags, json_error_t *error)
{
    json_error_t own;
    error = error ? error : &own;
    memset(error, 0, sizeof *error);
    reserve.refused = len > SIZE_MAX / 8 || !(reserve.data = mk_malloc(len * 4 + 256));
    reserve.size = len * 4 + 256;
    reserve.used = 0;
    json_t *value = reserve.refused ? NULL : json_loadb(text, len, flags, error);
    if (reserve.refused) {
        json_decref(value);
        value = NULL;
        snprintf(error->text, sizeof error->text, "out of memory");
        error->text[sizeof error->text - 1] = json_error_out_of_memory; /* where json_error_code looks */
    }
    mk_free_used(reserve.data, reserve.used);
    reserve.data = NULL;
    return value;
}

void mk_json_init(void)
{
    size_t seed = 0;
    json_set_alloc_funcs(json_give, json_take);
    mk_random_fill(&seed, sizeof seed);
    json_object_seed(seed | 1); /* 0 would mean that jansson chooses */
}

/* A number that must be written otherwise: quoted, or with .0 after it. */
struct patch {
    size_t from, to;
    bool quote;
};

struct scan {
    const char *text;
    size_t len, at;
    int depth, max_depth;
    mk_buf patches; /* of struct patch */
};

static bool number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Whether the digits, which fit no 64-bit integer, are exactly a double. */
static bool exact_double(const char *digits)
{
    char back[NUMBER_MAX];
    double value = strtod(digits, NULL);
    if (!isfinite(value))
        return false;
    snprintf(back, sizeof back, "%.0f", value);
    return strcmp(back, digits) == 0;
}

enum { DOUBLE_DIGITS = 17 }; /* more of them than any double tells apart */

/* How many digits of a fraction count: without leading and trailing zeros, up to an exponent. */
static size_t significant(const char *token, size_t len)
{
    size_t digits = 0, zeros = 0;
    for (size_t i = 0; i < len && token[i] != 'e' && token[i] != 'E'; i++) {
        if (token[i] == '0')
            zeros++;
        else if (token[i] >= '1' && token[i] <= '9') {
            digits += digits ? zeros + 1 : 1;
            zeros = 0;
        }
    }
    return digits;
}

/* Whether the number token is one that jansson refuses, and what to do. */
static bool needs_patch(const char *token, size_t len, bool *quote)
{
    char copy[NUMBER_MAX + 1];
    bool real = memchr(token, '.', len) || memchr(token, 'e', len) || memchr(token, 'E', len);
    if (len <= DOUBLE_DIGITS && !memchr(token, 'e', len) && !memchr(token, 'E', len))
        return false;
    *quote = true;
    if (len > NUMBER_MAX || (real && significant(token, len) > DOUBLE_DIGITS))
        return true;
    memcpy(copy, token, len);
    copy[len] = 0;
    if (real)
        return isinf(strtod(copy, NULL));
    errno = 0;
    strtoll(copy, NULL, 10);
    if (errno != ERANGE)
        return false;
    *quote = !exact_double(copy);
    return true;
}

/* Whether it is a number as JSON has them: nothing else may end up quoted. */
static bool well_formed(const char *s, size_t len)
{
    size_t i = 0, start;
    if (i < len && s[i] == '-')
        i++;
    start = i;
    while (i < len && s[i] >= '0' && s[i] <= '9')
        i++;
    if (i == start || (i > start + 1 && s[start] == '0'))
        return false;
    if (i < len && s[i] == '.') {
        start = ++i;
        while (i < len && s[i] >= '0' && s[i] <= '9')
            i++;
        if (i == start)
            return false;
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < len && (s[i] == '+' || s[i] == '-'))
            i++;
        start = i;
        while (i < len && s[i] >= '0' && s[i] <= '9')
            i++;
        if (i == start)
            return false;
    }
    return i == len;
}

static int scan_number(struct scan *s)
{
    struct patch patch = {.from = s->at};
    while (s->at < s->len && number_char(s->text[s->at]))
        s->at++;
    patch.to = s->at;
    const char *token = s->text + patch.from;
    size_t len = patch.to - patch.from;
    if (!needs_patch(token, len, &patch.quote) || !well_formed(token, len))
        return MK_OK;
    return mk_buf_add(&s->patches, &patch, sizeof patch);
}

static void scan_string(struct scan *s)
{
    s->at++;
    while (s->at < s->len && s->text[s->at] != '"')
        s->at += s->text[s->at] == '\\' ? 2 : 1;
    s->at++;
}

static int scan_text(struct scan *s)
{
    int err = MK_OK;
    while (s->at < s->len && !err) {
        char c = s->text[s->at];
        if (c == '"') {
            scan_string(s);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            err = scan_number(s);
        } else {
            if (c == '{' || c == '[')
                err = ++s->depth > s->max_depth ? MK_ELIMIT : MK_OK;
            else if (c == '}' || c == ']')
                s->depth--;
            s->at += err ? 0 : 1;
        }
    }
    return err;
}

static int rewrite(mk_buf *out, const struct scan *s)
{
    const struct patch *patch = (const struct patch *)(const void *)s->patches.data;
    size_t count = s->patches.len / sizeof *patch, done = 0;
    int err = MK_OK;
    for (size_t i = 0; i < count && !err; i++, patch++) {
        err = mk_buf_add(out, s->text + done, patch->from - done);
        if (!err)
            err = mk_buf_adds(out, patch->quote ? "\"" : "");
        if (!err)
            err = mk_buf_add(out, s->text + patch->from, patch->to - patch->from);
        if (!err)
            err = mk_buf_adds(out, patch->quote ? "\"" : ".0");
        done = patch->to;
    }
    return err ? err : mk_buf_add(out, s->text + done, s->len - done);
}

/* From an offset in the rewritten text to one in the text. */
static size_t offset_before(const struct scan *s, size_t at)
{
    const struct patch *patch = (const struct patch *)(const void *)s->patches.data;
    size_t count = s->patches.len / sizeof *patch, added = 0;
    for (size_t i = 0; i < count && patch->to + added < at; i++, patch++)
        added += 2;
    return at > added ? at - added : 0;
}

static size_t skip_space(const char *text, size_t len, size_t i)
{
    while (i < len && memchr(" \t\r\n", text[i], 4))
        i++;
    return i;
}

/* Past a byte-order mark, white space and a first line like )]}', or )]}", which keeps other sites from running the answer. */
static size_t prefix(const char *text, size_t len)
{
    size_t i = skip_space(text, len, len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0);
    if (len - i < 3 || memcmp(text + i, ")]}", 3) != 0)
        return i;
    size_t end = i + 3;
    while (end < len && memchr("'\",;", text[end], 4))
        end++;
    return end < len && memchr("\r\n", text[end], 2) ? skip_space(text, len, end) : i;
}

static void locate(mk_json_error *why, const char *text, size_t len, size_t at)
{
    why->at = at < len ? at : len;
    why->line = why->col = 1;
    for (size_t i = 0; i < why->at; i++) {
        if (text[i] == '\n') {
            why->line++;
            why->col = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            why->col++;
        }
    }
}

static int explain(mk_json_error *why, int err, const char *text, size_t len, size_t at, const char *words)
{
    if (why) {
        locate(why, text, len, at);
        snprintf(why->why, sizeof why->why, "%s", words);
    }
    return err;
}

static int load(json_t **out, const char *text, size_t len, json_error_t *error)
{
    json_t *value = mk_json_load(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
    if (!value)
        return json_error_code(error) == json_error_out_of_memory ? MK_ENOMEM : MK_EPARSE;
    *out = value;
    return MK_OK;
}

/* jansson over the text, rewritten if it has to be. *at is where it failed. */
static int read_scanned(json_t **out, const struct scan *s, json_error_t *error, size_t *at)
{
    if (s->patches.len == 0) {
        int err = load(out, s->text, s->len, error);
        *at = error->position > 0 ? (size_t)error->position : 0;
        return err;
    }
    mk_buf text;
    mk_buf_init(&text, s->len + 2 * (s->patches.len / sizeof(struct patch)) + 1);
    int err = rewrite(&text, s);
    if (!err)
        err = load(out, text.data, text.len, error);
    if (err == MK_EPARSE)
        *at = offset_before(s, error->position > 0 ? (size_t)error->position : 0);
    mk_buf_free(&text);
    return err;
}

int mk_json_parse(json_t **out, const char *text, size_t len, const mk_json_limits *limits, mk_json_error *why)
{
    json_error_t error = {.position = 0};
    size_t at = 0, skip = prefix(text, len);
    if (!limits)
        limits = &mk_json_defaults;
    if (len > limits->max_bytes)
        return explain(why, MK_ELIMIT, text, 0, 0, "document too large");
    if (skip == len || !memchr("{[\"-0123456789tfn", text[skip], 17)) /* a page, most likely: not worth the scan */
        return explain(why, MK_EPARSE, text, len, skip, skip == len ? "document is empty" : "no JSON value here");
    struct scan s = {.text = text + skip, .len = len - skip, .max_depth = limits->max_depth};
    mk_buf_init(&s.patches, PATCHES_MAX * sizeof(struct patch));
    int err = scan_text(&s);
    if (err)
        explain(why, err, text, len, skip + s.at, err == MK_ELIMIT ? "nested too deeply" : "out of memory");
    else if ((err = read_scanned(out, &s, &error, &at)) != MK_OK)
        explain(why, err, text, len, skip + at, err == MK_ENOMEM ? "out of memory" : error.text);
    mk_buf_free(&s.patches);
    return err;
}
