/* request.c - what a script asks for as a request, and waiting for its page (layer bind)
 *
 * contract.md section 2, `opts`. */
#include "bind/bind.h"
#include "base/codec.h"
#include "base/err.h"
#include <string.h>
#include <strings.h>

#define CALL_MT "meterkey.call"
enum { MAX_BODY = 8 << 20 };

mk_host *mk_host_of(lua_State *L)
{
    return mk_script_arg(L);
}

void mk_call_clear(mk_call *call)
{
    mk_free(call->method);
    mk_url_free(&call->url);
    mk_headers_free(&call->headers);
    mk_free(call->body);
    mk_free(call->content_type);
    mk_url_free(&call->referer);
    mk_page_unref(call->page);
    json_decref(call->challenge);
    mk_fault_free(call->fault);
    *call = (mk_call){0};
}

static int call_gc(lua_State *L)
{
    mk_call_clear(lua_touserdata(L, 1));
    return 0;
}

mk_call *mk_lua_new_call(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", call_gc}, {NULL, NULL}};
    mk_call *call = lua_newuserdatauv(L, sizeof *call, 0);
    *call = (mk_call){0};
    mk_lua_class(L, CALL_MT, NULL, meta);
    luaL_setmetatable(L, CALL_MT);
    mk_script_where(L, call->where, sizeof call->where);
    return call;
}

static int deny_secret(lua_State *L, const char *where)
{
    return mk_script_end(L, mk_fault_new("policy.secret_denied", "an opaque value may not stand in %s", where));
}

void mk_lua_set_url(lua_State *L, mk_call *call, int idx)
{
    if (mk_lua_test_secret(L, idx, NULL))
        deny_secret(L, "a URL");
    size_t len;
    const char *text = luaL_checklstring(L, idx, &len);
    mk_host *host = mk_host_of(L);
    const mk_url *base = host->base ? host->base(host) : NULL;
    mk_url_free(&call->url);
    int err = base ? mk_url_resolve(&call->url, base, text, len) : mk_url_parse(&call->url, text, len);
    if (err)
        luaL_error(L, "URL '%s': %s", text, mk_err_text(err));
}

static char *copy(lua_State *L, const char *text, size_t len)
{
    char *out = mk_memdup(text, len);
    if (!out)
        luaL_error(L, "not enough memory");
    return out;
}

static void set_body(lua_State *L, mk_call *call, mk_bytes body, const char *type)
{
    if (call->body)
        luaL_error(L, "opts: one of form, json, multipart and body, not two");
    call->body = copy(L, body.data, body.len);
    call->body_len = body.len;
    if (!call->content_type && type)
        call->content_type = copy(L, type, strlen(type));
}

/* A value of a form, query or multipart field: string, number, boolean or opaque. */
static mk_bytes field_bytes(lua_State *L, int idx, unsigned *roles, const char *what)
{
    if (lua_isboolean(L, idx)) {
        lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
        lua_replace(L, idx);
    }
    return mk_lua_check_bytes(L, idx, roles, what);
}

/* Fields of a table {name = value} in sorted order, or of a list of {name, value}; values stay on the
 * stack above `fields` while they are used. */
typedef struct field_list {
    mk_field *list;
    size_t count;
} field_list;

static void add_pair(lua_State *L, field_list *out, int value, mk_bytes name, unsigned *roles)
{
    mk_field *field = &out->list[out->count];
    *field = (mk_field){.name = name};
    if (lua_istable(L, value)) { /* multipart: {value=, filename=, type=} */
        lua_getfield(L, value, "filename");
        field->filename = lua_tostring(L, -1);
        lua_getfield(L, value, "type");
        field->type = lua_tostring(L, -1);
        lua_getfield(L, value, "value");
        field->value = field_bytes(L, lua_gettop(L), roles, "value of a part");
    } else {
        field->value = field_bytes(L, value, roles, "value of a field");
    }
    out->count++;
}

static void read_list(lua_State *L, int table, lua_Integer count, field_list *out, unsigned *roles)
{
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_checkstack(L, 8, "too many fields");
        if (lua_rawgeti(L, table, i) != LUA_TTABLE)
            luaL_error(L, "field %d: {name, value} expected", (int)i);
        int pair = lua_gettop(L);
        lua_rawgeti(L, pair, 1);
        mk_bytes name = mk_lua_check_bytes(L, lua_gettop(L), NULL, "name of a field");
        lua_rawgeti(L, pair, 2);
        add_pair(L, out, lua_gettop(L), name, roles);
    }
}

static void read_names(lua_State *L, int table, field_list *out, unsigned *roles)
{
    mk_script_sorted_keys(L, table);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, keys); i <= n; i++) {
        luaL_checkstack(L, 8, "too many fields");
        lua_rawgeti(L, keys, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        int value = lua_gettop(L);
        if (lua_type(L, value - 1) != LUA_TSTRING && lua_type(L, value - 1) != LUA_TNUMBER)
            luaL_error(L, "name of a field: a string expected, got %s", luaL_typename(L, value - 1));
        mk_bytes name = mk_lua_check_bytes(L, value - 1, NULL, "name of a field");
        add_pair(L, out, value, name, roles);
    }
}

static field_list read_fields(lua_State *L, int table, unsigned *roles)
{
    luaL_checktype(L, table, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, table);
    size_t most = (size_t)count;
    if (!count) {
        for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
            most++;
    }
    if (most > 2000)
        luaL_error(L, "over 2,000 fields");
    field_list out = {.list = lua_newuserdatauv(L, (most + 1) * sizeof(mk_field), 0)};
    if (count)
        read_list(L, table, count, &out, roles);
    else
        read_names(L, table, &out, roles);
    return out;
}

static void body_form(lua_State *L, int table, mk_call *call)
{
    int top = lua_gettop(L);
    mk_buf *buf = mk_lua_new_buf(L, MAX_BODY);
    field_list fields = read_fields(L, table, &call->roles);
    int err = mk_formdata_urlencode(buf, fields.list, fields.count, NULL);
    if (err)
        luaL_error(L, "form: %s", mk_err_text(err));
    set_body(L, call, (mk_bytes){buf->data, buf->len}, "application/x-www-form-urlencoded");
    lua_settop(L, top);
}

void mk_lua_boundary(lua_State *L, char out[48])
{
    mk_host *host = mk_host_of(L);
    unsigned char bytes[16];
    host->random(host, bytes, sizeof bytes);
    memcpy(out, "----meterkey", 12);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[12 + 2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[13 + 2 * i] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[44] = '\0';
}

static void body_multipart(lua_State *L, int table, mk_call *call)
{
    int top = lua_gettop(L);
    char boundary[48];
    mk_lua_boundary(L, boundary);
    mk_buf *buf = mk_lua_new_buf(L, MAX_BODY);
    field_list fields = read_fields(L, table, &call->roles);
    int err = mk_formdata_multipart(buf, fields.list, fields.count, NULL, boundary);
    if (err)
        luaL_error(L, "multipart: %s", mk_err_text(err));
    const char *type = lua_pushfstring(L, "multipart/form-data; boundary=%s", boundary);
    set_body(L, call, (mk_bytes){buf->data, buf->len}, type);
    lua_settop(L, top);
}

static void body_json(lua_State *L, int idx, mk_call *call)
{
    int top = lua_gettop(L);
    mk_buf *buf = mk_lua_new_buf(L, MAX_BODY);
    mk_lua_json_encode(L, idx, buf, &call->roles);
    set_body(L, call, (mk_bytes){buf->data, buf->len}, "application/json");
    lua_settop(L, top);
}

static void add_header(lua_State *L, mk_call *call, const char *name, mk_bytes value, unsigned roles)
{
    if (!mk_header_valid(name, value.data, value.len))
        luaL_error(L, "header '%s': a name or value that HTTP does not allow", name);
    call->roles |= roles;
    if (mk_headers_add(&call->headers, name, value.data, value.len, roles != 0) != MK_OK)
        luaL_error(L, "not enough memory");
}

/* If one header holds a secret all of the script's are treated so: they are dropped together when a redirect
 * leaves the origin, and masked. */
static void read_headers(lua_State *L, int table, mk_call *call)
{
    int top = lua_gettop(L);
    unsigned roles = 0;
    field_list fields = read_fields(L, table, &roles);
    for (size_t i = 0; i < fields.count; i++) {
        const char *name = fields.list[i].name.data;
        if (strcasecmp(name, "content-type") == 0) {
            mk_free(call->content_type);
            call->content_type = NULL;
            call->content_type = copy(L, fields.list[i].value.data, fields.list[i].value.len);
        } else {
            add_header(L, call, name, fields.list[i].value, roles);
        }
    }
    lua_settop(L, top);
}

static void read_query(lua_State *L, int table, mk_call *call)
{
    int top = lua_gettop(L);
    unsigned roles = 0;
    mk_buf *buf = mk_lua_new_buf(L, 64 << 10);
    field_list fields = read_fields(L, table, &roles);
    if (roles)
        deny_secret(L, "a query");
    int err = mk_formdata_urlencode(buf, fields.list, fields.count, NULL);
    if (!err && buf->len)
        err = mk_url_add_query(&call->url, buf->data);
    if (err)
        luaL_error(L, "query: %s", mk_err_text(err));
    lua_settop(L, top);
}

static void read_auth(lua_State *L, int table, mk_call *call)
{
    int top = lua_gettop(L);
    unsigned roles = 0;
    luaL_checktype(L, table, LUA_TTABLE);
    lua_rawgeti(L, table, 1);
    mk_bytes user = mk_lua_check_bytes(L, lua_gettop(L), &roles, "auth user");
    lua_rawgeti(L, table, 2);
    mk_bytes password = mk_lua_check_bytes(L, lua_gettop(L), &roles, "auth password");
    mk_buf *plain = mk_lua_new_buf(L, 4096);
    mk_buf *value = mk_lua_new_buf(L, 8192);
    if (mk_buf_add(plain, user.data, user.len) || mk_buf_addc(plain, ':') ||
        mk_buf_add(plain, password.data, password.len) || mk_buf_adds(value, "Basic ") ||
        mk_base64_encode(value, plain->data, plain->len, false))
        luaL_error(L, "auth: too long");
    add_header(L, call, "Authorization", (mk_bytes){value->data, value->len}, roles | MK_ROLE_OTHER);
    lua_settop(L, top);
}

static void read_redirect(lua_State *L, int idx, mk_call *call)
{
    if (lua_isboolean(L, idx))
        call->redirect = lua_toboolean(L, idx) ? MK_REDIRECT_FOLLOW : MK_REDIRECT_NONE;
    else if (lua_type(L, idx) == LUA_TSTRING && strcmp(lua_tostring(L, idx), "declared") == 0)
        call->redirect = MK_REDIRECT_DECLARED;
    else
        luaL_error(L, "opts.redirect: true, false or \"declared\" expected");
}

static void read_referer(lua_State *L, int idx, mk_call *call)
{
    call->referer_set = true;
    mk_url_free(&call->referer);
    call->has_referer = false;
    if (lua_isboolean(L, idx) && !lua_toboolean(L, idx))
        return;
    size_t len;
    const char *text = luaL_checklstring(L, idx, &len);
    mk_host *host = mk_host_of(L);
    const mk_url *base = host->base(host);
    int err = base ? mk_url_resolve(&call->referer, base, text, len) : mk_url_parse(&call->referer, text, len);
    if (err)
        luaL_error(L, "opts.referer '%s': %s", text, mk_err_text(err));
    call->has_referer = true;
}

static void read_accept(lua_State *L, int idx, mk_call *call)
{
    int most = (int)(sizeof call->accept / sizeof *call->accept);
    if (lua_isinteger(L, idx)) {
        call->accept[call->accept_count++] = (int)lua_tointeger(L, idx);
        return;
    }
    luaL_checktype(L, idx, LUA_TTABLE);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, idx); i <= n && call->accept_count < most; i++) {
        lua_rawgeti(L, idx, i);
        call->accept[call->accept_count++] = (int)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
}

static void read_body(lua_State *L, int idx, mk_call *call)
{
    mk_bytes body = mk_lua_check_bytes(L, idx, &call->roles, "opts.body");
    set_body(L, call, body, NULL);
}

static void read_type(lua_State *L, int idx, mk_call *call)
{
    const char *type = luaL_checkstring(L, idx);
    mk_free(call->content_type);
    call->content_type = NULL;
    call->content_type = copy(L, type, strlen(type));
}

static void read_timeout(lua_State *L, int idx, mk_call *call)
{
    lua_Number seconds = luaL_checknumber(L, idx);
    if (!(seconds > 0 && seconds <= 180))
        luaL_error(L, "opts.timeout: seconds from 0 to 180 expected");
    call->timeout_ms = (long)(seconds * 1000);
}

static void read_sends_code(lua_State *L, int idx, mk_call *call) { call->sends_code = lua_toboolean(L, idx); }

/* opts.button is read by s:submit. */
static void skip(lua_State *L, int idx, mk_call *call) { (void)L, (void)idx, (void)call; }

static const struct {
    const char *name;
    void (*read)(lua_State *L, int idx, mk_call *call);
} options[] = { /* in this order: the type after the body that implies one */
    {"form", body_form}, {"json", body_json}, {"multipart", body_multipart}, {"body", read_body},
    {"headers", read_headers}, {"type", read_type}, {"query", read_query}, {"redirect", read_redirect},
    {"referer", read_referer}, {"auth", read_auth}, {"timeout", read_timeout}, {"accept", read_accept},
    {"sends_code", read_sends_code}, {"button", skip},
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

static void check_known(lua_State *L, int idx)
{
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        size_t i = OPTION_COUNT;
        if (lua_type(L, -2) == LUA_TSTRING)
            for (i = 0; i < OPTION_COUNT && strcmp(options[i].name, lua_tostring(L, -2)) != 0; i++)
                ;
        if (i == OPTION_COUNT)
            luaL_error(L, "opts has no '%s'", lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2));
    }
}

void mk_lua_read_opts(lua_State *L, int idx, mk_call *call)
{
    if (lua_isnoneornil(L, idx))
        return;
    luaL_checktype(L, idx, LUA_TTABLE);
    idx = lua_absindex(L, idx);
    check_known(L, idx);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (lua_getfield(L, idx, options[i].name) != LUA_TNIL)
            options[i].read(L, lua_gettop(L), call);
        lua_pop(L, 1);
    }
}

static int fetch_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    mk_call *call = (mk_call *)ctx;
    if (call->fault && call->aside && !call->end) {
        lua_pushnil(L);
        lua_pushstring(L, call->fault->message);
        lua_pushstring(L, call->fault->kind->code);
        return 3;
    }
    if (call->fault || !call->page) {
        mk_fault *fault = call->fault;
        call->fault = NULL;
        return mk_lua_fault(L, fault, call->end);
    }
    mk_lua_push_page(L, call->page, call->challenge);
    return 1;
}

/* Pages that nobody holds any more look small to Lua's collector: room is made before the next one comes. */
static void make_room(lua_State *L)
{
    const mk_account *account = mk_script_account(mk_script_of(L));
    if (account->used > account->limit / 4)
        lua_gc(L, LUA_GCCOLLECT, 0);
}

int mk_lua_fetch(lua_State *L, mk_call *call)
{
    mk_lua_check_can_wait(L, "a request");
    make_room(L);
    mk_host *host = mk_host_of(L);
    host->fetch(host, call);
    return mk_lua_wait(L, (lua_KContext)call, fetch_done);
}
