/* reel.h - everything one session showed, in order, kept for traces, reports and cases (layer cli)
 *
 * Copies what the observer is told, unmasked: it never leaves the process but through har.c, report.c and casefile.c,
 * which mask or scrub. Memory is bounded; past the limit hops are kept without their bodies. */
#ifndef MK_CLI_REEL_H
#define MK_CLI_REEL_H
#include "cli/watch.h"

enum mk_frame_kind {
    MK_FRAME_HOP,      /* a request and its response */
    MK_FRAME_PAGE,     /* a final page, with what the patterns said of it */
    MK_FRAME_NOTE,     /* selector, form, match, ask, answer: text is the kind */
    MK_FRAME_CHALLENGE,
    MK_FRAME_ANSWER,
    MK_FRAME_PROGRESS,
    MK_FRAME_LOG
};

typedef struct mk_frame {
    enum mk_frame_kind kind;
    int64_t at_ms;       /* since the epoch */
    char *where;         /* "coned.lua:42", or NULL */
    mk_request request;  /* HOP */
    mk_response response;
    bool replayed, poll;
    bool cut;            /* bodies were left out: too much was kept already */
    mk_page *page;       /* PAGE */
    json_t *data;        /* PAGE: explain (or NULL); NOTE, CHALLENGE, ANSWER: the value */
    char *text;          /* NOTE: its kind; PROGRESS, LOG: the text */
    int level;           /* LOG */
    bool again;          /* CHALLENGE: after a rejection */
} mk_frame;

typedef struct mk_reel {
    mk_frame *list;
    size_t count, cap;
    size_t bytes, limit; /* of bodies */
    bool failed;         /* out of memory once: what was kept is not whole */
} mk_reel;

/* Keeps at most limit bytes of bodies; 0: 128 MiB. */
void mk_reel_init(mk_reel *reel, size_t limit);
void mk_reel_free(mk_reel *reel);

/* Fills the functions of watch (not close, free, name) so that reel is what they add to. Out of memory is remembered in reel->failed. */
void mk_reel_watch(mk_reel *reel, mk_watch *watch);

/* The text of a hop's response as UTF-8 (its charset honoured) in *page, NULL if it is no text; mk_page_unref. MK_OK, MK_ENOMEM. */
int mk_reel_hop_page(const mk_frame *hop, mk_page **page);

/* What is secret in a session: what its mask knows (stars), and the tokens that the portal gave it (token-1, token-2 ..., so that
 * a reader still sees which is which). */
typedef struct mk_veil {
    const mk_mask *mask; /* borrowed */
    struct mk_scrub *tokens;
} mk_veil;
int mk_veil_init(mk_veil *veil, const mk_reel *reel, const mk_mask *mask); /* MK_OK, MK_ENOMEM */
void mk_veil_free(mk_veil *veil);
int mk_veil_apply(const mk_veil *veil, const char *text, size_t len, mk_buf *out); /* MK_OK, MK_ENOMEM, MK_ELIMIT */

/* text with every secret masked, bytes that are no UTF-8 replaced. veil NULL: as it is. MK_OK, MK_ENOMEM, MK_ELIMIT. */
int mk_masked(const mk_veil *veil, const char *text, size_t len, mk_buf *out);
/* The same as a JSON string; NULL when out of memory. */
json_t *mk_masked_json(const mk_veil *veil, const char *text, size_t len);
/* A value with all its strings (not its keys) masked; NULL when out of memory. */
json_t *mk_masked_value(const mk_veil *veil, const json_t *value);
/* Writes text to path: whole or not at all (a file beside it, renamed); private_file: mode 0600, else 0644. MK_OK, MK_EIO (errno says why), MK_ENOMEM. */
int mk_write_file(const char *path, const void *data, size_t len, bool private_file);
/* A file that is opened before a run and written after it, mode 0600 if it is new. */
typedef struct mk_sink {
    int fd; /* -1: not open */
    bool regular;
} mk_sink;
int mk_sink_open(mk_sink *sink, const char *path); /* MK_OK, MK_EIO (errno) */
int mk_sink_write(mk_sink *sink, const void *data, size_t len); /* in place of what was in it. MK_OK, MK_EIO (errno) */
void mk_sink_close(mk_sink *sink); /* twice is fine, also for one that did not open */
/* Reads all of path, at most max bytes. MK_OK, MK_ENOENT, MK_EIO, MK_ELIMIT, MK_ENOMEM. */
int mk_read_file(const char *path, size_t max, mk_buf *out);
#endif
