/* tty.h - a person at a terminal: lines typed, echo switched off for secrets (layer cli) */
#ifndef MK_TTY_H
#define MK_TTY_H
#include "base/buf.h"
#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

/* Whether somebody can be asked: standard input and standard error are terminals. */
bool mk_tty_there(void);

/* No echo until mk_tty_show; restored at exit and by signals that end the process too. */
void mk_tty_hide(void);
void mk_tty_show(void);

/* Asks on standard error and waits for a line, which replaces what is in out. MK_OK; MK_ECLOSED: end of input;
 * MK_ELIMIT, MK_ENOMEM. */
int mk_tty_line(mk_buf *out, const char *prompt, bool hidden);

/* A line typed while the loop goes on. line is NULL at the end of input; borrowed. */
typedef struct mk_tty mk_tty;
typedef void (*mk_tty_done)(void *arg, const char *line);
int mk_tty_new(mk_tty **out, uv_loop_t *loop); /* MK_OK, MK_ENOMEM, MK_EIO */
void mk_tty_read(mk_tty *tty, bool hidden, mk_tty_done done, void *arg);
void mk_tty_forget(mk_tty *tty);
void mk_tty_free(mk_tty *tty); /* NULL is fine; closes when the loop runs once more */

/* Writes text of a portal or a script: what would move a terminal's cursor or hide text becomes '?'. */
void mk_tty_put(FILE *file, const char *text);
#endif
