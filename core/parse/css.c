/* css.c - CSS selectors to XPath 1.0 (layer parse)
 *
 * A complex selector is read from the left and written from the right: the
 * element that is looked for is the step, what stands before it becomes
 * predicates on ancestor, parent or siblings. So a list is one step too, the
 * result needs no sorting, and what stands outside an element counts when it is
 * asked, as in browsers. mk-...() are functions of select_func.c. */
#include "parse/css.h"
#include "base/codec.h"
#include "base/err.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_COMPOUNDS = 16, MAX_DEPTH = 6, MAX_XPATH = 64 * 1024 };

typedef struct compound {
    char link;  /* combinator before it: 0 (first) ' ' '>' '+' '~' */
    mk_buf test; /* "name[...]" */
} compound;

int mk_css_fail(mk_css *css, const char *what)
{
    if (!css->wrong) {
        css->wrong = true;
        snprintf(css->why, css->cap, "%s at byte %zu", what, (size_t)(css->at - css->begin) + 1);
    }
    return MK_EPARSE;
}

void mk_css_space(mk_css *css)
{
    while (*css->at && strchr(" \t\r\n\f", *css->at))
        css->at++;
}

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           (unsigned char)c >= 0x80;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After a backslash. */
int mk_css_escape(mk_css *css, mk_buf *out)
{
    uint32_t point = 0;
    int digits = 0;
    for (; digits < 6 && hex_value(*css->at) >= 0; digits++, css->at++)
        point = point * 16 + (uint32_t)hex_value(*css->at);
    if (digits) {
        if (*css->at && strchr(" \t\r\n\f", *css->at))
            css->at++;
        bool bad = !point || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000);
        return mk_utf8_add(out, bad ? 0xFFFD : point);
    }
    if (!*css->at || *css->at == '\n')
        return mk_css_fail(css, "nothing after the backslash");
    return mk_buf_addc(out, *css->at++);
}

bool mk_css_begins_name(const mk_css *css)
{
    const char *at = css->at;
    if (*at == '-')
        at++;
    if (*at == '-' || *at == '\\')
        return true;
    return name_byte(*at) && !(*at >= '0' && *at <= '9');
}

/* An identifier; any: may begin with a digit (#1 is not CSS, but is written). */
int mk_css_name(mk_css *css, mk_buf *out, bool any)
{
    mk_buf_clear(out);
    if (!any && !mk_css_begins_name(css))
        return mk_css_fail(css, "a name is expected");
    int err = MK_OK;
    while (!err && (name_byte(*css->at) || *css->at == '\\')) {
        if (*css->at == '\\') {
            css->at++;
            err = mk_css_escape(css, out);
        } else {
            err = mk_buf_addc(out, *css->at++);
        }
    }
    return err || out->len ? err : mk_css_fail(css, "a name is expected");
}

int mk_css_quoted(mk_css *css, mk_buf *out)
{
    const char quote = *css->at++;
    mk_buf_clear(out);
    int err = MK_OK;
    while (!err && *css->at != quote) {
        if (!*css->at || *css->at == '\n')
            return mk_css_fail(css, "a quote is not closed");
        if (*css->at != '\\') {
            err = mk_buf_addc(out, *css->at++);
        } else if (css->at[1] == '\n') {
            css->at += 2;
        } else {
            css->at++;
            err = mk_css_escape(css, out);
        }
    }
    if (!err)
        css->at++;
    return err;
}

static int add_type(mk_css *css, mk_buf *test)
{
    if (*css->at == '*') {
        css->at++;
        return mk_buf_addc(test, '*');
    }
    if (!mk_css_begins_name(css))
        return mk_buf_addc(test, '*');
    int err = mk_css_name(css, &css->name, false);
    if (!err && *css->at == '|')
        return mk_css_fail(css, "namespaces are not known here");
    if (err)
        return err;
    if (css->xml) {
        err = mk_buf_adds(test, "*[local-name()=");
        if (!err)
            err = mk_css_literal(test, css->name.data, false);
        return err ? err : mk_buf_addc(test, ']');
    }
    mk_css_lower(css->name.data);
    err = mk_css_key(css, 't', css->name.data, "");
    if (err || mk_css_plain(css->name.data))
        return err ? err : mk_buf_adds(test, css->name.data);
    err = mk_buf_adds(test, "*[name()=");
    if (!err)
        err = mk_css_literal(test, css->name.data, false);
    return err ? err : mk_buf_addc(test, ']');
}

static int add_class(mk_css *css, mk_buf *test)
{
    css->at++;
    int err = mk_css_name(css, &css->name, false);
    if (!err)
        err = mk_css_key(css, '.', "class", css->name.data);
    if (!err)
        err = mk_buf_adds(test, "[mk-class(");
    if (!err)
        err = mk_css_literal(test, css->name.data, false);
    return err ? err : mk_buf_adds(test, ")]");
}

static int add_id(mk_css *css, mk_buf *test)
{
    css->at++;
    int err = mk_css_name(css, &css->name, true);
    if (!err)
        err = mk_css_key(css, '=', "id", css->name.data);
    if (!err)
        err = mk_buf_adds(test, "[@id=");
    if (!err)
        err = mk_css_literal(test, css->name.data, false);
    return err ? err : mk_buf_addc(test, ']');
}

static int read_compound(mk_css *css, mk_buf *test)
{
    const char *from = css->at;
    int err = add_type(css, test);
    while (!err) {
        if (*css->at == '.')
            err = add_class(css, test);
        else if (*css->at == '#')
            err = add_id(css, test);
        else if (*css->at == '[')
            err = mk_css_attribute(css, test);
        else if (*css->at == ':')
            err = mk_css_pseudo(css, test);
        else
            break;
    }
    if (!err && css->at == from)
        return mk_css_fail(css, *from ? "not a selector" : "a selector is expected");
    return err;
}

/* The combinator at css->at, or 0 where the complex selector ends. */
static char read_link(mk_css *css)
{
    const char *from = css->at;
    mk_css_space(css);
    if (*css->at && strchr(">+~", *css->at)) {
        char link = *css->at++;
        mk_css_space(css);
        return link;
    }
    if (!*css->at || *css->at == ',' || *css->at == ')')
        return 0;
    return css->at > from ? ' ' : 0;
}

static const char *axis_before(char link)
{
    switch (link) {
    case '>':
        return "parent";
    case '+':
        return "preceding-sibling::*[1]/self";
    case '~':
        return "preceding-sibling";
    default:
        return "ancestor";
    }
}

static const char *step_after(char link)
{
    switch (link) {
    case '>':
        return "child::";
    case '+':
        return "following-sibling::*[1]/self::";
    case '~':
        return "following-sibling::";
    default:
        return "descendant::";
    }
}

static int write_back(mk_buf *out, const compound *list, size_t count, const char *axis)
{
    int err = mk_buf_addf(out, "%s::%s", axis, list[count - 1].test.data);
    for (size_t i = count - 1; i > 0 && !err; i--)
        err = mk_buf_addf(out, "[%s::%s", axis_before(list[i].link), list[i - 1].test.data);
    for (size_t i = count - 1; i > 0 && !err; i--)
        err = mk_buf_addc(out, ']');
    return err;
}

static int write_on(mk_buf *out, const compound *list, size_t count)
{
    int err = MK_OK;
    for (size_t i = 0; i < count && !err; i++)
        err = mk_buf_addf(out, "%s%s%s", i ? "/" : "", step_after(list[i].link), list[i].test.data);
    return err;
}

/* axis NULL: a relative selector, as in :has(). */
static int read_complex(mk_css *css, mk_buf *out, const char *axis)
{
    compound list[MAX_COMPOUNDS];
    size_t count = 0;
    int err = MK_OK;
    char link = 0;
    mk_css_space(css);
    if (!axis && *css->at && strchr(">+~", *css->at))
        link = read_link(css);
    do {
        if (count == MAX_COMPOUNDS) {
            err = mk_css_fail(css, "too many parts");
            break;
        }
        list[count].link = link;
        mk_buf_init(&list[count].test, MAX_XPATH);
        mk_css_begin(css, count == 0);
        err = read_compound(css, &list[count++].test);
        link = err ? 0 : read_link(css);
    } while (link);
    if (!err)
        err = axis ? write_back(out, list, count, axis) : write_on(out, list, count);
    while (count)
        mk_buf_free(&list[--count].test);
    return err;
}

int mk_css_list(mk_css *css, mk_buf *out, const char *axis, size_t *count)
{
    if (++css->depth > MAX_DEPTH)
        return mk_css_fail(css, "nested too deep");
    int err = MK_OK;
    size_t n = 0;
    for (;;) {
        err = n++ ? mk_buf_adds(out, " or ") : MK_OK;
        if (!err)
            err = read_complex(css, out, axis);
        mk_css_space(css);
        if (err || *css->at != ',')
            break;
        css->at++;
    }
    css->depth--;
    if (count)
        *count = n;
    return err;
}

/* True if a comma stands outside quotes, brackets and escapes. */
static bool has_list(const char *at)
{
    int deep = 0;
    for (char quote = 0; *at; at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '(' || *at == '[')
            deep++;
        else if (*at == ')' || *at == ']')
            deep--;
        else if (*at == ',' && deep == 0)
            return true;
    }
    return false;
}

static int translate(mk_css *css, mk_buf *out, int form)
{
    bool list = form != MK_SEL_SELF && has_list(css->at);
    int err = list ? mk_buf_adds(out, "descendant::*[") : MK_OK;
    if (!err)
        err = mk_css_list(css, out, list || form == MK_SEL_SELF ? "self" : "descendant", NULL);
    if (!err && list)
        err = mk_buf_addc(out, ']');
    if (!err && *css->at)
        err = mk_css_fail(css, "not a selector");
    return err;
}

int mk_css_translate(mk_buf *out, const char *text, int form, mk_keys *keys, char *why, size_t cap)
{
    mk_css css = { .begin = text, .at = text, .xml = form == MK_SEL_XML, .why = why, .cap = cap, .keys = keys };
    mk_buf made;
    mk_buf_init(&css.name, MAX_XPATH);
    mk_buf_init(&css.value, MAX_XPATH);
    mk_buf_init(&made, MAX_XPATH);
    int err = translate(&css, &made, form);
    if (!err)
        err = mk_buf_add(out, made.data, made.len);
    mk_buf_free(&made);
    mk_buf_free(&css.value);
    mk_buf_free(&css.name);
    return err;
}
