/* test_store.c - the store: queries, units, commits, migrations, copies (tests) */
#include "store/store.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "script/embedded.h"
#include "store/own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], path[100], why[MK_STORE_WHY];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/meterkey-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store.db", folder);
    return 0;
}

static int teardown(void **state)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-lock", ".copy", ".copy-wal", ".copy-shm" };
    char file[200];
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
    assert_int_equal(rmdir(folder), 0); /* nothing else was left */
    return 0;
}

static mk_store *opened(void)
{
    mk_store *store = NULL;
    assert_int_equal(mk_store_open(&store, path, true, why), MK_OK);
    return store;
}

static int run(mk_store *store, const char *sql, const char *parameters, json_t **rows)
{
    json_t *list = parameters ? json_loads(parameters, 0, NULL) : NULL;
    const int err = mk_store_query(store, sql, list, rows, why);
    json_decref(list);
    return err;
}

/* The rows as text. */
static void check(mk_store *store, const char *sql, const char *parameters, const char *expected)
{
    json_t *rows = NULL;
    assert_int_equal(run(store, sql, parameters, &rows), MK_OK);
    char *text = json_dumps(rows, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    mk_free(text);
    json_decref(rows);
}

static void must(mk_store *store, const char *sql, const char *parameters)
{
    assert_int_equal(run(store, sql, parameters, NULL), MK_OK);
}

static void test_open(void **state)
{
    (void)state;
    struct stat st;
    mk_store *store = NULL, *other = NULL;
    assert_int_equal(mk_store_open(&store, path, false, why), MK_ENOENT);
    assert_int_equal(mk_store_open(&store, "postgres://a/b", true, why), MK_EPARSE);
    assert_int_equal(mk_store_open(&store, "sqlite:", true, why), MK_EPARSE);
    assert_int_equal(mk_store_open(&store, "/none/store.db", true, why), MK_ENOENT);
    assert_null(store);
    store = opened();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char url[120];
    snprintf(url, sizeof url, "sqlite:%s", path);
    assert_int_equal(mk_store_open(&other, url, false, why), MK_OK); /* a command beside the service */
    assert_int_equal(mk_store_claim(store, why), MK_OK);
    assert_int_equal(mk_store_claim(other, why), MK_EEXIST);
    mk_store_close(store);
    assert_int_equal(mk_store_claim(other, why), MK_OK);
    mk_store_close(other);
    mk_store_close(NULL);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        fputs("not a database\n", file);
    fclose(file);
    assert_int_equal(mk_store_open(&store, path, true, why), MK_EPARSE);
}

static void test_values(void **state)
{
    (void)state;
    mk_store *store = opened();
    must(store, "CREATE TABLE t (a, b, c)", NULL);
    must(store, "INSERT INTO t VALUES (?1, ?2, ?3)", "[null, true, false]");
    must(store, "INSERT INTO t VALUES (?1, ?2, ?3)", "[-9223372036854775808, 0.5, \"\\u00e9 \\u2603\"]");
    must(store, "INSERT INTO t VALUES (?1, ?2, ?3)", "[{\"b64\": \"AP/+\"}, {\"b64\": \"\"}, \"\"]");
    check(store, "SELECT * FROM t ORDER BY rowid", NULL,
          "[{\"b\":1,\"c\":0},{\"a\":-9223372036854775808,\"b\":0.5,\"c\":\"\xc3\xa9 \xe2\x98\x83\"},"
          "{\"a\":{\"b64\":\"AP/+\"},\"b\":{\"b64\":\"\"},\"c\":\"\"}]");
    check(store, "SELECT typeof(a) AS x, length(a) AS n, hex(a) AS h FROM t WHERE a = ?1", "[{\"b64\": \"AP/+\"}]",
          "[{\"h\":\"00FFFE\",\"n\":3,\"x\":\"blob\"}]");
    check(store, "INSERT INTO t (a) VALUES (?2) RETURNING a", "[1, 2]", "[{\"a\":2}]");
    check(store, "SELECT 1 AS a WHERE 0", NULL, "[]");
    mk_store_close(store);
}

static void test_mistakes(void **state)
{
    (void)state;
    mk_store *store = opened();
    json_t *rows = NULL;
    must(store, "CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL CHECK (b <> 'bad'))", NULL);
    static const struct { const char *sql, *parameters; int err; } list[] = {
        { "SELEC 1", NULL, MK_EPARSE }, { "", NULL, MK_EPARSE }, { "  ;", NULL, MK_EPARSE }, { "SELECT 1; SELECT 2", NULL, MK_EPARSE },
        { "SELECT ?1", NULL, MK_EPARSE }, { "SELECT ?1, ?2", "[1]", MK_EPARSE }, { "SELECT ?1", "[[1]]", MK_EPARSE },
        { "SELECT ?1", "[{}]", MK_EPARSE }, { "SELECT ?1", "[{\"b64\": \"?\"}]", MK_EPARSE }, { "SELECT 1", "[1]", MK_EPARSE },
        { "SELECT * FROM none", NULL, MK_EPARSE }, { "INSERT INTO t (a) VALUES (1)", NULL, MK_EEXIST },
        { "INSERT INTO t VALUES (1, 'bad')", NULL, MK_EEXIST }, { "SELECT \"none\" FROM t", NULL, MK_EPARSE },
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        why[0] = '\0';
        const int err = run(store, list[i].sql, list[i].parameters, &rows);
        if (err != list[i].err)
            fail_msg("%s gives %d (%s), expected %d", list[i].sql, err, why, list[i].err);
        assert_string_not_equal(why, "");
        assert_null(rows);
    }
    must(store, "INSERT INTO t VALUES (1, 'x');  ", NULL);
    assert_int_equal(run(store, "INSERT INTO t VALUES (1, 'y')", NULL, NULL), MK_EEXIST);
    check(store, "SELECT b FROM t", NULL, "[{\"b\":\"x\"}]");
    mk_store_close(store);
}

static void test_limits(void **state)
{
    (void)state;
    mk_store *store = opened();
    json_t *rows = NULL;
    static const char counting[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n";
    assert_int_equal(run(store, counting, "[100001]", &rows), MK_ELIMIT);
    assert_null(rows);
    assert_int_equal(run(store, counting, "[100000]", &rows), MK_OK);
    assert_int_equal(json_array_size(rows), 100000);
    json_decref(rows);
    rows = NULL;
    assert_int_equal(run(store, "SELECT zeroblob(67108865) AS a", NULL, &rows), MK_ELIMIT);
    assert_null(rows);
    check(store, "SELECT 1 AS a", NULL, "[{\"a\":1}]");
    mk_store_close(store);
}

/* More statements than are kept prepared, twice over: those that went come back. */
static void test_statements(void **state)
{
    (void)state;
    mk_store *store = opened();
    char sql[60], expected[60];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 600; i++) {
            snprintf(sql, sizeof sql, "SELECT %d AS a, ?1 AS b", i);
            snprintf(expected, sizeof expected, "[{\"a\":%d,\"b\":%d}]", i, round);
            check(store, sql, round ? "[1]" : "[0]", expected);
        }
    }
    must(store, "CREATE TABLE t (a)", NULL);
    check(store, "SELECT * FROM t", NULL, "[]");
    must(store, "ALTER TABLE t ADD COLUMN b DEFAULT 5", NULL);
    must(store, "INSERT INTO t (a) VALUES (1)", NULL);
    check(store, "SELECT * FROM t", NULL, "[{\"a\":1,\"b\":5}]");
    mk_store_close(store);
}

static void unit(mk_store *store, const char *sql, bool keep)
{
    assert_int_equal(mk_store_begin(store, why), MK_OK);
    must(store, sql, NULL);
    assert_int_equal(mk_store_end(store, keep, why), MK_OK);
}

static void test_units(void **state)
{
    (void)state;
    mk_store *store = opened(), *other = opened();
    must(store, "CREATE TABLE t (a INTEGER UNIQUE)", NULL);
    assert_false(mk_store_open_turn(store));
    unit(store, "INSERT INTO t VALUES (1)", true);
    unit(store, "INSERT INTO t VALUES (2)", false);
    unit(store, "INSERT INTO t VALUES (3)", true);
    assert_true(mk_store_open_turn(store));
    assert_true(mk_store_wrote(store));
    check(store, "SELECT a FROM t ORDER BY a", NULL, "[{\"a\":1},{\"a\":3}]");
    check(other, "SELECT a FROM t", NULL, "[]"); /* until the commit nobody sees it */
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_false(mk_store_open_turn(store));
    check(other, "SELECT a FROM t ORDER BY a", NULL, "[{\"a\":1},{\"a\":3}]");
    assert_int_equal(mk_store_commit(store, why), MK_OK); /* nothing to do */
    unit(store, "UPDATE t SET a = 9 WHERE a = 8", true);
    assert_true(mk_store_open_turn(store) && !mk_store_wrote(store)); /* nothing was changed */
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_false(mk_store_wrote(store));
    assert_int_equal(mk_store_end(store, true, why), MK_OK);
    assert_int_equal(mk_store_begin(store, why), MK_OK); /* a statement that fails leaves the unit's others */
    must(store, "INSERT INTO t VALUES (4)", NULL);
    assert_int_equal(run(store, "INSERT INTO t VALUES (1)", NULL, NULL), MK_EEXIST);
    assert_int_equal(mk_store_end(store, true, why), MK_OK);
    unit(store, "INSERT INTO t VALUES (5)", true);
    mk_store_close(store); /* never committed */
    check(other, "SELECT a FROM t ORDER BY a", NULL, "[{\"a\":1},{\"a\":3}]");
    mk_store_close(other);
}

/* A fold that somebody is in the way of leaves a rest; as long as there is one the log grows with each commit. */
static void test_log_stays_short(void **state)
{
    (void)state;
    mk_store *store = opened(), *other = opened();
    must(store, "CREATE TABLE t (a BLOB)", NULL);
    unit(store, "INSERT INTO t VALUES (zeroblob(400000))", true);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    unit(other, "SELECT * FROM t", true); /* what it has seen stays as it is until its end */
    mk_store_log_finish(store);           /* nothing was folded yet */
    assert_true(mk_store_log_pages(store) > 90);
    assert_int_equal(mk_store_commit(other, why), MK_OK);
    must(other, "BEGIN", NULL);
    must(other, "SELECT count(*) FROM t", NULL);
    unit(store, "INSERT INTO t VALUES ('meanwhile')", true);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_int_equal(mk_store_log_fold(store), MK_OK);
    must(other, "COMMIT", NULL);
    unit(store, "INSERT INTO t VALUES ('a rest is left')", true);
    mk_store_log_finish(store); /* not within a turn */
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_true(mk_store_log_pages(store) > 90);
    mk_store_log_finish(store);
    assert_true(mk_store_log_pages(store) > 0); /* it is not empty */
    unit(store, "INSERT INTO t VALUES ('from the beginning')", true);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_true(mk_store_log_pages(store) < 10);
    mk_store_close(other);
    mk_store_close(store);
}

static int last_migration(void)
{
    int last = 0;
    for (const mk_embedded *at = mk_embedded_files; at->path; at++)
        if (strncmp(at->path, "runtime/store/", 14) == 0 && strtol(at->path + 14, NULL, 10) > last)
            last = (int)strtol(at->path + 14, NULL, 10);
    return last;
}

/* Whether the file holds the text. */
static bool holds(const char *end, const char *text)
{
    char file[200];
    snprintf(file, sizeof file, "%s%s", path, end);
    FILE *in = fopen(file, "rb");
    assert_non_null(in);
    mk_buf bytes;
    mk_buf_init(&bytes, 16 << 20);
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
        assert_int_equal(mk_buf_add(&bytes, chunk, got), MK_OK);
    fclose(in);
    const bool found = bytes.len && memmem(bytes.data, bytes.len, text, strlen(text));
    mk_buf_free(&bytes);
    return found;
}

static void test_log(void **state)
{
    (void)state;
    mk_store *store = opened();
    must(store, "CREATE TABLE t (a TEXT)", NULL);
    must(store, "INSERT INTO t VALUES ('copied-beside-the-loop')", NULL);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_false(holds("", "copied-beside-the-loop"));
    assert_true(mk_store_log_pages(store) > 0);
    assert_int_equal(mk_store_log_fold(store), MK_OK);
    assert_true(holds("", "copied-beside-the-loop")); /* in the database now */
    assert_true(holds("-wal", "copied-beside-the-loop"));
    must(store, "DELETE FROM t", NULL);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_int_equal(mk_store_log_fold(store), MK_OK); /* a second time, too */
    assert_false(holds("", "copied-beside-the-loop"));
    assert_true(mk_store_tidy(store));
    assert_false(holds("-wal", "copied-beside-the-loop"));
    assert_int_equal(mk_store_log_pages(store), 0);
    mk_store_close(store);
}

/* Who reads for long must not hold up whoever tidies, but for a while it cannot be done. */
static void test_log_is_read(void **state)
{
    (void)state;
    mk_store *store = opened(), *reader = opened();
    must(store, "CREATE TABLE t (a TEXT)", NULL);
    must(store, "INSERT INTO t VALUES ('deleted-while-it-is-read')", NULL);
    must(reader, "BEGIN", NULL);
    check(reader, "SELECT count(*) AS n FROM t", NULL, "[{\"n\":1}]");
    must(store, "DELETE FROM t", NULL);
    const uint64_t began = mk_clock_mono_us();
    assert_false(mk_store_tidy(store));
    assert_true(mk_clock_mono_us() - began < 1000000);
    assert_true(mk_store_log_pages(store) > 0);
    must(reader, "COMMIT", NULL);
    assert_true(mk_store_tidy(store));
    assert_false(holds("-wal", "deleted-while-it-is-read") || holds("", "deleted-while-it-is-read"));
    mk_store_close(reader);
    mk_store_close(store);
}

/* What one that was killed has left in the log goes, too, though nothing is committed any more. */
static void test_log_was_left(void **state)
{
    (void)state;
    mk_store *killed = opened();
    must(killed, "CREATE TABLE t (a TEXT)", NULL);
    must(killed, "INSERT INTO t VALUES ('left-in-the-log')", NULL);
    must(killed, "DELETE FROM t", NULL);
    assert_true(holds("-wal", "left-in-the-log"));
    mk_store *store = opened();
    assert_true(mk_store_log_pages(store) > 0);
    assert_int_equal(mk_store_log_fold(store), MK_OK);
    assert_true(mk_store_tidy(store));
    assert_false(holds("-wal", "left-in-the-log"));
    assert_int_equal(mk_store_log_pages(store), 0);
    mk_store_close(store);
    mk_store_close(killed);
}

static void test_migrate(void **state)
{
    (void)state;
    int number = 0;
    mk_store *store = opened();
    const int last = last_migration();
    assert_true(last >= 1);
    for (int upto = 1; upto <= last; upto++) {
        assert_int_equal(mk_store_migrate(store, upto, &number, why), MK_OK);
        assert_int_equal(number, upto);
    }
    assert_int_equal(mk_store_migrate(store, 0, &number, why), MK_OK);
    assert_int_equal(number, last);
    must(store, "INSERT INTO settings (name, value, changed) VALUES ('a', 'b', 1)", NULL);
    check(store, "PRAGMA foreign_key_check", NULL, "[]");
    char sql[60];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", last + 1);
    must(store, sql, NULL);
    assert_int_equal(mk_store_migrate(store, 0, NULL, why), MK_EVERSION);
    assert_non_null(strstr(why, "newer"));
    mk_store_close(store);
}

/* Processes that meet a fresh store at once: the service and a command beside it. */
static void test_migrate_at_once(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    int gate[2], ready[2], status = 0;
    char byte = 0;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(ready), 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        mk_store *store = NULL;
        close(gate[1]);
        int err = mk_store_open(&store, path, true, why); /* all have seen that nothing is there */
        int now = -1, latest;
        err = err ? err : mk_store_schema(store, &now, &latest, why);
        if (write(ready[1], &byte, 1) != 1 || read(gate[0], &byte, 1) != 0)
            _exit(3);
        err = err ? err : mk_store_migrate(store, 0, &now, why);
        if (err || now != latest)
            fprintf(stderr, "migrate: %s, at %d\n", why, now);
        _exit(err || now != latest);
    }
    close(gate[0]);
    for (int i = 0; i < PROCESSES; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    close(gate[1]);
    close(ready[0]);
    close(ready[1]);
    for (int i = 0; i < PROCESSES; i++)
        assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* One that fails in its middle leaves nothing behind. */
static void test_migrate_fails(void **state)
{
    (void)state;
    int number = -1;
    mk_store *store = opened();
    must(store, "CREATE TABLE forms (a)", NULL); /* what the first one makes */
    assert_int_not_equal(mk_store_migrate(store, 0, &number, why), MK_OK);
    assert_int_equal(number, 0);
    check(store, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", NULL, "[{\"name\":\"forms\"}]");
    assert_int_equal(mk_store_begin(store, why), MK_OK); /* no transaction was left open */
    assert_int_equal(mk_store_end(store, true, why), MK_OK);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    mk_store_close(store);
}

static void test_backup(void **state)
{
    (void)state;
    char copy[120];
    struct stat st;
    mk_store *store = opened(), *other = NULL;
    snprintf(copy, sizeof copy, "%s.copy", path);
    must(store, "CREATE TABLE t (a)", NULL);
    must(store, "INSERT INTO t VALUES ('kept')", NULL);
    unit(store, "INSERT INTO t VALUES ('not committed')", true);
    mk_store *reader = opened();
    assert_int_equal(mk_store_backup(reader, copy, why), MK_OK);
    assert_int_equal(mk_store_backup(reader, copy, why), MK_EEXIST);
    assert_int_equal(mk_store_backup(reader, "/none/copy", why), MK_EIO);
    assert_int_equal(stat(copy, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(mk_store_commit(store, why), MK_OK);
    assert_int_equal(mk_store_open(&other, copy, false, why), MK_OK);
    check(other, "SELECT a FROM t", NULL, "[{\"a\":\"kept\"}]");
    mk_store_close(other);
    mk_store_close(reader);
    mk_store_close(store);
}

static void test_check(void **state)
{
    (void)state;
    json_t *problems = NULL;
    mk_store *store = opened();
    must(store, "CREATE TABLE p (a INTEGER PRIMARY KEY)", NULL);
    must(store, "CREATE TABLE t (a REFERENCES p, b)", NULL);
    must(store, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT NULL, hex(randomblob(50)) FROM n",
         NULL);
    must(store, "CREATE INDEX i ON t (b)", NULL);
    assert_int_equal(mk_store_check(store, &problems, why), MK_OK);
    assert_int_equal(json_array_size(problems), 0);
    json_decref(problems);
    must(store, "PRAGMA foreign_keys = OFF", NULL);
    must(store, "INSERT INTO t VALUES (7, '')", NULL);
    assert_int_equal(mk_store_check(store, &problems, why), MK_OK);
    assert_int_equal(json_array_size(problems), 1);
    json_decref(problems);
    mk_store_close(store);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    for (long page = 20; page < 40; page++) {
        fseek(file, page * 4096 + 8, SEEK_SET);
        fputs("this is no page of a database", file);
    }
    fclose(file);
    store = opened();
    assert_int_equal(mk_store_check(store, &problems, why), MK_OK);
    assert_true(json_array_size(problems) > 0);
    json_decref(problems);
    mk_store_close(store);
}

/* A whole life with the n-th allocation failing: an error and nothing half done, or all of it. */
static int life(void)
{
    json_t *rows = NULL, *list = json_pack("[i, {s:s}]", 1, "b64", "AAEC");
    mk_store *store = NULL;
    int err = list ? mk_store_open(&store, path, true, why) : MK_ENOMEM;
    if (!err)
        err = mk_store_query(store, "CREATE TABLE IF NOT EXISTS t (a, b)", NULL, NULL, why);
    if (!err)
        err = mk_store_begin(store, why);
    if (!err)
        err = mk_store_query(store, "INSERT INTO t VALUES (?1, ?2)", list, NULL, why);
    if (!err)
        err = mk_store_query(store, "SELECT a, b FROM t", NULL, &rows, why);
    if (!err)
        err = mk_store_end(store, true, why);
    if (!err)
        err = mk_store_commit(store, why);
    json_decref(rows);
    json_decref(list);
    mk_store_close(store);
    return err;
}

static void test_memory(void **state)
{
    (void)state;
    int err = MK_ENOMEM;
    unsigned long n;
    assert_int_equal(life(), MK_OK);
    const long before = mk_mem_live();
    for (n = 1; err && n < 500; n++) {
        mk_mem_fail_at(n, false);
        err = life();
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK || err == MK_ENOMEM);
        assert_int_equal(mk_mem_live(), before);
    }
    assert_int_equal(err, MK_OK);
    assert_true(n > 5);
    mk_store *store = opened(); /* that of the beginning, and of the one that was whole */
    check(store, "SELECT count(*) AS n FROM t", NULL, "[{\"n\":2}]");
    mk_store_close(store);
}

/* Whether a commit is kept is what it says, also where it copies a long log itself and SQLite has no memory for that. */
static void test_log_memory(void **state)
{
    (void)state;
    long kept = 0, refused = 0;
    mk_store *store = opened(), *other = opened();
    must(store, "CREATE TABLE t (a)", NULL);
    must(store, "CREATE TABLE large AS SELECT randomblob(8000000)", NULL); /* what it takes to copy 2,000 pages is more than a commit takes */
    store->log_most = 1;
    for (int room = 0; room < 100; room++) {
        char expected[40];
        assert_int_equal(mk_store_begin(store, why), MK_OK);
        must(store, "INSERT INTO t VALUES (randomblob(3000))", NULL);
        assert_int_equal(mk_store_end(store, true, why), MK_OK);
        sqlite3_hard_heap_limit64(sqlite3_memory_used() + room * 256 + 1);
        const int err = mk_store_commit(store, why);
        sqlite3_hard_heap_limit64(0);
        kept += !err;
        refused += err != MK_OK;
        snprintf(expected, sizeof expected, "[{\"n\":%ld}]", kept);
        check(other, "SELECT count(*) AS n FROM t", NULL, expected);
    }
    assert_true(kept > 0 && refused > 0);
    mk_store_close(other);
    mk_store_close(store);
}

int main(void)
{
    json_set_alloc_funcs(mk_malloc, mk_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_stays_short, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open, setup, teardown),       cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),   cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statements, setup, teardown), cmocka_unit_test_setup_teardown(test_units, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migrate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migrate_at_once, setup, teardown),    cmocka_unit_test_setup_teardown(test_migrate_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backup, setup, teardown),     cmocka_unit_test_setup_teardown(test_check, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),     cmocka_unit_test_setup_teardown(test_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_is_read, setup, teardown), cmocka_unit_test_setup_teardown(test_log_was_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
