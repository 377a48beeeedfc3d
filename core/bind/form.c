/* form.c - forms as scripts fill them in (layer bind)
 *
 * contract.md section 2, "form". The document stays as it is; what a script sets is kept beside it, by name. */
#include "bind/form.h"
#include "base/err.h"
#include <string.h>

#define FORM_MT "meterkey.form"

typedef struct form_box {
    mk_form *form;
    mk_doc *doc;
} form_box;

static form_box *check_form(lua_State *L, int idx)
{
    form_box *box = luaL_checkudata(L, idx, FORM_MT);
    luaL_argcheck(L, box->form != NULL, idx, "form is gone");
    return box;
}

mk_form *mk_lua_form_at(lua_State *L, int idx, mk_doc **doc)
{
    form_box *box = check_form(L, idx);
    if (doc)
        *doc = box->doc;
    return box->form;
}

static bool named(const mk_control *control, const char *name)
{
    return control->name[0] && strcmp(control->name, name) == 0;
}

/* The values of a name as the page has them: one is pushed as it is, several as a list. */
static void push_values(lua_State *L, const mk_form *form, const char *name, enum mk_control_type type)
{
    int found = 0;
    lua_pushnil(L);
    for (size_t i = 0; i < form->count; i++) {
        const mk_control *control = &form->controls[i];
        if (!named(control, name) || control->type != type || !control->on)
            continue;
        if (++found == 2) {
            lua_createtable(L, 2, 0);
            lua_insert(L, -2);
            lua_rawseti(L, -2, 1);
        }
        lua_pushstring(L, control->value);
        if (found == 1)
            lua_replace(L, -2);
        else
            lua_rawseti(L, -2, found);
    }
}

static void push_secret_value(lua_State *L, const char *value)
{
    mk_lua_push_new_secret(L, (mk_bytes){value, strlen(value)}, MK_ROLE_OTHER);
    mk_host *host = mk_host_of(L);
    if (host->learn && value[0])
        host->learn(host, mk_lua_test_secret(L, -1, NULL));
}

static void push_original(lua_State *L, const mk_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        const mk_control *control = &form->controls[i];
        if (!named(control, name))
            continue;
        switch (control->type) {
        case MK_CTL_CHECKBOX: lua_pushboolean(L, control->on); return;
        case MK_CTL_RADIO:
        case MK_CTL_SELECT: push_values(L, form, name, control->type); return;
        case MK_CTL_PASSWORD: push_secret_value(L, control->value); return;
        default: lua_pushstring(L, control->value); return;
        }
    }
    lua_pushnil(L);
}

/* Whether name was set (or removed, then what is pushed is the removed mark). */
static bool push_override(lua_State *L, int form_idx, const char *name)
{
    lua_getiuservalue(L, form_idx, MK_FORM_SET);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

static bool is_password(const mk_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (named(&form->controls[i], name))
            return form->controls[i].type == MK_CTL_PASSWORD;
    return false;
}

/* form:get(name) -> string, boolean (checkbox), opaque (password), list (several) or nil   [-2, +1, e] no wait */
static int b_get(lua_State *L)
{
    form_box *box = check_form(L, 1);
    const char *name = luaL_checkstring(L, 2);
    if (push_override(L, 1, name)) {
        if (lua_islightuserdata(L, -1))
            lua_pushnil(L);
        else if (lua_type(L, -1) == LUA_TSTRING && is_password(box->form, name))
            push_secret_value(L, lua_tostring(L, -1)); /* opaque when read back, whoever set it */
        return 1;
    }
    push_original(L, box->form, name);
    return 1;
}

static void check_value(lua_State *L, int idx, const char *name)
{
    int type = lua_type(L, idx);
    if (type == LUA_TSTRING || type == LUA_TBOOLEAN || mk_lua_test_secret(L, idx, NULL) || lua_isinteger(L, idx))
        return;
    if (type == LUA_TTABLE) {
        for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, idx); i <= n; i++) {
            lua_rawgeti(L, idx, i);
            mk_lua_check_bytes(L, -1, NULL, name);
            lua_pop(L, 1);
        }
        return;
    }
    luaL_error(L, "form field '%s': string, integer, boolean, opaque value or list expected, got %s", name,
               type == LUA_TNUMBER ? "a float" : luaL_typename(L, idx));
}

static void store(lua_State *L, const char *name, int value)
{
    lua_getiuservalue(L, 1, MK_FORM_SET);
    lua_pushstring(L, name);
    bool known = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    lua_pushstring(L, name);
    lua_pushvalue(L, value);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    if (known)
        return;
    lua_getiuservalue(L, 1, MK_FORM_ORDER);
    lua_pushstring(L, name);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

static void note_added(lua_State *L, const mk_form *form, const char *name)
{
    mk_host *host = mk_host_of(L);
    if (!host->note || host->replaying(host))
        return;
    for (size_t i = 0; i < form->count; i++)
        if (named(&form->controls[i], name))
            return;
    host->note(host, "field_added", json_pack("{s:s}", "name", name));
}

/* form:remove(name): it is not sent                               [-2, +0, e] no wait */
static int b_remove(lua_State *L)
{
    check_form(L, 1);
    lua_pushlightuserdata(L, NULL);
    store(L, luaL_checkstring(L, 2), lua_gettop(L));
    return 0;
}

/* form:set(name, value), form.name = value: nil removes            [-3, +0, e] no wait */
static int b_set(lua_State *L)
{
    form_box *box = check_form(L, 1);
    const char *name = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    if (lua_isnil(L, 3))
        return b_remove(L);
    check_value(L, 3, name);
    store(L, name, 3);
    note_added(L, box->form, name);
    return 0;
}

static const char *type_name(enum mk_control_type type)
{
    static const char *const names[] = {"text", "password", "hidden", "checkbox", "radio", "select", "file", "button"};
    return names[type];
}

static void push_control(lua_State *L, const mk_control *control, int owner)
{
    lua_createtable(L, 0, 6);
    lua_pushstring(L, control->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, type_name(control->type));
    lua_setfield(L, -2, "type");
    if (control->type == MK_CTL_PASSWORD)
        push_secret_value(L, control->value);
    else
        lua_pushstring(L, control->value);
    lua_setfield(L, -2, "value");
    if (control->type == MK_CTL_CHECKBOX || control->type == MK_CTL_RADIO || control->type == MK_CTL_SELECT) {
        lua_pushboolean(L, control->on);
        lua_setfield(L, -2, "checked");
    }
    lua_pushboolean(L, control->disabled);
    lua_setfield(L, -2, "disabled");
    (void)owner;
}

static int push_controls(lua_State *L, bool buttons)
{
    form_box *box = check_form(L, 1);
    lua_newtable(L);
    for (size_t i = 0; i < box->form->count; i++) {
        const mk_control *control = &box->form->controls[i];
        if ((control->type == MK_CTL_BUTTON) != buttons)
            continue;
        push_control(L, control, 1);
        if (buttons) {
            lua_getiuservalue(L, 1, MK_FORM_OWNER);
            mk_lua_push_element(L, box->doc, control->node, -1);
            lua_setfield(L, -3, "element");
            lua_pop(L, 1);
        }
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    return 1;
}

/* form:controls() -> list of {name, type, value, checked, disabled}: as the page has them   [-1, +1, e] no wait */
static int b_controls(lua_State *L) { return push_controls(L, false); }

/* form:buttons() -> list of {name, type, value, disabled, element}  [-1, +1, e] no wait */
static int b_buttons(lua_State *L) { return push_controls(L, true); }

/* form:action() -> the URL it goes to, absolute                   [-1, +1, e] no wait */
static int b_action(lua_State *L)
{
    form_box *box = check_form(L, 1);
    mk_call *call = mk_lua_new_call(L);
    lua_getiuservalue(L, 1, MK_FORM_OWNER);
    mk_lua_form_target(L, call, box->doc, mk_lua_test_page(L, -1), box->form->action);
    call->body = mk_url_text(&call->url, false); /* goes with the call, whatever is raised */
    if (!call->body)
        return luaL_error(L, "not enough memory");
    lua_pushstring(L, call->body);
    return 1;
}

/* form:method() -> "get" or "post"                                [-1, +1, e] no wait */
static int b_method(lua_State *L)
{
    lua_pushstring(L, check_form(L, 1)->form->method);
    return 1;
}

static int b_index(lua_State *L)
{
    check_form(L, 1);
    luaL_checkstring(L, 2);
    luaL_getmetatable(L, FORM_MT);
    lua_getfield(L, -1, "methods");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return 1;
    lua_settop(L, 2);
    return b_get(L);
}

static int b_tostring(lua_State *L)
{
    form_box *box = check_form(L, 1);
    lua_pushfstring(L, "form %s %s", box->form->method, box->form->action);
    return 1;
}

static int b_gc(lua_State *L)
{
    form_box *box = luaL_checkudata(L, 1, FORM_MT);
    mk_form_free(box->form);
    box->form = NULL;
    return 0;
}

void mk_lua_push_form(lua_State *L, mk_doc *doc, mk_node *node, int owner_idx)
{
    static const luaL_Reg methods[] = {{"get", b_get}, {"set", b_set}, {"remove", b_remove},
        {"controls", b_controls}, {"buttons", b_buttons}, {"action", b_action}, {"method", b_method}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__index", b_index}, {"__newindex", b_set}, {"__tostring", b_tostring},
        {"__gc", b_gc}, {NULL, NULL}};
    owner_idx = lua_absindex(L, owner_idx);
    form_box *box = lua_newuserdatauv(L, sizeof *box, MK_FORM_SLOTS);
    *box = (form_box){.doc = doc};
    mk_lua_class(L, FORM_MT, methods, meta);
    luaL_setmetatable(L, FORM_MT);
    lua_pushvalue(L, owner_idx);
    lua_setiuservalue(L, -2, MK_FORM_OWNER);
    lua_newtable(L);
    lua_setiuservalue(L, -2, MK_FORM_SET);
    lua_newtable(L);
    lua_setiuservalue(L, -2, MK_FORM_ORDER);
    int err = mk_form_read(&box->form, doc, node);
    if (err)
        mk_script_end(L, mk_fault_new("policy.budget", "form: %s", mk_err_text(err)));
}
