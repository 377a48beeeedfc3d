/* watcher.h - tells that something in a set of folders may have changed (layer service)
 *
 * A folder is watched by what it is, not by its name alone: where another took its place, or a link points elsewhere now, the
 * next round watches that one. What changed is for the caller to find out. */
#ifndef MK_WATCHER_H
#define MK_WATCHER_H
#include <uv.h>

typedef struct mk_watcher mk_watcher;

/* changed is called from the loop, often more than once for one change. NULL: out of memory. */
mk_watcher *mk_watcher_new(uv_loop_t *loop, void (*changed)(void *arg), void *arg);
/* A round: begin, add each folder that counts, end; folders not added are watched no more. Absent ones are passed over. only: one name in the folder, NULL
 * for all. MK_OK, MK_ENOMEM; MK_ELIMIT: the system watches no more. */
void mk_watcher_begin(mk_watcher *watcher);
int mk_watcher_add(mk_watcher *watcher, const char *folder, const char *only);
/* The folders above path, each for the one name that leads there. */
int mk_watcher_add_above(mk_watcher *watcher, const char *path);
void mk_watcher_end(mk_watcher *watcher);
/* Its handles close later by themselves; NULL is fine. */
void mk_watcher_free(mk_watcher *watcher);
#endif
