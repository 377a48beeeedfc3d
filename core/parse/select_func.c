/* select_func.c - what CSS asks and XPath cannot, or not fast (layer parse)
 *
 * Each function looks at the context node only and gives a boolean. Work that
 * grows with the page is added to XPath's operation count. */
#include "base/err.h"
#include "parse/html_doc.h"
#include <libxml/xpathInternals.h>
#include <string.h>
#include <strings.h>

enum { MAX_TEXT = 4 * 1024 * 1024, BYTES_AN_OP = 64 };

static mk_doc *doc_of(const xmlXPathParserContext *ctxt)
{
    return ctxt->context->funcLookupData;
}

/* False, with the error set, if the limit is passed. */
static bool spend(xmlXPathParserContext *ctxt, unsigned long ops)
{
    xmlXPathContext *it = ctxt->context;
    if (ops > it->opLimit || it->opCount > it->opLimit - ops) {
        it->opCount = it->opLimit;
        xmlXPathErr(ctxt, XPATH_OP_LIMIT_EXCEEDED);
        return false;
    }
    it->opCount += ops;
    return true;
}

static void answer(xmlXPathParserContext *ctxt, bool value)
{
    valuePush(ctxt, xmlXPathNewBoolean(value));
}

bool mk_html_has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    while (*list) {
        list += strspn(list, " \t\r\n\f");
        size_t n = strcspn(list, " \t\r\n\f");
        if (n && n == len && !memcmp(list, word, n))
            return true;
        list += n;
    }
    return false;
}

static void f_class(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(1);
    xmlChar *word = xmlXPathPopString(ctxt);
    CHECK_ERROR;
    const char *list = mk_html_value(ctxt->context->node, "class");
    bool found = list && word && mk_html_has_word(list, (const char *)word);
    xmlFree(word);
    answer(ctxt, found);
}

static void f_fold(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(2);
    xmlChar *value = xmlXPathPopString(ctxt), *name = xmlXPathPopString(ctxt);
    CHECK_ERROR;
    const char *has = mk_html_value(ctxt->context->node, (const char *)name);
    bool found = has && !strcasecmp(has, (const char *)value);
    xmlFree(name);
    xmlFree(value);
    answer(ctxt, found);
}

static void f_contains(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(1);
    xmlChar *part = xmlXPathPopString(ctxt);
    CHECK_ERROR;
    mk_buf text, want;
    mk_buf_init(&text, MAX_TEXT);
    mk_buf_init(&want, MAX_TEXT);
    bool space = false;
    int err = mk_html_fold(&want, (const char *)part, strlen((const char *)part), &space);
    if (!err)
        err = mk_html_all_text(ctxt->context->node, &text);
    xmlFree(part);
    bool found = !err && memmem(text.data, text.len, want.data, want.len);
    unsigned long ops = 1 + text.len / BYTES_AN_OP;
    mk_buf_free(&want);
    mk_buf_free(&text);
    if (err == MK_ENOMEM)
        mk_arena_abort(MK_ENOMEM);
    if (err)
        xmlXPathErr(ctxt, XPATH_OP_LIMIT_EXCEEDED);
    else if (spend(ctxt, ops))
        answer(ctxt, found);
}

static bool alike(const xmlNode *node, const xmlChar *name)
{
    return node->type == XML_ELEMENT_NODE && (!name || xmlStrEqual(node->name, name));
}

static size_t place_slot(const xmlNode *parent, const xmlChar *name)
{
    size_t hash = (size_t)parent / 16;
    for (; name && *name; name++)
        hash = hash * 31 + *name;
    return hash % MK_PLACES;
}

/* Where node stands among its siblings (of that name), walking back only as
 * far as to the one that was asked for last. */
static mk_place *place_of(xmlXPathParserContext *ctxt, const xmlNode *node, const xmlChar *name)
{
    mk_place *place = &doc_of(ctxt)->places[place_slot(node->parent, name)];
    bool same = place->parent == node->parent && !name == !place->name && (!name || xmlStrEqual(name, place->name));
    long back = 0;
    unsigned long walked = 1;
    const xmlNode *at = node;
    for (; at && !(same && at == place->node); at = at->prev, walked++)
        back += alike(at, name);
    if (!spend(ctxt, walked / 8))
        return NULL;
    if (at)
        place->index += back;
    else
        *place = (mk_place){ .parent = node->parent, .name = name, .index = back, .total = same ? place->total : 0 };
    place->node = node;
    return place;
}

static bool count_all(xmlXPathParserContext *ctxt, mk_place *place)
{
    if (place->total)
        return true;
    unsigned long walked = 1;
    place->total = place->index;
    for (const xmlNode *at = place->node->next; at; at = at->next, walked++)
        place->total += alike(at, place->name);
    return spend(ctxt, walked / 8);
}

static bool in_series(long a, long b, long index)
{
    long rest = index - b;
    return a ? rest % a == 0 && rest / a >= 0 : rest == 0;
}

static void nth(xmlXPathParserContext *ctxt, int nargs, bool typed, bool last)
{
    CHECK_ARITY(2);
    double b = xmlXPathPopNumber(ctxt), a = xmlXPathPopNumber(ctxt);
    CHECK_ERROR;
    const xmlNode *node = ctxt->context->node;
    if (node->type != XML_ELEMENT_NODE || !(a > -1e7 && a < 1e7 && b > -1e7 && b < 1e7)) {
        answer(ctxt, false);
        return;
    }
    mk_place *place = place_of(ctxt, node, typed ? node->name : NULL);
    if (!place || (last && !count_all(ctxt, place)))
        return;
    answer(ctxt, in_series((long)a, (long)b, last ? place->total - place->index + 1 : place->index));
}

static void f_nth(xmlXPathParserContext *ctxt, int nargs)
{
    nth(ctxt, nargs, false, false);
}

static void f_nth_type(xmlXPathParserContext *ctxt, int nargs)
{
    nth(ctxt, nargs, true, false);
}

static void f_nth_last(xmlXPathParserContext *ctxt, int nargs)
{
    nth(ctxt, nargs, false, true);
}

static void f_nth_last_type(xmlXPathParserContext *ctxt, int nargs)
{
    nth(ctxt, nargs, true, true);
}

static void f_empty(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(0);
    const xmlNode *child = ctxt->context->node->children;
    while (child && (child->type == XML_COMMENT_NODE || child->type == XML_PI_NODE ||
                     (child->type == XML_TEXT_NODE && (!child->content || !*child->content))))
        child = child->next;
    answer(ctxt, !child);
}

static void f_checked(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(0);
    const xmlNode *node = ctxt->context->node;
    const char *type = mk_html_is(node, "input") ? mk_html_value(node, "type") : NULL;
    bool box = type && (!strcasecmp(type, "checkbox") || !strcasecmp(type, "radio"));
    answer(ctxt, (box && mk_html_value(node, "checked")) ||
                        (mk_html_is(node, "option") && mk_html_value(node, "selected")));
}

static bool can_be_disabled(const xmlNode *node)
{
    static const char *const names[] = { "button", "fieldset", "input", "optgroup", "option", "select", "textarea" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mk_html_is(node, names[i]))
            return true;
    return false;
}

static void f_disabled(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(0);
    answer(ctxt, can_be_disabled(ctxt->context->node) && mk_html_disabled(ctxt->context->node));
}

static void f_enabled(xmlXPathParserContext *ctxt, int nargs)
{
    CHECK_ARITY(0);
    answer(ctxt, can_be_disabled(ctxt->context->node) && !mk_html_disabled(ctxt->context->node));
}

static xmlXPathFunction look_up(void *data, const xmlChar *name, const xmlChar *space)
{
    static const struct {
        const char *name;
        xmlXPathFunction call;
    } known[] = {
        { "class", f_class }, { "fold", f_fold },       { "contains", f_contains },   { "nth", f_nth },
        { "nth-type", f_nth_type }, { "nth-last", f_nth_last },   { "nth-last-type", f_nth_last_type },
        { "empty", f_empty },       { "checked", f_checked },     { "disabled", f_disabled },
        { "enabled", f_enabled },
    };
    (void)data;
    if (space || strncmp((const char *)name, "mk-", 3) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp((const char *)name + 3, known[i].name))
            return known[i].call;
    return NULL;
}

void mk_html_functions(mk_doc *doc)
{
    xmlXPathRegisterFuncLookup(doc->xpath, look_up, doc);
}
