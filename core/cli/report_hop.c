/* report_hop.c - a request and its response in a report (layer cli) */
#include "cli/report.h"

#include "base/err.h"

#include <string.h>

enum { SHOWN = 192 << 10 }; /* bytes of a body */

static void headers(mk_html_out *o, const mk_headers *list)
{
    mk_out_raw(o, "<div class=\"scroll\"><table>");
    for (size_t i = 0; i < list->count; i++) {
        mk_out_put(o, "<tr><th scope=\"row\">%s</th><td><code>", list->list[i].name);
        mk_out_text(o, list->list[i].value, list->list[i].value_len);
        mk_out_raw(o, "</code></td></tr>");
    }
    mk_out_raw(o, "</table></div>");
}

/* The longest beginning of at most SHOWN bytes that ends between characters. */
static size_t shown(mk_bytes text)
{
    size_t len = text.len < SHOWN ? text.len : SHOWN;
    while (len && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static void source(mk_html_out *o, mk_bytes text)
{
    const size_t len = shown(text);
    mk_out_raw(o, "<pre>");
    mk_out_text(o, text.data, len);
    mk_out_raw(o, "</pre>");
    if (len < text.len)
        mk_out_put(o, "<p class=\"dim\">The first %d of %d bytes.</p>", (int)len, (int)text.len);
}

/* As a browser without scripts would show it; it can reach nothing. */
static void rendered(mk_html_out *o, mk_bytes text)
{
    mk_out_raw(o, "<details><summary>As a page</summary><div class=\"pad\"><iframe sandbox=\"\" referrerpolicy=\"no-referrer\" "
                  "loading=\"lazy\" title=\"The page as received\" srcdoc=\"");
    mk_out_text(o, text.data, shown(text));
    mk_out_raw(o, "\"></iframe></div></details>");
}

static void body(mk_html_out *o, const mk_frame *hop)
{
    mk_page *page = NULL;
    mk_bytes text = { "", 0 };
    if (!o->err)
        o->err = mk_reel_hop_page(hop, &page);
    if (!o->err && page)
        o->err = mk_page_body(page, &text);
    if (hop->cut) {
        mk_out_raw(o, "<p class=\"pad dim\">The body was left out: too much was kept already.</p>");
    } else if (page && text.len) {
        mk_out_put(o, "<details><summary>Body, %d bytes</summary><div class=\"pad\">", (int)text.len);
        source(o, text);
        mk_out_raw(o, "</div></details>");
        if (mk_page_is_html(page))
            rendered(o, text);
    } else if (hop->response.body.len) {
        mk_out_put(o, "<p class=\"pad dim\">%d bytes that are no text.</p>", (int)hop->response.body.len);
    }
    mk_page_unref(page);
}

static void status(mk_html_out *o, const mk_response *response)
{
    if (response->fault)
        mk_out_put(o, "<span class=\"tag bad\">%s</span>", response->fault);
    else
        mk_out_put(o, "<span class=\"tag %r\">%d</span>", response->status >= 400 ? "bad" : response->status >= 300 ? "warn" : "good",
                   response->status);
}

static void head(mk_html_out *o, const mk_frame *hop, size_t number)
{
    mk_out_put(o, "<div class=\"head\"><span class=\"no\">%d</span><strong>%s</strong>", (int)number, hop->request.method);
    status(o, &hop->response);
    mk_out_put(o, "<span class=\"url\">%s</span>", hop->request.url);
    if (hop->response.t_all >= 0)
        mk_out_put(o, "<span class=\"dim\">%d ms</span>", (int)(hop->response.t_all / 1000));
    if (hop->where && *hop->where)
        mk_out_put(o, "<code class=\"dim\">%s</code>", hop->where);
    mk_out_put(o, "%r%r</div>", hop->poll ? "<span class=\"tag\">poll</span>" : "",
               hop->replayed ? "<span class=\"tag\">from the journal</span>" : "");
}

void mk_report_hop(mk_html_out *o, const mk_frame *hop, size_t number)
{
    mk_out_raw(o, "<article class=\"card\">");
    head(o, hop, number);
    if (hop->response.fault)
        mk_out_put(o, "<p class=\"pad\">%s</p>", hop->response.detail);
    mk_out_raw(o, "<details><summary>Request</summary><div class=\"pad\">");
    headers(o, &hop->request.headers);
    if (hop->request.body)
        source(o, (mk_bytes){ hop->request.body, hop->request.body_len });
    mk_out_raw(o, "</div></details>");
    if (!hop->response.fault) {
        mk_out_raw(o, "<details><summary>Response headers</summary><div class=\"pad\">");
        headers(o, &hop->response.headers);
        mk_out_raw(o, "</div></details>");
        body(o, hop);
    }
    mk_out_raw(o, "</article>");
}
