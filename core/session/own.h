/* own.h - the inside of a session, for the files of session/ only (layer session) */
#ifndef MK_SESSION_OWN_H
#define MK_SESSION_OWN_H
#include "base/random.h"
#include "bind/bind.h"
#include "journal/journal.h"
#include "session/session.h"

/* Everything received: as many bytes as a session may receive, and room for answers and waits. */
enum { MK_JOURNAL_SPARE = 4 << 20 };

typedef struct mk_credential {
    char *name;
    mk_secret *value;
    bool secret;
} mk_credential;
struct mk_credentials {
    mk_credential *list;
    size_t count;
};

struct mk_engine {
    uv_loop_t *loop;
    mk_net *net;
    char *user_agent;
    char **allow_origins, **connect_to;
    mk_session_limits limits;
};

enum mk_phase { MK_PHASE_SIGN_IN, MK_PHASE_METERS, MK_PHASE_SIGN_OUT, MK_PHASE_OVER };
enum mk_wait { MK_WAIT_NONE, MK_WAIT_FETCH, MK_WAIT_SLEEP, MK_WAIT_PAUSE, MK_WAIT_ANSWER };

/* A timer of the loop that may outlive its session's memory by one turn. */
typedef struct mk_timer mk_timer;
mk_timer *mk_timer_new(uv_loop_t *loop, void (*fire)(mk_session *), mk_session *session);
void mk_timer_start(mk_timer *timer, int64_t ms);
void mk_timer_stop(mk_timer *timer);
void mk_timer_free(mk_timer *timer);

/* The question that is being asked, if open. */
typedef struct mk_ask {
    bool open, announced, plain, is_totp;
    json_t *challenge; /* contract section 6, or NULL */
    int tries_left, resends_left;
    int poll_requests; /* of the poll that runs */
    int64_t sent_ms, expires_ms;
    bool can_resend, can_switch;
    char handler[12];  /* of the script's that runs, or "" */
    mk_page *rejected; /* the page on which a rejection held, during verify */
    char *message;     /* the portal's own words of it */
} mk_ask;

/* Where a poll began: to forget it if it said nothing. */
typedef struct mk_poll_mark {
    size_t entries;
    mk_prng prng;
    mk_page *page;
    uint8_t cookies[32];
} mk_poll_mark;

struct mk_session {
    mk_host host; /* first: bindings see only this */
    mk_engine *engine;
    mk_driver driver;
    void *arg;
    mk_version *version;
    const mk_manifest *manifest;
    mk_credentials *credentials;
    json_t *keep; /* of before; at the end what s.keep holds */
    mk_transport transport;
    void *transport_arg;
    bool fixed_clock, human, turn_off;
    char mfa[12];      /* the override, or "" */
    char *user_agent;

    mk_journal *journal;
    mk_buf dropped;    /* the journal in bytes while the state is dropped */
    uint8_t seed[32];
    mk_prng prng;
    int64_t now_ms;    /* of the last thing that came from outside */
    int64_t start_ms;

    mk_policy *policy;
    mk_mask *mask;
    mk_mask *secrets;  /* the same without what is no secret: for what the customer reads */
    mk_mask *names;    /* credentials that are not secret: to see them leave */
    mk_script *script;
    lua_State *thread;
    mk_jar *jar;
    mk_client *client;

    enum mk_phase phase;
    enum mk_wait wait;
    bool running, resume_fresh, signed_in, cancelled;
    bool quiet;        /* what the script says now was said before it was parked */
    bool poll_due;     /* a dropped session came back because a poll is due */
    bool looking;      /* patterns and errors are evaluated */
    bool code_sent;    /* a code was sent, and the customer has said nothing since */
    json_t *meters;
    bool meters_none;

    mk_call *call;
    mk_fetch *fetch;
    bool hop_poll, intent_wait, intent_done;
    int64_t hop_started_ms;
    mk_page *page;     /* the last one */
    mk_url base;

    mk_ask ask;
    mk_poll_mark mark;
    int64_t totp_step; /* last time step used */
    int64_t sleep_ms;  /* of the sleep or pause that is under way */

    mk_timer *timer, *wall;
    int64_t wall_left_ms, wall_since_us;
    int requests, questions;
    size_t told; /* bytes of log and progress */
    size_t bytes;
    unsigned used;
    int64_t own_us, mono_start_us, cpu_before_us;
    unsigned long refused; /* allocations, when this turn began */
    mk_fault *fault;   /* why it ended */
};

/* session.c */
void mk_session_run(mk_session *session);       /* goes on for as long as nothing from outside is needed */
void mk_session_end_with(mk_session *session, mk_fault *fault); /* from outside a script: takes fault over */
int64_t mk_session_clock(const mk_session *session); /* the real time, or the case's */
void mk_session_wall(mk_session *session, bool on);
bool mk_session_setup(mk_session *session);    /* script, jar, policy, client: as at the beginning */
void mk_session_teardown(mk_session *session); /* the same away */
int64_t mk_session_enter(mk_session *session); /* around every turn of ours */
/* Cancelled, or out of memory since this turn began: what was made since may be half made. The session is
 * ended then, before it sends, asks or tells anything; true if so. */
bool mk_session_must_end(mk_session *session);
bool mk_session_silent(const mk_session *session); /* log, progress, notes: replaying, or up to where it was parked */
void mk_session_leave(mk_session *session, int64_t since);

/* Everything of a session but script and journal; takes credentials and keep over. NULL: out of memory. */
mk_session *mk_session_make(mk_engine *engine, const mk_session_input *input, mk_credentials *credentials, json_t *keep,
                            const mk_driver *driver, void *arg);
void mk_session_policy(mk_session *session);     /* relay or turn_off, from manifest and override */
bool mk_session_read_start(mk_session *session); /* the first entry of a loaded journal */
void mk_session_kick(mk_session *session);       /* the first turn comes from the loop */
/* park.c: brings a dropped session back, with the answer, or without one because a poll is due. */
int mk_session_revive(mk_session *session, const json_t *answer);

/* phase.c: the script's own functions on its thread. */
int mk_phase_main(lua_State *L);
void mk_phase_read_keep(mk_session *session);

/* exchange.c */
void mk_exchange_host(mk_host *host);
void mk_exchange_begin(mk_session *session); /* the call is set; may complete it at once */
void mk_exchange_cancel(mk_session *session);

/* judge.c */
void mk_judge_page(mk_session *session, mk_call *call);
mk_fault *mk_judge_unexpected(mk_host *host, mk_page *page, mk_fault *fault);
const char *mk_wall_name(mk_page *page); /* wall.c: the captcha or bot wall that a page is, or NULL */

/* ask.c and asked.c */
void mk_ask_host(mk_host *host);
void mk_ask_begin(mk_session *session);   /* MK_WAIT_ANSWER or MK_WAIT_PAUSE */
void mk_ask_clear(mk_session *session);
void mk_ask_timer(mk_session *session);   /* the session's timer fired while asking */
void mk_ask_apply(mk_session *session, const json_t *answer);
void mk_poll_forget(mk_session *session);
mk_fault *mk_must_be_off(mk_session *session);
bool mk_totp_code(const mk_credentials *credentials, int64_t step, char code[8]);
bool mk_totp_stored(const mk_credentials *credentials);

/* clock.c: time, waits, randomness through the journal */
void mk_clock_host(mk_host *host);
void mk_clock_begin(mk_session *session); /* MK_WAIT_SLEEP */
void mk_clock_timer(mk_session *session);

/* entry.c: reading and writing entries with their time */
/* True, and the session over as engine.replay_diverged, if what was parked or dropped is not yet asked again: till then
 * nothing new may be sent or written. */
bool mk_entry_astray(mk_session *s);
int mk_entry_write(mk_session *s, enum mk_entry_kind kind, const uint8_t *print, const void *data, size_t len);
/* Reads the next entry; on a difference ends the session engine.replay_diverged and gives false. */
bool mk_entry_read(mk_session *s, enum mk_entry_kind kind, const uint8_t *print, mk_bytes *data);

/* meters.c: NULL, or a fault with the path of what is wrong (out of memory: see mk_session_must_end). Fills defaults in. */
mk_fault *mk_meters_check(json_t *meters, bool none, const mk_manifest *manifest);

/* credentials.c */
mk_credentials *mk_credentials_copy(const mk_credentials *from);
int mk_credentials_save(const mk_credentials *credentials, mk_buf *out);
mk_credentials *mk_credentials_load(mk_bytes data);

/* outcome.c */
void mk_outcome_mask(mk_session *session, mk_fault *fault);
/* The first bytes of text, masked, at a character's end. NULL: out of memory. */
char *mk_outcome_excerpt(const mk_mask *mask, const char *text, size_t len, size_t most);
json_t *mk_outcome_masked(const mk_mask *mask, json_t *value); /* takes value over; gives null rather than what cannot be masked */
#endif
