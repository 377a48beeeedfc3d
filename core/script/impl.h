/* impl.h - what the files of a script state share (layer script, its own) */
#ifndef MK_SCRIPT_IMPL_H
#define MK_SCRIPT_IMPL_H
#include "script/state.h"
#include <lauxlib.h>
#include <lualib.h>

enum {
    MK_SCRIPT_REFUSALS = 64,        /* refused allocations in one resume; each may cost a full collection */
    MK_SCRIPT_RESERVE = 256 * 1024, /* memory an ended state gets so that it can unwind */
    MK_SCRIPT_BLOCK = 16,           /* what malloc takes for itself, charged with each block */
    MK_SCRIPT_TEXT = 8 * 1024 * 1024, /* longest string a library function makes */
    MK_SCRIPT_LOAD = 256 * 1024,    /* longest source that load takes */
    MK_SCRIPT_CLOSES = 64           /* coroutine.close within __close within coroutine.close ... */
};

struct mk_script {
    lua_State *L;      /* main thread; runs no script */
    lua_State *thread; /* what mk_script_resume runs */
    int base;          /* values below its function */
    /* The coroutine that runs now: the one that the timer's handler must arm. */
    lua_State *volatile running;
    volatile int expired;
    mk_script_limits limits;
    mk_script_owner owner;
    mk_account lua, c;
    unsigned refused; /* in this resume */
    uint64_t age;
    bool waiting;     /* a binding yields to the engine, through coroutines */
    unsigned no_wait; /* coroutines resumed from where nothing can wait */
    unsigned closing;
    bool ended;
    mk_fault *fault;   /* why; NULL with ended: out of memory, see last */
    mk_fault last;     /* said when there was no memory for another */
    struct mk_script_raised *raised; /* typed errors that are Lua values */
    /* CPU, microseconds */
    int64_t begun;    /* of this resume, by the thread's clock */
    int64_t paused;   /* work with limits of its own in this resume */
    int64_t before;   /* all resumes before this one */
    int64_t forgiven; /* of before, not counted toward the total any more */
    bool in_resume;
};

/* alloc.c */
void *mk_script_alloc(void *ud, void *ptr, size_t osize, size_t nsize);
/* True for a C function without upvalues, which is no object and has no age. */
bool mk_script_is_bare(lua_State *L, int idx);
/* budget.c: the timer of this thread, armed for a script. */
void mk_script_arm(mk_script *script);
void mk_script_disarm(void);
void mk_script_hook(lua_State *L, lua_Debug *ar);
/* Makes the hook look at the script's limits at its next instruction. */
void mk_script_attend(mk_script *script);
/* In long loops in C: ends the session if its time or memory is used up. */
void mk_script_poll(lua_State *L);
/* Leaves a state that has ended: yields where it can, else raises. Never returns. */
int mk_script_stop(lua_State *L);
/* In C functions after a protected call failed with status: stops if the session has ended; ends it if memory ran out. */
void mk_script_check(lua_State *L, int status);
/* Records that memory ran out, with the place where L stands. */
void mk_script_end_memory(lua_State *L);
/* As mk_script_end, with a fault of policy.budget. */
int mk_script_over(lua_State *L, const char *limit, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Records why; false if it had ended before (fault is then freed). */
bool mk_script_set_end(mk_script *script, mk_fault *fault);
mk_fault *mk_script_budget_fault(const char *limit, const char *text);

/* fault.c: makes the metatable of typed errors. */
void mk_script_open_fault(lua_State *L);
/* After lua_close: those that no finalizer freed. */
void mk_script_drop_raised(mk_script *script);
/* Libraries: each leaves its table on the stack (base: fills the globals at -1). */
void mk_script_open_base(lua_State *L);
void mk_script_open_protect(lua_State *L);
void mk_script_open_order(lua_State *L);
void mk_script_open_require(lua_State *L);
void mk_script_open_coroutine(lua_State *L);
void mk_script_open_string(lua_State *L);
void mk_script_open_pattern(lua_State *L); /* adds to the table at -1 */
void mk_script_open_table(lua_State *L);
void mk_script_open_math(lua_State *L, uint64_t seed);
void mk_script_open_utf8(lua_State *L);
/* Fills the table at -1 with the stock functions of the table at from, as closures of their own (so that they have an age). */
void mk_script_take(lua_State *L, int from, const char *const *names);
/* table.c */
int mk_script_sort(lua_State *L);
/* state.c: the globals of a new state; fills the main thread's. */
void mk_script_open_all(lua_State *L, uint64_t seed);
#endif
