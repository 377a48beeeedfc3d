/* migrate.c - brings the schema up, one numbered file after the other (layer store)
 *
 * The number lies in the database's user_version, set in the transaction that made it true. */
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "script/embedded.h"
#include "store/own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "runtime/store/";

static int number_of(const mk_embedded *file)
{
    const char *name = strncmp(file->path, folder, sizeof folder - 1) == 0 ? file->path + sizeof folder - 1 : "";
    return (int)strtol(name, NULL, 10);
}

static const mk_embedded *migration(int number)
{
    for (const mk_embedded *file = mk_embedded_files; file->path; file++)
        if (number_of(file) == number)
            return file;
    return NULL;
}

static int read_number(mk_store *store, int *number, char *why)
{
    json_t *rows = NULL;
    int err = mk_store_query(store, "PRAGMA user_version", NULL, &rows, why);
    if (!err)
        *number = (int)json_integer_value(json_object_get(json_array_get(rows, 0), "user_version"));
    json_decref(rows);
    return err;
}

static int run_file(mk_store *store, const mk_embedded *file, int number, char *why)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    int err = mk_buf_add(&text, file->data, file->len);
    if (!err)
        err = mk_buf_addf(&text, "\n;PRAGMA user_version=%d;COMMIT;", number);
    if (!err)
        err = mk_store_script(store, text.data, why);
    mk_buf_free(&text);
    return err;
}

/* The one after *now. Another process may have run it while this one waited for the lock: then *now is what it made. */
static int run_one(mk_store *store, const mk_embedded *file, int *now, char *why)
{
    char ignored[MK_STORE_WHY];
    int found = *now;
    int err = mk_store_script(store, "BEGIN IMMEDIATE", why);
    if (!err)
        err = read_number(store, &found, why);
    if (!err && found == *now && !(err = run_file(store, file, *now + 1, why)))
        found++;
    if (!sqlite3_get_autocommit(store->db))
        mk_store_script(store, "ROLLBACK", ignored);
    *now = err ? *now : found;
    return err;
}

int mk_store_schema(mk_store *store, int *number, int *latest, char *why)
{
    const int err = read_number(store, number, why);
    for (*latest = 0; migration(*latest + 1);)
        ++*latest;
    if (err || *number <= *latest)
        return err;
    snprintf(why, MK_STORE_WHY, "the store has schema %d, which this version of meterkey does not know; install the newer one", *number);
    return MK_EVERSION;
}

/* What the store was before, beside it: an older program does not open what comes. */
static int keep(mk_store *store, int number, char *why)
{
    char part[4096], path[4096], reason[MK_STORE_WHY] = "";
    const char *file = sqlite3_db_filename(store->db, "main");
    if (!file || !*file)
        return MK_OK;
    snprintf(part, sizeof part, "%.4000s.schema-%d.part", file, number);
    snprintf(path, sizeof path, "%.4000s.schema-%d", file, number);
    unlink(part); /* of a start that was cut off */
    int err = mk_store_backup(store, part, reason);
    if (!err && rename(part, path)) {
        snprintf(reason, sizeof reason, "%.200s: %s", path, strerror(errno));
        err = MK_EIO;
    }
    if (err)
        snprintf(why, MK_STORE_WHY, "the schema is to change, and the store cannot be copied before: %.220s", reason);
    else
        mk_log(MK_LOG_WARN, "store", "the schema changes; %s is the store as it was: delete it once you need not go back", path);
    return err;
}

int mk_store_migrate(mk_store *store, int upto, int *number, char *why)
{
    int now = 0, latest;
    int err = mk_store_schema(store, &now, &latest, why);
    if (err == MK_EVERSION)
        return err;
    const mk_embedded *next = NULL;
    if (!err && now && (!upto || now < upto) && now < latest)
        err = keep(store, now, why);
    while (!err && (!upto || now < upto) && (next = migration(now + 1)))
        err = run_one(store, next, &now, why);
    if (number)
        *number = now;
    return err;
}
