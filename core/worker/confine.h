/* confine.h - a process that runs what others wrote seals itself off before it reads any of it (layer worker)
 *
 * A worker holds what comes from portals; whoever takes it over finds no file of ours, no program to start, no socket but
 * those to portals. What builds and tries an adapter finds that adapter's folders, and no socket at all. Why so:
 * docs/decisions/0022. */
#ifndef MK_CONFINE_H
#define MK_CONFINE_H
#include "worker/worker.h"
#include <stddef.h>

typedef struct mk_confine_options {
    const char *cacert; /* a file or folder of certificates that stays readable besides the system's, or NULL */
    bool require;       /* a kernel without Landlock or seccomp will not do */
    const char *const *folders; /* NULL: a worker. Else no network and no threads, and these may be read, up to a NULL */
} mk_confine_options;

/* For good, and for the whole process, which must have one thread. Closes all descriptors but 0 to 2, and a worker's 3.
 * What can then still be opened, for reading alone, is what name lookups, certificates, character sets and time zones need. MK_OK
 * with *out; MK_EPOLICY (required, and the kernel cannot), MK_EINVAL (threads), MK_EIO, MK_ENOMEM, with why: half
 * sealed then, the process must end. */
int mk_worker_confine(mk_confined *out, const mk_confine_options *options, char *why, size_t cap);

/* The parts, each alone: landlock.c, 0 or the ABI in *abi; seccomp.c. MK_OK, MK_EPOLICY (the kernel cannot), MK_EIO,
 * MK_ENOMEM. */
int mk_confine_landlock(int *abi, const mk_confine_options *options);
int mk_confine_seccomp(bool network);
#endif
