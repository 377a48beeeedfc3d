/* fault.c - typed errors as Lua values, and Lua errors as typed ones (layer script) */
#include "base/codec.h"
#include "script/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char fault_key; /* its address names the metatable in the registry */

enum { MESSAGE_MOST = 1000 };

/* Raised errors also hang on the state: Lua skips a finalizer for which it lacks the memory to call it. */
struct mk_script_raised {
    mk_fault *fault;
    struct mk_script_raised *next, **link;
};

typedef struct fault_box {
    struct mk_script_raised *raised;
} fault_box;

static void drop(struct mk_script_raised *raised)
{
    *raised->link = raised->next;
    if (raised->next)
        raised->next->link = raised->link;
    mk_fault_free(raised->fault);
    mk_free(raised);
}

void mk_script_drop_raised(mk_script *script)
{
    while (script->raised)
        drop(script->raised);
}

static struct mk_script_raised *keep(mk_script *script, mk_fault *fault)
{
    struct mk_script_raised *raised = mk_malloc(sizeof *raised);
    if (!raised)
        return NULL;
    *raised = (struct mk_script_raised){ fault, script->raised, &script->raised };
    if (raised->next)
        raised->next->link = &raised->next;
    script->raised = raised;
    return raised;
}

/* The engine's own Lua is not where a script's author looks. */
static bool is_engines(const char *source)
{
    return strcmp(source, "=meterkey/ask.lua") == 0;
}

void mk_script_where(lua_State *L, char *out, size_t cap)
{
    lua_Debug ar;
    if (!cap)
        return;
    out[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
            continue;
        if (*out && is_engines(ar.source))
            continue;
        snprintf(out, cap, "%s:%d", ar.short_src, ar.currentline);
        if (!is_engines(ar.source))
            return;
    }
}

mk_fault *mk_script_fault_at(lua_State *L, int idx)
{
    fault_box *box = lua_touserdata(L, idx);
    if (!box || !lua_checkstack(L, 2) || !lua_getmetatable(L, idx))
        return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fault_key);
    const bool same = lua_type(L, -1) == LUA_TTABLE && lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same && box->raised ? box->raised->fault : NULL;
}

static int f_gc(lua_State *L)
{
    fault_box *box = lua_touserdata(L, 1);
    if (box->raised)
        drop(box->raised);
    box->raised = NULL;
    return 0;
}

static mk_fault *check_fault(lua_State *L)
{
    mk_fault *fault = mk_script_fault_at(L, 1);
    luaL_argcheck(L, fault != NULL, 1, "error value expected");
    return fault;
}

static int f_tostring(lua_State *L)
{
    const mk_fault *fault = check_fault(L);
    lua_pushfstring(L, "%s: %s", fault->kind->code, fault->message);
    return 1;
}

/* err.code .message .owner .script .retry                [-2, +1, e] */
static int f_index(lua_State *L)
{
    const mk_fault *fault = check_fault(L);
    const char *key = luaL_checkstring(L, 2);
    const char *value = NULL;
    if (strcmp(key, "code") == 0)
        value = fault->kind->code;
    else if (strcmp(key, "message") == 0)
        value = fault->message;
    else if (strcmp(key, "owner") == 0)
        value = fault->kind->owner;
    else if (strcmp(key, "retry") == 0)
        value = fault->kind->retry;
    else if (strcmp(key, "script") == 0)
        value = fault->script;
    lua_pushstring(L, value); /* nil for NULL */
    return 1;
}

void mk_script_open_fault(lua_State *L)
{
    static const luaL_Reg meta[] = {
        { "__gc", f_gc }, { "__tostring", f_tostring }, { "__index", f_index }, { NULL, NULL },
    };
    luaL_newlib(L, meta);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "error");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &fault_key);
}

int mk_script_raise(lua_State *L, mk_fault *fault)
{
    mk_script *script = mk_script_of(L);
    char where[128];
    mk_script_where(L, where, sizeof where);
    if (fault && !fault->script && *where)
        fault->script = mk_strdup(where);
    if (!fault || !fault->kind->catchable || script->ended)
        return mk_script_end(L, fault);
    struct mk_script_raised *raised = keep(script, fault);
    if (!raised) {
        mk_fault_free(fault);
        return mk_script_end(L, NULL);
    }
    luaL_checkstack(L, 4, NULL);
    fault_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->raised = raised;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fault_key);
    lua_setmetatable(L, -2);
    return lua_error(L);
}

static char *copy_text(const char *text)
{
    return text ? mk_strdup(text) : NULL;
}

static mk_fault *copy(const mk_fault *from)
{
    mk_fault *fault = mk_fault_new(from->kind->code, "%s", from->message);
    if (!fault)
        return NULL;
    fault->script = copy_text(from->script);
    fault->help_url = copy_text(from->help_url);
    fault->help_text = copy_text(from->help_text);
    fault->evidence = from->evidence ? json_deep_copy(from->evidence) : NULL;
    return fault;
}

/* The length of "file.lua:12" if text begins with it and ": ", else 0. */
static size_t place_length(const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || colon - text > 80)
        return 0;
    const size_t digits = strspn(colon + 1, "0123456789");
    if (!digits || strncmp(colon + 1 + digits, ": ", 2) != 0)
        return 0;
    return (size_t)(colon - text) + 1 + digits;
}

/* Printable, at most MESSAGE_MOST bytes, whole characters. */
static void clean(char *out, const char *text, size_t len)
{
    size_t to = 0, at = 0;
    while (at < len && to < MESSAGE_MOST) {
        const size_t from = at;
        const uint32_t point = mk_utf8_next(text, len, &at);
        const size_t size = at - from;
        const bool fine = point >= 0x20 && point != 0x7f && !(point == 0xFFFD && size == 1);
        if (to + (fine ? size : 1) > MESSAGE_MOST)
            break;
        if (fine)
            memcpy(out + to, text + from, size);
        else
            out[to] = point == '\n' || point == '\t' ? ' ' : '?';
        to += fine ? size : 1;
    }
    out[to] = '\0';
}

static mk_fault *bug(lua_State *L, const char *text, size_t len)
{
    char message[MESSAGE_MOST + 1], where[128];
    clean(message, text, len);
    const size_t place = place_length(message);
    mk_script_where(L, where, sizeof where);
    if (place)
        snprintf(where, sizeof where, "%.*s", (int)place, message);
    mk_fault *fault = mk_fault_new("adapter.bug", "%s", place ? message + place + 2 : message);
    if (fault && *where)
        fault->script = mk_strdup(where);
    return fault;
}

mk_fault *mk_script_to_fault(lua_State *L, int idx)
{
    const mk_fault *typed = mk_script_fault_at(L, idx);
    char text[80];
    if (typed)
        return copy(typed);
    if (lua_type(L, idx) == LUA_TSTRING) {
        size_t len = 0;
        const char *message = lua_tolstring(L, idx, &len);
        if (strcmp(message, "not enough memory") == 0)
            return mk_script_budget_fault("memory", "needs more memory than it may have");
        return bug(L, message, len);
    }
    if (lua_isinteger(L, idx))
        snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, idx));
    else if (lua_type(L, idx) == LUA_TNUMBER)
        snprintf(text, sizeof text, "%.14g", lua_tonumber(L, idx));
    else
        snprintf(text, sizeof text, "the error is a %s value", luaL_typename(L, idx));
    return bug(L, text, strlen(text));
}
