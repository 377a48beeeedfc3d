/* regex.h - PCRE2 with JIT and a time limit (layer parse)
 *
 * PCRE2's match limit counts per start offset, so a match goes in windows
 * (PCRE2_USE_OFFSET_LIMIT) with a clock check between (embedding-lua.md, 9). */
#ifndef MK_REGEX_H
#define MK_REGEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mk_regex mk_regex;

/* flags: letters of "imsxU" or NULL. UTF and UCP always on; (*VERBS) are
 * refused. Where it is wrong:
 * offset in *at, text in why. MK_OK, MK_EPARSE, MK_ELIMIT (pattern over 8 KiB
 * or too large compiled), MK_ENOMEM. */
int mk_regex_compile(mk_regex **out, const char *pattern, size_t len, const char *flags, size_t *at, char *why,
                     size_t cap);
void mk_regex_free(mk_regex *regex);
uint32_t mk_regex_groups(const mk_regex *regex); /* not counting the whole */
/* The i-th group's name (1..groups), or NULL. Owned by regex. */
const char *mk_regex_group_name(const mk_regex *regex, uint32_t i);
size_t mk_regex_size(const mk_regex *regex); /* bytes of memory it holds, compiled code included */

enum { MK_REGEX_MAX_GROUPS = 64 };
typedef struct mk_match {
    uint32_t count;                             /* groups + 1 */
    size_t from[MK_REGEX_MAX_GROUPS + 1];       /* byte offsets; SIZE_MAX: did not take part */
    size_t to[MK_REGEX_MAX_GROUPS + 1];
} mk_match;

/* The first match at or after start. Subject at most 8 MiB; bytes that are not
 * UTF-8 do not match anything and do no harm (PCRE2_MATCH_INVALID_UTF).
 * *found tells. MK_OK, MK_ELIMIT (time: ms of this thread's CPU; or size), MK_ENOMEM. */
int mk_regex_match(const mk_regex *regex, const char *subject, size_t len, size_t start, int ms, mk_match *match,
                   bool *found);
/* For tests, and for hosts that forbid writable code: whether patterns compiled
 * from now on use JIT. Without it, or where PCRE2 has none, all works, slower. */
void mk_regex_set_jit(bool on);
#endif
