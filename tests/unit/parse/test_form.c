/* test_form.c - the controls of forms, as a browser would have them */
#include "base/oom.h"
#include "parse/form.h"
#include <stdio.h>

/* The controls of the form `selector`, as "name=value" with marks: * on, ! disabled, and the type's letter. */
static void read_form(const char *page, const char *selector, char *out, size_t cap)
{
    mk_doc *doc = NULL;
    mk_selector *compiled = NULL;
    mk_nodes nodes = { 0 };
    mk_form *form = NULL;
    size_t at = 0;
    assert_int_equal(mk_doc_parse(&doc, page, strlen(page), false, NULL, NULL), MK_OK);
    assert_int_equal(mk_selector_compile(&compiled, selector, NULL, 0), MK_OK);
    assert_int_equal(mk_doc_select(doc, NULL, compiled, 1, &nodes), MK_OK);
    assert_int_equal(nodes.count, 1);
    assert_int_equal(mk_form_read(&form, doc, nodes.list[0]), MK_OK);
    *out = '\0';
    for (size_t i = 0; i < form->count; i++) {
        const mk_control *it = &form->controls[i];
        at += (size_t)snprintf(out + at, cap - at, "%s%c:%s=%s%s%s", i ? " " : "", "tphcrsfb"[it->type], it->name,
                               it->value, it->on ? "*" : "", it->disabled ? "!" : "");
    }
    mk_form_free(form);
    mk_nodes_free(&nodes);
    mk_selector_free(compiled);
    mk_doc_free(doc);
}

static const struct {
    const char *page, *controls;
} rows[] = {
    { "<form><input name=a value=1><input type=PASSWORD name=b><input type=hidden name=c value=3>"
      "<input type=email name=d value=' x@y.test '><input type=odd name=e></form>",
      "t:a=1 p:b= h:c=3 t:d=x@y.test t:e=" },
    { "<form><input type=checkbox name=a><input type=checkbox name=a value=v checked><input type=file name=f value=x>"
      "</form>",
      "c:a=on c:a=v* f:f=" },
    { "<form><input type=radio name=a value=1 checked><input type=radio name=a value=2 checked>"
      "<input type=radio name=b value=3 checked></form>",
      "r:a=1 r:a=2* r:b=3*" },
    { "<form><select name=s><option value=1>A<option>  B  b </select></form>", "s:s=1* s:s=B b" },
    { "<form><select name=s><option value=1 disabled>A<option value=2>B</select></form>", "s:s=1! s:s=2*" },
    { "<form><select name=s><option selected>A<option selected>B</select></form>", "s:s=A s:s=B*" },
    { "<form><select name=s multiple><option selected>A<option selected>B<option>C</select></form>",
      "s:s=A* s:s=B* s:s=C" },
    { "<form><select name=s multiple><option>A</select><select name=t size=3><option>B</select></form>",
      "s:s=A s:t=B" },
    { "<form><select name=s><optgroup disabled><option>A</optgroup><optgroup><option>B</optgroup></select></form>",
      "s:s=A! s:s=B*" },
    { "<form><select name=s disabled><option>A</select></form>", "s:s=A*!" },
    { "<form><select name=s></select></form>", "" },
    { "<form><textarea name=t>\n\na\r\nb</textarea><textarea name=u></textarea></form>", "t:t=\na\nb t:u=" },
    { "<form><textarea name=t>a <b>c</b> &lt;d></textarea></form>", "t:t=a <b>c</b> <d>" },
    { "<form><button name=a value=1>x</button><button type=button name=b>y</button><button type=reset></button>"
      "<input type=submit name=c value=go><input type=image name=d><input type=reset><input type=button></form>",
      "b:a=1 b:c=go b:d=" },
    { "<form><fieldset disabled><legend><input name=a></legend><legend><input name=b></legend><input name=c>"
      "<fieldset><legend><input name=d></legend></fieldset></fieldset><input name=e disabled></form>",
      "t:a= t:b=! t:c=! t:d=! t:e=!" },
    { "<input name=x form=f><form id=f><input name=a><input name=b form=g></form><input name=y form=f>"
      "<form id=g></form>",
      "t:x= t:a= t:y=" },
    { "<form id=f><input name=a form=nobody></form>", "" },
    { "<form id=f></form><p id=f><input name=a form=f>", "t:a=" },
    { "<form><datalist><option value=1></datalist><template><input name=t></template><input name=a></form>", "t:a=" },
    { "<form><input value=nameless><input name=a value='x\ny'></form>", "t:=nameless t:a=xy" },
    /* where libxml2 closes the form and a browser does not */
    { "<table><form><tr><td><input name=a></td></tr></table><input name=b></form><input name=c>", "t:a= t:b=" },
    { "<table><tr><form><td><input name=a></td></tr><tr><td><input name=b></td></tr></form></table><input name=c>",
      "t:a= t:b=" },
    { "<div><form></div><div><input name=a><select name=s><option>1</select></div></form><input name=b>",
      "t:a= s:s=1*" },
    { "<div><form id=one></div></form><input name=b><form><input name=c></form>", "" },
    { "<form><input name=a><form><input name=b></form><input name=c>", "t:a= t:b=" },
    { "<form><input name=a></FORM ><input name=b>", "t:a=" },
};

static void test_rows(void **state)
{
    (void)state;
    char got[500];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_form(rows[i].page, "form", got, sizeof got);
        if (strcmp(got, rows[i].controls) != 0)
            fail_msg("%s\n  \"%s\", not \"%s\"", rows[i].page, got, rows[i].controls);
    }
}

static mk_doc *doc_of(const char *page, mk_node **form)
{
    mk_doc *doc = NULL;
    assert_int_equal(mk_doc_parse(&doc, page, strlen(page), false, NULL, NULL), MK_OK);
    *form = mk_node_child(mk_node_child(mk_doc_root(doc)));
    return doc;
}

static void test_form_itself(void **state)
{
    (void)state;
    mk_node *node = NULL;
    mk_form *form = NULL;
    mk_doc *doc = doc_of("<form id=i name=n action='/a?b' method=POST enctype=text/plain "
                         "accept-charset='x-nothing, ISO-8859-1 utf-8'><select name=s multiple><option id=o>1</select>",
                         &node);
    assert_int_equal(mk_form_read(&form, doc, node), MK_OK);
    assert_string_equal(form->id, "i");
    assert_string_equal(form->name, "n");
    assert_string_equal(form->action, "/a?b");
    assert_string_equal(form->method, "post");
    assert_string_equal(form->enctype, "text/plain");
    assert_true(form->controls[0].multiple);
    assert_string_equal(mk_node_tag(form->controls[0].node), "option");
    assert_string_equal(mk_node_tag(form->controls[0].select), "select");
    char charset[32];
    mk_form_charset(charset, form, "utf-8");
    assert_string_equal(charset, "windows-1252");
    mk_form_free(form);
    mk_doc_free(doc);
    doc = doc_of("<form method=put>", &node);
    assert_int_equal(mk_form_read(&form, doc, node), MK_OK);
    assert_string_equal(form->method, "get");
    assert_string_equal(form->action, "");
    mk_form_charset(charset, form, "utf-16le");
    assert_string_equal(charset, "utf-8");
    mk_form_charset(charset, form, "koi8-r");
    assert_string_equal(charset, "koi8-r");
    mk_form_charset(charset, form, NULL);
    assert_string_equal(charset, "utf-8");
    mk_form_free(form);
    form = NULL;
    assert_int_equal(mk_form_read(&form, doc, mk_doc_root(doc)), MK_EINVAL);
    assert_null(form);
    mk_doc_free(doc);
}

static void test_too_many(void **state)
{
    (void)state;
    mk_buf page;
    mk_buf_init(&page, 100000);
    assert_int_equal(mk_buf_adds(&page, "<form>"), MK_OK);
    for (int i = 0; i < 2001; i++)
        assert_int_equal(mk_buf_adds(&page, "<input name=a>"), MK_OK);
    mk_node *node = NULL;
    mk_form *form = NULL;
    mk_doc *doc = doc_of(page.data, &node);
    assert_int_equal(mk_form_read(&form, doc, node), MK_ELIMIT);
    assert_null(form);
    mk_doc_free(doc);
    mk_buf_free(&page);
}

static int read_once(mk_doc *doc, mk_node *node)
{
    mk_form *form = NULL;
    int err = mk_form_read(&form, doc, node);
    mk_form_free(form);
    return err;
}

static void test_oom(void **state)
{
    (void)state;
    mk_node *node = NULL;
    mk_doc *doc = doc_of("<form><input name=a value=' b\n'><input type=url value=' x '><textarea>x</textarea><select>"
                         "<option>1<option>2<option>3<option>4<option>5<option>6<option>7<option>8<option>9</select>",
                         &node);
    each_allocation_fails(read_once(doc, node));
    mk_doc_free(doc);
}

int main(void)
{
    mk_html_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_form_itself),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_oom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
