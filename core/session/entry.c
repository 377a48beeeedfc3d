/* entry.c - the session's entries in its journal, each with its time (layer session) */
#include "base/err.h"
#include "journal/record.h"
#include "session/own.h"
#include <string.h>

bool mk_entry_astray(mk_session *s)
{
    if (s->quiet)
        mk_session_end_with(s, mk_fault_new("engine.replay_diverged", "the replay did not come back to what it had asked the customer"));
    return s->quiet;
}

int mk_entry_write(mk_session *s, enum mk_entry_kind kind, const uint8_t *print, const void *data, size_t len)
{
    mk_buf buf;
    if (mk_entry_astray(s))
        return MK_EDIVERGED;
    mk_buf_init(&buf, len + 64);
    s->now_ms = mk_session_clock(s);
    int err = mk_record_int(&buf, s->now_ms);
    if (!err)
        err = mk_record_bytes(&buf, data, len);
    if (!err)
        err = mk_journal_append(s->journal, kind, print, buf.data, buf.len);
    mk_buf_free(&buf);
    return err;
}

bool mk_entry_read(mk_session *s, enum mk_entry_kind kind, const uint8_t *print, mk_bytes *data)
{
    mk_entry entry;
    mk_reader r;
    int err = mk_journal_read(s->journal, kind, print, &entry);
    if (!err) {
        mk_reader_init(&r, entry.data.data, entry.data.len);
        s->now_ms = mk_reader_int(&r);
        *data = mk_reader_bytes(&r);
        if (!mk_reader_done(&r))
            err = MK_EPARSE;
    }
    if (err) {
        mk_session_end_with(s, mk_fault_new("engine.replay_diverged", "the replay asked for something else than was recorded: %s",
                                            mk_journal_why(s->journal)));
        return false;
    }
    if (s->script)
        mk_script_budget_anew(s->script);
    return true;
}
