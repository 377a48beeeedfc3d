/* new.c - `meterkey new`: an adapter to begin with, and a first case that it passes (layer cli) */
#include "base/err.h"
#include "base/suggest.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/record.h"
#include "cli/template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 10 };

/* "north_vale" is North Vale. */
static void name_of(const char *id, char *out, size_t cap)
{
    bool first = true;
    size_t len = 0;
    for (; *id && len + 1 < cap; id++) {
        out[len] = *id == '_' || *id == '-' ? ' ' : first && *id >= 'a' && *id <= 'z' ? (char)(*id - 32) : *id;
        first = out[len++] == ' ';
    }
    out[len] = '\0';
}

static bool id_fits(const char *id)
{
    const size_t len = strlen(id);
    return len >= 2 && len <= 40 && *id >= 'a' && *id <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static int check_family(const mk_args *args, const char *family)
{
    const char *names[MK_TEMPLATE_FAMILIES + 1];
    size_t count = mk_template_families(names);
    while (family && count && strcmp(family, names[count - 1]) != 0)
        count--;
    if (!family || count)
        return 0;
    const char *near = mk_suggest(family, names);
    mk_args_say(args, 2, "--idp %s: there is no such family%s%s%s", family, near ? "; did you mean '" : "",
                near ? near : "", near ? "'?" : "");
    fprintf(stderr, "Families:");
    for (size_t i = 0; names[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    fputc('\n', stderr);
    return 2;
}

/* --- writing --------------------------------------------------------------------------- */

static int make_folders(const char *scripts)
{
    static const char *const names[] = {"", "/utilities", "/cases", NULL};
    char path[4200];
    for (size_t i = 0; names[i]; i++) {
        snprintf(path, sizeof path, "%s%s", scripts, names[i]);
        if (mkdir(path, 0755) && errno != EEXIST)
            return MK_EIO;
    }
    return MK_OK;
}

/* The case that a portal would answer which the adapter fits, with what the adapter makes of it. */
static int first_case(json_t **out, const mk_template *t, const mk_version *version)
{
    json_t *seen = NULL;
    char why[300];
    int err = mk_template_case(out, t);
    if (!err)
        err = mk_case_play(&seen, *out, version, NULL, why, sizeof why);
    if (!err)
        err = mk_case_accept(*out, seen);
    json_decref(seen);
    return err;
}

static int write_files(const mk_args *args, const mk_found *found, const char *scripts, const mk_template *t)
{
    mk_version *version = NULL;
    json_t *problems = json_array(), *doc = NULL;
    char path[4400] = "";
    int err = problems ? mk_check_adapter(problems, found, scripts, NULL, &version) : MK_ENOMEM;
    if (!err && (!version || mk_check_errors(problems))) {
        mk_check_print(problems, stderr);
        err = MK_EPARSE;
    }
    if (!err)
        err = first_case(&doc, t, version);
    if (!err)
        err = make_folders(scripts);
    if (!err)
        err = mk_write_file(found->path, found->text.data, found->text.len, false);
    if (!err)
        err = mk_record_save(path, sizeof path, found, scripts, "first", doc);
    if (!err)
        printf("%s\n%s\n", found->path, path);
    else
        mk_args_say(args, 1, "%s: %s", *path ? path : found->path, err == MK_EIO ? strerror(errno) : mk_err_text(err));
    json_decref(doc);
    json_decref(problems);
    mk_version_unref(version);
    return err ? 1 : 0;
}

static int refuse_overwrite(const mk_args *args, const char *scripts, const char *id)
{
    char path[4400];
    for (size_t i = 0; i < 2; i++) {
        if (i)
            snprintf(path, sizeof path, "%s/cases/%s/first.json", scripts, id);
        else
            snprintf(path, sizeof path, "%s/utilities/%s.lua", scripts, id);
        if (!access(path, F_OK))
            return mk_args_say(args, 2, "%s is there already; nothing was written", path);
    }
    return 0;
}

int mk_cmd_new(const mk_args *args)
{
    const char *id = args->operands[0], *family = mk_args_get(args, "--idp"), *scripts = mk_args_get(args, "--scripts");
    char name[80], path[4200], file[64], id_copy[64];
    scripts = scripts ? scripts : "scripts";
    if (!id_fits(id))
        return mk_args_say(args, 2, "'%s': an id is 2 to 40 small letters, digits and _, a letter first", id);
    int status = check_family(args, family);
    if (!status)
        status = refuse_overwrite(args, scripts, id);
    if (status)
        return status;
    name_of(id, name, sizeof name);
    snprintf(path, sizeof path, "%s/utilities/%s.lua", scripts, id);
    snprintf(file, sizeof file, "%s.lua", id);
    snprintf(id_copy, sizeof id_copy, "%s", id);
    mk_found found = { .path = path, .name = file, .id = id_copy };
    mk_buf_init(&found.text, TEXT_MAX);
    const mk_template template = { .family = family, .id = id, .name = name };
    int err = mk_template_adapter(&found.text, &template);
    status = err ? mk_args_say(args, 1, "%s", mk_err_text(err)) : write_files(args, &found, scripts, &template);
    mk_buf_free(&found.text);
    if (!status)
        fprintf(stderr, "Try: meterkey check %s && meterkey test %s. Then set portal and hosts, and "
                        "`meterkey run %s --report page.html`.\n", id, id, id);
    return status;
}
