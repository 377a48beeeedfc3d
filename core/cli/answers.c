/* answers.c - answers from a file or FIFO, read by the loop line by line (layer cli) */
#include "cli/answers.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 * 1024, CHUNK = 4096 };

struct mk_answers {
    uv_loop_t *loop;
    int fd;           /* -1: a list, or closed */
    bool own;         /* fd is ours to close */
    bool polled;      /* poll is the loop's: a FIFO, pipe, socket or terminal */
    bool ended;       /* nothing comes any more */
    bool too_long;    /* a line was */
    int failed;       /* errno of reading */
    uv_poll_t *poll;
    uv_timer_t *timer; /* tells the receiver, never from inside mk_answers_next */
    mk_buf text;       /* read, from the next line on */
    size_t line;       /* number of the next line, from 1 */
    json_t *list;
    size_t at;
    mk_answers_done done;
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    mk_free(handle);
}

static void stop_poll(mk_answers *answers)
{
    if (answers->poll)
        uv_close((uv_handle_t *)answers->poll, on_closed);
    answers->poll = NULL;
}

/* Reads once; true while more may come. */
static bool read_some(mk_answers *answers)
{
    char chunk[CHUNK];
    ssize_t got = read(answers->fd, chunk, sizeof chunk);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got < 0)
        answers->failed = errno;
    if (got > 0 && mk_buf_add(&answers->text, chunk, (size_t)got) != MK_OK)
        answers->too_long = true;
    explicit_bzero(chunk, sizeof chunk);
    answers->ended = got <= 0 || answers->too_long;
    return !answers->ended;
}

static bool blank(const char *text, size_t len)
{
    while (len && memchr(" \t\r", *text, 3))
        text++, len--;
    return len == 0;
}

/* Takes the next line that is not blank off the text: true with its value, or NULL and why. */
static bool take_line(mk_answers *answers, json_t **out, char *why, size_t cap)
{
    for (;;) {
        mk_buf *text = &answers->text;
        const char *end = memchr(text->data, '\n', text->len);
        if (!end && (!answers->ended || !text->len))
            return false;
        const size_t len = end ? (size_t)(end - text->data) : text->len;
        mk_json_error error = { .col = 1 };
        const bool skip = blank(text->data, len);
        int err = skip ? MK_OK : mk_json_parse(out, text->data, len, NULL, &error);
        mk_buf_splice(text, 0, len + (end != NULL), "", 0);
        answers->line++;
        if (skip)
            continue;
        if (err)
            snprintf(why, cap, "answers, line %zu: this is not a JSON value (%s); a code is written \"424242\", in quotes",
                     answers->line - 1, err == MK_EPARSE ? error.why : mk_err_text(err));
        return true;
    }
}

/* What is there for the receiver now: true with an answer, an error or the end of it. */
static bool next(mk_answers *answers, json_t **out, char *why, size_t cap)
{
    *out = NULL;
    why[0] = 0;
    if (answers->list) {
        *out = json_incref(json_array_get(answers->list, answers->at));
        answers->at += *out != NULL;
        return true;
    }
    if (take_line(answers, out, why, cap))
        return true;
    if (answers->failed)
        snprintf(why, cap, "answers: %s", strerror(answers->failed));
    else if (answers->too_long)
        snprintf(why, cap, "answers, line %zu: more than %zu bytes", answers->line, answers->text.max);
    return answers->ended;
}

void mk_answers_forget(mk_answers *answers)
{
    answers->done = NULL;
    uv_timer_stop(answers->timer);
    if (answers->poll)
        uv_poll_stop(answers->poll);
}

static void tell(mk_answers *answers)
{
    json_t *answer;
    char why[300];
    if (!answers->done || !next(answers, &answer, why, sizeof why))
        return;
    mk_answers_done done = answers->done;
    mk_answers_forget(answers); /* no reading ahead: what nobody asked for stays in the pipe */
    done(answers->arg, answer, why[0] ? why : NULL);
}

static void on_timer(uv_timer_t *timer)
{
    tell(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    mk_answers *answers = poll->data;
    (void)events;
    if (status < 0) {
        answers->failed = -status;
        answers->ended = true;
    } else {
        read_some(answers);
    }
    if (answers->ended)
        stop_poll(answers);
    tell(answers);
}

static mk_answers *answers_new(uv_loop_t *loop)
{
    mk_answers *answers = mk_calloc(1, sizeof *answers);
    uv_timer_t *timer = mk_malloc(sizeof *timer);
    if (!answers || !timer || uv_timer_init(loop, timer) != 0) {
        mk_free(answers);
        mk_free(timer);
        return NULL;
    }
    *answers = (mk_answers){ .loop = loop, .fd = -1, .line = 1, .timer = timer };
    mk_buf_init(&answers->text, LINE_MAX_BYTES);
    timer->data = answers;
    return answers;
}

/* A FIFO, pipe, socket or terminal is left to the loop; anything else is there at once. */
static int begin_reading(mk_answers *answers)
{
    struct stat st;
    if (fstat(answers->fd, &st) != 0)
        return MK_EIO;
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return MK_EIO;
    }
    answers->polled = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(answers->fd);
    if (!answers->polled) {
        answers->text.max = 1 << 20;
        while (read_some(answers))
            ;
        return MK_OK;
    }
    answers->poll = mk_malloc(sizeof *answers->poll);
    if (!answers->poll)
        return MK_ENOMEM;
    if (uv_poll_init(answers->loop, answers->poll, answers->fd) != 0) {
        mk_free(answers->poll);
        answers->poll = NULL;
        return MK_EIO;
    }
    answers->poll->data = answers;
    return MK_OK;
}

int mk_answers_open(mk_answers **out, uv_loop_t *loop, const char *path)
{
    mk_answers *answers = answers_new(loop);
    if (!answers)
        return MK_ENOMEM;
    answers->own = strcmp(path, "-") != 0;
    /* Not blocking: the writer of a FIFO may come later. */
    answers->fd = answers->own ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : STDIN_FILENO;
    int err = answers->fd < 0 ? (errno == ENOENT ? MK_ENOENT : MK_EIO) : begin_reading(answers);
    if (err) {
        const int saved = errno;
        mk_answers_free(answers);
        errno = saved;
        return err;
    }
    *out = answers;
    return MK_OK;
}

int mk_answers_list(mk_answers **out, uv_loop_t *loop, const json_t *list)
{
    mk_answers *answers = answers_new(loop);
    json_t *copy = answers ? json_deep_copy(list) : NULL;
    if (!copy) {
        mk_answers_free(answers);
        return MK_ENOMEM;
    }
    answers->list = copy;
    *out = answers;
    return MK_OK;
}

void mk_answers_next(mk_answers *answers, mk_answers_done done, void *arg)
{
    answers->done = done;
    answers->arg = arg;
    uv_timer_start(answers->timer, on_timer, 0, 0);
    if (answers->poll && !uv_is_active((uv_handle_t *)answers->poll))
        uv_poll_start(answers->poll, UV_READABLE | UV_DISCONNECT, on_readable);
}

void mk_answers_free(mk_answers *answers)
{
    if (!answers)
        return;
    stop_poll(answers);
    uv_close((uv_handle_t *)answers->timer, on_closed);
    if (answers->own && answers->fd >= 0)
        close(answers->fd);
    mk_buf_free(&answers->text);
    json_decref(answers->list);
    mk_free(answers);
}
