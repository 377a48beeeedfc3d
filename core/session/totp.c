/* totp.c - authenticator codes from a stored secret (layer session)
 *
 * RFC 6238 with SHA-1, 30 seconds, 6 digits: what portals hand out. */
#include "session/own.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEY = 128 };

static const mk_credential *stored(const mk_credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (strcmp(credentials->list[i].name, "totp_secret") == 0)
            return &credentials->list[i];
    return NULL;
}

bool mk_totp_stored(const mk_credentials *credentials)
{
    return stored(credentials) != NULL;
}

/* RFC 4648 base32, spaces, dashes, padding and case ignored. The length, or 0 if it is none. */
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

bool mk_totp_code(const mk_credentials *credentials, int64_t step, char code[8])
{
    uint8_t key[MAX_KEY], counter[8], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    const mk_credential *secret = stored(credentials);
    size_t len = secret ? base32(mk_secret_bytes(secret->value), key) : 0;
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
