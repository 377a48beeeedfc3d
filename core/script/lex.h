/* lex.h - the tokens of Lua source, with their places (layer script, its own)
 *
 * Enough to find `require "x"` and a manifest's keys. Takes any bytes and never fails. */
#ifndef MK_SCRIPT_LEX_H
#define MK_SCRIPT_LEX_H
#include "base/mem.h"
#include <stdbool.h>

enum mk_lex_kind { MK_LEX_END, MK_LEX_NAME, MK_LEX_STRING, MK_LEX_NUMBER, MK_LEX_OTHER };

typedef struct mk_lex {
    mk_bytes text;
    size_t at;         /* past the token */
    size_t line_start; /* offset of the line that at is on */
    int line;
    /* the token */
    enum mk_lex_kind kind;
    mk_bytes token;    /* a name; the inside of a string, escapes as written; one character of others */
    bool plain;        /* a string without escapes: token is what it means */
    int token_line, token_col; /* from 1, columns in bytes */
} mk_lex;

void mk_lex_begin(mk_lex *lex, mk_bytes text);
/* The next token; comments and white space are passed over. */
void mk_lex_next(mk_lex *lex);
bool mk_lex_is(const mk_lex *lex, const char *name); /* that name, keyword or character */

/* Calls each for every `require "name"` and `require("name")`. False from each ends it. */
void mk_lex_requires(mk_bytes text, bool (*each)(void *arg, mk_bytes name, int line, int col), void *arg);
#endif
