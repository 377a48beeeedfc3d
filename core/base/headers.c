/* headers.c - an ordered list of names and values (layer base) */
#include "base/headers.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

static int grow(mk_headers *headers)
{
    if (headers->count < headers->cap)
        return MK_OK;
    const size_t cap = headers->cap ? headers->cap * 2 : 8;
    size_t bytes = 0;
    if (cap < headers->cap || mk_mul_overflows(cap, sizeof *headers->list, &bytes))
        return MK_ENOMEM;
    mk_header *list = mk_realloc(headers->list, bytes);
    if (!list)
        return MK_ENOMEM;
    headers->list = list;
    headers->cap = cap;
    return MK_OK;
}

int mk_headers_add(mk_headers *headers, const char *name, const char *value, size_t len, bool secret)
{
    int err = grow(headers);
    if (err)
        return err;
    mk_header header = { .name = mk_strdup(name), .value_len = len, .secret = secret };
    if (!header.name)
        return MK_ENOMEM;
    header.value = mk_memdup(value, len);
    if (!header.value) {
        mk_free(header.name);
        return MK_ENOMEM;
    }
    headers->list[headers->count++] = header;
    return MK_OK;
}

const mk_header *mk_headers_get(const mk_headers *headers, const char *name, size_t i)
{
    for (size_t at = 0; at < headers->count; at++)
        if (!strcasecmp(headers->list[at].name, name) && !i--)
            return &headers->list[at];
    return NULL;
}

static void drop(mk_header *header)
{
    mk_free(header->name);
    mk_free(header->value);
}

void mk_headers_remove(mk_headers *headers, const char *name)
{
    size_t kept = 0;
    for (size_t at = 0; at < headers->count; at++) {
        if (strcasecmp(headers->list[at].name, name))
            headers->list[kept++] = headers->list[at];
        else
            drop(&headers->list[at]);
    }
    headers->count = kept;
}

int mk_headers_copy(mk_headers *to, const mk_headers *from)
{
    for (size_t at = 0; at < from->count; at++) {
        const mk_header *header = &from->list[at];
        const int err = mk_headers_add(to, header->name, header->value, header->value_len, header->secret);
        if (err) {
            mk_headers_free(to);
            return err;
        }
    }
    return MK_OK;
}

void mk_headers_free(mk_headers *headers)
{
    for (size_t at = 0; at < headers->count; at++)
        drop(&headers->list[at]);
    mk_free(headers->list);
    *headers = (mk_headers){ 0 };
}

/* RFC 9110, 5.6.2. */
static bool is_token(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool mk_header_valid(const char *name, const char *value, size_t len)
{
    if (!*name)
        return false;
    for (const char *c = name; *c; c++)
        if (!is_token((unsigned char)*c))
            return false;
    for (size_t at = 0; at < len; at++)
        if (value[at] == '\r' || value[at] == '\n' || value[at] == '\0')
            return false;
    return true;
}
