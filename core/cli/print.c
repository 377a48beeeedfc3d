/* print.c - how a session ended, for people and for programs (layer cli) */
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "cli/drive.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/tty.h"
#include "parse/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

json_t *mk_drive_error(const char *utility, const char *version, const mk_fault *fault)
{
    const mk_fault_kind *kind = fault->kind;
    json_t *help = json_pack("{s:s, s:s*}", "text", fault->help_text ? fault->help_text : kind->help, "url", fault->help_url);
    json_t *error = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s*, s:o}", "code", kind->code, "owner", kind->owner, "retry",
                              kind->retry, "message", fault->message ? fault->message : "", "help", help, "script",
                              fault->script, "evidence",
                              fault->evidence ? json_incref(fault->evidence) : json_object());
    return json_pack("{s:s, s:s, s:o}", "utility", utility ? utility : "", "version", version ? version : "", "error", error);
}

int mk_drive_put_json(const json_t *object)
{
    mk_buf text;
    mk_buf_init(&text, 256 << 20);
    int err = mk_json_write(&text, object);
    if (!err)
        err = mk_buf_addc(&text, '\n');
    if (!err && (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0))
        err = MK_EIO;
    if (err)
        fprintf(stderr, "meterkey: the result cannot be written: %s\n", err == MK_EIO ? strerror(errno) : mk_err_text(err));
    mk_buf_free(&text);
    return err ? 1 : 0;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void put(const char *before, const char *text)
{
    if (!*text)
        return;
    fputs(before, stderr);
    mk_tty_put(stderr, text);
    fputc('\n', stderr);
}

static void say_error(const json_t *error)
{
    const json_t *help = json_object_get(error, "help");
    const char *message = text_at(error, "message"), *advice = text_at(help, "text");
    fprintf(stderr, "error %s", text_at(error, "code"));
    put(": ", message);
    put("  at ", text_at(error, "script"));
    put("  at page ", text_at(json_object_get(error, "evidence"), "url"));
    put("  ", strcmp(advice, message) == 0 ? "" : advice);
    put("  see ", text_at(help, "url"));
}

static int say_meters(const json_t *meters, const json_t *object)
{
    const size_t count = json_array_size(meters);
    int err = mk_table_meters(stdout, meters);
    fflush(stdout);
    fprintf(stderr, "%s%zu %s, %lld requests, %.1f s\n", count ? "\n" : "", count, count == 1 ? "meter" : "meters",
            (long long)json_integer_value(json_object_get(object, "requests")),
            (double)json_integer_value(json_object_get(object, "elapsed_ms")) / 1000);
    return err ? 1 : 0;
}

int mk_drive_print(const mk_drive_result *result, bool json, bool table)
{
    const json_t *object = result->object;
    const json_t *meters = json_object_get(object, "meters"), *error = json_object_get(object, "error");
    const bool as_table = table || (!json && isatty(STDOUT_FILENO));
    int status = result->status;
    if (!object)
        return status;
    if (error)
        say_error(error);
    if (meters && as_table)
        return say_meters(meters, object) ? 1 : status;
    if (error && as_table)
        return status;
    return mk_drive_put_json(object) ? 1 : status;
}
