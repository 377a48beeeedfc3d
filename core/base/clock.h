/* clock.h - the clocks (layer base) */
#ifndef MK_CLOCK_H
#define MK_CLOCK_H
#include <stdint.h>

int64_t mk_clock_wall_ms(void); /* since the epoch, UTC */
int64_t mk_clock_mono_us(void); /* for differences */
int64_t mk_clock_cpu_us(void);  /* CPU time of this thread */
#endif
