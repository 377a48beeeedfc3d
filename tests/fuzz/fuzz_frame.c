/* fuzz_frame.c - frames from any bytes, fed in pieces (fuzz target of worker)
 *
 * The first byte says how long the pieces are. However it is cut, the same frames come and the same error; what was
 * read is written as a frame that reads the same. */
#include "base/err.h"
#include "worker/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const json_t *head, mk_bytes blob)
{
    mk_buf out;
    mk_frames frames;
    json_t *again = NULL;
    mk_bytes bytes;
    mk_buf_init(&out, 1 << 24);
    mk_frames_init(&frames);
    if (mk_frame_write(&out, head, blob) || mk_frames_feed(&frames, out.data, out.len) ||
        mk_frames_next(&frames, &again, &bytes))
        abort();
    if (!json_equal(head, again) || bytes.len != blob.len || memcmp(bytes.data, blob.data, blob.len) != 0)
        abort();
    json_decref(again);
    mk_frames_free(&frames);
    mk_buf_free(&out);
}

/* How many frames; the error that ended it in *err. */
static size_t read_all(const uint8_t *data, size_t size, size_t piece, int *err)
{
    mk_frames frames;
    size_t count = 0;
    mk_frames_init(&frames);
    *err = MK_ENOENT;
    for (size_t at = 0; at < size && *err == MK_ENOENT; at += piece) {
        json_t *head = NULL;
        mk_bytes blob;
        if (mk_frames_feed(&frames, data + at, size - at < piece ? size - at : piece))
            abort();
        while ((*err = mk_frames_next(&frames, &head, &blob)) == MK_OK) {
            check_written(head, blob);
            json_decref(head);
            count++;
        }
    }
    mk_frames_free(&frames);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int whole = 0, cut = 0;
    if (!size)
        return 0;
    const size_t count = read_all(data + 1, size - 1, size, &whole);
    if (read_all(data + 1, size - 1, (size_t)data[0] + 1, &cut) != count || cut != whole)
        abort();
    return 0;
}
