/* app_own.h - what the files of the service's Lua state share (layer bind, its own) */
#ifndef MK_APP_OWN_H
#define MK_APP_OWN_H
#include "base/buf.h"
#include "bind/app.h"
#include <lauxlib.h>
#include <lualib.h>

struct mk_app {
    lua_State *L;
    char *overlay;
    const mk_app_entry *entries;
    void *arg;
    mk_app_task *tasks; /* all that are not done */
};

struct mk_app_task {
    mk_app *app;
    lua_State *thread;
    int ref; /* keeps thread */
    bool waits;
    mk_app_done done;
    void *arg;
    mk_app_task *next;
};

/* The app and the task of a running function. */
mk_app *mk_app_of(lua_State *L);
mk_app_task *mk_app_task_of(lua_State *L);
/* app_files.c: text of "service/main.lua", "pages/form.html" (mk_free), or NULL. */
char *mk_app_file(const mk_app *app, const char *path, size_t *len);
/* app_encode.c: the value at idx as compact JSON text, keys sorted, as jansson writes it. False: it is not plain, out holds a part of it. */
bool mk_app_encode(lua_State *L, int idx, mk_buf *out);
/* Standard libraries, require over mk_app_file, and the table host in L. */
void mk_app_open(lua_State *L, const json_t *config);
#endif
