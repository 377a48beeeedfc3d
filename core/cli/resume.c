/* resume.c - the command `resume`: a parked session goes on in a new process (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/ledger.h"
#include "cli/park.h"
#include "cli/session_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct parked {
    mk_key *key;
    char *key_path;
    mk_buf sealed, bytes;
    mk_version *version;
} parked;

static void parked_free(parked *self)
{
    mk_version_unref(self->version);
    mk_buf_free(&self->bytes);
    mk_buf_free(&self->sealed);
    mk_key_free(self->key);
    mk_free(self->key_path);
}

/* A typed failure, in the schema and in words. */
static int fail(const mk_args *args, const mk_version *version, const char *code, const char *text)
{
    mk_fault *fault = mk_fault_new(code, "%s: %s", args->operands[0], text);
    if (!fault)
        return mk_args_say(args, 1, "%s", mk_err_text(MK_ENOMEM));
    mk_drive_result result = { .status = mk_fault_exit(code) };
    result.object = mk_drive_error(version ? mk_version_manifest(version)->id : NULL,
                                   version ? mk_version_hash(version) : NULL, fault);
    int status = mk_session_command_print(args, &result);
    mk_drive_result_free(&result);
    mk_fault_free(fault);
    return status;
}

/* Opens the file without marking it; nothing in it is used before its seal held. */
static int open_file(parked *self, const mk_args *args)
{
    char why[500];
    int err = mk_park_key(&self->key, &self->key_path, mk_args_get(args, "--key"), false, why, sizeof why);
    if (err)
        return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s%s", why,
                           err == MK_ENOENT ? "; the file was sealed by another user or with another --key" : "");
    err = mk_park_open(&self->sealed, &self->bytes, args->operands[0], self->key, why, sizeof why);
    if (err)
        return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s", why);
    err = mk_session_parked_version(&self->version, self->bytes.data, self->bytes.len);
    if (err == MK_EVERSION)
        return fail(args, NULL, "engine.reloaded_incompatibly", "it was parked by another version of the engine");
    if (err)
        return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s: %s", args->operands[0], mk_err_text(err));
    return 0;
}

/* Before the first request: from here on nobody can resume it again. */
static int spend(const parked *self, const mk_args *args)
{
    int err = mk_ledger_spend(self->key_path, self->key, self->sealed.data, self->sealed.len);
    if (err == MK_ESPENT)
        return fail(args, self->version, "engine.spent", "this parked session was resumed already");
    if (err)
        return mk_args_say(args, 1, "the list of spent sessions beside %s: %s", self->key_path,
                           err == MK_EIO ? strerror(errno) : mk_err_text(err));
    return 0;
}

static int go_on(const parked *self, const mk_args *args, const mk_shared *shared)
{
    mk_drive_input input = { .version = self->version, .parked = { self->bytes.data, self->bytes.len } };
    mk_drive_result result;
    mk_session_command_input(&input, args, shared);
    if (!input.human)
        return mk_args_say(args, 2, "there is no terminal to ask on; give --answers FILE, or --park FILE to park it again "
                                    "(for an approval: --answers /dev/null)");
    int status = mk_session_command_park(args);
    if (!status)
        status = mk_session_command_look(&input.watches, args);
    if (!status)
        status = spend(self, args);
    if (!status) {
        mk_drive_run(&result, &input);
        status = mk_session_command_print(args, &result);
        mk_drive_result_free(&result);
    }
    mk_watch_free(&input.watches);
    return status;
}

int mk_cmd_resume(const mk_args *args)
{
    mk_shared shared;
    parked self = { .key = NULL };
    int status = mk_shared_read(&shared, args);
    if (status)
        return status;
    mk_buf_init(&self.sealed, MK_PARK_MAX);
    mk_buf_init(&self.bytes, MK_PARK_MAX);
    status = open_file(&self, args);
    if (!status)
        status = go_on(&self, args, &shared);
    parked_free(&self);
    mk_shared_free(&shared);
    return status;
}
