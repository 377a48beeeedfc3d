/* outcome.c - how a session ended, masked, as people and programs read it (layer session) */
#include "base/err.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

static char *masked_text(const mk_mask *mask, const char *text)
{
    mk_buf out;
    mk_buf_init(&out, 64 << 10);
    char *copy = mk_mask_apply(mask, text, strlen(text), &out) == MK_OK ? mk_strdup(out.data) : mk_strdup("(withheld)");
    mk_buf_free(&out);
    return copy;
}

static json_t *masked_json(const mk_mask *mask, json_t *value)
{
    const char *name;
    json_t *field;
    void *next;
    if (json_is_string(value)) {
        char *text = masked_text(mask, json_string_value(value));
        json_t *out = text ? json_string(text) : NULL;
        mk_free(text);
        return out ? out : json_null();
    }
    json_object_foreach_safe(value, next, name, field)
        if (json_object_set_new(value, name, masked_json(mask, field)) != 0)
            json_object_del(value, name); /* rather nothing than what is not masked */
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_set_new(value, i, masked_json(mask, json_array_get(value, i)));
    return json_incref(value);
}

json_t *mk_outcome_masked(const mk_mask *mask, json_t *value)
{
    json_t *out = masked_json(mask, value);
    json_decref(value);
    return out;
}

/* Cut after it was masked: half a secret at the end would not be known for one. */
char *mk_outcome_excerpt(const mk_mask *mask, const char *text, size_t len, size_t most)
{
    enum { LONGEST = 2048 }; /* form of a secret, encoded */
    char *copy = NULL;
    mk_buf out;
    bool cut = len > most + LONGEST;
    mk_buf_init(&out, 64 << 10);
    if (mk_mask_apply(mask, text, cut ? most + LONGEST : len, &out) == MK_OK) {
        len = out.len < most ? out.len : most;
        while (len && len < out.len && (out.data[len] & 0xc0) == 0x80)
            len--;
        copy = mk_memdup(out.data ? out.data : "", len);
    }
    mk_buf_free(&out);
    return copy;
}

void mk_outcome_mask(mk_session *s, mk_fault *fault)
{
    char *message = masked_text(s->mask, fault->message);
    mk_free(fault->message);
    fault->message = message ? message : mk_strdup("");
    if (fault->evidence)
        json_decref(masked_json(s->mask, fault->evidence));
}

static json_t *head(const mk_version *version)
{
    return json_pack("{s:s,s:s}", "utility", mk_version_manifest(version)->id, "version", mk_version_hash(version));
}

static json_t *fault_json(const mk_fault *fault)
{
    json_t *out = json_pack("{s:s,s:s,s:s,s:s}", "code", fault->kind->code, "owner", fault->kind->owner, "retry",
                            fault->kind->retry, "message", fault->message ? fault->message : "");
    json_object_set_new(out, "help", json_pack("{s:s,s:s*}", "text", fault->help_text ? fault->help_text : fault->kind->help,
                                               "url", fault->help_url));
    if (fault->script)
        json_object_set_new(out, "script", json_string(fault->script));
    json_object_set_new(out, "evidence", fault->evidence ? json_incref(fault->evidence) : json_object());
    return out;
}

json_t *mk_session_end_json(const mk_version *version, const mk_session_end *end)
{
    json_t *out = head(version);
    if (end->fault) {
        json_object_set_new(out, "error", fault_json(end->fault));
        return out;
    }
    json_object_set(out, "meters", end->meters);
    json_object_set_new(out, "requests", json_integer(end->requests));
    json_object_set_new(out, "elapsed_ms", json_integer(end->elapsed_ms));
    json_object_set_new(out, "cpu_ms", json_real((double)end->cpu_us / 1000));
    return out;
}

json_t *mk_session_challenge_json(const mk_version *version, const json_t *challenge)
{
    json_t *out = head(version);
    json_object_set_new(out, "challenge", json_deep_copy(challenge));
    return out;
}

bool mk_session_recover(unsigned used, mk_fault **fault)
{
    *fault = NULL;
    if (!(used & (MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER)))
        return true;
    *fault = mk_fault_new("engine.interrupted", "%s%s%s", used & MK_INTENT_CREDENTIALS ? "your password may have been tried once" : "",
                          used == (MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER) ? "; " : "",
                          used & MK_INTENT_ANSWER ? "your code may have been used" : "");
    return false;
}
