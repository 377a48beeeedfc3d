/* stage.c - the hidden command `meterkey stage`: one adapter built and tried for `meterkey serve`, which runs none itself (layer cli)
 *
 * Prints one frame: the version with its manifest, or what is wrong with it. It ends by itself whatever the adapter does, writes nothing
 * but that frame, and reads nothing but the folders of adapters and modules: a file that gets out of Lua's sandbox is no further. */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/casefile.h"
#include "cli/command.h"
#include "script/folders.h"
#include "vault/sign.h"
#include "worker/confine.h"
#include "worker/frame.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECONDS = 20, PROBLEMS = 50, REFUSED = 14, OUT_MAX = 16 << 20, PATHS = 4200, FOLDERS = 12 };

typedef struct staging {
    const char *utility;
    const mk_version *version;
    char signature[200]; /* as it lies beside the adapter, or nothing */
    json_t *problems;
    size_t cases;
    int err; /* out of memory */
} staging;

/* What the alarm says: made before anything of the adapter runs. */
static mk_buf late;

static void on_alarm(int number)
{
    (void)number;
    const ssize_t ignored = write(STDOUT_FILENO, late.data, late.len);
    (void)ignored;
    _exit(REFUSED);
}

static int put(mk_buf *out, json_t *head, mk_bytes blob)
{
    const int err = head ? mk_frame_write(out, head, blob) : MK_ENOMEM;
    json_decref(head);
    return err;
}

static int set_alarm(const char *utility, unsigned seconds)
{
    mk_buf_init(&late, OUT_MAX);
    json_t *head = json_pack("{s:s, s:[{s:s, s:i, s:o}]}", "utility", utility, "problems", "file", utility, "line", 0, "message",
                             json_sprintf("building it and playing its cases took over %u seconds", seconds));
    const int err = put(&late, head, (mk_bytes){ "", 0 });
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
    alarm(seconds);
    return err;
}

/* --- sealed off -------------------------------------------------------------------------- */

typedef struct folders {
    char room[FOLDERS][PATHS];
    const char *list[FOLDERS + 1];
    size_t count;
} folders;

static void allow(folders *all, const char *base, const char *below)
{
    if (all->count == FOLDERS || (size_t)snprintf(all->room[all->count], PATHS, "%s/%s", base, below) >= PATHS)
        return;
    all->list[all->count] = all->room[all->count];
    all->count++;
}

/* Where an adapter named so, its signature, its cases and its modules can lie. Links that lead elsewhere are not followed. */
static void list_folders(folders *all, const mk_args *args)
{
    char base[PATHS];
    const char *adapter = args->operands[0], *slash = strrchr(adapter, '/'), *folder;
    const char *scripts = mk_args_get(args, "--scripts"), *runtime = mk_args_get(args, "--runtime");
    if (slash || strstr(adapter, ".lua")) {
        snprintf(base, sizeof base, "%.*s", slash ? (int)(slash - adapter) : 1, slash ? adapter : ".");
        allow(all, base, ".");
        allow(all, base, "../cases");
    }
    for (size_t i = 0; (folder = mk_scripts_folder(scripts, i, base, sizeof base)); i++) {
        allow(all, folder, "utilities");
        allow(all, folder, "cases");
    }
    if (runtime)
        allow(all, runtime, "meterkey");
}

static int seal(const mk_args *args, char *why, size_t cap)
{
    char reason[300] = "";
    mk_confined confined;
    const char *require = mk_args_get(args, "--require-confinement");
    folders *all = mk_calloc(1, sizeof *all);
    if (!all)
        return MK_ENOMEM;
    list_folders(all, args);
    const mk_confine_options options = { .require = !require || strcmp(require, "no") != 0, .folders = all->list };
    const int err = mk_worker_confine(&confined, &options, reason, sizeof reason);
    if (err)
        snprintf(why, cap, "what builds it cannot be sealed off: %.240s", *reason ? reason : mk_err_text(err));
    mk_free(all);
    return err;
}

/* --- what is wrong with it ------------------------------------------------------------------ */

/* A problem that cannot be told must not make the version look sound. */
static void add(staging *s, const char *file, long long line, const char *message)
{
    if (json_array_size(s->problems) >= PROBLEMS)
        return;
    if (!file || !mk_utf8_valid(file, strlen(file)))
        file = s->utility;
    if (!message || !mk_utf8_valid(message, strlen(message)))
        message = "it differs in what is no text";
    if (json_array_append_new(s->problems, json_pack("{s:s, s:I, s:s}", "file", file, "line", (json_int_t)line, "message", message)))
        s->err = MK_ENOMEM;
}

/* Those of mk_version_build, without what only an editor asks for. */
static void add_all(staging *s, const json_t *found)
{
    size_t i;
    json_t *one;
    json_array_foreach(found, i, one)
        add(s, json_string_value(json_object_get(one, "file")), json_integer_value(json_object_get(one, "line")),
            json_string_value(json_object_get(one, "message")));
}

static int play(staging *s, const char *file, mk_bytes text, char *why, size_t cap)
{
    mk_buf diff;
    bool same = false;
    json_t *doc = NULL, *seen = NULL;
    mk_buf_init(&diff, 1 << 20);
    int err = mk_case_read(&doc, text.data, text.len, why, cap);
    if (!err)
        err = mk_case_play(&seen, doc, s->version, NULL, why, cap);
    if (!err)
        err = mk_case_compare(doc, seen, &same, &diff);
    if (!err && !same)
        add(s, file, 0, diff.data);
    mk_buf_free(&diff);
    json_decref(doc);
    json_decref(seen);
    return err;
}

static bool one_case(void *arg, const char *name, const char *path, mk_bytes text)
{
    staging *s = arg;
    char file[300], why[300] = "";
    (void)path;
    snprintf(file, sizeof file, "cases/%s/%s.json", s->utility, name);
    const int err = play(s, file, text, why, sizeof why);
    if (err)
        add(s, file, 0, *why ? why : mk_err_text(err));
    s->cases++;
    return true;
}

static void try_cases(staging *s, const mk_found *found, const char *scripts)
{
    const int err = mk_case_all(found, scripts, one_case, s);
    if (err)
        add(s, found->name, 0, "its cases cannot be read");
}

static int answer(mk_buf *out, const staging *s)
{
    mk_buf bytes;
    if (json_array_size(s->problems))
        return put(out, json_pack("{s:s, s:O}", "utility", s->utility, "problems", s->problems), (mk_bytes){ "", 0 });
    mk_buf_init(&bytes, OUT_MAX);
    int err = mk_version_save(s->version, &bytes);
    if (!err)
        err = put(out, json_pack("{s:s, s:s, s:o, s:I, s:s}", "utility", s->utility, "hash", mk_version_hash(s->version), "manifest",
                                 mk_manifest_json(mk_version_manifest(s->version)), "cases", (json_int_t)s->cases, "signature", s->signature),
                  (mk_bytes){ bytes.data, bytes.len });
    mk_buf_free(&bytes);
    return err;
}

/* --- built ---------------------------------------------------------------------------------- */

/* ID.sig beside ID.lua. */
static void read_signature(staging *s, const char *path)
{
    char file[PATHS];
    const size_t len = path ? strlen(path) : 0;
    if (len < 5 || (size_t)snprintf(file, sizeof file, "%.*s.sig", (int)(len - 4), path) >= sizeof file)
        return;
    FILE *in = fopen(file, "r");
    if (in && (!fgets(s->signature, sizeof s->signature, in) || !mk_utf8_valid(s->signature, strlen(s->signature))))
        s->signature[0] = '\0';
    if (in)
        fclose(in);
}

/* Where signatures are asked for: told before anything that is not signed is compiled, let alone run. MK_OK, MK_EPARSE (told). */
static int check_signature(staging *s, const char *keys, const mk_version *version, const char *name)
{
    mk_buf bytes;
    mk_buf_init(&bytes, OUT_MAX);
    const int err = keys ? mk_version_save(version, &bytes) : MK_OK;
    const char *why = err ? NULL : mk_sign_missing(keys, s->signature, bytes.data, bytes.len);
    mk_buf_free(&bytes);
    if (why)
        add(s, name, 0, why);
    return why ? MK_EPARSE : err;
}

static int build(staging *s, const mk_args *args, const mk_found *found, mk_version **out)
{
    const mk_module_source source = { .arg = (void *)mk_args_get(args, "--runtime"), .text = mk_module_text };
    json_t *problems = json_array();
    mk_version *version = NULL;
    int err = problems ? mk_version_collect(&version, found->name, found->text.data, found->text.len, &source, problems) : MK_ENOMEM;
    if (!err)
        err = check_signature(s, mk_args_get(args, "--signed-by"), version, found->name);
    if (!err)
        err = mk_version_finish(version, problems);
    if (!json_array_size(s->problems))
        add_all(s, problems);
    if (err && !json_array_size(s->problems))
        add(s, found->name, 0, mk_err_text(err));
    if (err)
        mk_version_unref(version);
    else
        *out = version;
    json_decref(problems);
    return err;
}

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static void stage(staging *s, const mk_args *args, mk_found *found)
{
    char why[300] = "";
    mk_version *version = NULL;
    const char *scripts = mk_args_get(args, "--scripts");
    int err = seal(args, why, sizeof why);
    if (!err && !(err = mk_find_text(found, args->operands[0], scripts, why, sizeof why)))
        why[0] = '\0';
    else if (is_link(args->operands[0]))
        snprintf(why + strlen(why), sizeof why - strlen(why), " (a link must not lead out of the adapters' folder)");
    if (err) {
        add(s, s->utility, 0, why);
        return;
    }
    read_signature(s, found->path);
    err = build(s, args, found, &version);
    s->version = version;
    if (!err)
        try_cases(s, found, scripts);
}

/* The id that a file's name says. */
static void name_of(const char *adapter, char *out, size_t cap)
{
    const char *slash = strrchr(adapter, '/');
    const char *name = slash ? slash + 1 : adapter;
    const size_t len = strlen(name);
    snprintf(out, cap, "%.*s", len > 4 && !strcmp(name + len - 4, ".lua") ? (int)(len - 4) : (int)len, name);
}

int mk_cmd_stage(const mk_args *args)
{
    char utility[128];
    const char *seconds = mk_args_get(args, "--seconds");
    mk_buf out;
    mk_found found = { .path = NULL };
    staging s = { .utility = utility, .problems = json_array() };
    name_of(args->operands[0], utility, sizeof utility);
    mk_buf_init(&out, OUT_MAX);
    int err = s.problems ? set_alarm(utility, seconds ? (unsigned)strtoul(seconds, NULL, 10) : SECONDS) : MK_ENOMEM;
    if (!err)
        stage(&s, args, &found);
    if (!err)
        err = s.err;
    if (!err)
        err = answer(&out, &s);
    alarm(0); /* from here on what reads is trusted, and there must be no second frame */
    const bool refused = json_array_size(s.problems) > 0;
    if (!err && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout)))
        err = MK_EIO;
    mk_version_unref((mk_version *)(uintptr_t)s.version);
    mk_found_free(&found);
    json_decref(s.problems);
    mk_buf_free(&out);
    mk_buf_free(&late);
    const int status = err ? mk_args_say(args, 1, "%s", mk_err_text(err)) : refused ? REFUSED : 0;
    fflush(NULL);
    _exit(status); /* what a sanitizer does at the end needs more than is left */
}
