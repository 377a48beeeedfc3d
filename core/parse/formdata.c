/* formdata.c - bodies of forms: urlencoded, multipart, text/plain (layer parse) */
#include "parse/formdata.h"
#include "base/codec.h"
#include "base/err.h"
#include "parse/charset.h"
#include <string.h>
#include <strings.h>

static const char *or_utf8(const char *charset)
{
    if (!charset || !*charset || !strncasecmp(charset, "utf-16", 6))
        return "utf-8"; /* HTML's "output encoding" */
    return charset;
}

/* Lone CR and LF become CRLF. */
static int add_crlf(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t end = at;
        while (end < len && text[end] != '\r' && text[end] != '\n')
            end++;
        err = mk_buf_add(out, text + at, end - at);
        at = end;
        if (err || at == len)
            break;
        err = mk_buf_add(out, "\r\n", 2);
        at += text[at] == '\r' && at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
    }
    return err;
}

/* text with line ends as forms have them, in charset, into an empty out. */
static int convert(mk_buf *out, mk_bytes text, const char *charset)
{
    mk_buf buf;
    mk_buf_init(&buf, out->max);
    int err = add_crlf(&buf, text.data, text.len);
    if (!err)
        err = mk_charset_encode(out, charset, buf.data, buf.len);
    mk_buf_free(&buf);
    return err;
}

/* A field named _charset_ tells the server the set that is used; pages leave it empty. */
static mk_bytes value_of(const mk_field *field, const char *charset)
{
    static const char name[] = "_charset_";
    bool asks = field->name.len == sizeof name - 1 && !strncasecmp(field->name.data, name, sizeof name - 1);
    if (asks && !field->value.len && !field->filename)
        return (mk_bytes){ charset, strlen(charset) };
    return field->value;
}

typedef int writer(mk_buf *out, mk_bytes name, mk_bytes value, const mk_field *field, const void *arg);

/* Calls write with name and value of each field in charset. On failure out is as it was. */
static int each_field(mk_buf *out, const mk_field *fields, size_t count, const char *charset, writer *write,
                      const void *arg)
{
    const size_t before = out->len;
    int err = MK_OK;
    charset = or_utf8(charset);
    for (size_t i = 0; i < count && !err; i++) {
        mk_buf name, value;
        mk_buf_init(&name, out->max);
        mk_buf_init(&value, out->max);
        mk_bytes text = value_of(&fields[i], charset);
        err = convert(&name, fields[i].name, charset);
        if (!err && fields[i].filename) /* a file's bytes stay as they are */
            err = mk_buf_add(&value, text.data, text.len);
        else if (!err)
            err = convert(&value, text, charset);
        if (!err)
            err = write(out, (mk_bytes){ name.data, name.len }, (mk_bytes){ value.data, value.len }, &fields[i], arg);
        mk_buf_free(&value);
        mk_buf_free(&name);
    }
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

static int write_pair(mk_buf *out, mk_bytes name, mk_bytes value, const mk_field *field, const void *first)
{
    (void)field;
    int err = out->len > *(const size_t *)first ? mk_buf_addc(out, '&') : MK_OK;
    if (!err)
        err = mk_percent_encode(out, name.data, name.len, true);
    if (!err)
        err = mk_buf_addc(out, '=');
    return err ? err : mk_percent_encode(out, value.data, value.len, true);
}

int mk_formdata_urlencode(mk_buf *out, const mk_field *fields, size_t count, const char *charset)
{
    const size_t first = out->len;
    return each_field(out, fields, count, charset, write_pair, &first);
}

/* In a quoted parameter, as browsers write it: line ends and quotes percent-encoded. */
static int add_quoted(mk_buf *out, const char *key, const char *text, size_t len)
{
    int err = mk_buf_addf(out, "; %s=\"", key);
    for (size_t i = 0; i < len && !err; i++) {
        if (text[i] == '"')
            err = mk_buf_adds(out, "%22");
        else if (text[i] == '\r')
            err = mk_buf_adds(out, "%0D");
        else if (text[i] == '\n')
            err = mk_buf_adds(out, "%0A");
        else
            err = mk_buf_addc(out, text[i]);
    }
    return err ? err : mk_buf_addc(out, '"');
}

/* A media type goes into a header line. */
static bool plain_type(const char *type)
{
    for (; *type; type++)
        if ((unsigned char)*type < ' ' || *type == 0x7F)
            return false;
    return true;
}

static int write_part(mk_buf *out, mk_bytes name, mk_bytes value, const mk_field *field, const void *boundary)
{
    const char *mark = boundary;
    if (memmem(value.data, value.len, mark, strlen(mark)) || (field->type && !plain_type(field->type)))
        return MK_EINVAL;
    int err = mk_buf_addf(out, "--%s\r\nContent-Disposition: form-data", mark);
    if (!err)
        err = add_quoted(out, "name", name.data, name.len);
    if (!err && field->filename)
        err = add_quoted(out, "filename", field->filename, strlen(field->filename));
    if (!err && (field->type || field->filename))
        err = mk_buf_addf(out, "\r\nContent-Type: %s", field->type ? field->type : "application/octet-stream");
    if (!err)
        err = mk_buf_adds(out, "\r\n\r\n");
    if (!err)
        err = mk_buf_add(out, value.data, value.len);
    return err ? err : mk_buf_adds(out, "\r\n");
}

/* RFC 2046: 1 to 70 of these, no space at the end; we take none at all. */
static bool good_boundary(const char *mark)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?";
    size_t len = strlen(mark);
    return len && len <= 70 && strspn(mark, allowed) == len;
}

int mk_formdata_multipart(mk_buf *out, const mk_field *fields, size_t count, const char *charset,
                          const char *boundary)
{
    if (!good_boundary(boundary))
        return MK_EINVAL;
    const size_t before = out->len;
    int err = each_field(out, fields, count, charset, write_part, boundary);
    if (!err)
        err = mk_buf_addf(out, "--%s--\r\n", boundary);
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

static int write_line(mk_buf *out, mk_bytes name, mk_bytes value, const mk_field *field, const void *arg)
{
    (void)arg;
    int err = mk_buf_add(out, name.data, name.len);
    if (!err)
        err = mk_buf_addc(out, '=');
    if (!err && field->filename)
        err = mk_buf_adds(out, field->filename);
    else if (!err)
        err = mk_buf_add(out, value.data, value.len);
    return err ? err : mk_buf_adds(out, "\r\n");
}

int mk_formdata_plain(mk_buf *out, const mk_field *fields, size_t count, const char *charset)
{
    return each_field(out, fields, count, charset, write_line, NULL);
}
