/* bench.c - the command `bench`: many sessions in this process, measured (layer cli) */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "cli/credentials.h"
#include "cli/drive.h"
#include "cli/find.h"
#include "cli/park.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ANSWERS_MAX = 1 << 20 };

typedef struct bench {
    mk_bench_input in;
    mk_drive_input drive;
    long begun, done, ok;
    int64_t *own_us;      /* of each that went well */
    int64_t requests;
    long meters;
    long rss_before, rss_most; /* KiB */
    json_t *first_error;
    bool failed;          /* one could not even start: no more */
    int64_t told_ms;
} bench;

/* Resident memory of this process in KiB, as it is now. */
long mk_bench_rss(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long all = 0, resident = 0;
    if (!file)
        return 0;
    const int got = fscanf(file, "%ld %ld", &all, &resident);
    fclose(file);
    return got == 2 ? resident * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}

static double cpu_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* --- the answers, read once -------------------------------------------------------- */

static int add_line(json_t *list, const char *line, size_t len, size_t number, char *why, size_t cap)
{
    json_t *value = NULL;
    mk_json_error error = { .col = 1 };
    size_t blank = 0;
    while (blank < len && memchr(" \t\r", line[blank], 3))
        blank++;
    if (blank == len)
        return MK_OK;
    int err = mk_json_parse(&value, line, len, NULL, &error);
    if (err)
        snprintf(why, cap, "line %zu: this is not a JSON value (%s)", number, error.why);
    else if (json_array_append_new(list, value) != 0)
        err = MK_ENOMEM;
    return err;
}

static int read_answers(json_t *list, const char *path, char *why, size_t cap)
{
    mk_buf text;
    mk_buf_init(&text, ANSWERS_MAX);
    int err = mk_park_read(&text, path, ANSWERS_MAX);
    if (err)
        snprintf(why, cap, "%s", err == MK_EIO || err == MK_ENOENT ? strerror(errno) : mk_err_text(err));
    size_t number = 1;
    for (size_t at = 0; !err && at < text.len; number++) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        const size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        err = add_line(list, text.data + at, len, number, why, cap);
        at += len + 1;
    }
    mk_buf_free(&text);
    return err;
}

/* --- running -------------------------------------------------------------------------- */

static void tell_progress(bench *self)
{
    const int64_t now = mk_clock_wall_ms();
    if (!self->in.progress || (now - self->told_ms < 200 && self->done < self->in.sessions))
        return;
    self->told_ms = now;
    fprintf(stderr, "\r%ld of %ld sessions, %ld failed", self->done, self->in.sessions, self->done - self->ok);
    if (self->done == self->in.sessions)
        fputc('\n', stderr);
}

static void note_rss(bench *self)
{
    const long now = mk_bench_rss();
    if (now > self->rss_most)
        self->rss_most = now;
}

static void begin_more(bench *self);

static void on_done(void *arg, mk_drive_result *result)
{
    bench *self = arg;
    const json_t *meters = json_object_get(result->object, "meters");
    if (meters) {
        self->own_us[self->ok++] = result->own_us;
        self->requests += result->requests;
        self->meters = (long)json_array_size(meters);
    } else if (!self->first_error) {
        self->first_error = result->object ? json_incref(result->object) : json_object();
    }
    self->done++;
    if (self->done % 16 == 1)
        note_rss(self);
    mk_drive_result_free(result);
    tell_progress(self);
    begin_more(self);
}

static void begin_more(bench *self)
{
    char why[500] = "";
    while (!self->failed && self->begun < self->in.sessions && self->begun - self->done < self->in.concurrency) {
        mk_drive *drive;
        self->begun++;
        if (mk_drive_start(&drive, self->in.engine, &self->drive, on_done, self, why, sizeof why) == MK_OK)
            continue;
        fprintf(stderr, "meterkey bench: %s\n", why);
        self->failed = true;
        self->begun--;
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Milliseconds at or below which that share of the sessions lies. */
static double percentile(const bench *self, double share)
{
    if (!self->ok)
        return 0;
    const long at = (long)((double)self->ok * share + 0.999999) - 1;
    return (double)self->own_us[at < 0 ? 0 : at >= self->ok ? self->ok - 1 : at] / 1e3;
}

static json_t *result_of(bench *self, double cpu)
{
    qsort(self->own_us, (size_t)self->ok, sizeof *self->own_us, by_size);
    const long live = self->in.concurrency < self->in.sessions ? self->in.concurrency : self->in.sessions;
    const double sessions = self->done ? (double)self->done : 1, ok = self->ok ? (double)self->ok : 1;
    json_t *own = json_pack("{s:f, s:f}", "p50", percentile(self, 0.5), "p99", percentile(self, 0.99));
    return json_pack("{s:I, s:I, s:I, s:f, s:o, s:f, s:f}", "sessions", (json_int_t)self->done, "ok", (json_int_t)self->ok,
                     "meters", (json_int_t)self->meters, "cpu_ms_per_session", cpu / sessions, "own_ms", own,
                     "requests_per_session", (double)self->requests / ok, "rss_kib_live",
                     (double)(self->rss_most - self->rss_before) / (double)(live ? live : 1));
}

static void say_result(const json_t *result)
{
    const json_t *own = json_object_get(result, "own_ms"), *parked = json_object_get(result, "rss_kib_parked");
    printf("sessions              %lld, %lld went well, %lld meters each\n"
           "CPU a session         %.3f ms\n"
           "our share of the time %.3f ms (p50), %.3f ms (p99)\n"
           "requests a session    %.1f\n"
           "memory, live          %.1f KiB a session\n",
           (long long)json_integer_value(json_object_get(result, "sessions")),
           (long long)json_integer_value(json_object_get(result, "ok")),
           (long long)json_integer_value(json_object_get(result, "meters")),
           json_number_value(json_object_get(result, "cpu_ms_per_session")), json_number_value(json_object_get(own, "p50")),
           json_number_value(json_object_get(own, "p99")), json_number_value(json_object_get(result, "requests_per_session")),
           json_number_value(json_object_get(result, "rss_kib_live")));
    if (json_is_number(parked))
        printf("memory, dropped       %.1f KiB a session\n"
               "memory, parked        %.2f KiB a session, %.1f KiB in the file\n",
               json_number_value(json_object_get(result, "rss_kib_dropped")), json_number_value(parked),
               json_number_value(json_object_get(result, "file_kib_parked")));
}

static void say_first_error(const bench *self)
{
    const json_t *error = json_object_get(self->first_error, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *script = json_string_value(json_object_get(error, "script"));
    fprintf(stderr, "meterkey bench: %ld of %ld sessions failed; the first: %s: %s%s%s\n", self->done - self->ok, self->done,
            code ? code : "unknown", message ? message : "", script ? " at " : "", script ? script : "");
}

static int measure(bench *self, const mk_args *args, uv_loop_t *loop, long parked)
{
    self->own_us = mk_calloc((size_t)self->in.sessions, sizeof *self->own_us);
    if (!self->own_us)
        return mk_args_say(args, 1, "%s", mk_err_text(MK_ENOMEM));
    self->rss_before = self->rss_most = mk_bench_rss();
    const double before = cpu_ms();
    begin_more(self);
    while (self->done < self->begun && uv_run(loop, UV_RUN_ONCE))
        ;
    const double cpu = cpu_ms() - before;
    json_t *result = result_of(self, cpu);
    if (result)
        mk_bench_parked(&self->in, loop, self->failed ? 0 : parked, result);
    int status = result ? 0 : 1;
    if (result && mk_args_has(args, "--json"))
        status = mk_drive_put_json(result);
    else if (result)
        say_result(result);
    json_decref(result);
    if (self->first_error)
        say_first_error(self);
    return self->first_error || self->failed || self->done < self->in.sessions ? 1 : status;
}

static int run(const mk_args *args, const mk_shared *shared, const mk_version *version, const mk_credentials *credentials,
               json_t *answers)
{
    long sessions, concurrency, parked;
    uv_loop_t loop;
    if (!mk_args_number(args, "--sessions", 1, 10000000, 100, &sessions) ||
        !mk_args_number(args, "--concurrency", 1, 100000, 10, &concurrency) ||
        !mk_args_number(args, "--parked", 0, 1000000, 0, &parked))
        return 2;
    if (uv_loop_init(&loop) != 0)
        return mk_args_say(args, 1, "no event loop");
    bench self = { .in = { .version = version, .credentials = credentials, .shared = shared, .sessions = sessions,
                           .concurrency = concurrency, .progress = isatty(STDERR_FILENO) } };
    self.drive = (mk_drive_input){ .shared = shared, .version = version, .credentials = credentials, .answers = answers,
                                   .human = true };
    int status = mk_drive_engine(&self.in.engine, &loop, shared);
    if (!status) {
        status = measure(&self, args, &loop, parked);
        mk_engine_free(self.in.engine);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    mk_free(self.own_us);
    json_decref(self.first_error);
    return status;
}

static int prepare(const mk_args *args, const mk_shared *shared, json_t *answers)
{
    mk_version *version = NULL;
    mk_credentials *credentials = NULL;
    char why[400] = "";
    const char *path = mk_args_get(args, "--answers");
    int err = path ? read_answers(answers, path, why, sizeof why) : MK_OK;
    if (err)
        return mk_args_say(args, 2, "--answers %s: %s", path, *why ? why : mk_err_text(err));
    int status = mk_find_adapter(&version, args, shared, args->operands[0], NULL);
    if (!status)
        status = mk_credentials_get(&credentials, args, mk_version_manifest(version));
    if (!status)
        status = run(args, shared, version, credentials, answers);
    mk_credentials_free(credentials);
    mk_version_unref(version);
    return status;
}

int mk_cmd_bench(const mk_args *args)
{
    mk_shared shared;
    int status = mk_shared_read(&shared, args);
    if (status)
        return status;
    json_t *answers = json_array();
    status = answers ? prepare(args, &shared, answers) : mk_args_say(args, 1, "%s", mk_err_text(MK_ENOMEM));
    json_decref(answers);
    mk_shared_free(&shared);
    return status;
}
