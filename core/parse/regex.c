/* regex.c - PCRE2 with JIT and a time limit (layer parse)
 *
 * Nothing can interrupt compiled code, so the work is cut into pieces whose
 * cost is bounded: few start offsets at a time, and a match limit for each of
 * them that begins small and is raised only as far as the measured speed says
 * that the time left allows. A single step may still read the whole subject (a
 * lookahead), so a pattern written for it can overrun its time several times
 * over; whoever watches the loop ends such a worker. JIT does not count what
 * .* gives back, so where each of those may read the whole subject again (back
 * references, \X) the interpreter, which does, takes its place. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "parse/regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    PATTERN_MAX = 8192,
    SUBJECT_MAX = 8 << 20,
    HEAP_KIB = 16384,
    JIT_STACK_MIN = 32 << 10,
    JIT_STACK_MAX = 4 << 20,
    WINDOW_MAX = 4096,
    LIMIT_MAX = 1 << 28,
    GROW = 8
};

struct mk_regex {
    pcre2_general_context *general;
    pcre2_code *code;
    uint32_t groups;
    bool jit;
    bool slow;  /* one step may cost much: go in the smallest pieces, interpreted */
    bool whole; /* windows would change the outcome, or there is one start only */
};

static bool use_jit = true;

void mk_regex_set_jit(bool on)
{
    use_jit = on;
}

static void *give(PCRE2_SIZE size, void *arg)
{
    (void)arg;
    return mk_malloc(size);
}

static void take(void *ptr, void *arg)
{
    (void)arg;
    mk_free(ptr);
}

/* What a look over the pattern tells before PCRE2 sees it. */
struct survey {
    bool verb;       /* has a (*VERB) */
    size_t verb_at;
    bool last_match; /* has \G */
    bool grapheme;   /* has \X */
};

static size_t class_skip(const char *p, size_t len, size_t i)
{
    i++;
    if (i < len && p[i] == '^')
        i++;
    if (i < len && p[i] == ']')
        i++;
    while (i < len && p[i] != ']')
        i += p[i] == '\\' ? 2 : 1;
    return i + 1;
}

static size_t quote_skip(const char *p, size_t len, size_t i)
{
    const char *end = memmem(p + i, len - i, "\\E", 2);
    return end ? (size_t)(end - p) + 2 : len;
}

static struct survey survey(const char *p, size_t len)
{
    struct survey s = {false, 0, false, false};
    size_t i = 0;
    while (i < len) {
        if (p[i] == '\\' && i + 1 < len) {
            s.last_match |= p[i + 1] == 'G';
            s.grapheme |= p[i + 1] == 'X';
            i = p[i + 1] == 'Q' ? quote_skip(p, len, i + 2) : i + 2;
        } else if (p[i] == '[') {
            i = class_skip(p, len, i);
        } else {
            if (!s.verb && p[i] == '(' && i + 1 < len && p[i + 1] == '*') {
                s.verb = true;
                s.verb_at = i;
            }
            i++;
        }
    }
    return s;
}

static int complain(int err, size_t offset, const char *text, size_t *at, char *why, size_t cap)
{
    if (at)
        *at = offset;
    if (why && cap)
        snprintf(why, cap, "%s", text);
    return err;
}

/* false for a letter that is none of ours */
static bool read_flags(const char *flags, uint32_t *options)
{
    for (; flags && *flags; flags++) {
        switch (*flags) {
        case 'i': *options |= PCRE2_CASELESS; break;
        case 'm': *options |= PCRE2_MULTILINE; break;
        case 's': *options |= PCRE2_DOTALL; break;
        case 'x': *options |= PCRE2_EXTENDED; break;
        case 'U': *options |= PCRE2_UNGREEDY; break;
        default: return false;
        }
    }
    return true;
}

static int compile_error(int number)
{
    switch (number) {
    case PCRE2_ERROR_HEAP_FAILED: return MK_ENOMEM;
    case PCRE2_ERROR_PATTERN_TOO_LARGE:
    case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
    case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP: return MK_ELIMIT;
    default: return MK_EPARSE;
    }
}

static int compile_code(mk_regex *regex, const char *pattern, size_t len, uint32_t options, size_t *at, char *why,
                        size_t cap)
{
    pcre2_compile_context *context = pcre2_compile_context_create(regex->general);
    if (!context)
        return complain(MK_ENOMEM, 0, "out of memory", at, why, cap);
    int number = 0;
    PCRE2_SIZE offset = 0;
    regex->code = pcre2_compile((PCRE2_SPTR)pattern, len, options, &number, &offset, context);
    pcre2_compile_context_free(context);
    if (regex->code)
        return MK_OK;
    PCRE2_UCHAR text[128] = "";
    pcre2_get_error_message(number, text, sizeof text);
    return complain(compile_error(number), offset, (const char *)text, at, why, cap);
}

static int prepare(mk_regex *regex, const struct survey *s, size_t *at, char *why, size_t cap)
{
    uint32_t groups = 0, options = 0, back = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_pattern_info(regex->code, PCRE2_INFO_ALLOPTIONS, &options);
    pcre2_pattern_info(regex->code, PCRE2_INFO_BACKREFMAX, &back);
    if (groups > MK_REGEX_MAX_GROUPS)
        return complain(MK_ELIMIT, 0, "more than 64 groups", at, why, cap);
    regex->groups = groups;
    regex->whole = s->last_match || (options & PCRE2_ANCHORED);
    regex->slow = back > 0 || s->grapheme;
    regex->jit = use_jit && !regex->slow && pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
    return MK_OK;
}

static int check_pattern(const char *pattern, size_t len, const char *flags, uint32_t *options, struct survey *s,
                         size_t *at, char *why, size_t cap)
{
    *options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
    if (!read_flags(flags, options))
        return complain(MK_EPARSE, 0, "unknown flag, known are i m s x U", at, why, cap);
    if (len > PATTERN_MAX)
        return complain(MK_ELIMIT, PATTERN_MAX, "pattern is over 8 KiB", at, why, cap);
    *s = survey(pattern, len);
    if (s->verb) /* they look beyond a window, or change limits */
        return complain(MK_EPARSE, s->verb_at, "(*VERB) is not supported", at, why, cap);
    return MK_OK;
}

int mk_regex_compile(mk_regex **out, const char *pattern, size_t len, const char *flags, size_t *at, char *why,
                     size_t cap)
{
    uint32_t options;
    struct survey s = {false, 0, false, false};
    int err = check_pattern(pattern, len, flags, &options, &s, at, why, cap);
    if (err)
        return err;
    mk_regex *regex = mk_calloc(1, sizeof *regex);
    if (!regex)
        return complain(MK_ENOMEM, 0, "out of memory", at, why, cap);
    regex->general = pcre2_general_context_create(give, take, NULL);
    if (!regex->general)
        err = complain(MK_ENOMEM, 0, "out of memory", at, why, cap);
    if (!err)
        err = compile_code(regex, pattern, len, options, at, why, cap);
    if (!err)
        err = prepare(regex, &s, at, why, cap);
    if (err)
        mk_regex_free(regex);
    else
        *out = regex;
    return err;
}

void mk_regex_free(mk_regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    pcre2_general_context_free(regex->general);
    mk_free(regex);
}

size_t mk_regex_size(const mk_regex *regex)
{
    size_t code = 0, jit = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &code);
    pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &jit);
    return sizeof *regex + code + jit;
}

uint32_t mk_regex_groups(const mk_regex *regex)
{
    return regex->groups;
}

const char *mk_regex_group_name(const mk_regex *regex, uint32_t i)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    for (; count > 0; count--, table += size)
        if ((uint32_t)(table[0] << 8 | table[1]) == i)
            return (const char *)(table + 2);
    return NULL;
}

/* One search, cut into pieces. */
struct run {
    const mk_regex *regex;
    PCRE2_SPTR subject;
    size_t len;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* made when the 32 KiB of the machine's stack do not do */
    uint32_t options;
    uint32_t limit;         /* of one start offset */
    int64_t began, budget;  /* microseconds of CPU */
    int64_t spent;          /* by the last piece */
};

static size_t clamp(size_t value, size_t low, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int64_t left(const struct run *r)
{
    return r->budget - (mk_clock_cpu_us() - r->began);
}

static int run_open(struct run *r)
{
    r->data = pcre2_match_data_create_from_pattern(r->regex->code, r->regex->general);
    r->context = pcre2_match_context_create(r->regex->general);
    if (!r->data || !r->context)
        return MK_ENOMEM;
    pcre2_set_heap_limit(r->context, HEAP_KIB);
    /* Interpreted, each call would look over the whole subject again. */
    if (!r->regex->jit && mk_utf8_valid((const char *)r->subject, r->len))
        r->options |= PCRE2_NO_UTF_CHECK;
    return MK_OK;
}

static void run_close(struct run *r)
{
    pcre2_jit_stack_free(r->stack);
    pcre2_match_context_free(r->context);
    pcre2_match_data_free(r->data);
}

static int more_stack(struct run *r)
{
    if (r->stack)
        return MK_ELIMIT;
    r->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, r->regex->general);
    if (!r->stack)
        return MK_ENOMEM;
    pcre2_jit_stack_assign(r->context, NULL, r->stack);
    return MK_OK;
}

/* Raises the match limit as far as the time left allows at the speed seen. */
static int more_steps(struct run *r)
{
    int64_t rest = left(r);
    if (rest <= 0 || r->limit >= LIMIT_MAX)
        return MK_ELIMIT;
    int64_t factor = rest / (r->spent > 0 ? r->spent : 1);
    if (factor < 2)
        return MK_ELIMIT;
    r->limit *= (uint32_t)(factor < GROW ? factor : GROW);
    if (r->limit > LIMIT_MAX)
        r->limit = LIMIT_MAX;
    return MK_OK;
}

static int run_error(int rc)
{
    return rc == PCRE2_ERROR_NOMEMORY ? MK_ENOMEM : MK_ELIMIT;
}

/* Starts from..last. *rc is what PCRE2 said: a count or NOMATCH. */
static int piece(struct run *r, size_t from, size_t last, int *rc)
{
    for (;;) {
        int err;
        int64_t before = mk_clock_cpu_us();
        pcre2_set_offset_limit(r->context, last);
        pcre2_set_match_limit(r->context, r->limit);
        *rc = pcre2_match(r->regex->code, r->subject, r->len, from, r->options, r->data, r->context);
        r->spent = mk_clock_cpu_us() - before;
        if (*rc >= 0 || *rc == PCRE2_ERROR_NOMATCH)
            return MK_OK;
        if (*rc == PCRE2_ERROR_MATCHLIMIT)
            err = more_steps(r);
        else if (*rc == PCRE2_ERROR_JIT_STACKLIMIT)
            err = more_stack(r);
        else
            err = run_error(*rc);
        if (err)
            return err;
    }
}

/* The next window from how long the last one took. */
static size_t resize(const struct run *r, size_t window, size_t most)
{
    if (r->spent < 1000)
        return clamp(window * 4, 1, most);
    if (r->spent > 5000)
        return clamp(window / 4, 1, most);
    return window;
}

static size_t next_char(const struct run *r, size_t at)
{
    while (at < r->len && (r->subject[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static int search(struct run *r, size_t start, int *rc)
{
    size_t most = clamp(((size_t)1 << 24) / (r->len + 1), 64, WINDOW_MAX);
    size_t window = clamp(((size_t)1 << 22) / (r->len + 1), 1, most);
    r->limit = (uint32_t)clamp(((size_t)1 << 22) / (r->len + 1), 64, 20000);
    if (r->regex->slow) {
        window = 1;
        r->limit = 16;
    }
    for (size_t at = start; at <= r->len;) {
        size_t last = r->regex->whole || window >= r->len - at ? r->len : at + window - 1;
        int err = piece(r, at, last, rc);
        if (err || *rc >= 0 || last == r->len)
            return err;
        if (left(r) <= 0)
            return MK_ELIMIT;
        at = next_char(r, last + 1);
        window = resize(r, window, most);
    }
    *rc = PCRE2_ERROR_NOMATCH;
    return MK_OK;
}

static void copy_groups(const struct run *r, int rc, mk_match *match)
{
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(r->data);
    match->count = r->regex->groups + 1;
    for (uint32_t i = 0; i < match->count; i++) {
        bool part = i < (uint32_t)rc && pairs[2 * i] != PCRE2_UNSET;
        match->from[i] = part ? pairs[2 * i] : SIZE_MAX;
        match->to[i] = part ? pairs[2 * i + 1] : SIZE_MAX;
    }
}

int mk_regex_match(const mk_regex *regex, const char *subject, size_t len, size_t start, int ms, mk_match *match,
                   bool *found)
{
    if (len > SUBJECT_MAX)
        return MK_ELIMIT;
    *found = false;
    if (start > len)
        return MK_OK;
    struct run r = {.regex = regex, .subject = (PCRE2_SPTR)subject, .len = len};
    r.began = mk_clock_cpu_us();
    r.budget = (int64_t)ms * 1000;
    int rc = PCRE2_ERROR_NOMATCH;
    int err = run_open(&r);
    if (!err)
        err = search(&r, next_char(&r, start), &rc);
    if (!err && rc >= 0) {
        copy_groups(&r, rc, match);
        *found = true;
    }
    run_close(&r);
    return err;
}
