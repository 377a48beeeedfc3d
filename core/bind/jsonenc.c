/* jsonenc.c - Lua values as JSON text, opaque values included (layer bind)
 *
 * Sorted keys, arrays kept arrays, integers exact: contract.md section 2. Runs no metamethod. */
#include "bind/bind.h"
#include "base/codec.h"
#include "base/err.h"
#include "script/luajson.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct encoder {
    lua_State *L;
    mk_buf *out;
    unsigned *roles;
    int null_idx, array_idx; /* stack slots of the sentinel and of the array metatable */
    int depth;
} encoder;

static void encode(encoder *e, int idx);

static void add(encoder *e, const char *text, size_t len)
{
    int err = mk_buf_add(e->out, text, len);
    if (err)
        luaL_error(e->L, "JSON: %s", mk_err_text(err));
}

static void add_string(encoder *e, mk_bytes text)
{
    add(e, "\"", 1);
    int err = mk_json_escape(e->out, text.data, text.len);
    if (err)
        luaL_error(e->L, "JSON: %s", mk_err_text(err));
    add(e, "\"", 1);
}

static void add_number(encoder *e, int idx)
{
    char text[40];
    if (lua_isinteger(e->L, idx)) {
        snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(e->L, idx));
    } else {
        double value = lua_tonumber(e->L, idx);
        if (!isfinite(value))
            luaL_error(e->L, "JSON has no infinity and no NaN");
        int n = snprintf(text, sizeof text, "%.15g", value); /* the shorter one where it says the same */
        if (strtod(text, NULL) != value)
            n = snprintf(text, sizeof text, "%.17g", value);
        if (!strpbrk(text, ".eE"))
            snprintf(text + n, sizeof text - (size_t)n, ".0");
    }
    add(e, text, strlen(text));
}

static bool is_array(encoder *e, int idx, lua_Integer *count)
{
    lua_State *L = e->L;
    *count = (lua_Integer)lua_rawlen(L, idx);
    if (*count > 0)
        return true;
    if (!lua_getmetatable(L, idx))
        return false;
    bool marked = lua_rawequal(L, -1, e->array_idx);
    lua_pop(L, 1);
    return marked;
}

static void encode_array(encoder *e, int idx, lua_Integer count)
{
    lua_State *L = e->L;
    lua_Integer found = 0;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2))
            luaL_error(L, "JSON: a table with both a list and names");
        found++;
    }
    if (found != count)
        luaL_error(L, "JSON: a list with holes");
    add(e, "[", 1);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1)
            add(e, ",", 1);
        lua_rawgeti(L, idx, i);
        encode(e, lua_gettop(L));
        lua_pop(L, 1);
    }
    add(e, "]", 1);
}

static void encode_object(encoder *e, int idx)
{
    lua_State *L = e->L;
    mk_script_sorted_keys(L, idx);
    int keys = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, keys);
    add(e, "{", 1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, keys, i);
        if (lua_type(L, -1) != LUA_TSTRING && !lua_isinteger(L, -1))
            luaL_error(L, "JSON: a key must be a string, not %s", luaL_typename(L, -1));
        if (i > 1)
            add(e, ",", 1);
        lua_pushvalue(L, -1); /* kept as it is for the look-up */
        lua_rawget(L, idx);
        mk_bytes key;
        key.data = lua_tolstring(L, -2, &key.len);
        add_string(e, key);
        add(e, ":", 1);
        encode(e, lua_gettop(L));
        lua_settop(L, keys);
    }
    add(e, "}", 1);
    lua_settop(L, keys - 1);
}

static void encode_table(encoder *e, int idx)
{
    lua_Integer count;
    if (++e->depth > MAX_DEPTH)
        luaL_error(e->L, "JSON: nested over %d deep", MAX_DEPTH);
    luaL_checkstack(e->L, 10, "JSON");
    if (is_array(e, idx, &count))
        encode_array(e, idx, count);
    else
        encode_object(e, idx);
    e->depth--;
}

static void encode(encoder *e, int idx)
{
    lua_State *L = e->L;
    mk_secret *secret;
    if (lua_rawequal(L, idx, e->null_idx) || lua_isnil(L, idx)) {
        add(e, "null", 4);
    } else if ((secret = mk_lua_test_secret(L, idx, e->roles)) != NULL) {
        add_string(e, mk_secret_bytes(secret));
    } else if (lua_isboolean(L, idx)) {
        const char *word = lua_toboolean(L, idx) ? "true" : "false";
        add(e, word, strlen(word));
    } else if (lua_type(L, idx) == LUA_TNUMBER) {
        add_number(e, idx);
    } else if (lua_type(L, idx) == LUA_TSTRING) {
        mk_bytes text;
        text.data = lua_tolstring(L, idx, &text.len);
        add_string(e, text);
    } else if (lua_istable(L, idx)) {
        encode_table(e, idx);
    } else {
        luaL_error(L, "JSON has no %s", luaL_typename(L, idx));
    }
}

void mk_lua_json_encode(lua_State *L, int idx, mk_buf *out, unsigned *roles)
{
    idx = lua_absindex(L, idx);
    int top = lua_gettop(L);
    luaL_checkstack(L, 10, "JSON");
    mk_lua_push_null(L);
    mk_lua_push_array_mt(L);
    encoder e = {.L = L, .out = out, .roles = roles, .null_idx = top + 1, .array_idx = top + 2};
    encode(&e, idx);
    lua_settop(L, top);
}
