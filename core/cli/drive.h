/* drive.h - drives one session to its end, its park or its failure (layer cli)
 *
 * All that `run` and `resume` do once they know what to run: answers from a file or a terminal, parking,
 * what is kept, watchers. record, test and bench stand on it too. */
#ifndef MK_DRIVE_H
#define MK_DRIVE_H
#include "cli/options.h"
#include "cli/watch.h"

typedef struct mk_drive_input {
    const mk_shared *shared;           /* network, limits, policy override, key, keep file */
    const mk_version *version;
    const mk_credentials *credentials; /* or NULL: go on from parked */
    mk_bytes parked;
    const json_t *keep;                /* what the adapter kept, or NULL: that in the file of --keep */
    const char *answers_file;          /* answers given in order, - for standard input; or NULL */
    const json_t *answers;             /* or as a list; or NULL */
    bool progress;                     /* what the adapter says goes to standard error */
    bool exchanges;                    /* and a line an exchange, for a person who watches */
    bool ask;                          /* and is asked there, when there are no answers in a file or list */
    bool human;                        /* somebody can answer: asked, by answers, or later (parked) */
    const char *park;                  /* seal into this file at the first challenge without an answer, or NULL */
    mk_watch *watches;                 /* borrowed; closed before the session is freed, not freed */
    mk_transport transport;            /* NULL: the network; with seed and now_ms: cases */
    void *transport_arg;
    const uint8_t *seed;
    int64_t now_ms;
} mk_drive_input;

typedef struct mk_drive_result {
    int status;       /* of the process: 0, 1, 2, 10.., 20 */
    json_t *object;   /* contract.md section 6: success, failure or challenge; NULL with status 1 and 2, told already; owned */
    json_t *keep;     /* what s.keep held, or NULL; holds secrets; owned */
    int requests;
    int64_t own_us;   /* mk_session_own_us */
} mk_drive_result;
void mk_drive_result_free(mk_drive_result *result);

/* One session on a loop of its own, signals seen to (an interrupt ends it engine.cancelled). Gives result->status;
 * nothing is printed on standard output. */
int mk_drive_run(mk_drive_result *result, const mk_drive_input *input);

/* One session among others on an engine: done is called from the loop, once; the drive is freed after it. What input points
 * to must last until then. MK_OK; or an error with why. */
typedef struct mk_drive mk_drive;
typedef void (*mk_drive_done)(void *arg, mk_drive_result *result); /* result is the receiver's to free */
int mk_drive_start(mk_drive **out, mk_engine *engine, const mk_drive_input *input, mk_drive_done done, void *arg, char *why,
                   size_t cap);
mk_session *mk_drive_session(mk_drive *drive);
void mk_drive_cancel(mk_drive *drive);

/* An engine for what the options say. 0 with *out; or the exit status after saying what is wrong. */
int mk_drive_engine(mk_engine **out, uv_loop_t *loop, const mk_shared *shared);

/* A failure before there is a session, as the object that is printed: {"utility","version","error"}. utility and version may
 * be NULL ("" then). NULL when out of memory. */
json_t *mk_drive_error(const char *utility, const char *version, const mk_fault *fault);
/* Prints object on standard output, as one line. 0, or 1 if it could not be written. */
int mk_drive_put_json(const json_t *object);
/* Prints the result of run and resume: a table on a terminal or where table, JSON otherwise; what people need on
 * standard error. Gives the exit status. */
int mk_drive_print(const mk_drive_result *result, bool json, bool table);
#endif
