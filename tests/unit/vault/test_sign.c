/* test_sign.c - signatures of adapters' versions (tests) */
#include "vault/sign.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void by(const mk_key *key, const char *text, char public[65], char signature[129])
{
    uint8_t pub[MK_SIGN_PUBLIC], sig[MK_SIGNATURE];
    mk_sign_public(key, pub);
    mk_sign(key, text, strlen(text), sig);
    hex(public, pub, sizeof pub);
    hex(signature, sig, sizeof sig);
}

static void test_holds(void **state)
{
    (void)state;
    char public[65], signature[129], other[65], forged[129];
    mk_key *key = mk_key_random(), *stranger = mk_key_random();
    by(key, "a version", public, signature);
    by(stranger, "a version", other, forged);
    assert_true(mk_sign_holds(public, signature, "a version", 9));
    assert_false(mk_sign_holds(public, signature, "a Version", 9));
    assert_false(mk_sign_holds(public, signature, "a version", 8));
    assert_false(mk_sign_holds(other, signature, "a version", 9));
    assert_false(mk_sign_holds(public, forged, "a version", 9));
    mk_key_free(key);
    mk_key_free(stranger);
}

static void test_what_is_none(void **state)
{
    (void)state;
    char public[65], signature[140], again[65], twice[129];
    mk_key *key = mk_key_random();
    by(key, "x", public, signature);
    by(key, "x", again, twice);
    assert_string_equal(public, again);
    assert_false(mk_sign_holds("", signature, "x", 1));
    assert_false(mk_sign_holds("zz", signature, "x", 1));
    assert_false(mk_sign_holds(public, "", "x", 1));
    signature[126] = '\0';
    assert_false(mk_sign_holds(public, signature, "x", 1));
    snprintf(signature, sizeof signature, "%s\n", twice); /* a file ends in a newline */
    assert_true(mk_sign_holds(public, signature, "x", 1));
    mk_key_free(key);
}

static void test_one_of_a_list(void **state)
{
    (void)state;
    char public[65], signature[129], other[65], none[129], keys[140];
    mk_key *key = mk_key_random(), *stranger = mk_key_random();
    by(key, "a version", public, signature);
    by(stranger, "a version", other, none);
    snprintf(keys, sizeof keys, "%s,%s", other, public);
    assert_null(mk_sign_missing(NULL, NULL, "a version", 9));
    assert_null(mk_sign_missing(public, signature, "a version", 9));
    assert_null(mk_sign_missing(keys, signature, "a version", 9));
    assert_non_null(strstr(mk_sign_missing(other, signature, "a version", 9), "is of another key"));
    assert_non_null(strstr(mk_sign_missing(keys, signature, "a Version", 9), "is of another key"));
    assert_non_null(strstr(mk_sign_missing(keys, "", "a version", 9), "no signature lies beside it"));
    assert_non_null(mk_sign_missing("", signature, "a version", 9)); /* a list of nothing is held by nothing */
    assert_non_null(mk_sign_missing(",", signature, "a version", 9));
    mk_key_free(key);
    mk_key_free(stranger);
}

int main(void)
{
    mk_vault_init();
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_holds), cmocka_unit_test(test_what_is_none),
                                        cmocka_unit_test(test_one_of_a_list) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
