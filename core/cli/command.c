/* command.c - from the command line to the command (layer cli) */
#include "cli/command.h"

#include "base/build.h"
#include "base/err.h"
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

static const mk_option help_option = { "--help", NULL, "show this text", NULL, false };

const mk_command *mk_command_find(const char *name)
{
    const mk_command *const tables[] = { mk_commands, mk_hidden_commands };
    for (size_t i = 0; i < 2; i++)
        for (const mk_command *command = tables[i]; command->name; command++)
            if (strcmp(command->name, name) == 0)
                return command;
    return NULL;
}

const mk_option *mk_command_option(const mk_command *command, size_t i)
{
    size_t own = 0, shared = 0;
    while (command->options && command->options[own].name)
        own++;
    if (i < own)
        return &command->options[i];
    while (command->shared && mk_shared_options[shared].name)
        shared++;
    if (i < own + shared)
        return &mk_shared_options[i - own];
    return i == own + shared ? &help_option : NULL;
}

static int print(int err, mk_buf *text)
{
    if (!err && fwrite(text->data, 1, text->len, stdout) != text->len)
        err = MK_EIO;
    mk_buf_free(text);
    if (err || fflush(stdout) != 0) {
        fprintf(stderr, "meterkey: %s\n", mk_err_text(err ? err : MK_EIO));
        return 1;
    }
    return 0;
}

static int help_of(const mk_command *command)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    return print(command ? mk_help_command(&text, command) : mk_help_all(&text), &text);
}

static int limits(void)
{
    mk_buf text;
    const char *name;
    int64_t value;
    mk_buf_init(&text, 1 << 16);
    int err = mk_buf_adds(&text, "Limits of a session, set by --limit NAME=VALUE, and their defaults:\n\n");
    for (size_t i = 0; !err && (name = mk_session_limit_at(&mk_session_defaults, i, &value)); i++)
        err = mk_buf_addf(&text, "  %-22s %lld\n", name, (long long)value);
    return print(err, &text);
}

static int completion(const mk_args *args, const char *shell)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    if (strcmp(shell, "bash") == 0)
        return print(mk_help_bash(&text), &text);
    if (strcmp(shell, "zsh") == 0)
        return print(mk_help_zsh(&text), &text);
    return mk_args_say(args, 2, "--completion %s: bash or zsh is needed", shell);
}

static int unknown_command(const char *word)
{
    enum { NAMES = 32 };
    const char *names[NAMES + 1];
    size_t count = 0;
    for (; count < NAMES && mk_commands[count].name; count++)
        names[count] = mk_commands[count].name;
    names[count] = NULL;
    const char *near = mk_suggest(word, names);
    fprintf(stderr, "meterkey: there is no command %s", word);
    if (near)
        fprintf(stderr, "; did you mean %s?\n", near);
    else
        fprintf(stderr, "; meterkey --help lists them\n");
    return 2;
}

int mk_cmd_help(const mk_args *args)
{
    mk_buf text;
    const char *shell = mk_args_get(args, "--completion"), *word = args->operand_count ? args->operands[0] : NULL;
    mk_buf_init(&text, 1 << 20);
    if (mk_args_has(args, "--man"))
        return print(mk_help_manual(&text), &text);
    if (mk_args_has(args, "--markdown"))
        return print(mk_help_markdown(&text), &text);
    if (shell)
        return completion(args, shell);
    if (word && strcmp(word, "limits") == 0)
        return limits();
    if (word && !mk_command_find(word))
        return unknown_command(word);
    return help_of(word ? mk_command_find(word) : NULL);
}

static int dispatch(const mk_command *command, int argc, char **argv)
{
    mk_args args;
    int status = mk_args_read(&args, command, argc, argv);
    if (status)
        return status;
    status = mk_args_has(&args, "--help") ? help_of(command) : command->run(&args);
    mk_args_free(&args);
    if (!status && fflush(stdout) != 0) {
        perror("meterkey");
        return 1;
    }
    return status;
}

int mk_command_main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        help_of(NULL);
        return 2;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return help_of(NULL);
    if (strcmp(word, "--version") == 0) {
        printf("meterkey %s\n", mk_build_version);
        return 0;
    }
    if (word[0] == '-') {
        fprintf(stderr, "meterkey: the command comes first: meterkey COMMAND %s ...; meterkey --help lists them\n", word);
        return 2;
    }
    const mk_command *command = mk_command_find(word);
    return command ? dispatch(command, argc - 1, argv + 1) : unknown_command(word);
}
