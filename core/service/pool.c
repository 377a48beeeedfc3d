/* pool.c - worker processes: started, replaced when they die, ended (layer service) */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/pool_own.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_LIFE_US = 2000000, MOST = 256 };

static void slot_start(mk_slot *slot);

/* --- the end of one ------------------------------------------------------------------ */

/* What it ran is told to be lost, in one message. */
static void tell_lost(mk_slot *slot)
{
    mk_pool *pool = slot->pool;
    json_t *ids = json_array(), *message = ids ? json_pack("{s:o}", "sessions", ids) : NULL;
    const char *id;
    json_t *where;
    void *next;
    json_object_foreach_safe(pool->where, next, id, where)
    {
        if ((size_t)json_integer_value(where) != slot->index)
            continue;
        if (message)
            json_array_append_new(ids, json_string(id));
        json_object_del(pool->asked, id);
        json_object_del(pool->where, id);
    }
    slot->sessions = slot->waiting = 0;
    if (message && json_array_size(ids) && !pool->stopping)
        mk_unit_run(pool->service, "lost", message, true, NULL, NULL);
    else
        json_decref(message);
}

static void on_closed(uv_handle_t *handle)
{
    mk_slot *slot = handle->data;
    mk_pool *pool = slot->pool;
    if (--slot->handles > 0)
        return;
    slot->alive = slot->ready = slot->closing = false;
    mk_frames_free(&slot->frames);
    json_decref(slot->versions);
    slot->versions = NULL;
    tell_lost(slot);
    if (pool->stopping) {
        for (size_t i = 0; i < pool->count; i++)
            if (pool->slots[i].alive)
                return;
        if (pool->done)
            pool->done(pool->done_arg);
    } else if (mk_clock_mono_us() - slot->begun_us > SHORT_LIFE_US) {
        slot_start(slot); /* else at the next tick: one that cannot live is not begun in a loop */
    }
}

static void slot_close(mk_slot *slot)
{
    if (slot->closing || !slot->alive)
        return;
    slot->closing = true;
    uv_process_kill(&slot->process, SIGKILL);
    uv_close((uv_handle_t *)&slot->pipe, on_closed);
    uv_close((uv_handle_t *)&slot->process, on_closed);
}

void mk_slot_broken(mk_slot *slot, const char *why)
{
    if (slot->closing)
        return;
    if (!slot->pool->stopping) {
        slot->pool->deaths++;
        mk_log(MK_LOG_ERROR, "worker", "worker %zu ended: %s; its %zu sessions go on as far as they can", slot->index, why, slot->sessions);
    }
    slot_close(slot);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    char why[64];
    snprintf(why, sizeof why, signal ? "signal %d" : "status %d", signal ? signal : (int)status);
    mk_slot_broken(process->data, why);
}

/* --- the start of one ------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    mk_slot *slot = handle->data;
    (void)wanted;
    *buf = uv_buf_init(slot->bytes, sizeof slot->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    mk_slot *slot = stream->data;
    if (len < 0)
        mk_slot_broken(slot, "its socket is closed");
    else if (len > 0)
        mk_slot_read(slot, buf->base, (size_t)len);
    explicit_bzero(slot->bytes, sizeof slot->bytes); /* a journal holds what portals said */
}

static int spawn(mk_slot *slot)
{
    mk_service *service = slot->pool->service;
    const char *cacert = mk_config_text(service->config, "cacert");
    const bool require = json_is_true(json_object_get(service->config, "require_confinement"));
    const char *const args[] = { "meterkey", "worker", "--require-confinement", require ? "yes" : "no", cacert ? "--cacert" : NULL, cacert, NULL };
    uv_stdio_container_t stdio[4] = { { .flags = UV_IGNORE }, { .flags = UV_IGNORE }, { .flags = UV_INHERIT_FD, .data.fd = 2 },
                                      { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
                                        .data.stream = (uv_stream_t *)&slot->pipe } };
    char *const environment[] = { (char *)(uintptr_t)"LC_ALL=C.UTF-8", NULL }; /* the master key may be in ours */
    const uv_process_options_t options = { .exit_cb = on_exit_of, .file = "/proc/self/exe", .args = (char **)(uintptr_t)args,
                                           .env = (char **)(uintptr_t)environment, .stdio = stdio, .stdio_count = 4 };
    return uv_spawn(service->loop, &slot->process, &options);
}

static void slot_start(mk_slot *slot)
{
    mk_service *service = slot->pool->service;
    slot->begun_us = mk_clock_mono_us();
    slot->versions = json_object();
    mk_frames_init(&slot->frames);
    uv_pipe_init(service->loop, &slot->pipe, 0);
    slot->process.data = slot->pipe.data = slot;
    slot->alive = true;
    slot->handles = 2;
    const int failed = spawn(slot);
    if (failed || uv_read_start((uv_stream_t *)&slot->pipe, on_alloc, on_read)) {
        mk_log(MK_LOG_ERROR, "worker", "a worker cannot be started: %s", uv_strerror(failed));
        slot->closing = true;
        uv_close((uv_handle_t *)&slot->pipe, on_closed);
        uv_close((uv_handle_t *)&slot->process, on_closed);
        return;
    }
    mk_slot_settings(slot);
}

/* --- all of them ------------------------------------------------------------------------- */

static size_t wanted(const mk_service *service)
{
    size_t count = (size_t)mk_config_number(service->config, "workers");
    const size_t proxies = json_array_size(json_object_get(service->config, "proxies"));
    if (!count) {
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        count = cores > 0 ? (size_t)cores : 1;
    }
    count = count > proxies ? count : proxies; /* each proxy has a worker of its own */
    return count < MOST ? count : MOST;
}

int mk_pool_new(mk_pool **out, mk_service *service)
{
    mk_pool *pool = mk_calloc(1, sizeof *pool);
    if (pool) {
        pool->service = service;
        pool->where = json_object();
        pool->asked = json_object();
        pool->later = json_array();
        pool->slots = mk_calloc(wanted(service), sizeof *pool->slots);
    }
    if (!pool || !pool->where || !pool->asked || !pool->later || !pool->slots) {
        mk_pool_free(pool);
        return MK_ENOMEM;
    }
    pool->count = wanted(service);
    for (size_t i = 0; i < pool->count; i++) {
        pool->slots[i].pool = pool;
        pool->slots[i].index = i;
        slot_start(&pool->slots[i]);
    }
    *out = pool;
    return MK_OK;
}

void mk_pool_drop(mk_pool *pool, const char *id)
{
    const json_t *where = json_object_get(pool->where, id);
    if (!where)
        return;
    mk_slot *slot = &pool->slots[json_integer_value(where)];
    slot->sessions--;
    slot->waiting -= json_object_get(pool->asked, id) ? 1 : 0;
    json_object_del(pool->asked, id);
    json_object_del(pool->where, id);
}

size_t mk_pool_busy(const mk_pool *pool)
{
    size_t busy = json_array_size(pool->later);
    for (size_t i = 0; i < pool->count; i++)
        busy += pool->slots[i].sessions - pool->slots[i].waiting;
    return busy;
}

json_t *mk_pool_counts(const mk_pool *pool)
{
    const long long most = mk_config_number(pool->service->config, "sessions_per_worker");
    long long ready = 0, sessions = 0, room = 0;
    for (size_t i = 0; i < pool->count; i++) {
        ready += pool->slots[i].ready;
        sessions += (long long)pool->slots[i].sessions;
        room += pool->slots[i].ready && most > (long long)pool->slots[i].sessions ? most - (long long)pool->slots[i].sessions : 0;
    }
    return json_pack("{s:I, s:I, s:I, s:I}", "ready", (json_int_t)ready, "sessions", (json_int_t)sessions, "free", (json_int_t)room, "deaths",
                     (json_int_t)pool->deaths);
}

void mk_pool_tick(mk_pool *pool)
{
    for (size_t i = 0; i < pool->count && !pool->stopping; i++)
        if (!pool->slots[i].alive)
            slot_start(&pool->slots[i]);
}

void mk_pool_stop(mk_pool *pool, void (*done)(void *arg), void *arg)
{
    bool any = false;
    pool->stopping = true;
    pool->done = done;
    pool->done_arg = arg;
    for (size_t i = 0; i < pool->count; i++) {
        any |= pool->slots[i].alive;
        slot_close(&pool->slots[i]);
    }
    if (!any)
        done(arg);
}

void mk_pool_free(mk_pool *pool)
{
    if (!pool)
        return;
    json_decref(pool->where);
    json_decref(pool->asked);
    json_decref(pool->later);
    mk_free(pool->slots);
    mk_free(pool);
}
