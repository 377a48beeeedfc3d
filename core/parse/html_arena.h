/* html_arena.h - libxml2's memory, one arena a document (layer parse, internal)
 *
 * xmlMemSetup is global, so each block carries a small header that tells its
 * arena. Between mk_arena_enter and mk_arena_leave all that libxml2 allocates
 * on this thread lies in that arena; outside it comes from mk_malloc.
 *
 * libxml2 2.9 does not survive every refused allocation. It is therefore never
 * told of one: the arena jumps out of libxml2, to the mk_arena_enter that is
 * open. Nothing is lost by it, for what libxml2 held lies in the arena. */
#ifndef MK_HTML_ARENA_H
#define MK_HTML_ARENA_H
#include "base/mem.h"
#include <setjmp.h>

enum { MK_ARENA_CLASSES = 48 };

typedef struct mk_arena_chunk mk_arena_chunk;
typedef struct mk_arena_block mk_arena_block;
typedef struct mk_arena {
    mk_account *account;   /* charged by chunks; may be NULL */
    mk_arena_chunk *chunks;
    char *at, *end;        /* what is left of the newest small chunk */
    size_t next;           /* size of the next small chunk */
    mk_arena_block *unused[MK_ARENA_CLASSES];
    size_t bytes;          /* in all chunks */
    jmp_buf *out;          /* where to go when memory is refused */
    struct mk_arena *outer;
} mk_arena; /* set up by mk_arena_init */

void mk_arena_init(mk_arena *arena, mk_account *account);
/* Gives everything back; what libxml2 still holds there is gone. */
void mk_arena_drop(mk_arena *arena);

/* Used as: jmp_buf out; int err = setjmp(out); if (!err) { mk_arena_enter(a, &out); ... }
 * mk_arena_leave(a); since setjmp must stand in the function that stays. err
 * is then what mk_arena_abort was given. */
void mk_arena_enter(mk_arena *arena, jmp_buf *out);
void mk_arena_leave(mk_arena *arena);
/* Leaves libxml2 at once (a limit was passed). An arena must be entered. */
_Noreturn void mk_arena_abort(int err);
/* Registers with libxml2. Once, before anything else of it. */
void mk_arena_install(void);
#endif
