/* pin.h - names of a client that are tied to the addresses that were checked (layer net) */
#ifndef MK_PIN_H
#define MK_PIN_H
#include "net/net_own.h"

/* True if the client's target has a pin, which is then the first of the list. */
bool mk_pin_find(mk_client *client);
/* Ties the client's target to the addresses. MK_OK, MK_ENOMEM. */
int mk_pin_add(mk_client *client, const mk_addresses *found);
void mk_pin_drop(mk_client *client); /* the target's */
void mk_pin_clear(mk_client *client);
#endif
