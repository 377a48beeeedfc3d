/* find.h - an adapter by file or id: where it lies, its text, its version (layer cli) */
#ifndef MK_FIND_H
#define MK_FIND_H
#include "base/buf.h"
#include "cli/options.h"
#include "script/version.h"

enum { MK_FIND_MAX = 1 << 20 }; /* bytes of an adapter */

typedef struct mk_found {
    char *path;  /* where it was found; "(built in) ..." for one that the binary carries */
    char *name;  /* its file's name: "coned.lua" */
    char *id;    /* without ".lua" */
    mk_buf text;
} mk_found;
void mk_found_free(mk_found *found);

/* ADAPTER is a file (has a slash or ends in .lua, or is one), or an id looked up in DIR/utilities of scripts (may be NULL), then
 * ./scripts, the installed folder, the binary. MK_OK; MK_ENOENT, MK_EPARSE (binary: ESC or NUL in it), MK_ELIMIT (too large),
 * MK_EIO (unreadable), MK_ENOMEM with why for people. */
int mk_find_text(mk_found *out, const char *adapter, const char *scripts, char *why, size_t cap);
/* Builds its version; what is wrong with it is a list as mk_version_build's. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_find_version(mk_version **out, const mk_found *found, const char *runtime, json_t **problems);
/* Both, with everything said: 0 with *out; else the exit status (2 not there, 14 adapter.load), *object (may be NULL) the
 * object to print in JSON and standard error told. */
int mk_find_adapter(mk_version **out, const mk_args *args, const mk_shared *shared, const char *adapter, json_t **object);

/* Calls each for every id that can be found, each once, sorted, until it returns false. MK_OK, MK_ENOMEM. */
int mk_find_all(const char *scripts, bool (*each)(void *arg, const char *id), void *arg);
/* A file below scripts/ ("cases/demo/mfa.case") by the same order of folders; the binary last. As mk_find_text. */
int mk_find_file(mk_buf *out, const char *scripts, const char *relative, size_t max, char *why, size_t cap);
#endif
