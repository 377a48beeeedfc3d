/* app_encode.c - Lua values of the service as JSON text, without a tree of JSON values in between (layer bind)
 *
 * Lists of the API are a megabyte: a tree of them is as much work as all else. Whatever is not plain (a number that is no integer, more
 * fields than fit here, text that is not UTF-8, what is no JSON at all) is left to the tree, which also says what is wrong. */
#include "base/codec.h"
#include "base/err.h"
#include "bind/app_own.h"
#include "script/luajson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 60, FIELDS = 64 };

typedef struct encoder {
    lua_State *L;
    mk_buf *out;
    int array_mt; /* where it lies on the stack */
} encoder;

typedef struct field {
    const char *name;
    size_t len;
    int value; /* its place on the stack */
} field;

static bool put(encoder *e, const char *text, size_t len)
{
    return mk_buf_add(e->out, text, len) == MK_OK;
}

static bool put_escaped(encoder *e, unsigned char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    char text[8];
    const char *at = c ? strchr(plain, c) : NULL;
    const int len = at ? snprintf(text, sizeof text, "\\%c", letters[at - plain]) : snprintf(text, sizeof text, "\\u%04X", c);
    return put(e, text, (size_t)len);
}

static bool put_text(encoder *e, const char *text, size_t len)
{
    size_t from = 0;
    if (!mk_utf8_valid(text, len) || !put(e, "\"", 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        if (!put(e, text + from, i - from) || !put_escaped(e, c))
            return false;
        from = i + 1;
    }
    return put(e, text + from, len - from) && put(e, "\"", 1);
}

static bool put_value(encoder *e, int idx, int depth);

static bool put_array(encoder *e, int idx, lua_Integer count, int depth)
{
    if (!put(e, "[", 1))
        return false;
    for (lua_Integer i = 1; i <= count; i++) {
        if (i > 1 && !put(e, ",", 1))
            return false;
        const bool good = lua_rawgeti(e->L, idx, i) != LUA_TNIL && put_value(e, lua_gettop(e->L), depth + 1);
        lua_pop(e->L, 1);
        if (!good)
            return false;
    }
    return put(e, "]", 1);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const field *)a)->name, ((const field *)b)->name);
}

/* All names and values on the stack. -> how many, or -1: not plain. */
static int take_fields(encoder *e, int idx, field *fields)
{
    lua_State *L = e->L;
    int count = 0;
    for (lua_pushnil(L); lua_next(L, idx); count++) {
        if (count == FIELDS || lua_type(L, -2) != LUA_TSTRING || !lua_checkstack(L, 8))
            return -1;
        field *one = &fields[count];
        one->name = lua_tolstring(L, -2, &one->len);
        one->value = lua_gettop(L);
        if (strlen(one->name) != one->len)
            return -1;
        lua_pushvalue(L, -2); /* for the next; the pair stays below */
    }
    return count;
}

static bool put_object(encoder *e, int idx, int depth)
{
    field fields[FIELDS];
    const int count = take_fields(e, idx, fields);
    if (count < 0 || !put(e, "{", 1))
        return false;
    qsort(fields, (size_t)count, sizeof *fields, by_name);
    for (int i = 0; i < count; i++)
        if ((i && !put(e, ",", 1)) || !put_text(e, fields[i].name, fields[i].len) || !put(e, ":", 1) || !put_value(e, fields[i].value, depth + 1))
            return false;
    return put(e, "}", 1);
}

static bool marked(encoder *e, int idx)
{
    if (!lua_getmetatable(e->L, idx))
        return false;
    const bool same = lua_rawequal(e->L, -1, e->array_mt);
    lua_pop(e->L, 1);
    return same;
}

/* A list has as many fields as its length says, and no others. */
static bool put_table(encoder *e, int idx, int depth)
{
    lua_State *L = e->L;
    const int top = lua_gettop(L);
    const lua_Integer count = (lua_Integer)lua_rawlen(L, idx);
    const bool list = count > 0 || marked(e, idx);
    bool good = depth < DEPTH && lua_checkstack(L, 8);
    lua_Integer found = 0;
    if (good && list)
        for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
            found++;
    good = good && (list ? found == count && put_array(e, idx, count, depth) : put_object(e, idx, depth));
    lua_settop(L, top);
    return good;
}

static bool put_integer(encoder *e, int idx)
{
    char text[24];
    return lua_isinteger(e->L, idx) && put(e, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(e->L, idx)));
}

static bool put_value(encoder *e, int idx, int depth)
{
    size_t len = 0;
    switch (lua_type(e->L, idx)) {
    case LUA_TSTRING: {
        const char *text = lua_tolstring(e->L, idx, &len);
        return put_text(e, text, len);
    }
    case LUA_TBOOLEAN: return lua_toboolean(e->L, idx) ? put(e, "true", 4) : put(e, "false", 5);
    case LUA_TNUMBER: return put_integer(e, idx);
    case LUA_TLIGHTUSERDATA: return !lua_touserdata(e->L, idx) && put(e, "null", 4);
    case LUA_TTABLE: return put_table(e, idx, depth);
    default: return false;
    }
}

bool mk_app_encode(lua_State *L, int idx, mk_buf *out)
{
    const int top = lua_gettop(L);
    mk_lua_push_array_mt(L);
    encoder e = { .L = L, .out = out, .array_mt = top + 1 };
    const bool good = put_value(&e, idx, 0);
    lua_settop(L, top);
    return good;
}
