/* test_mem.c - allocation, wiping, accounts (tests of base) */
#include "oom.h"

#include <malloc.h>

static void counts_and_frees(void **state)
{
    (void)state;
    const long live = mk_mem_live();
    const unsigned long count = mk_mem_count();
    void *a = mk_malloc(0), *b = mk_calloc(4, 8);
    char *c = mk_strdup("text"), *d = mk_memdup("a\0b", 3);
    assert_non_null(a);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(((char *)b)[i], 0);
    assert_string_equal(c, "text");
    assert_memory_equal(d, "a\0b", 4);
    assert_int_equal(mk_mem_live(), live + 4);
    assert_int_equal(mk_mem_count(), count + 4);
    mk_free(a), mk_free(b), mk_free(c), mk_free(d), mk_free(NULL);
    assert_int_equal(mk_mem_live(), live);
}

static void refuses_overflow(void **state)
{
    (void)state;
    size_t out = 7;
    assert_null(mk_calloc(SIZE_MAX / 2, 3));
    assert_null(mk_memdup("", SIZE_MAX));
    assert_true(mk_mul_overflows(SIZE_MAX, 2, &out));
    assert_true(mk_add_overflows(SIZE_MAX, 1, &out));
    assert_int_equal(out, 7);
    assert_false(mk_mul_overflows(6, 7, &out));
    assert_int_equal(out, 42);
    assert_false(mk_add_overflows(SIZE_MAX, 0, &out));
    assert_true(out == SIZE_MAX);
}

static void fails_when_told(void **state)
{
    (void)state;
    mk_mem_fail_at(2, false);
    void *a = mk_malloc(1), *b = mk_malloc(1), *c = mk_malloc(1);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    mk_mem_fail_at(1, true);
    assert_null(mk_malloc(1));
    assert_null(mk_calloc(1, 1));
    assert_null(mk_realloc(a, 100));
    assert_null(mk_strdup("x"));
    mk_mem_fail_at(0, false);
    mk_free(a);
    mk_free(c);
}

static void keeps_bytes_when_resized(void **state)
{
    (void)state;
    const long live = mk_mem_live();
    char *at = mk_realloc(NULL, 3);
    memcpy(at, "abc", 3);
    for (size_t size = 4; size < 5000; size += 97) {
        at = mk_realloc(at, size);
        assert_memory_equal(at, "abc", 3);
        at[size - 1] = 'z';
    }
    at = mk_realloc(at, 2);
    assert_memory_equal(at, "ab", 2);
    assert_int_equal(mk_mem_live(), live + 1);
    mk_free(at);
}

#ifdef __SANITIZE_ADDRESS__
#define WIPE_VISIBLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WIPE_VISIBLE 0
#endif
#endif
#ifndef WIPE_VISIBLE
#define WIPE_VISIBLE 1
#endif

/* The next block of the same size is the one just freed, and malloc clears only
 * its links; a sanitizer keeps freed blocks back, so this is not seen there. */
static void wipes_what_it_gives_back(void **state)
{
    (void)state;
    if (!WIPE_VISIBLE)
        skip();
    char *at = mk_malloc(400);
    memset(at, 'S', 400);
    const uintptr_t was = (uintptr_t)at;
    mk_free(at);
    char *again = mk_malloc(400);
    assert_true((uintptr_t)again == was);
    for (size_t i = 0; i < 400; i++)
        assert_int_not_equal(again[i], 'S');
    memset(again, 'S', 400);
    char *moved = mk_realloc(again, 4000);
    assert_true((uintptr_t)moved != was);
    char *third = mk_malloc(400);
    assert_true((uintptr_t)third == was);
    for (size_t i = 0; i < 400; i++)
        assert_int_not_equal(third[i], 'S');
    mk_free(third);
    memset(moved, 'S', 4000);
    moved = mk_realloc(moved, 3000); /* stays: the tail is wiped */
    const size_t room = malloc_usable_size(moved);
    for (size_t i = 3000; i < room; i++)
        assert_int_equal(moved[i], 0);
    mk_free(moved);
}

static void account_holds_its_limit(void **state)
{
    (void)state;
    mk_account account = { .limit = 100 };
    assert_int_equal(mk_account_charge(&account, 60), MK_OK);
    assert_int_equal(mk_account_charge(&account, 41), MK_ELIMIT);
    assert_int_equal(mk_account_charge(&account, SIZE_MAX), MK_ELIMIT);
    assert_int_equal(account.used, 60);
    assert_int_equal(account.refused, 2);
    assert_int_equal(mk_account_charge(&account, 40), MK_OK);
    mk_account_release(&account, 90);
    assert_int_equal(account.used, 10);
    assert_int_equal(account.peak, 100);
    mk_account_release(&account, 11);
    assert_int_equal(account.used, 0);
    assert_int_equal(mk_account_charge(NULL, SIZE_MAX), MK_OK);
    mk_account_release(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_frees),
        cmocka_unit_test(refuses_overflow),
        cmocka_unit_test(fails_when_told),
        cmocka_unit_test(keeps_bytes_when_resized),
        cmocka_unit_test(wipes_what_it_gives_back),
        cmocka_unit_test(account_holds_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
