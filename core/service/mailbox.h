/* mailbox.h - mails as files, where there is no server to hand them to (layer service) */
#ifndef MK_MAILBOX_H
#define MK_MAILBOX_H
#include "base/buf.h"
#include <stddef.h>
#include <uv.h>

typedef struct mk_filing mk_filing; /* a mail on its way into its folder */

/* Writes FOLDER/UID.eml (mode 0600; the folder is made, 0700): whole, or not at all. MK_OK; MK_EINVAL (a uid that is no
 * file's name), MK_EIO. Waits for the disk. */
int mk_mailbox_put(const char *folder, const char *uid, const char *text, size_t len);
/* The same beside the loop. Takes text's bytes, whatever comes of it; done is called on the loop with an error of mk_mailbox_put's, once *out is gone.
 * MK_OK, MK_ENOMEM (done is not called). */
int mk_filing_begin(mk_filing **out, uv_loop_t *loop, const char *folder, const char *uid, mk_buf *text, void (*done)(void *arg, int err), void *arg);
/* done is not called any more; what was begun is finished. NULL is fine. */
void mk_filing_leave(mk_filing *filing);
#endif
