/* benchpark.c - how much memory a waiting session takes: dropped, and parked in a file (layer cli) */
#include "cli/bench.h"

#include "base/buf.h"
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
    size_t bytes; /* of all that were parked */
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

/* What stays in memory of a session that lies in a file: where. */
typedef struct place {
    char id[32];
    long offset;
    size_t len;
} place;

static int park_one(field *self, FILE *file, place *out, mk_session **session)
{
    mk_buf bytes;
    mk_buf_init(&bytes, 128 << 20);
    const json_t *challenge = mk_session_challenge(*session);
    int err = challenge ? mk_session_park(*session, &bytes) : MK_ECLOSED;
    if (!err) {
        snprintf(out->id, sizeof out->id, "%s", json_string_value(json_object_get(challenge, "id")));
        out->offset = ftell(file);
        out->len = bytes.len;
        err = fwrite(bytes.data, 1, bytes.len, file) == bytes.len ? MK_OK : MK_EIO;
    }
    mk_buf_free(&bytes);
    self->bytes += err ? 0 : out->len;
    mk_session_free(*session);
    *session = NULL;
    return err;
}

/* Writes all to a file that has no name, as a store would keep them, and frees them. How many went. */
static long park_all(field *self, place *places)
{
    FILE *file = tmpfile();
    long parked = 0;
    for (long i = 0; file && i < self->begun; i++)
        if (self->sessions[i] && park_one(self, file, &places[parked], &self->sessions[i]) == MK_OK)
            parked++;
    if (file)
        fclose(file);
    return parked;
}

static double kib_each(long before, long count)
{
    malloc_trim(0);
    return (double)(mk_bench_rss() - before) / (double)count;
}

static int measure(field *self, uv_loop_t *loop, json_t *result)
{
    malloc_trim(0);
    const long before = mk_bench_rss();
    begin_more(self);
    while (self->settled < self->count && uv_run(loop, UV_RUN_ONCE))
        ;
    if (!self->dropped)
        return MK_ENOENT;
    const double dropped = kib_each(before, self->dropped);
    place *places = mk_calloc((size_t)self->count, sizeof *places);
    const long parked = places ? park_all(self, places) : 0;
    uv_run(loop, UV_RUN_NOWAIT); /* handles of what was freed close */
    if (parked) {
        json_object_set_new(result, "rss_kib_dropped", json_real(dropped));
        json_object_set_new(result, "rss_kib_parked", json_real(kib_each(before, parked)));
        json_object_set_new(result, "file_kib_parked", json_real((double)self->bytes / 1024 / (double)parked));
    }
    mk_free(places);
    return MK_OK;
}

void mk_bench_parked(const mk_bench_input *input, uv_loop_t *loop, long count, json_t *result)
{
    field self = { .in = input, .count = count };
    json_object_set_new(result, "rss_kib_parked", json_null());
    if (count <= 0 || uv_timer_init(loop, &self.timer) != 0)
        return;
    self.timer.data = &self;
    self.sessions = mk_calloc((size_t)count, sizeof *self.sessions);
    self.waiting = mk_calloc((size_t)count, sizeof *self.waiting);
    if (self.sessions && self.waiting)
        measure(&self, loop, result);
    free_all(&self, loop);
}
