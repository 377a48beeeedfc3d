/* lex.c - the tokens of Lua source, with their places (layer script) */
#include "script/lex.h"

#include <string.h>

void mk_lex_begin(mk_lex *lex, mk_bytes text)
{
    *lex = (mk_lex){ .text = text, .line = 1 };
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        lex->at = lex->line_start = 3;
    if (lex->at < text.len && text.data[lex->at] == '#') /* a first line for the shell */
        while (lex->at < text.len && text.data[lex->at] != '\n')
            lex->at++;
}

/* The character k after at, NUL past the end. */
static char peek(const mk_lex *lex, size_t k)
{
    return k < lex->text.len - lex->at ? lex->text.data[lex->at + k] : '\0';
}

static void forward(mk_lex *lex)
{
    if (lex->at >= lex->text.len)
        return;
    if (lex->text.data[lex->at++] == '\n') {
        lex->line++;
        lex->line_start = lex->at;
    }
}

static bool is_word(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* The level of a long bracket that begins here, or -1. */
static int long_level(const mk_lex *lex)
{
    size_t k = 1;
    if (peek(lex, 0) != '[')
        return -1;
    while (peek(lex, k) == '=')
        k++;
    return peek(lex, k) == '[' ? (int)k - 1 : -1;
}

static bool closes(const mk_lex *lex, int level)
{
    if (peek(lex, 0) != ']' || peek(lex, (size_t)level + 1) != ']')
        return false;
    for (size_t k = 1; k <= (size_t)level; k++)
        if (peek(lex, k) != '=')
            return false;
    return true;
}

static mk_bytes long_string(mk_lex *lex, int level)
{
    for (int i = 0; i < level + 2; i++)
        forward(lex);
    if (peek(lex, 0) == '\r')
        forward(lex);
    if (peek(lex, 0) == '\n')
        forward(lex);
    const size_t from = lex->at;
    while (lex->at < lex->text.len && !closes(lex, level))
        forward(lex);
    const mk_bytes inside = { lex->text.data + from, lex->at - from };
    for (int i = 0; i < level + 2; i++)
        forward(lex);
    return inside;
}

/* Ends at an unescaped end of line too: such a source does not compile anyway. */
static mk_bytes quoted(mk_lex *lex)
{
    const char quote = peek(lex, 0);
    forward(lex);
    const size_t from = lex->at;
    lex->plain = true;
    while (lex->at < lex->text.len && peek(lex, 0) != quote && peek(lex, 0) != '\n') {
        if (peek(lex, 0) == '\\') {
            lex->plain = false;
            forward(lex);
        }
        forward(lex);
    }
    const mk_bytes inside = { lex->text.data + from, lex->at - from };
    if (peek(lex, 0) == quote)
        forward(lex);
    return inside;
}

static void skip_blank(mk_lex *lex)
{
    for (;;) {
        while (lex->at < lex->text.len && strchr(" \t\r\n\v\f", peek(lex, 0)) && peek(lex, 0))
            forward(lex);
        if (peek(lex, 0) != '-' || peek(lex, 1) != '-')
            return;
        lex->at += 2;
        const int level = long_level(lex);
        if (level >= 0)
            long_string(lex, level);
        else
            while (lex->at < lex->text.len && peek(lex, 0) != '\n')
                forward(lex);
    }
}

void mk_lex_next(mk_lex *lex)
{
    skip_blank(lex);
    const size_t from = lex->at;
    const char c = peek(lex, 0);
    const int level = long_level(lex);
    lex->token_line = lex->line;
    lex->token_col = (int)(from - lex->line_start) + 1;
    lex->plain = false;
    lex->kind = MK_LEX_OTHER;
    if (from >= lex->text.len) {
        lex->kind = MK_LEX_END;
    } else if (c == '"' || c == '\'') {
        lex->kind = MK_LEX_STRING;
        lex->token = quoted(lex);
        return;
    } else if (level >= 0) {
        lex->kind = MK_LEX_STRING;
        lex->token = long_string(lex, level);
        lex->plain = true;
        return;
    } else if (is_word(c, true)) {
        lex->kind = MK_LEX_NAME;
        while (is_word(peek(lex, 0), false))
            lex->at++;
    } else if (c >= '0' && c <= '9') {
        lex->kind = MK_LEX_NUMBER;
        while (is_word(peek(lex, 0), false) || peek(lex, 0) == '.')
            lex->at++;
    } else {
        forward(lex);
    }
    lex->token = (mk_bytes){ lex->text.data + from, lex->at - from };
}

bool mk_lex_is(const mk_lex *lex, const char *name)
{
    return (lex->kind == MK_LEX_NAME || lex->kind == MK_LEX_OTHER) && lex->token.len == strlen(name) &&
           memcmp(lex->token.data, name, lex->token.len) == 0;
}

void mk_lex_requires(mk_bytes text, bool (*each)(void *arg, mk_bytes name, int line, int col), void *arg)
{
    mk_lex lex;
    bool member = false; /* after a dot or colon it is some other require; not after two: those join texts, or end a label */
    mk_lex_begin(&lex, text);
    mk_lex_next(&lex);
    while (lex.kind != MK_LEX_END) {
        const bool here = !member && mk_lex_is(&lex, "require");
        member = !member && (mk_lex_is(&lex, ".") || mk_lex_is(&lex, ":"));
        mk_lex_next(&lex);
        if (!here)
            continue;
        if (mk_lex_is(&lex, "("))
            mk_lex_next(&lex);
        if (lex.kind == MK_LEX_STRING && lex.plain && !each(arg, lex.token, lex.token_line, lex.token_col))
            return;
    }
}
