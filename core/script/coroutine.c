/* coroutine.c - a script's own coroutines, through which the engine's waits and ends pass (layer script)
 *
 * A hook belongs to one coroutine: `running` follows the one that runs, so that the timer arms the right one. */
#include "script/impl.h"

/* What came of running a coroutine. */
typedef struct passage {
    int count;  /* results on the caller's stack, or -1: an error object is */
    bool waits; /* the engine waits: yield, and call again */
} passage;

static void enter(mk_script *script, lua_State *L, lua_State *co)
{
    if (!lua_isyieldable(L))
        script->no_wait++;
    script->running = co;
}

static void leave(mk_script *script, lua_State *L)
{
    script->running = L;
    __asm__ volatile("" ::: "memory"); /* a timer before this line has armed co and set expired */
    if (!lua_isyieldable(L))
        script->no_wait--;
    if (script->expired || script->ended)
        lua_sethook(L, mk_script_hook, LUA_MASKCOUNT, 1);
}

static passage run(lua_State *L, lua_State *co, int nargs)
{
    mk_script *script = mk_script_of(L);
    int count = 0;
    enter(script, L, co);
    const int status = lua_resume(co, L, nargs, &count);
    leave(script, L);
    mk_script_check(L, status);
    if (status == LUA_YIELD && script->waiting)
        return (passage){ 0, true };
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return (passage){ -1, false };
    }
    if (!lua_checkstack(L, count + 1)) {
        lua_pop(co, count);
        lua_pushliteral(L, "too many results to resume");
        return (passage){ -1, false };
    }
    lua_xmove(co, L, count);
    return (passage){ count, false };
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (L == co)
        return "running";
    switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &ar))
            return "normal";
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default: return "dead";
    }
}

/* Moves the arguments from first on to the coroutine; false with a message if it cannot go on. */
static bool hand_over(lua_State *L, lua_State *co, int nargs)
{
    const char *status = status_of(L, co);
    if (*status != 's') {
        lua_pushstring(L, *status == 'd' ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine");
        return false;
    }
    if (!lua_checkstack(co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return false;
    }
    lua_xmove(L, co, nargs);
    return true;
}

static lua_State *check_co(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static int resume_results(lua_State *L, passage p)
{
    lua_pushboolean(L, p.count >= 0);
    lua_insert(L, p.count >= 0 ? -(p.count + 1) : -2);
    return p.count >= 0 ? p.count + 1 : 2;
}

static int resume_again(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    const passage p = run(L, lua_tothread(L, 1), 0);
    return p.waits ? lua_yieldk(L, 0, ctx, resume_again) : resume_results(L, p);
}

/* coroutine.resume(co, ...) -> true, values | false, error        waits  [-n, +n, -] */
static int c_resume(lua_State *L)
{
    lua_State *co = check_co(L);
    const int nargs = lua_gettop(L) - 1;
    if (!hand_over(L, co, nargs))
        return resume_results(L, (passage){ -1, false });
    const passage p = run(L, co, nargs);
    return p.waits ? lua_yieldk(L, 0, 0, resume_again) : resume_results(L, p);
}

/* Runs the pending __close functions of a coroutine that failed or is given up, which cannot wait. */
static int reset(lua_State *L, lua_State *co)
{
    mk_script *script = mk_script_of(L);
    if (script->closing >= MK_SCRIPT_CLOSES)
        return luaL_error(L, "coroutines closed within each other over %d deep", MK_SCRIPT_CLOSES);
    if (script->expired)
        lua_sethook(co, mk_script_hook, LUA_MASKCOUNT, 1);
    script->closing++;
    script->no_wait++;
    script->running = co;
    const int status = lua_resetthread(co);
    script->no_wait--;
    script->closing--;
    script->running = L;
    __asm__ volatile("" ::: "memory");
    if (script->expired || script->ended)
        lua_sethook(L, mk_script_hook, LUA_MASKCOUNT, 1);
    mk_script_check(L, status);
    return status;
}

static int wrap_failed(lua_State *L, lua_State *co)
{
    const int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pop(L, 1);
        reset(L, co);
        lua_xmove(co, L, 1); /* what the closing made of the error */
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap_again(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    const passage p = run(L, co, 0);
    if (p.waits)
        return lua_yieldk(L, 0, ctx, wrap_again);
    return p.count < 0 ? wrap_failed(L, co) : p.count;
}

static int c_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    const int nargs = lua_gettop(L);
    if (!hand_over(L, co, nargs))
        return wrap_failed(L, co);
    const passage p = run(L, co, nargs);
    if (p.waits)
        return lua_yieldk(L, 0, 0, wrap_again);
    return p.count < 0 ? wrap_failed(L, co) : p.count;
}

/* coroutine.create(f)                                       [-1, +1, m] */
static int c_create(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

/* coroutine.wrap(f) -> function                             [-1, +1, m] */
static int c_wrap(lua_State *L)
{
    c_create(L);
    lua_pushcclosure(L, c_wrapped, 1);
    return 1;
}

/* coroutine.yield(...)                                      [-n, +n, e] */
static int c_yield(lua_State *L)
{
    if (L == mk_script_of(L)->thread)
        return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

/* coroutine.status(co) -> string                            [-1, +1, -] */
static int c_status(lua_State *L)
{
    lua_pushstring(L, status_of(L, check_co(L)));
    return 1;
}

/* coroutine.isyieldable([co])                               [-1, +1, -] */
static int c_isyieldable(lua_State *L)
{
    lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    lua_pushboolean(L, lua_isyieldable(co) && co != mk_script_of(L)->thread);
    return 1;
}

/* coroutine.running() -> co, whether it is the session's own   [-0, +2, -] */
static int c_running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, L == mk_script_of(L)->thread);
    return 2;
}

/* coroutine.close(co) -> true | false, error                [-1, +1..2, e] */
static int c_close(lua_State *L)
{
    lua_State *co = check_co(L);
    const char *status = status_of(L, co);
    if (*status != 'd' && *status != 's')
        return luaL_error(L, "cannot close a %s coroutine", status);
    if (reset(L, co) == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

void mk_script_open_coroutine(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "create", c_create }, { "wrap", c_wrap },   { "yield", c_yield },
        { "resume", c_resume }, { "status", c_status }, { "isyieldable", c_isyieldable },
        { "running", c_running }, { "close", c_close }, { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
