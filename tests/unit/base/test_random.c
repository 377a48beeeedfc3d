/* test_random.c - random bytes, the stream of a session, clocks (tests of base) */
#include "oom.h"

#include "base/clock.h"
#include "base/random.h"

static void stream_is_the_same_however_it_is_read(void **state)
{
    (void)state;
    mk_prng whole = { { 1, 2, 3 }, 0 }, parts = whole;
    uint8_t a[1000], b[1000];
    mk_prng_fill(&whole, a, sizeof a);
    size_t at = 0;
    for (size_t step = 1; at < sizeof b; step = step * 3 % 131 + 1) {
        const size_t take = step < sizeof b - at ? step : sizeof b - at;
        mk_prng_fill(&parts, b + at, take);
        at += take;
    }
    assert_memory_equal(a, b, sizeof a);
    assert_true(whole.offset == 1000 && parts.offset == 1000);
    mk_prng other = { { 1, 2, 4 }, 0 };
    mk_prng_fill(&other, b, sizeof b);
    assert_memory_not_equal(a, b, 32);
}

static void stream_is_chacha20(void **state)
{
    (void)state;
    static const uint8_t zero_key[] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 }; /* its published vector */
    mk_prng prng = { { 0 }, 0 };
    uint8_t out[8];
    mk_prng_fill(&prng, out, sizeof out);
    assert_memory_equal(out, zero_key, sizeof out);
}

static void kernel_fills_all(void **state)
{
    (void)state;
    uint8_t a[300] = { 0 }, b[300] = { 0 };
    mk_random_fill(a, sizeof a);
    mk_random_fill(b, sizeof b);
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(a + 284, b + 284, 16);
}

static void clocks_go_on(void **state)
{
    (void)state;
    assert_true(mk_clock_wall_ms() > 1700000000000);
    const int64_t mono = mk_clock_mono_us(), cpu = mk_clock_cpu_us();
    volatile unsigned spin = 0;
    while (mk_clock_cpu_us() - cpu < 2000)
        spin++;
    assert_true(mk_clock_mono_us() - mono >= 1900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_is_the_same_however_it_is_read),
        cmocka_unit_test(stream_is_chacha20),
        cmocka_unit_test(kernel_fills_all),
        cmocka_unit_test(clocks_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
