/* codec.h - hex, base64, percent and HTML encodings (layer base)
 *
 * Encoders append to a buffer: MK_OK, MK_ENOMEM, MK_ELIMIT. Decoders too, and
 * MK_EPARSE (the buffer is then as it was). */
#ifndef MK_CODEC_H
#define MK_CODEC_H
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

int mk_hex_encode(mk_buf *out, const void *data, size_t len); /* lower case */
int mk_hex_decode(mk_buf *out, const char *text, size_t len);
/* RFC 4648: section 4 with padding; url: section 5 without. */
int mk_base64_encode(mk_buf *out, const void *data, size_t len, bool url);
/* Takes both alphabets, with or without padding; white space is skipped. */
int mk_base64_decode(mk_buf *out, const char *text, size_t len);
/* RFC 3986 unreserved characters stay as they are. form: space becomes + and
 * the WHATWG application/x-www-form-urlencoded set (letters, digits, *-._). */
int mk_percent_encode(mk_buf *out, const void *data, size_t len, bool form);
int mk_percent_decode(mk_buf *out, const char *text, size_t len, bool form);
int mk_html_escape(mk_buf *out, const char *text, size_t len); /* & < > " ' */
/* The inside of a JSON string (no quotes); bytes that are not UTF-8 become U+FFFD. */
int mk_json_escape(mk_buf *out, const char *text, size_t len);
/* True if it is UTF-8 (no surrogates, nothing overlong). */
bool mk_utf8_valid(const char *text, size_t len);
/* Appends one code point. */
int mk_utf8_add(mk_buf *out, uint32_t point);
/* Reads one code point at *pos and moves on; a bad byte gives U+FFFD, one byte. */
uint32_t mk_utf8_next(const char *text, size_t len, size_t *pos);
#endif
