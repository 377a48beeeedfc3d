/* check_calls.c - what a script asks of the session, pages and forms, by its tokens (layer cli)
 *
 * Goes by the names that adapters use: s, page, form. Where a name may stand for something else it says nothing. */
#include "base/err.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "cli/check.h"
#include "net/policy.h"

#include <string.h>

enum { ALIASES = 64 };

typedef struct alias { /* local NAME = "https://..." or = s.credentials.password */
    mk_bytes name, url;
    bool secret;
} alias;

typedef struct calls {
    json_t *problems;
    const char *file;
    const mk_token *list;
    const mk_tokens *tokens;
    const mk_manifest *manifest;
    mk_policy *policy;
    alias aliases[ALIASES];
    size_t alias_count;
    int err;
} calls;

static const char *const session_members[] = {"get", "post", "request", "submit", "ask", "expect", "fail", "must_be_off", "progress",
    "wait", "now", "keep", "cookies", "credentials", NULL};
static const char *const page_members[] = {"status", "url", "type", "body", "headers", "header", "mfa", "json", "one", "all", "has",
    "form", "match", "text", NULL};
static const char *const form_methods[] = {"get", "set", "remove", "controls", "buttons", "action", "method", NULL};
static const char *const cookie_methods[] = {"get", "set", "clear", NULL};
static const char *const options[] = {"headers", "query", "form", "json", "multipart", "body", "type", "redirect", "referer", "auth",
    "timeout", "accept", "sends_code", "button", NULL};
static const char *const string_methods[] = {"byte", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack", "rep",
    "reverse", "sub", "unpack", "upper", NULL};

static bool same(mk_bytes a, mk_bytes b)
{
    return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static bool in_list(const char *const *list, mk_bytes word)
{
    for (size_t i = 0; list[i]; i++)
        if (same((mk_bytes){ list[i], strlen(list[i]) }, word))
            return true;
    return false;
}

static void text_of(char out[96], mk_bytes word)
{
    snprintf(out, 96, "%.*s", (int)(word.len < 95 ? word.len : 95), word.data);
}

/* "there is no s:gett; did you mean s:get?" */
static void unknown(calls *c, const mk_token *at, const char *what, const char *const *known)
{
    char word[96];
    text_of(word, at->text);
    const char *near = mk_suggest(word, known);
    c->err = mk_check_say(c->problems, c->file, at->line, at->col, "error", "%s '%s'%s%s%s", what, word,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* --- members ----------------------------------------------------------- */

/* Whether the script gives s a field of that name itself. */
static bool own_field(const calls *c, mk_bytes name)
{
    for (size_t i = 0; i + 3 < c->tokens->count; i++)
        if (mk_token_is(&c->list[i], "s") && (mk_token_is(&c->list[i + 1], ".") || mk_token_is(&c->list[i + 1], ":")) &&
            same(c->list[i + 2].text, name) &&
            (mk_token_is(&c->list[i + 3], "=") || mk_token_is(&c->list[i + 3], ",") || (i && mk_token_is(&c->list[i - 1], "function"))))
            return true;
    return false;
}

static bool ends_with(mk_bytes name, const char *end)
{
    const size_t len = strlen(end);
    return name.len >= len && !memcmp(name.data + name.len - len, end, len) && (name.len == len || name.data[name.len - len - 1] == '_');
}

/* NAME : METHOD ( at i. */
static void method(calls *c, size_t i)
{
    const mk_token *on = &c->list[i], *name = &c->list[i + 2];
    if (mk_token_is(on, "s")) {
        if (!in_list(session_members, name->text) && !in_list(string_methods, name->text) && !own_field(c, name->text))
            unknown(c, name, "the session has no method", session_members);
    } else if (ends_with(on->text, "page") || mk_token_is(on, "latest")) {
        if (!in_list(page_members, name->text) && !in_list(string_methods, name->text))
            unknown(c, name, "a page has no method", page_members);
    } else if (ends_with(on->text, "form")) {
        if (!in_list(form_methods, name->text))
            unknown(c, name, "a form has no method", form_methods);
    } else if (mk_token_is(on, "cookies") && i >= 2 && mk_token_is(&c->list[i - 2], "s")) {
        if (!in_list(cookie_methods, name->text))
            unknown(c, name, "s.cookies has no method", cookie_methods);
    }
}

static const mk_credential_field *field(const calls *c, mk_bytes name)
{
    for (size_t i = 0; i < c->manifest->credential_count; i++)
        if (same((mk_bytes){ c->manifest->credentials[i].name, strlen(c->manifest->credentials[i].name) }, name))
            return &c->manifest->credentials[i];
    return NULL;
}

/* s . credentials . NAME at i. */
static void credential(calls *c, size_t i)
{
    const mk_token *name = &c->list[i + 4];
    const char *known[32];
    size_t count = 0;
    if (name->kind != MK_LEX_NAME || field(c, name->text) || mk_token_is(name, "totp_secret"))
        return;
    for (; count < c->manifest->credential_count && count < 31; count++)
        known[count] = c->manifest->credentials[count].name;
    known[count] = NULL;
    unknown(c, name, "the manifest's credentials have no", known);
}

/* --- requests ------------------------------------------------------------ */

static const alias *alias_of(const calls *c, const mk_token *name)
{
    if (name->kind != MK_LEX_NAME)
        return NULL;
    for (size_t i = c->alias_count; i-- > 0;)
        if (same(c->aliases[i].name, name->text))
            return &c->aliases[i];
    return NULL;
}

static bool is_credentials(const calls *c, size_t i)
{
    return mk_token_is(&c->list[i], "s") && mk_token_is(&c->list[i + 1], ".") && mk_token_is(&c->list[i + 2], "credentials") &&
           mk_token_is(&c->list[i + 3], ".");
}

static bool is_secret(const calls *c, size_t i)
{
    if (is_credentials(c, i)) {
        const mk_credential_field *one = field(c, c->list[i + 4].text);
        return (one && one->secret) || mk_token_is(&c->list[i + 4], "totp_secret");
    }
    const alias *known = alias_of(c, &c->list[i]);
    const bool of_other = i && (mk_token_is(&c->list[i - 1], ".") || mk_token_is(&c->list[i - 1], ":")) && !mk_token_is(&c->list[i - 2], ".");
    return known && known->secret && !of_other;
}

static void secret_in(calls *c, size_t from, size_t to, const char *where)
{
    for (size_t i = from; i < to && !c->err; i++)
        if (is_secret(c, i))
            c->err = mk_check_say(c->problems, c->file, c->list[i].line, c->list[i].col, "error",
                                  "a secret in %s: the engine refuses it (policy.secret_denied); send it in a form, JSON or header",
                                  where);
}

static bool is_url(mk_bytes text)
{
    return (text.len > 8 && !memcmp(text.data, "https://", 8)) || (text.len > 7 && !memcmp(text.data, "http://", 7));
}

static void host_of(calls *c, const mk_token *at, mk_bytes text)
{
    mk_url url = { 0 };
    mk_grant grant;
    char why[200] = "";
    const int err = mk_url_parse(&url, text.data, text.len);
    if (err == MK_ENOMEM)
        c->err = err;
    else if (err)
        c->err = mk_check_say(c->problems, c->file, at->line, at->col, "error", "not a URL: '%.*s'", (int)(text.len < 80 ? text.len : 80), text.data);
    else if (mk_policy_check(c->policy, &url, &grant, why, sizeof why))
        c->err = mk_check_say(c->problems, c->file, at->line, at->col, "error", "%s: add it to hosts if it is the portal's", why);
    mk_url_free(&url);
}

/* The URL of a request, from list[from] on; gives where it ends: a comma or the closing bracket. */
static size_t url_argument(calls *c, size_t from, size_t end)
{
    size_t to = from;
    while (to < end && !mk_token_is(&c->list[to], ","))
        to = mk_tokens_past(c->tokens, to);
    const mk_token *first = &c->list[from];
    const alias *known = alias_of(c, first);
    if (first->kind == MK_LEX_STRING && first->plain && is_url(first->text))
        host_of(c, first, first->text);
    else if (known && known->url.data)
        host_of(c, first, known->url);
    secret_in(c, from, to, "a URL");
    return to;
}

/* The keys of the table of options at list[at] = '{'. */
static void option_keys(calls *c, size_t at)
{
    const size_t end = mk_tokens_past(c->tokens, at) - 1;
    for (size_t i = at + 1; i < end && !c->err;) {
        const mk_token *key = &c->list[i];
        if (key->kind == MK_LEX_NAME && mk_token_is(key + 1, "=") && !mk_token_is(key + 2, "=")) {
            if (!in_list(options, key->text))
                unknown(c, key, "a request has no option", options);
            size_t value = i + 2;
            for (i = value; i < end && !mk_token_is(&c->list[i], ",") && !mk_token_is(&c->list[i], ";");)
                i = mk_tokens_past(c->tokens, i);
            if (mk_token_is(key, "query"))
                secret_in(c, value, i, "a query");
        }
        i = i < end ? mk_tokens_past(c->tokens, i) : end;
    }
}

/* s : get ( at i. */
static void request(calls *c, size_t i)
{
    const mk_token *name = &c->list[i + 2];
    const size_t open = i + 3, end = mk_tokens_past(c->tokens, open) - 1;
    size_t at = open + 1;
    if (mk_token_is(name, "request") || mk_token_is(name, "submit")) {
        while (at < end && !mk_token_is(&c->list[at], ","))
            at = mk_tokens_past(c->tokens, at);
        at++;
    }
    if (!mk_token_is(name, "submit") && at < end)
        at = url_argument(c, at, end) + 1;
    if (at < end && mk_token_is(&c->list[at], "{") && !c->err)
        option_keys(c, at);
}

/* local NAME = value at i. */
static void remember(calls *c, size_t i)
{
    if (c->list[i + 1].kind != MK_LEX_NAME || !mk_token_is(&c->list[i + 2], "=") || c->alias_count == ALIASES)
        return;
    const mk_token *value = &c->list[i + 3];
    alias one = { .name = c->list[i + 1].text };
    if (value->kind == MK_LEX_STRING && value->plain && is_url(value->text))
        one.url = value->text;
    else if (is_secret(c, i + 3))
        one.secret = true;
    if (one.url.data || one.secret || alias_of(c, &c->list[i + 1]))
        c->aliases[c->alias_count++] = one;
}

static void look(calls *c, size_t i)
{
    const mk_token *token = &c->list[i];
    if (token->kind != MK_LEX_NAME)
        return;
    if (mk_token_is(token, "local") && i + 3 < c->tokens->count)
        remember(c, i);
    if (is_credentials(c, i) && i + 4 < c->tokens->count)
        credential(c, i);
    const bool called = mk_token_is(token + 1, ":") && token[2].kind == MK_LEX_NAME &&
                        (mk_token_is(token + 3, "(") || mk_token_is(token + 3, "{") || token[3].kind == MK_LEX_STRING);
    if (!called || i + 3 >= c->tokens->count || c->err)
        return;
    method(c, i);
    const mk_bytes name = token[2].text;
    static const char *const sending[] = {"get", "post", "request", "submit", NULL};
    if (!c->err && mk_token_is(token, "s") && mk_token_is(token + 3, "(") && in_list(sending, name))
        request(c, i);
    else if (!c->err && mk_token_is(token, "s") && token[3].kind == MK_LEX_STRING && in_list(sending, name) && is_url(token[3].text))
        host_of(c, token + 3, token[3].text);
}

static int declare(calls *c)
{
    char why[200];
    for (size_t i = 0; i < c->manifest->host_count; i++) {
        const mk_host_entry *host = &c->manifest->hosts[i];
        int err = mk_policy_declare(c->policy, host->entry, host->secrets, why, sizeof why);
        if (!err && strstr(host->entry, "://")) /* opened by the operator: what counts here is that it is declared */
            err = mk_policy_allow(c->policy, host->entry);
        if (err == MK_ENOMEM)
            return err;
    }
    return MK_OK;
}

int mk_check_calls(json_t *problems, const char *file, const mk_tokens *tokens, const mk_manifest *manifest)
{
    calls *c = mk_calloc(1, sizeof *c);
    if (!c)
        return MK_ENOMEM;
    *c = (calls){ .problems = problems, .file = file, .list = tokens->list, .tokens = tokens, .manifest = manifest };
    c->policy = mk_policy_new();
    c->err = c->policy ? declare(c) : MK_ENOMEM;
    for (size_t i = 0; i < tokens->count && !c->err; i++)
        look(c, i);
    const int err = c->err;
    mk_policy_free(c->policy);
    mk_free(c);
    return err;
}
