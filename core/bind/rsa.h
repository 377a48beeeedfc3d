/* rsa.h - RSA encryption whose padding comes from the session (layer bind, its own)
 *
 * A library that draws its padding from the kernel would encrypt to other bytes in a replay. So the padding is
 * made here, from the caller's random bytes, and OpenSSL only raises to the power. */
#ifndef MK_BIND_RSA_H
#define MK_BIND_RSA_H
#include "base/buf.h"
#include "base/mem.h"
#include <openssl/evp.h>

/* From PEM (public key, RSA public key or certificate) or base64 of the same DER. MK_OK; MK_EPARSE (no public
 * RSA key), MK_EPOLICY (under 512 or over 8,192 bits), MK_ENOMEM. Free with EVP_PKEY_free. */
int mk_rsa_key_text(EVP_PKEY **out, const char *text, size_t len);
/* From modulus and exponent, big-endian. As above. */
int mk_rsa_key_numbers(EVP_PKEY **out, mk_bytes n, mk_bytes e);

enum mk_rsa_padding { MK_RSA_OAEP_SHA1, MK_RSA_OAEP_SHA256, MK_RSA_PKCS1 };
typedef void (*mk_rsa_random)(void *arg, void *out, size_t len);
/* Appends the encrypted data, as long as the modulus. MK_OK; MK_ELIMIT (data too long for key and padding, or out
 * full), MK_ECRYPTO, MK_ENOMEM. */
int mk_rsa_encrypt(mk_buf *out, EVP_PKEY *key, enum mk_rsa_padding padding, mk_bytes data, mk_rsa_random draw,
                   void *arg);
#endif
