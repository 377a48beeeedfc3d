/* jsonwrite.c - JSON values to text, the same text for the same value (layer parse)
 *
 * Not jansson's writer: that one prints 0.1 as 0.10000000000000001. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"

enum { DEPTH_MAX = 256 };

static int write_value(mk_buf *out, const json_t *value, int depth);

static int write_string(mk_buf *out, const char *text, size_t len)
{
    int err = mk_buf_addc(out, '"');
    if (!err)
        err = mk_json_escape(out, text, len);
    return err ? err : mk_buf_addc(out, '"');
}

/* The shortest digits that read back as the same double. */
static int write_real(mk_buf *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    int err = mk_buf_adds(out, text);
    return err || strpbrk(text, ".en") ? err : mk_buf_adds(out, ".0");
}

static int write_array(mk_buf *out, const json_t *array, int depth)
{
    int err = mk_buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(array) && !err; i++) {
        if (i)
            err = mk_buf_addc(out, ',');
        if (!err)
            err = write_value(out, json_array_get(array, i), depth + 1);
    }
    return err ? err : mk_buf_addc(out, ']');
}

struct member {
    const char *key;
    size_t len;
    const json_t *value;
};

static int compare(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int write_members(mk_buf *out, const struct member *list, size_t count, int depth)
{
    int err = MK_OK;
    for (size_t i = 0; i < count && !err; i++) {
        if (i)
            err = mk_buf_addc(out, ',');
        if (!err)
            err = write_string(out, list[i].key, list[i].len);
        if (!err)
            err = mk_buf_addc(out, ':');
        if (!err)
            err = write_value(out, list[i].value, depth + 1);
    }
    return err;
}

static int write_object(mk_buf *out, const json_t *object, int depth)
{
    size_t count = json_object_size(object), n = 0;
    struct member *list = mk_calloc(count + 1, sizeof *list);
    if (!list)
        return MK_ENOMEM;
    json_t *all = (json_t *)(uintptr_t)object; /* jansson's iterators lack const */
    for (void *i = json_object_iter(all); i && n < count; i = json_object_iter_next(all, i), n++) {
        list[n].key = json_object_iter_key(i);
        list[n].len = json_object_iter_key_len(i);
        list[n].value = json_object_iter_value(i);
    }
    qsort(list, n, sizeof *list, compare);
    int err = mk_buf_addc(out, '{');
    if (!err)
        err = write_members(out, list, n, depth);
    if (!err)
        err = mk_buf_addc(out, '}');
    mk_free(list);
    return err;
}

static int write_value(mk_buf *out, const json_t *value, int depth)
{
    if (depth > DEPTH_MAX)
        return MK_ELIMIT;
    switch (json_typeof(value)) {
    case JSON_OBJECT: return write_object(out, value, depth);
    case JSON_ARRAY: return write_array(out, value, depth);
    case JSON_STRING: return write_string(out, json_string_value(value), json_string_length(value));
    case JSON_INTEGER: return mk_buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL: return write_real(out, json_real_value(value));
    case JSON_TRUE: return mk_buf_adds(out, "true");
    case JSON_FALSE: return mk_buf_adds(out, "false");
    default: return mk_buf_adds(out, "null");
    }
}

int mk_json_write(mk_buf *out, const json_t *value)
{
    size_t before = out->len;
    int err = value ? write_value(out, value, 0) : MK_EINVAL;
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

char *mk_json_text(const json_t *value, size_t flags)
{
    const unsigned long refused = mk_mem_refused();
    char *text = json_dumps(value, flags);
    if (mk_mem_refused() == refused)
        return text;
    mk_free(text);
    return NULL;
}
