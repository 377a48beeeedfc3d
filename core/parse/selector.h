/* selector.h - inside a selector (layer parse, internal) */
#ifndef MK_SELECTOR_H
#define MK_SELECTOR_H
#include "parse/html.h"
#include "parse/html_arena.h"
#include <libxml/xpath.h>

enum { MK_SEL_HTML, MK_SEL_XML, MK_SEL_BELOW, MK_SEL_FORMS }; /* BELOW: of XPath, asked of an element */

struct mk_selector {
    bool css;
    bool single;                          /* one step: "[1]" after it gives the first */
    char *xpath[MK_SEL_FORMS];            /* NULL where it is the same as HTML's */
    xmlXPathCompExpr *comp[MK_SEL_FORMS];
    mk_arena arena;                       /* of comp */
};

/* CSS to XPath: xml keeps the case of names and matches any namespace. MK_OK,
 * MK_EPARSE with why, MK_ENOMEM, MK_ELIMIT (out is as it was). */
int mk_css_translate(mk_buf *out, const char *css, bool xml, char *why, size_t cap);
#endif
