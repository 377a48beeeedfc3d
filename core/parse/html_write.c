/* html_write.c - nodes as markup again (layer parse)
 *
 * As HTML's "serialising HTML fragments" says; libxml2's own writer would
 * escape URLs in attributes and letters outside ASCII. */
#include "base/err.h"
#include "parse/html_doc.h"
#include <string.h>

static bool among(const xmlNode *node, const char *const *names)
{
    for (; *names; names++)
        if (mk_html_is(node, *names))
            return true;
    return false;
}

static bool is_void(const xmlNode *node)
{
    static const char *const names[] = { "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr",
                                         "img", "input", "keygen", "link", "meta", "param", "source", "track", "wbr",
                                         NULL };
    return among(node, names);
}

static bool is_raw(const xmlNode *node)
{
    static const char *const names[] = { "script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext",
                                         NULL };
    return node && among(node, names);
}

static const char *escape_of(const char *at, bool attr, size_t *len)
{
    *len = 1;
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return attr ? NULL : "&lt;";
    case '>':
        return attr ? NULL : "&gt;";
    case '"':
        return attr ? "&quot;" : NULL;
    case '\xC2':
        *len = 2;
        return at[1] == '\xA0' ? "&nbsp;" : NULL;
    default:
        return NULL;
    }
}

static int write_text(const mk_doc *doc, mk_buf *out, const char *text, bool attr)
{
    int err = MK_OK;
    while (*text && !err) {
        size_t plain = strcspn(text, doc->xml ? "&<>\"" : "&<>\"\xC2");
        err = mk_buf_add(out, text, plain);
        text += plain;
        if (err || !*text)
            break;
        size_t len = 1;
        const char *escape = doc->xml && *text == '<' ? "&lt;" : escape_of(text, attr, &len);
        if (!escape)
            len = 1;
        err = escape ? mk_buf_adds(out, escape) : mk_buf_add(out, text, 1);
        text += len;
    }
    return err;
}

static int write_name(mk_buf *out, const xmlNs *ns, const xmlChar *name)
{
    int err = MK_OK;
    if (ns && ns->prefix && !(err = mk_buf_adds(out, (const char *)ns->prefix)))
        err = mk_buf_addc(out, ':');
    return err ? err : mk_buf_adds(out, (const char *)name);
}

static int write_attr(const mk_doc *doc, mk_buf *out, const xmlAttr *attr)
{
    int err = mk_buf_addc(out, ' ');
    if (!err)
        err = write_name(out, attr->ns, attr->name);
    if (!err)
        err = mk_buf_adds(out, "=\"");
    for (const xmlNode *part = attr->children; part && !err; part = part->next) {
        if (part->type == XML_ENTITY_REF_NODE)
            err = mk_buf_addf(out, "&%s;", (const char *)part->name);
        else if (part->content)
            err = write_text(doc, out, (const char *)part->content, true);
    }
    return err ? err : mk_buf_addc(out, '"');
}

static int write_spaces(const mk_doc *doc, mk_buf *out, const xmlNode *node)
{
    int err = MK_OK;
    for (const xmlNs *ns = node->nsDef; ns && !err; ns = ns->next) {
        err = mk_buf_adds(out, ns->prefix ? " xmlns:" : " xmlns");
        if (!err && ns->prefix)
            err = mk_buf_adds(out, (const char *)ns->prefix);
        if (!err)
            err = mk_buf_adds(out, "=\"");
        if (!err && ns->href)
            err = write_text(doc, out, (const char *)ns->href, true);
        if (!err)
            err = mk_buf_addc(out, '"');
    }
    return err;
}

static int write_start(const mk_doc *doc, mk_buf *out, const xmlNode *node)
{
    int err = mk_buf_addc(out, '<');
    if (!err)
        err = write_name(out, node->ns, node->name);
    if (!err)
        err = write_spaces(doc, out, node);
    for (const xmlAttr *attr = node->properties; attr && !err; attr = attr->next)
        err = write_attr(doc, out, attr);
    if (!err && doc->xml && !node->children)
        err = mk_buf_addc(out, '/');
    return err ? err : mk_buf_addc(out, '>');
}

static int write_end(const mk_doc *doc, mk_buf *out, const xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE || (doc->xml ? !node->children : is_void(node)))
        return MK_OK;
    int err = mk_buf_adds(out, "</");
    if (!err)
        err = write_name(out, node->ns, node->name);
    return err ? err : mk_buf_addc(out, '>');
}

static int write_begin(const mk_doc *doc, mk_buf *out, const xmlNode *node)
{
    const char *content = node->content && node->type != XML_ELEMENT_NODE ? (const char *)node->content : "";
    switch (node->type) {
    case XML_ELEMENT_NODE:
        return write_start(doc, out, node);
    case XML_TEXT_NODE:
    case XML_CDATA_SECTION_NODE:
        if (!doc->xml && is_raw(node->parent))
            return mk_buf_adds(out, content);
        return write_text(doc, out, content, false);
    case XML_COMMENT_NODE:
        return mk_buf_addf(out, "<!--%s-->", content);
    case XML_PI_NODE:
        return mk_buf_addf(out, doc->xml ? "<?%s %s?>" : "<?%s %s>", (const char *)node->name, content);
    case XML_ENTITY_REF_NODE:
        return mk_buf_addf(out, "&%s;", (const char *)node->name);
    default:
        return MK_OK;
    }
}

static int write_tree(const mk_doc *doc, mk_buf *out, const xmlNode *root)
{
    const xmlNode *node = root;
    for (;;) {
        int err = write_begin(doc, out, node);
        if (err)
            return err;
        if (node->type == XML_ELEMENT_NODE && node->children) {
            node = node->children;
            continue;
        }
        while (!(err = write_end(doc, out, node)) && node != root && !node->next)
            node = node->parent;
        if (err || node == root)
            return err;
        node = node->next;
    }
}

int mk_node_html(mk_doc *doc, const mk_node *node, mk_buf *out)
{
    const xmlNode *it = mk_html_node(node);
    if (it->type == XML_ATTRIBUTE_NODE)
        return mk_node_text(doc, node, out);
    mk_buf text;
    mk_buf_init(&text, out->max - out->len);
    int err = write_tree(doc, &text, it);
    if (!err)
        err = mk_buf_add(out, text.data, text.len);
    mk_buf_free(&text);
    return err;
}
