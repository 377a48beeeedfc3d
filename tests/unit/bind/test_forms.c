/* test_forms.c - pages, elements, forms and requests as scripts use them: what is sent, what is raised */
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

#define FORM                                                                                                            \
    "<form id=f method=post action='/done?x=1'><input name=a value=1><input type=hidden name=h value='2 & 3'>"         \
    "<input type=checkbox name=c value=yes checked><input type=checkbox name=d value=no><input type=radio name=r value=p>" \
    "<input type=radio name=r value=q checked><select name=s><option value=x>X<option selected>Y z</select>"           \
    "<textarea name=t>\nlines</textarea><input type=password name=p value=old><input name=off value=1 disabled>"        \
    "<input type=submit name=go value=Go><button name=alt value=Alt formaction=/other>Alt</button></form>"              \
    "<form id=g action=/search><input name=q value='a b'></form>"                                                       \
    "<form id=m method=post enctype=multipart/form-data action=/done><input name=a value=1></form>"
#define BASE "a=1&h=2+%26+3&c=yes&r=q&s=Y+z&t=lines&p=old"

typedef struct row {
    const char *steps, *seen, *outcome;
} row;

static reply replies[] = {
    {"GET", "/form", 200, "text/html", FORM, "X-One: 1", NULL, false},
    {"GET", "/json", 200, "application/json", "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"big\":12345678901234567,\"e\":[]}", NULL, NULL, false},
    {"GET", "/missing", 404, "text/html", "gone", NULL, NULL, false},
    {"GET", NULL, 0, NULL, NULL, NULL, NULL, false},
    {"POST", "/done?x=1", 200, "text/html", "<p id=home>in</p>", NULL, NULL, false},
    {"POST", "/done", 200, "text/html", "<p id=home>in</p>", NULL, NULL, false},
    {"POST", "/other", 200, "text/html", "other", NULL, NULL, false},
    {"PUT", "/done", 200, "text/html", "put", NULL, NULL, false},
    {"GET", "/search?q=a+b", 200, "text/html", "found", NULL, NULL, false},
    {"GET", "/search?a=1&b=2+3", 200, "text/html", "found", NULL, NULL, false},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL, false},
};

/* Each runs with page = s:get('/form'), f = its first form. seen: of the requests; outcome: a part of the end. */
static const row rows[] = {
    /* submitting as a browser would */
    {"s:submit(f)", "/done?x=1 " BASE "\n", "no_accounts"},
    {"s:submit(f, { button = 'go' })", "/done?x=1 " BASE "&go=Go\n", "no_accounts"},
    {"s:submit(f, { button = { 'alt', 'Alt' } })", "POST https://www.example.test/other " BASE "&alt=Alt\n", "no_accounts"},
    {"s:submit(f, { button = page:one('button') })", "/other " BASE "&alt=Alt\n", "no_accounts"},
    {"s:submit(f, { button = 'none' })", NULL, "adapter.form_missing"},
    {"s:submit(page:form('#g'))", "GET https://www.example.test/search?q=a+b \n", "no_accounts"},
    {"s:submit(page:form('#m'))", "Content-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", "no_accounts"},
    /* setting controls */
    {"f.a = 7 f.c = false f.d = true f.r = 'p' f.s = 'x' s:submit(f)", "?x=1 a=7&h=2+%26+3&d=no&r=p&s=x&t=lines&p=old\n", "no_accounts"},
    {"f.new = 'n' f:set('get', 'g') s:submit(f)", BASE "&new=n&get=g\n", "no_accounts"},
    {"f:remove('h') f:remove('c') s:submit(f)", "?x=1 a=1&r=q&s=Y+z&t=lines&p=old\n", "no_accounts"},
    {"f.p = s.credentials.password s:submit(f)", "&p=hunter2xyz\n", "no_accounts"},
    {"f.off = 'on' s:submit(f)", "&off=on\n", "no_accounts"},
    {"f.a = {} s:submit(f)", NULL, "no_accounts"},
    {"f.a = print s:submit(f)", NULL, "adapter.bug"},
    {"page:form('#g').q = 1 local g = page:form('#g') g.q = s.credentials.password s:submit(g)", NULL, "policy.secret_denied"},
    /* reading */
    {"assert(f.a == '1' and f.c == true and f.d == false and f.r == 'q' and f.s == 'Y z' and f.t == 'lines')", NULL, "no_accounts"},
    {"assert(tostring(f.p) == '***' and f.none == nil and f:action() == 'https://www.example.test/done?x=1' and f:method() == 'post')", NULL, "no_accounts"},
    {"assert(#f:buttons() == 2 and f:buttons()[1].name == 'go' and f:controls()[1].name == 'a')", NULL, "no_accounts"},
    {"page:form('#none')", NULL, "adapter.form_missing"},
    {"page:one('#none')", NULL, "adapter.selector_missed"},
    {"assert(page:one('#none', { optional = true }) == nil)", NULL, "no_accounts"},
    {"page:one('[')", NULL, "adapter.bug"},
    {"page.status = 1", NULL, "a page cannot be changed"},
    {"print(page.statos)", NULL, "no member 'statos'"},
    {"assert(page.status == 200 and page.type == 'text/html' and page:header('x-one')[1] == '1' and page.headers['x-one'] == '1')", NULL, "no_accounts"},
    {"assert(#page:all('form') == 3 and page:has('//form[@id=\"g\"]') and page:one('#f'):one('input'):attr('name') == 'a')", NULL, "no_accounts"},
    {"assert(page:match([[name=(?<n>a) value]]).n == 'a' and page:match('zzz') == nil)", NULL, "no_accounts"},
    {"page:match('(')", NULL, "adapter.bug"},
    {"page:json()", NULL, "adapter.parse"},
    {"local j = s:get('/json') assert(j:json('$.a.b[1]') == 2 and j:json().big == 12345678901234567)", NULL, "no_accounts"},
    {"s:get('/json'):json('$.no')", NULL, "adapter.parse"},
    {"s:get('/json'):json('a[')", NULL, "adapter.bug"},
    /* requests */
    {"s:post('/done', { form = { b = '2 3', a = 1 } })", "/done a=1&b=2+3\n", "no_accounts"},
    {"s:post('/done', { form = { { 'b', 1 }, { 'a', 2 }, { 'b', 3 } } })", "/done b=1&a=2&b=3\n", "no_accounts"},
    {"s:post('/done', { json = { b = { 1, 2 }, a = s.credentials.password } })", "/done {\"a\":\"hunter2xyz\",\"b\":[1,2]}\n", "no_accounts"},
    {"s:post('/done', { body = 'raw', type = 'text/plain' })", "/done raw\n", "no_accounts"},
    {"s:request('PUT', '/done', { body = 'x', type = 'text/plain' })", "PUT https://www.example.test/done x\n", "no_accounts"},
    {"s:get('/search', { query = { b = '2 3', a = 1 } })", "/search?a=1&b=2+3 \n", "no_accounts"},
    {"s:get('/missing')", "/missing \n", "no_accounts"},
    {"s:get('/missing', { accept = { 200 } })", NULL, "adapter.unexpected_page"},
    {"s:get('/missing', { accept = { 200, 404 } })", NULL, "no_accounts"},
    {"s:post('/done', { form = {}, json = {} })", NULL, "adapter.bug"},
    {"s:get('/form', { frm = 1 })", NULL, "adapter.bug"},
    {"s:request('get', '/form')", NULL, "a method in capitals"},
    {"s:request('CONNECT', '/form')", NULL, "not allowed"},
    {"s:get('/' .. s.credentials.password)", NULL, "policy.secret_denied"},
    {"s:get('/search', { query = { a = s.credentials.password } })", NULL, "policy.secret_denied"},
    {"s:get('/form', { headers = { ['X-A'] = 'a\\r\\nX-B: b' } })", NULL, "adapter.bug"},
    {"s.get('/form')", NULL, "adapter.bug"},
    {"s:expect(page, '#f') s:expect(page, '#none')", NULL, "adapter.unexpected_page"},
};

#define HEAD                                                                                                  \
    "return { api = 1, id = 'example', name = 'Example Power', services = {'electric'}, evidence = 'modelled'," \
    " portal = 'https://www.example.test/', hosts = {'www.example.test'}, sign_in = function(s)"               \
    " local page = s:get('/form') local f = page:form() "
#define TAIL " end, meters = function() return {} end }" /* an end that says: it went through */

/* True if it went as the row says; else it was told. */
static bool run_row(const row *r)
{
    bool good = true;
    char text[3000];
    world w = {.replies = replies};
    snprintf(text, sizeof text, "%s%s%s", HEAD, r->steps, TAIL);
    world_open(&w, text);
    world_run(&w, "{\"username\":\"pat.example\",\"password\":\"hunter2xyz\"}", NULL, false);
    if (r->seen && !strstr(w.seen, r->seen))
        good = false, print_error("%s\nsent:\n%snot: %s\n", r->steps, w.seen, r->seen);
    if (!w.outcome || !strstr(w.outcome, r->outcome))
        good = false, print_error("%s\nended: %s\nnot: %s\n", r->steps, w.outcome, r->outcome);
    if (w.outcome && strstr(w.outcome, "hunter2"))
        good = false, print_error("%s\na secret is in %s\n", r->steps, w.outcome);
    world_close(&w);
    return good;
}

static void each_use(void **state)
{
    (void)state;
    long before = 0;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wrong += !run_row(&rows[i]);
        if (i == 0) /* libraries have what they keep by now */
            before = mk_mem_live();
    }
    assert_int_equal(wrong, 0);
    run_row(&rows[0]);
    assert_int_equal(mk_mem_live(), before);
}

int main(void)
{
    mk_net_init();
    mk_vault_init();
    mk_html_init();
    mk_json_init();
    mk_bind_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
