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
/* Starts count sessions, drops the state of each at its first challenge, then parks them all in a file. Adds to result what one
 * takes: "rss_kib_dropped", "rss_kib_parked" (what the process holds while it lies in the file), "file_kib_parked"; rss_kib_parked is
 * null if count is nought or none came to a challenge. */
void mk_bench_parked(const mk_bench_input *input, uv_loop_t *loop, long count, json_t *result);
#endif
