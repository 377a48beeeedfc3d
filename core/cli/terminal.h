/* terminal.h - a challenge put to a person at the terminal, and progress shown to them (layer cli) */
#ifndef MK_TERMINAL_H
#define MK_TERMINAL_H
#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

typedef struct mk_terminal mk_terminal;

/* ask: whether questions can be asked too (a terminal to read from). MK_OK, MK_ENOMEM, MK_EIO. */
int mk_terminal_new(mk_terminal **out, uv_loop_t *loop, bool ask);
void mk_terminal_free(mk_terminal *terminal); /* NULL is fine */

/* One line on standard error. */
void mk_terminal_progress(const char *text);
/* What a challenge is about, on standard error, in words. again: what was typed before was rejected. */
void mk_terminal_explain(const json_t *challenge, bool again);

/* Shows the challenge and asks; answer is as in contract.md section 6, owned by the receiver. */
typedef void (*mk_terminal_done)(void *arg, json_t *answer);
void mk_terminal_ask(mk_terminal *terminal, const json_t *challenge, bool again, mk_terminal_done done, void *arg);
/* The answer was refused: says why and asks once more. */
void mk_terminal_refused(mk_terminal *terminal, const char *why);
/* The challenge is over: nothing is read any more. */
void mk_terminal_forget(mk_terminal *terminal);
#endif
