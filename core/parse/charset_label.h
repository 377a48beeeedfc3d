/* charset_label.h - names of character sets (layer parse, internal) */
#ifndef MK_CHARSET_LABEL_H
#define MK_CHARSET_LABEL_H
#include <stddef.h>

typedef struct mk_charset {
    const char *name;   /* WHATWG's, lower case */
    const char *iconv;  /* NULL: done by ourselves */
    const char *labels; /* others, each between spaces */
} mk_charset;

/* What label (white space around it is ignored) means, or NULL. Static. */
const mk_charset *mk_charset_find(const char *label, size_t len);
#endif
