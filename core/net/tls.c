/* tls.c - the trusted certificates, loaded once for all clients (layer net) */
#include "net/tls.h"
#include "base/err.h"
#include <openssl/err.h>
#include <openssl/x509.h>
#include <unistd.h>

int mk_tls_load(X509_STORE **out, const char *path)
{
    if (access(path, R_OK) != 0)
        return MK_ENOENT;
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return MK_ENOMEM;
    ERR_clear_error();
    int err = X509_STORE_load_file(store, path) == 1 ? MK_OK : MK_EPARSE;
    unsigned long why = ERR_peek_error();
    if (err && ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE)
        err = MK_ENOMEM;
    ERR_clear_error();
    /* A certificate that the operator names is trusted itself, not only as a root; as curl does. */
    if (!err && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) != 1)
        err = MK_ENOMEM;
    if (err)
        X509_STORE_free(store);
    else
        *out = store;
    return err;
}
