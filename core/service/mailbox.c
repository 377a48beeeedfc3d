/* mailbox.c - mails as files (layer service) */
#include "service/mailbox.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_name(const char *uid)
{
    const size_t len = strlen(uid);
    return len && len <= 100 && *uid != '.' && strspn(uid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        const ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return MK_EIO;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) ? MK_EIO : MK_OK;
}

int mk_mailbox_put(const char *folder, const char *uid, const char *text, size_t len)
{
    char beside[4096], path[4096];
    if (!is_name(uid) || (size_t)snprintf(path, sizeof path, "%s/%s.eml", folder, uid) >= sizeof path ||
        (size_t)snprintf(beside, sizeof beside, "%s/.%s.part", folder, uid) >= sizeof beside)
        return MK_EINVAL;
    if (mkdir(folder, 0700) && errno != EEXIST)
        return MK_EIO;
    unlink(beside); /* what a crash left */
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return MK_EIO;
    int err = write_all(fd, text, len);
    if (close(fd))
        err = MK_EIO;
    if (!err && rename(beside, path))
        err = MK_EIO;
    if (err)
        unlink(beside);
    return err;
}
