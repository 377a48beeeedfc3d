/* css_attr.c - attribute selectors and XPath's literals (layer parse) */
#include "base/codec.h"
#include "base/err.h"
#include "parse/css.h"
#include <string.h>
#include <strings.h>

void mk_css_lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text + 32);
}

bool mk_css_plain(const char *name)
{
    for (const char *at = name; *at; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
        bool more = (*at >= '0' && *at <= '9') || *at == '-' || *at == '.';
        if (!letter && !(more && at > name))
            return false;
    }
    return *name != '\0';
}

static int add_lower(mk_buf *out, const char *text, size_t len, bool lower)
{
    int err = mk_buf_add(out, text, len);
    for (size_t i = out->len - len; !err && lower && i < out->len; i++)
        if (out->data[i] >= 'A' && out->data[i] <= 'Z')
            out->data[i] = (char)(out->data[i] + 32);
    return err;
}

/* XPath knows no escapes: what holds both quotes is put together by concat. */
int mk_css_literal(mk_buf *out, const char *text, bool lower)
{
    if (!strchr(text, '\'') || !strchr(text, '"')) {
        char quote = strchr(text, '\'') ? '"' : '\'';
        int err = mk_buf_addc(out, quote);
        if (!err)
            err = add_lower(out, text, strlen(text), lower);
        return err ? err : mk_buf_addc(out, quote);
    }
    int err = mk_buf_adds(out, "concat(''");
    while (*text && !err) {
        char quote = *text == '\'' ? '"' : '\'';
        size_t len = *text == '\'' ? strspn(text, "'") : strcspn(text, "'");
        err = mk_buf_addf(out, ",%c", quote);
        if (!err)
            err = add_lower(out, text, len, lower);
        if (!err)
            err = mk_buf_addc(out, quote);
        text += len;
    }
    return err ? err : mk_buf_addc(out, ')');
}

/* Attributes whose values HTML compares without case (Living Standard,
 * "Case-sensitivity of selectors"); those that occur in forms and links. */
static bool folds_case(const char *name)
{
    static const char *const names[] = { "accept", "accept-charset", "align", "charset", "checked", "dir", "disabled",
                                         "enctype", "hreflang", "http-equiv", "lang", "language", "media", "method",
                                         "multiple", "readonly", "rel", "rev", "selected", "target", "type", NULL };
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

typedef struct attr_test {
    char op;      /* 0: is there; = ~ | ^ $ * */
    bool fold;
    mk_buf left;  /* "@name", folded if need be */
} attr_test;

static int read_operator(mk_css *css, attr_test *it)
{
    if (*css->at == '=') {
        it->op = *css->at++;
        return MK_OK;
    }
    if (*css->at && strchr("~|^$*", *css->at) && css->at[1] == '=') {
        it->op = *css->at;
        css->at += 2;
        return MK_OK;
    }
    return mk_css_fail(css, "an operator or ] is expected");
}

static int read_value(mk_css *css, attr_test *it)
{
    mk_css_space(css);
    bool quoted = *css->at == '"' || *css->at == '\'';
    int err = quoted ? mk_css_quoted(css, &css->value) : mk_css_name(css, &css->value, true);
    mk_css_space(css);
    if (err || *css->at == ']')
        return err;
    if (!strchr("iIsS", *css->at) || !*css->at)
        return mk_css_fail(css, "] is expected");
    it->fold = (*css->at++ | 32) == 'i';
    mk_css_space(css);
    return MK_OK;
}

static int write_left(mk_css *css, attr_test *it)
{
    const char *name = css->name.data;
    int err = it->fold ? mk_buf_adds(&it->left, "translate(") : MK_OK;
    if (!err && mk_css_plain(name))
        err = mk_buf_addf(&it->left, "@%s", name);
    else if (!err) {
        err = mk_buf_adds(&it->left, "@*[name()=");
        if (!err)
            err = mk_css_literal(&it->left, name, false);
        if (!err)
            err = mk_buf_addc(&it->left, ']');
    }
    if (!err && it->fold)
        err = mk_buf_adds(&it->left, ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')");
    return err;
}

static size_t letters(const char *text)
{
    size_t n = 0, at = 0, len = strlen(text);
    for (; at < len; n++)
        mk_utf8_next(text, len, &at);
    return n;
}

static int write_test(const mk_css *css, const attr_test *it, mk_buf *test, const char *value)
{
    const char *left = it->left.data;
    bool nothing = !css->value.len || (it->op == '~' && strpbrk(css->value.data, " \t\r\n\f"));
    if (nothing && it->op && strchr("~^$*", it->op))
        return mk_buf_adds(test, "[false()]");
    switch (it->op) {
    case '=':
        if (it->fold && mk_css_plain(css->name.data))
            return mk_buf_addf(test, "[mk-fold('%s',%s)]", css->name.data, value);
        return mk_buf_addf(test, "[%s=%s]", left, value);
    case '~':
        return mk_buf_addf(test, "[contains(concat(' ',normalize-space(%s),' '),concat(' ',%s,' '))]", left, value);
    case '|':
        return mk_buf_addf(test, "[%s=%s or starts-with(%s,concat(%s,'-'))]", left, value, left, value);
    case '^':
        return mk_buf_addf(test, "[starts-with(%s,%s)]", left, value);
    case '$':
        return mk_buf_addf(test, "[string-length(%s)>=%zu and substring(%s,string-length(%s)-%zu)=%s]", left,
                           letters(css->value.data), left, left, letters(css->value.data) - 1, value);
    case '*':
        return mk_buf_addf(test, "[contains(%s,%s)]", left, value);
    default:
        return mk_buf_addf(test, "[%s]", left);
    }
}

static int read_test(mk_css *css, attr_test *it)
{
    css->at++;
    mk_buf_clear(&css->value);
    mk_css_space(css);
    int err = mk_css_name(css, &css->name, false);
    if (!err && *css->at == ':') /* not CSS, but xlink:href is written so */
        err = mk_css_fail(css, "a colon in a name needs a backslash");
    if (!err && !css->xml)
        mk_css_lower(css->name.data);
    mk_css_space(css);
    if (err || *css->at == ']')
        return err;
    it->fold = !css->xml && folds_case(css->name.data);
    err = read_operator(css, it);
    return err ? err : read_value(css, it);
}

static int note_key(mk_css *css, const attr_test *it)
{
    const char *value = it->op == '=' ? css->value.data : "";
    if (it->op && it->op != '=')
        mk_css_more(css);
    return mk_css_key(css, it->op != '=' ? '[' : it->fold ? '~' : '=', css->name.data, value);
}

int mk_css_attribute(mk_css *css, mk_buf *test)
{
    attr_test it = { 0 };
    mk_buf value;
    mk_buf_init(&it.left, 4096);
    mk_buf_init(&value, 16384);
    int err = read_test(css, &it);
    if (!err && *css->at != ']')
        err = mk_css_fail(css, "] is expected");
    it.fold = it.fold && css->value.len; /* translate() of no attribute is '' too */
    if (!err)
        err = note_key(css, &it);
    if (!err)
        err = write_left(css, &it);
    if (!err && it.op)
        err = mk_css_literal(&value, css->value.data, it.fold);
    if (!err)
        err = write_test(css, &it, test, value.data);
    if (!err)
        css->at++;
    mk_buf_free(&value);
    mk_buf_free(&it.left);
    return err;
}
