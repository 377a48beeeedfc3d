/* folders.h - where adapters lie: folders laid out as scripts/ is, and ids (layer script) */
#ifndef MK_SCRIPT_FOLDERS_H
#define MK_SCRIPT_FOLDERS_H
#include <stdbool.h>
#include <stddef.h>

enum { MK_SCRIPT_ID_MAX = 64 };

/* The i-th folder to look in: scripts (may be NULL), ./scripts, the installed one (put together in out); NULL past the end. */
const char *mk_scripts_folder(const char *scripts, size_t i, char *out, size_t cap);
/* Whether text can be an adapter's id. */
bool mk_scripts_is_id(const char *text);
/* The id that a file's name ("coned.lua") says, in out (MK_SCRIPT_ID_MAX + 1 bytes); false if it says none. */
bool mk_scripts_id_of(const char *name, char *out);
#endif
