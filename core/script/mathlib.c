/* mathlib.c - math and utf8: stock functions, the random ones from the session's seed (layer script) */
#include "script/impl.h"

#include <string.h>

/* math.randomseed(n): stock Lua without arguments takes time and an address.   [-2, +2, e] */
static int m_randomseed(lua_State *L)
{
    luaL_checknumber(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

void mk_script_open_math(lua_State *L, uint64_t seed)
{
    static const char *const take[] = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod",
                                        "huge", "log", "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad",
                                        "random", "sin", "sqrt", "tan", "tointeger", "type", "ult", NULL };
    lua_Integer first = 0;
    memcpy(&first, &seed, sizeof first);
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    const int stock = lua_gettop(L);
    lua_createtable(L, 0, 28);
    mk_script_take(L, stock, take);
    lua_getfield(L, stock, "randomseed");
    lua_pushvalue(L, -1);
    lua_pushinteger(L, first);
    lua_call(L, 1, 0);
    lua_pushcclosure(L, m_randomseed, 1);
    lua_setfield(L, -2, "randomseed");
    lua_remove(L, stock);
}

void mk_script_open_utf8(lua_State *L)
{
    static const char *const take[] = { "char", "charpattern", "codepoint", "codes", "len", "offset", NULL };
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    const int stock = lua_gettop(L);
    lua_createtable(L, 0, 6);
    mk_script_take(L, stock, take);
    lua_remove(L, stock);
}
