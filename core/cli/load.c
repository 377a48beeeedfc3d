/* load.c - an adapter's version from its text, and what is wrong with it told (layer cli) */
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "cli/drive.h"
#include "cli/find.h"

#include <stdio.h>
#include <string.h>

int mk_find_version(mk_version **out, const mk_found *found, const char *runtime, json_t **problems)
{
    const mk_module_source source = { .arg = (void *)runtime, .text = mk_module_text };
    return mk_version_build(out, found->name, found->text.data, found->text.len, &source, problems);
}

static const char *text_of(const json_t *problem, const char *key)
{
    const char *text = json_string_value(json_object_get(problem, key));
    return text ? text : "";
}

static void say_problem(const char *path, const json_t *problem)
{
    const json_int_t line = json_integer_value(json_object_get(problem, "line"));
    const json_int_t col = json_integer_value(json_object_get(problem, "col"));
    const char *file = text_of(problem, "file");
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, file) == 0)
        file = path; /* as it was given, so that an editor can jump there */
    fprintf(stderr, "%s:%lld:%lld: %s\n", file, (long long)line, (long long)col, text_of(problem, "message"));
}

/* adapter.load with the first problem in its words and all of them as evidence. */
static mk_fault *fault_of(const json_t *problems)
{
    const json_t *first = json_array_get(problems, 0);
    const char *code = text_of(first, "code");
    char place[300];
    snprintf(place, sizeof place, "%s:%lld", text_of(first, "file"),
             (long long)json_integer_value(json_object_get(first, "line")));
    mk_fault *fault = mk_fault_new(*code ? code : "adapter.load", "%s: %s", place, text_of(first, "message"));
    if (!fault)
        return NULL;
    fault->script = mk_strdup(place);
    mk_fault_evidence(fault, "problems", json_deep_copy(problems));
    return fault;
}

static int cannot_load(const mk_found *found, const json_t *problems, json_t **object)
{
    const json_t *problem;
    size_t i;
    json_array_foreach(problems, i, problem)
        say_problem(found->path, problem);
    mk_fault *fault = fault_of(problems);
    const int status = fault ? mk_fault_exit(fault->kind->code) : 1;
    if (fault && object)
        *object = mk_drive_error(found->id, NULL, fault);
    mk_fault_free(fault);
    return status;
}

/* A file that is there and is no script: adapter.load too, without a line. */
static int cannot_read(const mk_args *args, const char *adapter, const char *why, json_t **object)
{
    mk_args_say(args, 0, "%s", why);
    mk_fault *fault = mk_fault_new("adapter.load", "%s", why);
    if (fault && object)
        *object = mk_drive_error(adapter, NULL, fault);
    mk_fault_free(fault);
    return mk_fault_exit("adapter.load");
}

int mk_find_adapter(mk_version **out, const mk_args *args, const mk_shared *shared, const char *adapter, json_t **object)
{
    mk_found found;
    char why[400] = "";
    json_t *problems = NULL;
    int err = mk_find_text(&found, adapter, shared->scripts, why, sizeof why);
    if (err == MK_ENOENT)
        return mk_args_say(args, 2, "%s", why);
    if (err == MK_ENOMEM)
        return mk_args_say(args, 1, "%s", why);
    if (err)
        return cannot_read(args, adapter, why, object);
    int status = 0;
    err = mk_find_version(out, &found, shared->runtime, &problems);
    if (err == MK_EPARSE)
        status = cannot_load(&found, problems, object);
    else if (err)
        status = mk_args_say(args, 1, "%s: %s", found.path, mk_err_text(err));
    json_decref(problems);
    mk_found_free(&found);
    return status;
}
