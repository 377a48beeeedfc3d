/* secret.c - opaque values: usable everywhere, readable nowhere (layer bind)
 *
 * contract.md section 2, "Opaque values". */
#include "bind/bind.h"
#include "base/err.h"
#include <string.h>

#define SECRET_MT "meterkey.secret"

typedef struct secret_box {
    mk_secret *secret;
    unsigned roles;
} secret_box;

static secret_box *check_box(lua_State *L, int idx)
{
    secret_box *box = luaL_checkudata(L, idx, SECRET_MT);
    luaL_argcheck(L, box->secret != NULL, idx, "opaque value is gone");
    return box;
}

/* An empty one on the stack: filled afterwards, so that an error of Lua's in between leaves nothing behind. */
static secret_box *push_box(lua_State *L, unsigned roles)
{
    secret_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (secret_box){NULL, roles};
    luaL_setmetatable(L, SECRET_MT);
    return box;
}

static int derive(lua_State *L, enum mk_derive how, mk_bytes key, unsigned roles)
{
    secret_box *box = check_box(L, 1);
    secret_box *out = push_box(L, box->roles | roles);
    if (mk_secret_derive(&out->secret, box->secret, how, key) != MK_OK)
        return luaL_error(L, "not enough memory");
    return 1;
}

/* secret:sha1() and so on -> opaque, raw bytes for hashes          [-1, +1, e] no wait */
static int b_sha1(lua_State *L) { return derive(L, MK_DERIVE_SHA1, (mk_bytes){0}, 0); }
static int b_sha256(lua_State *L) { return derive(L, MK_DERIVE_SHA256, (mk_bytes){0}, 0); }
static int b_base64(lua_State *L) { return derive(L, MK_DERIVE_BASE64, (mk_bytes){0}, 0); }
static int b_base64url(lua_State *L) { return derive(L, MK_DERIVE_BASE64URL, (mk_bytes){0}, 0); }
static int b_hex(lua_State *L) { return derive(L, MK_DERIVE_HEX, (mk_bytes){0}, 0); }
static int b_url(lua_State *L) { return derive(L, MK_DERIVE_URL, (mk_bytes){0}, 0); }
static int b_upper(lua_State *L) { return derive(L, MK_DERIVE_UPPER, (mk_bytes){0}, 0); }
static int b_lower(lua_State *L) { return derive(L, MK_DERIVE_LOWER, (mk_bytes){0}, 0); }
static int b_trim(lua_State *L) { return derive(L, MK_DERIVE_TRIM, (mk_bytes){0}, 0); }

/* secret:hmac_sha256(key) -> opaque, 32 raw bytes; key: string or opaque   [-2, +1, e] no wait */
static int b_hmac(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes key = mk_lua_check_bytes(L, 2, &roles, "key");
    return derive(L, MK_DERIVE_HMAC_SHA256, key, roles);
}

static int b_tostring(lua_State *L)
{
    check_box(L, 1);
    lua_pushliteral(L, "***");
    return 1;
}

static int b_concat(lua_State *L)
{
    unsigned roles = 0;
    mk_bytes a = mk_lua_check_bytes(L, 1, &roles, "operand of ..");
    mk_bytes b = mk_lua_check_bytes(L, 2, &roles, "operand of ..");
    secret_box *out = push_box(L, roles);
    if (mk_secret_concat(&out->secret, a, b) != MK_OK)
        return luaL_error(L, "not enough memory");
    return 1;
}

static int b_len(lua_State *L) { return luaL_error(L, "the length of an opaque value is not for scripts"); }
static int b_compare(lua_State *L) { return luaL_error(L, "opaque values cannot be compared"); }
static int b_newindex(lua_State *L) { return luaL_error(L, "an opaque value has no fields to set"); }

static int b_gc(lua_State *L)
{
    secret_box *box = luaL_checkudata(L, 1, SECRET_MT);
    mk_secret_unref(box->secret);
    box->secret = NULL;
    return 0;
}

static void open_class(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"sha1", b_sha1}, {"sha256", b_sha256}, {"hmac_sha256", b_hmac}, {"base64", b_base64},
        {"base64url", b_base64url}, {"hex", b_hex}, {"url", b_url}, {"upper", b_upper}, {"lower", b_lower},
        {"trim", b_trim}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__tostring", b_tostring}, {"__concat", b_concat}, {"__len", b_len}, {"__eq", b_compare},
        {"__lt", b_compare}, {"__le", b_compare}, {"__newindex", b_newindex}, {"__gc", b_gc}, {NULL, NULL}};
    mk_lua_class(L, SECRET_MT, methods, meta);
}

void mk_lua_push_secret(lua_State *L, mk_secret *secret, unsigned roles)
{
    open_class(L);
    push_box(L, roles)->secret = mk_secret_ref(secret);
}

void mk_lua_push_new_secret(lua_State *L, mk_bytes bytes, unsigned roles)
{
    open_class(L);
    secret_box *box = push_box(L, roles);
    box->secret = mk_secret_new(bytes.data, bytes.len);
    if (!box->secret)
        luaL_error(L, "not enough memory");
}

mk_secret *mk_lua_test_secret(lua_State *L, int idx, unsigned *roles)
{
    secret_box *box = luaL_testudata(L, idx, SECRET_MT);
    if (!box || !box->secret)
        return NULL;
    if (roles)
        *roles |= box->roles;
    return box->secret;
}

/* A number turned into its text in place. A float with an integer value keeps its ".0", as Lua writes it. */
mk_bytes mk_lua_check_bytes(lua_State *L, int idx, unsigned *roles, const char *what)
{
    idx = lua_absindex(L, idx);
    mk_secret *secret = mk_lua_test_secret(L, idx, roles);
    if (secret)
        return mk_secret_bytes(secret);
    int type = lua_type(L, idx);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "%s: string, number or opaque value expected, got %s", what, luaL_typename(L, idx));
    mk_bytes bytes;
    bytes.data = lua_tolstring(L, idx, &bytes.len);
    return bytes;
}
