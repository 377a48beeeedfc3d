/* headers.h - an ordered list of names and values (layer base)
 *
 * HTTP header fields, form fields. Names may repeat. */
#ifndef MK_HEADERS_H
#define MK_HEADERS_H
#include <stdbool.h>
#include <stddef.h>

typedef struct mk_header {
    char *name;
    char *value; /* NUL-terminated, may hold NULs before: use value_len */
    size_t value_len;
    bool secret; /* holds bytes of a secret: dropped across origins, masked */
} mk_header;

typedef struct mk_headers {
    mk_header *list;
    size_t count, cap;
} mk_headers; /* all zero is an empty list */

/* Adds a copy at the end. MK_OK, MK_ENOMEM. */
int mk_headers_add(mk_headers *headers, const char *name, const char *value, size_t len, bool secret);
/* The i-th (from 0) of that name, case ignored, or NULL. */
const mk_header *mk_headers_get(const mk_headers *headers, const char *name, size_t i);
/* Removes all of that name, case ignored. */
void mk_headers_remove(mk_headers *headers, const char *name);
int mk_headers_copy(mk_headers *to, const mk_headers *from); /* `to` empty before */
void mk_headers_free(mk_headers *headers); /* the list is empty again */
/* True if name is a token and value has no CR, LF or NUL (RFC 9110, 5.5). */
bool mk_header_valid(const char *name, const char *value, size_t len);
#endif
