/* fuzz_html.c - any page: parsed, read, its forms, selected from, changed, under a small account */
#include "base/err.h"
#include "parse/form.h"
#include "parse/html.h"
#include <stdint.h>
#include <stdlib.h>

static const char *const texts[] = { "form", "input:not([type=hidden]), p:nth-last-child(2n+1)", "//*[@id]/@id",
                                     "div:contains('a') > *:disabled, :checked", "*:has(+ *) ~ *:empty" };
enum { SELECTORS = sizeof texts / sizeof *texts };

static void use_node(mk_doc *doc, mk_node *node, mk_buf *out)
{
    mk_form *form = NULL;
    mk_buf_clear(out);
    mk_node_text(doc, node, out);
    mk_node_html(doc, node, out);
    mk_node_attr(doc, node, "id");
    if (!mk_form_read(&form, doc, node))
        for (size_t i = 0; i < form->count; i++)
            if (!form->controls[i].name || !form->controls[i].value)
                abort();
    mk_form_free(form);
    mk_node_set_attr(doc, node, "id", "x");
    mk_node_set_attr(doc, node, "class", NULL);
}

static void use(mk_doc *doc, mk_selector *const *selectors)
{
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    if (mk_doc_root(doc))
        use_node(doc, mk_doc_root(doc), &out);
    mk_doc_base(doc);
    for (size_t i = 0; i < SELECTORS; i++) {
        mk_nodes nodes = { 0 };
        if (!mk_doc_select(doc, i % 2 ? mk_doc_root(doc) : NULL, selectors[i], 20, &nodes))
            for (size_t k = 0; k < nodes.count; k++)
                use_node(doc, nodes.list[k], &out);
        mk_nodes_free(&nodes);
    }
    mk_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mk_selector *selectors[SELECTORS];
    for (size_t i = 0; i < SELECTORS && !selectors[i]; i++)
        if (mk_selector_compile(&selectors[i], texts[i], NULL, 0))
            abort();
    if (size < 2)
        return 0;
    /* The first byte: HTML or XML, and how much memory there is. */
    mk_account account = { .limit = data[0] & 2 ? 1 << 26 : 4096 + (size_t)(data[0] >> 2) * 2048 };
    mk_html_limits limits = { 1 << 20, 64, 20000 };
    mk_doc *doc = NULL;
    long live = mk_mem_live();
    if (!mk_doc_parse(&doc, (const char *)data + 1, size - 1, data[0] & 1, &limits, &account)) {
        use(doc, selectors);
        mk_doc_free(doc);
    }
    if (account.used || mk_mem_live() != live)
        abort();
    return 0;
}
