/* check_forms.c - names that a script sets on forms and the recorded pages' forms lack (layer cli)
 *
 * The only check that runs the script: on its cases, without a network. A name that a form lacks is sent all the same
 * (contract.md section 2); mostly it is a mistake. */
#include "base/err.h"
#include "base/mem.h"
#include "cli/casefile.h"
#include "cli/check.h"

#include <string.h>

typedef struct forms {
    json_t *problems, *added; /* names seen, as keys */
    const char *file;
    const mk_tokens *tokens;
    const mk_version *version;
    int err;
} forms;

static void on_note(void *arg, mk_session *session, const char *kind, const json_t *data)
{
    forms *f = arg;
    (void)session;
    const char *name = json_string_value(json_object_get(data, "name"));
    if (!strcmp(kind, "field_added") && name && json_object_set_new_nocheck(f->added, name, json_true()))
        f->err = MK_ENOMEM;
}

static bool play(void *arg, const char *name, const char *path, mk_bytes text)
{
    forms *f = arg;
    mk_watch watch = { .arg = f, .note = on_note };
    char why[300];
    json_t *doc = NULL, *seen = NULL;
    (void)name;
    (void)path;
    int err = mk_case_read(&doc, text.data, text.len, why, sizeof why);
    if (!err)
        err = mk_case_play(&seen, doc, f->version, &watch, why, sizeof why);
    if (err == MK_ENOMEM)
        f->err = err;
    json_decref(doc);
    json_decref(seen);
    return !f->err; /* a case that does not play is `test`'s matter */
}

/* Where the script writes the name: as a field, or as a string. */
static const mk_token *place(const mk_tokens *tokens, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 1; i < tokens->count; i++) {
        const mk_token *token = &tokens->list[i];
        if (token->text.len != len || memcmp(token->text.data, name, len) != 0)
            continue;
        const bool sets = mk_token_is(token + 1, "=") || mk_token_is(token + 1, ",");
        if ((token->kind == MK_LEX_NAME && mk_token_is(token - 1, ".") && sets) || (token->kind == MK_LEX_STRING && token->plain))
            return token;
    }
    return NULL;
}

int mk_check_forms(json_t *problems, const char *file, const mk_tokens *tokens, const mk_found *found, const char *scripts,
                   const mk_version *version)
{
    forms f = { .problems = problems, .added = json_object(), .file = file, .tokens = tokens, .version = version };
    const char *name;
    json_t *one;
    int err = f.added ? mk_case_all(found, scripts, play, &f) : MK_ENOMEM;
    err = f.err ? f.err : err == MK_EIO ? MK_OK : err;
    json_object_foreach(f.added, name, one) {
        const mk_token *at = err ? NULL : place(tokens, name);
        if (at)
            err = mk_check_say(problems, file, at->line, at->col, "warning", "no form of the recorded pages has a field '%s': it is added", name);
    }
    json_decref(f.added);
    return err;
}
