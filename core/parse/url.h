/* url.h - URLs: parse, resolve, write (layer parse)
 *
 * WHATWG's special schemes (http, https) as browsers read them, other schemes
 * opaque after the colon. net/ checks that curl reads the same host. */
#ifndef MK_URL_H
#define MK_URL_H
#include <stdbool.h>
#include <stddef.h>

typedef struct mk_url {
    char *scheme;   /* lower case */
    char *user;     /* NULL if none; never sent */
    char *password; /* NULL if none */
    char *host;     /* lower case, IDN as xn--, IPv6 with brackets; NULL if none */
    int port;       /* the scheme's own if not written: never 0 for http(s) */
    char *path;     /* begins with '/' for http(s); dot segments removed */
    char *query;    /* without '?', NULL if none */
    char *fragment; /* without '#', NULL if none */
} mk_url; /* all NULL is an empty one */

/* Absolute. Spaces at the ends are cut; tabs and newlines removed; '\' is '/'
 * for http(s); what may not stand in a part is percent-encoded. MK_OK,
 * MK_EPARSE, MK_ELIMIT (over 16 KiB), MK_ENOMEM; *out written on success only. */
int mk_url_parse(mk_url *out, const char *text, size_t len);
/* ref against base (RFC 3986, 5.2), as above. */
int mk_url_resolve(mk_url *out, const mk_url *base, const char *ref, size_t len);
int mk_url_copy(mk_url *out, const mk_url *from);
void mk_url_free(mk_url *url);
/* The whole, default port left out, without user; fragment only if asked. mk_free. */
char *mk_url_text(const mk_url *url, bool fragment);
/* "https://host[:port]", mk_free. */
char *mk_url_origin(const mk_url *url);
bool mk_url_same_origin(const mk_url *a, const mk_url *b);
/* Sets query to what it is with more (already encoded) after an & if needed. */
int mk_url_add_query(mk_url *url, const char *more);
#endif
