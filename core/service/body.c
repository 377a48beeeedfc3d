/* body.c - what a client's bytes say: paths, lengths, forms (layer service) */
#include "service/body.h"

#include "base/codec.h"
#include "base/err.h"

#include <string.h>
#include <strings.h>

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

size_t mk_body_unescape(char *text)
{
    char *out = text;
    for (const char *at = text; *at; at++) {
        const int high = *at == '%' ? digit(at[1]) : -1, low = high >= 0 ? digit(at[2]) : -1;
        if (low >= 0 && high + low > 0) {
            *out++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

bool mk_body_over(const char *announced, size_t most)
{
    size_t length = 0;
    for (const char *at = announced; at && *at >= '0' && *at <= '9'; at++) {
        length = length * 10 + (size_t)(*at - '0');
        if (length > most)
            return true;
    }
    return false;
}

bool mk_body_is_form(const char *type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    if (!type || strncasecmp(type, form, sizeof form - 1) != 0)
        return false;
    const char after = type[sizeof form - 1];
    return after == 0 || after == ';' || after == ' ' || after == '\t';
}

bool mk_body_is_json(mk_bytes body)
{
    size_t at = 0;
    while (at < body.len && memchr(" \t\r\n", body.data[at], 4))
        at++;
    return at < body.len && (body.data[at] == '{' || body.data[at] == '[');
}

static int decode(mk_buf *out, const char *text, size_t len)
{
    const int err = mk_percent_decode(out, text, len, true);
    return !err && memchr(out->data, 0, out->len) ? MK_EPARSE : err;
}

static int add_field(mk_headers *out, const char *pair, size_t len)
{
    mk_buf name, value;
    mk_buf_init(&name, len + 1);
    mk_buf_init(&value, len + 1);
    const char *equals = memchr(pair, '=', len);
    const size_t name_len = equals ? (size_t)(equals - pair) : len;
    int err = decode(&name, pair, name_len);
    if (!err && equals)
        err = decode(&value, equals + 1, len - name_len - 1);
    if (!err)
        err = mk_headers_add(out, name.data, value.data, value.len, false);
    mk_buf_free(&name);
    mk_buf_free(&value);
    return err;
}

int mk_body_fields(mk_headers *out, mk_bytes body, size_t most)
{
    int err = MK_OK;
    for (const char *at = body.data, *end = at + body.len; !err && at < end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const size_t len = (size_t)((amp ? amp : end) - at);
        if (len)
            err = out->count < most ? add_field(out, at, len) : MK_ELIMIT;
        at += len + 1;
    }
    return err;
}
