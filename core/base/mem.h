/* mem.h - every allocation of the core, counted and wiped (layer base)
 *
 * All memory of the core and of the libraries it registers with (jansson,
 * PCRE2, libxml2, curl, zstd, OpenSSL) comes from here. Memory is wiped when
 * it is given back, since any of it may have held what a portal echoed.
 * mk_mem_fail_at lets a test make the n-th allocation fail. */
#ifndef MK_MEM_H
#define MK_MEM_H
#include <stdbool.h>
#include <stddef.h>

/* A string of bytes that somebody else owns; data need not end in NUL. */
typedef struct mk_bytes {
    const char *data;
    size_t len;
} mk_bytes;

/* As malloc, calloc, realloc, free: NULL when out of memory, wiped on free
 * and when realloc moves. A size of 0 gives a valid pointer. */
void *mk_malloc(size_t size);
void *mk_calloc(size_t count, size_t size); /* NULL on overflow too */
void *mk_realloc(void *ptr, size_t size);
void mk_free(void *ptr);
void mk_free_used(void *ptr, size_t used); /* the same where only the first bytes were ever written */
char *mk_strdup(const char *text);
/* A copy of len bytes with a NUL after them. */
char *mk_memdup(const void *data, size_t len);

/* Testing: the n-th allocation from now fails (1 is the next); with `on`
 * every one after it too. 0 switches off. Not thread-safe. */
void mk_mem_fail_at(unsigned long n, bool on);
/* How many allocations were asked for since the start of the process. */
unsigned long mk_mem_count(void);
/* How many were refused since then, for want of memory or by mk_mem_fail_at: whoever must not go on with
 * something half made compares before and after. */
unsigned long mk_mem_refused(void);
/* How many allocations are alive: for leak checks in tests. */
long mk_mem_live(void);

/* True if the product or sum overflows; else *out is it. */
bool mk_mul_overflows(size_t a, size_t b, size_t *out);
bool mk_add_overflows(size_t a, size_t b, size_t *out);

/* What a session may use: Lua and C memory are charged to one of these. */
typedef struct mk_account {
    size_t used, limit, peak;
    unsigned refused; /* how often a charge was refused */
} mk_account;

/* MK_OK, or MK_ELIMIT if it would pass the limit (then nothing is charged). A
 * NULL account takes everything. */
int mk_account_charge(mk_account *account, size_t bytes);
void mk_account_release(mk_account *account, size_t bytes);
#endif
