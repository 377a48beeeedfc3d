/* bind.h - the Lua modules and objects, and what they share (layer bind)
 *
 * One file a module; each function says [-pops, +pushes, errors] and whether it waits. */
#ifndef MK_BIND_H
#define MK_BIND_H
#include "bind/host.h"
#include "parse/form.h"
#include "parse/formdata.h"
#include "script/state.h"
#include "script/version.h"
#include "vault/secret.h"
#include <lauxlib.h>

/* nil, message, code: the world's faults in library functions. */
int mk_lua_fail(lua_State *L, int err);
int mk_lua_failf(lua_State *L, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A metatable with methods, __gc, __close, __name and __metatable = false; true if new (then on the stack to be filled and popped). */
void mk_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta);

/* Opaque values, secret.c. */
void mk_lua_push_secret(lua_State *L, mk_secret *secret, unsigned roles); /* takes a reference of its own; raises on memory */
void mk_lua_push_new_secret(lua_State *L, mk_bytes bytes, unsigned roles); /* a copy of bytes; raises on memory */
mk_secret *mk_lua_test_secret(lua_State *L, int idx, unsigned *roles);    /* borrowed, or NULL; roles |= its */
/* Text of a string, number, boolean or secret at idx; *secret tells. Valid while the value is on the stack. Raises for others,
 * naming what ("form field 'x'"). */
mk_bytes mk_lua_check_bytes(lua_State *L, int idx, unsigned *roles, const char *what);

/* JSON text of the value at idx with opaque values, json.c: appends to out; roles of the secrets inside. Raises for what is no JSON. */
void mk_lua_json_encode(lua_State *L, int idx, mk_buf *out, unsigned *roles);

/* A buffer that lives in a userdata on the stack, so that an error frees it. */
mk_buf *mk_lua_new_buf(lua_State *L, size_t max);

/* Pages, elements and forms: page.c, element.c, form.c. */
void mk_lua_push_page(lua_State *L, mk_page *page, json_t *challenge); /* takes a reference of page; copies challenge */
mk_page *mk_lua_check_page(lua_State *L, int idx);
mk_page *mk_lua_test_page(lua_State *L, int idx);
/* owner_idx: the page or document that keeps doc alive. */
void mk_lua_push_element(lua_State *L, mk_doc *doc, mk_node *node, int owner_idx);
mk_node *mk_lua_check_element(lua_State *L, int idx, mk_doc **doc);
mk_node *mk_lua_test_element(lua_State *L, int idx, mk_doc **doc);
/* one, all, has of a page, document or element: doc and node (NULL: whole) are searched with the selector at 2. */
int mk_lua_select_one(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx, mk_page *page);
int mk_lua_select_all(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx);
int mk_lua_select_has(lua_State *L, mk_doc *doc, mk_node *below);
/* page:form, doc:form: the selector at 2 or the first form. */
int mk_lua_select_form(lua_State *L, mk_doc *doc, mk_node *below, int owner_idx, mk_page *page);
void mk_lua_push_form(lua_State *L, mk_doc *doc, mk_node *form, int owner_idx);
void mk_lua_open_element(lua_State *L); /* the class, made at first use */
/* What a form would send, button (index of the stack or 0). Fills call's method, url, body, content type and roles. */
void mk_lua_form_submit(lua_State *L, int form_idx, int button_idx, mk_call *call);
mk_selector *mk_lua_selector(lua_State *L, int idx); /* compiled, cached in the state; raises with what is wrong */

/* Requests, request.c. */
mk_call *mk_lua_new_call(lua_State *L); /* userdata on the stack */
/* Reads opts at idx (nil is fine) into call; url must be set before `query` is applied. */
void mk_lua_read_opts(lua_State *L, int idx, mk_call *call);
/* A boundary for multipart bodies from the session's random numbers. */
void mk_lua_boundary(lua_State *L, char out[48]);
void mk_lua_set_url(lua_State *L, mk_call *call, int idx);
/* `return mk_lua_fetch(L, call)`: the call userdata is on top of the stack; waits; pushes the page, or raises (aside: nil, message, code). */
int mk_lua_fetch(lua_State *L, mk_call *call);
/* Raises or ends by what the host said; takes fault over. */
int mk_lua_fault(lua_State *L, mk_fault *fault, bool end);
/* `return mk_lua_wait(L, k)`: after a begin of the host's. */
int mk_lua_wait(lua_State *L, lua_KContext ctx, lua_KFunction k);
void mk_lua_check_can_wait(lua_State *L, const char *what);

/* Pushes the opener of a primitive module ("meterkey.http", .cookies, .regex, .html, .json, .url, .crypto, .time, .log) as a function; false for other names. */
bool mk_bind_module(lua_State *L, const char *name);
/* Call once at start: versions find the primitives that adapters require. */
void mk_bind_init(void);
int mk_open_http(lua_State *L);
int mk_open_cookies(lua_State *L);
int mk_open_regex(lua_State *L);
int mk_open_html(lua_State *L);
int mk_open_json(lua_State *L);
int mk_open_url(lua_State *L);
int mk_open_crypto(lua_State *L);
int mk_open_time(lua_State *L);
int mk_open_log(lua_State *L);

/* The session object, session.c and ask.c. credentials: object {name: {"value","secret"}} borrowed; keep: object or NULL. Leaves s on the stack. */
typedef struct mk_lua_credential { const char *name; mk_secret *value; bool secret; } mk_lua_credential;
void mk_lua_push_session(lua_State *L, const mk_lua_credential *credentials, size_t count, const json_t *keep);
/* s:ask as a function: runtime/meterkey/ask.lua on the engine's primitives for asking. */
void mk_lua_push_ask(lua_State *L);
/* The keep table of the session object at idx as JSON; secrets as {"$secret": text}. NULL with why when something else is in it. */
json_t *mk_lua_read_keep(lua_State *L, int idx, char *why, size_t cap);
#endif
