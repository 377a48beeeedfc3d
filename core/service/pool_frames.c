/* pool_frames.c - sessions to workers, and what they say (layer service) */
#include "base/codec.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/pool_own.h"

#include <stdio.h>
#include <string.h>

/* --- to a worker ------------------------------------------------------------------------ */

typedef struct sending {
    uv_write_t write;
    mk_buf bytes;
} sending;

static void on_written(uv_write_t *write, int status)
{
    sending *out = write->data;
    (void)status; /* a broken pipe shows in reading */
    mk_buf_free(&out->bytes);
    mk_free(out);
}

bool mk_slot_send(mk_slot *slot, const json_t *head, mk_bytes blob)
{
    sending *out = slot->closing ? NULL : mk_calloc(1, sizeof *out);
    if (!out)
        return false;
    mk_buf_init(&out->bytes, (size_t)MK_FRAME_MAX + 4);
    int err = head ? mk_frame_write(&out->bytes, head, blob) : MK_ENOMEM;
    const uv_buf_t buf = uv_buf_init(out->bytes.data, (unsigned)out->bytes.len);
    out->write.data = out;
    if (err || uv_write(&out->write, (uv_stream_t *)&slot->pipe, &buf, 1, on_written)) {
        mk_buf_free(&out->bytes);
        mk_free(out);
        mk_slot_broken(slot, err ? mk_err_text(err) : "it cannot be written to");
        return false;
    }
    return true;
}

void mk_slot_settings(mk_slot *slot)
{
    const json_t *config = slot->pool->service->config, *proxies = json_object_get(config, "proxies");
    const size_t count = json_array_size(proxies);
    json_t *head = json_pack("{s:s, s:O, s:O, s:O, s:O?, s:s?, s:s?}", "do", "settings", "connect_to", json_object_get(config, "connect_to"),
                             "allow_origins", json_object_get(config, "allow_origins"), "limits", json_object_get(config, "limits"), "proxy",
                             count ? json_array_get(proxies, slot->index % count) : NULL, "cacert", mk_config_text(config, "cacert"),
                             "user_agent", mk_config_text(config, "user_agent"));
    mk_slot_send(slot, head, (mk_bytes){ "", 0 });
    json_decref(head);
}

/* The ready worker with the fewest sessions; with proxies only among those of the session's own. */
static mk_slot *choose(mk_pool *pool, const char *id)
{
    const size_t proxies = json_array_size(json_object_get(pool->service->config, "proxies"));
    const size_t most = (size_t)mk_config_number(pool->service->config, "sessions_per_worker");
    unsigned long own = 5381;
    mk_slot *best = NULL;
    for (const char *at = id; *at; at++)
        own = own * 33 + (unsigned char)*at;
    for (size_t i = 0; i < pool->count; i++) {
        mk_slot *slot = &pool->slots[i];
        if (!slot->ready || slot->closing || slot->sessions >= most || (proxies && i % proxies != own % proxies))
            continue;
        if (!best || slot->sessions < best->sessions)
            best = slot;
    }
    return best;
}

/* Fewer than a worker keeps (64): it lets go by the same order, so what is in this list is there. */
enum { AT_HAND = 48 };

/* The newest is the last of the list, whatever came back to it. */
static void note_version(mk_slot *slot, const char *hash)
{
    json_object_del(slot->versions, hash);
    json_object_set_new(slot->versions, hash, json_true());
    if (json_object_size(slot->versions) > AT_HAND)
        json_object_del(slot->versions, json_object_iter_key(json_object_iter(slot->versions)));
}

/* A version travels once to each worker, and again where the worker may have let it go since. */
static bool give_version(mk_slot *slot, const char *hash)
{
    mk_service *service = slot->pool->service;
    char why[MK_STORE_WHY] = "";
    if (json_object_get(slot->versions, hash)) {
        note_version(slot, hash);
        return true;
    }
    json_t *args = json_pack("[s]", hash), *rows = NULL;
    mk_buf bytes;
    mk_buf_init(&bytes, MK_FRAME_MAX);
    int err = args ? mk_store_query(service->store, "SELECT bytes FROM versions WHERE hash = ?1", args, &rows, why) : MK_ENOMEM;
    const char *text = json_string_value(json_object_get(json_object_get(json_array_get(rows, 0), "bytes"), "b64"));
    if (!err)
        err = text ? mk_base64_decode(&bytes, text, strlen(text)) : MK_ENOENT;
    json_t *head = err ? NULL : json_pack("{s:s, s:s}", "do", "version", "hash", hash);
    const bool sent = head && mk_slot_send(slot, head, (mk_bytes){ bytes.data, bytes.len });
    if (sent)
        note_version(slot, hash);
    else
        mk_log(MK_LOG_ERROR, "worker", "version %s cannot be given to a worker: %s", hash, *why ? why : mk_err_text(err));
    json_decref(head);
    json_decref(rows);
    json_decref(args);
    mk_buf_free(&bytes);
    return sent;
}

/* Opens what an action holds sealed into head. False: it does not open. */
static bool open_into(mk_service *service, json_t *head, const char *name, const char *label, const json_t *sealed)
{
    if (!sealed || json_is_null(sealed))
        return true;
    json_t *value = mk_secrets_unseal(service, label, sealed);
    return value && json_object_set_new(head, name, value) == 0;
}

/* A message to a worker that says why the session ends at once, as the worker would. */
static void refuse(mk_pool *pool, const char *id, const char *why)
{
    json_t *message = json_pack("{s:s, s:s, s:{s:{s:s, s:s, s:s, s:s}}}", "is", "end", "id", id, "result", "error", "code", "engine.internal",
                                "owner", "engine", "retry", "after_user", "message", why);
    mk_log(MK_LOG_ERROR, id, "%s", why);
    mk_unit_run(pool->service, "worker", message, true, NULL, NULL);
}

static void begin(mk_pool *pool, const char *name, json_t *action)
{
    mk_service *service = pool->service;
    const char *id = json_string_value(json_object_get(action, "id")), *version = json_string_value(json_object_get(action, "version"));
    mk_slot *slot = choose(pool, id);
    if (!slot) {
        json_array_append(pool->later, action);
        return;
    }
    if (!version || !give_version(slot, version)) {
        refuse(pool, id, "The version of the adapter that this session began with is not there.");
        return;
    }
    mk_buf parked;
    mk_buf_init(&parked, MK_FRAME_MAX);
    json_t *head = json_pack("{s:s, s:s, s:s, s:O?, s:O?, s:O?}", "do", name, "id", id, "version", version, "mfa", json_object_get(action, "mfa"),
                             "human", json_object_get(action, "human"), "challenge", json_object_get(action, "challenge"));
    const json_t *journal = json_object_get(action, "parked");
    const bool good = head && open_into(service, head, "credentials", "credentials", json_object_get(action, "credentials")) &&
                      open_into(service, head, "keep", "keep", json_object_get(action, "keep")) &&
                      open_into(service, head, "answer", "answer", json_object_get(action, "answer")) &&
                      (!journal || json_is_null(journal) || mk_secrets_unseal_bytes(service, "journal", journal, &parked) == MK_OK);
    if (!good) {
        refuse(pool, id, "What this session needs cannot be unsealed: the vault's key is another one.");
    } else if (json_object_set_new(pool->where, id, json_integer((json_int_t)slot->index)) == 0) {
        slot->sessions++;
        mk_slot_send(slot, head, (mk_bytes){ parked.data, parked.len });
    }
    json_decref(head);
    mk_buf_free(&parked);
}

/* One that no worker has begun. */
static void forget_later(mk_pool *pool, const char *id)
{
    for (size_t i = json_array_size(pool->later); i-- > 0;)
        if (strcmp(json_string_value(json_object_get(json_array_get(pool->later, i), "id")), id) == 0)
            json_array_remove(pool->later, i);
}

/* To the worker that has it; to nobody is said as `gone`. */
static void pass(mk_pool *pool, const char *name, json_t *action)
{
    const char *id = json_string_value(json_object_get(action, "id"));
    const json_t *where = json_object_get(pool->where, id);
    if (!where) {
        if (strcmp(name, "cancel") == 0 || strcmp(name, "forget") == 0)
            forget_later(pool, id);
        if (strcmp(name, "answer") == 0)
            mk_unit_run(pool->service, "worker", json_pack("{s:s, s:s}", "is", "gone", "id", id), true, NULL, NULL);
        return;
    }
    mk_slot *slot = &pool->slots[json_integer_value(where)];
    json_t *head = json_pack("{s:s, s:s, s:O?}", "do", name, "id", id, "challenge", json_object_get(action, "challenge"));
    if (head && open_into(pool->service, head, "answer", "answer", json_object_get(action, "answer"))) {
        if (strcmp(name, "answer") == 0 && json_object_get(pool->asked, id) && json_object_del(pool->asked, id) == 0)
            slot->waiting--;
        mk_slot_send(slot, head, (mk_bytes){ "", 0 });
    } else {
        refuse(pool, id, "An answer cannot be unsealed: the vault's key is another one.");
    }
    if (strcmp(name, "forget") == 0)
        mk_pool_drop(pool, id);
    json_decref(head);
}

void mk_pool_act(mk_pool *pool, const char *name, json_t *action)
{
    if (!json_string_value(json_object_get(action, "id")))
        return;
    if (strcmp(name, "start") == 0 || strcmp(name, "resume") == 0)
        begin(pool, name, action);
    else
        pass(pool, name, action);
}

/* --- from a worker ------------------------------------------------------------------------- */

void mk_pool_flush(mk_pool *pool)
{
    json_t *list = pool->later;
    if (!json_array_size(list))
        return;
    pool->later = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *action = json_array_get(list, i);
        mk_pool_act(pool, json_string_value(json_object_get(action, "do")), action);
    }
    json_decref(list);
}

/* What holds secrets is sealed before any Lua sees it; a journal is large and passes by it: `parked` only stands for it. */
static bool seal_parts(mk_service *service, json_t *head, mk_bytes blob, json_t **journal)
{
    json_t *keep = json_object_get(head, "keep");
    if (keep && !json_object_size(keep) && json_object_set_new(head, "keep", keep = json_null())) /* nothing is kept any more */
        return false;
    if (blob.len && (!(*journal = mk_secrets_seal_raw(service, "journal", blob.data, blob.len)) ||
                     json_object_set_new(head, "parked", json_pack("{s:b}", "blob", 1))))
        return false;
    return !keep || json_is_null(keep) || json_object_set_new(head, "keep", mk_secrets_seal(service, "keep", keep)) == 0;
}

static void note_state(mk_slot *slot, const char *is, const char *id)
{
    mk_pool *pool = slot->pool;
    if (strcmp(is, "end") == 0 || strcmp(is, "gone") == 0)
        mk_pool_drop(pool, id);
    else if (strcmp(is, "challenge") == 0 && !json_object_get(pool->asked, id) && json_object_set_new(pool->asked, id, json_true()) == 0)
        slot->waiting++;
}

static void take(mk_slot *slot, json_t *head, mk_bytes blob)
{
    mk_pool *pool = slot->pool;
    json_t *journal = NULL;
    const char *is = json_string_value(json_object_get(head, "is")), *id = json_string_value(json_object_get(head, "id"));
    if (is && strcmp(is, "ready") == 0) {
        slot->ready = true;
        mk_log(MK_LOG_INFO, "worker", "worker %zu is ready (landlock %lld, seccomp %s)", slot->index,
               (long long)json_integer_value(json_object_get(head, "landlock")), json_is_true(json_object_get(head, "seccomp")) ? "yes" : "no");
        mk_pool_flush(pool);
    } else if (is && id && strcmp(is, "log") == 0) {
        mk_log(MK_LOG_INFO, id, "%s", json_string_value(json_object_get(head, "text")));
    } else if (is && id && seal_parts(pool->service, head, blob, &journal)) {
        note_state(slot, is, id);
        if (strcmp(is, "progress") == 0)
            mk_unit_run_patient(pool->service, "worker", json_incref(head), true);
        else
            mk_unit_run_blob(pool->service, "worker", json_incref(head), json_incref(journal));
        mk_pool_flush(pool); /* an end makes room */
    } else {
        mk_slot_broken(slot, "it said something that is no message");
    }
    json_decref(journal);
}

void mk_slot_read(mk_slot *slot, const char *data, size_t len)
{
    json_t *head = NULL;
    mk_bytes blob;
    int err = mk_frames_feed(&slot->frames, data, len);
    while (!err && !slot->closing && !(err = mk_frames_next(&slot->frames, &head, &blob))) {
        take(slot, head, blob);
        json_decref(head);
    }
    if (err && err != MK_ENOENT)
        mk_slot_broken(slot, mk_err_text(err));
}
