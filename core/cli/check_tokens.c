/* check_tokens.c - a script as a list of tokens (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/check.h"

#include <string.h>

enum { AHEAD = 6 }; /* tokens of MK_LEX_END at the end */

static int grow(mk_tokens *tokens, size_t *cap)
{
    if (tokens->count + AHEAD <= *cap)
        return MK_OK;
    const size_t more = *cap ? *cap * 2 : 512;
    mk_token *list = mk_realloc(tokens->list, more * sizeof *list);
    if (!list)
        return MK_ENOMEM;
    tokens->list = list;
    *cap = more;
    return MK_OK;
}

int mk_tokens_read(mk_tokens *out, mk_bytes text)
{
    mk_tokens tokens = { 0 };
    size_t cap = 0;
    const char *end = NULL;
    mk_lex lex;
    mk_lex_begin(&lex, text);
    for (;;) {
        if (grow(&tokens, &cap)) {
            mk_tokens_free(&tokens);
            return MK_ENOMEM;
        }
        mk_lex_next(&lex);
        if (lex.kind == MK_LEX_END)
            break;
        tokens.list[tokens.count++] = (mk_token){ .kind = lex.kind, .text = lex.token, .plain = lex.plain,
                                                  .joined = lex.kind == MK_LEX_OTHER && end == lex.token.data,
                                                  .line = lex.token_line, .col = lex.token_col };
        end = lex.kind == MK_LEX_OTHER ? lex.token.data + lex.token.len : NULL;
    }
    for (size_t i = 0; i < AHEAD; i++)
        tokens.list[tokens.count + i] = (mk_token){ .kind = MK_LEX_END, .text = { "", 0 }, .line = lex.token_line };
    *out = tokens;
    return MK_OK;
}

void mk_tokens_free(mk_tokens *tokens)
{
    mk_free(tokens->list);
    *tokens = (mk_tokens){ 0 };
}

bool mk_token_is(const mk_token *token, const char *word)
{
    const size_t len = strlen(word);
    return (token->kind == MK_LEX_NAME || token->kind == MK_LEX_OTHER) && token->text.len == len &&
           !memcmp(token->text.data, word, len);
}

static int depth_of(const mk_token *token)
{
    if (token->kind != MK_LEX_OTHER || token->text.len != 1)
        return 0;
    return strchr("([{", *token->text.data) ? 1 : strchr(")]}", *token->text.data) ? -1 : 0;
}

size_t mk_tokens_past(const mk_tokens *tokens, size_t at)
{
    int depth = 0;
    for (; at < tokens->count; at++) {
        depth += depth_of(&tokens->list[at]);
        if (depth <= 0)
            return at + 1;
    }
    return tokens->count;
}
