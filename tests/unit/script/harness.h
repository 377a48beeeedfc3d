/* harness.h - a state that runs one script (tests of script) */
#ifndef MK_TEST_SCRIPT_HARNESS_H
#define MK_TEST_SCRIPT_HARNESS_H
/* clang-format off */
#include "../base/oom.h"
/* clang-format on */
#include "base/clock.h"
#include "script/state.h"

#include <lauxlib.h>
#include <stdio.h>

static char logged[4096];

static void on_log(void *arg, int level, const char *text, size_t len)
{
    (void)arg;
    (void)level;
    const size_t at = strlen(logged);
    snprintf(logged + at, sizeof logged - at, "%.*s\n", (int)len, text);
}

/* wait(): waits for the engine. finish(): the binding ends the session. fault(code, message): raises. */
static int wait_over(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    lua_pushinteger(L, (lua_Integer)ctx);
    return 1;
}

static int b_wait(lua_State *L)
{
    if (!mk_script_can_wait(L))
        return luaL_error(L, "cannot wait here");
    return mk_script_wait(L, luaL_optinteger(L, 1, 0), wait_over);
}

static int b_finish(lua_State *L)
{
    return mk_script_end(L, mk_fault_new("auth.credentials", "over"));
}

static int b_fault(lua_State *L)
{
    return mk_script_raise(L, mk_fault_new(luaL_checkstring(L, 1), "%s", luaL_checkstring(L, 2)));
}

static int b_udata(lua_State *L)
{
    lua_newuserdatauv(L, 24, (int)luaL_optinteger(L, 1, 0));
    return 1;
}

static int b_work(lua_State *L)
{
    const int64_t begun = mk_script_work_begin(L), until = mk_clock_cpu_us() + 1000 * luaL_checkinteger(L, 1);
    while (mk_clock_cpu_us() < until)
        continue;
    mk_script_work_end(L, begun);
    return 0;
}

static int open_bindings(lua_State *L)
{
    static const luaL_Reg functions[] = { { "wait", b_wait },   { "finish", b_finish }, { "fault", b_fault },
                                          { "udata", b_udata }, { "work", b_work },     { NULL, NULL } };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    return 0;
}

static bool no_bindings; /* to see the globals as they are */
static bool patient;     /* a burst of 2 s */

static mk_script *new_script(const mk_script_limits *limits, bool (*module)(void *arg, lua_State *L, const char *name))
{
    const mk_script_owner owner = { .log = on_log, .module = module };
    mk_script *script = NULL;
    logged[0] = '\0';
    assert_int_equal(mk_script_new(&script, limits, &owner, 7), MK_OK);
    if (!no_bindings)
        assert_int_equal(mk_script_protect(script, open_bindings, NULL), MK_OK);
    return script;
}

static lua_State *load_text(mk_script *script, const char *text)
{
    lua_State *thread = mk_script_thread(script);
    assert_non_null(thread);
    if (luaL_loadbufferx(thread, text, strlen(text), "=test.lua", "t") != LUA_OK)
        fail_msg("%s", lua_tostring(thread, -1));
    return thread;
}

/* Runs text with as many waits as it makes. Its first result as text is in out. */
static enum mk_script_outcome run_text(mk_script *script, const char *text, char *out, size_t cap)
{
    int count = 0;
    lua_State *thread = load_text(script, text);
    enum mk_script_outcome outcome = mk_script_resume(script, thread, 0, &count);
    for (int i = 0; i < 100 && outcome == MK_SCRIPT_WAITS; i++)
        outcome = mk_script_resume(script, thread, 0, &count);
    out[0] = '\0';
    if (outcome == MK_SCRIPT_DONE && count > 0 && lua_isstring(thread, -count))
        snprintf(out, cap, "%s", lua_tostring(thread, -count));
    if (outcome == MK_SCRIPT_FAILED || outcome == MK_SCRIPT_ENDED) {
        mk_fault *fault = outcome == MK_SCRIPT_FAILED ? mk_script_to_fault(thread, -1) : mk_script_ended(script);
        snprintf(out, cap, "%s %s: %s", fault->kind->code, fault->script ? fault->script : "?", fault->message);
        if (outcome == MK_SCRIPT_FAILED)
            mk_fault_free(fault);
    }
    return outcome;
}

/* The script must return this text. */
__attribute__((unused)) static void returns(const char *text, const char *expected)
{
    char out[2000];
    mk_script_limits limits = mk_script_defaults;
    limits.burst_us = 2000000; /* sanitizers are slow */
    mk_script *script = new_script(&limits, NULL);
    if (run_text(script, text, out, sizeof out) != MK_SCRIPT_DONE || strcmp(out, expected) != 0)
        fail_msg("%s\n gives: %s\n   not: %s", text, out, expected);
    mk_script_free(script);
}

/* The script must fail with a message that holds this text. */
__attribute__((unused)) static void fails(const char *text, const char *expected)
{
    char out[2000];
    mk_script *script = new_script(NULL, NULL);
    if (run_text(script, text, out, sizeof out) != MK_SCRIPT_FAILED || !strstr(out, expected))
        fail_msg("%s\n gives: %s\n   not: %s", text, out, expected);
    mk_script_free(script);
}

/* The session must end, soon, with a fault that holds this text, and leave no memory behind. */
__attribute__((unused)) static void ends(const char *text, const char *expected)
{
    char out[2000];
    const long live = mk_mem_live();
    const int64_t began = mk_clock_cpu_us();
    mk_script_limits limits = mk_script_defaults;
    if (patient)
        limits.burst_us = limits.total_us = 5000000;
    mk_script *script = new_script(&limits, NULL);
    const enum mk_script_outcome outcome = run_text(script, text, out, sizeof out);
    if (outcome != MK_SCRIPT_ENDED || !strstr(out, expected))
        fail_msg("%s\n gives: %d %s\n   not: %s", text, outcome, out, expected);
    int count = 0;
    assert_int_equal(mk_script_resume(script, mk_script_lua(script), 0, &count), MK_SCRIPT_ENDED);
    mk_script_free(script);
    if (mk_clock_cpu_us() - began > (patient ? 4000000 : 1000000))
        fail_msg("%s\n took %lld ms", text, (long long)(mk_clock_cpu_us() - began) / 1000);
    assert_int_equal(mk_mem_live(), live);
}
#endif
