/* backup.c - a copy while the store is in use, and a look through the whole file (layer store) */
#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"
#include "store/own.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES = 256, TRIES = 10000 };

static int copy(mk_store *store, sqlite3 *into, char *why)
{
    sqlite3_backup *backup = sqlite3_backup_init(into, "main", store->db, "main");
    int result = backup ? SQLITE_OK : SQLITE_NOMEM;
    for (int i = 0; result == SQLITE_OK || ((result == SQLITE_BUSY || result == SQLITE_LOCKED) && i < TRIES); i++) {
        result = sqlite3_backup_step(backup, PAGES);
        if (result == SQLITE_BUSY || result == SQLITE_LOCKED)
            sqlite3_sleep(1);
    }
    sqlite3_backup_finish(backup);
    if (result == SQLITE_DONE)
        return MK_OK;
    snprintf(why, MK_STORE_WHY, "the copy failed: %s", sqlite3_errstr(result));
    return MK_EIO;
}

int mk_store_backup(mk_store *store, const char *path, char *why)
{
    sqlite3 *into = NULL;
    struct stat there;
    if (lstat(path, &there) == 0) {
        snprintf(why, MK_STORE_WHY, "%.200s is there already", path);
        return MK_EEXIST;
    }
    const mode_t before = umask(077);
    int result = sqlite3_open_v2(path, &into, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    umask(before);
    int err = MK_OK;
    if (result != SQLITE_OK) {
        snprintf(why, MK_STORE_WHY, "%.200s: %s", path, sqlite3_errstr(result));
        err = MK_EIO;
    }
    if (!err)
        err = copy(store, into, why);
    sqlite3_close(into);
    if (err)
        unlink(path);
    return err;
}

static int add_rows(mk_store *store, const char *sql, const char *sound, json_t *problems, char *why)
{
    json_t *rows = NULL;
    int err = mk_store_query(store, sql, NULL, &rows, why);
    for (size_t i = 0; !err && i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        char *text = mk_json_text(row, JSON_COMPACT | JSON_SORT_KEYS);
        const char *first = json_string_value(json_object_iter_value(json_object_iter(row)));
        if (!text)
            err = MK_ENOMEM;
        else if (!sound || !first || strcmp(first, sound) != 0)
            err = json_array_append_new(problems, json_string(first && sound ? first : text)) ? MK_ENOMEM : MK_OK;
        mk_free(text);
    }
    json_decref(rows);
    return err;
}

/* A file too damaged to be looked through is a finding too. */
static int look(mk_store *store, const char *sql, const char *sound, json_t *found, char *why)
{
    const int err = add_rows(store, sql, sound, found, why);
    return err != MK_EIO ? err : json_array_append_new(found, json_string(why)) ? MK_ENOMEM : MK_OK;
}

int mk_store_check(mk_store *store, json_t **problems, char *why)
{
    json_t *found = json_array();
    int err = found ? look(store, "PRAGMA integrity_check", "ok", found, why) : MK_ENOMEM;
    if (!err)
        err = look(store, "PRAGMA foreign_key_check", NULL, found, why);
    if (err)
        json_decref(found);
    else
        *problems = found;
    return err;
}
