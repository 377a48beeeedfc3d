/* luajson.c - Lua values to JSON values and back (layer script) */
#include "script/luajson.h"

#include "base/codec.h"
#include "script/luajson_loose.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PUSH_DEPTH = 200, READ_DEPTH = 64, HOLES = 8 };

static const char array_key; /* its address names the metatable in the registry */

void mk_lua_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL); /* as lua-cjson has it */
}

void mk_lua_push_array_mt(lua_State *L)
{
    luaL_checkstack(L, 3, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

static void push_value(lua_State *L, const json_t *value, int depth);

static void push_array(lua_State *L, const json_t *value, int depth)
{
    const size_t count = json_array_size(value);
    lua_createtable(L, count < 1024 ? (int)count : 1024, 0);
    for (size_t i = 0; i < count; i++) {
        push_value(L, json_array_get(value, i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    mk_lua_push_array_mt(L);
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const json_t *value, int depth)
{
    const size_t count = json_object_size(value);
    lua_createtable(L, 0, count < 1024 ? (int)count : 1024);
    /* jansson only reads through an iterator, but takes no const object. */
    union {
        const json_t *in;
        json_t *out;
    } object = { value };
    for (void *iter = json_object_iter(object.out); iter; iter = json_object_iter_next(object.out, iter)) {
        lua_pushstring(L, json_object_iter_key(iter));
        push_value(L, json_object_iter_value(iter), depth + 1);
        lua_rawset(L, -3);
    }
}

static void push_value(lua_State *L, const json_t *value, int depth)
{
    if (depth > PUSH_DEPTH)
        luaL_error(L, "JSON nested over %d deep", PUSH_DEPTH);
    luaL_checkstack(L, 4, "JSON nested too deep");
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT: push_object(L, value, depth); break;
    case JSON_ARRAY: push_array(L, value, depth); break;
    case JSON_STRING: lua_pushlstring(L, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: lua_pushinteger(L, (lua_Integer)json_integer_value(value)); break;
    case JSON_REAL: lua_pushnumber(L, json_real_value(value)); break;
    case JSON_TRUE: lua_pushboolean(L, 1); break;
    case JSON_FALSE: lua_pushboolean(L, 0); break;
    case JSON_NULL: mk_lua_push_null(L); break;
    }
}

void mk_lua_push_json(lua_State *L, const json_t *value)
{
    push_value(L, value, 1);
}

/* Reading. Only calls that neither allocate in Lua nor raise, since json_t would leak. */

typedef struct step {
    const struct step *up;
    const char *name; /* NULL: an index */
    lua_Integer index;
    int depth;
} step;

typedef struct reading {
    lua_State *L;
    bool loose;
    char *why;
    size_t cap;
} reading;

static size_t put(char *out, size_t cap, size_t at, const char *text)
{
    const size_t len = strlen(text), room = cap > at + 1 ? cap - at - 1 : 0;
    memcpy(out + at, text, len < room ? len : room);
    return at + (len < room ? len : room);
}

static size_t put_path(const step *at, char *out, size_t cap)
{
    if (!at || !at->up)
        return 0;
    const size_t len = put_path(at->up, out, cap);
    char part[48];
    if (!at->name) {
        snprintf(part, sizeof part, "[%lld]", (long long)at->index);
        return put(out, cap, len, part);
    }
    snprintf(part, sizeof part, "%s%.40s", len ? "." : "", at->name);
    return put(out, cap, len, part);
}

/* Says what is wrong and where. Always NULL. */
static json_t *refuse(reading *r, const step *at, const char *what)
{
    if (!r->cap)
        return NULL;
    size_t len = put_path(at, r->why, r->cap);
    if (len)
        len = put(r->why, r->cap, len, ": ");
    len = put(r->why, r->cap, len, what);
    r->why[len] = '\0';
    return NULL;
}

static json_t *made(reading *r, const step *at, json_t *value)
{
    return value ? value : refuse(r, at, "out of memory");
}

static json_t *read_value(reading *r, int idx, const step *at);

/* What the keys of a table are like. */
typedef struct shape {
    size_t strings, numbers, others;
    lua_Integer most;  /* the largest integer key */
    bool sequence;     /* all numbers are integers from 1 on */
} shape;

static shape look(lua_State *L, int idx)
{
    shape s = { .sequence = true };
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        const int type = lua_type(L, -2);
        if (type == LUA_TSTRING) {
            s.strings++;
        } else if (type != LUA_TNUMBER) {
            s.others++;
        } else {
            s.numbers++;
            const lua_Integer n = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
            s.sequence = s.sequence && n > 0;
            s.most = n > s.most ? n : s.most;
        }
    }
    return s;
}

static bool marked(lua_State *L, int idx)
{
    if (!lua_getmetatable(L, idx))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    const bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static json_t *read_array(reading *r, int idx, const step *at, lua_Integer most)
{
    json_t *array = json_array();
    if (!array)
        return made(r, at, NULL);
    for (lua_Integer i = 1; i <= most; i++) {
        const step here = { at, NULL, i, at->depth + 1 };
        const int type = lua_rawgeti(r->L, idx, i);
        json_t *value = type == LUA_TNIL ? json_null() : read_value(r, lua_gettop(r->L), &here);
        lua_pop(r->L, 1);
        if (!value) {
            json_decref(array);
            return NULL;
        }
        if (json_array_append_new(array, value)) {
            json_decref(array);
            return made(r, at, NULL);
        }
    }
    return array;
}

/* The key at -2 as text; a number is written to room. */
static const char *key_text(lua_State *L, char *room, size_t cap, size_t *len)
{
    if (lua_type(L, -2) == LUA_TSTRING)
        return lua_tolstring(L, -2, len);
    const int n = lua_isinteger(L, -2) ? snprintf(room, cap, "%lld", (long long)lua_tointeger(L, -2))
                                       : snprintf(room, cap, "%.14g", lua_tonumber(L, -2));
    *len = (size_t)n;
    return room;
}

static bool read_field(reading *r, json_t *object, const step *at)
{
    char room[48];
    size_t len = 0;
    const char *key = key_text(r->L, room, sizeof room, &len);
    const step here = { at, key, 0, at->depth + 1 };
    if (strlen(key) != len || !mk_utf8_valid(key, len)) {
        refuse(r, at, "a key is not UTF-8 text");
        return false;
    }
    json_t *value = read_value(r, lua_gettop(r->L), &here);
    if (!value)
        return false;
    if (json_object_set_new(object, key, value)) {
        made(r, at, NULL);
        return false;
    }
    return true;
}

static json_t *read_object(reading *r, int idx, const step *at)
{
    json_t *object = json_object();
    if (!object)
        return made(r, at, NULL);
    for (lua_pushnil(r->L); lua_next(r->L, idx); lua_pop(r->L, 1)) {
        if (!read_field(r, object, at)) {
            lua_pop(r->L, 2);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *read_table(reading *r, int idx, const step *at)
{
    if (at->depth > READ_DEPTH)
        return refuse(r, at, "nested over 64 deep (or within itself)");
    if (!lua_checkstack(r->L, 8))
        return made(r, at, NULL);
    const shape s = look(r->L, idx);
    const bool array = marked(r->L, idx);
    if (s.others)
        return refuse(r, at, "a key is neither a string nor a number");
    if (s.numbers && s.strings && !array && !r->loose)
        return refuse(r, at, "a table with both numbers and names as keys");
    if (array && (s.strings || !s.sequence || (size_t)s.most > 2 * s.numbers + HOLES))
        return refuse(r, at, "an array with names or holes");
    if (array || (s.numbers && !s.strings && s.sequence && (size_t)s.most == s.numbers))
        return read_array(r, idx, at, s.most);
    return read_object(r, idx, at);
}

static json_t *read_text(reading *r, int idx, const step *at)
{
    size_t len = 0;
    const char *text = lua_tolstring(r->L, idx, &len);
    if (!mk_utf8_valid(text, len))
        return refuse(r, at, "a string is not UTF-8");
    return made(r, at, json_stringn(text, len));
}

static json_t *read_number(reading *r, int idx, const step *at)
{
    if (lua_isinteger(r->L, idx))
        return made(r, at, json_integer(lua_tointeger(r->L, idx)));
    const double number = lua_tonumber(r->L, idx);
    return isfinite(number) ? made(r, at, json_real(number)) : refuse(r, at, "a number is not finite");
}

static json_t *read_other(reading *r, int type, const step *at)
{
    char text[64];
    if (r->loose) {
        snprintf(text, sizeof text, MK_LOOSE_MARK "%s", lua_typename(r->L, type));
        return made(r, at, json_string(text));
    }
    snprintf(text, sizeof text, "a %s is no JSON value", lua_typename(r->L, type));
    return refuse(r, at, text);
}

static json_t *read_value(reading *r, int idx, const step *at)
{
    const int type = lua_type(r->L, idx);
    switch (type) {
    case LUA_TNIL: return json_null();
    case LUA_TBOOLEAN: return json_boolean(lua_toboolean(r->L, idx));
    case LUA_TNUMBER: return read_number(r, idx, at);
    case LUA_TSTRING: return read_text(r, idx, at);
    case LUA_TTABLE: return read_table(r, idx, at);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(r->L, idx))
            return json_null();
        return read_other(r, type, at);
    default: return read_other(r, type, at);
    }
}

static json_t *read_root(lua_State *L, int idx, bool loose, char *why, size_t cap)
{
    reading r = { L, loose, why, cap };
    const step root = { NULL, NULL, 0, 1 };
    if (cap)
        why[0] = '\0';
    return read_value(&r, lua_absindex(L, idx), &root);
}

json_t *mk_lua_to_json(lua_State *L, int idx, char *why, size_t cap)
{
    return read_root(L, idx, false, why, cap);
}

json_t *mk_lua_to_json_loose(lua_State *L, int idx, char *why, size_t cap)
{
    return read_root(L, idx, true, why, cap);
}
