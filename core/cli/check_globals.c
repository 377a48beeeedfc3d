/* check_globals.c - names that a script uses and nobody gives it (layer cli)
 *
 * For machines without luacheck. Follows scopes by tokens alone; where it cannot know it says nothing: a name that is
 * declared a little too early, or lives a little too long, is no lie. */
#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "cli/check.h"
#include "script/state.h"

#include <string.h>

enum { DEEP = 400, NAMES = 4000 };

typedef struct scopes {
    json_t *problems;
    const char *file;
    const mk_tokens *tokens;
    mk_bytes names[NAMES]; /* all that are visible, innermost last */
    size_t count;
    size_t blocks[DEEP];   /* how many names there were when it began; SIZE_MAX: a bracket, no scope */
    char marks[DEEP];      /* { ( [ or b(lock) f(unction) r(epeat) */
    size_t depth;
    bool lost;             /* too deep or too many: nothing is said from here on */
    const char *known[256];
    char roots[256][24];
    int err;
} scopes;

static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto",
    "if", "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", NULL};

static bool is_keyword(const mk_token *token)
{
    for (size_t i = 0; keywords[i]; i++)
        if (mk_token_is(token, keywords[i]))
            return true;
    return false;
}

static void declare(scopes *s, mk_bytes name)
{
    if (s->count == NAMES)
        s->lost = true;
    else
        s->names[s->count++] = name;
}

static void push(scopes *s, char mark)
{
    if (s->depth == DEEP) {
        s->lost = true;
        return;
    }
    s->marks[s->depth] = mark;
    s->blocks[s->depth++] = s->count;
}

static void pop(scopes *s, bool keep)
{
    if (!s->depth)
        return;
    s->depth--;
    if (!keep)
        s->count = s->blocks[s->depth];
}

static bool in_table(const scopes *s)
{
    return s->depth && s->marks[s->depth - 1] == '{';
}

static bool visible(const scopes *s, mk_bytes name)
{
    for (size_t i = s->count; i-- > 0;)
        if (s->names[i].len == name.len && !memcmp(s->names[i].data, name.data, name.len))
            return true;
    return false;
}

/* The names before the first dot of what the sandbox offers. */
static void read_known(scopes *s)
{
    size_t count = 0;
    const char *const *all = mk_script_globals();
    for (size_t i = 0; all[i] && count + 1 < 256; i++) {
        const size_t len = strcspn(all[i], ".");
        if (len >= sizeof s->roots[0] || (count && strlen(s->roots[count - 1]) == len && !strncmp(s->roots[count - 1], all[i], len)))
            continue;
        memcpy(s->roots[count], all[i], len);
        s->roots[count][len] = '\0';
        s->known[count] = s->roots[count];
        count++;
    }
    s->known[count] = NULL;
}

static bool is_known(const scopes *s, mk_bytes name)
{
    for (size_t i = 0; s->known[i]; i++)
        if (strlen(s->known[i]) == name.len && !memcmp(s->known[i], name.data, name.len))
            return true;
    return false;
}

static void complain(scopes *s, const mk_token *token, bool sets)
{
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(token->text.len < 79 ? token->text.len : 79), token->text.data);
    const char *near = sets ? NULL : mk_suggest(name, s->known);
    if (sets)
        s->err = mk_check_say(s->problems, s->file, token->line, token->col, "error",
                              "sets the global '%s': put `local` before it", name);
    else
        s->err = mk_check_say(s->problems, s->file, token->line, token->col, "error",
                              "undefined global '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* A name at i that is not a field, a key or a label. */
static void use(scopes *s, size_t i)
{
    const mk_token *token = &s->tokens->list[i], *next = token + 1;
    const bool assigns = mk_token_is(next, "=") && !mk_token_is(next + 1, "=");
    if (in_table(s) && assigns)
        return; /* a key */
    if (visible(s, token->text) || (is_known(s, token->text) && !(assigns && !in_table(s))))
        return;
    complain(s, token, assigns && !is_known(s, token->text));
}

static bool is_field(const scopes *s, size_t i)
{
    const mk_token *list = s->tokens->list;
    if (!i)
        return false;
    if (mk_token_is(&list[i - 1], ":"))
        return true; /* a method or a label */
    if (mk_token_is(&list[i - 1], "goto"))
        return true;
    return mk_token_is(&list[i - 1], ".") && !(i > 1 && mk_token_is(&list[i - 2], ".") && list[i - 1].joined);
}

/* Names parted by commas from i on, attribs passed over; declares them. Gives the token after them. */
static size_t name_list(scopes *s, size_t i)
{
    const mk_token *list = s->tokens->list;
    while (list[i].kind == MK_LEX_NAME && !is_keyword(&list[i])) {
        declare(s, list[i].text);
        i++;
        if (mk_token_is(&list[i], "<"))
            i += 3;
        if (i >= s->tokens->count || !mk_token_is(&list[i], ","))
            break;
        i++;
    }
    return i;
}

/* `function` at i: its name is used, its parameters are declared. Gives the token to go on with. */
static size_t function_head(scopes *s, size_t i, bool local)
{
    const mk_token *list = s->tokens->list;
    bool method = false;
    i++;
    if (list[i].kind == MK_LEX_NAME) {
        if (local)
            declare(s, list[i].text);
        else if (!visible(s, list[i].text) && !is_known(s, list[i].text))
            complain(s, &list[i], mk_token_is(&list[i + 1], "("));
        for (; i < s->tokens->count && !mk_token_is(&list[i], "("); i++)
            method = method || mk_token_is(&list[i], ":");
    }
    push(s, 'f');
    if (method)
        declare(s, (mk_bytes){ "self", 4 });
    i = name_list(s, i + 1);
    while (i < s->tokens->count && !mk_token_is(&list[i], ")"))
        i++;
    return i + 1;
}

static bool bracket(scopes *s, const mk_token *token)
{
    if (token->kind != MK_LEX_OTHER || token->text.len != 1)
        return false;
    const char c = *token->text.data;
    if (c == '(' || c == '[' || c == '{')
        push(s, c);
    else if (c == ')' || c == ']' || c == '}')
        pop(s, false);
    else
        return false;
    return true;
}

/* Keywords that open and close blocks. */
static void block(scopes *s, const mk_token *token)
{
    if (mk_token_is(token, "do") || mk_token_is(token, "then")) {
        push(s, 'b');
    } else if (mk_token_is(token, "repeat")) {
        push(s, 'r');
    } else if (mk_token_is(token, "elseif") || mk_token_is(token, "end")) {
        pop(s, false);
    } else if (mk_token_is(token, "else")) {
        pop(s, false);
        push(s, 'b');
    } else if (mk_token_is(token, "until")) {
        pop(s, true); /* its condition sees the names of the loop */
    }
}

static size_t step(scopes *s, size_t i)
{
    const mk_token *token = &s->tokens->list[i];
    if (bracket(s, token) || token->kind != MK_LEX_NAME)
        return i + 1;
    if (is_field(s, i))
        return i + 1;
    if (mk_token_is(token, "local"))
        return mk_token_is(token + 1, "function") ? function_head(s, i + 1, true) : name_list(s, i + 1);
    if (mk_token_is(token, "for"))
        return name_list(s, i + 1); /* visible in the surrounding block too: no harm */
    if (mk_token_is(token, "function"))
        return function_head(s, i, false);
    if (is_keyword(token))
        block(s, token);
    else
        use(s, i);
    return i + 1;
}

int mk_check_globals(json_t *problems, const char *file, const mk_tokens *tokens)
{
    scopes *s = mk_calloc(1, sizeof *s);
    if (!s)
        return MK_ENOMEM;
    s->problems = problems;
    s->file = file;
    s->tokens = tokens;
    read_known(s);
    for (size_t i = 0; i < tokens->count && !s->lost && !s->err;)
        i = step(s, i);
    const int err = s->err;
    mk_free(s);
    return err;
}
