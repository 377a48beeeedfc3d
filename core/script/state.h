/* state.h - one Lua state for one session: sandbox, memory, CPU (layer script)
 *
 * Design decisions 4 to 6, contract.md section 8, embedding-lua.md. Made fresh for each session, never
 * reused. Not thread-safe; one state runs at a time on a thread. */
#ifndef MK_SCRIPT_STATE_H
#define MK_SCRIPT_STATE_H
#include "base/fault.h"
#include "base/mem.h"
#include "base/random.h"
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct mk_script mk_script;

typedef struct mk_script_limits {
    size_t lua_bytes;   /* default 16 MiB */
    size_t c_bytes;     /* default 64 MiB: pages, DOM, JSON, behind the state */
    int64_t burst_us;   /* default 50,000: CPU from one resume to the next wait, primitives with limits of their own apart */
    int64_t total_us;   /* default 2,000,000: CPU of the whole session, primitives included */
    long pattern_steps; /* default 1,000,000: steps of one Lua-pattern call */
} mk_script_limits;
extern const mk_script_limits mk_script_defaults;

typedef struct mk_script_owner {
    void *arg; /* also mk_script_arg: how bindings find their session */
    /* print and the like; silent in a replay. May be NULL. */
    void (*log)(void *arg, int level, const char *text, size_t len);
    /* Loads the chunk of a module the adapter requires and pushes it as a function; false if there is none of that name. */
    bool (*module)(void *arg, lua_State *L, const char *name);
} mk_script_owner;

/* A state with the allowed globals only. seed: of math.random. MK_OK, MK_ENOMEM. Free with mk_script_free. */
int mk_script_new(mk_script **out, const mk_script_limits *limits, const mk_script_owner *owner, uint64_t seed);
void mk_script_free(mk_script *script); /* NULL is fine */
lua_State *mk_script_lua(mk_script *script); /* the main thread */
mk_script *mk_script_of(lua_State *L);       /* of any thread of it */
void *mk_script_arg(lua_State *L);
mk_account *mk_script_account(mk_script *script); /* the C memory behind it */
const mk_account *mk_script_lua_account(const mk_script *script); /* Lua's own memory: used, peak */
/* A thread to run a script on, kept as long as the state. NULL when out of memory (lua_newthread outside a protected call would abort). */
lua_State *mk_script_thread(mk_script *script);
/* Calls function on the main thread with arg as light userdata at 1, protected: whatever touches Lua outside a resume
 * goes through it, since errors there abort. MK_OK, MK_ENOMEM, MK_EINVAL (it raised). */
int mk_script_protect(mk_script *script, lua_CFunction function, void *arg);

enum mk_script_outcome {
    MK_SCRIPT_DONE,   /* returned; results on the thread's stack */
    MK_SCRIPT_WAITS,  /* a binding waits (mk_script_wait); resume again with no arguments */
    MK_SCRIPT_FAILED, /* an error object is on top of the thread's stack */
    MK_SCRIPT_ENDED   /* ended for good (mk_script_ended): limits, policy, s:fail; never resume again */
};
/* Resumes a thread made by lua_newthread of the main one, function and nargs arguments on its stack, under
 * the burst and total CPU limits. */
enum mk_script_outcome mk_script_resume(mk_script *script, lua_State *thread, int nargs, int *nresults);
/* CPU used so far, all resumes and primitives. */
int64_t mk_script_cpu_us(const mk_script *script);
/* Replayed work has a budget of its own: begins the total anew, without forgetting mk_script_cpu_us. */
void mk_script_budget_anew(mk_script *script);

/* For bindings (layer bind). */

/* `return mk_script_wait(L, ctx, k)`: yields to the engine, through coroutines of the script's own; k
 * runs when the session resumes. First: if (!mk_script_can_wait(L)) raise. */
int mk_script_wait(lua_State *L, lua_KContext ctx, lua_KFunction k);
bool mk_script_can_wait(lua_State *L);
/* `return mk_script_end(L, fault)`: ends the session; no pcall, xpcall, coroutine or __close of the script catches it. Takes
 * fault over (NULL: out of memory). The first end wins. */
int mk_script_end(lua_State *L, mk_fault *fault);
/* The fault that ended it, or NULL; owned by script. */
mk_fault *mk_script_ended(mk_script *script);
/* Raises a typed error that pcall catches if its kind is catchable, else as mk_script_end. Takes fault
 * over; fills fault->script with the place (innermost frame of a script's source) if NULL. Its Lua form: tostring "code: message"; .code .message .owner .script. */
int mk_script_raise(lua_State *L, mk_fault *fault);
/* The fault of an error object at idx (borrowed), or NULL if it is something else. */
mk_fault *mk_script_fault_at(lua_State *L, int idx);
/* An error object of any sort as a fault the caller owns: a typed one as it is (copied), "not enough memory" as
 * policy.budget, everything else as adapter.bug with message and place. Runs no script code. NULL: out of memory. */
mk_fault *mk_script_to_fault(lua_State *L, int idx);
/* "file.lua:12" of the innermost script frame, into out. Empty if there is none. */
void mk_script_where(lua_State *L, char *out, size_t cap);
/* Around work in C that has a limit of its own: its CPU does not count toward the burst, but toward the total. */
int64_t mk_script_work_begin(lua_State *L);
void mk_script_work_end(lua_State *L, int64_t begun);
/* How old an object with identity is (table, function, userdata, thread at idx): creation order, the same in a replay. 0 for others. */
uint64_t mk_script_age(lua_State *L, int idx);
/* As tostring of the sandbox, pushed: deterministic, may call __tostring / __name. */
const char *mk_script_tostring(lua_State *L, int idx, size_t *len);
/* Pushes a list (table) of the keys of the table at idx in the fixed order: numbers, strings, booleans, then objects by age. */
void mk_script_sorted_keys(lua_State *L, int idx);
/* The names a script finds in its globals, "string.find" and so on, NULL-terminated, sorted: for the allow-list test, luacheck and docs. */
const char *const *mk_script_globals(void);
#endif
