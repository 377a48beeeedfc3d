/* urltext.c - URLs: copy, compare, write (layer parse) */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/url.h"

enum { WRITTEN_MAX = 1 << 20 };

static int copy_part(char **to, const char *from)
{
    *to = from ? mk_strdup(from) : NULL;
    return from && !*to ? MK_ENOMEM : MK_OK;
}

int mk_url_copy(mk_url *out, const mk_url *from)
{
    mk_url copy = {.port = from->port};
    int err = copy_part(&copy.scheme, from->scheme);
    if (!err)
        err = copy_part(&copy.user, from->user);
    if (!err)
        err = copy_part(&copy.password, from->password);
    if (!err)
        err = copy_part(&copy.host, from->host);
    if (!err)
        err = copy_part(&copy.path, from->path);
    if (!err)
        err = copy_part(&copy.query, from->query);
    if (!err)
        err = copy_part(&copy.fragment, from->fragment);
    if (err)
        mk_url_free(&copy);
    else
        *out = copy;
    return err;
}

void mk_url_free(mk_url *url)
{
    mk_free(url->scheme);
    mk_free(url->user);
    mk_free(url->password);
    mk_free(url->host);
    mk_free(url->path);
    mk_free(url->query);
    mk_free(url->fragment);
    *url = (mk_url){0};
}

static bool own_port(const mk_url *url)
{
    return url->port == 0 || (!strcmp(url->scheme, "https") && url->port == 443) ||
           (!strcmp(url->scheme, "http") && url->port == 80);
}

static int add_origin(mk_buf *out, const mk_url *url)
{
    int err = mk_buf_addf(out, "%s://%s", url->scheme, url->host);
    if (!err && !own_port(url))
        err = mk_buf_addf(out, ":%d", url->port);
    return err;
}

static int add_all(mk_buf *out, const mk_url *url, bool fragment)
{
    int err = url->host ? add_origin(out, url) : mk_buf_addf(out, "%s:", url->scheme ? url->scheme : "");
    if (!err && url->path)
        err = mk_buf_adds(out, url->path);
    if (!err && url->query)
        err = mk_buf_addf(out, "?%s", url->query);
    if (!err && fragment && url->fragment)
        err = mk_buf_addf(out, "#%s", url->fragment);
    return err;
}

char *mk_url_text(const mk_url *url, bool fragment)
{
    mk_buf out;
    mk_buf_init(&out, WRITTEN_MAX);
    int err = add_all(&out, url, fragment);
    char *text = err ? NULL : mk_buf_steal(&out, NULL);
    mk_buf_free(&out);
    return text;
}

char *mk_url_origin(const mk_url *url)
{
    if (!url->host)
        return mk_strdup("null"); /* as browsers write an opaque origin */
    mk_buf out;
    mk_buf_init(&out, WRITTEN_MAX);
    int err = add_origin(&out, url);
    char *text = err ? NULL : mk_buf_steal(&out, NULL);
    mk_buf_free(&out);
    return text;
}

bool mk_url_same_origin(const mk_url *a, const mk_url *b)
{
    return a->host && b->host && a->port == b->port && !strcmp(a->scheme, b->scheme) && !strcmp(a->host, b->host);
}

int mk_url_add_query(mk_url *url, const char *more)
{
    size_t len = url->query ? strlen(url->query) : 0;
    mk_buf query;
    mk_buf_init(&query, WRITTEN_MAX);
    int err = mk_buf_add(&query, len ? url->query : "", len);
    if (!err && len && *more && url->query[len - 1] != '&')
        err = mk_buf_addc(&query, '&');
    if (!err)
        err = mk_buf_adds(&query, more);
    char *text = err ? NULL : mk_memdup(query.data, query.len);
    mk_buf_free(&query);
    if (err || !text)
        return err ? err : MK_ENOMEM;
    mk_free(url->query);
    url->query = text;
    return MK_OK;
}
