/* rule.c - whether an entry of `mfa.patterns` or `errors` holds on a page (layer parse) */
#include "parse/rule.h"

#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/mem.h"
#include "parse/rule_impl.h"

enum { NODES_MAX = 100, FOUND_MAX = 200, TEXT_MAX = 4 << 20, PATTERN_TEXT = 20000 };

int mk_rule_try(const struct mk_rule_regex *pattern, const char *text, size_t len, mk_match *match, bool *found)
{
    return mk_regex_match(pattern->regex, text, len, 0, MK_RULE_REGEX_MS, match, found);
}

/* What will not parse, or is too large to be looked into, is no failure. */
static int forgive(int err)
{
    return err == MK_ENOMEM ? err : MK_OK;
}

static int small_body(mk_page *page, mk_bytes *body, bool *small)
{
    int err = mk_page_body(page, body);
    *small = !err && body->len <= MK_RULE_BODY_MAX;
    return forgive(err);
}

int mk_rule_doc(mk_page *page, mk_doc **out)
{
    mk_bytes body;
    bool small = false;
    *out = NULL;
    if (!mk_page_is_html(page) && !mk_page_is_xml(page))
        return MK_OK;
    int err = small_body(page, &body, &small);
    return err || !small ? err : forgive(mk_page_doc(page, NULL, out));
}

int mk_rule_json(mk_page *page, json_t **out)
{
    mk_bytes body;
    bool small = false;
    *out = NULL;
    if (!mk_page_is_text(page))
        return MK_OK;
    int err = small_body(page, &body, &small);
    return err || !small ? err : forgive(mk_page_json(page, out, NULL));
}

/* A piece of text for a report. */
static int note(mk_buf *found, const char *text, size_t len)
{
    return found ? mk_rule_fold(found, text, len, FOUND_MAX) : MK_OK;
}

static int note_match(mk_buf *found, const char *text, const mk_match *match, bool held)
{
    return held ? note(found, text + match->from[0], match->to[0] - match->from[0]) : MK_OK;
}

static int test_regex(const struct mk_rule_regex *pattern, const char *text, size_t len, bool *held, mk_buf *found)
{
    mk_match match;
    int err = mk_rule_try(pattern, text, len, &match, held);
    return err ? err : note_match(found, text, &match, *held);
}

static int test_status(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    int status = mk_page_status(page);
    for (size_t i = 0; i < rule->status_count; i++)
        *held |= rule->status[i] == status;
    return found ? mk_buf_addf(found, "%d", status) : MK_OK;
}

static int test_url(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    const char *url = mk_page_url(page);
    return test_regex(&rule->url, url, strlen(url), held, found);
}

/* One header: any of its values may match. */
static int test_one_header(const mk_rule *rule, size_t i, mk_page *page, bool *held, mk_buf *found)
{
    const mk_header *header;
    for (size_t k = 0; (header = mk_headers_get(mk_page_headers(page), rule->header[i].name, k)) && !*held; k++) {
        int err = test_regex(&rule->header[i].value, header->value, header->value_len, held, found);
        if (err)
            return err;
    }
    return MK_OK;
}

static int test_header(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    *held = true;
    for (size_t i = 0; i < rule->header_count && *held; i++) {
        *held = false;
        int err = test_one_header(rule, i, page, held, found);
        if (err)
            return err;
    }
    return MK_OK;
}

static int test_html(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    mk_doc *doc = NULL;
    mk_nodes nodes = {0};
    int err = mk_rule_doc(page, &doc);
    if (err || !doc)
        return err;
    err = mk_doc_select(doc, NULL, rule->html, 1, &nodes);
    if (err)
        return err == MK_EINVAL ? MK_OK : err; /* an XPath that gives no elements finds none */
    *held = nodes.count > 0;
    if (*held && found) {
        mk_buf text;
        mk_buf_init(&text, TEXT_MAX);
        err = mk_rule_node_text(doc, nodes.list[0], &text);
        if (!err)
            err = note(found, text.data, text.len);
        mk_buf_free(&text);
    }
    mk_nodes_free(&nodes);
    return err;
}

/* The pattern on the visible text of each element that html finds. */
static int test_text_in(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    mk_doc *doc = NULL;
    mk_nodes nodes = {0};
    mk_buf text;
    int err = mk_rule_doc(page, &doc);
    if (err || !doc)
        return err;
    err = mk_doc_select(doc, NULL, rule->html, NODES_MAX, &nodes);
    if (err)
        return err == MK_EINVAL ? MK_OK : err;
    mk_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < nodes.count && !*held && !err; i++) {
        mk_buf_clear(&text);
        err = forgive(mk_node_text(doc, nodes.list[i], &text));
        if (!err)
            err = test_regex(&rule->text, text.data, text.len, held, found);
    }
    mk_buf_free(&text);
    mk_nodes_free(&nodes);
    return err;
}

static int test_text(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    mk_bytes text;
    bool small = false;
    if (rule->html)
        return test_text_in(rule, page, held, found);
    if (!mk_page_is_text(page))
        return MK_OK;
    int err = small_body(page, &text, &small);
    if (err || !small)
        return err;
    err = mk_page_text(page, &text);
    return err ? forgive(err) : test_regex(&rule->text, text.data, text.len, held, found);
}

/* Equal as a script sees it: 1 and 1.0 are. */
static bool equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
        return json_number_value(a) >= json_number_value(b) && json_number_value(a) <= json_number_value(b);
    return json_equal(a, b);
}

struct json_test {
    const mk_rule *rule;
    bool held;
    mk_buf *found;
    int err;
};

static bool test_value(void *arg, json_t *value)
{
    struct json_test *t = arg;
    mk_buf text;
    mk_buf_init(&text, MK_RULE_BODY_MAX);
    bool scalar = mk_rule_scalar(value, &text, &t->err);
    if (!t->err && t->rule->equals)
        t->held = equal(value, t->rule->equals);
    else if (!t->err && t->rule->match.regex && scalar)
        t->err = test_regex(&t->rule->match, text.data, text.len, &t->held, NULL);
    else if (!t->err && !t->rule->match.regex)
        t->held = true;
    if (!t->err && scalar && t->found && !t->found->len)
        t->err = note(t->found, text.data, text.len);
    mk_buf_free(&text);
    return !t->held && !t->err;
}

static int test_json(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found)
{
    json_t *root = NULL;
    struct json_test test = {rule, false, found, MK_OK};
    int err = mk_rule_json(page, &root);
    if (err || !root)
        return err;
    mk_json_path_each(rule->json, root, test_value, &test);
    *held = test.held;
    return test.err;
}

typedef int test_fn(const mk_rule *rule, mk_page *page, bool *held, mk_buf *found);
struct predicate {
    const char *name;
    test_fn *test;
};

/* The predicates of a rule, the cheap ones first; gives how many. */
static size_t predicates(const mk_rule *rule, struct predicate list[6])
{
    size_t n = 0;
    if (rule->status_count)
        list[n++] = (struct predicate){"status", test_status};
    if (rule->url.regex)
        list[n++] = (struct predicate){"url", test_url};
    if (rule->header_count)
        list[n++] = (struct predicate){"header", test_header};
    if (rule->json)
        list[n++] = (struct predicate){"json", test_json};
    if (rule->html)
        list[n++] = (struct predicate){"html", test_html};
    if (rule->text.regex)
        list[n++] = (struct predicate){"text", test_text};
    return n;
}

int mk_rule_holds(const mk_rule *rule, mk_page *page, bool *holds)
{
    struct predicate list[6];
    size_t count = predicates(rule, list);
    *holds = false;
    for (size_t i = 0; i < count; i++) {
        bool held = false;
        int err = list[i].test(rule, page, &held, NULL);
        if (err || !held)
            return err;
    }
    *holds = true;
    return MK_OK;
}

/* What the author wrote, on one line. */
static int pattern_text(const mk_rule *rule, const char *name, mk_buf *out)
{
    int err = MK_OK;
    switch (name[0]) {
    case 's':
        for (size_t i = 0; i < rule->status_count && !err; i++)
            err = mk_buf_addf(out, i ? ", %d" : "%d", rule->status[i]);
        return err;
    case 'u': return mk_buf_adds(out, rule->url.text);
    case 't': return mk_buf_adds(out, rule->text.text);
    case 'j':
        err = mk_buf_adds(out, rule->json_text);
        if (!err && rule->equals)
            err = mk_buf_adds(out, " equals ");
        if (!err && rule->equals)
            err = mk_json_write(out, rule->equals);
        return err || !rule->match.text ? err : mk_buf_addf(out, " match %s", rule->match.text);
    default:
        break;
    }
    if (!strcmp(name, "html"))
        return mk_buf_adds(out, rule->html_text);
    for (size_t i = 0; i < rule->header_count && !err; i++)
        err = mk_buf_addf(out, "%s%s: %s", i ? ", " : "", rule->header[i].name, rule->header[i].value.text);
    return err;
}

static json_t *text_value(const mk_buf *buf)
{
    return json_stringn(buf->data, buf->len);
}

/* One row of the report, or NULL when out of memory. */
static json_t *explain_one(const mk_rule *rule, mk_page *page, const struct predicate *p)
{
    mk_buf pattern, found;
    bool held = false;
    json_t *row = NULL;
    mk_buf_init(&pattern, PATTERN_TEXT * MK_RULE_HEADER_MAX);
    mk_buf_init(&found, FOUND_MAX * MK_RULE_HEADER_MAX);
    int err = p->test(rule, page, &held, &found);
    if (err != MK_ENOMEM && pattern_text(rule, p->name, &pattern) == MK_OK)
        row = json_pack("{s:s,s:o,s:b}", "predicate", p->name, "pattern", text_value(&pattern), "held", err ? 0 : held);
    if (row && err)
        err = json_object_set_new(row, "found", json_string("took too long"));
    else if (row && found.len && mk_utf8_valid(found.data, found.len))
        err = json_object_set_new(row, "found", text_value(&found));
    if (row && err) {
        json_decref(row);
        row = NULL;
    }
    mk_buf_free(&found);
    mk_buf_free(&pattern);
    return row;
}

json_t *mk_rule_explain(const mk_rule *rule, mk_page *page)
{
    struct predicate list[6];
    size_t count = predicates(rule, list);
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < count; i++) {
        if (json_array_append_new(rows, explain_one(rule, page, &list[i]))) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows;
}
