/* options.h - what a command line says: options, operands, and the options that commands share (layer cli) */
#ifndef MK_OPTIONS_H
#define MK_OPTIONS_H
#include "session/session.h"

typedef struct mk_option {
    const char *name;     /* "--park"; NULL ends a list */
    const char *value;    /* "FILE"; NULL: a flag */
    const char *help;     /* one sentence, lower case, no full stop */
    const char *complete; /* how a shell completes the value: "file" "dir" "adapter", or words "relay turn_off"; NULL: not */
    bool many;            /* may be given more than once; otherwise the last counts */
} mk_option;

struct mk_command;
typedef struct mk_given {
    const mk_option *option;
    const char *value; /* NULL for a flag */
} mk_given;
typedef struct mk_args {
    const struct mk_command *command;
    mk_given *given;
    size_t given_count;
    const char **operands;
    size_t operand_count;
    int argc; /* as main got them from the command's name on */
    char **argv;
} mk_args;

/* Reads argv[1..] for command: options before or after operands, --opt VALUE and --opt=VALUE, `--` ends
 * options. 0; or 2 after saying what is wrong (the nearest option is suggested); 1: out of memory. */
int mk_args_read(mk_args *out, const struct mk_command *command, int argc, char **argv);
void mk_args_free(mk_args *args);
bool mk_args_has(const mk_args *args, const char *option);
const char *mk_args_get(const mk_args *args, const char *option);            /* the last, or NULL */
const char *mk_args_at(const mk_args *args, const char *option, size_t i);   /* the i-th, or NULL */
/* A whole number from least to most, fallback if it is not given. False after saying what is wrong. */
bool mk_args_number(const mk_args *args, const char *option, long least, long most, long fallback, long *out);
/* "meterkey NAME: ..." and a newline on standard error; gives status. */
int mk_args_say(const mk_args *args, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The options that run, resume, record, bench and test share. */
extern const mk_option mk_shared_options[];
typedef struct mk_shared {
    mk_engine_options engine;
    const char *scripts, *runtime;      /* folders, or NULL */
    const char *mfa;                    /* "relay", "turn_off" or NULL */
    const char *keep, *key;             /* files, or NULL */
    const char **allow, **connect;      /* what engine points to */
} mk_shared;
/* 0; or an exit status after saying what is wrong. args must outlive it. */
int mk_shared_read(mk_shared *out, const mk_args *args);
void mk_shared_free(mk_shared *shared);
#endif
