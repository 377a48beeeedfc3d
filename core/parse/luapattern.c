/* luapattern.c - Lua 5.4's patterns on a matcher with a step budget (layer parse)
 *
 * Written from the reference manual, section 6.4.1, and from what stock Lua
 * answers to a table of cases (tests). Letters are ASCII's, whatever the locale. */
#include "parse/luapattern.h"

#include <string.h>

#include "base/err.h"

enum { DEPTH_MAX = 200, OPEN = -1, POSITION = -2 };

/* A position in the subject; NONE is "does not match". */
#define NONE ((size_t)-1)

struct matcher {
    mk_lpat *m;
    int err; /* once set, everything unwinds with NONE */
};

static size_t match(struct matcher *x, size_t s, size_t p);

static size_t give_up(struct matcher *x, int err, const char *why)
{
    if (!x->err) {
        x->err = err;
        x->m->why = why;
    }
    return NONE;
}

/* Takes steps from the budget; false when it is used up. */
static bool spend(struct matcher *x, size_t steps)
{
    long *left = x->m->steps;
    if (*left > 0 && steps <= (size_t)*left) {
        *left -= (long)steps;
        return true;
    }
    *left = 0;
    give_up(x, MK_ELIMIT, "pattern takes too many steps");
    return false;
}

/* The pattern's byte at p; the end reads as NUL, as stock Lua sees it. */
static unsigned char pat(const struct matcher *x, size_t p)
{
    return p < x->m->pat_len ? (unsigned char)x->m->pat[p] : 0;
}

static unsigned char src(const struct matcher *x, size_t s)
{
    return s < x->m->src_len ? (unsigned char)x->m->src[s] : 0;
}

static bool in_range(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

static bool is_alpha(unsigned char c)
{
    return in_range(c | 32, 'a', 'z');
}

static bool is_digit(unsigned char c)
{
    return in_range(c, '0', '9');
}

/* One of the classes of letters: *holds; false if it names none. */
static bool class_known(unsigned char c, unsigned char letter, bool *holds)
{
    switch (letter) {
    case 'a': *holds = is_alpha(c); break;
    case 'c': *holds = c < 32 || c == 127; break;
    case 'd': *holds = is_digit(c); break;
    case 'g': *holds = in_range(c, 33, 126); break;
    case 'l': *holds = in_range(c, 'a', 'z'); break;
    case 'p': *holds = in_range(c, 33, 126) && !is_alpha(c) && !is_digit(c); break;
    case 's': *holds = c == ' ' || in_range(c, 9, 13); break;
    case 'u': *holds = in_range(c, 'A', 'Z'); break;
    case 'w': *holds = is_alpha(c) || is_digit(c); break;
    case 'x': *holds = is_digit(c) || in_range(c | 32, 'a', 'f'); break;
    case 'z': *holds = c == 0; break; /* left over from 5.1, still there */
    default: return false;
    }
    return true;
}

/* Whether c is in the class %letter; an upper-case letter is the complement. */
static bool class_holds(unsigned char c, unsigned char letter)
{
    bool holds = false;
    bool upper = in_range(letter, 'A', 'Z');
    if (!class_known(c, upper ? letter | 32 : letter, &holds))
        return c == letter;
    return upper ? !holds : holds;
}

/* Past the single-character item at p; NONE on a malformed one. */
static size_t item_end(struct matcher *x, size_t p)
{
    size_t end = x->m->pat_len;
    unsigned char c = pat(x, p++);
    if (c == '%') {
        if (p >= end)
            return give_up(x, MK_EPARSE, "malformed pattern (ends with '%')");
        return p + 1;
    }
    if (c != '[')
        return p;
    if (p < end && pat(x, p) == '^')
        p++;
    do { /* the first character is never the closing bracket */
        if (p >= end)
            return give_up(x, MK_EPARSE, "malformed pattern (missing ']')");
        if (pat(x, p++) == '%' && p < end)
            p++;
    } while (!(p < end && pat(x, p) == ']'));
    return p + 1;
}

/* Whether c is in the set from '[' at p to ']' at last. */
static bool set_holds(const struct matcher *x, unsigned char c, size_t p, size_t last)
{
    bool in = true;
    if (pat(x, ++p) == '^') {
        in = false;
        p++;
    }
    for (; p < last; p++) {
        if (pat(x, p) == '%') {
            p++;
            if (class_holds(c, pat(x, p)))
                return in;
        } else if (pat(x, p + 1) == '-' && p + 2 < last) {
            if (in_range(c, pat(x, p), pat(x, p + 2)))
                return in;
            p += 2;
        } else if (pat(x, p) == c) {
            return in;
        }
    }
    return !in;
}

/* Whether the item p..end takes the character at s. Costs a step, more for
 * a long set. */
static bool takes(struct matcher *x, size_t s, size_t p, size_t end)
{
    if (s >= x->m->src_len || !spend(x, 1 + (end - p) / 16))
        return false;
    unsigned char c = src(x, s);
    switch (pat(x, p)) {
    case '.': return true;
    case '%': return class_holds(c, pat(x, p + 1));
    case '[': return set_holds(x, c, p, end - 1);
    default: return pat(x, p) == c;
    }
}

static size_t most_first(struct matcher *x, size_t s, size_t p, size_t end)
{
    size_t count = 0;
    while (takes(x, s + count, p, end))
        count++;
    for (;; count--) {
        size_t done = x->err ? NONE : match(x, s + count, end + 1);
        if (done != NONE || x->err || count == 0)
            return done;
    }
}

static size_t fewest_first(struct matcher *x, size_t s, size_t p, size_t end)
{
    for (;; s++) {
        size_t done = match(x, s, end + 1);
        if (done != NONE || x->err)
            return done;
        if (!takes(x, s, p, end))
            return NONE;
    }
}

static size_t open_capture(struct matcher *x, size_t s, size_t p, ptrdiff_t what)
{
    mk_lpat *m = x->m;
    if (m->level >= MK_LPAT_CAPTURES)
        return give_up(x, MK_EPARSE, "too many captures");
    m->capture[m->level].from = s;
    m->capture[m->level].len = what;
    m->level++;
    size_t done = match(x, s, p);
    if (done == NONE)
        m->level--;
    return done;
}

static size_t close_capture(struct matcher *x, size_t s, size_t p)
{
    mk_lpat *m = x->m;
    int i = m->level - 1;
    while (i >= 0 && m->capture[i].len != OPEN)
        i--;
    if (i < 0)
        return give_up(x, MK_EPARSE, "invalid pattern capture");
    m->capture[i].len = (ptrdiff_t)(s - m->capture[i].from);
    size_t done = match(x, s, p);
    if (done == NONE)
        m->capture[i].len = OPEN;
    return done;
}

static size_t same_again(struct matcher *x, size_t s, unsigned char digit)
{
    static const char *const wrong[10] = {
        "invalid capture index %0", "invalid capture index %1", "invalid capture index %2",
        "invalid capture index %3", "invalid capture index %4", "invalid capture index %5",
        "invalid capture index %6", "invalid capture index %7", "invalid capture index %8",
        "invalid capture index %9",
    };
    const mk_lpat *m = x->m;
    int i = digit - '1';
    if (i < 0 || i >= m->level || m->capture[i].len == OPEN)
        return give_up(x, MK_EPARSE, wrong[digit - '0']);
    if (m->capture[i].len == POSITION)
        return NONE;
    size_t len = (size_t)m->capture[i].len;
    if (m->src_len - s < len || !spend(x, len / 16))
        return NONE;
    return memcmp(m->src + m->capture[i].from, m->src + s, len) == 0 ? s + len : NONE;
}

/* %bxy at s, with x and y at p. */
static size_t balanced(struct matcher *x, size_t s, size_t p)
{
    if (p + 1 >= x->m->pat_len)
        return give_up(x, MK_EPARSE, "malformed pattern (missing arguments to '%b')");
    unsigned char begin = pat(x, p), end = pat(x, p + 1);
    if (s >= x->m->src_len || src(x, s) != begin)
        return NONE;
    size_t depth = 1;
    while (++s < x->m->src_len && spend(x, 1)) {
        unsigned char c = src(x, s);
        if (c == end) {
            if (--depth == 0)
                return s + 1;
        } else if (c == begin) {
            depth++;
        }
    }
    return NONE;
}

/* %f[set] with the set at p: s if the frontier is there. *end is past the set. */
static size_t frontier(struct matcher *x, size_t s, size_t p, size_t *end)
{
    if (pat(x, p) != '[')
        return give_up(x, MK_EPARSE, "missing '[' after '%f' in pattern");
    *end = item_end(x, p);
    if (*end == NONE || !spend(x, 1 + (*end - p) / 16))
        return NONE;
    unsigned char before = s == 0 ? 0 : src(x, s - 1);
    bool here = !set_holds(x, before, p, *end - 1) && set_holds(x, src(x, s), p, *end - 1);
    return here ? s : NONE;
}

/* What begins with % and is no single character: true if p was one, then
 * *s and *p are past it, or *s is NONE. */
static bool escape(struct matcher *x, size_t *s, size_t *p)
{
    unsigned char letter = pat(x, *p + 1);
    if (*p + 1 >= x->m->pat_len)
        return false;
    if (letter == 'b') {
        *s = balanced(x, *s, *p + 2);
        *p += 4;
    } else if (letter == 'f') {
        *s = frontier(x, *s, *p + 2, p);
    } else if (is_digit(letter)) {
        *s = same_again(x, *s, letter);
        *p += 2;
    } else {
        return false;
    }
    return true;
}

/* A single-character item with what follows it. True if the answer is in *s
 * already, else to be gone on with from *s and *p (*s may be NONE). */
static bool single(struct matcher *x, size_t *s, size_t *p)
{
    size_t end = item_end(x, *p);
    if (end == NONE) {
        *s = NONE;
        return true;
    }
    unsigned char suffix = pat(x, end);
    if (suffix == '*' || suffix == '-') {
        *s = suffix == '*' ? most_first(x, *s, *p, end) : fewest_first(x, *s, *p, end);
        return true;
    }
    bool taken = takes(x, *s, *p, end);
    if (suffix == '+') {
        *s = taken ? most_first(x, *s + 1, *p, end) : NONE;
        return true;
    }
    if (suffix == '?') {
        size_t done = taken ? match(x, *s + 1, end + 1) : NONE;
        if (done != NONE) {
            *s = done;
            return true;
        }
        *p = end + 1;
    } else {
        *s = taken ? *s + 1 : NONE;
        *p = end;
    }
    return false;
}

/* One item at p; true if *s is the final answer. */
static bool step(struct matcher *x, size_t *s, size_t *p)
{
    switch (pat(x, *p)) {
    case '(':
        *s = pat(x, *p + 1) == ')' ? open_capture(x, *s, *p + 2, POSITION) : open_capture(x, *s, *p + 1, OPEN);
        return true;
    case ')':
        *s = close_capture(x, *s, *p + 1);
        return true;
    case '$':
        if (*p + 1 != x->m->pat_len)
            break;
        *s = *s == x->m->src_len ? *s : NONE;
        return true;
    case '%':
        if (escape(x, s, p))
            return false;
        break;
    default:
        break;
    }
    return single(x, s, p);
}

/* Matches the rest of the pattern at s; gives the end of the match. */
static size_t match(struct matcher *x, size_t s, size_t p)
{
    if (x->m->depth >= DEPTH_MAX)
        return give_up(x, MK_ELIMIT, "pattern too complex");
    x->m->depth++;
    while (s != NONE && !x->err && p < x->m->pat_len) {
        if (!spend(x, 1) || step(x, &s, &p))
            break;
    }
    x->m->depth--;
    return x->err ? NONE : s;
}

static int attempt(mk_lpat *m, size_t at, size_t p, bool *found, size_t *end)
{
    struct matcher x = {m, MK_OK};
    m->level = 0;
    m->depth = 0;
    m->why = NULL;
    *found = false;
    size_t done = at <= m->src_len ? match(&x, at, p) : NONE;
    if (x.err || done == NONE)
        return x.err;
    for (int i = 0; i < m->level; i++) {
        if (m->capture[i].len == OPEN) {
            m->why = "unfinished capture";
            return MK_EPARSE;
        }
    }
    *found = true;
    *end = done;
    return MK_OK;
}

int mk_lpat_at(mk_lpat *m, size_t at, bool *found, size_t *end)
{
    return attempt(m, at, 0, found, end);
}

int mk_lpat_find(mk_lpat *m, size_t at, bool *found, size_t *from, size_t *to)
{
    bool anchored = m->pat_len > 0 && m->pat[0] == '^';
    *found = false;
    for (; at <= m->src_len; at++) {
        size_t end = 0;
        int err = attempt(m, at, anchored ? 1 : 0, found, &end);
        if (err || *found) {
            *from = at;
            *to = end;
            return err;
        }
        if (anchored)
            break;
        if (--*m->steps < 0) {
            *m->steps = 0;
            m->why = "pattern takes too many steps";
            return MK_ELIMIT;
        }
    }
    return MK_OK;
}
