/* mem.c - allocation, counted and wiped (layer base) */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counted from any thread (libuv's pool allocates too); nothing is ordered by
 * these, so relaxed is enough. */
static unsigned long asked, refused;
static long alive;
/* Set by tests only, before threads run. */
static unsigned long fail_left;
static bool fail_on;

/* Counts one allocation; true if a test wants it to fail. */
static bool refuse(void)
{
    __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    if (__builtin_expect(fail_left == 0, 1))
        return false;
    if (fail_left > 1) {
        fail_left--;
        return false;
    }
    if (!fail_on)
        fail_left = 0;
    __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
    return true;
}

static void *born(void *ptr)
{
    if (ptr)
        __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
    else
        __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
    return ptr;
}

void *mk_malloc(size_t size)
{
    return refuse() ? NULL : born(malloc(size ? size : 1));
}

void *mk_calloc(size_t count, size_t size)
{
    size_t total = 0;
    if (refuse() || mk_mul_overflows(count, size, &total))
        return NULL;
    return born(calloc(1, total ? total : 1));
}

void mk_free(void *ptr)
{
    if (ptr)
        mk_free_used(ptr, malloc_usable_size(ptr));
}

void mk_free_used(void *ptr, size_t used)
{
    if (!ptr)
        return;
    explicit_bzero(ptr, used);
    free(ptr);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
}

void *mk_realloc(void *ptr, size_t size)
{
    if (!ptr)
        return mk_malloc(size);
    if (refuse())
        return NULL;
    if (!size)
        size = 1;
    /* realloc(3) would leave the old bytes behind when it moves. */
    const size_t room = malloc_usable_size(ptr);
    if (size <= room && (room <= 64 || size > room / 2)) {
        explicit_bzero((char *)ptr + size, room - size);
        return ptr;
    }
    void *moved = born(malloc(size));
    if (!moved)
        return NULL;
    memcpy(moved, ptr, size < room ? size : room);
    mk_free(ptr);
    return moved;
}

char *mk_strdup(const char *text)
{
    return mk_memdup(text, strlen(text));
}

char *mk_memdup(const void *data, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = mk_malloc(len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

void mk_mem_fail_at(unsigned long n, bool on)
{
    fail_left = n;
    fail_on = on;
}

unsigned long mk_mem_count(void)
{
    return __atomic_load_n(&asked, __ATOMIC_RELAXED);
}

unsigned long mk_mem_refused(void)
{
    return __atomic_load_n(&refused, __ATOMIC_RELAXED);
}

long mk_mem_live(void)
{
    return __atomic_load_n(&alive, __ATOMIC_RELAXED);
}

bool mk_mul_overflows(size_t a, size_t b, size_t *out)
{
    size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product))
        return true;
    *out = product;
    return false;
}

bool mk_add_overflows(size_t a, size_t b, size_t *out)
{
    size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return true;
    *out = sum;
    return false;
}
