/* report_page.c - what the patterns said of a page (layer cli) */
#include "cli/report.h"

#include <string.h>

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static size_t held(const json_t *predicates)
{
    size_t count = 0, i;
    json_t *one;
    json_array_foreach(predicates, i, one)
        count += json_is_true(json_object_get(one, "held"));
    return count;
}

static void predicate(mk_html_out *o, const json_t *one)
{
    const bool yes = json_is_true(json_object_get(one, "held"));
    mk_out_put(o, "<li><span class=\"%r\">%r</span> %s <code>", yes ? "yes" : "noo", yes ? "&#10003; held" : "&#10007; did not hold",
               text_at(one, "predicate"));
    mk_out_json(o, json_object_get(one, "pattern"));
    mk_out_raw(o, "</code>");
    if (json_object_get(one, "found")) {
        mk_out_raw(o, " <span class=\"dim\">on</span> <code>");
        mk_out_json(o, json_object_get(one, "found"));
        mk_out_raw(o, "</code>");
    }
    mk_out_raw(o, "</li>");
}

/* Near: some of its predicates held and some did not. */
static void rule(mk_html_out *o, const json_t *one)
{
    const json_t *predicates = json_object_get(one, "predicates");
    const size_t yes = held(predicates), all = json_array_size(predicates);
    const bool holds = json_is_true(json_object_get(one, "holds"));
    const char *code = text_at(one, "code");
    size_t i;
    json_t *each;
    mk_out_put(o, "<li>%r <strong>%s</strong> ", *code ? "error" : "challenge", *code ? code : text_at(one, "kind"));
    if (holds)
        mk_out_raw(o, "<span class=\"tag good\">holds</span>");
    else if (yes)
        mk_out_put(o, "<span class=\"tag warn\">nearly: %d of %d</span>", (int)yes, (int)all);
    else
        mk_out_raw(o, "<span class=\"tag\">no</span>");
    mk_out_raw(o, "<ul>");
    json_array_foreach(predicates, i, each)
        predicate(o, each);
    mk_out_raw(o, "</ul></li>");
}

/* Those that hold or nearly do stand open, the rest behind a line. */
static void rules(mk_html_out *o, const json_t *list, bool telling)
{
    size_t i;
    json_t *one;
    mk_out_raw(o, "<ul class=\"rules\">");
    json_array_foreach(list, i, one)
        if (telling == (held(json_object_get(one, "predicates")) > 0))
            rule(o, one);
    mk_out_raw(o, "</ul>");
}

void mk_report_page(mk_html_out *o, const mk_frame *page)
{
    size_t i, near = 0, holds = 0;
    json_t *one;
    const size_t count = json_array_size(page->data);
    if (!count)
        return;
    json_array_foreach(page->data, i, one) {
        holds += json_is_true(json_object_get(one, "holds"));
        near += !json_is_true(json_object_get(one, "holds")) && held(json_object_get(one, "predicates"));
    }
    mk_out_raw(o, "<article class=\"card\">");
    if (holds || near) {
        mk_out_raw(o, "<div class=\"pad\">");
        rules(o, page->data, true);
        mk_out_raw(o, "</div>");
    }
    if (count > holds + near) {
        mk_out_put(o, "<details><summary>%d pattern%r tried that did not hold%r</summary><div class=\"pad\">", (int)(count - holds - near),
                   count - holds - near == 1 ? "" : "s", holds || near ? "" : ", and none that did");
        rules(o, page->data, false);
        mk_out_raw(o, "</div></details>");
    }
    mk_out_raw(o, "</article>");
}
