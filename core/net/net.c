/* net.c - what all clients of a process share (layer net) */
#include "base/err.h"
#include "net/net_own.h"
#include "net/tls.h"
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void *ssl_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mk_malloc(size);
}

static void *ssl_realloc(void *ptr, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size)
        return mk_realloc(ptr, size);
    mk_free(ptr);
    return NULL;
}

static void ssl_free(void *ptr, const char *file, int line)
{
    (void)file, (void)line;
    mk_free(ptr);
}

int mk_net_init(void)
{
    /* Refused if OpenSSL has allocated already; then its buffers are only as clean as it leaves them. */
    CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free);
    /* CURLOPT_NOSIGNAL keeps curl from doing so around each write. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0)
        return MK_EIO;
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, mk_malloc, mk_free, mk_realloc, mk_strdup, mk_calloc) == CURLE_OK
               ? MK_OK
               : MK_ENOMEM;
}

void mk_net_exit(void)
{
    curl_global_cleanup();
}

int mk_net_certificates(mk_net *net)
{
    if (net->store)
        return MK_OK;
    return net->cacert ? mk_tls_load(&net->store, net->cacert) : mk_tls_load_system(&net->store);
}

static int proxy_part(CURLU *url, CURLUPart part, char **out)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return MK_EINVAL;
    size_t skip = text[0] == '[', len = strlen(text);
    *out = mk_memdup(text + skip, len - 2 * skip);
    curl_free(text);
    return *out ? MK_OK : MK_ENOMEM;
}

/* Host and port of the proxy, which is resolved here as everything is. socks5
 * and socks4 would have curl look up the target: they are refused. */
static int read_proxy(mk_net *net, const char *text)
{
    static const char *const kinds[] = {"http", "https", "socks5h", "socks4a"};
    char *scheme = NULL, *port = NULL;
    bool known = false;
    CURLU *url = curl_url();
    if (!url)
        return MK_ENOMEM;
    int err = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) ? MK_EINVAL : MK_OK;
    if (!err)
        err = proxy_part(url, CURLUPART_SCHEME, &scheme);
    for (size_t i = 0; !err && i < sizeof kinds / sizeof kinds[0]; i++)
        known = known || strcmp(kinds[i], scheme) == 0;
    if (!err)
        err = known ? proxy_part(url, CURLUPART_HOST, &net->proxy_host) : MK_EINVAL;
    if (!err) {
        net->proxy_port = strcmp(scheme, "https") == 0 ? 443 : 1080; /* curl's defaults */
        if (proxy_part(url, CURLUPART_PORT, &port) == MK_OK)
            net->proxy_port = (int)strtol(port, NULL, 10);
        net->proxy = mk_strdup(text);
        err = net->proxy ? MK_OK : MK_ENOMEM;
    }
    mk_free(scheme);
    mk_free(port);
    curl_url_cleanup(url);
    return err;
}

int mk_net_new(mk_net **out, uv_loop_t *loop, const mk_net_options *options)
{
    static const mk_net_options none = {0};
    const mk_net_options *o = options ? options : &none;
    mk_net *net = mk_calloc(1, sizeof *net);
    if (!net)
        return MK_ENOMEM;
    net->loop = loop;
    net->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : 10000;
    net->max_header_bytes = o->max_header_bytes ? o->max_header_bytes : 128 * 1024;
    int err = MK_OK;
    if (o->cacert) {
        net->cacert = mk_strdup(o->cacert);
        err = net->cacert ? mk_net_certificates(net) : MK_ENOMEM;
    }
    if (!err && o->proxy && o->proxy[0])
        err = read_proxy(net, o->proxy);
    if (err)
        mk_net_free(net);
    else
        *out = net;
    return err;
}

void mk_net_free(mk_net *net)
{
    if (!net)
        return;
    X509_STORE_free(net->store);
    mk_free(net->cacert);
    mk_free(net->proxy);
    mk_free(net->proxy_host);
    mk_free(net);
}
