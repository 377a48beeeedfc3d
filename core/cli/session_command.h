/* session_command.h - what run, resume and record share (layer cli) */
#ifndef MK_SESSION_COMMAND_H
#define MK_SESSION_COMMAND_H
#include "cli/drive.h"

/* --trace and --report as watchers. 0, or the exit status after saying what is wrong (the list is then empty). */
int mk_session_command_look(mk_watch **watches, const mk_args *args);
/* What --answers, --park and the terminal say, put into input. */
void mk_session_command_input(mk_drive_input *input, const mk_args *args, const mk_shared *shared);
/* Whether the file of --park could be written; 0, or 2 after saying why not. */
int mk_session_command_park(const mk_args *args);
int mk_session_command_print(const mk_args *args, const mk_drive_result *result);
#endif
