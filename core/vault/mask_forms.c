/* mask_forms.c - the forms in which a secret can stand in a page (layer vault) */
#include "vault/mask_forms.h"

#include "base/codec.h"
#include "base/err.h"

#include <stdint.h>
#include <string.h>

/* URLs differ in what they leave alone: the punctuation kept besides letters and digits. */
typedef struct url_form {
    const char *keep;
    bool plus, lower;
} url_form;

static const url_form url_forms[] = {
    { "-._~", false, false },                      /* RFC 3986 */
    { "-._~", false, true },
    { "*-._", true, false },                       /* forms */
    { "*-._", true, true },
    { "-_.!~*'()", false, false },                 /* encodeURIComponent */
    { "-._~", true, false },                       /* Python's quote_plus */
    { "-._~!$&'()*+,;=:@", false, false },         /* a segment of a path */
    { "-._~!$&'()*+,;=:@", false, true },
    { "-._~!$&()*+,;=:@/?%[]\\^`{|}", false, false }, /* a query as the URL standard leaves it */
    { "-._~!$&'()*+,;=:@/?#", false, false },      /* encodeURI */
};

/* What template engines write for &, <, > (always), quotes and more (NULL: left alone). */
typedef struct html_form {
    const char *apos, *quot, *plus, *slash;
    const char *other; /* printf format for what is not ASCII */
} html_form;

static const html_form html_forms[] = {
    { "&#39;", "&quot;", NULL, NULL, NULL },      { "&#x27;", "&quot;", NULL, NULL, NULL },
    { "&apos;", "&quot;", NULL, NULL, NULL },     { "&#039;", "&quot;", NULL, NULL, NULL },
    { "&#39;", "&#34;", "&#43;", NULL, NULL },    { "&#x27;", "&quot;", NULL, "&#x2F;", NULL },
    { NULL, "&quot;", NULL, NULL, NULL },         { NULL, NULL, NULL, NULL, NULL },
    { "&#39;", "&quot;", NULL, NULL, "&#%u;" },   { "&#39;", "&quot;", NULL, NULL, "&#x%X;" },
    { "&#39;", "&quot;", NULL, NULL, "&#x%x;" },  { NULL, NULL, NULL, NULL, "&#%u;" },
    { "&#x27;", "&quot;", NULL, NULL, "&#x%X;" }, { NULL, "&quot;", NULL, NULL, "&#%u;" },
};

enum json_flag { JSON_ASCII = 1, JSON_SLASH = 2, JSON_HTML = 4, JSON_UPPER = 8 };
static const unsigned json_forms[] = {
    0,
    JSON_SLASH,
    JSON_HTML,
    JSON_HTML | JSON_UPPER,
    JSON_ASCII,
    JSON_ASCII | JSON_UPPER,
    JSON_ASCII | JSON_SLASH,
    JSON_ASCII | JSON_SLASH | JSON_UPPER,
    JSON_ASCII | JSON_HTML,
    JSON_ASCII | JSON_HTML | JSON_UPPER,
    JSON_ASCII | JSON_HTML | JSON_SLASH,
};

/* Where the secret begins in its group of three, where the form ends. */
enum base64_end { END_SURE, END_BARE, END_PADDED };
enum { BASE64_FORMS = 3 * 3 * 2, BASE64_LEAST = 4, HEX_FORMS = 2 };

#define COUNT(list) (sizeof(list) / sizeof *(list))

size_t mk_mask_forms(void)
{
    return 1 + COUNT(url_forms) + COUNT(html_forms) + COUNT(json_forms) + BASE64_FORMS + HEX_FORMS;
}

size_t mk_mask_form_most(size_t len)
{
    /* JSON's \u0001 and HTML's &quot; are six bytes for one; &#1114111; ten for four. */
    size_t most = 0;
    return mk_mul_overflows(len, 6, &most) || mk_add_overflows(most, 64, &most) ? 0 : most;
}

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int add_url(mk_buf *out, mk_bytes text, const url_form *form)
{
    int err = MK_OK;
    for (size_t i = 0; i < text.len && !err; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (is_alnum(c) || (c && strchr(form->keep, c)))
            err = mk_buf_addc(out, (char)c);
        else if (c == ' ' && form->plus)
            err = mk_buf_addc(out, '+');
        else
            err = mk_buf_addf(out, form->lower ? "%%%02x" : "%%%02X", c);
    }
    return err;
}

static const char *html_entity(const html_form *form, uint32_t point)
{
    switch (point) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\'':
        return form->apos;
    case '"':
        return form->quot;
    case '+':
        return form->plus;
    case '/':
        return form->slash;
    default:
        return NULL;
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are in the table above */
static int add_html(mk_buf *out, mk_bytes text, const html_form *form)
{
    int err = MK_OK;
    for (size_t at = 0; at < text.len && !err;) {
        const size_t from = at;
        const uint32_t point = mk_utf8_next(text.data, text.len, &at);
        const char *entity = html_entity(form, point);
        if (entity)
            err = mk_buf_adds(out, entity);
        else if (point >= 0x80 && form->other)
            err = mk_buf_addf(out, form->other, (unsigned)point);
        else
            err = mk_buf_add(out, text.data + from, at - from);
    }
    return err;
}
#pragma GCC diagnostic pop

static int add_unit(mk_buf *out, unsigned unit, unsigned flags)
{
    return mk_buf_addf(out, flags & JSON_UPPER ? "\\u%04X" : "\\u%04x", unit);
}

static int add_json(mk_buf *out, mk_bytes text, unsigned flags)
{
    int err = MK_OK;
    for (size_t at = 0; at < text.len && !err;) {
        const size_t from = at;
        const uint32_t point = mk_utf8_next(text.data, text.len, &at);
        if (point >= 0x10000 && flags & JSON_ASCII) {
            err = add_unit(out, 0xD800 + ((point - 0x10000) >> 10), flags);
            if (!err)
                err = add_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF), flags);
        } else if ((point >= 0x7F && flags & JSON_ASCII) ||
                   (flags & JSON_HTML && point && point < 0x80 && strchr("<>&'", (int)point))) {
            err = add_unit(out, point, flags);
        } else if (point == '/' && flags & JSON_SLASH) {
            err = mk_buf_adds(out, "\\/");
        } else {
            err = mk_json_escape(out, text.data + from, at - from);
        }
    }
    return err;
}

/* The text encoded as if `skip` unknown bytes stood before it; what those and
 * the bytes behind share a digit with is not sure. */
static int add_base64(mk_buf *out, mk_bytes text, size_t skip, enum base64_end end, bool url)
{
    const size_t start = out->len;
    const size_t first = (skip * 8 + 5) / 6;
    size_t last = (skip + text.len) * 8 / 6;
    if (end != END_SURE && (skip + text.len) % 3 != 0)
        last++;
    if (last < first + BASE64_LEAST)
        return MK_OK;
    int err = MK_OK;
    if (skip) {
        char group[3] = { 0 }; /* the unknown bytes and the first ones that share their group */
        const size_t take = text.len < 3 - skip ? text.len : 3 - skip;
        memcpy(group + skip, text.data, take);
        err = mk_base64_encode(out, group, skip + take, url);
        explicit_bzero(group, sizeof group);
        text.data += take;
        text.len -= take;
    }
    if (!err && text.len)
        err = mk_base64_encode(out, text.data, text.len, url);
    if (err)
        return err;
    const size_t len = end == END_PADDED ? out->len - start - first : last - first;
    memmove(out->data + start, out->data + start + first, len);
    out->len = start + len;
    out->data[out->len] = '\0';
    return MK_OK;
}

static int add_hex(mk_buf *out, mk_bytes text, bool upper)
{
    const size_t start = out->len;
    const int err = mk_hex_encode(out, text.data, text.len);
    for (size_t i = start; upper && !err && i < out->len; i++)
        if (out->data[i] >= 'a')
            out->data[i] -= 'a' - 'A';
    return err;
}

int mk_mask_form(mk_buf *out, size_t i, mk_bytes text, bool whole)
{
    if (i == MK_FORM_RAW)
        return mk_buf_add(out, text.data, text.len);
    i -= 1;
    if (i < COUNT(url_forms))
        return add_url(out, text, &url_forms[i]);
    i -= COUNT(url_forms);
    if (i < COUNT(html_forms))
        return add_html(out, text, &html_forms[i]);
    i -= COUNT(html_forms);
    if (i < COUNT(json_forms))
        return add_json(out, text, json_forms[i]);
    i -= COUNT(json_forms);
    if (i < BASE64_FORMS) {
        const bool url = i % 2;
        const enum base64_end end = (enum base64_end)(i / 2 % 3);
        if (whole)
            return mk_base64_encode(out, text.data, text.len, url || end != END_PADDED);
        return add_base64(out, text, i / 6, end, url);
    }
    return add_hex(out, text, i - BASE64_FORMS == 1);
}
