/* mime.h - a mail as text: headers, and its words as plain text and HTML (layer service) */
#ifndef MK_MIME_H
#define MK_MIME_H
#include "base/buf.h"
#include <stdint.h>

typedef struct mk_mime {
    const char *from;    /* "Name <address>" or an address */
    const char *to;      /* the same */
    const char *subject; /* UTF-8, as are text and html */
    const char *text, *html; /* html NULL: none */
    const char *token;   /* letters and digits that no other mail has */
    int64_t now;         /* seconds since the epoch */
} mk_mime;

/* The message, lines that end in CR LF. What would end a header early becomes a blank. MK_OK; MK_EPARSE: from or to is no address;
 * MK_ELIMIT: over 4 MiB; MK_ENOMEM. */
int mk_mime_build(mk_buf *out, const mk_mime *mail);
/* The bare address. MK_OK, MK_EPARSE (none, or not one that goes over plain SMTP), MK_ENOMEM. */
int mk_mime_address(mk_buf *out, const char *text);
#endif
