/* sign.h - signatures by which an operator knows an adapter's version (layer vault)
 *
 * Ed25519 (RFC 8032) by libsodium. The pair comes from a key as mk_key_file reads it. */
#ifndef MK_SIGN_H
#define MK_SIGN_H
#include "vault/seal.h"

enum { MK_SIGN_PUBLIC = 32, MK_SIGNATURE = 64 };
void mk_sign_public(const mk_key *key, uint8_t out[MK_SIGN_PUBLIC]);
void mk_sign(const mk_key *key, const void *data, size_t len, uint8_t out[MK_SIGNATURE]);
/* Both as hex, as settings and files have them. False for whatever is no signature of data by that key. */
bool mk_sign_holds(const char *public_hex, const char *signature_hex, const void *data, size_t len);
/* Why data is not signed by one of keys ("HEX,HEX"; NULL: it need not be), for people, or NULL. A list that names no key is held by none. */
const char *mk_sign_missing(const char *keys, const char *signature_hex, const void *data, size_t len);
#endif
