/* ledger.h - which parked sessions were resumed already (layer cli)
 *
 * A file `spent` beside the key: one keyed hash a line, of the sealed content, so that a copy
 * under another name is the same. Locked while it is read and added to; on the disk before the answer. */
#ifndef MK_LEDGER_H
#define MK_LEDGER_H
#include "vault/seal.h"

/* Marks what was sealed as spent. MK_OK: it was not before; MK_ESPENT: it was; MK_EIO (errno), MK_EPARSE (no such file), MK_ENOMEM. */
int mk_ledger_spend(const char *key_path, const mk_key *key, const void *sealed, size_t len);
#endif
