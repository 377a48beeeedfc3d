/* session.c - a session's life: start, phases, end (layer session) */
#include "base/clock.h"
#include "base/err.h"
#include "journal/record.h"
#include "session/own.h"
#include <stdio.h>
#include <string.h>

static void on_timer(mk_session *s)
{
    int64_t since = mk_session_enter(s);
    if (s->resume_fresh) { /* the very first turn */
        s->resume_fresh = false;
        mk_session_leave(s, since);
        mk_session_run(s);
        return;
    }
    mk_session_leave(s, since);
    if (s->phase == MK_PHASE_SIGN_OUT && s->wait == MK_WAIT_FETCH)
        return;
    if (s->wait == MK_WAIT_SLEEP)
        mk_clock_timer(s);
    else if (s->wait == MK_WAIT_ANSWER || s->wait == MK_WAIT_PAUSE)
        mk_ask_timer(s);
}

static void on_wall(mk_session *s)
{
    if (s->phase == MK_PHASE_SIGN_OUT) { /* its outcome is ignored */
        mk_session_end_with(s, NULL);
    } else {
        mk_session_end_with(s, mk_fault_new("policy.budget", "longer than %lld seconds in all",
                                            (long long)(s->engine->limits.wall_ms / 1000)));
    }
    mk_session_run(s);
}

/* The wall clock runs while we or the portal work, not while a person is asked. */
void mk_session_wall(mk_session *s, bool on)
{
    int64_t now = mk_clock_mono_us();
    if (s->wall_since_us) {
        s->wall_left_ms -= (now - s->wall_since_us) / 1000;
        mk_timer_stop(s->wall);
    }
    s->wall_since_us = on ? now : 0;
    if (on)
        mk_timer_start(s->wall, s->wall_left_ms > 0 ? s->wall_left_ms : 0);
}

int64_t mk_session_enter(mk_session *s)
{
    if (s->running)
        return 0;
    s->refused = mk_mem_refused();
    return mk_clock_mono_us();
}

bool mk_session_must_end(mk_session *s)
{
    bool starved = s->refused != mk_mem_refused();
    if (!starved && !s->cancelled)
        return false;
    s->refused = mk_mem_refused();
    if (s->phase != MK_PHASE_OVER)
        mk_session_end_with(s, starved ? mk_fault_new("policy.budget", "out of memory")
                                       : mk_fault_new("engine.cancelled", "cancelled"));
    return true;
}

void mk_session_leave(mk_session *s, int64_t since)
{
    if (since)
        s->own_us += mk_clock_mono_us() - since;
}

static bool host_module(mk_host *host, lua_State *L, const char *name)
{
    mk_session *s = (mk_session *)host;
    return mk_bind_module(L, name) || mk_version_push(s->version, L, name);
}

static bool script_module(void *arg, lua_State *L, const char *name)
{
    return host_module(arg, L, name);
}

bool mk_session_silent(const mk_session *s)
{
    return s->quiet || mk_journal_replaying(s->journal);
}

/* True while a session that tells without end may still be heard. */
static bool may_tell(mk_session *s, size_t len)
{
    enum { TOLD_MOST = 1 << 20 };
    if (mk_session_silent(s) || s->told > TOLD_MOST)
        return false;
    s->told += len + 1;
    if (s->told > TOLD_MOST && s->driver.log)
        s->driver.log(s->arg, s, 1, "(log and progress are over 1 MiB: the rest is left out)");
    return s->told <= TOLD_MOST;
}

static void host_progress(mk_host *host, const char *text, size_t len)
{
    enum { PROGRESS_MOST = 200 };
    mk_session *s = (mk_session *)host;
    if (!s->driver.progress || !may_tell(s, len < PROGRESS_MOST ? len : PROGRESS_MOST))
        return;
    char *shown = mk_outcome_excerpt(s->mask, text, len, PROGRESS_MOST);
    if (shown)
        s->driver.progress(s->arg, s, shown);
    mk_free(shown);
}

static void host_log(mk_host *host, int level, const char *text, size_t len)
{
    enum { LOG_MOST = 6000 }; /* of a line that print may have cut at 8 KiB, within a secret */
    mk_session *s = (mk_session *)host;
    if (!s->driver.log || !may_tell(s, len < LOG_MOST ? len : LOG_MOST))
        return;
    char *shown = mk_outcome_excerpt(s->mask, text, len, LOG_MOST);
    if (shown)
        s->driver.log(s->arg, s, level, shown);
    mk_free(shown);
}

static void script_log(void *arg, int level, const char *text, size_t len)
{
    host_log(arg, level, text, len);
}

static void host_note(mk_host *host, const char *kind, json_t *data)
{
    mk_session *s = (mk_session *)host;
    s->driver.note(s->arg, s, kind, data);
    json_decref(data);
}

static void host_learn(mk_host *host, mk_secret *secret)
{
    mk_mask_add(((mk_session *)host)->mask, secret, NULL);
}

static void set_host(mk_session *s)
{
    s->host.learn = host_learn;
    mk_exchange_host(&s->host);
    mk_ask_host(&s->host);
    mk_clock_host(&s->host);
    s->host.progress = host_progress;
    s->host.log = host_log;
    s->host.unexpected = mk_judge_unexpected;
    s->host.module = host_module;
    if (s->driver.note)
        s->host.note = host_note;
}

static int declare_hosts(mk_session *s)
{
    char why[160];
    int err = MK_OK;
    for (size_t i = 0; !err && i < s->manifest->host_count; i++)
        err = mk_policy_declare(s->policy, s->manifest->hosts[i].entry, s->manifest->hosts[i].secrets, why, sizeof why);
    for (size_t i = 0; !err && s->engine->allow_origins[i]; i++)
        err = mk_policy_allow(s->policy, s->engine->allow_origins[i]);
    for (size_t i = 0; !err && s->engine->connect_to[i]; i++)
        err = mk_policy_connect_to(s->policy, s->engine->connect_to[i]);
    return err;
}

/* What belongs to one run of the script: made at the start and again for a replay. */
bool mk_session_setup(mk_session *s)
{
    uint64_t seed;
    mk_script_owner owner = {.arg = s, .log = script_log, .module = script_module};
    s->prng = (mk_prng){0};
    memcpy(s->prng.seed, s->seed, sizeof s->seed);
    mk_prng_fill(&s->prng, &seed, sizeof seed);
    s->phase = MK_PHASE_SIGN_IN;
    s->wait = MK_WAIT_NONE;
    s->looking = s->signed_in = s->meters_none = false;
    s->requests = s->questions = 0;
    s->bytes = 0;
    s->used = 0;
    s->code_sent = false;
    s->totp_step = json_integer_value(json_object_get(s->keep, "$totp_step"));
    mk_url_free(&s->base);
    s->jar = mk_jar_new(300);
    s->client = mk_client_new(s->engine->net, s->policy);
    return s->jar && s->client && mk_url_parse(&s->base, s->manifest->portal, strlen(s->manifest->portal)) == MK_OK &&
           mk_script_new(&s->script, &s->engine->limits.script, &owner, seed) == MK_OK;
}

void mk_session_teardown(mk_session *s)
{
    mk_exchange_cancel(s);
    if (s->script)
        s->cpu_before_us += mk_script_cpu_us(s->script);
    mk_page_unref(s->page);
    mk_page_unref(s->mark.page);
    mk_page_unref(s->ask.rejected);
    s->ask.rejected = s->page = s->mark.page = NULL;
    mk_script_free(s->script);
    s->script = NULL;
    s->thread = NULL;
    mk_client_free(s->client);
    s->client = NULL;
    mk_jar_free(s->jar);
    s->jar = NULL;
}

void mk_session_end_with(mk_session *s, mk_fault *fault)
{
    if (s->phase == MK_PHASE_OVER) {
        mk_fault_free(fault);
        return;
    }
    if (s->fault || s->phase == MK_PHASE_SIGN_OUT) { /* signing out changes nothing: what was read stands */
        mk_fault_free(fault);
    } else {
        s->fault = fault;
        json_decref(s->meters); /* none go with a fault, even one that could not be made */
        s->meters = NULL;
    }
    s->phase = MK_PHASE_OVER;
    mk_exchange_cancel(s);
    s->wait = MK_WAIT_NONE;
}

/* All secrets of the session for the mask; what is not secret for seeing it leave. */
static int mask_credentials(mk_session *s)
{
    int err = MK_OK;
    for (size_t i = 0; !err && i < s->credentials->count; i++) {
        const mk_credential *c = &s->credentials->list[i];
        err = c->secret ? mk_mask_add(s->mask, c->value, NULL) : mk_mask_add_name(s->mask, c->value);
        if (!err && c->secret)
            err = mk_mask_add(s->secrets, c->value, NULL);
        else if (!err && mk_secret_bytes(c->value).len >= 3)
            err = mk_mask_add(s->names, c->value, NULL);
    }
    const char *name;
    json_t *value;
    json_object_foreach(s->keep, name, value)
    {
        const char *text = json_string_value(json_object_get(value, "$secret"));
        mk_secret *secret = text && !err ? mk_secret_new(text, strlen(text)) : NULL;
        if (secret)
            err = mk_mask_add(s->mask, secret, NULL);
        if (secret && !err)
            err = mk_mask_add(s->secrets, secret, NULL);
        mk_secret_unref(secret);
    }
    return err;
}

/* Everything but script and journal. */
mk_session *mk_session_make(mk_engine *engine, const mk_session_input *input, mk_credentials *credentials, json_t *keep,
                            const mk_driver *driver, void *arg)
{
    mk_session *s = mk_calloc(1, sizeof *s);
    if (!s) {
        mk_credentials_free(credentials);
        json_decref(keep);
        return NULL;
    }
    s->engine = engine;
    s->driver = *driver;
    s->arg = arg;
    s->credentials = credentials;
    s->keep = keep;
    s->version = mk_version_ref((mk_version *)input->version);
    s->manifest = mk_version_manifest(s->version);
    s->transport = input->transport;
    s->transport_arg = input->transport_arg;
    s->human = input->human;
    s->fixed_clock = input->now_ms != 0;
    s->now_ms = input->now_ms ? input->now_ms : mk_clock_wall_ms();
    s->start_ms = s->now_ms;
    s->mono_start_us = mk_clock_mono_us();
    s->wall_left_ms = engine->limits.wall_ms;
    mk_buf_init(&s->dropped, engine->limits.session_bytes + MK_JOURNAL_SPARE);
    snprintf(s->mfa, sizeof s->mfa, "%s", input->mfa ? input->mfa : "");
    s->user_agent = mk_strdup(engine->user_agent);
    s->policy = mk_policy_new();
    s->mask = mk_mask_new();
    s->secrets = mk_mask_new();
    s->names = mk_mask_new();
    s->timer = mk_timer_new(engine->loop, on_timer, s);
    s->wall = mk_timer_new(engine->loop, on_wall, s);
    if (!credentials || !s->user_agent || !s->policy || !s->mask || !s->secrets || !s->names || !s->timer || !s->wall ||
        declare_hosts(s) != MK_OK || mask_credentials(s) != MK_OK) {
        mk_session_free(s);
        return NULL;
    }
    set_host(s);
    return s;
}

void mk_session_policy(mk_session *s)
{
    bool manifest = s->manifest->policy == MK_MFA_TURN_OFF;
    s->turn_off = s->mfa[0] ? strcmp(s->mfa, "turn_off") == 0 : manifest;
}

/* The first entry: what the session saw at its start and cannot see again. */
static int write_start(mk_session *s)
{
    mk_buf buf;
    mk_buf_init(&buf, 4096);
    int err = mk_record_bytes(&buf, s->seed, sizeof s->seed);
    if (!err)
        err = mk_record_text(&buf, s->mfa);
    if (!err)
        err = mk_record_text(&buf, s->user_agent);
    if (!err)
        err = mk_entry_write(s, MK_ENTRY_START, NULL, buf.data, buf.len);
    mk_buf_free(&buf);
    return err;
}

bool mk_session_read_start(mk_session *s)
{
    mk_bytes data, seed;
    mk_reader r;
    char *mfa = NULL, *agent = NULL;
    if (!mk_entry_read(s, MK_ENTRY_START, NULL, &data))
        return false;
    mk_reader_init(&r, data.data, data.len);
    seed = mk_reader_bytes(&r);
    bool ok = mk_reader_text(&r, &mfa) == MK_OK && mk_reader_text(&r, &agent) == MK_OK && mk_reader_done(&r) &&
              seed.len == sizeof s->seed && mfa && agent;
    if (ok) {
        memcpy(s->seed, seed.data, sizeof s->seed);
        snprintf(s->mfa, sizeof s->mfa, "%s", mfa);
        mk_free(s->user_agent);
        s->user_agent = agent;
        agent = NULL;
    }
    mk_free(mfa);
    mk_free(agent);
    mk_session_policy(s);
    return ok;
}

void mk_session_kick(mk_session *s)
{
    s->resume_fresh = true;
    mk_session_wall(s, true);
    mk_timer_start(s->timer, 0);
}

int mk_session_start(mk_session **out, mk_engine *engine, const mk_session_input *input, const mk_driver *driver, void *arg)
{
    if (!input->version || !input->credentials || !driver->end || !driver->challenge)
        return MK_EINVAL;
    json_t *keep = input->keep ? json_deep_copy(input->keep) : json_object();
    mk_session *s = mk_session_make(engine, input, mk_credentials_copy(input->credentials), keep, driver, arg);
    if (!s)
        return MK_ENOMEM;
    if (input->seed)
        memcpy(s->seed, input->seed, sizeof s->seed);
    else
        mk_random_fill(s->seed, sizeof s->seed);
    mk_session_policy(s);
    s->journal = mk_journal_new(engine->limits.session_bytes + MK_JOURNAL_SPARE);
    if (!s->journal || write_start(s) != MK_OK || !mk_session_setup(s)) {
        mk_session_free(s);
        return MK_ENOMEM;
    }
    mk_session_kick(s);
    *out = s;
    return MK_OK;
}

void mk_session_free(mk_session *s)
{
    if (!s)
        return;
    s->driver = (mk_driver){0};
    mk_session_teardown(s);
    mk_ask_clear(s);
    mk_timer_free(s->timer);
    mk_timer_free(s->wall);
    mk_journal_free(s->journal);
    mk_buf_free(&s->dropped);
    mk_policy_free(s->policy);
    mk_mask_free(s->mask);
    mk_mask_free(s->secrets);
    mk_mask_free(s->names);
    mk_credentials_free(s->credentials);
    json_decref(s->keep);
    json_decref(s->meters);
    json_decref(s->host.answer);
    mk_fault_free(s->host.fault);
    mk_fault_free(s->fault);
    mk_url_free(&s->base);
    mk_free(s->user_agent);
    mk_version_unref(s->version);
    explicit_bzero(s->seed, sizeof s->seed);
    mk_free(s);
}

/* Takes effect at the next safe place: a callback may stand in the middle of an exchange. */
void mk_session_cancel(mk_session *s)
{
    if (s->cancelled || s->phase == MK_PHASE_OVER)
        return;
    s->cancelled = true;
    if (!s->running) {
        s->resume_fresh = true;
        mk_timer_start(s->timer, 0);
    }
}

const json_t *mk_session_challenge(const mk_session *s)
{
    bool waits = s->wait == MK_WAIT_ANSWER || s->wait == MK_WAIT_PAUSE;
    return waits && s->ask.announced && !s->cancelled ? s->ask.challenge : NULL;
}

const mk_mask *mk_session_mask(const mk_session *s) { return s->mask; }
const mk_version *mk_session_version(const mk_session *s) { return s->version; }
int64_t mk_session_own_us(const mk_session *s) { return s->own_us; }

size_t mk_session_memory(const mk_session *s)
{
    size_t journal = s->journal ? mk_journal_bytes(s->journal) : s->dropped.len;
    if (!s->script)
        return journal;
    return journal + mk_script_account(s->script)->used + mk_script_lua_account(s->script)->used;
}
