/* client.h - sends one hop at a time for a session, on curl and libuv (layer net)
 *
 * The only part that includes curl. A client has its own multi handle, made at its first
 * request and closed by mk_client_close (parking), so connections are reused inside a session and
 * never across sessions (embedding-lua.md). Addresses are resolved and checked here and pinned.
 * No redirects, no cookies of curl's, no repeat of anything but GET and HEAD. */
#ifndef MK_CLIENT_H
#define MK_CLIENT_H
#include "net/http.h"
#include "net/policy.h"
#include <uv.h>

typedef struct mk_net mk_net; /* one a process or worker: loop, certificates, names */
typedef struct mk_net_options {
    const char *cacert;     /* a PEM file in place of the system's certificates, or NULL */
    const char *proxy;      /* or NULL: none, whatever the environment says. http, https, socks5h, socks4a */
    long connect_timeout_ms; /* 0: 10,000 */
    size_t max_header_bytes; /* 0: 128 KiB */
} mk_net_options;
/* Copies the options. loop must outlive it. MK_OK; MK_ENOENT (cacert), MK_EPARSE (cacert holds none), MK_EINVAL
 * (proxy), MK_ENOMEM. The
 * certificates are loaded once, at the first https request, and shared by all clients. */
int mk_net_new(mk_net **out, uv_loop_t *loop, const mk_net_options *options);
void mk_net_free(mk_net *net); /* all clients are freed before */

typedef struct mk_client mk_client;
mk_client *mk_client_new(mk_net *net, const mk_policy *policy); /* policy must outlive it. NULL: out of memory */
/* Called once from the loop, never from inside mk_client_send. response is the receiver's to free
 * (mk_response_free) and lives in the receiver's frame otherwise. */
typedef void (*mk_client_done)(void *arg, mk_response *response);
/* Sends; the client must be idle (one at a time). request must live until done. max_body: bytes after decompression, past
 * which it ends with policy.budget. A fault of the world arrives through done; MK_OK, MK_ENOMEM, MK_EINVAL (busy). */
int mk_client_send(mk_client *client, const mk_request *request, size_t max_body, mk_client_done done, void *arg);
/* Ends a request without calling done. Nothing if idle. */
void mk_client_cancel(mk_client *client);
/* Closes all connections; the next request opens them anew. */
void mk_client_close(mk_client *client);
void mk_client_free(mk_client *client); /* cancels; NULL is fine; loop handles close later by themselves */
/* Call once at start and end of the process, before anything else uses OpenSSL: its memory comes from base/mem.h
 * then, wiped when given back. Ignores SIGPIPE. MK_OK, MK_ENOMEM, MK_EIO. */
int mk_net_init(void);
void mk_net_exit(void);
#endif
