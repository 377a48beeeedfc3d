/* utilities.c - the command `utilities`: what there are adapters for (layer cli) */
#include "base/err.h"
#include "cli/command.h"
#include "cli/drive.h"
#include "cli/find.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct matrix {
    const mk_args *args;
    const char *scripts, *runtime, *mfa;
    json_t *list;
    int broken; /* adapters that do not load: told, and left out */
    int err;
} matrix;

static void say_broken(matrix *all, const char *id, const char *why)
{
    all->broken++;
    mk_args_say(all->args, 0, "%s is left out: %s", id, why);
}

static void add_version(matrix *all, const mk_version *version)
{
    json_t *entry = mk_manifest_json(mk_version_manifest(version));
    json_t *mfa = json_object_get(entry, "mfa");
    if (entry && all->mfa && mfa)
        json_object_set_new(mfa, "policy", json_string(all->mfa));
    if (!entry || json_object_set_new(entry, "version", json_string(mk_version_hash(version))) != 0 ||
        json_array_append(all->list, entry) != 0)
        all->err = MK_ENOMEM;
    json_decref(entry);
}

static bool add(void *arg, const char *id)
{
    matrix *all = arg;
    mk_found found;
    mk_version *version = NULL;
    json_t *problems = NULL;
    char why[400] = "";
    int err = mk_find_text(&found, id, all->scripts, why, sizeof why);
    if (err) {
        say_broken(all, id, why);
        return true;
    }
    err = mk_find_version(&version, &found, all->runtime, &problems);
    if (err == MK_EPARSE) {
        const json_t *first = json_array_get(problems, 0);
        const char *message = json_string_value(json_object_get(first, "message"));
        snprintf(why, sizeof why, "%s:%lld: %s", found.path, (long long)json_integer_value(json_object_get(first, "line")),
                 message ? message : "");
        say_broken(all, id, why);
    } else if (err) {
        all->err = err;
    } else {
        add_version(all, version);
    }
    json_decref(problems);
    mk_version_unref(version);
    mk_found_free(&found);
    return !all->err;
}

static bool print_id(void *arg, const char *id)
{
    (void)arg;
    puts(id);
    return true;
}

/* A list of words as one text; its width in the table is that of all of them. */
static json_t *words(const json_t *list)
{
    mk_buf buf;
    const json_t *word;
    size_t i;
    mk_buf_init(&buf, 4096);
    json_array_foreach(list, i, word)
        mk_buf_addf(&buf, "%s%s", i ? ", " : "", json_string_value(word) ? json_string_value(word) : "");
    json_t *text = json_string(buf.data);
    mk_buf_free(&buf);
    return text;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int print_table(const json_t *list)
{
    static const char *const titles[] = { "id", "name", "services", "MFA", "kinds", "evidence", "version", NULL };
    const json_t *entry;
    size_t i;
    json_t *rows = json_array();
    bool ok = rows != NULL;
    json_array_foreach(list, i, entry) {
        const json_t *mfa = json_object_get(entry, "mfa");
        json_t *row = json_pack("[s, s, o, s, o, s, s]", text_at(entry, "id"), text_at(entry, "name"),
                                words(json_object_get(entry, "services")), text_at(mfa, "policy"),
                                words(json_object_get(mfa, "kinds")), text_at(entry, "evidence"), text_at(entry, "version"));
        ok = json_array_append_new(rows, row) == 0 && ok;
    }
    if (ok)
        mk_table_print(stdout, titles, rows);
    json_decref(rows);
    return ok ? 0 : 1;
}

static int print(const mk_args *args, json_t *list)
{
    if (!mk_args_has(args, "--json"))
        return print_table(list);
    json_t *object = json_pack("{s:O}", "utilities", list);
    const int status = object ? mk_drive_put_json(object) : 1;
    json_decref(object);
    return status;
}

int mk_cmd_utilities(const mk_args *args)
{
    matrix all = { .args = args };
    mk_shared shared;
    int status = mk_shared_read(&shared, args);
    if (status)
        return status;
    all.scripts = shared.scripts;
    all.runtime = shared.runtime;
    all.mfa = shared.mfa;
    all.list = json_array();
    if (mk_args_has(args, "--ids"))
        all.err = mk_find_all(all.scripts, print_id, NULL);
    else if (!all.list || mk_find_all(all.scripts, add, &all))
        all.err = MK_ENOMEM;
    if (all.err)
        status = mk_args_say(args, 1, "%s", mk_err_text(all.err));
    else if (!mk_args_has(args, "--ids"))
        status = print(args, all.list);
    json_decref(all.list);
    mk_shared_free(&shared);
    return status ? status : all.broken ? mk_fault_exit("adapter.load") : 0;
}
