/* seal.c - sealed bytes (layer vault)
 *
 * magic 6 | format 1 | label's length 1 | key's id 8 | length of the text 8, little-endian | label |
 * secretstream's header 24 | one message, final. All before secretstream's header is authenticated with it. */
#include "vault/seal.h"

#include "base/err.h"
#include "base/mem.h"
#include "vault/key.h"

#include <sodium.h>
#include <string.h>

static const char magic[6] = { 'M', 'K', 's', 'e', 'a', 'l' };

enum {
    FORMAT = 1,
    AT_FORMAT = 6,
    AT_LABEL_LEN = 7,
    AT_ID = 8,
    AT_TEXT_LEN = AT_ID + MK_KEY_ID_BYTES,
    AT_LABEL = AT_TEXT_LEN + 8,
    LABEL_MOST = 255,
    STREAM_HEAD = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    STREAM_MORE = crypto_secretstream_xchacha20poly1305_ABYTES
};

typedef crypto_secretstream_xchacha20poly1305_state stream;

static size_t head_fill(uint8_t head[AT_LABEL + LABEL_MOST], const mk_key *key, const char *label, uint64_t len)
{
    const size_t label_len = strlen(label);
    memcpy(head, magic, sizeof magic);
    head[AT_FORMAT] = FORMAT;
    head[AT_LABEL_LEN] = (uint8_t)label_len;
    memcpy(head + AT_ID, mk_key_id(key), MK_KEY_ID_BYTES);
    for (size_t i = 0; i < 8; i++)
        head[AT_TEXT_LEN + i] = (uint8_t)(len >> (8 * i));
    memcpy(head + AT_LABEL, label, label_len);
    return AT_LABEL + label_len;
}

int mk_seal(mk_buf *out, const mk_key *key, const char *label, const void *data, size_t len)
{
    if (strlen(label) > LABEL_MOST)
        return MK_EINVAL;
    uint8_t head[AT_LABEL + LABEL_MOST];
    const size_t head_len = head_fill(head, key, label, len);
    size_t total = 0;
    if (mk_add_overflows(len, head_len + STREAM_HEAD + STREAM_MORE, &total))
        return MK_ELIMIT;
    const int err = mk_buf_reserve(out, total);
    if (err)
        return err;
    uint8_t *to = (uint8_t *)out->data + out->len;
    uint8_t sealing[MK_KEY_BYTES];
    stream state;
    mk_key_sealing(key, sealing);
    memcpy(to, head, head_len);
    crypto_secretstream_xchacha20poly1305_init_push(&state, to + head_len, sealing);
    crypto_secretstream_xchacha20poly1305_push(&state, to + head_len + STREAM_HEAD, NULL, data, len, head, head_len,
                                               crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(sealing, sizeof sealing);
    out->len += total;
    out->data[out->len] = '\0';
    return MK_OK;
}

/* What can be said before any key is used. */
static int head_check(const uint8_t *in, size_t len, const mk_key *key, const char *label, size_t *text_len)
{
    if (len < AT_FORMAT + 1 || memcmp(in, magic, sizeof magic) != 0 || !in[AT_FORMAT])
        return MK_EPARSE;
    if (in[AT_FORMAT] > FORMAT)
        return MK_EVERSION;
    if (len < AT_LABEL || len - AT_LABEL < (size_t)in[AT_LABEL_LEN] + STREAM_HEAD + STREAM_MORE)
        return MK_EPARSE;
    if (memcmp(in + AT_ID, mk_key_id(key), MK_KEY_ID_BYTES) != 0)
        return MK_ENOENT;
    if (in[AT_LABEL_LEN] != strlen(label) || memcmp(in + AT_LABEL, label, strlen(label)) != 0)
        return MK_EPOLICY;
    uint64_t said = 0;
    for (size_t i = 8; i-- > 0;)
        said = said << 8 | in[AT_TEXT_LEN + i];
    *text_len = len - AT_LABEL - in[AT_LABEL_LEN] - STREAM_HEAD - STREAM_MORE;
    return said == *text_len ? MK_OK : MK_EPARSE;
}

int mk_unseal(mk_buf *out, const mk_key *key, const char *label, const void *data, size_t len)
{
    const uint8_t *in = data;
    size_t text_len = 0;
    int err = head_check(in, len, key, label, &text_len);
    if (!err)
        err = mk_buf_reserve(out, text_len);
    if (err)
        return err;
    const size_t head_len = AT_LABEL + (size_t)in[AT_LABEL_LEN];
    uint8_t sealing[MK_KEY_BYTES];
    uint8_t tag = 0;
    uint8_t none[1];
    uint8_t *to = out->cap ? (uint8_t *)out->data + out->len : none;
    stream state;
    mk_key_sealing(key, sealing);
    if (crypto_secretstream_xchacha20poly1305_init_pull(&state, in + head_len, sealing) != 0 ||
        crypto_secretstream_xchacha20poly1305_pull(&state, to, NULL, &tag, in + head_len + STREAM_HEAD,
                                                   text_len + STREAM_MORE, in, head_len) != 0 ||
        tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL)
        err = MK_ECRYPTO;
    sodium_memzero(&state, sizeof state);
    sodium_memzero(sealing, sizeof sealing);
    if (!err)
        out->len += text_len;
    if (out->cap)
        out->data[out->len] = '\0';
    return err;
}
