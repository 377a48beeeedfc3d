/* m_html.c - meterkey.html: documents that are no pages (layer bind)
 *
 * HTML inside JSON, mails, fragments. Elements and forms are those of pages. */
#include "bind/prim.h"
#include "base/err.h"
#include "parse/html.h"
#include "parse/url.h"
#include <string.h>

#define DOC_MT "meterkey.document"
enum { MAX_TEXT = 4 << 20 };

static int b_gc(lua_State *L)
{
    mk_doc **box = luaL_checkudata(L, 1, DOC_MT);
    mk_doc_free(*box);
    *box = NULL;
    return 0;
}

static mk_doc *check_doc(lua_State *L, int idx)
{
    mk_doc **box = luaL_checkudata(L, idx, DOC_MT);
    luaL_argcheck(L, *box != NULL, idx, "document is gone");
    return *box;
}

/* doc:one(selector[, {optional=true}]) -> element, or adapter.selector_missed   [-3, +1, e] no wait */
static int b_one(lua_State *L) { return mk_lua_select_one(L, check_doc(L, 1), NULL, 1, NULL); }

/* doc:all(selector) -> list of elements                            [-2, +1, e] no wait */
static int b_all(lua_State *L) { return mk_lua_select_all(L, check_doc(L, 1), NULL, 1); }

/* doc:has(selector) -> boolean                                     [-2, +1, e] no wait */
static int b_has(lua_State *L) { return mk_lua_select_has(L, check_doc(L, 1), NULL); }

/* doc:form([selector]) -> form, or adapter.form_missing            [-2, +1, e] no wait */
/** The first form if there is no selector. `s:submit` takes it as it takes a page's. */
static int b_form(lua_State *L)
{
    mk_doc *doc = check_doc(L, 1);
    lua_settop(L, 2);
    return mk_lua_select_form(L, doc, NULL, 1, NULL);
}

static int push_written(lua_State *L, int (*write)(mk_doc *, const mk_node *, mk_buf *))
{
    mk_doc *doc = check_doc(L, 1);
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    mk_node *root = mk_doc_root(doc);
    int64_t begun = mk_script_work_begin(L);
    int err = root ? write(doc, root, buf) : MK_OK;
    mk_script_work_end(L, begun);
    if (err)
        return mk_script_end(L, mk_fault_new("policy.budget", "text of a document: %s", mk_err_text(err)));
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

/* doc:text() -> visible text, white space folded                   [-1, +1, e] no wait */
static int b_text(lua_State *L) { return push_written(L, mk_node_text); }

/* doc:html() -> the document written out                           [-1, +1, e] no wait */
static int b_html(lua_State *L) { return push_written(L, mk_node_html); }

static int b_tostring(lua_State *L)
{
    check_doc(L, 1);
    lua_pushliteral(L, "document");
    return 1;
}

/* What a form's action means at this URL; the empty text leaves it as it is. */
static char *absolute(const mk_url *base, const char *action)
{
    mk_url url = {0};
    char *text = NULL;
    if (mk_url_resolve(&url, base, action, strlen(action)) == MK_OK)
        text = mk_url_text(&url, true);
    mk_url_free(&url);
    return text;
}

static int set_actions(mk_doc *doc, const mk_url *base)
{
    mk_selector *selector = NULL;
    mk_nodes forms = {0};
    int err = mk_selector_compile(&selector, "form", NULL, 0);
    if (!err)
        err = mk_doc_select(doc, NULL, selector, 0, &forms);
    for (size_t i = 0; i < forms.count && !err; i++) {
        const char *action = mk_node_attr(doc, forms.list[i], "action");
        char *text = absolute(base, action ? action : "");
        if (text)
            err = mk_node_set_attr(doc, forms.list[i], "action", text);
        mk_free(text);
    }
    mk_nodes_free(&forms);
    mk_selector_free(selector);
    return err;
}

/* A document has no place of its own: where it is said, forms get absolute actions. */
static int place(mk_doc *doc, const char *text, size_t len)
{
    mk_url here = {0}, base = {0};
    const char *href = mk_doc_base(doc);
    int err = mk_url_parse(&here, text, len);
    if (!err && (!href || mk_url_resolve(&base, &here, href, strlen(href)) != MK_OK))
        err = mk_url_copy(&base, &here);
    if (!err)
        err = set_actions(doc, &base);
    mk_url_free(&base);
    mk_url_free(&here);
    return err;
}

static bool wants_xml(lua_State *L)
{
    if (!lua_istable(L, 2))
        return false;
    lua_getfield(L, 2, "xml");
    return lua_toboolean(L, -1);
}

static void apply_url(lua_State *L, mk_doc *doc)
{
    if (!lua_istable(L, 2) || lua_getfield(L, 2, "url") == LUA_TNIL)
        return;
    size_t len;
    const char *url = luaL_checklstring(L, -1, &len);
    int err = place(doc, url, len);
    if (err == MK_EPARSE)
        luaL_error(L, "html.parse: '%s' is not a URL", url);
    mk_prim_check(L, err, "html.parse");
}

/* Parses; if the session's memory is full, once more after a collection: documents that nobody holds any more look small
 * to the collector. */
static int parse(lua_State *L, mk_doc **out, mk_bytes text, bool xml)
{
    mk_account *account = mk_script_account(mk_script_of(L));
    int64_t begun = mk_script_work_begin(L);
    int err = mk_doc_parse(out, text.data, text.len, xml, NULL, account);
    if (err == MK_ENOMEM) {
        lua_gc(L, LUA_GCCOLLECT, 0);
        err = mk_doc_parse(out, text.data, text.len, xml, NULL, account);
    }
    mk_script_work_end(L, begun);
    return err;
}

/* html.parse(text[, {xml=, url=}]) -> document | nil, message, code   [-2, +1|+3, e] no wait */
/**
 * Reads HTML as browsers do, or with `xml = true` XML strictly (no entities of its own, nothing fetched). url: where
 * it is from; the actions of its forms are then made absolute. At most 2 MiB, 512 deep. The document has `one`, `all`,
 * `has`, `form`, `text` and `html`, as a page does.
 */
static int b_parse(lua_State *L)
{
    static const luaL_Reg methods[] = {{"one", b_one}, {"all", b_all}, {"has", b_has}, {"form", b_form},
                                       {"text", b_text}, {"html", b_html}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__gc", b_gc}, {"__tostring", b_tostring}, {NULL, NULL}};
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    bool xml = wants_xml(L);
    mk_doc **box = (mk_doc **)mk_prim_box(L, DOC_MT, methods, meta);
    int slot = lua_gettop(L);
    int err = parse(L, box, (mk_bytes){text, len}, xml);
    if (err == MK_EPARSE)
        return mk_lua_failf(L, "adapter.parse", "not XML");
    if (err)
        return mk_script_end(L, mk_fault_new("policy.budget", "html.parse: %s", mk_err_text(err)));
    apply_url(L, *box);
    lua_pushvalue(L, slot);
    return 1;
}

int mk_open_html(lua_State *L)
{
    static const luaL_Reg functions[] = {{"parse", b_parse}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
