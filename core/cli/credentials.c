/* credentials.c - what the customer would type: from a file, standard input or a person (layer cli) */
#include "cli/credentials.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "cli/park.h"
#include "cli/tty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

static int read_stdin(mk_buf *out)
{
    char chunk[4096];
    int err = MK_OK;
    while (!err) {
        const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            err = got < 0 ? MK_EIO : MK_OK;
            break;
        }
        err = mk_buf_add(out, chunk, (size_t)got);
    }
    explicit_bzero(chunk, sizeof chunk);
    return err;
}

/* {"username": "...", ...} with the adapter's own names, for messages. */
static void describe(const mk_manifest *manifest, char *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < manifest->credential_count && len < cap; i++) {
        const int put = snprintf(out + len, cap - len, "%s\"%s\": \"...\"", i ? ", " : "{", manifest->credentials[i].name);
        len += put > 0 ? (size_t)put : 0;
    }
    if (len < cap)
        snprintf(out + len, cap - len, "}");
}

static int parse(mk_credentials **out, const mk_args *args, const mk_manifest *manifest, const char *path, const mk_buf *text)
{
    mk_json_error error = { .line = 1, .col = 1 };
    json_t *object = NULL;
    char why[300] = "", shape[400];
    describe(manifest, shape, sizeof shape);
    int err = mk_json_parse(&object, text->data, text->len, NULL, &error);
    if (err == MK_ENOMEM)
        return mk_args_say(args, 1, "%s", mk_err_text(err));
    if (err)
        return mk_args_say(args, 2, "--credentials %s, line %d, column %d: this is not JSON (%s); expected: %s", path,
                           error.line, error.col, error.why, shape);
    err = json_is_object(object) ? mk_credentials_read(out, object, manifest, why, sizeof why) : MK_EPARSE;
    if (err == MK_ENOMEM)
        mk_args_say(args, 1, "%s", mk_err_text(err));
    else if (err)
        mk_args_say(args, 2, "--credentials %s: %s; expected: %s", path, *why ? why : "this is not a JSON object", shape);
    json_decref(object);
    return err == MK_ENOMEM ? 1 : err ? 2 : 0;
}

static int from_file(mk_credentials **out, const mk_args *args, const mk_manifest *manifest, const char *path)
{
    mk_buf text;
    mk_buf_init(&text, FILE_MAX);
    int err = strcmp(path, "-") == 0 ? read_stdin(&text) : mk_park_read(&text, path, FILE_MAX);
    int status;
    if (err == MK_ELIMIT)
        status = mk_args_say(args, 2, "--credentials %s: larger than %d KiB", path, FILE_MAX / 1024);
    else if (err)
        status = mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "--credentials %s: %s", path,
                             err == MK_EIO || err == MK_ENOENT ? strerror(errno) : mk_err_text(err));
    else
        status = parse(out, args, manifest, path, &text);
    mk_buf_free(&text);
    return status;
}

/* One field, asked for again while it is empty and may not be. */
static int ask_field(json_t *object, const mk_credential_field *field)
{
    mk_buf line;
    char prompt[200];
    mk_buf_init(&line, 4096);
    snprintf(prompt, sizeof prompt, "%s%s: ", field->label ? field->label : field->name, field->optional ? " (optional)" : "");
    int err = MK_OK;
    do
        err = mk_tty_line(&line, prompt, field->secret);
    while (!err && !line.len && !field->optional);
    if (!err && line.len && json_object_set_new(object, field->name, json_stringn(line.data, line.len)) != 0)
        err = mk_utf8_valid(line.data, line.len) ? MK_ENOMEM : MK_EPARSE;
    mk_buf_free(&line);
    return err;
}

static int from_terminal(mk_credentials **out, const mk_args *args, const mk_manifest *manifest)
{
    char why[300] = "";
    json_t *object = json_object();
    int err = object ? MK_OK : MK_ENOMEM;
    fprintf(stderr, "Signing in at ");
    mk_tty_put(stderr, manifest->name);
    fprintf(stderr, "\n");
    for (size_t i = 0; !err && i < manifest->credential_count; i++)
        err = ask_field(object, &manifest->credentials[i]);
    if (!err)
        err = mk_credentials_read(out, object, manifest, why, sizeof why);
    json_decref(object);
    if (err == MK_ECLOSED)
        return mk_args_say(args, 2, "nothing was typed");
    if (err)
        return mk_args_say(args, err == MK_ENOMEM ? 1 : 2, "%s", *why ? why : mk_err_text(err));
    return 0;
}

int mk_credentials_get(mk_credentials **out, const mk_args *args, const mk_manifest *manifest)
{
    const char *path = mk_args_get(args, "--credentials");
    if (path)
        return from_file(out, args, manifest, path);
    if (mk_tty_there())
        return from_terminal(out, args, manifest);
    char shape[400];
    describe(manifest, shape, sizeof shape);
    return mk_args_say(args, 2, "there is no terminal to ask for credentials on; give --credentials FILE (or -) with %s",
                       shape);
}
