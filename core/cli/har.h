/* har.h - a session's exchanges as an HTTP Archive 1.2, secrets masked (layer cli) */
#ifndef MK_CLI_HAR_H
#define MK_CLI_HAR_H
#include "cli/reel.h"

/* The whole archive as a JSON value, every string masked. NULL when out of memory. */
json_t *mk_har_make(const mk_reel *reel, const mk_veil *veil);
/* mk_har_watch is declared in watch.h. */
#endif
