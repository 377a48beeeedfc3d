/* pool.h - worker processes: started, sealed off, given sessions, replaced when they die (layer service) */
#ifndef MK_POOL_H
#define MK_POOL_H
#include "service/own.h"

/* Starts as many as the settings say; they are ready a moment later. MK_OK, MK_ENOMEM. */
int mk_pool_new(mk_pool **out, mk_service *service);
/* Carries out an action of docs/service.md: start, resume, answer, intent_done, cancel, forget. */
void mk_pool_act(mk_pool *pool, const char *name, json_t *action);
/* Once a second: starts what has to be started again, gives what waits to whoever is ready. */
void mk_pool_tick(mk_pool *pool);
/* Sessions that run and are not at a question: what a stop waits for. */
size_t mk_pool_busy(const mk_pool *pool);
/* {"ready", "sessions", "free", "deaths"} */
json_t *mk_pool_counts(const mk_pool *pool);
/* Ends all workers; done is called when they are gone. Sessions that run are lost, as in a crash. */
void mk_pool_stop(mk_pool *pool, void (*done)(void *arg), void *arg);
void mk_pool_free(mk_pool *pool); /* after done; NULL is fine */
#endif
