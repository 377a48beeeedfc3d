/* log.c - what operators and authors read (layer base) */
#include "base/log.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TEXT_MOST = 64 * 1024, /* before masking: a cut secret could not be recognised */
    LINE_MOST = 8 * 1024   /* what a sink gets */
};

static enum mk_log_level least_level = MK_LOG_INFO;
static mk_log_sink current_sink;
static void *sink_arg;
static mk_log_mask current_mask;
static void *mask_arg;

void mk_log_set(enum mk_log_level least, mk_log_sink sink, void *arg)
{
    least_level = least;
    current_sink = sink;
    sink_arg = arg;
}

void mk_log_set_mask(mk_log_mask mask, void *arg)
{
    current_mask = mask;
    mask_arg = arg;
}

enum mk_log_level mk_log_least(void)
{
    return least_level;
}

const char *mk_log_level_name(enum mk_log_level level)
{
    static const char *const name[] = { "debug", "info", "warn", "error", "off" };
    return (size_t)level < sizeof name / sizeof *name ? name[level] : NULL;
}

/* Controls end lines and steer terminals; the others turn text around. */
static bool is_harmful(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

static int add_clean(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        const uint32_t point = mk_utf8_next(text, len, &at);
        if (!is_harmful(point))
            err = mk_utf8_add(out, point);
        else if (point == '\n' || point == '\t')
            err = mk_buf_addc(out, ' ');
        else
            err = mk_buf_addf(out, point < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)point);
    }
    return err;
}

static int add_masked(mk_buf *out, const mk_buf *text)
{
    if (!current_mask)
        return mk_buf_add(out, text->data, text->len);
    return current_mask(mask_arg, text->data, text->len, out);
}

/* Masked as it was written and again as it will be read: cleaning changes
 * bytes, so either alone would miss some secret. */
static int add_safe(mk_buf *out, const mk_buf *text)
{
    mk_buf masked, clean;
    mk_buf_init(&masked, 2 * TEXT_MOST);
    mk_buf_init(&clean, 12 * TEXT_MOST);
    int err = add_masked(&masked, text);
    if (!err)
        err = add_clean(&clean, masked.data, masked.len);
    if (!err)
        err = add_masked(out, &clean);
    mk_buf_free(&clean);
    mk_buf_free(&masked);
    return err;
}

/* Standard error is the journal's if it is the socket that systemd names. */
static bool to_journal(void)
{
    static int known = -1;
    struct stat st;
    unsigned long long device, inode;
    const char *named = known < 0 ? getenv("JOURNAL_STREAM") : NULL;
    if (known < 0)
        known = named && sscanf(named, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
    return known == 1;
}

/* To the journal with the priority of syslog, which it takes off: `journalctl -p warning` finds what is grave. */
static void send(enum mk_log_level level, const char *line)
{
    static const char *const priority[] = { "<7>", "<6>", "<4>", "<3>" };
    if (current_sink)
        current_sink(sink_arg, level, line);
    else
        fprintf(stderr, "%s%s\n", level < MK_LOG_OFF && to_journal() ? priority[level] : "", line);
}

static void stamp(char *out, size_t room, enum mk_log_level level)
{
    const int64_t now = mk_clock_wall_ms();
    const time_t seconds = (time_t)(now / 1000);
    struct tm utc = { 0 };
    char day[32] = "";
    gmtime_r(&seconds, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, room, "%s.%03dZ %s ", day, (int)(now % 1000), mk_log_level_name(level));
}

/* Ends the line at LINE_MOST, between two characters. */
static void shorten(mk_buf *line)
{
    if (line->len <= LINE_MOST)
        return;
    size_t end = LINE_MOST - 3;
    while (end && ((unsigned char)line->data[end] & 0xC0) == 0x80)
        end--;
    memcpy(line->data + end, "...", 4);
    line->len = end + 3;
}

__attribute__((format(printf, 3, 0))) static int compose(mk_buf *text, const char *who, const char *format, va_list args)
{
    int err = MK_OK;
    if (who)
        err = mk_buf_addf(text, "%s: ", who);
    return err ? err : mk_buf_addv(text, format, args);
}

void mk_log(enum mk_log_level level, const char *who, const char *format, ...)
{
    if (level < least_level || level >= MK_LOG_OFF)
        return;
    char head[64];
    mk_buf text, line;
    mk_buf_init(&text, TEXT_MOST);
    mk_buf_init(&line, 24 * TEXT_MOST);
    stamp(head, sizeof head, level);
    va_list args;
    va_start(args, format);
    int err = compose(&text, who, format, args);
    va_end(args);
    if (!err)
        err = mk_buf_adds(&line, head);
    if (!err)
        err = add_safe(&line, &text);
    if (err) {
        char lost[160];
        snprintf(lost, sizeof lost, "%s(a line was left out: %s)", head, mk_err_text(err));
        send(level, lost);
    } else {
        shorten(&line);
        send(level, line.data);
    }
    mk_buf_free(&line);
    mk_buf_free(&text);
}
