/* completion.c - completion for bash and zsh, made from the table of commands (layer cli) */
#include "cli/command.h"

#include "base/err.h"

#include <string.h>

/* --- bash ------------------------------------------------------------------------ */

static const char bash_head[] =
    "# bash completion of meterkey; made by: meterkey help --completion bash\n"
    "_meterkey() {\n"
    "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} options= operand=\n"
    "  COMPREPLY=()\n"
    "  [ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD-2]}\n"
    "  [ \"$current\" != = ] || current=\n";
static const char bash_tail[] =
    "  if [[ $current == -* ]]; then\n"
    "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
    "  elif [ \"$operand\" = adapter ]; then\n"
    "    COMPREPLY=($(compgen -W \"$(meterkey utilities --ids 2>/dev/null)\" -- \"$current\") $(compgen -f -- \"$current\"))\n"
    "  elif [ \"$operand\" = file ]; then\n"
    "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
    "  elif [ \"$operand\" = command ]; then\n"
    "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
    "  fi\n"
    "}\n"
    "complete -o filenames -F _meterkey meterkey\n";

static int bash_value(mk_buf *out, const mk_option *option)
{
    const char *how = option->complete;
    if (!option->value)
        return MK_OK;
    if (how && strcmp(how, "file") == 0)
        return mk_buf_addf(out, "    %s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n", option->name);
    if (how && strcmp(how, "dir") == 0)
        return mk_buf_addf(out, "    %s) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n", option->name);
    return mk_buf_addf(out, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$current\")); return ;;\n", option->name, how ? how : "");
}

/* The first option of that name among all commands: each value is completed once. */
static bool is_first(const mk_command *command, size_t at)
{
    const char *name = mk_command_option(command, at)->name;
    const mk_option *option;
    for (const mk_command *other = mk_commands; other <= command; other++)
        for (size_t i = 0; (option = mk_command_option(other, i)) && (other < command || i < at); i++)
            if (strcmp(option->name, name) == 0)
                return false;
    return true;
}

static int bash_values(mk_buf *out)
{
    const mk_option *option;
    int err = mk_buf_adds(out, "  case $before in\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        for (size_t i = 0; !err && (option = mk_command_option(command, i)); i++)
            if (is_first(command, i))
                err = bash_value(out, option);
    return err ? err : mk_buf_adds(out, "  esac\n");
}

static int bash_commands(mk_buf *out)
{
    const mk_option *option;
    int err = mk_buf_adds(out, "  case $command in\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++) {
        err = mk_buf_addf(out, "    %s) operand=%s options='", command->name, command->complete ? command->complete : "none");
        for (size_t i = 0; !err && (option = mk_command_option(command, i)); i++)
            err = mk_buf_addf(out, "%s%s", i ? " " : "", option->name);
        if (!err)
            err = mk_buf_adds(out, "' ;;\n");
    }
    return err ? err : mk_buf_adds(out, "  esac\n");
}

int mk_help_bash(mk_buf *out)
{
    int err = mk_buf_adds(out, bash_head);
    if (!err)
        err = mk_buf_adds(out, "  local commands='");
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        err = mk_buf_addf(out, "%s%s", command == mk_commands ? "" : " ", command->name);
    if (!err)
        err = mk_buf_adds(out, "'\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                               "    COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$current\"))\n    return\n  fi\n");
    if (!err)
        err = bash_values(out);
    if (!err)
        err = bash_commands(out);
    return err ? err : mk_buf_adds(out, bash_tail);
}

/* --- zsh ------------------------------------------------------------------------- */

/* Inside '...[...]': quotes, brackets and colons would end it. */
static int zsh_text(mk_buf *out, const char *text)
{
    int err = MK_OK;
    for (; !err && *text; text++) {
        if (*text == '\'')
            err = mk_buf_adds(out, "'\\''");
        else if (strchr("[]:\\", *text))
            err = mk_buf_addf(out, "\\%c", *text);
        else
            err = mk_buf_addc(out, *text);
    }
    return err;
}

static int zsh_option(mk_buf *out, const mk_option *option)
{
    const char *how = option->complete;
    int err = mk_buf_addf(out, "        '%s%s%s[", option->many ? "*" : "", option->name, option->value ? "=" : "");
    if (!err)
        err = zsh_text(out, option->help);
    if (!err)
        err = mk_buf_adds(out, "]");
    if (!err && option->value) {
        err = mk_buf_adds(out, ":");
        if (!err)
            err = zsh_text(out, option->value);
        if (!err && how && strcmp(how, "file") == 0)
            err = mk_buf_adds(out, ":_files");
        else if (!err && how && strcmp(how, "dir") == 0)
            err = mk_buf_adds(out, ":_files -/");
        else if (!err)
            err = mk_buf_addf(out, ":(%s)", how ? how : "");
    }
    return err ? err : mk_buf_adds(out, "' \\\n");
}

static int zsh_command(mk_buf *out, const mk_command *command)
{
    const mk_option *option;
    int err = mk_buf_addf(out, "    %s)\n      _arguments \\\n", command->name);
    for (size_t i = 0; !err && (option = mk_command_option(command, i)); i++)
        err = zsh_option(out, option);
    if (!err && command->complete && strcmp(command->complete, "command") == 0)
        err = mk_buf_adds(out, "        '1:command:_meterkey_commands' ;;\n");
    else if (!err && command->complete && strcmp(command->complete, "adapter") == 0)
        err = mk_buf_adds(out, "        '*:adapter:_meterkey_adapters' ;;\n");
    else if (!err && command->complete)
        err = mk_buf_adds(out, "        '*:operand:_files' ;;\n");
    else if (!err)
        err = mk_buf_adds(out, "        '*: :' ;;\n");
    return err;
}

int mk_help_zsh(mk_buf *out)
{
    int err = mk_buf_adds(out, "#compdef meterkey\n# zsh completion of meterkey; made by: meterkey help --completion zsh\n"
                               "_meterkey_commands() {\n  local -a commands=(\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++) {
        err = mk_buf_addf(out, "    '%s:", command->name);
        if (!err)
            err = zsh_text(out, command->line);
        if (!err)
            err = mk_buf_adds(out, "'\n");
    }
    if (!err)
        err = mk_buf_adds(out, "  )\n  _describe command commands\n}\n"
                               "_meterkey_adapters() {\n  compadd -- ${(f)\"$(meterkey utilities --ids 2>/dev/null)\"}\n  _files\n}\n"
                               "_meterkey() {\n  if (( CURRENT == 2 )); then\n"
                               "    _meterkey_commands\n    return\n  fi\n  local command=$words[2]\n  shift words\n"
                               "  (( CURRENT-- ))\n  case $command in\n");
    for (const mk_command *command = mk_commands; !err && command->name; command++)
        err = zsh_command(out, command);
    return err ? err : mk_buf_adds(out, "  esac\n}\n[ \"$funcstack[1]\" != _meterkey ] || _meterkey \"$@\"\n");
}
