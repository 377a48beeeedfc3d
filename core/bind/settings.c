/* settings.c - a file that holds a Lua table, as JSON (layer bind) */
#include "bind/settings.h"

#include "base/err.h"
#include "base/mem.h"
#include "script/luajson.h"
#include "script/state.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

typedef struct loading {
    const char *name, *text;
    size_t len;
    char *why;
    size_t cap;
    json_t *out;
} loading;

/* As it stands, or as an expression. */
static int load(lua_State *L, const loading *in)
{
    const char *chunk = lua_pushfstring(L, "@%s", in->name);
    if (luaL_loadbufferx(L, in->text, in->len, chunk, "t") == LUA_OK)
        return LUA_OK;
    size_t len = 0;
    lua_pushliteral(L, "return ");
    lua_pushlstring(L, in->text, in->len);
    lua_concat(L, 2);
    const char *expression = lua_tolstring(L, -1, &len);
    if (luaL_loadbufferx(L, expression, len, chunk, "t") == LUA_OK)
        return LUA_OK;
    lua_pop(L, 2); /* what was wrong with it as it stands tells more */
    return LUA_ERRSYNTAX;
}

static void say(loading *in, const char *what)
{
    snprintf(in->why, in->cap, "%s", what ? what : "it failed");
}

static void run(mk_script *script, lua_State *thread, loading *in)
{
    char why[200];
    int count = 0;
    if (load(thread, in) != LUA_OK) {
        say(in, lua_tostring(thread, -1));
        return;
    }
    const enum mk_script_outcome outcome = mk_script_resume(script, thread, 0, &count);
    if (outcome == MK_SCRIPT_ENDED) {
        const mk_fault *fault = mk_script_ended(script);
        say(in, fault ? fault->message : NULL);
    } else if (outcome != MK_SCRIPT_DONE) {
        say(in, lua_tostring(thread, -1));
    } else if (!count || !lua_istable(thread, -count)) {
        snprintf(in->why, in->cap, "%s: a table is needed, such as { listen = \"127.0.0.1:8080\" }", in->name);
    } else if (!(in->out = mk_lua_to_json(thread, -count, why, sizeof why))) {
        snprintf(in->why, in->cap, "%s: %s", in->name, why);
    }
}

int mk_settings_read(json_t **out, const char *name, const char *text, size_t len, char *why, size_t cap)
{
    loading in = { .name = name, .text = text, .len = len, .why = why, .cap = cap };
    mk_script *script = NULL;
    int err = mk_script_new(&script, NULL, NULL, 1);
    lua_State *thread = err ? NULL : mk_script_thread(script);
    if (thread)
        run(script, thread, &in);
    mk_script_free(script);
    if (!thread)
        return MK_ENOMEM;
    if (in.out && !json_is_object(in.out)) { /* {} is one, {1, 2} is not */
        json_decref(in.out);
        in.out = NULL;
        snprintf(why, cap, "%s: names are needed, such as { listen = \"127.0.0.1:8080\" }", name);
    }
    if (!in.out)
        return MK_EPARSE;
    *out = in.out;
    return MK_OK;
}
