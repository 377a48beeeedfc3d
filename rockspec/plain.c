/* plain.c - what bindings ask of a script's state, in plain Lua without a sandbox
 *
 * Nothing is limited, nothing waits, every error can be caught: the tools of an author are their own. */
#include "plain.h"
#include "base/err.h"
#include "bind/bind.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_MT "meterkey.plain"
#define FAULT_MT "meterkey.fault"

bool (*mk_version_primitive)(lua_State *L, const char *name); /* script/version.h; unused here */

static const char plain_key; /* its address names the state in the registry */

/* Lua unloads the library when it closes, but OpenSSL, curl and libxml2 go on holding its allocator until the process
 * ends: so it stays. */
static void stay_loaded(void)
{
    Dl_info info;
    if (dladdr(&plain_key, &info) && info.dli_fname)
        dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

static int init_process(void)
{
    static bool done;
    if (done)
        return MK_OK;
    stay_loaded();
    mk_json_init();
    mk_html_init();
    int err = mk_net_init();
    done = err == MK_OK;
    return err;
}

static int plain_gc(lua_State *L)
{
    mk_plain *plain = lua_touserdata(L, 1);
    mk_plain_done(plain);
    return 0;
}

mk_plain *mk_plain_of(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", plain_gc}, {NULL, NULL}};
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &plain_key) == LUA_TUSERDATA) {
        mk_plain *known = lua_touserdata(L, -1); /* the registry keeps it */
        lua_pop(L, 1);
        return known;
    }
    lua_pop(L, 1);
    if (init_process() != MK_OK)
        luaL_error(L, "meterkey: the network library does not start");
    mk_plain *plain = lua_newuserdatauv(L, sizeof *plain, 0);
    *plain = (mk_plain){0};
    mk_lua_class(L, PLAIN_MT, NULL, meta);
    luaL_setmetatable(L, PLAIN_MT);
    if (mk_plain_init(plain) != MK_OK)
        luaL_error(L, "not enough memory");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &plain_key);
    return plain;
}

mk_script *mk_script_of(lua_State *L)
{
    return (mk_script *)mk_plain_of(L);
}

void *mk_script_arg(lua_State *L)
{
    return mk_plain_of(L);
}

mk_account *mk_script_account(mk_script *script)
{
    return &((mk_plain *)script)->account;
}

bool mk_script_can_wait(lua_State *L)
{
    (void)L;
    return true; /* a request blocks */
}

int mk_script_wait(lua_State *L, lua_KContext ctx, lua_KFunction k)
{
    return k(L, LUA_YIELD, ctx);
}

int64_t mk_script_work_begin(lua_State *L)
{
    (void)L;
    return 0;
}

void mk_script_work_end(lua_State *L, int64_t begun)
{
    (void)L, (void)begun;
}

void mk_script_where(lua_State *L, char *out, size_t cap)
{
    lua_Debug ar;
    if (cap)
        out[0] = '\0';
    for (int level = 0; cap && lua_getstack(L, level, &ar); level++) {
        if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) {
            snprintf(out, cap, "%s:%d", ar.short_src, ar.currentline);
            return;
        }
    }
}

const char *mk_script_tostring(lua_State *L, int idx, size_t *len)
{
    return luaL_tolstring(L, idx, len);
}

static int fault_tostring(lua_State *L)
{
    lua_getfield(L, 1, "code");
    lua_getfield(L, 1, "message");
    lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
    return 1;
}

/* The error object is a table here: .code .message .owner .script. */
int mk_script_raise(lua_State *L, mk_fault *fault)
{
    mk_plain *plain = mk_plain_of(L);
    char where[128];
    mk_fault_free(plain->raised);
    plain->raised = fault;
    if (!fault)
        return luaL_error(L, "not enough memory");
    mk_script_where(L, where, sizeof where);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, fault->kind->code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, fault->message);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, fault->kind->owner);
    lua_setfield(L, -2, "owner");
    lua_pushstring(L, fault->script ? fault->script : where);
    lua_setfield(L, -2, "script");
    if (luaL_newmetatable(L, FAULT_MT)) {
        lua_pushcfunction(L, fault_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
    return lua_error(L);
}

int mk_script_end(lua_State *L, mk_fault *fault)
{
    return mk_script_raise(L, fault);
}

/* Keys in the order of the sandbox: numbers, then strings by their bytes; others have no place in what is encoded. */
static bool comes_before(lua_State *L, int a, int b)
{
    int type_a = lua_type(L, a), type_b = lua_type(L, b);
    if (type_a != type_b)
        return type_a < type_b; /* booleans, numbers, strings, tables */
    if (type_a == LUA_TNUMBER)
        return lua_compare(L, a, b, LUA_OPLT);
    if (type_a != LUA_TSTRING)
        return false;
    size_t len_a, len_b;
    const char *text_a = lua_tolstring(L, a, &len_a), *text_b = lua_tolstring(L, b, &len_b);
    int order = memcmp(text_a, text_b, len_a < len_b ? len_a : len_b);
    return order ? order < 0 : len_a < len_b;
}

static int compare_keys(lua_State *L)
{
    lua_pushboolean(L, comes_before(L, 1, 2));
    return 1;
}

void mk_script_sorted_keys(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 6, "too many keys");
    lua_newtable(L);
    int list = lua_gettop(L);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, ++n);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, mk_script_sorted_keys); /* table.sort, as it was at the start */
    lua_pushvalue(L, list);
    lua_pushcfunction(L, compare_keys);
    lua_call(L, 2, 0);
}
