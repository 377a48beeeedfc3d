/* form.c - the controls of a form (layer parse)
 *
 * A control's form: its form= attribute; else the form that was open in the
 * markup (html_hooks.c keeps it where libxml2 closed the element early); else
 * the nearest form around it. What a browser moves by foster parenting stays
 * where it was written, which changes no owner. A form within an open form is
 * none for a browser; here it can be read, and has what stands inside. */
#include "parse/form.h"
#include "base/err.h"
#include "parse/charset.h"
#include "parse/html_doc.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_CONTROLS = 2000 };

typedef struct own_form {
    mk_form form; /* first: what the caller has */
    size_t room;
    char **owned; /* values that were made */
    size_t count, cap;
} own_form;

static const char *value_or(const xmlNode *node, const char *name, const char *other)
{
    const char *value = mk_html_value(node, name);
    return value ? value : other;
}

/* True if node stands in the first <legend> of the fieldset. */
static bool in_legend(const xmlNode *fieldset, const xmlNode *node)
{
    const xmlNode *legend = fieldset->children;
    while (legend && !mk_html_is(legend, "legend"))
        legend = legend->next;
    for (; legend && node != fieldset; node = node->parent)
        if (node == legend)
            return true;
    return false;
}

static bool by_fieldset(const xmlNode *node)
{
    for (const xmlNode *up = node->parent; up; up = up->parent)
        if (mk_html_is(up, "fieldset") && mk_html_value(up, "disabled") && !in_legend(up, node))
            return true;
    return false;
}

bool mk_html_disabled(const xmlNode *node)
{
    if (mk_html_value(node, "disabled"))
        return true;
    if (mk_html_is(node, "option"))
        return node->parent && mk_html_is(node->parent, "optgroup") && mk_html_value(node->parent, "disabled");
    return !mk_html_is(node, "optgroup") && by_fieldset(node);
}

/* Keeps a copy of the value with the form; NULL when out of memory. */
static const char *own(own_form *it, char *made)
{
    if (made && it->count == it->cap) {
        size_t cap = it->cap ? it->cap * 2 : 8;
        char **more = mk_realloc(it->owned, cap * sizeof *more);
        if (!more) {
            mk_free(made);
            return NULL;
        }
        it->owned = more;
        it->cap = cap;
    }
    if (made)
        it->owned[it->count++] = made;
    return made;
}

static int own_buf(own_form *it, mk_buf *buf, const char **out)
{
    char *made = mk_buf_steal(buf, NULL);
    mk_buf_free(buf);
    *out = made ? own(it, made) : NULL;
    return *out ? MK_OK : MK_ENOMEM;
}

static int add(own_form *it, const mk_control *control)
{
    if (it->form.count == MAX_CONTROLS)
        return MK_ELIMIT;
    if (it->form.count == it->room) {
        size_t room = it->room ? it->room * 2 : 16;
        mk_control *more = mk_realloc(it->form.controls, room * sizeof *more);
        if (!more)
            return MK_ENOMEM;
        it->form.controls = more;
        it->room = room;
    }
    it->form.controls[it->form.count++] = *control;
    return MK_OK;
}

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcasecmp(word, *list))
            return true;
    return false;
}

/* HTML's value sanitization: one line for text, no space around addresses. */
static int sanitize(own_form *it, const char *type, const char **value)
{
    static const char *const others[] = { "hidden", "checkbox", "radio", "file", "submit", "image", NULL };
    static const char *const trimmed[] = { "email", "url", NULL };
    const char *from = *value;
    bool trim = one_of(type, trimmed);
    if (one_of(type, others) || !from[trim ? strcspn(from, "\r\n \t\f") : strcspn(from, "\r\n")])
        return MK_OK;
    mk_buf buf;
    mk_buf_init(&buf, SIZE_MAX / 2);
    int err = MK_OK;
    from += trim ? strspn(from, "\r\n \t\f") : 0;
    for (; *from && !err; from++)
        if (*from != '\r' && *from != '\n')
            err = mk_buf_addc(&buf, *from);
    while (!err && trim && buf.len && strchr(" \t\f", buf.data[buf.len - 1]))
        mk_buf_splice(&buf, buf.len - 1, 1, "", 0);
    if (err) {
        mk_buf_free(&buf);
        return err;
    }
    return own_buf(it, &buf, value);
}

static enum mk_control_type type_of(const char *type)
{
    static const struct {
        const char *name;
        enum mk_control_type type;
    } known[] = {
        { "password", MK_CTL_PASSWORD }, { "hidden", MK_CTL_HIDDEN }, { "checkbox", MK_CTL_CHECKBOX },
        { "radio", MK_CTL_RADIO },       { "file", MK_CTL_FILE },     { "submit", MK_CTL_BUTTON },
        { "image", MK_CTL_BUTTON },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(type, known[i].name))
            return known[i].type;
    return MK_CTL_TEXT;
}

/* Of a group of radio buttons only the last that is checked stays so. */
static void settle_radio(mk_form *form)
{
    const mk_control *last = &form->controls[form->count - 1];
    if (last->type != MK_CTL_RADIO || !last->on || !*last->name)
        return;
    for (size_t i = 0; i + 1 < form->count; i++)
        if (form->controls[i].type == MK_CTL_RADIO && !strcmp(form->controls[i].name, last->name))
            form->controls[i].on = false;
}

static int add_input(own_form *it, xmlNode *node)
{
    static const char *const idle[] = { "button", "reset", NULL };
    const char *type = value_or(node, "type", "text");
    if (one_of(type, idle))
        return MK_OK;
    mk_control control = { .type = type_of(type), .node = (mk_node *)node, .name = value_or(node, "name", ""),
                           .disabled = mk_html_disabled(node) };
    bool box = control.type == MK_CTL_CHECKBOX || control.type == MK_CTL_RADIO;
    control.value = control.type == MK_CTL_FILE ? "" : value_or(node, "value", box ? "on" : "");
    control.on = box && mk_html_value(node, "checked");
    control.multiple = control.type == MK_CTL_FILE && mk_html_value(node, "multiple");
    int err = sanitize(it, type, &control.value);
    if (!err)
        err = add(it, &control);
    if (!err)
        settle_radio(&it->form);
    return err;
}

static int add_button(own_form *it, xmlNode *node)
{
    static const char *const idle[] = { "button", "reset", NULL };
    if (one_of(value_or(node, "type", "submit"), idle))
        return MK_OK;
    mk_control control = { .type = MK_CTL_BUTTON, .node = (mk_node *)node, .name = value_or(node, "name", ""),
                           .value = value_or(node, "value", ""), .disabled = mk_html_disabled(node) };
    return add(it, &control);
}

/* CRLF and CR to LF: how a textarea's value is seen; on the wire it is CRLF. */
static int add_lines(mk_buf *out, const char *text)
{
    int err = MK_OK;
    for (; *text && !err; text++) {
        if (*text == '\r' && text[1] == '\n')
            continue;
        err = mk_buf_addc(out, *text == '\r' ? '\n' : *text);
    }
    return err;
}

/* libxml2 reads markup in a textarea as elements: it is text again. */
static int textarea_text(mk_doc *doc, const xmlNode *node, mk_buf *out)
{
    mk_buf raw;
    mk_buf_init(&raw, SIZE_MAX / 2);
    int err = MK_OK;
    for (const xmlNode *child = node->children; child && !err; child = child->next) {
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            err = mk_buf_adds(&raw, child->content ? (const char *)child->content : "");
        else
            err = mk_node_html(doc, (const mk_node *)child, &raw);
    }
    const char *from = raw.data;
    from += from[0] == '\r' && from[1] == '\n' ? 2 : *from == '\n' || *from == '\r' ? 1 : 0;
    if (!err)
        err = add_lines(out, from);
    mk_buf_free(&raw);
    return err;
}

static int add_textarea(own_form *it, mk_doc *doc, xmlNode *node)
{
    mk_control control = { .type = MK_CTL_TEXT, .node = (mk_node *)node, .name = value_or(node, "name", ""),
                           .disabled = mk_html_disabled(node) };
    mk_buf buf;
    mk_buf_init(&buf, SIZE_MAX / 2);
    int err = textarea_text(doc, node, &buf);
    if (err) {
        mk_buf_free(&buf);
        return err;
    }
    err = own_buf(it, &buf, &control.value);
    return err ? err : add(it, &control);
}

static int option_value(own_form *it, mk_doc *doc, const xmlNode *option, const char **out)
{
    *out = mk_html_value(option, "value");
    if (*out)
        return MK_OK;
    mk_buf buf;
    mk_buf_init(&buf, SIZE_MAX / 2);
    int err = mk_node_text(doc, (const mk_node *)option, &buf);
    if (err) {
        mk_buf_free(&buf);
        return err;
    }
    return own_buf(it, &buf, out);
}

/* A drop-down list shows one: the last selected, else the first enabled. */
static void settle_select(mk_form *form, size_t first, const xmlNode *select)
{
    bool drop = !strtol(value_or(select, "size", "0"), NULL, 10) || !strcmp(value_or(select, "size", ""), "1");
    size_t chosen = form->count;
    for (size_t i = first; i < form->count; i++) {
        if (!form->controls[i].on)
            continue;
        if (chosen < form->count)
            form->controls[chosen].on = false;
        chosen = i;
    }
    for (size_t i = first; drop && chosen == form->count && i < form->count; i++)
        if (!mk_html_disabled(mk_html_node(form->controls[i].node))) {
            form->controls[i].on = true;
            break;
        }
}

static int add_select(own_form *it, mk_doc *doc, xmlNode *select)
{
    const size_t first = it->form.count;
    mk_control control = { .type = MK_CTL_SELECT, .select = (mk_node *)select, .name = value_or(select, "name", ""),
                           .multiple = mk_html_value(select, "multiple") };
    const bool disabled = mk_html_disabled(select);
    int err = MK_OK;
    for (xmlNode *node = select; node && !err; node = mk_html_next(select, node, false)) {
        if (!mk_html_is(node, "option"))
            continue;
        control.node = (mk_node *)node;
        control.on = mk_html_value(node, "selected");
        control.disabled = disabled || mk_html_disabled(node);
        err = option_value(it, doc, node, &control.value);
        if (!err)
            err = add(it, &control);
    }
    if (!err && !control.multiple)
        settle_select(&it->form, first, select);
    return err;
}

static bool outside_forms(const xmlNode *node)
{
    return mk_html_is(node, "datalist") || mk_html_is(node, "template");
}

/* id: of the form, if it is the first with it, else NULL. */
static bool owned_by(const xmlNode *node, const xmlNode *form, const char *id)
{
    const char *named = mk_html_value(node, "form");
    if (named)
        return id && *id && !strcmp(named, id);
    if (node->_private == form)
        return true;
    const xmlNode *up = node->parent;
    while (up && !mk_html_is(up, "form"))
        up = up->parent;
    return up == form;
}

static int add_control(own_form *it, mk_doc *doc, xmlNode *node)
{
    if (mk_html_is(node, "input"))
        return add_input(it, node);
    if (mk_html_is(node, "select"))
        return add_select(it, doc, node);
    if (mk_html_is(node, "textarea"))
        return add_textarea(it, doc, node);
    return mk_html_is(node, "button") ? add_button(it, node) : MK_OK;
}

static bool is_control(const xmlNode *node)
{
    return mk_html_is(node, "input") || mk_html_is(node, "select") || mk_html_is(node, "textarea") ||
           mk_html_is(node, "button");
}

/* The form's id, if no element before it has the same. */
static const char *own_id(mk_doc *doc, const xmlNode *form)
{
    const char *id = mk_html_value(form, "id");
    const xmlNode *root = (const xmlNode *)doc->tree;
    for (const xmlNode *node = root; id && node != form; node = mk_html_next(root, node, false)) {
        const char *other = mk_html_value(node, "id");
        if (other && !strcmp(other, id))
            return NULL;
    }
    return id;
}

static int add_all(own_form *it, mk_doc *doc, const xmlNode *form)
{
    const char *id = own_id(doc, form);
    xmlNode *root = (xmlNode *)doc->tree;
    bool skip = false;
    int err = MK_OK;
    for (xmlNode *node = root; node && !err; node = mk_html_next(root, node, skip)) {
        skip = outside_forms(node);
        if (is_control(node) && owned_by(node, form, id))
            err = add_control(it, doc, node);
    }
    return err;
}

static const char *method_of(const xmlNode *form)
{
    const char *method = value_or(form, "method", "");
    if (!strcasecmp(method, "post"))
        return "post";
    return strcasecmp(method, "dialog") ? "get" : "dialog";
}

int mk_form_read(mk_form **out, mk_doc *doc, mk_node *form)
{
    const xmlNode *node = mk_html_node(form);
    if (!mk_html_is(node, "form"))
        return MK_EINVAL;
    own_form *it = mk_calloc(1, sizeof *it);
    if (!it)
        return MK_ENOMEM;
    it->form.node = form;
    it->form.id = value_or(node, "id", "");
    it->form.name = value_or(node, "name", "");
    it->form.action = value_or(node, "action", "");
    it->form.method = method_of(node);
    it->form.enctype = value_or(node, "enctype", "");
    it->form.charset = value_or(node, "accept-charset", "");
    int err = add_all(it, doc, node);
    if (err)
        mk_form_free(&it->form);
    else
        *out = &it->form;
    return err;
}

void mk_form_free(mk_form *form)
{
    own_form *it = (own_form *)form;
    if (!it)
        return;
    for (size_t i = 0; i < it->count; i++)
        mk_free(it->owned[i]);
    mk_free(it->owned);
    mk_free(it->form.controls);
    mk_free(it);
}

void mk_form_charset(char name[32], const mk_form *form, const char *page)
{
    const char *at = form->charset;
    while (*at) {
        at += strspn(at, " \t\r\n\f,");
        size_t len = strcspn(at, " \t\r\n\f,");
        char label[32];
        if (len && len < sizeof label) {
            memcpy(label, at, len);
            label[len] = '\0';
            if (mk_charset_label(name, label))
                return;
        }
        at += len;
    }
    if (!page || !mk_charset_label(name, page))
        memcpy(name, "utf-8", 6);
}
