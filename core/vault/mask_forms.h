/* mask_forms.h - the forms in which a secret can stand in a page (layer vault)
 *
 * Inside vault only. */
#ifndef MK_MASK_FORMS_H
#define MK_MASK_FORMS_H
#include "base/buf.h"
#include "base/mem.h"
#include <stdbool.h>

enum { MK_FORM_RAW = 0 }; /* the first is the text itself */

/* How many there are; many are the same for most secrets. */
size_t mk_mask_forms(void);
/* Appends the i-th form of text. whole: of something that stands in the secret's place, so that
 * no bits are left out where base64 shifts. Nothing is appended where there is no such form (too
 * short to be told from chance). MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_mask_form(mk_buf *out, size_t i, mk_bytes text, bool whole);
/* Bytes that no form of len bytes exceeds, with a NUL; 0 if that overflows. */
size_t mk_mask_form_most(size_t len);
#endif
