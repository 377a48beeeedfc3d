/* state.c - a Lua state: made, run, dropped (layer script) */
#include "script/state.h"

#include "base/clock.h"
#include "base/err.h"
#include "script/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const mk_script_limits mk_script_defaults = {
    .lua_bytes = 16 << 20, .c_bytes = 64 << 20, .burst_us = 50000, .total_us = 2000000, .pattern_steps = 1000000,
};

static int panic(lua_State *L)
{
    (void)L;
    fputs("meterkey: a Lua error outside protection\n", stderr);
    abort(); /* Lua would exit; a core tells more */
}

mk_script *mk_script_of(lua_State *L)
{
    mk_script *script = NULL;
    memcpy(&script, lua_getextraspace(L), sizeof script);
    return script;
}

static int open_all(lua_State *L)
{
    const uint64_t *seed = lua_touserdata(L, 1);
    mk_script_open_all(L, *seed);
    return 0;
}

int mk_script_new(mk_script **out, const mk_script_limits *limits, const mk_script_owner *owner, uint64_t seed)
{
    mk_script *script = mk_calloc(1, sizeof *script);
    if (!script)
        return MK_ENOMEM;
    script->limits = limits ? *limits : mk_script_defaults;
    if (owner)
        script->owner = *owner;
    script->lua.limit = script->limits.lua_bytes;
    script->c.limit = script->limits.c_bytes;
    script->last.kind = mk_fault_find("policy.budget");
    script->last.message = (char *)(uintptr_t)"out of memory"; /* never freed */
    script->L = lua_newstate(mk_script_alloc, script);
    if (!script->L)
        goto failed;
    script->running = script->L;
    memcpy(lua_getextraspace(script->L), &script, sizeof script);
    lua_atpanic(script->L, panic);
    lua_pushcfunction(script->L, open_all);
    lua_pushlightuserdata(script->L, &seed);
    if (lua_pcall(script->L, 1, 0, 0) != LUA_OK)
        goto failed;
    script->lua.refused = 0;
    *out = script;
    return MK_OK;
failed:
    mk_script_free(script);
    return MK_ENOMEM;
}

void mk_script_free(mk_script *script)
{
    if (!script)
        return;
    if (script->L)
        lua_close(script->L);
    mk_fault_free(script->fault);
    mk_script_drop_raised(script);
    mk_free(script);
}

lua_State *mk_script_lua(mk_script *script)
{
    return script->L;
}

void *mk_script_arg(lua_State *L)
{
    return mk_script_of(L)->owner.arg;
}

mk_account *mk_script_account(mk_script *script)
{
    return &script->c;
}

const mk_account *mk_script_lua_account(const mk_script *script)
{
    return &script->lua;
}

mk_fault *mk_script_ended(mk_script *script)
{
    if (!script->ended)
        return NULL;
    return script->fault ? script->fault : &script->last;
}

typedef struct protected_call {
    lua_CFunction function;
    void *arg;
} protected_call;

static int run_protected(lua_State *L)
{
    const protected_call *call = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_pushlightuserdata(L, call->arg);
    return call->function(L);
}

int mk_script_protect(mk_script *script, lua_CFunction function, void *arg)
{
    lua_State *L = script->L;
    protected_call call = { function, arg };
    if (!lua_checkstack(L, 3))
        return MK_ENOMEM;
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, &call);
    const int status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_OK)
        return MK_OK;
    lua_pop(L, 1);
    return status == LUA_ERRMEM ? MK_ENOMEM : MK_EINVAL;
}

static int new_thread(lua_State *L)
{
    lua_State **thread = lua_touserdata(L, 1);
    *thread = lua_newthread(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, *thread); /* kept for as long as the state lives */
    return 0;
}

lua_State *mk_script_thread(mk_script *script)
{
    lua_State *thread = NULL;
    return mk_script_protect(script, new_thread, &thread) == MK_OK ? thread : NULL;
}

static void begin(mk_script *script, lua_State *thread)
{
    script->thread = thread;
    script->running = thread;
    script->waiting = false;
    script->no_wait = 0;
    script->closing = 0;
    script->refused = 0;
    script->expired = 0;
    script->paused = 0;
    script->begun = mk_clock_cpu_us();
    script->in_resume = true;
    mk_script_arm(script);
}

static void finish(mk_script *script)
{
    mk_script_disarm();
    script->in_resume = false;
    script->before += mk_clock_cpu_us() - script->begun;
    script->running = script->L;
}

static enum mk_script_outcome outcome_of(mk_script *script, int status)
{
    if (status == LUA_ERRMEM)
        mk_script_end_memory(script->thread);
    if (script->ended)
        return MK_SCRIPT_ENDED;
    if (status == LUA_OK)
        return MK_SCRIPT_DONE;
    if (status != LUA_YIELD)
        return MK_SCRIPT_FAILED;
    if (script->waiting)
        return MK_SCRIPT_WAITS;
    mk_script_set_end(script, mk_fault_new("engine.internal", "a yield that nobody waits for"));
    return MK_SCRIPT_ENDED;
}

enum mk_script_outcome mk_script_resume(mk_script *script, lua_State *thread, int nargs, int *nresults)
{
    int count = 0;
    if (script->ended)
        return MK_SCRIPT_ENDED;
    if (lua_status(thread) == LUA_OK)
        script->base = lua_gettop(thread) - nargs - 1;
    begin(script, thread);
    const int status = lua_resume(thread, NULL, nargs, &count);
    finish(script);
    if (status == LUA_OK) /* lua_resume counts what lay below the function too */
        count = lua_gettop(thread) - script->base;
    if (nresults)
        *nresults = count;
    return outcome_of(script, status);
}

bool mk_script_can_wait(lua_State *L)
{
    return lua_isyieldable(L) && !mk_script_of(L)->no_wait;
}

int mk_script_wait(lua_State *L, lua_KContext ctx, lua_KFunction k)
{
    mk_script_of(L)->waiting = true;
    return lua_yieldk(L, 0, ctx, k);
}
