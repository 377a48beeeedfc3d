/* mailbox.c - mails as files (layer service) */
#include "service/mailbox.h"

#include "base/err.h"
#include "base/mem.h"

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

/* --- beside the loop ------------------------------------------------------------------ */

struct mk_filing {
    uv_work_t work;
    char *folder, *uid;
    mk_buf text;
    int err;
    void (*done)(void *arg, int err); /* NULL: nobody wants to know any more */
    void *arg;
};

static void filing_free(mk_filing *filing)
{
    mk_buf_free(&filing->text);
    mk_free(filing->folder);
    mk_free(filing->uid);
    mk_free(filing);
}

static void on_work(uv_work_t *work)
{
    mk_filing *filing = work->data;
    filing->err = mk_mailbox_put(filing->folder, filing->uid, filing->text.data, filing->text.len);
}

static void on_worked(uv_work_t *work, int status)
{
    mk_filing *filing = work->data;
    void (*const done)(void *, int) = filing->done;
    void *const arg = filing->arg;
    const int err = status ? MK_EIO : filing->err;
    filing_free(filing);
    if (done)
        done(arg, err);
}

int mk_filing_begin(mk_filing **out, uv_loop_t *loop, const char *folder, const char *uid, mk_buf *text, void (*done)(void *arg, int err), void *arg)
{
    mk_filing *filing = mk_calloc(1, sizeof *filing);
    if (!filing)
        return MK_ENOMEM;
    *filing = (mk_filing){ .folder = mk_strdup(folder), .uid = mk_strdup(uid), .text = *text, .done = done, .arg = arg };
    mk_buf_init(text, text->max);
    filing->work.data = filing;
    if (!filing->folder || !filing->uid || uv_queue_work(loop, &filing->work, on_work, on_worked)) {
        filing_free(filing);
        return MK_ENOMEM;
    }
    *out = filing;
    return MK_OK;
}

void mk_filing_leave(mk_filing *filing)
{
    if (filing)
        filing->done = NULL;
}
