/* fetch.c - a whole request of a script: hops, redirects, cookies (layer net) */
#include "net/fetch.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/hop.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_HOPS = 10, MAX_METHOD = 20 };

struct mk_fetch {
    const mk_policy *policy;
    mk_jar *jar;
    mk_url url, referer; /* referer all NULL: none */
    mk_headers own;      /* the script's, fewer after a change of origin */
    char *content_type, *user_agent;
    bool secret; /* the body holds one */
    bool origin_header;
    enum mk_redirect redirect;
    int max_hops, hops;
    enum mk_fetch_state state;
    mk_request hop; /* its method and body are those of the whole */
    mk_response response;
    const char *fault; /* static */
    char detail[300];
};

static enum mk_fetch_state fail(mk_fetch *f, const char *code, const char *detail)
{
    f->state = MK_FETCH_FAULT;
    f->fault = code;
    if (detail != f->detail)
        snprintf(f->detail, sizeof f->detail, "%s", detail);
    mk_response_free(&f->response);
    return f->state;
}

static enum mk_fetch_state out_of_memory(mk_fetch *f)
{
    return fail(f, "policy.budget", "out of memory");
}

static bool own_secret(const mk_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        if (headers->list[i].secret)
            return true;
    return false;
}

static int build_hop(mk_fetch *f, int64_t now)
{
    const mk_hop hop = {.method = f->hop.method, .url = &f->url, .own = &f->own,
                        .content_type = f->hop.body ? f->content_type : NULL,
                        .referer = f->referer.scheme ? &f->referer : NULL, .origin_header = f->origin_header,
                        .user_agent = f->user_agent, .jar = f->jar, .now = now};
    mk_headers_free(&f->hop.headers);
    mk_free(f->hop.url);
    f->hop.url = mk_url_text(&f->url, false);
    if (!f->hop.url)
        return MK_ENOMEM;
    f->hop.secret = f->secret || own_secret(&f->own) || mk_jar_secret(f->jar, &f->url, now);
    return mk_hop_headers(&f->hop.headers, &hop);
}

/* Makes the next hop out of f->url, if it may be sent at all. */
static int prepare(mk_fetch *f, int64_t now)
{
    mk_grant grant;
    if (mk_policy_check(f->policy, &f->url, &grant, f->detail, sizeof f->detail) != MK_OK) {
        fail(f, "policy.host_denied", f->detail);
        return MK_OK;
    }
    int err = build_hop(f, now);
    if (err == MK_ELIMIT)
        fail(f, "policy.budget", "the cookies for this host are too long to send");
    if (err)
        return err == MK_ELIMIT ? MK_OK : err;
    if (f->hop.secret && !grant.secrets) {
        snprintf(f->detail, sizeof f->detail, "%.200s is declared with secrets = false", f->url.host);
        fail(f, "policy.secret_denied", f->detail);
        return MK_OK;
    }
    f->state = MK_FETCH_SEND;
    return MK_OK;
}

static bool valid_input(const mk_fetch_input *input)
{
    if (!input->method || !mk_header_valid(input->method, "", 0) || strlen(input->method) > MAX_METHOD ||
        strcasecmp(input->method, "CONNECT") == 0 || strcasecmp(input->method, "TRACE") == 0)
        return false;
    const char *fixed[] = {input->content_type, input->user_agent};
    for (size_t i = 0; i < 2; i++)
        if (fixed[i] && !mk_header_valid("X", fixed[i], strlen(fixed[i])))
            return false;
    for (size_t i = 0; input->headers && i < input->headers->count; i++) {
        const mk_header *h = &input->headers->list[i];
        if (!mk_header_valid(h->name, h->value, h->value_len) || !mk_hop_settable(h->name))
            return false;
    }
    return input->url != NULL;
}

static char *upper(const char *text)
{
    char *copy = mk_strdup(text);
    for (char *c = copy; c && *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 32);
    return copy;
}

/* NULL stays NULL; false when out of memory. */
static bool copy_text(char **out, const char *text)
{
    *out = text ? mk_strdup(text) : NULL;
    return !text || *out;
}

static int copy_input(mk_fetch *f, const mk_fetch_input *input)
{
    f->secret = input->secret && input->body;
    f->origin_header = input->origin_header;
    f->redirect = input->redirect;
    f->max_hops = input->max_hops > 0 ? input->max_hops : DEFAULT_HOPS;
    f->hop.timeout_ms = input->timeout_ms;
    f->hop.method = upper(input->method);
    if (!f->hop.method || !copy_text(&f->content_type, input->content_type) ||
        !copy_text(&f->user_agent, input->user_agent))
        return MK_ENOMEM;
    if (input->body) {
        f->hop.body = mk_memdup(input->body, input->body_len);
        f->hop.body_len = input->body_len;
        if (!f->hop.body)
            return MK_ENOMEM;
    }
    int err = mk_url_copy(&f->url, input->url);
    if (!err && input->referer)
        err = mk_url_copy(&f->referer, input->referer);
    return !err && input->headers ? mk_headers_copy(&f->own, input->headers) : err;
}

int mk_fetch_new(mk_fetch **out, const mk_fetch_input *input, const mk_policy *policy, mk_jar *jar, int64_t now)
{
    if (!valid_input(input))
        return MK_EINVAL;
    mk_fetch *f = mk_calloc(1, sizeof *f);
    if (!f)
        return MK_ENOMEM;
    mk_response_init(&f->response, 0);
    f->policy = policy;
    f->jar = jar;
    int err = copy_input(f, input);
    if (!err)
        err = prepare(f, now);
    if (err) {
        mk_fetch_free(f);
        return err;
    }
    *out = f;
    return MK_OK;
}

void mk_fetch_free(mk_fetch *f)
{
    if (!f)
        return;
    mk_url_free(&f->url);
    mk_url_free(&f->referer);
    mk_headers_free(&f->own);
    mk_free(f->content_type);
    mk_free(f->user_agent);
    mk_request_free(&f->hop);
    mk_response_free(&f->response);
    mk_free(f);
}

enum mk_fetch_state mk_fetch_state(const mk_fetch *f)
{
    return f->state;
}

const mk_request *mk_fetch_hop(const mk_fetch *f)
{
    return &f->hop;
}

/* Lines that the jar refuses are dropped, as browsers do. */
static int store_cookies(mk_fetch *f, int64_t now)
{
    const mk_header *line = NULL;
    for (size_t i = 0; (line = mk_headers_get(&f->response.headers, "Set-Cookie", i)); i++)
        if (mk_jar_add(f->jar, &f->url, line->value, line->value_len, now) == MK_ENOMEM)
            return MK_ENOMEM;
    return MK_OK;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool becomes_get(const mk_fetch *f, int status)
{
    if (mk_request_repeatable(&f->hop))
        return false;
    return status == 303 || ((status == 301 || status == 302) && strcmp(f->hop.method, "POST") == 0);
}

/* What described the body goes with it. */
static int drop_body(mk_fetch *f)
{
    static const char *const about[] = {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location"};
    char *get = mk_strdup("GET");
    if (!get)
        return MK_ENOMEM;
    mk_free(f->hop.method);
    f->hop.method = get;
    mk_free(f->hop.body);
    f->hop.body = NULL;
    f->hop.body_len = 0;
    f->secret = false;
    for (size_t i = 0; i < sizeof about / sizeof about[0]; i++)
        mk_headers_remove(&f->own, about[i]);
    return MK_OK;
}

/* Credentials stay with the origin they were given to. */
static void drop_secrets(mk_fetch *f)
{
    mk_headers_remove(&f->own, "Authorization");
    for (size_t i = 0; i < f->own.count;) {
        if (!f->own.list[i].secret) {
            i++;
            continue;
        }
        mk_free(f->own.list[i].name);
        mk_free(f->own.list[i].value);
        f->own.count--;
        memmove(&f->own.list[i], &f->own.list[i + 1], (f->own.count - i) * sizeof f->own.list[0]);
    }
}

/* False: no Location, or one that is no URL; the response is then the page. */
static int read_location(mk_fetch *f, mk_url *out, bool *found)
{
    const mk_header *location = mk_headers_get(&f->response.headers, "Location", 0);
    *found = false;
    if (!location)
        return MK_OK;
    int err = mk_url_resolve(out, &f->url, location->value, location->value_len);
    if (err)
        return err == MK_ENOMEM ? err : MK_OK;
    if (!out->fragment && f->url.fragment && !(out->fragment = mk_strdup(f->url.fragment))) {
        mk_url_free(out);
        return MK_ENOMEM;
    }
    *found = true;
    return MK_OK;
}

static const char *denied_code(const mk_fetch *f, const mk_url *to)
{
    bool down = to->scheme && strcmp(f->url.scheme, "https") == 0 && strcmp(to->scheme, "http") == 0;
    return down && mk_policy_declared_host(f->policy, to) ? "policy.downgrade" : "policy.host_denied";
}

/* Why the redirect may not be followed, or NULL. */
static const char *forbidden(mk_fetch *f, const mk_url *to, bool get)
{
    mk_grant grant;
    if (mk_policy_check(f->policy, to, &grant, f->detail, sizeof f->detail) != MK_OK)
        return denied_code(f, to);
    if (!get && !mk_request_repeatable(&f->hop) && !mk_url_same_origin(&f->url, to)) {
        snprintf(f->detail, sizeof f->detail, "%.20s would be repeated at another origin, %.200s:%d", f->hop.method,
                 to->host, to->port);
        return "policy.redirect_denied";
    }
    if (f->hops > f->max_hops) {
        snprintf(f->detail, sizeof f->detail, "more than %d redirects", f->max_hops);
        return "policy.budget";
    }
    return NULL;
}

/* Takes over what `to` holds. */
static int follow(mk_fetch *f, mk_url *to, bool get, int64_t now)
{
    if (!mk_url_same_origin(&f->url, to))
        drop_secrets(f);
    mk_url_free(&f->url);
    f->url = *to;
    *to = (mk_url){0};
    mk_response_free(&f->response);
    int err = get ? drop_body(f) : MK_OK;
    return err ? err : prepare(f, now);
}

static enum mk_fetch_state decide(mk_fetch *f, int64_t now)
{
    mk_url to = {0};
    bool found = false;
    f->state = MK_FETCH_DONE;
    if (!is_redirect(f->response.status) || f->redirect == MK_REDIRECT_NONE)
        return f->state;
    int err = read_location(f, &to, &found);
    if (!err && found) {
        bool get = becomes_get(f, f->response.status);
        const char *code = forbidden(f, &to, get);
        bool elsewhere =
            code && (strcmp(code, "policy.host_denied") == 0 || strcmp(code, "policy.downgrade") == 0);
        if (!code)
            err = follow(f, &to, get, now);
        else if (!elsewhere || f->redirect == MK_REDIRECT_FOLLOW)
            fail(f, code, f->detail);
    }
    mk_url_free(&to);
    return err ? out_of_memory(f) : f->state;
}

enum mk_fetch_state mk_fetch_step(mk_fetch *f, mk_response *response, int64_t now)
{
    if (f->state != MK_FETCH_SEND)
        return f->state;
    mk_response_free(&f->response);
    f->response = *response;
    mk_response_init(response, 0);
    f->hops++;
    if (f->response.fault) {
        char detail[sizeof f->response.detail];
        memcpy(detail, f->response.detail, sizeof detail);
        return fail(f, f->response.fault, detail);
    }
    return store_cookies(f, now) ? out_of_memory(f) : decide(f, now);
}

mk_response *mk_fetch_response(mk_fetch *f)
{
    return &f->response;
}

const mk_url *mk_fetch_url(const mk_fetch *f)
{
    return &f->url;
}

int mk_fetch_hops(const mk_fetch *f)
{
    return f->hops;
}

const char *mk_fetch_fault(const mk_fetch *f, const char **detail)
{
    if (detail)
        *detail = f->detail;
    return f->fault;
}
