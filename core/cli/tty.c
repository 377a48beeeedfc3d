/* tty.c - a person at a terminal: lines typed, echo switched off for secrets (layer cli) */
#include "cli/tty.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_BYTES = 4096 };

struct mk_tty {
    uv_poll_t poll;
    int fd;
    mk_tty_done done;
    void *arg;
    mk_buf line;
};

/* As it was before mk_tty_hide; read by a signal handler. */
static struct termios shown;
static volatile sig_atomic_t hidden_now;

bool mk_tty_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

void mk_tty_show(void)
{
    if (hidden_now)
        tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    hidden_now = 0;
}

/* Only calls what a handler may call; then the signal does what it would have done. */
static void on_signal(int number)
{
    mk_tty_show();
    sigaction(number, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    raise(number);
}

/* Leaves a signal alone that somebody else (the loop) handles or ignores. */
static void watch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    static bool watching;
    if (watching)
        return;
    watching = true;
    atexit(mk_tty_show);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction was;
        if (sigaction(numbers[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
            sigaction(numbers[i], &(struct sigaction){ .sa_handler = on_signal }, NULL);
    }
}

void mk_tty_hide(void)
{
    struct termios quiet;
    if (hidden_now || tcgetattr(STDIN_FILENO, &shown) != 0)
        return;
    watch_signals();
    quiet = shown;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ECHONL;
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* a shell would be left without echo */
    hidden_now = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
}

int mk_tty_line(mk_buf *out, const char *prompt, bool hidden)
{
    int err = MK_ECLOSED;
    char c;
    mk_buf_clear(out);
    if (hidden)
        mk_tty_hide();
    fflush(stdout);
    mk_tty_put(stderr, prompt);
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 && !out->len)
            break;
        err = MK_OK;
        if (got <= 0 || c == '\n')
            break;
        if ((err = mk_buf_addc(out, c)))
            break;
    }
    c = 0;
    if (hidden)
        mk_tty_show();
    return err;
}

/* --- beside the loop --------------------------------------------------------- */

static void on_readable(uv_poll_t *poll, int status, int events)
{
    mk_tty *tty = poll->data;
    (void)events;
    char chunk[LINE_BYTES];
    const ssize_t got = status < 0 ? 0 : read(tty->fd, chunk, sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        mk_buf_add(&tty->line, chunk, (size_t)got); /* too long: cut off, and refused as an answer */
    explicit_bzero(chunk, sizeof chunk);
    char *end = memchr(tty->line.data, '\n', tty->line.len);
    if (got > 0 && !end && tty->line.len + LINE_BYTES < tty->line.max)
        return;
    if (end)
        *end = 0;
    mk_buf line = tty->line;
    mk_buf_init(&tty->line, line.max);
    mk_tty_done done = tty->done;
    void *arg = tty->arg;
    const bool over = got <= 0 && !line.len;
    mk_tty_forget(tty);
    done(arg, over ? NULL : line.data);
    mk_buf_free(&line);
}

/* A description of its own, so that the loop's non-blocking mode is not the shell's. */
static int reopen(void)
{
    char name[256];
    if (ttyname_r(STDIN_FILENO, name, sizeof name) != 0)
        return -1;
    return open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

int mk_tty_new(mk_tty **out, uv_loop_t *loop)
{
    mk_tty *tty = mk_calloc(1, sizeof *tty);
    if (!tty)
        return MK_ENOMEM;
    mk_buf_init(&tty->line, 4 * LINE_BYTES);
    tty->fd = reopen();
    if (tty->fd < 0 || uv_poll_init(loop, &tty->poll, tty->fd) != 0) {
        if (tty->fd >= 0)
            close(tty->fd);
        mk_free(tty);
        return MK_EIO;
    }
    tty->poll.data = tty;
    *out = tty;
    return MK_OK;
}

void mk_tty_read(mk_tty *tty, bool hidden, mk_tty_done done, void *arg)
{
    tty->done = done;
    tty->arg = arg;
    if (hidden)
        mk_tty_hide();
    uv_poll_start(&tty->poll, UV_READABLE, on_readable);
}

void mk_tty_forget(mk_tty *tty)
{
    uv_poll_stop(&tty->poll);
    mk_tty_show();
}

static void on_closed(uv_handle_t *handle)
{
    mk_tty *tty = handle->data;
    close(tty->fd);
    mk_buf_free(&tty->line);
    mk_free(tty);
}

void mk_tty_free(mk_tty *tty)
{
    if (!tty)
        return;
    mk_tty_forget(tty);
    uv_close((uv_handle_t *)&tty->poll, on_closed);
}

/* --- text --------------------------------------------------------------------- */

static bool harmless(uint32_t point)
{
    if (point < 0x20 || (point >= 0x7f && point < 0xa0))
        return false;
    /* directions and invisible marks: a text could be made to read otherwise */
    return !(point >= 0x200b && point <= 0x200f) && !(point >= 0x2028 && point <= 0x202e) &&
           !(point >= 0x2060 && point <= 0x206f) && point != 0xfeff;
}

void mk_tty_put(FILE *file, const char *text)
{
    const size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        const size_t from = at;
        const uint32_t point = mk_utf8_next(text, len, &at);
        if (point == 0xfffd || !harmless(point))
            fputc(point == '\n' || point == '\t' ? ' ' : '?', file);
        else
            fwrite(text + from, 1, at - from, file);
    }
}
