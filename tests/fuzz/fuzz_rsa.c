/* fuzz_rsa.c - public keys as pages carry them, and encrypting with whatever is accepted */
#include "base/err.h"
#include "bind/rsa.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void fill(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0x5a, len);
}

static void use(EVP_PKEY *key)
{
    for (int padding = MK_RSA_OAEP_SHA1; padding <= MK_RSA_PKCS1; padding++) {
        mk_buf out;
        mk_buf_init(&out, 4096);
        int err = mk_rsa_encrypt(&out, key, (enum mk_rsa_padding)padding, (mk_bytes){"password", 8}, fill, NULL);
        if (!err && out.len != (size_t)EVP_PKEY_get_size(key))
            abort();
        if (err && out.len)
            abort();
        mk_buf_free(&out);
    }
    EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EVP_PKEY *key = NULL;
    if (mk_rsa_key_text(&key, (const char *)data, size) == MK_OK)
        use(key);
    key = NULL;
    if (size < 2)
        return 0;
    size_t part = data[0] % size;
    mk_bytes n = {(const char *)data + 1, part}, e = {(const char *)data + part, size - part};
    if (mk_rsa_key_numbers(&key, n, e) == MK_OK)
        use(key);
    return 0;
}
