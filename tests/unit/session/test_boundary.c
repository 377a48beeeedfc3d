/* test_boundary.c - the sending boundary: no password and no code is ever received twice
 *
 * A real portal on loopback closes, resets or leaves at each byte of its answer to the password and to the code;
 * over HTTP/2 it says GOAWAY and REFUSED_STREAM. contract.md section 9. */
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "session/session.h"
#include "support/portal.h"
#include "support/signin.h"
#include "vault/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADAPTER                                                                                                             \
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'}, portal = '%s', hosts = {'%s'},"    \
    " evidence = 'modelled', mfa = { policy = 'relay', patterns = { { kind = 'otp', medium = 'sms', html = 'form#mfa' } } }," \
    " errors = { { code = 'mfa.code_wrong', html = '.badcode' } },"                                                         \
    " sign_in = function(s) local page = s:get('/login') local form = page:form('#signin')"                                 \
    "  form.username, form.password = s.credentials.username, s.credentials.password"                                       \
    "  %s"                                                                                                                  \
    "  while page.mfa do page = s:ask(page.mfa, { verify = function(answer, p)"                                             \
    "    local f = p:form('#mfa') f.code = answer return s:submit(f) end }) end"                                            \
    "  s:expect(page, '#home') end,"                                                                                        \
    " meters = function(s) local out = {} for i, m in ipairs(s:get('/api'):json().meters) do"                               \
    "  out[i] = { account = m.account, meter = m.serial, service = 'electric' } end return out end }"
#define SUBMIT "page = s:submit(form)"
/* A script that would try again by itself. */
#define STUBBORN "for i = 1, 3 do local ok, got = pcall(s.submit, s, form) if ok then page = got break end end"

typedef struct run {
    mk_session *session;
    char *outcome;
    unsigned intents, used;
    bool hold;      /* the intent is not committed by itself */
    bool held;      /* one waits */
} run;

static uv_loop_t loop;
static signin site_portal;

static void on_intent(void *arg, mk_session *session, unsigned intent, const char *id)
{
    run *r = arg;
    r->intents |= intent;
    assert_true(!(intent & MK_INTENT_ANSWER) || id); /* which challenge it answers */
    if (r->hold) {
        r->held = true;
        uv_stop(&loop);
    } else {
        mk_session_intent_done(session);
    }
}

static void on_challenge(void *arg, mk_session *session, const json_t *challenge, bool again)
{
    (void)arg;
    char why[200], id[40];
    assert_false(again);
    snprintf(id, sizeof id, "%s", json_string_value(json_object_get(challenge, "id")));
    json_t *answer = json_string("424242");
    assert_int_equal(mk_session_answer(session, id, answer, why, sizeof why), MK_OK);
    json_decref(answer);
}

static void on_end(void *arg, mk_session *session, const mk_session_end *end)
{
    run *r = arg;
    json_t *out = mk_session_end_json(mk_session_version(session), end);
    r->outcome = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
    r->used = end->used;
    json_decref(out);
    uv_stop(&loop);
}

static const mk_driver driver = {.intent = on_intent, .challenge = on_challenge, .end = on_end};

typedef struct site {
    mk_engine *engine;
    mk_version *version;
    mk_credentials *credentials;
} site;

/* An engine and an adapter for what is there: plain on a port, or TLS as portal.test on a port. */
static void site_open(site *s, int port, bool tls, const char *steps)
{
    char origin[64], url[70], detour[64], text[3000], why[200];
    json_t *problems = NULL;
    mk_module_source source = {NULL, mk_module_text};
    snprintf(origin, sizeof origin, tls ? "portal.test" : "http://127.0.0.1:%d", port);
    snprintf(url, sizeof url, tls ? "https://portal.test/" : "%s/", origin);
    snprintf(detour, sizeof detour, "portal.test:443:127.0.0.1:%d", port);
    snprintf(text, sizeof text, ADAPTER, url, origin, steps);
    const char *const origins[] = {origin, NULL}, *const detours[] = {detour, NULL};
    mk_engine_options options = {.allow_origins = tls ? NULL : origins, .connect_to = tls ? detours : NULL,
                                 .net = {.cacert = tls ? portal_certificate() : NULL}};
    assert_int_equal(mk_engine_new(&s->engine, &loop, &options, why, sizeof why), MK_OK);
    assert_int_equal(mk_version_build(&s->version, "example.lua", text, strlen(text), &source, &problems), MK_OK);
    json_t *who = json_pack("{s:s,s:s}", "username", "pat.example", "password", "hunter2xyz");
    assert_int_equal(mk_credentials_read(&s->credentials, who, mk_version_manifest(s->version), why, sizeof why), MK_OK);
    json_decref(who);
}

static void site_close(site *s)
{
    mk_credentials_free(s->credentials);
    mk_version_unref(s->version);
    mk_engine_free(s->engine);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void begin(run *r, site *s)
{
    mk_session_input input = {.version = s->version, .credentials = s->credentials, .human = true};
    assert_int_equal(mk_session_start(&r->session, s->engine, &input, &driver, r), MK_OK);
}

static void finish(run *r)
{
    while (!r->outcome && uv_run(&loop, UV_RUN_DEFAULT)) {
    }
    assert_non_null(r->outcome);
    mk_session_free(r->session);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void sign_in(run *r, site *s)
{
    *r = (run){0};
    begin(r, s);
    finish(r);
}

static bool has(const run *r, const char *part)
{
    return strstr(r->outcome, part) != NULL;
}

/* An honest end: what may be used up is said, and it is said that it is not certain. */
static void check_interrupted(const run *r, enum signin_step step, const char *when)
{
    const char *said = step == SIGNIN_CODE ? "the code may have been used" : "the password may have been tried once";
    bool code = has(r, "\"code\":\"net.reset\"") || has(r, "\"code\":\"engine.interrupted\"");
    if (!code || !has(r, said))
        fail_msg("%s: %s", when, r->outcome);
    assert_true(r->used & (step == SIGNIN_CODE ? MK_INTENT_ANSWER : MK_INTENT_CREDENTIALS));
    assert_int_equal(r->intents, step == SIGNIN_CODE ? MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER : MK_INTENT_CREDENTIALS);
    if (strstr(r->outcome, "hunter2") || strstr(r->outcome, "424242"))
        fail_msg("%s: a secret is in %s", when, r->outcome);
}

static void each_byte(const char *steps, enum signin_step step, enum signin_how how)
{
    site s = {0};
    run r;
    char when[80];
    size_t all = signin_answer_len(step);
    site_open(&s, site_portal.port, false, steps);
    for (size_t n = 0; n <= all; n++) {
        snprintf(when, sizeof when, "%s after %zu bytes", how == SIGNIN_RESETS ? "reset" : "closed", n);
        signin_plan(&site_portal, step, how, n);
        sign_in(&r, &s);
        if (n < all)
            check_interrupted(&r, step, when);
        else if (!has(&r, "\"meters\"")) /* answered whole; the reset met what came next */
            check_interrupted(&r, r.used & MK_INTENT_ANSWER ? SIGNIN_CODE : SIGNIN_PASSWORD, when);
        if (site_portal.state->passwords != 1 || site_portal.state->codes > 1 || (step == SIGNIN_CODE && site_portal.state->codes != 1))
            fail_msg("%s: %d passwords and %d codes arrived", when, site_portal.state->passwords, site_portal.state->codes);
        mk_free(r.outcome);
    }
    site_close(&s);
}

static void closes_at_each_byte_of_the_password(void **state) { (void)state; each_byte(SUBMIT, SIGNIN_PASSWORD, SIGNIN_CLOSES); }
static void resets_at_each_byte_of_the_password(void **state) { (void)state; each_byte(SUBMIT, SIGNIN_PASSWORD, SIGNIN_RESETS); }
static void closes_at_each_byte_of_the_code(void **state) { (void)state; each_byte(SUBMIT, SIGNIN_CODE, SIGNIN_CLOSES); }
static void resets_at_each_byte_of_the_code(void **state) { (void)state; each_byte(SUBMIT, SIGNIN_CODE, SIGNIN_RESETS); }
static void a_stubborn_script_cannot_try_again(void **state) { (void)state; each_byte(STUBBORN, SIGNIN_PASSWORD, SIGNIN_CLOSES); }

static void signs_in_when_nothing_breaks(void **state)
{
    (void)state;
    site s = {0};
    run r;
    signin_plan(&site_portal, SIGNIN_NEVER, SIGNIN_CLOSES, 0);
    site_open(&s, site_portal.port, false, SUBMIT);
    sign_in(&r, &s);
    assert_true(has(&r, "\"meters\""));
    assert_int_equal(site_portal.state->passwords, 1);
    assert_int_equal(site_portal.state->codes, 1);
    assert_int_equal(site_portal.state->connections, 1); /* kept: so the breaks above were on a connection used before */
    mk_free(r.outcome);
    site_close(&s);
}

/* The portal closes its idle connection while the password is on its way to it: at most once, whoever is faster. */
static void an_idle_connection_that_is_gone(void **state)
{
    (void)state;
    static const enum signin_step steps[] = {SIGNIN_PASSWORD, SIGNIN_CODE};
    site s = {0};
    run r;
    site_open(&s, site_portal.port, false, SUBMIT);
    for (int i = 0; i < 40; i++) {
        signin_plan(&site_portal, steps[i % 2], SIGNIN_LEAVES, 0);
        sign_in(&r, &s);
        if (!has(&r, "\"meters\""))
            check_interrupted(&r, steps[i % 2], "left");
        assert_true(site_portal.state->passwords <= 1 && site_portal.state->codes <= 1);
        mk_free(r.outcome);
    }
    site_close(&s);
}

/* Nothing leaves before its intent is committed: a whole other session finds time to finish meanwhile. */
static void nothing_leaves_before_the_intent_is_committed(void **state)
{
    (void)state;
    site s = {0};
    run held = {.hold = true}, other;
    signin_plan(&site_portal, SIGNIN_NEVER, SIGNIN_CLOSES, 0);
    site_open(&s, site_portal.port, false, SUBMIT);
    begin(&held, &s);
    while (!held.held)
        uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(held.intents, MK_INTENT_CREDENTIALS);
    assert_int_equal(site_portal.state->passwords, 0);
    sign_in(&other, &s);
    assert_true(has(&other, "\"meters\""));
    assert_int_equal(site_portal.state->passwords, 1); /* the other's */
    held.held = false;
    mk_session_intent_done(held.session);
    mk_session_intent_done(held.session); /* twice is once */
    while (!held.held)
        uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(held.intents, MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER);
    assert_int_equal(site_portal.state->passwords, 2);
    assert_int_equal(site_portal.state->codes, 1); /* the other's */
    held.hold = false;
    mk_session_intent_done(held.session);
    finish(&held);
    assert_true(has(&held, "\"meters\""));
    assert_int_equal(site_portal.state->codes, 2);
    mk_free(held.outcome);
    mk_free(other.outcome);
    site_close(&s);
}

static void cancelled_before_its_intent_is_committed_it_never_leaves(void **state)
{
    (void)state;
    site s = {0};
    run held = {.hold = true};
    signin_plan(&site_portal, SIGNIN_NEVER, SIGNIN_CLOSES, 0);
    site_open(&s, site_portal.port, false, SUBMIT);
    begin(&held, &s);
    while (!held.held)
        uv_run(&loop, UV_RUN_DEFAULT);
    mk_session_cancel(held.session);
    mk_session_intent_done(held.session); /* too late */
    finish(&held);
    assert_true(has(&held, "engine.cancelled"));
    assert_int_equal(held.used, 0);
    assert_int_equal(site_portal.state->passwords, 0);
    mk_free(held.outcome);
    site_close(&s);
}

typedef struct h2 {
    pid_t pid;
    FILE *out;
    int port;
} h2;

static void h2_start(h2 *p, const char *step, const char *how)
{
    int ends[2];
    char line[40];
    assert_int_equal(pipe(ends), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/usr/bin/python3", "python3", "tests/faults/h2portal.py", portal_certificate(), portal_key(), step, how, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    p->out = fdopen(ends[0], "r");
    if (!fgets(line, sizeof line, p->out))
        fail_msg("tests/faults/h2portal.py did not start (python3-h2 is needed)");
    p->port = (int)strtol(line, NULL, 10);
}

/* How often each arrived, told by the portal to its end. */
static void h2_stop(h2 *p, int *passwords, int *codes)
{
    char line[400];
    *passwords = *codes = 0;
    kill(p->pid, SIGKILL);
    while (fgets(line, sizeof line, p->out)) {
        assert_int_equal(strncmp(line, "h2 ", 3), 0);
        *passwords += strncmp(line, "h2 POST /login ", 15) == 0 && strstr(line, "password=hunter2xyz");
        *codes += strncmp(line, "h2 POST /mfa ", 13) == 0 && strstr(line, "code=424242");
    }
    fclose(p->out);
    waitpid(p->pid, NULL, 0);
}

static void http2(enum signin_step step, const char *how)
{
    h2 p;
    site s = {0};
    run r;
    int passwords, codes;
    char when[60];
    h2_start(&p, step == SIGNIN_CODE ? "code" : "password", how);
    site_open(&s, p.port, true, SUBMIT);
    sign_in(&r, &s);
    h2_stop(&p, &passwords, &codes);
    snprintf(when, sizeof when, "HTTP/2 %s", how);
    check_interrupted(&r, step, when);
    if (passwords != 1 || codes != (step == SIGNIN_CODE))
        fail_msg("%s: %d passwords and %d codes arrived", when, passwords, codes);
    mk_free(r.outcome);
    site_close(&s);
}

static void http2_breaks_off(void **state)
{
    (void)state;
    static const char *const ways[] = {"goaway", "handled", "refused", "internal", "close", "half"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        http2(SIGNIN_PASSWORD, ways[i]);
        http2(SIGNIN_CODE, ways[i]);
    }
}

/* GOAWAY on an idle connection: the password goes out on a new one, once. */
static void http2_goes_away_while_idle(void **state)
{
    (void)state;
    h2 p;
    site s = {0};
    run r;
    int passwords, codes;
    h2_start(&p, "get", "idle");
    site_open(&s, p.port, true, SUBMIT);
    sign_in(&r, &s);
    h2_stop(&p, &passwords, &codes);
    if (!has(&r, "\"meters\""))
        check_interrupted(&r, SIGNIN_PASSWORD, "idle");
    assert_true(passwords <= 1 && codes <= 1);
    mk_free(r.outcome);
    site_close(&s);
}

static void what_was_committed_tells_after_a_crash(void **state)
{
    (void)state;
    mk_fault *fault = NULL;
    assert_true(mk_session_recover(0, &fault));
    assert_null(fault);
    assert_true(mk_session_recover(MK_INTENT_OTHER, &fault));
    assert_null(fault);
    assert_false(mk_session_recover(MK_INTENT_CREDENTIALS, &fault));
    assert_string_equal(fault->kind->code, "engine.interrupted");
    assert_string_equal(fault->message, "your password may have been tried once");
    mk_fault_free(fault);
    assert_false(mk_session_recover(MK_INTENT_ANSWER, &fault));
    assert_string_equal(fault->message, "your code may have been used");
    mk_fault_free(fault);
    assert_false(mk_session_recover(MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER, &fault));
    assert_string_equal(fault->message, "your password may have been tried once; your code may have been used");
    mk_fault_free(fault);
}

static int setup(void **state)
{
    (void)state;
    signin_start(&site_portal);
    portal_certificate(); /* made here, for children too */
    return uv_loop_init(&loop);
}

static int teardown(void **state)
{
    (void)state;
    signin_stop(&site_portal);
    portal_forget_certificate();
    return uv_loop_close(&loop);
}

int main(void)
{
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_in_when_nothing_breaks),
        cmocka_unit_test(closes_at_each_byte_of_the_password),
        cmocka_unit_test(resets_at_each_byte_of_the_password),
        cmocka_unit_test(closes_at_each_byte_of_the_code),
        cmocka_unit_test(resets_at_each_byte_of_the_code),
        cmocka_unit_test(a_stubborn_script_cannot_try_again),
        cmocka_unit_test(an_idle_connection_that_is_gone),
        cmocka_unit_test(nothing_leaves_before_the_intent_is_committed),
        cmocka_unit_test(cancelled_before_its_intent_is_committed_it_never_leaves),
        cmocka_unit_test(http2_breaks_off),
        cmocka_unit_test(http2_goes_away_while_idle),
        cmocka_unit_test(what_was_committed_tells_after_a_crash),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
