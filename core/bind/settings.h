/* settings.h - a file that holds a Lua table, as JSON (layer bind) */
#ifndef MK_SETTINGS_H
#define MK_SETTINGS_H
#include <jansson.h>
#include <stddef.h>

/* Runs text in the sandbox of adapters, without modules, under their limits; it returns a table, or is one ("{ listen = ... }").
 * name: of the file, in messages. MK_OK with a new object; MK_EPARSE with why (cap bytes): file, line, what; MK_ENOMEM. */
int mk_settings_read(json_t **out, const char *name, const char *text, size_t len, char *why, size_t cap);
#endif
