/* selector.c - selectors: compiled once, for any document (layer parse) */
#include "parse/selector.h"
#include "base/codec.h"
#include "base/err.h"
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <string.h>

enum { MAX_SELECTOR = 8192 };

static bool is_xpath(const char *text)
{
    return *text == '/' || *text == '(' || (text[0] == '.' && text[1] == '/');
}

/* An absolute path that is the expression or a part of it, not one in a
 * predicate, gets a dot before it: asked of an element it stays below. */
static int keep_below(mk_buf *out, const char *text)
{
    int deep = 0, err = MK_OK;
    char quote = 0, last = '(';
    for (; *text && !err; text++) {
        if (quote) {
            quote = *text == quote ? 0 : quote;
        } else if (*text == '"' || *text == '\'') {
            quote = *text;
        } else if (*text == '[') {
            deep++;
        } else if (*text == ']') {
            deep--;
        } else if (*text == '/' && deep == 0 && strchr("(|,", last)) {
            err = mk_buf_addc(out, '.');
        }
        if (!strchr(" \t\r\n", *text))
            last = *text;
        if (!err)
            err = mk_buf_addc(out, *text);
    }
    return err;
}

static int take(mk_selector *selector, int form, mk_buf *buf)
{
    selector->xpath[form] = mk_buf_steal(buf, NULL);
    return selector->xpath[form] ? MK_OK : MK_ENOMEM;
}

/* The keys of HTML's form; exact at first, until something says otherwise. */
static void begin_keys(mk_keys *keys)
{
    mk_buf_init(&keys->text, 4 * MAX_SELECTOR);
    keys->usable = keys->exact = true;
}

static int write_css(mk_selector *selector, const char *text, char *why, size_t cap)
{
    static const int forms[] = { MK_SEL_HTML, MK_SEL_XML, MK_SEL_SELF };
    mk_buf buf;
    mk_buf_init(&buf, 64 * 1024);
    begin_keys(&selector->keys);
    int err = MK_OK;
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !err; i++) {
        err = mk_css_translate(&buf, text, forms[i], i ? NULL : &selector->keys, why, cap);
        if (!err)
            err = take(selector, forms[i], &buf);
    }
    mk_buf_free(&buf);
    return err;
}

static int write_xpath(mk_selector *selector, const char *text)
{
    mk_buf buf;
    mk_buf_init(&buf, 2 * MAX_SELECTOR);
    selector->xpath[MK_SEL_HTML] = mk_strdup(text);
    int err = selector->xpath[MK_SEL_HTML] ? keep_below(&buf, text) : MK_ENOMEM;
    if (!err && strcmp(buf.data, text) != 0)
        err = take(selector, MK_SEL_BELOW, &buf);
    mk_buf_free(&buf);
    return err;
}

typedef struct complaint {
    char *why;
    size_t cap;
} complaint;

static const char *meaning(int code)
{
    switch (code - XML_XPATH_EXPRESSION_OK) {
    case XPATH_UNFINISHED_LITERAL_ERROR:
    case XPATH_START_LITERAL_ERROR:
        return "a quote is not closed";
    case XPATH_VARIABLE_REF_ERROR:
        return "a variable's name is expected";
    case XPATH_INVALID_PREDICATE_ERROR:
        return "] is expected";
    case XPATH_UNCLOSED_ERROR:
        return ") is expected";
    case XPATH_EXPR_ERROR:
    default:
        return "not an XPath expression";
    }
}

static void note_error(void *arg, xmlErrorPtr error)
{
    const complaint *it = arg;
    if (it->cap)
        snprintf(it->why, it->cap, "%s at byte %d", meaning(error->code), error->int1 + 1);
}

static int compile_form(mk_selector *selector, int form, complaint *why)
{
    xmlXPathContext *context = xmlXPathNewContext(NULL);
    context->error = note_error;
    context->userData = why;
    selector->comp[form] = xmlXPathCtxtCompile(context, (const xmlChar *)selector->xpath[form]);
    xmlXPathFreeContext(context);
    return selector->comp[form] ? MK_OK : MK_EPARSE;
}

static int compile_all(mk_selector *selector, complaint *why)
{
    jmp_buf out;
    int err = setjmp(out);
    if (!err) {
        mk_arena_enter(&selector->arena, &out);
        int bad = MK_OK;
        for (int form = 0; form < MK_SEL_FORMS && !bad; form++)
            bad = selector->xpath[form] ? compile_form(selector, form, why) : MK_OK;
        mk_arena_leave(&selector->arena);
        return bad;
    }
    mk_arena_leave(&selector->arena);
    return err;
}

static int build(mk_selector *selector, const char *text, char *why, size_t cap)
{
    complaint told = { why, cap };
    selector->css = !is_xpath(text);
    int err = selector->css ? write_css(selector, text, why, cap) : write_xpath(selector, text);
    if (err)
        return err;
    const char *xpath = selector->xpath[MK_SEL_HTML];
    /* Only what is the same to the letter is shared. */
    if (selector->xpath[MK_SEL_XML] && !strcmp(xpath, selector->xpath[MK_SEL_XML])) {
        mk_free(selector->xpath[MK_SEL_XML]);
        selector->xpath[MK_SEL_XML] = NULL;
    }
    return compile_all(selector, &told);
}

int mk_selector_compile(mk_selector **out, const char *text, char *why, size_t cap)
{
    const char *bad = NULL;
    if (cap)
        *why = '\0';
    text += strspn(text, " \t\r\n\f");
    if (strlen(text) > MAX_SELECTOR)
        bad = "a selector may have 8,192 bytes";
    else if (!mk_utf8_valid(text, strlen(text)))
        bad = "not UTF-8";
    if (bad) {
        if (cap)
            snprintf(why, cap, "%s", bad);
        return MK_EPARSE;
    }
    mk_html_init();
    mk_selector *selector = mk_calloc(1, sizeof *selector);
    if (!selector)
        return MK_ENOMEM;
    mk_arena_init(&selector->arena, NULL);
    mk_buf_init(&selector->keys.text, 0);
    int err = build(selector, text, why, cap);
    if (err == MK_ELIMIT) {
        if (cap)
            snprintf(why, cap, "too long as XPath");
        err = MK_EPARSE;
    }
    if (err)
        mk_selector_free(selector);
    else
        *out = selector;
    return err;
}

void mk_selector_free(mk_selector *selector)
{
    if (!selector)
        return;
    mk_arena_drop(&selector->arena);
    for (int form = 0; form < MK_SEL_FORMS; form++)
        mk_free(selector->xpath[form]);
    mk_buf_free(&selector->keys.text);
    mk_free(selector);
}

const char *mk_selector_xpath(const mk_selector *selector)
{
    return selector->xpath[MK_SEL_HTML];
}
