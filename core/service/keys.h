/* keys.h - the vault's keys: a master outside the store, data keys inside (layer service)
 *
 * What customers gave is sealed by a data key. Data keys lie in the store, sealed by the master key, which lies in a file or with
 * systemd. Rotation makes a new master and a new data key; what older data keys sealed stays readable until it is sealed anew. */
#ifndef MK_KEYS_H
#define MK_KEYS_H
#include "base/buf.h"
#include "store/store.h"
#include <stdint.h>

typedef struct mk_keys mk_keys;

/* Reads the master ($METERKEY_KEY, else $CREDENTIALS_DIRECTORY/meterkey.key, else file, which is made if make) and the store's data
 * keys, which are made at first. MK_OK; MK_ENOENT; MK_EPOLICY (the file's mode or owner); MK_ECRYPTO (another master's store); with why (MK_STORE_WHY bytes). */
int mk_keys_open(mk_keys **out, mk_store *store, const char *file, bool make, char *why);
void mk_keys_free(mk_keys *keys); /* NULL is fine */

/* As mk_seal and mk_unseal, with the newest data key and with whichever it was. */
int mk_keys_seal(const mk_keys *keys, const char *label, const void *data, size_t len, mk_buf *out);
int mk_keys_unseal(const mk_keys *keys, const char *label, const void *data, size_t len, mk_buf *out);
/* Keyed hash, the same for the life of the store. */
void mk_keys_hash(const mk_keys *keys, const void *data, size_t len, uint8_t out[32]);

/* Takes what another process's rotation made, if there was one: *keys may be another afterwards. As mk_keys_open; *keys is as it was on failure. */
int mk_keys_refresh(mk_keys **keys, mk_store *store, const char *file, char *why);

/* A new master in file and a new data key, all keys sealed anew by it, in one transaction. A crash between the two leaves file.next,
 * which whoever opens the keys next puts in place. MK_OK; MK_EPOLICY (the master is not a file that may be written here); MK_EEXIST (another
 * rotation runs); errors of mk_keys_open. */
int mk_keys_rotate(mk_store *store, const char *file, char *why);

/* Where the master lies: the setting `key`, or beside the store. MK_OK, MK_ELIMIT. */
int mk_keys_file(const json_t *config, char *out, size_t cap);
#endif
