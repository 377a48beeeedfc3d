/* random.h - bytes that nobody can guess (layer base) */
#ifndef MK_RANDOM_H
#define MK_RANDOM_H
#include <stddef.h>
#include <stdint.h>

/* Fills from the kernel; aborts if the kernel has none (it always has). */
void mk_random_fill(void *out, size_t len);

/* A deterministic stream for one session, from a 32-byte journaled seed
 * (ChaCha20 keystream). The same seed gives the same bytes in a replay. */
typedef struct mk_prng {
    uint8_t seed[32];
    uint64_t offset;
} mk_prng;
void mk_prng_fill(mk_prng *prng, void *out, size_t len);
#endif
