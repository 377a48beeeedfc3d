/* require.c - a script's require: modules of its version and primitives, each loaded once (layer script) */
#include "script/impl.h"

#include <string.h>

static const char loaded_key; /* its address names the table of loaded modules in the registry */

/* Marks a module that is being loaded. */
static void push_mark(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loaded_key);
}

/* The error of a module with who required it; errors that are no strings stay what they are. */
static int failed(lua_State *L, const char *name)
{
    if (lua_type(L, -1) != LUA_TSTRING)
        return lua_error(L);
    luaL_where(L, 1);
    const char *where = lua_tostring(L, -1);
    const size_t len = strlen(where);
    lua_pushlstring(L, where, len > 2 ? len - 2 : 0); /* without ": " */
    lua_pushfstring(L, "%s (required as '%s' at %s)", lua_tostring(L, -3), name, lua_tostring(L, -1));
    return lua_error(L);
}

static int load(lua_State *L, const char *name, int loaded)
{
    mk_script *script = mk_script_of(L);
    const unsigned refused = script->refused;
    if (!script->owner.module || !script->owner.module(script->owner.arg, L, name)) {
        if (script->refused > refused)
            mk_script_check(L, LUA_ERRMEM); /* it is there, but did not fit */
        return luaL_error(L, "no module '%s' (a module is named by a literal string: require \"meterkey.forms\")", name);
    }
    push_mark(L);
    lua_setfield(L, loaded, name);
    lua_pushvalue(L, 1);
    const int status = lua_pcall(L, 1, 1, 0);
    mk_script_check(L, status);
    if (status != LUA_OK) {
        lua_pushnil(L);
        lua_setfield(L, loaded, name);
        return failed(L, name);
    }
    if (lua_isnil(L, -1))
        lua_pushboolean(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, loaded, name);
    return 1;
}

/* require(name) -> what the module returned, true for nothing     [-1, +1, e] */
static int r_require(lua_State *L)
{
    size_t len = 0;
    const char *name = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len && len < 100 && strlen(name) == len, 1, "not a module's name");
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    if (lua_getfield(L, 2, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return load(L, name, 2);
    }
    push_mark(L);
    if (lua_rawequal(L, -1, -2))
        return luaL_error(L, "module '%s' requires itself, by way of others", name);
    lua_pop(L, 1);
    return 1;
}

void mk_script_open_require(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
    lua_pushcfunction(L, r_require);
    lua_setfield(L, -2, "require");
}
