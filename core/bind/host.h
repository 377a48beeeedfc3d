/* host.h - what bindings ask of whoever runs the script (layer bind)
 *
 * The session implements it (replaying or live); so does, without a journal, the blocking host of the
 * rock for plain Lua. Bindings never reach the network, the clock or a random source but through it. */
#ifndef MK_BIND_HOST_H
#define MK_BIND_HOST_H
#include "base/fault.h"
#include "net/fetch.h"
#include "parse/page.h"
#include "vault/secret.h"
#include <lua.h>

enum mk_role { MK_ROLE_CREDENTIAL = 1, MK_ROLE_ANSWER = 2, MK_ROLE_KEPT = 4, MK_ROLE_OTHER = 8 };

/* A request as a script asked for it, and what came of it. Lives in a userdata that the waiting
 * script holds; the host forgets it when done. */
typedef struct mk_call {
    char *method;
    mk_url url;
    mk_headers headers;
    char *body;
    size_t body_len;
    char *content_type;
    unsigned roles; /* mk_role bits of the secrets in body and headers */
    enum mk_redirect redirect;
    bool referer_set; /* referer is what the script said (has_referer false: none) */
    bool has_referer;
    mk_url referer;
    long timeout_ms;
    bool sends_code;
    bool aside;      /* of meterkey.http: not the session's last page, no patterns, no typed end */
    int accept[16];
    int accept_count; /* 0: any status */
    char where[128];  /* file:line that asked */
    /* the outcome: exactly one of page and fault */
    mk_page *page;
    json_t *challenge; /* of the MFA pattern that held, or NULL */
    mk_fault *fault;
    bool end;          /* the fault ends the session */
} mk_call;

typedef struct mk_host mk_host;
struct mk_host {
    bool blocking; /* waits return done, nothing yields */
    /* Begin a wait. When the script goes on, the outcome is in call, or in answer and event below. */
    void (*fetch)(mk_host *host, mk_call *call);
    void (*sleep)(mk_host *host, int64_t ms, bool silent); /* silent: of polling, not journaled */
    void (*ask_wait)(mk_host *host);
    /* At once. */
    mk_fault *(*now)(mk_host *host, int64_t *ms); /* journaled */
    void (*random)(mk_host *host, void *out, size_t len);
    void (*progress)(mk_host *host, const char *text, size_t len);
    void (*log)(mk_host *host, int level, const char *text, size_t len);
    bool (*replaying)(mk_host *host);
    const mk_url *(*base)(mk_host *host); /* what relative URLs resolve against */
    mk_jar *(*jar)(mk_host *host);
    int64_t (*jar_now)(mk_host *host); /* seconds, not journaled anew */
    /* What somebody who watches wants to know (kind: selector form match ask ...); takes data over. NULL: nobody watches. */
    void (*note)(mk_host *host, const char *kind, json_t *data);
    /* Asking. open takes challenge over (an object); gives a fault if it may not be asked. closing is told what became of it. */
    mk_fault *(*ask_open)(mk_host *host, json_t *challenge, const char *where);
    mk_fault *(*ask_judge)(mk_host *host, mk_page *page, bool *again); /* after verify: asked again, or over */
    mk_fault *(*ask_resent)(mk_host *host);
    void (*ask_handler)(mk_host *host, const char *name); /* "verify" "resend" "poll" "switch" begins; NULL: over */
    mk_fault *(*poll_done)(mk_host *host, bool again);    /* forgets a poll that said nothing */
    void (*ask_close)(mk_host *host);
    mk_fault *(*must_be_off)(mk_host *host);
    /* A secret that the portal showed (the value of a password control): masked from now on. NULL: nobody masks. */
    void (*learn)(mk_host *host, mk_secret *secret);
    mk_page *(*last_page)(mk_host *host); /* borrowed, or NULL */
    bool (*module)(mk_host *host, lua_State *L, const char *name); /* pushes the chunk of one of the version's modules */
    /* An element or page was not what was expected: what the engine makes of it (may say site.blocked instead). */
    mk_fault *(*unexpected)(mk_host *host, mk_page *page, mk_fault *fault);
    /* Set by the host when the wait of the same name is over. */
    json_t *answer;    /* owned by the host until the next wait */
    bool answer_plain; /* a choice: no secret */
    const char *event; /* "answer" "resend" "switch" "poll" */
    mk_fault *fault;   /* the wait ended the session or failed: taken by the binding */
    bool fault_ends;
};

/* The host of the state that L belongs to. */
mk_host *mk_host_of(lua_State *L);
void mk_call_clear(mk_call *call);
#endif
