/* scrub_find.c - tokens in what a portal sent: cookies, hidden fields, strings that look random (layer cli) */
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/scrub_own.h"
#include "parse/page.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    LEAST = 16,        /* bytes of something that only looks random */
    NAMED = 8,         /* of something whose name says what it is */
    MOST = 64 << 10,
    TOKENS = 3000,
    DEEP = 2           /* base64 in base64 */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool in_run(char c)
{
    return is_digit(c) || is_upper(c) || is_lower(c) || (c && strchr("_-+/.~%", c));
}

static char class_of(char c)
{
    return is_digit(c) ? 'd' : is_upper(c) ? 'u' : is_lower(c) ? 'l' : '\0';
}

bool mk_scrub_random(const char *text, size_t len)
{
    size_t turns = 0, letters = 0, count = len;
    char last = '\0';
    if (len < LEAST)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char now = class_of(text[i]);
        if (text[i] == '%' && i + 2 < len) { /* an escape is one character, whatever its digits */
            i += 2;
            count -= 2;
        }
        if (!now)
            continue;
        letters += now != 'd';
        turns += last && now != last && !(last == 'u' && now == 'l'); /* a capital begins a word */
        last = now;
    }
    return letters >= 3 && turns * 4 >= count && turns >= LEAST / 4;
}

/* Of the same shape, from nothing but its number: digits stay digits, hexadecimal stays that. */
static char *shaped(const char *text, size_t len, size_t number)
{
    uint8_t seed[randombytes_SEEDBYTES] = "case token";
    memcpy(seed + 16, &number, sizeof number);
    uint8_t *random = mk_malloc(len + 1);
    char *as = mk_malloc(len + 1);
    bool hex = true;
    if (!random || !as) {
        mk_free(random);
        mk_free(as);
        return NULL;
    }
    randombytes_buf_deterministic(random, len, seed);
    for (size_t i = 0; i < len; i++)
        hex = hex && (!class_of(text[i]) || is_digit(text[i]) || strchr("abcdefABCDEF", text[i]));
    for (size_t i = 0; i < len; i++) {
        const char c = class_of(text[i]);
        const bool escape = (i >= 1 && text[i - 1] == '%') || (i >= 2 && text[i - 2] == '%');
        as[i] = !c || escape ? text[i] : c == 'd' ? (char)('0' + random[i] % 10) : (char)((c == 'u' ? 'A' : 'a') + random[i] % (hex ? 6 : 26));
    }
    as[len] = '\0';
    mk_free(random);
    return as;
}

/* Whether we sent it before anybody gave it to us. */
static bool is_own(const mk_scrub *scrub, const char *text, size_t len)
{
    return memmem(scrub->sent.data, scrub->sent.len, text, len) != NULL;
}

/* Whether it is what a person typed in another guise, rather than something that holds it: what is left without it says nothing. */
static int is_typed(const mk_scrub *scrub, const char *text, size_t len, bool *typed)
{
    mk_buf rest;
    *typed = false;
    if (!scrub->typed || !mk_mask_finds(scrub->typed, text, len))
        return MK_OK;
    mk_buf_init(&rest, MOST);
    const int err = mk_mask_apply(scrub->typed, text, len, &rest);
    *typed = !err && !mk_scrub_random(rest.data, rest.len);
    mk_buf_free(&rest);
    return err;
}

int mk_scrub_token(mk_scrub *scrub, const char *text, size_t len)
{
    if (!len || len > MOST || scrub->tokens >= TOKENS || mk_scrub_known(scrub, text, len) || is_own(scrub, text, len))
        return MK_OK;
    char name[32];
    bool typed = false;
    if (is_typed(scrub, text, len, &typed) || typed)
        return typed ? MK_OK : MK_ENOMEM;
    snprintf(name, sizeof name, "token-%zu", ++scrub->tokens);
    char *as = scrub->numbered ? mk_strdup(name) : shaped(text, len, scrub->tokens);
    int err = as ? mk_scrub_put(scrub, text, len, as, true) : MK_ENOMEM;
    mk_buf plain, plain_as;
    mk_buf_init(&plain, MOST);
    mk_buf_init(&plain_as, MOST);
    if (!err && memchr(text, '%', len) && !mk_percent_decode(&plain, text, len, false) && !mk_percent_decode(&plain_as, as, strlen(as), false))
        err = mk_scrub_put(scrub, plain.data, plain.len, plain_as.data, true);
    mk_buf_free(&plain);
    mk_buf_free(&plain_as);
    mk_free(as);
    return err;
}

/* --- strings that look random ---------------------------------------------- */

static int scan(mk_scrub *scrub, const char *text, size_t len, int depth);

/* Text in base64 is looked into, it is no token itself. */
static int inside(mk_scrub *scrub, const char *run, size_t len, int depth, bool *is_text)
{
    mk_buf plain;
    mk_buf_init(&plain, MOST);
    int err = mk_base64_decode(&plain, run, len);
    *is_text = !err && plain.len >= 8 && mk_utf8_valid(plain.data, plain.len);
    for (size_t i = 0; i < plain.len && *is_text; i++)
        *is_text = (unsigned char)plain.data[i] >= ' ' || strchr("\t\r\n", plain.data[i]);
    err = err == MK_ENOMEM ? err : *is_text && depth < DEEP ? scan(scrub, plain.data, plain.len, depth + 1) : MK_OK;
    mk_buf_free(&plain);
    return err;
}

static int judge(mk_scrub *scrub, const char *run, size_t len, int depth)
{
    bool is_text = false;
    while (len && strchr(".-/", run[len - 1]))
        len--;
    while (len && strchr(".-/", *run))
        run++, len--;
    int err = len >= LEAST ? inside(scrub, run, len, depth, &is_text) : MK_OK;
    return !err && !is_text && mk_scrub_random(run, len) ? mk_scrub_token(scrub, run, len) : err;
}

/* header.payload.signature, which adapters read: each for itself. */
static int judge_parts(mk_scrub *scrub, const char *run, size_t len, int depth)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        const char *dot = memchr(run + at, '.', len - at);
        const size_t end = dot ? (size_t)(dot - run) : len;
        err = judge(scrub, run + at, end - at, depth);
        at = end + 1;
    }
    return err;
}

static int scan(mk_scrub *scrub, const char *text, size_t len, int depth)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err;) {
        size_t end = at;
        while (end < len && in_run(text[end]))
            end++;
        if (end - at >= LEAST)
            err = !strncmp(text + at, "eyJ", 3) && memchr(text + at, '.', end - at) ? judge_parts(scrub, text + at, end - at, depth)
                                                                                  : judge(scrub, text + at, end - at, depth);
        at = end > at ? end : at + 1;
    }
    return err;
}

/* --- strings whose name says that they are tokens --------------------------- */

static const char *const names[] = {"token", "csrf", "xsrf", "nonce", "state", "code", "session", "sid", "ticket", "assertion", "jwt",
    "signature", "verification", "auth", "secret", "credential", NULL};

/* The length of a telling name that begins here, or 0. */
static size_t name_at(const char *text, size_t len)
{
    for (size_t i = 0; names[i]; i++) {
        const size_t size = strlen(names[i]);
        if (size <= len && !strncasecmp(text, names[i], size))
            return size;
    }
    return 0;
}

/* Where the value begins of a name that ends at `at`: name="..., name: '..., name=...; len if there is none. */
static size_t value_after(const char *text, size_t len, size_t at)
{
    while (at < len && (class_of(text[at]) || text[at] == '_' || text[at] == '-'))
        at++;
    while (at < len && strchr("\"'\\ ]", text[at]) && text[at])
        at++;
    if (at >= len || (text[at] != '=' && text[at] != ':'))
        return len;
    at++;
    while (at < len && strchr("\"'\\ ", text[at]) && text[at])
        at++;
    return at;
}

static bool could_be(const char *text, size_t len)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < len; i++) {
        digits += is_digit(text[i]);
        letters += class_of(text[i]) != '\0' && !is_digit(text[i]);
    }
    return len >= NAMED && digits && letters >= 2 && digits + letters + len / 4 >= len;
}

static int scan_named(mk_scrub *scrub, const char *text, size_t len)
{
    int err = MK_OK;
    for (size_t at = 0; at < len && !err; at++) {
        const size_t name = name_at(text + at, len - at);
        const size_t from = name ? value_after(text, len, at + name) : len;
        size_t to = from;
        while (to < len && in_run(text[to]))
            to++;
        if (could_be(text + from, to - from) && strncmp(text + from, "eyJ", 3) != 0)
            err = mk_scrub_token(scrub, text + from, to - from);
        at += name ? name - 1 : 0;
    }
    return err;
}

/* --- cookies and hidden fields ------------------------------------------------ */

static int learn_cookie(mk_scrub *scrub, const mk_header *header)
{
    const char *eq = memchr(header->value, '=', header->value_len);
    if (!eq)
        return MK_OK;
    const char *value = eq + 1, *end = header->value + header->value_len;
    const char *stop = memchr(value, ';', (size_t)(end - value));
    stop = stop ? stop : end;
    while (value < stop && (*value == '"' || *value == ' '))
        value++;
    while (stop > value && (stop[-1] == '"' || stop[-1] == ' '))
        stop--;
    const size_t len = (size_t)(stop - value);
    return could_be(value, len) || len >= LEAST ? mk_scrub_token(scrub, value, len) : MK_OK;
}

static int learn_hidden(mk_scrub *scrub, mk_page *page)
{
    mk_doc *doc = NULL;
    mk_selector *selector = NULL;
    mk_nodes nodes = { NULL, 0 };
    char why[80];
    int err = mk_page_doc(page, NULL, &doc);
    if (!err)
        err = mk_selector_compile(&selector, "input[type=hidden]", why, sizeof why);
    if (!err)
        err = mk_doc_select(doc, NULL, selector, 0, &nodes);
    for (size_t i = 0; i < nodes.count && !err; i++) {
        const char *value = mk_node_attr(doc, nodes.list[i], "value");
        const size_t len = value ? strlen(value) : 0;
        if (len && strcspn(value, " <>") == len && (could_be(value, len) || mk_scrub_random(value, len)))
            err = mk_scrub_token(scrub, value, len);
    }
    mk_nodes_free(&nodes);
    mk_selector_free(selector);
    return err == MK_ENOMEM ? err : MK_OK; /* a page that will not parse has no forms */
}

static int learn_body(mk_scrub *scrub, const mk_request *request, const mk_response *response)
{
    mk_headers headers = { 0 };
    mk_buf body, plain;
    mk_page *page = NULL;
    mk_bytes text = { "", 0 };
    mk_buf_init(&body, SIZE_MAX / 4);
    mk_buf_init(&plain, SIZE_MAX / 4);
    int err = mk_headers_copy(&headers, &response->headers);
    if (!err)
        err = mk_buf_add(&body, response->body.data, response->body.len);
    if (!err)
        err = mk_page_new(&page, response->status, request->url, &headers, &body, NULL);
    if (!err && mk_page_is_html(page))
        err = learn_hidden(scrub, page);
    if (!err && mk_page_is_text(page))
        err = mk_page_body(page, &text);
    if (!err)
        err = mk_scrub_plain(text.data, text.len, &plain);
    if (!err)
        err = scan_named(scrub, plain.data, plain.len);
    if (!err)
        err = scan(scrub, plain.data, plain.len, 0);
    mk_page_unref(page);
    mk_headers_free(&headers);
    mk_buf_free(&body);
    mk_buf_free(&plain);
    return err;
}

int mk_scrub_learn(mk_scrub *scrub, const mk_request *request, const mk_response *response)
{
    int err = MK_OK;
    for (size_t i = 0; i < response->headers.count && !err; i++) {
        const mk_header *header = &response->headers.list[i];
        if (!strcasecmp(header->name, "set-cookie")) {
            err = learn_cookie(scrub, header);
        } else if (strcasecmp(header->name, "etag") != 0) {
            err = scan_named(scrub, header->value, header->value_len);
            if (!err)
                err = scan(scrub, header->value, header->value_len, 0);
        }
    }
    return err ? err : learn_body(scrub, request, response);
}

int mk_scrub_sent(mk_scrub *scrub, const mk_request *request)
{
    int err = mk_buf_adds(&scrub->sent, request->url);
    mk_buf plain;
    mk_buf_init(&plain, (size_t)16 << 20);
    if (!err)
        err = mk_buf_addc(&scrub->sent, '\n');
    if (!err && !mk_percent_decode(&plain, request->url, strlen(request->url), true))
        err = mk_buf_add(&scrub->sent, plain.data, plain.len);
    mk_buf_clear(&plain);
    if (!err && request->body)
        err = mk_buf_add(&scrub->sent, request->body, request->body_len);
    if (!err && request->body && !mk_percent_decode(&plain, request->body, request->body_len, true))
        err = mk_buf_add(&scrub->sent, plain.data, plain.len);
    mk_buf_free(&plain);
    return err == MK_ELIMIT ? MK_OK : err; /* so much is not of a sign-in */
}
