/* fuzz_selector.c - any selector: compiled, and if it is one, evaluated on a page */
#include "base/err.h"
#include "parse/html.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char page[] = "<form id=f class='a b'><p>x<b title=t>y</b><p lang=en>z<input name=n disabled></form>"
                           "<ul><li>1<li class=a>2<li>3</ul><table><tr><td>4<td>5</table>";

static mk_doc *page_doc(void)
{
    static mk_doc *doc;
    mk_html_limits limits = mk_html_defaults;
    limits.xpath_ops = 20000;
    if (!doc && mk_doc_parse(&doc, page, sizeof page - 1, false, &limits, NULL))
        abort();
    return doc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[64];
    char *text = mk_memdup(data, size);
    mk_doc *doc = page_doc();
    mk_selector *selector = NULL;
    if (!text)
        return 0;
    int err = mk_selector_compile(&selector, text, why, sizeof why);
    if (err && (err != MK_EPARSE || !*why || selector))
        abort();
    mk_nodes nodes = { 0 };
    if (!err && !mk_doc_select(doc, size % 2 ? mk_doc_root(doc) : NULL, selector, 0, &nodes))
        for (size_t i = 0; i < nodes.count; i++)
            if (!*mk_node_tag(nodes.list[i]))
                abort();
    mk_nodes_free(&nodes);
    mk_selector_free(selector);
    mk_free(text);
    return 0;
}
