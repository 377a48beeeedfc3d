/* charset.c - bytes of a page to UTF-8 and back (layer parse)
 *
 * UTF-8 and windows-1252 are done here, the rest by iconv. */
#include "parse/charset.h"
#include "base/codec.h"
#include "base/err.h"
#include "parse/charset_label.h"
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* windows-1252 from 0x80 to 0x9F, as WHATWG has it: no byte is without meaning. */
static const uint16_t high[32] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178
};

static int decode_1252(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t plain = at;
        while (plain < len && !(text[plain] & 0x80))
            plain++;
        err = mk_buf_add(out, text + at, plain - at);
        for (at = plain; at < len && (text[at] & 0x80) && !err; at++) {
            unsigned char byte = (unsigned char)text[at];
            err = mk_utf8_add(out, byte < 0xA0 ? high[byte - 0x80] : byte);
        }
    }
    return err;
}

static int decode_utf8(mk_buf *out, const char *text, size_t len)
{
    if (mk_utf8_valid(text, len))
        return mk_buf_add(out, text, len);
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;)
        err = mk_utf8_add(out, mk_utf8_next(text, len, &at));
    return err;
}

/* Feeds all of text; what cannot be read becomes U+FFFD, one byte each. */
static int decode_iconv(mk_buf *out, iconv_t set, const char *text, size_t len)
{
    char room[4096];
    char *from = (char *)text; /* iconv takes it so and does not write */
    int err = MK_OK;
    while (len && !err) {
        char *to = room;
        size_t left = sizeof room;
        size_t got = iconv(set, &from, &len, &to, &left);
        int why = got == (size_t)-1 ? errno : 0;
        err = mk_buf_add(out, room, (size_t)(to - room));
        if (!err && why && why != E2BIG) {
            err = mk_utf8_add(out, 0xFFFD);
            from++, len--;
        }
    }
    char *to = room;
    size_t left = sizeof room;
    if (!err && iconv(set, NULL, NULL, &to, &left) != (size_t)-1)
        err = mk_buf_add(out, room, (size_t)(to - room));
    return err;
}

static size_t mark_len(const mk_charset *set, const char *text, size_t len)
{
    if (!strcmp(set->name, "utf-8"))
        return len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    if (!strcmp(set->name, "utf-16le"))
        return len >= 2 && !memcmp(text, "\xFF\xFE", 2) ? 2 : 0;
    if (!strcmp(set->name, "utf-16be"))
        return len >= 2 && !memcmp(text, "\xFE\xFF", 2) ? 2 : 0;
    return 0;
}

static const mk_charset *set_of(const char *charset, const char *otherwise)
{
    const mk_charset *set = charset ? mk_charset_find(charset, strlen(charset)) : NULL;
    return set ? set : mk_charset_find(otherwise, strlen(otherwise));
}

static int decode(mk_buf *out, const mk_charset *set, const char *text, size_t len)
{
    if (!strcmp(set->name, "utf-8"))
        return decode_utf8(out, text, len);
    iconv_t cd = set->iconv ? iconv_open("UTF-8", set->iconv) : (iconv_t)-1;
    if (cd == (iconv_t)-1) /* windows-1252, or a machine without its tables */
        return decode_1252(out, text, len);
    int err = decode_iconv(out, cd, text, len);
    iconv_close(cd);
    return err;
}

int mk_charset_decode(mk_buf *out, const char *charset, const char *text, size_t len)
{
    const size_t before = out->len;
    const mk_charset *set = set_of(charset, "windows-1252");
    size_t mark = mark_len(set, text, len);
    int err = decode(out, set, text + mark, len - mark);
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

static int byte_1252(uint32_t point)
{
    if (point < 0x80 || (point >= 0xA0 && point <= 0xFF))
        return (int)point;
    for (int i = 0; i < 32; i++)
        if (high[i] == point)
            return 0x80 + i;
    return -1;
}

static int encode_1252(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        uint32_t point = mk_utf8_next(text, len, &at);
        int byte = byte_1252(point);
        err = byte >= 0 ? mk_buf_addc(out, (char)byte) : mk_buf_addf(out, "&#%u;", point);
    }
    return err;
}

/* One run of iconv over from, all of it or to what it cannot do; *bad tells. */
static int push(mk_buf *out, iconv_t set, char **from, size_t *len, bool *bad)
{
    char room[1024];
    int err = MK_OK;
    *bad = false;
    do {
        char *to = room;
        size_t left = sizeof room;
        size_t got = iconv(set, from, len, &to, &left);
        int why = got == (size_t)-1 ? errno : 0;
        err = mk_buf_add(out, room, (size_t)(to - room));
        *bad = why && why != E2BIG;
    } while (!err && !*bad && len && *len);
    return err;
}

static int encode_iconv(mk_buf *out, iconv_t set, const char *text, size_t len)
{
    char *from = (char *)text;
    size_t left = len;
    int err = MK_OK;
    bool bad = false;
    while (left && !err) {
        err = push(out, set, &from, &left, &bad);
        if (err || !bad)
            continue;
        size_t at = len - left;
        char number[16];
        int n = snprintf(number, sizeof number, "&#%u;", mk_utf8_next(text, len, &at));
        from = (char *)text + at;
        left = len - at;
        char *digits = number;
        size_t count = (size_t)n;
        err = push(out, set, &digits, &count, &bad); /* through iconv: it may have to shift */
    }
    return err ? err : push(out, set, NULL, NULL, &bad);
}

static int encode(mk_buf *out, const mk_charset *set, const char *text, size_t len)
{
    if (!strcmp(set->name, "windows-1252"))
        return encode_1252(out, text, len);
    iconv_t cd = set->iconv ? iconv_open(set->iconv, "UTF-8") : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return decode_utf8(out, text, len);
    int err = encode_iconv(out, cd, text, len);
    iconv_close(cd);
    return err;
}

int mk_charset_encode(mk_buf *out, const char *charset, const char *text, size_t len)
{
    const size_t before = out->len;
    int err = encode(out, set_of(charset, "utf-8"), text, len);
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

bool mk_charset_label(char name[32], const char *label)
{
    const mk_charset *set = mk_charset_find(label, strlen(label));
    if (!set)
        return false;
    snprintf(name, 32, "%s", strncmp(set->name, "utf-16", 6) ? set->name : "utf-8");
    return true;
}
