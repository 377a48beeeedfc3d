/* rulesource.c - texts that a rule takes from a page (layer parse) */
#include <string.h>

#include "base/codec.h"
#include "base/err.h"
#include "parse/rule_impl.h"

enum { TEXT_MAX = 4 << 20, MESSAGE_MAX = 500, PROMPT_MAX = 500, DEST_MAX = 200 };

int mk_rule_fold(mk_buf *out, const char *text, size_t len, size_t max)
{
    size_t start = out->len, at = 0;
    bool space = false;
    while (at < len) {
        size_t from = at;
        uint32_t point = mk_utf8_next(text, len, &at);
        if (point <= 32 || point == 127 || point == 0xA0) {
            space = out->len > start;
            continue;
        }
        if (out->len - start + space + (at - from) > max)
            break;
        int err = space ? mk_buf_addc(out, ' ') : MK_OK;
        if (!err)
            err = point == 0xFFFD ? mk_utf8_add(out, point) : mk_buf_add(out, text + from, at - from);
        if (err)
            return err;
        space = false;
    }
    return MK_OK;
}

int mk_rule_node_text(mk_doc *doc, const mk_node *node, mk_buf *out)
{
    size_t before = out->len;
    int err = mk_node_text(doc, node, out);
    if (err == MK_OK && out->len == before) {
        const char *value = mk_node_attr(doc, node, "value");
        if (!value || !*value)
            value = mk_node_attr(doc, node, "placeholder");
        err = value ? mk_buf_adds(out, value) : MK_OK;
    }
    return err == MK_ELIMIT ? MK_OK : err; /* the rest is cut off */
}

bool mk_rule_scalar(const json_t *value, mk_buf *out, int *err)
{
    if (json_is_string(value))
        *err = mk_buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_number(value) || json_is_boolean(value))
        *err = mk_json_write(out, value);
    else
        return false;
    return true;
}

static int from_selector(const mk_selector *selector, mk_page *page, mk_buf *out)
{
    mk_doc *doc = NULL;
    mk_nodes nodes = {0};
    int err = mk_rule_doc(page, &doc);
    if (err || !doc)
        return err;
    err = mk_doc_select(doc, NULL, selector, 1, &nodes);
    if (err)
        return err == MK_ENOMEM ? err : MK_OK;
    if (nodes.count)
        err = mk_rule_node_text(doc, nodes.list[0], out);
    mk_nodes_free(&nodes);
    return err;
}

static int from_path(const mk_json_path *path, mk_page *page, mk_buf *out)
{
    json_t *root = NULL;
    int err = mk_rule_json(page, &root);
    if (!err && root)
        mk_rule_scalar(mk_json_path_first(path, root), out, &err);
    return err;
}

int mk_rule_source(const struct mk_source *source, mk_page *page, mk_buf *out, size_t max)
{
    mk_buf text;
    int err = MK_OK;
    mk_buf_init(&text, TEXT_MAX);
    if (source->literal)
        err = mk_buf_adds(&text, json_string_value(source->literal));
    else if (source->selector)
        err = from_selector(source->selector, page, &text);
    else if (source->path)
        err = from_path(source->path, page, &text);
    if (!err)
        err = mk_rule_fold(out, text.data, text.len, max);
    mk_buf_free(&text);
    return err;
}

int mk_rule_message(const mk_rule *rule, mk_page *page, mk_buf *out)
{
    return mk_rule_source(&rule->message, page, out, MESSAGE_MAX);
}

static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) ? MK_ENOMEM : MK_OK;
}

static int set_source(json_t *object, const char *key, const struct mk_source *source, mk_page *page, size_t max)
{
    mk_buf text;
    mk_buf_init(&text, max);
    int err = mk_rule_source(source, page, &text, max);
    if (!err && text.len)
        err = set(object, key, json_stringn(text.data, text.len));
    mk_buf_free(&text);
    return err;
}

static int set_dest(json_t *object, const mk_rule *rule, mk_page *page)
{
    mk_buf text, masked;
    mk_buf_init(&text, DEST_MAX);
    mk_buf_init(&masked, 4 * DEST_MAX);
    int err = mk_rule_source(&rule->dest, page, &text, DEST_MAX);
    if (!err)
        err = mk_mask_dest(&masked, text.data, text.len);
    if (!err && masked.len)
        err = set(object, "dest", json_stringn(masked.data, masked.len));
    mk_buf_free(&masked);
    mk_buf_free(&text);
    return err;
}

static int set_choices(json_t *object, const mk_rule *rule, mk_page *page)
{
    json_t *choices = NULL;
    int err = mk_rule_choices(rule, page, &choices);
    return err || !choices ? err : set(object, "choices", choices);
}

static int fill(json_t *object, const mk_rule *rule, mk_page *page)
{
    int err = set(object, "kind", json_string(rule->kind));
    if (!err && rule->medium)
        err = set(object, "medium", json_string(rule->medium));
    if (!err && rule->digits)
        err = set(object, "digits", json_integer(rule->digits));
    if (!err)
        err = set(object, "expires", json_integer(rule->expires));
    if (!err)
        err = set_source(object, "prompt", &rule->prompt, page, PROMPT_MAX);
    if (!err)
        err = set_dest(object, rule, page);
    return err ? err : set_choices(object, rule, page);
}

int mk_rule_challenge(const mk_rule *rule, mk_page *page, json_t **out)
{
    if (rule->sort != MK_RULE_MFA)
        return MK_EINVAL;
    json_t *object = json_object();
    if (!object)
        return MK_ENOMEM;
    int err = fill(object, rule, page);
    if (err)
        json_decref(object);
    else
        *out = object;
    return err;
}
