/* select.c - evaluates selectors on a document (layer parse) */
#include "base/err.h"
#include "parse/html_doc.h"
#include "parse/selector.h"
#include <libxml/xpathInternals.h>
#include <string.h>

static void quiet(void *arg, xmlErrorPtr error)
{
    (void)arg;
    (void)error;
}

/* XPath knows a prefix only if it is told of it: those that the document
 * declares, the first declaration of each, at most 64. */
static void register_spaces(mk_doc *doc)
{
    const xmlNode *root = xmlDocGetRootElement(doc->tree);
    int left = 64;
    for (const xmlNode *node = root; node && left > 0; node = mk_html_next(root, node, false)) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        for (const xmlNs *ns = node->nsDef; ns && left > 0; ns = ns->next)
            if (ns->prefix && ns->href && !xmlXPathNsLookup(doc->xpath, ns->prefix)) {
                xmlXPathRegisterNs(doc->xpath, ns->prefix, ns->href);
                left--;
            }
    }
}

/* Under the guard. */
static void prepare(mk_doc *doc, xmlNode *below)
{
    if (!doc->xpath) {
        xmlXPathContext *made = xmlXPathNewContext(doc->tree);
        made->error = quiet;
        xmlXPathContextSetCache(made, 1, -1, 0);
        doc->xpath = made;
        mk_html_functions(doc);
        if (doc->xml)
            register_spaces(doc);
    }
    if (!doc->ordered) {
        xmlXPathOrderDocElems(doc->tree);
        doc->ordered = true;
    }
    doc->xpath->node = below ? below : (xmlNode *)doc->tree;
    doc->xpath->opLimit = (unsigned long)doc->limits.xpath_ops;
    doc->xpath->opCount = 0;
    doc->xpath->depth = 0;
    xmlResetError(&doc->xpath->lastError);
}

static int failure(const mk_doc *doc)
{
    switch (doc->xpath->lastError.code) {
    case XML_XPATH_EXPRESSION_OK + XPATH_OP_LIMIT_EXCEEDED:
    case XML_XPATH_EXPRESSION_OK + XPATH_RECURSION_LIMIT_EXCEEDED:
        return MK_ELIMIT;
    case XML_XPATH_EXPRESSION_OK + XPATH_MEMORY_ERROR:
        return MK_ENOMEM;
    default:
        return MK_EINVAL; /* an unknown function, prefix or variable */
    }
}

static bool wanted(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE || node->type == XML_ATTRIBUTE_NODE || node->type == XML_TEXT_NODE ||
           node->type == XML_CDATA_SECTION_NODE || node->type == XML_COMMENT_NODE;
}

static int collect(const xmlXPathObject *object, size_t most, mk_nodes *out)
{
    const xmlNodeSet *set = object->nodesetval;
    size_t count = set && set->nodeNr > 0 ? (size_t)set->nodeNr : 0;
    if (most && count > most)
        count = most;
    mk_node **list = mk_calloc(count ? count : 1, sizeof *list);
    if (!list)
        return MK_ENOMEM;
    size_t kept = 0;
    for (size_t i = 0; set && i < (size_t)set->nodeNr && kept < count; i++)
        if (wanted(set->nodeTab[i]))
            list[kept++] = (mk_node *)set->nodeTab[i];
    out->list = list;
    out->count = kept;
    return MK_OK;
}

static int evaluate(mk_doc *doc, xmlNode *below, xmlXPathCompExpr *comp, size_t most, mk_nodes *out)
{
    prepare(doc, below);
    xmlXPathObject *object = xmlXPathCompiledEval(comp, doc->xpath);
    int err = MK_OK;
    if (!object)
        err = failure(doc);
    else if (object->type != XPATH_NODESET)
        err = MK_EINVAL;
    else
        err = collect(object, most, out);
    xmlXPathFreeObject(object);
    return err;
}

static xmlXPathCompExpr *form_for(const mk_doc *doc, const mk_node *below, const mk_selector *selector)
{
    if (doc->xml && selector->comp[MK_SEL_XML])
        return selector->comp[MK_SEL_XML];
    if (below && selector->comp[MK_SEL_BELOW])
        return selector->comp[MK_SEL_BELOW];
    return selector->comp[MK_SEL_HTML];
}

static int by_xpath(mk_doc *doc, mk_node *below, const mk_selector *selector, size_t most, mk_nodes *out)
{
    xmlXPathCompExpr *comp = form_for(doc, below, selector);
    jmp_buf jump;
    int err = setjmp(jump);
    if (!err) {
        mk_arena_enter(&doc->arena, &jump);
        int bad = evaluate(doc, mk_html_node(below), comp, most, out);
        mk_arena_leave(&doc->arena);
        return bad;
    }
    mk_arena_leave(&doc->arena);
    return err;
}

/* Elements that may match, at most `most` of them (0: all). */
static int scan(mk_doc *doc, mk_node *below, const mk_keys *keys, size_t most, mk_nodes *out)
{
    const xmlNode *root = below ? mk_html_node(below) : (const xmlNode *)doc->tree;
    size_t room = 0;
    for (xmlNode *node = mk_html_next(root, root, false); node; node = mk_html_next(root, node, false)) {
        if (!mk_keys_hold(keys, (const mk_node *)node))
            continue;
        if (out->count == room) {
            size_t more = room ? room * 2 : 8;
            mk_node **list = mk_realloc(out->list, more * sizeof *list);
            if (!list)
                return MK_ENOMEM;
            out->list = list;
            room = more;
        }
        out->list[out->count++] = (mk_node *)node;
        if (out->count == most)
            break;
    }
    return MK_OK;
}

/* Keeps those of nodes that match, at most `most`. */
static int sift(mk_doc *doc, const mk_selector *selector, size_t most, mk_nodes *nodes)
{
    size_t kept = 0;
    prepare(doc, NULL);
    for (size_t i = 0; i < nodes->count && !(most && kept == most); i++) {
        doc->xpath->node = mk_html_node(nodes->list[i]);
        int holds = xmlXPathCompiledEvalToBoolean(selector->comp[MK_SEL_SELF], doc->xpath);
        if (holds < 0)
            return failure(doc);
        if (holds)
            nodes->list[kept++] = nodes->list[i];
    }
    nodes->count = kept;
    return MK_OK;
}

static int sift_guarded(mk_doc *doc, const mk_selector *selector, size_t most, mk_nodes *nodes)
{
    jmp_buf jump;
    int err = setjmp(jump);
    if (!err) {
        mk_arena_enter(&doc->arena, &jump);
        int bad = sift(doc, selector, most, nodes);
        mk_arena_leave(&doc->arena);
        return bad;
    }
    mk_arena_leave(&doc->arena);
    return err;
}

/* How many candidates are tried one by one; above it one pass of XPath is cheaper. */
enum { CANDIDATES = 48 };

static int by_keys(mk_doc *doc, mk_node *below, const mk_selector *selector, size_t most, mk_nodes *out)
{
    const bool exact = selector->keys.exact;
    mk_nodes found = { 0 };
    int err = scan(doc, below, &selector->keys, exact ? most : CANDIDATES, &found);
    if (!err && !exact && found.count == CANDIDATES) {
        mk_nodes_free(&found);
        return by_xpath(doc, below, selector, most, out);
    }
    if (!err && !exact && found.count)
        err = sift_guarded(doc, selector, most, &found);
    if (err)
        mk_nodes_free(&found);
    else
        *out = found;
    return err;
}

int mk_doc_select(mk_doc *doc, mk_node *below, const mk_selector *selector, size_t most, mk_nodes *out)
{
    if (selector->css && selector->keys.usable && !doc->xml)
        return by_keys(doc, below, selector, most, out);
    return by_xpath(doc, below, selector, most, out);
}

void mk_nodes_free(mk_nodes *nodes)
{
    mk_free(nodes->list);
    nodes->list = NULL;
    nodes->count = 0;
}
