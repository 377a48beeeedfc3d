/* journal.c - what a session received, in order (layer journal) */
#include "journal/journal.h"

#include "base/err.h"
#include "base/random.h"
#include "journal/journal_own.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

mk_journal *mk_journal_new_keyed(size_t most, const void *key)
{
    mk_journal *journal = mk_calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    journal->most = most;
    journal->key = mk_secret_new(key, MK_JOURNAL_KEY);
    if (!journal->key) {
        mk_free(journal);
        return NULL;
    }
    return journal;
}

mk_journal *mk_journal_new(size_t most)
{
    uint8_t key[MK_JOURNAL_KEY];
    mk_random_fill(key, sizeof key);
    mk_journal *journal = mk_journal_new_keyed(most, key);
    sodium_memzero(key, sizeof key);
    return journal;
}

void mk_journal_free(mk_journal *journal)
{
    if (!journal)
        return;
    for (size_t i = 0; i < journal->count; i++)
        mk_free((char *)journal->list[i].data.data);
    mk_free(journal->list);
    mk_secret_unref(journal->key);
    mk_free(journal);
}

static void hash_size(crypto_generichash_state *state, uint64_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(size >> (8 * i));
    crypto_generichash_update(state, bytes, sizeof bytes);
}

void mk_journal_print(const mk_journal *journal, const mk_bytes *parts, size_t count, uint8_t out[MK_PRINT_BYTES])
{
    const mk_bytes key = mk_secret_bytes(journal->key);
    crypto_generichash_state state;
    crypto_generichash_init(&state, (const unsigned char *)key.data, key.len, MK_PRINT_BYTES);
    hash_size(&state, count);
    for (size_t i = 0; i < count; i++) {
        hash_size(&state, parts[i].len);
        crypto_generichash_update(&state, (const unsigned char *)parts[i].data, parts[i].len);
    }
    crypto_generichash_final(&state, out, MK_PRINT_BYTES);
    sodium_memzero(&state, sizeof state);
}

static int grow(mk_journal *journal)
{
    if (journal->count < journal->cap)
        return MK_OK;
    const size_t cap = journal->cap ? journal->cap * 2 : 16;
    size_t bytes = 0;
    if (mk_mul_overflows(cap, sizeof *journal->list, &bytes))
        return MK_ENOMEM;
    mk_entry *list = mk_realloc(journal->list, bytes);
    if (!list)
        return MK_ENOMEM;
    journal->list = list;
    journal->cap = cap;
    return MK_OK;
}

static bool is_kind(enum mk_entry_kind kind)
{
    return kind >= MK_ENTRY_START && kind <= MK_ENTRY_POLL;
}

static bool is_zero(const uint8_t *print)
{
    return sodium_is_zero(print, MK_PRINT_BYTES);
}

/* The entry before, if this one takes its place: of polls only the last counts. */
static mk_entry *replaced(mk_journal *journal, const mk_entry *entry)
{
    if (!journal->count || entry->kind != MK_ENTRY_POLL)
        return NULL;
    mk_entry *last = &journal->list[journal->count - 1];
    return last->kind == MK_ENTRY_POLL && !memcmp(last->print, entry->print, MK_PRINT_BYTES) ? last : NULL;
}

/* True if that much data more, in place of `was`, is within the cap. */
static bool fits(const mk_journal *journal, const mk_entry *was, size_t len)
{
    const size_t count = journal->count + (was ? 0 : 1);
    const size_t bytes = journal->bytes - (was ? was->data.len : 0);
    size_t cost = 0, total = 0;
    return !mk_mul_overflows(count, MK_JOURNAL_ENTRY_COST, &cost) && !mk_add_overflows(bytes, len, &total) &&
           !mk_add_overflows(total, cost, &total) && total <= journal->most;
}

int mk_journal_append(mk_journal *journal, enum mk_entry_kind kind, const uint8_t *print, const void *data, size_t len)
{
    if (mk_journal_replaying(journal) || !is_kind(kind))
        return MK_EINVAL;
    mk_entry entry = { .kind = kind };
    if (print)
        memcpy(entry.print, print, MK_PRINT_BYTES);
    mk_entry *was = replaced(journal, &entry);
    if (!fits(journal, was, len))
        return MK_ELIMIT;
    const int err = was ? MK_OK : grow(journal);
    if (err)
        return err;
    char *copy = mk_memdup(data, len);
    if (!copy)
        return MK_ENOMEM;
    entry.data = (mk_bytes){ copy, len };
    if (was) {
        journal->bytes -= was->data.len;
        mk_free((char *)was->data.data);
        *was = entry;
    } else {
        journal->list[journal->count++] = entry;
        journal->next = journal->count;
    }
    journal->bytes += len;
    return MK_OK;
}

void mk_journal_truncate(mk_journal *journal, size_t count)
{
    if (mk_journal_replaying(journal))
        return;
    while (journal->count > count) {
        const mk_entry *last = &journal->list[--journal->count];
        journal->bytes -= last->data.len;
        mk_free((char *)last->data.data);
    }
    journal->next = journal->count;
}

size_t mk_journal_count(const mk_journal *journal)
{
    return journal->count;
}

size_t mk_journal_bytes(const mk_journal *journal)
{
    return journal->bytes;
}

void mk_journal_rewind(mk_journal *journal)
{
    journal->next = 0;
}

bool mk_journal_replaying(const mk_journal *journal)
{
    return journal->next < journal->count;
}

static const char *kind_name(enum mk_entry_kind kind)
{
    static const char *const name[] = { "nothing", "start", "exchange", "answer", "clock", "wait", "poll" };
    return is_kind(kind) ? name[kind] : name[0];
}

static int diverged(mk_journal *journal, enum mk_entry_kind kind)
{
    const mk_entry *there = &journal->list[journal->next];
    if (there->kind != kind)
        snprintf(journal->why, sizeof journal->why, "entry %zu: %s was recorded, %s is asked for", journal->next + 1,
                 kind_name(there->kind), kind_name(kind));
    else if (is_zero(there->print))
        snprintf(journal->why, sizeof journal->why, "entry %zu: %s was recorded without a fingerprint, one is asked for",
                 journal->next + 1, kind_name(kind));
    else
        snprintf(journal->why, sizeof journal->why, "entry %zu: another %s was recorded than the one asked for",
                 journal->next + 1, kind_name(kind));
    return MK_EDIVERGED;
}

int mk_journal_read(mk_journal *journal, enum mk_entry_kind kind, const uint8_t *print, mk_entry *out)
{
    if (!mk_journal_replaying(journal))
        return MK_ENOENT;
    const mk_entry *there = &journal->list[journal->next];
    if (there->kind != kind || (print && sodium_memcmp(there->print, print, MK_PRINT_BYTES) != 0))
        return diverged(journal, kind);
    *out = *there;
    journal->next++;
    return MK_OK;
}

const char *mk_journal_why(const mk_journal *journal)
{
    return journal->why;
}

bool mk_journal_peek(const mk_journal *journal, mk_entry *out)
{
    if (!mk_journal_replaying(journal))
        return false;
    *out = journal->list[journal->next];
    return true;
}
