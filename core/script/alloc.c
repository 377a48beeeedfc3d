/* alloc.c - the memory of a Lua state, and the age of its objects (layer script)
 *
 * Objects with identity carry the number of their creation behind them, at
 * the end of the block, so that what frees a block need not know which kind
 * it is. tostring, pairs and next use it in place of addresses. */
#include "base/err.h"
#include "script/impl.h"

#include <malloc.h>
#include <string.h>

enum { AGE = sizeof(uint64_t) };

static bool has_identity(size_t tag)
{
    return tag == LUA_TTABLE || tag == LUA_TFUNCTION || tag == LUA_TUSERDATA || tag == LUA_TTHREAD;
}

/* Where the age stands: the last bytes that the block has room for. */
static char *age_of(const void *block)
{
    const size_t room = malloc_usable_size((void *)(uintptr_t)block);
    return (char *)(uintptr_t)block + room - AGE;
}

/* Near the limit each refusal costs a full collection (measured: 2,000 of them took 4 s), so a
 * script may not cause many. */
static void *refuse(mk_script *script)
{
    if (++script->refused > MK_SCRIPT_REFUSALS && script->in_resume)
        mk_script_attend(script);
    return NULL;
}

static void *create(mk_script *script, size_t tag, size_t size)
{
    const bool aged = has_identity(tag);
    if (mk_account_charge(&script->lua, size + MK_SCRIPT_BLOCK) != MK_OK)
        return refuse(script);
    void *block = mk_malloc(size + (aged ? AGE : 0));
    if (!block) {
        mk_account_release(&script->lua, size + MK_SCRIPT_BLOCK);
        return refuse(script);
    }
    if (aged) {
        script->age++;
        memcpy(age_of(block), &script->age, AGE);
    }
    return block;
}

static void *change(mk_script *script, void *ptr, size_t osize, size_t nsize)
{
    if (nsize > osize && mk_account_charge(&script->lua, nsize - osize) != MK_OK)
        return refuse(script);
    void *block = mk_realloc(ptr, nsize);
    if (block) {
        if (nsize < osize)
            mk_account_release(&script->lua, osize - nsize);
        return block;
    }
    if (nsize <= osize) { /* Lua counts on shrinking: it keeps the larger block */
        mk_account_release(&script->lua, osize - nsize);
        return ptr;
    }
    mk_account_release(&script->lua, nsize - osize);
    return refuse(script);
}

void *mk_script_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
    mk_script *script = ud;
    if (!ptr)
        return nsize ? create(script, osize, nsize) : NULL;
    if (nsize)
        return change(script, ptr, osize, nsize);
    mk_account_release(&script->lua, osize + MK_SCRIPT_BLOCK);
    mk_free(ptr);
    return NULL;
}

/* How far a full userdata's memory lies from its block (Lua 5.4, lobject.h: Udata0 and Udata).
 * The unit test of ages fails if another Lua lays it out otherwise. */
static size_t udata_offset(lua_State *L, int idx)
{
    size_t values = 0;
    luaL_checkstack(L, 1, NULL);
    while (lua_getiuservalue(L, idx, (int)values + 1) != LUA_TNONE) {
        lua_pop(L, 1);
        values++;
    }
    lua_pop(L, 1);
    return values ? 40 + 16 * values : 32;
}

/* A C function without upvalues is no object: it has no block. */
bool mk_script_is_bare(lua_State *L, int idx)
{
    if (!lua_iscfunction(L, idx))
        return false;
    luaL_checkstack(L, 1, NULL);
    if (!lua_getupvalue(L, idx, 1))
        return true;
    lua_pop(L, 1);
    return false;
}

uint64_t mk_script_age(lua_State *L, int idx)
{
    const char *block = lua_topointer(L, idx);
    switch (lua_type(L, idx)) {
    case LUA_TTABLE: break;
    case LUA_TTHREAD: block = lua_getextraspace(lua_tothread(L, idx)); break;
    case LUA_TUSERDATA: block -= udata_offset(L, lua_absindex(L, idx)); break;
    case LUA_TFUNCTION:
        if (mk_script_is_bare(L, idx))
            return 0;
        break;
    default: return 0;
    }
    uint64_t age = 0;
    memcpy(&age, age_of(block), AGE);
    return age;
}
