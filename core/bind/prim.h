/* prim.h - what the primitive modules share (layer bind, its own) */
#ifndef MK_BIND_PRIM_H
#define MK_BIND_PRIM_H
#include "bind/bind.h"

/* The bytes as a string, or as an opaque value if they came from secrets (roles not 0). */
void mk_prim_push(lua_State *L, mk_bytes bytes, unsigned roles);
/* Raises if err is one; what names the work. Out of memory reads as Lua's own. */
void mk_prim_check(lua_State *L, int err, const char *what);
/* A fixed-size box with one pointer, NULL at first, that `gc` releases; on the stack. */
void **mk_prim_box(lua_State *L, const char *class_name, const luaL_Reg *methods, const luaL_Reg *meta);
/* Charges memory behind Lua's back to the session, after a collection if there is no room; ends the session if there is
 * still none. Released in __gc. */
void mk_prim_charge(lua_State *L, size_t bytes);
void mk_prim_release(lua_State *L, size_t bytes);
/* As mk_lua_new_buf, but freed as soon as the function returns or raises: for what may grow large and then fail, which
 * Lua's collector would not notice. Its slot must stay where it is. */
mk_buf *mk_prim_scratch(lua_State *L, size_t max);
/* The session's clock in milliseconds, journaled; ends the session where the host says so. */
int64_t mk_prim_now(lua_State *L);
/* Fields of the table at idx, {name = value} in sorted order or a list of {name, value}, as a query. Opaque
 * values end the session (policy.secret_denied). */
void mk_prim_query(lua_State *L, int idx, mk_buf *out);
#endif
