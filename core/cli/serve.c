/* serve.c - the command `serve` (layer cli) */
#include "service/service.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/serving.h"
#include "service/config.h"
#include "service/systemd.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { SIGNALS = 3 };

typedef struct serving {
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    mk_service *service;
} serving;

static int print_config(void)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    int err = mk_config_print(&text);
    if (!err)
        fwrite(text.data, 1, text.len, stdout);
    mk_buf_free(&text);
    return err ? 1 : 0;
}

static void on_stopped(void *arg)
{
    serving *self = arg;
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&self->signals[i], NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    serving *self = signal->data;
    if (number == SIGHUP)
        mk_service_reload(self->service);
    else {
        mk_systemd_notify("STOPPING=1\nSTATUS=finishing or parking what runs");
        mk_service_stop(self->service, on_stopped, self);
    }
}

static void watch_signals(serving *self)
{
    static const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&self->loop, &self->signals[i]);
        self->signals[i].data = self;
        uv_signal_start(&self->signals[i], on_signal, numbers[i]);
    }
}

static void tell_ready(const mk_service *service)
{
    char text[200];
    snprintf(text, sizeof text, "READY=1\nSTATUS=at %s", mk_service_url(service));
    mk_systemd_notify(text);
}

static void set_log(const json_t *config)
{
    const char *wanted = mk_config_text(config, "log_level");
    for (int i = MK_LOG_DEBUG; i <= MK_LOG_OFF; i++)
        if (wanted && strcmp(wanted, mk_log_level_name((enum mk_log_level)i)) == 0)
            mk_log_set((enum mk_log_level)i, NULL, NULL);
}

static int serve(const mk_args *args, const json_t *config)
{
    serving self = { .service = NULL };
    char why[MK_SERVICE_WHY] = "";
    if (uv_loop_init(&self.loop))
        return mk_args_say(args, 1, "no event loop");
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL); /* a file that may not grow is a full disk */
    int err = mk_service_start(&self.service, &self.loop, config, why);
    if (!err) {
        watch_signals(&self);
        printf("Meterkey is at %s\n", mk_service_url(self.service));
        fflush(stdout);
        tell_ready(self.service);
    }
    uv_run(&self.loop, UV_RUN_DEFAULT);
    mk_service_free(self.service);
    uv_run(&self.loop, UV_RUN_DEFAULT);
    uv_loop_close(&self.loop);
    return err ? mk_args_say(args, err == MK_EPARSE ? 2 : 1, "%s", *why ? why : mk_err_text(err)) : 0;
}

int mk_cmd_serve(const mk_args *args)
{
    json_t *config = NULL;
    if (mk_args_has(args, "--print-config"))
        return print_config();
    int status = mk_serving_config(&config, args);
    if (status)
        return status;
    set_log(config);
    status = serve(args, config);
    json_decref(config);
    return status;
}
