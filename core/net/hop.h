/* hop.h - the header fields of one hop, as a browser would send them (layer net) */
#ifndef MK_HOP_H
#define MK_HOP_H
#include "net/http.h"
#include "net/jar.h"

/* What a hop is made from; everything is borrowed. */
typedef struct mk_hop {
    const char *method;
    const mk_url *url;
    const mk_headers *own; /* the script's */
    const char *content_type; /* NULL: no body */
    const mk_url *referer;    /* NULL: none */
    bool origin_header;
    const char *user_agent;
    mk_jar *jar;
    int64_t now;
} mk_hop;

/* False for what only the engine may set: Host, Cookie, Content-Length, ... */
bool mk_hop_settable(const char *name);
/* Adds all fields to `out` (empty before). MK_OK, MK_ENOMEM. */
int mk_hop_headers(mk_headers *out, const mk_hop *hop);
#endif
