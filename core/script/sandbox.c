/* sandbox.c - the globals that a script finds: an allow-list (layer script) */
#include "script/impl.h"

#include <string.h>

enum { LOG_MOST = 8 * 1024, LOG_INFO = 1 };

/* Sorted. What is not here is not there; a test compares it with what a script sees. */
static const char *const names[] = {
    "_G", "_VERSION", "assert",
    "coroutine.close", "coroutine.create", "coroutine.isyieldable", "coroutine.resume", "coroutine.running",
    "coroutine.status", "coroutine.wrap", "coroutine.yield",
    "error", "getmetatable", "ipairs", "load",
    "math.abs", "math.acos", "math.asin", "math.atan", "math.ceil", "math.cos", "math.deg", "math.exp", "math.floor",
    "math.fmod", "math.huge", "math.log", "math.max", "math.maxinteger", "math.min", "math.mininteger", "math.modf",
    "math.pi", "math.rad", "math.random", "math.randomseed", "math.sin", "math.sqrt", "math.tan", "math.tointeger",
    "math.type", "math.ult",
    "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable",
    "string.byte", "string.char", "string.find", "string.format", "string.gmatch", "string.gsub", "string.len",
    "string.lower", "string.match", "string.pack", "string.packsize", "string.rep", "string.reverse", "string.sub",
    "string.unpack", "string.upper",
    "table.concat", "table.insert", "table.move", "table.pack", "table.remove", "table.sort", "table.unpack",
    "tonumber", "tostring", "type",
    "utf8.char", "utf8.charpattern", "utf8.codepoint", "utf8.codes", "utf8.len", "utf8.offset",
    "xpcall", NULL,
};

const char *const *mk_script_globals(void)
{
    return names;
}

static const char *default_text(lua_State *L, int idx, size_t *len)
{
    const int type = lua_type(L, idx);
    const uint64_t age = mk_script_age(L, idx);
    if (type == LUA_TLIGHTUSERDATA) {
        lua_pushstring(L, lua_touserdata(L, idx) ? "userdata" : "null");
        return lua_tolstring(L, -1, len);
    }
    const int kind = luaL_getmetafield(L, idx, "__name");
    const char *name = kind == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, idx);
    if (age)
        lua_pushfstring(L, "%s: #%I", name, (LUAI_UACINT)age);
    else
        lua_pushfstring(L, "%s: builtin", name);
    if (kind != LUA_TNIL)
        lua_remove(L, -2);
    return lua_tolstring(L, -1, len);
}

const char *mk_script_tostring(lua_State *L, int idx, size_t *len)
{
    luaL_checkstack(L, 4, NULL);
    idx = lua_absindex(L, idx);
    if (luaL_callmeta(L, idx, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, len);
    }
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushvalue(L, idx);
        break;
    case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false"); break;
    case LUA_TNIL: lua_pushliteral(L, "nil"); break;
    default: return default_text(L, idx, len);
    }
    return lua_tolstring(L, -1, len); /* turns a number into its text */
}

/* tostring(v) -> string: table: #12, no addresses           [-1, +1, e] */
static int b_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    mk_script_tostring(L, 1, NULL);
    return 1;
}

/* print(...): to the session's log, at most 8 KiB a line     [-n, +0, e] */
static int b_print(lua_State *L)
{
    const mk_script *script = mk_script_of(L);
    const int count = lua_gettop(L);
    luaL_Buffer line;
    size_t total = 0;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count && total < LOG_MOST; i++) {
        size_t len = 0;
        mk_script_tostring(L, i, &len);
        if (len > LOG_MOST - total) {
            len = LOG_MOST - total;
            lua_pushlstring(L, lua_tostring(L, -1), len);
            lua_remove(L, -2);
        }
        total += len;
        luaL_addvalue(&line);
        if (i < count)
            luaL_addchar(&line, '\t');
    }
    luaL_pushresult(&line);
    size_t len = 0;
    const char *text = lua_tolstring(L, -1, &len);
    if (script->owner.log)
        script->owner.log(script->owner.arg, LOG_INFO, text, len);
    return 0;
}

static void refuse_field(lua_State *L, const char *name, const char *why)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, 2) != LUA_TNIL)
        luaL_error(L, "'%s' is not there: %s", name, why);
    lua_pop(L, 1);
}

/* setmetatable(t, mt) -> t; without __gc and __mode. Known weakness: a __mode that is put into mt afterwards does
 * make the table weak, and a replay of such a script may differ (it then ends engine.replay_diverged).   [-2, +1, e] */
static int b_setmetatable(lua_State *L)
{
    const int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        refuse_field(L, "__gc", "nothing runs when memory is collected");
        refuse_field(L, "__mode", "weak tables would differ from run to run");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* Collects what a load function gives, on the stack at 5. */
static void read_pieces(lua_State *L)
{
    luaL_Buffer text;
    size_t total = 0;
    lua_settop(L, 4);
    luaL_buffinit(L, &text);
    for (;;) {
        size_t len = 0;
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1))
            break;
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "reader function must return a string");
        lua_tolstring(L, -1, &len);
        total += len;
        if (!len)
            break;
        if (total > MK_SCRIPT_LOAD)
            luaL_error(L, "source over %d KiB", MK_SCRIPT_LOAD / 1024);
        luaL_addvalue(&text);
    }
    lua_pop(L, 1);
    luaL_pushresult(&text);
}

/* load(chunk[, name[, mode[, env]]]) -> function | nil, message; text only, at most 256 KiB   [-4, +1..2, e] */
static int b_load(lua_State *L)
{
    const bool has_env = !lua_isnone(L, 4);
    const bool is_text = lua_type(L, 1) == LUA_TSTRING;
    if (!is_text)
        luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *mode = luaL_optstring(L, 3, "t");
    luaL_argcheck(L, strchr(mode, 't') != NULL, 3, "only source text can be loaded");
    const char *name = luaL_optstring(L, 2, is_text ? lua_tostring(L, 1) : "=(load)");
    if (is_text) {
        lua_settop(L, 4);
        lua_pushvalue(L, 1);
    } else {
        read_pieces(L);
    }
    size_t len = 0;
    const char *text = lua_tolstring(L, 5, &len);
    if (len > MK_SCRIPT_LOAD)
        return luaL_error(L, "source over %d KiB", MK_SCRIPT_LOAD / 1024);
    const int status = luaL_loadbufferx(L, text, len, name, "t");
    mk_script_check(L, status);
    if (status != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_env) {
        lua_pushvalue(L, 4);
        if (!lua_setupvalue(L, -2, 1))
            lua_pop(L, 1);
    }
    return 1;
}

void mk_script_take(lua_State *L, int from, const char *const *list)
{
    for (; *list; list++) {
        lua_getfield(L, from, *list);
        /* A function of the shared library has no upvalue and so no age: it becomes a closure. */
        if (lua_type(L, -1) == LUA_TFUNCTION && mk_script_is_bare(L, -1)) {
            lua_pushboolean(L, 0);
            lua_pushcclosure(L, lua_tocfunction(L, -2), 1);
            lua_remove(L, -2);
        }
        lua_setfield(L, -2, *list);
    }
}

void mk_script_open_base(lua_State *L)
{
    static const char *const stock[] = { "_VERSION", "assert", "error", "getmetatable", "ipairs", "rawequal", "rawget",
                                         "rawlen", "rawset", "select", "tonumber", "type", NULL };
    static const luaL_Reg own[] = { { "tostring", b_tostring }, { "print", b_print },
                                    { "setmetatable", b_setmetatable }, { "load", b_load }, { NULL, NULL } };
    const int globals = lua_gettop(L);
    lua_pushcfunction(L, luaopen_base); /* fills the old globals, which are dropped */
    lua_call(L, 0, 1);
    lua_pushvalue(L, globals);
    mk_script_take(L, globals + 1, stock);
    luaL_setfuncs(L, own, 0);
    lua_settop(L, globals);
}

void mk_script_open_all(lua_State *L, uint64_t seed)
{
    mk_script_open_fault(L);
    lua_createtable(L, 0, 32);
    mk_script_open_base(L);
    mk_script_open_protect(L);
    mk_script_open_order(L);
    mk_script_open_require(L);
    mk_script_open_coroutine(L);
    lua_setfield(L, -2, "coroutine");
    mk_script_open_string(L);
    lua_setfield(L, -2, "string");
    mk_script_open_table(L);
    lua_setfield(L, -2, "table");
    mk_script_open_math(L, seed);
    lua_setfield(L, -2, "math");
    mk_script_open_utf8(L);
    lua_setfield(L, -2, "utf8");
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
