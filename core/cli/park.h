/* park.h - the user's key and what it seals: parked sessions and what adapters keep (layer cli) */
#ifndef MK_PARK_H
#define MK_PARK_H
#include "base/buf.h"
#include "vault/seal.h"
#include <jansson.h>

enum { MK_PARK_MAX = 128 << 20 }; /* bytes of a sealed file */

/* The key in file, or (NULL) in $XDG_CONFIG_HOME/meterkey/key, else ~/.config/meterkey/key, made with its folders if create.
 * *path (mk_free) is where it is, for the ledger beside it. MK_OK, or as mk_key_file; MK_EINVAL: there is no home. why for people. */
int mk_park_key(mk_key **out, char **path, const char *file, bool create, char *why, size_t cap);

/* Replaces path by data, whole or not at all, mode 0600, on the disk when it returns. MK_OK, MK_EIO (errno), MK_ENOMEM. */
int mk_park_write(const char *path, const void *data, size_t len);
/* A whole file of at most max bytes. MK_OK, MK_ENOENT, MK_EIO (errno), MK_ELIMIT, MK_ENOMEM. */
int mk_park_read(mk_buf *out, const char *path, size_t max);

/* Seals a session's bytes into path. MK_OK or an error with why. */
int mk_park_save(const char *path, const mk_key *key, const void *data, size_t len, char *why, size_t cap);
/* Opens what mk_park_save made: sealed is the file, out what was in it. */
int mk_park_open(mk_buf *sealed, mk_buf *out, const char *path, const mk_key *key, char *why, size_t cap);

/* What an adapter keeps, of one utility. An absent file gives *keep NULL. */
int mk_keep_read(json_t **keep, const char *path, const mk_key *key, const char *utility, char *why, size_t cap);
int mk_keep_write(const json_t *keep, const char *path, const mk_key *key, const char *utility, char *why, size_t cap);
#endif
