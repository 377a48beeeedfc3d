/* policy.c - the declared and the opened origins of a session (layer net) */
#include "net/policy.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

enum { MAX_RULES = 256, MAX_HOST = 253 };

typedef struct origin {
    char *host; /* as mk_url has it; of a wildcard what follows "*." */
    int port;
    bool tls, wildcard, secrets;
} origin;

typedef struct detour {
    char *host; /* "": any */
    int port;   /* 0: any */
    char *to_host; /* "": as the URL says; without brackets */
    int to_port;   /* 0: as the URL says */
} detour;

struct mk_policy {
    origin *declared, *opened;
    size_t declared_count, opened_count;
    detour *detours;
    size_t detour_count;
};

mk_policy *mk_policy_new(void)
{
    return mk_calloc(1, sizeof(mk_policy));
}

static void free_origins(origin *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mk_free(list[i].host);
    mk_free(list);
}

void mk_policy_free(mk_policy *policy)
{
    if (!policy)
        return;
    free_origins(policy->declared, policy->declared_count);
    free_origins(policy->opened, policy->opened_count);
    for (size_t i = 0; i < policy->detour_count; i++) {
        mk_free(policy->detours[i].host);
        mk_free(policy->detours[i].to_host);
    }
    mk_free(policy->detours);
    mk_free(policy);
}

/* Takes over o->host on success. */
static int append(origin **list, size_t *count, const origin *o)
{
    if (*count >= MAX_RULES)
        return MK_ENOMEM;
    origin *grown = mk_realloc(*list, (*count + 1) * sizeof **list);
    if (!grown)
        return MK_ENOMEM;
    *list = grown;
    grown[(*count)++] = *o;
    return MK_OK;
}

static int reject(char *why, size_t cap, const char *entry, const char *reason)
{
    if (cap)
        snprintf(why, cap, "\"%.100s\" %s", entry, reason);
    return MK_EPARSE;
}

/* An origin and nothing else: no path, query, user. */
static int parse_origin(mk_url *url, const char *text)
{
    int err = mk_url_parse(url, text, strlen(text));
    if (err)
        return err == MK_ENOMEM ? err : MK_EPARSE;
    bool web = strcmp(url->scheme, "https") == 0 || strcmp(url->scheme, "http") == 0;
    if (web && url->host && url->host[0] && strlen(url->host) <= MAX_HOST && !url->query && !url->fragment &&
        !url->user && !url->password && strcmp(url->path, "/") == 0)
        return MK_OK;
    mk_url_free(url);
    return MK_EPARSE;
}

static int parse_bare(mk_url *url, const char *entry)
{
    if (!entry[0] || entry[strcspn(entry, "/\\@?#*% \t\r\n")])
        return MK_EPARSE;
    mk_buf text;
    mk_buf_init(&text, 1024);
    int err = mk_buf_addf(&text, "https://%s/", entry);
    if (!err)
        err = parse_origin(url, text.data);
    mk_buf_free(&text);
    return err == MK_ENOMEM ? err : err ? MK_EPARSE : MK_OK;
}

/* "*.co.uk" is refused, and "*.ck", below which every name is a suffix. */
static bool suffix_wildcard(const char *host)
{
    char below[MAX_HOST + 8];
    snprintf(below, sizeof below, "below.%s", host);
    return mk_policy_public_suffix(host) || mk_policy_public_suffix(below);
}

int mk_policy_declare(mk_policy *policy, const char *entry, bool secrets, char *why, size_t cap)
{
    mk_url url = {0};
    bool wildcard = strncmp(entry, "*.", 2) == 0;
    bool whole = strstr(entry, "://") != NULL;
    int err = whole ? parse_origin(&url, entry) : parse_bare(&url, wildcard ? entry + 2 : entry);
    if (err == MK_EPARSE)
        return reject(why, cap, entry, "is not a host, host:port, *.host or http(s) origin");
    if (err)
        return err;
    if (wildcard && suffix_wildcard(url.host)) {
        reject(why, cap, entry, "is too wide: everybody may register a name there");
        mk_url_free(&url);
        return MK_EPOLICY;
    }
    origin o = {url.host, url.port, strcmp(url.scheme, "https") == 0, wildcard, secrets};
    err = append(&policy->declared, &policy->declared_count, &o);
    if (!err)
        url.host = NULL;
    mk_url_free(&url);
    return err;
}

int mk_policy_allow(mk_policy *policy, const char *text)
{
    mk_url url = {0};
    if (!strstr(text, "://"))
        return MK_EPARSE;
    int err = parse_origin(&url, text);
    if (err)
        return err;
    origin o = {url.host, url.port, strcmp(url.scheme, "https") == 0, false, true};
    err = append(&policy->opened, &policy->opened_count, &o);
    if (!err)
        url.host = NULL;
    mk_url_free(&url);
    return err;
}

/* One "host:" or "[v6]:" of a rule; moves on. Without brackets if bare. */
static int rule_host(const char **at, bool bare, char **out)
{
    const char *p = *at;
    size_t len = p[0] == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":");
    if (len > strlen(p) || p[len] != ':' || len > MAX_HOST)
        return MK_EPARSE;
    *at = p + len + 1;
    if (bare && p[0] == '[') {
        p++;
        len -= 2;
    }
    *out = mk_memdup(p, len);
    if (!*out)
        return MK_ENOMEM;
    for (char *c = *out; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return MK_OK;
}

static int rule_port(const char **at, char end, int *out)
{
    int port = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9'; p++) {
        port = port * 10 + (*p - '0');
        if (port > 65535)
            return MK_EPARSE;
    }
    if (*p != end || (p != *at && port == 0))
        return MK_EPARSE;
    *at = end ? p + 1 : p;
    *out = port;
    return MK_OK;
}

int mk_policy_connect_to(mk_policy *policy, const char *rule)
{
    detour d = {0};
    const char *at = rule;
    int err = rule_host(&at, false, &d.host);
    if (!err)
        err = rule_port(&at, ':', &d.port);
    if (!err)
        err = rule_host(&at, true, &d.to_host);
    if (!err)
        err = rule_port(&at, '\0', &d.to_port);
    if (!err && policy->detour_count >= MAX_RULES)
        err = MK_ENOMEM;
    if (!err) {
        detour *grown = mk_realloc(policy->detours, (policy->detour_count + 1) * sizeof *grown);
        err = grown ? MK_OK : MK_ENOMEM;
        if (grown) {
            policy->detours = grown;
            grown[policy->detour_count++] = d;
            return MK_OK;
        }
    }
    mk_free(d.host);
    mk_free(d.to_host);
    return err;
}

static bool covers(const origin *o, const mk_url *url)
{
    if (!o->wildcard)
        return strcmp(o->host, url->host) == 0;
    size_t host = strlen(url->host), tail = strlen(o->host);
    return host > tail + 1 && url->host[host - tail - 1] == '.' && strcmp(url->host + host - tail, o->host) == 0;
}

/* The nearer of two entries decides whether secrets may go there: an exact
 * one, then the longer wildcard; of equals the stricter. */
static bool nearer(const origin *a, const origin *b)
{
    if (!b || a->wildcard != b->wildcard)
        return !b || b->wildcard;
    size_t x = strlen(a->host), y = strlen(b->host);
    return x != y ? x > y : !a->secrets;
}

static const origin *find(const origin *list, size_t count, const mk_url *url, bool tls)
{
    const origin *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (list[i].tls == tls && list[i].port == url->port && covers(&list[i], url) && nearer(&list[i], best))
            best = &list[i];
    return best;
}

static void take_detour(const mk_policy *policy, const mk_url *url, mk_grant *grant)
{
    for (size_t i = 0; i < policy->detour_count; i++) {
        const detour *d = &policy->detours[i];
        if ((d->host[0] && strcmp(d->host, url->host) != 0) || (d->port && d->port != url->port))
            continue;
        snprintf(grant->connect_host, sizeof grant->connect_host, "%s", d->to_host[0] ? d->to_host : url->host);
        grant->connect_port = d->to_port ? d->to_port : url->port;
        grant->any_address = true;
        return; /* the first that fits, as curl has it */
    }
}

static int refuse(char *why, size_t cap, const mk_url *url, const char *what)
{
    if (cap)
        snprintf(why, cap, "%s to %.200s:%d %s", strcmp(url->scheme, "http") == 0 ? "plain http" : "https", url->host,
                 url->port, what);
    return MK_EPOLICY;
}

int mk_policy_check(const mk_policy *policy, const mk_url *url, mk_grant *out, char *why, size_t cap)
{
    bool tls = url->scheme && strcmp(url->scheme, "https") == 0;
    if (!url->host || !url->scheme || (!tls && strcmp(url->scheme, "http") != 0)) {
        if (cap)
            snprintf(why, cap, "scheme %.40s is not http or https", url->scheme ? url->scheme : "(none)");
        return MK_EPOLICY;
    }
    const origin *o = find(policy->declared, policy->declared_count, url, tls);
    bool opened = find(policy->opened, policy->opened_count, url, tls) != NULL;
    if (!o && !mk_policy_declared_host(policy, url)) {
        if (cap)
            snprintf(why, cap, "host %.200s is not declared", url->host);
        return MK_EPOLICY;
    }
    if (!o)
        return refuse(why, cap, url, "is not declared (the host is, with another scheme or port)");
    if (!tls && !opened)
        return refuse(why, cap, url, "is not opened by the operator (--allow-origin)");
    mk_grant grant = {.secrets = o->secrets, .any_address = opened, .declared = true};
    take_detour(policy, url, &grant);
    *out = grant;
    return MK_OK;
}

bool mk_policy_declared_host(const mk_policy *policy, const mk_url *url)
{
    for (size_t i = 0; url->host && i < policy->declared_count; i++)
        if (covers(&policy->declared[i], url))
            return true;
    return false;
}
