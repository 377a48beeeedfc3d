/* tablib.c - the table library: every loop looks at the session's limits (layer script) */
#include "script/impl.h"

#include <string.h>

enum { LENGTH_MOST = 10000000, UNPACK_MOST = 100000, POLL_EACH = 1024 };

static lua_Integer length(lua_State *L, int idx)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    const lua_Integer len = luaL_len(L, idx);
    if (len > LENGTH_MOST)
        luaL_error(L, "table too long (over %d)", LENGTH_MOST);
    return len;
}

static void poll(lua_State *L, lua_Integer i)
{
    if (i % POLL_EACH == 0)
        mk_script_poll(L);
}

/* table.insert(t[, position], value)                         [-3, +0, e] */
static int t_insert(lua_State *L)
{
    const lua_Integer end = length(L, 1) + 1;
    const int count = lua_gettop(L);
    if (count != 2 && count != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    lua_Integer at = end;
    if (count == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--) {
            poll(L, i);
            lua_geti(L, 1, i - 1);
            lua_seti(L, 1, i);
        }
    }
    lua_seti(L, 1, at);
    return 0;
}

/* table.remove(t[, position]) -> value                       [-2, +1, e] */
static int t_remove(lua_State *L)
{
    const lua_Integer size = length(L, 1);
    lua_Integer at = luaL_optinteger(L, 2, size);
    if (lua_gettop(L) > 1)
        luaL_argcheck(L, (at >= 1 && at <= size + 1) || (size == 0 && at == 0), 2, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < size; at++) {
        poll(L, at);
        lua_geti(L, 1, at + 1);
        lua_seti(L, 1, at);
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

/* table.move(from, first, last, at[, to]) -> to              [-5, +1, e] */
static int t_move(lua_State *L)
{
    const lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), at = luaL_checkinteger(L, 4);
    const int to = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, to, LUA_TTABLE);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        const lua_Integer count = last - first + 1;
        luaL_argcheck(L, count <= LENGTH_MOST, 3, "too many elements to move");
        luaL_argcheck(L, at <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        const bool up = at > last || at <= first || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ));
        for (lua_Integer i = 0; i < count; i++) {
            const lua_Integer k = up ? i : count - 1 - i;
            poll(L, i);
            lua_geti(L, 1, first + k);
            lua_seti(L, to, at + k);
        }
    }
    lua_pushvalue(L, to);
    return 1;
}

static void add_field(lua_State *L, luaL_Buffer *out, lua_Integer i)
{
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
    luaL_addvalue(out);
}

/* table.concat(t[, sep[, first[, last]]]) -> string           [-4, +1, e] */
static int t_concat(lua_State *L)
{
    const lua_Integer size = length(L, 1);
    size_t sep_len = 0;
    const char *sep = luaL_optlstring(L, 2, "", &sep_len);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    const lua_Integer last = luaL_optinteger(L, 4, size);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (; i < last; i++) {
        add_field(L, &out, i);
        luaL_addlstring(&out, sep, sep_len);
        poll(L, i);
    }
    if (i == last)
        add_field(L, &out, i);
    luaL_pushresult(&out);
    return 1;
}

/* table.pack(...) -> table with n                             [-n, +1, m] */
static int t_pack(lua_State *L)
{
    const int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

/* table.unpack(t[, first[, last]]) -> values; at most 100,000. That they do not fit ends the session, since
 * whether they do depends on what else is in memory.           [-3, +n, e] */
static int t_unpack(lua_State *L)
{
    const lua_Integer first = luaL_optinteger(L, 2, 1);
    const lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (first > last)
        return 0;
    if ((lua_Unsigned)last - (lua_Unsigned)first >= UNPACK_MOST)
        return luaL_error(L, "too many results to unpack");
    const int count = (int)(last - first) + 1;
    if (!lua_checkstack(L, count))
        mk_script_check(L, LUA_ERRMEM);
    for (int i = 0; i < count; i++)
        lua_geti(L, 1, first + i);
    return count;
}

void mk_script_open_table(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "insert", t_insert }, { "remove", t_remove }, { "move", t_move },         { "concat", t_concat },
        { "pack", t_pack },     { "unpack", t_unpack }, { "sort", mk_script_sort }, { NULL, NULL },
    };
    luaL_newlib(L, functions);
}
