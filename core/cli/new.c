/* new.c - `meterkey new`: an adapter to begin with, and a first case that it passes (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/record.h"
#include "script/embedded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 10 };

static const char templates[] = "runtime/templates/";

/* A template as the binary carries it, "plain.lua"; NULL if there is none. */
static const mk_embedded *template_of(const char *name, const char *end)
{
    char path[160];
    snprintf(path, sizeof path, "%s%.60s%s", templates, name, end);
    for (const mk_embedded *file = mk_embedded_files; file->path; file++)
        if (!strcmp(file->path, path))
            return file;
    return NULL;
}

/* What stands for a mark. */
typedef struct mark {
    const char *name, *value;
    size_t len;
} mark;

/* text with its marks replaced, each by its value. */
static int fill(mk_buf *out, const char *text, size_t size, const mark *marks)
{
    int err = MK_OK;
    for (size_t at = 0; at < size && !err;) {
        const mark *m = marks;
        while (m->name && (size - at < strlen(m->name) || strncmp(text + at, m->name, strlen(m->name)) != 0))
            m++;
        err = m->name ? mk_buf_add(out, m->value, m->len) : mk_buf_addc(out, text[at]);
        at += m->name ? strlen(m->name) : 1;
    }
    return err;
}

/* Of every template: @HOST@ is the id as a host name is written. */
static int fill_names(mk_buf *out, const char *text, size_t size, const char *id, const char *name)
{
    char host[64];
    snprintf(host, sizeof host, "%s", id);
    for (char *c = host; *c; c++)
        *c = *c == '_' ? '-' : *c;
    const mark marks[] = { { "@ID@", id, strlen(id) }, { "@NAME@", name, strlen(name) }, { "@HOST@", host, strlen(host) }, { NULL, NULL, 0 } };
    return fill(out, text, size, marks);
}

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
    return len >= 2 && len <= 40 && *id >= 'a' && *id <= 'z' && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* --- identity providers' families ---------------------------------------------------- */

static void list_families(FILE *to)
{
    const char *comma = "";
    for (const mk_embedded *file = mk_embedded_files; file->path; file++) {
        const size_t front = sizeof templates - 1, len = strlen(file->path);
        if (strncmp(file->path, templates, front) != 0 || len < front + 5 || strcmp(file->path + len - 4, ".txt") != 0)
            continue;
        fprintf(to, "%s%.*s", comma, (int)(len - front - 4), file->path + front);
        comma = ", ";
    }
    fputc('\n', to);
}

static int check_family(const mk_args *args, const char *family)
{
    if (!family || template_of(family, ".txt"))
        return 0;
    mk_args_say(args, 2, "--idp %s: there is no such family", family);
    fprintf(stderr, "Families: ");
    list_families(stderr);
    return 2;
}

/* The part of a family's template under "--- name", without its last line feed; all before the first such line is "idp". */
static mark part_of(const mk_embedded *file, const char *name, const char *as)
{
    char line[40];
    snprintf(line, sizeof line, "--- %s\n", name);
    const char *end = file->data + file->len;
    const char *from = strcmp(name, "idp") == 0 ? file->data : memmem(file->data, file->len, line, strlen(line));
    if (!from)
        return (mark){ as, "", 0 };
    from += from == file->data ? 0 : strlen(line);
    const char *to = memmem(from, (size_t)(end - from), "\n--- ", 5);
    to = to ? to : end - 1;
    return (mark){ as, from, (size_t)(to - from) };
}

/* An adapter on an identity provider of that family: the frame that all have, with the family's parts in it. */
static int with_family(mk_buf *out, const char *family, const char *id, const char *name)
{
    const mk_embedded *frame = template_of("family", ".in"), *parts = template_of(family, ".txt");
    const mark marks[] = { part_of(parts, "idp", "@IDP@"), part_of(parts, "hosts", "@HOSTS@"), part_of(parts, "sign_in", "@SIGN_IN@"),
                           part_of(parts, "sign_out", "@SIGN_OUT@"), { NULL, NULL, 0 } };
    mk_buf whole;
    mk_buf_init(&whole, TEXT_MAX);
    int err = fill(&whole, frame->data, frame->len, marks);
    if (!err)
        err = fill_names(out, whole.data, whole.len, id, name);
    mk_buf_free(&whole);
    return err;
}

static int adapter_text(mk_buf *out, const char *family, const char *id, const char *name)
{
    const mk_embedded *plain = template_of("plain", ".lua");
    return family ? with_family(out, family, id, name) : fill_names(out, plain->data, plain->len, id, name);
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

/* The plain adapter's case, which a portal that it fits would answer, with what the adapter makes of it. */
static int first_case(json_t **out, const char *id, const char *name, const mk_version *version)
{
    mk_buf text;
    json_t *seen = NULL;
    char why[300];
    mk_buf_init(&text, TEXT_MAX);
    const mk_embedded *plain = template_of("plain", ".json");
    int err = fill_names(&text, plain->data, plain->len, id, name);
    if (!err)
        err = mk_case_read(out, text.data, text.len, why, sizeof why);
    if (!err)
        err = mk_case_play(&seen, *out, version, NULL, why, sizeof why);
    if (!err)
        err = mk_case_accept(*out, seen);
    json_decref(seen);
    mk_buf_free(&text);
    return err;
}

/* A family's portal answers in ways that nobody can make up: its first case is recorded. */
static int write_files(const mk_args *args, const mk_found *found, const char *scripts, const char *name, bool with_case)
{
    mk_version *version = NULL;
    json_t *problems = json_array(), *doc = NULL;
    char path[4400] = "";
    int err = problems ? mk_check_adapter(problems, found, scripts, NULL, &version) : MK_ENOMEM;
    if (!err && (!version || mk_check_errors(problems))) {
        mk_check_print(problems, stderr);
        err = MK_EPARSE;
    }
    if (!err && with_case)
        err = first_case(&doc, found->id, name, version);
    if (!err)
        err = make_folders(scripts);
    if (!err)
        err = mk_write_file(found->path, found->text.data, found->text.len, false);
    if (!err && with_case)
        err = mk_record_save(path, sizeof path, found, scripts, "first", doc);
    if (!err)
        printf("%s\n%s%s", found->path, path, with_case ? "\n" : "");
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
    int err = adapter_text(&found.text, family, id, name);
    status = err ? mk_args_say(args, 1, "%s", mk_err_text(err)) : write_files(args, &found, scripts, name, !family);
    mk_buf_free(&found.text);
    if (!status)
        fprintf(stderr, "Try: meterkey check %s%s%s. Then set portal and hosts, and `meterkey run %s --report page.html`.\n", id,
                family ? "" : " && meterkey test ", family ? "" : id, id);
    return status;
}
