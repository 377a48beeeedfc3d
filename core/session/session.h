/* session.h - one run of an adapter for one customer (layer session)
 *
 * Design decision 9: version, credentials, journal and answers in; intents on the way; journal and a
 * challenge, meters or a typed error out. Knows no terminal, no store and no server: a driver stands for
 * them. Many sessions share one engine and its loop. Everything happens on the loop's thread. */
#ifndef MK_SESSION_H
#define MK_SESSION_H
#include "base/fault.h"
#include "net/client.h"
#include "parse/page.h"
#include "script/version.h"
#include "vault/mask.h"
#include "vault/secret.h"

/* Defaults: design.md section 7. A zero means the default. */
typedef struct mk_session_limits {
    mk_script_limits script;
    size_t response_bytes; /* one response, decompressed: 8 MiB */
    size_t session_bytes;  /* all responses: 64 MiB */
    int requests;          /* without polls and redirects: 200 */
    int redirects;         /* 10 */
    int64_t wall_ms;       /* without waiting for answers: 180,000 */
    int64_t challenge_ms;  /* at most, whatever a pattern says: 900,000 */
    int tries;             /* of one challenge: 3 */
    int64_t resend_ms;     /* between two sends: 30,000 */
    int resends;           /* 3 */
    int64_t poll_ms;       /* the least between two polls: 1,000 */
    int64_t sign_out_ms;   /* 5,000 */
} mk_session_limits;
extern const mk_session_limits mk_session_defaults;
/* Sets one by name ("requests", "wall_ms", "script.burst_us" ...): MK_OK, MK_ENOENT (no such name), MK_EPARSE. */
int mk_session_limit_set(mk_session_limits *limits, const char *name, const char *value);
/* The i-th name and its value, NULL past the end. */
const char *mk_session_limit_at(const mk_session_limits *limits, size_t i, int64_t *value);

typedef struct mk_engine mk_engine; /* one a process: loop, network, settings */
typedef struct mk_engine_options {
    mk_net_options net;
    const char *user_agent;           /* NULL: "Meterkey/<version> (+url)" */
    const char *const *allow_origins; /* NULL-terminated, or NULL */
    const char *const *connect_to;    /* "HOST:PORT:HOST2:PORT2", NULL-terminated, or NULL */
    mk_session_limits limits;
} mk_engine_options;
/* Copies options. MK_OK, MK_ENOMEM, MK_EPARSE and MK_ENOENT as mk_net_new, mk_policy_*; why says which. */
int mk_engine_new(mk_engine **out, uv_loop_t *loop, const mk_engine_options *options, char *why, size_t cap);
void mk_engine_free(mk_engine *engine); /* all sessions are freed before */
uv_loop_t *mk_engine_loop(mk_engine *engine);

/* Credentials as the customer typed them. */
typedef struct mk_credentials mk_credentials;
/* From a JSON object {"username": "...", "password": "..."}, checked against the manifest: present, strings, at most 512
 * bytes; unknown names are refused (totp_secret is always allowed). MK_OK; MK_EPARSE with why; MK_ENOMEM. */
int mk_credentials_read(mk_credentials **out, const json_t *object, const mk_manifest *manifest, char *why, size_t cap);
void mk_credentials_free(mk_credentials *credentials);

typedef struct mk_session mk_session;

enum mk_intent { MK_INTENT_OTHER = 0, MK_INTENT_CREDENTIALS = 1, MK_INTENT_ANSWER = 2 }; /* bits */

typedef struct mk_session_end {
    json_t *meters;        /* list, or NULL: then */
    const mk_fault *fault; /* masked already */
    json_t *keep;          /* what s.keep holds now, or NULL if it was never touched; holds secrets */
    int requests;
    int64_t elapsed_ms, cpu_us;
    unsigned used;         /* mk_intent bits that may have left us, since the start */
    bool signed_in;        /* sign_in returned: what the portal wanted to know it knows */
} mk_session_end;

/* A hop that was sent (or replayed), as it was: not masked. For traces, reports and cases. */
typedef struct mk_hop {
    const mk_request *request;
    const mk_response *response; /* before its body is taken */
    int64_t started_ms;          /* since the epoch */
    bool replayed, poll;
    const char *where;           /* file:line that asked */
} mk_hop;

/* What a session tells whoever drives it. All may be NULL but end and challenge. Callbacks may call mk_session_answer,
 * mk_session_park, mk_session_intent_done and mk_session_cancel, never mk_session_free. */
typedef struct mk_driver {
    /* About to send what a request other than GET and HEAD carries (bits; answer_id: of the challenge). Once it is
     * committed: mk_session_intent_done. NULL: committed at once. */
    void (*intent)(void *arg, mk_session *session, unsigned intent, const char *challenge_id);
    /* A question for the customer (contract section 6's object, borrowed): answer, park, or let it expire. again: rejected before;
     * the message is in it then. */
    void (*challenge)(void *arg, mk_session *session, const json_t *challenge, bool again);
    void (*progress)(void *arg, mk_session *session, const char *text);
    void (*log)(void *arg, mk_session *session, int level, const char *text);
    void (*hop)(void *arg, mk_session *session, const mk_hop *hop);
    /* A final page: explain is [{"entry","code" or "kind","predicates":[...],"holds"}] of all rules tried, NULL while patterns are not looked at. */
    void (*page)(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where);
    /* selector, form, match, ask, answer ...: see bind/host.h note. */
    void (*note)(void *arg, mk_session *session, const char *kind, const json_t *data);
    /* It is over: free it later, not from here. */
    void (*end)(void *arg, mk_session *session, const mk_session_end *end);
} mk_driver;

/* Where responses come from instead of the network, for `test` and cases: called for each hop; fills response (with a fault
 * if there is none). The session goes on at once. */
typedef void (*mk_transport)(void *arg, const mk_request *request, mk_response *response);

typedef struct mk_session_input {
    const mk_version *version;         /* a reference is taken */
    const mk_credentials *credentials; /* copied */
    const json_t *keep;                /* of an earlier run, or NULL */
    const char *mfa;                   /* "relay", "turn_off", or NULL: as the manifest says */
    bool human;                        /* somebody can answer */
    mk_transport transport;            /* NULL: the network */
    void *transport_arg;
    const uint8_t *seed;               /* 32 bytes, for cases; NULL: random */
    int64_t now_ms;                    /* for cases: the clock stands here at first; 0: the real clock */
} mk_session_input;

/* Starts from the beginning; the first callback comes from the loop. MK_OK, MK_ENOMEM, MK_EINVAL. */
int mk_session_start(mk_session **out, mk_engine *engine, const mk_session_input *input, const mk_driver *driver, void *arg);
/* Goes on from what mk_session_park gave. version must be the one it says (mk_session_parked_version). The rest as in input: credentials
 * and keep come from the parked bytes and are ignored. MK_OK, MK_EPARSE, MK_EVERSION, MK_ENOMEM. */
int mk_session_resume(mk_session **out, mk_engine *engine, const mk_session_input *input, const void *parked, size_t len,
                      const mk_driver *driver, void *arg);
void mk_session_free(mk_session *session); /* at any time but from its callbacks; ends without a word */

/* The answer to the challenge with that id: "424242", {"choice": id}, {"fields": {...}}, {"resend": true}, {"cancel": true}, true; forms as
 * contract section 6. MK_OK; MK_ECLOSED (that challenge is over, or nobody asked); MK_EINVAL (not an answer to this kind; why says
 * what would be); MK_EPOLICY (a resend too early or too often; why). The question stands after a refusal. */
int mk_session_answer(mk_session *session, const char *challenge_id, const json_t *answer, char *why, size_t cap);
/* While a challenge waits: everything needed to go on later in any process, appended to out (not sealed: whoever
 * keeps it seals it). The session stays; free it. MK_OK, MK_ECLOSED (no challenge waits), MK_ENOMEM, MK_ELIMIT. */
int mk_session_park(mk_session *session, mk_buf *out);
/* Drops the Lua state and connections of a waiting session to save memory; the answer brings it back by replay. MK_OK, MK_ECLOSED, MK_ENOMEM. */
int mk_session_drop(mk_session *session);
/* The version inside parked bytes, new reference in *out. MK_OK, MK_EPARSE, MK_EVERSION, MK_ENOMEM. */
int mk_session_parked_version(mk_version **out, const void *parked, size_t len);
void mk_session_intent_done(mk_session *session);
void mk_session_cancel(mk_session *session); /* ends engine.cancelled */

/* The challenge that waits (borrowed), or NULL. */
const json_t *mk_session_challenge(const mk_session *session);
const mk_mask *mk_session_mask(const mk_session *session); /* of all its secrets: for whatever leaves */
const mk_version *mk_session_version(const mk_session *session);
int64_t mk_session_own_us(const mk_session *session); /* time spent by us (not waiting) since the start, wall clock */
size_t mk_session_memory(const mk_session *session);  /* bytes of Lua and C now held */

/* After a crash, contract section 9.3: what was committed tells. True: nothing was used, start over. False: *fault is engine.interrupted
 * with words for the customer (mk_fault_free). */
bool mk_session_recover(unsigned used, mk_fault **fault);

/* contract section 6: {"utility","version","meters",...} or {..., "error": {...}} or {..., "challenge": {...}}. New references. */
json_t *mk_session_end_json(const mk_version *version, const mk_session_end *end);
json_t *mk_session_challenge_json(const mk_version *version, const json_t *challenge);
#endif
