/* log.c - the write-ahead log on its way into the database (layer store)
 *
 * SQLite would copy it at whichever commit finds it long, and whoever waits for that commit would wait for the disk. Here it is copied
 * beside the loop, by a connection of its own, and emptied on the loop once there is nothing left to copy. */
#include "base/err.h"
#include "store/own.h"

#include <stdio.h>

bool mk_store_log_grew(mk_store *store)
{
    return sqlite3_total_changes(store->db) != store->changes;
}

int mk_store_log_fold(mk_store *store)
{
    if (!store->folder && sqlite3_open_v2(store->path, &store->folder, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        sqlite3_close(store->folder);
        store->folder = NULL;
        return MK_EIO;
    }
    return sqlite3_wal_checkpoint_v2(store->folder, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK ? MK_OK : MK_EIO;
}

void mk_store_tidy(mk_store *store)
{
    const int changes = sqlite3_total_changes(store->db);
    if (store->turn || changes == store->changes)
        return;
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
        store->changes = changes;
}
