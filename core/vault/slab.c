/* slab.c - locked memory for small secrets (layer vault) */
#include "vault/slab.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    CHUNK = 64 * 1024,
    SMALLEST = 32, /* class 0; each class is twice the one before */
    CLASSES = 10   /* the last is 16 KiB; what is larger has pages of its own */
};

typedef struct free_block {
    struct free_block *next;
} free_block;

static free_block *free_list[CLASSES];
static char *chunk; /* the newest; what is before `chunk_at` is handed out or in a list */
static size_t chunk_at = CHUNK;
static size_t used;
static bool told;

static size_t class_of(size_t size)
{
    size_t i = 0;
    while (i < CLASSES && (size_t)SMALLEST << i < size)
        i++;
    return i;
}

/* 0 if it is too large to round. */
static size_t pages(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t sum = 0;
    return mk_add_overflows(size, page - 1, &sum) ? 0 : sum / page * page;
}

static void *map(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    madvise(at, size, MADV_DONTDUMP);
    if (mlock(at, size) != 0 && !told) {
        told = true;
        mk_log(MK_LOG_WARN, NULL, "the limit of locked memory is reached: further secrets may be swapped out (raise ulimit -l)");
    }
    return at;
}

/* What is left of the old chunk goes to the lists, largest blocks first. */
static void use_up_chunk(void)
{
    for (size_t i = CLASSES; i-- > 0;) {
        const size_t size = (size_t)SMALLEST << i;
        while (chunk && CHUNK - chunk_at >= size) {
            free_block *block = (free_block *)(void *)(chunk + chunk_at);
            block->next = free_list[i];
            free_list[i] = block;
            chunk_at += size;
        }
    }
}

static void *carve(size_t size)
{
    if (CHUNK - chunk_at < size) {
        char *fresh = map(CHUNK);
        if (!fresh)
            return NULL;
        use_up_chunk();
        chunk = fresh;
        chunk_at = 0;
    }
    void *at = chunk + chunk_at;
    chunk_at += size;
    return at;
}

void *mk_slab_alloc(size_t size)
{
    const size_t i = class_of(size);
    if (i == CLASSES) {
        const size_t room = pages(size);
        void *at = room ? map(room) : NULL;
        if (at)
            used += room;
        return at;
    }
    const size_t room = (size_t)SMALLEST << i;
    free_block *block = free_list[i];
    if (block) {
        free_list[i] = block->next;
        block->next = NULL; /* the rest is zero already */
    } else {
        block = carve(room);
    }
    if (block)
        used += room;
    return block;
}

void mk_slab_free(void *ptr, size_t size)
{
    if (!ptr)
        return;
    const size_t i = class_of(size);
    if (i == CLASSES) {
        explicit_bzero(ptr, size);
        used -= pages(size);
        munmap(ptr, pages(size));
        return;
    }
    const size_t room = (size_t)SMALLEST << i;
    explicit_bzero(ptr, room);
    free_block *block = ptr;
    block->next = free_list[i];
    free_list[i] = block;
    used -= room;
}

mk_buf mk_slab_buf(void *ptr, size_t size)
{
    return (mk_buf){ .data = ptr, .cap = size, .max = size - 1 };
}

size_t mk_slab_used(void)
{
    return used;
}
