/* mailbox.h - mails as files, where there is no server to hand them to (layer service) */
#ifndef MK_MAILBOX_H
#define MK_MAILBOX_H
#include <stddef.h>

/* Writes FOLDER/UID.eml (mode 0600; the folder is made, 0700): whole, or not at all. MK_OK; MK_EINVAL (a uid that is no
 * file's name), MK_EIO. */
int mk_mailbox_put(const char *folder, const char *uid, const char *text, size_t len);
#endif
