/* portal_pages.h - the three pages of the speed test's portal (test program) */
#ifndef BENCH_PORTAL_PAGES_H
#define BENCH_PORTAL_PAGES_H
#include <stddef.h>

enum { TOKEN_LEN = 32 };

typedef struct {
    char *text;
    size_t len, token_at; /* where the 32 digits of the token stand */
} page;

/* share: per cent of the sign-in pages (half of that of home) that is inline script. The texts are the caller's (free). */
void make_pages(page *login, page *code, page *home, size_t share);
/* Start tags outside scripts, roughly: what a tree of the page has to hold. */
unsigned elements(const page *of);
/* Says what failed and ends the program. */
void die(const char *what) __attribute__((noreturn));
void *must(void *p);
#endif
