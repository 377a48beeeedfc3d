/* config.h - the settings of the service (layer service) */
#ifndef MK_CONFIG_H
#define MK_CONFIG_H
#include "base/buf.h"
#include <jansson.h>

typedef struct mk_setting {
    const char *name;
    const char *type;     /* "text" "number" "switch" "list" "map" */
    const char *standard; /* its default, as JSON */
    const char *unit;     /* or NULL */
    const char *about;
} mk_setting;
extern const mk_setting mk_settings[]; /* ends with a NULL name */

/* All settings with those of file (a Lua table; NULL: none) in place of the defaults. MK_OK with a new object; MK_ENOENT, MK_EIO (file), MK_EPARSE; MK_ENOMEM;
 * with why (cap bytes): the place, what is wrong, what would be right. */
int mk_config_read(json_t **out, const char *file, char *why, size_t cap);
/* As a file that can be used: every setting with its default, unit and what it is for. */
int mk_config_print(mk_buf *out);

const char *mk_config_text(const json_t *config, const char *name); /* NULL if empty */
long long mk_config_number(const json_t *config, const char *name);
#endif
