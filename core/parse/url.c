/* url.c - URLs: parse and resolve (layer parse)
 *
 * Source: WHATWG URL, "URL parsing", for the schemes http and https; of other
 * schemes only scheme, opaque path, query and fragment are told apart. */
#include "parse/url.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/urlhost.h"

enum { TEXT_MAX = 16384, PART_MAX = 3 * TEXT_MAX + 16 };

/* What must be percent-encoded beside controls and bytes over 126. */
#define SET_FRAGMENT " \"<>`"
#define SET_QUERY " \"#<>"
#define SET_QUERY_SPECIAL SET_QUERY "'"
#define SET_PATH " \"#<>?`{}^"
#define SET_USER SET_PATH "/:;=@[\\]|"
#define SET_OPAQUE ""

/* What is left to read, and what was made of it so far. */
struct reader {
    const char *text;
    size_t len;
    mk_url url;
};

static bool special(const char *scheme)
{
    return scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
}

static int default_port(const char *scheme)
{
    if (!special(scheme))
        return 0;
    return scheme[4] ? 443 : 80;
}

static int set_part(char **part, const char *text, size_t len)
{
    char *copy = mk_memdup(text, len);
    if (!copy)
        return MK_ENOMEM;
    mk_free(*part);
    *part = copy;
    return MK_OK;
}

static int add_encoded(mk_buf *out, const char *text, size_t len, const char *set)
{
    int err = MK_OK;
    for (size_t i = 0; i < len && !err; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 32 || c > 126 || strchr(set, c))
            err = mk_buf_addf(out, "%%%02X", c);
        else
            err = mk_buf_addc(out, text[i]);
    }
    return err;
}

static int set_encoded(char **part, const char *text, size_t len, const char *set)
{
    mk_buf buf;
    mk_buf_init(&buf, PART_MAX);
    int err = add_encoded(&buf, text, len, set);
    if (!err)
        err = set_part(part, buf.data, buf.len);
    mk_buf_free(&buf);
    return err;
}

/* Length of s that holds none of stop, at most len. */
static size_t span_until(const char *s, size_t len, const char *stop)
{
    size_t i = 0;
    while (i < len && !(s[i] && strchr(stop, s[i])))
        i++;
    return i;
}

static void skip(struct reader *r, size_t count)
{
    r->text += count;
    r->len -= count;
}

static bool slash(const struct reader *r, size_t i)
{
    return i < r->len && (r->text[i] == '/' || r->text[i] == '\\');
}

/* 1: ".", 2: "..", in each of their spellings; 0: an ordinary segment. */
static int dots(const char *segment, size_t len)
{
    int count = 0;
    for (size_t i = 0; i < len; count++) {
        if (segment[i] == '.')
            i++;
        else if (len - i >= 3 && !strncasecmp(segment + i, "%2e", 3))
            i += 3;
        else
            return 0;
    }
    return count <= 2 ? count : 0;
}

static void drop_segment(mk_buf *path)
{
    while (path->len > 0 && path->data[--path->len] != '/') {}
    path->data[path->len] = 0;
}

/* Adds what text says to path, which is "" or ends before a slash. */
static int add_path(mk_buf *path, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t i = 0; !err;) {
        size_t n = span_until(text + i, len - i, "/\\");
        bool last = i + n >= len;
        int kind = dots(text + i, n);
        if (kind == 2 && path->len)
            drop_segment(path);
        if (!kind) {
            err = mk_buf_addc(path, '/');
            if (!err)
                err = add_encoded(path, text + i, n, SET_PATH);
        } else if (last) {
            err = mk_buf_addc(path, '/');
        }
        if (last)
            break;
        i += n + 1;
    }
    return err;
}

/* The path of r up to ? or #, onto the directory of base (NULL: the root). */
static int read_path(struct reader *r, const char *base)
{
    size_t len = span_until(r->text, r->len, "?#");
    size_t from = slash(r, 0) ? 1 : 0;
    const char *end = base ? strrchr(base, '/') : NULL;
    mk_buf path;
    mk_buf_init(&path, 2 * PART_MAX);
    int err = mk_buf_add(&path, base ? base : "", end ? (size_t)(end - base) : 0);
    if (!err)
        err = add_path(&path, r->text + from, len - from);
    if (!err)
        err = set_part(&r->url.path, path.data, path.len);
    mk_buf_free(&path);
    skip(r, len);
    return err;
}

/* ?query and #fragment, if they are there. */
static int read_tail(struct reader *r)
{
    int err = MK_OK;
    if (r->len && r->text[0] == '?') {
        size_t len = span_until(r->text, r->len, "#");
        err = set_encoded(&r->url.query, r->text + 1, len - 1, special(r->url.scheme) ? SET_QUERY_SPECIAL : SET_QUERY);
        skip(r, len);
    }
    if (!err && r->len)
        err = set_encoded(&r->url.fragment, r->text + 1, r->len - 1, SET_FRAGMENT);
    return err;
}

static int read_port(mk_url *url, const char *text, size_t len)
{
    long port = 0;
    url->port = default_port(url->scheme);
    if (len == 0)
        return MK_OK;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return MK_EPARSE;
        port = port * 10 + (text[i] - '0');
        if (port > 65535)
            return MK_EPARSE;
    }
    if (port == 0)
        return MK_EPARSE; /* no server has it, and 0 means "none" here */
    url->port = (int)port;
    return MK_OK;
}

static int read_user(mk_url *url, const char *text, size_t len)
{
    size_t colon = span_until(text, len, ":");
    int err = MK_OK;
    if (colon)
        err = set_encoded(&url->user, text, colon, SET_USER);
    if (!err && colon + 1 < len)
        err = set_encoded(&url->password, text + colon + 1, len - colon - 1, SET_USER);
    return err;
}

static int read_host(mk_url *url, const char *text, size_t len)
{
    size_t host = len && text[0] == '[' ? span_until(text, len, "]") : 0;
    host += span_until(text + host, len - host, ":");
    int err = mk_urlhost_read(&url->host, text, host);
    if (err)
        return err;
    return read_port(url, text + host + (host < len), len - host - (host < len));
}

/* [user[:password]@]host[:port], after the slashes. */
static int read_authority(struct reader *r)
{
    while (slash(r, 0))
        skip(r, 1);
    size_t len = span_until(r->text, r->len, "/\\?#");
    const char *at = memrchr(r->text, '@', len);
    size_t user = at ? (size_t)(at - r->text) : 0, from = at ? user + 1 : 0;
    int err = at ? read_user(&r->url, r->text, user) : MK_OK;
    if (!err)
        err = read_host(&r->url, r->text + from, len - from);
    skip(r, len);
    if (!err)
        err = read_path(r, NULL);
    return err ? err : read_tail(r);
}

static int copy_opt(char **to, const char *from)
{
    return from ? set_part(to, from, strlen(from)) : MK_OK;
}

static int take_authority(mk_url *to, const mk_url *from)
{
    int err = copy_opt(&to->user, from->user);
    if (!err)
        err = copy_opt(&to->password, from->password);
    if (!err)
        err = copy_opt(&to->host, from->host);
    to->port = from->port;
    return err;
}

/* A reference without scheme (or with that of the base only). */
static int read_relative(struct reader *r, const mk_url *base)
{
    if (slash(r, 0) && slash(r, 1))
        return read_authority(r);
    int err = take_authority(&r->url, base);
    if (err)
        return err;
    if (r->len == 0 || r->text[0] == '?' || r->text[0] == '#') {
        err = copy_opt(&r->url.path, base->path);
        if (!err && (r->len == 0 || r->text[0] == '#'))
            err = copy_opt(&r->url.query, base->query);
    } else {
        err = read_path(r, slash(r, 0) ? NULL : base->path);
    }
    return err ? err : read_tail(r);
}

static int read_opaque(struct reader *r)
{
    size_t len = span_until(r->text, r->len, "?#");
    int err = set_encoded(&r->url.path, r->text, len, SET_OPAQUE);
    skip(r, len);
    return err ? err : read_tail(r);
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of a scheme at the beginning, without its colon; 0 if there is none. */
static size_t scheme_length(const struct reader *r)
{
    size_t i = 0;
    while (i < r->len && (letter(r->text[i]) || (i && r->text[i] && strchr("0123456789+-.", r->text[i]))))
        i++;
    return i < r->len && r->text[i] == ':' ? i : 0;
}

static int read_scheme(struct reader *r, size_t len)
{
    int err = set_part(&r->url.scheme, r->text, len);
    if (err)
        return err;
    for (char *c = r->url.scheme; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    skip(r, len + 1);
    return MK_OK;
}

static int read_fragment_only(struct reader *r, const mk_url *base)
{
    if (r->len == 0 || r->text[0] != '#')
        return MK_EPARSE;
    int err = copy_opt(&r->url.path, base->path);
    if (!err)
        err = copy_opt(&r->url.query, base->query);
    return err ? err : read_tail(r);
}

static int read_url(struct reader *r, const mk_url *base)
{
    int err;
    size_t len = scheme_length(r);
    if (len) {
        err = read_scheme(r, len);
        if (err)
            return err;
        if (!special(r->url.scheme))
            return read_opaque(r);
        bool same = base && base->scheme && !strcmp(base->scheme, r->url.scheme);
        return same && !(slash(r, 0) && slash(r, 1)) ? read_relative(r, base) : read_authority(r);
    }
    if (!base || !base->scheme)
        return MK_EPARSE;
    err = copy_opt(&r->url.scheme, base->scheme);
    if (err)
        return err;
    return special(base->scheme) ? read_relative(r, base) : read_fragment_only(r, base);
}

/* Without controls and spaces at the ends, tabs and newlines inside. */
static char *tidy(const char *text, size_t *len)
{
    size_t end = *len, from = 0, n = 0;
    while (from < end && (unsigned char)text[from] <= 32)
        from++;
    while (end > from && (unsigned char)text[end - 1] <= 32)
        end--;
    char *out = mk_malloc(end - from + 1);
    if (!out)
        return NULL;
    for (size_t i = from; i < end; i++)
        if (text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            out[n++] = text[i];
    out[n] = 0;
    *len = n;
    return out;
}

int mk_url_resolve(mk_url *out, const mk_url *base, const char *ref, size_t len)
{
    if (len > TEXT_MAX)
        return MK_ELIMIT;
    char *text = tidy(ref, &len);
    if (!text)
        return MK_ENOMEM;
    struct reader r = {.text = text, .len = len};
    int err = read_url(&r, base);
    mk_free(text);
    if (err)
        mk_url_free(&r.url);
    else
        *out = r.url;
    return err;
}

int mk_url_parse(mk_url *out, const char *text, size_t len)
{
    return mk_url_resolve(out, NULL, text, len);
}
