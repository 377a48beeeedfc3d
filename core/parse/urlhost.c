/* urlhost.c - the host of a URL: names, IPv4, IPv6 (layer parse)
 *
 * Source: WHATWG URL, "Host parsing". One spelling for each host matters: the
 * host policy compares what comes out of here. Stricter than browsers: no empty
 * label but a last one, and nothing longer than DNS can hold. */
#include "parse/urlhost.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"

enum { HOST_MAX = 1024, NAME_MAX_ = 253, LABEL_MAX = 63, V4_PARTS = 4 };

static int host_copy(char **out, const char *text)
{
    *out = mk_strdup(text);
    return *out ? MK_OK : MK_ENOMEM;
}

/* WHATWG's "forbidden domain code point", ASCII part. */
static bool forbidden(unsigned char c)
{
    return c <= 32 || c == 127 || strchr("#/:<>?@[\\]^|%", c) != NULL;
}

/* The longest run of two or more zero pieces; len 0 if there is none. */
static void longest_zeros(const uint16_t piece[8], int *start, int *len)
{
    *start = *len = 0;
    for (int i = 0; i < 8;) {
        int j = i;
        while (j < 8 && piece[j] == 0)
            j++;
        if (j - i > 1 && j - i > *len) {
            *start = i;
            *len = j - i;
        }
        i = j + 1;
    }
}

static int write_v6(char **out, const uint8_t bytes[16])
{
    uint16_t piece[8];
    char text[64];
    size_t n = 0;
    int zero, zeros;
    for (int i = 0; i < 8; i++)
        piece[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    longest_zeros(piece, &zero, &zeros);
    text[n++] = '[';
    for (int i = 0; i < 8; i++) {
        if (zeros && i == zero) {
            n += (size_t)snprintf(text + n, sizeof text - n, i ? ":" : "::");
            i += zeros - 1;
            continue;
        }
        n += (size_t)snprintf(text + n, sizeof text - n, i < 7 ? "%x:" : "%x", (unsigned)piece[i]);
    }
    text[n++] = ']';
    text[n] = 0;
    return host_copy(out, text);
}

/* text is "[...]" */
static int read_v6(char **out, const char *text, size_t len)
{
    char inner[64];
    uint8_t bytes[16];
    if (len < 4 || len - 2 >= sizeof inner || text[len - 1] != ']' || memchr(text, 0, len))
        return MK_EPARSE;
    memcpy(inner, text + 1, len - 2);
    inner[len - 2] = 0;
    if (inet_pton(AF_INET6, inner, bytes) != 1)
        return MK_EPARSE;
    return write_v6(out, bytes);
}

/* The value of a hexadecimal, octal or decimal digit, or 99. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return 99;
}

/* One part of an IPv4 address: 127, 0x7f, 0177, 0x. False if it is none. */
static bool read_part(const char *text, size_t len, uint64_t *value)
{
    unsigned base = 10;
    size_t i = 0;
    *value = 0;
    if (len == 0)
        return false;
    if (len > 1 && text[0] == '0') {
        base = text[1] == 'x' ? 16 : 8;
        i = base == 16 ? 2 : 1;
    }
    for (; i < len; i++) {
        unsigned d = digit_value(text[i]);
        if (d >= base)
            return false;
        *value = *value * base + d;
        if (*value > UINT32_MAX)
            *value = (uint64_t)UINT32_MAX + 1; /* too large stays too large */
    }
    return true;
}

/* Length of the name without one last dot. */
static size_t without_dot(const char *name)
{
    size_t len = strlen(name);
    return len && name[len - 1] == '.' ? len - 1 : len;
}

/* Whether the last label is a number: then the host is IPv4, or wrong. */
static bool ends_in_number(const char *name)
{
    size_t len = without_dot(name), start = len;
    uint64_t value;
    while (start > 0 && name[start - 1] != '.')
        start--;
    if (start == len)
        return false;
    return strspn(name + start, "0123456789") >= len - start || read_part(name + start, len - start, &value);
}

static int read_v4(char **out, const char *name)
{
    uint64_t part[V4_PARTS], address = 0;
    size_t len = without_dot(name), count = 0, i = 0;
    while (i <= len) {
        const char *dot = memchr(name + i, '.', len - i);
        size_t end = dot ? (size_t)(dot - name) : len;
        if (count == V4_PARTS || !read_part(name + i, end - i, &part[count]))
            return MK_EPARSE;
        count++;
        i = end + 1;
    }
    for (size_t k = 0; k + 1 < count; k++) {
        if (part[k] > 255)
            return MK_EPARSE;
        address |= part[k] << (8 * (3 - k));
    }
    if (part[count - 1] >= (uint64_t)1 << (8 * (5 - count)))
        return MK_EPARSE;
    address |= part[count - 1];
    char text[16];
    snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(address >> 24) & 255, (unsigned)(address >> 16) & 255,
             (unsigned)(address >> 8) & 255, (unsigned)address & 255);
    return host_copy(out, text);
}

/* No forbidden bytes, labels as DNS can hold them. */
static bool name_valid(const char *name)
{
    size_t len = without_dot(name), label = 0;
    if (len == 0 || len > NAME_MAX_)
        return false;
    for (size_t i = 0; i <= len; i++) {
        if (i == len || name[i] == '.') {
            if (label == 0 || label > LABEL_MAX)
                return false;
            label = 0;
        } else if (forbidden((unsigned char)name[i])) {
            return false;
        } else {
            label++;
        }
    }
    return true;
}

static int read_name(char **out, const char *name)
{
    if (!name_valid(name))
        return MK_EPARSE;
    return ends_in_number(name) ? read_v4(out, name) : host_copy(out, name);
}

/* Whether libidn2 has something to say: plain names only need lower case. */
static bool needs_idn(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c >= 128)
            return true;
    return strstr(name, "xn--") != NULL;
}

static void lower_ascii(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text + 32);
}

static int read_idn(char **out, const char *name)
{
    char *ascii = NULL;
    int rc = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return rc == IDN2_MALLOC ? MK_ENOMEM : MK_EPARSE;
    lower_ascii(ascii);
    int err = read_name(out, ascii);
    idn2_free(ascii);
    return err;
}

int mk_urlhost_read(char **out, const char *text, size_t len)
{
    if (len == 0 || len > HOST_MAX)
        return MK_EPARSE;
    if (text[0] == '[')
        return read_v6(out, text, len);
    mk_buf name;
    mk_buf_init(&name, HOST_MAX);
    int err = mk_percent_decode(&name, text, len, false);
    if (err == MK_OK && (memchr(name.data, 0, name.len) || !mk_utf8_valid(name.data, name.len)))
        err = MK_EPARSE;
    if (err == MK_OK) {
        lower_ascii(name.data);
        err = needs_idn(name.data) ? read_idn(out, name.data) : read_name(out, name.data);
    }
    mk_buf_free(&name);
    return err;
}
