/* test_seal.c - sealed bytes, keys and key files (tests of vault) */
#include "../base/oom.h"

#include "vault/seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static mk_key *key;
static char folder[] = "/tmp/mk-seal-XXXXXX";
static char path[64];

static int begin(void **state)
{
    (void)state;
    static const uint8_t bytes[MK_KEY_BYTES] = { 1, 2, 3 };
    if (mk_vault_init() != MK_OK || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/key", folder);
    key = mk_key_new(bytes);
    return key ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    mk_key_free(key);
    unlink(path);
    return rmdir(folder); /* fails if a file was left aside */
}

static void opens_what_it_sealed(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 5, 100000 };
    char *text = mk_calloc(1, 100000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mk_buf sealed, open;
        mk_buf_init(&sealed, 200000);
        mk_buf_init(&open, 100004);
        assert_int_equal(mk_buf_adds(&open, "kept"), MK_OK);
        assert_int_equal(mk_seal(&sealed, key, "label", text, sizes[i]), MK_OK);
        assert_int_equal(mk_unseal(&open, key, "label", sealed.data, sealed.len), MK_OK);
        assert_int_equal(open.len, 4 + sizes[i]);
        assert_memory_equal(open.data, "kept", 4);
        assert_memory_equal(open.data + 4, text, sizes[i]);
        mk_buf_free(&sealed);
        mk_buf_free(&open);
    }
    mk_free(text);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    mk_buf sealed, open;
    mk_buf_init(&sealed, 1000);
    mk_buf_init(&open, 1000);
    mk_key *other = mk_key_random();
    assert_int_equal(mk_seal(&sealed, key, "label", "some text", 9), MK_OK);
    assert_int_equal(mk_unseal(&open, key, "labe", sealed.data, sealed.len), MK_EPOLICY);
    assert_int_equal(mk_unseal(&open, key, "babel", sealed.data, sealed.len), MK_EPOLICY);
    assert_int_equal(mk_unseal(&open, other, "label", sealed.data, sealed.len), MK_ENOENT);
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(mk_unseal(&open, key, "label", sealed.data, len), MK_EPARSE);
    for (size_t at = 0; at < sealed.len; at++) {
        sealed.data[at] ^= 0x40;
        const int err = mk_unseal(&open, key, "label", sealed.data, sealed.len);
        const int expected = at < 6                 ? MK_EPARSE
                             : at == 6              ? MK_EVERSION
                             : at >= 8 && at < 16   ? MK_ENOENT
                             : at >= 24 && at < 29  ? MK_EPOLICY
                             : at == 7 || at < 24   ? MK_EPARSE
                                                    : MK_ECRYPTO;
        assert_int_equal(err, expected);
        sealed.data[at] ^= 0x40;
    }
    assert_int_equal(open.len, 0);
    mk_buf small;
    mk_buf_init(&small, 8);
    assert_int_equal(mk_unseal(&small, key, "label", sealed.data, sealed.len), MK_ELIMIT);
    assert_int_equal(mk_seal(&small, key, "label", "x", 1), MK_ELIMIT);
    char wide[300];
    memset(wide, 'l', sizeof wide);
    wide[299] = '\0';
    assert_int_equal(mk_seal(&sealed, key, wide, "x", 1), MK_EINVAL);
    mk_key_free(other);
    mk_buf_free(&sealed);
    mk_buf_free(&open);
}

static void keys_are_apart(void **state)
{
    (void)state;
    uint8_t a[32], b[32], c[32];
    mk_key *left = mk_key_derive(key, "left"), *right = mk_key_derive(key, "right"), *again = mk_key_derive(key, "left");
    mk_key_hash(left, "x", 1, a);
    mk_key_hash(right, "x", 1, b);
    mk_key_hash(again, "x", 1, c);
    assert_memory_equal(a, c, 32);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(mk_key_id(left), mk_key_id(key), MK_KEY_ID_BYTES);
    assert_memory_equal(mk_key_id(left), mk_key_id(again), MK_KEY_ID_BYTES);
    mk_key_free(left), mk_key_free(right), mk_key_free(again), mk_key_free(NULL);
}

static void put(const char *text, mode_t mode)
{
    unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void key_file_is_made_once(void **state)
{
    (void)state;
    mk_key *made = NULL, *read = NULL;
    struct stat st;
    unlink(path);
    assert_int_equal(mk_key_file(&made, path, false), MK_ENOENT);
    assert_int_equal(mk_key_file(&made, path, true), MK_OK);
    assert_int_equal(mk_key_file(&read, path, true), MK_OK);
    assert_memory_equal(mk_key_id(made), mk_key_id(read), MK_KEY_ID_BYTES);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    mk_key_free(made);
    mk_key_free(read);
    made = NULL;
    assert_int_equal(mk_key_file(&made, "/nonexistent/folder/key", true), MK_ENOENT);
    assert_null(made);
}

static void key_file_must_be_ones_own(void **state)
{
    (void)state;
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";
    mk_key *got = NULL;
    put(good, 0400);
    assert_int_equal(mk_key_file(&got, path, false), MK_OK);
    mk_key_free(got);
    got = NULL;
    put(good, 0640);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPOLICY);
    put(good, 0602);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPOLICY);
    put("00112233", 0600);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPARSE);
    put("zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPARSE);
    put("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\nx", 0600);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPARSE);
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPOLICY);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mk_key_file(&got, path, true), MK_EPOLICY);
    assert_int_equal(mk_key_file(&got, folder, true), MK_EPOLICY);
    assert_null(got);
}

static int seal_and_open(void)
{
    mk_buf sealed, open;
    mk_buf_init(&sealed, 1000);
    mk_buf_init(&open, 1000);
    int err = mk_seal(&sealed, key, "l", "text", 4);
    if (!err)
        err = mk_unseal(&open, key, "l", sealed.data, sealed.len);
    mk_buf_free(&open);
    mk_buf_free(&sealed);
    return err;
}

static int make_file(void)
{
    mk_key *made = NULL;
    unlink(path);
    const int err = mk_key_file(&made, path, true);
    mk_key_free(made);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    each_allocation_fails(seal_and_open());
    each_allocation_fails(make_file());
}

static void credential_may_be_a_groups(void **state)
{
    (void)state;
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";
    mk_key *got = NULL;
    unlink(path);
    put(good, 0440);
    assert_int_equal(mk_key_file(&got, path, false), MK_EPOLICY);
    assert_int_equal(mk_key_credential(&got, path), MK_OK);
    mk_key_free(got);
    got = NULL;
    put(good, 0460);
    assert_int_equal(mk_key_credential(&got, path), MK_EPOLICY);
    put(good, 0444);
    assert_int_equal(mk_key_credential(&got, path), MK_EPOLICY);
    assert_null(got);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credential_may_be_a_groups),
        cmocka_unit_test(opens_what_it_sealed),      cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(keys_are_apart),            cmocka_unit_test(key_file_is_made_once),
        cmocka_unit_test(key_file_must_be_ones_own), cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
