/* totp.c - codes of authenticator apps (layer vault) */
#include "vault/totp.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEY = 128 };

/* The length, or 0 if it is no base32. */
static size_t base32(mk_bytes text, uint8_t out[MAX_KEY])
{
    uint32_t bits = 0;
    int have = 0;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == ' ' || c == '-' || c == '=')
            continue;
        int value = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
        if (value < 0 || len == MAX_KEY)
            return 0;
        bits = bits << 5 | (uint32_t)value;
        have += 5;
        if (have >= 8) {
            have -= 8;
            out[len++] = (uint8_t)(bits >> have);
        }
    }
    return len;
}

bool mk_totp_at(mk_bytes secret, int64_t step, char code[8])
{
    uint8_t key[MAX_KEY], counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    size_t len = base32(secret, key);
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    bool ok = len > 0 && HMAC(EVP_sha1(), key, (int)len, counter, sizeof counter, mac, &mac_len) && mac_len == 20;
    if (ok) {
        int at = mac[19] & 15;
        uint32_t value = ((uint32_t)(mac[at] & 0x7f) << 24) | ((uint32_t)mac[at + 1] << 16) | ((uint32_t)mac[at + 2] << 8) | mac[at + 3];
        snprintf(code, 8, "%06u", value % 1000000);
    }
    if (!ok)
        ERR_clear_error(); /* what it says of itself holds memory */
    explicit_bzero(key, sizeof key);
    return ok;
}
