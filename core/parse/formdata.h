/* formdata.h - bodies of forms: urlencoded, multipart, text/plain (layer parse) */
#ifndef MK_FORMDATA_H
#define MK_FORMDATA_H
#include "base/buf.h"
#include "base/mem.h"

typedef struct mk_field {
    mk_bytes name, value;
    const char *filename; /* multipart only, or NULL */
    const char *type;     /* multipart only, or NULL */
} mk_field;

/* In all three line ends become CRLF, an empty field named _charset_ gets the
 * set's name, and what the set lacks becomes &#N;. On failure out is as it was. */

/* a=b&c=d in charset (NULL: utf-8), WHATWG rules. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_formdata_urlencode(mk_buf *out, const mk_field *fields, size_t count, const char *charset);
/* RFC 7578; boundary given by the caller (it comes from the session's random
 * numbers). MK_EINVAL if the boundary stands in a value. */
int mk_formdata_multipart(mk_buf *out, const mk_field *fields, size_t count, const char *charset,
                          const char *boundary);
int mk_formdata_plain(mk_buf *out, const mk_field *fields, size_t count, const char *charset);
#endif
