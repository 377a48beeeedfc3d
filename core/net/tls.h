/* tls.h - the trusted certificates, loaded once for all clients (layer net)
 *
 * A multi handle a session would read the bundle anew each time, 20 ms of CPU. */
#ifndef MK_TLS_H
#define MK_TLS_H
#include <openssl/x509_vfy.h>

#define MK_TLS_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* MK_OK; MK_ENOENT (cannot be read), MK_EPARSE (no certificate in it), MK_ENOMEM.
 * Free with X509_STORE_free. */
int mk_tls_load(X509_STORE **out, const char *path);
#endif
