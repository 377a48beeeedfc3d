/* check.c - `meterkey check`: an adapter's mistakes without running it against a portal (layer cli) */
#include "cli/check.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/drive.h"
#include "cli/reel.h"

#include <stdlib.h>
#include <string.h>

int mk_check_say(json_t *problems, const char *file, int line, int col, const char *level, const char *format, ...)
{
    mk_buf text;
    va_list args;
    mk_buf_init(&text, 4096);
    va_start(args, format);
    int err = mk_buf_addv(&text, format, args);
    va_end(args);
    json_t *message = err == MK_ENOMEM ? NULL : mk_masked_json(NULL, text.data, text.len);
    json_t *one = message ? json_pack("{s:s, s:i, s:i, s:o, s:s}", "file", file, "line", line, "col", col, "message", message,
                                      "level", level)
                          : NULL;
    mk_buf_free(&text);
    return one && !json_array_append_new(problems, one) ? MK_OK : MK_ENOMEM;
}

static const char *text_at(const json_t *one, const char *key)
{
    const char *text = json_string_value(json_object_get(one, key));
    return text ? text : "";
}

static int number_at(const json_t *one, const char *key)
{
    return (int)json_integer_value(json_object_get(one, key));
}

/* What building the version said, with our level. */
static int take(json_t *problems, const json_t *built, const char *file)
{
    size_t i;
    json_t *one;
    int err = MK_OK;
    json_array_foreach(built, i, one) {
        const char *where = text_at(one, "file");
        err = mk_check_say(problems, *where ? where : file, number_at(one, "line"), number_at(one, "col"), "error", "%s",
                           text_at(one, "message"));
        if (err)
            break;
    }
    return err;
}

/* What needs no version: names. luacheck where it is, else our own. */
static int names(json_t *problems, const char *file, mk_bytes text, const mk_tokens *tokens)
{
    bool ran = false;
    const int err = mk_check_luacheck(problems, file, text, &ran);
    if (err == MK_ENOMEM)
        return err;
    return ran && !err ? MK_OK : mk_check_globals(problems, file, tokens);
}

/* What does not compile has no names worth looking at. */
static bool is_syntax(const json_t *said)
{
    size_t i;
    json_t *one;
    json_array_foreach(said, i, one)
        if (strstr(text_at(one, "message"), " near "))
            return true;
    return false;
}

int mk_check_adapter(json_t *problems, const mk_found *found, const char *scripts, const char *runtime, mk_version **version)
{
    const mk_bytes text = { found->text.data, found->text.len };
    const char *file = *found->path == '(' ? found->name : found->path;
    mk_version *built = NULL;
    json_t *said = NULL;
    mk_tokens tokens = { 0 };
    int err = mk_find_version(&built, found, runtime, &said);
    if (err == MK_EPARSE)
        err = take(problems, said, file);
    const bool compiles = built != NULL;
    if (!err)
        err = mk_tokens_read(&tokens, text);
    if (!err && (compiles || !is_syntax(said)))
        err = names(problems, file, text, &tokens);
    if (!err && compiles)
        err = mk_check_calls(problems, file, &tokens, mk_version_manifest(built));
    if (!err && compiles)
        err = mk_check_forms(problems, file, &tokens, found, scripts, built);
    mk_tokens_free(&tokens);
    json_decref(said);
    if (!err && version)
        *version = built;
    else
        mk_version_unref(built);
    return err;
}

size_t mk_check_errors(const json_t *problems)
{
    size_t count = 0, i;
    json_t *one;
    json_array_foreach(problems, i, one)
        count += strcmp(text_at(one, "level"), "warning") != 0;
    return count;
}

static int by_place(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    const int files = strcmp(text_at(a, "file"), text_at(b, "file"));
    if (files)
        return files;
    const int line = number_at(a, "line") - number_at(b, "line");
    return line ? line : number_at(a, "col") - number_at(b, "col");
}

void mk_check_print(const json_t *problems, FILE *to)
{
    const size_t count = json_array_size(problems);
    const json_t **list = mk_calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = json_array_get(problems, i);
    if (list)
        qsort(list, count, sizeof *list, by_place);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = list ? list[i] : json_array_get(problems, i);
        const bool warning = !strcmp(text_at(one, "level"), "warning");
        fprintf(to, "%s:%d:%d: %s%s\n", text_at(one, "file"), number_at(one, "line"), number_at(one, "col"),
                warning ? "warning: " : "", text_at(one, "message"));
    }
    mk_free(list);
}

/* --- the command ----------------------------------------------------------- */

typedef struct checking {
    const mk_args *args;
    json_t *json; /* of --json, or NULL */
    size_t adapters, errors, warnings;
    int status;
} checking;

static bool check_one(void *arg, const char *adapter)
{
    checking *all = arg;
    mk_found found = { 0 };
    char why[300] = "";
    if (mk_find_text(&found, adapter, mk_args_get(all->args, "--scripts"), why, sizeof why)) {
        all->status = mk_args_say(all->args, 2, "%s", why);
        return true;
    }
    json_t *problems = json_array();
    const int err = problems ? mk_check_adapter(problems, &found, mk_args_get(all->args, "--scripts"), mk_args_get(all->args, "--runtime"), NULL) : MK_ENOMEM;
    if (err)
        all->status = mk_args_say(all->args, 1, "%s: %s", adapter, mk_err_text(err));
    if (all->json)
        json_array_extend(all->json, problems);
    else
        mk_check_print(problems, stdout);
    all->adapters++;
    all->errors += mk_check_errors(problems);
    all->warnings += json_array_size(problems) - mk_check_errors(problems);
    json_decref(problems);
    mk_found_free(&found);
    return !err;
}

int mk_cmd_check(const mk_args *args)
{
    checking all = { .args = args, .json = mk_args_has(args, "--json") ? json_array() : NULL };
    int err = MK_OK;
    for (size_t i = 0; i < args->operand_count; i++)
        check_one(&all, args->operands[i]);
    if (!args->operand_count)
        err = mk_find_all(mk_args_get(args, "--scripts"), check_one, &all);
    if (all.json)
        mk_drive_put_json(all.json);
    json_decref(all.json);
    if (err)
        return mk_args_say(args, 1, "%s", mk_err_text(err));
    fflush(stdout);
    fprintf(stderr, "%zu adapter%s, %zu error%s, %zu warning%s%s\n", all.adapters, all.adapters == 1 ? "" : "s", all.errors,
            all.errors == 1 ? "" : "s", all.warnings, all.warnings == 1 ? "" : "s",
            mk_program_there("luacheck") ? "" : " (luacheck is not installed: unused names and unreachable code were not looked for)");
    return all.status ? all.status : all.errors ? 14 : 0;
}
