/* driverun.c - one session on a loop of its own, signals seen to (layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/drive.h"
#include "cli/tty.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 3 };

typedef struct alone {
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    mk_drive *drive;
    mk_drive_result *result;
    bool finished, interrupted;
} alone;

static void on_done(void *arg, mk_drive_result *result)
{
    alone *self = arg;
    *self->result = *result;
    self->finished = true;
    uv_stop(&self->loop);
}

/* Once: the session ends and says so. Twice: at once. */
static void on_signal(uv_signal_t *signal, int number)
{
    alone *self = signal->data;
    if (self->interrupted) {
        mk_tty_show();
        _exit(128 + number);
    }
    self->interrupted = true;
    if (self->drive && !self->finished)
        mk_drive_cancel(self->drive);
}

static void watch_signals(alone *self)
{
    static const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&self->loop, &self->signals[i]);
        self->signals[i].data = self;
        uv_signal_start(&self->signals[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&self->signals[i]);
    }
}

static void unwatch_signals(alone *self)
{
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&self->signals[i], NULL);
}

int mk_drive_engine(mk_engine **out, uv_loop_t *loop, const mk_shared *shared)
{
    char why[300] = "";
    int err = mk_engine_new(out, loop, &shared->engine, why, sizeof why);
    if (!err)
        return 0;
    fprintf(stderr, "meterkey: %s\n", *why ? why : mk_err_text(err));
    return err == MK_ENOMEM ? 1 : 2;
}

static int run(alone *self, mk_engine *engine, const mk_drive_input *input)
{
    char why[500] = "";
    int err = mk_drive_start(&self->drive, engine, input, on_done, self, why, sizeof why);
    if (err) {
        fprintf(stderr, "meterkey: %s\n", why);
        return err == MK_ENOMEM ? 1 : 2;
    }
    uv_run(&self->loop, UV_RUN_DEFAULT);
    if (self->finished)
        return self->result->status;
    fprintf(stderr, "meterkey: the session neither ended nor waits for anything\n");
    return 1;
}

int mk_drive_run(mk_drive_result *result, const mk_drive_input *input)
{
    alone self = { .result = result };
    mk_engine *engine = NULL;
    *result = (mk_drive_result){ .status = 1 };
    if (uv_loop_init(&self.loop) != 0) {
        fprintf(stderr, "meterkey: no event loop\n");
        return 1;
    }
    result->status = mk_drive_engine(&engine, &self.loop, input->shared);
    if (!result->status) {
        watch_signals(&self);
        result->status = run(&self, engine, input);
        unwatch_signals(&self);
        mk_engine_free(engine);
    }
    uv_run(&self.loop, UV_RUN_DEFAULT);
    uv_loop_close(&self.loop);
    return result->status;
}
