/* park.c - a waiting session as bytes, and back (layer session)
 *
 * contract.md section 7: version, credentials and journal travel together. Not sealed here: whoever keeps
 * the bytes seals them. */
#include "base/err.h"
#include "journal/record.h"
#include "parse/json.h"
#include "session/own.h"
#include <string.h>

static const char magic[] = "meterkey session 1";
enum { MAX_PARKED = 160 << 20 };

static int add_part(mk_buf *out, int (*save)(const void *, mk_buf *), const void *what)
{
    mk_buf part;
    mk_buf_init(&part, MAX_PARKED);
    int err = save(what, &part);
    if (!err)
        err = mk_record_bytes(out, part.data, part.len);
    mk_buf_free(&part);
    return err;
}

static int save_version(const void *v, mk_buf *out) { return mk_version_save(v, out); }
static int save_credentials(const void *c, mk_buf *out) { return mk_credentials_save(c, out); }
static int save_journal(const void *j, mk_buf *out) { return mk_journal_save(j, out); }
static int save_json(const void *j, mk_buf *out) { return mk_json_write(out, j); }

int mk_session_park(mk_session *s, mk_buf *out)
{
    if (!mk_session_challenge(s))
        return MK_ECLOSED;
    size_t before = out->len;
    int err = mk_record_text(out, magic);
    if (!err)
        err = add_part(out, save_version, s->version);
    if (!err)
        err = add_part(out, save_credentials, s->credentials);
    if (!err)
        err = add_part(out, save_json, s->keep);
    if (!err)
        err = add_part(out, save_json, s->ask.challenge);
    if (!err && s->journal)
        err = add_part(out, save_journal, s->journal);
    else if (!err)
        err = mk_record_bytes(out, s->dropped.data, s->dropped.len);
    if (err)
        mk_buf_splice(out, before, out->len - before, "", 0);
    return err;
}

typedef struct parked {
    mk_bytes version, credentials, keep, challenge, journal;
} parked;

static int open_parked(parked *p, const void *data, size_t len)
{
    mk_reader r;
    char *word = NULL;
    mk_reader_init(&r, data, len);
    int err = mk_reader_text(&r, &word);
    bool ours = !err && word && strcmp(word, magic) == 0;
    bool newer = !err && word && strncmp(word, magic, sizeof magic - 2) == 0;
    mk_free(word);
    if (!ours)
        return newer ? MK_EVERSION : err ? err : MK_EPARSE;
    p->version = mk_reader_bytes(&r);
    p->credentials = mk_reader_bytes(&r);
    p->keep = mk_reader_bytes(&r);
    p->challenge = mk_reader_bytes(&r);
    p->journal = mk_reader_bytes(&r);
    return mk_reader_done(&r) ? MK_OK : MK_EPARSE;
}

int mk_session_parked_version(mk_version **out, const void *data, size_t len)
{
    parked p;
    int err = open_parked(&p, data, len);
    return err ? err : mk_version_load(out, p.version.data, p.version.len);
}

int mk_session_resume(mk_session **out, mk_engine *engine, const mk_session_input *input, const void *data, size_t len,
                      const mk_driver *driver, void *arg)
{
    parked p;
    json_t *keep = NULL;
    mk_session *s = NULL;
    const unsigned long refused = mk_mem_refused();
    int err = open_parked(&p, data, len);
    if (!err)
        err = mk_json_parse(&keep, p.keep.data, p.keep.len, NULL, NULL);
    if (err)
        return err;
    s = mk_session_make(engine, input, mk_credentials_load(p.credentials), keep, driver, arg);
    if (!s)
        return refused != mk_mem_refused() ? MK_ENOMEM : MK_EPARSE;
    err = mk_journal_load(&s->journal, p.journal.data, p.journal.len, engine->limits.session_bytes + MK_JOURNAL_SPARE);
    if (!err && !mk_session_read_start(s))
        err = MK_EPARSE;
    if (!err && !mk_session_setup(s))
        err = MK_ENOMEM;
    s->quiet = true;
    if (err) {
        mk_session_free(s);
        return refused != mk_mem_refused() ? MK_ENOMEM : err;
    }
    mk_session_kick(s);
    *out = s;
    return MK_OK;
}

int mk_session_drop(mk_session *s)
{
    if (!mk_session_challenge(s))
        return MK_ECLOSED;
    if (!s->script)
        return MK_OK;
    mk_buf_clear(&s->dropped);
    int err = mk_journal_save(s->journal, &s->dropped);
    if (err)
        return err;
    mk_session_teardown(s);
    mk_journal_free(s->journal);
    s->journal = NULL;
    return MK_OK;
}

/* The answer is the last entry of the journal, and the replay that reads it goes on from there. */
int mk_session_revive(mk_session *s, const json_t *answer)
{
    mk_buf text;
    mk_buf_init(&text, 16 << 10);
    int err = mk_journal_load(&s->journal, s->dropped.data, s->dropped.len, s->engine->limits.session_bytes + MK_JOURNAL_SPARE);
    mk_entry entry;
    while (!err && mk_journal_peek(s->journal, &entry)) /* to its end, where it may grow */
        err = mk_journal_read(s->journal, entry.kind, NULL, &entry);
    if (!err && answer)
        err = mk_json_write(&text, answer);
    if (!err && answer)
        err = mk_entry_write(s, MK_ENTRY_ANSWER, NULL, text.data, text.len);
    mk_buf_free(&text);
    if (err) {
        mk_journal_free(s->journal);
        s->journal = NULL;
        return err;
    }
    s->poll_due = s->quiet = !answer;
    mk_buf_free(&s->dropped);
    mk_timer_stop(s->timer);
    mk_ask_clear(s);
    mk_journal_rewind(s->journal);
    if (!mk_session_read_start(s) || !mk_session_setup(s))
        mk_session_end_with(s, mk_fault_new("policy.budget", "out of memory"));
    mk_session_kick(s);
    return MK_OK;
}
