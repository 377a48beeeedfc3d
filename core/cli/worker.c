/* worker.c - the hidden command `meterkey worker`: sessions for `meterkey serve` (layer cli) */
#include "worker/confine.h"

#include "base/err.h"
#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOCKET = 3 };

/* A terminal's Ctrl-C reaches workers too; the service decides when they end, by closing the socket. */
static void leave_signals_to_the_service(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

/* Each session has a few sockets, and each name that is looked up holds a thread: the usual allowances are for programs
 * that do one thing. */
static void ask_for_more(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    setenv("UV_THREADPOOL_SIZE", "16", 0);
}

int mk_cmd_worker(const mk_args *args)
{
    char why[300] = "";
    mk_confined confined;
    const char *require = mk_args_get(args, "--require-confinement");
    const mk_confine_options options = { .cacert = mk_args_get(args, "--cacert"),
                                         .require = !require || strcmp(require, "no") != 0 };
    leave_signals_to_the_service();
    ask_for_more();
    int err = mk_worker_confine(&confined, &options, why, sizeof why);
    if (err)
        return mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    const int status = mk_worker_run(SOCKET, &confined);
    fflush(NULL);
    _exit(status); /* at once: a lookup in the pool would be waited for */
}
