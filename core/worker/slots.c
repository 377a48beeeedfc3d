/* slots.c - the sessions of a worker by the service's names for them (layer worker) */
#include "base/clock.h"
#include "base/mem.h"
#include "worker/own.h"

#include <stdio.h>
#include <string.h>

static mk_slot **bucket(mk_worker *worker, const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return &worker->buckets[hash % MK_SLOT_BUCKETS];
}

mk_slot *mk_slot_find(mk_worker *worker, const char *id)
{
    mk_slot *slot = *bucket(worker, id);
    while (slot && strcmp(slot->id, id) != 0)
        slot = slot->next;
    return slot;
}

mk_slot *mk_slot_new(mk_worker *worker, const char *id, mk_version *version)
{
    mk_slot *slot = mk_calloc(1, sizeof *slot), **at = bucket(worker, id);
    if (!slot)
        return NULL;
    snprintf(slot->id, sizeof slot->id, "%s", id);
    slot->worker = worker;
    slot->version = mk_version_ref(version);
    slot->next = *at;
    *at = slot;
    return slot;
}

static void slot_free(mk_slot *slot)
{
    mk_session_free(slot->session);
    mk_version_unref(slot->version);
    json_decref(slot->answer);
    mk_free(slot->answer_to);
    mk_free(slot);
}

static void free_list(mk_slot **list)
{
    while (*list) {
        mk_slot *slot = *list;
        *list = slot->next;
        slot_free(slot);
    }
}

static void on_reap(uv_timer_t *timer)
{
    mk_worker *worker = timer->data;
    free_list(&worker->over);
}

void mk_slot_over(mk_slot *slot)
{
    mk_worker *worker = slot->worker;
    mk_slot **at = bucket(worker, slot->id);
    if (slot->over)
        return;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    slot->over = true;
    slot->next = worker->over;
    worker->over = slot;
    uv_timer_start(&worker->reap, on_reap, 0, 0);
}

/* The Lua state and the connections of those that wait for a person are given back; an answer brings them again. One takes about a millisecond, so they go a few
 * at a time: whoever signs in meanwhile does not wait for all of them. */
bool mk_slots_sweep(mk_worker *worker)
{
    enum { SLICE_US = 1000 };
    const int64_t now = mk_clock_mono_us(), before = now - worker->drop_ms * 1000;
    for (; worker->swept < MK_SLOT_BUCKETS; worker->swept++) {
        for (mk_slot *slot = worker->buckets[worker->swept]; slot; slot = slot->next) {
            if (!slot->waits_since_us || slot->waits_since_us > before)
                continue;
            if (mk_clock_mono_us() - now > SLICE_US)
                return false;
            slot->waits_since_us = 0;
            mk_session_drop(slot->session); /* stays as it is if it cannot */
        }
    }
    worker->swept = 0;
    return true;
}

void mk_slots_free(mk_worker *worker)
{
    for (size_t i = 0; i < MK_SLOT_BUCKETS; i++)
        free_list(&worker->buckets[i]);
    free_list(&worker->over);
}
