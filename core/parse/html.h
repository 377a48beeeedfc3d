/* html.h - an HTML or XML document as a mutable tree (layer parse)
 *
 * On libxml2. All memory of a document lies in its own arena, charged to the
 * account it was parsed with, and goes in one piece. Nodes belong to their
 * document and live as long. Not thread-safe; one thread parses. */
#ifndef MK_HTML_H
#define MK_HTML_H
#include "base/buf.h"
#include "base/mem.h"
#include <stdbool.h>

typedef struct mk_doc mk_doc;
typedef struct mk_node mk_node; /* an element, attribute or text of a document */

typedef struct mk_html_limits {
    size_t max_bytes; /* of text: default 2 MiB */
    int max_depth;    /* default 512 */
    long xpath_ops;   /* default 200,000 */
} mk_html_limits;
extern const mk_html_limits mk_html_defaults;

/* Parses UTF-8. xml: strict, no network, no external entities, no entity
 * expansion. MK_OK, MK_EPARSE (xml only: HTML always gives a tree), MK_ELIMIT
 * (size, depth), MK_ENOMEM (or account full). Free with mk_doc_free. */
int mk_doc_parse(mk_doc **out, const char *text, size_t len, bool xml, const mk_html_limits *limits,
                 mk_account *account);
void mk_doc_free(mk_doc *doc);
mk_node *mk_doc_root(mk_doc *doc); /* NULL if the document is empty */
/* The href of the first <base>, or NULL. Owned by the document. */
const char *mk_doc_base(mk_doc *doc);

/* A selector, compiled once, used on many documents: CSS, or XPath 1.0 if it
 * begins with '/', './' or '('. */
typedef struct mk_selector mk_selector;
/* MK_OK; MK_EPARSE with what is wrong in why (at most cap bytes); MK_ENOMEM. */
int mk_selector_compile(mk_selector **out, const char *text, char *why, size_t cap);
void mk_selector_free(mk_selector *selector);
/* The XPath a CSS selector became: for tests and traces. Owned by selector. */
const char *mk_selector_xpath(const mk_selector *selector);

typedef struct mk_nodes {
    mk_node **list;
    size_t count;
} mk_nodes;
/* All that match, in document order, below `below` (NULL: the whole document;
 * `//x` too stays below). most: stop after that many, 0 is all. XPath that
 * gives a string, number or boolean is MK_EINVAL. MK_OK, MK_ELIMIT (ops), MK_ENOMEM. */
int mk_doc_select(mk_doc *doc, mk_node *below, const mk_selector *selector, size_t most, mk_nodes *out);
void mk_nodes_free(mk_nodes *nodes);

/* The element's name in lower case; an attribute's name; "#text". */
const char *mk_node_tag(const mk_node *node);
/* The value, or NULL. Owned by the document, valid until the attribute changes. */
const char *mk_node_attr(mk_doc *doc, const mk_node *node, const char *name);
/* value NULL removes it. MK_OK, MK_ENOMEM, MK_EINVAL (not an element, bad name). */
int mk_node_set_attr(mk_doc *doc, mk_node *node, const char *name, const char *value);
/* Visible text: no script, style, template, noscript, comments; white space folded,
 * trimmed; block elements, br and table cells part words. An attribute's or text node's value. */
int mk_node_text(mk_doc *doc, const mk_node *node, mk_buf *out);
/* Serialised, without changes of ours. */
int mk_node_html(mk_doc *doc, const mk_node *node, mk_buf *out);
/* For walking: parent element, first child element, next sibling element; or NULL. */
mk_node *mk_node_parent(const mk_node *node);
mk_node *mk_node_child(const mk_node *node);
mk_node *mk_node_next(const mk_node *node);
/* Call once at start: libxml2 takes its memory from base/mem.h. */
void mk_html_init(void);
#endif
