/* buf.h - a growing string of bytes with a cap (layer base)
 *
 * data always ends in a NUL that len does not count. After a failed call the
 * buffer is as it was. */
#ifndef MK_BUF_H
#define MK_BUF_H
#include <stdarg.h>
#include <stddef.h>

typedef struct mk_buf {
    char *data; /* "" when empty, never NULL */
    size_t len, cap;
    size_t max; /* len may not pass this */
} mk_buf;

/* An empty buffer that may grow to max bytes. Allocates nothing. */
void mk_buf_init(mk_buf *buf, size_t max);
void mk_buf_free(mk_buf *buf); /* wipes; the buffer is empty again */
/* MK_OK, MK_ENOMEM or MK_ELIMIT. data may not lie in this buffer. */
int mk_buf_add(mk_buf *buf, const void *data, size_t len);
int mk_buf_adds(mk_buf *buf, const char *text);
int mk_buf_addc(mk_buf *buf, char c);
int mk_buf_addf(mk_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int mk_buf_addv(mk_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Room for at least extra more bytes. */
int mk_buf_reserve(mk_buf *buf, size_t extra);
/* Forgets what is in it, keeps the room. */
void mk_buf_clear(mk_buf *buf);
/* The bytes become the caller's (mk_free); the buffer is empty again. NULL
 * when out of memory (only possible for an empty buffer). */
char *mk_buf_steal(mk_buf *buf, size_t *len);
/* Replaces `was` bytes at `at` with len others. */
int mk_buf_splice(mk_buf *buf, size_t at, size_t was, const void *data, size_t len);
#endif
