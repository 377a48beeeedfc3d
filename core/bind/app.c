/* app.c - calls handlers of the service's Lua, each in a coroutine that may wait (layer bind) */
#include "base/err.h"
#include "base/mem.h"
#include "bind/app_own.h"
#include "script/luajson.h"

#include <stdio.h>
#include <string.h>

static const char handlers_key; /* its address names the table of handlers in the registry */

static void *allocate(void *arg, void *ptr, size_t osize, size_t nsize)
{
    (void)arg;
    (void)osize;
    if (nsize)
        return mk_realloc(ptr, nsize);
    mk_free(ptr); /* wiped */
    return NULL;
}

mk_app *mk_app_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &mk_app_of);
    mk_app *app = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return app;
}

mk_app_task *mk_app_task_of(lua_State *L)
{
    for (mk_app_task *task = mk_app_of(L)->tasks; task; task = task->next)
        if (task->thread == L)
            return task;
    return NULL;
}

void *mk_app_task_arg(const mk_app_task *task)
{
    return task->arg;
}

size_t mk_app_memory(mk_app *app)
{
    return (size_t)lua_gc(app->L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(app->L, LUA_GCCOUNTB);
}

/* --- start and end ----------------------------------------------------------- */

/* Called with the app at 1 and the settings at 2: leaves the handlers in the registry. */
static int load(lua_State *L)
{
    mk_app *app = lua_touserdata(L, 1);
    const json_t *config = lua_touserdata(L, 2);
    lua_pushlightuserdata(L, app);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &mk_app_of);
    mk_app_open(L, config);
    lua_getglobal(L, "require");
    lua_pushstring(L, "service.main");
    lua_call(L, 1, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &handlers_key);
    return 0;
}

static int on_error(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

/* Lua's own pace (100) is through with all that there is within a request or two, and each of these takes 5 to 9 ms longer for it: at this one a request
 * takes a tenth of it. Measured at 10 MiB (tests/bench/serve.py). */
static void slow_collector(lua_State *L)
{
    enum { PAUSE = 200, STEP_WORK = 8, STEP_LOG2 = 12 };
    lua_gc(L, LUA_GCINC, PAUSE, STEP_WORK, STEP_LOG2);
}

int mk_app_new(mk_app **out, const mk_app_options *options, char *why)
{
    mk_app *app = mk_calloc(1, sizeof *app);
    if (app) {
        app->entries = options->entries;
        app->arg = options->arg;
        app->L = lua_newstate(allocate, NULL);
    }
    if (!app || !app->L || (options->overlay && !(app->overlay = mk_strdup(options->overlay)))) {
        mk_app_free(app);
        snprintf(why, MK_APP_WHY, "%s", mk_err_text(MK_ENOMEM));
        return MK_ENOMEM;
    }
    slow_collector(app->L);
    lua_pushcfunction(app->L, on_error);
    lua_pushcfunction(app->L, load);
    lua_pushlightuserdata(app->L, app);
    lua_pushlightuserdata(app->L, (void *)(uintptr_t)options->config);
    const int status = lua_pcall(app->L, 2, 0, 1);
    if (status != LUA_OK) {
        snprintf(why, MK_APP_WHY, "%s", status == LUA_ERRMEM ? mk_err_text(MK_ENOMEM) : lua_tostring(app->L, -1));
        mk_app_free(app);
        return status == LUA_ERRMEM ? MK_ENOMEM : MK_EPARSE;
    }
    lua_settop(app->L, 0);
    *out = app;
    return MK_OK;
}

void mk_app_free(mk_app *app)
{
    if (!app)
        return;
    while (app->tasks) {
        mk_app_task *task = app->tasks;
        app->tasks = task->next;
        mk_free(task);
    }
    if (app->L)
        lua_close(app->L);
    mk_free(app->overlay);
    mk_free(app);
}

/* --- calls --------------------------------------------------------------------- */

static void drop(mk_app_task *task)
{
    for (mk_app_task **at = &task->app->tasks; *at; at = &(*at)->next) {
        if (*at == task) {
            *at = task->next;
            break;
        }
    }
    luaL_unref(task->app->L, LUA_REGISTRYINDEX, task->ref);
    mk_free(task);
}

static void finish(mk_app_task *task, const json_t *result, const char *error)
{
    mk_app_done done = task->done;
    void *arg = task->arg;
    done(arg, result, error);
    drop(task);
}

/* Called with a thread that failed at 1: its error, with where. */
static int explain(lua_State *L)
{
    lua_State *thread = lua_touserdata(L, 1);
    luaL_traceback(L, thread, luaL_tolstring(thread, -1, NULL), 0);
    return 1;
}

static void fail(mk_app_task *task)
{
    lua_State *main = task->app->L;
    lua_pushcfunction(main, explain);
    lua_pushlightuserdata(main, task->thread);
    const bool told = lua_pcall(main, 1, 1, 0) == LUA_OK; /* else there is no memory for words */
    finish(task, NULL, told ? lua_tostring(main, -1) : mk_err_text(MK_ENOMEM));
    lua_pop(main, 1);
}

/* Runs it until it waits or is done; nargs values are on its stack. */
static void go(mk_app_task *task, int nargs)
{
    char why[MK_APP_WHY];
    int count = 0;
    lua_State *L = task->thread, *main = task->app->L; /* finish frees the task */
    const int status = lua_resume(L, main, nargs, &count);
    if (status == LUA_YIELD) {
        task->waits = true;
        return;
    }
    if (status != LUA_OK) {
        fail(task);
        return;
    }
    json_t *result = count ? mk_lua_to_json(L, -count, why, sizeof why) : NULL;
    finish(task, result, count && !result ? why : NULL);
    json_decref(result);
}

/* Called with the name at 1, the input at 2 and the task at 3: leaves function and argument on the task's thread. */
static int prepare(lua_State *L)
{
    mk_app_task *task = lua_touserdata(L, 3);
    task->thread = lua_newthread(L);
    task->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handlers_key);
    if (lua_getfield(L, -1, lua_touserdata(L, 1)) != LUA_TFUNCTION)
        return luaL_error(L, "no handler '%s'", (const char *)lua_touserdata(L, 1));
    mk_lua_push_json(L, lua_touserdata(L, 2));
    lua_xmove(L, task->thread, 2);
    return 0;
}

void mk_app_call(mk_app *app, const char *handler, const json_t *input, mk_app_done done, void *task_arg)
{
    lua_State *L = app->L;
    mk_app_task *task = mk_calloc(1, sizeof *task);
    if (!task) {
        done(task_arg, NULL, mk_err_text(MK_ENOMEM));
        return;
    }
    *task = (mk_app_task){ .app = app, .ref = LUA_NOREF, .done = done, .arg = task_arg, .next = app->tasks };
    app->tasks = task;
    lua_pushcfunction(L, prepare);
    lua_pushlightuserdata(L, (void *)(uintptr_t)handler);
    lua_pushlightuserdata(L, (void *)(uintptr_t)input);
    lua_pushlightuserdata(L, task);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
        finish(task, NULL, lua_tostring(L, -1));
        lua_pop(L, 1);
        return;
    }
    go(task, 1);
}

/* Called with a name at 1. */
static int has(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &handlers_key);
    lua_pushboolean(L, lua_getfield(L, -1, lua_touserdata(L, 1)) == LUA_TFUNCTION);
    return 1;
}

bool mk_app_has(mk_app *app, const char *handler)
{
    lua_pushcfunction(app->L, has);
    lua_pushlightuserdata(app->L, (void *)(uintptr_t)handler);
    const bool is_there = lua_pcall(app->L, 1, 1, 0) == LUA_OK && lua_toboolean(app->L, -1);
    lua_pop(app->L, 1);
    return is_there;
}

/* On the thread's stack: what a function that waited gives, as (value) or (nil, why). */
static int push_result(lua_State *L)
{
    const json_t *result = lua_touserdata(L, 1);
    const char *why = lua_touserdata(L, 2);
    if (why)
        lua_pushnil(L);
    else
        mk_lua_push_json(L, result);
    lua_pushstring(L, why);
    return 2;
}

void mk_app_resume(mk_app_task *task, const json_t *result, const char *why)
{
    lua_State *L = task->app->L;
    task->waits = false;
    lua_pushcfunction(L, push_result);
    lua_pushlightuserdata(L, (void *)(uintptr_t)result);
    lua_pushlightuserdata(L, (void *)(uintptr_t)why);
    if (lua_pcall(L, 2, 2, 0) != LUA_OK) {
        lua_pop(L, 1);
        finish(task, NULL, mk_err_text(MK_ENOMEM));
        return;
    }
    lua_xmove(L, task->thread, 2);
    go(task, 2);
}
