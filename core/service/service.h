/* service.h - `meterkey serve`: store, vault, pages, API and workers on one loop (layer service)
 *
 * docs/service.md says how it is built. */
#ifndef MK_SERVICE_H
#define MK_SERVICE_H
#include <jansson.h>
#include <uv.h>

typedef struct mk_service mk_service;
enum { MK_SERVICE_WHY = 400 };

/* Opens the store (made and migrated if need be), reads the keys, listens. config as mk_config_read gives it, copied. MK_OK, or an error with why. */
int mk_service_start(mk_service **out, uv_loop_t *loop, const json_t *config, char *why);
const char *mk_service_url(const mk_service *service);
/* Takes no more requests and sessions, parks or finishes what runs, then calls stopped from the loop. */
void mk_service_stop(mk_service *service, void (*stopped)(void *arg), void *arg);
void mk_service_free(mk_service *service); /* after stopped; then run the loop until nothing is left */
/* One command of the operator's on the store, while a service may serve it: the handler "command" (runtime/service/command.lua). *result is new. */
int mk_service_command(const json_t *config, json_t *message, json_t **result, char *why);
/* Looks at the adapters' folder now, as a SIGHUP asks. */
void mk_service_reload(mk_service *service);
#endif
