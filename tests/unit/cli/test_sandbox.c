/* test_sandbox.c - DEMO's portal, driven as a browser would (tests) */
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/sandbox.h"
#include "cli/sandbox_int.h"
#include "support/browser.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* --- names ------------------------------------------------------------- */

static void test_names(void **state)
{
    (void)state;
    static const char *const same[] = { "mfa_code", "MFA_Code", "UAPI_TEST_mfa_code", "uapi_test_MFA_CODE",
                                        "mfa_code-anna", "UAPI_TEST_mfa_code-7" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(mk_sb_scenario_of(same[i])->name, "mfa_code");
    assert_string_equal(mk_sb_scenario_of("pat")->name, "residential");
    assert_string_equal(mk_sb_scenario_of("mfa_cod")->name, "residential");
    assert_string_equal(mk_sb_scenario_of("")->name, "residential");
    const sb_scenario *row;
    for (size_t i = 0; (row = mk_sb_scenario_at(i)); i++)
        assert_ptr_equal(mk_sb_scenario_of(row->name), row);
}

static void test_lists(void **state)
{
    (void)state;
    mk_buf text, markdown;
    const sb_scenario *row;
    mk_buf_init(&text, 1 << 20);
    mk_buf_init(&markdown, 1 << 20);
    assert_int_equal(mk_sandbox_list_text(&text), MK_OK);
    assert_int_equal(mk_sandbox_list_markdown(&markdown), MK_OK);
    for (size_t i = 0; (row = mk_sb_scenario_at(i)); i++) {
        assert_non_null(strstr(text.data, row->what));
        assert_non_null(strstr(markdown.data, row->what));
    }
    mk_buf_free(&text);
    mk_buf_free(&markdown);
    mk_buf_init(&text, 100);
    assert_int_equal(mk_sandbox_list_text(&text), MK_ELIMIT);
    mk_buf_free(&text);
}

/* --- what the password leads to ---------------------------------------- */

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        int status;
        const char *shows;
    } rows[] = {
        { "residential", 200, "id=\"account-home\"" }, { "UAPI_TEST_residential", 200, "id=\"account-home\"" },
        { "anybody", 200, "id=\"account-home\"" },     { "empty", 200, "id=\"no-service\"" },
        { "badlogin", 200, "id=\"login-error\"" },     { "websitedown", 503, "id=\"maintenance\"" },
        { "utilityerror", 500, "id=\"site-error\"" },  { "locked", 200, "id=\"account-locked\"" },
        { "password_expired", 200, "id=\"password-expired\"" }, { "must_enroll", 200, "id=\"must-enroll\"" },
        { "mfa_off", 200, "id=\"security-key\"" },     { "terms_required", 200, "id=\"sign-terms\"" },
        { "changed", 200, "energy hub" },              { "botwall", 403, "id=\"captcha\"" },
        { "ratelimited", 429, "id=\"too-many\"" },     { "mfa_limit", 200, "id=\"send-limit\"" },
        { "mfa_code", 200, "id=\"choose\"" },          { "mfa_sms", 200, "data-medium=\"sms\"" },
        { "mfa_email", 200, "data-medium=\"email\"" }, { "mfa_voice", 200, "data-medium=\"voice\"" },
        { "mfa_totp", 200, "id=\"totp-form\"" },       { "mfa_question", 200, "name=\"pet\"" },
        { "mfa_questions", 200, "name=\"street\"" },   { "mfa_approve", 200, "id=\"approve-form\"" },
    };
    struct browser b;
    browser_start(&b, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        browser_sign_in(&b, rows[i].user);
        assert_int_equal(b.page.status, rows[i].status);
        if (!browser_shows(&b, rows[i].shows))
            fail_msg("%s does not show %s", rows[i].user, rows[i].shows);
    }
    browser_finish(&b);
}

static void test_passwords(void **state)
{
    (void)state;
    static const char *const bad[] = { "username=residential&password=wrong", "username=residential&password=",
                                       "username=&password=x", "username=residential", "password=x" };
    struct browser b;
    browser_start(&b, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        browser_load(&b, "GET", "/login", NULL);
        browser_submit(&b, "/login", bad[i]);
        assert_true(browser_shows(&b, "class=\"alert\""));
        browser_once(&b, "GET", "/home", NULL);
        assert_int_equal(b.page.status, 303);
        browser_load(&b, "GET", "/login", NULL);
    }
    browser_finish(&b);
}

static void test_strict_forms(void **state)
{
    (void)state;
    struct browser b;
    char csrf[64], form[256], before[64];
    browser_start(&b, NULL);
    browser_load(&b, "GET", "/login", NULL);
    browser_hidden(&b, "csrf", csrf, sizeof csrf);
    snprintf(before, sizeof before, "%s", b.session);
    static const char *const bad[] = { "step=0&username=a&password=b", "csrf=%s&username=a&password=b",
                                       "csrf=%s&step=7&username=a&password=b", "csrf=x%s&step=0&username=a&password=b" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mk_buf text;
        mk_buf_init(&text, 256);
        const char *hole = strstr(bad[i], "%s");
        assert_int_equal(hole ? mk_buf_addf(&text, "%.*s%s%s", (int)(hole - bad[i]), bad[i], csrf, hole + 2)
                              : mk_buf_adds(&text, bad[i]), MK_OK);
        browser_load(&b, "POST", "/login", text.data);
        mk_buf_free(&text);
        assert_int_equal(b.page.status, 400);
        assert_true(browser_shows(&b, "id=\"bad-form\""));
    }
    snprintf(form, sizeof form, "csrf=%s&step=0&username=a&password=b", csrf);
    browser_load(&b, "POST", "/login", form);
    assert_true(browser_shows(&b, "id=\"account-home\""));
    assert_string_not_equal(before, b.session); /* a new id once signed in */
    browser_load(&b, "POST", "/login", form);           /* the same form again */
    assert_int_equal(b.page.status, 400);
    browser_finish(&b);
}

static void test_foreign_pages(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    browser_once(&b, "GET", "/api/accounts", NULL);
    assert_int_equal(b.page.status, 401);
    browser_load(&b, "GET", "/verify", NULL);
    assert_true(browser_shows(&b, "id=\"signin\""));
    browser_load(&b, "GET", "/nowhere", NULL);
    assert_int_equal(b.page.status, 404);
    browser_load(&b, "DELETE", "/login", NULL);
    assert_int_equal(b.page.status, 405);
    browser_sign_in(&b, "residential");
    browser_load(&b, "GET", "/accounts/a2", NULL); /* somebody else's */
    assert_int_equal(b.page.status, 404);
    snprintf(b.session, sizeof b.session, "0123456789abcdef0123456789abcdef");
    browser_load(&b, "GET", "/home", NULL);
    assert_true(browser_shows(&b, "id=\"session-ended\""));
    browser_load(&b, "GET", "/phone?user=%3Cscript%3E", NULL);
    assert_false(browser_shows(&b, "<script>"));
    assert_true(browser_shows(&b, "&lt;script&gt;"));
    browser_finish(&b);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

static void test_meters(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    browser_sign_in(&b, "residential");
    browser_load(&b, "GET", "/api/accounts", NULL);
    assert_int_equal(count(b.page.body, "\"number\""), 1);
    browser_load(&b, "GET", "/accounts/a1", NULL);
    assert_int_equal(count(b.page.body, "tr class=\"meter\""), 1);
    browser_sign_in(&b, "commercial");
    browser_load(&b, "GET", "/api/accounts", NULL);
    assert_int_equal(count(b.page.body, "\"number\""), 2);
    int meters = 0, gas = 0, closed = 0;
    static const char *const paths[] = { "/accounts/a2", "/accounts/a3" };
    for (size_t i = 0; i < 2; i++) {
        browser_load(&b, "GET", paths[i], NULL);
        meters += count(b.page.body, "tr class=\"meter\"");
        gas += count(b.page.body, ">Gas<");
        closed += count(b.page.body, ">Closed<");
    }
    assert_int_equal(meters, 4);
    assert_int_equal(gas, 1);
    assert_int_equal(closed, 1);
    browser_load(&b, "GET", "/home", NULL);
    browser_submit(&b, "/logout", "");
    assert_true(browser_shows(&b, "id=\"signed-out\""));
    browser_once(&b, "GET", "/api/accounts", NULL);
    assert_int_equal(b.page.status, 401);
    browser_finish(&b);
}

/* --- factors ----------------------------------------------------------- */

static void test_code(void **state)
{
    (void)state;
    struct browser b;
    char first[7], fields[32];
    browser_start(&b, NULL);
    browser_sign_in(&b, "mfa_code");
    browser_submit(&b, "/verify", "method=pigeon");
    assert_true(browser_shows(&b, "id=\"choice-error\""));
    browser_submit(&b, "/verify", "method=email");
    assert_true(browser_shows(&b, "data-medium=\"email\""));
    browser_phone_code(&b, "mfa_code", first);
    browser_submit(&b, "/verify/other", "");
    assert_true(browser_shows(&b, "id=\"choose\""));
    browser_submit(&b, "/verify", "method=sms");
    assert_true(browser_shows(&b, "data-medium=\"sms\""));
    snprintf(fields, sizeof fields, "code=%s", first);
    browser_submit(&b, "/verify", fields); /* a newer one was sent */
    assert_true(browser_shows(&b, "id=\"code-wrong\""));
    browser_submit(&b, "/verify/resend", "");
    assert_true(browser_shows(&b, "id=\"sent-again\""));
    browser_once(&b, "GET", "/home", NULL);
    assert_int_equal(b.page.status, 303); /* not in yet */
    browser_load(&b, "GET", "/login", NULL);
    browser_finish(&b);
}

static void test_remembered(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    browser_sign_in(&b, "mfa_sms");
    browser_type_code(&b, "mfa_sms", "");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_sms"); /* known, but not to be remembered */
    assert_true(browser_shows(&b, "id=\"code-form\""));
    browser_type_code(&b, "mfa_sms", "&remember=yes");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_sms");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_email"); /* another customer on the same device */
    assert_true(browser_shows(&b, "id=\"code-form\""));
    browser_finish(&b);
}

static void test_after(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    static const char *const names[] = { "badlogin_after", "websitedown_after", "utilityerror_after" };
    static const char *const second[] = { "login-error", "maintenance", "site-error" };
    for (size_t i = 0; i < 3; i++) {
        b.device[0] = 0;
        browser_sign_in(&b, names[i]);
        assert_true(browser_shows(&b, "id=\"account-home\""));
        browser_sign_in(&b, names[i]);
        assert_true(browser_shows(&b, second[i]));
    }
    browser_finish(&b);
}

static void test_wrong_codes(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    static const char *const names[] = { "mfa_sms", "mfa_locked" };
    static const char *const ends[] = { "id=\"tries-exhausted\"", "id=\"account-locked\"" };
    for (size_t i = 0; i < 2; i++) {
        browser_sign_in(&b, names[i]);
        for (int n = 0; n < 2; n++) {
            browser_submit(&b, "/verify", "code=abc");
            assert_true(browser_shows(&b, "id=\"code-wrong\""));
        }
        browser_submit(&b, "/verify", "code=");
        assert_true(browser_shows(&b, ends[i]));
    }
    browser_sign_in(&b, "mfa_locked"); /* the right one neither */
    browser_type_code(&b, "mfa_locked", "");
    assert_true(browser_shows(&b, "id=\"code-wrong\""));
    browser_finish(&b);
}

static void test_twists(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    browser_sign_in(&b, "mfa_wrong");
    browser_type_code(&b, "mfa_wrong", "");
    assert_true(browser_shows(&b, "id=\"code-wrong\""));
    browser_type_code(&b, "mfa_wrong", "");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_expired-x");
    browser_type_code(&b, "mfa_expired-x", "");
    assert_true(browser_shows(&b, "id=\"code-expired\""));
    browser_submit(&b, "/verify/resend", "");
    browser_type_code(&b, "mfa_expired-x", "");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_late");
    browser_type_code(&b, "mfa_late", "");
    assert_true(browser_shows(&b, "id=\"session-ended\""));
    browser_sign_in(&b, "mfa_sms-resend");
    for (int i = 0; i < SB_RESENDS; i++) {
        browser_submit(&b, "/verify/resend", "");
        assert_true(browser_shows(&b, "id=\"sent-again\""));
    }
    browser_submit(&b, "/verify/resend", "");
    assert_true(browser_shows(&b, "id=\"send-limit\""));
    browser_finish(&b);
}

static void test_questions(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    browser_sign_in(&b, "mfa_question");
    browser_submit(&b, "/verify", "pet=Rover");
    assert_true(browser_shows(&b, "id=\"answer-wrong\""));
    browser_submit(&b, "/verify", "pet=Biscuits");
    assert_true(browser_shows(&b, "id=\"answer-wrong\""));
    browser_submit(&b, "/verify", "pet=+biscuit+");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_questions");
    browser_submit(&b, "/verify", "pet=Biscuit");
    assert_true(browser_shows(&b, "id=\"answer-wrong\""));
    browser_submit(&b, "/verify", "pet=Biscuit&street=lantern");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "terms");
    browser_submit(&b, "/terms", "");
    assert_true(browser_shows(&b, "id=\"terms-error\""));
    browser_submit(&b, "/terms", "accept=yes");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_finish(&b);
}

static void test_totp(void **state)
{
    (void)state;
    struct browser b;
    char code[7], fields[32];
    /* RFC 6238's method on our key; checked with another implementation. */
    assert_int_equal(mk_sb_totp_code(1, code), MK_OK);
    assert_string_equal(code, "462408");
    browser_start(&b, NULL);
    browser_sign_in(&b, "mfa_totp");
    browser_submit(&b, "/verify", "totp=12345");
    assert_true(browser_shows(&b, "id=\"code-wrong\""));
    assert_int_equal(mk_sb_totp_code(mk_clock_wall_ms() / 30000, code), MK_OK);
    snprintf(fields, sizeof fields, "totp=%s", code);
    browser_submit(&b, "/verify", fields);
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_sign_in(&b, "mfa_totp");
    browser_submit(&b, "/verify", fields);
    assert_true(browser_shows(&b, "id=\"code-used\""));
    browser_sign_in(&b, "mfa_totp-other"); /* each customer has windows of their own */
    browser_submit(&b, "/verify", fields);
    assert_true(browser_shows(&b, "id=\"account-home\""));
    browser_finish(&b);
}

static void decide(struct browser *b, const char *user, const char *decision)
{
    char path[96], id[16], token[64], form[256];
    test_reply r;
    snprintf(path, sizeof path, "/phone.json?user=%s", user);
    test_http(&b->loop, b->port, "GET", path, NULL, NULL, &r);
    snprintf(id, sizeof id, "%ld", strtol(strstr(r.body, "\"id\":") + 5, NULL, 10));
    const char *at = strstr(r.body, "\"token\":\"") + 9;
    snprintf(token, sizeof token, "%.*s", (int)strcspn(at, "\""), at);
    test_reply_free(&r);
    snprintf(form, sizeof form, "id=%s&token=0%s&user=%s&decision=%s", id, token + 1, user, decision);
    if (token[0] != '0') {
        test_http(&b->loop, b->port, "POST", "/phone/decide", NULL, form, &r);
        assert_int_equal(r.status, 400);
        test_reply_free(&r);
    }
    snprintf(form, sizeof form, "id=%s&token=%s&user=%s&decision=%s", id, token, user, decision);
    test_http(&b->loop, b->port, "POST", "/phone/decide", NULL, form, &r);
    assert_int_equal(r.status, 303);
    test_reply_free(&r);
    test_http(&b->loop, b->port, "POST", "/phone/decide", NULL, form, &r);
    assert_int_equal(r.status, 400); /* decided already */
    test_reply_free(&r);
}

static void test_approve(void **state)
{
    (void)state;
    struct browser b;
    struct {
        const char *decision, *status, *shows;
    } rows[] = { { "approve", "{\"status\":\"approved\"}", "id=\"account-home\"" },
                 { "deny", "{\"status\":\"denied\"}", "id=\"denied\"" } };
    browser_start(&b, NULL);
    for (size_t i = 0; i < 2; i++) {
        browser_sign_in(&b, "mfa_approve");
        browser_submit(&b, "/verify", "");
        assert_true(browser_shows(&b, "id=\"not-yet\""));
        browser_once(&b, "GET", "/verify/status", NULL);
        assert_string_equal(b.page.body, "{\"status\":\"waiting\"}");
        decide(&b, "mfa_approve", rows[i].decision);
        browser_once(&b, "GET", "/verify/status", NULL);
        assert_string_equal(b.page.body, rows[i].status);
        browser_load(&b, "GET", "/verify", NULL);
        browser_submit(&b, "/verify", "");
        assert_true(browser_shows(&b, rows[i].shows));
    }
    browser_finish(&b);
}

/* --- time -------------------------------------------------------------- */

static void test_times(void **state)
{
    (void)state;
    struct browser b;
    static const mk_sandbox_options options = { .code_seconds = 1, .session_seconds = 5, .slow_ms = 80 };
    browser_start(&b, &options);
    int64_t before = mk_clock_mono_us();
    browser_sign_in(&b, "slow");
    assert_true(browser_shows(&b, "id=\"account-home\""));
    assert_true(mk_clock_mono_us() - before >= 160000); /* the redirect and the page */
    browser_sign_in(&b, "mfa_sms");
    test_turn(&b.loop, 1050);
    browser_type_code(&b, "mfa_sms", "");
    assert_true(browser_shows(&b, "id=\"code-expired\""));
    test_turn(&b.loop, 5050);
    browser_type_code(&b, "mfa_sms", "");
    assert_true(browser_shows(&b, "id=\"session-ended\""));
    browser_finish(&b);
}

static void on_sent(void *arg, const char *user, const char *kind, const char *text)
{
    char *out = arg;
    snprintf(out, 200, "%s/%s/%s", user, kind, text);
}

static void test_phone_is_watched(void **state)
{
    (void)state;
    struct browser b;
    char sent[200] = "";
    const mk_sandbox_options options = { .sent = on_sent, .arg = sent };
    static const char raw[] = "GET /phone.json?user=mfa_voice&after=0&wait=30 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    test_reply r;
    browser_start(&b, &options);
    int fd = test_http_send(b.port, raw, sizeof raw - 1);
    browser_sign_in(&b, "mfa_sms"); /* another one's phone */
    assert_non_null(strstr(sent, "mfa_sms/text/"));
    browser_sign_in(&b, "mfa_voice");
    assert_non_null(strstr(sent, "mfa_voice/call/"));
    test_http_receive(&b.loop, fd, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(count(r.body, "\"id\":"), 1);
    assert_non_null(strstr(r.body, "\"kind\":\"call\""));
    test_reply_free(&r);
    fd = test_http_send(b.port, raw, sizeof raw - 1); /* there is news already */
    test_http_receive(&b.loop, fd, &r);
    assert_int_equal(r.status, 200);
    test_reply_free(&r);
    browser_load(&b, "GET", "/phone?user=mfa_voice", NULL);
    assert_true(browser_shows(&b, "http-equiv=\"refresh\""));
    assert_true(browser_shows(&b, "sign-in code is"));
    browser_finish(&b);
}

/* Stopping ends those who watch; nothing is left on the loop. */
static void test_stop_while_watched(void **state)
{
    (void)state;
    struct browser b;
    static const char raw[] = "GET /phone.json?user=pat&wait=30 HTTP/1.1\r\nHost: a\r\n\r\n";
    browser_start(&b, NULL);
    int fd = test_http_send(b.port, raw, sizeof raw - 1);
    while (!b.sandbox->late)
        uv_run(&b.loop, UV_RUN_ONCE);
    int64_t before = mk_clock_mono_us();
    browser_finish(&b);
    assert_true(mk_clock_mono_us() - before < 5000000);
    close(fd);
}

/* --- memory ------------------------------------------------------------ */

static void quick_tour(struct browser *b)
{
    browser_sign_in(b, "mfa_sms");
    if (b->page.status == 200 && browser_shows(b, "id=\"code-form\""))
        browser_load(b, "GET", "/phone?user=mfa_sms", NULL);
}

static void test_memory(void **state)
{
    (void)state;
    struct browser b;
    long before = mk_mem_live();
    for (int i = 0; i < 3; i++) {
        browser_start(&b, NULL);
        quick_tour(&b);
        browser_finish(&b);
    }
    assert_int_equal(mk_mem_live(), before);
    mk_sandbox *none = NULL;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (unsigned long n = 1; n <= 2; n++) {
        mk_mem_fail_at(n, false);
        assert_int_equal(mk_sandbox_start(&none, &loop, "127.0.0.1:0", NULL), MK_ENOMEM);
        mk_mem_fail_at(0, false);
    }
    assert_null(none);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(mk_mem_live(), before);
}

/* The n-th allocation of a sign-in fails: a refusal or nothing, and the next one works. */
static void test_each_allocation(void **state)
{
    (void)state;
    struct browser b;
    browser_start(&b, NULL);
    bool done = false;
    for (unsigned long n = 1; n < 400 && !done; n += 3) {
        char csrf[64], step[16], raw[512], form[200], got[256];
        b.session[0] = 0;
        browser_load(&b, "GET", "/login", NULL);
        browser_hidden(&b, "csrf", csrf, sizeof csrf);
        browser_hidden(&b, "step", step, sizeof step);
        snprintf(form, sizeof form, "csrf=%s&step=%s&username=mfa_sms&password=x", csrf, step);
        snprintf(raw, sizeof raw, "POST /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: demo_session=%s\r\n"
                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
                 b.session, strlen(form), form);
        int fd = test_http_send(b.port, raw, strlen(raw));
        mk_mem_fail_at(n, false);
        test_http_peek(&b.loop, fd, got, sizeof got);
        mk_mem_fail_at(0, false);
        done = strncmp(got, "HTTP/1.1 303", 12) == 0;
        assert_true(!got[0] || done || strncmp(got, "HTTP/1.1 5", 10) == 0);
    }
    assert_true(done);
    browser_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_lists),     cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_passwords),   cmocka_unit_test(test_strict_forms), cmocka_unit_test(test_foreign_pages),
        cmocka_unit_test(test_meters),      cmocka_unit_test(test_code),      cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_after),       cmocka_unit_test(test_wrong_codes), cmocka_unit_test(test_twists),
        cmocka_unit_test(test_questions),   cmocka_unit_test(test_totp),      cmocka_unit_test(test_approve),
        cmocka_unit_test(test_times),       cmocka_unit_test(test_phone_is_watched),
        cmocka_unit_test(test_stop_while_watched), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
