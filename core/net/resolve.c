/* resolve.c - names to addresses, in libuv's pool (layer net)
 *
 * libcurl never resolves: a running lookup of its own would block the loop when
 * it is given up, and its answer could differ from the one that was checked. */
#include "net/resolve.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/policy.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct mk_resolve {
    uv_getaddrinfo_t req;
    mk_resolve_done done; /* NULL: cancelled */
    void *arg;
    bool any, local; /* local: localhost or a name below it */
};

static void take(mk_addresses *found, const struct sockaddr *address, size_t len, bool any)
{
    if (!any && !mk_policy_public_address(address)) {
        found->refused = true;
        return;
    }
    if (found->count < MK_RESOLVE_MAX && len <= sizeof found->list[0])
        memcpy(&found->list[found->count++], address, len);
}

/* What localhost means where the system has no file that says so (RFC 6761, 6.3). */
static void take_loopback(mk_addresses *found, bool any)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    take(found, (const struct sockaddr *)&in, sizeof in, any);
    take(found, (const struct sockaddr *)&in6, sizeof in6, any);
}

static bool is_local(const char *host)
{
    static const char name[] = "localhost";
    size_t len = strlen(host), n = sizeof name - 1;
    return len >= n && strcmp(host + len - n, name) == 0 && (len == n || host[len - n - 1] == '.');
}

static void on_addresses(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    mk_resolve *r = (mk_resolve *)req;
    mk_addresses found = {0};
    for (const struct addrinfo *a = status == 0 ? list : NULL; a; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            take(&found, a->ai_addr, a->ai_addrlen, r->any);
    if (status && r->local)
        take_loopback(&found, r->any);
    else if (status)
        snprintf(found.error, sizeof found.error, "%s", uv_strerror(status));
    uv_freeaddrinfo(list);
    mk_resolve_done done = r->done;
    void *arg = r->arg;
    mk_free(r);
    if (done)
        done(arg, &found);
}

int mk_resolve_start(mk_resolve **out, uv_loop_t *loop, const char *host, bool any, mk_resolve_done done, void *arg)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    mk_resolve *r = mk_calloc(1, sizeof *r);
    if (!r)
        return MK_ENOMEM;
    r->done = done;
    r->arg = arg;
    r->any = any;
    r->local = is_local(host);
    if (uv_getaddrinfo(loop, &r->req, on_addresses, host, NULL, &hints)) {
        mk_free(r);
        return MK_ENOMEM;
    }
    *out = r;
    return MK_OK;
}

void mk_resolve_cancel(mk_resolve *r)
{
    if (!r)
        return;
    r->done = NULL;
    uv_cancel((uv_req_t *)&r->req); /* fails when it runs already: then on_addresses frees it later */
}

bool mk_resolve_literal(const char *host, struct sockaddr_storage *out)
{
    char bare[INET6_ADDRSTRLEN];
    size_t len = strlen(host), skip = host[0] == '[';
    if (len >= sizeof bare + 2 * skip || len < 2 * skip)
        return false;
    snprintf(bare, sizeof bare, "%.*s", (int)(len - 2 * skip), host + skip);
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, bare, &in.sin_addr) == 1)
        memcpy(out, &in, sizeof in);
    else if (inet_pton(AF_INET6, bare, &in6.sin6_addr) == 1)
        memcpy(out, &in6, sizeof in6);
    else
        return false;
    return true;
}
