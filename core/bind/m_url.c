/* m_url.c - meterkey.url: taking URLs apart and putting them together (layer bind) */
#include "bind/prim.h"
#include "base/codec.h"
#include "base/err.h"
#include "parse/url.h"
#include <string.h>

#define URL_MT "meterkey.url"
enum { MAX_URL = 16 << 10, MAX_ENCODED = 1 << 20 };

static int url_gc(lua_State *L)
{
    mk_url_free(lua_touserdata(L, 1));
    return 0;
}

/* An empty URL in a userdata on the stack, so that an error frees it. */
static mk_url *new_url(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", url_gc}, {NULL, NULL}};
    mk_url *url = lua_newuserdatauv(L, sizeof *url, 0);
    *url = (mk_url){0};
    mk_lua_class(L, URL_MT, NULL, meta);
    luaL_setmetatable(L, URL_MT);
    return url;
}

/* The text at idx; an opaque value ends the session. */
static const char *check_text(lua_State *L, int idx, size_t *len)
{
    if (mk_lua_test_secret(L, idx, NULL))
        mk_script_end(L, mk_fault_new("policy.secret_denied", "an opaque value may not stand in a URL"));
    return luaL_checklstring(L, idx, len);
}

static int fail(lua_State *L, int err, const char *text)
{
    if (err == MK_ENOMEM)
        return luaL_error(L, "not enough memory");
    return mk_lua_failf(L, "adapter.parse", "'%s' is not a URL: %s", text, mk_err_text(err));
}

/* What write makes of url, as a string. The buffer comes first: an error of Lua's leaves no text behind. */
static int push_written(lua_State *L, const mk_url *url, char *(*write)(const mk_url *url))
{
    mk_buf *buf = mk_lua_new_buf(L, MAX_URL * 4);
    char *text = write(url);
    int err = text ? mk_buf_adds(buf, text) : MK_ENOMEM;
    mk_free(text);
    mk_prim_check(L, err, "URL");
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

static char *whole_text(const mk_url *url)
{
    return mk_url_text(url, true);
}

static void set_part(lua_State *L, const char *name, const char *value)
{
    if (!value)
        return;
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* url.parse(text) -> table | nil, message, code                   [-1, +1|+3, e] no wait */
/**
 * Takes an absolute URL apart as browsers do: fields `scheme`, `host` (lower case, international names as `xn--`), `port`
 * (an integer, the scheme's own if none is written), `path`, `query` and `fragment` (without their `?` and `#`), `user`,
 * `password`, each where there is one.
 */
static int b_parse(lua_State *L)
{
    size_t len;
    const char *text = check_text(L, 1, &len);
    mk_url *url = new_url(L);
    int err = mk_url_parse(url, text, len);
    if (err)
        return fail(L, err, text);
    lua_createtable(L, 0, 8);
    set_part(L, "scheme", url->scheme);
    set_part(L, "user", url->user);
    set_part(L, "password", url->password);
    set_part(L, "host", url->host);
    set_part(L, "path", url->path);
    set_part(L, "query", url->query);
    set_part(L, "fragment", url->fragment);
    if (url->port) {
        lua_pushinteger(L, url->port);
        lua_setfield(L, -2, "port");
    }
    return 1;
}

/* url.resolve(base, reference) -> string | nil, message, code     [-2, +1|+3, e] no wait */
/** What a link means on the page at base; the fragment is kept. */
static int b_resolve(lua_State *L)
{
    size_t base_len, len;
    const char *base_text = check_text(L, 1, &base_len), *text = check_text(L, 2, &len);
    mk_url *base = new_url(L), *out = new_url(L);
    int err = mk_url_parse(base, base_text, base_len);
    if (err)
        return fail(L, err, base_text);
    err = mk_url_resolve(out, base, text, len);
    if (err)
        return fail(L, err, text);
    return push_written(L, out, whole_text);
}

/* url.origin(text) -> string | nil, message, code                 [-1, +1|+3, e] no wait */
/** `https://host`, with the port if it is not the scheme's own. */
static int b_origin(lua_State *L)
{
    size_t len;
    const char *text = check_text(L, 1, &len);
    mk_url *url = new_url(L);
    int err = mk_url_parse(url, text, len);
    if (!err && !url->host)
        err = MK_EPARSE;
    if (err)
        return fail(L, err, text);
    return push_written(L, url, mk_url_origin);
}

/* The field of the table at 1 after lead, if there is one. */
static void add_part(lua_State *L, mk_buf *out, const char *lead, const char *name)
{
    if (lua_getfield(L, 1, name) != LUA_TNIL) {
        size_t len;
        const char *text = check_text(L, -1, &len);
        int err = mk_buf_adds(out, lead);
        if (!err)
            err = mk_buf_add(out, text, len);
        mk_prim_check(L, err, "URL");
    }
    lua_pop(L, 1);
}

static void add_query(lua_State *L, mk_buf *out)
{
    if (lua_getfield(L, 1, "query") == LUA_TTABLE) {
        mk_buf *query = mk_lua_new_buf(L, MAX_URL);
        mk_prim_query(L, -2, query);
        if (query->len)
            mk_prim_check(L, mk_buf_addf(out, "?%s", query->data), "URL");
        lua_pop(L, 2);
        return;
    }
    lua_pop(L, 1);
    add_part(L, out, "?", "query");
}

/* url.build(parts) -> string | nil, message, code                 [-1, +1|+3, e] no wait */
/**
 * The opposite of `url.parse`: `host` is needed, `scheme` is https unless given; `query` may be a table as for
 * `url.query`. `user` and `password` are left out, since they are never sent.
 */
static int b_build(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mk_buf *buf = mk_lua_new_buf(L, MAX_URL);
    if (lua_getfield(L, 1, "scheme") == LUA_TNIL)
        mk_prim_check(L, mk_buf_adds(buf, "https"), "URL");
    lua_pop(L, 1);
    add_part(L, buf, "", "scheme");
    luaL_argcheck(L, lua_getfield(L, 1, "host") != LUA_TNIL, 1, "a table with a host expected");
    lua_pop(L, 1);
    add_part(L, buf, "://", "host");
    add_part(L, buf, ":", "port");
    bool rooted = lua_getfield(L, 1, "path") == LUA_TNIL || lua_tostring(L, -1) == NULL || *lua_tostring(L, -1) == '/';
    lua_pop(L, 1);
    add_part(L, buf, rooted ? "" : "/", "path");
    add_query(L, buf);
    add_part(L, buf, "#", "fragment");
    mk_url *url = new_url(L);
    int err = mk_url_parse(url, buf->data, buf->len);
    if (err)
        return fail(L, err, buf->data);
    return push_written(L, url, whole_text);
}

/* url.encode(text[, form]) -> string, or opaque from opaque       [-2, +1, e] no wait */
/** Percent-encodes all but letters, digits and `-._~`; with form = true as form fields are (`+` for a space). */
static int b_encode(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes text = mk_lua_check_bytes(L, 1, &roles, "url.encode");
    bool form = lua_toboolean(L, 2);
    mk_buf *buf = mk_lua_new_buf(L, MAX_ENCODED);
    mk_prim_check(L, mk_percent_encode(buf, text.data, text.len, form), "url.encode");
    mk_prim_push(L, (mk_bytes){buf->data, buf->len}, roles);
    return 1;
}

/* url.decode(text[, form]) -> string | nil, message, code         [-2, +1|+3, e] no wait */
/** Undoes percent-encoding; with form = true `+` is a space. Fails on a `%` that is not followed by two hex digits. */
static int b_decode(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes text = mk_lua_check_bytes(L, 1, &roles, "url.decode");
    bool form = lua_toboolean(L, 2);
    mk_buf *buf = mk_lua_new_buf(L, MAX_ENCODED);
    int err = mk_percent_decode(buf, text.data, text.len, form);
    if (err == MK_EPARSE)
        return mk_lua_failf(L, "adapter.parse", "not percent-encoded text");
    mk_prim_check(L, err, "url.decode");
    mk_prim_push(L, (mk_bytes){buf->data, buf->len}, roles);
    return 1;
}

/* url.query(fields) -> string                                     [-1, +1, e] no wait */
/**
 * A query without its `?`, from `{name = value}` (sorted by name) or a list of `{name, value}` where order or
 * repetition matters. An opaque value ends the session with policy.secret_denied: URLs end up in logs.
 */
static int b_query(lua_State *L)
{
    lua_settop(L, 1);
    mk_buf *buf = mk_lua_new_buf(L, MAX_ENCODED);
    mk_prim_query(L, 1, buf);
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

/* Decodes one half of a pair and pushes it; what is not percent-encoded stays as it is, as in browsers. */
static void push_half(lua_State *L, const char *text, size_t len)
{
    mk_buf *buf = mk_lua_new_buf(L, MAX_ENCODED);
    int err = mk_percent_decode(buf, text, len, true);
    if (err == MK_EPARSE)
        lua_pushlstring(L, text, len);
    else
        mk_prim_check(L, err, "url.parse_query");
    if (!err)
        lua_pushlstring(L, buf->data, buf->len);
    lua_remove(L, -2);
}

/* One pair into the table at 2 (if its name is new) and the list at 3. */
static void take_pair(lua_State *L, const char *pair, size_t len, lua_Integer n)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    lua_createtable(L, 2, 0);
    push_half(L, pair, name_len);
    push_half(L, equals ? equals + 1 : "", equals ? len - name_len - 1 : 0);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, 2) == LUA_TNIL) {
        lua_pushvalue(L, -3);
        lua_pushvalue(L, -3);
        lua_rawset(L, 2);
    }
    lua_pop(L, 1);
    lua_rawseti(L, -3, 2);
    lua_rawseti(L, -2, 1);
    lua_rawseti(L, 3, n);
}

/* url.parse_query(text) -> table, list                            [-1, +2, e] no wait */
/** Name to first value, and the list of all `{name, value}` in order. A leading `?` is skipped. */
static int b_parse_query(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len <= MAX_ENCODED, 1, "over 1 MiB");
    lua_settop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    const char *at = text, *end = text + len;
    if (at < end && *at == '?')
        at++;
    for (lua_Integer n = 0; at < end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        if (stop > at)
            take_pair(L, at, (size_t)(stop - at), ++n);
        at = amp ? amp + 1 : end;
    }
    return 2;
}

int mk_open_url(lua_State *L)
{
    static const luaL_Reg functions[] = {{"parse", b_parse}, {"resolve", b_resolve}, {"origin", b_origin},
        {"build", b_build}, {"encode", b_encode}, {"decode", b_decode}, {"query", b_query},
        {"parse_query", b_parse_query}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
