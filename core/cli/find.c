/* find.c - an adapter by file or id: where it lies, and its text (layer cli) */
#include "cli/find.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "script/embedded.h"
#include "script/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS = 4096 };

void mk_found_free(mk_found *found)
{
    mk_free(found->path);
    mk_free(found->name);
    mk_free(found->id);
    mk_buf_free(&found->text);
    found->path = found->name = found->id = NULL;
}

static int read_fd(int fd, mk_buf *out, size_t max)
{
    char chunk[16384];
    mk_buf_free(out);
    mk_buf_init(out, max);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? MK_EIO : MK_OK;
        int err = mk_buf_add(out, chunk, (size_t)got);
        if (err)
            return err;
    }
}

/* MK_OK, MK_ENOENT, MK_EIO, MK_ELIMIT, MK_ENOMEM; why names path. */
static int read_path(mk_buf *out, const char *path, size_t max, char *why, size_t cap)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        const bool none = errno == ENOENT || errno == ENOTDIR;
        snprintf(why, cap, "%s: %s", path, none ? "there is no such file" : strerror(errno));
        return none ? MK_ENOENT : MK_EIO;
    }
    int err = fstat(fd, &st) != 0 ? MK_EIO : MK_OK;
    if (!err && !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        err = MK_EIO;
    }
    if (!err)
        err = read_fd(fd, out, max);
    if (err == MK_EIO)
        snprintf(why, cap, "%s: %s", path, errno == EINVAL ? "this is no file to read from" : strerror(errno));
    else if (err == MK_ELIMIT)
        snprintf(why, cap, "%s: larger than %zu KiB", path, max / 1024);
    else if (err)
        snprintf(why, cap, "%s: %s", path, mk_err_text(err));
    close(fd);
    return err;
}

static int read_embedded(mk_buf *out, const char *relative, size_t max)
{
    char path[PATHS];
    snprintf(path, sizeof path, "scripts/%s", relative);
    for (const mk_embedded *file = mk_embedded_files; file->path; file++) {
        if (strcmp(file->path, path) != 0)
            continue;
        mk_buf_free(out);
        mk_buf_init(out, max);
        return mk_buf_add(out, file->data, file->len);
    }
    return MK_ENOENT;
}

/* As mk_find_file, and where it was. */
static int find_file(mk_buf *out, const char *scripts, const char *relative, size_t max, char *where, size_t where_cap,
                     char *why, size_t cap)
{
    char folder[PATHS];
    const char *base;
    for (size_t i = 0; (base = mk_scripts_folder(scripts, i, folder, sizeof folder)); i++) {
        if ((size_t)snprintf(where, where_cap, "%s/%s", base, relative) >= where_cap)
            continue;
        int err = read_path(out, where, max, why, cap);
        if (err != MK_ENOENT)
            return err;
    }
    int err = read_embedded(out, relative, max);
    snprintf(where, where_cap, "(built in) scripts/%s", relative);
    if (err)
        snprintf(why, cap, err == MK_ENOENT ? "%s was not found" : "%s: too large", relative);
    return err;
}

int mk_find_file(mk_buf *out, const char *scripts, const char *relative, size_t max, char *why, size_t cap)
{
    char where[PATHS];
    return find_file(out, scripts, relative, max, where, sizeof where, why, cap);
}

static bool is_file(const char *adapter)
{
    struct stat st;
    const size_t len = strlen(adapter);
    return strchr(adapter, '/') || (len > 4 && strcmp(adapter + len - 4, ".lua") == 0) ||
           (!mk_scripts_is_id(adapter) && stat(adapter, &st) == 0);
}

/* A script is text: what is not would only fail later with less to say. */
static int check_text(const mk_buf *text, const char *path, char *why, size_t cap)
{
    const char *what = NULL;
    if (text->len && text->data[0] == 0x1B)
        what = "this is compiled Lua, which is never run; give the source";
    else if (memchr(text->data, 0, text->len) || memchr(text->data, 0x1B, text->len))
        what = "this is not text (it holds bytes that no script has)";
    if (!what)
        return MK_OK;
    snprintf(why, cap, "%s: %s", path, what);
    return MK_EPARSE;
}

static int set_names(mk_found *found, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    found->path = mk_strdup(path);
    found->name = mk_strdup(name);
    if (len > 4 && strcmp(name + len - 4, ".lua") == 0)
        len -= 4;
    found->id = mk_memdup(name, len);
    return found->path && found->name && found->id ? MK_OK : MK_ENOMEM;
}

/* --- all of them --------------------------------------------------------- */

typedef struct names {
    char **list;
    size_t count, cap;
    int err;
} names;

static void add_name(names *all, const char *file)
{
    char id[MK_SCRIPT_ID_MAX + 1];
    if (!mk_scripts_id_of(file, id))
        return;
    if (all->count + 1 >= all->cap) {
        const size_t cap = all->cap ? all->cap * 2 : 32;
        char **list = mk_realloc(all->list, cap * sizeof *list);
        if (!list) {
            all->err = MK_ENOMEM;
            return;
        }
        all->list = list;
        all->cap = cap;
    }
    all->list[all->count] = mk_strdup(id);
    if (all->list[all->count])
        all->list[++all->count] = NULL;
    else
        all->err = MK_ENOMEM;
}

static void add_folder(names *all, const char *base)
{
    char path[PATHS];
    snprintf(path, sizeof path, "%s/utilities", base);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        add_name(all, entry->d_name);
    closedir(dir);
}

static void add_embedded(names *all)
{
    static const char prefix[] = "scripts/utilities/";
    for (const mk_embedded *file = mk_embedded_files; file->path; file++)
        if (strncmp(file->path, prefix, sizeof prefix - 1) == 0)
            add_name(all, file->path + sizeof prefix - 1);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All ids, sorted, the same perhaps more than once; a NULL after them. */
static void list_names(names *all, const char *scripts)
{
    char folder[PATHS];
    const char *base;
    for (size_t i = 0; (base = mk_scripts_folder(scripts, i, folder, sizeof folder)); i++)
        add_folder(all, base);
    add_embedded(all);
    if (all->count)
        qsort(all->list, all->count, sizeof *all->list, by_name);
}

static void free_names(names *all)
{
    for (size_t i = 0; i < all->count; i++)
        mk_free(all->list[i]);
    mk_free(all->list);
}

int mk_find_all(const char *scripts, bool (*each)(void *arg, const char *id), void *arg)
{
    names all = { .list = NULL };
    list_names(&all, scripts);
    bool more = !all.err;
    for (size_t i = 0; more && i < all.count; i++)
        if (!i || strcmp(all.list[i - 1], all.list[i]) != 0)
            more = each(arg, all.list[i]);
    free_names(&all);
    return all.err;
}

/* --- by file or id --------------------------------------------------------- */

static void say_unknown(const char *adapter, const char *scripts, char *why, size_t cap)
{
    names all = { .list = NULL };
    list_names(&all, scripts);
    const char *near = all.count ? mk_suggest(adapter, (const char *const *)all.list) : NULL;
    if (near)
        snprintf(why, cap, "there is no adapter %s; did you mean %s?", adapter, near);
    else
        snprintf(why, cap, "there is no adapter %s; `meterkey utilities` lists those there are", adapter);
    free_names(&all);
}

int mk_find_text(mk_found *out, const char *adapter, const char *scripts, char *why, size_t cap)
{
    char where[PATHS], relative[128];
    int err;
    mk_found found = { .path = NULL };
    mk_buf_init(&found.text, MK_FIND_MAX);
    if (is_file(adapter)) {
        snprintf(where, sizeof where, "%s", adapter);
        err = read_path(&found.text, adapter, MK_FIND_MAX, why, cap);
    } else if (!mk_scripts_is_id(adapter)) {
        snprintf(why, cap, "%s is neither a file nor the id of an adapter", adapter);
        err = MK_ENOENT;
    } else {
        snprintf(relative, sizeof relative, "utilities/%s.lua", adapter);
        err = find_file(&found.text, scripts, relative, MK_FIND_MAX, where, sizeof where, why, cap);
        if (err == MK_ENOENT)
            say_unknown(adapter, scripts, why, cap);
    }
    if (!err)
        err = check_text(&found.text, where, why, cap);
    if (!err && (err = set_names(&found, where)))
        snprintf(why, cap, "%s", mk_err_text(err));
    if (err)
        mk_found_free(&found);
    else
        *out = found;
    return err;
}
