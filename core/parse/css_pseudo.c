/* css_pseudo.c - pseudo-classes of CSS selectors (layer parse) */
#include "base/err.h"
#include "base/suggest.h"
#include "parse/css.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int reader(mk_css *css, mk_buf *test, const char *arg);

typedef struct pseudo {
    const char *name;
    reader *read;     /* NULL: arg is the predicate */
    const char *arg;
} pseudo;

static int read_not(mk_css *css, mk_buf *test, const char *arg)
{
    int err = mk_buf_adds(test, arg);
    if (!err)
        err = mk_css_list(css, test, "self", NULL);
    return err ? err : mk_buf_adds(test, ")]");
}

static int read_has(mk_css *css, mk_buf *test, const char *arg)
{
    (void)arg;
    int err = mk_buf_addc(test, '[');
    if (!err)
        err = mk_css_list(css, test, NULL, NULL);
    return err ? err : mk_buf_addc(test, ']');
}

static int read_contains(mk_css *css, mk_buf *test, const char *arg)
{
    (void)arg;
    int err = MK_OK;
    if (*css->at == '"' || *css->at == '\'') {
        err = mk_css_quoted(css, &css->value);
    } else {
        size_t len = strcspn(css->at, ")");
        while (len && strchr(" \t\r\n\f", css->at[len - 1]))
            len--;
        mk_buf_clear(&css->value);
        err = mk_buf_add(&css->value, css->at, len);
        css->at += len;
    }
    if (!err)
        err = mk_buf_adds(test, "[mk-contains(");
    if (!err)
        err = mk_css_literal(test, css->value.data, false);
    return err ? err : mk_buf_adds(test, ")]");
}

static bool take_word(mk_css *css, const char *word)
{
    size_t len = strlen(word);
    if (strncasecmp(css->at, word, len))
        return false;
    css->at += len;
    return true;
}

/* An integer of at most 6 digits; false if there is none. */
static bool take_int(mk_css *css, long *out)
{
    const char *at = css->at;
    bool minus = *at == '-';
    if (*at == '+' || *at == '-')
        at++;
    long n = 0;
    int digits = 0;
    for (; *at >= '0' && *at <= '9' && digits < 6; at++, digits++)
        n = n * 10 + (*at - '0');
    if (!digits)
        return false;
    css->at = at;
    *out = minus ? -n : n;
    return true;
}

/* After the n of an+b. */
static int take_offset(mk_css *css, long *b)
{
    mk_css_space(css);
    if (*css->at != '+' && *css->at != '-')
        return MK_OK;
    bool minus = *css->at++ == '-';
    mk_css_space(css);
    if (*css->at < '0' || *css->at > '9' || !take_int(css, b))
        return mk_css_fail(css, "a number is expected");
    if (minus)
        *b = -*b;
    return MK_OK;
}

static int take_nth(mk_css *css, long *a, long *b)
{
    *a = 0, *b = 0;
    if (take_word(css, "odd")) {
        *a = 2, *b = 1;
        return MK_OK;
    }
    if (take_word(css, "even")) {
        *a = 2;
        return MK_OK;
    }
    long n = 1;
    bool number = take_int(css, &n);
    if (!number && (*css->at == '-' || *css->at == '+'))
        n = *css->at++ == '-' ? -1 : 1;
    if ((*css->at | 32) == 'n') {
        css->at++;
        *a = n;
        return take_offset(css, b);
    }
    *b = n;
    return number ? MK_OK : mk_css_fail(css, "an+b, odd or even is expected");
}

static int read_nth(mk_css *css, mk_buf *test, const char *arg)
{
    long a = 0, b = 0;
    int err = take_nth(css, &a, &b);
    return err ? err : mk_buf_addf(test, "[%s(%ld,%ld)]", arg, a, b);
}

static const pseudo table[] = {
    { "not", read_not, "[not(" },
    { "is", read_not, "[(" },
    { "where", read_not, "[(" },
    { "matches", read_not, "[(" },
    { "has", read_has, "" },
    { "contains", read_contains, "" },
    { "nth-child", read_nth, "mk-nth" },
    { "nth-of-type", read_nth, "mk-nth-type" },
    { "nth-last-child", read_nth, "mk-nth-last" },
    { "nth-last-of-type", read_nth, "mk-nth-last-type" },
    { "first-child", NULL, "[mk-nth(0,1)]" },
    { "first-of-type", NULL, "[mk-nth-type(0,1)]" },
    { "last-child", NULL, "[mk-nth-last(0,1)]" },
    { "last-of-type", NULL, "[mk-nth-last-type(0,1)]" },
    { "only-child", NULL, "[mk-nth(0,1) and mk-nth-last(0,1)]" },
    { "only-of-type", NULL, "[mk-nth-type(0,1) and mk-nth-last-type(0,1)]" },
    { "empty", NULL, "[mk-empty()]" },
    { "root", NULL, "[not(parent::*)]" },
    { "checked", NULL, "[mk-checked()]" },
    { "disabled", NULL, "[mk-disabled()]" },
    { "enabled", NULL, "[mk-enabled()]" },
    { "required", NULL, "[@required]" },
    { "optional", NULL, "[(self::input or self::select or self::textarea) and not(@required)]" },
    { "link", NULL, "[self::a[@href] or self::area[@href]]" },
    { "any-link", NULL, "[self::a[@href] or self::area[@href]]" },
};
enum { PSEUDOS = sizeof table / sizeof *table };

static int unknown(mk_css *css)
{
    const char *names[PSEUDOS + 1];
    for (size_t i = 0; i < PSEUDOS; i++)
        names[i] = table[i].name;
    names[PSEUDOS] = NULL;
    const char *near = mk_suggest(css->name.data, names);
    char what[160];
    snprintf(what, sizeof what, "unknown pseudo-class :%.60s%s%s", css->name.data, near ? ", perhaps :" : "",
             near ? near : "");
    return mk_css_fail(css, what);
}

static int read_argument(mk_css *css, mk_buf *test, const pseudo *it)
{
    if (*css->at != '(')
        return mk_css_fail(css, "( is expected");
    css->at++;
    mk_css_space(css);
    int err = it->read(css, test, it->arg);
    mk_css_space(css);
    if (!err && *css->at != ')')
        err = mk_css_fail(css, ") is expected");
    if (!err)
        css->at++;
    return err;
}

int mk_css_pseudo(mk_css *css, mk_buf *test)
{
    css->at++;
    mk_css_more(css);
    if (*css->at == ':')
        return mk_css_fail(css, "pseudo-elements are not known here");
    int err = mk_css_name(css, &css->name, false);
    if (err)
        return err;
    mk_css_lower(css->name.data);
    for (size_t i = 0; i < PSEUDOS; i++) {
        if (strcmp(css->name.data, table[i].name))
            continue;
        return table[i].read ? read_argument(css, test, &table[i]) : mk_buf_adds(test, table[i].arg);
    }
    return unknown(css);
}
