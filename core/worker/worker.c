/* worker.c - the worker's loop: frames in, frames out, its end (layer worker) */
#include "worker/worker.h"

#include "base/err.h"
#include "base/mem.h"
#include "worker/own.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUEUE_MOST = 64 << 20, QUEUE_LOW = 16 << 20, SWEEP_MS = 1000, SLICE_MS = 5, DROP_MS = 60000 };

typedef struct outgoing {
    uv_write_t req; /* first */
    char *data;
} outgoing;

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);

/* --- the end -------------------------------------------------------------------- */

static void end(mk_worker *worker, int status)
{
    if (worker->closing)
        return;
    worker->closing = true;
    worker->status = status;
    uv_stop(&worker->loop);
}

void mk_worker_broken(mk_worker *worker, const char *format, ...)
{
    va_list args;
    if (worker->closing)
        return;
    va_start(args, format);
    fputs("meterkey worker: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    end(worker, 1);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status;
    mk_worker *worker = req->handle->data;
    mk_free(req);
    end(worker, 0);
}

void mk_worker_leave(mk_worker *worker)
{
    mk_slots_free(worker);
    uv_read_stop((uv_stream_t *)&worker->pipe);
    worker->paused = worker->leaving = true;
    uv_shutdown_t *req = mk_malloc(sizeof *req);
    if (!req || uv_shutdown(req, (uv_stream_t *)&worker->pipe, on_shutdown) != 0) {
        mk_free(req);
        end(worker, 0);
    }
}

/* --- in --------------------------------------------------------------------------- */

static size_t queued(const mk_worker *worker)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&worker->pipe);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    mk_worker *worker = handle->data;
    (void)suggested;
    *buf = uv_buf_init(worker->chunk, sizeof worker->chunk);
}

/* A service that does not read is not listened to: what its orders bring would pile up here. */
static void pause_reading(mk_worker *worker)
{
    worker->paused = true;
    uv_read_stop((uv_stream_t *)&worker->pipe);
}

/* Whatever frames are whole, one after the other. */
static void drain(mk_worker *worker)
{
    json_t *head = NULL;
    mk_bytes blob;
    int err = MK_OK;
    while (!worker->closing && !worker->paused && (err = mk_frames_next(&worker->in, &head, &blob)) == MK_OK) {
        mk_order(worker, head, blob);
        json_decref(head);
        if (!worker->paused && queued(worker) > QUEUE_MOST)
            pause_reading(worker);
    }
    if (err == MK_ELIMIT)
        mk_worker_broken(worker, "a frame is longer than %d bytes", MK_FRAME_MAX);
    else if (err && err != MK_ENOENT)
        mk_worker_broken(worker, "a frame cannot be read: %s", mk_err_text(err));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    mk_worker *worker = stream->data;
    if (got == 0 || worker->closing)
        return;
    if (got < 0) { /* the service is gone, and nobody else would want what is here */
        end(worker, 0);
        return;
    }
    int err = mk_frames_feed(&worker->in, buf->base, (size_t)got);
    explicit_bzero(buf->base, (size_t)got);
    if (err)
        mk_worker_broken(worker, "%s", mk_err_text(err));
    else
        drain(worker);
}

/* --- out -------------------------------------------------------------------------- */

static void on_written(uv_write_t *req, int status)
{
    outgoing *out = (outgoing *)req;
    mk_worker *worker = req->handle->data;
    mk_free(out->data);
    mk_free(out);
    if (status < 0)
        end(worker, 0);
    if (worker->closing || worker->leaving || !worker->paused || queued(worker) > QUEUE_LOW)
        return;
    worker->paused = false;
    drain(worker);
    if (!worker->closing && !worker->paused)
        uv_read_start((uv_stream_t *)&worker->pipe, on_alloc, on_read);
}

static int write_out(mk_worker *worker, mk_buf *bytes)
{
    size_t len = 0;
    outgoing *out = mk_calloc(1, sizeof *out);
    char *data = out ? mk_buf_steal(bytes, &len) : NULL;
    const uv_buf_t piece = uv_buf_init(data, (unsigned)len);
    if (!data) {
        mk_free(out);
        return MK_ENOMEM;
    }
    out->data = data;
    if (uv_write(&out->req, (uv_stream_t *)&worker->pipe, &piece, 1, on_written) == 0)
        return MK_OK;
    mk_free(data);
    mk_free(out);
    return MK_ECLOSED;
}

void mk_worker_send(mk_worker *worker, json_t *head, mk_bytes blob)
{
    mk_buf bytes;
    if (worker->closing) {
        json_decref(head);
        return;
    }
    mk_buf_init(&bytes, (size_t)MK_FRAME_MAX + 64);
    int err = head ? mk_frame_write(&bytes, head, blob) : MK_ENOMEM;
    if (!err)
        err = write_out(worker, &bytes);
    mk_buf_free(&bytes);
    json_decref(head);
    if (err == MK_ECLOSED)
        end(worker, 0);
    else if (err) /* silence would have the service wait for ever */
        mk_worker_broken(worker, "a message cannot be sent: %s", mk_err_text(err));
}

/* --- the loop --------------------------------------------------------------------- */

static void on_sweep(uv_timer_t *timer)
{
    uv_timer_start(timer, on_sweep, mk_slots_sweep(timer->data) ? SWEEP_MS : SLICE_MS, 0);
}

static bool open_loop(mk_worker *worker, int fd)
{
    if (uv_loop_init(&worker->loop) != 0)
        return false;
    uv_pipe_init(&worker->loop, &worker->pipe, 0);
    uv_timer_init(&worker->loop, &worker->sweep);
    uv_timer_init(&worker->loop, &worker->reap);
    worker->pipe.data = worker->sweep.data = worker->reap.data = worker;
    uv_timer_start(&worker->sweep, on_sweep, SWEEP_MS, 0);
    return uv_pipe_open(&worker->pipe, fd) == 0 && uv_read_start((uv_stream_t *)&worker->pipe, on_alloc, on_read) == 0;
}

/* Without waiting for anything: a lookup in the pool may take seconds. The process ends next. */
static void close_all(mk_worker *worker)
{
    enum { TURNS = 4 };
    mk_slots_free(worker);
    mk_versions_free(&worker->versions);
    mk_engine_free(worker->engine);
    mk_frames_free(&worker->in);
    uv_close((uv_handle_t *)&worker->pipe, NULL);
    uv_close((uv_handle_t *)&worker->sweep, NULL);
    uv_close((uv_handle_t *)&worker->reap, NULL);
    for (size_t i = 0; i < TURNS; i++)
        uv_run(&worker->loop, UV_RUN_NOWAIT);
}

int mk_worker_run(int fd, const mk_confined *confined)
{
    const bool is_socket = uv_guess_handle(fd) == UV_NAMED_PIPE; /* before the loop takes that number for itself */
    mk_worker *worker = mk_calloc(1, sizeof *worker);
    if (!worker)
        return 1;
    mk_frames_init(&worker->in);
    worker->drop_ms = DROP_MS;
    if (!is_socket || !open_loop(worker, fd)) {
        fprintf(stderr, "meterkey worker: descriptor %d is no socket of `meterkey serve`\n", fd);
        mk_free(worker);
        return 1;
    }
    mk_worker_send(worker,
                   json_pack("{s:s, s:i, s:b}", "is", "ready", "landlock", confined->landlock, "seccomp",
                             (int)confined->seccomp),
                   (mk_bytes){ "", 0 });
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    close_all(worker);
    const int status = worker->status;
    if (uv_loop_close(&worker->loop) == 0)
        mk_free(worker);
    return status;
}
