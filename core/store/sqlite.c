/* sqlite.c - opens a database, runs statements, commits (layer store)
 *
 * WAL with synchronous=FULL: what was committed survives a power cut. One connection; readers of other processes
 * (backup, doctor) do not disturb it. */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ROWS = 100000, MAX_BYTES = 64 << 20 };

int mk_store_result(mk_store *store, int result, char *why)
{
    if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW)
        return MK_OK;
    snprintf(why, MK_STORE_WHY, "%s", store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(result));
    switch (result & 0xff) {
    case SQLITE_NOMEM: return MK_ENOMEM;
    case SQLITE_CONSTRAINT: return MK_EEXIST;
    case SQLITE_ERROR: case SQLITE_MISMATCH: case SQLITE_RANGE: case SQLITE_MISUSE: case SQLITE_NOTADB: return MK_EPARSE;
    case SQLITE_TOOBIG: return MK_ELIMIT;
    default: return MK_EIO;
    }
}

/* --- opening ----------------------------------------------------------------- */

static const char *path_of(const char *url)
{
    if (strncmp(url, "sqlite:", 7) == 0)
        return url + 7;
    return strstr(url, "://") ? NULL : url;
}

/* The file is made by us, so that nobody else may read it. */
static int make_file(const char *path, bool create, char *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0) {
        snprintf(why, MK_STORE_WHY, "%.200s: %s", path, strerror(errno));
        return errno == ENOENT ? MK_ENOENT : MK_EIO;
    }
    close(fd);
    return MK_OK;
}

int mk_store_script(mk_store *store, const char *sql, char *why)
{
    return mk_store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), why);
}

static int connect_to(mk_store *store, const char *path, char *why)
{
    int err = mk_store_result(store, sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL), why);
    if (err)
        return err;
    sqlite3_busy_timeout(store->db, MK_STORE_BUSY_MS);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    return mk_store_script(store,
                           "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                           "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768",
                           why);
}

int mk_store_open(mk_store **out, const char *url, bool create, char *why)
{
    const char *path = path_of(url);
    if (!path || !*path) {
        snprintf(why, MK_STORE_WHY, "'%.200s' is no store; expected sqlite:PATH", url);
        return MK_EPARSE;
    }
    int err = make_file(path, create, why);
    if (err)
        return err;
    mk_store *store = mk_calloc(1, sizeof *store);
    if (store)
        store->claim = -1;
    if (!store || !(store->path = mk_strdup(path))) {
        mk_store_close(store);
        snprintf(why, MK_STORE_WHY, "%s", mk_err_text(MK_ENOMEM));
        return MK_ENOMEM;
    }
    err = connect_to(store, path, why);
    if (err) {
        mk_store_close(store);
        return err;
    }
    mk_store_log_watch(store);
    *out = store;
    return MK_OK;
}

int mk_store_claim(mk_store *store, char *why)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s-lock", store->path) >= sizeof path)
        return MK_ELIMIT;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(why, MK_STORE_WHY, "%.200s: %s", path, strerror(errno));
        return MK_EIO;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(why, MK_STORE_WHY, "%.200s is served by another process", store->path);
        close(fd);
        return MK_EEXIST;
    }
    store->claim = fd;
    return MK_OK;
}

void mk_store_close(mk_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < MK_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i].stmt);
        mk_free(store->statements[i].sql);
    }
    sqlite3_close(store->folder);
    sqlite3_close(store->db);
    if (store->claim >= 0)
        close(store->claim);
    mk_free(store->path);
    mk_free(store);
}

/* --- statements -------------------------------------------------------------- */

/* The slot that holds sql, or the one used longest ago. */
static mk_statement *slot_for(mk_store *store, const char *sql)
{
    mk_statement *oldest = &store->statements[0];
    for (size_t i = 0; i < MK_STATEMENTS; i++) {
        mk_statement *slot = &store->statements[i];
        if (slot->sql && strcmp(slot->sql, sql) == 0)
            return slot;
        if (slot->used < oldest->used)
            oldest = slot;
    }
    sqlite3_finalize(oldest->stmt);
    mk_free(oldest->sql);
    *oldest = (mk_statement){ .sql = NULL };
    return oldest;
}

static int prepare(mk_store *store, const char *sql, sqlite3_stmt **out, char *why)
{
    mk_statement *slot = slot_for(store, sql);
    slot->used = ++store->clock;
    if (!slot->stmt) {
        const char *rest = NULL;
        int err = mk_store_result(store, sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, &rest), why);
        if (err)
            return err;
        if (!slot->stmt || rest[strspn(rest, " \t\r\n;")]) {
            snprintf(why, MK_STORE_WHY, "not one statement");
            sqlite3_finalize(slot->stmt);
            slot->stmt = NULL;
            return MK_EPARSE;
        }
        slot->sql = mk_strdup(sql); /* NULL: not found again, prepared anew */
    }
    *out = slot->stmt;
    return MK_OK;
}

static int step_all(mk_store *store, sqlite3_stmt *stmt, json_t *rows, char *why)
{
    size_t bytes = 0;
    for (;;) {
        const int result = sqlite3_step(stmt);
        if (result != SQLITE_ROW)
            return mk_store_result(store, result, why);
        if (!rows)
            continue;
        json_t *row = mk_statement_row(stmt, &bytes);
        if (!row || json_array_append_new(rows, row)) {
            snprintf(why, MK_STORE_WHY, "%s", mk_err_text(MK_ENOMEM));
            return MK_ENOMEM;
        }
        if (bytes > MAX_BYTES || json_array_size(rows) > MAX_ROWS) {
            snprintf(why, MK_STORE_WHY, "the answer is over %d rows or %d bytes", MAX_ROWS, MAX_BYTES);
            return MK_ELIMIT;
        }
    }
}

/* Where a statement of this unit made SQLite roll back, the next one must not be kept by itself. */
static bool rolled_back(mk_store *store, char *why)
{
    if (!store->unit || !sqlite3_get_autocommit(store->db))
        return false;
    snprintf(why, MK_STORE_WHY, "the transaction was rolled back");
    return true;
}

int mk_store_query(mk_store *store, const char *sql, const json_t *parameters, json_t **rows, char *why)
{
    if (rolled_back(store, why))
        return MK_EIO;
    sqlite3_stmt *stmt = NULL;
    json_t *found = rows ? json_array() : NULL;
    int err = rows && !found ? MK_ENOMEM : prepare(store, sql, &stmt, why);
    if (!err)
        err = mk_statement_bind(stmt, parameters, why);
    if (!err)
        err = step_all(store, stmt, found, why);
    if (stmt) {
        store->counts.statements++;
        store->counts.steps += (uint64_t)sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    if (err)
        json_decref(found);
    else if (rows)
        *rows = found;
    return err;
}

/* --- transactions ------------------------------------------------------------ */

int mk_store_begin(mk_store *store, char *why)
{
    if (store->lost) {
        snprintf(why, MK_STORE_WHY, "the transaction was rolled back");
        return MK_EIO;
    }
    if (!store->turn) {
        int err = sqlite3_get_autocommit(store->db) ? MK_OK : mk_store_script(store, "ROLLBACK", why); /* its commit failed, and it had no memory */
        if (!err)
            err = mk_store_script(store, "BEGIN IMMEDIATE", why);
        if (err)
            return err;
        store->turn = true;
        store->written = sqlite3_total_changes64(store->db);
    }
    int err = mk_store_script(store, "SAVEPOINT unit", why);
    store->unit = !err;
    return err;
}

int mk_store_end(mk_store *store, bool keep, char *why)
{
    if (!store->unit)
        return MK_OK;
    const bool lost = rolled_back(store, why); /* the units before it, too: the turn's commit says so */
    store->unit = false;
    store->lost |= lost;
    if (lost)
        return MK_EIO;
    return mk_store_script(store, keep ? "RELEASE unit" : "ROLLBACK TO unit; RELEASE unit", why);
}

int mk_store_commit(mk_store *store, char *why)
{
    if (!store->turn)
        return MK_OK;
    store->turn = false;
    if (store->lost) {
        store->lost = false;
        snprintf(why, MK_STORE_WHY, "the transaction was rolled back");
        return MK_EIO;
    }
    const uint64_t began = mk_clock_mono_us();
    int err = mk_store_script(store, "COMMIT", why);
    store->counts.commits++;
    store->counts.commit_us += mk_clock_mono_us() - began;
    if (err && !sqlite3_get_autocommit(store->db)) {
        char ignored[MK_STORE_WHY];
        mk_store_script(store, "ROLLBACK", ignored);
    }
    return err;
}

const mk_store_counts *mk_store_counted(const mk_store *store)
{
    return &store->counts;
}

bool mk_store_open_turn(const mk_store *store)
{
    return store->turn;
}

bool mk_store_wrote(const mk_store *store)
{
    return store->turn && sqlite3_total_changes64(store->db) != store->written;
}
