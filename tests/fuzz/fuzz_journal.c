/* fuzz_journal.c - loading a journal from any bytes (fuzz target of journal)
 *
 * What loads must save and load again as the same. Inputs that are no saved
 * journal are also tried as the entries of one. */
#include "base/err.h"
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20 };

static void must(int holds)
{
    if (!holds)
        abort();
}

static void same(mk_journal *a, mk_journal *b)
{
    mk_entry x, y;
    must(mk_journal_count(a) == mk_journal_count(b) && mk_journal_bytes(a) == mk_journal_bytes(b));
    while (mk_journal_peek(a, &x)) {
        must(mk_journal_peek(b, &y) && x.kind == y.kind && !memcmp(x.print, y.print, MK_PRINT_BYTES));
        must(x.data.len == y.data.len && !memcmp(x.data.data, y.data.data, x.data.len));
        must(mk_journal_read(a, x.kind, x.print, &x) == MK_OK && mk_journal_read(b, x.kind, x.print, &y) == MK_OK);
    }
    must(!mk_journal_peek(b, &y));
}

static void again(mk_journal *journal)
{
    mk_journal *back = NULL;
    mk_buf out;
    mk_buf_init(&out, 4 * MOST);
    must(mk_journal_save(journal, &out) == MK_OK);
    must(mk_journal_load(&back, out.data, out.len, MOST) == MK_OK);
    mk_journal_rewind(journal);
    same(journal, back);
    mk_journal_free(back);
    mk_buf_free(&out);
}

/* Two bytes say kind and length, so that the fuzzer reaches what compression hides. */
static void append_all(const uint8_t *data, size_t size)
{
    mk_journal *journal = mk_journal_new(MOST);
    while (size >= 2) {
        const size_t len = data[1] < size - 2 ? data[1] : size - 2;
        const uint8_t print[MK_PRINT_BYTES] = { data[0] >> 4 };
        const int err = mk_journal_append(journal, (enum mk_entry_kind)(data[0] & 7), print, data + 2, len);
        must(err == MK_OK || err == MK_EINVAL || err == MK_ELIMIT);
        data += 2 + len;
        size -= 2 + len;
    }
    again(journal);
    mk_journal_free(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mk_journal *journal = NULL;
    if (mk_journal_load(&journal, data, size, MOST) == MK_OK)
        again(journal);
    else
        append_all(data, size);
    mk_journal_free(journal);
    return 0;
}
