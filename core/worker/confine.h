/* confine.h - a worker seals itself off before it reads anything (layer worker)
 *
 * What it holds comes from portals; whoever takes it over finds no file of ours, no program to start, no socket but
 * those to portals. Why so: docs/decisions/0022. */
#ifndef MK_CONFINE_H
#define MK_CONFINE_H
#include "worker/worker.h"
#include <stddef.h>

typedef struct mk_confine_options {
    const char *cacert; /* a file or folder of certificates that stays readable besides the system's, or NULL */
    bool require;       /* a kernel without Landlock or seccomp will not do */
} mk_confine_options;

/* For good, and for the whole process, which must have one thread. Closes all descriptors but 0 to 3. What can then
 * still be opened, for reading alone, is what name lookups, certificates, character sets and time zones need. MK_OK
 * with *out; MK_EPOLICY (required, and the kernel cannot), MK_EINVAL (threads), MK_EIO, MK_ENOMEM, with why: half
 * sealed then, the process must end. */
int mk_worker_confine(mk_confined *out, const mk_confine_options *options, char *why, size_t cap);

/* The parts, each alone: landlock.c, 0 or the ABI in *abi; seccomp.c. MK_OK, MK_EPOLICY (the kernel cannot), MK_EIO,
 * MK_ENOMEM. */
int mk_confine_landlock(int *abi, const char *cacert);
int mk_confine_seccomp(void);
#endif
