/* portal.c - a little scripted server on loopback, in a child process (tests) */
#include "support/portal.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct peer {
    int fd;
    SSL *ssl; /* NULL: plain */
    volatile portal_counts *counts;
} peer;

static char cert_path[64], key_path[64];

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "portal: %s failed\n", what);
        abort();
    }
}

static FILE *temp(char path[64])
{
    snprintf(path, 64, "/tmp/meterkey-portal-XXXXXX");
    int fd = mkstemp(path);
    must(fd >= 0, "mkstemp");
    return fdopen(fd, "w");
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    must(key && cert, "key");
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"portal.test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:portal.test");
    must(san != NULL, "extension");
    X509_add_ext(cert, san, -1);
    X509_EXTENSION_free(san);
    must(X509_sign(cert, key, EVP_sha256()) > 0, "sign");
    FILE *f = temp(cert_path);
    PEM_write_X509(f, cert);
    fclose(f);
    f = temp(key_path);
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
}

const char *portal_certificate(void)
{
    if (!cert_path[0])
        make_certificate();
    return cert_path;
}

const char *portal_key(void)
{
    portal_certificate();
    return key_path;
}

void portal_forget_certificate(void)
{
    if (!cert_path[0])
        return;
    unlink(cert_path);
    unlink(key_path);
    cert_path[0] = '\0';
}

static int get(peer *p, char *data, int len)
{
    return p->ssl ? SSL_read(p->ssl, data, len) : (int)read(p->fd, data, (size_t)len);
}

static bool put(peer *p, const char *data, size_t len)
{
    if (!len)
        return true;
    return p->ssl ? SSL_write(p->ssl, data, (int)len) > 0 : write(p->fd, data, len) == (ssize_t)len;
}

static bool puts_all(peer *p, const char *text)
{
    return put(p, text, strlen(text));
}

static void wait_for_end(peer *p)
{
    char rest[1024];
    while (get(p, rest, sizeof rest) > 0) {
    }
}

/* One whole request, head and body, NUL-terminated; 0 at the end. */
static size_t read_request(peer *p, char *text, size_t cap)
{
    size_t len = 0;
    for (;;) {
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *body = strcasestr(text, "\r\ncontent-length:");
        size_t want = end && body && body < end ? (size_t)strtol(body + 17, NULL, 10) : 0;
        if (end && len >= (size_t)(end - text) + 4 + want)
            return len;
        int n = len + 1 < cap ? get(p, text + len, (int)(cap - len - 1)) : 0;
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
}

static bool answer(peer *p, const char *fields, const char *body, size_t len)
{
    char head[300];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", fields, len);
    return puts_all(p, head) && put(p, body, len);
}

static bool fill(peer *p, const char *head, const char *line, int times)
{
    bool ok = puts_all(p, head);
    for (int i = 0; ok && i != times; i++)
        ok = puts_all(p, line);
    return ok;
}

static bool zipped(peer *p)
{
    /* 100,000 zero bytes */
    static const char zip[] = {
#include "support/zeros.inc"
    };
    return answer(p, "Content-Encoding: gzip\r\n", zip, sizeof zip);
}

static void reset(peer *p)
{
    struct linger now = {1, 0};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(p->fd);
}

/* False: this connection is over. */
static bool serve(peer *p, const char *text, const char *path, bool *deaf)
{
    if (*deaf)
        return false;
    if (strcmp(path, "/ok") == 0)
        return puts_all(p, PORTAL_ANSWER);
    if (strcmp(path, "/once") == 0)
        return *deaf = true, puts_all(p, PORTAL_ANSWER);
    if (strcmp(path, "/echo") == 0)
        return answer(p, "Content-Type: text/plain\r\n", text, strlen(text));
    if (strncmp(path, "/die/", 5) == 0)
        return put(p, PORTAL_ANSWER, (size_t)strtol(path + 5, NULL, 10)), false;
    if (strcmp(path, "/rst") == 0)
        return reset(p), false;
    if (strcmp(path, "/silent") == 0)
        return wait_for_end(p), false;
    if (strcmp(path, "/endless") == 0)
        return fill(p, "HTTP/1.1 200 OK\r\n\r\n", "0123456789", -1), false;
    if (strcmp(path, "/bigheader") == 0)
        return fill(p, "HTTP/1.1 200 OK\r\n", "X: 0123456789\r\n", -1), false;
    if (strcmp(path, "/manyheaders") == 0)
        return fill(p, "HTTP/1.1 200 OK\r\n", "X: y\r\n", 600) && puts_all(p, "Content-Length: 0\r\n\r\n");
    if (strcmp(path, "/bomb") == 0)
        return zipped(p);
    if (strcmp(path, "/badzip") == 0)
        return answer(p, "Content-Encoding: gzip\r\n", "hello", 5);
    if (strcmp(path, "/1xx") == 0)
        return puts_all(p, "HTTP/1.1 103 Early Hints\r\nEarly: 1\r\n\r\n") && answer(p, "Late: 2\r\n and 3\r\n", "", 0);
    return puts_all(p, "garbage\r\n\r\n"), false;
}

static void converse(peer *p)
{
    static char text[64 * 1024];
    char method[16], path[200];
    bool deaf = false;
    while (read_request(p, text, sizeof text) && sscanf(text, "%15s %199s", method, path) == 2) {
        __atomic_add_fetch(&p->counts->requests, 1, __ATOMIC_SEQ_CST);
        if (strcmp(method, "POST") == 0)
            __atomic_add_fetch(&p->counts->posts, 1, __ATOMIC_SEQ_CST);
        if (!serve(p, text, path, &deaf))
            return;
    }
}

static void on_connection(int fd, SSL_CTX *ctx, volatile portal_counts *counts)
{
    peer p = {fd, NULL, counts};
    __atomic_add_fetch(&counts->connections, 1, __ATOMIC_SEQ_CST);
    if (ctx) {
        p.ssl = SSL_new(ctx);
        SSL_set_fd(p.ssl, fd);
        if (SSL_accept(p.ssl) != 1)
            _exit(0);
    }
    converse(&p);
    _exit(0);
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    must(ctx && SSL_CTX_use_certificate_file(ctx, portal_certificate(), SSL_FILETYPE_PEM) == 1 &&
             SSL_CTX_use_PrivateKey_file(ctx, portal_key(), SSL_FILETYPE_PEM) == 1,
         "server context");
    return ctx;
}

static void run(int listener, SSL_CTX *ctx, volatile portal_counts *counts)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* children are reaped by the kernel */
    sigaction(SIGCHLD, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            on_connection(fd, ctx, counts);
        }
        close(fd);
    }
}

void portal_start(portal *p, bool tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 64) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &len) == 0,
         "listen");
    p->port = ntohs(address.sin_port);
    p->counts = mmap(NULL, sizeof *p->counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(p->counts != MAP_FAILED, "mmap");
    SSL_CTX *ctx = tls ? server_context() : NULL;
    p->pid = fork();
    must(p->pid >= 0, "fork");
    if (p->pid == 0)
        run(listener, ctx, p->counts);
    close(listener);
    SSL_CTX_free(ctx);
}

void portal_stop(portal *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap((void *)p->counts, sizeof *p->counts);
}
