/* html_doc.h - what the files of the HTML part share (layer parse, internal) */
#ifndef MK_HTML_DOC_H
#define MK_HTML_DOC_H
#include "parse/html.h"
#include "parse/html_arena.h"
#include <libxml/tree.h>
#include <libxml/xpath.h>

/* Where an element stands among its siblings: remembered, since asking each of
 * n rows by walking is quadratic. */
enum { MK_PLACES = 64 };
typedef struct mk_place {
    const xmlNode *parent, *node;
    const xmlChar *name; /* NULL: siblings of any name */
    long index, total;   /* from 1; total 0: not counted yet */
} mk_place;

struct mk_doc {
    mk_arena arena;
    mk_html_limits limits;
    xmlDoc *tree; /* NULL until parsed */
    bool xml;
    bool ordered;            /* elements are numbered for sorting */
    xmlXPathContext *xpath;  /* made at the first selection */
    mk_place places[MK_PLACES];
};

/* What SAX hooks know while a document is parsed. */
typedef struct mk_html_parse {
    int max_depth;
    xmlNode *form; /* HTML's form element pointer */
} mk_html_parse;

/* Sets the hooks: depth, owners of controls, no entities. */
void mk_html_hook(xmlParserCtxt *ctxt, mk_html_parse *parse, bool xml);

/* Lets the XPath context of doc know the functions mk-...() . */
void mk_html_functions(mk_doc *doc);

/* The attribute node of that name, or NULL. */
xmlAttr *mk_html_attr(const mk_doc *doc, const xmlNode *node, const char *name);
/* Its value without a document at hand; "" if it is empty, NULL if not there. */
const char *mk_html_value(const xmlNode *node, const char *name);
/* Whether word is one of list, which white space parts. */
bool mk_html_has_word(const char *list, const char *word);
bool mk_html_is(const xmlNode *node, const char *tag);
/* HTML's "disabled" of a control, an option or a fieldset. */
bool mk_html_disabled(const xmlNode *node);
/* The next node in document order, not leaving root; skip: without the children. */
xmlNode *mk_html_next(const xmlNode *root, const xmlNode *node, bool skip);
/* Appends all text below node, folded, as textContent has it. */
int mk_html_all_text(const xmlNode *node, mk_buf *out);
/* Appends text with runs of white space folded to one space; *space: one is owed. */
int mk_html_fold(mk_buf *out, const char *text, size_t len, bool *space);
/* If node is an entity reference, the text it stands for, else NULL. */
const char *mk_html_entity(const xmlNode *node, char room[8]);

static inline xmlNode *mk_html_node(const mk_node *node)
{
    return (xmlNode *)node;
}
#endif
