/* stager.c - `meterkey stage` as a child process (layer service)
 *
 * The child runs what an adapter's author wrote, so nothing it says is taken on trust: its output is bounded, it is killed when it
 * takes too long, and it gets nothing of ours, neither the environment nor a descriptor, nor the log. */
#include "service/stager.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "service/config.h"
#include "script/folders.h"
#include "script/version.h"
#include "vault/sign.h"
#include "worker/frame.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUT_MAX = 16 << 20, ARGS = 14, CHUNK = 65536 };

struct mk_stager {
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t limit;
    unsigned open; /* handles that are not closed */
    bool exited, ended; /* the process; its output */
    int64_t status;
    int signal;
    char *utility;
    char *keys; /* "HEX,HEX": one of them must have signed; NULL: any may */
    const char *why; /* we ended it */
    mk_buf output;
    mk_stager_done done; /* NULL: called, or not wanted */
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    mk_stager *stager = handle->data;
    if (--stager->open)
        return;
    mk_buf_free(&stager->output);
    mk_free(stager->utility);
    mk_free(stager->keys);
    mk_free(stager);
}

static void close_one(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/* The process stays until it has ended: else nobody would collect it. */
static void close_all(mk_stager *stager)
{
    close_one((uv_handle_t *)&stager->pipe);
    close_one((uv_handle_t *)&stager->limit);
    if (stager->exited || !uv_is_active((uv_handle_t *)&stager->process))
        close_one((uv_handle_t *)&stager->process);
}

/* --- what it said ------------------------------------------------------------------- */

static json_t *problem(const mk_stager *stager, json_t *message)
{
    return json_pack("{s:s, s:[{s:s, s:i, s:o}]}", "utility", stager->utility, "problems", "file", stager->utility, "line", 0, "message", message);
}

static json_t *no_answer(const mk_stager *stager)
{
    if (stager->why)
        return problem(stager, json_string(stager->why));
    return problem(stager, stager->signal ? json_sprintf("building it ended with signal %d", stager->signal)
                                          : json_sprintf("building it ended with status %lld and no answer", (long long)stager->status));
}

/* Its hash is that of its bytes, and those are of the adapter that was asked for. */
static bool is_what_it_says(const mk_stager *stager, const char *hash, mk_bytes blob)
{
    char own[17], name[MK_SCRIPT_ID_MAX + 8];
    mk_bytes file;
    const size_t len = (size_t)snprintf(name, sizeof name, "%s.lua", stager->utility);
    return hash && mk_version_hash_of(blob.data, blob.len, own, &file) == MK_OK && strcmp(hash, own) == 0 && file.len == len &&
           len < sizeof name && memcmp(file.data, name, len) == 0;
}

static json_t *version_of(const mk_stager *stager, const json_t *head, mk_bytes blob)
{
    mk_buf text;
    const json_t *hash = json_object_get(head, "hash"), *cases = json_object_get(head, "cases");
    json_t *manifest = json_object_get(head, "manifest");
    const char *signature = json_string_value(json_object_get(head, "signature"));
    const char *why = mk_sign_missing(stager->keys, signature, blob.data, blob.len);
    if (why)
        return problem(stager, json_string(why));
    if (!is_what_it_says(stager, json_string_value(hash), blob))
        return problem(stager, json_string("what was built is not what it is said to be: its hash or its file is another"));
    if (!json_is_object(manifest) || !json_is_integer(cases))
        return no_answer(stager);
    mk_buf_init(&text, 2 * (size_t)OUTPUT_MAX);
    json_t *result = mk_base64_encode(&text, blob.data, blob.len, false)
                         ? NULL
                         : json_pack("{s:s, s:O, s:O, s:O, s:{s:s%}}", "utility", stager->utility, "hash", hash, "manifest", manifest, "cases",
                                     cases, "bytes", "b64", text.data, text.len);
    mk_buf_free(&text);
    return result;
}

static json_t *read_answer(const mk_stager *stager)
{
    mk_bytes blob;
    mk_frames frames;
    json_t *head = NULL, *result = NULL;
    mk_frames_init(&frames);
    int err = mk_frames_feed(&frames, stager->output.data, stager->output.len);
    if (!err)
        err = mk_frames_next(&frames, &head, &blob);
    json_t *problems = json_object_get(head, "problems");
    if (err == MK_ENOMEM)
        result = NULL;
    else if (err || stager->why || stager->signal)
        result = no_answer(stager);
    else if (json_array_size(problems))
        result = json_pack("{s:s, s:O}", "utility", stager->utility, "problems", problems);
    else
        result = version_of(stager, head, blob);
    json_decref(head);
    mk_frames_free(&frames);
    return result;
}

static void finish(mk_stager *stager)
{
    mk_stager_done done = stager->done;
    stager->done = NULL;
    close_all(stager);
    if (!done)
        return;
    json_t *result = read_answer(stager);
    done(stager->arg, result);
    json_decref(result);
}

/* --- while it runs -------------------------------------------------------------------- */

static void end_it(mk_stager *stager, const char *why)
{
    if (!stager->why)
        stager->why = why;
    if (!stager->exited)
        uv_process_kill(&stager->process, SIGKILL);
    finish(stager);
}

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
    mk_stager *stager = process->data;
    stager->exited = true;
    stager->status = status;
    stager->signal = signal;
    if (!stager->done)
        close_all(stager);
    else if (stager->ended)
        finish(stager);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    char *room = mk_malloc(CHUNK);
    *out = uv_buf_init(room, room ? CHUNK : 0);
}

static void on_part(uv_stream_t *stream, ssize_t len, const uv_buf_t *part)
{
    mk_stager *stager = stream->data;
    const int err = len > 0 ? mk_buf_add(&stager->output, part->base, (size_t)len) : MK_OK;
    mk_free(part->base);
    if (len == 0)
        return;
    if (len > 0 && !err)
        return;
    if (err || len == UV_ENOBUFS) {
        end_it(stager, err == MK_ELIMIT ? "what it gave is over 16 MiB" : "out of memory");
        return;
    }
    uv_read_stop(stream);
    stager->ended = true;
    if (stager->exited)
        finish(stager);
}

static void on_limit(uv_timer_t *timer)
{
    end_it(timer->data, "what builds it did not end in time and was killed");
}

/* --- start ------------------------------------------------------------------------------ */

static int spawn(mk_stager *stager, const mk_stager_job *job)
{
    char seconds[16];
    const char *args[ARGS] = { "meterkey", "stage", job->adapter, "--seconds", seconds, "--require-confinement", job->require ? "yes" : "no" };
    char *no_environment[] = { NULL };
    size_t count = 7;
    snprintf(seconds, sizeof seconds, "%u", job->seconds);
    if (job->scripts) {
        args[count++] = "--scripts";
        args[count++] = job->scripts;
    }
    if (job->runtime) {
        args[count++] = "--runtime";
        args[count++] = job->runtime;
    }
    if (stager->keys) {
        args[count++] = "--signed-by";
        args[count++] = stager->keys;
    }
    uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
                                     { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&stager->pipe },
                                     { .flags = UV_IGNORE } };
    const uv_process_options_t options = { .exit_cb = on_ended, .file = "/proc/self/exe", .args = (char **)(uintptr_t)args,
                                           .env = no_environment, .stdio_count = 3, .stdio = stdio };
    if (uv_spawn(stager->pipe.loop, &stager->process, &options))
        return MK_EIO;
    return uv_read_start((uv_stream_t *)&stager->pipe, on_room, on_part) ? MK_EIO : MK_OK;
}

mk_stager_job mk_stager_job_of(const json_t *config, const char *utility, const char *path, const char *scripts)
{
    return (mk_stager_job){ .utility = utility, .adapter = path ? path : utility, .scripts = path ? scripts : NULL,
                            .runtime = mk_config_text(config, "runtime"), .seconds = (unsigned)mk_config_number(config, "stage_seconds"),
                            .require = json_is_true(json_object_get(config, "require_confinement")),
                            .keys = path ? json_object_get(config, "adapter_keys") : NULL }; /* what is built in came with us */
}

/* The settings' list as the child takes it. NULL: no memory. */
static char *join(const json_t *keys)
{
    size_t i;
    json_t *key;
    mk_buf out;
    mk_buf_init(&out, 1 << 16);
    int err = mk_buf_add(&out, "", 0);
    json_array_foreach(keys, i, key)
        err = err ? err : mk_buf_addf(&out, "%s%s", i ? "," : "", json_is_string(key) ? json_string_value(key) : "");
    char *text = err ? NULL : mk_buf_steal(&out, NULL);
    mk_buf_free(&out);
    return text;
}

int mk_stager_start(mk_stager **out, uv_loop_t *loop, const mk_stager_job *job, mk_stager_done done, void *arg)
{
    mk_stager *stager = mk_calloc(1, sizeof *stager);
    char *utility = stager ? mk_strdup(job->utility) : NULL;
    if (utility && json_array_size(job->keys) && !(stager->keys = join(job->keys))) {
        mk_free(utility);
        utility = NULL;
    }
    if (!utility) {
        mk_free(stager);
        return MK_ENOMEM;
    }
    stager->utility = utility;
    stager->arg = arg;
    stager->open = 3;
    mk_buf_init(&stager->output, OUTPUT_MAX);
    uv_pipe_init(loop, &stager->pipe, 0);
    uv_timer_init(loop, &stager->limit);
    stager->process.data = stager->pipe.data = stager->limit.data = stager;
    const int err = spawn(stager, job);
    if (err) {
        mk_stager_stop(stager);
        return err;
    }
    stager->done = done;
    uv_timer_start(&stager->limit, on_limit, job->seconds * UINT64_C(1500), 0);
    *out = stager;
    return MK_OK;
}

void mk_stager_stop(mk_stager *stager)
{
    if (!stager)
        return;
    stager->done = NULL;
    if (!stager->exited && uv_is_active((uv_handle_t *)&stager->process))
        uv_process_kill(&stager->process, SIGKILL);
    close_all(stager);
}
