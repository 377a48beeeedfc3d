/* secret.h - bytes that nobody may read by accident (layer vault)
 *
 * The bytes lie in one locked slab for the process (embedding-lua.md, 12), are excluded from
 * core dumps and wiped when the last reference goes. Not thread-safe. */
#ifndef MK_SECRET_H
#define MK_SECRET_H
#include "base/mem.h"
#include <stdbool.h>

typedef struct mk_secret mk_secret;

/* A copy of the bytes, one reference. NULL: out of (locked) memory. The slab grows
 * by chunks; where the lock limit is reached, memory is not locked but still not dumped (logged once). */
mk_secret *mk_secret_new(const void *data, size_t len);
mk_secret *mk_secret_ref(mk_secret *secret);
void mk_secret_unref(mk_secret *secret); /* NULL is fine */
mk_bytes mk_secret_bytes(const mk_secret *secret); /* valid while referenced; ends in NUL */
/* How many are alive: for tests. */
size_t mk_secret_live(void);

enum mk_derive {
    MK_DERIVE_SHA1, MK_DERIVE_SHA256, MK_DERIVE_HMAC_SHA256, MK_DERIVE_BASE64, MK_DERIVE_BASE64URL, MK_DERIVE_HEX,
    MK_DERIVE_URL, MK_DERIVE_UPPER, MK_DERIVE_LOWER, MK_DERIVE_TRIM
};
/* A new secret from this one; sha and hmac give raw bytes. key for HMAC only. MK_OK, MK_ENOMEM, MK_EINVAL. */
int mk_secret_derive(mk_secret **out, const mk_secret *from, enum mk_derive how, mk_bytes key);
/* Both one after the other. */
int mk_secret_concat(mk_secret **out, mk_bytes a, mk_bytes b);
#endif
