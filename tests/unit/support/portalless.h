/* portalless.h - a session against answers from a table, for tests without a network */
#ifndef MK_TEST_PORTALLESS_H
#define MK_TEST_PORTALLESS_H
#include "session/session.h"

/* One answer: the first one left whose method and URL's end fit is given, and struck off if once. */
typedef struct reply {
    const char *method, *path;
    int status;
    const char *type, *body;
    const char *header; /* "Name: value" or NULL */
    const char *needs;  /* the body must hold this, or NULL */
    bool once;
} reply;

typedef struct world {
    reply *replies; /* ends with a NULL method */
    uv_loop_t loop;
    mk_engine *engine;
    mk_version *version;
    mk_credentials *credentials;
    mk_session *session;
    const char *const *answers; /* JSON texts, NULL-terminated */
    size_t next_answer;
    bool park;           /* at the first challenge without answers left */
    mk_buf parked;
    char seen[8192];     /* "GET https://.../login\n" of each request */
    char challenges[4096];
    char log[4096];
    char *outcome;       /* JSON of the end, or NULL */
    json_t *keep;
    char refused[200];   /* what the last refused answer was told */
    unsigned intents;
    int drops;           /* > 0: drop the state at each challenge before answering */
} world;

/* Starts an engine and builds the adapter: `manifest` is the inside of the table besides the usual fields. */
void world_open(world *w, const char *adapter);
void world_limits(world *w, const mk_session_limits *limits); /* a new engine with these */
/* Runs a session to its end (or park); credentials as JSON; mfa NULL or the override. */
void world_run(world *w, const char *credentials, const char *mfa, bool human);
void world_resume(world *w); /* from w->parked */
void world_forget(world *w); /* the outcome and what was seen */
void world_close(world *w);
#endif
