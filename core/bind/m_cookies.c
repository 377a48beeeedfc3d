/* m_cookies.c - meterkey.cookies: a jar for a script's own use (layer bind)
 *
 * The session has a jar of its own, s.cookies; this one is for a script that signs requests by hand. */
#include "bind/prim.h"
#include "base/err.h"
#include "net/jar.h"
#include <string.h>

#define JAR_MT "meterkey.jar"
#define URL_MT "meterkey.jar.url"
enum { MAX_COOKIES = 300, MAX_HEADER = 64 << 10, MAX_KEPT = 64 };

typedef struct jar_box {
    mk_jar *jar;
    unsigned roles; /* of the opaque values that were ever put in: then what comes out is opaque */
    size_t charged;
} jar_box;

static int b_gc(lua_State *L)
{
    jar_box *box = luaL_checkudata(L, 1, JAR_MT);
    mk_prim_release(L, box->charged);
    mk_jar_free(box->jar);
    *box = (jar_box){0};
    return 0;
}

/* Charges what the cookies hold now instead of what they held before. */
static void recharge(lua_State *L, jar_box *box)
{
    size_t size = 0, count = mk_jar_count(box->jar);
    for (size_t i = 0; i < count; i++) {
        const mk_cookie *cookie = mk_jar_at(box->jar, i);
        size += sizeof *cookie + strlen(cookie->name) + strlen(cookie->value) + strlen(cookie->domain) + strlen(cookie->path);
    }
    mk_prim_release(L, box->charged);
    box->charged = 0;
    mk_prim_charge(L, size);
    box->charged = size;
}

static jar_box *check_jar(lua_State *L)
{
    jar_box *box = luaL_checkudata(L, 1, JAR_MT);
    luaL_argcheck(L, box->jar != NULL, 1, "jar is gone");
    return box;
}

static int url_gc(lua_State *L)
{
    mk_url_free(lua_touserdata(L, 1));
    return 0;
}

/* The absolute URL at idx, in a userdata on the stack. */
static const mk_url *check_url(lua_State *L, int idx)
{
    static const luaL_Reg meta[] = {{"__gc", url_gc}, {NULL, NULL}};
    size_t len;
    const char *text = luaL_checklstring(L, idx, &len);
    mk_url *url = lua_newuserdatauv(L, sizeof *url, 0);
    *url = (mk_url){0};
    mk_lua_class(L, URL_MT, NULL, meta);
    luaL_setmetatable(L, URL_MT);
    int err = mk_url_parse(url, text, len);
    if (err == MK_ENOMEM)
        luaL_error(L, "not enough memory");
    if (err || !url->host)
        luaL_argerror(L, idx, "an absolute URL expected");
    return url;
}

static int64_t now(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    return host->jar_now(host);
}

static int refuse(lua_State *L, int err)
{
    switch (err) {
    case MK_ENOMEM: return luaL_error(L, "not enough memory");
    case MK_ELIMIT: return mk_lua_failf(L, "policy.budget", "a cookie over 4 KiB, or too many of them");
    case MK_EPOLICY: return mk_lua_failf(L, "policy.host_denied", "a cookie for another host or a public suffix");
    default: return mk_lua_failf(L, "adapter.parse", "not a cookie");
    }
}

/* jar:add(url, line) -> true | nil, message, code                  [-3, +1|+3, e] no wait */
/** Takes one `Set-Cookie` value as received from url, by RFC 6265. */
static int b_add(lua_State *L)
{
    jar_box *box = check_jar(L);
    size_t len;
    const char *line = luaL_checklstring(L, 3, &len);
    int err = mk_jar_add(box->jar, check_url(L, 2), line, len, now(L));
    if (err)
        return refuse(L, err);
    recharge(L, box);
    lua_pushboolean(L, 1);
    return 1;
}

/* jar:header(url) -> string                                        [-2, +1, e] no wait */
/** What stands in the `Cookie` header of a request to url; "" if nothing. Opaque if an opaque value was ever put in. */
static int b_header(lua_State *L)
{
    jar_box *box = check_jar(L);
    const mk_url *url = check_url(L, 2);
    mk_buf *buf = mk_lua_new_buf(L, MAX_HEADER);
    mk_prim_check(L, mk_jar_header(box->jar, url, now(L), buf), "cookies");
    mk_prim_push(L, (mk_bytes){buf->data, buf->len}, box->roles);
    return 1;
}

/* jar:get(name[, url]) -> value or nil                             [-3, +1, e] no wait */
/** The cookie that would be sent to url; without url the newest of that name. */
static int b_get(lua_State *L)
{
    jar_box *box = check_jar(L);
    const char *name = luaL_checkstring(L, 2);
    const mk_url *url = lua_isnoneornil(L, 3) ? NULL : check_url(L, 3);
    const mk_cookie *cookie = mk_jar_get(box->jar, name, url, now(L));
    if (cookie)
        mk_prim_push(L, (mk_bytes){cookie->value, strlen(cookie->value)}, box->roles);
    else
        lua_pushnil(L);
    return 1;
}

/* The text of a field of the table at 2, or NULL; it stays on the stack. */
static char *field(lua_State *L, const char *name, unsigned *roles)
{
    if (lua_getfield(L, 2, name) == LUA_TNIL)
        return NULL;
    mk_bytes bytes = mk_lua_check_bytes(L, lua_gettop(L), roles, name);
    if (strlen(bytes.data) != bytes.len)
        luaL_error(L, "%s: a text without NUL expected", name);
    return (char *)bytes.data; /* mk_jar_set only reads it */
}

static bool flag(lua_State *L, const char *name)
{
    lua_getfield(L, 2, name);
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

/* jar:set(cookie) -> true | nil, message, code                     [-2, +1|+3, e] no wait */
/**
 * Puts a cookie in: `{name=, value=, domain=[, path=, secure=, http_only=, host_only=, expires=]}`. path is `/` unless
 * given; expires: seconds since the epoch, none: as long as the jar. The value may be opaque.
 */
static int b_set(lua_State *L)
{
    jar_box *box = check_jar(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    unsigned roles = 0;
    mk_cookie cookie = {.expires = -1};
    cookie.name = field(L, "name", NULL);
    cookie.value = field(L, "value", &roles);
    cookie.domain = field(L, "domain", NULL);
    cookie.path = field(L, "path", NULL);
    if (!cookie.name || !cookie.value || !cookie.domain)
        return luaL_error(L, "jar:set: name, value and domain expected");
    cookie.secure = flag(L, "secure");
    cookie.http_only = flag(L, "http_only");
    cookie.host_only = flag(L, "host_only");
    if (lua_getfield(L, 2, "expires") != LUA_TNIL)
        cookie.expires = luaL_checkinteger(L, -1);
    int err = mk_jar_set(box->jar, &cookie, now(L));
    if (err)
        return refuse(L, err);
    box->roles |= roles;
    recharge(L, box);
    lua_pushboolean(L, 1);
    return 1;
}

/* jar:clear([{except = {names}}])                                  [-2, +0, e] no wait */
/** Removes all cookies, or all but those of these names. */
static int b_clear(lua_State *L)
{
    const char *keep[MAX_KEPT + 1] = {NULL};
    jar_box *box = check_jar(L);
    if (lua_istable(L, 2) && lua_getfield(L, 2, "except") == LUA_TTABLE) {
        int list = lua_gettop(L);
        lua_Integer n = (lua_Integer)lua_rawlen(L, list);
        luaL_argcheck(L, n <= MAX_KEPT, 2, "at most 64 names to keep");
        luaL_checkstack(L, MAX_KEPT + 4, "cookies");
        for (lua_Integer i = 1; i <= n; i++) {
            lua_rawgeti(L, list, i);
            keep[i - 1] = luaL_checkstring(L, -1);
        }
    }
    mk_jar_clear(box->jar, keep);
    recharge(L, box);
    return 0;
}

static void set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool on)
{
    lua_pushboolean(L, on);
    lua_setfield(L, -2, name);
}

static void push_cookie(lua_State *L, const mk_cookie *cookie, unsigned roles)
{
    lua_createtable(L, 0, 8);
    set_text(L, "name", cookie->name);
    mk_prim_push(L, (mk_bytes){cookie->value, strlen(cookie->value)}, roles);
    lua_setfield(L, -2, "value");
    set_text(L, "domain", cookie->domain);
    set_text(L, "path", cookie->path);
    set_flag(L, "secure", cookie->secure);
    set_flag(L, "http_only", cookie->http_only);
    set_flag(L, "host_only", cookie->host_only);
    if (cookie->same_site)
        set_text(L, "same_site", cookie->same_site);
    if (cookie->expires >= 0) {
        lua_pushinteger(L, cookie->expires);
        lua_setfield(L, -2, "expires");
    }
}

/* jar:all() -> list of cookies                                     [-1, +1, e] no wait */
/** Each with the fields that `jar:set` takes, and `same_site` where it was given. */
static int b_all(lua_State *L)
{
    jar_box *box = check_jar(L);
    size_t count = mk_jar_count(box->jar);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_cookie(L, mk_jar_at(box->jar, i), box->roles);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* cookies.new() -> jar                                             [-0, +1, e] no wait */
/** An empty jar for at most 300 cookies, 50 a domain. */
static int b_new(lua_State *L)
{
    static const luaL_Reg methods[] = {{"add", b_add}, {"header", b_header}, {"get", b_get}, {"set", b_set},
                                       {"clear", b_clear}, {"all", b_all}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__gc", b_gc}, {NULL, NULL}};
    jar_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (jar_box){0};
    mk_lua_class(L, JAR_MT, methods, meta);
    luaL_setmetatable(L, JAR_MT);
    box->jar = mk_jar_new(MAX_COOKIES);
    return box->jar ? 1 : luaL_error(L, "not enough memory");
}

int mk_open_cookies(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", b_new}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
