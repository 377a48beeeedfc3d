/* m_http.c - meterkey.http: requests aside from the session's pages (layer bind)
 *
 * Same policy, cookies, limits and journal as s:get; but the page is not the session's last one, no pattern looks at
 * it, and a fault of the world is returned, not raised. */
#include "bind/prim.h"
#include <string.h>

/* method NULL: at 1. */
static int start(lua_State *L, const char *method, int url_idx)
{
    if (!method) {
        size_t len;
        method = luaL_checklstring(L, 1, &len);
        luaL_argcheck(L, len > 0 && len <= 20 && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == len, 1,
                      "a method in capitals expected");
        luaL_argcheck(L, strcmp(method, "CONNECT") != 0 && strcmp(method, "TRACE") != 0, 1, "this method is not allowed");
    }
    lua_settop(L, url_idx + 1);
    mk_call *call = mk_lua_new_call(L);
    call->aside = true;
    call->method = mk_strdup(method);
    if (!call->method)
        return luaL_error(L, "not enough memory");
    mk_lua_set_url(L, call, url_idx);
    mk_lua_read_opts(L, url_idx + 1, call);
    lua_settop(L, url_idx + 2); /* the call is on top */
    return mk_lua_fetch(L, call);
}

/* http.get(url[, opts]) -> page | nil, message, code               waits  [-2, +1|+3, e] */
/**
 * As `s:get`, with the same opts, host policy, cookies and limits; but the page is not the one that relative URLs
 * resolve against, no pattern of the manifest looks at it, and a fault of the network is returned, not raised.
 * (policy faults and limits end the session all the same.)
 */
static int b_get(lua_State *L) { return start(L, "GET", 1); }

/* http.post(url[, opts]) -> page | nil, message, code              waits  [-2, +1|+3, e] */
static int b_post(lua_State *L) { return start(L, "POST", 1); }

/* http.request(method, url[, opts]) -> page | nil, message, code   waits  [-3, +1|+3, e] */
static int b_request(lua_State *L) { return start(L, NULL, 2); }

int mk_open_http(lua_State *L)
{
    static const luaL_Reg functions[] = {{"get", b_get}, {"post", b_post}, {"request", b_request}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
