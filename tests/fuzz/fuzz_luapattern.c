/* fuzz_luapattern.c - Lua patterns and subjects (fuzz target) */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "parse/luapattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const mk_lpat *m, int err, bool found, size_t from, size_t to)
{
    if (err && (!m->why || found))
        abort();
    if (!found)
        return;
    if (from > to || to > m->src_len)
        abort();
    for (int i = 0; i < m->level; i++) {
        size_t len = m->capture[i].len < 0 ? 0 : (size_t)m->capture[i].len;
        if (m->capture[i].len == -1 || m->capture[i].from > m->src_len || len > m->src_len - m->capture[i].from)
            abort();
    }
}

/* The input is a pattern, a newline, and a subject; each in memory of its own,
 * so that the sanitizer sees a step too far. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size, rest = line ? size - len - 1 : 0;
    char *pat = malloc(len + !len), *src = malloc(rest + !rest);
    long steps = 50000;
    bool found = false;
    size_t from = 0, to = 0;
    if (!pat || !src)
        abort();
    memcpy(pat, data, len);
    if (rest)
        memcpy(src, line + 1, rest);
    mk_lpat m = {.src = src, .src_len = rest, .pat = pat, .pat_len = len, .steps = &steps};
    int err = mk_lpat_find(&m, 0, &found, &from, &to);
    check(&m, err, found, from, to);
    err = mk_lpat_at(&m, rest / 2, &found, &to);
    check(&m, err, found, rest / 2, to);
    free(src);
    free(pat);
    return 0;
}
