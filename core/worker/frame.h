/* frame.h - the messages between service and worker as bytes (layer worker)
 *
 * A frame: 32 bits length of all that follows, 32 bits length of the JSON (both little-endian), a JSON object, and
 * raw bytes, the blob. What the messages are: docs/service.md. */
#ifndef MK_FRAME_H
#define MK_FRAME_H
#include "base/buf.h"
#include "base/mem.h"
#include <jansson.h>

enum { MK_FRAME_MAX = 128 << 20 }; /* what the first length may be at most */

/* Appends a frame. MK_OK; MK_EINVAL (head is no object); MK_ELIMIT (over MK_FRAME_MAX or out's cap); MK_ENOMEM. */
int mk_frame_write(mk_buf *out, const json_t *head, mk_bytes blob);

/* Takes bytes as they come, gives frames. What was read is wiped. */
typedef struct mk_frames {
    mk_buf in;
    size_t at; /* what lies before was given already */
    int err;   /* sticky: nothing can be read after a broken frame */
} mk_frames;
void mk_frames_init(mk_frames *frames);
void mk_frames_free(mk_frames *frames);
/* MK_OK, MK_ENOMEM; MK_ELIMIT: more than one frame can be and not taken. The blob of the frame before is gone. */
int mk_frames_feed(mk_frames *frames, const void *data, size_t len);
/* The next frame: MK_OK with *head (a new reference) and *blob (borrowed until the next call); MK_ENOENT: it is not
 * whole yet; MK_ELIMIT: too long; MK_EPARSE: lengths that do not fit, or no JSON object; MK_ENOMEM: try again. */
int mk_frames_next(mk_frames *frames, json_t **head, mk_bytes *blob);
#endif
