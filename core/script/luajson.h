/* luajson.h - Lua values to JSON values and back (layer script)
 *
 * contract.md section 2, JSON numbers and shapes. */
#ifndef MK_SCRIPT_LUAJSON_H
#define MK_SCRIPT_LUAJSON_H
#include "base/buf.h"
#include <jansson.h>
#include <lua.h>

/* Pushes value. Arrays carry a metatable that keeps empty ones arrays; null is the null sentinel. Depth at most 200. May raise memory errors. */
void mk_lua_push_json(lua_State *L, const json_t *value);
/* The null sentinel, the array metatable. */
void mk_lua_push_null(lua_State *L);
void mk_lua_push_array_mt(lua_State *L);
/* A Lua value as JSON: tables with keys 1..n are arrays, an empty table is {} unless marked as an array, string keys objects (numbers
 * as keys become strings); functions, userdata and mixed keys: NULL with why (at most cap bytes) naming the path; depth at most 64. Strings
 * must be UTF-8. Runs no metamethod. New reference. */
json_t *mk_lua_to_json(lua_State *L, int idx, char *why, size_t cap);
#endif
