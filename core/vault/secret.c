/* secret.c - bytes that nobody may read by accident (layer vault) */
#include "vault/secret.h"

#include "base/codec.h"
#include "base/err.h"
#include "vault/slab.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

struct mk_secret {
    char *data; /* in the slab */
    size_t len, room;
    size_t refs;
};

static size_t alive;

/* One that holds nothing yet but has room for most bytes and a NUL. */
static mk_secret *blank(size_t most)
{
    size_t room = 0;
    if (mk_add_overflows(most, 1, &room))
        return NULL;
    mk_secret *secret = mk_calloc(1, sizeof *secret);
    if (!secret)
        return NULL;
    secret->data = mk_slab_alloc(room);
    if (!secret->data) {
        mk_free(secret);
        return NULL;
    }
    secret->room = room;
    secret->refs = 1;
    alive++;
    return secret;
}

mk_secret *mk_secret_new(const void *data, size_t len)
{
    mk_secret *secret = blank(len);
    if (!secret)
        return NULL;
    if (len)
        memcpy(secret->data, data, len);
    secret->len = len;
    return secret;
}

mk_secret *mk_secret_ref(mk_secret *secret)
{
    secret->refs++;
    return secret;
}

void mk_secret_unref(mk_secret *secret)
{
    if (!secret || --secret->refs)
        return;
    mk_slab_free(secret->data, secret->room);
    mk_free(secret);
    alive--;
}

mk_bytes mk_secret_bytes(const mk_secret *secret)
{
    return (mk_bytes){ secret->data, secret->len };
}

size_t mk_secret_live(void)
{
    return alive;
}

/* Most bytes a derivation of len gives; 0 for what is none. */
static size_t derived_most(enum mk_derive how, size_t len)
{
    switch (how) {
    case MK_DERIVE_SHA1:
        return SHA_DIGEST_LENGTH;
    case MK_DERIVE_SHA256:
    case MK_DERIVE_HMAC_SHA256:
        return crypto_hash_sha256_BYTES;
    case MK_DERIVE_BASE64:
    case MK_DERIVE_BASE64URL:
        return len / 3 * 4 + 4;
    case MK_DERIVE_HEX:
        return len * 2 + 1;
    case MK_DERIVE_URL:
        return len * 3 + 1;
    case MK_DERIVE_UPPER:
    case MK_DERIVE_LOWER:
    case MK_DERIVE_TRIM:
        return len + 1;
    }
    return 0;
}

static int hash(mk_secret *to, mk_bytes from, enum mk_derive how, mk_bytes key)
{
    unsigned char *out = (unsigned char *)to->data;
    const unsigned char *in = (const unsigned char *)from.data;
    if (how == MK_DERIVE_SHA1) {
        to->len = SHA_DIGEST_LENGTH;
        return SHA1(in, from.len, out) ? MK_OK : MK_ENOMEM;
    }
    to->len = crypto_hash_sha256_BYTES;
    if (how == MK_DERIVE_SHA256) {
        crypto_hash_sha256(out, in, from.len);
        return MK_OK;
    }
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)(key.data ? key.data : ""), key.len);
    crypto_auth_hmacsha256_update(&state, in, from.len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
    return MK_OK;
}

/* ASCII only: what other letters become depends on a language. */
static void change_case(char *text, size_t len, enum mk_derive how)
{
    const char first = how == MK_DERIVE_UPPER ? 'a' : 'A';
    for (size_t i = 0; i < len; i++)
        if (text[i] >= first && text[i] <= first + 25)
            text[i] ^= 0x20;
}

static mk_bytes trimmed(mk_bytes text)
{
    static const char space[] = " \t\n\r\f\v";
    while (text.len && memchr(space, text.data[text.len - 1], sizeof space - 1))
        text.len--;
    while (text.len && memchr(space, *text.data, sizeof space - 1)) {
        text.data++;
        text.len--;
    }
    return text;
}

static int transform(mk_secret *to, mk_bytes from, enum mk_derive how)
{
    mk_buf out = mk_slab_buf(to->data, to->room);
    int err = MK_OK;
    if (how == MK_DERIVE_TRIM)
        from = trimmed(from);
    switch (how) {
    case MK_DERIVE_BASE64:
    case MK_DERIVE_BASE64URL:
        err = mk_base64_encode(&out, from.data, from.len, how == MK_DERIVE_BASE64URL);
        break;
    case MK_DERIVE_HEX:
        err = mk_hex_encode(&out, from.data, from.len);
        break;
    case MK_DERIVE_URL:
        err = mk_percent_encode(&out, from.data, from.len, false);
        break;
    default:
        err = mk_buf_add(&out, from.data, from.len);
        if (how != MK_DERIVE_TRIM)
            change_case(out.data, out.len, how);
    }
    to->len = out.len;
    return err;
}

int mk_secret_derive(mk_secret **out, const mk_secret *from, enum mk_derive how, mk_bytes key)
{
    const mk_bytes bytes = mk_secret_bytes(from);
    const size_t most = bytes.len < SIZE_MAX / 8 ? derived_most(how, bytes.len) : 0;
    if (!most)
        return MK_EINVAL;
    mk_secret *secret = blank(most);
    if (!secret)
        return MK_ENOMEM;
    const int err = how <= MK_DERIVE_HMAC_SHA256 ? hash(secret, bytes, how, key) : transform(secret, bytes, how);
    if (err) {
        mk_secret_unref(secret);
        return err;
    }
    *out = secret;
    return MK_OK;
}

int mk_secret_concat(mk_secret **out, mk_bytes a, mk_bytes b)
{
    size_t len = 0;
    if (mk_add_overflows(a.len, b.len, &len))
        return MK_ENOMEM;
    mk_secret *secret = blank(len);
    if (!secret)
        return MK_ENOMEM;
    if (a.len)
        memcpy(secret->data, a.data, a.len);
    if (b.len)
        memcpy(secret->data + a.len, b.data, b.len);
    secret->len = len;
    *out = secret;
    return MK_OK;
}
