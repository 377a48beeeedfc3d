/* migrate.c - brings the schema up, one numbered file after the other (layer store)
 *
 * The number lies in the database's user_version, set in the transaction that made it true. */
#include "base/buf.h"
#include "base/err.h"
#include "script/embedded.h"
#include "store/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int run_one(mk_store *store, const mk_embedded *file, int number, char *why)
{
    mk_buf text;
    char ignored[MK_STORE_WHY];
    mk_buf_init(&text, 1 << 20);
    int err = mk_buf_adds(&text, "BEGIN IMMEDIATE;\n");
    if (!err)
        err = mk_buf_add(&text, file->data, file->len);
    if (!err)
        err = mk_buf_addf(&text, "\n;PRAGMA user_version=%d;COMMIT;", number);
    if (!err)
        err = mk_store_script(store, text.data, why);
    if (err && !sqlite3_get_autocommit(store->db))
        mk_store_script(store, "ROLLBACK", ignored);
    mk_buf_free(&text);
    return err;
}

int mk_store_migrate(mk_store *store, int upto, int *number, char *why)
{
    int now = 0;
    int err = read_number(store, &now, why);
    if (!err && now && !migration(now)) {
        snprintf(why, MK_STORE_WHY, "the store has schema %d, which this version of meterkey does not know; install the newer one", now);
        return MK_EVERSION;
    }
    const mk_embedded *next = NULL;
    while (!err && (!upto || now < upto) && (next = migration(now + 1))) {
        err = run_one(store, next, now + 1, why);
        now += !err;
    }
    if (number)
        *number = now;
    return err;
}
