/* scrub.c - secrets of a case and their placeholders (layer cli) */
#include "cli/scrub.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/scrub_own.h"
#include "vault/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 }; /* secrets of one mask: adding to it costs the square */

mk_scrub *mk_scrub_new(void)
{
    mk_scrub *scrub = mk_calloc(1, sizeof *scrub);
    if (scrub)
        mk_buf_init(&scrub->sent, (size_t)64 << 20);
    return scrub;
}

void mk_scrub_number(mk_scrub *scrub)
{
    scrub->numbered = true;
}

static void drop_masks(mk_scrub *scrub)
{
    for (size_t i = 0; i < scrub->mask_count; i++)
        mk_mask_free(scrub->masks[i]);
    mk_free(scrub->masks);
    scrub->masks = NULL;
    scrub->mask_count = 0;
}

void mk_scrub_free(mk_scrub *scrub)
{
    if (!scrub)
        return;
    drop_masks(scrub);
    mk_mask_free(scrub->typed);
    for (size_t i = 0; i < scrub->count; i++) {
        mk_secret_unref(scrub->list[i].secret);
        mk_free(scrub->list[i].as);
    }
    mk_free(scrub->list);
    mk_buf_free(&scrub->sent);
    mk_free(scrub);
}

/* --- placeholders ------------------------------------------------------- */

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Whether a placeholder is free: not the secret itself, nor another's. */
static bool is_free(const mk_scrub *scrub, const char *text, const char *as)
{
    if (!strcmp(text, as))
        return false;
    for (size_t i = 0; i < scrub->count; i++)
        if (!strcmp(scrub->list[i].as, as) || !strcmp(mk_secret_bytes(scrub->list[i].secret).data, as))
            return false;
    return true;
}

/* As many digits as text has; which: another one each time. */
static void digits_as(const char *text, unsigned which, char *as, size_t cap)
{
    size_t len = strlen(text);
    len = len < cap ? len : cap - 1;
    for (size_t i = 0; i < len; i++)
        as[i] = i % 2 ? '2' : '4';
    for (size_t i = len; i-- > 0 && which; which /= 10)
        as[i] = (char)('0' + (as[i] - '0' + (char)(which % 10)) % 10);
    as[len] = '\0';
}

static void fit(const mk_scrub *scrub, const char *text, const char *front, const char *back, char *as, size_t cap)
{
    const char *known = mk_scrub_known(scrub, text, strlen(text));
    if (known) {
        snprintf(as, cap, "%s", known);
        return;
    }
    for (unsigned which = 0; which < 1000; which++) {
        if (all_digits(text))
            digits_as(text, which, as, cap);
        else if (which)
            snprintf(as, cap, "%s-%u%s", front, which + 1, back);
        else
            snprintf(as, cap, "%s%s", front, back);
        if (is_free(scrub, text, as))
            return;
    }
}

void mk_scrub_credential_as(const mk_scrub *scrub, const char *name, bool secret, const char *text, char *as, size_t cap)
{
    char front[64];
    const bool mail = !secret && strchr(text, '@') != NULL;
    snprintf(front, sizeof front, "case-%.40s", !strcmp(name, "username") ? "user" : name);
    fit(scrub, text, front, mail ? "@example.test" : "", as, cap);
}

void mk_scrub_answer_as(const mk_scrub *scrub, const char *text, char *as, size_t cap)
{
    fit(scrub, text, "case-answer", strchr(text, '@') ? "@example.test" : "", as, cap);
}

/* --- what is secret ------------------------------------------------------ */

const char *mk_scrub_known(const mk_scrub *scrub, const char *text, size_t len)
{
    for (size_t i = 0; i < scrub->count; i++) {
        const mk_bytes known = mk_secret_bytes(scrub->list[i].secret);
        if (known.len == len && !memcmp(known.data, text, len))
            return scrub->list[i].as;
    }
    return NULL;
}

static int remember_typed(mk_scrub *scrub, mk_secret *secret)
{
    if (!scrub->typed)
        scrub->typed = mk_mask_new();
    return scrub->typed ? mk_mask_add(scrub->typed, secret, "") : MK_ENOMEM;
}

int mk_scrub_put(mk_scrub *scrub, const char *text, size_t len, const char *as, bool token)
{
    if (!len || mk_scrub_known(scrub, text, len))
        return MK_OK;
    if (scrub->count == scrub->cap) {
        const size_t cap = scrub->cap ? scrub->cap * 2 : 32;
        mk_scrubbed *list = mk_realloc(scrub->list, cap * sizeof *list);
        if (!list)
            return MK_ENOMEM;
        scrub->list = list;
        scrub->cap = cap;
    }
    mk_scrubbed one = { .secret = mk_secret_new(text, len), .as = mk_strdup(as), .token = token };
    if (!one.secret || !one.as) {
        mk_secret_unref(one.secret);
        mk_free(one.as);
        return MK_ENOMEM;
    }
    scrub->list[scrub->count++] = one;
    return token ? MK_OK : remember_typed(scrub, one.secret);
}

/* Of Latin letters, which is what names and passwords are made of. */
static uint32_t lower(uint32_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ? c + 32 : c;
}

static uint32_t upper(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7) ? c - 32 : c;
}

/* Portals write a name in small or in capital letters. */
static int put_changed(mk_scrub *scrub, const char *text, const char *as, uint32_t (*change)(uint32_t))
{
    const size_t len = strlen(text);
    mk_buf copy;
    mk_buf_init(&copy, len * 3 + 1);
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;)
        err = mk_utf8_add(&copy, change(mk_utf8_next(text, len, &at)));
    if (!err)
        err = mk_scrub_put(scrub, copy.data, copy.len, as, false);
    mk_buf_free(&copy);
    return err;
}

/* As one byte a character, where that can be: pages in older character sets. */
static int put_latin1(mk_scrub *scrub, const char *text, const char *as)
{
    const size_t len = strlen(text);
    char *copy = mk_malloc(len + 1);
    size_t to = 0;
    bool fits = mk_utf8_valid(text, len);
    if (!copy)
        return MK_ENOMEM;
    for (size_t at = 0; at < len && fits;) {
        const uint32_t point = mk_utf8_next(text, len, &at);
        fits = point < 256;
        copy[to++] = (char)point;
    }
    const int err = fits && to < len ? mk_scrub_put(scrub, copy, to, as, false) : MK_OK;
    mk_free(copy);
    return err;
}

int mk_scrub_add(mk_scrub *scrub, const char *text, const char *as)
{
    int err = mk_scrub_put(scrub, text, strlen(text), as, false);
    if (!err)
        err = put_changed(scrub, text, as, lower);
    if (!err)
        err = put_changed(scrub, text, as, upper);
    return err ? err : put_latin1(scrub, text, as);
}

/* --- replacing ----------------------------------------------------------- */

/* A token may hold a name: the longer goes before what is in it. */
static int longest_first(const void *left, const void *right)
{
    const mk_scrubbed *a = left, *b = right;
    const size_t x = mk_secret_bytes(a->secret).len, y = mk_secret_bytes(b->secret).len;
    return x == y ? 0 : x > y ? -1 : 1;
}

int mk_scrub_ready(mk_scrub *scrub)
{
    drop_masks(scrub);
    if (scrub->count)
        qsort(scrub->list, scrub->count, sizeof *scrub->list, longest_first);
    const size_t chunks = (scrub->count + CHUNK - 1) / CHUNK;
    scrub->masks = mk_calloc(chunks + 1, sizeof *scrub->masks);
    int err = scrub->masks ? MK_OK : MK_ENOMEM;
    for (size_t i = 0; i < scrub->count && !err; i++) {
        mk_mask **mask = &scrub->masks[i / CHUNK];
        if (!*mask)
            *mask = mk_mask_new();
        scrub->mask_count = i / CHUNK + (*mask != NULL);
        err = *mask ? mk_mask_add(*mask, scrub->list[i].secret, scrub->list[i].as) : MK_ENOMEM;
    }
    return err;
}

static int replace(const mk_scrub *scrub, const char *text, size_t len, mk_buf *out)
{
    mk_buf now, next;
    mk_buf_init(&now, out->max);
    mk_buf_init(&next, out->max);
    int err = mk_buf_add(&now, text, len);
    for (size_t i = 0; i < scrub->mask_count && !err; i++) {
        mk_buf_clear(&next);
        err = mk_mask_apply(scrub->masks[i], now.data, now.len, &next);
        const mk_buf swap = now;
        now = next;
        next = swap;
    }
    if (!err)
        err = mk_buf_add(out, now.data, now.len);
    mk_buf_free(&now);
    mk_buf_free(&next);
    return err;
}

bool mk_scrub_finds(const mk_scrub *scrub, const char *text, size_t len, const char **what)
{
    for (size_t i = 0; i < scrub->mask_count; i++) {
        if (!mk_mask_finds(scrub->masks[i], text, len))
            continue;
        *what = "a secret";
        for (size_t k = i * CHUNK; k < scrub->count && k < (i + 1) * CHUNK; k++) {
            const mk_bytes secret = mk_secret_bytes(scrub->list[k].secret);
            if (memmem(text, len, secret.data, secret.len))
                *what = scrub->list[k].as;
        }
        return true;
    }
    return false;
}

static bool in_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '-' || c == '_';
}

/* A run that is text in base64 with a secret inside: the text is changed and encoded anew, so that it still can be
 * decoded. *done tells. */
static int recode(const mk_scrub *scrub, const char *run, size_t len, bool *done, mk_buf *out)
{
    mk_buf plain, clean;
    const char *what;
    size_t bare = len;
    while (bare && run[bare - 1] == '=')
        bare--;
    mk_buf_init(&plain, out->max);
    mk_buf_init(&clean, out->max);
    int err = mk_base64_decode(&plain, run, len);
    *done = !err && plain.len >= 8 && mk_utf8_valid(plain.data, plain.len) && mk_scrub_finds(scrub, plain.data, plain.len, &what);
    err = err == MK_ENOMEM ? err : MK_OK;
    if (!err && *done)
        err = replace(scrub, plain.data, plain.len, &clean);
    if (!err && *done) {
        const bool url = memchr(run, '-', len) || memchr(run, '_', len) || bare == len;
        err = mk_base64_encode(out, clean.data, clean.len, url);
    }
    mk_buf_free(&plain);
    mk_buf_free(&clean);
    return err;
}

static int recode_all(const mk_scrub *scrub, const char *text, size_t len, mk_buf *recoded)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t end = at;
        while (end < len && in_base64(text[end]))
            end++;
        const size_t run = end;
        while (end < len && end > at && text[end] == '=' && end - run < 2)
            end++;
        bool done = false;
        if (run - at >= 12)
            err = recode(scrub, text + at, end - at, &done, recoded);
        end = end > at ? end : at + 1;
        if (!err && !done)
            err = mk_buf_add(recoded, text + at, end - at);
        at = end;
    }
    return err;
}

int mk_scrub_text(const mk_scrub *scrub, const char *text, size_t len, mk_buf *out)
{
    mk_buf plain, recoded;
    mk_buf_init(&plain, out->max);
    mk_buf_init(&recoded, out->max);
    int err = mk_scrub_plain(text, len, &plain);
    if (!err)
        err = recode_all(scrub, plain.data, plain.len, &recoded);
    if (!err)
        err = replace(scrub, recoded.data, recoded.len, out);
    mk_buf_free(&plain);
    mk_buf_free(&recoded);
    return err;
}
