/* submit.c - what a filled-in form sends, as a browser would (layer bind)
 *
 * HTML Living Standard, "Constructing the entry list" and "Form submission". */
#include "bind/form.h"
#include "base/err.h"
#include <string.h>
#include <strings.h>

enum { MAX_BODY = 8 << 20, MAX_FIELDS = 4000 };

typedef struct entries {
    lua_State *L;
    int form_idx;
    const mk_form *form;
    mk_field *list;
    size_t count;
    int used_idx; /* table: names whose set value has found its control */
    unsigned *roles;
} entries;

static bool text_like(const mk_control *control)
{
    return control->type == MK_CTL_TEXT || control->type == MK_CTL_PASSWORD || control->type == MK_CTL_HIDDEN ||
           control->type == MK_CTL_FILE;
}

static void add(entries *e, mk_bytes name, mk_bytes value)
{
    if (e->count >= MAX_FIELDS)
        luaL_error(e->L, "over %d fields in a form", MAX_FIELDS);
    e->list[e->count++] = (mk_field){.name = name, .value = value};
}

static mk_bytes bytes_of(const char *text)
{
    return (mk_bytes){text, strlen(text)};
}

/* Whether the set value on top of the stack (left there) selects this control: equal, in the list, or true. */
static bool selects(lua_State *L, const char *value, unsigned *roles)
{
    if (lua_isboolean(L, -1))
        return lua_toboolean(L, -1);
    if (lua_istable(L, -1)) {
        bool found = false;
        for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -1); i <= n && !found; i++) {
            lua_rawgeti(L, -1, i);
            found = selects(L, value, roles);
            lua_pop(L, 1);
        }
        return found;
    }
    mk_bytes set = mk_lua_check_bytes(L, -1, roles, "form field");
    return set.len == strlen(value) && memcmp(set.data, value, set.len) == 0;
}

static void mark_used(entries *e, const char *name)
{
    lua_pushboolean(e->L, 1);
    lua_setfield(e->L, e->used_idx, name);
}

static bool is_used(entries *e, const char *name)
{
    lua_getfield(e->L, e->used_idx, name);
    bool used = lua_toboolean(e->L, -1);
    lua_pop(e->L, 1);
    return used;
}

/* A text control whose name was set to what is on top of the stack: the first of the name takes it, the others
 * keep theirs (a list fills them in turn). */
static void add_text(entries *e, const mk_control *control)
{
    lua_State *L = e->L;
    if (lua_isboolean(L, -1) || is_used(e, control->name)) {
        if (!control->disabled)
            add(e, bytes_of(control->name), bytes_of(control->value));
        return;
    }
    if (lua_istable(L, -1)) {
        for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -1); i <= n; i++) {
            luaL_checkstack(L, 4, "form");
            lua_rawgeti(L, -1, i); /* stays on the stack: its bytes are used later */
            mk_bytes value = mk_lua_check_bytes(L, -1, e->roles, control->name);
            add(e, bytes_of(control->name), value);
            lua_pushvalue(L, -2);
        }
    } else {
        add(e, bytes_of(control->name), mk_lua_check_bytes(L, -1, e->roles, control->name));
    }
    mark_used(e, control->name);
}

/* The set value of a control's name pushed, or false and nothing. */
static bool push_set(entries *e, const char *name)
{
    lua_getiuservalue(e->L, e->form_idx, MK_FORM_SET);
    lua_getfield(e->L, -1, name);
    lua_remove(e->L, -2);
    if (!lua_isnil(e->L, -1))
        return true;
    lua_pop(e->L, 1);
    return false;
}

static void add_control(entries *e, const mk_control *control)
{
    lua_State *L = e->L;
    if (!control->name[0] || control->type == MK_CTL_BUTTON)
        return;
    luaL_checkstack(L, 8, "form");
    if (!push_set(e, control->name)) {
        bool sent = text_like(control) || control->on;
        if (sent && !control->disabled)
            add(e, bytes_of(control->name), bytes_of(control->value));
        return;
    }
    if (lua_islightuserdata(L, -1)) { /* removed */
        mark_used(e, control->name);
    } else if (text_like(control)) {
        add_text(e, control); /* the value stays on the stack: its bytes are used later */
        return;
    } else {
        unsigned ignored = 0;
        bool on = selects(L, control->value, &ignored);
        if (on || lua_isboolean(L, -1))
            mark_used(e, control->name);
        if (on)
            add(e, bytes_of(control->name), bytes_of(control->value));
    }
    lua_pop(L, 1);
}

/* What was set and has no control. */
static void add_rest(entries *e)
{
    lua_State *L = e->L;
    lua_getiuservalue(L, e->form_idx, MK_FORM_ORDER);
    int order = lua_gettop(L);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, order); i <= n; i++) {
        luaL_checkstack(L, 8, "form");
        lua_rawgeti(L, order, i);
        mk_bytes name;
        name.data = lua_tolstring(L, -1, &name.len);
        if (is_used(e, name.data) || !push_set(e, name.data) || lua_islightuserdata(L, -1))
            continue;
        if (lua_isboolean(L, -1)) {
            if (lua_toboolean(L, -1))
                add(e, name, bytes_of("on"));
        } else if (lua_istable(L, -1)) {
            int list = lua_gettop(L);
            for (lua_Integer k = 1, m = (lua_Integer)lua_rawlen(L, list); k <= m; k++) {
                luaL_checkstack(L, 4, "form");
                lua_rawgeti(L, list, k);
                add(e, name, mk_lua_check_bytes(L, -1, e->roles, "form field"));
            }
        } else {
            add(e, name, mk_lua_check_bytes(L, -1, e->roles, "form field"));
        }
    }
}

/* The button that opts.button names: "name", {name, value} or an element. NULL: none; raises if it is not there. */
static const mk_control *find_button(lua_State *L, const mk_form *form, int idx)
{
    const char *name = NULL, *value = NULL;
    mk_doc *doc;
    mk_node *node = mk_lua_test_element(L, idx, &doc);
    if (!node && lua_istable(L, idx)) {
        lua_rawgeti(L, idx, 1);
        lua_rawgeti(L, idx, 2);
        name = lua_tostring(L, -2);
        value = lua_tostring(L, -1);
        lua_pop(L, 2); /* the table keeps them */
    } else if (!node) {
        name = luaL_checkstring(L, idx);
    }
    for (size_t i = 0; i < form->count; i++) {
        const mk_control *control = &form->controls[i];
        if (control->type != MK_CTL_BUTTON)
            continue;
        if (node ? control->node == node
                 : name && strcmp(control->name, name) == 0 && (!value || strcmp(control->value, value) == 0))
            return control;
    }
    mk_lua_fault(L, mk_fault_new("adapter.form_missing", "the form has no button '%s'", name ? name : "(element)"), false);
    return NULL;
}

static void add_button(entries *e, mk_doc *doc, const mk_control *button)
{
    lua_State *L = e->L;
    const char *type = mk_node_attr(doc, button->node, "type");
    if (type && strcasecmp(type, "image") == 0) {
        const char *dot = button->name[0] ? "." : "";
        static const char *const axes[] = {"x", "y"};
        for (int i = 0; i < 2; i++) {
            const char *name = lua_pushfstring(L, "%s%s%s", button->name, dot, axes[i]);
            add(e, bytes_of(name), bytes_of("0"));
        }
    } else if (button->name[0]) {
        add(e, bytes_of(button->name), bytes_of(button->value));
    }
}

static const char *attr_or(mk_doc *doc, const mk_control *button, const char *name, const char *otherwise)
{
    const char *own = button ? mk_node_attr(doc, button->node, name) : NULL;
    return own && own[0] ? own : otherwise;
}

static void set_text(lua_State *L, char **slot, const char *text, size_t len)
{
    mk_free(*slot);
    *slot = mk_memdup(text, len);
    if (!*slot)
        luaL_error(L, "not enough memory");
}

static void fill_get(lua_State *L, mk_call *call, const entries *e, const char *charset)
{
    mk_buf *buf = mk_lua_new_buf(L, 64 << 10);
    if (call->roles)
        mk_script_end(L, mk_fault_new("policy.secret_denied", "a form with method get would put an opaque value into a URL"));
    int err = mk_formdata_urlencode(buf, e->list, e->count, charset);
    if (err)
        luaL_error(L, "form: %s", mk_err_text(err));
    mk_free(call->url.query); /* replaced, not added to: as browsers do */
    call->url.query = NULL;
    if (mk_url_add_query(&call->url, buf->data) != MK_OK)
        luaL_error(L, "form: the query is too long");
}

static void fill_post(lua_State *L, mk_call *call, const entries *e, const char *charset, const char *enctype)
{
    char boundary[48];
    mk_buf *buf = mk_lua_new_buf(L, MAX_BODY);
    const char *type = "application/x-www-form-urlencoded";
    int err;
    if (strcasecmp(enctype, "multipart/form-data") == 0) {
        mk_lua_boundary(L, boundary);
        err = mk_formdata_multipart(buf, e->list, e->count, charset, boundary);
        type = lua_pushfstring(L, "multipart/form-data; boundary=%s", boundary);
    } else if (strcasecmp(enctype, "text/plain") == 0) {
        err = mk_formdata_plain(buf, e->list, e->count, charset);
        type = "text/plain";
    } else {
        err = mk_formdata_urlencode(buf, e->list, e->count, charset);
    }
    if (err)
        luaL_error(L, "form: %s", mk_err_text(err));
    set_text(L, &call->body, buf->data, buf->len);
    call->body_len = buf->len;
    set_text(L, &call->content_type, type, strlen(type));
}

static const char *pick_charset(lua_State *L, const mk_form *form, mk_page *page)
{
    size_t n = strcspn(form->charset, " ,\t\n");
    if (n)
        return lua_pushlstring(L, form->charset, n);
    return page ? mk_page_charset(page) : NULL;
}

void mk_lua_form_target(lua_State *L, mk_call *call, mk_doc *doc, mk_page *page, const char *action)
{
    mk_url here = {0}, base = {0};
    const mk_url *against = mk_host_of(L)->base(mk_host_of(L));
    int err = MK_OK;
    if (page)
        err = mk_url_parse(&here, mk_page_url(page), strlen(mk_page_url(page)));
    if (!err && page)
        against = &here;
    const char *href = mk_doc_base(doc);
    if (!err && href && action[0] && mk_url_resolve(&base, against, href, strlen(href)) == MK_OK)
        against = &base;
    mk_url_free(&call->url);
    if (!err)
        err = against ? mk_url_resolve(&call->url, against, action, strlen(action)) : MK_EPARSE;
    mk_url_free(&here);
    mk_url_free(&base);
    if (err)
        luaL_error(L, "form action '%s': %s", action, mk_err_text(err));
    mk_free(call->url.fragment);
    call->url.fragment = NULL;
}

void mk_lua_form_submit(lua_State *L, int form_idx, int button_idx, mk_call *call)
{
    mk_doc *doc;
    mk_form *form = mk_lua_form_at(L, form_idx, &doc);
    const mk_control *button = button_idx ? find_button(L, form, button_idx) : NULL;
    lua_getiuservalue(L, form_idx, MK_FORM_OWNER);
    mk_page *page = mk_lua_test_page(L, -1);
    entries e = {.L = L, .form_idx = form_idx, .form = form, .roles = &call->roles,
                 .list = lua_newuserdatauv(L, (MAX_FIELDS + 1) * sizeof(mk_field), 0)};
    lua_newtable(L);
    e.used_idx = lua_gettop(L);
    for (size_t i = 0; i < form->count; i++) {
        add_control(&e, &form->controls[i]);
        if (&form->controls[i] == button)
            add_button(&e, doc, button);
    }
    add_rest(&e);
    mk_lua_form_target(L, call, doc, page, attr_or(doc, button, "formaction", form->action));
    const char *method = attr_or(doc, button, "formmethod", form->method);
    bool post = strcasecmp(method, "post") == 0;
    set_text(L, &call->method, post ? "POST" : "GET", post ? 4 : 3);
    const char *charset = pick_charset(L, form, page);
    if (post)
        fill_post(L, call, &e, charset, attr_or(doc, button, "formenctype", form->enctype));
    else
        fill_get(L, call, &e, charset);
}
