/* command.c - an operator's command on the store, in a process of its own (layer service) */
#include "base/err.h"
#include "service/own.h"

#include <stdio.h>

typedef struct running {
    bool done;
    json_t *result;
    char *why;
} running;

static void on_done(void *arg, const json_t *result, const char *error)
{
    running *self = arg;
    self->done = true;
    self->result = json_incref((json_t *)(uintptr_t)result);
    if (error)
        snprintf(self->why, MK_SERVICE_WHY, "%s", error);
}

/* Until the handler is through, which may wait for a password's hash. */
static void run(mk_service *service, uv_loop_t *loop, json_t *message, running *self)
{
    mk_unit_run(service, "command", message, false, on_done, self);
    mk_unit_settle(service);
    while (!self->done && uv_run(loop, UV_RUN_ONCE))
        mk_unit_settle(service);
    mk_unit_settle(service);
}

int mk_service_command(const json_t *config, json_t *message, json_t **result, char *why)
{
    uv_loop_t loop;
    mk_service *service = NULL;
    running self = { .why = why };
    if (uv_loop_init(&loop)) {
        json_decref(message);
        return MK_ENOMEM;
    }
    int err = mk_service_open(&service, &loop, config, false, why);
    if (err)
        json_decref(message);
    else
        run(service, &loop, message, &self);
    mk_service_free(service);
    uv_loop_close(&loop);
    if (!err && !self.result)
        err = MK_EIO;
    *result = self.result;
    return err;
}
