/* keyfile.c - a key in a file of its owner's (layer vault) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "vault/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX = MK_KEY_BYTES * 2 };

static int errno_err(void)
{
    return errno == ENOENT ? MK_ENOENT : errno == ENOMEM ? MK_ENOMEM : MK_EIO;
}

/* Mine, a file, and nobody else can read or write it. */
static int check(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return MK_EIO;
    return S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 07177) ? MK_OK : MK_EPOLICY;
}

int mk_key_read(mk_key **out, const char *text, size_t len)
{
    uint8_t bytes[MK_KEY_BYTES];
    size_t got = 0;
    if (len == HEX + 1 && text[HEX] == '\n')
        len--;
    if (len != HEX)
        return MK_EPARSE;
    const bool whole = sodium_hex2bin(bytes, sizeof bytes, text, len, NULL, &got, NULL) == 0 && got == sizeof bytes;
    mk_key *key = whole ? mk_key_new(bytes) : NULL;
    sodium_memzero(bytes, sizeof bytes);
    if (key)
        *out = key;
    return key ? MK_OK : whole ? MK_ENOMEM : MK_EPARSE;
}

static ssize_t read_all(int fd, char *to, size_t most)
{
    size_t len = 0;
    while (len < most) {
        const ssize_t got = read(fd, to + len, most - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (!got)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* As systemd hands a credential over: mine or root's, readable for me, maybe by an access list, which shows as the group's right. */
static int check_credential(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return MK_EIO;
    return S_ISREG(st.st_mode) && (st.st_uid == geteuid() || !st.st_uid) && !(st.st_mode & 07137) ? MK_OK : MK_EPOLICY;
}

static int read_key(mk_key **out, const char *path, int (*may)(int fd))
{
    /* O_NONBLOCK: a FIFO must be refused, not waited for. */
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == EACCES ? MK_EPOLICY : errno_err();
    char text[HEX + 2]; /* one more than allowed, to notice */
    int err = may(fd);
    if (!err) {
        const ssize_t len = read_all(fd, text, sizeof text);
        err = len < 0 ? MK_EIO : mk_key_read(out, text, (size_t)len);
        sodium_memzero(text, sizeof text);
    }
    close(fd);
    return err;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        const ssize_t did = write(fd, data, len);
        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return MK_EIO;
        data += did;
        len -= (size_t)did;
    }
    return MK_OK;
}

static int write_key(const char *path)
{
    uint8_t bytes[MK_KEY_BYTES];
    char text[HEX + 1];
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno_err();
    mk_random_fill(bytes, sizeof bytes);
    sodium_bin2hex(text, sizeof text, bytes, sizeof bytes);
    text[HEX] = '\n';
    int err = write_all(fd, text, sizeof text);
    if (!err && fsync(fd) != 0)
        err = MK_EIO;
    if (close(fd) != 0 && !err)
        err = MK_EIO;
    sodium_memzero(text, sizeof text);
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

/* The name survives a loss of power only when its folder is written too. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mk_memdup(path, slash == path ? 1 : (size_t)(slash - path)) : mk_strdup(".");
    if (!folder)
        return MK_ENOMEM;
    int err = MK_OK;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        err = MK_EIO;
    if (fd >= 0)
        close(fd);
    mk_free(folder);
    return err;
}

/* Written aside and linked in: nobody sees half a key, and of two who create
 * it at once one wins and both then read the same. */
static int create_key(const char *path)
{
    uint8_t random[8];
    mk_buf aside;
    mk_buf_init(&aside, 64 * 1024);
    mk_random_fill(random, sizeof random);
    int err = mk_buf_addf(&aside, "%s.", path);
    if (!err)
        err = mk_hex_encode(&aside, random, sizeof random);
    if (!err) {
        err = write_key(aside.data);
        if (!err && link(aside.data, path) != 0 && errno != EEXIST)
            err = MK_EIO;
        unlink(aside.data);
    }
    mk_buf_free(&aside);
    return err ? err : sync_folder(path);
}

int mk_key_file(mk_key **out, const char *path, bool create)
{
    int err = read_key(out, path, check);
    if (err != MK_ENOENT || !create)
        return err;
    err = create_key(path);
    return err ? err : read_key(out, path, check);
}

int mk_key_file_replace(const char *next, const char *path)
{
    if (rename(next, path) != 0)
        return errno_err();
    return sync_folder(path);
}

int mk_key_credential(mk_key **out, const char *path)
{
    return read_key(out, path, check_credential);
}
