/* rsa.c - RSA encryption whose padding comes from the session (layer bind)
 *
 * RFC 8017, 7.1.1 and 7.2.1. */
#include "bind/rsa.h"
#include "base/codec.h"
#include "base/err.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { MIN_BITS = 512, MAX_BITS = 8192, MAX_BYTES = MAX_BITS / 8, MAX_DER = 64 << 10 };

/* *key is taken over. */
static int accept_key(EVP_PKEY **out, EVP_PKEY *key)
{
    ERR_clear_error();
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return MK_EPARSE;
    }
    int bits = EVP_PKEY_get_bits(key);
    if (bits < MIN_BITS || bits > MAX_BITS) {
        EVP_PKEY_free(key);
        return MK_EPOLICY;
    }
    *out = key;
    return MK_OK;
}

static EVP_PKEY *key_of_der(const unsigned char *der, long len)
{
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, len);
    if (key)
        return key;
    at = der;
    key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, len);
    if (key)
        return key;
    at = der;
    X509 *certificate = d2i_X509(NULL, &at, len);
    if (!certificate)
        return NULL;
    key = X509_get_pubkey(certificate);
    X509_free(certificate);
    return key;
}

/* The base64 between the lines of a PEM text, or all of it if there are none. */
static mk_bytes armoured(const char *text, size_t len)
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----";
    mk_bytes all = {text, len};
    const char *at = memmem(text, len, begin, sizeof begin - 1);
    if (!at)
        return all;
    at += sizeof begin - 1;
    at = memmem(at, len - (size_t)(at - text), dashes, sizeof dashes - 1);
    if (!at)
        return all;
    at += sizeof dashes - 1;
    size_t left = len - (size_t)(at - text);
    const char *end = memmem(at, left, dashes, sizeof dashes - 1);
    return (mk_bytes){at, end ? (size_t)(end - at) : left};
}

int mk_rsa_key_text(EVP_PKEY **out, const char *text, size_t len)
{
    mk_buf der;
    mk_buf_init(&der, MAX_DER);
    mk_bytes inside = armoured(text, len);
    int err = mk_base64_decode(&der, inside.data, inside.len);
    if (err == MK_ELIMIT)
        err = MK_EPARSE;
    if (!err)
        err = accept_key(out, key_of_der((const unsigned char *)der.data, (long)der.len));
    mk_buf_free(&der);
    return err;
}

static EVP_PKEY *key_of_params(OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

int mk_rsa_key_numbers(EVP_PKEY **out, mk_bytes n, mk_bytes e)
{
    if (n.len == 0 || e.len == 0 || n.len > MAX_BYTES + 1 || e.len > MAX_BYTES)
        return MK_EPARSE;
    int err = MK_ENOMEM;
    OSSL_PARAM *params = NULL;
    BIGNUM *modulus = BN_bin2bn((const unsigned char *)n.data, (int)n.len, NULL);
    BIGNUM *exponent = BN_bin2bn((const unsigned char *)e.data, (int)e.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (!modulus || !exponent || !build || !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent))
        goto done;
    params = OSSL_PARAM_BLD_to_param(build);
    if (params)
        err = accept_key(out, key_of_params(params));
done:
    ERR_clear_error();
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(exponent);
    BN_free(modulus);
    return err;
}

/* XORs data with MGF1 of seed (RFC 8017, B.2.1). */
static bool mask_with(const EVP_MD *md, const uint8_t *seed, size_t seed_len, uint8_t *data, size_t len)
{
    uint8_t input[EVP_MAX_MD_SIZE + MAX_BYTES + 4], digest[EVP_MAX_MD_SIZE];
    size_t size = (size_t)EVP_MD_get_size(md);
    bool ok = true;
    memcpy(input, seed, seed_len);
    for (size_t at = 0, counter = 0; ok && at < len; at += size, counter++) {
        for (int i = 0; i < 4; i++)
            input[seed_len + (size_t)i] = (uint8_t)(counter >> (24 - 8 * i));
        ok = EVP_Digest(input, seed_len + 4, digest, NULL, md, NULL) > 0;
        for (size_t i = 0; ok && i < size && at + i < len; i++)
            data[at + i] ^= digest[i];
    }
    OPENSSL_cleanse(input, sizeof input);
    return ok;
}

static int pad_oaep(uint8_t *em, size_t k, const EVP_MD *md, mk_bytes data, mk_rsa_random draw, void *arg)
{
    size_t size = (size_t)EVP_MD_get_size(md);
    if (k < 2 * size + 2 || data.len > k - 2 * size - 2)
        return MK_ELIMIT;
    uint8_t *seed = em + 1, *db = em + 1 + size;
    size_t db_len = k - 1 - size;
    memset(em, 0, k);
    if (EVP_Digest("", 0, db, NULL, md, NULL) <= 0) /* of the empty label */
        return MK_ECRYPTO;
    db[db_len - data.len - 1] = 1;
    if (data.len)
        memcpy(db + db_len - data.len, data.data, data.len);
    draw(arg, seed, size);
    if (!mask_with(md, seed, size, db, db_len) || !mask_with(md, db, db_len, seed, size))
        return MK_ECRYPTO;
    return MK_OK;
}

static int pad_pkcs1(uint8_t *em, size_t k, mk_bytes data, mk_rsa_random draw, void *arg)
{
    if (k < 11 || data.len > k - 11)
        return MK_ELIMIT;
    size_t fill = k - 3 - data.len;
    em[0] = 0;
    em[1] = 2;
    draw(arg, em + 2, fill);
    for (size_t i = 0; i < fill; i++) {
        while (em[2 + i] == 0) /* none of the padding may be 0 */
            draw(arg, em + 2 + i, 1);
    }
    em[2 + fill] = 0;
    if (data.len)
        memcpy(em + 3 + fill, data.data, data.len);
    return MK_OK;
}

static int raise_to_power(EVP_PKEY *key, uint8_t *out, const uint8_t *em, size_t k)
{
    int err = MK_ENOMEM;
    size_t len = k;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (!ctx)
        return err;
    err = MK_ECRYPTO;
    if (EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
        EVP_PKEY_encrypt(ctx, out, &len, em, k) > 0 && len == k)
        err = MK_OK;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return err;
}

int mk_rsa_encrypt(mk_buf *out, EVP_PKEY *key, enum mk_rsa_padding padding, mk_bytes data, mk_rsa_random draw,
                   void *arg)
{
    uint8_t em[MAX_BYTES], sealed[MAX_BYTES];
    int size = EVP_PKEY_get_size(key);
    if (size <= 0 || size > MAX_BYTES)
        return MK_EPOLICY;
    size_t k = (size_t)size;
    int err = padding == MK_RSA_PKCS1
                  ? pad_pkcs1(em, k, data, draw, arg)
                  : pad_oaep(em, k, padding == MK_RSA_OAEP_SHA256 ? EVP_sha256() : EVP_sha1(), data, draw, arg);
    if (!err)
        err = raise_to_power(key, sealed, em, k);
    if (!err)
        err = mk_buf_add(out, sealed, k);
    OPENSSL_cleanse(em, sizeof em);
    return err;
}
