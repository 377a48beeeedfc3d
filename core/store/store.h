/* store.h - rows in a database, behind one interface (layer store)
 *
 * SQL in the common part of SQLite and PostgreSQL goes in with JSON parameters, rows come out as JSON. All of one
 * turn of the loop is one transaction with a savepoint for each unit of work, so that many units share one write to
 * the disk (group commit). Used on the loop's thread; every call waits for the disk. */
#ifndef MK_STORE_H
#define MK_STORE_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MK_STORE_WHY = 300 }; /* bytes that hold any reason */

typedef struct mk_store mk_store;

/* Since it was opened: statements run, steps of SQLite's machine in them (a statement that looks through many rows takes many), commits of
 * turns, the time that they took. */
typedef struct mk_store_counts {
    uint64_t statements, steps, commits, commit_us;
} mk_store_counts;

/* Opens "sqlite:PATH" or PATH, making the file (mode 0600) if create. MK_OK; MK_ENOENT; MK_EPARSE (no such kind of store, or
 * not a database); MK_EEXIST (a running service has it); MK_EIO; MK_ENOMEM; each with why (MK_STORE_WHY bytes). Free with mk_store_close. */
int mk_store_open(mk_store **out, const char *url, bool create, char *why);
void mk_store_close(mk_store *store); /* what was not committed is gone; NULL is fine */
/* For the one process that serves from it: a second one gets MK_EEXIST. Held until close. */
int mk_store_claim(mk_store *store, char *why);

/* Runs one statement; parameters are ?1, ?2 ... out of a JSON list: null, booleans (0 and 1), numbers, strings, and
 * {"b64": text} or {"raw": bytes} for a BLOB. *rows (may be NULL: thrown away) is a new list of objects by column name, in which NULL is
 * absent and a BLOB is {"b64": text}. At most 100,000 rows and 64 MiB. MK_OK; MK_EEXIST (a constraint); MK_EPARSE (a mistake in the SQL, or in a
 * parameter); MK_ELIMIT; MK_EIO (the disk: full, broken); MK_ENOMEM; each with why. */
int mk_store_query(mk_store *store, const char *sql, const json_t *parameters, json_t **rows, char *why);

/* A unit of work: opens the turn's transaction if there is none. MK_OK, MK_EIO. */
int mk_store_begin(mk_store *store, char *why);
/* Its end. keep false: as if it had never been. */
int mk_store_end(mk_store *store, bool keep, char *why);
/* The turn's end: everything since the last commit is on the disk, or (MK_EIO, MK_ENOMEM) none of it. */
int mk_store_commit(mk_store *store, char *why);
const mk_store_counts *mk_store_counted(const mk_store *store);
bool mk_store_open_turn(const mk_store *store); /* a transaction is open */
bool mk_store_wrote(const mk_store *store); /* this turn changed rows: its commit waits for the disk */
/* How many pages the write-ahead log had after the last commit; 0: it was emptied since, or nothing was committed. */
size_t mk_store_log_pages(const mk_store *store);
/* Copies the write-ahead log into the database as far as nobody is in the way, so that neither a commit nor mk_store_tidy has to. May run on another
 * thread while the store is used, one at a time; waits for the disk. MK_OK, MK_EIO. */
int mk_store_log_fold(mk_store *store);
/* After a fold: copies what was committed meanwhile, if that is little; the next commit then writes from the log's beginning, and it does not grow. Between turns;
 * waits for the disk. */
void mk_store_log_finish(mk_store *store);
/* Empties the write-ahead log if there is something in it: what was deleted is on the disk no more. Between turns; waits for the disk, the less the more was
 * folded. true: it is empty; false: somebody who reads (a check, a copy) puts it off. */
bool mk_store_tidy(mk_store *store);

/* Brings the schema up to the last migration that the binary carries (runtime/store/NNNN-*.sql), each in a transaction of its own. upto 0: all. A store that
 * has a schema already is copied first, to its path with .schema-NUMBER. MK_OK;
 * MK_EVERSION (the file is newer than this program); errors of mk_store_query. *number is the schema's number afterwards. */
int mk_store_migrate(mk_store *store, int upto, int *number, char *why);
/* The number of its schema (0: empty yet) and the last that the binary carries. MK_OK, MK_EVERSION as above. */
int mk_store_schema(mk_store *store, int *number, int *latest, char *why);
/* Copies the database to path while it is in use; path must not exist. MK_OK, MK_EEXIST, MK_EIO. */
int mk_store_backup(mk_store *store, const char *path, char *why);
/* Looks through the whole file: *problems is a list of texts, empty when sound. */
int mk_store_check(mk_store *store, json_t **problems, char *why);
#endif
