/* test_page.c - responses as pages: kinds, text, caching, accounts (tests, layer parse) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "parse/page.h"

static mk_account account;

static int try_page(mk_page **out, const char *type, const char *body, size_t len)
{
    mk_headers headers = {0};
    mk_buf buf;
    mk_buf_init(&buf, 1 << 22);
    int err = mk_buf_add(&buf, body, len);
    if (!err && type)
        err = mk_headers_add(&headers, "Content-Type", type, strlen(type), false);
    if (!err)
        err = mk_page_new(out, 200, "https://h/p", &headers, &buf, &account);
    if (!err)
        assert_true(headers.count == 0 && buf.len == 0);
    mk_headers_free(&headers);
    mk_buf_free(&buf);
    return err;
}

static mk_page *page(const char *type, const char *body)
{
    mk_page *p = NULL;
    account = (mk_account){.limit = 64 << 20};
    assert_int_equal(try_page(&p, type, body, strlen(body)), MK_OK);
    return p;
}

static void done(mk_page *p)
{
    mk_page_unref(p);
    assert_int_equal(account.used, 0);
}

struct row {
    const char *type, *body, *media, *charset;
    char kind; /* h x j t r */
};

static void kinds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Text/HTML; Charset=\"ISO-8859-1\"", "x", "text/html", "windows-1252", 'h'},
        {"text/html;a=b;charset=utf-8 ", "x", "text/html", "utf-8", 'h'},
        {"application/xhtml+xml", "x", "application/xhtml+xml", "utf-8", 'h'},
        {"application/soap+xml", "<a/>", "application/soap+xml", "utf-8", 'x'},
        {"application/problem+json", "{}", "application/problem+json", "utf-8", 'j'},
        {"text/plain", "<html>", "text/plain", "utf-8", 't'},
        {"application/javascript", "x", "application/javascript", "utf-8", 't'},
        {"application/pdf", "<x", "application/pdf", "utf-8", 'r'},
        {NULL, " \n<!doctype html>", "", "utf-8", 'h'},
        {NULL, "<?xml version='1.0'?><a/>", "", "utf-8", 'x'},
        {NULL, "<?xml version='1.0'?><html/>", "", "utf-8", 'h'},
        {NULL, "{\"a\":1}", "", "utf-8", 't'},
        {NULL, "\xff\xfe\x01", "", NULL, 'r'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mk_page *p = page(rows[i].type, rows[i].body);
        assert_string_equal(mk_page_type(p), rows[i].media);
        if (rows[i].charset)
            assert_string_equal(mk_page_charset(p), rows[i].charset);
        char kind = rows[i].kind;
        assert_int_equal(mk_page_is_html(p), kind == 'h');
        assert_int_equal(mk_page_is_xml(p), kind == 'x');
        assert_int_equal(mk_page_is_json(p), kind == 'j');
        assert_int_equal(mk_page_is_text(p), kind != 'r');
        done(p);
    }
}

static void texts(void **state)
{
    (void)state;
    mk_bytes text;
    mk_page *p = page("text/html; charset=iso-8859-1", "<p>caf\xe9<script>no</script><b> x</b>");
    size_t before = account.used;
    assert_int_equal(mk_page_text(p, &text), MK_OK);
    assert_string_equal(text.data, "caf\xc3\xa9 x");
    assert_true(account.used > before);
    mk_bytes again, body;
    assert_int_equal(mk_page_text(p, &again), MK_OK);
    assert_ptr_equal(again.data, text.data);
    assert_int_equal(mk_page_body(p, &body), MK_OK);
    assert_string_equal(body.data, "<p>caf\xc3\xa9<script>no</script><b> x</b>");
    assert_string_equal(mk_page_charset(p), "windows-1252"); /* of the bytes, also afterwards */
    done(p);
    p = page("text/plain", "\xef\xbb\xbf a\n b ");
    assert_int_equal(mk_page_text(p, &text), MK_OK);
    assert_string_equal(text.data, " a\n b ");
    done(p);
    p = page("image/png", "\xff\x01");
    assert_int_equal(mk_page_body(p, &body), MK_OK);
    assert_string_equal(body.data, "\xff\x01");
    mk_doc *doc = NULL;
    assert_int_equal(mk_page_doc(p, NULL, &doc), MK_EPARSE);
    done(p);
}

static void documents(void **state)
{
    (void)state;
    mk_doc *doc = NULL, *again = NULL;
    json_t *json = NULL, *same = NULL;
    mk_page *p = page(NULL, "<form id=f>");
    assert_int_equal(mk_page_doc(p, NULL, &doc), MK_OK);
    assert_int_equal(mk_page_doc(p, NULL, &again), MK_OK);
    assert_ptr_equal(doc, again);
    mk_json_error why = {0};
    assert_int_equal(mk_page_json(p, &json, &why), MK_EPARSE);
    assert_true(why.why[0]);
    memset(&why, 0, sizeof why);
    assert_int_equal(mk_page_json(p, &json, &why), MK_EPARSE);
    assert_true(why.why[0]);
    done(p);
    p = page("text/html", "{\"a\":1}");
    size_t before = account.used;
    assert_int_equal(mk_page_json(p, &json, NULL), MK_OK);
    assert_int_equal(account.used - before, 4 * 7);
    assert_int_equal(mk_page_json(p, &same, NULL), MK_OK);
    assert_ptr_equal(json, same);
    done(p);
    p = page("application/json", "{}");
    assert_int_equal(mk_page_doc(p, NULL, &doc), MK_EPARSE);
    done(p);
    p = page("text/xml", "<a><b></a>");
    assert_int_equal(mk_page_doc(p, NULL, &doc), MK_EPARSE);
    assert_int_equal(mk_page_doc(p, NULL, &doc), MK_EPARSE);
    done(p);
}

static void counted(void **state)
{
    (void)state;
    mk_page *p = page("text/html", "x");
    assert_ptr_equal(mk_page_ref(p), p);
    mk_page_unref(p);
    assert_int_equal(mk_page_status(p), 200);
    assert_string_equal(mk_page_url(p), "https://h/p");
    assert_non_null(mk_headers_get(mk_page_headers(p), "content-type", 0));
    done(p);
    mk_page_unref(NULL);
}

static void full_account(void **state)
{
    (void)state;
    static const char body[] = "<p>caf\xe9";
    for (size_t limit = 0, ok = 0; !ok; limit += 64) {
        mk_page *p = NULL;
        mk_bytes text;
        account = (mk_account){.limit = limit};
        int err = try_page(&p, "text/html", body, sizeof body - 1);
        if (!err)
            err = mk_page_text(p, &text);
        assert_true(!err || err == MK_ENOMEM);
        assert_true(account.used <= limit);
        mk_page_unref(p);
        assert_int_equal(account.used, 0);
        ok = !err;
        assert_true(limit > 100 || !ok);
    }
}

static int all_of_it(mk_page **p, const char *body)
{
    mk_bytes text;
    json_t *json = NULL;
    int err = try_page(p, "text/html; charset=latin1", body, strlen(body));
    if (!err)
        err = mk_page_text(*p, &text);
    if (!err)
        assert_string_equal(text.data, body[0] == '<' ? "\xc3\xa9" : "[\"\xc3\xa9\"]");
    if (!err)
        err = mk_page_json(*p, &json, NULL);
    return err;
}

static void out_of_memory(void **state)
{
    (void)state;
    static const char *const bodies[] = {"<p>\xe9", "[\"\xe9\"]"};
    account = (mk_account){.limit = 64 << 20};
    for (size_t i = 0; i < 2; i++) {
        long live = mk_mem_live();
        int err = MK_ENOMEM, wanted = i ? MK_OK : MK_EPARSE;
        for (unsigned long n = 1; err != wanted; n++) {
            mk_page *p = NULL;
            mk_mem_fail_at(n, false);
            err = all_of_it(&p, bodies[i]);
            mk_mem_fail_at(0, false);
            mk_page_unref(p);
            assert_true(err == wanted || err == MK_ENOMEM);
            assert_int_equal(account.used, 0);
            assert_true(mk_mem_live() == live);
        }
    }
}

int main(void)
{
    mk_html_init();
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),   cmocka_unit_test(texts),        cmocka_unit_test(documents),
        cmocka_unit_test(counted), cmocka_unit_test(full_account), cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
