/* json.h - JSON under limits, exact numbers, paths (layer parse)
 *
 * On jansson. Integers stay integers (64 bit); a number that neither a 64-bit
 * integer nor a double holds exactly enough (an integer beyond 64 bits that is
 * no exact double, or 1e400) becomes a string of its digits. */
#ifndef MK_JSON_H
#define MK_JSON_H
#include "base/buf.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct mk_json_limits {
    size_t max_bytes; /* default 8 MiB */
    int max_depth;    /* default 64 */
} mk_json_limits;
extern const mk_json_limits mk_json_defaults;

typedef struct mk_json_error {
    size_t at;      /* byte offset, just past what is wrong */
    int line, col;  /* from 1 */
    char why[120];
} mk_json_error;

/* Any JSON value, not only objects and arrays. A byte-order mark and white
 * space around it are fine; so is an anti-hijacking prefix such as )]}',
 * on its own line. MK_OK, MK_EPARSE, MK_ELIMIT, MK_ENOMEM; why may be NULL. */
int mk_json_parse(json_t **out, const char *text, size_t len, const mk_json_limits *limits, mk_json_error *why);
/* jansson's json_loadb (text, flags and error are its own; error may be NULL), which must not be called itself: it writes past a buffer where memory is
 * refused. NULL: json_error_code says why. */
json_t *mk_json_load(const char *text, size_t len, size_t flags, json_error_t *error);
/* Compact, sorted keys, UTF-8 as it is. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_json_write(mk_buf *out, const json_t *value);

/* jansson's json_dumps with its flags, which must not be called itself where the text is kept: where memory is refused it leaves parts out and says
 * nothing. mk_free. NULL: out of memory, or not to be written. */
char *mk_json_text(const json_t *value, size_t flags);

/* $ .name ['name'] [n] [*]; compiled once. */
typedef struct mk_json_path mk_json_path;
int mk_json_path_compile(mk_json_path **out, const char *text, char *why, size_t cap); /* as mk_selector_compile */
void mk_json_path_free(mk_json_path *path);
/* True if it has a [*] and so may give several. */
bool mk_json_path_many(const mk_json_path *path);
/* Calls each with every value found (borrowed), until it returns false. Gives how many were found. */
size_t mk_json_path_each(const mk_json_path *path, const json_t *root, bool (*each)(void *arg, json_t *value), void *arg);
/* The first value (borrowed) or NULL. */
json_t *mk_json_path_first(const mk_json_path *path, const json_t *root);
/* Call once at start: jansson takes its memory from base/mem.h; hash seed random. */
void mk_json_init(void);
#endif
