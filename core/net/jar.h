/* jar.h - the cookies of one session (layer net; knows neither Lua nor curl)
 *
 * RFC 6265 (and 6265bis for __Host-, __Secure- prefixes and SameSite, which is kept but, as there is
 * no site that embeds us, does not restrict). A jar belongs to exactly one session. Not thread-safe. */
#ifndef MK_JAR_H
#define MK_JAR_H
#include "base/buf.h"
#include "parse/url.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct mk_jar mk_jar;
typedef struct mk_cookie {
    char *name, *value, *domain, *path; /* domain without leading dot */
    bool host_only, secure, http_only;
    unsigned secret; /* not 0: a script put a credential or an answer into it; what the bits mean is the script's side to know */
    int64_t expires; /* seconds since the epoch; -1: of this session */
    int64_t created; /* order of creation */
    const char *same_site; /* "strict" "lax" "none", NULL if not given; static */
} mk_cookie;

/* Empty, for at most max cookies (default 300; 50 a domain). NULL: out of memory. */
mk_jar *mk_jar_new(size_t max);
void mk_jar_free(mk_jar *jar);
/* One Set-Cookie line as received from url at `now` (seconds). MK_OK (also when it expires an old one),
 * MK_ELIMIT (over 4 KiB, or the jar is full of newer ones), MK_EPARSE, MK_EPOLICY (foreign or public-suffix
 * domain, secure or prefix rule), MK_ENOMEM. The jar is unchanged on failure. */
int mk_jar_add(mk_jar *jar, const mk_url *url, const char *line, size_t len, int64_t now);
/* Appends the Cookie header's value for url, "" if none; longest path first, then oldest. */
int mk_jar_header(mk_jar *jar, const mk_url *url, int64_t now, mk_buf *out);
/* The secret bits of all cookies that would be sent to url. */
unsigned mk_jar_secret(const mk_jar *jar, const mk_url *url, int64_t now);
/* What a script sets: all fields given are used, domain must be given and may not be a public suffix
 * (an address or localhost may: then host_only). path NULL is "/". MK_OK, MK_EINVAL (bytes that cannot stand there),
 * MK_ELIMIT, MK_EPOLICY (public suffix, prefix rule), MK_ENOMEM. */
int mk_jar_set(mk_jar *jar, const mk_cookie *cookie, int64_t now);
/* The cookie of that name that would be sent to url (NULL: of any host, newest), or NULL. Owned by the jar. */
const mk_cookie *mk_jar_get(mk_jar *jar, const char *name, const mk_url *url, int64_t now);
size_t mk_jar_count(const mk_jar *jar);
const mk_cookie *mk_jar_at(const mk_jar *jar, size_t i);
/* Removes all but those with a name in keep (NULL-terminated list, or NULL). */
void mk_jar_clear(mk_jar *jar, const char *const *keep);
#endif
