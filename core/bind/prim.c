/* prim.c - what the primitive modules share (layer bind) */
#include "bind/prim.h"
#include "base/codec.h"
#include "base/err.h"

#define SCRATCH_MT "meterkey.scratch"
enum { MAX_FIELDS = 2000 };

void mk_prim_push(lua_State *L, mk_bytes bytes, unsigned roles)
{
    if (!roles) {
        lua_pushlstring(L, bytes.data, bytes.len);
        return;
    }
    mk_lua_push_new_secret(L, bytes, roles);
}

void mk_prim_check(lua_State *L, int err, const char *what)
{
    if (err == MK_ENOMEM)
        luaL_error(L, "not enough memory");
    if (err)
        luaL_error(L, "%s: %s", what, mk_err_text(err));
}

void **mk_prim_box(lua_State *L, const char *class_name, const luaL_Reg *methods, const luaL_Reg *meta)
{
    void **box = lua_newuserdatauv(L, sizeof *box, 1);
    *box = NULL; /* its __gc is safe from here on */
    mk_lua_class(L, class_name, methods, meta);
    luaL_setmetatable(L, class_name);
    return box;
}

void mk_prim_charge(lua_State *L, size_t bytes)
{
    mk_account *account = mk_script_account(mk_script_of(L));
    if (mk_account_charge(account, bytes) == MK_OK)
        return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (mk_account_charge(account, bytes) != MK_OK)
        mk_script_end(L, mk_fault_new("policy.budget", "over %zu MiB behind the script", account->limit >> 20));
}

void mk_prim_release(lua_State *L, size_t bytes)
{
    mk_account_release(mk_script_account(mk_script_of(L)), bytes);
}

static int scratch_close(lua_State *L)
{
    mk_buf_free(lua_touserdata(L, 1));
    return 0;
}

mk_buf *mk_prim_scratch(lua_State *L, size_t max)
{
    static const luaL_Reg meta[] = {{"__gc", scratch_close}, {"__close", scratch_close}, {NULL, NULL}};
    mk_buf *buf = lua_newuserdatauv(L, sizeof *buf, 0);
    mk_buf_init(buf, max);
    mk_lua_class(L, SCRATCH_MT, NULL, meta);
    luaL_setmetatable(L, SCRATCH_MT);
    lua_toclose(L, -1);
    return buf;
}

int64_t mk_prim_now(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    int64_t ms = 0;
    mk_fault *fault = host->now(host, &ms);
    if (fault)
        mk_script_end(L, fault);
    return ms;
}

static mk_bytes plain_text(lua_State *L, int idx, const char *what)
{
    unsigned roles = 0;
    if (lua_isboolean(L, idx)) {
        lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
        lua_replace(L, idx);
    }
    mk_bytes bytes = mk_lua_check_bytes(L, idx, &roles, what);
    if (roles)
        mk_script_end(L, mk_fault_new("policy.secret_denied", "an opaque value may not stand in a query"));
    return bytes;
}

/* name and value are at the two top slots. */
static void add_pair(lua_State *L, mk_buf *out)
{
    int top = lua_gettop(L);
    mk_bytes name = plain_text(L, top - 1, "name in a query"), value = plain_text(L, top, "value in a query");
    int err = out->len ? mk_buf_addc(out, '&') : MK_OK;
    if (!err)
        err = mk_percent_encode(out, name.data, name.len, true);
    if (!err)
        err = mk_buf_addc(out, '=');
    if (!err)
        err = mk_percent_encode(out, value.data, value.len, true);
    mk_prim_check(L, err, "query");
}

static void add_list(lua_State *L, int table, lua_Integer count, mk_buf *out)
{
    for (lua_Integer i = 1; i <= count; i++) {
        int top = lua_gettop(L);
        if (lua_rawgeti(L, table, i) != LUA_TTABLE)
            luaL_error(L, "query, %d: {name, value} expected", (int)i);
        lua_rawgeti(L, top + 1, 1);
        lua_rawgeti(L, top + 1, 2);
        add_pair(L, out);
        lua_settop(L, top);
    }
}

static void add_names(lua_State *L, int table, mk_buf *out)
{
    mk_script_sorted_keys(L, table);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, keys); i <= n; i++) {
        lua_rawgeti(L, keys, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        add_pair(L, out);
        lua_settop(L, keys);
    }
    lua_settop(L, keys - 1);
}

void mk_prim_query(lua_State *L, int idx, mk_buf *out)
{
    idx = lua_absindex(L, idx);
    luaL_checktype(L, idx, LUA_TTABLE);
    luaL_checkstack(L, 12, "query");
    lua_Integer count = (lua_Integer)lua_rawlen(L, idx);
    if (count > MAX_FIELDS)
        luaL_error(L, "query: over %d fields", MAX_FIELDS);
    if (count)
        add_list(L, idx, count, out);
    else
        add_names(L, idx, out);
}
