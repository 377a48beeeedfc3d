/* jar.c - the cookies of one session (layer net) */
#include "net/jar.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/policy.h"
#include "net/setcookie.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_MAX = 300, MAX_PER_DOMAIN = 50 };

typedef struct entry {
    mk_cookie c;   /* first: mk_jar_get gives a pointer to it */
    uint64_t used; /* when it was last sent or set, for eviction */
} entry;

struct mk_jar {
    entry *list;
    size_t count, cap, max;
    int64_t created;
    uint64_t used;
};

mk_jar *mk_jar_new(size_t max)
{
    mk_jar *jar = mk_calloc(1, sizeof *jar);
    if (jar)
        jar->max = max ? max : DEFAULT_MAX;
    return jar;
}

static void drop(mk_cookie *c)
{
    mk_free(c->name);
    mk_free(c->value);
    mk_free(c->domain);
    mk_free(c->path);
    *c = (mk_cookie){0};
}

void mk_jar_free(mk_jar *jar)
{
    if (!jar)
        return;
    mk_jar_clear(jar, NULL);
    mk_free(jar->list);
    mk_free(jar);
}

static void remove_at(mk_jar *jar, size_t i)
{
    drop(&jar->list[i].c);
    jar->count--;
    memmove(&jar->list[i], &jar->list[i + 1], (jar->count - i) * sizeof *jar->list);
}

static bool expired(const mk_cookie *c, int64_t now)
{
    return c->expires >= 0 && c->expires <= now;
}

static void purge(mk_jar *jar, int64_t now)
{
    for (size_t i = jar->count; i-- > 0;)
        if (expired(&jar->list[i].c, now))
            remove_at(jar, i);
}

static mk_cookie *find_same(mk_jar *jar, const mk_cookie *c)
{
    for (size_t i = 0; i < jar->count; i++) {
        mk_cookie *have = &jar->list[i].c;
        if (have->host_only == c->host_only && strcmp(have->name, c->name) == 0 &&
            strcmp(have->domain, c->domain) == 0 && strcmp(have->path, c->path) == 0)
            return have;
    }
    return NULL;
}

/* The least recently used cookie of that domain (NULL: of all) makes room if
 * there are most or more. */
static void evict(mk_jar *jar, const char *domain, size_t most)
{
    size_t count = 0, oldest = SIZE_MAX;
    for (size_t i = 0; i < jar->count; i++) {
        if (domain && strcmp(jar->list[i].c.domain, domain) != 0)
            continue;
        count++;
        if (oldest == SIZE_MAX || jar->list[i].used < jar->list[oldest].used)
            oldest = i;
    }
    if (count >= most)
        remove_at(jar, oldest);
}

static int reserve(mk_jar *jar)
{
    if (jar->count < jar->cap)
        return MK_OK;
    size_t cap = jar->cap ? jar->cap * 2 : 8;
    entry *grown = mk_realloc(jar->list, cap * sizeof *grown);
    if (!grown)
        return MK_ENOMEM;
    jar->list = grown;
    jar->cap = cap;
    return MK_OK;
}

/* Takes over what c holds on success. */
static int put(mk_jar *jar, mk_cookie *c, int64_t now)
{
    int err = reserve(jar); /* the only thing that can fail comes first */
    if (err)
        return err;
    mk_cookie *same = find_same(jar, c);
    if (same) {
        c->created = same->created;
        drop(same);
        *same = *c;
        ((entry *)same)->used = ++jar->used;
    }
    purge(jar, now);
    if (!same && !expired(c, now)) {
        evict(jar, c->domain, MAX_PER_DOMAIN);
        evict(jar, NULL, jar->max);
        c->created = ++jar->created;
        jar->list[jar->count++] = (entry){*c, ++jar->used};
    } else if (!same) {
        drop(c);
    }
    *c = (mk_cookie){0};
    return MK_OK;
}

static bool prefixed(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* What __Secure- and __Host- promise must be so. */
static bool keeps_prefix(const mk_cookie *c, bool root_path)
{
    if (prefixed(c->name, "__Host-"))
        return c->secure && c->host_only && root_path;
    return !prefixed(c->name, "__Secure-") || c->secure;
}

static bool over_tls(const mk_url *url)
{
    return strcmp(url->scheme, "https") == 0;
}

/* A plain-http page may not set secure cookies, nor shadow one (RFC 6265bis,
 * "leave secure cookies alone"). */
static bool insecure_overlay(const mk_jar *jar, const mk_cookie *c)
{
    if (c->secure)
        return true;
    for (size_t i = 0; i < jar->count; i++) {
        const mk_cookie *have = &jar->list[i].c;
        if (have->secure && strcmp(have->name, c->name) == 0 && mk_cookie_path_match(c->path, have->path) &&
            (mk_cookie_domain_match(have->domain, c->domain) || mk_cookie_domain_match(c->domain, have->domain)))
            return true;
    }
    return false;
}

static char *lower(mk_bytes text)
{
    char *copy = mk_memdup(text.data, text.len);
    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return copy;
}

/* domain and host_only as 5.3 steps 4 to 6 have it. */
static int set_domain(mk_cookie *c, mk_bytes domain, const mk_url *url)
{
    c->host_only = domain.len == 0;
    c->domain = domain.len ? lower(domain) : mk_strdup(url->host);
    if (!c->domain)
        return MK_ENOMEM;
    if (c->host_only)
        return MK_OK;
    if (mk_policy_public_suffix(c->domain)) {
        c->host_only = true; /* only its own host may say so */
        return strcmp(c->domain, url->host) == 0 ? MK_OK : MK_EPOLICY;
    }
    return mk_cookie_domain_match(url->host, c->domain) ? MK_OK : MK_EPOLICY;
}

static char *path_of(const mk_setcookie *line, const mk_url *url)
{
    if (line->path.len)
        return mk_memdup(line->path.data, line->path.len);
    size_t len = mk_cookie_default_path(url->path);
    return len ? mk_memdup(url->path, len) : mk_strdup("/");
}

int mk_jar_add(mk_jar *jar, const mk_url *url, const char *line, size_t len, int64_t now)
{
    mk_setcookie parsed;
    if (!url->host || !url->path)
        return MK_EINVAL;
    int err = mk_setcookie_parse(&parsed, line, len, now);
    if (err)
        return err;
    mk_cookie c = {.secure = parsed.secure, .http_only = parsed.http_only, .same_site = parsed.same_site};
    c.expires = !parsed.expires_given ? -1 : parsed.expires < 0 ? 0 : parsed.expires;
    c.name = mk_memdup(parsed.name.data, parsed.name.len);
    c.value = mk_memdup(parsed.value.data, parsed.value.len);
    c.path = path_of(&parsed, url);
    err = c.name && c.value && c.path ? set_domain(&c, parsed.domain, url) : MK_ENOMEM;
    if (!err && !keeps_prefix(&c, parsed.path.len == 1 && !parsed.domain.len))
        err = MK_EPOLICY;
    if (!err && !over_tls(url) && insecure_overlay(jar, &c))
        err = MK_EPOLICY;
    if (!err)
        err = put(jar, &c, now);
    drop(&c);
    return err;
}

static bool clean(const char *text, const char *forbidden)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr(forbidden, *c))
            return false;
    return true;
}

static bool valid(const mk_cookie *c)
{
    return c->name && c->name[0] && c->value && c->domain && c->domain[0] && clean(c->name, "=; \t") &&
           clean(c->value, ";") && clean(c->domain, "/;: ") && (!c->path || (c->path[0] == '/' && clean(c->path, ";")));
}

/* An address or localhost has no hosts below it: its cookies are host-only. */
static bool alone(const char *host)
{
    size_t len = strlen(host);
    return mk_policy_is_address(host) || strcmp(host, "localhost") == 0 ||
           (len > 10 && strcmp(host + len - 10, ".localhost") == 0);
}

int mk_jar_set(mk_jar *jar, const mk_cookie *cookie, int64_t now)
{
    if (!valid(cookie))
        return MK_EINVAL;
    if (strlen(cookie->name) + strlen(cookie->value) > MK_COOKIE_PAIR_MAX)
        return MK_ELIMIT;
    const char *domain = cookie->domain + (cookie->domain[0] == '.');
    mk_cookie c = {.host_only = cookie->host_only, .secure = cookie->secure, .http_only = cookie->http_only,
                   .secret = cookie->secret, .expires = cookie->expires, .same_site = cookie->same_site};
    c.name = mk_strdup(cookie->name);
    c.value = mk_strdup(cookie->value);
    c.path = mk_strdup(cookie->path ? cookie->path : "/");
    c.domain = lower((mk_bytes){domain, strlen(domain)});
    int err = c.name && c.value && c.path && c.domain ? MK_OK : MK_ENOMEM;
    if (!err && mk_policy_public_suffix(c.domain)) {
        c.host_only = true;
        err = alone(c.domain) ? MK_OK : MK_EPOLICY;
    }
    if (!err && !keeps_prefix(&c, strcmp(c.path, "/") == 0))
        err = MK_EPOLICY;
    if (!err)
        err = put(jar, &c, now);
    drop(&c);
    return err;
}

static bool fits(const mk_cookie *c, const mk_url *url, int64_t now)
{
    if (expired(c, now) || (c->secure && !over_tls(url)))
        return false;
    bool host = c->host_only ? strcmp(url->host, c->domain) == 0 : mk_cookie_domain_match(url->host, c->domain);
    return host && mk_cookie_path_match(url->path, c->path);
}

/* Longer paths first, then the older one (5.4). */
static int order(const void *a, const void *b)
{
    const mk_cookie *x = &(*(entry *const *)a)->c, *y = &(*(entry *const *)b)->c;
    size_t p = strlen(x->path), q = strlen(y->path);
    if (p != q)
        return p > q ? -1 : 1;
    return x->created < y->created ? -1 : x->created > y->created;
}

int mk_jar_header(mk_jar *jar, const mk_url *url, int64_t now, mk_buf *out)
{
    if (!jar->count || !url->host || !url->path)
        return MK_OK;
    entry **sent = mk_malloc(jar->count * sizeof *sent);
    if (!sent)
        return MK_ENOMEM;
    size_t count = 0;
    int err = MK_OK;
    const size_t before = out->len;
    for (size_t i = 0; i < jar->count; i++)
        if (fits(&jar->list[i].c, url, now))
            sent[count++] = &jar->list[i];
    qsort(sent, count, sizeof *sent, order);
    for (size_t i = 0; i < count && !err; i++) {
        sent[i]->used = ++jar->used;
        err = mk_buf_addf(out, "%s%s=%s", i ? "; " : "", sent[i]->c.name, sent[i]->c.value);
    }
    if (err && out->len != before)
        mk_buf_splice(out, before, out->len - before, "", 0); /* shrinks: cannot fail */
    mk_free(sent);
    return err;
}

unsigned mk_jar_secret(const mk_jar *jar, const mk_url *url, int64_t now)
{
    unsigned bits = 0;
    for (size_t i = 0; url->host && url->path && i < jar->count; i++)
        if (fits(&jar->list[i].c, url, now))
            bits |= jar->list[i].c.secret;
    return bits;
}

const mk_cookie *mk_jar_get(mk_jar *jar, const char *name, const mk_url *url, int64_t now)
{
    const mk_cookie *best = NULL;
    for (size_t i = 0; i < jar->count; i++) {
        entry *e = &jar->list[i];
        if (strcmp(e->c.name, name) != 0 || (url ? !url->host || !fits(&e->c, url, now) : expired(&e->c, now)))
            continue;
        const entry *have = (const entry *)best;
        if (!have || (url ? order(&e, &have) < 0 : e->c.created > best->created))
            best = &e->c;
    }
    return best;
}

size_t mk_jar_count(const mk_jar *jar)
{
    return jar->count;
}

const mk_cookie *mk_jar_at(const mk_jar *jar, size_t i)
{
    return i < jar->count ? &jar->list[i].c : NULL;
}

void mk_jar_clear(mk_jar *jar, const char *const *keep)
{
    for (size_t i = jar->count; i-- > 0;) {
        bool kept = false;
        for (const char *const *name = keep; name && *name && !kept; name++)
            kept = strcmp(*name, jar->list[i].c.name) == 0;
        if (!kept)
            remove_at(jar, i);
    }
}
