/* luajson_loose.h - a manifest's table as JSON, functions included (layer script, its own)
 *
 * So that a manifest is checked as plain data, without Lua at hand. */
#ifndef MK_SCRIPT_LUAJSON_LOOSE_H
#define MK_SCRIPT_LUAJSON_LOOSE_H
#include "script/luajson.h"

/* What stands for a function or another value that JSON lacks: this and the type's name. */
#define MK_LOOSE_MARK "\001"

/* As mk_lua_to_json, but mixed keys make an object (numbers as strings), and functions, userdata and
 * threads become MK_LOOSE_MARK strings. */
json_t *mk_lua_to_json_loose(lua_State *L, int idx, char *why, size_t cap);
#endif
