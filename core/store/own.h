/* own.h - what the files of the store share (layer store, its own) */
#ifndef MK_STORE_OWN_H
#define MK_STORE_OWN_H
#include "store/store.h"
#include <sqlite3.h>

enum { MK_STATEMENTS = 256 }; /* kept prepared; beyond it the oldest goes */
enum { MK_STORE_BUSY_MS = 5000 }; /* how long a statement waits for another process */
enum { MK_LOG_MOST = 60000 }; /* pages: a commit copies a longer log itself, should nobody have done so beside it */

typedef struct mk_statement {
    char *sql;
    sqlite3_stmt *stmt;
    unsigned long used; /* when last */
} mk_statement;

struct mk_store {
    sqlite3 *db;
    sqlite3 *folder; /* the log's, used beside the loop; NULL: not yet */
    char *path;
    int claim; /* descriptor of the lock, or -1 */
    bool turn, unit;
    bool lost; /* the disk failed in this turn, and SQLite took all of it back */
    int64_t written; /* rows that were changed before this turn */
    int log_most;  /* MK_LOG_MOST, but for tests */
    int copied;    /* pages of the log that the last fold knew to be in the database */
    size_t logged; /* pages in the log after the last commit; 1 before the first: what was left there is not known */
    unsigned long clock;
    mk_store_counts counts;
    mk_statement statements[MK_STATEMENTS];
};

/* What a result of SQLite means: an mk_err, with why from the connection. */
int mk_store_result(mk_store *store, int result, char *why);
/* Binds parameters (statement.c). MK_OK, MK_EPARSE, MK_ENOMEM. */
int mk_statement_bind(sqlite3_stmt *stmt, const json_t *parameters, char *why);
/* The row it stands on as an object; bytes grows by its size. NULL: out of memory. */
json_t *mk_statement_row(sqlite3_stmt *stmt, size_t *bytes);
/* log.c - from now on commits tell how long the log is. */
void mk_store_log_watch(mk_store *store);
/* Runs text of several statements. */
int mk_store_script(mk_store *store, const char *sql, char *why);
#endif
