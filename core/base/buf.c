/* buf.c - a growing string of bytes with a cap (layer base) */
#include "base/buf.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What an empty buffer points to. Not const, since data is not; nobody writes
 * anything but NUL here, because cap is 0. */
static char nothing[1];

void mk_buf_init(mk_buf *buf, size_t max)
{
    *buf = (mk_buf){ .data = nothing, .max = max };
}

void mk_buf_free(mk_buf *buf)
{
    if (buf->cap)
        mk_free(buf->data);
    mk_buf_init(buf, buf->max);
}

int mk_buf_reserve(mk_buf *buf, size_t extra)
{
    size_t need = 0;
    if (mk_add_overflows(buf->len, extra, &need) || need > buf->max)
        return MK_ELIMIT;
    if (need < buf->cap)
        return MK_OK;
    if (mk_add_overflows(need, 1, &need))
        return MK_ELIMIT;
    size_t cap = 0;
    if (mk_mul_overflows(buf->cap, 2, &cap) || cap < need)
        cap = need;
    if (cap < 64)
        cap = 64;
    if (buf->max < cap - 1)
        cap = buf->max + 1;
    char *data = mk_realloc(buf->cap ? buf->data : NULL, cap);
    if (!data)
        return MK_ENOMEM;
    if (!buf->cap)
        data[0] = '\0';
    buf->data = data;
    buf->cap = cap;
    return MK_OK;
}

int mk_buf_add(mk_buf *buf, const void *data, size_t len)
{
    if (!len)
        return MK_OK;
    const int err = mk_buf_reserve(buf, len);
    if (err)
        return err;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return MK_OK;
}

int mk_buf_adds(mk_buf *buf, const char *text)
{
    return mk_buf_add(buf, text, strlen(text));
}

int mk_buf_addc(mk_buf *buf, char c)
{
    return mk_buf_add(buf, &c, 1);
}

int mk_buf_addv(mk_buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int err = MK_OK;
    const size_t room = buf->cap ? buf->cap - buf->len : 0;
    const int len = vsnprintf(room ? buf->data + buf->len : NULL, room, format, args);
    if (len < 0) {
        err = MK_ELIMIT; /* over INT_MAX, or not a string of this locale */
    } else if ((size_t)len >= room || (size_t)len > buf->max - buf->len) {
        if (room)
            buf->data[buf->len] = '\0';
        err = mk_buf_reserve(buf, (size_t)len);
        if (!err && len)
            vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    if (!err)
        buf->len += (size_t)len;
    else if (buf->cap)
        buf->data[buf->len] = '\0';
    return err;
}

int mk_buf_addf(mk_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int err = mk_buf_addv(buf, format, args);
    va_end(args);
    return err;
}

void mk_buf_clear(mk_buf *buf)
{
    buf->len = 0;
    if (buf->cap)
        buf->data[0] = '\0';
}

char *mk_buf_steal(mk_buf *buf, size_t *len)
{
    char *data = buf->cap ? buf->data : mk_memdup("", 0);
    if (!data)
        return NULL;
    if (len)
        *len = buf->len;
    mk_buf_init(buf, buf->max);
    return data;
}

int mk_buf_splice(mk_buf *buf, size_t at, size_t was, const void *data, size_t len)
{
    if (at > buf->len || was > buf->len - at)
        return MK_EINVAL;
    if (!was && !len)
        return MK_OK;
    if (len > was) {
        const int err = mk_buf_reserve(buf, len - was);
        if (err)
            return err;
    }
    const size_t rest = buf->len - at - was;
    memmove(buf->data + at + len, buf->data + at + was, rest);
    if (len)
        memcpy(buf->data + at, data, len);
    buf->len = at + len + rest;
    buf->data[buf->len] = '\0';
    return MK_OK;
}
