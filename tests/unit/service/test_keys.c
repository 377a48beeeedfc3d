/* test_keys.c - the vault's keys: made, opened, rotated (tests) */
#include "service/keys.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], file[100], next[110], path[100], why[MK_STORE_WHY];
static mk_store *store;

static int setup(void **state)
{
    (void)state;
    unsetenv("METERKEY_KEY");
    unsetenv("CREDENTIALS_DIRECTORY");
    snprintf(folder, sizeof folder, "/tmp/meterkey-keys-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store.db", folder);
    snprintf(file, sizeof file, "%s/key", folder);
    snprintf(next, sizeof next, "%s.next", file);
    assert_int_equal(mk_store_open(&store, path, true, why), MK_OK);
    assert_int_equal(mk_store_migrate(store, 0, NULL, why), MK_OK);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm", "key", "meterkey.key" };
    char full[200];
    (void)state;
    mk_store_close(store);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(full, sizeof full, "%s/%s", folder, names[i]);
        unlink(full);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static mk_keys *opened(void)
{
    mk_keys *keys = NULL;
    if (mk_keys_open(&keys, store, file, true, why))
        fail_msg("%s", why);
    return keys;
}

static void seal(const mk_keys *keys, const char *text, mk_buf *out)
{
    mk_buf_init(out, 4096);
    assert_int_equal(mk_keys_seal(keys, "test", text, strlen(text), out), MK_OK);
}

static void opens(const mk_keys *keys, const mk_buf *sealed, const char *text)
{
    mk_buf plain;
    mk_buf_init(&plain, 4096);
    assert_int_equal(mk_keys_unseal(keys, "test", sealed->data, sealed->len, &plain), MK_OK);
    assert_string_equal(plain.data, text);
    mk_buf_clear(&plain);
    assert_int_not_equal(mk_keys_unseal(keys, "other", sealed->data, sealed->len, &plain), MK_OK);
    assert_int_equal(plain.len, 0);
    mk_buf_free(&plain);
}

static void write_key(const char *name, const char *text)
{
    FILE *out = fopen(name, "wb");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    assert_int_equal(chmod(name, 0600), 0);
}

static void read_key(char out[70])
{
    FILE *in = fopen(file, "rb");
    assert_non_null(in);
    assert_non_null(fgets(out, 70, in));
    fclose(in);
}

static void test_made_and_opened(void **state)
{
    (void)state;
    struct stat st;
    mk_buf sealed;
    uint8_t first[32], second[32];
    mk_keys *keys = NULL;
    assert_int_equal(mk_keys_open(&keys, store, file, false, why), MK_ENOENT);
    assert_null(keys);
    keys = opened();
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    seal(keys, "secret", &sealed);
    mk_keys_hash(keys, "a", 1, first);
    mk_keys_free(keys);
    keys = opened();
    opens(keys, &sealed, "secret");
    mk_keys_hash(keys, "a", 1, second);
    assert_memory_equal(first, second, 32);
    mk_keys_hash(keys, "b", 1, second);
    assert_memory_not_equal(first, second, 32);
    sealed.data[sealed.len - 1] ^= 1;
    mk_buf plain;
    mk_buf_init(&plain, 100);
    assert_int_not_equal(mk_keys_unseal(keys, "test", sealed.data, sealed.len, &plain), MK_OK);
    assert_int_not_equal(mk_keys_unseal(keys, "test", "", 0, &plain), MK_OK);
    mk_buf_free(&plain);
    mk_buf_free(&sealed);
    mk_keys_free(keys);
    mk_keys_free(NULL);
}

static void test_wrong(void **state)
{
    (void)state;
    char right[70];
    mk_keys *keys = opened();
    mk_keys_free(keys);
    keys = NULL;
    read_key(right);
    write_key(file, "abababababababababababababababababababababababababababababababab\n");
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_ECRYPTO);
    assert_non_null(strstr(why, "another store's"));
    write_key(file, "ab\n");
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_EPARSE);
    write_key(file, right);
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_EPOLICY);
    assert_non_null(strstr(why, "0600"));
    assert_null(keys);
}

static void test_where(void **state)
{
    (void)state;
    char right[70], full[200];
    mk_keys *keys = opened();
    mk_keys_free(keys);
    keys = NULL;
    read_key(right);
    assert_int_equal(unlink(file), 0);
    setenv("METERKEY_KEY", "ab", 1);
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_EPARSE);
    right[64] = '\0';
    setenv("METERKEY_KEY", right, 1);
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_OK);
    assert_int_equal(mk_keys_rotate(store, file, why), MK_EPOLICY);
    mk_keys_free(keys);
    unsetenv("METERKEY_KEY");
    snprintf(full, sizeof full, "%s/meterkey.key", folder);
    write_key(full, right);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_int_equal(mk_keys_open(&keys, store, file, true, why), MK_OK);
    assert_int_equal(mk_keys_rotate(store, file, why), MK_EPOLICY);
    mk_keys_free(keys);
    assert_int_not_equal(access(file, F_OK), 0); /* nothing was made */
    json_t *config = json_pack("{s:s, s:s}", "store", "sqlite:/a/b.db", "key", "");
    assert_int_equal(mk_keys_file(config, full, sizeof full), MK_OK);
    assert_string_equal(full, "/a/b.db.key");
    json_object_set_new(config, "key", json_string("/c/key"));
    assert_int_equal(mk_keys_file(config, full, sizeof full), MK_OK);
    assert_string_equal(full, "/c/key");
    assert_int_equal(mk_keys_file(config, full, 5), MK_ELIMIT);
    json_decref(config);
}

static void test_rotation(void **state)
{
    (void)state;
    enum { TIMES = 70 }; /* more than anybody does in a life */
    mk_buf sealed[TIMES];
    uint8_t before[32], after[32];
    char first[70], now[70];
    mk_keys *keys = opened();
    read_key(first);
    mk_keys_hash(keys, "a", 1, before);
    for (int i = 0; i < TIMES; i++) {
        seal(keys, "secret", &sealed[i]);
        assert_int_equal(mk_keys_rotate(store, file, why), MK_OK);
        assert_int_equal(mk_keys_refresh(&keys, store, file, why), MK_OK);
    }
    read_key(now);
    assert_string_not_equal(first, now);
    assert_int_not_equal(access(next, F_OK), 0);
    mk_keys_hash(keys, "a", 1, after);
    assert_memory_equal(before, after, 32);
    for (int i = 0; i < TIMES; i++) {
        opens(keys, &sealed[i], "secret");
        if (i && sealed[i].len == sealed[0].len) /* by another key: its id is in front */
            assert_memory_not_equal(sealed[i].data, sealed[i - 1].data, 24);
        mk_buf_free(&sealed[i]);
    }
    mk_keys_free(keys);
    mk_keys_free(opened());
}

/* Whatever fails: the store opens with the file, or with the key beside, and what was sealed opens. */
static void test_memory(void **state)
{
    (void)state;
    mk_buf sealed;
    mk_keys *keys = opened();
    seal(keys, "secret", &sealed);
    mk_keys_free(keys);
    int err = MK_ENOMEM;
    const long before = mk_mem_live();
    for (unsigned long n = 1; err && n < 3000; n++) {
        mk_mem_fail_at(n, false);
        err = mk_keys_rotate(store, file, why);
        mk_mem_fail_at(0, false);
        if (n % 16 == 0 || !err) {
            keys = opened();
            opens(keys, &sealed, "secret");
            mk_keys_free(keys);
        }
    }
    assert_int_equal(err, MK_OK);
    assert_true(mk_mem_live() < before + 200); /* statements that the store keeps */
    mk_buf_free(&sealed);
}

int main(void)
{
    json_set_alloc_funcs(mk_malloc, mk_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_and_opened, setup, teardown), cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where, setup, teardown),           cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
