/* own.h - the inside of a worker, for the files of worker/ only (layer worker) */
#ifndef MK_WORKER_OWN_H
#define MK_WORKER_OWN_H
#include "session/session.h"
#include "worker/frame.h"
#include "worker/worker.h"

enum { MK_SLOT_ID_MAX = 128, MK_SLOT_BUCKETS = 256, MK_VERSIONS_MAX = 64 };

typedef struct mk_worker mk_worker;

/* A session and the name that the service has for it. */
typedef struct mk_slot {
    struct mk_slot *next; /* in its bucket, or among those that are over */
    mk_worker *worker;
    char id[MK_SLOT_ID_MAX + 1];
    mk_session *session;
    mk_version *version;
    json_t *answer; /* that came with `resume`, until its challenge is raised */
    char *answer_to;
    int64_t waits_since_us; /* for an answer; 0: does not wait, or is dropped already */
    unsigned used;          /* mk_intent bits that the service was told of */
    bool over;              /* `end` was sent, or it is to be forgotten */
} mk_slot;

/* Versions by hash. The one used longest ago goes when there are too many; a session holds its own. */
typedef struct mk_versions {
    struct {
        mk_version *version;
        uint64_t used;
    } list[MK_VERSIONS_MAX];
    size_t count;
    uint64_t clock;
} mk_versions;
mk_version *mk_versions_find(mk_versions *versions, const char *hash); /* borrowed, or NULL */
void mk_versions_add(mk_versions *versions, mk_version *version);      /* takes the reference over */
void mk_versions_free(mk_versions *versions);

struct mk_worker {
    uv_loop_t loop;
    uv_pipe_t pipe;
    uv_timer_t sweep; /* drops the states of those that wait long */
    uv_timer_t reap;  /* frees those that are over: not from their own callbacks */
    mk_frames in;
    char chunk[64 << 10];
    bool paused;       /* not reading: too much waits to be written */
    bool leaving;      /* only what waits to be written is still written */
    bool closing;      /* nothing is read, written or told any more */
    int status;        /* of the process */
    mk_engine *engine; /* NULL until `settings` */
    int64_t drop_ms;
    size_t swept; /* the bucket that the sweep is at */
    mk_versions versions;
    mk_slot *buckets[MK_SLOT_BUCKETS];
    mk_slot *over;
};

/* worker.c. Sends a frame; takes head over. Ends the worker if there is no memory for it. */
void mk_worker_send(mk_worker *worker, json_t *head, mk_bytes blob);
/* Ends the worker: says why on standard error, exit status 1. */
void mk_worker_broken(mk_worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mk_worker_leave(mk_worker *worker); /* ends it after what waits to be written was, status 0 */

/* orders.c: what the service wants. */
void mk_order(mk_worker *worker, const json_t *head, mk_bytes blob);
/* settings.c: the engine, from `settings`. */
void mk_order_settings(mk_worker *worker, const json_t *head);

/* slots.c */
mk_slot *mk_slot_find(mk_worker *worker, const char *id);                     /* one that is not over, or NULL */
mk_slot *mk_slot_new(mk_worker *worker, const char *id, mk_version *version); /* NULL: out of memory */
void mk_slot_over(mk_slot *slot); /* it is found no more, and freed from the loop */
/* True: it has been through all of them; false: it is to be called again soon. */
bool mk_slots_sweep(mk_worker *worker);
void mk_slots_free(mk_worker *worker); /* all */

/* drive.c: what a session tells becomes a frame. */
extern const mk_driver mk_slot_driver;
void mk_slot_answer(mk_slot *slot, const char *challenge, const json_t *answer);
void mk_slot_fail(mk_slot *slot, const char *code, const char *why); /* ends it for a reason of ours */
/* An end for a session that never was, or of which only this is known: used, mk_intent bits. */
void mk_worker_unstarted(mk_worker *worker, const char *id, const mk_version *version, unsigned used, const char *code,
                         const char *why);
void mk_worker_gone(mk_worker *worker, const char *id);
#endif
