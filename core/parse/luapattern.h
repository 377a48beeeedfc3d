/* luapattern.h - Lua 5.4's patterns on a matcher with a step budget (layer parse)
 *
 * The stock matcher can run for hours on innocent text (embedding-lua.md).
 * Same language: classes, sets, - * + ?, %b, %f, anchors, captures, positions. */
#ifndef MK_LUAPATTERN_H
#define MK_LUAPATTERN_H
#include <stdbool.h>
#include <stddef.h>

enum { MK_LPAT_CAPTURES = 32 };
typedef struct mk_lpat {
    const char *src;
    size_t src_len;
    const char *pat;
    size_t pat_len;
    long *steps;      /* what is left; shared by calls; at 0: MK_ELIMIT */
    int level;        /* captures so far */
    struct {
        size_t from;
        ptrdiff_t len; /* -1: still open, -2: a position capture */
    } capture[MK_LPAT_CAPTURES];
    const char *why;  /* for MK_EPARSE: as stock Lua words it, "malformed pattern (ends with '%')" */
    int depth;
} mk_lpat;

/* Tries to match at exactly `at` (pattern without its leading ^, which would
 * stand for itself here). *end is past
 * the match. MK_OK with *found; MK_EPARSE (bad pattern; why), MK_ELIMIT (steps, or
 * nested over 200). */
int mk_lpat_at(mk_lpat *m, size_t at, bool *found, size_t *end);
/* Searches from `at` on, honouring a leading ^. *from..*to is the match. Also
 * MK_EPARSE for a capture that was never closed, even where stock gsub would
 * not look at it. */
int mk_lpat_find(mk_lpat *m, size_t at, bool *found, size_t *from, size_t *to);
#endif
