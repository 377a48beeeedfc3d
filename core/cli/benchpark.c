/* benchpark.c - how much memory a parked session takes (layer cli) */
#include "cli/bench.h"

#include "base/err.h"
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>

typedef struct field {
    const mk_bench_input *in;
    mk_session **sessions;
    long count, begun, settled, dropped;
    uv_timer_t timer; /* a session is dropped and begun outside of its callbacks */
    mk_session **waiting;
    long waits;
} field;

/* Dropping and starting happen from the loop, never inside a session's callback. */
static void on_timer(uv_timer_t *timer);

static void later(field *self)
{
    uv_timer_start(&self->timer, on_timer, 0, 0);
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    field *self = arg;
    (void)challenge;
    if (again || self->waits >= self->count)
        return;
    self->waiting[self->waits++] = session;
    later(self);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    field *self = arg;
    (void)session;
    (void)end;
    self->settled++;
    later(self);
}

static void begin_more(field *self)
{
    static const mk_driver driver = { .challenge = on_challenge, .end = on_end };
    const mk_session_input input = { .version = self->in->version, .credentials = self->in->credentials,
                                     .mfa = self->in->shared->mfa, .human = true };
    while (self->begun < self->count && self->begun - self->settled < self->in->concurrency) {
        mk_session **session = &self->sessions[self->begun++];
        if (mk_session_start(session, self->in->engine, &input, &driver, self) != MK_OK) {
            *session = NULL;
            self->settled++;
        }
    }
}

static void on_timer(uv_timer_t *timer)
{
    field *self = timer->data;
    while (self->waits) {
        self->dropped += mk_session_drop(self->waiting[--self->waits]) == MK_OK;
        self->settled++;
    }
    begin_more(self);
}

static void free_all(field *self, uv_loop_t *loop)
{
    for (long i = 0; self->sessions && i < self->begun; i++)
        if (self->sessions[i])
            mk_session_free(self->sessions[i]);
    mk_free(self->sessions);
    mk_free(self->waiting);
    uv_close((uv_handle_t *)&self->timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

json_t *mk_bench_parked(const mk_bench_input *input, uv_loop_t *loop, long count)
{
    field self = { .in = input, .count = count };
    json_t *result = NULL;
    if (count <= 0 || uv_timer_init(loop, &self.timer) != 0)
        return json_null();
    self.timer.data = &self;
    self.sessions = mk_calloc((size_t)count, sizeof *self.sessions);
    self.waiting = mk_calloc((size_t)count, sizeof *self.waiting);
    if (self.sessions && self.waiting) {
        malloc_trim(0);
        const long before = mk_bench_rss();
        begin_more(&self);
        while (self.settled < self.count && uv_run(loop, UV_RUN_ONCE))
            ;
        malloc_trim(0);
        if (self.dropped)
            result = json_real((double)(mk_bench_rss() - before) / (double)self.dropped);
    }
    free_all(&self, loop);
    return result ? result : json_null();
}
