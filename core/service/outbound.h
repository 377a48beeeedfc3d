/* outbound.h - webhooks and mails that leave the service (layer service)
 *
 * Each is tried once and the handler `delivered` told how it went; when to try again is its to say. */
#ifndef MK_OUTBOUND_H
#define MK_OUTBOUND_H
#include "service/service.h"

typedef struct mk_outbound mk_outbound;

/* MK_OK; MK_EPARSE, MK_ENOENT, MK_EIO (a setting that cannot be used), MK_ENOMEM; with why (MK_SERVICE_WHY bytes). */
int mk_outbound_new(mk_outbound **out, mk_service *service, char *why);
/* The actions webhook and mail. Takes a reference. A mail that is on its way already is not sent a second time. */
void mk_outbound_webhook(mk_outbound *outbound, json_t *action);
void mk_outbound_mail(mk_outbound *outbound, json_t *action);
/* How many more it takes, {"webhook": n, "mail": n, "mails": [uid ...]}, less those that handlers asked for and that wait for their commit; the uids are of the mails
 * that it has. NULL: out of memory. */
json_t *mk_outbound_room(const mk_outbound *outbound);
/* What is under way ends and is not told. NULL is fine, here and below. */
void mk_outbound_stop(mk_outbound *outbound);
void mk_outbound_free(mk_outbound *outbound);
#endif
