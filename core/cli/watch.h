/* watch.h - those who look on while a session runs: traces, reports, recorders (layer cli)
 *
 * Watchers see what is not masked: they gather, and mask with mk_session_mask when the session is
 * over, since a secret may become known after the page that echoed it. They never answer, park or free. */
#ifndef MK_WATCH_H
#define MK_WATCH_H
#include "session/session.h"

typedef struct mk_watch mk_watch;
struct mk_watch { /* any function may be NULL; arguments are those of mk_driver and borrowed */
    mk_watch *next;
    void *arg;
    void (*hop)(void *arg, mk_session *session, const mk_hop *hop);
    void (*page)(void *arg, mk_session *session, mk_page *page, const json_t *explain, const char *where);
    void (*note)(void *arg, mk_session *session, const char *kind, const json_t *data);
    void (*progress)(void *arg, mk_session *session, const char *text);
    void (*log)(void *arg, mk_session *session, int level, const char *text);
    void (*challenge)(void *arg, mk_session *session, const json_t *challenge, bool again);
    /* The session took this answer (as contract.md section 6 has it, not masked). */
    void (*answer)(void *arg, mk_session *session, const char *challenge_id, const json_t *answer);
    void (*end)(void *arg, mk_session *session, const mk_session_end *end);
    /* Once, last, while the session is still there: write what was gathered. result: the object that the command
     * prints (meters, error or challenge). MK_OK, or why it could not be written; then errno tells more. */
    int (*close)(void *arg, mk_session *session, const json_t *result);
    void (*free)(void *arg);
    const char *name; /* of the file it writes, for messages; borrowed */
};

/* Adds a watcher at the end; takes the copy of *watch. MK_OK, MK_ENOMEM (nothing taken). */
int mk_watch_add(mk_watch **list, const mk_watch *watch);
void mk_watch_free(mk_watch **list);

/* --trace FILE (har.c) and --report FILE (report.c): FILE is opened at once, so that a run is not wasted on
 * one that cannot be written. path is borrowed. MK_OK, MK_EIO (errno), MK_ENOMEM. */
int mk_har_watch(mk_watch **list, const char *path);
int mk_report_watch(mk_watch **list, const char *path);
#endif
