/* fuzz_sign.c - public keys and signatures as settings and files have them (fuzz target of vault)
 *
 * A byte 0 parts the two: nothing that comes in is a signature, and the right one holds only as it is. */
#include "vault/sign.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PUBLIC = MK_SIGN_PUBLIC * 2 + 1, SIGNED = MK_SIGNATURE * 2 + 1 };

static void right(char public[PUBLIC], char signature[SIGNED])
{
    static const uint8_t bytes[MK_KEY_BYTES] = "a key that is made up for this";
    uint8_t half[MK_SIGN_PUBLIC], whole[MK_SIGNATURE];
    mk_key *key = mk_key_new(bytes);
    if (!key)
        abort();
    mk_sign_public(key, half);
    mk_sign(key, "version", 7, whole);
    sodium_bin2hex(public, PUBLIC, half, sizeof half);
    sodium_bin2hex(signature, SIGNED, whole, sizeof whole);
    mk_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char public[PUBLIC], signature[SIGNED];
    if (!*public) {
        if (mk_vault_init())
            abort();
        right(public, signature);
    }
    char *text = mk_memdup(data, size);
    const char *second = text + strlen(text) + (strlen(text) < size);
    if (mk_sign_holds(text, second, "version", 7) || mk_sign_holds(text, signature, "other", 5) || !mk_sign_holds(public, signature, "version", 7))
        abort();
    if (size == 1 && mk_sign_holds(public, signature, data, 1))
        abort();
    mk_free(text);
    return 0;
}
