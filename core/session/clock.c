/* clock.c - time, waits and random numbers of a session, through its journal (layer session) */
#include "base/clock.h"
#include "base/err.h"
#include "session/own.h"

static mk_session *of(mk_host *host)
{
    return (mk_session *)host;
}

int64_t mk_session_clock(const mk_session *s)
{
    return s->fixed_clock ? s->now_ms : mk_clock_wall_ms();
}

static mk_fault *host_now(mk_host *host, int64_t *ms)
{
    mk_session *s = of(host);
    mk_bytes none;
    if (mk_journal_replaying(s->journal)) {
        if (!mk_entry_read(s, MK_ENTRY_CLOCK, NULL, &none)) /* ended by that; this only stops the script */
            return mk_fault_new("engine.replay_diverged", "the clock was not read here when it was recorded");
    } else if (mk_entry_write(s, MK_ENTRY_CLOCK, NULL, "", 0) != MK_OK) {
        return mk_fault_new("policy.budget", "the journal is full");
    }
    *ms = s->now_ms;
    return NULL;
}

static void host_random(mk_host *host, void *out, size_t len)
{
    mk_prng_fill(&of(host)->prng, out, len);
}

static void host_sleep(mk_host *host, int64_t ms, bool silent)
{
    mk_session *s = of(host);
    if (silent && ms < s->engine->limits.poll_ms)
        ms = s->engine->limits.poll_ms;
    s->sleep_ms = ms;
    s->wait = silent ? MK_WAIT_PAUSE : MK_WAIT_SLEEP;
}

static int64_t host_jar_now(mk_host *host)
{
    return of(host)->now_ms / 1000;
}

void mk_clock_host(mk_host *host)
{
    host->now = host_now;
    host->random = host_random;
    host->sleep = host_sleep;
    host->jar_now = host_jar_now;
}

static void slept(mk_session *s)
{
    if (mk_entry_write(s, MK_ENTRY_WAIT, NULL, "", 0) != MK_OK) {
        mk_session_end_with(s, mk_fault_new("policy.budget", "the journal is full"));
        return;
    }
    s->wait = MK_WAIT_NONE;
}

void mk_clock_begin(mk_session *s)
{
    mk_bytes none;
    if (mk_journal_replaying(s->journal)) {
        if (mk_entry_read(s, MK_ENTRY_WAIT, NULL, &none))
            s->wait = MK_WAIT_NONE;
    } else if (s->fixed_clock) {
        s->now_ms += s->sleep_ms;
        slept(s);
    } else {
        mk_timer_start(s->timer, s->sleep_ms);
    }
}

void mk_clock_timer(mk_session *s)
{
    slept(s);
    mk_session_run(s);
}
