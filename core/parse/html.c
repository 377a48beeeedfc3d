/* html.c - documents: parsing, nodes and their attributes (layer parse) */
#include "base/codec.h"
#include "base/err.h"
#include "parse/html_doc.h"
#include <libxml/HTMLparser.h>
#include <libxml/globals.h>
#include <libxml/parserInternals.h>
#include <libxml/valid.h>
#include <libxml/xpath.h>
#include <malloc.h>
#include <string.h>

const mk_html_limits mk_html_defaults = { 2 * 1024 * 1024, 512, 200000 };

static void silent(void *arg, const char *format, ...)
{
    (void)arg;
    (void)format;
}

void mk_html_init(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    mk_arena_install();
    /* A page's tree is some megabytes for some milliseconds. By default glibc
     * gives them back to the kernel each time, and faulting them in again is
     * 40 % of a parse. */
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
    xmlInitParser();
    xmlXPathInit();
    /* It would write to standard error, of an unknown function for example. */
    xmlThrDefSetGenericErrorFunc(NULL, silent);
    xmlSetGenericErrorFunc(NULL, silent);
}

static void parse_html(mk_doc *doc, const char *text, size_t len)
{
    mk_html_parse parse = { .max_depth = doc->limits.max_depth };
    htmlParserCtxt *ctxt = htmlCreateMemoryParserCtxt(text, (int)len);
    if (!ctxt)
        return;
    htmlCtxtUseOptions(ctxt, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | HTML_PARSE_COMPACT |
                                 HTML_PARSE_NODEFDTD | XML_PARSE_HUGE);
    mk_html_hook(ctxt, &parse, false);
    ctxt->charset = XML_CHAR_ENCODING_UTF8; /* it is: no guessing */
    htmlParseDocument(ctxt);
    doc->tree = ctxt->myDoc;
    ctxt->myDoc = NULL;
    htmlFreeParserCtxt(ctxt);
}

static int parse_xml(mk_doc *doc, const char *text, size_t len)
{
    mk_html_parse parse = { .max_depth = doc->limits.max_depth };
    xmlParserCtxt *ctxt = xmlCreateMemoryParserCtxt(text, (int)len);
    if (!ctxt)
        return MK_EPARSE;
    xmlCtxtUseOptions(ctxt, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_COMPACT | XML_PARSE_HUGE |
                                XML_PARSE_NOCDATA);
    mk_html_hook(ctxt, &parse, true);
    xmlParseDocument(ctxt);
    int err = ctxt->wellFormed && ctxt->myDoc ? MK_OK : MK_EPARSE;
    doc->tree = ctxt->myDoc;
    ctxt->myDoc = NULL;
    xmlFreeParserCtxt(ctxt);
    return err;
}

static int parse_guarded(mk_doc *doc, const char *text, size_t len)
{
    jmp_buf out;
    int err = setjmp(out);
    if (!err) {
        mk_arena_enter(&doc->arena, &out);
        if (doc->xml) {
            int bad = parse_xml(doc, text, len);
            mk_arena_leave(&doc->arena);
            return bad;
        }
        parse_html(doc, text, len);
        if (!doc->tree) /* nothing but white space */
            doc->tree = xmlNewDoc((const xmlChar *)"1.0");
    }
    mk_arena_leave(&doc->arena);
    return err;
}

/* What libxml2 would stumble over: NULs and bytes that are not UTF-8. */
static int clean(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        uint32_t point = mk_utf8_next(text, len, &at);
        err = mk_utf8_add(out, point ? point : 0xFFFD);
    }
    return err;
}

static int parse_text(mk_doc *doc, const char *text, size_t len)
{
    if (mk_utf8_valid(text, len) && !memchr(text, 0, len))
        return parse_guarded(doc, text, len);
    if (doc->xml)
        return MK_EPARSE;
    mk_buf copy;
    mk_buf_init(&copy, len * 3);
    int err = clean(&copy, text, len);
    if (!err)
        err = parse_guarded(doc, copy.data, copy.len);
    mk_buf_free(&copy);
    return err;
}

int mk_doc_parse(mk_doc **out, const char *text, size_t len, bool xml, const mk_html_limits *limits,
                 mk_account *account)
{
    if (!limits)
        limits = &mk_html_defaults;
    if (len > limits->max_bytes || len > INT32_MAX / 4)
        return MK_ELIMIT;
    mk_doc *doc = mk_calloc(1, sizeof *doc);
    if (!doc)
        return MK_ENOMEM;
    if (mk_account_charge(account, sizeof *doc)) {
        mk_free(doc);
        return MK_ENOMEM;
    }
    mk_html_init();
    mk_arena_init(&doc->arena, account);
    doc->limits = *limits;
    doc->xml = xml;
    int err = parse_text(doc, text, len);
    if (err)
        mk_doc_free(doc);
    else
        *out = doc;
    return err;
}

void mk_doc_free(mk_doc *doc)
{
    if (!doc)
        return;
    mk_account *account = doc->arena.account;
    mk_arena_drop(&doc->arena);
    mk_account_release(account, sizeof *doc);
    mk_free(doc);
}

mk_node *mk_doc_root(mk_doc *doc)
{
    return (mk_node *)xmlDocGetRootElement(doc->tree);
}

const char *mk_doc_base(mk_doc *doc)
{
    const xmlNode *root = (const xmlNode *)doc->tree;
    for (const xmlNode *node = root; node; node = mk_html_next(root, node, false)) {
        const char *href = mk_html_is(node, "base") ? mk_html_value(node, "href") : NULL;
        if (href)
            return href;
    }
    return NULL;
}

bool mk_html_is(const xmlNode *node, const char *tag)
{
    return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, tag);
}

xmlNode *mk_html_next(const xmlNode *root, const xmlNode *node, bool skip)
{
    /* What an entity reference points to is not below it. */
    if (!skip && node->children && node->type != XML_ENTITY_REF_NODE && node->type != XML_DTD_NODE)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

const char *mk_node_tag(const mk_node *node)
{
    const xmlNode *it = mk_html_node(node);
    switch (it->type) {
    case XML_ELEMENT_NODE:
    case XML_ATTRIBUTE_NODE:
        return (const char *)it->name;
    case XML_COMMENT_NODE:
        return "#comment";
    default:
        return "#text";
    }
}

xmlAttr *mk_html_attr(const mk_doc *doc, const xmlNode *node, const char *name)
{
    if (node->type != XML_ELEMENT_NODE)
        return NULL;
    for (xmlAttr *attr = node->properties; attr; attr = attr->next)
        if (!strcmp((const char *)attr->name, name) && !(doc && doc->xml && attr->ns))
            return attr;
    const char *colon = doc && doc->xml ? strchr(name, ':') : NULL;
    for (xmlAttr *attr = colon ? node->properties : NULL; attr; attr = attr->next)
        if (attr->ns && attr->ns->prefix && !strcmp((const char *)attr->name, colon + 1) &&
            strlen((const char *)attr->ns->prefix) == (size_t)(colon - name) &&
            !strncmp((const char *)attr->ns->prefix, name, (size_t)(colon - name)))
            return attr;
    return NULL;
}

static const char *plain_value(const xmlAttr *attr)
{
    const xmlNode *first = attr->children;
    if (!first)
        return "";
    return !first->next && first->type == XML_TEXT_NODE && first->content ? (const char *)first->content : NULL;
}

const char *mk_html_value(const xmlNode *node, const char *name)
{
    const xmlAttr *attr = mk_html_attr(NULL, node, name);
    const char *value = attr ? plain_value(attr) : NULL;
    return attr && !value ? "" : value;
}

/* Gives attr one text node in place of what it has (NULL: makes the text of it). */
static int set_value(mk_doc *doc, xmlAttr *attr, const char *value)
{
    jmp_buf out;
    int err = setjmp(out);
    if (!err) {
        mk_arena_enter(&doc->arena, &out);
        const xmlChar *bytes = value ? (const xmlChar *)value : xmlNodeListGetString(doc->tree, attr->children, 1);
        xmlNode *text = xmlNewDocText(doc->tree, bytes ? bytes : (const xmlChar *)"");
        xmlNode *old = attr->children;
        bool id = attr->atype == XML_ATTRIBUTE_ID;
        if (id)
            xmlRemoveID(doc->tree, attr);
        text->parent = (xmlNode *)attr;
        attr->children = attr->last = text;
        xmlFreeNodeList(old);
        if (id)
            xmlAddID(NULL, doc->tree, text->content, attr);
    }
    mk_arena_leave(&doc->arena);
    return err;
}

const char *mk_node_attr(mk_doc *doc, const mk_node *node, const char *name)
{
    xmlAttr *attr = mk_html_attr(doc, mk_html_node(node), name);
    if (!attr)
        return NULL;
    const char *value = plain_value(attr);
    if (value)
        return value;
    return set_value(doc, attr, NULL) ? NULL : plain_value(attr);
}

static bool good_name(const mk_doc *doc, const char *name)
{
    if (doc->xml)
        return xmlValidateNCName((const xmlChar *)name, 0) == 0;
    return *name && !strpbrk(name, " \t\r\n\f\"'<>/=") && mk_utf8_valid(name, strlen(name));
}

static int add_attr(mk_doc *doc, xmlNode *node, const char *name, const char *value)
{
    jmp_buf out;
    int err = setjmp(out);
    if (!err) {
        mk_arena_enter(&doc->arena, &out);
        xmlNewNsProp(node, NULL, (const xmlChar *)name, (const xmlChar *)value);
    }
    mk_arena_leave(&doc->arena);
    return err;
}

/* Taken out but not given back: a script may still hold it as a node. */
static void remove_attr(mk_doc *doc, xmlAttr *attr)
{
    jmp_buf out;
    if (!setjmp(out)) {
        mk_arena_enter(&doc->arena, &out);
        if (attr->atype == XML_ATTRIBUTE_ID)
            xmlRemoveID(doc->tree, attr);
        xmlUnlinkNode((xmlNode *)attr);
    }
    mk_arena_leave(&doc->arena);
}

int mk_node_set_attr(mk_doc *doc, mk_node *node, const char *name, const char *value)
{
    xmlNode *it = mk_html_node(node);
    if (it->type != XML_ELEMENT_NODE || (value && !mk_utf8_valid(value, strlen(value))))
        return MK_EINVAL;
    xmlAttr *attr = mk_html_attr(doc, it, name);
    if (attr && !value)
        remove_attr(doc, attr);
    else if (attr)
        return set_value(doc, attr, value);
    if (!good_name(doc, name))
        return MK_EINVAL;
    if (!attr && value)
        return add_attr(doc, it, name, value);
    return MK_OK;
}

mk_node *mk_node_parent(const mk_node *node)
{
    xmlNode *parent = mk_html_node(node)->parent;
    return parent && parent->type == XML_ELEMENT_NODE ? (mk_node *)parent : NULL;
}

static mk_node *element_from(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return (mk_node *)node;
}

mk_node *mk_node_child(const mk_node *node)
{
    return mk_html_node(node)->type == XML_ELEMENT_NODE ? element_from(mk_html_node(node)->children) : NULL;
}

mk_node *mk_node_next(const mk_node *node)
{
    return mk_html_node(node)->type == XML_ATTRIBUTE_NODE ? NULL : element_from(mk_html_node(node)->next);
}
