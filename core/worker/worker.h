/* worker.h - many sessions in a process of their own, driven by frames (layer worker)
 *
 * Messages: docs/service.md, "Frames between service and worker". Whatever breaks that protocol ends the worker with a
 * line on standard error: the service is trusted, so it would be a mistake of ours. */
#ifndef MK_WORKER_H
#define MK_WORKER_H
#include <stdbool.h>

/* What mk_worker_confine reached; told in `ready`. */
typedef struct mk_confined {
    int landlock; /* ABI in use, 0: none */
    bool seccomp;
} mk_confined;

/* Runs until fd (a connected Unix socket) is closed, `stop` comes or the protocol is broken. Gives the exit status: 0,
 * or 1 after saying why. Sessions that are left are gone without a word, and without a sign-out. */
int mk_worker_run(int fd, const mk_confined *confined);
#endif
