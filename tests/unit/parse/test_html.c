/* test_html.c - documents: parsing, limits, text, attributes, memory */
#include "base/oom.h"
#include "parse/html.h"
#include <stdio.h>

static mk_doc *parse(const char *text)
{
    mk_doc *doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, text, strlen(text), false, NULL, NULL), MK_OK);
    return doc;
}

static mk_node *one(mk_doc *doc, const char *text)
{
    mk_selector *selector = NULL;
    mk_nodes nodes = { 0 };
    assert_int_equal(mk_selector_compile(&selector, text, NULL, 0), MK_OK);
    assert_int_equal(mk_doc_select(doc, NULL, selector, 1, &nodes), MK_OK);
    mk_node *node = nodes.count ? nodes.list[0] : NULL;
    mk_nodes_free(&nodes);
    mk_selector_free(selector);
    return node;
}

static void expect_text(const char *page, const char *text)
{
    mk_doc *doc = parse(page);
    mk_buf out;
    mk_buf_init(&out, 10000);
    assert_int_equal(mk_node_text(doc, mk_doc_root(doc), &out), MK_OK);
    assert_string_equal(out.data, text);
    mk_buf_free(&out);
    mk_doc_free(doc);
}

static void test_text(void **state)
{
    (void)state;
    expect_text("<p>one</p><p>two</p>", "one two");
    expect_text("a<b>b</b>c", "abc");
    expect_text("  a \n\t b&nbsp;&nbsp;c<br>d ", "a b c d");
    expect_text("<td>1</td><table><tr><td>2</td><td>3</td></tr></table>4", "1 2 3 4");
    expect_text("<p>x<script>var y</script><style>z</style><noscript>n</noscript><template>t</template><!--c-->w",
                "xw");
    expect_text("<div>a<span> b</span></div>", "a b");
    expect_text("caf\xC3\xA9 &euro;", "caf\xC3\xA9 \xE2\x82\xAC");
}

static void expect_html(const char *page, const char *selector, const char *html)
{
    mk_doc *doc = parse(page);
    mk_buf out;
    mk_buf_init(&out, 10000);
    assert_int_equal(mk_node_html(doc, one(doc, selector), &out), MK_OK);
    assert_string_equal(out.data, html);
    mk_buf_free(&out);
    mk_doc_free(doc);
}

static void test_serialised(void **state)
{
    (void)state;
    expect_html("<p id=a>x &lt; y &amp;<br><img src='/a b?c=1&amp;d=2'>", "p",
                "<p id=\"a\">x &lt; y &amp;<br><img src=\"/a b?c=1&amp;d=2\"></p>");
    expect_html("<script>if (a<b && c) {}</script>", "script", "<script>if (a<b && c) {}</script>");
    expect_html("<p>\xC3\xA9<!--c--></p>", "p", "<p>\xC3\xA9<!--c--></p>");
    expect_html("<p title='a\"b'>", "//p/@title", "a\"b");
}

static void test_attributes(void **state)
{
    (void)state;
    mk_doc *doc = parse("<input ID=code Value='a&amp;b' disabled>");
    mk_node *node = one(doc, "input");
    assert_string_equal(mk_node_tag(node), "input");
    assert_string_equal(mk_node_attr(doc, node, "value"), "a&b");
    assert_string_equal(mk_node_attr(doc, node, "disabled"), "disabled");
    assert_null(mk_node_attr(doc, node, "name"));
    assert_int_equal(mk_node_set_attr(doc, node, "value", "<\">"), MK_OK);
    assert_string_equal(mk_node_attr(doc, node, "value"), "<\">");
    assert_int_equal(mk_node_set_attr(doc, node, "name", "n"), MK_OK);
    assert_ptr_equal(one(doc, "[name=n]"), node);
    assert_int_equal(mk_node_set_attr(doc, node, "id", "other"), MK_OK);
    assert_ptr_equal(one(doc, "#other"), node);
    assert_ptr_equal(one(doc, "(id('other'))"), node);
    assert_null(one(doc, "(id('code'))"));
    assert_int_equal(mk_node_set_attr(doc, node, "disabled", NULL), MK_OK);
    assert_null(mk_node_attr(doc, node, "disabled"));
    assert_int_equal(mk_node_set_attr(doc, node, "disabled", NULL), MK_OK);
    assert_int_equal(mk_node_set_attr(doc, node, "a b", "x"), MK_EINVAL);
    assert_int_equal(mk_node_set_attr(doc, node, "a", "\xFF"), MK_EINVAL);
    mk_doc_free(doc);
}

/* A script may hold an attribute as a node while it is taken away. */
static void test_held_attribute(void **state)
{
    (void)state;
    mk_doc *doc = parse("<a href=/x>");
    mk_node *attr = one(doc, "//a/@href");
    mk_node *node = mk_node_parent(attr);
    mk_buf out;
    mk_buf_init(&out, 100);
    assert_int_equal(mk_node_set_attr(doc, node, "href", "/y"), MK_OK);
    assert_int_equal(mk_node_text(doc, attr, &out), MK_OK);
    assert_string_equal(out.data, "/y");
    assert_int_equal(mk_node_set_attr(doc, node, "href", NULL), MK_OK);
    assert_int_equal(mk_node_set_attr(doc, node, "id", "fresh"), MK_OK);
    mk_buf_clear(&out);
    assert_int_equal(mk_node_text(doc, attr, &out), MK_OK);
    assert_string_equal(out.data, "/y");
    assert_null(mk_node_parent(attr));
    mk_buf_free(&out);
    mk_doc_free(doc);
}

static void test_walk_and_base(void **state)
{
    (void)state;
    mk_doc *doc = parse("<head><base target=x><base href=/b/><base href=/c/></head><body>t<i>1</i>u<b>2</b></body>");
    assert_string_equal(mk_doc_base(doc), "/b/");
    mk_node *body = one(doc, "body"), *i = mk_node_child(body);
    assert_string_equal(mk_node_tag(i), "i");
    assert_string_equal(mk_node_tag(mk_node_next(i)), "b");
    assert_null(mk_node_next(mk_node_next(i)));
    assert_null(mk_node_child(i));
    assert_ptr_equal(mk_node_parent(i), body);
    assert_null(mk_node_parent(mk_doc_root(doc)));
    mk_doc_free(doc);
}

static void test_anything_is_html(void **state)
{
    (void)state;
    static const char bytes[] = "a\0b\xFF<p>c";
    mk_doc *doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, bytes, sizeof bytes - 1, false, NULL, NULL), MK_OK);
    mk_buf out;
    mk_buf_init(&out, 100);
    assert_int_equal(mk_node_text(doc, mk_doc_root(doc), &out), MK_OK);
    assert_string_equal(out.data, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD c");
    mk_buf_free(&out);
    mk_doc_free(doc);
    doc = parse("");
    assert_null(mk_doc_root(doc));
    assert_null(one(doc, "p"));
    assert_null(mk_doc_base(doc));
    mk_doc_free(doc);
}

static char *nested(const char *tag, size_t times)
{
    size_t len = strlen(tag);
    char *text = mk_malloc(len * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, tag, len);
    text[len * times] = '\0';
    return text;
}

static int depth_of(size_t times, bool xml)
{
    char *text = nested("<div>", times);
    mk_doc *doc = NULL;
    int err = mk_doc_parse(&doc, text, strlen(text), xml, NULL, NULL);
    mk_free(text);
    mk_doc_free(doc);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    long live = mk_mem_live();
    assert_int_equal(depth_of(500, false), MK_OK);
    assert_int_equal(depth_of(600, false), MK_ELIMIT);
    assert_int_equal(depth_of(300000, false), MK_ELIMIT);
    assert_int_equal(depth_of(300000, true), MK_ELIMIT);
    mk_html_limits small = mk_html_defaults;
    small.max_bytes = 5;
    mk_doc *doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, "<p>123", 6, false, &small, NULL), MK_ELIMIT);
    assert_null(doc);
    assert_int_equal(mk_mem_live(), live);
}

static void test_account(void **state)
{
    (void)state;
    long live = mk_mem_live();
    mk_account account = { .limit = 200000 };
    mk_doc *doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, "<p>x", 4, false, NULL, &account), MK_OK);
    assert_true(account.used > 1000);
    /* What a script does again and again does not grow the document. */
    size_t used = 0;
    for (int i = 0; i < 3000; i++) {
        assert_non_null(one(doc, "p:contains('x')"));
        assert_int_equal(mk_node_set_attr(doc, one(doc, "//p"), "title", i % 2 ? "a" : "b"), MK_OK);
        if (i == 1000) /* what XPath keeps for reuse is full */
            used = account.used;
    }
    assert_int_equal(account.used, used);
    mk_doc_free(doc);
    assert_int_equal(account.used, 0);
    char *big = nested("<br>", 5000);
    doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, big, strlen(big), false, NULL, &account), MK_ENOMEM);
    assert_null(doc);
    assert_int_equal(account.used, 0);
    mk_free(big);
    assert_int_equal(mk_mem_live(), live);
}

static void test_side_by_side(void **state)
{
    (void)state;
    mk_doc *docs[20];
    for (int i = 0; i < 20; i++)
        docs[i] = parse(i % 2 ? "<p class=odd>1" : "<p class=even>0");
    mk_selector *selector = NULL;
    assert_int_equal(mk_selector_compile(&selector, "p.odd, p.even:empty", NULL, 0), MK_OK);
    for (int i = 0; i < 20; i += 3)
        mk_doc_free(docs[i]), docs[i] = NULL;
    for (int i = 19; i >= 0; i--) {
        mk_nodes nodes = { 0 };
        if (!docs[i])
            continue;
        assert_int_equal(mk_doc_select(docs[i], NULL, selector, 0, &nodes), MK_OK);
        assert_int_equal(nodes.count, i % 2);
        mk_nodes_free(&nodes);
        mk_doc_free(docs[i]);
    }
    mk_selector_free(selector);
}

static int parse_xml(const char *text, char *what, size_t cap)
{
    mk_doc *doc = NULL;
    mk_buf out;
    mk_buf_init(&out, cap - 1);
    int err = mk_doc_parse(&doc, text, strlen(text), true, NULL, NULL);
    if (!err && !(err = mk_node_text(doc, mk_doc_root(doc), &out)))
        snprintf(what, cap, "%s", out.data);
    mk_buf_free(&out);
    mk_doc_free(doc);
    return err;
}

static void test_xml(void **state)
{
    (void)state;
    char what[200];
    assert_int_equal(parse_xml("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xC3\xA9<B/><![CDATA[<x>]]></a>", what,
                               sizeof what),
                     MK_OK);
    assert_string_equal(what, "\xC3\xA9 <x>");
    assert_int_equal(parse_xml("<a><b></a>", what, sizeof what), MK_EPARSE);
    assert_int_equal(parse_xml("", what, sizeof what), MK_EPARSE);
    assert_int_equal(parse_xml("<a>\xFF</a>", what, sizeof what), MK_EPARSE);
    assert_int_equal(parse_xml("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", what, sizeof what),
                     MK_EPARSE);
    assert_int_equal(parse_xml("<!DOCTYPE a [<!ENTITY x 'yyyyyyyy'><!ENTITY z '&x;&x;&x;'>]><a b='&z;'>&z;</a>", what,
                               sizeof what),
                     MK_EPARSE);
    assert_int_equal(parse_xml("<!DOCTYPE html PUBLIC '-' 'http://127.0.0.1:1/x.dtd'><html>a&eacute;b</html>", what,
                               sizeof what),
                     MK_OK);
    assert_string_equal(what, "a\xC3\xA9" "b");
}

static int whole_use(void)
{
    mk_doc *doc = NULL;
    mk_buf out;
    mk_buf_init(&out, 10000);
    static const char page[] = "<form id=f><input name=a><p>\xFFtext<b>bold</b></form>";
    int err = mk_doc_parse(&doc, page, sizeof page - 1, false, NULL, NULL);
    if (!err)
        err = mk_node_set_attr(doc, mk_doc_root(doc), "lang", "en");
    if (!err)
        err = mk_node_text(doc, mk_doc_root(doc), &out);
    if (!err)
        err = mk_node_html(doc, mk_doc_root(doc), &out);
    mk_buf_free(&out);
    mk_doc_free(doc);
    return err;
}

static void test_oom(void **state)
{
    (void)state;
    each_allocation_fails(whole_use());
}

/* Each byte of the account as the limit in turn: libxml2 is left in any place. */
static void test_account_everywhere(void **state)
{
    (void)state;
    char *page = nested("<p class=a>text<table><tr><td><input name=x value=y></table>", 200);
    long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (size_t limit = 1; err; limit += 16384) {
        mk_account account = { .limit = limit };
        mk_doc *doc = NULL;
        err = mk_doc_parse(&doc, page, strlen(page), false, NULL, &account);
        assert_true(!err || err == MK_ENOMEM);
        mk_doc_free(doc);
        assert_int_equal(account.used, 0);
        assert_int_equal(mk_mem_live(), live);
    }
    mk_free(page);
}

int main(void)
{
    mk_html_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),           cmocka_unit_test(test_serialised),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_held_attribute),
        cmocka_unit_test(test_walk_and_base),  cmocka_unit_test(test_anything_is_html),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_account),
        cmocka_unit_test(test_side_by_side),   cmocka_unit_test(test_xml),
        cmocka_unit_test(test_oom),            cmocka_unit_test(test_account_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
