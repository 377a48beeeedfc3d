/* order.c - pairs and next in a fixed order, the same in each replay (layer script)
 *
 * Numbers by value, then strings by their bytes, booleans, then objects by age. Lua's own order depends
 * on addresses and a random seed. */
#include "script/impl.h"

#include <string.h>

typedef struct order_key {
    int rank;
    bool integer;
    union {
        lua_Integer i;
        lua_Number n;
        uint64_t age;
        struct {
            const char *text;
            size_t len;
        } s;
    } as;
    lua_Integer at; /* where it stands in the list of keys */
} order_key;

enum { RANK_NUMBER, RANK_STRING, RANK_BOOLEAN, RANK_OBJECT, RANK_BARE };

/* Strings stay where they are for as long as the table or the stack holds them. */
static order_key key_at(lua_State *L, int idx)
{
    order_key key = { .rank = RANK_OBJECT };
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
        key.rank = RANK_NUMBER;
        key.integer = lua_isinteger(L, idx);
        if (key.integer)
            key.as.i = lua_tointeger(L, idx);
        else
            key.as.n = lua_tonumber(L, idx);
        return key;
    case LUA_TSTRING:
        key.rank = RANK_STRING;
        key.as.s.text = lua_tolstring(L, idx, &key.as.s.len);
        return key;
    case LUA_TBOOLEAN:
        key.rank = RANK_BOOLEAN;
        key.as.age = (uint64_t)lua_toboolean(L, idx);
        return key;
    default:
        key.as.age = mk_script_age(L, idx);
        if (key.as.age)
            return key;
        /* Not an object: a plain C function or the null of JSON. Within one binary their distances are fixed. */
        key.rank = RANK_BARE;
        key.as.age = (uint64_t)((uintptr_t)lua_topointer(L, idx) - (uintptr_t)&mk_script_age);
        return key;
    }
}

/* A float key is never the value of an integer (Lua turns such into integers), so only the order counts. */
static int compare_numbers(const order_key *a, const order_key *b)
{
    if (a->integer && b->integer)
        return (a->as.i > b->as.i) - (a->as.i < b->as.i);
    if (!a->integer && !b->integer)
        return (a->as.n > b->as.n) - (a->as.n < b->as.n);
    const lua_Integer i = a->integer ? a->as.i : b->as.i;
    const lua_Number n = a->integer ? b->as.n : a->as.n;
    /* Beyond 2^63 on either side; else the whole part decides, and the fraction above it. */
    int order = 0;
    if (n >= 9223372036854775808.0)
        order = -1;
    else if (n < -9223372036854775808.0)
        order = 1;
    else
        order = i > (lua_Integer)n ? 1 : i < (lua_Integer)n ? -1 : n < (lua_Number)(lua_Integer)n ? 1 : -1;
    return a->integer ? order : -order;
}

static int compare(const order_key *a, const order_key *b)
{
    if (a->rank != b->rank)
        return a->rank - b->rank;
    if (a->rank == RANK_NUMBER)
        return compare_numbers(a, b);
    if (a->rank != RANK_STRING)
        return (a->as.age > b->as.age) - (a->as.age < b->as.age);
    const size_t least = a->as.s.len < b->as.s.len ? a->as.s.len : b->as.s.len;
    const int order = memcmp(a->as.s.text, b->as.s.text, least);
    return order ? order : (a->as.s.len > b->as.s.len) - (a->as.s.len < b->as.s.len);
}

static void merge(const order_key *from, order_key *to, size_t low, size_t mid, size_t high)
{
    size_t a = low, b = mid;
    for (size_t i = low; i < high; i++)
        to[i] = a < mid && (b >= high || compare(&from[a], &from[b]) <= 0) ? from[a++] : from[b++];
}

/* keys has room for twice count. Gives where the sorted ones are. */
static order_key *sort_keys(order_key *keys, size_t count)
{
    order_key *from = keys, *to = keys + count;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            const size_t mid = low + width < count ? low + width : count;
            const size_t high = low + 2 * width < count ? low + 2 * width : count;
            merge(from, to, low, mid, high);
        }
        order_key *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* The keys as Lua gives them, in a list on the stack; how many, and whether they are in order already. */
static lua_Integer collect(lua_State *L, int table, bool *sorted)
{
    lua_Integer count = 0;
    order_key last = { 0 };
    *sorted = true;
    lua_createtable(L, (int)(lua_rawlen(L, table) & 0xffff), 0);
    const int list = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, list + 1)) {
        const order_key key = key_at(L, list + 1);
        *sorted = *sorted && (!count || compare(&last, &key) < 0);
        last = key;
        lua_pushvalue(L, list + 1);
        lua_rawseti(L, list, ++count);
    }
    return count;
}

void mk_script_sorted_keys(lua_State *L, int idx)
{
    bool sorted = false;
    luaL_checkstack(L, 8, NULL);
    idx = lua_absindex(L, idx);
    const lua_Integer count = collect(L, idx, &sorted);
    if (sorted) { /* by chance: ages must not tell, so two pass as for the objects made below */
        mk_script_of(L)->age += 2;
        return;
    }
    const int list = lua_gettop(L);
    order_key *keys = lua_newuserdatauv(L, 2 * (size_t)count * sizeof *keys, 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, list, i + 1);
        keys[i] = key_at(L, -1);
        keys[i].at = i + 1;
        lua_pop(L, 1);
    }
    const order_key *done = sort_keys(keys, (size_t)count);
    lua_createtable(L, count < 65536 ? (int)count : 65536, 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, list, done[i].at);
        lua_rawseti(L, -2, i + 1);
    }
    lua_replace(L, list);
    lua_settop(L, list);
}

/* The iterator of pairs: upvalues are the keys, how many were given, and the table (a script may call
 * it with anything). What was removed meanwhile is passed over. */
static int walk(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
    lua_settop(L, 0);
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++at) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, 1);
        if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL)
            break;
        lua_settop(L, 0);
    }
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

static int pairs_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)L;
    (void)status;
    (void)ctx;
    return 3;
}

/* pairs(t) -> iterator, t, nil                              waits in __pairs  [-1, +3, e] */
static int o_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_done);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    mk_script_sorted_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, walk, 3);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* next(t[, key]) -> key, value | nil: the least key above the one given, which need not
 * be there any more. A look at each key, so pairs is for loops.   [-2, +2, e] */
static int o_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    const bool first = lua_isnil(L, 2);
    const order_key after = key_at(L, 2);
    order_key best = { 0 };
    lua_pushnil(L); /* 3: the best so far */
    for (lua_pushnil(L); lua_next(L, 1); lua_settop(L, 4)) {
        const order_key key = key_at(L, 4);
        if ((!first && compare(&key, &after) <= 0) || (!lua_isnil(L, 3) && compare(&key, &best) >= 0))
            continue;
        best = key;
        lua_copy(L, 4, 3);
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
        return 1;
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

void mk_script_open_order(lua_State *L)
{
    static const luaL_Reg functions[] = { { "pairs", o_pairs }, { "next", o_next }, { NULL, NULL } };
    luaL_setfuncs(L, functions, 0);
}
