/* post.h - what the service sends of its own: one POST, one mail (layer net)
 *
 * On the loop and over the same checks as a session's requests: certificates, addresses resolved here and pinned. No redirects, nothing is
 * sent twice. Each has a connection of its own. */
#ifndef MK_POST_H
#define MK_POST_H
#include "net/client.h"

typedef struct mk_post mk_post; /* one under way */

/* Everything is copied. */
typedef struct mk_webhook {
    const char *url;
    const mk_headers *headers;
    const char *body;
    size_t len;
    const char *const *opened; /* origins that may be plain http or private addresses; ends with NULL */
} mk_webhook;
typedef struct mk_mail {
    const char *server; /* smtp://HOST[:587], with STARTTLS unless HOST is this machine; smtps://HOST[:465] */
    const char *user, *password; /* or NULL */
    const char *from, *to;       /* bare addresses */
    const char *text;            /* the whole message, lines that end in CR LF */
    size_t len;
} mk_mail;

/* Called once from the loop, never from inside a start; the post is gone then. A webhook's status is that of HTTP, with at most 64 KiB of body; a mail's is
 * the server's last reply, with a fault too (550). */
typedef void (*mk_post_done)(void *arg, const mk_response *response);
/* MK_OK (what is wrong with the URL comes through done), MK_ENOMEM. */
int mk_post_webhook(mk_post **out, mk_net *net, const mk_webhook *webhook, mk_post_done done, void *arg);
int mk_post_mail(mk_post **out, mk_net *net, const mk_mail *mail, mk_post_done done, void *arg);
/* Ends it; done is not called. NULL is fine. */
void mk_post_cancel(mk_post *post);
/* Whether text is a server's address as mk_mail needs it. */
bool mk_post_is_server(const char *text);
#endif
