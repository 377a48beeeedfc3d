/* config_rules.h - what a setting's value may be, and where in the file it stands (layer service) */
#ifndef MK_CONFIG_RULES_H
#define MK_CONFIG_RULES_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Of a value that has the setting's type already. False with why (cap bytes). */
bool mk_config_fits(const char *name, json_t *value, char *why, size_t cap);
/* The line of a file of settings (text ends with a NUL beyond len) that sets name, from 1; 0: none is found. */
int mk_config_line(const char *text, size_t len, const char *name);
#endif
