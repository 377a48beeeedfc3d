/* version_hash.c - the hash that a version is called by: of all that it holds (layer script) */
#include "script/version_impl.h"

#include <stdio.h>

static void add_number(mk_version_digest *digest, size_t number)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    crypto_hash_sha256_update(digest, bytes, sizeof bytes);
}

void mk_version_digest_begin(mk_version_digest *digest, size_t replay_number)
{
    crypto_hash_sha256_init(digest);
    add_number(digest, replay_number);
}

void mk_version_digest_add(mk_version_digest *digest, const char *text, size_t len)
{
    add_number(digest, len);
    crypto_hash_sha256_update(digest, (const unsigned char *)text, len);
}

void mk_version_digest_end(mk_version_digest *digest, char hash[17])
{
    unsigned char bytes[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(digest, bytes);
    for (size_t i = 0; i < 8; i++)
        snprintf(hash + 2 * i, 3, "%02x", bytes[i]);
}
