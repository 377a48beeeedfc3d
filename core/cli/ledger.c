/* ledger.c - which parked sessions were resumed already (layer cli) */
#include "cli/ledger.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH = 32, LINE = 2 * HASH + 1, PATHS = 4096 };

/* "…/spent" and its folder. */
static int paths_of(const char *key_path, char *ledger, char *folder, size_t cap)
{
    const char *slash = strrchr(key_path, '/');
    const int len = slash ? (int)(slash - key_path) : 0;
    const int a = slash ? snprintf(folder, cap, "%.*s/", len, key_path) : snprintf(folder, cap, "./");
    const int b = snprintf(ledger, cap, "%sspent", folder);
    return a > 0 && b > 0 && (size_t)b < cap ? MK_OK : MK_EIO;
}

/* The line of these bytes: hex and a newline. */
static int line_of(char out[LINE + 1], const mk_key *key, const void *sealed, size_t len)
{
    uint8_t hash[HASH];
    mk_buf hex;
    mk_key *sub = mk_key_derive(key, "ledger");
    if (!sub)
        return MK_ENOMEM;
    mk_key_hash(sub, sealed, len, hash);
    mk_key_free(sub);
    mk_buf_init(&hex, LINE);
    int err = mk_hex_encode(&hex, hash, sizeof hash);
    if (!err)
        snprintf(out, LINE + 1, "%s\n", hex.data);
    mk_buf_free(&hex);
    return err;
}

/* MK_ESPENT if the line is there. *torn: the last line was cut off, by a crash in the middle of writing. */
static int look_up(int fd, const char *line, bool *torn)
{
    FILE *file = fdopen(dup(fd), "r");
    char got[LINE + 64];
    int err = MK_OK;
    *torn = false;
    if (!file)
        return MK_EIO;
    rewind(file);
    while (!err && fgets(got, sizeof got, file)) {
        const size_t len = strlen(got);
        *torn = len && got[len - 1] != '\n';
        if (strcmp(got, line) == 0)
            err = MK_ESPENT;
    }
    if (!err && ferror(file))
        err = MK_EIO;
    fclose(file);
    return err;
}

static int append(int fd, const char *line, bool torn)
{
    char text[LINE + 2];
    const int len = snprintf(text, sizeof text, "%s%s", torn ? "\n" : "", line);
    if (write(fd, text, (size_t)len) != len || fsync(fd) != 0)
        return MK_EIO;
    return MK_OK;
}

/* A file that was just made is only there after a crash if its folder was written too. */
static int sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return MK_EIO;
    const int bad = fsync(fd);
    close(fd);
    return bad ? MK_EIO : MK_OK;
}

int mk_ledger_spend(const char *key_path, const mk_key *key, const void *sealed, size_t len)
{
    char ledger[PATHS], folder[PATHS], line[LINE + 1];
    bool torn;
    int err = paths_of(key_path, ledger, folder, sizeof ledger);
    if (!err)
        err = line_of(line, key, sealed, len);
    if (err)
        return err;
    const int fd = open(ledger, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return MK_EIO;
    while ((err = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
        ;
    err = err ? MK_EIO : look_up(fd, line, &torn);
    if (!err)
        err = append(fd, line, torn);
    if (!err)
        err = sync_folder(folder);
    close(fd);
    return err;
}
