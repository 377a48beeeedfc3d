/* sign.c - signatures by which an operator knows an adapter's version (layer vault) */
#include "vault/sign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void pair(const mk_key *key, uint8_t public[crypto_sign_PUBLICKEYBYTES], uint8_t secret[crypto_sign_SECRETKEYBYTES])
{
    static const char use[] = "adapter signing seed";
    uint8_t seed[crypto_sign_SEEDBYTES];
    mk_key_hash(key, use, sizeof use - 1, seed);
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(seed, sizeof seed);
}

void mk_sign_public(const mk_key *key, uint8_t out[MK_SIGN_PUBLIC])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    pair(key, out, secret);
    sodium_memzero(secret, sizeof secret);
}

void mk_sign(const mk_key *key, const void *data, size_t len, uint8_t out[MK_SIGNATURE])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    pair(key, public, secret);
    crypto_sign_detached(out, NULL, data, len, secret);
    sodium_memzero(secret, sizeof secret);
}

static bool from_hex(uint8_t *out, size_t size, const char *text)
{
    size_t len = 0;
    return sodium_hex2bin(out, size, text, strlen(text), " \r\n", &len, NULL) == 0 && len == size;
}

bool mk_sign_holds(const char *public_hex, const char *signature_hex, const void *data, size_t len)
{
    uint8_t public[MK_SIGN_PUBLIC], signature[MK_SIGNATURE];
    return from_hex(public, sizeof public, public_hex) && from_hex(signature, sizeof signature, signature_hex) &&
           crypto_sign_verify_detached(signature, data, len, public) == 0;
}

const char *mk_sign_missing(const char *keys, const char *signature_hex, const void *data, size_t len)
{
    char key[200];
    if (!keys)
        return NULL;
    if (!signature_hex || !*signature_hex)
        return "it is not signed by a key of adapter_keys: no signature lies beside it (`meterkey sign` makes one)";
    for (const char *at = keys, *end; *at; at = *end ? end + 1 : end) {
        end = at + strcspn(at, ",");
        if ((size_t)snprintf(key, sizeof key, "%.*s", (int)(end - at), at) < sizeof key && mk_sign_holds(key, signature_hex, data, len))
            return NULL;
    }
    return "it is not signed by a key of adapter_keys: the signature beside it is of another key, or of another text of it or of a "
           "module that it requires";
}
