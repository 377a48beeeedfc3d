/* test.c - `meterkey test`: an adapter against its recorded cases, without a network (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/casefile.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/reel.h"
#include "cli/session_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct testing {
    json_t *results;  /* of --json, or NULL */
    const mk_args *args;
    const char *scripts;
    bool accept;
    const mk_version *version; /* of the adapter at hand */
    const char *id;
    size_t of_this, cases, differ, accepted;
    int status; /* of what went wrong with us */
} testing;

static void say(testing *t, const char *name, const char *outcome, const char *more)
{
    if (!t->results)
        printf("%-8s %s/%s%s%s\n", outcome, t->id, name, *more ? ": " : "", more);
    else
        json_array_append_new(t->results, json_pack("{s:s, s:s, s:s, s:s}", "utility", t->id, "case", name, "outcome", outcome, "message", more));
}

/* What was seen becomes what is expected. */
static void take_over(testing *t, const char *name, const char *path, json_t *doc, const json_t *seen)
{
    mk_buf text;
    mk_buf_init(&text, MK_CASE_MAX);
    if (!path) {
        say(t, name, "differs", "it is built in: copy the adapter and its cases first");
        t->differ++;
    } else if (json_object_get(seen, "stray")) {
        say(t, name, "differs", "it asks for what the case has no response to: record it anew");
        t->differ++;
    } else if (mk_case_accept(doc, seen) || mk_case_write(&text, doc) || mk_write_file(path, text.data, text.len, false)) {
        t->status = mk_args_say(t->args, 1, "%s: cannot be written: %s", path, strerror(errno));
    } else {
        say(t, name, "accepted", "");
        t->accepted++;
    }
    mk_buf_free(&text);
}

static int judge(testing *t, const char *name, const char *path, json_t *doc, const json_t *seen)
{
    mk_buf diff;
    bool same = false;
    mk_buf_init(&diff, 1 << 20);
    const int err = mk_case_compare(doc, seen, &same, &diff);
    if (!err && same) {
        say(t, name, "ok", "");
    } else if (!err && t->accept) {
        take_over(t, name, path, doc, seen);
        if (!t->results)
            fputs(diff.data, stdout);
    } else if (!err) {
        say(t, name, "differs", t->results ? diff.data : "");
        if (!t->results)
            fputs(diff.data, stdout);
        t->differ++;
    }
    mk_buf_free(&diff);
    return err;
}

static bool wanted(const testing *t, const char *name)
{
    const char *one;
    for (size_t i = 0; (one = mk_args_at(t->args, "--case", i)); i++)
        if (!strcmp(one, name))
            return true;
    return !mk_args_at(t->args, "--case", 0);
}

static bool one_case(void *arg, const char *name, const char *path, mk_bytes text)
{
    testing *t = arg;
    char why[300] = "";
    json_t *doc = NULL, *seen = NULL;
    mk_watch *watches = NULL;
    t->of_this++;
    if (!wanted(t, name))
        return true;
    t->cases++;
    if (mk_session_command_look(&watches, t->args)) {
        t->status = 2;
        return false;
    }
    int err = mk_case_read(&doc, text.data, text.len, why, sizeof why);
    if (!err)
        err = mk_case_play(&seen, doc, t->version, watches, why, sizeof why);
    mk_watch_free(&watches);
    if (!err)
        err = judge(t, name, path, doc, seen);
    if (err == MK_ENOMEM || (err && !*why)) {
        t->status = mk_args_say(t->args, 1, "%s/%s: %s", t->id, name, mk_err_text(err));
    } else if (err) {
        say(t, name, "broken", why);
        t->differ++;
    }
    json_decref(doc);
    json_decref(seen);
    return t->status != 1;
}

static void with_version(testing *t, const mk_found *found)
{
    json_t *problems = NULL;
    mk_version *version = NULL;
    const int err = mk_find_version(&version, found, mk_args_get(t->args, "--runtime"), &problems);
    if (err) {
        mk_check_print(problems, stderr);
        t->status = err == MK_EPARSE ? 14 : mk_args_say(t->args, 1, "%s: %s", found->name, mk_err_text(err));
    } else {
        t->version = version;
        t->id = found->id;
        t->of_this = 0;
        const int all = mk_case_all(found, t->scripts, one_case, t);
        if (all)
            t->status = mk_args_say(t->args, 1, "the cases of %s: %s", found->id, mk_err_text(all));
    }
    mk_version_unref(version);
    json_decref(problems);
}

static bool one_adapter(void *arg, const char *adapter)
{
    testing *t = arg;
    mk_found found = { 0 };
    char why[300] = "";
    if (mk_find_text(&found, adapter, t->scripts, why, sizeof why)) {
        t->status = mk_args_say(t->args, 2, "%s", why);
        return true;
    }
    with_version(t, &found);
    if (t->args->operand_count && !t->of_this && !t->status)
        fprintf(stderr, "%s has no cases; `meterkey record %s CASE` makes one\n", found.id, adapter);
    mk_found_free(&found);
    return t->status != 1;
}

int mk_cmd_test(const mk_args *args)
{
    testing t = { .args = args, .scripts = mk_args_get(args, "--scripts"), .accept = mk_args_has(args, "--accept") };
    int err = MK_OK;
    if ((mk_args_has(args, "--trace") || mk_args_has(args, "--report")) && (!mk_args_at(args, "--case", 0) || mk_args_at(args, "--case", 1)))
        return mk_args_say(args, 2, "--trace and --report show one case: say which with --case");
    t.results = mk_args_has(args, "--json") ? json_array() : NULL;
    for (size_t i = 0; i < args->operand_count && t.status != 1; i++)
        one_adapter(&t, args->operands[i]);
    if (!args->operand_count)
        err = mk_find_all(t.scripts, one_adapter, &t);
    if (err)
        return mk_args_say(args, 1, "%s", mk_err_text(err));
    if (t.results)
        mk_drive_put_json(t.results);
    json_decref(t.results);
    fflush(stdout);
    if (mk_args_at(args, "--case", 0) && !t.cases && !t.status)
        t.status = mk_args_say(args, 2, "there is no such case");
    fprintf(stderr, "%zu case%s, %zu differ%s", t.cases, t.cases == 1 ? "" : "s", t.differ, t.differ == 1 ? "s" : "");
    if (t.accepted)
        fprintf(stderr, ", %zu accepted", t.accepted);
    fprintf(stderr, "\n");
    return t.status ? t.status : t.differ ? 14 : 0;
}
