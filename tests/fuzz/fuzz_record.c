/* fuzz_record.c - reading records from any bytes (fuzz target of journal)
 *
 * The first half chooses what is read, the second is read. What was read
 * whole must be written as the same bytes. */
#include "base/err.h"
#include "journal/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int copy_field(mk_reader *r, mk_buf *out, uint8_t which)
{
    if (which % 3 == 0)
        return mk_record_int(out, mk_reader_int(r));
    if (which % 3 == 1) {
        const mk_bytes bytes = mk_reader_bytes(r);
        return mk_record_bytes(out, bytes.data, bytes.len);
    }
    char *text = NULL;
    int err = mk_reader_text(r, &text);
    if (!err)
        err = mk_record_text(out, text);
    mk_free(text);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t half = size / 2;
    mk_reader r;
    mk_buf out;
    mk_reader_init(&r, data + half, size - half);
    mk_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < half && !r.bad; i++)
        if (copy_field(&r, &out, data[i]) && !r.bad)
            abort();
    if (mk_reader_done(&r) && (out.len != r.len || memcmp(out.data, r.data, r.len) != 0))
        abort();
    if (r.at > r.len)
        abort();
    mk_buf_free(&out);
    return 0;
}
