/* oom.h - runs a call with each of its allocations failing in turn (tests) */
#ifndef MK_TEST_OOM_H
#define MK_TEST_OOM_H
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "base/err.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

/* Until the call succeeds: each failure must be MK_ENOMEM and leave nothing behind. At
 * least one allocation must have been there to fail. */
#define each_allocation_fails(call)                     \
    do {                                                \
        unsigned long n_ = 0;                           \
        int err_ = MK_OK;                               \
        const long live_ = mk_mem_live();               \
        do {                                            \
            mk_mem_fail_at(++n_, false);                \
            err_ = (call);                              \
            mk_mem_fail_at(0, false);                   \
            if (err_) {                                 \
                assert_int_equal(err_, MK_ENOMEM);      \
                assert_int_equal(mk_mem_live(), live_); \
            }                                           \
        } while (err_);                                 \
        assert_true(n_ > 1);                            \
    } while (0)
#endif
