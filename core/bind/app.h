/* app.h - a Lua state for the service's own pages and API (layer bind)
 *
 * Trusted Lua that ships with the engine, unlike adapters. One door in (a handler is called with a JSON value and gives
 * one back) and one door out (the functions of the table `host`, which take and give JSON). docs/service.md. */
#ifndef MK_APP_H
#define MK_APP_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { MK_APP_WHY = 400, MK_APP_WAITS = -1 };

typedef struct mk_app mk_app;
typedef struct mk_app_task mk_app_task; /* one call of a handler */

/* host.NAME(...): args is the list of arguments; *result is new, or left NULL for nil. MK_OK; an mk_err with why, which is raised in
 * the handler; MK_APP_WAITS: mk_app_resume(task) will be called, and task goes on then. */
typedef int (*mk_app_function)(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *why);
typedef struct mk_app_entry {
    const char *name;
    mk_app_function call;
} mk_app_entry;

typedef struct mk_app_options {
    const char *overlay;         /* a folder laid out as runtime/, looked at before what the binary carries; or NULL */
    const mk_app_entry *entries; /* ends with a NULL name */
    const json_t *config;        /* host.config */
    void *arg;                   /* of entries */
} mk_app_options;

/* Loads runtime/service/main.lua. MK_OK; MK_EPARSE with why (MK_APP_WHY bytes); MK_ENOMEM. */
int mk_app_new(mk_app **out, const mk_app_options *options, char *why);
void mk_app_free(mk_app *app); /* tasks that wait end without a word; NULL is fine */

/* Calls a handler. done is called once, from here or from mk_app_resume: with its result (borrowed; NULL for none), or with
 * error, a trace. task_arg is what mk_app_task_arg gives inside entries. */
typedef void (*mk_app_done)(void *task_arg, const json_t *result, const char *error);
void mk_app_call(mk_app *app, const char *handler, const json_t *input, mk_app_done done, void *task_arg);
bool mk_app_has(mk_app *app, const char *handler);
void *mk_app_task_arg(const mk_app_task *task);
/* Goes on after MK_APP_WAITS: result is what the function gives (borrowed), or NULL and why, which is raised. */
void mk_app_resume(mk_app_task *task, const json_t *result, const char *why);
/* Bytes that its Lua holds now. */
size_t mk_app_memory(mk_app *app);
#endif
