/* fetch.h - a whole request of a script: hops, redirects, cookies, referer (layer net)
 *
 * A state machine without I/O: it says which hop to send and is told what came back, so
 * that a replay goes through the very same steps. contract.md section 1 for redirects. */
#ifndef MK_FETCH_H
#define MK_FETCH_H
#include "net/http.h"
#include "net/jar.h"
#include "net/policy.h"

enum mk_redirect { MK_REDIRECT_FOLLOW, MK_REDIRECT_NONE, MK_REDIRECT_DECLARED };

typedef struct mk_fetch_input {
    const char *method;
    const mk_url *url;
    const mk_headers *headers; /* the script's own; secret ones are dropped when the origin changes, so is Authorization */
    const char *body; size_t body_len; /* NULL: none */
    const char *content_type;  /* NULL: none */
    bool secret;               /* the body holds a secret */
    enum mk_redirect redirect;
    const mk_url *referer;     /* NULL: none. Sent as browsers do by default: strict-origin-when-cross-origin */
    bool origin_header;        /* send Origin on requests other than GET and HEAD */
    const char *user_agent;
    long timeout_ms;
    int max_hops;              /* default 10 redirects */
} mk_fetch_input;

typedef struct mk_fetch mk_fetch;
enum mk_fetch_state {
    MK_FETCH_SEND, /* send mk_fetch_hop */
    MK_FETCH_DONE, /* mk_fetch_response and mk_fetch_url are the page */
    MK_FETCH_FAULT /* mk_fetch_fault */
};

/* Copies the input. policy and jar must outlive it. MK_OK or MK_ENOMEM; the first hop may already be a
 * fault (policy.host_denied, policy.secret_denied). */
int mk_fetch_new(mk_fetch **out, const mk_fetch_input *input, const mk_policy *policy, mk_jar *jar, int64_t now);
void mk_fetch_free(mk_fetch *fetch);
enum mk_fetch_state mk_fetch_state(const mk_fetch *fetch);
const mk_request *mk_fetch_hop(const mk_fetch *fetch); /* complete with Cookie, User-Agent, Referer, Origin, Accept … */
/* Takes over what the response holds (it is empty afterwards); stores its cookies; decides. now: seconds. */
enum mk_fetch_state mk_fetch_step(mk_fetch *fetch, mk_response *response, int64_t now);
/* At DONE: the last response, to be taken from (body stolen and so on); the final URL (with fragment). */
mk_response *mk_fetch_response(mk_fetch *fetch);
const mk_url *mk_fetch_url(const mk_fetch *fetch);
int mk_fetch_hops(const mk_fetch *fetch); /* sent so far */
/* At FAULT: the code ("policy.redirect_denied") and words for people. */
const char *mk_fetch_fault(const mk_fetch *fetch, const char **detail);
#endif
