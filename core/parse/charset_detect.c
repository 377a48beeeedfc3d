/* charset_detect.c - which character set a text is in (layer parse) */
#include "base/codec.h"
#include "parse/charset.h"
#include "parse/charset_label.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PRESCAN = 1024 };

static const char *find(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    for (; (size_t)(end - at) >= len; at++)
        if (!strncasecmp(at, word, len))
            return at;
    return NULL;
}

static bool white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value after "charset" (or "encoding") and '=' in at..end, quoted or not. */
static const mk_charset *set_after(const char *at, const char *end, const char *word)
{
    while ((at = find(at, end, word))) {
        at += strlen(word);
        while (at < end && white(*at))
            at++;
        if (at == end || *at != '=')
            continue;
        for (at++; at < end && (white(*at) || *at == '"' || *at == '\'');)
            at++;
        const char *from = at;
        while (at < end && !white(*at) && !strchr("\"';>/?", *at))
            at++;
        return mk_charset_find(from, (size_t)(at - from));
    }
    return NULL;
}

static const char *tag_end(const char *at, const char *end)
{
    char quote = 0;
    for (; at < end; at++) {
        if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '>')
            return at;
    }
    return end;
}

static const mk_charset *from_meta(const char *text, size_t len)
{
    const char *end = text + (len < PRESCAN ? len : PRESCAN);
    for (const char *at = text; (at = memchr(at, '<', (size_t)(end - at)));) {
        if (end - at >= 4 && !memcmp(at, "<!--", 4)) {
            const char *close = find(at + 2, end, "-->");
            if (!close)
                return NULL;
            at = close + 3;
            continue;
        }
        const char *close = tag_end(at, end);
        if (end - at > 6 && !strncasecmp(at, "<meta", 5) && (white(at[5]) || at[5] == '/')) {
            const mk_charset *set = set_after(at + 5, close, "charset");
            if (set)
                return set;
        }
        at++;
    }
    return NULL;
}

static const mk_charset *from_mark(const char *text, size_t len)
{
    if (len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))
        return mk_charset_find("utf-8", 5);
    if (len >= 2 && !memcmp(text, "\xFF\xFE", 2))
        return mk_charset_find("utf-16le", 8);
    if (len >= 2 && !memcmp(text, "\xFE\xFF", 2))
        return mk_charset_find("utf-16be", 8);
    return NULL;
}

static const mk_charset *from_declared(const char *declared)
{
    const char *end = declared + strlen(declared);
    const mk_charset *set = mk_charset_find(declared, (size_t)(end - declared));
    return set ? set : set_after(declared, end, "charset");
}

/* A set that text names itself in ASCII cannot be UTF-16. */
static const mk_charset *in_ascii(const mk_charset *set)
{
    return set && !strncmp(set->name, "utf-16", 6) ? mk_charset_find("utf-8", 5) : set;
}

void mk_charset_detect(char name[32], const char *declared, const char *text, size_t len, bool html)
{
    const mk_charset *set = from_mark(text, len);
    if (!set && declared)
        set = from_declared(declared);
    if (!set && html)
        set = in_ascii(from_meta(text, len));
    if (!set && len > 5 && !memcmp(text, "<?xml", 5)) {
        const char *close = memchr(text, '>', len < PRESCAN ? len : PRESCAN);
        set = close ? in_ascii(set_after(text, close, "encoding")) : NULL;
    }
    if (!set)
        set = mk_charset_find(mk_utf8_valid(text, len) ? "utf-8" : "windows-1252", mk_utf8_valid(text, len) ? 5 : 12);
    snprintf(name, 32, "%s", set->name);
}
