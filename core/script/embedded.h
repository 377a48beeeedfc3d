/* embedded.h - files that the binary carries (layer script) */
#ifndef MK_SCRIPT_EMBEDDED_H
#define MK_SCRIPT_EMBEDDED_H
#include <stddef.h>

typedef struct mk_embedded {
    const char *path; /* as in the repository: "runtime/meterkey/forms.lua" */
    const char *data;
    size_t len;
} mk_embedded;
/* Sorted by path; ends with a NULL path. Made by tools/embed.lua. */
extern const mk_embedded mk_embedded_files[];
#endif
