/* ask.c - a question to the customer: opening, announcing, judging answers' outcome (layer session)
 *
 * contract.md section 4. The script's loop is runtime/meterkey/ask.lua; what it may do is decided here. */
#include "base/codec.h"
#include "base/err.h"
#include "parse/rule.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

static const char *const mfa_kinds[] = {"otp", "totp", "offline_code", "question", "select", "approve", "link", NULL};
static const char *const other_kinds[] = {"acknowledge", "credential", NULL};

static mk_session *of(mk_host *host)
{
    return (mk_session *)host;
}

static bool listed(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

void mk_ask_clear(mk_session *s)
{
    json_decref(s->ask.challenge);
    mk_page_unref(s->ask.rejected);
    mk_free(s->ask.message);
    s->ask = (mk_ask){0};
}

mk_fault *mk_must_be_off(mk_session *s)
{
    const mk_manifest *m = s->manifest;
    mk_buf text;
    mk_buf_init(&text, 4000);
    if (m->off_impossible)
        mk_buf_addf(&text, "%s does not let its customers switch multi-factor authentication (MFA) off, and its codes cannot be "
                           "passed on, so this account cannot be linked this way.", m->name);
    else
        mk_buf_addf(&text, "%s's multi-factor authentication (MFA) must be off for the sign-in. Sign in at %s yourself, switch it "
                           "off in your security settings, then try again.", m->name, m->portal);
    for (size_t i = 0; m->steps && m->steps[i]; i++)
        mk_buf_addf(&text, " %zu. %s", i + 1, m->steps[i]);
    if (!m->off_impossible)
        mk_buf_adds(&text, " It can be switched on again once the account is linked; it must be off again to reauthorize.");
    mk_fault *fault = mk_fault_new("mfa.must_be_off", "%s asks for a second factor, and its codes are not passed on", m->name);
    if (fault) {
        fault->help_text = mk_strdup(text.data);
        fault->help_url = m->help_url ? mk_strdup(m->help_url) : NULL;
    }
    mk_buf_free(&text);
    return fault;
}

static mk_fault *host_must_be_off(mk_host *host)
{
    return mk_must_be_off(of(host));
}

/* Text of a prompt: a string, or { literal } as in a pattern. */
static json_t *text_of(const json_t *value)
{
    if (json_is_array(value))
        value = json_array_get(value, 0);
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

static json_t *masked_dest(const json_t *value)
{
    mk_buf out;
    json_t *text = text_of(value);
    if (!text)
        return NULL;
    mk_buf_init(&out, 400);
    json_t *masked = mk_mask_dest(&out, json_string_value(text), json_string_length(text)) == MK_OK ? json_string(out.data) : NULL;
    mk_buf_free(&out);
    json_decref(text);
    return masked;
}

static void copy_field(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);
    if (value && !json_is_null(value))
        json_object_set(to, name, value);
}

static void set_resend(mk_session *s)
{
    mk_ask *ask = &s->ask;
    int64_t not_before = (ask->sent_ms + s->engine->limits.resend_ms + 999) / 1000;
    json_object_set_new(ask->challenge, "tries_left", json_integer(ask->tries_left));
    json_object_set_new(ask->challenge, "resend", json_pack("{s:b,s:I,s:i}", "allowed", ask->can_resend && ask->resends_left > 0,
                                                            "not_before", (json_int_t)not_before, "left",
                                                            ask->can_resend ? ask->resends_left : 0));
}

static int64_t life_ms(const mk_session *s, const json_t *given)
{
    const json_t *expires = json_object_get(given, "expires");
    int64_t ms = json_is_number(expires) ? (int64_t)(json_number_value(expires) * 1000) : s->engine->limits.challenge_ms;
    return ms > 0 && ms < s->engine->limits.challenge_ms ? ms : s->engine->limits.challenge_ms;
}

/* A portal may echo what it was sent. What the script gets back, ids above all, stays as it is. */
static void mask_texts(const mk_mask *mask, json_t *object)
{
    static const char *const texts[] = {"prompt", "message", "dest", "label"};
    static const char *const lists[] = {"choices", "fields", "alternatives"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *text = json_object_get(object, texts[i]);
        if (json_is_string(text))
            json_object_set_new(object, texts[i], mk_outcome_masked(mask, json_incref(text)));
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *list = json_object_get(object, lists[i]);
        for (size_t j = 0; j < json_array_size(list); j++)
            mask_texts(mask, json_array_get(list, j));
    }
}

/* Contract section 6's object from what the script or a pattern said. */
static void build(mk_session *s, const json_t *given)
{
    static const char *const copied[] = {"kind", "medium", "digits", "choices", "fields", "display_code", "alternatives", "lang", "url"};
    uint8_t id[8];
    mk_buf hex;
    mk_buf_init(&hex, 40);
    mk_prng_fill(&s->prng, id, sizeof id);
    mk_hex_encode(&hex, id, sizeof id);
    json_t *out = json_pack("{s:s}", "id", hex.data);
    mk_buf_free(&hex);
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        copy_field(out, given, copied[i]);
    json_t *prompt = text_of(json_object_get(given, "prompt"));
    json_t *message = text_of(json_object_get(given, "message"));
    json_t *dest = masked_dest(json_object_get(given, "dest"));
    if (prompt)
        json_object_set_new(out, "prompt", prompt);
    if (message)
        json_object_set_new(out, "message", message);
    if (dest)
        json_object_set_new(out, "dest", dest);
    s->ask.expires_ms = s->now_ms + life_ms(s, given);
    json_object_set_new(out, "expires_at", json_integer(s->ask.expires_ms / 1000));
    mask_texts(s->secrets, out);
    s->ask.challenge = out;
    set_resend(s);
}

/* What a customer is to read is short, and not asked for ever. */
static mk_fault *within_limits(mk_session *s, const json_t *given)
{
    enum { CHALLENGE_MOST = 64 << 10, QUESTIONS_MOST = 100 };
    if (json_dumpb(given, NULL, 0, JSON_COMPACT) > CHALLENGE_MOST)
        return mk_fault_new("adapter.bug", "s:ask: the challenge is over %d KiB", CHALLENGE_MOST / 1024);
    if (s->questions >= QUESTIONS_MOST)
        return mk_fault_new("policy.budget", "more than %d questions in one session", QUESTIONS_MOST);
    s->questions++;
    return NULL;
}

static mk_fault *may_ask(mk_session *s, const char *kind)
{
    if (!kind)
        return mk_fault_new("adapter.bug", "s:ask: the challenge has no kind (otp, totp, question, select, approve, acknowledge, credential ...)");
    if (!listed(mfa_kinds, kind) && !listed(other_kinds, kind)) /* passkeys, scans, pictures ... */
        return mk_fault_new("mfa.unsupported", "the portal asks for '%s', which cannot be passed on", kind);
    if (s->turn_off && listed(mfa_kinds, kind))
        return mk_must_be_off(s);
    if (!s->human && !(strcmp(kind, "totp") == 0 && mk_totp_stored(s->credentials)))
        return mk_fault_new("mfa.needs_human", "the portal asks the customer something (%s), and nobody is there to answer", kind);
    return NULL;
}

static mk_fault *host_open(mk_host *host, json_t *given, const char *where)
{
    mk_session *s = of(host);
    const char *kind = json_string_value(json_object_get(given, "kind"));
    mk_fault *fault = may_ask(s, kind);
    if (!fault)
        fault = within_limits(s, given);
    if (fault) {
        fault->script = where[0] ? mk_strdup(where) : NULL;
        json_decref(given);
        return fault;
    }
    mk_ask_clear(s);
    s->ask.open = true;
    s->ask.plain = strcmp(kind, "select") == 0 || strcmp(kind, "acknowledge") == 0;
    s->ask.is_totp = strcmp(kind, "totp") == 0;
    s->ask.tries_left = s->engine->limits.tries;
    s->ask.resends_left = s->engine->limits.resends;
    s->ask.can_resend = json_is_true(json_object_get(given, "can_resend"));
    s->ask.can_switch = json_is_true(json_object_get(given, "can_switch"));
    s->ask.sent_ms = s->now_ms - s->engine->limits.resend_ms; /* resends are apart from each other */
    build(s, given);
    json_decref(given);
    return NULL;
}

static mk_fault *host_judge(mk_host *host, mk_page *page, bool *again)
{
    mk_session *s = of(host);
    mk_ask *ask = &s->ask;
    *again = false;
    if (!ask->open || ask->rejected != page)
        return NULL;
    if (--ask->tries_left <= 0) {
        mk_fault *fault = mk_fault_new("mfa.tries_exhausted", "the portal rejected %d answers: %s", s->engine->limits.tries,
                                       ask->message ? ask->message : "");
        mk_ask_clear(s);
        return fault;
    }
    json_object_set_new(ask->challenge, "message", json_string(ask->message ? ask->message : ""));
    json_object_del(ask->challenge, "resent");
    set_resend(s);
    mk_page_unref(ask->rejected);
    ask->rejected = NULL;
    ask->announced = false;
    *again = true;
    return NULL;
}

static mk_fault *host_resent(mk_host *host)
{
    mk_session *s = of(host);
    s->ask.sent_ms = s->now_ms;
    s->ask.announced = false;
    if (s->ask.challenge) {
        /* What the portal said of the last code is not about the new one. */
        json_object_del(s->ask.challenge, "message");
        json_object_set_new(s->ask.challenge, "resent", json_true());
        set_resend(s);
    }
    return NULL;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash ^ 0xff;
}

/* What the jar holds, to see whether a poll changed it. */
static void cookies_print(const mk_session *s, uint8_t out[32])
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < mk_jar_count(s->jar); i++) {
        const mk_cookie *c = mk_jar_at(s->jar, i);
        hash = mix(mix(mix(mix(hash, c->name), c->value), c->domain), c->path);
    }
    memset(out, 0, 32);
    memcpy(out, &hash, sizeof hash);
}

static void host_handler(mk_host *host, const char *name)
{
    mk_session *s = of(host);
    snprintf(s->ask.handler, sizeof s->ask.handler, "%s", name ? name : "");
    if (name && strcmp(name, "poll") == 0) {
        s->ask.poll_requests = 0;
        mk_page_unref(s->mark.page);
        s->mark = (mk_poll_mark){.entries = mk_journal_count(s->journal), .prng = s->prng, .page = s->page ? mk_page_ref(s->page) : NULL};
        cookies_print(s, s->mark.cookies);
    }
}

/* The journal keeps only the last poll, unless an earlier one changed the cookies that later requests carry. */
static mk_fault *host_poll_done(mk_host *host, bool again)
{
    mk_session *s = of(host);
    uint8_t cookies[32];
    cookies_print(s, cookies);
    if (again && !mk_journal_replaying(s->journal) && memcmp(cookies, s->mark.cookies, sizeof cookies) == 0) {
        mk_journal_truncate(s->journal, s->mark.entries);
        s->prng = s->mark.prng;
        mk_page_unref(s->page);
        s->page = s->mark.page;
        s->mark.page = NULL;
        if (s->page) {
            mk_url_free(&s->base);
            mk_url_parse(&s->base, mk_page_url(s->page), strlen(mk_page_url(s->page)));
        }
    }
    mk_page_unref(s->mark.page);
    s->mark.page = NULL;
    return NULL;
}

static void host_close(mk_host *host)
{
    mk_ask_clear(of(host));
}

static void host_ask_wait(mk_host *host)
{
    of(host)->wait = MK_WAIT_ANSWER;
}

void mk_ask_host(mk_host *host)
{
    host->ask_open = host_open;
    host->ask_judge = host_judge;
    host->ask_resent = host_resent;
    host->ask_handler = host_handler;
    host->poll_done = host_poll_done;
    host->ask_close = host_close;
    host->ask_wait = host_ask_wait;
    host->must_be_off = host_must_be_off;
}
