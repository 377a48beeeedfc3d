/* sort.c - table.sort: stable, the same in each run, ended by the limits (layer script)
 *
 * A merge sort, bottom up, between two lists: no order function, however wrong, leads it astray. */
#include "script/impl.h"

enum { SORT_MOST = 200000, POLL_EACH = 256, TABLE = 1, ORDER = 2, FROM = 3, TO = 4 };

/* Whether b must stand before a: the values at -2 and -1. */
static bool before(lua_State *L)
{
    bool less = false;
    if (lua_isnil(L, ORDER))
        return lua_compare(L, -1, -2, LUA_OPLT);
    lua_pushvalue(L, ORDER);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

static void merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer mid, lua_Integer high)
{
    lua_Integer a = low, b = mid;
    for (lua_Integer i = low; i < high; i++) {
        bool second = a >= mid;
        if (i % POLL_EACH == 0)
            mk_script_poll(L);
        if (a < mid && b < high) {
            lua_rawgeti(L, from, a);
            lua_rawgeti(L, from, b);
            second = before(L);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, second ? b++ : a++);
        lua_rawseti(L, to, i);
    }
}

static lua_Integer least(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

/* Gives which of the two lists is sorted. */
static int sort_lists(lua_State *L, lua_Integer count)
{
    int from = FROM, to = TO;
    for (lua_Integer width = 1; width < count; width *= 2) {
        for (lua_Integer low = 1; low <= count; low += 2 * width)
            merge(L, from, to, low, least(low + width, count + 1), least(low + 2 * width, count + 1));
        const int swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* table.sort(t[, comes_before]); equal ones keep their order; at most 200,000; the function cannot wait  [-2, +0, e] */
int mk_script_sort(lua_State *L)
{
    luaL_checktype(L, TABLE, LUA_TTABLE);
    if (!lua_isnoneornil(L, ORDER))
        luaL_checktype(L, ORDER, LUA_TFUNCTION);
    lua_settop(L, ORDER);
    const lua_Integer count = luaL_len(L, TABLE);
    if (count > SORT_MOST)
        return luaL_error(L, "table too long to sort (over %d)", SORT_MOST);
    if (count < 2)
        return 0;
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, TABLE, i);
        if (lua_isnil(L, -1))
            return luaL_error(L, "attempt to sort a list with holes (at index %I)", (LUAI_UACINT)i);
        lua_rawseti(L, FROM, i);
    }
    const int sorted = sort_lists(L, count);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, sorted, i);
        lua_seti(L, TABLE, i);
    }
    return 0;
}
