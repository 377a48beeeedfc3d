/* adapters.c - the adapters' folder: what changed is built and tried aside (layer service) */
#include "service/adapters.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/own.h"
#include "service/scan.h"
#include "service/stager.h"

#include <string.h>

/* An editor's save is several events; what no event tells of (a file system over the network) is found within half a minute. */
enum { SETTLE_MS = 10, ANYWAY_MS = 30000, AT_ONCE = 2 };

typedef struct adapter {
    mk_adapters *all;
    char *id, *path; /* path NULL: built in */
    uint64_t mark, tried; /* as seen last; as it was when it was tried, 0: never */
    bool present, failed;
    mk_stager *stager; /* runs */
    struct adapter *next;
} adapter;

struct mk_adapters {
    mk_service *service;
    mk_watcher *watcher;
    uv_timer_t timer;
    adapter *list; /* by id */
    unsigned running;
    char folder[MK_SCAN_PATH];
    bool soon, stopped, blind; /* blind: the system watches no more folders, and we said so */
};

static void look(mk_adapters *all);

static void adapter_free(adapter *a)
{
    mk_stager_stop(a->stager);
    mk_free(a->id);
    mk_free(a->path);
    mk_free(a);
}

/* --- what is there --------------------------------------------------------------------- */

static bool renew(adapter *a, const char *path)
{
    if (a->path && path && strcmp(a->path, path) == 0)
        return true;
    char *copy = path ? mk_strdup(path) : NULL;
    if (path && !copy)
        return false;
    mk_free(a->path);
    a->path = copy;
    return true;
}

static adapter *add(mk_adapters *all, adapter **at, const char *id)
{
    adapter *a = mk_calloc(1, sizeof *a);
    if (a && !(a->id = mk_strdup(id))) {
        mk_free(a);
        a = NULL;
    }
    if (!a)
        return NULL;
    a->all = all;
    a->next = *at;
    *at = a;
    return a;
}

/* Out of memory: the next look finds it. */
static void on_each(void *arg, const char *id, const char *path, uint64_t mark)
{
    mk_adapters *all = arg;
    adapter **at = &all->list;
    while (*at && strcmp((*at)->id, id) < 0)
        at = &(*at)->next;
    adapter *a = *at && strcmp((*at)->id, id) == 0 ? *at : add(all, at, id);
    if (!a)
        return;
    a->present = true;
    if (renew(a, path))
        a->mark = mark ? mark : 1;
}

/* --- what is said of it ------------------------------------------------------------------ */

static void tell(mk_adapters *all, json_t *input)
{
    if (input)
        mk_unit_run(all->service, "staged", input, true, NULL, NULL);
}

static void on_gone(adapter *a)
{
    if (a->tried)
        tell(a->all, json_pack("{s:s, s:b, s:[{s:s+, s:i, s:s}]}", "utility", a->id, "gone", true, "problems", "file", a->id, ".lua", "line", 0,
                               "message", "the file is not there any more; the version that is live stays so: retire the utility if nobody shall sign in"));
    if (a->stager)
        a->all->running--;
    adapter_free(a);
}

static void drop_absent(mk_adapters *all)
{
    for (adapter **at = &all->list, *a; (a = *at);) {
        if (a->present) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        on_gone(a);
    }
}

static void on_staged(void *arg, json_t *result)
{
    adapter *a = arg;
    mk_adapters *all = a->all;
    a->stager = NULL;
    all->running--;
    a->failed = !json_object_get(result, "hash");
    const uint64_t tried = a->tried;
    json_incref(result);
    char *id = mk_strdup(a->id);
    look(all); /* a may be gone after this, and what changed meanwhile is tried anew */
    for (a = all->list; a && id && strcmp(a->id, id) != 0;)
        a = a->next;
    if (a && a->tried == tried && a->mark == tried)
        tell(all, json_incref(result));
    mk_free(id);
    json_decref(result);
}

/* --- one after the other ------------------------------------------------------------------ */

static void try(mk_adapters *all, adapter *a)
{
    const mk_stager_job job = mk_stager_job_of(all->service->config, a->id, a->path, all->folder);
    const int err = mk_stager_start(&a->stager, all->service->loop, &job, on_staged, a);
    if (err) {
        mk_log(MK_LOG_ERROR, a->id, "it cannot be built now: %s", mk_err_text(err));
        return; /* the next look tries again */
    }
    a->tried = a->mark;
    all->running++;
}

static void try_some(mk_adapters *all)
{
    for (adapter *a = all->list; a && all->running < AT_ONCE; a = a->next)
        if (!a->stager && a->mark != a->tried)
            try(all, a);
}

static void look(mk_adapters *all)
{
    const json_t *config = all->service->config;
    if (all->stopped)
        return;
    for (adapter *a = all->list; a; a = a->next)
        a->present = false;
    const int err = mk_scan(mk_config_text(config, "scripts"), mk_config_text(config, "runtime"), all->watcher, all->folder, on_each, all);
    if (err && !all->blind)
        mk_log(MK_LOG_WARN, "adapters", "not every folder can be watched (%s); changes are found within half a minute", mk_err_text(err));
    all->blind = err != MK_OK;
    drop_absent(all);
    try_some(all);
}

static void on_timer(uv_timer_t *timer)
{
    mk_adapters *all = timer->data;
    all->soon = false;
    look(all);
}

static void on_change(void *arg)
{
    mk_adapters *all = arg;
    if (all->soon || all->stopped)
        return;
    all->soon = true;
    uv_timer_start(&all->timer, on_timer, SETTLE_MS, ANYWAY_MS);
}

/* --- life ------------------------------------------------------------------------------- */

int mk_adapters_start(mk_adapters **out, mk_service *service)
{
    *out = NULL;
    if (!mk_app_has(service->app, "staged"))
        return MK_OK;
    mk_adapters *all = mk_calloc(1, sizeof *all);
    if (all)
        all->watcher = mk_watcher_new(service->loop, on_change, all);
    if (!all || !all->watcher) {
        mk_free(all);
        return MK_ENOMEM;
    }
    all->service = service;
    uv_timer_init(service->loop, &all->timer);
    all->timer.data = all;
    uv_timer_start(&all->timer, on_timer, 0, ANYWAY_MS);
    *out = all;
    return MK_OK;
}

void mk_adapters_reload(mk_adapters *all)
{
    if (!all)
        return;
    for (adapter *a = all->list; a; a = a->next)
        if (a->failed && !a->stager)
            a->tried = 0;
    on_change(all);
}

void mk_adapters_stop(mk_adapters *all)
{
    if (!all || all->stopped)
        return;
    all->stopped = true;
    for (adapter *a = all->list; a; a = a->next) {
        mk_stager_stop(a->stager);
        a->stager = NULL;
    }
    mk_watcher_free(all->watcher);
    uv_close((uv_handle_t *)&all->timer, NULL);
}

void mk_adapters_free(mk_adapters *all)
{
    for (adapter *a = all ? all->list : NULL, *next; a; a = next) {
        next = a->next;
        adapter_free(a);
    }
    mk_free(all);
}
