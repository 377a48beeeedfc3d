/* answer.c - waiting for the customer's answer and taking it (layer session)
 *
 * contract.md sections 4 and 6. An answer is checked before it enters the journal; a refused one changes nothing. */
#include "base/err.h"
#include "parse/json.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

enum { MAX_ANSWER = 512, MAX_FIELDS = 16 };

static void announce(mk_session *s)
{
    if (s->ask.announced)
        return;
    s->ask.announced = true;
    bool again = json_object_get(s->ask.challenge, "message") && s->ask.tries_left < s->engine->limits.tries;
    if (s->host.note)
        s->host.note(&s->host, "ask", json_pack("{s:O}", "challenge", s->ask.challenge));
    s->driver.challenge(s->arg, s, s->ask.challenge, again);
}

static void mask_answer(mk_session *s, const json_t *value)
{
    const char *name;
    json_t *field;
    if (json_is_string(value) && !s->ask.plain) {
        mk_secret *secret = mk_secret_new(json_string_value(value), json_string_length(value));
        if (secret)
            mk_mask_add(s->mask, secret, NULL);
        mk_secret_unref(secret);
    }
    json_object_foreach((json_t *)value, name, field)
        mask_answer(s, field);
}

static void set_event(mk_session *s, const char *event, const json_t *value)
{
    json_decref(s->host.answer);
    s->host.answer = value ? json_incref((json_t *)value) : NULL;
    s->host.answer_plain = s->ask.plain || strcmp(event, "switch") == 0;
    s->host.event = event;
    s->wait = MK_WAIT_NONE;
}

/* The fields of a challenge that has several, or NULL. */
static const json_t *fields_of(const mk_session *s)
{
    const json_t *fields = json_object_get(s->ask.challenge, "fields");
    return json_is_array(fields) && json_array_size(fields) > 0 ? fields : NULL;
}

/* Takes an answer that was checked, live or out of the journal. */
void mk_ask_apply(mk_session *s, const json_t *answer)
{
    const json_t *choice = json_object_get(answer, "choice");
    const json_t *fields = json_object_get(answer, "fields");
    s->code_sent = false;
    if (json_is_true(json_object_get(answer, "resend"))) {
        s->ask.resends_left--;
        set_event(s, "resend", NULL);
    } else if (choice && !s->ask.plain) {
        set_event(s, "switch", choice);
    } else {
        const json_t *value = choice ? choice : fields ? fields : answer;
        mask_answer(s, value);
        set_event(s, "answer", value);
    }
}

static void read_recorded(mk_session *s)
{
    mk_bytes data;
    json_t *answer = NULL;
    if (!mk_entry_read(s, MK_ENTRY_ANSWER, NULL, &data))
        return;
    if (mk_json_parse(&answer, data.data, data.len, NULL, NULL) == MK_OK)
        mk_ask_apply(s, answer);
    else
        mk_session_end_with(s, mk_fault_new("engine.replay_diverged", "a recorded answer cannot be read"));
    json_decref(answer);
}

static int take(mk_session *s, const json_t *answer)
{
    mk_buf text;
    mk_buf_init(&text, 16 << 10);
    int err = mk_json_write(&text, answer);
    if (!err)
        err = mk_entry_write(s, MK_ENTRY_ANSWER, NULL, text.data, text.len);
    mk_buf_free(&text);
    return err;
}

/* The engine's own answer to an authenticator challenge: never twice in one window. */
static void answer_totp(mk_session *s)
{
    char code[8];
    int64_t now = mk_session_clock(s), step = now / 30000;
    if (step <= s->totp_step) {
        if (s->fixed_clock)
            s->now_ms = (s->totp_step + 1) * 30000;
        else {
            mk_timer_start(s->timer, (s->totp_step + 1) * 30000 - now);
            return;
        }
        step = s->totp_step + 1;
    }
    if (!mk_totp_code(s->credentials, step, code)) {
        if (mk_session_must_end(s))
            return;
        mk_session_end_with(s, mk_fault_new("adapter.bug", "the stored authenticator secret is not base32"));
        return;
    }
    s->totp_step = step;
    json_t *answer = json_string(code);
    if (answer && take(s, answer) == MK_OK)
        mk_ask_apply(s, answer);
    else
        mk_session_end_with(s, mk_fault_new("policy.budget", "the journal is full"));
    json_decref(answer);
    explicit_bzero(code, sizeof code);
}

static void pause_begin(mk_session *s)
{
    mk_entry next;
    if (mk_journal_replaying(s->journal)) {
        if (mk_journal_peek(s->journal, &next) && next.kind == MK_ENTRY_ANSWER)
            read_recorded(s);
        else
            set_event(s, "poll", NULL);
        return;
    }
    s->quiet = false;
    if (s->poll_due) { /* this pause was waited out while the state was dropped */
        s->poll_due = false;
        s->ask.announced = true;
        if (s->fixed_clock)
            s->now_ms += s->sleep_ms;
        set_event(s, "poll", NULL);
        return;
    }
    mk_session_wall(s, false);
    announce(s);
    if (s->wait != MK_WAIT_PAUSE || s->phase == MK_PHASE_OVER)
        return; /* answered from inside the callback */
    if (mk_session_clock(s) >= s->ask.expires_ms)
        mk_session_end_with(s, mk_fault_new("mfa.answer_timeout", "nobody approved in time"));
    else if (s->fixed_clock && !s->script) /* dropped: comes back from the loop */
        mk_timer_start(s->timer, 0);
    else if (s->fixed_clock) {
        s->now_ms += s->sleep_ms;
        set_event(s, "poll", NULL);
    } else
        mk_timer_start(s->timer, s->sleep_ms);
}

void mk_ask_begin(mk_session *s)
{
    if (s->wait == MK_WAIT_PAUSE) {
        pause_begin(s);
        return;
    }
    if (mk_journal_replaying(s->journal)) {
        read_recorded(s);
        return;
    }
    s->quiet = false;
    if (s->ask.is_totp && mk_totp_stored(s->credentials)) {
        answer_totp(s);
        return;
    }
    mk_session_wall(s, false);
    int64_t left = s->ask.expires_ms - mk_session_clock(s);
    if (!s->fixed_clock)
        mk_timer_start(s->timer, left);
    announce(s);
}

void mk_ask_timer(mk_session *s)
{
    if (s->wait == MK_WAIT_PAUSE && !s->script) {
        if (mk_session_revive(s, NULL) == MK_OK)
            return; /* goes on from the loop */
        mk_session_end_with(s, mk_fault_new("policy.budget", "out of memory"));
    } else if (s->wait == MK_WAIT_PAUSE)
        set_event(s, "poll", NULL);
    else if (s->ask.is_totp && mk_totp_stored(s->credentials))
        answer_totp(s);
    else
        mk_session_end_with(s, mk_fault_new("mfa.answer_timeout", "nobody answered in time"));
    mk_session_run(s);
}

static int refuse(char *why, size_t cap, int err, const char *text)
{
    snprintf(why, cap, "%s", text);
    return err;
}

static bool has_choice(const json_t *list, const char *id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *known = json_string_value(json_object_get(json_array_get(list, i), "id"));
        if (known && id && strcmp(known, id) == 0)
            return true;
    }
    return false;
}

static int check_resend(const mk_session *s, char *why, size_t cap)
{
    if (!s->ask.can_resend)
        return refuse(why, cap, MK_EPOLICY, "this challenge cannot be sent again");
    if (s->ask.resends_left <= 0)
        return refuse(why, cap, MK_EPOLICY, "it was sent again as often as is allowed");
    int64_t wait = s->ask.sent_ms + s->engine->limits.resend_ms - mk_session_clock(s);
    if (wait > 0) {
        const long long seconds = (wait + 999) / 1000;
        snprintf(why, cap, "it can be sent again in %lld second%s", seconds, seconds == 1 ? "" : "s");
        return MK_EPOLICY;
    }
    return MK_OK;
}

static int check_choice(const mk_session *s, const json_t *choice, char *why, size_t cap)
{
    const char *id = json_string_value(choice);
    const json_t *list = json_object_get(s->ask.challenge, s->ask.plain ? "choices" : "alternatives");
    if (!s->ask.plain && !s->ask.can_switch)
        return refuse(why, cap, MK_EINVAL, "this challenge has nothing to choose");
    if (!id || (json_array_size(list) > 0 && !has_choice(list, id)))
        return refuse(why, cap, MK_EINVAL, "that is none of the choices");
    return MK_OK;
}

static int check_fields(const mk_session *s, const json_t *given, char *why, size_t cap)
{
    const json_t *fields = fields_of(s);
    if (!fields || !json_is_object(given) || json_object_size(given) > MAX_FIELDS)
        return refuse(why, cap, MK_EINVAL, fields ? "an object of fields expected" : "this challenge has no fields: answer with a string");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        const char *name = json_string_value(json_object_get(field, "name"));
        const json_t *value = name ? json_object_get(given, name) : NULL;
        if (!value && json_is_true(json_object_get(field, "optional")))
            continue;
        if (!json_is_string(value) || json_string_length(value) == 0 || json_string_length(value) > MAX_ANSWER) {
            snprintf(why, cap, "field '%s': a string of 1 to %d bytes expected", name ? name : "?", MAX_ANSWER);
            return MK_EINVAL;
        }
    }
    return MK_OK;
}

static int check_plain(const mk_session *s, const json_t *answer, char *why, size_t cap)
{
    const char *kind = json_string_value(json_object_get(s->ask.challenge, "kind"));
    if (strcmp(kind, "acknowledge") == 0)
        return json_is_true(answer) ? MK_OK : refuse(why, cap, MK_EINVAL, "true expected: the customer agrees");
    if (strcmp(kind, "select") == 0)
        return check_choice(s, answer, why, cap);
    if (strcmp(kind, "approve") == 0)
        return refuse(why, cap, MK_EINVAL, "an approval is answered on the customer's device");
    if (fields_of(s))
        return refuse(why, cap, MK_EINVAL, "{\"fields\": {...}} expected");
    if (!json_is_string(answer) || json_string_length(answer) == 0 || json_string_length(answer) > MAX_ANSWER)
        return refuse(why, cap, MK_EINVAL, "a string of 1 to 512 bytes expected");
    return MK_OK;
}

static int check(const mk_session *s, const json_t *answer, char *why, size_t cap)
{
    if (json_object_get(answer, "resend"))
        return json_is_true(json_object_get(answer, "resend")) ? check_resend(s, why, cap)
                                                               : refuse(why, cap, MK_EINVAL, "{\"resend\": true} expected");
    if (json_object_get(answer, "choice"))
        return check_choice(s, json_object_get(answer, "choice"), why, cap);
    if (json_object_get(answer, "fields"))
        return check_fields(s, json_object_get(answer, "fields"), why, cap);
    return check_plain(s, answer, why, cap);
}

/* "123 456" and "123-456" of a message, pasted: the code alone. What has letters stays as it is. A new reference. */
static json_t *as_code(const mk_session *s, const json_t *answer)
{
    const char *kind = s->ask.challenge ? json_string_value(json_object_get(s->ask.challenge, "kind")) : NULL;
    const char *text = json_string_value(answer);
    char code[MAX_ANSWER + 1];
    size_t len = 0;
    if (!text || !kind || (strcmp(kind, "otp") && strcmp(kind, "totp")) || json_string_length(answer) > MAX_ANSWER)
        return json_incref((json_t *)answer);
    for (; *text; text++) {
        if (*text >= '0' && *text <= '9')
            code[len++] = *text;
        else if (*text != ' ' && *text != '\t' && *text != '-')
            return json_incref((json_t *)answer);
    }
    json_t *out = len ? json_stringn(code, len) : NULL;
    explicit_bzero(code, sizeof code);
    return out ? out : json_incref((json_t *)answer);
}

static int answer_one(mk_session *s, const char *id, const json_t *answer, char *why, size_t cap)
{
    const char *current = s->ask.challenge ? json_string_value(json_object_get(s->ask.challenge, "id")) : NULL;
    bool waits = s->wait == MK_WAIT_ANSWER || s->wait == MK_WAIT_PAUSE;
    if (!waits || s->cancelled || s->phase == MK_PHASE_OVER || !current || !id || strcmp(current, id) != 0)
        return refuse(why, cap, MK_ECLOSED, "that challenge is over");
    if (json_is_true(json_object_get(answer, "cancel"))) {
        mk_session_cancel(s);
        return MK_OK;
    }
    int err = check(s, answer, why, cap);
    if (err)
        return err;
    mk_session_enter(s);
    if (!s->script)
        return mk_session_revive(s, answer);
    err = take(s, answer);
    if (err)
        return refuse(why, cap, err, "the journal is full");
    mk_timer_stop(s->timer);
    mk_ask_apply(s, answer);
    mk_session_run(s);
    return MK_OK;
}

int mk_session_answer(mk_session *s, const char *id, const json_t *answer, char *why, size_t cap)
{
    json_t *code = as_code(s, answer);
    int err = answer_one(s, id, code, why, cap);
    json_decref(code);
    return err;
}
