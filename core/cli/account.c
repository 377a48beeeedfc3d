/* account.c - the commands `user` and `token` (layer cli) */
#include "service/service.h"

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/serving.h"
#include "cli/tty.h"

#include <stdio.h>
#include <string.h>

/* From a terminal without showing it, else one line of standard input. */
static int read_password(mk_buf *out)
{
    mk_buf_init(out, 512);
    return mk_tty_line(out, mk_tty_there() ? "Password: " : "", true) || !out->len ? MK_ECLOSED : MK_OK;
}

static const char *second(const mk_args *args)
{
    return args->operand_count > 1 ? args->operands[1] : NULL;
}

static void print_rows(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
        puts(text ? text : "");
        mk_free(text);
    }
}

static int run(const mk_args *args, json_t *message)
{
    char why[MK_SERVICE_WHY] = "";
    json_t *config = NULL, *result = NULL;
    int status = mk_serving_config(&config, args);
    if (status) {
        json_decref(message);
        return status;
    }
    int err = mk_service_command(config, message, &result, why);
    const char *error = json_string_value(json_object_get(result, "error")), *ok = json_string_value(json_object_get(result, "ok"));
    if (err)
        status = mk_args_say(args, 1, "%s", *why ? why : mk_err_text(err));
    else if (error)
        status = mk_args_say(args, 2, "%s", error);
    else if (ok)
        puts(ok);
    print_rows(json_object_get(result, "rows"));
    json_decref(result);
    json_decref(config);
    return status;
}

static int needs(const mk_args *args, const char *what)
{
    return mk_args_say(args, 2, "%s", what);
}

int mk_cmd_user(const mk_args *args)
{
    char name[64];
    mk_buf password;
    const char *verb = args->operands[0], *email = second(args), *role = mk_args_get(args, "--role");
    const char *team = mk_args_get(args, "--team");
    const bool add = strcmp(verb, "add") == 0, wants = add || strcmp(verb, "password") == 0;
    if (!email && strcmp(verb, "list") != 0)
        return needs(args, "whose? an e-mail address is needed");
    mk_buf_init(&password, 1);
    if (wants && read_password(&password) != MK_OK)
        return needs(args, "no password was given: type it, or pass it on standard input");
    snprintf(name, sizeof name, "user %s", verb);
    json_t *message = json_pack("{s:s, s:s?, s:s, s:s, s:s}", "command", name, "email", email, "role", role ? role : "owner", "team",
                                team ? team : "Meterkey", "password", password.data);
    mk_buf_free(&password); /* wiped */
    return run(args, message);
}

int mk_cmd_token(const mk_args *args)
{
    char name[64];
    const char *verb = args->operands[0], *what = second(args), *team = mk_args_get(args, "--team");
    if (!what && strcmp(verb, "list") != 0)
        return needs(args, strcmp(verb, "create") == 0 ? "a name is needed, such as 'billing'" : "which? `meterkey token list` shows them");
    snprintf(name, sizeof name, "token %s", verb);
    if (mk_args_has(args, "--read-only") && mk_args_has(args, "--operator"))
        return needs(args, "a token is --read-only or --operator, not both");
    return run(args, json_pack("{s:s, s:s?, s:s?, s:s, s:b, s:b}", "command", name, "name", what, "uid", what, "team", team ? team : "Meterkey",
                               "read_only", mk_args_has(args, "--read-only"), "operator", mk_args_has(args, "--operator")));
}
