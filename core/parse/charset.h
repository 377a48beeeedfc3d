/* charset.h - bytes of a page to UTF-8 and back (layer parse) */
#ifndef MK_CHARSET_H
#define MK_CHARSET_H
#include "base/buf.h"
#include <stdbool.h>

/* The character set of a text: byte-order mark, else declared (from
 * Content-Type, may be NULL), else for html a <meta> in the first 1,024 bytes,
 * else "utf-8" if it is that, else "windows-1252". Names as WHATWG's Encoding
 * reads labels (latin1 and iso-8859-1 mean windows-1252). Writes at most 32
 * bytes to name. */
void mk_charset_detect(char name[32], const char *declared, const char *text, size_t len, bool html);
/* The set that a label means, for output (utf-16 becomes utf-8), or false if it is unknown. */
bool mk_charset_label(char name[32], const char *label);
/* Appends text as UTF-8 without its byte-order mark; bad bytes become U+FFFD, an
 * unknown set is read as windows-1252. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_charset_decode(mk_buf *out, const char *charset, const char *text, size_t len);
/* From UTF-8 to a set; what it lacks becomes &#N; as browsers submit forms. */
int mk_charset_encode(mk_buf *out, const char *charset, const char *text, size_t len);
#endif
