/* m_json.c - meterkey.json: decoding and encoding (layer bind)
 *
 * contract.md section 2, "JSON numbers and shapes". */
#include "bind/prim.h"
#include "base/err.h"
#include "parse/json.h"
#include "script/luajson.h"

#define VALUE_MT "meterkey.json.value"
#define PATH_MT "meterkey.json.path"
enum { MAX_TEXT = 8 << 20 };

static int value_gc(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

static int path_gc(lua_State *L)
{
    mk_json_path **box = lua_touserdata(L, 1);
    mk_json_path_free(*box);
    *box = NULL;
    return 0;
}

static const mk_json_path *compile_path(lua_State *L, int idx)
{
    static const luaL_Reg meta[] = {{"__gc", path_gc}, {NULL, NULL}};
    char why[120] = "";
    const char *text = luaL_checkstring(L, idx);
    mk_json_path **box = (mk_json_path **)mk_prim_box(L, PATH_MT, NULL, meta);
    int err = mk_json_path_compile(box, text, why, sizeof why);
    if (err == MK_EPARSE)
        luaL_error(L, "JSON path '%s': %s", text, why);
    mk_prim_check(L, err, "JSON path");
    return *box;
}

static bool collect(void *arg, json_t *value)
{
    lua_State *L = arg;
    mk_lua_push_json(L, value);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    return true;
}

static void push_at(lua_State *L, const mk_json_path *path, const json_t *root)
{
    if (mk_json_path_many(path)) {
        lua_newtable(L);
        mk_json_path_each(path, root, collect, L);
        mk_lua_push_array_mt(L);
        lua_setmetatable(L, -2);
        return;
    }
    const json_t *found = mk_json_path_first(path, root);
    if (found)
        mk_lua_push_json(L, found);
    else
        lua_pushnil(L);
}

/* json.decode(text[, path]) -> value | nil, message, code         [-2, +1|+3, e] no wait */
/**
 * Reads JSON. With a path (`$`, `.name`, `['name']`, `[n]`, `[*]`) gives the value there: a list where the path
 * has `[*]`, nil where nothing is. Integers stay integers of 64 bit; a number that neither an integer nor a float can
 * hold is a string; null is `json.null`; an empty array stays an array when it is encoded again.
 * A byte-order mark and a first line such as `)]}',` are skipped. At most 8 MiB, 64 deep.
 */
static int b_decode(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", value_gc}, {NULL, NULL}};
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_settop(L, 2);
    const mk_json_path *path = lua_isnil(L, 2) ? NULL : compile_path(L, 2);
    mk_json_error why = {0};
    json_t **box = (json_t **)mk_prim_box(L, VALUE_MT, NULL, meta);
    int64_t begun = mk_script_work_begin(L);
    int err = mk_json_parse(box, text, len, NULL, &why);
    mk_script_work_end(L, begun);
    if (err == MK_ENOMEM)
        return luaL_error(L, "not enough memory");
    if (err)
        return mk_lua_failf(L, err == MK_ELIMIT ? "policy.budget" : "adapter.parse", "line %d, column %d: %s", why.line,
                            why.col, why.why[0] ? why.why : mk_err_text(err));
    if (path)
        push_at(L, path, *box);
    else
        mk_lua_push_json(L, *box);
    json_decref(*box); /* now: the collector does not know how large it is */
    *box = NULL;
    return 1;
}

/* json.encode(value) -> string or opaque                          [-1, +1, e] no wait */
/**
 * Writes a value as JSON: compact, keys sorted. A table with elements 1 to n is an array, any other an object; an empty
 * one is an object unless `json.array` marked it. Opaque values may stand in it; the result is then opaque.
 * Raises for what JSON lacks: functions, infinities, lists with holes, tables with both elements and names, over 64 deep.
 */
static int b_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    unsigned roles = 0;
    mk_buf *buf = mk_prim_scratch(L, MAX_TEXT);
    mk_lua_json_encode(L, 1, buf, &roles);
    mk_prim_push(L, (mk_bytes){buf->data, buf->len}, roles);
    return 1;
}

/* json.array([table]) -> the same table, marked                   [-1, +1, e] no wait */
/** Marks a table (a new one if none is given) as an array, so that it is `[]` when it is empty. */
static int b_array(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getmetatable(L, 1)) {
        mk_lua_push_array_mt(L);
        luaL_argcheck(L, lua_rawequal(L, -1, -2), 1, "a table without a metatable expected");
        lua_settop(L, 1);
        return 1;
    }
    mk_lua_push_array_mt(L);
    lua_setmetatable(L, 1);
    return 1;
}

/* json.is_null(value) -> boolean                                  [-1, +1, e] no wait */
/** True for `json.null` only. (nil means that nothing was there.) */
static int b_is_null(lua_State *L)
{
    luaL_checkany(L, 1);
    mk_lua_push_null(L);
    lua_pushboolean(L, lua_rawequal(L, 1, -1));
    return 1;
}

/* json.is_array(value) -> boolean                                 [-1, +1, e] no wait */
/** True for a table that was decoded from an array or marked by `json.array`. */
static int b_is_array(lua_State *L)
{
    luaL_checkany(L, 1);
    bool marked = false;
    if (lua_istable(L, 1) && lua_getmetatable(L, 1)) {
        mk_lua_push_array_mt(L);
        marked = lua_rawequal(L, -1, -2);
    }
    lua_pushboolean(L, marked);
    return 1;
}

/* json.null                                                       [constant] */
/** What stands for JSON's null, since a table cannot hold nil. It is true in a condition: ask `json.is_null`. */
int mk_open_json(lua_State *L)
{
    static const luaL_Reg functions[] = {{"decode", b_decode}, {"encode", b_encode}, {"array", b_array},
                                         {"is_null", b_is_null}, {"is_array", b_is_array}, {NULL, NULL}};
    luaL_newlib(L, functions);
    mk_lua_push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
