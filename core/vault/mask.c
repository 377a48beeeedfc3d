/* mask.c - takes secrets out of what leaves a session (layer vault)
 *
 * All forms of all secrets lie in one list, sorted by their first byte and the
 * longest first. A small set of hashed beginnings sorts out nearly every place of a
 * text before the list is looked at. */
#include "vault/mask.h"

#include "base/err.h"
#include "vault/mask_forms.h"
#include "vault/mask_words.h"
#include "vault/slab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BEGIN_BITS = 12, /* of the hash of the first three bytes */
    SHORT = 3        /* secrets with fewer bytes are masked as whole words only */
};

/* Where a form may stand to be masked, the stricter first. */
typedef enum place_of { ANYWHERE, AS_WORD, AS_VALUE } place_of;

typedef struct needle {
    mk_secret *secret; /* the form's bytes: a secret too */
    const char *data;
    size_t len;
    char *as; /* what stands there instead; NULL: *** */
    bool raw;
    place_of where;
} needle;

struct mk_mask {
    needle *list;
    size_t count;
    size_t first[257];                    /* first[b] to first[b + 1]: those that begin with b */
    uint64_t begins[(1 << BEGIN_BITS) / 64]; /* of those with three bytes or more */
    bool brief[256];                      /* begins one that has fewer */
};

mk_mask *mk_mask_new(void)
{
    return mk_calloc(1, sizeof(mk_mask));
}

static void drop(needle *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mk_secret_unref(list[i].secret);
        mk_free(list[i].as);
    }
}

void mk_mask_free(mk_mask *mask)
{
    if (!mask)
        return;
    drop(mask->list, mask->count);
    mk_free(mask->list);
    mk_free(mask);
}

static unsigned begin_hash(const unsigned char *at)
{
    const uint32_t three = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
    return (three * 2654435761u) >> (32 - BEGIN_BITS);
}

static int order(const void *left, const void *right)
{
    const needle *a = left, *b = right;
    const unsigned char x = (unsigned char)*a->data, y = (unsigned char)*b->data;
    if (x != y)
        return x < y ? -1 : 1;
    return a->len == b->len ? 0 : a->len > b->len ? -1 : 1;
}

static void reindex(mk_mask *mask)
{
    qsort(mask->list, mask->count, sizeof *mask->list, order);
    memset(mask->begins, 0, sizeof mask->begins);
    memset(mask->brief, 0, sizeof mask->brief);
    size_t at = 0;
    for (size_t byte = 0; byte < 257; byte++) {
        while (at < mask->count && (unsigned char)*mask->list[at].data < byte)
            at++;
        mask->first[byte] = at;
    }
    for (size_t i = 0; i < mask->count; i++) {
        const unsigned char *data = (const unsigned char *)mask->list[i].data;
        if (mask->list[i].len < 3) {
            mask->brief[*data] = true;
        } else {
            const unsigned bit = begin_hash(data);
            mask->begins[bit / 64] |= (uint64_t)1 << bit % 64;
        }
    }
}

static needle *find(needle *list, size_t count, const char *data, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].len == len && !memcmp(list[i].data, data, len))
            return &list[i];
    return NULL;
}

/* The placeholder as it looks in the i-th form. MK_OK with NULL for none. */
static int place(char **out, const char *as, size_t i)
{
    *out = NULL;
    if (!as)
        return MK_OK;
    mk_buf text;
    mk_buf_init(&text, SIZE_MAX / 2);
    int err = mk_mask_form(&text, i, (mk_bytes){ as, strlen(as) }, true);
    if (!err) {
        *out = mk_buf_steal(&text, NULL);
        err = *out ? MK_OK : MK_ENOMEM;
    }
    mk_buf_free(&text);
    return err;
}

/* Adds the form in `text` unless it is there or says nothing. */
static int collect(const mk_mask *mask, needle *fresh, size_t *count, const mk_buf *text, const char *as, size_t i,
                   place_of where)
{
    if (!text->len || find(fresh, *count, text->data, text->len))
        return MK_OK;
    needle *known = find(mask->list, mask->count, text->data, text->len);
    if (known) {
        known->where = where < known->where ? where : known->where;
        return MK_OK;
    }
    needle *one = &fresh[*count];
    *one = (needle){ .len = text->len, .raw = i == MK_FORM_RAW, .where = where };
    one->secret = mk_secret_new(text->data, text->len);
    if (!one->secret)
        return MK_ENOMEM;
    one->data = mk_secret_bytes(one->secret).data;
    const int err = place(&one->as, as, i);
    if (err)
        mk_secret_unref(one->secret);
    else
        ++*count;
    return err;
}

/* where: of the plain text; a form that differs from it is no word, and masked as if it were a password's. */
static int collect_all(const mk_mask *mask, needle *fresh, size_t *count, mk_secret *secret, const char *as, place_of where)
{
    const mk_bytes bytes = mk_secret_bytes(secret);
    const size_t room = mk_mask_form_most(bytes.len);
    char *scratch = room ? mk_slab_alloc(room) : NULL;
    if (!scratch)
        return MK_ENOMEM;
    mk_buf text = mk_slab_buf(scratch, room);
    int err = MK_OK;
    for (size_t i = 0; i < mk_mask_forms() && !err; i++) {
        mk_buf_clear(&text);
        err = mk_mask_form(&text, i, bytes, false);
        if (!err)
            err = collect(mask, fresh, count, &text, as, i, bytes.len < SHORT ? AS_WORD : i == MK_FORM_RAW ? where : ANYWHERE);
    }
    mk_slab_free(scratch, room);
    return err;
}

static int add(mk_mask *mask, mk_secret *secret, const char *as, place_of where)
{
    const mk_bytes bytes = mk_secret_bytes(secret);
    if (!bytes.len)
        return MK_OK;
    const needle *known = find(mask->list, mask->count, bytes.data, bytes.len);
    if (known && known->raw && known->where <= where)
        return MK_OK;
    needle *fresh = mk_calloc(mk_mask_forms(), sizeof *fresh);
    if (!fresh)
        return MK_ENOMEM;
    size_t count = 0;
    needle *list = NULL;
    int err = collect_all(mask, fresh, &count, secret, as, where);
    if (!err) {
        list = mk_realloc(mask->list, (mask->count + count + 1) * sizeof *list);
        err = list ? MK_OK : MK_ENOMEM;
    }
    if (err) {
        drop(fresh, count);
    } else {
        memcpy(list + mask->count, fresh, count * sizeof *list);
        mask->list = list;
        mask->count += count;
        reindex(mask);
    }
    mk_free(fresh);
    return err;
}

int mk_mask_add(mk_mask *mask, mk_secret *secret, const char *as)
{
    return add(mask, secret, as, ANYWHERE);
}

int mk_mask_add_name(mk_mask *mask, mk_secret *secret)
{
    const mk_bytes bytes = mk_secret_bytes(secret);
    return add(mask, secret, NULL, !mk_mask_is_word(bytes) ? ANYWHERE : mk_mask_is_common(bytes) ? AS_VALUE : AS_WORD);
}

static bool in_word(const char *text, size_t len, size_t at)
{
    if (at >= len)
        return false;
    const unsigned char c = (unsigned char)text[at];
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* Alone, or between what values stand between in forms, URLs, JSON, HTML: not in a sentence. */
static bool is_value(const char *text, size_t len, size_t at, size_t end)
{
    return (!at || strchr("=:\"'>/?&,;", text[at - 1])) && (end == len || strchr("\"'<&,;/", text[end]));
}

static bool may_stand(const needle *one, const char *text, size_t len, size_t at)
{
    const size_t end = at + one->len;
    if (one->where == AS_VALUE)
        return is_value(text, len, at, end);
    return one->where == ANYWHERE || !((at && in_word(text, len, at - 1)) || in_word(text, len, end));
}

/* The longest that stands at this place, or NULL. */
static const needle *match(const mk_mask *mask, const char *text, size_t len, size_t at)
{
    const unsigned char *in = (const unsigned char *)text + at;
    if (!mask->brief[*in]) {
        if (len - at < 3)
            return NULL;
        const unsigned bit = begin_hash(in);
        if (!(mask->begins[bit / 64] >> bit % 64 & 1))
            return NULL;
    }
    for (size_t i = mask->first[*in]; i < mask->first[*in + 1]; i++) {
        const needle *one = &mask->list[i];
        if (one->len > len - at || memcmp(one->data, in, one->len) != 0)
            continue;
        if (may_stand(one, text, len, at))
            return one;
    }
    return NULL;
}

/* Where what is found at `at` ends, with all that overlaps it. */
static size_t extent(const mk_mask *mask, const char *text, size_t len, size_t at, const needle *found)
{
    size_t end = at + found->len;
    for (size_t next = at + 1; next < end; next++) {
        const needle *more = match(mask, text, len, next);
        if (more && next + more->len > end)
            end = next + more->len;
    }
    return end;
}

int mk_mask_apply(const mk_mask *mask, const char *text, size_t len, mk_buf *out)
{
    const size_t start = out->len;
    size_t done = 0;
    int err = MK_OK;
    for (size_t at = 0; at < len && mask->count && !err;) {
        const needle *found = match(mask, text, len, at);
        if (!found) {
            at++;
            continue;
        }
        err = mk_buf_add(out, text + done, at - done);
        if (!err)
            err = mk_buf_adds(out, found->as ? found->as : "***");
        at = extent(mask, text, len, at, found);
        done = at;
    }
    if (!err)
        err = mk_buf_add(out, text + done, len - done);
    if (err) {
        out->len = start;
        if (out->cap)
            out->data[start] = '\0';
    }
    return err;
}

bool mk_mask_finds(const mk_mask *mask, const char *text, size_t len)
{
    for (size_t at = 0; at < len && mask->count; at++)
        if (match(mask, text, len, at))
            return true;
    return false;
}
