/* html_hooks.c - what libxml2's parsers are told and watched for (layer parse) */
#include "base/err.h"
#include "parse/html_doc.h"
#include <libxml/SAX2.h>
#include <libxml/parserInternals.h>
#include <string.h>
#include <strings.h>

static mk_html_parse *parse_of(xmlParserCtxt *ctxt)
{
    return ctxt->_private;
}

static void check_depth(xmlParserCtxt *ctxt)
{
    if (ctxt->nodeNr >= parse_of(ctxt)->max_depth)
        mk_arena_abort(MK_ELIMIT);
}

static bool is_control(const char *name)
{
    static const char *const names[] = { "input", "select", "textarea", "button" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* A control belongs to the form that was opened last and not closed by its own
 * end tag, even where libxml2 has closed the element: <div><form></div><input>.
 * Kept in _private where it is not simply the nearest form around it. */
static void note_owner(xmlParserCtxt *ctxt, const xmlChar *name)
{
    mk_html_parse *parse = parse_of(ctxt);
    xmlNode *node = ctxt->node;
    if (!node || !parse->form || !is_control((const char *)name))
        return;
    const xmlNode *near = node->parent;
    while (near && !mk_html_is(near, "form"))
        near = near->parent;
    if (near != parse->form)
        node->_private = parse->form;
}

static void html_start(void *arg, const xmlChar *name, const xmlChar **attrs)
{
    xmlParserCtxt *ctxt = arg;
    check_depth(ctxt);
    const xmlNode *before = ctxt->node;
    xmlSAX2StartElement(arg, name, attrs);
    if (!ctxt->node || ctxt->node == before)
        return;
    /* Browsers ignore a form in an open form; here it is an element that owns nothing by itself. */
    if (!strcmp((const char *)name, "form") && !parse_of(ctxt)->form)
        parse_of(ctxt)->form = ctxt->node;
    note_owner(ctxt, name);
}

/* True if the parser stands behind </form>: the end was written, not implied. */
static bool after_end_tag(const xmlParserCtxt *ctxt)
{
    const xmlParserInput *input = ctxt->input;
    const xmlChar *at = input->cur;
    while (at > input->base && input->cur - at < 256) {
        at--;
        if (*at == '<')
            return input->end - at >= 6 && !strncasecmp((const char *)at, "</form", 6);
    }
    return false;
}

static void html_end(void *arg, const xmlChar *name)
{
    xmlParserCtxt *ctxt = arg;
    if (!strcmp((const char *)name, "form") && after_end_tag(ctxt))
        parse_of(ctxt)->form = NULL;
    xmlSAX2EndElement(arg, name);
}

/* An end tag without its element is only told as an error. */
static void html_error(void *arg, xmlErrorPtr error)
{
    xmlParserCtxt *ctxt = arg;
    if (error->code == XML_ERR_TAG_NAME_MISMATCH && error->str1 && !strcmp(error->str1, "form") &&
        after_end_tag(ctxt))
        parse_of(ctxt)->form = NULL;
}

static void xml_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int nspaces,
                      const xmlChar **spaces, int nattrs, int ndefault, const xmlChar **attrs)
{
    check_depth(arg);
    xmlSAX2StartElementNs(arg, name, prefix, uri, nspaces, spaces, nattrs, ndefault, attrs);
}

static void quiet(void *arg, xmlErrorPtr error)
{
    (void)arg;
    (void)error;
}

/* No entity is ever declared, so none can grow. */
static void no_entity(void *arg, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id,
                      xmlChar *content)
{
    (void)arg, (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
}

static void no_subset(void *arg, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)arg, (void)name, (void)public_id, (void)system_id;
}

static xmlParserInputPtr no_input(void *arg, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)arg, (void)public_id, (void)system_id;
    return NULL;
}

void mk_html_hook(xmlParserCtxt *ctxt, mk_html_parse *parse, bool xml)
{
    xmlSAXHandler *sax = ctxt->sax;
    ctxt->_private = parse;
    sax->error = sax->warning = sax->fatalError = NULL;
    sax->initialized = XML_SAX2_MAGIC;
    sax->externalSubset = no_subset;
    sax->resolveEntity = no_input;
    sax->entityDecl = no_entity;
    if (xml) {
        sax->startElementNs = xml_start;
        sax->serror = quiet;
    } else {
        sax->startElement = html_start;
        sax->endElement = html_end;
        sax->serror = html_error;
    }
}
