/* session.c - the session object `s` (layer bind)
 *
 * contract.md section 2. s is an ordinary table, open to a script's own fields; its methods come from a
 * metatable that no script sees. */
#include "bind/bind.h"
#include "base/err.h"
#include "script/luajson.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SESSION_MT "meterkey.session"

static void check_self(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE); /* s:get, not s.get */
}

static int start_request(lua_State *L, const char *method, int url, int opts)
{
    mk_call *call = mk_lua_new_call(L);
    int at = lua_gettop(L);
    size_t len = strlen(method);
    call->method = mk_memdup(method, len);
    if (!call->method)
        return luaL_error(L, "not enough memory");
    mk_lua_set_url(L, call, url);
    mk_lua_read_opts(L, opts, call);
    lua_settop(L, at);
    return mk_lua_fetch(L, call);
}

/* s:get(url[, opts]) -> page                                      waits  [-3, +1, e] */
static int b_get(lua_State *L)
{
    check_self(L);
    lua_settop(L, 3);
    return start_request(L, "GET", 2, 3);
}

/* s:post(url[, opts]) -> page                                     waits  [-3, +1, e] */
static int b_post(lua_State *L)
{
    check_self(L);
    lua_settop(L, 3);
    return start_request(L, "POST", 2, 3);
}

/* s:request(method, url[, opts]) -> page                          waits  [-4, +1, e] */
static int b_request(lua_State *L)
{
    check_self(L);
    lua_settop(L, 4);
    size_t len;
    const char *method = luaL_checklstring(L, 2, &len);
    luaL_argcheck(L, len > 0 && len <= 20 && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == len, 2,
                  "a method in capitals expected");
    luaL_argcheck(L, strcmp(method, "CONNECT") != 0 && strcmp(method, "TRACE") != 0, 2, "this method is not allowed");
    return start_request(L, method, 3, 4);
}

/* s:submit(form[, opts]) -> page: as a browser would               waits  [-3, +1, e] */
static int b_submit(lua_State *L)
{
    check_self(L);
    lua_settop(L, 3);
    int button = 0;
    if (lua_istable(L, 3) && lua_getfield(L, 3, "button") != LUA_TNIL)
        button = lua_gettop(L);
    mk_call *call = mk_lua_new_call(L);
    int at = lua_gettop(L);
    mk_lua_form_submit(L, 2, button, call);
    lua_settop(L, at);
    mk_lua_read_opts(L, 3, call);
    lua_settop(L, at);
    return mk_lua_fetch(L, call);
}

/* s:expect(page, selector) -> page, or adapter.unexpected_page     [-3, +1, e] no wait */
static int b_expect(lua_State *L)
{
    check_self(L);
    mk_page *page = mk_lua_check_page(L, 2);
    lua_settop(L, 3);
    luaL_checkstring(L, 3);
    if (mk_page_is_html(page) || mk_page_is_xml(page)) { /* what is no document has nothing that was expected */
        lua_getfield(L, 2, "has");
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 2, 1);
        if (lua_toboolean(L, -1)) {
            lua_settop(L, 2);
            return 1;
        }
    }
    mk_host *host = mk_host_of(L);
    mk_fault *fault = mk_fault_new("adapter.unexpected_page", "'%s' was expected on %s and is not there",
                                   lua_tostring(L, 3), mk_page_url(page));
    mk_fault_evidence(fault, "selector", json_string(lua_tostring(L, 3)));
    if (fault)
        fault = host->unexpected(host, page, fault);
    return mk_lua_fault(L, fault, false);
}

/* s:fail(code[, message]): ends the session; a code of the adapter's own carries the last page as evidence [-3, +0, e] no wait */
static int b_fail(lua_State *L)
{
    check_self(L);
    mk_host *host = mk_host_of(L);
    const char *code = luaL_checkstring(L, 2);
    if (!mk_fault_find(code))
        return luaL_error(L, "s:fail: '%s' is no error code (see the reference of errors)", code);
    mk_fault *fault = mk_fault_new(code, "%s", luaL_optstring(L, 3, mk_fault_find(code)->help));
    char where[128];
    mk_script_where(L, where, sizeof where);
    if (fault)
        fault->script = mk_strdup(where);
    if (fault && strncmp(code, "adapter.", 8) == 0 && host->last_page(host))
        fault = host->unexpected(host, host->last_page(host), fault);
    return mk_script_end(L, fault);
}

/* s:must_be_off(): ends mfa.must_be_off, with the customer's steps [-1, +0, e] no wait */
static int b_must_be_off(lua_State *L)
{
    check_self(L);
    mk_host *host = mk_host_of(L);
    return mk_script_end(L, host->must_be_off(host));
}

/* s:progress(text): told to whoever watches; silent in replay     [-2, +0, e] no wait */
static int b_progress(lua_State *L)
{
    check_self(L);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    mk_host *host = mk_host_of(L);
    host->progress(host, text, len);
    return 0;
}

static int wait_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    mk_host *host = mk_host_of(L);
    if (!host->fault)
        return 0;
    mk_fault *fault = host->fault;
    host->fault = NULL;
    return mk_lua_fault(L, fault, true);
}

/* s:wait(seconds): at most 60                                     waits  [-2, +0, e] */
static int b_wait(lua_State *L)
{
    check_self(L);
    lua_Number seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds >= 0 && seconds <= 60, 2, "seconds from 0 to 60 expected");
    mk_lua_check_can_wait(L, "s:wait");
    mk_host *host = mk_host_of(L);
    host->sleep(host, (int64_t)ceil(seconds * 1000), false);
    return mk_lua_wait(L, 0, wait_done);
}

/* s:now() -> seconds since the epoch, with fraction; journaled     [-1, +1, e] no wait */
static int b_now(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    int64_t ms = 0;
    mk_fault *fault = host->now(host, &ms);
    if (fault)
        return mk_script_end(L, fault);
    if (ms % 1000 == 0)
        lua_pushinteger(L, ms / 1000);
    else
        lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

/* s.cookies:get(name[, url]) -> value (opaque if it was set so) or nil   [-3, +1, e] no wait */
static int b_cookies_get(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    const char *name = luaL_checkstring(L, 2);
    mk_url url = {0};
    const mk_url *base = host->base(host);
    if (!lua_isnoneornil(L, 3)) {
        size_t len;
        const char *text = luaL_checklstring(L, 3, &len);
        int err = base ? mk_url_resolve(&url, base, text, len) : mk_url_parse(&url, text, len);
        if (err)
            return luaL_error(L, "URL '%s': %s", text, mk_err_text(err));
    }
    const mk_cookie *cookie = mk_jar_get(host->jar(host), name, url.host ? &url : NULL, host->jar_now(host));
    mk_url_free(&url);
    if (cookie && cookie->secret)
        mk_lua_push_new_secret(L, (mk_bytes){cookie->value, strlen(cookie->value)}, cookie->secret);
    else if (cookie)
        lua_pushstring(L, cookie->value);
    else
        lua_pushnil(L);
    return 1;
}

static char *field(lua_State *L, const char *name, unsigned *roles)
{
    lua_getfield(L, 2, name); /* stays on the stack */
    if (lua_isnil(L, -1))
        return NULL;
    mk_bytes bytes = mk_lua_check_bytes(L, lua_gettop(L), roles, name);
    if (strlen(bytes.data) != bytes.len)
        luaL_error(L, "s.cookies:set: %s: a text without NUL expected", name);
    return (char *)bytes.data; /* mk_jar_set only reads it */
}

/* s.cookies:set{name=, value=, domain=[, path=, secure=, http_only=, host_only=, expires=]}   [-2, +0, e] no wait */
static int b_cookies_set(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    mk_host *host = mk_host_of(L);
    mk_cookie cookie = {.expires = -1};
    cookie.name = field(L, "name", &cookie.secret);
    cookie.value = field(L, "value", &cookie.secret);
    cookie.domain = field(L, "domain", &cookie.secret);
    cookie.path = field(L, "path", &cookie.secret);
    if (!cookie.name || !cookie.value)
        return luaL_error(L, "s.cookies:set: name and value expected");
    const mk_url *base = host->base(host);
    if (!cookie.domain && base) {
        cookie.domain = base->host;
        cookie.host_only = true;
    }
    lua_getfield(L, 2, "secure");
    lua_getfield(L, 2, "http_only");
    lua_getfield(L, 2, "host_only");
    lua_getfield(L, 2, "expires");
    cookie.secure = lua_toboolean(L, -4);
    cookie.http_only = lua_toboolean(L, -3);
    cookie.host_only = cookie.host_only || lua_toboolean(L, -2);
    if (lua_isinteger(L, -1))
        cookie.expires = lua_tointeger(L, -1);
    int err = mk_jar_set(host->jar(host), &cookie, host->jar_now(host));
    if (err)
        return luaL_error(L, "s.cookies:set: %s", mk_err_text(err));
    return 0;
}

/* s.cookies:clear([{except = {names}}])                           [-2, +0, e] no wait */
static int b_cookies_clear(lua_State *L)
{
    enum { MAX_KEPT = 64 };
    const char *keep[MAX_KEPT + 1] = {NULL};
    mk_host *host = mk_host_of(L);
    if (lua_istable(L, 2) && lua_getfield(L, 2, "except") == LUA_TTABLE) {
        int list = lua_gettop(L);
        lua_Integer n = (lua_Integer)lua_rawlen(L, list);
        luaL_argcheck(L, n <= MAX_KEPT, 2, "at most 64 names to keep");
        luaL_checkstack(L, MAX_KEPT + 2, "cookies");
        for (lua_Integer i = 1; i <= n; i++) {
            lua_rawgeti(L, list, i);
            keep[i - 1] = luaL_checkstring(L, -1);
        }
    }
    mk_jar_clear(host->jar(host), keep);
    return 0;
}

static const luaL_Reg session_methods[] = {
    {"get", b_get}, {"post", b_post}, {"request", b_request}, {"submit", b_submit}, {"expect", b_expect},
    {"fail", b_fail}, {"must_be_off", b_must_be_off}, {"progress", b_progress}, {"wait", b_wait}, {"now", b_now},
    {NULL, NULL}}; /* and ask, ask.c */

static void push_credentials(lua_State *L, const mk_lua_credential *credentials, size_t count)
{
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        mk_bytes value = mk_secret_bytes(credentials[i].value);
        if (credentials[i].secret)
            mk_lua_push_secret(L, credentials[i].value, MK_ROLE_CREDENTIAL);
        else
            lua_pushlstring(L, value.data, value.len);
        lua_setfield(L, -2, credentials[i].name);
    }
}

static void push_kept(lua_State *L, json_t *value)
{
    const char *secret = json_string_value(json_object_get(value, "$secret"));
    if (!secret) {
        mk_lua_push_json(L, value);
        return;
    }
    mk_lua_push_new_secret(L, (mk_bytes){secret, json_string_length(json_object_get(value, "$secret"))}, MK_ROLE_KEPT);
}

static void push_keep(lua_State *L, const json_t *keep)
{
    const char *name;
    json_t *value;
    lua_newtable(L);
    json_object_foreach((json_t *)keep, name, value)
    {
        push_kept(L, value);
        lua_setfield(L, -2, name);
    }
}

static void push_cookies(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"get", b_cookies_get}, {"set", b_cookies_set}, {"clear", b_cookies_clear}, {NULL, NULL}};
    luaL_newlib(L, methods);
}

void mk_lua_push_session(lua_State *L, const mk_lua_credential *credentials, size_t count, const json_t *keep)
{
    lua_createtable(L, 0, 4);
    push_credentials(L, credentials, count);
    lua_setfield(L, -2, "credentials");
    push_keep(L, keep);
    lua_setfield(L, -2, "keep");
    push_cookies(L);
    lua_setfield(L, -2, "cookies");
    mk_lua_class(L, SESSION_MT, session_methods, NULL);
    luaL_getmetatable(L, SESSION_MT);
    lua_getfield(L, -1, "__index");
    mk_lua_push_ask(L);
    lua_setfield(L, -2, "ask");
    lua_pop(L, 1);
    lua_setmetatable(L, -2);
}

/* One value of s.keep as JSON, or NULL. */
static json_t *kept_value(lua_State *L, int idx)
{
    mk_secret *secret = mk_lua_test_secret(L, idx, NULL);
    if (secret)
        return json_pack("{s:s%}", "$secret", mk_secret_bytes(secret).data, mk_secret_bytes(secret).len);
    if (lua_isboolean(L, idx))
        return json_boolean(lua_toboolean(L, idx));
    if (lua_isinteger(L, idx))
        return json_integer(lua_tointeger(L, idx));
    if (lua_type(L, idx) == LUA_TNUMBER)
        return json_real(lua_tonumber(L, idx));
    size_t len;
    const char *text = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &len) : NULL;
    return text ? json_stringn(text, len) : NULL;
}

/* What a pair of s.keep (name and value on top of the stack) takes of its room. */
static size_t kept_size(lua_State *L)
{
    mk_secret *secret = mk_lua_test_secret(L, -1, NULL);
    size_t value = secret ? mk_secret_bytes(secret).len : lua_type(L, -1) == LUA_TSTRING ? lua_rawlen(L, -1) : sizeof(lua_Number);
    return (size_t)lua_rawlen(L, -2) + value;
}

json_t *mk_lua_read_keep(lua_State *L, int idx, char *why, size_t cap)
{
    enum { KEEP_MOST = 64 << 10 };
    idx = lua_absindex(L, idx);
    int top = lua_gettop(L);
    size_t size = 0;
    json_t *out = json_object();
    lua_pushliteral(L, "keep");
    if (!out || lua_rawget(L, idx) != LUA_TTABLE)
        goto done;
    for (lua_pushnil(L); lua_next(L, top + 1); lua_pop(L, 1)) {
        size += kept_size(L);
        if (size > KEEP_MOST) {
            snprintf(why, cap, "s.keep holds more than %d KiB", KEEP_MOST / 1024);
            json_decref(out);
            out = NULL;
            break;
        }
        json_t *value = lua_type(L, -2) == LUA_TSTRING ? kept_value(L, lua_gettop(L)) : NULL;
        if (!value || json_object_set_new(out, lua_tostring(L, -2), value) != 0) {
            snprintf(why, cap, "s.keep.%s: string, number, boolean or opaque value expected, got %s",
                     lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?", luaL_typename(L, -1));
            json_decref(out);
            out = NULL;
            break;
        }
    }
done:
    lua_settop(L, top);
    return out;
}
