/* phase.c - the script's own functions, run on its thread (layer session)
 *
 * Everything here runs inside a resume, under the script's limits, so that an error ends the session and not
 * the process. */
#include "base/err.h"
#include "script/luajson.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

#define ADAPTER "meterkey.adapter"
#define SESSION "meterkey.s"

static mk_session *session_of(lua_State *L)
{
    return (mk_session *)mk_host_of(L);
}

/* Loads the adapter and makes s; both are kept for the later phases. */
static void open_adapter(lua_State *L, mk_session *s)
{
    mk_lua_credential list[16];
    size_t count = 0;
    for (; count < s->credentials->count && count < 16; count++) {
        const mk_credential *c = &s->credentials->list[count];
        list[count] = (mk_lua_credential){c->name, c->value, c->secret};
    }
    mk_lua_push_session(L, list, count, s->keep);
    lua_setfield(L, LUA_REGISTRYINDEX, SESSION);
    if (!mk_version_push(s->version, L, NULL))
        luaL_error(L, "the adapter is not in its version");
    lua_call(L, 0, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, ADAPTER);
}

static int meters_read(lua_State *L, mk_session *s, int base)
{
    char why[200] = "";
    s->meters_none = lua_type(L, base + 1) == LUA_TSTRING && strcmp(lua_tostring(L, base + 1), "none") == 0;
    if (!lua_istable(L, base))
        return mk_script_raise(L, mk_fault_new("adapter.bug", "meters must return a list, got %s", luaL_typename(L, base)));
    json_t *list = mk_lua_to_json(L, base, why, sizeof why);
    if (!list)
        return mk_script_raise(L, mk_fault_new("adapter.parse", "meters: %s", why));
    json_decref(s->meters);
    s->meters = list;
    return 0;
}

static int phase_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    mk_session *s = session_of(L);
    if (s->phase != MK_PHASE_METERS)
        return 0;
    lua_settop(L, 2);
    return meters_read(L, s, 1);
}

int mk_phase_main(lua_State *L)
{
    static const char *const names[] = {"sign_in", "meters", "sign_out"};
    mk_session *s = session_of(L);
    if (s->phase == MK_PHASE_SIGN_IN)
        open_adapter(L, s);
    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, ADAPTER);
    lua_pushstring(L, names[s->phase]);
    lua_rawget(L, 1);
    lua_replace(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, SESSION);
    lua_callk(L, 1, LUA_MULTRET, 0, phase_done);
    return phase_done(L, LUA_OK, 0);
}

static int read_keep(lua_State *L)
{
    mk_session *s = lua_touserdata(L, 1);
    char why[160] = "";
    if (lua_getfield(L, LUA_REGISTRYINDEX, SESSION) != LUA_TTABLE)
        return 0;
    json_t *keep = mk_lua_read_keep(L, -1, why, sizeof why);
    if (keep) {
        json_decref(s->keep);
        s->keep = keep;
    } else if (!s->fault) {
        s->fault = mk_fault_new("adapter.bug", "%s", why);
    }
    return 0;
}

void mk_phase_read_keep(mk_session *s)
{
    mk_script_protect(s->script, read_keep, s);
}
