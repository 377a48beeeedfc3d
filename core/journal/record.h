/* record.h - writing and reading the fields of a binary record (layer journal)
 *
 * Length-prefixed, little-endian; a reader never reads past its end, and after a failure reads only zeros. */
#ifndef MK_RECORD_H
#define MK_RECORD_H
#include "base/buf.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

/* MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_record_int(mk_buf *out, int64_t value);      /* zigzag varint */
int mk_record_bytes(mk_buf *out, const void *data, size_t len);
int mk_record_text(mk_buf *out, const char *text); /* NULL is kept apart from "" */

typedef struct mk_reader {
    const char *data;
    size_t len, at;
    bool bad; /* something did not fit: everything read from here is zero */
} mk_reader;
void mk_reader_init(mk_reader *r, const void *data, size_t len);
int64_t mk_reader_int(mk_reader *r);
mk_bytes mk_reader_bytes(mk_reader *r); /* inside the record */
/* A copy with NUL (mk_free), or NULL for NULL; *out valid only if !r->bad. MK_OK, MK_ENOMEM, MK_EPARSE. */
int mk_reader_text(mk_reader *r, char **out);
bool mk_reader_done(const mk_reader *r); /* all read, nothing bad */
#endif
