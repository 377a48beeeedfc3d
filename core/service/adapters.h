/* adapters.h - the adapters' folder: what changed is built and tried aside, and handed to the handler `staged` (layer service)
 *
 * Whether a version goes live is the handler's to say. What is announced is what was built, tried and not changed since. */
#ifndef MK_ADAPTERS_H
#define MK_ADAPTERS_H
#include "service/service.h"

typedef struct mk_adapters mk_adapters;

/* Looks at all adapters and from then on at what changes; does nothing (*out is NULL) where there is no such handler. MK_OK, MK_ENOMEM. */
int mk_adapters_start(mk_adapters **out, mk_service *service);
/* Looks now; what failed is tried again. NULL is fine, here and below. */
void mk_adapters_reload(mk_adapters *adapters);
void mk_adapters_stop(mk_adapters *adapters); /* its handles close later */
void mk_adapters_free(mk_adapters *adapters); /* once they have */
#endif
