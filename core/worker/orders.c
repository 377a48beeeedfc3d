/* orders.c - what the service wants of the worker (layer worker) */
#include "base/err.h"
#include "base/mem.h"
#include "worker/own.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *head, const char *name)
{
    const char *text = json_string_value(json_object_get(head, name));
    return text ? text : "";
}

static void order_version(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    const char *hash = text_of(head, "hash");
    mk_version *version = NULL;
    if (mk_versions_find(&worker->versions, hash))
        return;
    int err = mk_version_load(&version, blob.data, blob.len);
    if (err) { /* whoever starts with it is told */
        fprintf(stderr, "meterkey worker: version %s cannot be loaded: %s\n", hash, mk_err_text(err));
        return;
    }
    if (strcmp(mk_version_hash(version), hash) == 0) {
        mk_versions_add(&worker->versions, version);
        return;
    }
    mk_worker_broken(worker, "version %s is in truth %s", hash, mk_version_hash(version));
    mk_version_unref(version);
}

/* --- beginning ------------------------------------------------------------------------ */

/* The id of a session to be begun, or NULL after ending the worker. */
static const char *fresh_id(mk_worker *worker, const json_t *head)
{
    const char *id = text_of(head, "id");
    if (!worker->engine)
        mk_worker_broken(worker, "a session is wanted before settings came");
    else if (!*id || strlen(id) > MK_SLOT_ID_MAX)
        mk_worker_broken(worker, "a session needs an id of at most %d bytes", MK_SLOT_ID_MAX);
    else if (mk_slot_find(worker, id))
        mk_worker_broken(worker, "session %s is here already", id);
    else
        return id;
    return NULL;
}

static mk_session_input input_of(const json_t *head, const mk_version *version)
{
    const json_t *keep = json_object_get(head, "keep");
    return (mk_session_input){ .version = version,
                               .keep = json_is_object(keep) ? keep : NULL,
                               .mfa = json_string_value(json_object_get(head, "mfa")),
                               .human = json_is_true(json_object_get(head, "human")) };
}

static void begin(mk_worker *worker, const char *id, mk_version *version, const mk_session_input *input)
{
    mk_slot *slot = mk_slot_new(worker, id, version);
    int err = slot ? mk_session_start(&slot->session, worker->engine, input, &mk_slot_driver, slot) : MK_ENOMEM;
    if (!err)
        return;
    if (slot)
        mk_slot_fail(slot, "engine.internal", mk_err_text(err));
    else
        mk_worker_unstarted(worker, id, version, 0, "engine.internal", mk_err_text(err));
}

static void order_start(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    char why[300] = "";
    const char *id = fresh_id(worker, head);
    mk_credentials *credentials = NULL;
    (void)blob;
    if (!id)
        return;
    mk_version *version = mk_versions_find(&worker->versions, text_of(head, "version"));
    if (!version) {
        mk_worker_unstarted(worker, id, NULL, 0, "engine.internal", "the worker has not that version of the adapter");
        return;
    }
    mk_session_input input = input_of(head, version);
    int err = mk_credentials_read(&credentials, json_object_get(head, "credentials"), mk_version_manifest(version), why,
                                  sizeof why);
    input.credentials = credentials;
    if (err)
        mk_worker_unstarted(worker, id, version, 0, "engine.internal", *why ? why : mk_err_text(err));
    else
        begin(worker, id, version, &input);
    mk_credentials_free(credentials);
}

/* From those at hand, or out of the parked bytes. */
static int find_version(mk_worker *worker, const json_t *head, mk_bytes parked, mk_version **out)
{
    mk_version *made = NULL;
    *out = mk_versions_find(&worker->versions, text_of(head, "version"));
    if (*out)
        return MK_OK;
    int err = mk_session_parked_version(&made, parked.data, parked.len);
    if (err)
        return err;
    mk_versions_add(&worker->versions, mk_version_ref(made));
    *out = mk_versions_find(&worker->versions, mk_version_hash(made));
    mk_version_unref(made);
    return MK_OK;
}

static int go_on(mk_slot *slot, const json_t *head, mk_bytes parked)
{
    const mk_session_input input = input_of(head, slot->version);
    json_t *answer = json_object_get(head, "answer");
    if (answer && !json_is_null(answer)) {
        slot->answer_to = mk_strdup(text_of(head, "challenge"));
        if (!slot->answer_to)
            return MK_ENOMEM;
        slot->answer = json_incref(answer);
    }
    return mk_session_resume(&slot->session, slot->worker->engine, &input, parked.data, parked.len, &mk_slot_driver,
                             slot);
}

static void order_resume(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    const char *id = fresh_id(worker, head);
    mk_version *version = NULL;
    mk_slot *slot = NULL;
    if (!id)
        return;
    int err = find_version(worker, head, blob, &version);
    if (!err && !(slot = mk_slot_new(worker, id, version)))
        err = MK_ENOMEM;
    if (!err)
        err = go_on(slot, head, blob);
    if (!err)
        return;
    const char *code = err == MK_EVERSION ? "engine.reloaded_incompatibly" : "engine.internal";
    const char *why = err == MK_EVERSION ? "it was parked by another version of the engine" : mk_err_text(err);
    if (slot)
        mk_slot_fail(slot, code, why);
    else
        mk_worker_unstarted(worker, id, version, 0, code, why);
}

/* --- those that are here ------------------------------------------------------------------ */

static mk_slot *known(mk_worker *worker, const json_t *head)
{
    const char *id = text_of(head, "id");
    mk_slot *slot = mk_slot_find(worker, id);
    if (!slot)
        mk_worker_gone(worker, id);
    return slot;
}

static void order_answer(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    const json_t *answer = json_object_get(head, "answer");
    mk_slot *slot = known(worker, head);
    (void)blob;
    if (slot)
        mk_slot_answer(slot, text_of(head, "challenge"), answer);
}

static void order_intent_done(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    mk_slot *slot = known(worker, head);
    (void)blob;
    if (slot)
        mk_session_intent_done(slot->session);
}

static void order_cancel(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    mk_slot *slot = known(worker, head);
    (void)blob;
    if (slot)
        mk_session_cancel(slot->session);
}

static void order_forget(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    mk_slot *slot = mk_slot_find(worker, text_of(head, "id"));
    (void)blob;
    if (slot)
        mk_slot_over(slot);
}

static void order_settings(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    (void)blob;
    mk_order_settings(worker, head);
}

static void order_stop(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    (void)head, (void)blob;
    mk_worker_leave(worker);
}

void mk_order(mk_worker *worker, const json_t *head, mk_bytes blob)
{
    static const struct {
        const char *what;
        void (*run)(mk_worker *, const json_t *, mk_bytes);
    } orders[] = { { "settings", order_settings }, { "version", order_version }, { "start", order_start },
                   { "resume", order_resume },     { "answer", order_answer },   { "intent_done", order_intent_done },
                   { "cancel", order_cancel },     { "forget", order_forget },   { "stop", order_stop } };
    const char *what = text_of(head, "do");
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (strcmp(orders[i].what, what) != 0)
            continue;
        orders[i].run(worker, head, blob);
        return;
    }
    mk_worker_broken(worker, "a frame wants \"%s\", which is nothing that can be done", what);
}
