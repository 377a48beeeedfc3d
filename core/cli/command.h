/* command.h - the commands: one table for help, manual, completion and dispatch (layer cli) */
#ifndef MK_COMMAND_H
#define MK_COMMAND_H
#include "base/buf.h"
#include "cli/options.h"

typedef struct mk_command {
    const char *name;
    const char *line;     /* what it does, one line */
    const char *operands; /* "ADAPTER", "[ADAPTER...]", "" */
    int least, most;      /* operands; most -1: any number */
    const char *complete; /* how a shell completes an operand: "adapter" "file"; NULL: not */
    const char *text;     /* paragraphs, parted by empty lines; a line that begins with two blanks stands as it is */
    const char *exits;    /* lines "status  meaning", after those that all commands have; NULL: none */
    const mk_option *options; /* its own */
    bool shared;              /* and mk_shared_options */
    int (*run)(const mk_args *args); /* gives the exit status */
} mk_command;

/* One file a command. */
int mk_cmd_run(const mk_args *args);
int mk_cmd_resume(const mk_args *args);
int mk_cmd_check(const mk_args *args);
int mk_cmd_test(const mk_args *args);
int mk_cmd_record(const mk_args *args);
int mk_cmd_new(const mk_args *args);
int mk_cmd_utilities(const mk_args *args);
int mk_cmd_sandbox(const mk_args *args);
int mk_cmd_user(const mk_args *args);
int mk_cmd_token(const mk_args *args);
int mk_cmd_sign(const mk_args *args);
int mk_cmd_serve(const mk_args *args);
int mk_cmd_bench(const mk_args *args);
int mk_cmd_doctor(const mk_args *args);
int mk_cmd_key(const mk_args *args);
int mk_cmd_store(const mk_args *args);
int mk_cmd_stage(const mk_args *args);
int mk_cmd_worker(const mk_args *args);
int mk_cmd_help(const mk_args *args);

extern const mk_command mk_commands[]; /* ends with a NULL name; commands.c */
extern const mk_command mk_hidden_commands[]; /* the same, of those that the program calls itself: listed nowhere */
const mk_command *mk_command_find(const char *name); /* or NULL */
/* The i-th option of a command, its own first, then the shared ones and --help; NULL past the end. */
const mk_option *mk_command_option(const mk_command *command, size_t i);
/* Reads the command line and calls the command. Gives the exit status. */
int mk_command_main(int argc, char **argv);

/* Texts made from the table (help.c, manual.c, completion.c): MK_OK, MK_ENOMEM. */
int mk_help_all(mk_buf *out);
int mk_help_command(mk_buf *out, const mk_command *command);
int mk_help_manual(mk_buf *out); /* mdoc(7) */
int mk_help_markdown(mk_buf *out); /* for the reference */
int mk_help_bash(mk_buf *out);
int mk_help_zsh(mk_buf *out);
#endif
