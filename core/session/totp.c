/* totp.c - authenticator codes from a stored secret (layer session) */
#include "session/own.h"
#include "vault/totp.h"
#include <string.h>

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

bool mk_totp_code(const mk_credentials *credentials, int64_t step, char code[8])
{
    const mk_credential *secret = stored(credentials);
    return secret && mk_totp_at(mk_secret_bytes(secret->value), step, code);
}
