/* embedded.h - the files that the binary carries (layer script)
 *
 * Made at build time from runtime/ and from DEMO, so that an engine without
 * any folder beside it still works. */
#ifndef MK_EMBEDDED_H
#define MK_EMBEDDED_H
#include <stddef.h>

typedef struct mk_embedded {
    const char *name; /* path in the repository: "runtime/meterkey/address.lua" */
    const char *data; /* len bytes, and a NUL after them */
    size_t len;
} mk_embedded;

/* Sorted by name in byte order; the last one has a NULL name. */
extern const mk_embedded mk_embedded_files[];
#endif
