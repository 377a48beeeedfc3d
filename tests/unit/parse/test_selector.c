/* test_selector.c - CSS and XPath selectors: what they find, refuse and cost */
#include "base/oom.h"
#include "parse/html.h"
#include <stdio.h>

static const char page[] =
    "<body><form id=mfa action=/v><label for=code>Enter  the\n code</label>"
    "<input id=i1 name=code type=TEXT class='big red'><input id=i2 name='a\"b' type=checkbox checked>"
    "<fieldset disabled><legend><input id=i3></legend><input id=i4></fieldset></form>"
    "<ul id=u><li id=l1 lang=en-US>1<li id=l2 class=x>2<li id=l3>3<li id=l4>4</ul>"
    "<div id=d><p id=p1>a</p><p id=p2><b id=b1></b></p><span id=s1></span><p id=p3>c</p></div>"
    "<div id=weird.id data-X=Y></div><select id=s><option id=o1 selected>A<option id=o2>B</select></body>";

static mk_doc *doc;

/* The ids of what is found, joined by spaces; or "!code". */
static void find(mk_doc *in, mk_node *below, const char *text, size_t most, char *out, size_t cap)
{
    mk_selector *selector = NULL;
    mk_nodes nodes = { 0 };
    char why[200];
    int err = mk_selector_compile(&selector, text, why, sizeof why);
    if (!err)
        err = mk_doc_select(in, below, selector, most, &nodes);
    size_t at = 0;
    *out = '\0';
    if (err)
        snprintf(out, cap, "!%d", err);
    for (size_t i = 0; i < nodes.count; i++) {
        const char *id = mk_node_attr(in, nodes.list[i], "id");
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? " " : "", id ? id : mk_node_tag(nodes.list[i]));
    }
    mk_nodes_free(&nodes);
    mk_selector_free(selector);
}

static const struct {
    const char *selector, *ids;
} rows[] = {
    { "li", "l1 l2 l3 l4" }, { "LI", "l1 l2 l3 l4" }, { "#l2", "l2" }, { "li.x", "l2" }, { ".red.big", "i1" },
    { ".re", "" }, { "ul > li", "l1 l2 l3 l4" }, { "body > li", "" }, { "body li.x", "l2" }, { "li + li", "l2 l3 l4" },
    { "li.x ~ li", "l3 l4" }, { "li.x,\n#p1 , span", "l2 p1 s1" }, { "form#mfa input[name=code]", "i1" },
    { "[NAME='code']", "i1" }, { "[name=Code]", "" }, { "[name=Code i]", "i1" }, { "[type=text]", "i1" },
    { "[type=text s]", "" }, { "[name='a\"b']", "i2" }, { "[name=\"a\\\"b\"]", "i2" }, { "[lang|=en]", "l1" },
    { "[lang|=e]", "" }, { "[class~=red]", "i1" }, { "[class~='big red']", "" }, { "[id^=we]", "weird.id" },
    { "[id$='.id']", "weird.id" }, { "[id$='xxxxxxxxxxxxxxxxxxx']", "" }, { "[id*=eir]", "weird.id" }, { "[id*='']", "" },
    { "[id^='']", "" }, { "#weird\\.id", "weird.id" }, { "#weird\\2e id", "weird.id" }, { "[data-x=Y]", "weird.id" },
    { "[type='']", "" }, { "label[for=code]", "label" }, { "li:first-child", "l1" }, { "li:last-child", "l4" },
    { "li:nth-child(2)", "l2" }, { "li:nth-child(odd)", "l1 l3" }, { "li:nth-child( even )", "l2 l4" },
    { "li:nth-child(2n+1)", "l1 l3" }, { "li:nth-child(-n+2)", "l1 l2" }, { "li:nth-child(3n - 1)", "l2" },
    { "li:nth-child(n+3)", "l3 l4" }, { "li:nth-last-child(1)", "l4" }, { "p:nth-of-type(3)", "p3" },
    { "p:nth-child(3)", "" }, { "#d p:first-of-type", "p1" }, { "p:last-of-type", "p3" },
    { "span:only-of-type", "s1" }, { "p:only-child", "" }, { "b:only-child", "b1" }, { "#d *:empty", "b1 s1" },
    { "li:not(.x)", "l1 l3 l4" }, { "li:not(.x, :first-child)", "l3 l4" }, { "li:not(ul > .x)", "l1 l3 l4" },
    { "p:has(b)", "p2" }, { "p:has(> b)", "p2" }, { "p:has(+ span)", "p2" }, { "div:has(> b)", "" },
    { "label:contains(\"the code\")", "label" }, { "label:contains(enter)", "" }, { "li:contains('')", "l1 l2 l3 l4" },
    { ":checked", "i2 o1" }, { "input:disabled", "i4" }, { "input:enabled", "i1 i2 i3" }, { ":is(b, span)", "b1 s1" },
    { "ul,ol", "u" }, { "//li[2]", "l2" }, { "(//li)[last()]", "l4" }, { "//li | //span", "l1 l2 l3 l4 s1" },
    { "//label/@for", "for" }, { "/html/body/ul", "u" }, { "//li[.='3']/preceding-sibling::li[1]", "l2" },
    { "//label/text()", "#text" }, { "(1+1)", "!2" }, { "(string(//li))", "!2" }, { "//nope()", "!3" },
    { "/x[nope()]", "" }, { "//li[nope()]", "!2" }, { "//li[$v]", "!2" },
};

static void test_rows(void **state)
{
    (void)state;
    char got[500];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        find(doc, NULL, rows[i].selector, 0, got, sizeof got);
        if (strcmp(got, rows[i].ids) != 0)
            fail_msg("%s: found \"%s\", not \"%s\"", rows[i].selector, got, rows[i].ids);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", " ", ",", "a,", ">", "a >", "a > > b", "a b >", "#", ".", ".1", "a..b", "[",
                                       "[]", "[a", "[a=", "[a=b", "[a='b]", "[a!=b]", "[a=b x]", "a:", "a::before",
                                       "a:nope", "a:not", "a:not(", "a:not()", "a:not(b", "a)", "a]", "a$", "a|b",
                                       "li:nth-child(x)", "li:nth-child(2n+)", "li:contains('x", "a\\", "//a[", "(",
                                       "./", "//a['", "\xFF", ":not(:not(:not(:not(:not(:not(:not(a)))))))" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mk_selector *selector = NULL;
        char why[100] = "";
        int err = mk_selector_compile(&selector, bad[i], why, sizeof why);
        if (err != MK_EPARSE || !*why)
            fail_msg("\"%s\": %d \"%s\"", bad[i], err, why);
        assert_null(selector);
    }
    char why[100];
    mk_selector *selector = NULL;
    assert_int_equal(mk_selector_compile(&selector, "li:frist-child", why, sizeof why), MK_EPARSE);
    assert_non_null(strstr(why, "perhaps :first-child"));
    char tiny[4];
    assert_int_equal(mk_selector_compile(&selector, "li:frist-child", tiny, sizeof tiny), MK_EPARSE);
    assert_int_equal(strlen(tiny), 3);
}

static mk_node *by_id(const char *id)
{
    mk_selector *selector = NULL;
    mk_nodes nodes = { 0 };
    char text[40];
    snprintf(text, sizeof text, "#%s", id);
    assert_int_equal(mk_selector_compile(&selector, text, NULL, 0), MK_OK);
    assert_int_equal(mk_doc_select(doc, NULL, selector, 1, &nodes), MK_OK);
    assert_int_equal(nodes.count, 1);
    mk_node *node = nodes.list[0];
    mk_nodes_free(&nodes);
    mk_selector_free(selector);
    return node;
}

static void test_below(void **state)
{
    (void)state;
    static const struct {
        const char *id, *selector, *ids;
    } below[] = {
        { "d", "p", "p1 p2 p3" }, { "d", "//p", "p1 p2 p3" }, { "d", "//li", "" }, { "d", "./p[1]", "p1" },
        { "d", "(//p)[2]", "p2" }, { "d", "//li | //b", "b1" }, { "d", "body p", "p1 p2 p3" }, { "d", "div", "" },
        { "d", "//p[//li]", "p1 p2 p3" }, { "d", "/html", "" }, { "d", "( //p | //li )[1]", "p1" },
        { "p1", "./../span", "s1" }, { "d", "//p[contains(., '//') or .='a']", "p1" },
    };
    char got[500];
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        find(doc, by_id(below[i].id), below[i].selector, 0, got, sizeof got);
        if (strcmp(got, below[i].ids) != 0)
            fail_msg("%s: found \"%s\", not \"%s\"", below[i].selector, got, below[i].ids);
    }
    find(doc, NULL, "li", 2, got, sizeof got);
    assert_string_equal(got, "l1 l2");
}

static void test_xml(void **state)
{
    (void)state;
    static const char text[] = "<s:Envelope xmlns:s='urn:s' xmlns='urn:d'><s:Body id='b'><Item id='1' Type='X'/>"
                               "<item id='2'/></s:Body></s:Envelope>";
    mk_doc *xml = NULL;
    char got[100];
    assert_int_equal(mk_doc_parse(&xml, text, strlen(text), true, NULL, NULL), MK_OK);
    static const struct {
        const char *selector, *ids;
    } of_xml[] = { { "Item", "1" }, { "Body > item", "2" }, { "[Type=X]", "1" }, { "[type=X]", "" },
                   { "//s:Body", "b" }, { "//t:Body", "!2" }, { "Item, item", "1 2" } };
    for (size_t i = 0; i < sizeof of_xml / sizeof *of_xml; i++) {
        find(xml, NULL, of_xml[i].selector, 0, got, sizeof got);
        assert_string_equal(got, of_xml[i].ids);
    }
    mk_doc_free(xml);
}

/* 20,000 rows: linear work passes, quadratic work would pass the limit (or hang). */
static void test_cost(void **state)
{
    (void)state;
    enum { ROWS = 20000 };
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(mk_buf_adds(&text, "<i>"), MK_OK), assert_int_equal(mk_buf_adds(&text, "</i>"), MK_OK);
    mk_doc *big = NULL;
    assert_int_equal(mk_doc_parse(&big, text.data, text.len, false, NULL, NULL), MK_OK);
    static char got[1 << 20];
    static const char *const fine[] = { "i:nth-child(20000)", "i:nth-last-child(1)", "i:last-of-type", "i.x", "i, b",
                                        "i:contains(x)", "i[a=b]" };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        find(big, NULL, fine[i], 0, got, sizeof got);
        if (*got == '!')
            fail_msg("%s: %s", fine[i], got);
    }
    find(big, NULL, "//i[count(//i) = count(//i)]", 0, got, sizeof got);
    assert_string_equal(got, "!4");
    find(big, NULL, "i:last-child", 0, got, sizeof got); /* the next one is not hurt */
    assert_string_equal(got, "i");
    mk_doc_free(big);
    mk_buf_free(&text);
}

static int compile(const char *text)
{
    mk_selector *selector = NULL;
    int err = mk_selector_compile(&selector, text, NULL, 0);
    mk_selector_free(selector);
    return err;
}

static int select_fresh(mk_selector *selector)
{
    mk_doc *fresh = NULL;
    mk_nodes nodes = { 0 };
    int err = mk_doc_parse(&fresh, page, sizeof page - 1, false, NULL, NULL);
    if (!err)
        err = mk_doc_select(fresh, NULL, selector, 0, &nodes);
    mk_nodes_free(&nodes);
    mk_doc_free(fresh);
    return err;
}

static void test_oom(void **state)
{
    (void)state;
    each_allocation_fails(compile("Form#a > b.c:not([d='e\"\\'']):nth-child(2), :has(i)"));
    each_allocation_fails(compile("(//a)[1] | //b"));
    mk_selector *selector = NULL;
    assert_int_equal(mk_selector_compile(&selector, "label:contains(code), li:nth-child(2)", NULL, 0), MK_OK);
    each_allocation_fails(select_fresh(selector));
    mk_selector_free(selector);
}

static void test_translation(void **state)
{
    (void)state;
    mk_selector *selector = NULL;
    assert_int_equal(mk_selector_compile(&selector, "form#mfa > input[name=code]", NULL, 0), MK_OK);
    assert_string_equal(mk_selector_xpath(selector), "descendant::input[@name='code'][parent::form[@id='mfa']]");
    mk_selector_free(selector);
}

int main(void)
{
    mk_html_init();
    if (mk_doc_parse(&doc, page, sizeof page - 1, false, NULL, NULL))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_refused), cmocka_unit_test(test_below),
        cmocka_unit_test(test_xml),  cmocka_unit_test(test_cost),    cmocka_unit_test(test_oom),
        cmocka_unit_test(test_translation),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mk_doc_free(doc);
    return failed;
}
