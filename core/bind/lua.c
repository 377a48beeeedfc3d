/* lua.c - what all bindings share: classes, failures, buffers, waits (layer bind) */
#include "bind/bind.h"
#include "base/err.h"
#include <string.h>

#define BUF_MT "meterkey.buffer"

static const char *code_of(int err)
{
    switch (err) {
    case MK_ELIMIT: return "policy.budget";
    case MK_ENOMEM: return "policy.budget";
    case MK_EPOLICY: return "policy.host_denied";
    default: return "adapter.parse";
    }
}

int mk_lua_fail(lua_State *L, int err)
{
    return mk_lua_failf(L, code_of(err), "%s", mk_err_text(err));
}

int mk_lua_failf(lua_State *L, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lua_pushnil(L);
    lua_pushvfstring(L, format, args);
    va_end(args);
    lua_pushstring(L, code);
    return 3;
}

void mk_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta)
{
    if (!luaL_newmetatable(L, name)) {
        lua_pop(L, 1);
        return;
    }
    if (meta)
        luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    if (methods) {
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "methods"); /* for classes whose __index is a function */
        if (lua_getfield(L, -2, "__index") == LUA_TNIL) {
            lua_pop(L, 1);
            lua_setfield(L, -2, "__index");
        } else {
            lua_pop(L, 2);
        }
    }
    lua_pop(L, 1);
}

static int buf_gc(lua_State *L)
{
    mk_buf_free(lua_touserdata(L, 1));
    return 0;
}

mk_buf *mk_lua_new_buf(lua_State *L, size_t max)
{
    static const luaL_Reg meta[] = {{"__gc", buf_gc}, {NULL, NULL}};
    mk_buf *buf = lua_newuserdatauv(L, sizeof *buf, 0);
    mk_buf_init(buf, max);
    mk_lua_class(L, BUF_MT, NULL, meta);
    luaL_setmetatable(L, BUF_MT);
    return buf;
}

int mk_lua_fault(lua_State *L, mk_fault *fault, bool end)
{
    return end || !fault ? mk_script_end(L, fault) : mk_script_raise(L, fault);
}

void mk_lua_check_can_wait(lua_State *L, const char *what)
{
    if (!mk_host_of(L)->blocking && !mk_script_can_wait(L))
        luaL_error(L, "%s cannot wait here (inside a sort, gsub, tostring or the top level of a module)", what);
}

int mk_lua_wait(lua_State *L, lua_KContext ctx, lua_KFunction k)
{
    return mk_host_of(L)->blocking ? k(L, LUA_YIELD, ctx) : mk_script_wait(L, ctx, k);
}

static const struct {
    const char *name;
    lua_CFunction open;
} modules[] = {
    {"meterkey.http", mk_open_http},   {"meterkey.cookies", mk_open_cookies}, {"meterkey.regex", mk_open_regex},
    {"meterkey.html", mk_open_html},   {"meterkey.json", mk_open_json},       {"meterkey.url", mk_open_url},
    {"meterkey.crypto", mk_open_crypto}, {"meterkey.time", mk_open_time},     {"meterkey.log", mk_open_log},
};

bool mk_bind_module(lua_State *L, const char *name)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (strcmp(modules[i].name, name) == 0) {
            lua_pushcfunction(L, modules[i].open);
            return true;
        }
    }
    return false;
}

void mk_bind_init(void)
{
    mk_version_primitive = mk_bind_module;
}
