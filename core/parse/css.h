/* css.h - reading a CSS selector (layer parse, internal) */
#ifndef MK_CSS_H
#define MK_CSS_H
#include "base/buf.h"
#include "parse/selector.h"
#include <stdbool.h>

typedef struct mk_css {
    const char *begin, *at;
    bool xml;
    int depth;         /* of lists in pseudo-classes */
    bool wrong;        /* why is written */
    char *why;
    size_t cap;
    mk_buf name, value; /* what was read last */
    mk_keys *keys;      /* or NULL */
} mk_css;

/* All give MK_OK, MK_EPARSE (why is set), MK_ENOMEM or MK_ELIMIT. */
int mk_css_fail(mk_css *css, const char *what);
void mk_css_space(mk_css *css);
bool mk_css_begins_name(const mk_css *css);
int mk_css_name(mk_css *css, mk_buf *out, bool any);
int mk_css_quoted(mk_css *css, mk_buf *out);
int mk_css_escape(mk_css *css, mk_buf *out);
/* Conditions "a or b", each on that axis; axis NULL: relative, forward. */
int mk_css_list(mk_css *css, mk_buf *out, const char *axis, size_t *count);

/* css_keys.c: notes a condition of the compound that is read; a compound begins. */
int mk_css_key(mk_css *css, char kind, const char *name, const char *value);
void mk_css_begin(mk_css *css, bool first);
/* There is more to it than keys. */
void mk_css_more(mk_css *css);

/* css_attr.c, css_pseudo.c: at '[' and ':'; append predicates. */
int mk_css_attribute(mk_css *css, mk_buf *test);
int mk_css_pseudo(mk_css *css, mk_buf *test);

/* text as a literal of XPath; lower: in ASCII lower case. */
int mk_css_literal(mk_buf *out, const char *text, bool lower);
void mk_css_lower(char *text);
/* True if name may stand in XPath as it is. */
bool mk_css_plain(const char *name);
#endif
