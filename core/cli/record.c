/* record.c - `meterkey record`: runs once and keeps what came as a case, scrubbed (layer cli) */
#include "cli/record.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/session_command.h"
#include "cli/tty.h"
#include "parse/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CREDENTIALS_MAX = 64 << 10 };

typedef struct recorder {
    mk_reel reel; /* first: what watches adds to it */
    mk_recording recording;
    json_t *doc;
    bool personal; /* is still in it */
    int err;
    char why[400];
} recorder;

/* --- the case's name and place ---------------------------------------------------- */

static bool name_fits(const char *name)
{
    const size_t len = strlen(name);
    return len && len <= 80 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

/* Makes the folder and those above it. */
static int make_folder(const char *path)
{
    char part[4200];
    const size_t len = strlen(path);
    for (size_t i = 1; i <= len && len < sizeof part; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (mkdir(part, 0755) && errno != EEXIST)
            return MK_EIO;
    }
    return MK_OK;
}

int mk_record_save(char *path, size_t cap, const mk_found *found, const char *scripts, const char *name, const json_t *doc)
{
    mk_buf folder, text;
    mk_buf_init(&folder, 4096);
    mk_buf_init(&text, MK_CASE_MAX);
    int err = mk_case_folder(&folder, found, scripts);
    if (!err)
        err = make_folder(folder.data);
    if (!err)
        err = mk_case_write(&text, doc);
    snprintf(path, cap, "%s/%s.json", folder.data, name);
    if (!err)
        err = mk_write_file(path, text.data, text.len, false);
    mk_buf_free(&folder);
    mk_buf_free(&text);
    return err;
}

/* --- credentials, as they are typed ------------------------------------------------- */

static int ask(json_t *object, const mk_manifest *manifest)
{
    mk_buf line;
    int err = MK_OK;
    mk_buf_init(&line, 4096);
    for (size_t i = 0; i < manifest->credential_count && !err; i++) {
        const mk_credential_field *field = &manifest->credentials[i];
        char prompt[200];
        snprintf(prompt, sizeof prompt, "%.150s: ", field->label ? field->label : field->name);
        mk_buf_clear(&line);
        err = mk_tty_line(&line, prompt, field->secret);
        if (!err && line.len && json_object_set_new(object, field->name, json_stringn(line.data, line.len)))
            err = MK_ENOMEM;
    }
    mk_buf_free(&line);
    return err;
}

static int read_json(json_t **object, const char *path)
{
    mk_buf text;
    mk_buf_init(&text, CREDENTIALS_MAX);
    int err = mk_read_file(!strcmp(path, "-") ? "/dev/stdin" : path, CREDENTIALS_MAX, &text);
    if (!err)
        err = mk_json_parse(object, text.data, text.len, NULL, NULL);
    mk_buf_free(&text);
    return err;
}

/* 0 with both forms, or the exit status after saying what is wrong. */
static int credentials(const mk_args *args, const mk_manifest *manifest, json_t **object, mk_credentials **out)
{
    const char *path = mk_args_get(args, "--credentials");
    char why[300] = "";
    int err = MK_OK;
    if (!path && !mk_tty_there())
        return mk_args_say(args, 2, "no credentials: give --credentials FILE, a JSON object such as {\"username\": \"...\", \"password\": \"...\"}");
    if (path) {
        err = read_json(object, path);
    } else {
        *object = json_object();
        err = *object ? ask(*object, manifest) : MK_ENOMEM;
    }
    if (!err && !json_is_object(*object))
        err = MK_EPARSE;
    if (err)
        return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "credentials: %s", err == MK_EIO ? strerror(errno) : mk_err_text(err));
    err = mk_credentials_read(out, *object, manifest, why, sizeof why);
    return err ? mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "credentials: %s", *why ? why : mk_err_text(err)) : 0;
}

/* --- running ------------------------------------------------------------------------- */

/* While the session, and so its mask, is still there. */
static int made(void *arg, mk_session *session, const json_t *result)
{
    recorder *r = arg;
    r->recording.mask = mk_session_mask(session);
    r->err = mk_record_make(&r->doc, &r->recording, result, &r->personal, r->why, sizeof r->why);
    return MK_OK; /* told by the command */
}

static int tell(const mk_args *args, const recorder *r, const mk_found *found, const char *scripts, int status)
{
    char path[4400];
    if (r->err)
        return mk_args_say(args, r->err == MK_ENOMEM ? 1 : 14, "nothing was kept: %s", *r->why ? r->why : mk_err_text(r->err));
    if (!r->doc)
        return mk_args_say(args, status ? status : 1, "nothing was kept: the session did not begin");
    *path = '\0';
    if (mk_record_save(path, sizeof path, found, scripts, r->recording.name, r->doc))
        return mk_args_say(args, 1, "%s cannot be written: %s", path, strerror(errno));
    const json_t *outcome = json_object_get(r->doc, "outcome");
    const char *error = json_string_value(json_object_get(outcome, "error"));
    fprintf(stderr, "%s: %zu requests, %s%s\n", path, json_array_size(json_object_get(r->doc, "exchanges")), error ? "ends " : "",
            error ? error : "meters");
    if (r->personal)
        fprintf(stderr, "Credentials, answers and tokens are replaced. Names, addresses and numbers of the account are as the portal gave\n"
                        "them, since the adapter does not work without them: record with an account that may be shown.\n");
    else
        fprintf(stderr, "Credentials, answers, tokens, and the names, streets and numbers of the meters are replaced. What else a page says of\n"
                        "its customer is as it came: look at the file before you share it.\n");
    return 0;
}

static int drive(const mk_args *args, const mk_shared *shared, recorder *r, const mk_credentials *given)
{
    uint8_t seed[32];
    mk_drive_input input = { .version = r->recording.version, .credentials = given, .seed = seed };
    mk_drive_result result = { 0 };
    mk_watch watch = { .close = made, .name = "the case" };
    mk_random_fill(seed, sizeof seed);
    mk_session_command_input(&input, args, shared);
    input.park = NULL;
    r->recording.seed = seed;
    r->recording.now_ms = mk_clock_wall_ms();
    mk_reel_watch(&r->reel, &watch);
    int status = mk_session_command_look(&input.watches, args);
    if (!status && mk_watch_add(&input.watches, &watch))
        status = mk_args_say(args, 1, "%s", mk_err_text(MK_ENOMEM));
    if (!status) {
        status = mk_drive_run(&result, &input);
        mk_drive_result_free(&result);
    }
    mk_watch_free(&input.watches);
    return status;
}

static int with_version(const mk_args *args, const mk_shared *shared, const mk_found *found, mk_version *version)
{
    recorder r = { .recording = { .version = version, .name = args->operands[1], .mfa = shared->mfa } };
    json_t *object = NULL;
    mk_credentials *given = NULL;
    mk_reel_init(&r.reel, 0);
    r.recording.reel = &r.reel;
    int status = credentials(args, mk_version_manifest(version), &object, &given);
    r.recording.credentials = object;
    if (!status) {
        status = drive(args, shared, &r, given);
        status = tell(args, &r, found, shared->scripts, status);
    }
    mk_reel_free(&r.reel);
    json_decref(r.doc);
    json_decref(object);
    mk_credentials_free(given);
    return status;
}

static int record(const mk_args *args, const mk_shared *shared)
{
    mk_found found = { 0 };
    mk_version *version = NULL;
    char why[300] = "";
    if (!name_fits(args->operands[1]))
        return mk_args_say(args, 2, "'%s': a case's name is letters, digits, - and _", args->operands[1]);
    if (mk_find_text(&found, args->operands[0], shared->scripts, why, sizeof why))
        return mk_args_say(args, 2, "%s", why);
    int status = mk_find_adapter(&version, args, shared, args->operands[0], NULL);
    if (!status)
        status = with_version(args, shared, &found, version);
    mk_version_unref(version);
    mk_found_free(&found);
    return status;
}

int mk_cmd_record(const mk_args *args)
{
    mk_shared shared;
    int status = mk_shared_read(&shared, args);
    if (status)
        return status;
    if (shared.keep)
        fprintf(stderr, "--keep is left aside: a case begins without what earlier runs left; \"keep\" of a case may be written by hand\n");
    shared.keep = NULL;
    status = record(args, &shared);
    mk_shared_free(&shared);
    return status;
}
