/* locate.c - where in the source a key of the manifest stands (layer script) */
#include "script/lex.h"
#include "script/manifest.h"

#include <stdlib.h>
#include <string.h>

enum { FOLLOW_MOST = 8 };

static bool opens(const mk_lex *lex)
{
    return mk_lex_is(lex, "function") || mk_lex_is(lex, "do") || mk_lex_is(lex, "if") || mk_lex_is(lex, "repeat");
}

static bool ends(const mk_lex *lex)
{
    return mk_lex_is(lex, "end") || mk_lex_is(lex, "until");
}

static bool is_bracket(const mk_lex *lex, const char *set)
{
    return lex->kind == MK_LEX_OTHER && strchr(set, *lex->token.data) && *lex->token.data;
}

/* Goes past a value, to the comma, semicolon or bracket after it. */
static void skip_value(mk_lex *lex)
{
    int depth = 0;
    while (lex->kind != MK_LEX_END) {
        if (depth == 0 && is_bracket(lex, ",;})]"))
            return;
        if (is_bracket(lex, "{[(") || opens(lex))
            depth++;
        else if (is_bracket(lex, "}])") || ends(lex))
            depth--;
        if (depth < 0)
            return;
        mk_lex_next(lex);
    }
}

/* One part of a path: a name or an index. */
typedef struct part {
    mk_bytes name;
    long index; /* 0: it is a name */
} part;

/* Takes the first part off a path. */
static bool take_part(const char **path, part *out)
{
    const char *at = *path;
    *out = (part){ 0 };
    if (*at == '.')
        at++;
    if (!*at)
        return false;
    if (*at == '[') {
        char *end = NULL;
        out->index = strtol(at + 1, &end, 10);
        *path = *end == ']' ? end + 1 : end + strlen(end);
        return out->index > 0;
    }
    const size_t len = strcspn(at, ".[");
    out->name = (mk_bytes){ at, len };
    *path = at + len;
    return len > 0;
}

static bool same(mk_bytes a, mk_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* At the beginning of a field: reads its key, if it has one, and stands at its value then. */
static bool read_key(mk_lex *lex, mk_bytes *key)
{
    mk_lex ahead = *lex;
    const bool bracket = mk_lex_is(&ahead, "[");
    if (bracket)
        mk_lex_next(&ahead);
    if (ahead.kind != (bracket ? MK_LEX_STRING : MK_LEX_NAME))
        return false;
    *key = ahead.token;
    mk_lex_next(&ahead);
    if (bracket && !mk_lex_is(&ahead, "]"))
        return false;
    if (bracket)
        mk_lex_next(&ahead);
    if (!mk_lex_is(&ahead, "="))
        return false;
    mk_lex_next(&ahead);
    if (mk_lex_is(&ahead, "=")) /* it was a comparison */
        return false;
    *lex = ahead;
    return true;
}

/* At the token after a '{': finds the field. Then *place is at its key (or value), lex at its value. */
static bool find_field(mk_lex *lex, const part *wanted, mk_lex *place)
{
    long count = 0;
    while (lex->kind != MK_LEX_END && !mk_lex_is(lex, "}")) {
        const mk_lex begin = *lex;
        mk_bytes key = { 0 };
        const bool named = read_key(lex, &key);
        if (!named)
            count++;
        if (named ? !wanted->index && same(key, wanted->name) : wanted->index == count) {
            *place = begin;
            return true;
        }
        skip_value(lex);
        if (!mk_lex_is(lex, "}"))
            mk_lex_next(lex); /* the comma, or what does not belong here */
    }
    return false;
}

/* `local name = {`, the last one: lex stands at the brace then. */
static bool find_local(mk_bytes text, mk_bytes name, mk_lex *out)
{
    mk_lex lex;
    bool found = false;
    mk_lex_begin(&lex, text);
    do {
        mk_lex_next(&lex);
        if (!mk_lex_is(&lex, "local"))
            continue;
        mk_lex ahead = lex;
        mk_lex_next(&ahead);
        if (ahead.kind != MK_LEX_NAME || !same(ahead.token, name))
            continue;
        mk_lex_next(&ahead);
        if (!mk_lex_is(&ahead, "="))
            continue;
        mk_lex_next(&ahead);
        if (mk_lex_is(&ahead, "{")) {
            *out = ahead;
            found = true;
        }
    } while (lex.kind != MK_LEX_END);
    return found;
}

/* What stands at lex as a table: itself, or the local table it names. */
static bool to_table(mk_lex *lex)
{
    if (lex->kind == MK_LEX_NAME) {
        mk_lex found;
        if (!find_local(lex->text, lex->token, &found))
            return false;
        *lex = found;
    }
    return mk_lex_is(lex, "{");
}

/* The last `return` outside of every function and block; lex stands after it then. */
static bool find_return(mk_bytes text, mk_lex *out)
{
    mk_lex lex;
    bool found = false;
    int depth = 0;
    mk_lex_begin(&lex, text);
    for (mk_lex_next(&lex); lex.kind != MK_LEX_END; mk_lex_next(&lex)) {
        depth += opens(&lex) - ends(&lex);
        if (depth == 0 && mk_lex_is(&lex, "return")) {
            *out = lex;
            mk_lex_next(out);
            found = true;
        }
    }
    return found;
}

void mk_manifest_locate(mk_bytes text, const char *path, int *line, int *col)
{
    mk_lex lex, place;
    part wanted;
    *line = *col = 1;
    if (!find_return(text, &lex))
        return;
    *line = lex.token_line;
    *col = lex.token_col;
    for (int i = 0; i < FOLLOW_MOST && take_part(&path, &wanted); i++) {
        if (!to_table(&lex))
            return;
        mk_lex_next(&lex);
        if (!find_field(&lex, &wanted, &place))
            return;
        *line = place.token_line;
        *col = place.token_col;
    }
}
