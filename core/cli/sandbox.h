/* sandbox.h - DEMO, a made-up utility whose portal runs on loopback (layer cli)
 *
 * The user name picks what happens. Everything lies in memory and is gone when
 * it stops. Not thread-safe: all of it happens on the loop's thread. */
#ifndef MK_SANDBOX_H
#define MK_SANDBOX_H
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define MK_SANDBOX_LISTEN "127.0.0.1:18102"

typedef struct mk_sandbox mk_sandbox;

typedef struct mk_sandbox_options { /* a zero means the default */
    int code_seconds;    /* a code lives so long: 600 */
    int session_seconds; /* so does a visit without a request: 900 */
    int slow_ms;         /* what `slow` waits before each answer: 2000 */
    /* Told what arrives on a customer's phone; NULL: nobody is. */
    void (*sent)(void *arg, const char *user, const char *kind, const char *text);
    void *arg;
} mk_sandbox_options;

/* Serves the portal at "ADDR:PORT" (port 0: a free one). options may be NULL.
 * MK_OK, MK_ENOMEM, or as mk_httpd_start. */
int mk_sandbox_start(mk_sandbox **out, uv_loop_t *loop, const char *listen, const mk_sandbox_options *options);
/* "http://127.0.0.1:18102". Owned by the sandbox. */
const char *mk_sandbox_url(const mk_sandbox *sandbox);
/* Forgets everything; run the loop once more before closing it. NULL is fine. */
void mk_sandbox_stop(mk_sandbox *sandbox);

/* The list of user names, for people and for docs/reference/sandbox.md. */
int mk_sandbox_list_text(mk_buf *out);
int mk_sandbox_list_markdown(mk_buf *out);

#endif
