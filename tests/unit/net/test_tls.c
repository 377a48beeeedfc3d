/* test_tls.c - trusted certificates from a file and from a hashed folder */
#include "base/err.h"
#include "net/tls.h"
#include "support/portal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static X509 *certificate(void)
{
    FILE *file = fopen(portal_certificate(), "r");
    assert_non_null(file);
    X509 *read = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(read);
    return read;
}

static bool trusts(X509_STORE *store, X509 *who)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_CTX_init(ctx, store, who, NULL), 1);
    const bool holds = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    return holds;
}

static void a_file_is_trusted(void **state)
{
    (void)state;
    X509_STORE *store = NULL;
    X509 *who = certificate();
    assert_int_equal(mk_tls_load(&store, portal_certificate()), MK_OK);
    assert_true(trusts(store, who));
    X509_STORE_free(store);
    X509_free(who);
}

/* Read when it is asked for, by the hash of its subject. */
static void a_hashed_folder_is_trusted(void **state)
{
    (void)state;
    char folder[] = "/tmp/meterkey-tls-XXXXXX", link[80];
    X509_STORE *store = NULL;
    X509 *who = certificate();
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/%08lx.0", folder, X509_subject_name_hash(who));
    assert_int_equal(symlink(portal_certificate(), link), 0);
    assert_int_equal(mk_tls_load(&store, folder), MK_OK);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 0);
    assert_true(trusts(store, who));
    X509_STORE_free(store);
    unlink(link);
    assert_int_equal(mk_tls_load(&store, folder), MK_EPARSE); /* a folder that nobody hashed holds nothing */
    rmdir(folder);
    X509_free(who);
}

static void the_system_trusts_no_test_portal(void **state)
{
    (void)state;
    X509_STORE *store = NULL;
    X509 *who = certificate();
    assert_int_equal(mk_tls_load_system(&store), MK_OK);
    assert_false(trusts(store, who));
    X509_STORE_free(store);
    X509_free(who);
}

static void what_is_not_there_is_told(void **state)
{
    (void)state;
    X509_STORE *store = NULL;
    assert_int_equal(mk_tls_load(&store, "/nonexistent/ca.pem"), MK_ENOENT);
    assert_int_equal(mk_tls_load(&store, "/etc/passwd"), MK_EPARSE);
    assert_null(store);
}

static int forget(void **state)
{
    (void)state;
    portal_forget_certificate();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_trusted),
        cmocka_unit_test(a_hashed_folder_is_trusted),
        cmocka_unit_test(the_system_trusts_no_test_portal),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
