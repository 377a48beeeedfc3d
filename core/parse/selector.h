/* selector.h - inside a selector (layer parse, internal) */
#ifndef MK_SELECTOR_H
#define MK_SELECTOR_H
#include "parse/html.h"
#include "parse/html_arena.h"
#include <libxml/xpath.h>

/* XML: with the case of names. BELOW: of XPath, asked of an element. SELF: of
 * CSS, whether the context node itself matches. */
enum { MK_SEL_HTML, MK_SEL_XML, MK_SEL_BELOW, MK_SEL_SELF, MK_SEL_FORMS };

/* What the element looked for must have by itself: tag, id, classes, attributes.
 * A scan for these is ten times as fast as XPath, and most patterns find nothing. */
enum { MK_KEYS = 6, MK_ALTS = 8 };
typedef struct mk_key {
    char kind; /* t(ag) #(id) .(class) [(is there) =(equals) ~(equals without case) */
    size_t name, value; /* offsets in text */
} mk_key;
typedef struct mk_keys {
    bool exact;  /* the keys are all there is to it */
    bool usable; /* for HTML; else XPath alone decides */
    size_t count;
    struct mk_alt {
        size_t count;
        mk_key keys[MK_KEYS];
    } alts[MK_ALTS];
    mk_buf text;
} mk_keys;

struct mk_selector {
    bool css;
    mk_keys keys;                         /* of CSS */
    char *xpath[MK_SEL_FORMS];            /* NULL where it is the same as HTML's */
    xmlXPathCompExpr *comp[MK_SEL_FORMS];
    mk_arena arena;                       /* of comp */
};

/* CSS to XPath of that form (not BELOW). keys, if not NULL, are filled. MK_OK,
 * MK_EPARSE with why, MK_ENOMEM, MK_ELIMIT (out is as it was). */
int mk_css_translate(mk_buf *out, const char *css, int form, mk_keys *keys, char *why, size_t cap);

/* Whether node has what one of the alternatives wants. */
bool mk_keys_hold(const mk_keys *keys, const mk_node *node);
#endif
