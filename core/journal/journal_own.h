/* journal_own.h - the inside of a journal (layer journal)
 *
 * For the files of journal/ only. */
#ifndef MK_JOURNAL_OWN_H
#define MK_JOURNAL_OWN_H
#include "journal/journal.h"
#include "vault/secret.h"

enum {
    MK_JOURNAL_KEY = 32,
    MK_JOURNAL_ENTRY_COST = 32 /* what an entry counts besides its data; no encoding of one has more */
};

struct mk_journal {
    mk_secret *key; /* of the fingerprints */
    mk_entry *list;
    size_t count, cap;
    size_t bytes, most;
    size_t next; /* what is read next; count when not replaying */
    char why[128];
};

/* As mk_journal_new, with that key. */
mk_journal *mk_journal_new_keyed(size_t most, const void *key);
#endif
