/* mask.h - takes secrets out of what leaves a session (layer vault)
 *
 * Knows each secret in its raw, URL (both hex cases, form and path), HTML, JSON,
 * base64 (three alignments, both alphabets) and hex forms, in UTF-8. Secrets shorter than 3 bytes
 * are masked only as whole words. */
#ifndef MK_MASK_H
#define MK_MASK_H
#include "base/buf.h"
#include "vault/secret.h"

typedef struct mk_mask mk_mask;

mk_mask *mk_mask_new(void); /* NULL: out of memory */
void mk_mask_free(mk_mask *mask);
/* From now on replaced by "***", or by `as` if that is given (a case's placeholder, put
 * in the same encoding). Keeps a reference. The same secret again: nothing. MK_OK, MK_ENOMEM. */
int mk_mask_add(mk_mask *mask, mk_secret *secret, const char *as);
/* A user name. One that is nothing but letters is masked as a whole word only; one that is a word of every portal's
 * pages ("locked", "portal") only where it stands as a value: in quotes, in a URL, alone. */
int mk_mask_add_name(mk_mask *mask, mk_secret *secret);
/* Appends text with every known form replaced; longest match first. */
int mk_mask_apply(const mk_mask *mask, const char *text, size_t len, mk_buf *out);
/* True if any form of any secret stands in text. */
bool mk_mask_finds(const mk_mask *mask, const char *text, size_t len);
#endif
