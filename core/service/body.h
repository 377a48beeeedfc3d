/* body.h - what a client's bytes say: paths, lengths, forms (layer service)
 *
 * Functions over bytes from outside that know neither connection nor service. */
#ifndef MK_BODY_H
#define MK_BODY_H
#include "base/headers.h"
#include "base/mem.h"

/* Undoes %XX in place, but leaves %00 as it stands: it would cut a path or a value short. The new length. */
size_t mk_body_unescape(char *text);
/* True if a Content-Length (NULL: none) is more than most. */
bool mk_body_over(const char *announced, size_t most);
/* True if a Content-Type (NULL: none) is that of an urlencoded form. */
bool mk_body_is_form(const char *type);
/* True if it begins as a JSON list or object does. */
bool mk_body_is_json(mk_bytes body);
/* Adds the fields of an urlencoded form, in order. MK_OK; MK_ELIMIT (more than most of them); MK_EPARSE (a NUL in one); MK_ENOMEM. */
int mk_body_fields(mk_headers *out, mk_bytes body, size_t most);
#endif
