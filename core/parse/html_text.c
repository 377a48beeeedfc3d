/* html_text.c - the text that a reader of a page sees (layer parse) */
#include "base/err.h"
#include "parse/html_doc.h"
#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>

/* Sorted, for bsearch. */
static const char *const blocks[] = {
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset",
    "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "iframe", "input", "legend", "li",
    "main", "menu", "nav", "object", "ol", "optgroup", "option", "p", "pre", "search", "section", "select", "summary",
    "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "title", "tr", "ul"
};

static int by_name(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

static bool parts_words(const mk_doc *doc, const xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE)
        return false;
    return doc->xml || bsearch(node->name, blocks, sizeof blocks / sizeof *blocks, sizeof *blocks, by_name) != NULL;
}

static bool unseen(const mk_doc *doc, const xmlNode *node)
{
    static const char *const names[] = { "script", "style", "template", "noscript" };
    if (node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE || node->type == XML_DTD_NODE)
        return true;
    for (size_t i = 0; !doc->xml && i < sizeof names / sizeof *names; i++)
        if (mk_html_is(node, names[i]))
            return true;
    return false;
}

/* How many bytes of white space begin text: ASCII's and U+00A0. */
static size_t space_at(const char *text, size_t len)
{
    if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        return 1;
    return len >= 2 && text[0] == '\xC2' && text[1] == '\xA0' ? 2 : 0;
}

/* *space: white space was seen and is owed before the next word. */
int mk_html_fold(mk_buf *out, const char *text, size_t len, bool *space)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t white = space_at(text + at, len - at);
        if (white) {
            *space = true;
            at += white;
            continue;
        }
        size_t end = at + 1;
        while (end < len && !space_at(text + end, len - end))
            end++;
        if (*space && out->len)
            err = mk_buf_addc(out, ' ');
        if (!err)
            err = mk_buf_add(out, text + at, end - at);
        *space = false;
        at = end;
    }
    return err;
}

const char *mk_html_entity(const xmlNode *node, char room[8])
{
    if (node->type != XML_ENTITY_REF_NODE)
        return NULL;
    const htmlEntityDesc *known = htmlEntityLookup(node->name);
    if (!known)
        return "";
    int n = 0;
    unsigned v = known->value; /* at most U+2666: three bytes */
    if (v < 0x80) {
        room[n++] = (char)v;
    } else if (v < 0x800) {
        room[n++] = (char)(0xC0 | v >> 6);
        room[n++] = (char)(0x80 | (v & 63));
    } else {
        room[n++] = (char)(0xE0 | (v >> 12 & 15));
        room[n++] = (char)(0x80 | (v >> 6 & 63));
        room[n++] = (char)(0x80 | (v & 63));
    }
    room[n] = '\0';
    return room;
}

static int fold_node(mk_buf *out, const xmlNode *node, bool *space)
{
    char room[8];
    const char *text = mk_html_entity(node, room);
    if (!text && (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE))
        text = (const char *)node->content;
    return text ? mk_html_fold(out, text, strlen(text), space) : MK_OK;
}

/* The next node after `node` is done with; ends of blocks on the way part words. */
static const xmlNode *after(const mk_doc *doc, const xmlNode *root, const xmlNode *node, bool *space)
{
    while (node != root && !node->next) {
        node = node->parent;
        if (parts_words(doc, node))
            *space = true;
    }
    return node == root ? NULL : node->next;
}

static int walk(mk_doc *doc, const xmlNode *root, mk_buf *out)
{
    bool space = false;
    int err = MK_OK;
    for (const xmlNode *node = root; node && !err;) {
        bool skip = node != root && unseen(doc, node);
        if (parts_words(doc, node))
            space = true;
        if (!skip)
            err = fold_node(out, node, &space);
        if (!skip && node->type == XML_ELEMENT_NODE && node->children) {
            node = node->children;
            continue;
        }
        bool parts = parts_words(doc, node);
        node = after(doc, root, node, &space);
        space = space || parts;
    }
    return err;
}

static int attr_text(const xmlNode *attr, mk_buf *out)
{
    const size_t before = out->len;
    int err = MK_OK;
    for (const xmlNode *part = attr->children; part && !err; part = part->next) {
        char room[8];
        const char *text = mk_html_entity(part, room);
        if (!text)
            text = (const char *)part->content;
        err = text ? mk_buf_adds(out, text) : MK_OK;
    }
    return err ? (mk_buf_splice(out, before, out->len - before, "", 0), err) : MK_OK;
}

int mk_node_text(mk_doc *doc, const mk_node *node, mk_buf *out)
{
    const xmlNode *it = mk_html_node(node);
    if (it->type == XML_ATTRIBUTE_NODE)
        return attr_text(it, out);
    if (it->type == XML_TEXT_NODE || it->type == XML_CDATA_SECTION_NODE || it->type == XML_COMMENT_NODE)
        return it->content ? mk_buf_adds(out, (const char *)it->content) : MK_OK;
    mk_buf text;
    mk_buf_init(&text, out->max - out->len);
    int err = walk(doc, it, &text);
    if (!err)
        err = mk_buf_add(out, text.data, text.len);
    mk_buf_free(&text);
    return err;
}

int mk_html_all_text(const xmlNode *root, mk_buf *out)
{
    bool space = false;
    int err = MK_OK;
    for (const xmlNode *node = root; node && !err; node = mk_html_next(root, node, false))
        err = fold_node(out, node, &space);
    return err;
}
