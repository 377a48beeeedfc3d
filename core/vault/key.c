/* key.c - keys in locked memory, and what is derived from them (layer vault) */
#include "base/err.h"
#include "base/random.h"
#include "vault/key.h"
#include "vault/slab.h"

#include <sodium.h>
#include <string.h>

struct mk_key {
    uint8_t bytes[MK_KEY_BYTES];
    uint8_t id[MK_KEY_ID_BYTES];
};

/* Each use has a person of its own, so that no caller of one can ask for another's output. */
static void hash(const uint8_t *key, const char *person, const void *data, size_t len, uint8_t *out, size_t out_len)
{
    static const uint8_t salt[crypto_generichash_blake2b_SALTBYTES];
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = { 0 };
    memcpy(personal, person, strlen(person));
    crypto_generichash_blake2b_salt_personal(out, out_len, data, len, key, MK_KEY_BYTES, salt, personal);
}

int mk_vault_init(void)
{
    return sodium_init() < 0 ? MK_ECRYPTO : MK_OK;
}

mk_key *mk_key_new(const uint8_t bytes[MK_KEY_BYTES])
{
    mk_key *key = mk_slab_alloc(sizeof *key);
    if (!key)
        return NULL;
    memcpy(key->bytes, bytes, MK_KEY_BYTES);
    uint8_t id[crypto_generichash_blake2b_BYTES_MIN]; /* BLAKE2b gives no fewer */
    hash(key->bytes, "mk key id", NULL, 0, id, sizeof id);
    memcpy(key->id, id, sizeof key->id);
    return key;
}

mk_key *mk_key_random(void)
{
    uint8_t bytes[MK_KEY_BYTES];
    mk_random_fill(bytes, sizeof bytes);
    mk_key *key = mk_key_new(bytes);
    sodium_memzero(bytes, sizeof bytes);
    return key;
}

void mk_key_free(mk_key *key)
{
    mk_slab_free(key, sizeof *key);
}

const uint8_t *mk_key_id(const mk_key *key)
{
    return key->id;
}

mk_key *mk_key_derive(const mk_key *key, const char *use)
{
    uint8_t bytes[MK_KEY_BYTES];
    hash(key->bytes, "mk derive", use, strlen(use), bytes, sizeof bytes);
    mk_key *derived = mk_key_new(bytes);
    sodium_memzero(bytes, sizeof bytes);
    return derived;
}

void mk_key_hash(const mk_key *key, const void *data, size_t len, uint8_t out[32])
{
    hash(key->bytes, "mk hash", data, len, out, 32);
}

void mk_key_sealing(const mk_key *key, uint8_t out[MK_KEY_BYTES])
{
    hash(key->bytes, "mk seal", NULL, 0, out, MK_KEY_BYTES);
}
