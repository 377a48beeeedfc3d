/* fuzz_key.c - a master key as a file, the environment or systemd has it, and numbers from systemd (fuzz target of vault)
 *
 * What is read is 64 hex digits; written again they are the same key, and no other text is. */
#include "base/err.h"
#include "service/systemd.h"
#include "vault/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEX = 2 * MK_KEY_BYTES };

static void must(int holds)
{
    if (!holds)
        abort();
}

static void keys(const char *text, size_t size)
{
    uint8_t bytes[MK_KEY_BYTES], one[32], two[32];
    char again[HEX + 1];
    mk_key *key = NULL, *same = NULL;
    const int err = mk_key_read(&key, text, size);
    must(err == MK_OK || err == MK_EPARSE);
    must((err == MK_OK) == (key != NULL));
    must((err == MK_OK) == ((size == HEX || (size == HEX + 1 && text[HEX] == '\n')) && strspn(text, "0123456789abcdefABCDEF") == HEX));
    if (err)
        return;
    must(sodium_hex2bin(bytes, sizeof bytes, text, HEX, NULL, NULL, NULL) == 0);
    sodium_bin2hex(again, sizeof again, bytes, sizeof bytes);
    must(mk_key_read(&same, again, HEX) == MK_OK);
    mk_key_hash(key, "x", 1, one);
    mk_key_hash(same, "x", 1, two);
    must(memcmp(one, two, sizeof one) == 0 && memcmp(mk_key_id(key), mk_key_id(same), MK_KEY_ID_BYTES) == 0);
    mk_key_free(same);
    mk_key_free(key);
}

static void numbers(const char *text)
{
    char again[32];
    const unsigned long long value = mk_systemd_number(text);
    snprintf(again, sizeof again, "%llu", value);
    const size_t zeros = strspn(text, "0");
    must(!value || strcmp(text + zeros, again) == 0);
    must(value || strspn(text, "0123456789") != strlen(text) || !text[zeros] || strlen(text + zeros) >= 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[200] = "";
    static bool begun;
    if (!begun)
        must(mk_vault_init() == MK_OK);
    begun = true;
    memcpy(text, data, size < sizeof text - 1 ? size : sizeof text - 1);
    if (size < sizeof text)
        keys(text, size);
    numbers(text);
    return 0;
}
