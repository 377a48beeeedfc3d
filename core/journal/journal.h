/* journal.h - what a session received, in order (layer journal)
 *
 * Everything that enters a script from outside passes through here: live, it
 * is appended; in a replay, it is read back in the same order, and what the
 * script asked for is compared by a keyed fingerprint. Pure data: no files, no network. */
#ifndef MK_JOURNAL_H
#define MK_JOURNAL_H
#include "base/buf.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct mk_journal mk_journal;

enum mk_entry_kind {
    MK_ENTRY_START = 1, /* clock, seed, overrides, keep: the first of each journal */
    MK_ENTRY_EXCHANGE,  /* a response (or a network fault) to a request with that fingerprint */
    MK_ENTRY_ANSWER,    /* what the customer answered */
    MK_ENTRY_CLOCK,     /* one reading of the clock */
    MK_ENTRY_WAIT,      /* a wait that is over */
    MK_ENTRY_POLL       /* as EXCHANGE, of a poll: a later one of the same challenge replaces it */
};
enum { MK_PRINT_BYTES = 16 };

typedef struct mk_entry {
    enum mk_entry_kind kind;
    uint8_t print[MK_PRINT_BYTES]; /* of what was asked for; zero where nothing was */
    mk_bytes data;                 /* owned by the journal */
} mk_entry;

/* Empty; most: bytes of data it may hold, each entry counting 32 more. It makes its own fingerprint key. NULL: out of memory. */
mk_journal *mk_journal_new(size_t most);
void mk_journal_free(mk_journal *journal);
/* Fingerprint of the parts, length-prefixed, under this journal's key. */
void mk_journal_print(const mk_journal *journal, const mk_bytes *parts, size_t count, uint8_t out[MK_PRINT_BYTES]);
/* Only when not replaying. MK_ENTRY_POLL directly after MK_ENTRY_POLL with the same
 * print replaces it. MK_OK, MK_ENOMEM, MK_ELIMIT; MK_EINVAL while replaying. */
int mk_journal_append(mk_journal *journal, enum mk_entry_kind kind, const uint8_t *print, const void *data, size_t len);
/* Forgets all entries after the first count; only when not replaying. */
void mk_journal_truncate(mk_journal *journal, size_t count);
size_t mk_journal_count(const mk_journal *journal);
size_t mk_journal_bytes(const mk_journal *journal);
/* Replay: begins before the first entry; replaying is true until the last was read. */
void mk_journal_rewind(mk_journal *journal);
bool mk_journal_replaying(const mk_journal *journal);
/* The next entry if it is of that kind and, unless print is NULL, has that print; *out is valid
 * until the journal changes. MK_OK, MK_EDIVERGED (why says what was there and what was asked), MK_ENOENT at the end. */
int mk_journal_read(mk_journal *journal, enum mk_entry_kind kind, const uint8_t *print, mk_entry *out);
/* After MK_EDIVERGED: "entry 7: exchange was recorded, answer is asked for"; no bytes of any entry. */
const char *mk_journal_why(const mk_journal *journal);
/* The next entry without reading it; false at the end. */
bool mk_journal_peek(const mk_journal *journal, mk_entry *out);

/* To bytes (zstd) and back; the bytes hold everything, so they are sealed by
 * whoever keeps them. mk_journal_load gives a journal that is rewound. MK_OK, MK_ENOMEM, MK_ELIMIT, MK_EPARSE, MK_EVERSION. */
int mk_journal_save(const mk_journal *journal, mk_buf *out);
int mk_journal_load(mk_journal **out, const void *data, size_t len, size_t most);
#endif
