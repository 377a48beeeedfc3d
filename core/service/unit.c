/* unit.c - one call of a handler: its writes and its actions stand or fall together (layer service)
 *
 * All units of one turn of the loop share one commit. Until then nobody outside hears of them. Those that nobody waits for may wait for
 * others to share it with. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/own.h"

#include <string.h>

enum { PATIENCE_MS = 100 };

struct mk_unit {
    mk_service *service;
    char *handler;
    json_t *input, *result, *actions;
    json_t *blob; /* a string of bytes that came with the input, or NULL */
    char *error;
    bool again, patient, open; /* open: its savepoint is */
    bool unkept;      /* the store failed, not the handler */
    mk_unit_done done;
    void *arg;
    mk_unit *next;
};

static void unit_free(mk_unit *unit)
{
    json_decref(unit->input);
    json_decref(unit->result);
    json_decref(unit->actions);
    json_decref(unit->blob);
    mk_free(unit->error);
    mk_free(unit->handler);
    mk_free(unit);
    /* its memory was wiped: an input may have held what a customer wrote */
}

static void fail(mk_unit *unit, const char *error)
{
    mk_free(unit->error);
    unit->error = mk_strdup(error); /* NULL: out of memory, said with other words */
    json_decref(unit->result);
    unit->result = NULL;
}

/* The turn has something that cannot wait, or something that can, for a while. What has written nothing need not: nothing waits for the disk, and the store is
 * free again for a command of the operator's. */
static void want_commit(mk_service *service, const mk_unit *unit)
{
    if (!unit->patient || !mk_store_wrote(service->store))
        service->urgent = true;
    else if (!service->patient_until)
        service->patient_until = mk_clock_mono_us() + PATIENCE_MS * 1000;
}

/* The handler is through: its savepoint ends, and it waits for the turn's commit. */
static void on_handled(void *arg, const json_t *result, const char *error)
{
    char why[MK_STORE_WHY] = "";
    mk_unit *unit = arg;
    mk_service *service = unit->service;
    unit->result = json_incref((json_t *)(uintptr_t)result);
    if (error) {
        mk_log(MK_LOG_ERROR, unit->handler, "%s", error);
        fail(unit, error);
        json_array_clear(unit->actions);
    }
    if (unit->open && mk_store_end(service->store, !error, why) != MK_OK) {
        unit->unkept = true;
        if (!error)
            fail(unit, why);
    }
    unit->open = false;
    service->current = NULL;
    *service->done_tail = unit;
    service->done_tail = &unit->next;
    want_commit(service, unit);
}

static void start(mk_unit *unit)
{
    char why[MK_STORE_WHY] = "";
    mk_service *service = unit->service;
    unit->unkept = false;
    if (mk_store_begin(service->store, why) != MK_OK) {
        unit->unkept = true;
        on_handled(unit, NULL, why);
        return;
    }
    unit->open = true;
    service->current = unit;
    mk_app_call(service->app, unit->handler, unit->input, on_handled, unit);
    if (service->current == unit)
        service->current = NULL; /* it waits */
}

static void run(mk_service *service, const char *handler, const mk_unit *as)
{
    mk_unit *unit = mk_calloc(1, sizeof *unit);
    if (unit) {
        *unit = *as;
        unit->service = service;
        unit->handler = mk_strdup(handler);
        unit->actions = json_array();
    }
    if (!unit || !unit->handler || !unit->input || !unit->actions) {
        if (unit)
            unit_free(unit);
        else {
            json_decref(as->input);
            json_decref(as->blob);
        }
        if (as->done)
            as->done(as->arg, NULL, mk_err_text(MK_ENOMEM));
        return;
    }
    service->running++;
    start(unit);
}

void mk_unit_run(mk_service *service, const char *handler, json_t *input, bool again, mk_unit_done done, void *arg)
{
    run(service, handler, &(mk_unit){ .input = input, .again = again, .done = done, .arg = arg });
}

void mk_unit_run_blob(mk_service *service, const char *handler, json_t *input, json_t *blob)
{
    run(service, handler, &(mk_unit){ .input = input, .blob = blob, .again = true });
}

void mk_unit_run_patient(mk_service *service, const char *handler, json_t *input, bool again)
{
    run(service, handler, &(mk_unit){ .input = input, .again = again, .patient = true });
}

mk_unit *mk_unit_pause(mk_service *service)
{
    char why[MK_STORE_WHY];
    mk_unit *unit = service->current;
    if (unit->open && mk_store_end(service->store, true, why) != MK_OK)
        mk_log(MK_LOG_ERROR, "store", "%s", why);
    unit->open = false;
    service->current = NULL;
    want_commit(service, unit);
    return unit;
}

void mk_unit_resume(mk_service *service, mk_unit *unit, mk_app_task *task, const json_t *result, const char *why)
{
    char problem[MK_STORE_WHY] = "";
    if (mk_store_begin(service->store, problem) != MK_OK) {
        why = problem;
        unit->unkept = true;
    } else {
        unit->open = true;
    }
    service->current = unit;
    mk_app_resume(task, result, why);
    if (service->current == unit)
        service->current = NULL;
}

json_t *mk_unit_blob(mk_service *service)
{
    return service->current ? service->current->blob : NULL;
}

void mk_unit_unkept(mk_service *service)
{
    if (service->current)
        service->current->unkept = true;
}

int mk_unit_act(mk_service *service, json_t *action)
{
    return json_array_append(service->current->actions, action) ? MK_ENOMEM : MK_OK;
}

static size_t asked(const mk_unit *unit, const char *name)
{
    size_t i, count = 0;
    json_t *action;
    json_array_foreach(unit->actions, i, action)
        count += strcmp(json_string_value(json_object_get(action, "do")), name) == 0;
    return count;
}

size_t mk_unit_asked(const mk_service *service, const char *name)
{
    size_t count = service->current ? asked(service->current, name) : 0;
    for (const mk_unit *unit = service->done; unit; unit = unit->next)
        count += asked(unit, name);
    return count;
}

/* What was promised is kept now: the answer first, then what it asked for. */
static void settle(mk_unit *unit)
{
    mk_service *service = unit->service;
    if (unit->done)
        unit->done(unit->arg, unit->result, unit->error || !unit->result ? unit->error : NULL);
    for (size_t i = 0; i < json_array_size(unit->actions); i++)
        mk_action_do(service, json_array_get(unit->actions, i));
    service->running--;
    unit_free(unit);
}

/* To be run again after those that wait already: a worker's messages stay in their order. */
static void put_off(mk_unit *unit)
{
    mk_unit **at = &unit->service->again;
    json_array_clear(unit->actions);
    json_decref(unit->result);
    mk_free(unit->error);
    unit->result = NULL;
    unit->error = NULL;
    while (*at)
        at = &(*at)->next;
    *at = unit;
}

static void not_committed(mk_unit *unit, const char *why)
{
    if (unit->again && (!unit->error || unit->unkept)) {
        put_off(unit);
        return;
    }
    if (!unit->error)
        fail(unit, why);
    json_array_clear(unit->actions);
    settle(unit);
}

/* A session is handed to its worker while the disk is waited for: nothing of the customer's leaves before an intent is committed, and that is a later commit. Units
 * that this makes belong to this turn. */
static void start_sessions(mk_service *service)
{
    for (mk_unit *unit = service->done; unit; unit = unit->next) {
        for (size_t i = json_array_size(unit->actions); !unit->error && !unit->unkept && i-- > 0;) {
            json_t *action = json_array_get(unit->actions, i);
            if (strcmp(json_string_value(json_object_get(action, "do")), "start") != 0)
                continue;
            if (json_array_append(service->early, action) == 0) /* else once it is kept, as any other */
                json_array_remove(unit->actions, i);
        }
    }
    for (size_t i = 0; i < json_array_size(service->early); i++)
        mk_action_do(service, json_array_get(service->early, i));
}

/* kept false: what they began with is not in the store. */
static void started(mk_service *service, bool kept)
{
    for (size_t i = 0; !kept && i < json_array_size(service->early); i++) {
        json_t *action = json_array_get(service->early, i);
        json_object_set_new(action, "do", json_string("forget"));
        mk_action_do(service, action);
    }
    json_array_clear(service->early);
}

static void commit(mk_service *service)
{
    char why[MK_STORE_WHY] = "";
    start_sessions(service);
    mk_unit *list = service->done;
    service->done = NULL;
    service->done_tail = &service->done;
    service->urgent = false;
    service->patient_until = 0;
    const int err = mk_store_commit(service->store, why);
    started(service, !err);
    if (err)
        mk_log(MK_LOG_ERROR, "store", "nothing of this turn was kept: %s", why);
    service->turned = err ? mk_clock_mono_us() : 0;
    for (mk_unit *unit = list; unit; unit = unit->next)
        if (unit->unkept)
            service->turned = mk_clock_mono_us();
    for (mk_unit *unit = list, *next; unit; unit = next) {
        next = unit->next;
        unit->next = NULL;
        if (err || unit->unkept)
            not_committed(unit, why);
        else
            settle(unit);
    }
}

/* What is settled may run units of its own (an answer whose worker is gone): they must not wait for the loop to be woken. */
void mk_unit_settle(mk_service *service)
{
    enum { ROUNDS = 100 };
    for (int i = 0; i < ROUNDS && (service->done || mk_store_open_turn(service->store)); i++)
        commit(service);
}

static void on_patience(uv_timer_t *timer)
{
    (void)timer; /* it only wakes the loop: the turn comes next */
}

void mk_unit_turn(mk_service *service)
{
    const int64_t left = service->urgent || service->stopping ? 0 : service->patient_until - mk_clock_mono_us();
    if (left <= 0)
        mk_unit_settle(service);
    else if (!uv_is_active((uv_handle_t *)&service->patience))
        uv_timer_start(&service->patience, on_patience, (uint64_t)left / 1000 + 1, 0);
}

void mk_unit_retry(mk_service *service)
{
    mk_unit *list = service->again;
    service->again = NULL;
    for (mk_unit *unit = list, *next; unit; unit = next) {
        next = unit->next;
        unit->next = NULL;
        start(unit);
    }
}

void mk_unit_drop(mk_service *service)
{
    mk_unit *lists[] = { service->done, service->again };
    for (size_t i = 0; i < 2; i++)
        for (mk_unit *unit = lists[i], *next; unit; unit = next) {
            next = unit->next;
            unit_free(unit);
        }
    service->done = service->again = NULL;
}
