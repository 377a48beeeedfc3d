/* strlib.c - the string library apart from patterns (layer script) */
#include "script/impl.h"

#include <string.h>

/* string.rep(s, n[, sep]); at most 8 MiB                      [-3, +1, e] */
static int s_rep(lua_State *L)
{
    size_t len = 0, sep_len = 0, total = 0, more = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    const lua_Integer count = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    if (count <= 0 || (len == 0 && sep_len == 0)) {
        lua_pushliteral(L, ""); /* stock Lua would count to n here */
        return 1;
    }
    if (mk_mul_overflows(len, (size_t)count, &total) || mk_mul_overflows(sep_len, (size_t)count - 1, &more) ||
        mk_add_overflows(total, more, &total) || total > MK_SCRIPT_TEXT)
        return luaL_error(L, "resulting string too large (over %d MiB)", MK_SCRIPT_TEXT >> 20);
    luaL_Buffer out;
    char *at = luaL_buffinitsize(L, &out, total);
    for (lua_Integer i = 0; i < count; i++) {
        if (i && sep_len) {
            memcpy(at, sep, sep_len);
            at += sep_len;
        }
        memcpy(at, text, len);
        at += len;
    }
    luaL_pushresultsize(&out, total);
    return 1;
}

/* Past the conversion that begins after a '%' at `at`; its letter. */
static const char *conversion(const char *at, const char *end, char *letter)
{
    while (at < end && strchr("-+ #0123456789.", *at) && *at)
        at++;
    *letter = at < end ? *at : '\0';
    return at < end ? at + 1 : end;
}

/* string.format(...): %s by our tostring; no %p. Stock format does the rest.    [-n, +1, e] */
static int s_format(lua_State *L)
{
    size_t len = 0;
    const char *at = luaL_checklstring(L, 1, &len);
    const char *end = at + len;
    const int count = lua_gettop(L);
    int arg = 1;
    while (at < end) {
        char letter = '\0';
        if (*at++ != '%')
            continue;
        if (at < end && *at == '%') {
            at++;
            continue;
        }
        at = conversion(at, end, &letter);
        if (letter == 'p')
            return luaL_error(L, "invalid conversion '%%p' to 'format': addresses differ from run to run");
        if (++arg > count || letter != 's')
            continue;
        mk_script_tostring(L, arg, NULL);
        lua_replace(L, arg);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

/* string.pack with the padding of a fixed size capped: stock Lua writes it byte by byte.    [-n, +1, e] */
static int s_pack(lua_State *L)
{
    size_t len = 0, digits = 0;
    const char *format = luaL_checklstring(L, 1, &len);
    for (size_t i = 0; i < len; i++) {
        digits = format[i] >= '0' && format[i] <= '9' ? digits + 1 : 0;
        luaL_argcheck(L, digits < 7, 1, "size too large");
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static void wrap_stock(lua_State *L, int stock, const char *name, lua_CFunction function)
{
    lua_getfield(L, stock, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

/* ("x"):upper() works, but nobody can reach and change its table for others. */
static void protect_strings(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

void mk_script_open_string(lua_State *L)
{
    static const char *const take[] = { "byte", "char", "len", "lower", "packsize", "reverse", "sub", "unpack", "upper",
                                        NULL };
    lua_pushcfunction(L, luaopen_string);
    lua_call(L, 0, 1);
    const int stock = lua_gettop(L);
    lua_createtable(L, 0, 16);
    mk_script_take(L, stock, take);
    wrap_stock(L, stock, "format", s_format);
    wrap_stock(L, stock, "pack", s_pack);
    lua_pushcfunction(L, s_rep);
    lua_setfield(L, -2, "rep");
    mk_script_open_pattern(L);
    protect_strings(L);
    lua_remove(L, stock);
}
