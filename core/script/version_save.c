/* version_save.c - a version to bytes and back: sources only (layer script) */
#include "base/err.h"
#include "script/version_impl.h"

#include <stdint.h>
#include <string.h>

/* "MKV1", replay number, count, and for each part name, chunk, text; numbers are 32-bit
 * little-endian, texts have their length before them. */
static const char magic[4] = { 'M', 'K', 'V', '1' };

static int put_number(mk_buf *out, size_t number)
{
    unsigned char bytes[4];
    if (number > UINT32_MAX)
        return MK_ELIMIT;
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    return mk_buf_add(out, bytes, sizeof bytes);
}

static int put_text(mk_buf *out, const char *text, size_t len)
{
    const int err = put_number(out, len);
    return err ? err : mk_buf_add(out, text, len);
}

static int put_piece(mk_buf *out, const mk_version_piece *piece)
{
    int err = put_text(out, piece->name, strlen(piece->name));
    err = err ? err : put_text(out, piece->chunk, strlen(piece->chunk));
    return err ? err : put_text(out, piece->text, piece->len);
}

int mk_version_save(const mk_version *version, mk_buf *out)
{
    const size_t before = out->len;
    int err = mk_buf_add(out, magic, sizeof magic);
    err = err ? err : put_number(out, (size_t)version->replay_number);
    err = err ? err : put_number(out, version->count);
    for (size_t i = 0; i < version->count && !err; i++)
        err = put_piece(out, &version->pieces[i]);
    if (err) {
        out->len = before;
        if (out->cap)
            out->data[before] = '\0';
    }
    return err;
}

typedef struct reader {
    const char *at;
    size_t left;
} reader;

static bool get_number(reader *r, uint32_t *number)
{
    if (r->left < 4)
        return false;
    *number = 0;
    for (size_t i = 0; i < 4; i++)
        *number |= (uint32_t)(unsigned char)r->at[i] << 8 * i;
    r->at += 4;
    r->left -= 4;
    return true;
}

static bool get_text(reader *r, mk_bytes *text)
{
    uint32_t len = 0;
    if (!get_number(r, &len) || len > r->left)
        return false;
    *text = (mk_bytes){ r->at, len };
    r->at += len;
    r->left -= len;
    return true;
}

typedef struct saved {
    struct {
        mk_bytes name, chunk, text;
    } parts[MK_VERSION_PARTS];
    size_t count;
} saved;

static int read_saved(saved *s, const void *data, size_t len)
{
    reader r = { data, len };
    uint32_t number = 0, count = 0;
    if (len < sizeof magic || memcmp(data, magic, sizeof magic) != 0)
        return MK_EPARSE;
    r.at += sizeof magic;
    r.left -= sizeof magic;
    if (!get_number(&r, &number))
        return MK_EPARSE;
    if (number != MK_REPLAY_NUMBER)
        return MK_EVERSION;
    if (!get_number(&r, &count) || count < 1 || count > MK_VERSION_PARTS)
        return MK_EPARSE;
    for (; s->count < count; s->count++)
        if (!get_text(&r, &s->parts[s->count].name) || !get_text(&r, &s->parts[s->count].chunk) ||
            !get_text(&r, &s->parts[s->count].text))
            return MK_EPARSE;
    return r.left || s->parts[0].name.len ? MK_EPARSE : MK_OK;
}

static char *saved_text(void *arg, const char *name, size_t *len)
{
    const saved *s = arg;
    for (size_t i = 1; i < s->count; i++) {
        if (s->parts[i].name.len != strlen(name) || memcmp(s->parts[i].name.data, name, s->parts[i].name.len) != 0)
            continue;
        *len = s->parts[i].text.len;
        return mk_memdup(s->parts[i].text.data, *len);
    }
    return NULL;
}

int mk_version_hash_of(const void *data, size_t len, char hash[17], mk_bytes *file)
{
    mk_version_digest digest;
    saved *s = mk_calloc(1, sizeof *s);
    const int err = s ? read_saved(s, data, len) : MK_ENOMEM;
    mk_version_digest_begin(&digest, MK_REPLAY_NUMBER);
    for (size_t i = 0; !err && i < s->count; i++) {
        mk_version_digest_add(&digest, s->parts[i].name.data, s->parts[i].name.len);
        mk_version_digest_add(&digest, s->parts[i].chunk.data, s->parts[i].chunk.len);
        mk_version_digest_add(&digest, s->parts[i].text.data, s->parts[i].text.len);
    }
    mk_version_digest_end(&digest, hash);
    *file = err ? (mk_bytes){ "", 0 } : s->parts[0].chunk;
    mk_free(s);
    return err;
}

int mk_version_load(mk_version **out, const void *data, size_t len)
{
    char *file = NULL;
    saved *s = mk_calloc(1, sizeof *s);
    int err = s ? read_saved(s, data, len) : MK_ENOMEM;
    if (!err && s->parts[0].chunk.len > 100)
        err = MK_EPARSE;
    if (!err) {
        file = mk_memdup(s->parts[0].chunk.data, s->parts[0].chunk.len);
        err = file ? MK_OK : MK_ENOMEM;
    }
    if (!err) {
        const mk_module_source source = { s, saved_text };
        err = mk_version_build(out, file, s->parts[0].text.data, s->parts[0].text.len, &source, NULL);
    }
    mk_free(file);
    mk_free(s);
    return err;
}
