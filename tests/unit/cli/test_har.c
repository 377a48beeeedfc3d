/* test_har.c - traces and reports made of what a session showed (tests of cli) */
#include "../base/oom.h"

#include "cli/har.h"
#include "cli/report.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"

#include <stdio.h>
#include <unistd.h>

static int init(void **state)
{
    (void)state;
    mk_html_init();
    mk_json_init();
    return mk_vault_init();
}

typedef struct shown {
    mk_reel reel;
    mk_watch watch;
    mk_mask *mask;
    mk_veil veil;
} shown;

static void begin(shown *s, size_t limit)
{
    *s = (shown){ .mask = mk_mask_new() };
    mk_secret *secret = mk_secret_new("hunter-two", 10);
    assert_int_equal(mk_mask_add(s->mask, secret, NULL), MK_OK);
    mk_secret_unref(secret);
    mk_reel_init(&s->reel, limit);
    mk_reel_watch(&s->reel, &s->watch);
    s->veil = (mk_veil){ .mask = s->mask };
}

static void end(shown *s)
{
    mk_reel_free(&s->reel);
    mk_mask_free(s->mask);
}

static void header(mk_headers *list, const char *name, const char *value)
{
    assert_int_equal(mk_headers_add(list, name, value, strlen(value), false), MK_OK);
}

/* POST with a password and cookies, answered by a page that says it again. */
static void show_hop(shown *s, const char *type, const char *body, size_t len)
{
    mk_request request = { .method = (char *)"POST", .url = (char *)"https://www.example.test/login?next=%2Fhome&p=hunter-two",
                           .body = (char *)"user=nora+b&pw=hunter-two", .body_len = 25 };
    mk_response response;
    mk_response_init(&response, 1 << 20);
    response.status = 200;
    response.version = 20;
    response.t_dns = 1000, response.t_connect = 3000, response.t_tls = 9000, response.t_first = 12000, response.t_all = 12500;
    header(&request.headers, "Cookie", "a=1; b=hunter-two");
    header(&request.headers, "Content-Type", "application/x-www-form-urlencoded");
    header(&response.headers, "Content-Type", type);
    header(&response.headers, "Set-Cookie", "sid=5; Path=/x; Secure; HttpOnly; SameSite=Lax");
    assert_int_equal(mk_buf_add(&response.body, body, len), MK_OK);
    const mk_hop hop = { .request = &request, .response = &response, .started_ms = 1795507113676, .where = "x.lua:7" };
    s->watch.hop(s->watch.arg, NULL, &hop);
    mk_headers_free(&request.headers);
    mk_response_free(&response);
}

static const char *text(const json_t *value, const char *a, const char *b)
{
    const json_t *one = json_object_get(value, a);
    const char *found = json_string_value(b ? json_object_get(one, b) : one);
    assert_non_null(found);
    return found;
}

static const json_t *first_entry(const json_t *har)
{
    const json_t *entries = json_object_get(json_object_get(har, "log"), "entries");
    assert_int_equal(json_array_size(entries), 1);
    return json_array_get(entries, 0);
}

static void an_entry_is_whole_and_masked(void **state)
{
    (void)state;
    shown s;
    begin(&s, 0);
    show_hop(&s, "text/html; charset=iso-8859-1", "<p>hunter-two caf\xe9", 18);
    json_t *har = mk_har_make(&s.reel, &s.veil);
    const json_t *entry = first_entry(har), *request = json_object_get(entry, "request"), *response = json_object_get(entry, "response");
    assert_string_equal(text(entry, "startedDateTime", NULL), "2026-11-24T07:58:33.676Z");
    assert_string_equal(text(request, "url", NULL), "https://www.example.test/login?next=%2Fhome&p=***");
    assert_string_equal(text(request, "postData", "text"), "user=nora+b&pw=***");
    assert_string_equal(text(json_array_get(json_object_get(json_object_get(request, "postData"), "params"), 0), "value", NULL), "nora b");
    assert_string_equal(text(json_array_get(json_object_get(request, "queryString"), 0), "value", NULL), "/home");
    assert_string_equal(text(json_array_get(json_object_get(request, "cookies"), 1), "value", NULL), "***");
    const json_t *cookie = json_array_get(json_object_get(response, "cookies"), 0);
    assert_string_equal(text(cookie, "path", NULL), "/x");
    assert_true(json_is_true(json_object_get(cookie, "secure")) && json_is_true(json_object_get(cookie, "httpOnly")));
    assert_string_equal(text(response, "content", "text"), "<p>*** caf\xc3\xa9");
    assert_string_equal(text(response, "httpVersion", NULL), "HTTP/2.0");
    assert_string_equal(text(entry, "comment", NULL), "x.lua:7");
    json_decref(har);
    end(&s);
}

static double time_of(const json_t *entry, const char *name)
{
    return json_real_value(json_object_get(json_object_get(entry, "timings"), name));
}

static void times_add_up(void **state)
{
    (void)state;
    shown s;
    begin(&s, 0);
    show_hop(&s, "text/plain", "x", 1);
    json_t *har = mk_har_make(&s.reel, &s.veil);
    const json_t *entry = first_entry(har);
    assert_true(time_of(entry, "dns") == 1.0 && time_of(entry, "connect") == 8.0 && time_of(entry, "ssl") == 6.0);
    assert_true(time_of(entry, "wait") == 3.0 && time_of(entry, "receive") == 0.5);
    assert_true(json_real_value(json_object_get(entry, "time")) == 12.5);
    json_decref(har);
    end(&s);
}

static void bytes_that_are_no_text_are_base64(void **state)
{
    (void)state;
    shown s;
    begin(&s, 0);
    show_hop(&s, "application/pdf", "\x89\x00hunter-two", 12);
    json_t *har = mk_har_make(&s.reel, &s.veil);
    const json_t *content = json_object_get(json_object_get(first_entry(har), "response"), "content");
    assert_string_equal(text(content, "encoding", NULL), "base64");
    assert_string_equal(text(content, "text", NULL), "iQAqKio="); /* 89 00 * * * */
    json_decref(har);
    end(&s);
}

static void what_is_too_much_is_left_out_and_said(void **state)
{
    (void)state;
    shown s;
    begin(&s, 10);
    show_hop(&s, "text/plain", "more than ten bytes", 19);
    json_t *har = mk_har_make(&s.reel, &s.veil);
    const json_t *content = json_object_get(json_object_get(first_entry(har), "response"), "content");
    assert_null(json_object_get(content, "text"));
    assert_non_null(strstr(text(content, "comment", NULL), "left out"));
    json_decref(har);
    end(&s);
}

static void show_rest(shown *s)
{
    json_t *explain = json_pack("[{s:s, s:b, s:[{s:s, s:s, s:b}, {s:s, s:s, s:b}]}]", "code", "auth.locked", "holds", 0, "predicates", "predicate",
                                "html", "pattern", ".<b>", "held", 1, "predicate", "text", "pattern", "locked", "held", 0);
    json_t *challenge = json_pack("{s:s, s:s, s:s}", "id", "1", "kind", "otp", "prompt", "Code for <hunter-two>");
    json_t *answer = json_string("314159");
    mk_headers headers = { 0 };
    mk_buf body;
    mk_page *page = NULL;
    mk_buf_init(&body, 1000);
    assert_int_equal(mk_buf_adds(&body, "<p>x"), MK_OK);
    assert_int_equal(mk_page_new(&page, 200, "https://www.example.test/", &headers, &body, NULL), MK_OK);
    s->watch.page(s->watch.arg, NULL, page, explain, "x.lua:8");
    s->watch.challenge(s->watch.arg, NULL, challenge, true);
    s->watch.answer(s->watch.arg, NULL, "1", answer);
    s->watch.progress(s->watch.arg, NULL, "reading <meters>");
    mk_page_unref(page);
    json_decref(explain);
    json_decref(challenge);
    json_decref(answer);
}

static void a_report_escapes_and_masks(void **state)
{
    (void)state;
    shown s;
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    begin(&s, 0);
    show_hop(&s, "text/html", "</pre><script>alert('hunter-two')</script>\"><iframe src=x>", 58);
    show_rest(&s);
    json_t *result = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "utility", "x", "version", "0123", "error", "code", "auth.locked", "message",
                               "<b>locked</b>", "script", "x.lua:9");
    assert_int_equal(mk_report_make(&out, &s.reel, &s.veil, NULL, result), MK_OK);
    assert_null(strstr(out.data, "<script"));
    assert_null(strstr(out.data, "hunter-two"));
    assert_null(strstr(out.data, "314159"));
    assert_null(strstr(out.data, "<b>"));
    assert_non_null(strstr(out.data, "<iframe sandbox=\"\""));
    assert_non_null(strstr(out.data, "srcdoc=\"&lt;/pre&gt;&lt;script&gt;alert(&#39;***&#39;)"));
    assert_null(strstr(out.data, "<iframe src"));
    static const char *const parts[] = {"nearly: 1 of 2", "x.lua:9", "x.lua:7", "asked again", "reading &lt;meters&gt;", "default-src 'none'", NULL};
    for (size_t i = 0; parts[i]; i++)
        assert_non_null(strstr(out.data, parts[i]));
    json_decref(result);
    mk_buf_free(&out);
    end(&s);
}

static int both(const shown *s, const json_t *result)
{
    mk_veil veil;
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    int err = mk_veil_init(&veil, &s->reel, s->mask);
    json_t *har = err ? NULL : mk_har_make(&s->reel, &veil);
    if (!err && !har)
        err = MK_ENOMEM;
    if (!err)
        err = mk_report_make(&out, &s->reel, &veil, NULL, result);
    json_decref(har);
    mk_veil_free(&veil);
    mk_buf_free(&out);
    return err;
}

static void memory_runs_out(void **state)
{
    (void)state;
    shown s;
    begin(&s, 0);
    show_hop(&s, "text/html", "<p>x", 4);
    json_t *result = json_pack("{s:s, s:{s:s}}", "utility", "x", "challenge", "kind", "otp");
    assert_int_equal(both(&s, result), MK_OK);
    each_allocation_fails(both(&s, result));
    json_decref(result);
    end(&s);
}

/* A reel that could not keep a frame says so instead of giving half a trace. */
static void a_reel_that_failed_gives_no_trace(void **state)
{
    (void)state;
    unsigned long n = 0;
    bool failed = true;
    while (failed) {
        shown s;
        begin(&s, 0);
        mk_request request = { .method = (char *)"GET", .url = (char *)"https://www.example.test/" };
        mk_response response;
        mk_response_init(&response, 1000);
        assert_int_equal(mk_buf_adds(&response.body, "body"), MK_OK);
        const mk_hop hop = { .request = &request, .response = &response, .where = "x.lua:7" };
        mk_mem_fail_at(++n, false);
        s.watch.hop(s.watch.arg, NULL, &hop);
        mk_mem_fail_at(0, false);
        failed = s.reel.failed;
        json_t *har = mk_har_make(&s.reel, &s.veil);
        assert_int_equal(har == NULL, failed);
        json_decref(har);
        mk_response_free(&response);
        end(&s);
    }
    assert_true(n > 4);
}

static void a_file_is_written_in_place_of_what_was(void **state)
{
    (void)state;
    char path[] = "/tmp/meterkey-test-XXXXXX";
    mk_sink sink;
    mk_buf read;
    mk_buf_init(&read, 100);
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, "something longer", 16), 16);
    close(fd);
    assert_int_equal(mk_sink_open(&sink, path), MK_OK);
    assert_int_equal(mk_sink_write(&sink, "short", 5), MK_OK);
    mk_sink_close(&sink);
    mk_sink_close(&sink);
    assert_int_equal(mk_read_file(path, 100, &read), MK_OK);
    assert_string_equal(read.data, "short");
    mk_buf_clear(&read);
    assert_int_equal(mk_write_file(path, "other", 5, true), MK_OK);
    assert_int_equal(mk_read_file(path, 4, &read), MK_ELIMIT);
    unlink(path);
    assert_int_equal(mk_read_file(path, 4, &read), MK_ENOENT);
    assert_int_equal(mk_sink_open(&sink, "/nowhere/at/all"), MK_EIO);
    mk_buf_free(&read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_whole_and_masked), cmocka_unit_test(times_add_up), cmocka_unit_test(bytes_that_are_no_text_are_base64),
        cmocka_unit_test(what_is_too_much_is_left_out_and_said), cmocka_unit_test(a_report_escapes_and_masks),
        cmocka_unit_test(memory_runs_out), cmocka_unit_test(a_reel_that_failed_gives_no_trace),
        cmocka_unit_test(a_file_is_written_in_place_of_what_was),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
