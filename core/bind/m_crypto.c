/* m_crypto.c - meterkey.crypto: hashes, encodings, random numbers, RSA, one-time codes (layer bind)
 *
 * Opaque values go in everywhere and come out opaque. Random numbers and the time come from the host, so that a
 * replay computes the same. */
#include "bind/prim.h"
#include "bind/rsa.h"
#include "base/codec.h"
#include "base/err.h"
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define KEY_MT "meterkey.crypto.key"
enum { MAX_TEXT = 16 << 20, MAX_RANDOM = 4096 };

static int push_digest(lua_State *L, uint8_t *digest, unsigned len, unsigned roles)
{
    mk_prim_push(L, (mk_bytes){(const char *)digest, len}, roles);
    OPENSSL_cleanse(digest, EVP_MAX_MD_SIZE);
    return 1;
}

static int hash(lua_State *L, const EVP_MD *md)
{
    unsigned roles = 0, len = 0;
    uint8_t digest[EVP_MAX_MD_SIZE];
    mk_bytes data = mk_lua_check_bytes(L, 1, &roles, "data");
    int64_t begun = mk_script_work_begin(L);
    int ok = EVP_Digest(data.data, data.len, digest, &len, md, NULL);
    mk_script_work_end(L, begun);
    return ok > 0 ? push_digest(L, digest, len, roles) : luaL_error(L, "not enough memory");
}

/* crypto.sha1(data) -> 20 raw bytes, or opaque from opaque         [-1, +1, e] no wait */
/** As all hashes here: raw bytes; `crypto.hex(crypto.sha1(data))` for digits. */
static int b_sha1(lua_State *L) { return hash(L, EVP_sha1()); }

/* crypto.sha256(data) -> 32 raw bytes, or opaque from opaque       [-1, +1, e] no wait */
static int b_sha256(lua_State *L) { return hash(L, EVP_sha256()); }

/* crypto.sha384(data) -> 48 raw bytes, or opaque from opaque       [-1, +1, e] no wait */
static int b_sha384(lua_State *L) { return hash(L, EVP_sha384()); }

/* crypto.sha512(data) -> 64 raw bytes, or opaque from opaque       [-1, +1, e] no wait */
static int b_sha512(lua_State *L) { return hash(L, EVP_sha512()); }

/* crypto.md5(data) -> 16 raw bytes, or opaque from opaque          [-1, +1, e] no wait */
/** For portals that still use it. */
static int b_md5(lua_State *L) { return hash(L, EVP_md5()); }

static int hmac(lua_State *L, const EVP_MD *md)
{
    unsigned roles = 0, len = 0;
    uint8_t digest[EVP_MAX_MD_SIZE];
    mk_bytes key = mk_lua_check_bytes(L, 1, &roles, "key"), data = mk_lua_check_bytes(L, 2, &roles, "data");
    int64_t begun = mk_script_work_begin(L);
    const uint8_t *out = HMAC(md, key.data, (int)key.len, (const unsigned char *)data.data, data.len, digest, &len);
    mk_script_work_end(L, begun);
    return out ? push_digest(L, digest, len, roles) : luaL_error(L, "not enough memory");
}

/* crypto.hmac_sha1(key, data) -> 20 raw bytes, or opaque           [-2, +1, e] no wait */
/** The key comes first. Opaque if either is. */
static int b_hmac_sha1(lua_State *L) { return hmac(L, EVP_sha1()); }

/* crypto.hmac_sha256(key, data) -> 32 raw bytes, or opaque         [-2, +1, e] no wait */
static int b_hmac_sha256(lua_State *L) { return hmac(L, EVP_sha256()); }

/* crypto.hmac_sha512(key, data) -> 64 raw bytes, or opaque         [-2, +1, e] no wait */
static int b_hmac_sha512(lua_State *L) { return hmac(L, EVP_sha512()); }

static int push_buf(lua_State *L, const mk_buf *buf, unsigned roles)
{
    mk_prim_push(L, (mk_bytes){buf->data, buf->len}, roles);
    return 1;
}

/* crypto.hex(data) -> lower-case hex digits, or opaque             [-1, +1, e] no wait */
static int b_hex(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes data = mk_lua_check_bytes(L, 1, &roles, "data");
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    mk_prim_check(L, mk_hex_encode(buf, data.data, data.len), "crypto.hex");
    return push_buf(L, buf, roles);
}

/* crypto.unhex(text) -> bytes | nil, message, code                 [-1, +1|+3, e] no wait */
/** Both cases. Opaque from opaque. */
static int b_unhex(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes text = mk_lua_check_bytes(L, 1, &roles, "text");
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    int err = mk_hex_decode(buf, text.data, text.len);
    if (err == MK_EPARSE)
        return mk_lua_failf(L, "adapter.parse", "not hex digits");
    mk_prim_check(L, err, "crypto.unhex");
    return push_buf(L, buf, roles);
}

static int encode_base64(lua_State *L, bool url)
{
    unsigned roles = 0;
    mk_bytes data = mk_lua_check_bytes(L, 1, &roles, "data");
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    mk_prim_check(L, mk_base64_encode(buf, data.data, data.len, url), "base64");
    return push_buf(L, buf, roles);
}

/* crypto.base64(data) -> text with padding, or opaque              [-1, +1, e] no wait */
static int b_base64(lua_State *L) { return encode_base64(L, false); }

/* crypto.base64url(data) -> text without padding, or opaque        [-1, +1, e] no wait */
/** The alphabet of URLs and JSON web tokens (`-` and `_`). */
static int b_base64url(lua_State *L) { return encode_base64(L, true); }

/* crypto.unbase64(text) -> bytes | nil, message, code              [-1, +1|+3, e] no wait */
/** Takes both alphabets, with or without padding; white space is skipped. Opaque from opaque. */
static int b_unbase64(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes text = mk_lua_check_bytes(L, 1, &roles, "text");
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    int err = mk_base64_decode(buf, text.data, text.len);
    if (err == MK_EPARSE)
        return mk_lua_failf(L, "adapter.parse", "not base64");
    mk_prim_check(L, err, "crypto.unbase64");
    return push_buf(L, buf, roles);
}

static void draw(void *arg, void *out, size_t len)
{
    mk_host *host = arg;
    host->random(host, out, len);
}

/* crypto.random(n) -> n random bytes                               [-1, +1, e] no wait */
/** n from 1 to 4,096. The same in a replay of the same session. */
static int b_random(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= MAX_RANDOM, 1, "1 to 4096 expected");
    char bytes[MAX_RANDOM];
    draw(mk_host_of(L), bytes, (size_t)n);
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

/* crypto.uuid() -> a random UUID (version 4), lower case           [-0, +1, e] no wait */
static int b_uuid(lua_State *L)
{
    uint8_t b[16];
    char text[40];
    draw(mk_host_of(L), b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(text, sizeof text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    lua_pushstring(L, text);
    return 1;
}

/* crypto.pkce() -> {verifier, challenge, method}                   [-0, +1, e] no wait */
/** RFC 7636: a verifier of 43 characters, its challenge, and method "S256". */
static int b_pkce(lua_State *L)
{
    uint8_t bytes[32], digest[EVP_MAX_MD_SIZE];
    draw(mk_host_of(L), bytes, sizeof bytes);
    mk_buf *verifier = mk_lua_new_buf(L, 64), *challenge = mk_lua_new_buf(L, 64);
    mk_prim_check(L, mk_base64_encode(verifier, bytes, sizeof bytes, true), "crypto.pkce");
    if (EVP_Digest(verifier->data, verifier->len, digest, NULL, EVP_sha256(), NULL) <= 0)
        return luaL_error(L, "not enough memory");
    mk_prim_check(L, mk_base64_encode(challenge, digest, 32, true), "crypto.pkce");
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, verifier->data, verifier->len);
    lua_setfield(L, -2, "verifier");
    lua_pushlstring(L, challenge->data, challenge->len);
    lua_setfield(L, -2, "challenge");
    lua_pushliteral(L, "S256");
    lua_setfield(L, -2, "method");
    return 1;
}

static int key_gc(lua_State *L)
{
    EVP_PKEY **box = lua_touserdata(L, 1);
    EVP_PKEY_free(*box);
    *box = NULL;
    return 0;
}

/* A number of the key table at 1, decoded, in a buffer on the stack; false if it is not what it should be. */
static bool read_number(lua_State *L, const char *name, bool hex, mk_bytes *out)
{
    lua_getfield(L, 1, name);
    size_t len;
    const char *text = luaL_checklstring(L, -1, &len);
    mk_buf *buf = mk_lua_new_buf(L, 4096);
    int err = MK_OK;
    if (hex && len % 2)
        err = mk_hex_decode(buf, (char[]){'0', text[0]}, 2), text++, len--;
    if (!err)
        err = hex ? mk_hex_decode(buf, text, len) : mk_base64_decode(buf, text, len);
    if (err == MK_ENOMEM)
        luaL_error(L, "not enough memory");
    *out = (mk_bytes){buf->data, buf->len};
    return err == MK_OK;
}

static int read_key(lua_State *L, EVP_PKEY **out)
{
    if (!lua_istable(L, 1)) {
        size_t len;
        const char *text = luaL_checklstring(L, 1, &len);
        return mk_rsa_key_text(out, text, len);
    }
    mk_bytes n, e;
    lua_getfield(L, 1, "hex");
    bool hex = lua_toboolean(L, -1);
    if (!read_number(L, "n", hex, &n) || !read_number(L, "e", hex, &e))
        return MK_EPARSE;
    return mk_rsa_key_numbers(out, n, e);
}

/* crypto.rsa_encrypt(key, data[, padding]) -> raw bytes | nil, message, code   [-3, +1|+3, e] no wait */
/**
 * Encrypts with a public key, as sign-in pages do with a password. key: PEM (public key or certificate), base64 of
 * the same DER, or `{n=, e=}` in base64url as in a JSON web key (`{n=, e=, hex=true}`: hex digits).
 * padding: "oaep" (SHA-1, the default), "oaep-sha256" or "pkcs1". Data may be opaque; the result is opaque then.
 * The padding's random bytes are the session's own, so a replay encrypts to the same bytes. Fails with adapter.parse
 * for what is no key of 512 to 8,192 bits, and for data that is too long for it.
 */
static int b_rsa_encrypt(lua_State *L)
{
    static const char *const names[] = {"oaep", "oaep-sha256", "pkcs1", NULL};
    static const luaL_Reg meta[] = {{"__gc", key_gc}, {NULL, NULL}};
    unsigned roles = 0;
    mk_bytes data = mk_lua_check_bytes(L, 2, &roles, "data");
    enum mk_rsa_padding padding = (enum mk_rsa_padding)luaL_checkoption(L, 3, "oaep", names);
    EVP_PKEY **key = (EVP_PKEY **)mk_prim_box(L, KEY_MT, NULL, meta);
    mk_buf *buf = mk_lua_new_buf(L, 2048);
    int err = read_key(L, key);
    if (err == MK_ENOMEM)
        return luaL_error(L, "not enough memory");
    if (err)
        return mk_lua_failf(L, "adapter.parse", "not a public RSA key of 512 to 8192 bits");
    int64_t begun = mk_script_work_begin(L);
    err = mk_rsa_encrypt(buf, *key, padding, data, draw, mk_host_of(L));
    mk_script_work_end(L, begun);
    if (err == MK_ENOMEM)
        return luaL_error(L, "not enough memory");
    if (err)
        return mk_lua_failf(L, "adapter.parse", err == MK_ELIMIT ? "data too long for this key and padding"
                                                                 : "the key does not encrypt");
    return push_buf(L, buf, roles);
}

/* RFC 4648, section 6, without padding; case and blanks ignored. */
static int decode_base32(mk_buf *out, mk_bytes text)
{
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == ' ' || c == '-' || c == '=' || c == '\n' || c == '\r')
            continue;
        int value = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
        if (value < 0)
            return MK_EPARSE;
        bits = (bits << 5 | (unsigned)value) & 0xfff;
        have += 5;
        if (have < 8)
            continue;
        have -= 8;
        int err = mk_buf_addc(out, (char)(bits >> have & 0xff));
        if (err)
            return err;
    }
    return out->len ? MK_OK : MK_EPARSE;
}

/* RFC 4226, 5.3. */
static bool hotp(char out[12], const EVP_MD *md, mk_bytes key, uint64_t counter, int digits)
{
    static const uint32_t powers[] = {1000000, 10000000, 100000000};
    uint8_t message[8], digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    for (int i = 7; i >= 0; i--, counter >>= 8)
        message[i] = (uint8_t)counter;
    if (!HMAC(md, key.data, (int)key.len, message, sizeof message, digest, &len))
        return false;
    const uint8_t *at = digest + (digest[len - 1] & 15);
    uint32_t code = ((uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) %
                    powers[digits - 6];
    snprintf(out, 12, "%0*u", digits, code);
    OPENSSL_cleanse(digest, sizeof digest);
    return true;
}

/* crypto.totp(secret[, time[, digits[, period[, algorithm]]]]) -> code | nil, message, code   [-5, +1|+3, e] no wait */
/**
 * The code of an authenticator (RFC 6238). secret: base32 as portals show it, case and blanks ignored; opaque is
 * usual, and the code is opaque then. time: seconds, default now; digits: 6 to 8, default 6; period: seconds, default 30;
 * algorithm: "sha1" (default), "sha256", "sha512". A challenge of kind `totp` is answered by the engine itself, which
 * also sees to it that no code is used twice.
 */
static int b_totp(lua_State *L)
{
    static const char *const names[] = {"sha1", "sha256", "sha512", NULL};
    const EVP_MD *const hashes[] = {EVP_sha1(), EVP_sha256(), EVP_sha512()};
    unsigned roles = 0;
    char code[12];
    lua_settop(L, 5);
    mk_bytes secret = mk_lua_check_bytes(L, 1, &roles, "secret");
    lua_Number now = lua_isnil(L, 2) ? (lua_Number)(mk_prim_now(L) / 1000) : luaL_checknumber(L, 2);
    luaL_argcheck(L, now >= 0 && now < 1e12, 2, "seconds since the epoch expected");
    lua_Integer digits = luaL_optinteger(L, 3, 6), period = luaL_optinteger(L, 4, 30);
    luaL_argcheck(L, digits >= 6 && digits <= 8, 3, "6 to 8 digits expected");
    luaL_argcheck(L, period >= 1 && period <= 3600, 4, "1 to 3600 seconds expected");
    int which = luaL_checkoption(L, 5, "sha1", names);
    mk_buf *key = mk_lua_new_buf(L, 1024);
    int err = decode_base32(key, secret);
    if (err == MK_ENOMEM)
        return luaL_error(L, "not enough memory");
    if (err)
        return mk_lua_failf(L, "adapter.parse", "the secret is not base32");
    if (!hotp(code, hashes[which], (mk_bytes){key->data, key->len}, (uint64_t)now / (uint64_t)period, (int)digits))
        return luaL_error(L, "not enough memory");
    mk_prim_push(L, (mk_bytes){code, (size_t)digits}, roles);
    return 1;
}

int mk_open_crypto(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sha1", b_sha1}, {"sha256", b_sha256}, {"sha384", b_sha384}, {"sha512", b_sha512}, {"md5", b_md5},
        {"hmac_sha1", b_hmac_sha1}, {"hmac_sha256", b_hmac_sha256}, {"hmac_sha512", b_hmac_sha512}, {"hex", b_hex},
        {"unhex", b_unhex}, {"base64", b_base64}, {"base64url", b_base64url}, {"unbase64", b_unbase64},
        {"random", b_random}, {"uuid", b_uuid}, {"pkce", b_pkce}, {"rsa_encrypt", b_rsa_encrypt}, {"totp", b_totp},
        {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
