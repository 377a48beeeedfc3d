/* test_rule.c - entries of `mfa.patterns` and `errors` (tests, layer parse) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "parse/rule.h"

static mk_account account = {.limit = 64 << 20};

static json_t *entry(const char *text)
{
    json_error_t error;
    char quoted[4096];
    size_t n = strlen(text);
    assert_true(n < sizeof quoted);
    for (size_t i = 0; i <= n; i++) /* ' for ", so that tests can be read */
        quoted[i] = (char)(text[i] == '\'' ? '"' : text[i] == '`' ? '\'' : text[i]);
    json_t *value = json_loads(quoted, JSON_DECODE_ANY, &error);
    if (!value)
        fail_msg("%s: %s", quoted, error.text);
    return value;
}

static mk_rule *rule(enum mk_rule_sort sort, const char *text)
{
    mk_rule *r = NULL;
    char why[300] = "";
    json_t *e = entry(text);
    if (mk_rule_compile(&r, sort, e, why, sizeof why))
        fail_msg("%s: %s", text, why);
    json_decref(e);
    return r;
}

static int try_page(mk_page **out, int status, const char *type, const char *body)
{
    mk_headers headers = {0};
    mk_buf buf;
    mk_buf_init(&buf, 1 << 23);
    int err = mk_buf_adds(&buf, body);
    if (!err)
        err = mk_headers_add(&headers, "Content-Type", type, strlen(type), false);
    if (!err)
        err = mk_headers_add(&headers, "X-Wall", "bot; v=2", 8, false);
    if (!err)
        err = mk_page_new(out, status, "https://h/login?e=1", &headers, &buf, &account);
    mk_headers_free(&headers);
    mk_buf_free(&buf);
    return err;
}

static mk_page *page(int status, const char *type, const char *body)
{
    mk_page *p = NULL;
    assert_int_equal(try_page(&p, status, type, body), MK_OK);
    return p;
}

static const char HTML[] =
    "<title>Sign in</title><form id=mfa><label for=code>Enter the   <b>code</b></label><input id=code name=code>"
    "</form><p class=error>Email or pass<b>word</b> is incorrect</p><script>var x = 'locked'</script>"
    "<select name=m><option value=''>Choose</option><option value=sms>Text ***-1234</option>"
    "<optgroup label=x><option value=mail>Mail</option></optgroup><option value=off disabled>Off</option></select>"
    "<input type=radio name=r value=1 id=r1><label for=r1>Call</label>"
    "<label><input type=radio name=r value=2> Text  me</label><input type=radio name=r value=3 aria-label=Push>"
    "<ul><li data-id=a><i>First</i> one</li><li data-id=b><i>Second</i></li></ul>"
    "<span id=to>jane.doe@mail.test</span><span id=tel>+1 (555) 010-1234</span>";
static const char JSON[] =
    "{\"challenge\":{\"type\":\"OTP\",\"text\":\"Your pet?\",\"n\":3,\"ok\":false,\"none\":null,\"to\":\"555-010-1234\"},"
    "\"ways\":[{\"code\":\"s\",\"name\":\"Text\"},{\"code\":7,\"name\":\"Call\"},{\"name\":\"no id\"}],\"plain\":[\"x\",\"y\"],"
    "\"deep\":[{\"k\":{\"i\":\"1\",\"t\":\"one\"}},{\"k\":{\"i\":\"2\",\"t\":\"two\"}}]}";

struct row {
    const char *entry;
    bool html, json; /* holds on each of the two pages */
};

static void holds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{'status':403}", true, false},
        {"{'status':[500,403,200]}", true, true},
        {"{'url':'/login\\\\?'}", true, true},
        {"{'url':'^/login'}", false, false},
        {"{'header':{'x-wall':'^bot'}}", true, true},
        {"{'header':{'x-wall':'^bot','x-none':'.'}}", false, false},
        {"{'header':{'content-type':'html','X-WALL':'v=2$'}}", true, false},
        {"{'html':'form#mfa input[name=code]'}", true, false},
        {"{'html':'//form[@id=`mfa`]'}", true, false},
        {"{'html':'body'}", true, false},
        {"{'html':'.nothing'}", false, false},
        {"{'html':'(count(//form))'}", false, false},
        {"{'text':'(?i)password is incorrect'}", true, false},
        {"{'text':'locked'}", false, false},
        {"{'text':'Your pet'}", false, true},
        {"{'html':'.error','text':'incorrect$'}", true, false},
        {"{'html':'form','text':'incorrect'}", false, false},
        {"{'html':'label','text':'^Call$'}", true, false},
        {"{'json':'$.challenge'}", false, true},
        {"{'json':'$.challenge.none'}", false, true},
        {"{'json':'$.challenge.none','equals':null}", false, true},
        {"{'json':'$.missing'}", false, false},
        {"{'json':'$.challenge.type','equals':'OTP'}", false, true},
        {"{'json':'$.challenge.type','equals':'otp'}", false, false},
        {"{'json':'$.challenge.n','equals':3.0}", false, true},
        {"{'json':'$.challenge.n','equals':'3'}", false, false},
        {"{'json':'$.challenge.n','match':'^3$'}", false, true},
        {"{'json':'$.challenge.ok','equals':false}", false, true},
        {"{'json':'$.challenge','match':'.'}", false, false},
        {"{'json':'$.ways[*].name','match':'(?i)^call'}", false, true},
        {"{'json':'$.challenge.type','text':'pet','status':200}", false, true},
        {"{'json':'$.challenge.type','text':'pet','status':201}", false, false},
    };
    mk_page *h = page(403, "text/html", HTML), *j = page(200, "application/json", JSON);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[300];
        bool held = false;
        snprintf(text, sizeof text, "{'kind':'otp',%s", rows[i].entry + 1);
        mk_rule *r = rule(MK_RULE_MFA, text);
        assert_int_equal(mk_rule_holds(r, h, &held), MK_OK);
        if (held != rows[i].html)
            fail_msg("%s on HTML: %d", rows[i].entry, held);
        assert_int_equal(mk_rule_holds(r, j, &held), MK_OK);
        if (held != rows[i].json)
            fail_msg("%s on JSON: %d", rows[i].entry, held);
        mk_rule_free(r);
    }
    mk_page_unref(h);
    mk_page_unref(j);
    assert_int_equal(account.used, 0);
}

static void one_holds(const char *text, const char *type, const char *body, bool wanted)
{
    bool held = !wanted;
    mk_rule *r = rule(MK_RULE_ERROR, text);
    mk_page *p = page(200, type, body);
    assert_int_equal(mk_rule_holds(r, p, &held), MK_OK);
    if (held != wanted)
        fail_msg("%s on %s", text, type);
    mk_page_unref(p);
    mk_rule_free(r);
}

static void other_pages(void **state)
{
    (void)state;
    one_holds("{'code':'site.down','text':'x y'}", "text/plain", "x y", true);
    one_holds("{'code':'site.down','text':'x y'}", "image/png", "x y", false);
    one_holds("{'code':'site.down','html':'p'}", "text/plain", "<p>x", false);
    one_holds("{'code':'site.down','html':'//Fault'}", "text/xml", "<s><Fault>x</Fault></s>", true);
    one_holds("{'code':'site.down','html':'//Fault'}", "text/xml", "<s><Fault>x</s>", false);
    one_holds("{'code':'site.down','text':'<Fault>'}", "text/xml", "<s><Fault>x</Fault></s>", true);
    one_holds("{'code':'site.down','json':'$.a'}", "text/html", "{\"a\":1}", true);
    one_holds("{'code':'site.down','json':'$'}", "application/json", "{", false);
    char *big = malloc((2 << 20) + 20);
    memset(big, 'a', (2 << 20) + 10);
    big[(2 << 20) + 10] = 0;
    memcpy(big, "<p>needle", 9);
    one_holds("{'code':'site.down','text':'needle'}", "text/html", big, false);
    one_holds("{'code':'site.down','html':'p'}", "text/html", big, false);
    one_holds("{'code':'site.down','status':200}", "text/html", big, true);
    big[2 << 20] = 0;
    one_holds("{'code':'site.down','text':'needle'}", "text/html", big, true);
    free(big);
}

static void takes_too_long(void **state)
{
    (void)state;
    bool held = true;
    char body[5001];
    memset(body, 'a', 5000);
    body[5000] = 0;
    mk_page *p = page(200, "text/plain", body);
    mk_rule *r = rule(MK_RULE_ERROR, "{'code':'site.down','text':'^(a|aa)+[!?]'}");
    int64_t before = mk_clock_cpu_us();
    assert_int_equal(mk_rule_holds(r, p, &held), MK_ELIMIT);
    assert_false(held);
    assert_true(mk_clock_cpu_us() - before < 600000);
    json_t *rows = mk_rule_explain(r, p);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "found")), "took too long");
    json_decref(rows);
    mk_rule_free(r);
    mk_page_unref(p);
}

static void refused(enum mk_rule_sort sort, const char *text, const char *reason)
{
    mk_rule *r = NULL;
    char why[300] = "";
    json_t *e = entry(text);
    if (mk_rule_compile(&r, sort, e, why, sizeof why) != MK_EPARSE || !strstr(why, reason))
        fail_msg("%s: '%s', not '%s'", text, why, reason);
    assert_null(r);
    json_decref(e);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const mfa[][2] = {
        {"{'kind':'otp','htlm':'p'}", "unknown key 'htlm', did you mean 'html'?"},
        {"{'kind':'otp','captcha':'p'}", "unknown key 'captcha'"},
        {"{'kind':'otp','html':'p','code':'site.down'}", "unknown key 'code'"},
        {"{'kind':'opt','html':'p'}", "kind: unknown 'opt', did you mean 'otp'?"},
        {"{'kind':'otp','medium':'smss','html':'p'}", "did you mean 'sms'?"},
        {"{'html':'p'}", "kind is missing"},
        {"{'kind':'otp'}", "no predicate"},
        {"{'kind':'otp','digits':6}", "no predicate"},
        {"{'kind':'otp','html':'p','equals':1}", "equals: needs json"},
        {"{'kind':'otp','html':'p','match':'x'}", "match: needs json"},
        {"{'kind':'otp','json':'$','match':'x','equals':1}", "exclude"},
        {"{'kind':'otp','json':'$','equals':[1]}", "equals: a string, number"},
        {"{'kind':'otp','json':'a.b'}", "json: '$' expected"},
        {"{'kind':'otp','html':'p['}", "html: "},
        {"{'kind':'otp','html':''}", "html: a string expected"},
        {"{'kind':'otp','html':5}", "html: a string expected"},
        {"{'kind':'otp','text':'a(b'}", "text: missing closing parenthesis at character 4 of 'a(b'"},
        {"{'kind':'otp','header':'x'}", "header: a table"},
        {"{'kind':'otp','header':{'x':'['}}", "header.x: "},
        {"{'kind':'otp','header':{}}", "header: a table"},
        {"{'kind':'otp','status':'200'}", "status: an integer"},
        {"{'kind':'otp','status':[]}", "status: 1 to 16"},
        {"{'kind':'otp','status':[200,2000]}", "from 100 to 599"},
        {"{'kind':'otp','status':200.5}", "status: an integer"},
        {"{'kind':'otp','html':'p','digits':0}", "digits: an integer"},
        {"{'kind':'otp','html':'p','expires':'9'}", "expires: an integer"},
        {"{'kind':'otp','html':'p','prompt':5}", "prompt: a selector"},
        {"{'kind':'otp','html':'p','prompt':['a','b']}", "prompt: { \"text\" }"},
        {"{'kind':'otp','html':'p','dest':'$.'}", "dest: name expected"},
        {"{'kind':'select','html':'p','choices':[]}", "choices: 1 to 50"},
        {"{'kind':'select','html':'p','choices':[5]}", "choices: a text or"},
        {"{'kind':'select','html':'p','choices':[{'label':'x'}]}", "choices: a text or"},
        {"{'kind':'select','html':'p','id':'i'}", "id: needs choices"},
        {"{'kind':'select','html':'p','choices':['a'],'label':'i'}", "label: needs choices"},
        {"{'kind':'select','html':'p','choices':'li','id':'$.i'}", "id: a selector expected"},
        {"{'kind':'select','html':'p','choices':'$.a','id':'i['}", "id: "},
        {"[1]", "a table expected"},
    };
    for (size_t i = 0; i < sizeof mfa / sizeof *mfa; i++)
        refused(MK_RULE_MFA, mfa[i][0], mfa[i][1]);
    refused(MK_RULE_ERROR, "{'code':'auth.credential','html':'p'}", "code: unknown 'auth.credential', did you mean "
                                                                    "'auth.credentials'?");
    refused(MK_RULE_ERROR, "{'html':'p'}", "code is missing");
    refused(MK_RULE_ERROR, "{'code':'site.down','html':'p','final':1}", "final: true or false");
    refused(MK_RULE_ERROR, "{'code':'site.down','html':'p','mesage':'x'}", "did you mean 'message'?");
    refused(MK_RULE_ERROR, "{'code':'site.down','html':'p','kind':'otp'}", "unknown key 'kind'");
}

static void gives(const char *type, const char *body, const char *text, const char *expect)
{
    mk_rule *r = rule(MK_RULE_MFA, text);
    mk_page *p = page(200, type, body);
    json_t *got = NULL, *want = entry(expect);
    assert_int_equal(mk_rule_challenge(r, p, &got), MK_OK);
    if (!json_equal(got, want))
        fail_msg("%s gives %s", text, json_dumps(got, JSON_SORT_KEYS));
    json_decref(got);
    json_decref(want);
    mk_page_unref(p);
    mk_rule_free(r);
}

static void challenges(void **state)
{
    (void)state;
    gives("text/html", HTML,
          "{'kind':'otp','medium':'sms','html':'#mfa','prompt':'label[for=code]','digits':6,'dest':'#tel','expires':60}",
          "{'kind':'otp','medium':'sms','prompt':'Enter the code','digits':6,'dest':'*** 1234','expires':60}");
    gives("text/html", HTML, "{'kind':'otp','html':'#mfa','prompt':['Say   it'],'dest':'//span[@id=`to`]'}",
          "{'kind':'otp','prompt':'Say it','dest':'j***@mail.test','expires':900}");
    gives("text/html", HTML, "{'kind':'question','html':'#mfa','prompt':'.none','dest':'$.x','choices':'.none'}",
          "{'kind':'question','expires':900}");
    gives("application/json", JSON,
          "{'kind':'question','json':'$.challenge.type','prompt':'$.challenge.text','dest':'$.challenge.to'}",
          "{'kind':'question','prompt':'Your pet?','dest':'*** 1234','expires':900}");
    gives("application/json", JSON, "{'kind':'otp','json':'$.challenge','prompt':'$.challenge','dest':'p'}",
          "{'kind':'otp','expires':900}");
}

static void choices(void **state)
{
    (void)state;
    static const char options[] = "{'kind':'select','expires':900,'choices':[{'id':'sms','label':'Text ***-1234'},"
                                  "{'id':'mail','label':'Mail'}]}";
    gives("text/html", HTML, "{'kind':'select','html':'form','choices':'select option'}", options);
    gives("text/html", HTML, "{'kind':'select','html':'form','choices':'select[name=m]'}", options);
    gives("text/html", HTML, "{'kind':'select','html':'form','choices':'input[type=radio]'}",
          "{'kind':'select','expires':900,'choices':[{'id':'1','label':'Call'},{'id':'2','label':'Text me'},"
          "{'id':'3','label':'Push'}]}");
    gives("text/html", HTML, "{'kind':'select','html':'form','choices':'li'}",
          "{'kind':'select','expires':900,'choices':[{'id':'a','label':'First one'},{'id':'b','label':'Second'}]}");
    gives("text/html", HTML, "{'kind':'select','html':'form','choices':'li','id':'./@data-id','label':'i'}",
          "{'kind':'select','expires':900,'choices':[{'id':'a','label':'First'},{'id':'b','label':'Second'}]}");
    gives("application/json", JSON, "{'kind':'select','json':'$.ways','choices':'$.ways'}",
          "{'kind':'select','expires':900,'choices':[{'id':'s','label':'Text'},{'id':'7','label':'Call'}]}");
    gives("application/json", JSON, "{'kind':'select','json':'$.ways','choices':'$.ways[*]','id':'name','label':'$.code'}",
          "{'kind':'select','expires':900,'choices':[{'id':'Text','label':'s'},{'id':'Call','label':'7'},"
          "{'id':'no id','label':'no id'}]}");
    gives("application/json", JSON, "{'kind':'select','json':'$.deep','choices':'$.deep','id':'k.i','label':'k.t'}",
          "{'kind':'select','expires':900,'choices':[{'id':'1','label':'one'},{'id':'2','label':'two'}]}");
    gives("application/json", JSON, "{'kind':'select','json':'$.plain','choices':'$.plain'}",
          "{'kind':'select','expires':900,'choices':[{'id':'x','label':'x'},{'id':'y','label':'y'}]}");
    gives("application/json", JSON, "{'kind':'select','json':'$','choices':['a',{'id':'b','label':'Be'},'a']}",
          "{'kind':'select','expires':900,'choices':[{'id':'a','label':'a'},{'id':'b','label':'Be'}]}");
}

static void many_choices(void **state)
{
    (void)state;
    mk_buf body;
    mk_buf_init(&body, 1 << 20);
    for (int i = 0; i < 80; i++)
        mk_buf_addf(&body, "%s%d", i ? "," : "[", i);
    mk_buf_adds(&body, "]");
    mk_rule *r = rule(MK_RULE_MFA, "{'kind':'select','json':'$','choices':'$[*]'}");
    mk_page *p = page(200, "application/json", body.data);
    json_t *got = NULL;
    assert_int_equal(mk_rule_challenge(r, p, &got), MK_OK);
    assert_int_equal(json_array_size(json_object_get(got, "choices")), 50);
    json_decref(got);
    mk_page_unref(p);
    mk_rule_free(r);
    mk_buf_free(&body);
}

static void messages(void **state)
{
    (void)state;
    mk_buf out;
    mk_buf_init(&out, 1000);
    mk_page *p = page(200, "text/html", HTML);
    mk_rule *r = rule(MK_RULE_ERROR, "{'code':'auth.credentials','html':'.error','message':'.error','final':true}");
    assert_string_equal(mk_rule_code(r), "auth.credentials");
    assert_true(mk_rule_final(r));
    assert_int_equal(mk_rule_message(r, p, &out), MK_OK);
    assert_string_equal(out.data, "Email or password is incorrect");
    json_t *none = NULL;
    assert_int_equal(mk_rule_challenge(r, p, &none), MK_EINVAL);
    mk_rule_free(r);
    mk_buf_clear(&out);
    r = rule(MK_RULE_ERROR, "{'code':'auth.credentials','html':'.error'}");
    assert_false(mk_rule_final(r));
    assert_int_equal(mk_rule_message(r, p, &out), MK_OK);
    assert_string_equal(out.data, "");
    mk_rule_free(r);
    mk_page_unref(p);
    mk_buf body;
    mk_buf_init(&body, 2000);
    mk_buf_adds(&body, "{\"m\":\"");
    for (int i = 0; i < 300; i++)
        mk_buf_adds(&body, "\xc3\xa9 ");
    mk_buf_adds(&body, "\"}");
    p = page(200, "application/json", body.data);
    mk_buf_free(&body);
    r = rule(MK_RULE_ERROR, "{'code':'site.down','status':200,'message':'$.m'}");
    assert_int_equal(mk_rule_message(r, p, &out), MK_OK);
    assert_int_equal(out.len, 500); /* 167 letters of two bytes, 166 spaces */
    mk_rule_free(r);
    mk_page_unref(p);
    mk_buf_free(&out);
}

static void explains(void **state)
{
    (void)state;
    mk_page *p = page(200, "application/json", JSON);
    mk_rule *r = rule(MK_RULE_MFA, "{'kind':'otp','status':[200,201],'html':'p','text':'Your (pet|cat)','url':'nope',"
                                   "'json':'$.challenge.type','equals':'otp','header':{'x-wall':'bot'}}");
    json_t *got = mk_rule_explain(r, p);
    json_t *want = entry("[{'predicate':'status','pattern':'200, 201','held':true,'found':'200'},"
                         "{'predicate':'url','pattern':'nope','held':false},"
                         "{'predicate':'header','pattern':'x-wall: bot','held':true,'found':'bot'},"
                         "{'predicate':'json','pattern':'$.challenge.type equals \\'otp\\'','held':false,'found':'OTP'},"
                         "{'predicate':'html','pattern':'p','held':false},"
                         "{'predicate':'text','pattern':'Your (pet|cat)','held':false}]");
    if (!json_equal(got, want))
        fail_msg("%s", json_dumps(got, 0));
    json_decref(got);
    json_decref(want);
    mk_rule_free(r);
    r = rule(MK_RULE_MFA, "{'kind':'otp','text':'Your (pet|cat)'}");
    got = mk_rule_explain(r, p);
    assert_string_equal(json_string_value(json_object_get(json_array_get(got, 0), "found")), "Your pet");
    json_decref(got);
    mk_rule_free(r);
    mk_page_unref(p);
}

static void masks(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"jane.doe@mail.example", "j***@mail.example"},
        {" a@b.test ", "a***@b.test"},
        {"p***@mail.example", "p***@mail.example"},
        {"j\xe2\x80\xa2\xe2\x80\xa2@x.test", "j\xe2\x80\xa2\xe2\x80\xa2@x.test"},
        {"\xc3\xa9mile@x.test", "\xc3\xa9***@x.test"},
        {"+1 (555) 010-1234", "*** 1234"},
        {"5550101234", "*** 1234"},
        {"555.010.1234", "*** 1234"},
        {"555\xe2\x80\x91" "010\xe2\x80\x91" "1234", "*** 1234"},
        {"555\xc2\xa0" "010\xc2\xa0" "1234", "*** 1234"},
        {"***-***-1234", "***-***-1234"},
        {"ending in 1234", "ending in 1234"},
        {"12345", "*** 45"},
        {"call 555-010-1234 now.", "call *** 1234 now."},
        {"to <jane@x.test>, 555-010-1234", "to <j***@x.test>, *** 1234"},
        {"* 555-010-1234", "* *** 1234"},
        {"My phone", "My phone"},
        {"@x", "@x"},
        {"x@", "x@"},
        {"", ""},
    };
    mk_buf out;
    mk_buf_init(&out, 200);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        mk_buf_clear(&out);
        assert_int_equal(mk_mask_dest(&out, list[i][0], strlen(list[i][0])), MK_OK);
        assert_string_equal(out.data, list[i][1]);
    }
    mk_buf_free(&out);
    mk_buf_init(&out, 5);
    mk_buf_adds(&out, "ab");
    assert_int_equal(mk_mask_dest(&out, "jane@x.test", 11), MK_ELIMIT);
    assert_string_equal(out.data, "ab");
    mk_buf_free(&out);
}

static int all_of_it(const json_t *e, const char *type, const char *body)
{
    mk_rule *r = NULL;
    mk_page *p = NULL;
    json_t *challenge = NULL, *rows = NULL;
    bool held = false;
    int err = mk_rule_compile(&r, MK_RULE_MFA, e, NULL, 0);
    if (!err)
        err = try_page(&p, 200, type, body);
    if (!err)
        err = mk_rule_holds(r, p, &held);
    if (!err)
        err = mk_rule_challenge(r, p, &challenge);
    if (!err && !(rows = mk_rule_explain(r, p)))
        err = MK_ENOMEM;
    if (!err) {
        assert_true(held);
        assert_int_equal(json_array_size(json_object_get(challenge, "choices")), 2);
        assert_true(json_array_size(rows) > 1);
    }
    json_decref(rows);
    json_decref(challenge);
    mk_page_unref(p);
    mk_rule_free(r);
    return err;
}

static void out_of_memory(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "{'kind':'select','medium':'sms','html':'form','text':'code','choices':'select option','prompt':'label',"
        "'header':{'x-wall':'bot'},'dest':'#tel'}",
        "{'kind':'select','json':'$.challenge.type','equals':'OTP','status':200,'choices':'$.ways','id':'code',"
        "'prompt':'$.challenge.text','label':'name'}"};
    for (size_t i = 0; i < 2; i++) {
        json_t *e = entry(entries[i]);
        long live = mk_mem_live();
        int err = MK_ENOMEM;
        for (unsigned long n = 1; err; n++) {
            mk_mem_fail_at(n, false);
            err = all_of_it(e, i ? "application/json" : "text/html", i ? JSON : HTML);
            mk_mem_fail_at(0, false);
            if (err && err != MK_ENOMEM)
                fail_msg("allocation %lu: error %d", n, err);
            if (mk_mem_live() != live || account.used)
                fail_msg("allocation %lu: %ld alive, %zu charged", n, mk_mem_live() - live, account.used);
        }
        json_decref(e);
    }
}

int main(void)
{
    mk_html_init();
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds),      cmocka_unit_test(other_pages), cmocka_unit_test(takes_too_long),
        cmocka_unit_test(refusals),   cmocka_unit_test(challenges),  cmocka_unit_test(choices),
        cmocka_unit_test(many_choices), cmocka_unit_test(messages),  cmocka_unit_test(explains),
        cmocka_unit_test(masks),      cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
