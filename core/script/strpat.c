/* strpat.c - find, match, gmatch and gsub on the matcher with a step budget (layer script) */
#include "base/err.h"
#include "parse/luapattern.h"
#include "script/impl.h"

#include <string.h>

enum { OPEN = -1, POSITION = -2 };

/* One call's matcher; the steps are its own. */
typedef struct search {
    mk_lpat m;
    long steps;
} search;

static void begin(lua_State *L, search *s, const char *src, size_t src_len, const char *pat, size_t pat_len)
{
    s->steps = mk_script_of(L)->limits.pattern_steps;
    s->m = (mk_lpat){ .src = src, .src_len = src_len, .pat = pat, .pat_len = pat_len, .steps = &s->steps };
}

static void judge(lua_State *L, search *s, int err)
{
    if (err == MK_OK)
        return;
    if (err == MK_EPARSE)
        luaL_error(L, "%s", s->m.why ? s->m.why : "malformed pattern");
    if (s->steps <= 0)
        mk_script_over(L, "pattern", "a pattern took more than %ld steps", mk_script_of(L)->limits.pattern_steps);
    luaL_error(L, "pattern too complex");
}

/* The i-th capture (from 0); the whole match for 0 where the pattern has none. */
static void push_capture(lua_State *L, const search *s, int i, size_t from, size_t to)
{
    if (i >= s->m.level) {
        if (i > 0)
            luaL_error(L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(L, s->m.src + from, to - from);
    } else if (s->m.capture[i].len == POSITION) {
        lua_pushinteger(L, (lua_Integer)s->m.capture[i].from + 1);
    } else if (s->m.capture[i].len == OPEN) {
        luaL_error(L, "unfinished capture");
    } else {
        lua_pushlstring(L, s->m.src + s->m.capture[i].from, (size_t)s->m.capture[i].len);
    }
}

static int push_captures(lua_State *L, const search *s, bool whole, size_t from, size_t to)
{
    const int count = s->m.level || !whole ? s->m.level : 1;
    luaL_checkstack(L, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(L, s, i, from, to);
    return count;
}

/* A start position as Lua counts: from 1, from the end if negative. */
static size_t start_of(lua_Integer at, size_t len)
{
    if (at > 0)
        return (size_t)at - 1;
    if (at == 0 || at < -(lua_Integer)len)
        return 0;
    return len - (size_t)-at;
}

static bool is_plain(const char *pat, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (memchr("^$*+?.([%-", pat[i], 10))
            return false;
    return true;
}

static int find_plain(lua_State *L, const char *src, size_t len, size_t at, const char *pat, size_t pat_len)
{
    const char *found = pat_len ? memmem(src + at, len - at, pat, pat_len) : src + at;
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)(found - src) + 1);
    lua_pushinteger(L, (lua_Integer)((size_t)(found - src) + pat_len));
    return 2;
}

static int search_once(lua_State *L, bool find)
{
    size_t len = 0, pat_len = 0, from = 0, to = 0;
    const char *src = luaL_checklstring(L, 1, &len);
    const char *pat = luaL_checklstring(L, 2, &pat_len);
    const size_t at = start_of(luaL_optinteger(L, 3, 1), len);
    bool found = false;
    search s;
    if (at > len) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(pat, pat_len)))
        return find_plain(L, src, len, at, pat, pat_len);
    begin(L, &s, src, len, pat, pat_len);
    judge(L, &s, mk_lpat_find(&s.m, at, &found, &from, &to));
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return push_captures(L, &s, true, from, to);
    lua_pushinteger(L, (lua_Integer)from + 1);
    lua_pushinteger(L, (lua_Integer)to);
    return 2 + push_captures(L, &s, false, from, to);
}

/* string.find(s, pattern[, init[, plain]]) -> from, to, captures | nil      [-4, +n, e] */
static int s_find(lua_State *L)
{
    return search_once(L, true);
}

/* string.match(s, pattern[, init]) -> captures | nil         [-3, +n, e] */
static int s_match(lua_State *L)
{
    return search_once(L, false);
}

/* The first match from at on that does not end where the last one did; a ^ is a letter here. */
static bool next_match(lua_State *L, search *s, size_t *at, size_t last, size_t *from, size_t *to)
{
    for (; *at <= s->m.src_len; ++*at) {
        bool found = false;
        s->m.level = 0;
        judge(L, s, mk_lpat_at(&s->m, *at, &found, to));
        if (found && *to != last) {
            *from = *at;
            return true;
        }
    }
    return false;
}

/* Upvalues: subject, pattern, where to look from, where the last match ended (-1: none yet). */
static int gmatch_next(lua_State *L)
{
    size_t len = 0, pat_len = 0, from = 0, to = 0;
    const char *src = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *pat = lua_tolstring(L, lua_upvalueindex(2), &pat_len);
    size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    search s;
    begin(L, &s, src, len, pat, pat_len);
    if (!next_match(L, &s, &at, (size_t)lua_tointeger(L, lua_upvalueindex(4)), &from, &to)) {
        lua_pushinteger(L, (lua_Integer)len + 1);
        lua_replace(L, lua_upvalueindex(3));
        return 0;
    }
    for (int i = 3; i <= 4; i++) {
        lua_pushinteger(L, (lua_Integer)to);
        lua_replace(L, lua_upvalueindex(i));
    }
    return push_captures(L, &s, true, from, to);
}

/* string.gmatch(s, pattern[, init]) -> iterator               [-3, +1, e] */
static int s_gmatch(lua_State *L)
{
    size_t len = 0;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t at = start_of(luaL_optinteger(L, 3, 1), len);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(at > len ? len + 1 : at));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* %0 to %9 and %% of a replacement text. */
static void add_template(lua_State *L, luaL_Buffer *out, const search *s, size_t from, size_t to)
{
    size_t len = 0;
    const char *text = lua_tolstring(L, 3, &len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            luaL_addchar(out, text[i]);
            continue;
        }
        const char c = ++i < len ? text[i] : '\0';
        if (c == '%') {
            luaL_addchar(out, '%');
        } else if (c == '0') {
            luaL_addlstring(out, s->m.src + from, to - from);
        } else if (c >= '1' && c <= '9') {
            push_capture(L, s, c - '1', from, to);
            luaL_tolstring(L, -1, NULL); /* a position becomes its digits */
            lua_remove(L, -2);
            luaL_addvalue(out);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
}

/* Adds what replaces the match; true if it was changed. */
static bool add_value(lua_State *L, luaL_Buffer *out, const search *s, int type, size_t from, size_t to)
{
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        add_template(L, out, s, from, to);
        return true;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, s, true, from, to), 1);
    } else {
        push_capture(L, s, 0, from, to);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, s->m.src + from, to - from);
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(out);
    return true;
}

static lua_Integer replace_all(lua_State *L, luaL_Buffer *out, search *s, lua_Integer most, bool anchored)
{
    const int type = lua_type(L, 3);
    size_t at = 0, last = SIZE_MAX;
    lua_Integer count = 0;
    while (count < most) {
        bool found = false;
        size_t to = 0;
        s->m.level = 0;
        judge(L, s, mk_lpat_at(&s->m, at, &found, &to));
        if (found && to != last) {
            count++;
            add_value(L, out, s, type, at, to);
            at = last = to;
        } else if (at < s->m.src_len) {
            luaL_addchar(out, s->m.src[at++]);
        } else {
            break;
        }
        if (anchored)
            break;
        if (!(count & 0xff))
            mk_script_poll(L);
    }
    luaL_addlstring(out, s->m.src + at, s->m.src_len - at);
    return count;
}

/* string.gsub(s, pattern, replacement[, n]) -> string, count; a function may not wait     [-4, +2, e] */
static int s_gsub(lua_State *L)
{
    size_t len = 0, pat_len = 0;
    const char *src = luaL_checklstring(L, 1, &len);
    const char *pat = luaL_checklstring(L, 2, &pat_len);
    const int type = lua_type(L, 3);
    const lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    const bool anchored = pat_len && *pat == '^';
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                     "string/function/table");
    if (type == LUA_TNUMBER)
        lua_tostring(L, 3);
    luaL_Buffer out;
    search s;
    luaL_buffinit(L, &out);
    begin(L, &s, src, len, pat + anchored, pat_len - anchored);
    const lua_Integer count = replace_all(L, &out, &s, most, anchored);
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}

void mk_script_open_pattern(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "find", s_find }, { "match", s_match }, { "gmatch", s_gmatch }, { "gsub", s_gsub }, { NULL, NULL },
    };
    luaL_setfuncs(L, functions, 0);
}
