/* journal_file.c - a journal to bytes and back (layer journal)
 *
 * magic 6 | format 1 | size of the record | one zstd frame of the record: key, then
 * for each entry its kind, its print (empty if it has none), its data. */
#define ZSTD_STATIC_LINKING_ONLY /* for contexts that allocate through base/mem.h */
#include "base/err.h"
#include "journal/journal_own.h"
#include "journal/record.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { FORMAT = 1, LEVEL = 3, RECORD_MORE = 64 /* of a record besides its entries */ };
static const char magic[6] = { 'M', 'K', 'j', 'r', 'n', 'l' };

static void *zstd_alloc(void *arg, size_t size)
{
    (void)arg;
    return mk_malloc(size);
}

static void zstd_free(void *arg, void *ptr)
{
    (void)arg;
    mk_free(ptr);
}

static const ZSTD_customMem memory = { zstd_alloc, zstd_free, NULL };

static int write_entry(mk_buf *out, const mk_entry *entry)
{
    const bool printed = !sodium_is_zero(entry->print, MK_PRINT_BYTES);
    int err = mk_record_int(out, entry->kind);
    if (!err)
        err = mk_record_bytes(out, entry->print, printed ? MK_PRINT_BYTES : 0);
    return err ? err : mk_record_bytes(out, entry->data.data, entry->data.len);
}

static int write_record(mk_buf *out, const mk_journal *journal)
{
    const mk_bytes key = mk_secret_bytes(journal->key);
    int err = mk_record_bytes(out, key.data, key.len);
    for (size_t i = 0; i < journal->count && !err; i++)
        err = write_entry(out, &journal->list[i]);
    return err;
}

static int zstd_err(size_t result, int other)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? MK_ENOMEM : other;
}

static int pack(mk_buf *out, const mk_buf *record)
{
    const size_t most = ZSTD_compressBound(record->len);
    const int err = mk_buf_reserve(out, most);
    if (err)
        return err;
    ZSTD_CCtx *context = ZSTD_createCCtx_advanced(memory);
    if (!context)
        return MK_ENOMEM;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); /* a bit turned is told, not replayed */
    const size_t len = ZSTD_compress2(context, out->data + out->len, most, record->data, record->len);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(len)) {
        out->data[out->len] = '\0';
        return zstd_err(len, MK_ELIMIT);
    }
    out->len += len;
    out->data[out->len] = '\0';
    return MK_OK;
}

int mk_journal_save(const mk_journal *journal, mk_buf *out)
{
    const size_t start = out->len;
    mk_buf record;
    mk_buf_init(&record, journal->bytes + journal->count * MK_JOURNAL_ENTRY_COST + RECORD_MORE);
    int err = mk_buf_reserve(&record, record.max);
    if (!err)
        err = write_record(&record, journal);
    if (!err)
        err = mk_buf_add(out, magic, sizeof magic);
    if (!err)
        err = mk_buf_addc(out, FORMAT);
    if (!err)
        err = mk_record_int(out, (int64_t)record.len);
    if (!err)
        err = pack(out, &record);
    if (err) {
        out->len = start;
        if (out->cap)
            out->data[start] = '\0';
    }
    mk_buf_free(&record);
    return err;
}

/* Reads the head; leaves the frame in r. */
static int read_head(mk_reader *r, size_t most, size_t *size)
{
    if (r->len < sizeof magic + 1 || memcmp(r->data, magic, sizeof magic) != 0)
        return MK_EPARSE;
    const unsigned char format = (unsigned char)r->data[sizeof magic];
    if (format != FORMAT)
        return format > FORMAT ? MK_EVERSION : MK_EPARSE;
    r->at = sizeof magic + 1;
    const int64_t said = mk_reader_int(r);
    if (r->bad || said <= 0)
        return MK_EPARSE;
    if ((uint64_t)said > most && (uint64_t)said - most > RECORD_MORE)
        return MK_ELIMIT;
    *size = (size_t)said;
    return MK_OK;
}

static int unpack(char *to, size_t size, const char *frame, size_t len)
{
    if (ZSTD_getFrameContentSize(frame, len) != size || ZSTD_findFrameCompressedSize(frame, len) != len)
        return MK_EPARSE;
    ZSTD_DCtx *context = ZSTD_createDCtx_advanced(memory);
    if (!context)
        return MK_ENOMEM;
    const size_t got = ZSTD_decompressDCtx(context, to, size, frame, len);
    ZSTD_freeDCtx(context);
    if (ZSTD_isError(got))
        return zstd_err(got, MK_EPARSE);
    return got == size ? MK_OK : MK_EPARSE;
}

static int read_entry(mk_reader *r, mk_journal *journal)
{
    const int64_t kind = mk_reader_int(r);
    const mk_bytes print = mk_reader_bytes(r);
    const mk_bytes data = mk_reader_bytes(r);
    if (r->bad || kind < MK_ENTRY_START || kind > MK_ENTRY_POLL || (print.len && print.len != MK_PRINT_BYTES))
        return MK_EPARSE;
    const uint8_t *printed = print.len ? (const uint8_t *)print.data : NULL;
    return mk_journal_append(journal, (enum mk_entry_kind)kind, printed, data.data, data.len);
}

static int read_record(mk_journal **out, const char *record, size_t size, size_t most)
{
    mk_reader r;
    mk_reader_init(&r, record, size);
    const mk_bytes key = mk_reader_bytes(&r);
    if (key.len != MK_JOURNAL_KEY)
        return MK_EPARSE;
    mk_journal *journal = mk_journal_new_keyed(most, key.data);
    if (!journal)
        return MK_ENOMEM;
    int err = MK_OK;
    while (!err && !mk_reader_done(&r))
        err = read_entry(&r, journal);
    if (err) {
        mk_journal_free(journal);
        return err;
    }
    mk_journal_rewind(journal);
    *out = journal;
    return MK_OK;
}

int mk_journal_load(mk_journal **out, const void *data, size_t len, size_t most)
{
    mk_reader r;
    size_t size = 0;
    mk_reader_init(&r, data, len);
    int err = read_head(&r, most, &size);
    if (err)
        return err;
    char *record = mk_malloc(size);
    if (!record)
        return MK_ENOMEM;
    err = unpack(record, size, r.data + r.at, r.len - r.at);
    if (!err)
        err = read_record(out, record, size, most);
    mk_free(record);
    return err;
}
