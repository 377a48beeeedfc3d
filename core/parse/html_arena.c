/* html_arena.c - libxml2's memory, one arena a document (layer parse) */
#include "parse/html_arena.h"
#include "base/err.h"
#include <libxml/xmlerror.h>
#include <libxml/xmlmemory.h>
#include <stdint.h>
#include <string.h>

/* Under the address sanitizer a block that was given back is poisoned, so that
 * use after free is seen in an arena as it is on the heap. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

enum {
    STEP = 16,
    FINE_CLASSES = 32,            /* of 16 bytes each, to 512 */
    SMALL_MAX = 8192,             /* above that a block is a chunk of its own */
    CHUNK_FIRST = 16 * 1024,
    CHUNK_LAST = 128 * 1024
};

/* In front of each block. arena NULL: from mk_malloc. An unused block has the
 * next one of its class in place of the arena. */
struct mk_arena_block {
    union {
        mk_arena *arena;
        mk_arena_block *next;
    } u;
    size_t size; /* what may be used after the header */
};

struct mk_arena_chunk {
    mk_arena_chunk *next, *prev;
    size_t size; /* with this header */
    size_t pad;  /* keeps what follows aligned to 16 */
};

static _Thread_local mk_arena *current;

/* The class whose blocks hold size, and their size. */
static unsigned class_of(size_t size, size_t *fits)
{
    if (size <= STEP * FINE_CLASSES) {
        size_t n = size ? (size + STEP - 1) / STEP : 1;
        *fits = n * STEP;
        return (unsigned)n - 1;
    }
    unsigned at = FINE_CLASSES;
    for (size_t base = (size_t)STEP * FINE_CLASSES; base < SMALL_MAX; base *= 2)
        for (size_t part = 1; part <= 4; part++, at++)
            if (size <= base + base / 4 * part) {
                *fits = base + base / 4 * part;
                return at;
            }
    *fits = size;
    return MK_ARENA_CLASSES;
}

static mk_arena_chunk *chunk_add(mk_arena *arena, size_t payload)
{
    size_t size = 0;
    if (mk_add_overflows(payload, sizeof(mk_arena_chunk), &size))
        return NULL;
    if (mk_account_charge(arena->account, size))
        return NULL;
    mk_arena_chunk *chunk = mk_malloc(size);
    if (!chunk) {
        mk_account_release(arena->account, size);
        return NULL;
    }
    chunk->size = size;
    chunk->prev = NULL;
    chunk->next = arena->chunks;
    if (chunk->next)
        chunk->next->prev = chunk;
    arena->chunks = chunk;
    arena->bytes += size;
    return chunk;
}

static void chunk_remove(mk_arena *arena, mk_arena_chunk *chunk)
{
    if (chunk->prev)
        chunk->prev->next = chunk->next;
    else
        arena->chunks = chunk->next;
    if (chunk->next)
        chunk->next->prev = chunk->prev;
    arena->bytes -= chunk->size;
    mk_account_release(arena->account, chunk->size);
    SHOW(chunk, chunk->size);
    mk_free(chunk);
}

static mk_arena_block *take_large(mk_arena *arena, size_t size)
{
    size_t whole = 0;
    if (mk_add_overflows(size, sizeof(mk_arena_block), &whole))
        return NULL;
    mk_arena_chunk *chunk = chunk_add(arena, whole);
    return chunk ? (mk_arena_block *)(chunk + 1) : NULL;
}

static mk_arena_block *take_fresh(mk_arena *arena, size_t size)
{
    size_t whole = size + sizeof(mk_arena_block);
    if ((size_t)(arena->end - arena->at) < whole) {
        mk_arena_chunk *chunk = chunk_add(arena, arena->next);
        if (!chunk)
            return NULL;
        arena->at = (char *)(chunk + 1);
        arena->end = arena->at + arena->next;
        if (arena->next < CHUNK_LAST)
            arena->next *= 2;
        HIDE(arena->at, (size_t)(arena->end - arena->at));
    }
    mk_arena_block *block = (mk_arena_block *)arena->at;
    arena->at += whole;
    SHOW(block, whole);
    return block;
}

static void *arena_take(mk_arena *arena, size_t size)
{
    size_t fits = 0;
    unsigned c = class_of(size, &fits);
    mk_arena_block *block = NULL;
    if (c == MK_ARENA_CLASSES) {
        block = take_large(arena, fits);
    } else if (arena->unused[c]) {
        block = arena->unused[c];
        arena->unused[c] = block->u.next;
    } else {
        block = take_fresh(arena, fits);
    }
    if (!block)
        return NULL;
    block->u.arena = arena;
    block->size = fits;
    SHOW(block + 1, fits);
    return block + 1;
}

static void arena_give(mk_arena *arena, mk_arena_block *block)
{
    size_t fits = 0;
    unsigned c = class_of(block->size, &fits);
    if (c == MK_ARENA_CLASSES) {
        chunk_remove(arena, (mk_arena_chunk *)block - 1);
        return;
    }
    block->u.next = arena->unused[c];
    arena->unused[c] = block;
    HIDE(block + 1, block->size);
}

static void *outside_take(size_t size)
{
    size_t whole = 0;
    if (mk_add_overflows(size, sizeof(mk_arena_block), &whole))
        return NULL;
    mk_arena_block *block = mk_malloc(whole);
    if (!block)
        return NULL;
    block->u.arena = NULL;
    block->size = size;
    return block + 1;
}

_Noreturn void mk_arena_abort(int err)
{
    longjmp(*current->out, err);
}

static void *xml_malloc(size_t size)
{
    if (!current)
        return outside_take(size);
    void *got = arena_take(current, size);
    if (!got)
        mk_arena_abort(MK_ENOMEM);
    return got;
}

static void xml_free(void *ptr)
{
    if (!ptr)
        return;
    mk_arena_block *block = (mk_arena_block *)ptr - 1;
    if (block->u.arena)
        arena_give(block->u.arena, block);
    else
        mk_free(block);
}

static void *xml_realloc(void *ptr, size_t size)
{
    if (!ptr)
        return xml_malloc(size);
    mk_arena_block *block = (mk_arena_block *)ptr - 1;
    if (size <= block->size && size >= block->size / 4)
        return ptr;
    /* A block stays where it was born, whoever is current. */
    mk_arena *arena = block->u.arena;
    void *got = arena ? arena_take(arena, size) : outside_take(size);
    if (!got && current)
        mk_arena_abort(MK_ENOMEM);
    if (!got)
        return NULL;
    memcpy(got, ptr, size < block->size ? size : block->size);
    xml_free(ptr);
    return got;
}

static char *xml_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *got = xml_malloc(size);
    if (got)
        memcpy(got, text, size);
    return got;
}

void mk_arena_init(mk_arena *arena, mk_account *account)
{
    memset(arena, 0, sizeof *arena);
    arena->account = account;
    arena->next = CHUNK_FIRST;
}

void mk_arena_drop(mk_arena *arena)
{
    while (arena->chunks)
        chunk_remove(arena, arena->chunks);
    mk_arena_init(arena, arena->account);
}

void mk_arena_enter(mk_arena *arena, jmp_buf *out)
{
    arena->outer = current;
    arena->out = out;
    current = arena;
}

void mk_arena_leave(mk_arena *arena)
{
    /* The last error is kept per thread and its strings lie in this arena. */
    xmlResetLastError();
    current = arena->outer;
    arena->outer = NULL;
    arena->out = NULL;
}

void mk_arena_install(void)
{
    xmlMemSetup(xml_free, xml_malloc, xml_realloc, xml_strdup);
}
