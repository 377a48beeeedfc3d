/* run.c - resuming the script for as long as nothing from outside is needed (layer session) */
#include "base/clock.h"
#include "base/err.h"
#include "session/own.h"
#include <string.h>

/* Begins what the script now waits for; may be over at once. */
static void begin_wait(mk_session *s)
{
    if (mk_session_must_end(s) || s->phase == MK_PHASE_OVER) {
        s->wait = MK_WAIT_NONE;
        return;
    }
    switch (s->wait) {
    case MK_WAIT_FETCH: mk_exchange_begin(s); break;
    case MK_WAIT_SLEEP: mk_clock_begin(s); break;
    case MK_WAIT_PAUSE:
    case MK_WAIT_ANSWER: mk_ask_begin(s); break;
    case MK_WAIT_NONE: break;
    }
    if (s->wait != MK_WAIT_ANSWER && s->wait != MK_WAIT_PAUSE && !s->wall_since_us && s->phase != MK_PHASE_OVER)
        mk_session_wall(s, true);
}

static mk_fault *copy_ended(mk_session *s)
{
    mk_fault *ended = mk_script_ended(s->script);
    if (!ended)
        return mk_fault_new("policy.budget", "out of memory");
    mk_fault *copy = mk_fault_new(ended->kind->code, "%s", ended->message);
    if (!copy)
        return NULL;
    copy->script = ended->script ? mk_strdup(ended->script) : NULL;
    copy->help_url = ended->help_url ? mk_strdup(ended->help_url) : NULL;
    copy->help_text = ended->help_text ? mk_strdup(ended->help_text) : NULL;
    copy->evidence = ended->evidence ? json_deep_copy(ended->evidence) : NULL;
    return copy;
}

/* sign_out is tried once if sign_in succeeded, never at a park, its outcome ignored. */
static void begin_sign_out(mk_session *s)
{
    mk_session_wall(s, false);
    s->phase = MK_PHASE_SIGN_OUT;
    s->thread = NULL;
    s->wall_left_ms = s->engine->limits.sign_out_ms;
    mk_session_wall(s, true);
    mk_script_budget_anew(s->script);
}

/* What is blamed on the adapter when memory ran out is not its fault; what the portal said stays said. */
static mk_fault *blame(mk_session *s, mk_fault *fault)
{
    if (s->refused == mk_mem_refused() || (fault && strncmp(fault->kind->code, "adapter.", 8) != 0))
        return fault;
    mk_fault_free(fault);
    return mk_fault_new("policy.budget", "out of memory");
}

static void failed(mk_session *s, mk_fault *fault)
{
    fault = blame(s, fault);
    if (s->phase >= MK_PHASE_SIGN_OUT) { /* how it ended stands already */
        mk_fault_free(fault);
        s->phase = MK_PHASE_OVER;
        return;
    }
    s->fault = fault;
    json_decref(s->meters); /* none go with a fault, even one that could not be made */
    s->meters = NULL;
    if (s->phase == MK_PHASE_METERS && s->signed_in && s->manifest->has_sign_out && !mk_script_ended(s->script))
        begin_sign_out(s);
    else
        s->phase = MK_PHASE_OVER;
}

/* Whoever watches waits longest now, and no adapter has to say so. */
static void tell_signed_in(mk_session *s)
{
    static const char text[] = "Signed in. The meters are being read.";
    s->host.progress(&s->host, text, sizeof text - 1);
}

static void phase_over(mk_session *s)
{
    mk_ask_clear(s);
    s->thread = NULL;
    if (s->phase == MK_PHASE_SIGN_IN) {
        s->signed_in = true;
        s->looking = false;
        s->phase = MK_PHASE_METERS;
        tell_signed_in(s);
    } else if (s->phase == MK_PHASE_METERS) {
        mk_fault *fault = mk_meters_check(s->meters, s->meters_none, s->manifest);
        if (mk_session_must_end(s)) {
            mk_fault_free(fault);
            return;
        }
        if (fault) {
            failed(s, fault);
            return;
        }
        if (!json_is_array(s->meters)) {
            json_decref(s->meters);
            s->meters = json_array();
        }
        if (mk_session_must_end(s))
            return;
        if (s->manifest->has_sign_out)
            begin_sign_out(s);
        else
            s->phase = MK_PHASE_OVER;
    } else {
        s->phase = MK_PHASE_OVER;
    }
}

static bool begin_phase(mk_session *s)
{
    s->thread = mk_script_thread(s->script);
    if (!s->thread) {
        failed(s, mk_fault_new("policy.budget", "out of memory"));
        return false;
    }
    lua_pushcfunction(s->thread, mk_phase_main);
    return true;
}

static void resume(mk_session *s)
{
    int results = 0;
    if (!s->thread && !begin_phase(s))
        return;
    switch (mk_script_resume(s->script, s->thread, 0, &results)) {
    case MK_SCRIPT_DONE: phase_over(s); break;
    case MK_SCRIPT_WAITS: begin_wait(s); break;
    case MK_SCRIPT_FAILED: failed(s, mk_script_to_fault(s->thread, -1)); break;
    case MK_SCRIPT_ENDED: failed(s, copy_ended(s)); break;
    }
}

/* When there is no memory to say so. Shared by all; never freed. */
static const mk_fault *last_word(void)
{
    static mk_fault fault;
    static char message[] = "out of memory";
    fault.kind = mk_fault_find("policy.budget");
    fault.message = message;
    return &fault;
}

/* What s.keep holds now. Half of it would be worse than none. */
static void read_keep(mk_session *s)
{
    mk_fault *before = s->fault;
    s->refused = mk_mem_refused();
    if (s->script)
        mk_phase_read_keep(s);
    if (s->totp_step)
        json_object_set_new(s->keep, "$totp_step", json_integer(s->totp_step));
    if (s->refused == mk_mem_refused() || before)
        return;
    mk_fault_free(s->fault);
    json_decref(s->meters);
    s->meters = NULL;
    s->fault = mk_fault_new("policy.budget", "out of memory for what is kept");
}

static void tell_end(mk_session *s)
{
    mk_session_wall(s, false);
    mk_timer_stop(s->timer);
    read_keep(s);
    mk_session_end end = {.requests = s->requests, .keep = s->keep, .used = s->used, .signed_in = s->signed_in};
    end.cpu_us = s->cpu_before_us + (s->script ? mk_script_cpu_us(s->script) : 0);
    end.elapsed_ms = (mk_clock_mono_us() - s->mono_start_us) / 1000;
    if (s->fault)
        mk_outcome_mask(s, s->fault);
    if (!s->fault)
        end.meters = s->meters;
    end.fault = s->fault;
    if (!end.meters && !end.fault)
        end.fault = last_word();
    mk_driver driver = s->driver;
    s->driver.end = NULL;
    if (driver.end)
        driver.end(s->arg, s, &end);
}

void mk_session_run(mk_session *s)
{
    if (s->running)
        return;
    int64_t since = mk_clock_mono_us();
    s->running = true;
    while (!mk_session_must_end(s) && s->phase != MK_PHASE_OVER && s->wait == MK_WAIT_NONE && s->script)
        resume(s);
    s->running = false;
    s->own_us += mk_clock_mono_us() - since;
    if (s->phase == MK_PHASE_OVER && s->driver.end)
        tell_end(s);
}
