/* scrub_own.h - inside of scrubbing, for scrub.c and scrub_find.c (layer cli) */
#ifndef MK_CLI_SCRUB_OWN_H
#define MK_CLI_SCRUB_OWN_H
#include "cli/scrub.h"
#include "vault/mask.h"

typedef struct mk_scrubbed {
    mk_secret *secret;
    char *as;
    bool token;
} mk_scrubbed;

struct mk_scrub {
    mk_scrubbed *list;
    size_t count, cap;
    size_t tokens;     /* how many there were: each has a placeholder of its own */
    bool numbered;     /* placeholders say a number, not a shape */
    mk_mask *typed;    /* credentials and answers alone: replaced by nothing */
    mk_mask **masks;
    size_t mask_count;
    mk_buf sent;       /* what went out so far: URLs and bodies */
};

/* scrub_plain.c: appends text with what need not be escaped (&#x2b; \x2D \u002D) written plainly: it means the same. MK_OK, MK_ENOMEM,
 * MK_ELIMIT. */
int mk_scrub_plain(const char *text, size_t len, mk_buf *out);
int mk_scrub_put(mk_scrub *scrub, const char *text, size_t len, const char *as, bool token);
#endif
