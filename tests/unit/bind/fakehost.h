/* fakehost.h - a host without network, for tests of bindings (tests) */
#ifndef MK_TEST_FAKEHOST_H
#define MK_TEST_FAKEHOST_H
/* clang-format off */
#include "../base/oom.h"
/* clang-format on */
#include "base/log.h"
#include "base/random.h"
#include "bind/bind.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

/* The first member is what bindings see. */
typedef struct fake_host {
    mk_host host;
    mk_prng prng;
    int64_t now_ms;
    mk_jar *jar;
    mk_url base;
    mk_account *account;
    char logged[4096];
    char sent[2000]; /* "GET url body" of the last request */
    bool aside;
    const char *fault; /* what a fetch ends with, or NULL: a page */
    bool fault_ends;
    EVP_PKEY *key;
} fake_host;

static fake_host *fake_of(lua_State *L)
{
    return (fake_host *)mk_host_of(L);
}

static mk_fault *fake_now(mk_host *host, int64_t *ms)
{
    *ms = ((fake_host *)host)->now_ms;
    return NULL;
}

static int64_t fake_jar_now(mk_host *host)
{
    return ((fake_host *)host)->now_ms / 1000;
}

static void fake_random(mk_host *host, void *out, size_t len)
{
    mk_prng_fill(&((fake_host *)host)->prng, out, len);
}

static void fake_log(mk_host *host, int level, const char *text, size_t len)
{
    fake_host *fake = (fake_host *)host;
    const size_t at = strlen(fake->logged);
    snprintf(fake->logged + at, sizeof fake->logged - at, "%s %.*s\n", mk_log_level_name((enum mk_log_level)level), (int)len,
             text);
}

static bool fake_replaying(mk_host *host)
{
    (void)host;
    return false;
}

static const mk_url *fake_base(mk_host *host)
{
    return &((fake_host *)host)->base;
}

static mk_jar *fake_jar(mk_host *host)
{
    return ((fake_host *)host)->jar;
}

/* Answers at once with a page that says what was asked. */
static void fake_fetch(mk_host *host, mk_call *call)
{
    static const char body[] = "<html><body><p id=a>Hello</p></body></html>";
    fake_host *fake = (fake_host *)host;
    char *url = mk_url_text(&call->url, true);
    snprintf(fake->sent, sizeof fake->sent, "%s %s %.*s", call->method, url ? url : "?", (int)call->body_len,
             call->body ? call->body : "");
    fake->aside = call->aside;
    mk_headers headers = { 0 };
    mk_buf text;
    mk_buf_init(&text, 4096);
    if (fake->fault) {
        call->fault = mk_fault_new(fake->fault, "it went wrong");
        call->end = fake->fault_ends;
    } else if (mk_headers_add(&headers, "Content-Type", "text/html", 9, false) || mk_buf_adds(&text, body) ||
               mk_page_new(&call->page, 200, url ? url : "", &headers, &text, fake->account)) {
        call->fault = NULL; /* and no page: out of memory */
        call->end = true;
    }
    mk_headers_free(&headers);
    mk_buf_free(&text);
    mk_free(url);
}

static void fake_init(fake_host *fake)
{
    *fake = (fake_host){ .now_ms = 1795505405000 }; /* 2026-11-24T07:30:05Z */
    fake->host = (mk_host){ .now = fake_now, .random = fake_random, .log = fake_log, .replaying = fake_replaying,
                            .base = fake_base, .jar = fake_jar, .jar_now = fake_jar_now, .fetch = fake_fetch };
    memset(fake->prng.seed, 7, sizeof fake->prng.seed);
    fake->jar = mk_jar_new(100);
    assert_non_null(fake->jar);
    assert_int_equal(mk_url_parse(&fake->base, "https://portal.example/start", 28), MK_OK);
}

static void fake_done(fake_host *fake)
{
    mk_jar_free(fake->jar);
    mk_url_free(&fake->base);
}

/* secret(text): an opaque value. reveal(value): what is in it. */
static int t_secret(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    mk_lua_push_new_secret(L, (mk_bytes){ text, len }, MK_ROLE_CREDENTIAL);
    return 1;
}

static int t_reveal(lua_State *L)
{
    mk_secret *secret = mk_lua_test_secret(L, 1, NULL);
    luaL_argcheck(L, secret != NULL, 1, "opaque value expected");
    const mk_bytes bytes = mk_secret_bytes(secret);
    lua_pushlstring(L, bytes.data, bytes.len);
    return 1;
}

/* logged() and sent(): what the host was told last. */
static int t_logged(lua_State *L)
{
    lua_pushstring(L, fake_of(L)->logged);
    return 1;
}

static int t_sent(lua_State *L)
{
    lua_pushstring(L, fake_of(L)->sent);
    lua_pushboolean(L, fake_of(L)->aside);
    return 2;
}

/* fault(code): what requests end with from now on. */
static int t_fault(lua_State *L)
{
    static char code[64];
    snprintf(code, sizeof code, "%s", luaL_optstring(L, 1, ""));
    fake_of(L)->fault = code[0] ? code : NULL;
    fake_of(L)->fault_ends = strncmp(code, "policy.", 7) == 0;
    return 0;
}

static bool fake_module(void *arg, lua_State *L, const char *name)
{
    (void)arg;
    return mk_bind_module(L, name);
}

static int fake_open(lua_State *L)
{
    static const luaL_Reg functions[] = { { "secret", t_secret }, { "reveal", t_reveal }, { "logged", t_logged },
                                          { "sent", t_sent },     { "fault", t_fault },   { NULL, NULL } };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, functions, 0);
    return 0;
}

static mk_script *fake_script(fake_host *fake)
{
    const mk_script_owner owner = { .arg = fake, .module = fake_module };
    mk_script_limits limits = mk_script_defaults;
    limits.burst_us = limits.total_us = 60 * 1000 * 1000; /* sanitizers are slow */
    mk_script *script = NULL;
    if (mk_script_new(&script, &limits, &owner, 7) != MK_OK)
        return NULL;
    fake->account = mk_script_account(script);
    if (mk_script_protect(script, fake_open, NULL) == MK_OK)
        return script;
    mk_script_free(script);
    return NULL;
}

/* Runs text to its end. out: its first result, or "code place: message". */
static enum mk_script_outcome fake_run(mk_script *script, const char *name, const char *text, char *out, size_t cap)
{
    int count = 0;
    out[0] = '\0';
    lua_State *thread = mk_script_thread(script);
    if (!thread || luaL_loadbufferx(thread, text, strlen(text), name, "t") != LUA_OK) {
        snprintf(out, cap, "%s", thread ? lua_tostring(thread, -1) : "out of memory");
        return MK_SCRIPT_FAILED;
    }
    enum mk_script_outcome outcome = mk_script_resume(script, thread, 0, &count);
    while (outcome == MK_SCRIPT_WAITS)
        outcome = mk_script_resume(script, thread, 0, &count);
    if (outcome == MK_SCRIPT_DONE && count > 0 && lua_isstring(thread, -count))
        snprintf(out, cap, "%s", lua_tostring(thread, -count));
    if (outcome == MK_SCRIPT_FAILED || outcome == MK_SCRIPT_ENDED) {
        mk_fault *raised = outcome == MK_SCRIPT_FAILED ? mk_script_to_fault(thread, -1) : mk_script_ended(script);
        snprintf(out, cap, "%s %s: %s", raised ? raised->kind->code : "", raised && raised->script ? raised->script : "?",
                 raised ? raised->message : "out of memory");
        if (outcome == MK_SCRIPT_FAILED)
            mk_fault_free(raised);
    }
    return outcome;
}
#endif
