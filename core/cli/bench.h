/* bench.h - what the parts of `bench` share (layer cli) */
#ifndef MK_BENCH_H
#define MK_BENCH_H
#include "cli/options.h"

typedef struct mk_bench_input {
    mk_engine *engine;
    const mk_version *version;
    const mk_credentials *credentials;
    const mk_shared *shared;
    long sessions, concurrency;
    bool progress;
} mk_bench_input;

long mk_bench_rss(void); /* KiB */
/* Starts count sessions, drops each at its first challenge and gives the memory that one takes then, in KiB; null if count is
 * nought or none came to a challenge. New reference. */
json_t *mk_bench_parked(const mk_bench_input *input, uv_loop_t *loop, long count);
#endif
