/* codec.c - hex, base64 and percent encodings (layer base) */
#include "base/codec.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

static int undo(mk_buf *out, size_t start, int err)
{
    out->len = start;
    if (out->cap)
        out->data[start] = '\0';
    return err;
}

/* Ends what was written directly into reserved room. */
static int finish(mk_buf *out, size_t len)
{
    out->len = len;
    if (out->cap)
        out->data[len] = '\0';
    return MK_OK;
}

int mk_hex_encode(mk_buf *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t room = 0;
    if (mk_mul_overflows(len, 2, &room))
        return MK_ELIMIT;
    const int err = mk_buf_reserve(out, room);
    if (err)
        return err;
    const uint8_t *in = data;
    char *to = out->data + out->len;
    for (size_t i = 0; i < len; i++) {
        *to++ = digits[in[i] >> 4];
        *to++ = digits[in[i] & 15];
    }
    return finish(out, out->len + room);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int mk_hex_decode(mk_buf *out, const char *text, size_t len)
{
    if (len % 2)
        return MK_EPARSE;
    const int err = mk_buf_reserve(out, len / 2);
    if (err)
        return err;
    const size_t start = out->len;
    for (size_t i = 0; i < len; i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return undo(out, start, MK_EPARSE);
        out->data[start + i / 2] = (char)(high << 4 | low);
    }
    return finish(out, start + len / 2);
}

static char *base64_tail(char *to, const uint8_t *in, size_t rest, const char *digits, bool pad)
{
    if (!rest)
        return to;
    const unsigned second = rest > 1 ? in[1] : 0;
    *to++ = digits[in[0] >> 2];
    *to++ = digits[(in[0] & 3) << 4 | second >> 4];
    if (rest > 1)
        *to++ = digits[(second & 15) << 2];
    else if (pad)
        *to++ = '=';
    if (pad)
        *to++ = '=';
    return to;
}

int mk_base64_encode(mk_buf *out, const void *data, size_t len, bool url)
{
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *digits = url ? safe : standard;
    size_t room = 0;
    if (mk_mul_overflows(len / 3 + 1, 4, &room))
        return MK_ELIMIT;
    if (url)
        room = len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
    else if (len % 3 == 0)
        room -= 4;
    const int err = mk_buf_reserve(out, room);
    if (err || !len)
        return err;
    const uint8_t *in = data;
    char *to = out->data + out->len;
    for (; len >= 3; len -= 3, in += 3) {
        *to++ = digits[in[0] >> 2];
        *to++ = digits[(in[0] & 3) << 4 | in[1] >> 4];
        *to++ = digits[(in[1] & 15) << 2 | in[2] >> 6];
        *to++ = digits[in[2] & 63];
    }
    to = base64_tail(to, in, len, digits, !url);
    return finish(out, (size_t)(to - out->data));
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* Takes the next digit; gives a byte at each but the first of four. */
static char *base64_digit(char *to, uint32_t *bits, size_t digits, int value)
{
    static const unsigned shifts[] = { 0, 4, 2, 0 };
    *bits = *bits << 6 | (uint32_t)value;
    if (digits % 4)
        *to++ = (char)(*bits >> shifts[digits % 4]);
    return to;
}

int mk_base64_decode(mk_buf *out, const char *text, size_t len)
{
    const size_t start = out->len;
    size_t digits = 0, pads = 0;
    uint32_t bits = 0;
    const int err = mk_buf_reserve(out, len / 4 * 3 + 3);
    if (err)
        return err;
    char *to = out->data + start;
    for (size_t i = 0; i < len; i++) {
        if (is_space(text[i]))
            continue;
        if (text[i] == '=') {
            pads++;
            continue;
        }
        const int value = base64_value(text[i]);
        if (value < 0 || pads)
            return undo(out, start, MK_EPARSE);
        to = base64_digit(to, &bits, digits++, value);
    }
    if (digits % 4 == 1 || (pads && (pads > 2 || (digits + pads) % 4)))
        return undo(out, start, MK_EPARSE);
    return finish(out, (size_t)(to - out->data));
}

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool stays(unsigned char c, bool form)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == (form ? '*' : '~');
}

int mk_percent_encode(mk_buf *out, const void *data, size_t len, bool form)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *in = data;
    size_t room = len;
    for (size_t i = 0; i < len; i++)
        if (!stays(in[i], form) && !(form && in[i] == ' ') && mk_add_overflows(room, 2, &room))
            return MK_ELIMIT;
    const int err = mk_buf_reserve(out, room);
    if (err)
        return err;
    char *to = out->data + out->len;
    for (size_t i = 0; i < len; i++) {
        if (stays(in[i], form)) {
            *to++ = (char)in[i];
        } else if (form && in[i] == ' ') {
            *to++ = '+';
        } else {
            *to++ = '%';
            *to++ = digits[in[i] >> 4];
            *to++ = digits[in[i] & 15];
        }
    }
    return finish(out, out->len + room);
}

int mk_percent_decode(mk_buf *out, const char *text, size_t len, bool form)
{
    const size_t start = out->len;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            const int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return undo(out, start, MK_EPARSE);
            c = (char)(high << 4 | low);
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        const int err = mk_buf_addc(out, c);
        if (err)
            return undo(out, start, err);
    }
    return MK_OK;
}
