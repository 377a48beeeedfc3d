/* tls.h - the trusted certificates, loaded once for all clients (layer net)
 *
 * A multi handle a session would read the bundle anew each time, 20 ms of CPU. The system's come from its hashed folder,
 * where the few that are asked for are read when they are; loading all of them was most of the time to a first request. */
#ifndef MK_TLS_H
#define MK_TLS_H
#include <openssl/x509_vfy.h>

#define MK_TLS_FOLDER "/etc/ssl/certs"
#define MK_TLS_BUNDLE MK_TLS_FOLDER "/ca-certificates.crt"

/* path: a file of certificates (PEM), or a folder that `openssl rehash` has seen. MK_OK; MK_ENOENT (cannot be read),
 * MK_EPARSE (no certificate in it), MK_ENOMEM. Free with X509_STORE_free. */
int mk_tls_load(X509_STORE **out, const char *path);
/* Those that the system trusts: of its hashed folder, else of its bundle. As mk_tls_load. */
int mk_tls_load_system(X509_STORE **out);
#endif
