/* utf8.c - UTF-8, and the escapes of HTML and JSON (layer base) */
#include "base/codec.h"
#include "base/err.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD };

/* Length of the well-formed sequence at text (Unicode, table 3-7), or 0. */
static size_t sequence(const unsigned char *text, size_t len)
{
    const unsigned char lead = text[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    const size_t need = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (len < need)
        return 0;
    const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return need;
}

bool mk_utf8_valid(const char *text, size_t len)
{
    const unsigned char *in = (const unsigned char *)text;
    for (size_t at = 0; at < len;) {
        uint64_t eight;
        if (len - at >= sizeof eight) { /* most of a page is ASCII: eight bytes at once */
            memcpy(&eight, in + at, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                at += sizeof eight;
                continue;
            }
        }
        const size_t step = sequence(in + at, len - at);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

uint32_t mk_utf8_next(const char *text, size_t len, size_t *pos)
{
    static const unsigned char lead_bits[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    if (*pos >= len)
        return REPLACEMENT;
    const unsigned char *in = (const unsigned char *)text + *pos;
    const size_t step = sequence(in, len - *pos);
    if (!step) {
        ++*pos;
        return REPLACEMENT;
    }
    uint32_t point = in[0] & lead_bits[step];
    for (size_t i = 1; i < step; i++)
        point = point << 6 | (in[i] & 0x3F);
    *pos += step;
    return point;
}

int mk_utf8_add(mk_buf *out, uint32_t point)
{
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        point = REPLACEMENT;
    if (point < 0x80)
        return mk_buf_addc(out, (char)point);
    char bytes[4];
    const size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char mark[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = len - 1; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)(mark[len] | point);
    return mk_buf_add(out, bytes, len);
}

static int undo(mk_buf *out, size_t start, int err)
{
    out->len = start;
    if (out->cap)
        out->data[start] = '\0';
    return err;
}

int mk_html_escape(mk_buf *out, const char *text, size_t len)
{
    const size_t start = out->len;
    size_t done = 0;
    for (size_t i = 0; i <= len; i++) {
        const char *as = NULL;
        switch (i < len ? text[i] : 0) {
        case '&': as = "&amp;"; break;
        case '<': as = "&lt;"; break;
        case '>': as = "&gt;"; break;
        case '"': as = "&quot;"; break;
        case '\'': as = "&#39;"; break;
        default: break;
        }
        if (!as && i < len)
            continue;
        int err = mk_buf_add(out, text + done, i - done);
        if (!err && as)
            err = mk_buf_adds(out, as);
        if (err)
            return undo(out, start, err);
        done = i + 1;
    }
    return MK_OK;
}

static int json_control(mk_buf *out, unsigned char c)
{
    switch (c) {
    case '"': return mk_buf_adds(out, "\\\"");
    case '\\': return mk_buf_adds(out, "\\\\");
    case '\n': return mk_buf_adds(out, "\\n");
    case '\r': return mk_buf_adds(out, "\\r");
    case '\t': return mk_buf_adds(out, "\\t");
    case '\b': return mk_buf_adds(out, "\\b");
    case '\f': return mk_buf_adds(out, "\\f");
    default: return mk_buf_addf(out, "\\u%04x", c);
    }
}

int mk_json_escape(mk_buf *out, const char *text, size_t len)
{
    const unsigned char *in = (const unsigned char *)text;
    const size_t start = out->len;
    size_t done = 0;
    for (size_t i = 0; i < len;) {
        const size_t step = sequence(in + i, len - i);
        const bool escape = step == 1 && (in[i] < 0x20 || in[i] == '"' || in[i] == '\\');
        if (step && !escape) {
            i += step;
            continue;
        }
        int err = mk_buf_add(out, text + done, i - done);
        if (!err)
            err = escape ? json_control(out, in[i]) : mk_utf8_add(out, REPLACEMENT);
        if (err)
            return undo(out, start, err);
        done = ++i;
    }
    const int err = mk_buf_add(out, text + done, len - done);
    return err ? undo(out, start, err) : MK_OK;
}
