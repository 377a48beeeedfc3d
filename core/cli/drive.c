/* drive.c - drives one session: answers, parking, what is kept, watchers (layer cli) */
#include "cli/drive.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/answers.h"
#include "cli/park.h"
#include "cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct mk_drive {
    mk_engine *engine;
    mk_drive_input in;
    mk_session *session;
    mk_answers *answers;   /* or NULL */
    mk_terminal *terminal; /* or NULL: nobody is asked */
    mk_key *key;           /* where something is parked or kept */
    char *key_path;
    char *challenge;       /* id of the one that waits */
    bool over;
    uv_timer_t timer;      /* a session is not freed from its own callbacks */
    mk_drive_result result;
    mk_drive_done done;
    void *arg;
};

void mk_drive_result_free(mk_drive_result *result)
{
    json_decref(result->object);
    json_decref(result->keep);
    result->object = result->keep = NULL;
}

mk_session *mk_drive_session(mk_drive *drive)
{
    return drive->session;
}

void mk_drive_cancel(mk_drive *drive)
{
    if (!drive->over)
        mk_session_cancel(drive->session);
}

static const char *utility_of(const mk_drive *drive)
{
    return mk_version_manifest(drive->in.version)->id;
}

/* --- the end ------------------------------------------------------------------ */

static void drive_free(mk_drive *drive)
{
    mk_session_free(drive->session);
    mk_answers_free(drive->answers);
    mk_terminal_free(drive->terminal);
    mk_key_free(drive->key);
    mk_free(drive->key_path);
    mk_free(drive->challenge);
    mk_drive_result_free(&drive->result);
    mk_free(drive);
}

static void on_closed(uv_handle_t *handle)
{
    mk_drive *drive = handle->data;
    mk_drive_result result = drive->result;
    drive->result = (mk_drive_result){ .object = NULL };
    mk_drive_done done = drive->done;
    void *arg = drive->arg;
    drive_free(drive);
    done(arg, &result);
}

static void close_watches(mk_drive *drive)
{
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next) {
        int err = watch->close ? watch->close(watch->arg, drive->session, drive->result.object) : MK_OK;
        if (!err)
            continue;
        fprintf(stderr, "meterkey: %s cannot be written: %s\n", watch->name ? watch->name : "a file",
                err == MK_EIO ? strerror(errno) : mk_err_text(err));
        if (!drive->result.status)
            drive->result.status = 1;
    }
}

static void write_keep(mk_drive *drive)
{
    char why[400];
    const char *path = drive->in.shared->keep;
    if (!path || !drive->result.keep)
        return;
    if (mk_keep_write(drive->result.keep, path, drive->key, utility_of(drive), why, sizeof why) == MK_OK)
        return;
    fprintf(stderr, "meterkey: %s\n", why);
    if (!drive->result.status)
        drive->result.status = 1;
}

static void on_finish(uv_timer_t *timer)
{
    mk_drive *drive = timer->data;
    write_keep(drive);
    close_watches(drive);
    drive->result.own_us = mk_session_own_us(drive->session);
    uv_close((uv_handle_t *)timer, on_closed);
}

static void finish(mk_drive *drive, int status, json_t *object)
{
    drive->over = true;
    drive->result.status = status;
    drive->result.object = object;
    if (!object && status == 1)
        fprintf(stderr, "meterkey: %s\n", mk_err_text(MK_ENOMEM));
    if (drive->answers)
        mk_answers_forget(drive->answers);
    if (drive->terminal)
        mk_terminal_forget(drive->terminal);
    uv_timer_start(&drive->timer, on_finish, 0, 0);
}

static void tell_end(mk_drive *drive, const mk_session_end *end)
{
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->end)
            watch->end(watch->arg, drive->session, end);
}

/* The end as it is printed, or NULL: an object that lacks what matters, for want of memory, would be a lie. */
static json_t *end_object(const mk_drive *drive, const mk_session_end *end)
{
    json_t *object = mk_session_end_json(drive->in.version, end);
    if (object && json_object_get(object, end->fault ? "error" : "meters"))
        return object;
    json_decref(object);
    return NULL;
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    mk_drive *drive = arg;
    if (drive->over)
        return;
    drive->session = session; /* it may end before its start has returned */
    tell_end(drive, end);
    drive->result.keep = json_incref(end->keep);
    drive->result.requests = end->requests;
    json_t *object = end_object(drive, end);
    finish(drive, !object ? 1 : end->fault ? mk_fault_exit(end->fault->kind->code) : 0, object);
}

/* Ends it for a reason of ours; takes fault over. */
static void end_with(mk_drive *drive, mk_fault *fault)
{
    const mk_session_end end = { .fault = fault };
    if (fault)
        tell_end(drive, &end);
    json_t *object = fault ? end_object(drive, &end) : NULL;
    finish(drive, object ? mk_fault_exit(fault->kind->code) : 1, object);
    mk_fault_free(fault);
}

/* --- parking ------------------------------------------------------------------- */

static void park(mk_drive *drive)
{
    mk_buf bytes;
    char why[400];
    mk_buf_init(&bytes, MK_PARK_MAX);
    int err = mk_session_park(drive->session, &bytes);
    if (err)
        snprintf(why, sizeof why, "the session cannot be parked: %s", mk_err_text(err));
    else
        err = mk_park_save(drive->in.park, drive->key, bytes.data, bytes.len, why, sizeof why);
    mk_buf_free(&bytes);
    if (err) {
        end_with(drive, mk_fault_new("engine.internal", "%s", why));
        return;
    }
    finish(drive, 20, mk_session_challenge_json(drive->in.version, mk_session_challenge(drive->session)));
}

static void run_out(mk_drive *drive)
{
    if (drive->in.park)
        park(drive);
    else
        end_with(drive, mk_fault_new("mfa.answer_timeout", "the portal asks something and there is no answer to give (%s)",
                                     drive->answers ? "the answers have run out" : "no terminal, no --answers"));
}

/* --- answers ------------------------------------------------------------------- */

static void on_answer(void *arg, json_t *answer, const char *why);

/* Gives it to the session: MK_OK, or as mk_session_answer. The session may have ended or asked again meanwhile. */
static int give(mk_drive *drive, const json_t *answer, char *why, size_t cap)
{
    char id[64];
    snprintf(id, sizeof id, "%s", drive->challenge);
    int err = mk_session_answer(drive->session, id, answer, why, cap);
    if (err)
        return err;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->answer)
            watch->answer(watch->arg, drive->session, id, answer);
    return MK_OK;
}

static void on_answer(void *arg, json_t *answer, const char *why)
{
    mk_drive *drive = arg;
    char refused[300] = "";
    if (why) {
        fprintf(stderr, "meterkey: %s\n", why);
        finish(drive, 2, NULL);
    } else if (!answer) {
        run_out(drive);
    } else {
        int err = give(drive, answer, refused, sizeof refused);
        if (err && !drive->over) {
            fprintf(stderr, "meterkey: an answer was not taken: %s\n", *refused ? refused : mk_err_text(err));
            if (err == MK_ENOMEM || err == MK_ELIMIT)
                end_with(drive, mk_fault_new("engine.internal", "%s", mk_err_text(err)));
            else
                mk_answers_next(drive->answers, on_answer, drive);
        }
    }
    json_decref(answer);
}

static void on_typed(void *arg, json_t *answer)
{
    mk_drive *drive = arg;
    char why[300] = "";
    int err = give(drive, answer, why, sizeof why);
    json_decref(answer);
    if (err == MK_ECLOSED) /* an approval came meanwhile, say: there is nothing to ask for any more */
        mk_terminal_forget(drive->terminal);
    else if (err && !drive->over)
        mk_terminal_refused(drive->terminal, *why ? why : mk_err_text(err));
}

static bool is_approval(const json_t *challenge)
{
    const char *kind = json_string_value(json_object_get(challenge, "kind"));
    return kind && strcmp(kind, "approve") == 0;
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    mk_drive *drive = arg;
    const char *id = json_string_value(json_object_get(challenge, "id"));
    drive->session = session;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->challenge)
            watch->challenge(watch->arg, session, challenge, again);
    mk_free(drive->challenge);
    drive->challenge = mk_strdup(id ? id : "");
    if (!drive->challenge)
        end_with(drive, mk_fault_new("engine.internal", "out of memory"));
    else if (drive->answers && is_approval(challenge))
        return; /* answered by its polls */
    else if (drive->answers)
        mk_answers_next(drive->answers, on_answer, drive);
    else if (drive->terminal)
        mk_terminal_ask(drive->terminal, challenge, again, on_typed, drive);
    else
        run_out(drive);
}

/* --- what people see ------------------------------------------------------------- */

/* Masked once more: what a script says may hold what a portal echoed. */
static void say(mk_drive *drive, mk_session *session, int level, const char *text)
{
    mk_buf out;
    mk_buf_init(&out, 64 << 10);
    if (mk_mask_apply(mk_session_mask(session), text, strlen(text), &out) != MK_OK)
        mk_buf_clear(&out);
    if (level < 0)
        mk_terminal_progress(out.data);
    else
        mk_log((enum mk_log_level)level, utility_of(drive), "%s", out.data);
    mk_buf_free(&out);
}

static void on_progress(void *arg, mk_session *session, const char *text)
{
    mk_drive *drive = arg;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->progress)
            watch->progress(watch->arg, session, text);
    if (drive->in.progress)
        say(drive, session, -1, text);
}

static void on_log(void *arg, mk_session *session, int level, const char *text)
{
    mk_drive *drive = arg;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->log)
            watch->log(watch->arg, session, level, text);
    say(drive, session, level < 0 ? MK_LOG_DEBUG : level, text);
}

/* One line an exchange, without query: tokens live there. */
static void show_hop(mk_drive *drive, mk_session *session, const mk_hop *hop)
{
    mk_buf line;
    const mk_response *response = hop->response;
    mk_buf_init(&line, 4096);
    mk_buf_addf(&line, "%-4s %.*s  ", hop->request->method, (int)strcspn(hop->request->url, "?#"), hop->request->url);
    if (response->fault)
        mk_buf_addf(&line, "%s", response->fault);
    else
        mk_buf_addf(&line, "%d, %lld ms", response->status, (long long)response->t_all / 1000);
    say(drive, session, -1, line.data);
    mk_buf_free(&line);
}

static void on_hop(void *arg, mk_session *session, const mk_hop *hop)
{
    mk_drive *drive = arg;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->hop)
            watch->hop(watch->arg, session, hop);
    if (drive->in.exchanges && !hop->replayed && !hop->poll)
        show_hop(drive, session, hop);
}

static void on_page(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where)
{
    mk_drive *drive = arg;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->page)
            watch->page(watch->arg, session, page, explain, where);
}

static void on_note(void *arg, mk_session *session, const char *kind, const json_t *data)
{
    mk_drive *drive = arg;
    for (mk_watch *watch = drive->in.watches; watch; watch = watch->next)
        if (watch->note)
            watch->note(watch->arg, session, kind, data);
}

/* --- the start ------------------------------------------------------------------- */

/* Without watchers the session need not explain itself: that costs. */
static mk_driver driver_for(const mk_drive_input *input)
{
    mk_driver driver = { .challenge = on_challenge, .progress = on_progress, .log = on_log, .end = on_end };
    for (const mk_watch *watch = input->watches; watch; watch = watch->next) {
        driver.page = watch->page ? on_page : driver.page;
        driver.note = watch->note ? on_note : driver.note;
        driver.hop = watch->hop ? on_hop : driver.hop;
    }
    if (input->exchanges)
        driver.hop = on_hop;
    return driver;
}

static int open_key(mk_drive *drive, char *why, size_t cap)
{
    const mk_shared *shared = drive->in.shared;
    if (!drive->in.park && !shared->keep)
        return MK_OK;
    return mk_park_key(&drive->key, &drive->key_path, shared->key, true, why, cap);
}

static int open_answers(mk_drive *drive, char *why, size_t cap)
{
    uv_loop_t *loop = mk_engine_loop(drive->engine);
    const char *path = drive->in.answers_file;
    int err = MK_OK;
    if (path && (err = mk_answers_open(&drive->answers, loop, path)))
        snprintf(why, cap, "--answers %s: %s", path, err == MK_ENOMEM ? mk_err_text(err) : strerror(errno));
    else if (!path && drive->in.answers && (err = mk_answers_list(&drive->answers, loop, drive->in.answers)))
        snprintf(why, cap, "%s", mk_err_text(err));
    if (!err && !drive->answers && drive->in.ask && !drive->in.park &&
        (err = mk_terminal_new(&drive->terminal, loop, true)))
        snprintf(why, cap, "the terminal cannot be read from: %s", mk_err_text(err));
    return err;
}

static int begin(mk_drive *drive, const json_t *keep)
{
    const mk_drive_input *in = &drive->in;
    const mk_driver driver = driver_for(in);
    const mk_session_input input = { .version = in->version, .credentials = in->credentials, .keep = keep,
                                     .mfa = in->shared->mfa, .human = in->human, .transport = in->transport,
                                     .transport_arg = in->transport_arg, .seed = in->seed, .now_ms = in->now_ms };
    if (in->credentials)
        return mk_session_start(&drive->session, drive->engine, &input, &driver, drive);
    return mk_session_resume(&drive->session, drive->engine, &input, in->parked.data, in->parked.len, &driver, drive);
}

static int prepare(mk_drive *drive, char *why, size_t cap)
{
    json_t *kept = NULL;
    int err = open_key(drive, why, cap);
    if (!err)
        err = open_answers(drive, why, cap);
    if (!err && drive->in.shared->keep && !drive->in.keep)
        err = mk_keep_read(&kept, drive->in.shared->keep, drive->key, utility_of(drive), why, cap);
    if (!err && (err = begin(drive, drive->in.keep ? drive->in.keep : kept)))
        snprintf(why, cap, "the session cannot start: %s", mk_err_text(err));
    json_decref(kept);
    return err;
}

static void on_unused(uv_handle_t *handle)
{
    drive_free(handle->data);
}

int mk_drive_start(mk_drive **out, mk_engine *engine, const mk_drive_input *input, mk_drive_done done, void *arg, char *why,
                   size_t cap)
{
    mk_drive *drive = mk_calloc(1, sizeof *drive);
    if (!drive || uv_timer_init(mk_engine_loop(engine), &drive->timer) != 0) {
        mk_free(drive);
        snprintf(why, cap, "%s", mk_err_text(MK_ENOMEM));
        return MK_ENOMEM;
    }
    drive->engine = engine;
    drive->in = *input;
    drive->done = done;
    drive->arg = arg;
    drive->timer.data = drive;
    int err = prepare(drive, why, cap);
    if (err) {
        uv_close((uv_handle_t *)&drive->timer, on_unused);
        return err;
    }
    *out = drive;
    return MK_OK;
}
