/* maskdest.c - where a code was sent, without saying it in full (layer parse) */
#include <stdbool.h>
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "parse/rule.h"

enum { SHORT_NUMBER = 5, LONG_NUMBER = 7 };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool delimiter(char c)
{
    return (unsigned char)c <= 32 || strchr(",;:<>()[]\"'", c) != NULL;
}

/* Length of what may stand between the digits of one number, 0 if it is none. */
static size_t separator(const char *text, size_t len)
{
    if (len && memchr(" -.()/+", text[0], 7))
        return 1;
    if (len > 1 && !memcmp(text, "\xc2\xa0", 2))
        return 2;
    if (len > 2 && !memcmp(text, "\xe2\x80", 2) && ((unsigned char)text[2] & 0xF0) == 0x90)
        return 3; /* hyphens and dashes */
    return 0;
}

/* Past the number that begins at text[0]; *digits is how many it has. */
static size_t number_end(const char *text, size_t len, size_t *digits)
{
    size_t i = 0, end = 0, gap;
    *digits = 0;
    while (i < len) {
        if (digit(text[i])) {
            ++*digits;
            end = ++i;
        } else if ((gap = separator(text + i, len - i)) > 0) {
            i += gap;
        } else {
            break;
        }
    }
    return end;
}

static int add_number(mk_buf *out, const char *text, size_t end, size_t digits)
{
    if (digits < SHORT_NUMBER)
        return mk_buf_add(out, text, end);
    size_t keep = digits >= LONG_NUMBER ? 4 : 2, seen = 0;
    int err = mk_buf_adds(out, "*** ");
    for (size_t i = 0; i < end && !err; i++)
        if (digit(text[i]) && ++seen > digits - keep)
            err = mk_buf_addc(out, text[i]);
    return err;
}

static bool masked_already(const char *text, size_t len)
{
    return memchr(text, '*', len) || memmem(text, len, "\xe2\x80\xa2", 3) || memmem(text, len, "\xe2\x80\xa6", 3) ||
           memmem(text, len, "\xe2\x97\x8f", 3);
}

/* The address of mail at text[0..end), its @ at `at`. */
static int add_address(mk_buf *out, const char *text, size_t at, size_t end)
{
    size_t first = 0;
    if (masked_already(text, at))
        return mk_buf_add(out, text, end);
    mk_utf8_next(text, at, &first);
    int err = mk_buf_add(out, text, first);
    if (!err)
        err = mk_buf_adds(out, "***");
    return err ? err : mk_buf_add(out, text + at, end - at);
}

/* Length of the word at text[0] if it is an address of mail, else 0. */
static size_t address_end(const char *text, size_t len, size_t *at)
{
    size_t end = 0;
    while (end < len && !delimiter(text[end]))
        end++;
    const char *sign = memrchr(text, '@', end);
    *at = sign ? (size_t)(sign - text) : 0;
    return *at > 0 && *at + 1 < end ? end : 0;
}

static int mask(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t i = 0, at, digits; i < len && !err;) {
        bool begins = i == 0 || delimiter(text[i - 1]);
        size_t end = begins ? address_end(text + i, len - i, &at) : 0;
        if (end) {
            err = add_address(out, text + i, at, end);
            i += end;
        } else if (digit(text[i]) || ((text[i] == '+' || text[i] == '(') && i + 1 < len && digit(text[i + 1]))) {
            end = number_end(text + i, len - i, &digits);
            err = add_number(out, text + i, end, digits);
            i += end;
        } else {
            err = mk_buf_addc(out, text[i++]);
        }
    }
    return err;
}

int mk_mask_dest(mk_buf *out, const char *text, size_t len)
{
    size_t before = out->len;
    while (len && (unsigned char)text[len - 1] <= 32)
        len--;
    while (len && (unsigned char)*text <= 32) {
        text++;
        len--;
    }
    int err = mask(out, text, len);
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}
