/* timer.c - a timer that may outlive its session by one turn of the loop (layer session) */
#include "session/own.h"

struct mk_timer {
    uv_timer_t handle; /* first */
    void (*fire)(mk_session *);
    mk_session *session;
};

static void on_fire(uv_timer_t *handle)
{
    mk_timer *timer = (mk_timer *)handle;
    timer->fire(timer->session);
}

static void on_close(uv_handle_t *handle)
{
    mk_free(handle);
}

mk_timer *mk_timer_new(uv_loop_t *loop, void (*fire)(mk_session *), mk_session *session)
{
    mk_timer *timer = mk_calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    uv_timer_init(loop, &timer->handle);
    timer->fire = fire;
    timer->session = session;
    return timer;
}

void mk_timer_start(mk_timer *timer, int64_t ms)
{
    uv_update_time(timer->handle.loop);
    uv_timer_start(&timer->handle, on_fire, ms > 0 ? (uint64_t)ms : 0, 0);
}

void mk_timer_stop(mk_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void mk_timer_free(mk_timer *timer)
{
    if (!timer)
        return;
    uv_timer_stop(&timer->handle);
    uv_close((uv_handle_t *)&timer->handle, on_close);
}
