/* test_secret.c - opaque bytes and their slab (tests of vault) */
#include "../base/oom.h"

#include "vault/secret.h"
#include "vault/slab.h"

#include <stdbool.h>
#include <stdio.h>

static mk_secret *of(const char *text)
{
    return mk_secret_new(text, strlen(text));
}

static void lives_as_long_as_referenced(void **state)
{
    (void)state;
    const size_t live = mk_secret_live(), used = mk_slab_used();
    mk_secret *secret = mk_secret_new("a\0b", 3);
    assert_int_equal(mk_secret_live(), live + 1);
    assert_ptr_equal(mk_secret_ref(secret), secret);
    mk_secret_unref(secret);
    const mk_bytes bytes = mk_secret_bytes(secret);
    assert_int_equal(bytes.len, 3);
    assert_memory_equal(bytes.data, "a\0b", 4);
    mk_secret_unref(secret);
    mk_secret_unref(NULL);
    assert_int_equal(mk_secret_live(), live);
    assert_int_equal(mk_slab_used(), used);
}

static void slab_wipes_and_reuses(void **state)
{
    (void)state;
    char *at = mk_slab_alloc(100);
    memset(at, 'S', 100);
    mk_slab_free(at, 100);
    char *again = mk_slab_alloc(128);
    assert_ptr_equal(at, again);
    for (size_t i = 0; i < 128; i++)
        assert_int_equal(again[i], 0);
    mk_slab_free(again, 128);
    const size_t used = mk_slab_used();
    char *large = mk_slab_alloc(100000);
    large[99999] = 'x';
    assert_true(mk_slab_used() >= used + 100000);
    mk_slab_free(large, 100000);
    assert_int_equal(mk_slab_used(), used);
    assert_null(mk_slab_alloc(SIZE_MAX));
    char *many[3000];
    for (size_t i = 0; i < 3000; i++) {
        many[i] = mk_slab_alloc(20 + i % 300);
        memset(many[i], (int)(i & 0x7F), 20 + i % 300);
    }
    for (size_t i = 0; i < 3000; i++) {
        assert_int_equal(many[i][19 + i % 300], i & 0x7F);
        mk_slab_free(many[i], 20 + i % 300);
    }
    assert_int_equal(mk_slab_used(), used);
}

/* The mapping's flags: dd is "not dumped", lo "locked". */
static void is_not_dumped(void **state)
{
    (void)state;
    char *at = mk_slab_alloc(50);
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false, dumped = true;
    while (fgets(line, sizeof line, maps)) {
        unsigned long from = 0, to = 0;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = from <= (unsigned long)at && (unsigned long)at < to;
        else if (inside && !strncmp(line, "VmFlags:", 8))
            dumped = !strstr(line, " dd");
    }
    fclose(maps);
    assert_false(dumped);
    mk_slab_free(at, 50);
}

static void derives(void **state)
{
    (void)state;
    static const struct {
        enum mk_derive how;
        const char *from, *to;
    } rows[] = {
        { MK_DERIVE_BASE64, "foo?>", "Zm9vPz4=" },     { MK_DERIVE_BASE64URL, "foo?>", "Zm9vPz4" },
        { MK_DERIVE_HEX, "Az", "417a" },               { MK_DERIVE_URL, "a b/&", "a%20b%2F%26" },
        { MK_DERIVE_UPPER, "a\xC3\xA4z{", "A\xC3\xA4Z{" }, { MK_DERIVE_LOWER, "A[Z@", "a[z@" },
        { MK_DERIVE_TRIM, " \t a b\n", "a b" },        { MK_DERIVE_TRIM, "  ", "" },
        { MK_DERIVE_BASE64, "", "" },
        { MK_DERIVE_SHA1, "abc", "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d" },
        { MK_DERIVE_SHA256, "abc",
          "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61"
          "\xf2\x00\x15\xad" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mk_secret *from = of(rows[i].from), *to = NULL;
        assert_int_equal(mk_secret_derive(&to, from, rows[i].how, (mk_bytes){ 0 }), MK_OK);
        const size_t len = rows[i].how == MK_DERIVE_SHA256 ? 32 : strlen(rows[i].to);
        assert_int_equal(mk_secret_bytes(to).len, len);
        assert_memory_equal(mk_secret_bytes(to).data, rows[i].to, len);
        mk_secret_unref(from);
        mk_secret_unref(to);
    }
}

static void hmac_is_rfc_4231(void **state)
{
    (void)state;
    static const uint8_t expected[] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e };
    mk_secret *from = of("what do ya want for nothing?"), *to = NULL;
    assert_int_equal(mk_secret_derive(&to, from, MK_DERIVE_HMAC_SHA256, (mk_bytes){ "Jefe", 4 }), MK_OK);
    assert_int_equal(mk_secret_bytes(to).len, 32);
    assert_memory_equal(mk_secret_bytes(to).data, expected, sizeof expected);
    mk_secret_unref(to);
    to = NULL;
    assert_int_equal(mk_secret_derive(&to, from, (enum mk_derive)99, (mk_bytes){ 0 }), MK_EINVAL);
    assert_null(to);
    mk_secret_unref(from);
}

static int make_all(void)
{
    mk_secret *a = of("secret"), *b = NULL, *c = NULL;
    int err = a ? MK_OK : MK_ENOMEM;
    if (!err)
        err = mk_secret_derive(&b, a, MK_DERIVE_HEX, (mk_bytes){ 0 });
    if (!err)
        err = mk_secret_concat(&c, mk_secret_bytes(a), mk_secret_bytes(b));
    if (!err)
        assert_string_equal(mk_secret_bytes(c).data, "secret736563726574");
    mk_secret_unref(c);
    mk_secret_unref(b);
    mk_secret_unref(a);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    const size_t live = mk_secret_live(), used = mk_slab_used();
    each_allocation_fails(make_all());
    assert_int_equal(mk_secret_live(), live);
    assert_int_equal(mk_slab_used(), used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_as_long_as_referenced),
        cmocka_unit_test(slab_wipes_and_reuses),
        cmocka_unit_test(is_not_dumped),
        cmocka_unit_test(derives),
        cmocka_unit_test(hmac_is_rfc_4231),
        cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
