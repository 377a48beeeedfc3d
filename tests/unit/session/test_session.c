/* test_session.c - whole sessions against a table of answers: signing in, asking, parking, replay */
#include "../support/portalless.h"
#include "base/err.h"
#include "bind/bind.h"
#include "net/client.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define HEAD                                                                                                     \
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'},"                        \
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, evidence = 'modelled',"               \
    " mfa = { policy = 'relay', patterns = {"                                                                    \
    "  { kind = 'otp', medium = 'sms', html = 'form#mfa input[name=code]', prompt = 'label', digits = 6 } } },"  \
    " errors = { { code = 'auth.credentials', html = '.wrong' }, { code = 'mfa.code_wrong', html = '.badcode' } },"
#define SIGN_IN                                                                                                  \
    " sign_in = function(s) local page = s:get('/login') local form = page:form('#signin')"                      \
    "  form.username, form.password = s.credentials.username, s.credentials.password"                            \
    "  page = s:submit(form)"                                                                                    \
    "  while page.mfa do page = s:ask(page.mfa, { verify = function(answer, p)"                                  \
    "    local f = p:form('#mfa') f.code = answer return s:submit(f) end,"                                       \
    "    resend = function(p) return s:submit(p:form('#resend'), { sends_code = true }) end }) end"              \
    "  s:expect(page, '#home') end,"
#define METERS                                                                                                   \
    " meters = function(s) local out = {} for i, m in ipairs(s:get('/api'):json().meters) do"                    \
    "  out[i] = { account = m.account, meter = m.serial, service = 'electric' } end return out end }"
#define LOGIN "<form id=signin method=post action=/login><input type=hidden name=csrf value=t1><input name=username><input type=password name=password></form>"
#define CODE "<form id=mfa method=post action=/mfa><label for=code>Enter it</label><input name=code></form><form id=resend method=post action=/resend><input type=hidden name=again value=1></form>"
#define WHO "{\"username\":\"pat\",\"password\":\"hunter2xyz\"}"

static reply portal[] = {
    {"GET", "/login", 200, "text/html", LOGIN, "Set-Cookie: sid=abc; HttpOnly", NULL, false},
    {"POST", "/login", 200, "text/html", CODE, NULL, "username=pat", false},
    {"POST", "/mfa", 200, "text/html", "<p id=home>in</p>", NULL, "code=424242", false},
    {"POST", "/mfa", 200, "text/html", "<p class=badcode>No.</p>" CODE, NULL, NULL, false},
    {"POST", "/resend", 200, "text/html", CODE, NULL, NULL, false},
    {"GET", "/api", 200, "application/json", "{\"meters\":[{\"account\":12345678901,\"serial\":\"S1\"}]}", NULL, NULL, false},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL, false},
};

static const char *const right[] = {"\"424242\"", NULL};
static const char *const wrong_then_right[] = {"\"111111\"", "\"424242\"", NULL};
static const char *const always_wrong[] = {"\"111111\"", "\"222222\"", "\"333333\"", NULL};
static const char *const too_soon[] = {"{\"resend\":true}", "{\"resend\":true}", NULL};

static void assert_has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text ? text : "(nothing)");
}

static void signs_in_with_a_code(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = right};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "\"account\":\"12345678901\"");
    assert_has(w.outcome, "\"requests\":4");
    assert_has(w.seen, "POST https://www.example.test/login csrf=t1&username=pat&password=hunter2xyz");
    assert_has(w.seen, "POST https://www.example.test/mfa code=424242");
    assert_has(w.challenges, "\"prompt\":\"Enter it\"");
    assert_int_equal(w.intents, MK_INTENT_CREDENTIALS | MK_INTENT_ANSWER);
    world_close(&w);
}

static void asks_again_after_a_wrong_code(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = wrong_then_right};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "\"meters\"");
    assert_has(w.challenges, "again ");
    assert_has(w.challenges, "\"tries_left\":2");
    world_close(&w);
}

static void gives_up_after_three(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = always_wrong};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "mfa.tries_exhausted");
    world_close(&w);
}

static void refuses_a_resend_too_soon(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = too_soon};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.refused, "again in 30 seconds");
    const char *first = strstr(w.seen, "/resend");
    assert_non_null(first);
    assert_null(strstr(first + 1, "/resend"));
    world_close(&w);
}

static void ends_before_a_code_where_mfa_must_be_off(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = right};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, "turn_off", true);
    assert_has(w.outcome, "mfa.must_be_off");
    assert_null(strstr(w.seen, "/mfa"));
    world_close(&w);
}

static void asks_nobody_where_nobody_is(void **state)
{
    (void)state;
    world w = {.replies = portal};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, false);
    assert_has(w.outcome, "mfa.needs_human");
    world_close(&w);
}

static void parks_and_goes_on_without_a_second_request(void **state)
{
    (void)state;
    world w = {.replies = portal, .park = true};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_null(w.outcome);
    assert_true(w.parked.len > 0);
    world_forget(&w);
    w.answers = right;
    world_resume(&w);
    assert_has(w.outcome, "\"meters\"");
    assert_null(strstr(w.seen, "/login"));
    assert_has(w.seen, "code=424242");
    world_close(&w);
}

static void comes_back_after_its_state_was_dropped(void **state)
{
    (void)state;
    world w = {.replies = portal, .answers = wrong_then_right, .drops = 1};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "\"meters\"");
    const char *first = strstr(w.seen, "/login csrf");
    assert_non_null(first);
    assert_null(strstr(first + 1, "/login csrf"));
    world_close(&w);
}

static void a_wrong_password_is_the_portals_word(void **state)
{
    (void)state;
    reply replies[] = {portal[0], {"POST", "/login", 200, "text/html", "<p class=wrong>hunter2xyz is wrong</p>", NULL, NULL, false}, portal[6]};
    world w = {.replies = replies};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "auth.credentials");
    assert_has(w.outcome, "***");
    assert_null(strstr(w.outcome, "hunter2xyz"));
    world_close(&w);
}

static void an_unknown_page_is_the_adapters_fault(void **state)
{
    (void)state;
    reply replies[] = {portal[0], {"POST", "/login", 200, "text/html", "<h1>Welcome to something new</h1>", NULL, NULL, false}, portal[6]};
    world w = {.replies = replies};
    world_open(&w, HEAD SIGN_IN METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "adapter.unexpected_page");
    assert_has(w.outcome, "something new");
    assert_has(w.outcome, "\"tried\"");
    assert_has(w.outcome, "example.lua:1");
    world_close(&w);
}

static void a_secret_cannot_be_read(void **state)
{
    (void)state;
    world w = {.replies = portal};
    world_open(&w, HEAD " sign_in = function(s) print(s.credentials.password, tostring(s.credentials.password),"
                        " string.format('%s', s.credentials.password), { [s.credentials.password] = 1 })"
                        " error('x' .. tostring(s.credentials.password .. 'y')) end," METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "adapter.bug");
    assert_has(w.log, "***");
    assert_null(strstr(w.log, "hunter2"));
    assert_null(strstr(w.outcome, "hunter2"));
    world_close(&w);
}

static void hosts_that_are_not_declared_are_out_of_reach(void **state)
{
    (void)state;
    world w = {.replies = portal};
    world_open(&w, HEAD " sign_in = function(s) pcall(s.get, s, 'https://elsewhere.test/') s:get('/login') end," METERS);
    world_run(&w, WHO, NULL, true);
    assert_has(w.outcome, "policy.host_denied");
    assert_string_equal(w.seen, "");
    world_close(&w);
}

int main(void)
{
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_in_with_a_code),
        cmocka_unit_test(asks_again_after_a_wrong_code),
        cmocka_unit_test(gives_up_after_three),
        cmocka_unit_test(refuses_a_resend_too_soon),
        cmocka_unit_test(ends_before_a_code_where_mfa_must_be_off),
        cmocka_unit_test(asks_nobody_where_nobody_is),
        cmocka_unit_test(parks_and_goes_on_without_a_second_request),
        cmocka_unit_test(comes_back_after_its_state_was_dropped),
        cmocka_unit_test(a_wrong_password_is_the_portals_word),
        cmocka_unit_test(an_unknown_page_is_the_adapters_fault),
        cmocka_unit_test(a_secret_cannot_be_read),
        cmocka_unit_test(hosts_that_are_not_declared_are_out_of_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
