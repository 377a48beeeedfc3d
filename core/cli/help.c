/* help.c - help on a terminal, made from the table of commands (layer cli) */
#include "cli/command.h"

#include "base/build.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 79, LEFT = 2, NAMES = 34 };

/* Appends words of len bytes, wrapped, each line begun with `indent` blanks; the first line has `at` columns already. */
static int wrap(mk_buf *out, const char *text, size_t len, size_t indent, size_t at)
{
    int err = MK_OK;
    size_t i = 0;
    while (!err && i < len) {
        size_t end = i;
        while (end < len && text[end] != ' ')
            end++;
        const size_t word = end - i;
        if (at > indent && at + 1 + word > WIDTH) {
            err = mk_buf_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            err = mk_buf_addc(out, ' ');
            at++;
        }
        if (!err)
            err = mk_buf_add(out, text + i, word);
        at += word;
        i = end + (end < len);
    }
    return err ? err : mk_buf_addc(out, '\n');
}

/* One line of a text, or a whole paragraph: a line that begins with two blanks stands as it is. */
static int paragraphs(mk_buf *out, const char *text)
{
    int err = MK_OK;
    while (!err && *text) {
        const size_t len = strcspn(text, "\n");
        if (len == 0)
            err = mk_buf_addc(out, '\n');
        else if (strncmp(text, "  ", 2) == 0)
            err = mk_buf_addf(out, "%.*s\n", (int)len, text);
        else
            err = wrap(out, text, len, 0, 0);
        text += len + (text[len] == '\n');
    }
    return err;
}

static int put_option(mk_buf *out, const mk_option *option)
{
    char name[80];
    const int len = snprintf(name, sizeof name, "%s%s%s", option->name, option->value ? " " : "",
                             option->value ? option->value : "");
    int err = mk_buf_addf(out, "%*s%s", LEFT, "", name);
    size_t at = (size_t)(len + LEFT);
    if (!err && at + 2 > NAMES) {
        err = mk_buf_addf(out, "\n%*s", NAMES, "");
        at = NAMES;
    } else if (!err) {
        err = mk_buf_addf(out, "%*s", (int)(NAMES - at), "");
        at = NAMES;
    }
    return err ? err : wrap(out, option->help, strlen(option->help), NAMES, at);
}

static int put_exits(mk_buf *out, const mk_command *command)
{
    int err = mk_buf_adds(out, "\nExit status:\n  0   done\n  1   a failure of the program itself\n  2   the command line or a "
                               "file named there is wrong\n");
    const char *text = command->exits;
    while (!err && text && *text) {
        const size_t len = strcspn(text, "\n"), number = strcspn(text, " ");
        err = mk_buf_addf(out, "  %-3.*s %.*s\n", (int)number, text, (int)(len - number - 2), text + number + 2);
        text += len + (text[len] == '\n');
    }
    return err;
}

int mk_help_command(mk_buf *out, const mk_command *command)
{
    const mk_option *option;
    int err = mk_buf_addf(out, "usage: meterkey %s%s%s [OPTIONS]\n\n", command->name, *command->operands ? " " : "",
                          command->operands);
    if (!err)
        err = paragraphs(out, command->text);
    if (!err)
        err = mk_buf_adds(out, "\nOptions, before or after operands (--name VALUE or --name=VALUE):\n");
    for (size_t i = 0; !err && (option = mk_command_option(command, i)); i++) {
        if (command->shared && option == mk_shared_options)
            err = mk_buf_adds(out, "\nThe portal, the network and limits:\n");
        if (!err)
            err = put_option(out, option);
    }
    return err ? err : put_exits(out, command);
}

int mk_help_all(mk_buf *out)
{
    int err = mk_buf_addf(out, "Meterkey %s turns a utility customer's consent into their list of meters.\n\n"
                               "usage: meterkey COMMAND [OPTIONS]\n\n", mk_build_version);
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        err = mk_buf_addf(out, "  %-10s %s\n", command->name, command->line);
    if (!err)
        err = mk_buf_adds(out, "\n`meterkey COMMAND --help` tells all about one. `meterkey --version` prints the version.\n\n"
                               "Try it: `meterkey sandbox` in one terminal, and in another\n"
                               "  meterkey run demo --allow-origin http://127.0.0.1:18102\n");
    return err;
}
