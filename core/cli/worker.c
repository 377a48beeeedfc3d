/* worker.c - the hidden command `meterkey worker`: sessions for `meterkey serve` (layer cli) */
#include "worker/worker.h"

#include "cli/command.h"

#include <signal.h>
#include <stdio.h>
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
    mk_confined confined = { .landlock = 0 };
    (void)args;
    leave_signals_to_the_service();
    const int status = mk_worker_run(SOCKET, &confined);
    fflush(NULL);
    _exit(status); /* at once: a lookup in the pool would be waited for */
}
