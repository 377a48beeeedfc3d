/* manual.c - the manual page and the page of the reference, made from the table of commands (layer cli) */
#include "cli/command.h"

#include "base/build.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Text for mdoc: no backslash, and no line that begins like a request. */
static int roff(mk_buf *out, const char *text, size_t len, bool first)
{
    int err = first && len && (*text == '.' || *text == '\'') ? mk_buf_adds(out, "\\&") : MK_OK;
    for (size_t i = 0; !err && i < len; i++) {
        if (text[i] == '\\')
            err = mk_buf_adds(out, "\\e");
        else if (text[i] == '-')
            err = mk_buf_adds(out, "\\-");
        else if (text[i] == '\'')
            err = mk_buf_adds(out, "\\(aq");
        else if (text[i] == '`')
            err = mk_buf_adds(out, "\\(ga");
        else
            err = mk_buf_addc(out, text[i]);
    }
    return err;
}

/* A paragraph, one sentence a line and no line too long, as manual pages are written. */
static int roff_line(mk_buf *out, const char *text, size_t len)
{
    int err = MK_OK;
    size_t column = 0;
    for (size_t i = 0; !err && i < len;) {
        const size_t word = strcspn(text + i, " \n") < len - i ? strcspn(text + i, " \n") : len - i;
        const bool sentence = i && text[i - 1] == ' ' && i > 1 && strchr(".?!", text[i - 2]);
        if (column && (sentence || column + 1 + word > 76)) {
            err = mk_buf_addc(out, '\n');
            column = 0;
        } else if (column) {
            err = mk_buf_addc(out, ' ');
            column++;
        }
        if (!err)
            err = roff(out, text + i, word, column == 0);
        column += word;
        i += word + (i + word < len);
    }
    return err ? err : mk_buf_addc(out, '\n');
}

/* A line that stands as it is. */
static int roff_literal(mk_buf *out, const char *text, size_t len)
{
    int err = roff(out, text, len, true);
    return err ? err : mk_buf_addc(out, '\n');
}

static int roff_text(mk_buf *out, const char *text)
{
    int err = MK_OK;
    bool literal = false;
    while (!err && *text) {
        const size_t len = strcspn(text, "\n");
        const bool as_is = strncmp(text, "  ", 2) == 0;
        if (literal && !as_is)
            err = mk_buf_adds(out, ".Ed\n.Pp\n");
        if (!err && !literal && as_is)
            err = mk_buf_adds(out, ".Bd -literal -offset indent\n");
        if (!err && len == 0 && literal)
            err = MK_OK; /* the paragraph was begun */
        else if (!err && len == 0 && strncmp(text + 1, "  ", 2) != 0)
            err = mk_buf_adds(out, ".Pp\n");
        else if (!err && as_is)
            err = roff_literal(out, text + 2, len - 2);
        else if (!err && len)
            err = roff_line(out, text, len);
        literal = as_is;
        text += len + (text[len] == '\n');
    }
    return err || !literal ? err : mk_buf_adds(out, ".Ed\n");
}

static int roff_option(mk_buf *out, const mk_option *option)
{
    int err = mk_buf_adds(out, ".It Fl \\&");
    if (!err)
        err = roff(out, option->name + 1, strlen(option->name) - 1, false);
    if (!err && option->value) {
        err = mk_buf_adds(out, " Ar ");
        if (!err)
            err = roff(out, option->value, strlen(option->value), false);
    }
    if (!err)
        err = mk_buf_addc(out, '\n');
    return err ? err : roff_line(out, option->help, strlen(option->help));
}

static int roff_options(mk_buf *out, const mk_option *options)
{
    if (!options || !options->name)
        return MK_OK;
    int err = mk_buf_adds(out, ".Bl -tag -width indent\n");
    for (; !err && options->name; options++)
        err = roff_option(out, options);
    return err ? err : mk_buf_adds(out, ".El\n");
}

static int roff_command(mk_buf *out, const mk_command *command)
{
    int err = mk_buf_addf(out, ".Ss %s\n", command->name);
    if (!err)
        err = roff_text(out, command->text);
    if (!err)
        err = roff_options(out, command->options);
    if (!err && command->shared)
        err = mk_buf_adds(out, ".Pp\nThe shared options, below, too.\n");
    return err;
}

static int roff_usage(mk_buf *out, const mk_command *command)
{
    const char *operands = command->operands;
    const size_t len = strcspn(operands, ".]");
    int err = mk_buf_addf(out, ".Nm\n.Cm %s\n", command->name);
    if (!err && *operands == '[')
        err = mk_buf_addf(out, ".Op Ar %.*s%s\n", (int)len - 1, operands + 1, operands[len] == '.' ? " ..." : "");
    else if (!err && *operands)
        err = mk_buf_addf(out, ".Ar %s\n", operands);
    return err ? err : mk_buf_adds(out, ".Op Ar OPTIONS\n");
}

static int roff_exits(mk_buf *out)
{
    const char *text = mk_commands[0].exits;
    int err = mk_buf_adds(out, ".Sh EXIT STATUS\n.Bl -tag -width indent\n.It 0\ndone\n.It 1\na failure of the program itself, or "
                               "a session of bench that failed\n.It 2\nthe command line or a file named there is wrong\n");
    while (!err && text && *text) {
        const size_t len = strcspn(text, "\n"), number = strcspn(text, " ");
        err = mk_buf_addf(out, ".It %.*s\n", (int)number, text);
        if (!err)
            err = roff_line(out, text + number + 2, len - number - 2);
        text += len + (text[len] == '\n');
    }
    return err ? err : mk_buf_adds(out, ".El\n");
}

static const char files[] =
    ".Sh ENVIRONMENT\n.Bl -tag -width indent\n.It Ev XDG_CONFIG_HOME\nwhere the folder meterkey lies, in place of\n"
    ".Pa ~/.config\n.El\n.Sh FILES\n.Bl -tag -width indent\n.It Pa ~/.config/meterkey/key\n"
    "the key that seals parked sessions and what adapters keep;\nmade at first use, mode 0600\n"
    ".It Pa ~/.config/meterkey/spent\nwhich parked sessions were resumed already\n"
    ".It Pa ./scripts\nadapters (utilities/) and their cases (cases/)\n.El\n";
static const char examples[] =
    ".Sh EXAMPLES\nSign in to the made-up utility, in two terminals:\n.Bd -literal -offset indent\nmeterkey sandbox\n"
    "meterkey run demo \\-\\-allow\\-origin http://127.0.0.1:18102\n.Ed\n";

int mk_help_manual(mk_buf *out)
{
    int err = mk_buf_addf(out, ".\\\" Made by meterkey help --man.\n.Dd November 24, 2026\n.Dt METERKEY 1\n.Os \"Meterkey %s\"\n.Sh NAME\n"
                               ".Nm meterkey\n.Nd from a utility customer's consent to their list of meters\n.Sh SYNOPSIS\n",
                          mk_build_version);
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        err = roff_usage(out, command);
    if (!err)
        err = mk_buf_adds(out, ".Sh DESCRIPTION\nMeterkey signs in at a utility's portal on behalf of a customer,\npasses on the "
                               "code of a second factor, and reads the list of meters.\nWhat differs from utility to utility is "
                               "one script, the adapter.\n.Sh COMMANDS\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        err = roff_command(out, command);
    if (!err)
        err = mk_buf_adds(out, ".Sh SHARED OPTIONS\n");
    if (!err)
        err = roff_options(out, mk_shared_options);
    if (!err)
        err = mk_buf_adds(out, files);
    if (!err)
        err = roff_exits(out);
    return err ? err : mk_buf_adds(out, examples);
}

/* --- Markdown --------------------------------------------------------------------- */

int mk_help_markdown(mk_buf *out)
{
    int err = mk_buf_adds(out, "# The commands\n\nMade from the program (`meterkey help --markdown`).\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++) {
        err = mk_buf_addf(out, "\n## %s\n\n%c%s.\n\n```\n", command->name, command->line[0] & ~0x20, command->line + 1);
        if (!err)
            err = mk_help_command(out, command);
        if (!err)
            err = mk_buf_adds(out, "```\n");
    }
    return err;
}
