/* sandbox_totp.c - the codes of DEMO's authenticator app, RFC 6238 (layer cli) */
#include "base/err.h"
#include "cli/sandbox_int.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

/* Base32 of the key below; made up, the same for every customer of DEMO. */
const char mk_sb_totp_secret[] = "MRSW23ZANVQWIZJAOVYCA23FPEQDCMRT";
static const char key[] = "demo made up key 123";

int mk_sb_totp_code(int64_t counter, char out[7])
{
    unsigned char message[8], mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    for (int i = 7; i >= 0; i--) {
        message[i] = (unsigned char)(counter & 0xff);
        counter >>= 8;
    }
    if (!HMAC(EVP_sha1(), key, (int)sizeof key - 1, message, sizeof message, mac, &len) || len != 20)
        return MK_ECRYPTO;
    unsigned at = mac[19] & 0xfU;
    uint32_t number = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 |
                      mac[at + 3];
    snprintf(out, 7, "%06u", number % 1000000U);
    return MK_OK;
}
