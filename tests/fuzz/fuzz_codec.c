/* fuzz_codec.c - encodings, and masking of what was encoded (fuzz target of base and vault)
 *
 * What an encoder wrote its decoder reads; what a decoder refuses leaves the
 * buffer alone; a secret is found in each of its forms. */
#include "base/codec.h"
#include "base/err.h"
#include "vault/mask.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*decoder)(mk_buf *out, const char *text, size_t len);

static void must(int holds)
{
    if (!holds)
        abort();
}

static int percent(mk_buf *out, const char *text, size_t len)
{
    return mk_percent_decode(out, text, len, false);
}

static int form(mk_buf *out, const char *text, size_t len)
{
    return mk_percent_decode(out, text, len, true);
}

static int encode(mk_buf *out, const void *data, size_t len, int which)
{
    switch (which) {
    case 0:
        return mk_hex_encode(out, data, len);
    case 1:
        return mk_base64_encode(out, data, len, false);
    case 2:
        return mk_base64_encode(out, data, len, true);
    case 3:
        return mk_percent_encode(out, data, len, false);
    case 4:
        return mk_percent_encode(out, data, len, true);
    case 5:
        return mk_html_escape(out, data, len);
    default:
        return mk_json_escape(out, data, len);
    }
}

static void there_and_back(const char *data, size_t size)
{
    static const decoder decoders[] = { mk_hex_decode, mk_base64_decode, mk_base64_decode, percent, form };
    mk_buf text, back;
    mk_buf_init(&text, 1 << 22);
    mk_buf_init(&back, 1 << 22);
    for (int i = 0; i < 5; i++) {
        mk_buf_clear(&text);
        mk_buf_clear(&back);
        must(encode(&text, data, size, i) == MK_OK);
        must(decoders[i](&back, text.data, text.len) == MK_OK);
        must(back.len == size && (!size || !memcmp(back.data, data, size)));
        mk_buf_clear(&back);
        if (decoders[i](&back, data, size) != MK_OK)
            must(back.len == 0);
    }
    mk_buf_clear(&text);
    must(mk_json_escape(&text, data, size) == MK_OK);
    must(mk_utf8_valid(text.data, text.len));
    mk_buf_free(&back);
    mk_buf_free(&text);
}

/* The first bytes are the secret, in the middle of the rest. */
static void masks(const char *data, size_t size)
{
    if (size < 6)
        return;
    const size_t len = 6 + (size_t)(unsigned char)data[0] % 20 < size ? 6 + (size_t)(unsigned char)data[0] % 20 : size;
    mk_mask *mask = mk_mask_new();
    mk_secret *secret = mk_secret_new(data, len);
    must(mk_mask_add(mask, secret, NULL) == MK_OK);
    const int forms = mk_utf8_valid(data, len) ? 7 : 5;
    for (int i = 0; i < forms; i++) {
        mk_buf text, out;
        mk_buf_init(&text, 1 << 22);
        mk_buf_init(&out, 1 << 22);
        must(mk_buf_add(&text, data + len, (size - len) / 2) == MK_OK && encode(&text, data, len, i) == MK_OK);
        must(mk_buf_add(&text, data + len, size - len) == MK_OK);
        must(mk_mask_finds(mask, text.data, text.len));
        must(mk_mask_apply(mask, text.data, text.len, &out) == MK_OK);
        must(memmem(out.data, out.len, "***", 3) != NULL);
        mk_buf_free(&out);
        mk_buf_free(&text);
    }
    mk_secret_unref(secret);
    mk_mask_free(mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    size_t at = 0, steps = 0;
    while (at < size) {
        const size_t was = at;
        mk_utf8_next((const char *)data, size, &at);
        must(at > was && at <= size);
        steps++;
    }
    must(steps <= size);
    there_and_back((const char *)data, size);
    masks((const char *)data, size);
    return 0;
}
