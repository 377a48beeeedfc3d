/* suggest.h - the nearest known word to a misspelt one (layer base) */
#ifndef MK_SUGGEST_H
#define MK_SUGGEST_H

/* The word of the NULL-terminated list `known` that lies nearest to `word`, by
 * at most two insertions, deletions or changed letters (case ignored; the first
 * of equals), or NULL if none does. A word is never suggested by changing all
 * its letters, so "x" suggests nothing. Static as the list is; allocates nothing. */
const char *mk_suggest(const char *word, const char *const *known);
#endif
