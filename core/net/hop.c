/* hop.c - the header fields of one hop, as a browser would send them (layer net) */
#include "net/hop.h"
#include "base/err.h"
#include "base/mem.h"
#include <string.h>
#include <strings.h>

enum { MAX_COOKIE_HEADER = 64 * 1024 };

bool mk_hop_settable(const char *name)
{
    static const char *const engine[] = {"Host",    "Content-Length", "Transfer-Encoding", "Connection",
                                         "Cookie",  "Cookie2",        "Accept-Encoding",   "Expect",
                                         "TE",      "Trailer",        "Upgrade",           "Keep-Alive",
                                         "HTTP2-Settings"};
    for (size_t i = 0; i < sizeof engine / sizeof engine[0]; i++)
        if (strcasecmp(engine[i], name) == 0)
            return false;
    return strncasecmp(name, "Proxy-", 6) != 0;
}

/* The script's own field wins over a default of ours. */
static int add(mk_headers *out, const mk_hop *hop, const char *name, const char *value)
{
    if (!value || mk_headers_get(hop->own, name, 0))
        return MK_OK;
    return mk_headers_add(out, name, value, strlen(value), false);
}

static bool downgrades(const mk_url *from, const mk_url *to)
{
    return strcmp(from->scheme, "https") == 0 && strcmp(to->scheme, "https") != 0;
}

/* strict-origin-when-cross-origin, the default of browsers. */
static int add_referer(mk_headers *out, const mk_hop *hop)
{
    if (!hop->referer || !hop->referer->host || downgrades(hop->referer, hop->url))
        return MK_OK;
    char *text = NULL;
    int err = MK_ENOMEM;
    if (mk_url_same_origin(hop->referer, hop->url)) {
        text = mk_url_text(hop->referer, false);
        err = text ? add(out, hop, "Referer", text) : MK_ENOMEM;
    } else {
        text = mk_url_origin(hop->referer);
        mk_buf slash;
        mk_buf_init(&slash, 1024);
        err = text ? mk_buf_addf(&slash, "%s/", text) : MK_ENOMEM;
        if (!err)
            err = add(out, hop, "Referer", slash.data);
        mk_buf_free(&slash);
    }
    mk_free(text);
    return err == MK_ELIMIT ? MK_OK : err; /* no host is that long */
}

/* The origin of the page that sends; without one, the target's own, as if its
 * own page had sent it. */
static int add_origin(mk_headers *out, const mk_hop *hop)
{
    if (!hop->origin_header || strcmp(hop->method, "GET") == 0 || strcmp(hop->method, "HEAD") == 0)
        return MK_OK;
    const mk_url *from = hop->referer && hop->referer->host ? hop->referer : hop->url;
    if (downgrades(from, hop->url))
        return add(out, hop, "Origin", "null");
    char *text = mk_url_origin(from);
    int err = text ? add(out, hop, "Origin", text) : MK_ENOMEM;
    mk_free(text);
    return err;
}

static int add_cookies(mk_headers *out, const mk_hop *hop)
{
    mk_buf value;
    mk_buf_init(&value, MAX_COOKIE_HEADER);
    int err = mk_jar_header(hop->jar, hop->url, hop->now, &value);
    if (!err && value.len)
        err = mk_headers_add(out, "Cookie", value.data, value.len, mk_jar_secret(hop->jar, hop->url, hop->now) != 0);
    mk_buf_free(&value);
    return err;
}

static int add_own(mk_headers *out, const mk_hop *hop)
{
    int err = MK_OK;
    for (size_t i = 0; i < hop->own->count && !err; i++) {
        const mk_header *h = &hop->own->list[i];
        err = mk_headers_add(out, h->name, h->value, h->value_len, h->secret);
    }
    return err;
}

int mk_hop_headers(mk_headers *out, const mk_hop *hop)
{
    int err = add(out, hop, "User-Agent", hop->user_agent);
    if (!err)
        err = add(out, hop, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    if (!err)
        err = add(out, hop, "Accept-Language", "en-US,en;q=0.9");
    if (!err)
        err = add(out, hop, "Content-Type", hop->content_type);
    if (!err)
        err = add_origin(out, hop);
    if (!err)
        err = add_referer(out, hop);
    if (!err)
        err = add_own(out, hop);
    if (!err)
        err = add_cookies(out, hop);
    if (err)
        mk_headers_free(out);
    return err;
}
