/* seal.h - sealed bytes and the keys to them (layer vault)
 *
 * libsodium secretstream (XChaCha20-Poly1305). A sealed text begins with a magic, a format
 * number, the key's id and a label that says what it is for: nothing sealed for one use opens as another. */
#ifndef MK_SEAL_H
#define MK_SEAL_H
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum { MK_KEY_BYTES = 32, MK_KEY_ID_BYTES = 8 };
typedef struct mk_key mk_key; /* in locked memory */

mk_key *mk_key_new(const uint8_t bytes[MK_KEY_BYTES]); /* NULL: out of memory */
mk_key *mk_key_random(void);
void mk_key_free(mk_key *key);
const uint8_t *mk_key_id(const mk_key *key);
/* A sub-key for a use of its own ("ledger", "fingerprint"). NULL: out of memory. */
mk_key *mk_key_derive(const mk_key *key, const char *use);
/* Keyed hash (BLAKE2b) of data. */
void mk_key_hash(const mk_key *key, const void *data, size_t len, uint8_t out[32]);

/* A key as text: 64 hex digits, and maybe a newline. MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_key_read(mk_key **out, const char *text, size_t len);
/* Reads a key file (64 hex digits and a newline), which must be a regular file of
 * this user's with mode 0600 or less; makes it if create, durably and without a race. MK_OK, MK_ENOENT, MK_EPOLICY
 * (mode or owner), MK_EPARSE, MK_EIO, MK_ENOMEM. */
int mk_key_file(mk_key **out, const char *path, bool create);
/* The same of a file that systemd hands over: it may be root's, and 0440. */
int mk_key_credential(mk_key **out, const char *path);
/* The key file next takes the place of path, durably. MK_OK, MK_ENOENT (no next), MK_EIO. */
int mk_key_file_replace(const char *next, const char *path);

/* Appends the sealed form of data to out. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_seal(mk_buf *out, const mk_key *key, const char *label, const void *data, size_t len);
/* Appends what was sealed. MK_EPARSE: not a sealed text, or truncated; MK_EVERSION: newer format;
 * MK_ENOENT: another key's; MK_EPOLICY: another label; MK_ECRYPTO: changed by somebody. */
int mk_unseal(mk_buf *out, const mk_key *key, const char *label, const void *data, size_t len);
int mk_vault_init(void); /* once at start: sodium_init */
#endif
