/* portal.c - the portal that the speed test signs in to (test program).
 *
 *   portal CERT.pem KEY.pem [PORT [SHARE]]
 *
 * One thread, epoll, TLS 1.2 or 1.3, HTTP/1.1 with keep-alive. It keeps nothing
 * about a visitor: what stage a visitor has reached is in the cookie, with a
 * check value, so that a client that skips a step, a cookie or a token is
 * refused. The ten exchanges are listed at `routes`. Pages are made once; only
 * the token in them differs. Sign-in pages of identity providers are mostly
 * settings and texts in inline scripts: SHARE per cent of the two pages of 48 KB
 * (default 60) and half of that of the page of 96 KB are such script, the rest is
 * dense markup, an element every 36 bytes. Prints {"port": N, "elements": [...]};
 * ends on SIGTERM. */
#include "portal_pages.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 16384, REPLY_MAX = 112 * 1024, CONN_MAX = 8192 };

#define USERNAME "bench.customer%40mail.test"
#define PASSWORD "Correct-Horse-9"
#define CODE "424242"

typedef struct {
    int fd;
    SSL *ssl;
    bool shaken, writing;
    size_t in_len, out_len, out_done;
    char in[REQUEST_MAX + 1];
    char *out; /* REPLY_MAX, kept as long as the connection */
} conn;

typedef struct {
    const char *method, *path, *cookie, *query, *body;
    size_t body_len;
} request;

static volatile sig_atomic_t ending;
static uint64_t secret;
static unsigned long served, refused;
static page login_page, code_page, home_page;

/* --- check values: who a visitor is and how far they came --- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t check_value(uint64_t visitor, unsigned stage)
{
    return mix(mix(visitor ^ secret) + stage * 0x9e3779b97f4a7c15u);
}

/* 32 digits that a page at this stage carries and the next request must give back. */
static void make_token(char out[TOKEN_LEN + 1], uint64_t visitor, unsigned stage)
{
    snprintf(out, TOKEN_LEN + 1, "%016llx%016llx", (unsigned long long)check_value(visitor, stage + 16),
             (unsigned long long)check_value(visitor, stage + 32));
}

/* Reads `name=VISITOR.CHECK` of the Cookie header. */
static bool read_visitor(const char *cookie, const char *name, unsigned stage, uint64_t *visitor)
{
    const char *at = cookie ? strstr(cookie, name) : NULL;
    unsigned long long who, check;
    if (!at || sscanf(at + strlen(name), "=%16llx.%16llx", &who, &check) != 2 || check != check_value(who, stage))
        return false;
    *visitor = who;
    return true;
}

/* --- replies --- */

static void reply(conn *c, const char *status, const char *type, const char *headers, const char *body, size_t len)
{
    int head = snprintf(c->out, REPLY_MAX, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                        "Cache-Control: no-store\r\nX-Frame-Options: DENY\r\n%s\r\n", status, type, len, headers);
    if (head < 0 || (size_t)head + len > REPLY_MAX)
        die("reply too long");
    memcpy(c->out + head, body, len);
    c->out_len = (size_t)head + len;
    c->out_done = 0;
}

static void refuse(conn *c, const char *why)
{
    refused++;
    reply(c, "403 Forbidden", "text/plain", "", why, strlen(why));
}

static void redirect(conn *c, const char *to, const char *cookie_name, uint64_t visitor, unsigned stage)
{
    char headers[512];
    snprintf(headers, sizeof headers, "Location: %s\r\nSet-Cookie: %s=%016llx.%016llx; Path=/; HttpOnly; Secure; SameSite=Lax\r\n",
             to, cookie_name, (unsigned long long)visitor, (unsigned long long)check_value(visitor, stage));
    reply(c, "302 Found", "text/html", headers, "", 0);
}

static void reply_page(conn *c, const page *from, uint64_t visitor, unsigned stage)
{
    char token[TOKEN_LEN + 1];
    make_token(token, visitor, stage);
    reply(c, "200 OK", "text/html; charset=utf-8", "Set-Cookie: lang=en; Path=/; Secure\r\n", from->text, from->len);
    memcpy(c->out + c->out_len - from->len + from->token_at, token, TOKEN_LEN);
}

static void reply_json(conn *c, const char *text)
{
    reply(c, "200 OK", "application/json", "", text, strlen(text));
}

static bool has(const char *text, const char *what)
{
    return text && strstr(text, what) != NULL;
}

static bool token_given(const request *r, uint64_t visitor, unsigned stage)
{
    char want[TOKEN_LEN + 6] = "csrf=";
    make_token(want + 5, visitor, stage);
    return has(r->body, want);
}

static void do_start(conn *c, const request *r)
{
    (void)r;
    uint64_t visitor;
    if (RAND_bytes((unsigned char *)&visitor, sizeof visitor) != 1)
        die("random");
    redirect(c, "/login", "visit", visitor, 1);
}

static void do_login_page(conn *c, const request *r)
{
    uint64_t visitor;
    if (!read_visitor(r->cookie, "visit", 1, &visitor))
        refuse(c, "no visit");
    else
        reply_page(c, &login_page, visitor, 1);
}

static void do_login(conn *c, const request *r)
{
    uint64_t visitor;
    if (!read_visitor(r->cookie, "visit", 1, &visitor) || !token_given(r, visitor, 1))
        refuse(c, "no visit or token");
    else if (!has(r->body, "username=" USERNAME) || !has(r->body, "password=" PASSWORD))
        refuse(c, "wrong credentials");
    else
        redirect(c, "/mfa", "half", visitor, 2);
}

static void do_code_page(conn *c, const request *r)
{
    uint64_t visitor;
    if (!read_visitor(r->cookie, "half", 2, &visitor))
        refuse(c, "not signed in");
    else
        reply_page(c, &code_page, visitor, 2);
}

static void do_code(conn *c, const request *r)
{
    uint64_t visitor;
    if (!read_visitor(r->cookie, "half", 2, &visitor) || !token_given(r, visitor, 2))
        refuse(c, "not signed in or no token");
    else if (!has(r->body, "code=" CODE))
        refuse(c, "wrong code");
    else
        redirect(c, "/home", "session", visitor, 3);
}

static void do_home(conn *c, const request *r)
{
    uint64_t visitor;
    if (!read_visitor(r->cookie, "session", 3, &visitor))
        refuse(c, "no session");
    else
        reply_page(c, &home_page, visitor, 3);
}

/* The data needs the token of the home page too, as X-Api-Token. */
static bool may_read(const request *r)
{
    uint64_t visitor;
    char token[TOKEN_LEN + 1];
    if (!read_visitor(r->cookie, "session", 3, &visitor))
        return false;
    make_token(token, visitor, 3);
    return has(r->query, token);
}

static void do_profile(conn *c, const request *r)
{
    if (!may_read(r))
        refuse(c, "no session");
    else
        reply_json(c, "{\"customer\":771,\"name\":\"Ada Example\",\"email\":\"bench.customer@mail.test\",\"premises\":[1,2]}");
}

static void do_accounts(conn *c, const request *r)
{
    if (!may_read(r))
        refuse(c, "no session");
    else
        reply_json(c, "{\"accounts\":[{\"id\":1,\"number\":\"4000000001\",\"address\":{\"line1\":\"12 Mill Lane\",\"city\":\"Northvale\","
                      "\"state\":\"NY\",\"zip\":\"01201\"}},{\"id\":2,\"number\":\"4000000002\",\"address\":{\"line1\":\"9 Weir Road\","
                      "\"city\":\"Northvale\",\"state\":\"NY\",\"zip\":\"01202\"}}]}");
}

#define METERS(a) "{\"meters\":[{\"serial\":\"E" a "01\",\"kind\":\"E\",\"rate\":\"RES-1\"},{\"serial\":\"E" a "02\"," \
                  "\"kind\":\"E\",\"rate\":\"TOU-D\"},{\"serial\":\"G" a "03\",\"kind\":\"G\",\"rate\":\"GR\"}]}"

static void do_meters(conn *c, const request *r)
{
    if (!may_read(r))
        refuse(c, "no session");
    else
        reply_json(c, strstr(r->path, "/1/") ? METERS("10") : METERS("20"));
}

static const struct {
    const char *method, *path;
    void (*answer)(conn *c, const request *r);
} routes[] = {
    { "GET", "/", do_start },                         /* 1: redirect, first cookie */
    { "GET", "/login", do_login_page },               /* 2: 48 KB, form and token */
    { "POST", "/login", do_login },                   /* 3: redirect, second cookie */
    { "GET", "/mfa", do_code_page },                  /* 4: 48 KB, code form and token */
    { "POST", "/mfa", do_code },                      /* 5: redirect, third cookie */
    { "GET", "/home", do_home },                      /* 6: 96 KB, token for the data */
    { "GET", "/api/profile", do_profile },            /* 7 */
    { "GET", "/api/accounts", do_accounts },          /* 8: two accounts */
    { "GET", "/api/accounts/1/meters", do_meters },   /* 9: three meters */
    { "GET", "/api/accounts/2/meters", do_meters },   /* 10: three meters */
};

static void answer(conn *c, const request *r)
{
    served++;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!strcmp(routes[i].method, r->method) && !strcmp(routes[i].path, r->path)) {
            routes[i].answer(c, r);
            return;
        }
    }
    reply(c, "404 Not Found", "text/plain", "", "not here", 8);
}

/* --- one request out of a buffer --- */

/* Value of a header; ends the line with NUL in place. */
static char *header(char *head, const char *name)
{
    size_t len = strlen(name);
    for (char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 3 + len;
    }
    return NULL;
}

/* 1 a request was answered, 0 more is needed, -1 nonsense. */
static int take_request(conn *c)
{
    c->in[c->in_len] = '\0';
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end)
        return c->in_len == REQUEST_MAX ? -1 : 0;
    end[2] = '\0';
    char *length = header(c->in, "content-length");
    size_t body_len = length ? strtoul(length, NULL, 10) : 0, head_len = (size_t)(end - c->in) + 4;
    if (body_len > REQUEST_MAX - head_len)
        return -1;
    if (c->in_len < head_len + body_len) {
        end[2] = '\r';
        return 0;
    }
    request r = { .body = end + 4, .body_len = body_len };
    char *cookie = header(c->in, "cookie"), *token = header(c->in, "x-api-token"), *stop;
    if (cookie && (stop = strstr(cookie, "\r\n")))
        *stop = '\0';
    if (token && (stop = strstr(token, "\r\n")))
        *stop = '\0';
    r.cookie = cookie;
    r.query = token;
    char *path = strchr(c->in, ' '), *tail = path ? strchr(path + 1, ' ') : NULL;
    if (!tail)
        return -1;
    *path = *tail = '\0';
    r.method = c->in;
    r.path = path + 1;
    char after = c->in[head_len + body_len];
    c->in[head_len + body_len] = '\0';
    answer(c, &r);
    c->in[head_len + body_len] = after;
    c->in_len -= head_len + body_len;
    memmove(c->in, c->in + head_len + body_len, c->in_len);
    return 1;
}

/* --- connections --- */

static void drop(conn *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    free(c->out);
    free(c);
}

static void want(int ep, conn *c, bool writing)
{
    if (c->writing == writing)
        return;
    struct epoll_event ev = { .events = writing ? EPOLLOUT : EPOLLIN, .data.ptr = c };
    c->writing = writing;
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Whether the connection lives on after an operation that could not finish. */
static bool wait_more(int ep, conn *c, int result)
{
    int why = SSL_get_error(c->ssl, result);
    ERR_clear_error();
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        return false;
    want(ep, c, why == SSL_ERROR_WANT_WRITE);
    return true;
}

/* 1 all is sent, 0 later, -1 the connection is over. */
static int flush(int ep, conn *c)
{
    while (c->out_done < c->out_len) {
        int n = SSL_write(c->ssl, c->out + c->out_done, (int)(c->out_len - c->out_done));
        if (n <= 0)
            return wait_more(ep, c, n) ? 0 : -1;
        c->out_done += (size_t)n;
    }
    c->out_len = c->out_done = 0;
    return 1;
}

/* Does what can be done without waiting; false when the connection is over. */
static bool step(int ep, conn *c)
{
    if (!c->shaken) {
        int n = SSL_accept(c->ssl);
        if (n != 1)
            return wait_more(ep, c, n);
        c->shaken = true;
    }
    for (;;) {
        int sent = flush(ep, c);
        if (sent <= 0)
            return sent == 0;
        int got = take_request(c);
        if (got < 0)
            return false;
        if (got > 0)
            continue;
        int n = SSL_read(c->ssl, c->in + c->in_len, (int)(REQUEST_MAX - c->in_len));
        if (n <= 0)
            return wait_more(ep, c, n);
        c->in_len += (size_t)n;
    }
}

static void accept_all(int ep, int listener, SSL_CTX *ctx)
{
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        conn *c = must(calloc(1, sizeof *c));
        c->fd = fd;
        c->out = must(malloc(REPLY_MAX));
        c->ssl = must(SSL_new(ctx));
        SSL_set_fd(c->ssl, fd);
        SSL_set_accept_state(c->ssl);
        struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
            drop(c);
    }
}

static void loop(int listener, SSL_CTX *ctx)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL }, events[64];
    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
        die("epoll");
    while (!ending) {
        int n = epoll_wait(ep, events, 64, -1);
        for (int i = 0; i < n; i++) {
            conn *c = events[i].data.ptr;
            if (!c)
                accept_all(ep, listener, ctx);
            else if (!step(ep, c))
                drop(c);
        }
    }
}

/* --- start --- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl, (void)arg;
    int found = SSL_select_next_proto((unsigned char **)(uintptr_t)out, len, ours, sizeof ours - 1, in, in_len);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *make_context(const char *cert, const char *key)
{
    SSL_CTX *ctx = must(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 || SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    return ctx;
}

static int make_listener(const char *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof addr;
    addr.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) || bind(fd, (struct sockaddr *)&addr, len) ||
        listen(fd, CONN_MAX) || getsockname(fd, (struct sockaddr *)&addr, &len))
        die("listen");
    printf("{\"port\": %u, \"elements\": [%u, %u, %u]}\n", (unsigned)ntohs(addr.sin_port), elements(&login_page),
           elements(&code_page), elements(&home_page));
    fflush(stdout);
    return fd;
}

static void on_signal(int number)
{
    (void)number;
    ending = 1;
}

int main(int argc, char **argv)
{
    size_t share = 60;
    if (argc > 4)
        share = strtoul(argv[4], NULL, 10);
    if (argc < 3 || argc > 5 || share > 80) {
        fprintf(stderr, "usage: portal CERT.pem KEY.pem [PORT [SHARE]], SHARE at most 80\n");
        return 2;
    }
    struct sigaction end = { .sa_handler = on_signal }; /* no SA_RESTART: the wait must end */
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    if (RAND_bytes((unsigned char *)&secret, sizeof secret) != 1)
        die("random");
    make_pages(&login_page, &code_page, &home_page, share);
    SSL_CTX *ctx = make_context(argv[1], argv[2]);
    int listener = make_listener(argc > 3 ? argv[3] : "0");
    loop(listener, ctx);
    close(listener);
    SSL_CTX_free(ctx);
    free(login_page.text);
    free(code_page.text);
    free(home_page.text);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"served\": %lu, \"refused\": %lu, \"cpu_ms\": %.1f}\n", served, refused,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3);
    return 0;
}
