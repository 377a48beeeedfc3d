/* run.c - the command `run`: an adapter, from credentials to meters (layer cli) */
#include "base/err.h"
#include "cli/command.h"
#include "cli/credentials.h"
#include "cli/drive.h"
#include "cli/find.h"
#include "cli/session_command.h"
#include "cli/terminal.h"
#include "cli/tty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int mk_session_command_look(mk_watch **watches, const mk_args *args)
{
    const char *trace = mk_args_get(args, "--trace"), *report = mk_args_get(args, "--report"), *path = trace;
    int err = trace ? mk_har_watch(watches, trace) : MK_OK;
    if (!err && report) {
        path = report;
        err = mk_report_watch(watches, report);
    }
    if (!err)
        return 0;
    mk_watch_free(watches);
    return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s cannot be written: %s", path,
                       err == MK_EIO ? strerror(errno) : mk_err_text(err));
}

void mk_session_command_input(mk_drive_input *input, const mk_args *args, const mk_shared *shared)
{
    input->shared = shared;
    input->answers_file = mk_args_get(args, "--answers");
    input->park = mk_args_get(args, "--park");
    input->progress = true;
    input->exchanges = isatty(STDERR_FILENO);
    input->ask = mk_tty_there();
    input->human = input->answers_file || input->park || input->ask;
}

int mk_session_command_print(const mk_args *args, const mk_drive_result *result)
{
    const int status = mk_drive_print(result, mk_args_has(args, "--json"), mk_args_has(args, "--table"));
    const json_t *challenge = json_object_get(result->object, "challenge");
    if (challenge) {
        const char *park = mk_args_get(args, "--park");
        mk_terminal_explain(challenge, json_object_get(challenge, "message") != NULL);
        fprintf(stderr, "The session waits, sealed, in %s; meterkey resume %s goes on with it.\n", park, park);
    }
    return status;
}

/* The folder of --park is looked at before a code is sent for nothing. */
int mk_session_command_park(const mk_args *args)
{
    const char *park = mk_args_get(args, "--park");
    char folder[4096];
    if (!park)
        return 0;
    const char *slash = strrchr(park, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - park + 1) : 1, slash ? park : ".");
    if (access(folder, W_OK | X_OK) == 0)
        return 0;
    return mk_args_say(args, 2, "--park %s: %s: %s", park, folder, strerror(errno));
}

static int drive(const mk_args *args, const mk_shared *shared, const mk_version *version, const mk_credentials *credentials)
{
    mk_drive_input input = { .version = version, .credentials = credentials };
    mk_drive_result result;
    mk_session_command_input(&input, args, shared);
    int status = mk_session_command_look(&input.watches, args);
    if (status)
        return status;
    mk_drive_run(&result, &input);
    status = mk_session_command_print(args, &result);
    mk_drive_result_free(&result);
    mk_watch_free(&input.watches);
    return status;
}

static int run(const mk_args *args, const mk_shared *shared)
{
    mk_version *version = NULL;
    mk_credentials *credentials = NULL;
    json_t *object = NULL;
    int status = mk_session_command_park(args);
    if (!status)
        status = mk_find_adapter(&version, args, shared, args->operands[0], &object);
    if (object && (mk_args_has(args, "--json") || !isatty(STDOUT_FILENO)))
        mk_drive_put_json(object);
    if (!status)
        status = mk_credentials_get(&credentials, args, mk_version_manifest(version));
    if (!status)
        status = drive(args, shared, version, credentials);
    json_decref(object);
    mk_credentials_free(credentials);
    mk_version_unref(version);
    return status;
}

int mk_cmd_run(const mk_args *args)
{
    mk_shared shared;
    int status = mk_shared_read(&shared, args);
    if (status)
        return status;
    status = run(args, &shared);
    mk_shared_free(&shared);
    return status;
}
