/* sandbox_int.h - what the parts of DEMO's portal share (layer cli; for sandbox_*.c only) */
#ifndef MK_SANDBOX_INT_H
#define MK_SANDBOX_INT_H
#include "cli/sandbox.h"
#include "service/httpd.h"
#include <stdint.h>

/* --- scenarios (sandbox_scenarios.c) ----------------------------------- */

enum sb_outcome { /* what comes once the password is right (and the factor passed) */
    SB_SIGNED_IN, SB_BAD_LOGIN, SB_DOWN, SB_ERROR, SB_LOCKED, SB_EXPIRED, SB_ENROLL, SB_KEY_ONLY, SB_TERMS,
    SB_TERMS_ON_SITE, SB_CHANGED, SB_BOT_WALL, SB_RATE_LIMIT
};

enum sb_factor { SB_NONE, SB_CHOICE, SB_SMS, SB_EMAIL, SB_VOICE, SB_QUESTION, SB_QUESTIONS, SB_TOTP, SB_APPROVE };

enum sb_twist { /* what is odd about the factor */
    SB_PLAIN, SB_FIRST_REFUSED, SB_FIRST_EXPIRED, SB_LOCKS, SB_LOST, SB_SLOW, SB_SEND_LIMIT
};

typedef struct sb_scenario {
    const char *name;
    const char *what; /* happens, one sentence */
    const char *ends; /* "1 meter", or the code of the error */
    const char *hint; /* what to type or do, "" if nothing */
    enum sb_outcome outcome;
    enum sb_factor factor;
    enum sb_twist twist;
    int meters;
    bool after; /* the outcome only comes from the second run of one authorization on */
} sb_scenario;

const sb_scenario *mk_sb_scenario_at(size_t i); /* NULL past the end */
/* By user name: case ignored, "UAPI_TEST_" before and "-anything" after it too.
 * An unknown name is `residential`. Never NULL. */
const sb_scenario *mk_sb_scenario_of(const char *user);

/* --- state (sandbox_state.c) ------------------------------------------- */

enum { SB_TOKEN = 33, SB_USER = 65, SB_TEXT = 160, SB_TRIES = 3, SB_RESENDS = 3 };

enum sb_stage {
    SB_AT_LOGIN, SB_AT_CHOICE, SB_AT_CODE, SB_AT_QUESTION, SB_AT_TOTP, SB_AT_APPROVE, SB_AT_TERMS, SB_AT_HOME, SB_AT_END
};

typedef struct sb_visit { /* a browser session */
    struct sb_visit *next;
    char id[SB_TOKEN], csrf[SB_TOKEN];
    char user[SB_USER];
    const sb_scenario *scenario; /* NULL before the password was right */
    enum sb_stage stage;
    enum sb_factor medium; /* the code on its way: SB_SMS, SB_EMAIL, SB_VOICE */
    char code[7];
    int64_t code_until;
    int codes_sent, tries, step;
    bool remember;
    uint64_t approval;      /* the message that asks for it */
    const char *flash;      /* shown once, static text */
    const char *flash_kind; /* its id in the page */
    int64_t seen;
} sb_visit;

typedef struct sb_device { /* a browser that came before */
    struct sb_device *next;
    char token[SB_TOKEN], user[SB_USER];
    bool trusted;
} sb_device;

enum sb_decision { SB_NO_DECISION, SB_WAITING, SB_APPROVED, SB_DENIED };

typedef struct sb_message { /* on a customer's phone */
    struct sb_message *next;
    uint64_t id;
    char user[SB_USER];
    const char *kind; /* "text", "e-mail", "call", "approval" */
    char text[SB_TEXT];
    char code[7];
    char token[SB_TOKEN]; /* who may decide */
    enum sb_decision decision;
    int64_t at;
} sb_message;

typedef struct sb_window { /* the last authenticator code of a user, not taken again */
    struct sb_window *next;
    char user[SB_USER];
    int64_t counter;
} sb_window;

typedef struct sb_tally { /* what arrived for a user, good or not: a test sees that nothing came twice */
    struct sb_tally *next;
    char user[SB_USER];
    int passwords, answers;
} sb_tally;

typedef struct sb_late sb_late;

struct mk_sandbox {
    uv_loop_t *loop;
    mk_httpd *httpd;
    mk_sandbox_options options;
    sb_visit *visits;
    sb_device *devices;
    sb_message *messages; /* newest first */
    sb_window *windows;
    sb_tally *tallies;
    sb_late *late; /* answers that are put off */
    uint64_t last_id;
};

int64_t mk_sb_now(void); /* seconds since the epoch */
void mk_sb_token(char out[SB_TOKEN]);
bool mk_sb_same(const char *a, const char *b); /* in constant time for equal lengths; false if one is NULL */

/* The visit of that cookie, or NULL; one that is over is forgotten and *over set. */
sb_visit *mk_sb_visit_find(mk_sandbox *sandbox, const char *id, bool *over);
sb_visit *mk_sb_visit_new(mk_sandbox *sandbox); /* NULL: out of memory */
void mk_sb_visit_end(mk_sandbox *sandbox, sb_visit *visit);
/* The device of that cookie if it is this user's, or NULL. */
sb_device *mk_sb_device_find(mk_sandbox *sandbox, const char *token, const char *user);
sb_device *mk_sb_device_new(mk_sandbox *sandbox, const char *user);
/* Sends to the user's phone. NULL: out of memory. */
sb_message *mk_sb_send(mk_sandbox *sandbox, const char *user, const char *kind, const char *code, const char *text);
sb_message *mk_sb_message(mk_sandbox *sandbox, uint64_t id);
/* Takes an authenticator's code once: MK_OK, MK_EPARSE (wrong), MK_ESPENT (used), MK_ENOMEM. */
int mk_sb_totp_take(mk_sandbox *sandbox, const char *user, const char *code);
/* The user's, new if need be; NULL: out of memory. */
sb_tally *mk_sb_tally(mk_sandbox *sandbox, const char *user);
void mk_sb_forget(mk_sandbox *sandbox);

/* --- authenticator (sandbox_totp.c): RFC 6238, SHA-1, 6 digits, 30 s ---- */

extern const char mk_sb_totp_secret[]; /* base32, the same for all */
int mk_sb_totp_code(int64_t counter, char out[7]); /* MK_OK, MK_ECRYPTO */

/* --- pages (sandbox_html.c) -------------------------------------------- */

typedef struct sb_page {
    mk_buf buf;
    int err; /* the first one; then the rest does nothing */
} sb_page;

void mk_sb_page_begin(sb_page *page, const char *title, const char *css_class, int refresh);
void mk_sb_page_end(sb_page *page);
/* %s escaped, %r as it is, %d an int; nothing else. */
void mk_sb_put(sb_page *page, const char *format, ...);
/* Opens a form with its hidden fields. */
void mk_sb_form(sb_page *page, const sb_visit *visit, const char *id, const char *action);
/* Shows the visit's flash once, if it has one. */
void mk_sb_alert(sb_page *page, sb_visit *visit);
/* Ends the page and answers with it; frees it. */
void mk_sb_page_send(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, sb_page *page, int status);
void mk_sb_json_send(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, sb_page *page, int status);
/* A whole page that says one thing. */
void mk_sb_say(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, int status, const char *title, const char *id,
               const char *text);

/* --- requests (sandbox_server.c) --------------------------------------- */

void mk_sb_go(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, const char *path);
/* True if the form carries this visit's token and step; otherwise answers with an error page. */
bool mk_sb_form_ok(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit);
/* Answers now, or later if the visit's scenario is slow. */
void mk_sb_answer(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, int status, const char *type,
                  const mk_buf *body);

typedef void sb_handler(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit);
sb_handler mk_sb_index, mk_sb_phone, mk_sb_phone_json, mk_sb_phone_decide;             /* no visit needed */
sb_handler mk_sb_login_page, mk_sb_login, mk_sb_logout;                                /* sandbox_login.c */
sb_handler mk_sb_terms_page, mk_sb_terms;
sb_handler mk_sb_verify_page, mk_sb_verify, mk_sb_resend, mk_sb_other, mk_sb_approval; /* sandbox_verify.c */
sb_handler mk_sb_home, mk_sb_accounts, mk_sb_account;                                  /* sandbox_account.c */
/* The next page once the password is right: factor, terms or home (sandbox_login.c). */
void mk_sb_passed_password(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit, bool trusted);
void mk_sb_passed_factor(mk_sandbox *sandbox, mk_httpd_req *req, sb_visit *visit);
/* Puts the visit before its factor and sends what it sends (sandbox_verify.c). */
int mk_sb_factor_begin(mk_sandbox *sandbox, sb_visit *visit);
/* Wakes those who wait for the phone (sandbox_phone.c). */
void mk_sb_phone_wake(mk_sandbox *sandbox);

/* --- answers put off (sandbox_server.c): a slow portal, a phone that is watched */

struct sb_late {
    sb_late *next;
    mk_sandbox *sandbox;
    mk_httpd_req *req;
    uv_timer_t timer;
    void (*done)(sb_late *late);
    bool closing;
    int status;
    const char *type;
    mk_buf body;
    char user[SB_USER]; /* whose phone is watched; "" for a slow answer */
    uint64_t after;
};
/* MK_OK or MK_ENOMEM. done is called when the time is over. */
int mk_sb_late_new(mk_sandbox *sandbox, mk_httpd_req *req, int ms, void (*done)(sb_late *late), sb_late **out);
/* Ends it after its answer was given. */
void mk_sb_late_end(sb_late *late);
#endif
