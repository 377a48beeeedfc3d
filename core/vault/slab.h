/* slab.h - locked memory for small secrets (layer vault)
 *
 * A page of its own for each secret would cost four and soon reach the limit of
 * locked memory, so chunks are shared. Not thread-safe. Inside vault only. */
#ifndef MK_SLAB_H
#define MK_SLAB_H
#include "base/buf.h"
#include <stddef.h>

/* At least size zeroed bytes, or NULL. */
void *mk_slab_alloc(size_t size);
/* Wipes and takes back what mk_slab_alloc gave for that size; NULL is fine. */
void mk_slab_free(void *ptr, size_t size);
/* An empty buffer over size bytes of a slab, which it can fill but not outgrow:
 * at most size - 1 bytes. Never freed as a buffer. */
mk_buf mk_slab_buf(void *ptr, size_t size);
/* Bytes handed out now, rounded as they are: for tests. */
size_t mk_slab_used(void);
#endif
