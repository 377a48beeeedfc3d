/* clock.c - the clocks (layer base) */
#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now = { 0 };
    clock_gettime(id, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t mk_clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t mk_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t mk_clock_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}
