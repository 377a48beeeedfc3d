/* http.h - one request and its response, as data (layer net) */
#ifndef MK_HTTP_H
#define MK_HTTP_H
#include "base/buf.h"
#include "base/headers.h"
#include <stdbool.h>
#include <stdint.h>

/* What goes out in one hop. Owned by whoever made it. */
typedef struct mk_request {
    char *method; /* upper case token */
    char *url;    /* absolute, without fragment */
    mk_headers headers; /* everything that is sent except Host, Content-Length, Accept-Encoding and what HTTP/2 adds */
    char *body;   /* NULL: none */
    size_t body_len;
    bool secret;  /* headers or body hold bytes of a credential or an answer */
    long timeout_ms;
} mk_request;
void mk_request_free(mk_request *request); /* what it holds; wiped */
/* Whether it may be sent again without harm: GET and HEAD only. */
bool mk_request_repeatable(const mk_request *request);

/* What came back, or why nothing did. */
typedef struct mk_response {
    const char *fault; /* NULL, or "net.dns" "net.connect" "net.tls" "net.timeout" "net.reset" "net.proxy"
                        * "policy.budget" "policy.host_denied" "engine.interrupted" "adapter.parse"; static */
    char detail[200];  /* for people, with fault */
    int status;        /* 0 with a fault */
    int version;       /* 10, 11, 20 */
    mk_headers headers;
    mk_buf body;       /* decompressed */
    char address[64];  /* connected to, "" in a replay */
    /* microseconds since the start of the hop: name, connect, tls, first byte, all; -1 unknown */
    int64_t t_dns, t_connect, t_tls, t_first, t_all;
    bool reused;       /* an open connection was used again */
    bool sent;         /* with a fault too: some byte of the request may have left */
} mk_response;
void mk_response_init(mk_response *response, size_t max_body);
void mk_response_free(mk_response *response);
/* To and from a journal entry (everything but the times). MK_OK, MK_ENOMEM, MK_ELIMIT; MK_EPARSE. */
int mk_response_save(const mk_response *response, mk_buf *out);
int mk_response_load(mk_response *response, const void *data, size_t len, size_t max_body);
#endif
