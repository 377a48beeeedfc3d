/* page.c - a page as scripts see it (layer bind)
 *
 * contract.md section 2, "page". Nothing is parsed before it is asked for. */
#include "bind/bind.h"
#include "base/err.h"
#include "parse/regex.h"
#include "script/luajson.h"
#include <string.h>

#define PAGE_MT "meterkey.page"
enum { UV_MFA = 1, UV_BODY, UV_HEADERS, UV_COUNT = UV_HEADERS };
enum { REGEX_MS = 20 };

typedef struct page_box {
    mk_page *page;
} page_box;

mk_page *mk_lua_test_page(lua_State *L, int idx)
{
    page_box *box = luaL_testudata(L, idx, PAGE_MT);
    return box ? box->page : NULL;
}

mk_page *mk_lua_check_page(lua_State *L, int idx)
{
    page_box *box = luaL_checkudata(L, idx, PAGE_MT);
    luaL_argcheck(L, box->page != NULL, idx, "page is gone");
    return box->page;
}

static int end_budget(lua_State *L, const char *what, int err)
{
    return mk_script_end(L, mk_fault_new("policy.budget", "%s: %s", what, mk_err_text(err)));
}

static mk_doc *doc_of(lua_State *L, mk_page *page)
{
    mk_doc *doc = NULL;
    int64_t begun = mk_script_work_begin(L);
    int err = mk_page_doc(page, NULL, &doc);
    if (err == MK_ENOMEM) { /* pages that nobody holds any more look small to the collector */
        lua_gc(L, LUA_GCCOLLECT, 0);
        err = mk_page_doc(page, NULL, &doc);
    }
    mk_script_work_end(L, begun);
    if (err == MK_ELIMIT || err == MK_ENOMEM)
        end_budget(L, "page as HTML", err);
    if (err) {
        mk_fault *fault = mk_fault_new("adapter.parse", "the page %s is no document", mk_page_url(page));
        mk_lua_fault(L, fault, false);
    }
    return doc;
}

/* page:one(selector[, {optional=true}]) -> element, or adapter.selector_missed  [-3, +1, e] no wait */
static int b_one(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    return mk_lua_select_one(L, doc_of(L, page), NULL, 1, page);
}

/* page:all(selector) -> list of elements                          [-2, +1, e] no wait */
static int b_all(lua_State *L) { return mk_lua_select_all(L, doc_of(L, mk_lua_check_page(L, 1)), NULL, 1); }

/* page:has(selector) -> boolean                                   [-2, +1, e] no wait */
static int b_has(lua_State *L) { return mk_lua_select_has(L, doc_of(L, mk_lua_check_page(L, 1)), NULL); }

/* page:form([selector]) -> form, or adapter.form_missing          [-2, +1, e] no wait */
static int b_form(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    lua_settop(L, 2);
    return mk_lua_select_form(L, doc_of(L, page), NULL, 1, page);
}

/* page:text() -> visible text, white space folded                 [-1, +1, e] no wait */
static int b_text(lua_State *L)
{
    mk_bytes text;
    int64_t begun = mk_script_work_begin(L);
    int err = mk_page_text(mk_lua_check_page(L, 1), &text);
    mk_script_work_end(L, begun);
    if (err)
        return end_budget(L, "text of a page", err);
    lua_pushlstring(L, text.data, text.len);
    return 1;
}

/* page:header(name) -> list of all values                         [-2, +1, e] no wait */
static int b_header(lua_State *L)
{
    const mk_headers *headers = mk_page_headers(mk_lua_check_page(L, 1));
    const char *name = luaL_checkstring(L, 2);
    const mk_header *header;
    lua_newtable(L);
    for (size_t i = 0; (header = mk_headers_get(headers, name, i)) != NULL; i++) {
        lua_pushlstring(L, header->value, header->value_len);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static json_t *json_of(lua_State *L, mk_page *page)
{
    json_t *value = NULL;
    mk_json_error why = {0};
    int64_t begun = mk_script_work_begin(L);
    int err = mk_page_json(page, &value, &why);
    mk_script_work_end(L, begun);
    if (err == MK_ENOMEM)
        end_budget(L, "page as JSON", err);
    if (!err)
        return value;
    mk_fault *fault = mk_fault_new(err == MK_ELIMIT ? "policy.budget" : "adapter.parse",
                                   "%s is not JSON: line %d, column %d: %s", mk_page_url(page), why.line, why.col, why.why);
    mk_host *host = mk_host_of(L);
    if (fault && err != MK_ELIMIT && host->unexpected)
        fault = host->unexpected(host, page, fault);
    mk_lua_fault(L, fault, false);
    return NULL;
}

static int path_gc(lua_State *L)
{
    mk_json_path **box = lua_touserdata(L, 1);
    mk_json_path_free(*box);
    *box = NULL;
    return 0;
}

static mk_json_path *compile_path(lua_State *L, const char *text)
{
    static const luaL_Reg meta[] = {{"__gc", path_gc}, {NULL, NULL}};
    char why[120] = "";
    mk_json_path **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    mk_lua_class(L, "meterkey.jsonpath", NULL, meta);
    luaL_setmetatable(L, "meterkey.jsonpath");
    if (mk_json_path_compile(box, text, why, sizeof why) != MK_OK)
        luaL_error(L, "JSON path '%s': %s", text, why);
    return *box;
}

static bool collect(void *arg, json_t *value)
{
    lua_State *L = arg;
    mk_lua_push_json(L, value);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    return true;
}

static int raise_none(lua_State *L, mk_page *page, const char *path)
{
    mk_host *host = mk_host_of(L);
    mk_fault *fault = mk_fault_new("adapter.parse", "nothing is at %s in the JSON of %s", path, mk_page_url(page));
    if (fault && host->unexpected)
        fault = host->unexpected(host, page, fault);
    return mk_lua_fault(L, fault, false);
}

/* page:json([path]) -> the decoded body, or the value at path (a list where path has [*]); adapter.parse if the
 * body is no JSON or nothing is there (a value that may be missing: page:json().name)                            [-2, +1, e] no wait */
static int b_json(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    lua_settop(L, 2);
    json_t *value = json_of(L, page);
    if (lua_isnil(L, 2)) {
        mk_lua_push_json(L, value);
        return 1;
    }
    mk_json_path *path = compile_path(L, luaL_checkstring(L, 2));
    if (mk_json_path_many(path)) {
        lua_newtable(L);
        mk_json_path_each(path, value, collect, L);
        mk_lua_push_array_mt(L);
        lua_setmetatable(L, -2);
    } else {
        json_t *found = mk_json_path_first(path, value);
        if (!found)
            return raise_none(L, page, lua_tostring(L, 2));
        mk_lua_push_json(L, found);
    }
    return 1;
}

static int regex_gc(lua_State *L)
{
    mk_regex **box = lua_touserdata(L, 1);
    mk_regex_free(*box);
    *box = NULL;
    return 0;
}

static mk_regex *compile_regex(lua_State *L, int idx, const char *flags)
{
    static const luaL_Reg meta[] = {{"__gc", regex_gc}, {NULL, NULL}};
    char why[120] = "";
    size_t len, at = 0;
    const char *text = luaL_checklstring(L, idx, &len);
    mk_regex **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    mk_lua_class(L, "meterkey.regexbox", NULL, meta);
    luaL_setmetatable(L, "meterkey.regexbox");
    if (mk_regex_compile(box, text, len, flags, &at, why, sizeof why) != MK_OK)
        luaL_error(L, "pattern '%s': %s at %d", text, why, (int)at);
    return *box;
}

/* The captures as a table: [1].. in order, by name too; [1] is the whole match if there are no groups. */
static void push_captures(lua_State *L, const mk_regex *regex, const char *subject, const mk_match *match)
{
    lua_newtable(L);
    uint32_t first = match->count > 1 ? 1 : 0;
    for (uint32_t i = first; i < match->count; i++) {
        if (match->from[i] == SIZE_MAX)
            lua_pushboolean(L, 0);
        else
            lua_pushlstring(L, subject + match->from[i], match->to[i] - match->from[i]);
        const char *name = i ? mk_regex_group_name(regex, i) : NULL;
        if (name) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, name);
        }
        lua_rawseti(L, -2, (lua_Integer)(i - first) + 1);
    }
}

/* page:match(pattern[, flags]) -> table of captures, named ones by name too; nil if there is none  [-3, +1, e] no wait */
static int b_match(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    mk_regex *regex = compile_regex(L, 2, luaL_optstring(L, 3, NULL));
    mk_bytes body;
    mk_match match;
    bool found = false;
    int64_t begun = mk_script_work_begin(L);
    int err = mk_page_body(page, &body);
    if (!err)
        err = mk_regex_match(regex, body.data, body.len, 0, REGEX_MS, &match, &found);
    mk_script_work_end(L, begun);
    if (err)
        return end_budget(L, "pattern", err);
    mk_host *host = mk_host_of(L);
    if (host->note && !host->replaying(host))
        host->note(host, "match", json_pack("{s:s,s:b}", "pattern", lua_tostring(L, 2), "found", found));
    if (found)
        push_captures(L, regex, body.data, &match);
    else
        lua_pushnil(L);
    return 1;
}

static int push_cached(lua_State *L, int slot, void (*make)(lua_State *L, mk_page *page))
{
    if (lua_getiuservalue(L, 1, slot) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    make(L, mk_lua_check_page(L, 1));
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, slot);
    return 1;
}

static void make_body(lua_State *L, mk_page *page)
{
    mk_bytes body;
    int err = mk_page_body(page, &body);
    if (err)
        end_budget(L, "body of a page", err);
    lua_pushlstring(L, body.data, body.len);
}

static void make_headers(lua_State *L, mk_page *page)
{
    const mk_headers *headers = mk_page_headers(page);
    lua_newtable(L);
    for (size_t i = headers->count; i-- > 0;) { /* from the end: the first value stays */
        char name[128];
        size_t n = strlen(headers->list[i].name);
        if (n >= sizeof name)
            continue;
        for (size_t k = 0; k <= n; k++)
            name[k] = headers->list[i].name[k] >= 'A' && headers->list[i].name[k] <= 'Z'
                          ? (char)(headers->list[i].name[k] + 32) : headers->list[i].name[k];
        lua_pushlstring(L, headers->list[i].value, headers->list[i].value_len);
        lua_setfield(L, -2, name);
    }
}

/* page.status .url .type .body .headers .mfa, and the methods      [-2, +1, e] no wait */
static int b_index(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "status") == 0)
        lua_pushinteger(L, mk_page_status(page));
    else if (strcmp(key, "url") == 0)
        lua_pushstring(L, mk_page_url(page));
    else if (strcmp(key, "type") == 0)
        lua_pushstring(L, mk_page_type(page));
    else if (strcmp(key, "body") == 0)
        return push_cached(L, UV_BODY, make_body);
    else if (strcmp(key, "headers") == 0)
        return push_cached(L, UV_HEADERS, make_headers);
    else if (strcmp(key, "mfa") == 0)
        lua_getiuservalue(L, 1, UV_MFA);
    else {
        luaL_getmetatable(L, PAGE_MT);
        lua_getfield(L, -1, "methods");
        lua_pushvalue(L, 2);
        if (lua_rawget(L, -2) == LUA_TNIL)
            return luaL_error(L, "a page has no member '%s'", key);
    }
    return 1;
}

static int b_tostring(lua_State *L)
{
    mk_page *page = mk_lua_check_page(L, 1);
    lua_pushfstring(L, "page %d %s", mk_page_status(page), mk_page_url(page));
    return 1;
}

static int b_newindex(lua_State *L) { return luaL_error(L, "a page cannot be changed (keep values in s instead)"); }

static int b_gc(lua_State *L)
{
    page_box *box = luaL_checkudata(L, 1, PAGE_MT);
    mk_page_unref(box->page);
    box->page = NULL;
    return 0;
}

void mk_lua_push_page(lua_State *L, mk_page *page, json_t *challenge)
{
    static const luaL_Reg methods[] = {{"one", b_one}, {"all", b_all}, {"has", b_has}, {"form", b_form},
        {"text", b_text}, {"header", b_header}, {"json", b_json}, {"match", b_match}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__index", b_index}, {"__newindex", b_newindex}, {"__tostring", b_tostring},
        {"__gc", b_gc}, {NULL, NULL}};
    page_box *box = lua_newuserdatauv(L, sizeof *box, UV_COUNT);
    box->page = NULL;
    mk_lua_class(L, PAGE_MT, methods, meta);
    luaL_setmetatable(L, PAGE_MT);
    box->page = mk_page_ref(page);
    if (challenge) {
        mk_lua_push_json(L, challenge);
        lua_pushvalue(L, -2);
        lua_setfield(L, -2, "page"); /* s:ask begins on the page it was found on */
        lua_setiuservalue(L, -2, UV_MFA);
    }
}
