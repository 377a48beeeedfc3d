/* budget.c - CPU limits of a running script (layer script)
 *
 * No hook runs in the normal case: a count hook costs half the speed. A timer on the CPU clock of
 * this thread fires when the budget is used up; its handler only sets a count hook on the coroutine that runs.
 * The hook sees what was really used and ends the session: by a yield, which no pcall can catch, where one is possible. */
#include "base/clock.h"
#include "base/err.h"
#include "script/impl.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* The timer of one thread; made at its first resume, again after a fork. */
typedef struct thread_timer {
    timer_t id;
    pid_t tid; /* 0: not made */
    mk_script *volatile script;
} thread_timer;

static __thread thread_timer timer;
static pthread_key_t timer_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int signal_number(void)
{
    return SIGRTMIN + 7;
}

/* Async-signal-safe as lua_sethook is (lua.c relies on the same). */
static void on_timer(int number)
{
    (void)number;
    mk_script *script = timer.script;
    if (!script)
        return; /* it came late: nobody runs any more */
    mk_script_attend(script);
}

static void drop_timer(void *made)
{
    thread_timer *mine = made;
    if (mine->tid == gettid())
        timer_delete(mine->id);
    mine->tid = 0;
}

static void install(void)
{
    struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number(), &action, NULL) != 0 || pthread_key_create(&timer_key, drop_timer) != 0)
        abort(); /* without limits nothing may run */
}

static void make_timer(pid_t tid)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal_number() };
    sigset_t set;
    pthread_once(&once, install);
    event.sigev_notify_thread_id = tid;
    sigemptyset(&set);
    sigaddset(&set, signal_number());
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer.id) != 0)
        abort();
    timer.tid = tid;
    pthread_setspecific(timer_key, &timer);
}

static int64_t total_used(const mk_script *script, int64_t now)
{
    return script->before - script->forgiven + (script->in_resume ? now - script->begun : 0);
}

/* What is left of the smaller of the two budgets. */
static int64_t left_us(const mk_script *script)
{
    const int64_t now = mk_clock_cpu_us();
    const int64_t burst = script->limits.burst_us - (now - script->begun - script->paused);
    const int64_t total = script->limits.total_us - total_used(script, now);
    return burst < total ? burst : total;
}

static void set_timer(int64_t us)
{
    const struct itimerspec when = { .it_value = { us / 1000000, us % 1000000 * 1000 } };
    timer_settime(timer.id, 0, &when, NULL);
}

void mk_script_arm(mk_script *script)
{
    const pid_t tid = gettid();
    if (timer.tid != tid)
        make_timer(tid);
    timer.script = script;
    const int64_t left = left_us(script);
    if (left > 0)
        set_timer(left);
    else
        mk_script_attend(script);
}

void mk_script_disarm(void)
{
    timer.script = NULL;
    set_timer(0);
}

void mk_script_attend(mk_script *script)
{
    script->expired = 1;
    lua_sethook(script->running, mk_script_hook, LUA_MASKCOUNT, 1);
}

int64_t mk_script_cpu_us(const mk_script *script)
{
    return script->before + (script->in_resume ? mk_clock_cpu_us() - script->begun : 0);
}

void mk_script_budget_anew(mk_script *script)
{
    script->forgiven = mk_script_cpu_us(script);
}

/* The pauses of works within works are not added twice: what begin gives holds what was paused before. */
int64_t mk_script_work_begin(lua_State *L)
{
    return mk_clock_cpu_us() - mk_script_of(L)->paused;
}

void mk_script_work_end(lua_State *L, int64_t begun)
{
    mk_script_of(L)->paused = mk_clock_cpu_us() - begun;
}

mk_fault *mk_script_budget_fault(const char *limit, const char *text)
{
    mk_fault *fault = mk_fault_new("policy.budget", "%s", text);
    if (fault)
        mk_fault_evidence(fault, "limit", json_string(limit));
    return fault;
}

bool mk_script_set_end(mk_script *script, mk_fault *fault)
{
    if (script->ended) {
        mk_fault_free(fault);
        return false;
    }
    script->ended = true;
    script->fault = fault;
    script->lua.limit += MK_SCRIPT_RESERVE;
    return true;
}

/* With the place where L stands. */
static mk_fault *placed(lua_State *L, mk_fault *fault)
{
    char where[128];
    mk_script_where(L, where, sizeof where);
    if (fault && *where)
        fault->script = mk_strdup(where);
    return fault;
}

/* Ends for time or memory if either is used up; true if the session is over. */
static bool judge(mk_script *script, lua_State *L)
{
    char text[120];
    const int64_t now = mk_clock_cpu_us();
    if (script->ended)
        return true;
    const char *limit = "cpu";
    if (script->refused > MK_SCRIPT_REFUSALS) {
        limit = "memory";
        snprintf(text, sizeof text, "needs more than %zu KiB of memory", script->limits.lua_bytes / 1024);
    } else if (total_used(script, now) >= script->limits.total_us) {
        snprintf(text, sizeof text, "used more than %lld ms of CPU in all", (long long)script->limits.total_us / 1000);
    } else if (now - script->begun - script->paused >= script->limits.burst_us) {
        snprintf(text, sizeof text, "used more than %lld ms of CPU without waiting",
                 (long long)script->limits.burst_us / 1000);
    } else {
        return false;
    }
    mk_script_set_end(script, placed(L, mk_script_budget_fault(limit, text)));
    return true;
}

/* Not over yet. A timer that fired just before the hook was taken away must fire again. */
static void go_on(mk_script *script, lua_State *L, bool fired)
{
    lua_sethook(L, NULL, 0, 0);
    if (!fired && !script->expired)
        return;
    const int64_t left = left_us(script);
    set_timer(left > 0 ? left : 1);
}

void mk_script_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    mk_script *script = mk_script_of(L);
    const bool expired = script->expired;
    script->expired = 0;
    if (judge(script, L)) {
        script->expired = 1;
        mk_script_stop(L); /* in a hook a yield comes back here, and takes effect when the hook returns */
        return;
    }
    go_on(script, L, expired);
}

void mk_script_poll(lua_State *L)
{
    mk_script *script = mk_script_of(L);
    if (!script->expired && !script->ended)
        return;
    if (judge(script, L))
        mk_script_stop(L);
    script->expired = 0;
    go_on(script, L, true);
}

/* Where it cannot yield, the error unwinds through the script's own __close functions; the hook
 * ends each at its first instruction. */
int mk_script_stop(lua_State *L)
{
    lua_sethook(L, mk_script_hook, LUA_MASKCOUNT, 1);
    if (lua_isyieldable(L))
        return lua_yield(L, 0);
    lua_pushlightuserdata(L, mk_script_of(L));
    return lua_error(L);
}

void mk_script_end_memory(lua_State *L)
{
    char text[80];
    mk_script *script = mk_script_of(L);
    if (script->ended)
        return;
    snprintf(text, sizeof text, "needs more than %zu KiB of memory", script->limits.lua_bytes / 1024);
    mk_script_set_end(script, placed(L, mk_script_budget_fault("memory", text)));
}

void mk_script_check(lua_State *L, int status)
{
    const mk_script *script = mk_script_of(L);
    if (status == LUA_ERRMEM)
        mk_script_end_memory(L);
    if (script->ended)
        mk_script_stop(L);
}

int mk_script_end(lua_State *L, mk_fault *fault)
{
    mk_script_set_end(mk_script_of(L), fault && !fault->script ? placed(L, fault) : fault);
    return mk_script_stop(L);
}

int mk_script_over(lua_State *L, const char *limit, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mk_script_end(L, placed(L, mk_script_budget_fault(limit, text)));
}
