/* masked.c - text and JSON without secrets, and files written whole (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/reel.h"
#include "cli/scrub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int repair(const char *text, size_t len, mk_buf *out)
{
    if (mk_utf8_valid(text, len))
        return mk_buf_add(out, text, len);
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;)
        err = mk_utf8_add(out, mk_utf8_next(text, len, &at));
    return err;
}

int mk_veil_init(mk_veil *veil, const mk_reel *reel, const mk_mask *mask)
{
    *veil = (mk_veil){ .mask = mask, .tokens = mk_scrub_new() };
    int err = veil->tokens ? MK_OK : MK_ENOMEM;
    if (!err)
        mk_scrub_number(veil->tokens);
    for (size_t i = 0; i < reel->count && !err; i++) {
        const mk_frame *hop = &reel->list[i];
        if (hop->kind != MK_FRAME_HOP)
            continue;
        err = mk_scrub_sent(veil->tokens, &hop->request);
        if (!err)
            err = mk_scrub_learn(veil->tokens, &hop->request, &hop->response);
    }
    if (!err)
        err = mk_scrub_ready(veil->tokens);
    if (err)
        mk_veil_free(veil);
    return err;
}

void mk_veil_free(mk_veil *veil)
{
    mk_scrub_free(veil->tokens);
    *veil = (mk_veil){ NULL, NULL };
}

int mk_veil_apply(const mk_veil *veil, const char *text, size_t len, mk_buf *out)
{
    mk_buf plain;
    mk_buf_init(&plain, SIZE_MAX / 4);
    int err = veil->mask ? mk_mask_apply(veil->mask, text, len, &plain) : mk_buf_add(&plain, text, len);
    if (!err)
        err = veil->tokens ? mk_scrub_text(veil->tokens, plain.data, plain.len, out) : mk_buf_add(out, plain.data, plain.len);
    mk_buf_free(&plain);
    return err;
}

int mk_masked(const mk_veil *veil, const char *text, size_t len, mk_buf *out)
{
    if (!veil)
        return repair(text, len, out);
    mk_buf plain;
    mk_buf_init(&plain, SIZE_MAX / 4);
    int err = mk_veil_apply(veil, text, len, &plain);
    if (!err)
        err = repair(plain.data, plain.len, out);
    mk_buf_free(&plain);
    return err;
}

json_t *mk_masked_json(const mk_veil *veil, const char *text, size_t len)
{
    mk_buf out;
    mk_buf_init(&out, SIZE_MAX / 4);
    json_t *made = mk_masked(veil, text, len, &out) ? NULL : json_stringn_nocheck(out.data, out.len);
    mk_buf_free(&out);
    return made;
}

static json_t *masked_array(const mk_veil *veil, const json_t *value)
{
    json_t *out = json_array();
    for (size_t i = 0; out && i < json_array_size(value); i++) {
        if (json_array_append_new(out, mk_masked_value(veil, json_array_get(value, i)))) {
            json_decref(out);
            out = NULL;
        }
    }
    return out;
}

static json_t *masked_object(const mk_veil *veil, const json_t *value)
{
    json_t *out = json_object();
    const char *key;
    json_t *one;
    json_object_foreach((json_t *)value, key, one) {
        if (!out || json_object_set_new_nocheck(out, key, mk_masked_value(veil, one))) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

json_t *mk_masked_value(const mk_veil *veil, const json_t *value)
{
    if (json_is_string(value))
        return mk_masked_json(veil, json_string_value(value), json_string_length(value));
    if (json_is_array(value))
        return masked_array(veil, value);
    if (json_is_object(value))
        return masked_object(veil, value);
    return json_copy((json_t *)value);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        const ssize_t wrote = write(fd, data, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return MK_EIO;
        data += wrote;
        len -= (size_t)wrote;
    }
    return MK_OK;
}

/* A pipe or a device cannot be renamed over: written as it is. */
static int write_there(const char *path, const void *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return MK_EIO;
    int err = write_all(fd, data, len);
    if (close(fd) && !err)
        err = MK_EIO;
    return err;
}

int mk_write_file(const char *path, const void *data, size_t len, bool private_file)
{
    struct stat st;
    if (!stat(path, &st) && !S_ISREG(st.st_mode))
        return write_there(path, data, len);
    char name[4200];
    const int size = snprintf(name, sizeof name, "%s.XXXXXX", path);
    if (size < 0 || (size_t)size >= sizeof name) {
        errno = ENAMETOOLONG;
        return MK_EIO;
    }
    const int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return MK_EIO;
    int err = write_all(fd, data, len);
    if (!err && !private_file && fchmod(fd, 0644))
        err = MK_EIO;
    if (close(fd) && !err)
        err = MK_EIO;
    if (!err && rename(name, path))
        err = MK_EIO;
    if (err) {
        const int why = errno;
        unlink(name);
        errno = why;
    }
    return err;
}

int mk_sink_open(mk_sink *sink, const char *path)
{
    struct stat st;
    sink->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (sink->fd >= 0 && fstat(sink->fd, &st)) {
        close(sink->fd);
        sink->fd = -1;
    }
    sink->regular = sink->fd >= 0 && S_ISREG(st.st_mode);
    return sink->fd >= 0 ? MK_OK : MK_EIO;
}

int mk_sink_write(mk_sink *sink, const void *data, size_t len)
{
    if (sink->regular && (ftruncate(sink->fd, 0) || lseek(sink->fd, 0, SEEK_SET)))
        return MK_EIO;
    return write_all(sink->fd, data, len);
}

void mk_sink_close(mk_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}

int mk_read_file(const char *path, size_t max, mk_buf *out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? MK_ENOENT : MK_EIO;
    int err = MK_OK;
    char part[16384];
    while (!err) {
        const ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            err = got ? MK_EIO : MK_OK;
            break;
        }
        err = out->len + (size_t)got > max ? MK_ELIMIT : mk_buf_add(out, part, (size_t)got);
    }
    close(fd);
    return err;
}
