/* stager.h - `meterkey stage` as a child process: an adapter is built and tried aside (layer service) */
#ifndef MK_STAGER_H
#define MK_STAGER_H
#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

typedef struct mk_stager mk_stager; /* one child */
typedef struct mk_stager_job {
    const char *utility;
    const char *adapter; /* a file or an id */
    const char *scripts, *runtime; /* or NULL */
    unsigned seconds; /* that it may take; it is killed after half as much again */
    bool require; /* refuse what cannot be sealed off */
    const json_t *keys; /* public keys of which one must have signed it, before any of it is run; NULL or empty: none need have */
} mk_stager_job;
/* A job as the settings want it: for the file at path below the folder scripts, or (path NULL) the adapter that is built in. */
mk_stager_job mk_stager_job_of(const json_t *config, const char *utility, const char *path, const char *scripts);
/* result is what the handler `staged` takes: {utility, hash, manifest, cases, bytes} or {utility, problems}; NULL: out of memory. Borrowed.
 * Called once, from the loop. */
typedef void (*mk_stager_done)(void *arg, json_t *result);

/* MK_OK; MK_EIO: no process could be started; MK_ENOMEM. */
int mk_stager_start(mk_stager **out, uv_loop_t *loop, const mk_stager_job *job, mk_stager_done done, void *arg);
/* Ends it; done is not called. NULL is fine. */
void mk_stager_stop(mk_stager *stager);
#endif
