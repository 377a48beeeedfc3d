/* scrub_plain.c - escapes that need not be: a token is one text however a page writes it (layer cli) */
#include "base/err.h"
#include "cli/scrub_own.h"

#include <string.h>

/* What stands for itself in a page, in a script's string and in JSON alike, and may be in a token. */
static bool stands_for_itself(long c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c > 0 && c < 128 && strchr("_-+/.=:~%", (int)c));
}

static int digit_of(char c, int base)
{
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    return value < base ? value : -1;
}

/* A number of 1 to `most` digits (exactly so many if exact); *used: how many. -1: none. */
static long number_at(const char *text, size_t len, int base, size_t most, bool exact, size_t *used)
{
    long value = 0;
    size_t at = 0;
    for (; at < len && at < most && digit_of(text[at], base) >= 0; at++)
        value = value * base + digit_of(text[at], base);
    *used = at;
    return at && (!exact || at == most) ? value : -1;
}

/* &#45; and &#x2d; with their semicolon. */
static long entity_at(const char *text, size_t len, size_t *used)
{
    size_t digits = 0;
    if (len < 4 || text[1] != '#')
        return -1;
    const bool hex = text[2] == 'x' || text[2] == 'X';
    const size_t from = hex ? 3 : 2;
    const long value = number_at(text + from, len - from, hex ? 16 : 10, 6, false, &digits);
    *used = from + digits + 1;
    return value >= 0 && *used <= len && text[*used - 1] == ';' ? value : -1;
}

/* \x2d and \u002d. */
static long escape_at(const char *text, size_t len, size_t *used)
{
    size_t digits = 0;
    if (len < 4 || (text[1] != 'x' && text[1] != 'u'))
        return -1;
    const size_t most = text[1] == 'x' ? 2 : 4;
    *used = 2 + most;
    return number_at(text + 2, len - 2, 16, most, true, &digits);
}

int mk_scrub_plain(const char *text, size_t len, mk_buf *out)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t used = 1;
        long c = -1;
        if (text[at] == '&')
            c = entity_at(text + at, len - at, &used);
        else if (text[at] == '\\')
            c = escape_at(text + at, len - at, &used);
        if (stands_for_itself(c)) {
            err = mk_buf_addc(out, (char)c);
            at += used;
            continue;
        }
        const size_t pair = text[at] == '\\' && at + 1 < len ? 2 : 1; /* a backslash that stands for itself escapes nothing */
        err = mk_buf_add(out, text + at, pair);
        at += pair;
    }
    return err;
}
