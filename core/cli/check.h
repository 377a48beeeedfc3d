/* check.h - what can be said of an adapter without running it (layer cli)
 *
 * Problems are objects {"file","line","col","message","level"}; level "error" or "warning". */
#ifndef MK_CLI_CHECK_H
#define MK_CLI_CHECK_H
#include "cli/find.h"
#include "script/lex.h"

#include <stdio.h>

/* --- tokens of a script, for the checks below (check_tokens.c) ----------- */
typedef struct mk_token {
    enum mk_lex_kind kind;
    mk_bytes text; /* as mk_lex has it */
    bool plain;
    bool joined;   /* nothing stands between it and the one before: tells `..` and `::` from two marks */
    int line, col;
} mk_token;
typedef struct mk_tokens {
    mk_token *list; /* ends with one of MK_LEX_END; some more follow, so that looking ahead needs no care */
    size_t count;   /* without the end */
} mk_tokens;
int mk_tokens_read(mk_tokens *out, mk_bytes text); /* MK_OK, MK_ENOMEM. The text must outlive it */
void mk_tokens_free(mk_tokens *tokens);
bool mk_token_is(const mk_token *token, const char *word); /* that name, keyword or mark; never a string */
/* The token just past what list[at] opens: ( [ { ; or count. */
size_t mk_tokens_past(const mk_tokens *tokens, size_t at);

/* MK_OK, MK_ENOMEM. */
int mk_check_say(json_t *problems, const char *file, int line, int col, const char *level, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Globals that a script uses or sets and that the sandbox lacks, by scopes alone (check_globals.c). MK_OK, MK_ENOMEM. */
int mk_check_globals(json_t *problems, const char *file, const mk_tokens *tokens);
/* Methods of the session, pages and forms; options of requests; hosts; secrets on their way into a URL; names of credentials
 * (check_calls.c). MK_OK, MK_ENOMEM. */
int mk_check_calls(json_t *problems, const char *file, const mk_tokens *tokens, const mk_manifest *manifest);
/* Names set on forms that have no such field on the pages of the adapter's cases, as warnings (check_forms.c). MK_OK, MK_ENOMEM. */
int mk_check_forms(json_t *problems, const char *file, const mk_tokens *tokens, const mk_found *found, const char *scripts,
                   const mk_version *version);
/* What luacheck says, with the sandbox's names (check_luacheck.c). *ran is false where it is not installed. MK_OK, MK_ENOMEM, MK_EIO. */
int mk_check_luacheck(json_t *problems, const char *file, mk_bytes text, bool *ran);
/* Whether there is a program of that name in PATH. */
bool mk_program_there(const char *name);

/* All of it; scripts (may be NULL) is where its cases are. *version (may be NULL) is set where it could be built. MK_OK (problems may be empty or not), MK_ENOMEM, MK_EIO. */
int mk_check_adapter(json_t *problems, const mk_found *found, const char *scripts, const char *runtime, mk_version **version);
/* How many are errors. */
size_t mk_check_errors(const json_t *problems);
/* Prints them as `file:line:col: message`, in order of place. */
void mk_check_print(const json_t *problems, FILE *to);
#endif
