/* element.c - elements of a page or document, and searching below them (layer bind)
 *
 * contract.md section 2, "element" and "Selectors". An element keeps what it belongs to alive. */
#include "bind/bind.h"
#include "base/err.h"
#include <string.h>

#define ELEMENT_MT "meterkey.element"
#define SELECTOR_MT "meterkey.selector"
#define SELECTORS "meterkey.selectors" /* registry: text -> compiled */
enum { MAX_CACHED = 512, MAX_TEXT = 4 << 20 };

typedef struct element_box {
    mk_doc *doc;
    mk_node *node;
} element_box;

static int selector_gc(lua_State *L)
{
    mk_selector **box = lua_touserdata(L, 1);
    mk_selector_free(*box);
    *box = NULL;
    return 0;
}

static void push_cache(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, SELECTORS) == LUA_TTABLE && lua_rawlen(L, -1) < MAX_CACHED)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, SELECTORS);
}

static mk_selector *compile(lua_State *L, int idx)
{
    static const luaL_Reg meta[] = {{"__gc", selector_gc}, {NULL, NULL}};
    char why[160] = "";
    mk_selector **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    mk_lua_class(L, SELECTOR_MT, NULL, meta);
    luaL_setmetatable(L, SELECTOR_MT);
    int err = mk_selector_compile(box, lua_tostring(L, idx), why, sizeof why);
    if (err)
        luaL_error(L, "selector '%s': %s", lua_tostring(L, idx), why[0] ? why : mk_err_text(err));
    return *box;
}

mk_selector *mk_lua_selector(lua_State *L, int idx)
{
    size_t len;
    idx = lua_absindex(L, idx);
    const char *text = luaL_checklstring(L, idx, &len);
    luaL_argcheck(L, len > 0 && len <= 4096 && strlen(text) == len, idx, "not a selector");
    push_cache(L);
    lua_pushvalue(L, idx);
    if (lua_rawget(L, -2) == LUA_TUSERDATA) {
        mk_selector *found = *(mk_selector **)lua_touserdata(L, -1);
        lua_pop(L, 2);
        return found;
    }
    lua_pop(L, 1);
    mk_selector *fresh = compile(L, idx);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_pop(L, 2);
    return fresh;
}

/* Tells whoever watches what was looked for and how much was found. */
static void note_selector(lua_State *L, const char *selector, size_t found)
{
    mk_host *host = mk_host_of(L);
    if (!host->note || host->replaying(host))
        return;
    char where[128];
    mk_script_where(L, where, sizeof where);
    host->note(host, "selector", json_pack("{s:s,s:I,s:s}", "selector", selector, "found", (json_int_t)found,
                                           "where", where));
}

/* The nodes found, in a userdata on the stack that frees the list. */
static int nodes_gc(lua_State *L)
{
    mk_nodes_free(lua_touserdata(L, 1));
    return 0;
}

static mk_nodes *select_nodes(lua_State *L, mk_doc *doc, mk_node *below, size_t most)
{
    static const luaL_Reg meta[] = {{"__gc", nodes_gc}, {NULL, NULL}};
    mk_selector *selector = mk_lua_selector(L, 2);
    mk_nodes *nodes = lua_newuserdatauv(L, sizeof *nodes, 0);
    *nodes = (mk_nodes){0};
    mk_lua_class(L, "meterkey.nodes", NULL, meta);
    luaL_setmetatable(L, "meterkey.nodes");
    int64_t begun = mk_script_work_begin(L);
    int err = doc ? mk_doc_select(doc, below, selector, most, nodes) : MK_OK;
    mk_script_work_end(L, begun);
    if (err == MK_EINVAL)
        luaL_error(L, "selector '%s' gives no elements", lua_tostring(L, 2));
    if (err)
        mk_script_end(L, mk_fault_new("policy.budget", "selector '%s': %s", lua_tostring(L, 2), mk_err_text(err)));
    note_selector(L, lua_tostring(L, 2), nodes->count);
    return nodes;
}

static bool wants_optional(lua_State *L, int idx)
{
    if (!lua_istable(L, idx))
        return false;
    lua_getfield(L, idx, "optional");
    bool optional = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return optional;
}

/* A selector or a form that is not there: typed, with what the page was. */
static int raise_missing(lua_State *L, const char *code, const char *selector, mk_page *page)
{
    mk_host *host = mk_host_of(L);
    mk_fault *fault = mk_fault_new(code, "'%s' is not on the page%s%s", selector, page ? " " : "",
                                   page ? mk_page_url(page) : "");
    mk_fault_evidence(fault, "selector", json_string(selector));
    if (fault && page && host->unexpected)
        fault = host->unexpected(host, page, fault);
    return mk_lua_fault(L, fault, false);
}

int mk_lua_select_one(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx, mk_page *page)
{
    owner_idx = lua_absindex(L, owner_idx);
    mk_nodes *nodes = select_nodes(L, doc, below, 1);
    if (nodes->count > 0) {
        mk_lua_push_element(L, doc, nodes->list[0], owner_idx);
        return 1;
    }
    if (!wants_optional(L, 3))
        return raise_missing(L, "adapter.selector_missed", lua_tostring(L, 2), page);
    lua_pushnil(L);
    return 1;
}

int mk_lua_select_all(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx)
{
    owner_idx = lua_absindex(L, owner_idx);
    mk_nodes *nodes = select_nodes(L, doc, below, 0);
    lua_createtable(L, (int)(nodes->count < 10000 ? nodes->count : 10000), 0);
    for (size_t i = 0; i < nodes->count; i++) {
        mk_lua_push_element(L, doc, nodes->list[i], owner_idx);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

int mk_lua_select_has(lua_State *L, mk_doc *doc, mk_node *below)
{
    mk_nodes *nodes = select_nodes(L, doc, below, 1);
    lua_pushboolean(L, nodes->count > 0);
    return 1;
}

/* The caller has made sure that there is a slot 2. */
int mk_lua_select_form(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx, mk_page *page)
{
    owner_idx = lua_absindex(L, owner_idx);
    if (lua_isnil(L, 2)) {
        lua_pushliteral(L, "form");
        lua_replace(L, 2);
    }
    mk_nodes *nodes = select_nodes(L, doc, below, 1);
    if (nodes->count == 0 || strcmp(mk_node_tag(nodes->list[0]), "form") != 0)
        return raise_missing(L, "adapter.form_missing", lua_tostring(L, 2), page);
    mk_lua_push_form(L, doc, nodes->list[0], owner_idx);
    return 1;
}

void mk_lua_push_element(lua_State *L, mk_doc *doc, mk_node *node, int owner_idx)
{
    owner_idx = lua_absindex(L, owner_idx);
    element_box *box = lua_newuserdatauv(L, sizeof *box, 1);
    box->doc = doc;
    box->node = node;
    lua_pushvalue(L, owner_idx);
    lua_setiuservalue(L, -2, 1);
    mk_lua_open_element(L);
    luaL_setmetatable(L, ELEMENT_MT);
}

mk_node *mk_lua_test_element(lua_State *L, int idx, mk_doc **doc)
{
    element_box *box = luaL_testudata(L, idx, ELEMENT_MT);
    if (box && doc)
        *doc = box->doc;
    return box ? box->node : NULL;
}

mk_node *mk_lua_check_element(lua_State *L, int idx, mk_doc **doc)
{
    element_box *box = luaL_checkudata(L, idx, ELEMENT_MT);
    *doc = box->doc;
    return box->node;
}

/* el:attr(name) -> string or nil                                  [-2, +1, e] no wait */
static int b_attr(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    lua_pushstring(L, mk_node_attr(doc, node, luaL_checkstring(L, 2)));
    return 1;
}

/* el:set(name, value): value nil removes the attribute            [-3, +0, e] no wait */
static int b_set(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    const char *value = lua_isnil(L, 3) ? NULL : luaL_checkstring(L, 3);
    int err = mk_node_set_attr(doc, node, luaL_checkstring(L, 2), value);
    return err ? luaL_error(L, "attribute '%s': %s", lua_tostring(L, 2), mk_err_text(err)) : 0;
}

static int push_written(lua_State *L, int (*write)(mk_doc *, const mk_node *, mk_buf *))
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    mk_buf *buf = mk_lua_new_buf(L, MAX_TEXT);
    int64_t begun = mk_script_work_begin(L);
    int err = write(doc, node, buf);
    mk_script_work_end(L, begun);
    if (err)
        return mk_script_end(L, mk_fault_new("policy.budget", "text of an element: %s", mk_err_text(err)));
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

/* el:text() -> visible text, white space folded                   [-1, +1, e] no wait */
static int b_text(lua_State *L) { return push_written(L, mk_node_text); }

/* el:html() -> the element as HTML                                [-1, +1, e] no wait */
static int b_html(lua_State *L) { return push_written(L, mk_node_html); }

/* el:one(selector[, {optional=true}]) -> element, or adapter.selector_missed   [-3, +1, e] no wait */
static int b_one(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    lua_getiuservalue(L, 1, 1);
    return mk_lua_select_one(L, doc, node, -1, mk_lua_test_page(L, -1));
}

/* el:all(selector) -> list of elements                            [-2, +1, e] no wait */
static int b_all(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    lua_getiuservalue(L, 1, 1);
    return mk_lua_select_all(L, doc, node, -1);
}

/* el:has(selector) -> boolean                                     [-2, +1, e] no wait */
static int b_has(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    return mk_lua_select_has(L, doc, node);
}

/* el.tag, and the methods                                         [-2, +1, e] no wait */
static int b_index(lua_State *L)
{
    mk_doc *doc;
    mk_node *node = mk_lua_check_element(L, 1, &doc);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "tag") == 0) {
        lua_pushstring(L, mk_node_tag(node));
        return 1;
    }
    luaL_getmetatable(L, ELEMENT_MT);
    lua_getfield(L, -1, "methods");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return luaL_error(L, "an element has no member '%s' (an attribute is el:attr('%s'))", key, key);
    return 1;
}

static int b_tostring(lua_State *L)
{
    mk_doc *doc;
    lua_pushfstring(L, "element <%s>", mk_node_tag(mk_lua_check_element(L, 1, &doc)));
    return 1;
}

void mk_lua_open_element(lua_State *L)
{
    static const luaL_Reg methods[] = {{"attr", b_attr}, {"set", b_set}, {"text", b_text}, {"html", b_html},
                                       {"one", b_one},   {"all", b_all}, {"has", b_has},   {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__index", b_index}, {"__tostring", b_tostring}, {NULL, NULL}};
    mk_lua_class(L, ELEMENT_MT, methods, meta);
}
