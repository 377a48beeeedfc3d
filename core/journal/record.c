/* record.c - writing and reading the fields of a binary record (layer journal) */
#include "journal/record.h"

#include "base/err.h"

#include <string.h>

enum { VARINT_MOST = 10 }; /* bytes of 64 bits in groups of seven */

static size_t varint(unsigned char out[VARINT_MOST], uint64_t value)
{
    size_t len = 0;
    while (value >= 0x80) {
        out[len++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    out[len++] = (unsigned char)value;
    return len;
}

int mk_record_int(mk_buf *out, int64_t value)
{
    unsigned char bytes[VARINT_MOST];
    const uint64_t zigzag = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    return mk_buf_add(out, bytes, varint(bytes, zigzag));
}

static int add_sized(mk_buf *out, uint64_t size, const void *data, size_t len)
{
    unsigned char bytes[VARINT_MOST];
    const size_t head = varint(bytes, size);
    size_t total = 0;
    if (mk_add_overflows(head, len, &total))
        return MK_ELIMIT;
    int err = mk_buf_reserve(out, total);
    if (!err)
        err = mk_buf_add(out, bytes, head);
    return err ? err : mk_buf_add(out, data, len);
}

int mk_record_bytes(mk_buf *out, const void *data, size_t len)
{
    return add_sized(out, len, data, len);
}

int mk_record_text(mk_buf *out, const char *text)
{
    if (!text)
        return add_sized(out, 0, NULL, 0);
    const size_t len = strlen(text);
    return add_sized(out, (uint64_t)len + 1, text, len);
}

void mk_reader_init(mk_reader *r, const void *data, size_t len)
{
    *r = (mk_reader){ .data = data, .len = len };
}

/* Only the shortest form of a number is one: the same record has one encoding. */
static uint64_t read_varint(mk_reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; !r->bad && shift < 64; shift += 7) {
        if (r->at == r->len)
            break;
        const unsigned char byte = (unsigned char)r->data[r->at++];
        if ((shift == 63 && byte > 1) || (shift && !byte))
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    r->bad = true;
    return 0;
}

int64_t mk_reader_int(mk_reader *r)
{
    const uint64_t zigzag = read_varint(r);
    const uint64_t value = zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0);
    int64_t out = 0;
    memcpy(&out, &value, sizeof out);
    return out;
}

static mk_bytes take(mk_reader *r, uint64_t len)
{
    if (r->bad || len > r->len - r->at) {
        r->bad = true;
        return (mk_bytes){ "", 0 };
    }
    const mk_bytes bytes = { r->len ? r->data + r->at : "", (size_t)len };
    r->at += (size_t)len;
    return bytes;
}

mk_bytes mk_reader_bytes(mk_reader *r)
{
    const uint64_t len = read_varint(r);
    return take(r, len);
}

int mk_reader_text(mk_reader *r, char **out)
{
    *out = NULL;
    const uint64_t size = read_varint(r);
    if (r->bad)
        return MK_EPARSE;
    if (!size)
        return MK_OK;
    const mk_bytes bytes = take(r, size - 1);
    if (!r->bad && bytes.len && memchr(bytes.data, '\0', bytes.len))
        r->bad = true;
    if (r->bad)
        return MK_EPARSE;
    *out = mk_memdup(bytes.data, bytes.len);
    return *out ? MK_OK : MK_ENOMEM;
}

bool mk_reader_done(const mk_reader *r)
{
    return !r->bad && r->at == r->len;
}
