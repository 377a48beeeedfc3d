/* ask.c - the engine's side of s:ask (layer bind)
 *
 * The loop is runtime/meterkey/ask.lua; what it may do is decided by the host. */
#include "bind/bind.h"
#include "base/err.h"
#include "script/luajson.h"
#include <string.h>

/* What a challenge may say; everything else in the table (page, and fields of the script's own) stays out. */
static const char *const known[] = {"kind",    "medium", "digits",       "prompt",       "dest", "choices", "fields",
                                    "expires", "message", "display_code", "alternatives", "lang", "url",     NULL};

static json_t *read_challenge(lua_State *L, int idx)
{
    char why[160] = "";
    lua_newtable(L);
    for (size_t i = 0; known[i]; i++) {
        lua_getfield(L, idx, known[i]);
        lua_setfield(L, -2, known[i]);
    }
    json_t *out = mk_lua_to_json(L, -1, why, sizeof why);
    lua_pop(L, 1);
    if (!out)
        luaL_error(L, "s:ask: challenge: %s", why);
    return out;
}

/* core.open(challenge, resend, switch) -> kind, page               [-3, +2, e] no wait */
static int b_open(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    char where[128];
    mk_script_where(L, where, sizeof where);
    json_t *challenge = read_challenge(L, 1);
    json_object_set_new(challenge, "can_resend", json_boolean(lua_toboolean(L, 2)));
    json_object_set_new(challenge, "can_switch", json_boolean(lua_toboolean(L, 3)));
    mk_fault *fault = host->ask_open(host, challenge, where);
    if (fault)
        return mk_lua_fault(L, fault, fault->kind->code[0] != 'a' || strcmp(fault->kind->code, "adapter.bug") != 0);
    lua_getfield(L, 1, "kind");
    if (lua_getfield(L, 1, "page") == LUA_TNIL && host->last_page(host)) {
        lua_pop(L, 1);
        mk_lua_push_page(L, host->last_page(host), NULL);
    }
    return 2;
}

static void push_answer(lua_State *L, const json_t *value, bool plain)
{
    const char *name;
    json_t *field;
    if (json_is_object(value)) {
        lua_newtable(L);
        json_object_foreach((json_t *)value, name, field)
        {
            push_answer(L, field, plain);
            lua_setfield(L, -2, name);
        }
    } else if (json_is_string(value) && !plain) {
        mk_lua_push_new_secret(L, (mk_bytes){json_string_value(value), json_string_length(value)}, MK_ROLE_ANSWER);
    } else {
        mk_lua_push_json(L, value);
    }
}

static int answer_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    mk_host *host = mk_host_of(L);
    if (host->fault) {
        mk_fault *fault = host->fault;
        host->fault = NULL;
        return mk_lua_fault(L, fault, true);
    }
    lua_pushstring(L, host->event);
    if (host->answer)
        push_answer(L, host->answer, host->answer_plain);
    else
        lua_pushnil(L);
    return 2;
}

/* core.wait() -> "answer", value | "resend" | "switch", id         waits  [-0, +2, e] */
static int b_wait(lua_State *L)
{
    mk_lua_check_can_wait(L, "s:ask");
    mk_host *host = mk_host_of(L);
    host->ask_wait(host);
    return mk_lua_wait(L, 0, answer_done);
}

/* core.pause(seconds) -> "poll" | "resend" | "switch", id          waits  [-1, +2, e] */
static int b_pause(lua_State *L)
{
    lua_Number seconds = luaL_optnumber(L, 1, 3);
    luaL_argcheck(L, seconds > 0 && seconds <= 60, 1, "every: seconds from 0 to 60 expected");
    mk_lua_check_can_wait(L, "s:ask");
    mk_host *host = mk_host_of(L);
    host->sleep(host, (int64_t)(seconds * 1000), true);
    return mk_lua_wait(L, 0, answer_done);
}

/* core.judge(page) -> true: the portal rejected the answer, ask again; nil: that is no page    [-1, +1, e] no wait */
static int b_judge(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    mk_page *page = mk_lua_test_page(L, 1);
    if (!page) {
        lua_pushnil(L);
        return 1;
    }
    bool again = false;
    mk_fault *fault = host->ask_judge(host, page, &again);
    if (fault)
        return mk_lua_fault(L, fault, true);
    lua_pushboolean(L, again);
    return 1;
}

/* core.resent(), core.polled(again), core.handler([name]), core.close()  no wait */
static int b_resent(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    mk_fault *fault = host->ask_resent(host);
    return fault ? mk_lua_fault(L, fault, true) : 0;
}

static int b_polled(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    mk_fault *fault = host->poll_done(host, lua_toboolean(L, 1));
    return fault ? mk_lua_fault(L, fault, true) : 0;
}

static int b_handler(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    host->ask_handler(host, luaL_optstring(L, 1, NULL));
    return 0;
}

static int b_close(lua_State *L)
{
    mk_host *host = mk_host_of(L);
    host->ask_close(host);
    return 0;
}

void mk_lua_push_ask(lua_State *L)
{
    static const luaL_Reg core[] = {{"open", b_open}, {"wait", b_wait}, {"pause", b_pause}, {"judge", b_judge},
        {"resent", b_resent}, {"polled", b_polled}, {"handler", b_handler}, {"close", b_close}, {NULL, NULL}};
    mk_host *host = mk_host_of(L);
    if (!host->module || !host->module(host, L, "meterkey.ask"))
        luaL_error(L, "meterkey.ask is not in this version");
    lua_call(L, 0, 1); /* the chunk gives a function of core */
    luaL_newlib(L, core);
    lua_call(L, 1, 1);
}
