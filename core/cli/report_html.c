/* report_html.c - writing a report's HTML: everything that is not ours is masked and escaped (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/report.h"

#include <stdio.h>
#include <string.h>

void mk_out_raw(mk_html_out *o, const char *html)
{
    if (!o->err)
        o->err = mk_buf_adds(o->out, html);
}

void mk_out_text(mk_html_out *o, const char *text, size_t len)
{
    mk_buf masked;
    mk_buf_init(&masked, SIZE_MAX / 4);
    if (!o->err)
        o->err = mk_masked(o->veil, text, len, &masked);
    for (size_t i = 0; i < masked.len; i++) /* what HTML may not hold, escaped or not */
        if ((unsigned char)masked.data[i] < ' ' && !strchr("\t\r\n", masked.data[i]))
            masked.data[i] = '?';
    for (size_t i = 0; i < masked.len; i++)
        if (!masked.data[i])
            masked.data[i] = '?';
    if (!o->err)
        o->err = mk_html_escape(o->out, masked.data, masked.len);
    mk_buf_free(&masked);
}

void mk_out_put(mk_html_out *o, const char *format, ...)
{
    va_list args;
    char number[16];
    va_start(args, format);
    for (const char *at = format; *at && !o->err; at++) {
        const char *text;
        if (*at != '%') {
            const size_t len = strcspn(at, "%");
            o->err = mk_buf_add(o->out, at, len);
            at += len - 1;
            continue;
        }
        switch (*++at) {
        case 'd':
            snprintf(number, sizeof number, "%d", va_arg(args, int));
            mk_out_raw(o, number);
            break;
        case 'r':
            mk_out_raw(o, va_arg(args, const char *));
            break;
        default:
            text = va_arg(args, const char *);
            mk_out_text(o, text ? text : "", text ? strlen(text) : 0);
            break;
        }
    }
    va_end(args);
}

void mk_out_json(mk_html_out *o, const json_t *value)
{
    if (!value || json_is_null(value))
        return;
    if (json_is_string(value)) {
        mk_out_text(o, json_string_value(value), json_string_length(value));
        return;
    }
    json_t *masked = mk_masked_value(o->veil, value); /* each string by itself, before JSON's escapes */
    char *text = masked ? json_dumps(masked, JSON_ENCODE_ANY | JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (text)
        mk_out_text(o, text, strlen(text));
    else
        o->err = o->err ? o->err : MK_ENOMEM;
    mk_free(text);
    json_decref(masked);
}
