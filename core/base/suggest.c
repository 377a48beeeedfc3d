/* suggest.c - the nearest known word to a misspelt one (layer base) */
#include "base/suggest.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 64, DISTANCE_MAX = 2 };

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance with one row; both at most WORD_MAX long. */
static size_t distance(const char *a, size_t alen, const char *b, size_t blen)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= blen; j++)
        row[j] = j;
    for (size_t i = 1; i <= alen; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= blen; j++) {
            size_t above = row[j];
            size_t change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = least(above + 1, row[j - 1] + 1, change);
            diagonal = above;
        }
    }
    return row[blen];
}

const char *mk_suggest(const char *word, const char *const *known)
{
    size_t len = strlen(word);
    const char *best = NULL;
    size_t best_distance = DISTANCE_MAX + 1;
    if (len == 0 || len > WORD_MAX)
        return NULL;
    for (; *known; known++) {
        size_t other = strlen(*known);
        if (other > WORD_MAX)
            continue;
        size_t d = distance(word, len, *known, other);
        if (d < best_distance && d < len && d < other) {
            best = *known;
            best_distance = d;
        }
    }
    return best;
}
