/* tls.c - the trusted certificates, loaded once for all clients (layer net) */
#include "net/tls.h"
#include "base/err.h"
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* What `openssl rehash` names the first certificate of a subject: eight hexadecimal digits and ".0". */
static bool is_hash(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

static bool is_hashed(const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));)
        found = is_hash(entry->d_name);
    if (dir)
        closedir(dir);
    return found;
}

/* In a hashed folder, each certificate is read when a handshake first asks for it; a file is read whole. */
static int add(X509_STORE *store, const char *path, bool folder)
{
    return (folder ? X509_STORE_load_path(store, path) : X509_STORE_load_file(store, path)) == 1 ? MK_OK : MK_EPARSE;
}

static int load(X509_STORE **out, const char *path, bool folder)
{
    if (access(path, R_OK) != 0)
        return MK_ENOENT;
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return MK_ENOMEM;
    ERR_clear_error();
    int err = add(store, path, folder);
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

int mk_tls_load(X509_STORE **out, const char *path)
{
    return load(out, path, is_hashed(path));
}

int mk_tls_load_system(X509_STORE **out)
{
    const bool folder = is_hashed(MK_TLS_FOLDER);
    return load(out, folder ? MK_TLS_FOLDER : MK_TLS_BUNDLE, folder);
}
