/* answers.h - answers of a customer from a file or FIFO, one JSON value a line, in order (layer cli)
 *
 * Read by the loop, never blocking it: a FIFO is opened at once and waited for until its writer closes it. */
#ifndef MK_ANSWERS_H
#define MK_ANSWERS_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

typedef struct mk_answers mk_answers;

/* Opens path ("-": standard input). MK_OK; MK_ENOENT, MK_EIO (errno), MK_ENOMEM. */
int mk_answers_open(mk_answers **out, uv_loop_t *loop, const char *path);
/* Those of a JSON list, copied. loop as above. MK_OK, MK_ENOMEM. */
int mk_answers_list(mk_answers **out, uv_loop_t *loop, const json_t *list);

/* Called from the loop: answer is the next one (owned by the receiver); NULL with why NULL: they have run out;
 * NULL with why: a line is no JSON ("answers:3: ..."), or reading failed. */
typedef void (*mk_answers_done)(void *arg, json_t *answer, const char *why);
/* Asks for the next one. One at a time; asking again replaces the receiver. */
void mk_answers_next(mk_answers *answers, mk_answers_done done, void *arg);
void mk_answers_forget(mk_answers *answers); /* nobody waits any more; what comes stays for the next */
void mk_answers_free(mk_answers *answers);   /* NULL is fine; its handles close when the loop runs once more */
#endif
