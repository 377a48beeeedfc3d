/* fuzz_seal.c - opening any bytes, and sealed ones that were changed (fuzz target of vault)
 *
 * The first two bytes say which byte of the sealed text changes how. */
#include "base/err.h"
#include "vault/seal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t bytes[MK_KEY_BYTES] = { 'f', 'u', 'z', 'z' };

static void must(int holds)
{
    if (!holds)
        abort();
}

static void change_one(const mk_key *key, const uint8_t *data, size_t size)
{
    mk_buf sealed, open;
    mk_buf_init(&sealed, size + 200);
    mk_buf_init(&open, size + 200);
    must(mk_seal(&sealed, key, "fuzz", data, size) == MK_OK);
    must(mk_unseal(&open, key, "fuzz", sealed.data, sealed.len) == MK_OK);
    must(open.len == size && (!size || !memcmp(open.data, data, size)));
    mk_buf_clear(&open);
    if (size >= 2 && data[1]) {
        sealed.data[data[0] % sealed.len] ^= (char)data[1];
        must(mk_unseal(&open, key, "fuzz", sealed.data, sealed.len) != MK_OK);
        must(open.len == 0);
    }
    mk_buf_free(&open);
    mk_buf_free(&sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    must(mk_vault_init() == MK_OK);
    mk_key *key = mk_key_new(bytes);
    mk_buf open;
    mk_buf_init(&open, 1 << 20);
    /* The seeds aside, nobody without the key makes one that opens. */
    if (mk_unseal(&open, key, "fuzz", data, size) != MK_OK)
        must(open.len == 0);
    change_one(key, data, size);
    mk_buf_free(&open);
    mk_key_free(key);
    return 0;
}
