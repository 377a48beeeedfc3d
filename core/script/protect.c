/* protect.c - pcall and xpcall that catch errors, but never the end of a session (layer script) */
#include "script/impl.h"

/* Results lie from 2 on; 1 is the slot for true. */
static int pcall_done(lua_State *L, int status, lua_KContext extra)
{
    mk_script_check(L, status);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)extra;
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

/* pcall(f, ...) -> true, results | false, error           waits  [-n, +n, m] */
static int p_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return pcall_done(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_done), 0);
}

/* The handler's result or, if it failed itself, its error is on top. */
static int handler_done(lua_State *L, int status, lua_KContext extra)
{
    (void)extra;
    mk_script_check(L, status);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int xpcall_done(lua_State *L, int status, lua_KContext extra)
{
    mk_script_check(L, status);
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)extra;
    lua_pushvalue(L, 2); /* the handler */
    lua_insert(L, -2);
    return handler_done(L, lua_pcallk(L, 1, 1, 0, 0, handler_done), 0);
}

/* xpcall(f, handler, ...) -> as pcall. The handler runs after the error has unwound: stock Lua calls it with
 * hooks off, where nothing could stop it.                  waits  [-n, +n, m] */
static int p_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    const int count = lua_gettop(L) - 2;
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f, handler, true, f, arguments */
    return xpcall_done(L, lua_pcallk(L, count, LUA_MULTRET, 0, 2, xpcall_done), 2);
}

void mk_script_open_protect(lua_State *L)
{
    static const luaL_Reg functions[] = { { "pcall", p_pcall }, { "xpcall", p_xpcall }, { NULL, NULL } };
    luaL_setfuncs(L, functions, 0);
}
