/* app_files.c - what the service's Lua finds: libraries, modules, templates, the table host (layer bind) */
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "bind/app_own.h"
#include "script/embedded.h"
#include "script/luajson.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 4 << 20 };

/* As much memory as the file has bytes: what is freed is wiped, and a start reads some sixty of them. */
static char *read_file(const char *path, size_t *len)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    const bool known = file && fstat(fileno(file), &info) == 0;
    const size_t most = known && info.st_size < FILE_MAX ? (size_t)info.st_size : FILE_MAX;
    char *text = known ? mk_malloc(most + 1) : NULL;
    if (text) {
        *len = fread(text, 1, most, file);
        text[*len] = '\0';
        if (ferror(file)) { /* a folder, say */
            mk_free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file); /* read only */
    return text;
}

char *mk_app_file(const mk_app *app, const char *path, size_t *len)
{
    char full[4400];
    if (strstr(path, ".."))
        return NULL;
    if (app->overlay && (size_t)snprintf(full, sizeof full, "%s/%s", app->overlay, path) < sizeof full) {
        char *text = read_file(full, len);
        if (text)
            return text;
    }
    for (const mk_embedded *at = mk_embedded_files; at->path; at++) {
        const char *name = strncmp(at->path, "runtime/", 8) == 0 ? at->path + 8 : at->path;
        if (strcmp(name, path) == 0) {
            *len = at->len;
            return mk_memdup(at->data, at->len);
        }
    }
    return NULL;
}

/* --- values that C holds, in Lua: freed even where there is no memory for them there ------------- */

static int push_bytes(lua_State *L)
{
    const mk_bytes *bytes = lua_touserdata(L, 1);
    lua_pushlstring(L, bytes->data, bytes->len);
    return 1;
}

static int push_value(lua_State *L)
{
    mk_lua_push_json(L, lua_touserdata(L, 1));
    return 1;
}

static int pushed(lua_State *L, lua_CFunction push, const void *what)
{
    lua_pushcfunction(L, push);
    lua_pushlightuserdata(L, (void *)(uintptr_t)what);
    return lua_pcall(L, 1, 1, 0);
}

/* text is taken. */
static int give_text(lua_State *L, char *text, size_t len)
{
    const mk_bytes bytes = { text, len };
    const int status = pushed(L, push_bytes, &bytes);
    mk_free(text);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* value is taken. */
static int give_json(lua_State *L, json_t *value)
{
    const int status = pushed(L, push_value, value);
    json_decref(value);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* --- files ------------------------------------------------------------------------------------ */

/* host.file(path) -> text, or nil if there is none                           [-1, +1, e] */
static int b_file(lua_State *L)
{
    size_t len = 0;
    char *text = mk_app_file(mk_app_of(L), luaL_checkstring(L, 1), &len);
    if (text)
        return give_text(L, text, len);
    lua_pushnil(L);
    return 1;
}

/* A searcher of require: "service.main" is service/main.lua. */
static int b_search(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    size_t len = 0;
    luaL_gsub(L, name, ".", "/");
    const char *path = lua_pushfstring(L, "%s.lua", lua_tostring(L, -1));
    const char *chunk = lua_pushfstring(L, "@%s", path);
    char *text = mk_app_file(mk_app_of(L), path, &len);
    if (!text)
        return lua_pushfstring(L, "no file '%s'", path), 1;
    const int status = luaL_loadbufferx(L, text, len, chunk, "t");
    mk_free(text);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* --- JSON -------------------------------------------------------------------------------------- */

/* host.decode(text) -> value, or nil and what is wrong                       [-1, +1|+2, m] */
static int b_decode(lua_State *L)
{
    size_t len = 0;
    json_error_t error;
    const char *text = luaL_checklstring(L, 1, &len);
    json_t *value = mk_json_load(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        lua_pushnil(L);
        lua_pushfstring(L, "line %d: %s", error.line, error.text);
        return 2;
    }
    return give_json(L, value);
}

static int encode_by_tree(lua_State *L, size_t indent)
{
    char why[MK_APP_WHY];
    json_t *value = mk_lua_to_json(L, 1, why, sizeof why);
    if (!value)
        return luaL_error(L, "host.encode: %s", why);
    char *text = mk_json_text(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | (indent ? JSON_INDENT(indent) : JSON_COMPACT));
    json_decref(value);
    if (!text)
        return luaL_error(L, "%s", mk_err_text(MK_ENOMEM));
    return give_text(L, text, strlen(text));
}

/* host.encode(value[, indent]) -> JSON text, keys sorted                     [-2, +1, e] */
static int b_encode(lua_State *L)
{
    enum { MOST = 64 << 20 };
    mk_buf text;
    const lua_Integer indent = luaL_optinteger(L, 2, 0);
    luaL_checkany(L, 1);
    mk_buf_init(&text, MOST);
    if (!indent && mk_app_encode(L, 1, &text)) {
        size_t len = 0;
        char *made = mk_buf_steal(&text, &len);
        return made ? give_text(L, made, len) : luaL_error(L, "%s", mk_err_text(MK_ENOMEM));
    }
    mk_buf_free(&text);
    return encode_by_tree(L, (size_t)indent & 15);
}

/* host.array(t) -> t, marked so that JSON has [] even when it is empty       [-1, +1, m] */
static int b_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    mk_lua_push_array_mt(L);
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

static int waited(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    if (!lua_isnil(L, -1))
        return luaL_error(L, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return 1;
}

/* An entry of the owner's; its index is an upvalue. */
static int b_entry(lua_State *L)
{
    char why[MK_APP_WHY] = "";
    mk_app *app = mk_app_of(L);
    const mk_app_entry *entry = &app->entries[lua_tointeger(L, lua_upvalueindex(1))];
    mk_app_task *task = mk_app_task_of(L);
    const int count = lua_gettop(L);
    json_t *args = json_array(), *result = NULL;
    for (int i = 1; args && i <= count; i++) {
        json_t *value = mk_lua_to_json(L, i, why, sizeof why);
        if (!value || json_array_append_new(args, value)) {
            json_decref(args);
            return luaL_error(L, "host.%s: argument %d: %s", entry->name, i, *why ? why : mk_err_text(MK_ENOMEM));
        }
    }
    int err = args ? entry->call(app->arg, task, args, &result, why) : MK_ENOMEM;
    json_decref(args);
    if (err == MK_APP_WAITS)
        return lua_yieldk(L, 0, 0, waited);
    if (err)
        return luaL_error(L, "host.%s: %s", entry->name, *why ? why : mk_err_text(err));
    if (result)
        return give_json(L, result);
    lua_pushnil(L);
    return 1;
}

static void open_host(lua_State *L, const json_t *config)
{
    static const luaL_Reg own[] = { { "file", b_file }, { "decode", b_decode }, { "encode", b_encode }, { "array", b_array }, { NULL, NULL } };
    const mk_app *app = mk_app_of(L);
    luaL_newlib(L, own);
    for (lua_Integer i = 0; app->entries && app->entries[i].name; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, b_entry, 1);
        lua_setfield(L, -2, app->entries[i].name);
    }
    mk_lua_push_null(L);
    lua_setfield(L, -2, "null");
    if (config)
        mk_lua_push_json(L, config);
    else
        lua_newtable(L);
    lua_setfield(L, -2, "config");
    lua_setglobal(L, "host");
}

void mk_app_open(lua_State *L, const json_t *config)
{
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_newtable(L); /* ours alone: nothing of the machine's is loaded */
    lua_pushcfunction(L, b_search);
    lua_rawseti(L, -2, 1);
    lua_setfield(L, -2, "searchers");
    lua_pop(L, 1);
    open_host(L, config);
}
