/* pool_own.h - what the files of the pool share (layer service, its own) */
#ifndef MK_POOL_OWN_H
#define MK_POOL_OWN_H
#include "service/pool.h"
#include "worker/frame.h"

typedef struct mk_slot {
    mk_pool *pool;
    size_t index;
    uv_process_t process;
    uv_pipe_t pipe;
    bool alive, ready, closing;
    int handles;       /* still to be closed */
    int64_t begun_us;  /* mono */
    mk_frames frames;
    json_t *versions;  /* hash -> true: what it was given */
    size_t sessions, waiting; /* waiting: of them, at a question */
    char bytes[1 << 16];
} mk_slot;

struct mk_pool {
    mk_service *service;
    mk_slot *slots;
    size_t count;
    json_t *where;   /* session -> index of its slot */
    json_t *asked;   /* session -> true: at a question */
    json_t *later;   /* actions that wait for a worker */
    unsigned long deaths;
    bool stopping;
    void (*done)(void *arg);
    void *done_arg;
};

/* pool.c */
void mk_slot_broken(mk_slot *slot, const char *why);
/* The session is no longer here. */
void mk_pool_drop(mk_pool *pool, const char *id);
/* pool_frames.c: to a worker, and what comes from it. */
void mk_slot_settings(mk_slot *slot);
bool mk_slot_send(mk_slot *slot, const json_t *head, mk_bytes blob);
void mk_pool_flush(mk_pool *pool); /* what waits for a worker, as far as there is room */
void mk_slot_read(mk_slot *slot, const char *data, size_t len);
#endif
