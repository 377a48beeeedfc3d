/* random.c - bytes from the kernel, and a stream from a seed (layer base) */
#include "base/random.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void mk_random_fill(void *out, size_t len)
{
    char *at = out;
    while (len) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            abort(); /* going on with known bytes would be worse */
        }
        at += got;
        len -= (size_t)got;
    }
}

void mk_prng_fill(mk_prng *prng, void *out, size_t len)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    uint8_t block[64];
    uint8_t *at = out;
    while (len) {
        const size_t skip = prng->offset % sizeof block;
        const uint64_t number = prng->offset / sizeof block;
        const bool whole = !skip && len >= sizeof block;
        size_t take = whole ? len - len % sizeof block : sizeof block - skip;
        if (take > len)
            take = len;
        if (whole) {
            memset(at, 0, take);
            crypto_stream_chacha20_xor_ic(at, at, take, nonce, number, prng->seed);
        } else {
            memset(block, 0, sizeof block);
            crypto_stream_chacha20_xor_ic(block, block, sizeof block, nonce, number, prng->seed);
            memcpy(at, block + skip, take);
        }
        at += take;
        len -= take;
        prng->offset += take;
    }
    explicit_bzero(block, sizeof block);
}
