/* test_park.c - the user's key, sealed files, what is kept, the ledger of spent ones (tests) */
#include "../base/oom.h"
#include "cli/ledger.h"
#include "cli/park.h"
#include "parse/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/park-XXXXXX";
static char why[500];

static const char *at(const char *name)
{
    static char paths[4][128];
    static int i;
    char *path = paths[i++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static mk_key *key_of(char **path)
{
    mk_key *key = NULL;
    assert_int_equal(mk_park_key(&key, path, NULL, true, why, sizeof why), MK_OK);
    return key;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void test_key(void **state)
{
    (void)state;
    char *path = NULL, *again = NULL;
    mk_key *none = NULL;
    setenv("XDG_CONFIG_HOME", at("not/there/yet"), 1);
    assert_int_equal(mk_park_key(&none, &path, NULL, false, why, sizeof why), MK_ENOENT);
    assert_null(none);
    mk_key *first = key_of(&path), *second = key_of(&again);
    assert_string_equal(path, at("not/there/yet/meterkey/key"));
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(at("not/there/yet/meterkey")), 0700);
    assert_memory_equal(mk_key_id(first), mk_key_id(second), MK_KEY_ID_BYTES);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(mk_park_key(&none, &again, NULL, true, why, sizeof why), MK_EPOLICY);
    assert_non_null(strstr(why, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    mk_key_free(first);
    mk_key_free(second);
    mk_free(path);
    mk_free(again);
    setenv("XDG_CONFIG_HOME", folder, 1);
}

static void test_write(void **state)
{
    (void)state;
    mk_buf text;
    mk_buf_init(&text, 100);
    write_file(at("file"), "old", 3);
    assert_int_equal(chmod(at("file"), 0644), 0);
    assert_int_equal(mk_park_write(at("file"), "new", 3), MK_OK);
    assert_int_equal(mode_of(at("file")), 0600);
    assert_int_equal(mk_park_read(&text, at("file"), 100), MK_OK);
    assert_string_equal(text.data, "new");
    assert_int_equal(mk_park_read(&text, at("file"), 2), MK_ELIMIT);
    assert_int_equal(mk_park_read(&text, at("none"), 2), MK_ENOENT);
    assert_int_equal(mk_park_read(&text, folder, 2), MK_EIO);
    assert_int_equal(mk_park_write(at("no/such/folder"), "new", 3), MK_EIO);
    mk_buf_free(&text);
    /* nothing half-written stays behind */
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        assert_null(strstr(entry->d_name, ".tmp"));
    closedir(dir);
    unlink(at("file"));
}

static void expect_open(const mk_key *key, int wanted, const char *text)
{
    mk_buf sealed, out;
    mk_buf_init(&sealed, MK_PARK_MAX);
    mk_buf_init(&out, MK_PARK_MAX);
    assert_int_equal(mk_park_open(&sealed, &out, at("parked"), key, why, sizeof why), wanted);
    if (wanted == MK_OK)
        assert_string_equal(out.data, text);
    else
        assert_non_null(strstr(why, text));
    mk_buf_free(&out);
    mk_buf_free(&sealed);
}

static void test_sealed(void **state)
{
    (void)state;
    char *path = NULL;
    mk_key *key = key_of(&path), *other = mk_key_random();
    mk_buf file;
    json_t *keep = json_pack("{s:s}", "a", "b");
    mk_buf_init(&file, 4096);
    assert_int_equal(mk_park_save(at("parked"), key, "hello", 5, why, sizeof why), MK_OK);
    assert_int_equal(mode_of(at("parked")), 0600);
    expect_open(key, MK_OK, "hello");
    expect_open(other, MK_ENOENT, "another key");
    assert_int_equal(mk_park_read(&file, at("parked"), 4096), MK_OK);
    file.data[file.len - 3] ^= 1;
    write_file(at("parked"), file.data, file.len);
    expect_open(key, MK_ECRYPTO, "changed or damaged");
    write_file(at("parked"), file.data, file.len / 2);
    expect_open(key, MK_EPARSE, "cut short");
    write_file(at("parked"), "hello, this is something else altogether", 40);
    expect_open(key, MK_EPARSE, "no parked session");
    assert_int_equal(mk_keep_write(keep, at("parked"), key, "demo", why, sizeof why), MK_OK);
    expect_open(key, MK_EPOLICY, "no parked session");
    unlink(at("parked"));
    expect_open(key, MK_ENOENT, "no such file");
    json_decref(keep);
    mk_buf_free(&file);
    mk_key_free(key);
    mk_key_free(other);
    mk_free(path);
}

static void test_keep(void **state)
{
    (void)state;
    char *path = NULL;
    mk_key *key = key_of(&path);
    json_t *keep = json_pack("{s:s, s:i}", "device", "d-1", "n", 7), *got = NULL;
    assert_int_equal(mk_keep_read(&got, at("keep"), key, "demo", why, sizeof why), MK_OK);
    assert_null(got); /* absent is fine */
    assert_int_equal(mk_keep_write(keep, at("keep"), key, "demo", why, sizeof why), MK_OK);
    assert_int_equal(mode_of(at("keep")), 0600);
    assert_int_equal(mk_keep_read(&got, at("keep"), key, "demo", why, sizeof why), MK_OK);
    assert_true(json_equal(got, keep));
    json_decref(got);
    assert_int_equal(mk_keep_read(&got, at("keep"), key, "coned", why, sizeof why), MK_EPOLICY);
    assert_null(got);
    assert_non_null(strstr(why, "demo"));
    write_file(at("keep"), "{}", 2);
    assert_int_equal(mk_keep_read(&got, at("keep"), key, "demo", why, sizeof why), MK_EPARSE);
    unlink(at("keep"));
    json_decref(keep);
    mk_key_free(key);
    mk_free(path);
}

static void test_ledger(void **state)
{
    (void)state;
    char *path = NULL;
    mk_key *key = key_of(&path), *other = mk_key_random();
    mk_buf text;
    mk_buf_init(&text, 4096);
    assert_int_equal(mk_ledger_spend(path, key, "one", 3), MK_OK);
    assert_int_equal(mk_ledger_spend(path, key, "two", 3), MK_OK);
    assert_int_equal(mk_ledger_spend(path, key, "one", 3), MK_ESPENT);
    assert_int_equal(mk_ledger_spend(path, other, "one", 3), MK_OK); /* keyed */
    assert_int_equal(mk_park_read(&text, at("meterkey/spent"), 4096), MK_OK);
    assert_int_equal(text.len, 3 * 65);
    assert_int_equal(mode_of(at("meterkey/spent")), 0600);
    assert_null(strstr(text.data, "one"));
    /* A line that a crash cut off does not swallow the next. */
    write_file(at("meterkey/spent"), text.data, 65 + 20);
    assert_int_equal(mk_ledger_spend(path, key, "three", 5), MK_OK);
    assert_int_equal(mk_ledger_spend(path, key, "three", 5), MK_ESPENT);
    assert_int_equal(mk_ledger_spend(path, key, "one", 3), MK_ESPENT);
    assert_int_equal(mk_ledger_spend("/nonexistent/key", key, "one", 3), MK_EIO);
    unlink(at("meterkey/spent"));
    mk_buf_free(&text);
    mk_key_free(key);
    mk_key_free(other);
    mk_free(path);
}

/* Many at once: exactly one of them may go on. */
static void test_ledger_race(void **state)
{
    (void)state;
    enum { RACERS = 12 };
    char *path = NULL;
    mk_key *key = key_of(&path);
    int won = 0;
    for (int i = 0; i < RACERS; i++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(mk_ledger_spend(path, key, "raced for", 9) == MK_OK ? 0 : 1);
    }
    for (int i = 0; i < RACERS; i++) {
        int status;
        assert_true(wait(&status) > 0);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    assert_int_equal(won, 1);
    unlink(at("meterkey/spent"));
    mk_key_free(key);
    mk_free(path);
}

static mk_key *oom_key;
static int save_once(void)
{
    return mk_park_save(at("parked"), oom_key, "hello", 5, why, sizeof why);
}

static int open_once(void)
{
    mk_buf sealed, out;
    mk_buf_init(&sealed, MK_PARK_MAX);
    mk_buf_init(&out, MK_PARK_MAX);
    int err = mk_park_open(&sealed, &out, at("parked"), oom_key, why, sizeof why);
    mk_buf_free(&out);
    mk_buf_free(&sealed);
    return err;
}

static int spend_once(void)
{
    unlink(at("spent"));
    return mk_ledger_spend(at("key"), oom_key, "x", 1);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    oom_key = mk_key_random();
    each_allocation_fails(save_once());
    each_allocation_fails(open_once());
    each_allocation_fails(spend_once());
    unlink(at("parked"));
    unlink(at("spent"));
    mk_key_free(oom_key);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || mk_vault_init() != MK_OK)
        return 1;
    mk_json_init();
    return setenv("XDG_CONFIG_HOME", folder, 1);
}

static int teardown(void **state)
{
    (void)state;
    unlink(at("meterkey/key"));
    rmdir(at("meterkey"));
    unlink(at("not/there/yet/meterkey/key"));
    rmdir(at("not/there/yet/meterkey"));
    rmdir(at("not/there/yet"));
    rmdir(at("not/there"));
    rmdir(at("not"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),    cmocka_unit_test(test_write),       cmocka_unit_test(test_sealed),       cmocka_unit_test(test_keep),
        cmocka_unit_test(test_ledger), cmocka_unit_test(test_ledger_race), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
