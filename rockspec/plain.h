/* plain.h - what the rock's two halves share: the state of one plain Lua */
#ifndef MK_ROCK_PLAIN_H
#define MK_ROCK_PLAIN_H
#include "bind/host.h"
#include "net/client.h"

/* The host comes first: bindings see only that. One a lua_State, in its registry. */
typedef struct mk_plain {
    mk_host host;
    mk_account account;  /* of pages and documents */
    mk_fault *raised;    /* last one, kept until the next: raising copies it into Lua */
    uv_loop_t loop;
    bool loop_ready;
    mk_net *net;         /* made at the first request */
    mk_client *client;
    mk_policy *policy;
    mk_jar *jar;
    mk_fetch *fetch;     /* the request that is under way */
    bool arrived;
    mk_url base;         /* of the last page */
    char *cacert, *proxy, *user_agent;
} mk_plain;

/* The state that belongs to L; made at first use. Raises when out of memory. */
mk_plain *mk_plain_of(lua_State *L);
/* A plain state with nothing in it, and its end. */
int mk_plain_init(mk_plain *plain);
void mk_plain_done(mk_plain *plain);
#endif
