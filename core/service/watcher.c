/* watcher.c - tells that something in a set of folders may have changed (layer service) */
#include "service/watcher.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS = 4096 };

typedef struct watch {
    uv_fs_event_t handle;
    mk_watcher *watcher; /* NULL: closing */
    char *folder, *only;
    dev_t dev;
    ino_t ino;
    bool wanted; /* in this round */
    struct watch *next;
} watch;

struct mk_watcher {
    uv_loop_t *loop;
    void (*changed)(void *arg);
    void *arg;
    watch *list;
};

mk_watcher *mk_watcher_new(uv_loop_t *loop, void (*changed)(void *arg), void *arg)
{
    mk_watcher *watcher = mk_calloc(1, sizeof *watcher);
    if (watcher)
        *watcher = (mk_watcher){ .loop = loop, .changed = changed, .arg = arg };
    return watcher;
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
    const watch *w = (const watch *)handle;
    (void)events;
    (void)status; /* a watch that failed is looked at like a change */
    if (w->watcher && (!w->only || !name || strcmp(name, w->only) == 0))
        w->watcher->changed(w->watcher->arg);
}

static void free_watch(uv_handle_t *handle)
{
    watch *w = (watch *)handle;
    mk_free(w->folder);
    mk_free(w->only);
    mk_free(w);
}

static void drop(watch *w)
{
    w->watcher = NULL;
    uv_close((uv_handle_t *)&w->handle, free_watch);
}

void mk_watcher_begin(mk_watcher *watcher)
{
    for (watch *w = watcher->list; w; w = w->next)
        w->wanted = false;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int begin(mk_watcher *watcher, const char *folder, const char *only, const struct stat *st)
{
    watch *w = mk_calloc(1, sizeof *w);
    if (!w)
        return MK_ENOMEM;
    *w = (watch){ .watcher = watcher, .folder = mk_strdup(folder), .only = only ? mk_strdup(only) : NULL, .dev = st->st_dev, .ino = st->st_ino,
                  .wanted = true };
    uv_fs_event_init(watcher->loop, &w->handle);
    int err = !w->folder || (only && !w->only) ? MK_ENOMEM : MK_OK;
    const int started = err ? 0 : uv_fs_event_start(&w->handle, on_event, folder, 0);
    if (err || started) {
        drop(w);
        return err || started == UV_ENOENT || started == UV_ENOTDIR ? err : started == UV_ENOMEM ? MK_ENOMEM : MK_ELIMIT;
    }
    w->next = watcher->list;
    watcher->list = w;
    return MK_OK;
}

int mk_watcher_add(mk_watcher *watcher, const char *folder, const char *only)
{
    struct stat st;
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return MK_OK;
    for (watch *w = watcher->list; w; w = w->next) {
        if (w->dev == st.st_dev && w->ino == st.st_ino && strcmp(w->folder, folder) == 0 && same(w->only, only)) {
            w->wanted = true;
            return MK_OK;
        }
    }
    return begin(watcher, folder, only, &st);
}

int mk_watcher_add_above(mk_watcher *watcher, const char *path)
{
    char full[PATHS], name[256];
    size_t used = 0;
    if (*path != '/' && getcwd(full, sizeof full / 2))
        used = strlen(full);
    if ((size_t)snprintf(full + used, sizeof full - used, "/%s", path) >= sizeof full - used)
        return MK_ELIMIT;
    int err = MK_OK;
    for (char *slash = full; !err && slash; slash = strchr(slash + 1, '/')) {
        const size_t len = strcspn(slash + 1, "/");
        if (!len || len >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len, slash + 1);
        const char kept = slash == full ? slash[1] : *slash; /* the root keeps its slash */
        slash[slash == full] = '\0';
        err = mk_watcher_add(watcher, full, name);
        slash[slash == full] = kept;
    }
    return err;
}

void mk_watcher_end(mk_watcher *watcher)
{
    for (watch **at = &watcher->list, *w; (w = *at);) {
        if (w->wanted) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        drop(w);
    }
}

void mk_watcher_free(mk_watcher *watcher)
{
    if (!watcher)
        return;
    mk_watcher_begin(watcher);
    mk_watcher_end(watcher);
    mk_free(watcher);
}
