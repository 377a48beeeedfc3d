/* frame.c - writing and reading frames (layer worker) */
#include "worker/frame.h"

#include "base/err.h"
#include "parse/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD = 4, SPARE = 4 << 20, KEEP = 1 << 20 };
static const mk_json_limits limits = { .max_bytes = MK_FRAME_MAX, .max_depth = 128 };

static void put32(char *at, size_t value)
{
    for (size_t i = 0; i < WORD; i++)
        at[i] = (char)(value >> (8 * i) & 0xff);
}

static size_t get32(const char *at)
{
    uint32_t value = 0;
    for (size_t i = 0; i < WORD; i++)
        value |= (uint32_t)(unsigned char)at[i] << (8 * i);
    return value;
}

int mk_frame_write(mk_buf *out, const json_t *head, mk_bytes blob)
{
    const size_t before = out->len;
    if (!json_is_object(head))
        return MK_EINVAL;
    int err = mk_buf_add(out, "\0\0\0\0\0\0\0", 2 * WORD);
    if (!err)
        err = mk_json_write(out, head);
    const size_t json = err ? 0 : out->len - before - 2 * WORD;
    if (!err && (json > MK_FRAME_MAX - WORD || blob.len > MK_FRAME_MAX - WORD - json))
        err = MK_ELIMIT;
    if (!err)
        err = mk_buf_add(out, blob.data, blob.len);
    if (err) {
        mk_buf_splice(out, before, out->len - before, NULL, 0);
        return err;
    }
    put32(out->data + before, WORD + json + blob.len);
    put32(out->data + before + WORD, json);
    return MK_OK;
}

void mk_frames_init(mk_frames *frames)
{
    mk_buf_init(&frames->in, (size_t)MK_FRAME_MAX + SPARE);
    frames->at = 0;
    frames->err = MK_OK;
}

void mk_frames_free(mk_frames *frames)
{
    mk_buf_free(&frames->in);
    frames->at = 0;
}

/* Takes away what was given, so that no secret of it stays. */
static void forget_given(mk_frames *frames)
{
    mk_buf *in = &frames->in;
    const size_t given = frames->at;
    if (!given)
        return;
    mk_buf_splice(in, 0, given, NULL, 0);
    explicit_bzero(in->data + in->len, given);
    frames->at = 0;
    if (!in->len && in->cap > KEEP)
        mk_buf_free(in);
}

int mk_frames_feed(mk_frames *frames, const void *data, size_t len)
{
    if (frames->err)
        return frames->err;
    forget_given(frames);
    return mk_buf_add(&frames->in, data, len);
}

static int broken(mk_frames *frames, int err)
{
    frames->err = err;
    return err;
}

/* Bytes that begin as JSON does, so that nothing a reader of pages forgives is let through. */
static int read_head(json_t **head, const char *text, size_t len)
{
    if (!len || text[0] != '{')
        return MK_EPARSE;
    int err = mk_json_parse(head, text, len, &limits, NULL);
    return err == MK_ELIMIT ? MK_EPARSE : err;
}

int mk_frames_next(mk_frames *frames, json_t **head, mk_bytes *blob)
{
    *head = NULL;
    *blob = (mk_bytes){ "", 0 };
    if (frames->err)
        return frames->err;
    const size_t have = frames->in.len - frames->at;
    const char *at = frames->in.data + frames->at;
    if (have < WORD)
        return MK_ENOENT;
    const size_t all = get32(at);
    if (all > MK_FRAME_MAX)
        return broken(frames, MK_ELIMIT);
    if (all < WORD)
        return broken(frames, MK_EPARSE);
    if (have < 2 * WORD)
        return MK_ENOENT;
    const size_t json = get32(at + WORD);
    if (json > all - WORD)
        return broken(frames, MK_EPARSE);
    if (have < WORD + all)
        return MK_ENOENT;
    int err = read_head(head, at + 2 * WORD, json);
    if (err)
        return err == MK_ENOMEM ? err : broken(frames, err);
    *blob = (mk_bytes){ at + 2 * WORD + json, all - WORD - json };
    frames->at += WORD + all;
    return MK_OK;
}
