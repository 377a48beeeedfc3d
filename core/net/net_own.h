/* net_own.h - what the files of the client share (layer net, private to it) */
#ifndef MK_NET_OWN_H
#define MK_NET_OWN_H
#include "base/mem.h"
#include "net/client.h"
#include "net/resolve.h"
#include <curl/curl.h>
#include <openssl/x509_vfy.h>

struct mk_net {
    uv_loop_t *loop;
    char *cacert, *proxy; /* NULL: none */
    char *proxy_host;     /* without brackets */
    int proxy_port;
    long connect_timeout_ms;
    size_t max_header_bytes;
    X509_STORE *store; /* loaded at the first https request */
};

/* MK_OK with net->store there. */
int mk_net_certificates(mk_net *net);

/* A curl socket on the loop. Freed by its close callback. */
typedef struct mk_sock mk_sock;
/* The one timer: freed by its close callback too, so it outlives the client. */
typedef struct mk_tick {
    uv_timer_t handle;
    mk_client *client; /* NULL: closing */
} mk_tick;

typedef struct mk_pin {
    char *host; /* what is connected to */
    int port;
    struct curl_slist *line; /* for CURLOPT_RESOLVE */
    struct mk_pin *next;
} mk_pin;

enum mk_client_state { MK_CLIENT_IDLE, MK_CLIENT_RESOLVING, MK_CLIENT_SENDING, MK_CLIENT_OVER };

struct mk_client {
    mk_net *net;
    const mk_policy *policy;
    CURLM *multi; /* NULL: closed */
    mk_tick *tick;
    mk_sock *socks;
    mk_pin *pins;

    /* of the request under way */
    enum mk_client_state state;
    const mk_request *request;
    struct mk_letter *letter; /* NULL: a request as any; else a mail, letter.h */
    mk_client_done done;
    void *arg;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    mk_resolve *resolve;
    mk_grant grant;
    mk_url url;
    char target[256]; /* host that is looked up and connected to */
    int target_port;
    mk_response response;
    int64_t started_us, resolved_us;
    size_t header_bytes;
    bool headers_over; /* what follows are trailers */
    bool prereq;       /* the request began to leave */
    const char *own;   /* a fault that a callback of ours decided on */
    char error[CURL_ERROR_SIZE];
};

/* poll.c: the multi handle on the loop. */
int mk_poll_open(mk_client *client); /* multi and timer, if they are not there. MK_OK, MK_ENOMEM */
void mk_poll_close(mk_client *client); /* the multi and its sockets; the timer stays */
void mk_poll_after(mk_client *client, uint64_t ms); /* mk_client_timer then */
void mk_poll_release(mk_client *client); /* the timer */
int mk_poll_close_socket(void *client, curl_socket_t fd); /* CURLOPT_CLOSESOCKETFUNCTION */
/* client.c: called after each turn of curl, with what it said. */
void mk_client_drain(mk_client *client, CURLMcode turn);
void mk_client_timer(mk_client *client);

/* easy.c: one transfer. MK_OK, MK_ENOMEM. */
int mk_easy_new(mk_client *client, long timeout_ms);
void mk_easy_free(mk_client *client);
/* outcome.c: what curl's result means. */
void mk_outcome_set(mk_client *client, CURLcode code);
void mk_outcome_fault(mk_client *client, const char *fault, const char *detail);
#endif
