/* park.c - the user's key and what it seals (layer cli) */
#include "cli/park.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "parse/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS = 4096, KEEP_MAX = 1 << 20 };
static const char challenge_label[] = "challenge", keep_label[] = "keep";

/* --- the key --------------------------------------------------------------- */

/* Makes each folder of path that is missing, 0700, but for its last part. */
static int make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = 0;
        const int bad = mkdir(path, 0700);
        *at = '/';
        if (bad && errno != EEXIST)
            return MK_EIO;
    }
    return MK_OK;
}

static int default_path(char *out, size_t cap)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int len = -1;
    if (config && config[0] == '/')
        len = snprintf(out, cap, "%s/meterkey/key", config);
    else if (home && home[0] == '/')
        len = snprintf(out, cap, "%s/.config/meterkey/key", home);
    return len > 0 && (size_t)len < cap ? MK_OK : MK_EINVAL;
}

static void say_key(int err, const char *path, char *why, size_t cap)
{
    if (err == MK_EINVAL)
        snprintf(why, cap, "there is no home to keep a key in; set HOME or XDG_CONFIG_HOME, or give --key FILE");
    else if (err == MK_ENOENT)
        snprintf(why, cap, "there is no key at %s", path);
    else if (err == MK_EPOLICY)
        snprintf(why, cap, "key %s: it must be a file of your own that nobody else can read (chmod 600)", path);
    else if (err == MK_EPARSE)
        snprintf(why, cap, "key %s: 64 hexadecimal digits are expected", path);
    else
        snprintf(why, cap, "key %s: %s", path, err == MK_EIO ? strerror(errno) : mk_err_text(err));
}

int mk_park_key(mk_key **out, char **path, const char *file, bool create, char *why, size_t cap)
{
    char own[PATHS] = "";
    int err = file ? MK_OK : default_path(own, sizeof own);
    if (!err && !file && create)
        err = make_folders(own);
    const char *at = file ? file : own;
    mk_key *key = NULL;
    if (!err)
        err = mk_key_file(&key, at, create);
    if (!err && !(*path = mk_strdup(at))) {
        mk_key_free(key);
        err = MK_ENOMEM;
    }
    if (err)
        say_key(err, at, why, cap);
    else
        *out = key;
    return err;
}

/* --- files ------------------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        const ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return MK_EIO;
        data += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? MK_OK : MK_EIO;
}

static void sync_folder_of(const char *path)
{
    char folder[PATHS];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd); /* best effort: the file itself is on the disk */
    close(fd);
}

int mk_park_write(const char *path, const void *data, size_t len)
{
    char temporary[PATHS];
    uint32_t number;
    mk_random_fill(&number, sizeof number);
    const int size = snprintf(temporary, sizeof temporary, "%s.%08x.tmp", path, number);
    if (size < 0 || (size_t)size >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return MK_EIO;
    }
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return MK_EIO;
    int err = write_all(fd, data, len);
    if (close(fd) != 0 && !err)
        err = MK_EIO;
    if (!err && rename(temporary, path) != 0)
        err = MK_EIO;
    if (err) {
        const int saved = errno;
        unlink(temporary);
        errno = saved;
    } else {
        sync_folder_of(path);
    }
    return err;
}

int mk_park_read(mk_buf *out, const char *path, size_t max)
{
    char chunk[16384];
    struct stat st;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? MK_ENOENT : MK_EIO;
    mk_buf_free(out);
    mk_buf_init(out, max);
    int err = fstat(fd, &st) != 0 ? MK_EIO : MK_OK;
    if (!err && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err = MK_EIO;
    }
    while (!err) {
        const ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0)
            break;
        if (got > 0)
            err = mk_buf_add(out, chunk, (size_t)got);
        else if (errno != EINTR)
            err = MK_EIO;
    }
    close(fd);
    return err;
}

static const char *io_text(int err)
{
    return err == MK_EIO ? strerror(errno) : err == MK_ENOENT ? "there is no such file" : mk_err_text(err);
}

/* --- parked sessions --------------------------------------------------------- */

int mk_park_save(const char *path, const mk_key *key, const void *data, size_t len, char *why, size_t cap)
{
    mk_buf sealed;
    mk_buf_init(&sealed, MK_PARK_MAX);
    int err = mk_seal(&sealed, key, challenge_label, data, len);
    if (!err)
        err = mk_park_write(path, sealed.data, sealed.len);
    if (err)
        snprintf(why, cap, "%s cannot be written: %s", path, io_text(err));
    mk_buf_free(&sealed);
    return err;
}

/* What mk_unseal refused, in words. what: "parked session". */
static void say_unseal(int err, const char *path, const char *what, char *why, size_t cap)
{
    const char *text = io_text(err);
    char own[200];
    if (err == MK_EPARSE) {
        snprintf(own, sizeof own, "this is no %s of meterkey's, or it is cut short", what);
        text = own;
    } else if (err == MK_EPOLICY) {
        snprintf(own, sizeof own, "this was sealed by meterkey, but it is no %s", what);
        text = own;
    } else if (err == MK_ENOENT) {
        text = "it was sealed with another key; give that one with --key FILE";
    } else if (err == MK_ECRYPTO) {
        text = "it was changed or damaged after it was sealed; nothing in it can be trusted";
    } else if (err == MK_EVERSION) {
        text = "it was made by a newer meterkey";
    }
    snprintf(why, cap, "%s: %s", path, text);
}

int mk_park_open(mk_buf *sealed, mk_buf *out, const char *path, const mk_key *key, char *why, size_t cap)
{
    int err = mk_park_read(sealed, path, MK_PARK_MAX);
    if (err) {
        snprintf(why, cap, "%s: %s", path, io_text(err));
        return err;
    }
    mk_buf_init(out, MK_PARK_MAX);
    err = mk_unseal(out, key, challenge_label, sealed->data, sealed->len);
    if (err) {
        say_unseal(err, path, "parked session", why, cap);
        mk_buf_free(out);
    }
    return err;
}

/* --- what is kept ------------------------------------------------------------ */

static int read_kept(json_t **keep, const mk_buf *text, const char *path, const char *utility, char *why, size_t cap)
{
    json_t *root = NULL;
    int err = mk_json_parse(&root, text->data, text->len, NULL, NULL);
    const char *of = json_string_value(json_object_get(root, "utility"));
    json_t *kept = json_object_get(root, "keep");
    if (!err && (!of || !json_is_object(kept)))
        err = MK_EPARSE;
    if (err) {
        snprintf(why, cap, "%s: %s", path, mk_err_text(err));
    } else if (strcmp(of, utility) != 0) {
        snprintf(why, cap, "%s: this was kept for %s, not for %s; use a file for each customer and utility", path, of,
                 utility);
        err = MK_EPOLICY;
    } else {
        *keep = json_incref(kept);
    }
    json_decref(root);
    return err;
}

int mk_keep_read(json_t **keep, const char *path, const mk_key *key, const char *utility, char *why, size_t cap)
{
    mk_buf sealed, text;
    mk_buf_init(&sealed, MK_PARK_MAX);
    mk_buf_init(&text, KEEP_MAX);
    *keep = NULL;
    int err = mk_park_read(&sealed, path, MK_PARK_MAX);
    if (err == MK_ENOENT) {
        err = MK_OK;
    } else if (err) {
        snprintf(why, cap, "%s: %s", path, io_text(err));
    } else if ((err = mk_unseal(&text, key, keep_label, sealed.data, sealed.len))) {
        say_unseal(err, path, "file of --keep", why, cap);
    } else {
        err = read_kept(keep, &text, path, utility, why, cap);
    }
    mk_buf_free(&text);
    mk_buf_free(&sealed);
    return err;
}

int mk_keep_write(const json_t *keep, const char *path, const mk_key *key, const char *utility, char *why, size_t cap)
{
    mk_buf sealed, text;
    mk_buf_init(&sealed, MK_PARK_MAX);
    mk_buf_init(&text, KEEP_MAX);
    json_t *root = json_pack("{s:s, s:O}", "utility", utility, "keep", (json_t *)keep);
    int err = root ? mk_json_write(&text, root) : MK_ENOMEM;
    if (!err)
        err = mk_seal(&sealed, key, keep_label, text.data, text.len);
    if (!err)
        err = mk_park_write(path, sealed.data, sealed.len);
    if (err)
        snprintf(why, cap, "%s cannot be written: %s", path, io_text(err));
    json_decref(root);
    mk_buf_free(&text);
    mk_buf_free(&sealed);
    return err;
}
