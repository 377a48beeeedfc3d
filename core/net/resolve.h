/* resolve.h - names to addresses, in libuv's pool (layer net) */
#ifndef MK_RESOLVE_H
#define MK_RESOLVE_H
#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

enum { MK_RESOLVE_MAX = 8 };
typedef struct mk_addresses {
    struct sockaddr_storage list[MK_RESOLVE_MAX];
    int count;
    bool refused;   /* some were left out: not public */
    char error[80]; /* the resolver's words if it found none, else "" */
} mk_addresses;

typedef struct mk_resolve mk_resolve;
/* Called from the loop, never from inside mk_resolve_start. */
typedef void (*mk_resolve_done)(void *arg, const mk_addresses *found);
/* any: private addresses are fine. MK_OK, MK_ENOMEM. */
int mk_resolve_start(mk_resolve **out, uv_loop_t *loop, const char *host, bool any, mk_resolve_done done, void *arg);
/* done will not be called; what runs in the pool ends by itself. NULL is fine. */
void mk_resolve_cancel(mk_resolve *resolve);
/* Only IP addresses, IPv6 with or without brackets. */
bool mk_resolve_literal(const char *host, struct sockaddr_storage *out);
#endif
