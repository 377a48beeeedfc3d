/* service.c - the service's life: start, tick, stop (layer service) */
#include "service/own.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/pool.h"
#include "service/systemd.h"

#include <stdio.h>
#include <string.h>

enum { BEAT_MS = 100, TICK_BEATS = 10, KEEP_TICKS = 15, FOLD_BEATS = 50, TIDY_BEATS = 200, LONG_LOG = 4096, STOP_MS = 50, STOP_US = 10000000, DRAIN_US = 1000000 };

static void on_turn(uv_prepare_t *prepare)
{
    mk_unit_turn(prepare->data);
}

/* `meterkey key rotate` works beside us: from then on the new key seals. */
static void refresh_keys(mk_service *service)
{
    char file[4096], why[MK_STORE_WHY] = "";
    int err = mk_keys_file(service->config, file, sizeof file);
    if (!err)
        err = mk_keys_refresh(&service->keys, service->store, file, why);
    if (err && !service->keys_stale)
        mk_log(MK_LOG_ERROR, "keys", "a new key cannot be read, the old ones stay in use: %s", *why ? why : mk_err_text(err));
    service->keys_stale = err != MK_OK;
}

static void on_fold(uv_work_t *work)
{
    mk_service *service = work->data;
    (void)mk_store_log_fold(service->store); /* what it leaves, the next one copies, or mk_store_tidy */
}

static void on_folded(uv_work_t *work, int status)
{
    mk_service *service = work->data;
    (void)status;
    service->folding = false;
    mk_unit_settle(service);
    mk_store_log_finish(service->store);
    if (!service->tidying)
        return;
    service->tidying = !mk_store_tidy(service->store); /* what was deleted leaves the log, too; there is little left to copy */
}

/* Beside the loop, every few seconds or where the log is long. */
static void fold_log(mk_service *service, unsigned beats)
{
    const size_t pages = mk_store_log_pages(service->store);
    service->tidying |= beats % TIDY_BEATS == 0;
    if (service->folding || !pages || (beats % FOLD_BEATS && pages < LONG_LOG))
        return;
    service->fold.data = service;
    service->folding = uv_queue_work(service->loop, &service->fold, on_fold, on_folded) == 0;
}

static void tick(mk_service *service, unsigned ticks)
{
    if (mk_systemd_watchdog())
        mk_systemd_notify("WATCHDOG=1");
    mk_unit_retry(service);
    mk_pool_tick(service->pool);
    refresh_keys(service);
    if (ticks % KEEP_TICKS == 0)
        mk_stream_keep(service);
}

/* What is done by the clock comes in small pieces: a customer's message waits for the one that runs. */
static void on_beat(uv_timer_t *timer)
{
    mk_service *service = timer->data;
    static unsigned beats;
    const bool second = ++beats % TICK_BEATS == 0;
    if (second)
        tick(service, beats / TICK_BEATS);
    fold_log(service, beats);
    if (service->turned && (service->again || service->done))
        return; /* the disk is not back */
    if (second)
        mk_unit_run_patient(service, "tick", json_object(), false);
    else if (service->has_beat)
        mk_unit_run_patient(service, "beat", json_object(), false);
}

/* --- start -------------------------------------------------------------------------- */

static int open_store(mk_service *service, bool claim, char *why)
{
    const char *url = mk_config_text(service->config, "store");
    int err = mk_store_open(&service->store, url ? url : "", true, why);
    if (!err && claim)
        err = mk_store_claim(service->store, why);
    return err ? err : mk_store_migrate(service->store, 0, NULL, why);
}

static int open_keys(mk_service *service, char *why)
{
    char file[4096];
    const int err = mk_keys_file(service->config, file, sizeof file);
    return err ? err : mk_keys_open(&service->keys, service->store, file, true, why);
}

static int open_app(mk_service *service, char *why)
{
    const mk_app_options options = { .overlay = mk_config_text(service->config, "runtime"), .entries = mk_host_entries,
                                     .config = service->config, .arg = service };
    return mk_app_new(&service->app, &options, why);
}

static int open_port(mk_service *service, char *why)
{
    const char *listen = mk_config_text(service->config, "listen");
    const mk_httpd_limits limits = { .connections = (unsigned)mk_config_number(service->config, "connections"),
                                     .per_address = (unsigned)mk_config_number(service->config, "connections_per_address"),
                                     .body_bytes = (size_t)mk_config_number(service->config, "body_bytes"),
                                     .bodies_bytes = (size_t)mk_config_number(service->config, "bodies_bytes") };
    int err = mk_httpd_start(&service->httpd, service->loop, listen ? listen : "", &limits, mk_web_request, service);
    if (err)
        snprintf(why, MK_SERVICE_WHY, "%.200s: %s", listen ? listen : "", err == MK_EPARSE ? "this is not ADDR:PORT"
                 : err == MK_EEXIST ? "the port is in use" : err == MK_ENOENT ? "no socket was handed over"
                 : err == MK_EPOLICY ? "not an address that may be used here" : mk_err_text(err));
    return err;
}

typedef struct starting {
    bool failed;
    char *why;
} starting;

static void on_started(void *arg, const json_t *result, const char *error)
{
    starting *s = arg;
    (void)result;
    s->failed = error != NULL;
    if (error)
        snprintf(s->why, MK_SERVICE_WHY, "%s", error);
}

/* What a crash left is put right before anybody asks. */
static int run_start(mk_service *service, char *why)
{
    starting s = { .why = why };
    mk_unit_run(service, "start", json_object(), false, on_started, &s);
    mk_unit_settle(service);
    return s.failed ? MK_EIO : MK_OK;
}

static void begin_turns(mk_service *service)
{
    uv_prepare_init(service->loop, &service->turn);
    uv_timer_init(service->loop, &service->patience);
    uv_timer_init(service->loop, &service->beat);
    service->has_beat = mk_app_has(service->app, "beat");
    service->patience.data = service->turn.data = service->beat.data = service;
    uv_prepare_start(&service->turn, on_turn);
    uv_timer_start(&service->beat, on_beat, BEAT_MS, BEAT_MS);
}

static void on_failed(void *arg)
{
    mk_service_free(arg);
}

/* Once there are handles on the loop it takes a turn to be rid of them. */
static int begin(mk_service *service, char *why)
{
    int err = open_port(service, why);
    if (err) {
        mk_service_free(service);
        return err;
    }
    err = mk_pool_new(&service->pool, service);
    if (!err)
        err = mk_outbound_new(&service->outbound, service, why);
    if (!err)
        err = run_start(service, why);
    if (!err) {
        begin_turns(service);
        if (mk_adapters_start(&service->adapters, service))
            mk_log(MK_LOG_ERROR, "adapters", "out of memory: changes of adapters are not seen");
        return MK_OK;
    }
    service->stopping = true;
    mk_httpd_stop(service->httpd);
    if (service->pool)
        mk_pool_stop(service->pool, on_failed, service);
    else
        mk_service_free(service);
    return err;
}

int mk_service_open(mk_service **out, uv_loop_t *loop, const json_t *config, bool claim, char *why)
{
    mk_service *service = mk_calloc(1, sizeof *service);
    if (!service)
        return MK_ENOMEM;
    service->loop = loop;
    service->done_tail = &service->done;
    service->config = json_deep_copy(config);
    service->early = json_array();
    int err = service->config && service->early ? open_store(service, claim, why) : MK_ENOMEM;
    if (!err)
        err = open_keys(service, why);
    if (!err)
        err = open_app(service, why);
    if (err)
        mk_service_free(service);
    else
        *out = service;
    return err;
}

int mk_service_start(mk_service **out, uv_loop_t *loop, const json_t *config, char *why)
{
    int err = mk_service_open(out, loop, config, true, why);
    if (!err && (err = begin(*out, why)))
        *out = NULL;
    return err;
}

const char *mk_service_url(const mk_service *service)
{
    return mk_httpd_url(service->httpd);
}

/* --- stop ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    mk_service *service = handle->data;
    if (handle == (uv_handle_t *)&service->beat)
        service->stopped(service->stopped_arg);
}

static void on_pool_gone(void *arg)
{
    mk_service *service = arg;
    mk_unit_settle(service);
    uv_prepare_stop(&service->turn);
    uv_close((uv_handle_t *)&service->turn, on_closed);
    uv_close((uv_handle_t *)&service->patience, on_closed);
    uv_close((uv_handle_t *)&service->beat, on_closed);
}

/* Whoever is connected is answered; a connection that asks nothing gets a second. */
static bool drained(const mk_service *service)
{
    return !mk_httpd_connections(service->httpd) || (!service->running && mk_clock_mono_us() > service->stop_by - STOP_US + DRAIN_US);
}

/* Sessions at a question are parked already; those that run get a moment to come to one, or to their end. */
static void on_stopping(uv_timer_t *timer)
{
    mk_service *service = timer->data;
    if ((mk_pool_busy(service->pool) || service->running || !drained(service)) && mk_clock_mono_us() < service->stop_by)
        return;
    uv_timer_stop(timer);
    mk_httpd_stop(service->httpd);
    mk_pool_stop(service->pool, on_pool_gone, service);
}

void mk_service_stop(mk_service *service, void (*stopped)(void *arg), void *arg)
{
    if (service->stopping)
        return;
    service->stopping = true;
    service->stopped = stopped;
    service->stopped_arg = arg;
    mk_adapters_stop(service->adapters);
    mk_outbound_stop(service->outbound);
    service->stop_by = mk_clock_mono_us() + STOP_US;
    mk_stream_end(service);
    mk_unit_settle(service);
    mk_httpd_drain(service->httpd);
    uv_timer_start(&service->beat, on_stopping, 0, STOP_MS);
}

void mk_service_free(mk_service *service)
{
    if (!service)
        return;
    mk_adapters_free(service->adapters);
    mk_outbound_free(service->outbound);
    mk_pool_free(service->pool);
    mk_app_free(service->app);
    mk_unit_drop(service);
    mk_keys_free(service->keys);
    mk_store_close(service->store);
    json_decref(service->config);
    json_decref(service->early);
    mk_free(service);
}

void mk_service_reload(mk_service *service)
{
    mk_adapters_reload(service->adapters);
}
