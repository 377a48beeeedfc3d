/* log.c - the write-ahead log on its way into the database (layer store)
 *
 * SQLite would copy it at whichever commit finds it long, and whoever waits for that commit would wait for the disk. Here it is copied
 * beside the loop, by a connection of its own. What is committed meanwhile is copied on the loop: only then does SQLite write from the log's beginning again. Now
 * and then it is emptied, which takes the longer the longer it has become. */
#include "base/err.h"
#include "store/own.h"

/* What is committed is on the disk, whatever comes of the copying: an error from here would tell that it is not. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    mk_store *store = arg;
    store->logged = (size_t)pages;
    if (pages >= store->log_most)
        (void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

void mk_store_log_watch(mk_store *store)
{
    store->logged = 1; /* as far as we know: one that was killed may have left it full */
    store->log_most = MK_LOG_MOST;
    sqlite3_wal_hook(store->db, on_commit, store);
}

size_t mk_store_log_pages(const mk_store *store)
{
    return store->logged;
}

/* It has to read once: before, SQLite does not know that there is a log, and copies nothing. */
static int open_folder(mk_store *store)
{
    int result = sqlite3_open_v2(store->path, &store->folder, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(store->folder, "PRAGMA schema_version", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        return MK_OK;
    sqlite3_close(store->folder);
    store->folder = NULL;
    return MK_EIO;
}

/* Again while there is more. */
int mk_store_log_fold(mk_store *store)
{
    enum { ROUNDS = 4 };
    int logged = 0, copied = -1, result = SQLITE_OK;
    if (!store->folder && open_folder(store))
        return MK_EIO;
    for (int i = 0; i < ROUNDS && result == SQLITE_OK && copied < logged; i++)
        result = sqlite3_wal_checkpoint_v2(store->folder, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied);
    store->copied = result == SQLITE_OK ? copied : 0;
    return result == SQLITE_OK ? MK_OK : MK_EIO;
}

void mk_store_log_finish(mk_store *store)
{
    enum { FEW = 256 };
    int logged = 0, copied = -1;
    const size_t before = store->copied > 0 ? (size_t)store->copied : 0;
    if (store->turn || !before || store->logged < before || store->logged - before > FEW)
        return; /* or it begins anew already */
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied) == SQLITE_OK && copied == logged)
        store->logged = 1;
}

/* Without patience: the loop waits meanwhile. */
bool mk_store_tidy(mk_store *store)
{
    if (store->turn)
        return false;
    if (!store->logged)
        return true;
    sqlite3_busy_timeout(store->db, 0);
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
        store->logged = 0;
    sqlite3_busy_timeout(store->db, MK_STORE_BUSY_MS);
    return !store->logged;
}
