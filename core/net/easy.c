/* easy.c - one transfer: its options and callbacks (layer net) */
#include "base/err.h"
#include "net/letter.h"
#include "net/net_own.h"
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_HEADERS = 500, MAX_IDLE_SECONDS = 60 };

/* A fault that curl only sees as "a callback said no". The first one stays. */
__attribute__((format(printf, 3, 4))) static void decide(mk_client *client, const char *fault, const char *format, ...)
{
    if (client->own)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(client->response.detail, sizeof client->response.detail, format, args);
    va_end(args);
    client->own = fault;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    mk_client *client = arg;
    size_t len = size * count;
    int err = mk_buf_add(&client->response.body, data, len);
    if (err == MK_ELIMIT)
        decide(client, "policy.budget", "the answer is over %zu bytes", client->response.body.max);
    else if (err)
        decide(client, "policy.budget", "out of memory for the answer");
    return err ? 0 : len;
}

static int add_header(mk_client *client, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon || colon - line > 255)
        return MK_OK; /* not a field: skipped, as browsers do */
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(colon - line), line);
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!mk_header_valid(name, value, (size_t)(end - value)))
        return MK_OK;
    if (client->response.headers.count >= MAX_HEADERS)
        return MK_ELIMIT;
    return mk_headers_add(&client->response.headers, name, value, (size_t)(end - value), false);
}

/* obs-fold: goes on the line before. */
static int fold_header(mk_client *client, const char *line, size_t len)
{
    mk_headers *headers = &client->response.headers;
    if (!headers->count)
        return MK_OK;
    mk_header *last = &headers->list[headers->count - 1];
    while (len && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    char *joined = mk_realloc(last->value, last->value_len + len + 2);
    if (!joined)
        return MK_ENOMEM;
    last->value = joined;
    joined[last->value_len] = ' ';
    memcpy(joined + last->value_len + 1, line, len);
    last->value_len += len + 1;
    joined[last->value_len] = '\0';
    return MK_OK;
}

static int take_line(mk_client *client, const char *line, size_t len)
{
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        mk_headers_free(&client->response.headers); /* after a 1xx */
        return MK_OK;
    }
    if (!len) {
        long status = 0;
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
        client->headers_over = status >= 200;
        return MK_OK;
    }
    if (line[0] != ' ' && line[0] != '\t')
        return add_header(client, line, len);
    return memchr(line, '\0', len) ? MK_OK : fold_header(client, line, len);
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    mk_client *client = arg;
    size_t len = size * count, all = len;
    client->header_bytes += len;
    if (client->header_bytes > client->net->max_header_bytes) {
        decide(client, "policy.budget", "the answer's header is over %zu bytes", client->net->max_header_bytes);
        return 0;
    }
    while (len && (data[len - 1] == '\n' || data[len - 1] == '\r'))
        len--;
    if (client->headers_over)
        return all; /* a trailer says nothing that counts */
    int err = take_line(client, data, len);
    if (err == MK_ELIMIT)
        decide(client, "policy.budget", "the answer has over %d header fields", (int)MAX_HEADERS);
    else if (err)
        decide(client, "policy.budget", "out of memory for the answer's header");
    return err ? 0 : all;
}

static bool reachable(mk_client *client, const struct sockaddr *address)
{
    /* Behind a proxy only its own address is seen: the proxy must enforce. */
    if (client->net->proxy || client->grant.any_address || mk_policy_public_address(address))
        return true;
    decide(client, "policy.host_denied", "%.120s has an address that is not public", client->url.host);
    return false;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    if (!reachable(arg, &a->addr))
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

/* Before each sending, on a reused connection too. */
static int on_prereq(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    (void)local, (void)peer_port, (void)local_port;
    mk_client *client = arg;
    struct sockaddr_storage address;
    bool known = peer && mk_resolve_literal(peer, &address);
    if (!known && !client->net->proxy && !client->grant.any_address) {
        decide(client, "policy.host_denied", "the address connected to is not known");
        return CURL_PREREQFUNC_ABORT;
    }
    if (known && !reachable(client, (struct sockaddr *)&address))
        return CURL_PREREQFUNC_ABORT;
    if (client->prereq && !mk_request_repeatable(client->request)) {
        decide(client, "engine.interrupted", "the connection closed without an answer; the %.20s is not sent twice",
               client->request->method);
        return CURL_PREREQFUNC_ABORT;
    }
    client->prereq = true;
    return CURL_PREREQFUNC_OK;
}

static CURLcode on_ssl(CURL *easy, void *ctx, void *arg)
{
    (void)easy;
    mk_client *client = arg;
    SSL_CTX_set1_cert_store(ctx, client->net->store);
    return CURLE_OK;
}

static int add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *grown = curl_slist_append(*list, line);
    if (grown)
        *list = grown;
    return grown ? MK_OK : MK_ENOMEM;
}

static int header_line(mk_client *client, const mk_header *h)
{
    mk_buf line;
    mk_buf_init(&line, SIZE_MAX / 2);
    /* curl's own way to send a field with nothing in it is a semicolon. */
    int err = mk_buf_addf(&line, h->value_len ? "%s: %s" : "%s;", h->name, h->value);
    if (!err)
        err = add_line(&client->headers, line.data);
    mk_buf_free(&line);
    return err;
}

static int set_headers(mk_client *client)
{
    static const char *const curls[] = {"Accept", "Content-Type", "User-Agent"};
    const mk_headers *headers = &client->request->headers;
    int err = add_line(&client->headers, "Expect:");
    for (size_t i = 0; i < headers->count && !err; i++)
        err = header_line(client, &headers->list[i]);
    for (size_t i = 0; i < 3 && !err; i++) {
        char off[20];
        snprintf(off, sizeof off, "%s:", curls[i]);
        if (!mk_headers_get(headers, curls[i], 0))
            err = add_line(&client->headers, off);
    }
    return err;
}

/* curl_easy_setopt copies strings: the only way it fails is for want of memory. */
#define SET(option, value) (failed |= curl_easy_setopt(client->easy, option, value) != CURLE_OK)

static bool set_method(mk_client *client)
{
    const mk_request *r = client->request;
    bool failed = false;
    bool post = strcmp(r->method, "POST") == 0;
    if (strcmp(r->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
        return failed;
    }
    if (r->body || post || strcmp(r->method, "PUT") == 0 || strcmp(r->method, "PATCH") == 0) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_len : 0));
    }
    if (!post && (r->body || strcmp(r->method, "GET") != 0))
        SET(CURLOPT_CUSTOMREQUEST, r->method);
    return failed;
}

static bool set_where(mk_client *client)
{
    bool failed = false;
    SET(CURLOPT_URL, client->request->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "https,http");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, client->net->proxy ? client->net->proxy : "");
    SET(CURLOPT_NOPROXY, ""); /* else the environment's */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, client);
    SET(CURLOPT_CLOSESOCKETFUNCTION, mk_poll_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, client);
    SET(CURLOPT_PREREQFUNCTION, on_prereq);
    SET(CURLOPT_PREREQDATA, client);
    return failed;
}

static bool set_tls(mk_client *client)
{
    bool failed = false;
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
    SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl);
    SET(CURLOPT_SSL_CTX_DATA, client);
    if (client->net->proxy && strncasecmp(client->net->proxy, "https:", 6) == 0) {
        SET(CURLOPT_PROXY_CAINFO, NULL);
        SET(CURLOPT_PROXY_CAPATH, NULL);
    }
    return failed;
}

static bool set_how(mk_client *client, long timeout_ms)
{
    bool failed = false;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate, br");
    SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, client->net->connect_timeout_ms);
    SET(CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_SECONDS);
    SET(CURLOPT_ERRORBUFFER, client->error);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, client);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, client);
    SET(CURLOPT_PRIVATE, client);
    return failed;
}

/* "::HOST:PORT" sends everything there; name, SNI and Host stay the URL's. */
static int set_detour(mk_client *client)
{
    if (!client->grant.connect_host[0])
        return MK_OK;
    char rule[300];
    const char *host = client->grant.connect_host;
    snprintf(rule, sizeof rule, strchr(host, ':') ? "::[%s]:%d" : "::%s:%d", host, client->grant.connect_port);
    int err = add_line(&client->connect_to, rule);
    if (!err && curl_easy_setopt(client->easy, CURLOPT_CONNECT_TO, client->connect_to) != CURLE_OK)
        err = MK_ENOMEM;
    return err;
}

int mk_easy_new(mk_client *client, long timeout_ms)
{
    client->easy = curl_easy_init();
    if (!client->easy)
        return MK_ENOMEM;
    int err = set_headers(client);
    bool failed = err != MK_OK;
    if (!failed)
        SET(CURLOPT_HTTPHEADER, client->headers);
    failed = failed || set_where(client) || set_how(client, timeout_ms) || set_tls(client) ||
             (client->letter ? mk_letter_set(client) : set_method(client));
    if (!failed && client->pins && client->pins->line && client->pins->port == client->target_port &&
        strcmp(client->pins->host, client->target) == 0)
        SET(CURLOPT_RESOLVE, client->pins->line);
    err = failed ? MK_ENOMEM : set_detour(client);
    if (err)
        mk_easy_free(client);
    return err;
}

void mk_easy_free(mk_client *client)
{
    if (client->easy) {
        if (client->multi)
            curl_multi_remove_handle(client->multi, client->easy);
        curl_easy_cleanup(client->easy);
    }
    client->easy = NULL;
    curl_slist_free_all(client->headers);
    curl_slist_free_all(client->connect_to);
    client->headers = client->connect_to = NULL;
}
