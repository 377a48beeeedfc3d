/* scan.h - the adapters there are, and a mark of each that changes when anything it is made of does (layer service) */
#ifndef MK_SCAN_H
#define MK_SCAN_H
#include "service/watcher.h"
#include <stdbool.h>
#include <stdint.h>

enum { MK_SCAN_PATH = 4096 };

/* Each adapter: path is NULL for one that only the binary has. mark covers its file, its cases and the modules under runtime: by inode,
 * size and time. */
typedef void (*mk_scan_each)(void *arg, const char *id, const char *path, uint64_t mark);
/* The adapters under scripts (NULL: ./scripts, else the installed folder) and those that the binary carries; watcher is told
 * every folder that was looked at. folder: the one they lie in ("" none). MK_OK, or the watcher's first error: all were told nonetheless. */
int mk_scan(const char *scripts, const char *runtime, mk_watcher *watcher, char folder[MK_SCAN_PATH], mk_scan_each each, void *arg);
#endif
