/* browser.c - a browser for tests of DEMO's portal (tests) */
#include "support/browser.h"
#include "base/err.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void browser_start(struct browser *b, const mk_sandbox_options *options)
{
    memset(b, 0, sizeof *b);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(mk_sandbox_start(&b->sandbox, &b->loop, "127.0.0.1:0", options), MK_OK);
    b->port = (int)strtol(strrchr(mk_sandbox_url(b->sandbox), ':') + 1, NULL, 10);
}

static void drop(struct browser *b)
{
    if (b->has_page)
        test_reply_free(&b->page);
    b->has_page = false;
}

void browser_finish(struct browser *b)
{
    drop(b);
    mk_sandbox_stop(b->sandbox);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
}

static void keep_cookie(const char *head, const char *name, char *to, size_t cap)
{
    char start_of[48];
    snprintf(start_of, sizeof start_of, "Set-Cookie: %s=", name);
    const char *at = strstr(head, start_of);
    if (!at)
        return;
    at += strlen(start_of);
    snprintf(to, cap, "%.*s", (int)strcspn(at, ";"), at);
    assert_non_null(strstr(at, "HttpOnly"));
}

void browser_once(struct browser *b, const char *method, const char *path, const char *form)
{
    char cookies[192];
    drop(b);
    size_t len = (size_t)snprintf(cookies, sizeof cookies, "Cookie: a=b");
    if (b->session[0])
        len += (size_t)snprintf(cookies + len, sizeof cookies - len, "; demo_session=%s", b->session);
    if (b->device[0])
        len += (size_t)snprintf(cookies + len, sizeof cookies - len, "; demo_device=%s", b->device);
    snprintf(cookies + len, sizeof cookies - len, "\r\n");
    test_http(&b->loop, b->port, method, path, cookies, form, &b->page);
    b->has_page = true;
    keep_cookie(b->page.head, "demo_session", b->session, sizeof b->session);
    keep_cookie(b->page.head, "demo_device", b->device, sizeof b->device);
}

void browser_load(struct browser *b, const char *method, const char *path, const char *form)
{
    char to[256];
    browser_once(b, method, path, form);
    for (int i = 0; b->page.status == 303 && i < 5; i++) {
        test_reply_header(&b->page, "Location", to, sizeof to);
        browser_once(b, "GET", to, NULL);
    }
}

bool browser_shows(const struct browser *b, const char *text)
{
    return strstr(b->page.body, text) != NULL;
}

void browser_hidden(const struct browser *b, const char *name, char *out, size_t cap)
{
    char start_of[64];
    snprintf(start_of, sizeof start_of, "name=\"%s\" value=\"", name);
    const char *at = strstr(b->page.body, start_of);
    out[0] = 0;
    if (at)
        snprintf(out, cap, "%.*s", (int)strcspn(at + strlen(start_of), "\""), at + strlen(start_of));
}

void browser_submit(struct browser *b, const char *path, const char *fields)
{
    char csrf[64], step[16], form[512];
    browser_hidden(b, "csrf", csrf, sizeof csrf);
    browser_hidden(b, "step", step, sizeof step);
    snprintf(form, sizeof form, "csrf=%s&step=%s&%s", csrf, step, fields);
    browser_load(b, "POST", path, form);
}

void browser_sign_in(struct browser *b, const char *user)
{
    char fields[128];
    b->session[0] = 0;
    snprintf(fields, sizeof fields, "username=%s&password=secret", user);
    browser_load(b, "GET", "/login", NULL);
    assert_int_equal(b->page.status, 200);
    browser_submit(b, "/login", fields);
}

void browser_phone_code(struct browser *b, const char *user, char out[7])
{
    char path[128];
    test_reply r;
    snprintf(path, sizeof path, "/phone.json?user=%s", user);
    test_http(&b->loop, b->port, "GET", path, NULL, NULL, &r);
    const char *at = strstr(r.body, "\"code\":\"");
    assert_non_null(at);
    snprintf(out, 7, "%s", at + 8);
    test_reply_free(&r);
}

void browser_type_code(struct browser *b, const char *user, const char *more)
{
    char code[7], fields[64];
    browser_phone_code(b, user, code);
    snprintf(fields, sizeof fields, "code=%s%s", code, more);
    browser_submit(b, "/verify", fields);
}
