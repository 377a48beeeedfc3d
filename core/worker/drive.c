/* drive.c - what sessions tell, as frames to the service (layer worker) */
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/own.h"

#include <stdio.h>
#include <string.h>

static const mk_bytes nothing = { "", 0 };

/* A string whatever the bytes: a script may say anything. NULL: out of memory. */
static json_t *any_text(const char *text)
{
    const size_t len = strlen(text);
    mk_buf out;
    int err = MK_OK;
    if (mk_utf8_valid(text, len))
        return json_stringn_nocheck(text, len);
    mk_buf_init(&out, 4 * len);
    for (size_t at = 0; !err && at < len;)
        err = mk_utf8_add(&out, mk_utf8_next(text, len, &at));
    json_t *made = err ? NULL : json_stringn_nocheck(out.data, out.len);
    mk_buf_free(&out);
    return made;
}

static void tell(mk_slot *slot, json_t *head, mk_bytes blob)
{
    if (slot->over)
        json_decref(head);
    else
        mk_worker_send(slot->worker, head, blob);
}

static json_t *intents(unsigned bits, bool other)
{
    return json_pack("[s*, s*, s*]", bits & MK_INTENT_CREDENTIALS ? "credentials" : NULL,
                     bits & MK_INTENT_ANSWER ? "answer" : NULL, other && !bits ? "other" : NULL);
}

void mk_worker_gone(mk_worker *worker, const char *id)
{
    mk_worker_send(worker, json_pack("{s:s, s:s}", "is", "gone", "id", id), nothing);
}

/* --- the end ------------------------------------------------------------------------ */

static void send_end(mk_worker *worker, const char *id, json_t *result, const mk_session_end *end)
{
    json_t *head = json_pack("{s:s, s:s, s:o, s:o, s:b, s:O*}", "is", "end", "id", id, "result", result, "intents",
                             intents(end->used, false), "signed_in", end->signed_in, "keep", end->keep);
    mk_worker_send(worker, head, nothing);
}

/* Of a version that is not there it says nothing but the error. */
static json_t *bare_error(const mk_version *version, const mk_fault *fault)
{
    const mk_fault_kind *kind = fault->kind;
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:o, s:{s:s}, s:{}}}", "utility",
                     version ? mk_version_manifest(version)->id : "", "version",
                     version ? mk_version_hash(version) : "", "error", "code", kind->code, "owner", kind->owner,
                     "retry", kind->retry, "message", any_text(fault->message ? fault->message : ""), "help", "text",
                     kind->help, "evidence");
}

/* The object of `run --json`, or NULL: one that lacks what matters, for want of memory, would be a lie. */
static json_t *result_of(const mk_version *version, const mk_session_end *end)
{
    const unsigned long before = mk_mem_refused();
    json_t *result = version ? mk_session_end_json(version, end) : NULL;
    const bool whole = before == mk_mem_refused() && json_object_get(result, end->fault ? "error" : "meters");
    if (whole)
        return result;
    json_decref(result);
    return end->fault ? bare_error(version, end->fault) : NULL;
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    mk_slot *slot = arg;
    (void)session;
    if (slot->over)
        return;
    send_end(slot->worker, slot->id, result_of(slot->version, end), end);
    mk_slot_over(slot);
}

void mk_slot_fail(mk_slot *slot, const char *code, const char *why)
{
    if (slot->over)
        return;
    mk_worker_unstarted(slot->worker, slot->id, slot->version, slot->used, code, why);
    mk_slot_over(slot);
}

void mk_worker_unstarted(mk_worker *worker, const char *id, const mk_version *version, unsigned used, const char *code,
                         const char *why)
{
    mk_fault *fault = mk_fault_new(code, "%s", why);
    const mk_session_end end = { .fault = fault, .used = used };
    send_end(worker, id, fault ? result_of(version, &end) : NULL, &end);
    mk_fault_free(fault);
}

/* --- questions ------------------------------------------------------------------------ */

static void refuse(mk_slot *slot, const char *challenge, const char *why)
{
    tell(slot,
         json_pack("{s:s, s:s, s:s, s:o}", "is", "refused", "id", slot->id, "challenge", challenge, "why",
                   any_text(why)),
         nothing);
}

void mk_slot_answer(mk_slot *slot, const char *challenge, const json_t *answer)
{
    char why[300] = "";
    const int64_t since = slot->waits_since_us;
    slot->waits_since_us = 0; /* before: it may ask again at once */
    int err = mk_session_answer(slot->session, challenge, answer, why, sizeof why);
    if (!err || slot->over)
        return;
    if (err == MK_ENOMEM || err == MK_ELIMIT) {
        mk_slot_fail(slot, "engine.internal", *why ? why : mk_err_text(err));
        return;
    }
    slot->waits_since_us = since;
    refuse(slot, challenge, *why ? why : mk_err_text(err));
}

static void send_challenge(mk_slot *slot, mk_session *session, const json_t *challenge, bool again)
{
    mk_buf parked;
    mk_buf_init(&parked, MK_FRAME_MAX - (1 << 20));
    int err = mk_session_park(session, &parked);
    if (err) {
        mk_slot_fail(slot, "engine.internal",
                     err == MK_ELIMIT ? "the session is too large to be parked" : mk_err_text(err));
    } else {
        tell(slot,
             json_pack("{s:s, s:s, s:O, s:b}", "is", "challenge", "id", slot->id, "challenge", challenge, "again",
                       (int)again),
             (mk_bytes){ parked.data, parked.len });
    }
    mk_buf_free(&parked);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    mk_slot *slot = arg;
    const char *id = json_string_value(json_object_get(challenge, "id"));
    if (slot->over)
        return;
    slot->waits_since_us = mk_clock_mono_us();
    json_t *answer = slot->answer;
    char *to = slot->answer_to;
    slot->answer = NULL;
    slot->answer_to = NULL;
    if (answer && id && strcmp(id, to) == 0) {
        mk_slot_answer(slot, to, answer);
    } else {
        send_challenge(slot, session, challenge, again);
        if (answer)
            refuse(slot, to, "another question is asked by now");
    }
    json_decref(answer);
    mk_free(to);
}

static void on_intent(void *arg, mk_session *session, unsigned bits, const char *challenge)
{
    mk_slot *slot = arg;
    (void)session;
    slot->used |= bits;
    tell(slot,
         json_pack("{s:s, s:s, s:o, s:s*}", "is", "intent", "id", slot->id, "intents", intents(bits, true), "challenge",
                   challenge),
         nothing);
}

/* --- what people read ------------------------------------------------------------------ */

static void on_progress(void *arg, mk_session *session, const char *text)
{
    mk_slot *slot = arg;
    (void)session;
    tell(slot, json_pack("{s:s, s:s, s:o}", "is", "progress", "id", slot->id, "text", any_text(text)), nothing);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    mk_slot *slot = arg;
    const char *name = mk_log_level_name(level < 0 ? MK_LOG_DEBUG : (enum mk_log_level)level);
    (void)session;
    tell(slot,
         json_pack("{s:s, s:s, s:s, s:o}", "is", "log", "id", slot->id, "level", name ? name : "info", "text",
                   any_text(text)),
         nothing);
}

const mk_driver mk_slot_driver = {
    .intent = on_intent, .challenge = on_challenge, .progress = on_progress, .log = on_log, .end = on_end
};
