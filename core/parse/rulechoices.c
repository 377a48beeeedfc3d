/* rulechoices.c - the choices that a portal offers, from elements or JSON (layer parse) */
#include <string.h>

#include "base/err.h"
#include "parse/rule_impl.h"

enum { ID_MAX = 200, LABEL_MAX = 200, TEXT_MAX = 1 << 20 };

struct list {
    const mk_rule *rule;
    mk_doc *doc;
    json_t *array;
    int err;
};

static bool known(const struct list *l, const char *id, size_t len)
{
    for (size_t i = 0; i < json_array_size(l->array); i++) {
        const json_t *have = json_object_get(json_array_get(l->array, i), "id");
        if (json_string_length(have) == len && !memcmp(json_string_value(have), id, len))
            return true;
    }
    return false;
}

/* Nothing without an id, none twice. The id goes back to the portal, so it is
 * never folded or cut: one that is too long is left out. */
static void add(struct list *l, const mk_buf *id, const mk_buf *label)
{
    mk_buf shown;
    if (!id->len || id->len > ID_MAX || known(l, id->data, id->len) ||
        json_array_size(l->array) == MK_RULE_CHOICES_MAX)
        return;
    mk_buf_init(&shown, LABEL_MAX);
    l->err = mk_rule_fold(&shown, label->data, label->len, LABEL_MAX);
    if (!l->err && !shown.len)
        l->err = mk_rule_fold(&shown, id->data, id->len, LABEL_MAX);
    if (!l->err) {
        json_t *item = json_pack("{s:o,s:o}", "id", json_stringn(id->data, id->len), "label",
                                 json_stringn(shown.data, shown.len));
        l->err = json_array_append_new(l->array, item) ? MK_ENOMEM : MK_OK;
    }
    mk_buf_free(&shown);
}

static bool tag_is(const mk_node *node, const char *tag)
{
    return !strcmp(mk_node_tag(node), tag);
}

/* The first of these attributes that is there and not empty. */
static const char *first_attr(const struct list *l, const mk_node *node, const char *const *names)
{
    for (; *names; names++) {
        const char *value = mk_node_attr(l->doc, node, *names);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* A part of an item by a selector of the entry's; an element's value, else its text. */
static int selected(const struct list *l, mk_node *item, const mk_selector *selector, bool value_first, mk_buf *out)
{
    static const char *const names[] = {"value", NULL};
    mk_nodes nodes = {0};
    int err = mk_doc_select(l->doc, item, selector, 1, &nodes);
    if (err)
        return err == MK_ENOMEM ? err : MK_OK;
    if (nodes.count) {
        const char *value = value_first ? first_attr(l, nodes.list[0], names) : NULL;
        err = value ? mk_buf_adds(out, value) : mk_rule_node_text(l->doc, nodes.list[0], out);
    }
    mk_nodes_free(&nodes);
    return err;
}

static int item_id(const struct list *l, mk_node *node, mk_buf *out)
{
    static const char *const names[] = {"value", "data-value", "data-id", "id", NULL};
    if (l->rule->id.selector)
        return selected(l, node, l->rule->id.selector, true, out);
    if (tag_is(node, "option") && mk_node_attr(l->doc, node, "value"))
        return mk_buf_adds(out, mk_node_attr(l->doc, node, "value")); /* empty: "please choose" */
    const char *value = first_attr(l, node, names);
    return value ? mk_buf_adds(out, value) : mk_node_text(l->doc, node, out);
}

/* The <label for> of a control, or NULL. */
static int label_for(const struct list *l, const mk_node *node, mk_buf *out)
{
    mk_nodes nodes = {0};
    const char *id = mk_node_attr(l->doc, node, "id");
    if (!id)
        return MK_OK;
    int err = mk_doc_select(l->doc, NULL, l->rule->labels, 0, &nodes);
    for (size_t i = 0; i < nodes.count && !err && !out->len; i++) {
        const char *of = mk_node_attr(l->doc, nodes.list[i], "for");
        if (of && !strcmp(of, id))
            err = mk_node_text(l->doc, nodes.list[i], out);
    }
    mk_nodes_free(&nodes);
    return err;
}

static int input_label(const struct list *l, const mk_node *node, mk_buf *out)
{
    static const char *const names[] = {"aria-label", "title", NULL};
    int err = label_for(l, node, out);
    for (const mk_node *up = mk_node_parent(node); up && !err && !out->len; up = mk_node_parent(up))
        if (tag_is(up, "label"))
            err = mk_node_text(l->doc, up, out);
    if (!err && !out->len) {
        const char *value = first_attr(l, node, names);
        err = value ? mk_buf_adds(out, value) : MK_OK;
    }
    return err;
}

static int item_label(const struct list *l, mk_node *node, mk_buf *out)
{
    if (l->rule->label.selector)
        return selected(l, node, l->rule->label.selector, false, out);
    return tag_is(node, "input") ? input_label(l, node, out) : mk_node_text(l->doc, node, out);
}

static void add_node(struct list *l, mk_node *node)
{
    mk_buf id, label;
    if (mk_node_attr(l->doc, node, "disabled"))
        return;
    mk_buf_init(&id, TEXT_MAX);
    mk_buf_init(&label, TEXT_MAX);
    l->err = item_id(l, node, &id);
    if (!l->err)
        l->err = item_label(l, node, &label);
    if (l->err == MK_ELIMIT)
        l->err = MK_OK; /* what is that long is no choice */
    else if (!l->err)
        add(l, &id, &label);
    mk_buf_free(&label);
    mk_buf_free(&id);
}

/* The options of a <select>, also those in groups. */
static void add_options(struct list *l, mk_node *parent, int depth)
{
    for (mk_node *child = mk_node_child(parent); child && !l->err; child = mk_node_next(child)) {
        if (tag_is(child, "option"))
            add_node(l, child);
        else if (tag_is(child, "optgroup") && depth == 0)
            add_options(l, child, 1);
    }
}

static int from_elements(struct list *l, mk_page *page)
{
    mk_nodes nodes = {0};
    int err = mk_rule_doc(page, &l->doc);
    if (err || !l->doc)
        return err;
    err = mk_doc_select(l->doc, NULL, l->rule->choices.selector, MK_RULE_CHOICES_MAX + 10, &nodes);
    if (err)
        return err == MK_ENOMEM ? err : MK_OK;
    for (size_t i = 0; i < nodes.count && !l->err; i++) {
        if (tag_is(nodes.list[i], "select"))
            add_options(l, nodes.list[i], 0);
        else
            add_node(l, nodes.list[i]);
    }
    mk_nodes_free(&nodes);
    return l->err;
}

static const json_t *first_member(const json_t *item, const char *const *names)
{
    for (; *names; names++) {
        const json_t *value = json_object_get(item, *names);
        if (json_is_string(value) || json_is_number(value))
            return value;
    }
    return NULL;
}

static void add_json(struct list *l, const json_t *item)
{
    static const char *const ids[] = {"id", "value", "code", "key", "type", NULL};
    static const char *const labels[] = {"label", "name", "text", "description", "display", "dest", NULL};
    const mk_rule *rule = l->rule;
    mk_buf id, label;
    const json_t *value = json_is_object(item) ? first_member(item, ids) : item;
    const json_t *shown = json_is_object(item) ? first_member(item, labels) : NULL;
    mk_buf_init(&id, TEXT_MAX);
    mk_buf_init(&label, TEXT_MAX);
    if (rule->id.path)
        value = mk_json_path_first(rule->id.path, item);
    if (rule->label.path)
        shown = mk_json_path_first(rule->label.path, item);
    mk_rule_scalar(value, &id, &l->err);
    if (!l->err)
        mk_rule_scalar(shown, &label, &l->err);
    if (l->err == MK_ELIMIT)
        l->err = MK_OK;
    else if (!l->err)
        add(l, &id, &label);
    mk_buf_free(&label);
    mk_buf_free(&id);
}

static bool each_value(void *arg, json_t *value)
{
    struct list *l = arg;
    size_t count = json_array_size(value);
    if (!json_is_array(value))
        add_json(l, value);
    for (size_t i = 0; i < count && !l->err; i++)
        add_json(l, json_array_get(value, i));
    return !l->err && json_array_size(l->array) < MK_RULE_CHOICES_MAX;
}

static int from_json(struct list *l, mk_page *page)
{
    json_t *root = NULL;
    int err = mk_rule_json(page, &root);
    if (!err && root)
        mk_json_path_each(l->rule->choices.path, root, each_value, l);
    return err ? err : l->err;
}

static int from_literal(struct list *l)
{
    each_value(l, l->rule->choices.literal);
    return l->err;
}

int mk_rule_choices(const mk_rule *rule, mk_page *page, json_t **out)
{
    struct list l = {.rule = rule};
    const struct mk_source *from = &rule->choices;
    *out = NULL;
    if (!from->literal && !from->selector && !from->path)
        return MK_OK;
    l.array = json_array();
    if (!l.array)
        return MK_ENOMEM;
    int err = from->literal ? from_literal(&l) : from->selector ? from_elements(&l, page) : from_json(&l, page);
    if (err || json_array_size(l.array) == 0)
        json_decref(l.array);
    else
        *out = l.array;
    return err;
}
