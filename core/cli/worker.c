/* worker.c - the hidden command `meterkey worker`: sessions for `meterkey serve` (layer cli) */
#include "worker/confine.h"

#include "base/err.h"
#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SOCKET = 3 };

/* A terminal's Ctrl-C reaches workers too; the service decides when they end, by closing the socket. */
static void leave_signals_to_the_service(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

int mk_cmd_worker(const mk_args *args)
{
    char why[300] = "";
    mk_confined confined;
    const char *require = mk_args_get(args, "--require-confinement");
    const mk_confine_options options = { .cacert = mk_args_get(args, "--cacert"), .require = !require || strcmp(require, "no") != 0 };
    leave_signals_to_the_service();
    int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (err)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    const int status = mk_worker_run(SOCKET, &confined);
    fflush(NULL);
    _exit(status); /* at once: a lookup in the pool would be waited for */
}
