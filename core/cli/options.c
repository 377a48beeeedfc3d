/* options.c - reads a command line against the options of its command (layer cli) */
#include "cli/options.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 64 };

int mk_args_say(const mk_args *args, int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "meterkey %s: ", args->command->name);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return status;
}

static const mk_option *find_option(const mk_command *command, const char *name, size_t len)
{
    const mk_option *option;
    for (size_t i = 0; (option = mk_command_option(command, i)); i++)
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option;
    return NULL;
}

static int unknown_option(const mk_args *args, const char *name, size_t len)
{
    const char *names[NAMES + 1];
    const mk_option *option;
    size_t count = 0;
    for (; count < NAMES && (option = mk_command_option(args->command, count)); count++)
        names[count] = option->name;
    names[count] = NULL;
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)len, name);
    const char *near = mk_suggest(word, names);
    if (near)
        return mk_args_say(args, 2, "there is no option %.*s; did you mean %s?", (int)len, name, near);
    return mk_args_say(args, 2, "there is no option %.*s; meterkey %s --help lists them", (int)len, name,
                       args->command->name);
}

static void add_given(mk_args *args, const mk_option *option, const char *value)
{
    args->given[args->given_count++] = (mk_given){ .option = option, .value = value };
}

/* Reads the option at argv[*i], and its value, which may be the next word. */
static int read_option(mk_args *args, int *i)
{
    const char *word = args->argv[*i];
    const char *equals = strchr(word, '=');
    const size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const mk_option *option = strcmp(word, "-h") == 0 ? find_option(args->command, "--help", 6)
                                                      : find_option(args->command, word, len);
    if (!option)
        return unknown_option(args, word, len);
    if (!option->value) {
        if (equals)
            return mk_args_say(args, 2, "%s takes no value", option->name);
        add_given(args, option, NULL);
        return 0;
    }
    if (!equals && *i + 1 >= args->argc)
        return mk_args_say(args, 2, "%s needs %s", option->name, option->value);
    const char *value = equals ? equals + 1 : args->argv[++*i];
    if (!*value)
        return mk_args_say(args, 2, "%s needs %s, it is empty", option->name, option->value);
    add_given(args, option, value);
    return 0;
}

static int read_words(mk_args *args)
{
    bool operands_only = false;
    for (int i = 1; i < args->argc; i++) {
        const char *word = args->argv[i];
        if (!operands_only && strcmp(word, "--") == 0) {
            operands_only = true;
        } else if (operands_only || word[0] != '-' || !word[1]) {
            args->operands[args->operand_count++] = word;
        } else {
            int status = read_option(args, &i);
            if (status)
                return status;
        }
    }
    return 0;
}

static int check_operands(const mk_args *args)
{
    const mk_command *command = args->command;
    if (mk_args_has(args, "--help"))
        return 0;
    if (args->operand_count < (size_t)command->least)
        return mk_args_say(args, 2, "%s is missing; usage: meterkey %s %s [OPTIONS]", command->operands, command->name,
                           command->operands);
    if (command->most >= 0 && args->operand_count > (size_t)command->most)
        return mk_args_say(args, 2, "%s is one too many; usage: meterkey %s%s%s [OPTIONS]",
                           args->operands[command->most], command->name, *command->operands ? " " : "",
                           command->operands);
    return 0;
}

int mk_args_read(mk_args *out, const mk_command *command, int argc, char **argv)
{
    *out = (mk_args){ .command = command, .argc = argc, .argv = argv };
    const size_t words = argc > 0 ? (size_t)argc : 1;
    out->given = mk_calloc(words, sizeof *out->given);
    out->operands = mk_calloc(words, sizeof *out->operands);
    int status = 1;
    if (!out->given || !out->operands)
        mk_args_say(out, 1, "out of memory");
    else
        status = read_words(out);
    if (!status)
        status = check_operands(out);
    if (status)
        mk_args_free(out);
    return status;
}

void mk_args_free(mk_args *args)
{
    mk_free(args->given);
    mk_free(args->operands);
    args->given = NULL;
    args->operands = NULL;
    args->given_count = args->operand_count = 0;
}

bool mk_args_has(const mk_args *args, const char *option)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, option) == 0)
            return true;
    return false;
}

const char *mk_args_get(const mk_args *args, const char *option)
{
    for (size_t i = args->given_count; i > 0; i--)
        if (strcmp(args->given[i - 1].option->name, option) == 0)
            return args->given[i - 1].value;
    return NULL;
}

const char *mk_args_at(const mk_args *args, const char *option, size_t i)
{
    for (size_t at = 0; at < args->given_count; at++)
        if (strcmp(args->given[at].option->name, option) == 0 && i-- == 0)
            return args->given[at].value;
    return NULL;
}

bool mk_args_number(const mk_args *args, const char *option, long least, long most, long fallback, long *out)
{
    const char *text = mk_args_get(args, option);
    if (!text) {
        *out = fallback;
        return true;
    }
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) {
        mk_args_say(args, 2, "%s %s: a whole number from %ld to %ld is needed", option, text, least, most);
        return false;
    }
    *out = value;
    return true;
}
