/* blocking.c - the rock's host: one loop, run until the answer is there; and its modules
 *
 * Policy: any https host on its public address; an origin that the tool opens (meterkey.open) may be plain http and
 * private. Redirects obey the same. */
#include "plain.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "bind/bind.h"
#include <stdio.h>
#include <string.h>

enum { MAX_BODY = 16 << 20, MAX_REDIRECTS = 10, MAX_COOKIES = 300 };
#define MAX_MEMORY ((size_t)1 << 30)
#define USER_AGENT "Meterkey/scm (Lua)"

static mk_plain *plain_of(mk_host *host)
{
    return (mk_plain *)host;
}

/* Declares the origin of an https URL, so that the policy lets it pass; addresses are still checked. */
static int declare(mk_plain *p, const mk_url *url)
{
    mk_grant grant;
    char entry[300], why[200];
    if (!url->host || strcmp(url->scheme, "https") != 0 || mk_policy_check(p->policy, url, &grant, why, sizeof why) == MK_OK)
        return MK_OK;
    if ((size_t)snprintf(entry, sizeof entry, "%s:%d", url->host, url->port) >= sizeof entry)
        return MK_OK; /* no such host: the policy refuses it */
    int err = mk_policy_declare(p->policy, entry, true, why, sizeof why);
    return err == MK_ENOMEM ? err : MK_OK;
}

static void declare_redirect(mk_plain *p, const mk_response *response)
{
    const mk_header *location = mk_headers_get(&response->headers, "Location", 0);
    mk_url from = {0}, to = {0};
    if (response->status / 100 != 3 || !location)
        return;
    const char *here = mk_fetch_hop(p->fetch)->url;
    if (mk_url_parse(&from, here, strlen(here)) == MK_OK &&
        mk_url_resolve(&to, &from, location->value, location->value_len) == MK_OK)
        declare(p, &to); /* if that fails for want of memory the redirect is refused */
    mk_url_free(&to);
    mk_url_free(&from);
}

static void arrived(void *arg, mk_response *response)
{
    mk_plain *p = arg;
    declare_redirect(p, response);
    mk_fetch_step(p->fetch, response, mk_clock_wall_ms() / 1000);
    mk_response_free(response);
    p->arrived = true;
}

static int open_net(mk_plain *p)
{
    if (p->client)
        return MK_OK;
    if (!p->loop_ready && uv_loop_init(&p->loop) != 0)
        return MK_ENOMEM;
    p->loop_ready = true;
    mk_net_options options = {.cacert = p->cacert, .proxy = p->proxy};
    int err = p->net ? MK_OK : mk_net_new(&p->net, &p->loop, &options);
    if (!err)
        p->client = mk_client_new(p->net, p->policy);
    return err ? err : p->client ? MK_OK : MK_ENOMEM;
}

/* All hops, one after the other. */
static int exchange(mk_plain *p)
{
    while (mk_fetch_state(p->fetch) == MK_FETCH_SEND) {
        p->arrived = false;
        int err = mk_client_send(p->client, mk_fetch_hop(p->fetch), MAX_BODY, arrived, p);
        if (err)
            return err;
        while (!p->arrived)
            uv_run(&p->loop, UV_RUN_ONCE);
    }
    return MK_OK;
}

static bool accepted(const mk_call *call, int status)
{
    for (int i = 0; i < call->accept_count; i++)
        if (call->accept[i] == status)
            return true;
    return call->accept_count == 0;
}

static int deliver(mk_plain *p, mk_call *call)
{
    const char *detail = "";
    if (mk_fetch_state(p->fetch) == MK_FETCH_FAULT) {
        const char *code = mk_fetch_fault(p->fetch, &detail);
        call->fault = mk_fault_new(code, "%s", detail);
        return call->fault ? MK_OK : MK_ENOMEM;
    }
    mk_response *response = mk_fetch_response(p->fetch);
    if (!accepted(call, response->status)) {
        call->fault = mk_fault_new("adapter.unexpected_page", "answered with status %d", response->status);
        return call->fault ? MK_OK : MK_ENOMEM;
    }
    mk_url base = {0};
    char *url = mk_url_text(mk_fetch_url(p->fetch), true);
    int err = url ? mk_url_copy(&base, mk_fetch_url(p->fetch)) : MK_ENOMEM;
    if (!err)
        err = mk_page_new(&call->page, response->status, url, &response->headers, &response->body, &p->account);
    if (err) {
        mk_url_free(&base);
    } else {
        mk_url_free(&p->base);
        p->base = base;
    }
    mk_free(url);
    return err;
}

static int start(mk_plain *p, const mk_call *call)
{
    mk_fetch_input input = {
        .method = call->method, .url = &call->url, .headers = &call->headers, .body = call->body, .body_len = call->body_len,
        .content_type = call->content_type, .secret = call->roles != 0, .redirect = call->redirect,
        .referer = call->referer_set ? (call->has_referer ? &call->referer : NULL) : p->base.host ? &p->base : NULL,
        .origin_header = true, .user_agent = p->user_agent ? p->user_agent : USER_AGENT, .timeout_ms = call->timeout_ms,
        .max_hops = MAX_REDIRECTS};
    int err = open_net(p);
    if (!err)
        err = declare(p, &call->url);
    return err ? err : mk_fetch_new(&p->fetch, &input, p->policy, p->jar, mk_clock_wall_ms() / 1000);
}

static void fetch(mk_host *host, mk_call *call)
{
    mk_plain *p = plain_of(host);
    int err = start(p, call);
    if (!err)
        err = exchange(p);
    if (!err)
        err = deliver(p, call);
    mk_fetch_free(p->fetch);
    p->fetch = NULL;
    if (err)
        call->fault = mk_fault_new(err == MK_ENOMEM ? "policy.budget" : "adapter.bug", "request: %s", mk_err_text(err));
}

static mk_fault *now(mk_host *host, int64_t *ms)
{
    (void)host;
    *ms = mk_clock_wall_ms();
    return NULL;
}

static int64_t jar_now(mk_host *host)
{
    (void)host;
    return mk_clock_wall_ms() / 1000;
}

static void fill_random(mk_host *host, void *out, size_t len)
{
    (void)host;
    mk_random_fill(out, len);
}

static void write_log(mk_host *host, int level, const char *text, size_t len)
{
    (void)host;
    mk_log((enum mk_log_level)level, "lua", "%.*s", (int)len, text);
}

static bool replaying(mk_host *host)
{
    (void)host;
    return false;
}

static const mk_url *base(mk_host *host)
{
    const mk_plain *p = plain_of(host);
    return p->base.host ? &p->base : NULL;
}

static mk_jar *jar(mk_host *host)
{
    return plain_of(host)->jar;
}

int mk_plain_init(mk_plain *plain)
{
    plain->host = (mk_host){.blocking = true, .fetch = fetch, .now = now, .random = fill_random, .log = write_log,
                            .replaying = replaying, .base = base, .jar = jar, .jar_now = jar_now};
    plain->account.limit = MAX_MEMORY;
    plain->policy = mk_policy_new();
    plain->jar = mk_jar_new(MAX_COOKIES);
    return plain->policy && plain->jar ? MK_OK : MK_ENOMEM;
}

void mk_plain_done(mk_plain *plain)
{
    mk_client_free(plain->client);
    if (plain->loop_ready) {
        uv_run(&plain->loop, UV_RUN_DEFAULT); /* handles close by themselves */
        uv_loop_close(&plain->loop);
    }
    mk_net_free(plain->net);
    mk_jar_free(plain->jar);
    mk_policy_free(plain->policy);
    mk_url_free(&plain->base);
    mk_fault_free(plain->raised);
    mk_free(plain->cacert);
    mk_free(plain->proxy);
    mk_free(plain->user_agent);
    *plain = (mk_plain){0};
}

/* meterkey.secret(text) -> opaque: as a credential is in a session */
static int b_secret(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    mk_lua_push_new_secret(L, (mk_bytes){text, len}, MK_ROLE_OTHER);
    return 1;
}

/* meterkey.open(origin): "http://127.0.0.1:8080" may be reached from now on */
static int b_open(lua_State *L)
{
    char why[200] = "";
    mk_plain *p = mk_plain_of(L);
    const char *origin = luaL_checkstring(L, 1);
    int err = mk_policy_allow(p->policy, origin);
    if (!err)
        err = mk_policy_declare(p->policy, origin, true, why, sizeof why);
    return err ? luaL_error(L, "meterkey.open: '%s': %s", origin, why[0] ? why : mk_err_text(err)) : 0;
}

/* meterkey.submit(form[, opts]) -> page | nil, message, code: as s:submit */
static int b_submit(lua_State *L)
{
    lua_settop(L, 2);
    mk_plain *p = mk_plain_of(L);
    mk_call *call = mk_lua_new_call(L);
    call->aside = true;
    luaL_argcheck(L, p->base.host, 1, "a form of a page expected, and no page was had yet");
    int button = lua_istable(L, 2) && lua_getfield(L, 2, "button") != LUA_TNIL ? lua_gettop(L) : 0;
    mk_lua_form_submit(L, 1, button, call);
    mk_lua_read_opts(L, 2, call);
    lua_settop(L, 3);
    return mk_lua_fetch(L, call);
}

/* meterkey.forget(): all cookies and the last page's URL */
static int b_forget(lua_State *L)
{
    mk_plain *p = mk_plain_of(L);
    mk_jar_clear(p->jar, NULL);
    mk_url_free(&p->base);
    return 0;
}

static void set_option(lua_State *L, const char *name, char **out)
{
    if (lua_getfield(L, 1, name) != LUA_TNIL) {
        char *text = mk_strdup(luaL_checkstring(L, -1));
        if (!text)
            luaL_error(L, "not enough memory");
        mk_free(*out);
        *out = text;
    }
    lua_pop(L, 1);
}

/* meterkey.setup{cacert=, proxy=, user_agent=}: before the first request */
static int b_setup(lua_State *L)
{
    mk_plain *p = mk_plain_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (p->client)
        return luaL_error(L, "meterkey.setup comes before the first request");
    set_option(L, "cacert", &p->cacert);
    set_option(L, "proxy", &p->proxy);
    set_option(L, "user_agent", &p->user_agent);
    return 0;
}

/* table.sort, kept before a script can replace it (mk_script_sorted_keys). */
static void keep_sort(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, "table") != LUA_TTABLE || lua_getfield(L, -1, "sort") != LUA_TFUNCTION)
        luaL_error(L, "meterkey: the table library is not open");
    lua_rawsetp(L, LUA_REGISTRYINDEX, mk_script_sorted_keys);
    lua_pop(L, 2);
}

static int open_module(lua_State *L, lua_CFunction open)
{
    mk_plain_of(L);
    keep_sort(L);
    return open(L);
}

#define EXPORT __attribute__((visibility("default")))
#define MODULE(name)                            \
    EXPORT int luaopen_meterkey_##name(lua_State *L); \
    int luaopen_meterkey_##name(lua_State *L) { return open_module(L, mk_open_##name); }
MODULE(http)
MODULE(cookies)
MODULE(regex)
MODULE(html)
MODULE(json)
MODULE(url)
MODULE(crypto)
MODULE(time)
MODULE(log)

static int open_meterkey(lua_State *L)
{
    static const luaL_Reg functions[] = {{"secret", b_secret}, {"open", b_open}, {"submit", b_submit},
                                         {"forget", b_forget}, {"setup", b_setup}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

EXPORT int luaopen_meterkey(lua_State *L);
int luaopen_meterkey(lua_State *L)
{
    return open_module(L, open_meterkey);
}
