/* setcookie.h - reading one Set-Cookie line (layer net)
 *
 * RFC 6265, 5.1 and 5.2: pure functions over bytes, without memory of their own. */
#ifndef MK_SETCOOKIE_H
#define MK_SETCOOKIE_H
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    MK_COOKIE_PAIR_MAX = 4096, /* bytes of name and value */
    MK_COOKIE_ATTR_MAX = 1024, /* a longer attribute counts as not given */
    MK_COOKIE_LINE_MAX = 8192
};

typedef struct mk_setcookie {
    mk_bytes name, value; /* inside the line */
    mk_bytes domain;      /* without leading dot; len 0: none given */
    mk_bytes path;        /* len 0: none given, or not absolute */
    bool secure, http_only;
    const char *same_site; /* "strict", "lax", "none" or NULL; static */
    bool expires_given;
    int64_t expires; /* seconds since the epoch */
} mk_setcookie;

/* MK_OK, MK_EPARSE, MK_ELIMIT. */
int mk_setcookie_parse(mk_setcookie *out, const char *line, size_t len, int64_t now);
/* A cookie-date (5.1.1). False: it is none. */
bool mk_cookie_date(const char *text, size_t len, int64_t *out);
/* 5.1.3; both in lower case, host as mk_url has it. */
bool mk_cookie_domain_match(const char *host, const char *domain);
/* 5.1.4. */
bool mk_cookie_path_match(const char *path, const char *cookie_path);
/* How many bytes of the URL's path are the default path; 0 means "/". */
size_t mk_cookie_default_path(const char *path);
#endif
