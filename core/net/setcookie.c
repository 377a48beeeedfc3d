/* setcookie.c - reading one Set-Cookie line (layer net) */
#include "net/setcookie.h"
#include "base/err.h"
#include "net/policy.h"
#include <string.h>
#include <strings.h>

static mk_bytes trim(const char *data, size_t len)
{
    while (len && (data[0] == ' ' || data[0] == '\t')) {
        data++;
        len--;
    }
    while (len && (data[len - 1] == ' ' || data[len - 1] == '\t'))
        len--;
    return (mk_bytes){data, len};
}

static bool is(mk_bytes text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

/* Splits at the first `at`; *rest has len 0 and NULL data if there is none. */
static mk_bytes split(mk_bytes text, char at, mk_bytes *rest)
{
    const char *found = text.len ? memchr(text.data, at, text.len) : NULL;
    *rest = (mk_bytes){NULL, 0};
    if (!found)
        return text;
    size_t before = (size_t)(found - text.data);
    *rest = (mk_bytes){found + 1, text.len - before - 1};
    return (mk_bytes){text.data, before};
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static void read_max_age(mk_setcookie *out, mk_bytes value, int64_t now)
{
    bool minus = value.len && value.data[0] == '-';
    int64_t seconds = 0;
    if (value.len == (size_t)minus)
        return;
    for (size_t i = minus; i < value.len; i++) {
        if (!digit(value.data[i]))
            return;
        if (seconds < INT64_C(1) << 40)
            seconds = seconds * 10 + (value.data[i] - '0');
    }
    out->expires_given = true;
    out->expires = minus || seconds == 0 ? 0 : now + seconds;
}

static void read_same_site(mk_setcookie *out, mk_bytes value)
{
    out->same_site = is(value, "strict") ? "strict" : is(value, "lax") ? "lax" : is(value, "none") ? "none" : NULL;
}

/* A later attribute of the same name replaces an earlier one (5.3). */
static void read_attribute(mk_setcookie *out, mk_bytes attribute, int64_t now, bool *max_age)
{
    mk_bytes value;
    mk_bytes name = split(attribute, '=', &value);
    name = trim(name.data, name.len);
    value = trim(value.data, value.len);
    if (value.len > MK_COOKIE_ATTR_MAX)
        return;
    if (is(name, "max-age")) {
        bool given = out->expires_given;
        int64_t was = out->expires;
        out->expires_given = false;
        read_max_age(out, value, now);
        *max_age = *max_age || out->expires_given;
        if (!out->expires_given) {
            out->expires_given = given;
            out->expires = was;
        }
    } else if (is(name, "expires")) {
        int64_t when = 0;
        if (!*max_age && mk_cookie_date(value.data, value.len, &when)) {
            out->expires_given = true;
            out->expires = when;
        }
    } else if (is(name, "domain")) {
        bool dot = value.len && value.data[0] == '.';
        out->domain = dot ? (mk_bytes){value.data + 1, value.len - 1} : value;
    } else if (is(name, "path")) {
        out->path = value.len && value.data[0] == '/' ? value : (mk_bytes){NULL, 0};
    } else if (is(name, "secure")) {
        out->secure = true;
    } else if (is(name, "httponly")) {
        out->http_only = true;
    } else if (is(name, "samesite")) {
        read_same_site(out, value);
    }
}

int mk_setcookie_parse(mk_setcookie *out, const char *line, size_t len, int64_t now)
{
    if (len > MK_COOKIE_LINE_MAX)
        return MK_ELIMIT;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return MK_EPARSE;
    }
    mk_setcookie cookie = {0};
    bool max_age = false;
    mk_bytes rest, value;
    mk_bytes pair = split((mk_bytes){line, len}, ';', &rest);
    mk_bytes name = split(pair, '=', &value);
    if (!value.data)
        return MK_EPARSE;
    cookie.name = trim(name.data, name.len);
    cookie.value = trim(value.data, value.len);
    if (!cookie.name.len)
        return MK_EPARSE;
    if (cookie.name.len + cookie.value.len > MK_COOKIE_PAIR_MAX)
        return MK_ELIMIT;
    while (rest.data) {
        mk_bytes attribute = split(rest, ';', &rest);
        read_attribute(&cookie, attribute, now, &max_age);
    }
    *out = cookie;
    return MK_OK;
}

bool mk_cookie_domain_match(const char *host, const char *domain)
{
    if (strcmp(host, domain) == 0)
        return true;
    size_t long_len = strlen(host), len = strlen(domain);
    return len && long_len > len && host[long_len - len - 1] == '.' && strcmp(host + long_len - len, domain) == 0 &&
           !mk_policy_is_address(host);
}

bool mk_cookie_path_match(const char *path, const char *cookie_path)
{
    size_t len = strlen(cookie_path);
    if (strncmp(path, cookie_path, len) != 0)
        return false;
    return path[len] == '\0' || path[len] == '/' || (len && cookie_path[len - 1] == '/');
}

size_t mk_cookie_default_path(const char *path)
{
    const char *last = path[0] == '/' ? strrchr(path, '/') : NULL;
    return last ? (size_t)(last - path) : 0;
}
