/* key.h - what seal.c needs of a key (layer vault)
 *
 * Inside vault only; everybody else uses vault/seal.h. */
#ifndef MK_KEY_H
#define MK_KEY_H
#include "vault/seal.h"

/* The key that seals: one apart, so that no hash ever shows anything of it. The caller wipes out. */
void mk_key_sealing(const mk_key *key, uint8_t out[MK_KEY_BYTES]);
#endif
