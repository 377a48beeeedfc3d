/* m_regex.c - meterkey.regex: regular expressions of PCRE2 (layer bind)
 *
 * Each call is limited in time, so no pattern and no page can hold the others up. */
#include "bind/prim.h"
#include "base/clock.h"
#include "base/err.h"
#include "parse/regex.h"
#include <string.h>

#define REGEX_MT "meterkey.regex"
#define CACHE "meterkey.regexes" /* registry: flags/pattern -> compiled */
enum { MATCH_MS = 20, GSUB_US = 100 * 1000, MAX_RESULT = 8 << 20, MAX_CACHED = 256, MAX_SUBJECT = 8 << 20 };

typedef struct regex_box {
    mk_regex *regex;
    size_t charged;
} regex_box;

static int b_gc(lua_State *L)
{
    regex_box *box = luaL_checkudata(L, 1, REGEX_MT);
    mk_prim_release(L, box->charged);
    mk_regex_free(box->regex);
    *box = (regex_box){0};
    return 0;
}

static mk_regex *check_regex(lua_State *L, int idx)
{
    regex_box *box = luaL_checkudata(L, idx, REGEX_MT);
    luaL_argcheck(L, box->regex != NULL, idx, "regular expression is gone");
    return box->regex;
}

static int b_match(lua_State *L);
static int b_find(lua_State *L);
static int b_gmatch(lua_State *L);
static int b_gsub(lua_State *L);
static int b_tostring(lua_State *L);

/* A new regex on the stack, or nil, message, code (then false). */
static bool compile(lua_State *L, int idx, const char *flags)
{
    static const luaL_Reg methods[] = {{"match", b_match}, {"find", b_find}, {"gmatch", b_gmatch}, {"gsub", b_gsub},
                                       {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__gc", b_gc}, {"__tostring", b_tostring}, {NULL, NULL}};
    char why[120] = "";
    size_t len, at = 0;
    const char *pattern = luaL_checklstring(L, idx, &len);
    regex_box *box = lua_newuserdatauv(L, sizeof *box, 1);
    *box = (regex_box){0};
    mk_lua_class(L, REGEX_MT, methods, meta);
    luaL_setmetatable(L, REGEX_MT);
    int err = mk_regex_compile(&box->regex, pattern, len, flags, &at, why, sizeof why);
    if (err == MK_ENOMEM)
        luaL_error(L, "not enough memory");
    if (err) {
        mk_lua_failf(L, "adapter.bug", "pattern, offset %d: %s", (int)at, why[0] ? why : mk_err_text(err));
        return false;
    }
    size_t size = mk_regex_size(box->regex);
    mk_prim_charge(L, size);
    box->charged = size;
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, 1);
    return true;
}

/* regex.compile(pattern[, flags]) -> regex | nil, message, code    [-2, +1|+3, e] no wait */
/**
 * Compiles a pattern of PCRE2 (as Perl's). flags: letters of `i` (case), `m` (`^` and `$` at lines), `s` (`.` takes
 * newlines), `x` (blanks and comments), `U` (ungreedy). Text is UTF-8. At most 8 KiB and 64 groups. A pattern from a
 * literal string is better given to `regex.match` and the like, which raise where it is wrong.
 */
static int b_compile(lua_State *L)
{
    return compile(L, 1, luaL_optstring(L, 2, NULL)) ? 1 : 3;
}

static void push_cache(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, CACHE) == LUA_TTABLE && lua_rawlen(L, -1) < MAX_CACHED)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, CACHE);
}

/* The pattern at idx made a regex in place, from the cache if it was compiled before. */
static void compile_cached(lua_State *L, int idx, const char *flags)
{
    int top = lua_gettop(L);
    lua_pushfstring(L, "%s/%s", flags ? flags : "", luaL_checkstring(L, idx)); /* top + 1; a NUL only costs a compile */
    size_t len;
    lua_tolstring(L, idx, &len);
    bool whole = strlen(lua_tostring(L, idx)) == len;
    push_cache(L);
    lua_pushvalue(L, top + 1);
    if (!whole || lua_rawget(L, top + 2) != LUA_TUSERDATA) {
        lua_settop(L, top + 2);
        if (!compile(L, idx, flags))
            luaL_error(L, "%s", lua_tostring(L, -2));
        if (whole) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, top + 2, (lua_Integer)lua_rawlen(L, top + 2) + 1); /* counts them, keeps them */
            lua_pushvalue(L, top + 1);
            lua_pushvalue(L, -2);
            lua_rawset(L, top + 2);
        }
    }
    lua_replace(L, idx);
    lua_settop(L, top);
}

/* The arguments (subject, pattern[, ...]) of a function or (regex, subject[, ...]) of a method, made regex at 1 and
 * subject at 2; flags are read at `flags_idx` of the function's form, and removed. */
static void arrange(lua_State *L, int flags_idx)
{
    if (luaL_testudata(L, 1, REGEX_MT)) {
        luaL_checkstring(L, 2);
        return;
    }
    luaL_checkstring(L, 1);
    const char *flags = luaL_optstring(L, flags_idx, NULL);
    if (!luaL_testudata(L, 2, REGEX_MT))
        compile_cached(L, 2, flags);
    lua_pushvalue(L, 2);
    lua_insert(L, 1);
    lua_remove(L, 3);
    if (lua_gettop(L) >= flags_idx)
        lua_remove(L, flags_idx);
}

static mk_bytes check_subject(lua_State *L, int idx)
{
    mk_bytes subject;
    subject.data = luaL_checklstring(L, idx, &subject.len);
    luaL_argcheck(L, subject.len <= MAX_SUBJECT, idx, "a text of at most 8 MiB expected");
    return subject;
}

/* Matches; ends the session if it takes too long. */
static bool match_at(lua_State *L, const mk_regex *regex, mk_bytes subject, size_t start, mk_match *match)
{
    bool found = false;
    int64_t begun = mk_script_work_begin(L);
    int err = mk_regex_match(regex, subject.data, subject.len, start, MATCH_MS, match, &found);
    mk_script_work_end(L, begun);
    if (err == MK_ENOMEM)
        luaL_error(L, "not enough memory");
    if (err)
        mk_script_end(L, mk_fault_new("policy.budget", "a regular expression took over %d ms", MATCH_MS));
    return found;
}

static void push_group(lua_State *L, mk_bytes subject, const mk_match *match, uint32_t i)
{
    if (match->from[i] == SIZE_MAX)
        lua_pushboolean(L, 0);
    else
        lua_pushlstring(L, subject.data + match->from[i], match->to[i] - match->from[i]);
}

/* [1].. in order, by name too; [1] is the whole match if there are no groups. As page:match. */
static void push_captures(lua_State *L, const mk_regex *regex, mk_bytes subject, const mk_match *match)
{
    lua_newtable(L);
    uint32_t first = match->count > 1 ? 1 : 0;
    for (uint32_t i = first; i < match->count; i++) {
        push_group(L, subject, match, i);
        const char *name = i ? mk_regex_group_name(regex, i) : NULL;
        if (name) {
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, name);
        }
        lua_rawseti(L, -2, (lua_Integer)(i - first) + 1);
    }
}

/* From a position as Lua counts (1 first, negative from the end) to an offset; past the end: false. */
static bool read_start(lua_State *L, int idx, size_t len, size_t *start)
{
    lua_Integer init = luaL_optinteger(L, idx, 1);
    if (init < 0)
        init = -init > (lua_Integer)len ? 1 : (lua_Integer)len + init + 1;
    else if (init == 0)
        init = 1;
    *start = (size_t)init - 1;
    return *start <= len;
}

/* regex.match(text, pattern[, flags[, init]]) -> captures or nil   [-4, +1, e] no wait */
/* regex:match(text[, init]) -> captures or nil                     [-3, +1, e] no wait */
/**
 * The groups of the first match as a table: `[1]` and so on, named ones by name too; false for a group that took no part;
 * without groups `[1]` is the whole match. pattern: a string or a compiled regex.
 */
static int b_match(lua_State *L)
{
    arrange(L, 3);
    const mk_regex *regex = check_regex(L, 1);
    mk_bytes subject = check_subject(L, 2);
    size_t start;
    mk_match match;
    if (read_start(L, 3, subject.len, &start) && match_at(L, regex, subject, start, &match))
        push_captures(L, regex, subject, &match);
    else
        lua_pushnil(L);
    return 1;
}

/* regex.find(text, pattern[, flags[, init]]) -> from, to, captures | nil   [-4, +3|+1, e] no wait */
/* regex:find(text[, init]) -> from, to, captures | nil             [-3, +3|+1, e] no wait */
/** Where the first match is: positions of its first and last byte, as `string.find` gives them, and its captures. */
static int b_find(lua_State *L)
{
    arrange(L, 3);
    const mk_regex *regex = check_regex(L, 1);
    mk_bytes subject = check_subject(L, 2);
    size_t start;
    mk_match match;
    if (!read_start(L, 3, subject.len, &start) || !match_at(L, regex, subject, start, &match)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)match.from[0] + 1);
    lua_pushinteger(L, (lua_Integer)match.to[0]);
    push_captures(L, regex, subject, &match);
    return 3;
}

/* Past an empty match: the next character, not a byte inside one. */
static size_t next_start(mk_bytes subject, const mk_match *match)
{
    size_t at = match->to[0];
    if (match->to[0] > match->from[0])
        return at;
    for (at++; at < subject.len && ((unsigned char)subject.data[at] & 0xc0) == 0x80; at++)
        ;
    return at;
}

/* Upvalues: regex, text, next offset. */
static int gmatch_next(lua_State *L)
{
    const mk_regex *regex = check_regex(L, lua_upvalueindex(1));
    mk_bytes subject;
    subject.data = lua_tolstring(L, lua_upvalueindex(2), &subject.len);
    size_t start = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    mk_match match;
    if (start > subject.len || !match_at(L, regex, subject, start, &match)) {
        lua_pushinteger(L, (lua_Integer)subject.len + 1);
        lua_replace(L, lua_upvalueindex(3));
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)next_start(subject, &match));
    lua_replace(L, lua_upvalueindex(3));
    push_captures(L, regex, subject, &match);
    return 1;
}

/* regex.gmatch(text, pattern[, flags]) -> iterator                 [-3, +1, e] no wait */
/* regex:gmatch(text) -> iterator                                   [-2, +1, e] no wait */
/** `for m in regex.gmatch(text, pattern) do … end`: the captures of each match, as `regex.match` gives them. */
static int b_gmatch(lua_State *L)
{
    arrange(L, 3);
    check_regex(L, 1);
    check_subject(L, 2);
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

typedef struct gsub {
    lua_State *L;
    const mk_regex *regex;
    mk_bytes subject;
    const mk_match *match;
    mk_buf *out;
} gsub;

static void add(const gsub *g, const char *data, size_t len)
{
    mk_prim_check(g->L, mk_buf_add(g->out, data, len), "regex.gsub");
}

static void add_group(const gsub *g, uint32_t i)
{
    if (i >= g->match->count)
        luaL_error(g->L, "regex.gsub: no group %d", (int)i);
    if (g->match->from[i] != SIZE_MAX)
        add(g, g->subject.data + g->match->from[i], g->match->to[i] - g->match->from[i]);
}

static uint32_t group_named(const gsub *g, const char *name, size_t len)
{
    for (uint32_t i = 1; i <= mk_regex_groups(g->regex); i++) {
        const char *known = mk_regex_group_name(g->regex, i);
        if (known && strlen(known) == len && memcmp(known, name, len) == 0)
            return i;
    }
    return (uint32_t)luaL_error(g->L, "regex.gsub: no group of that name in the replacement");
}

/* "$1", "${name}", "$$"; gives where to go on. */
static size_t add_dollar(const gsub *g, const char *text, size_t len, size_t at)
{
    if (at < len && text[at] == '$') {
        add(g, "$", 1);
        return at + 1;
    }
    if (at < len && text[at] >= '0' && text[at] <= '9') {
        uint32_t number = (uint32_t)(text[at++] - '0');
        if (at < len && text[at] >= '0' && text[at] <= '9')
            number = number * 10 + (uint32_t)(text[at++] - '0');
        add_group(g, number);
        return at;
    }
    const char *close = at < len && text[at] == '{' ? memchr(text + at, '}', len - at) : NULL;
    if (!close)
        luaL_error(g->L, "regex.gsub: '$' must be $$, $number or ${name} in the replacement");
    add_group(g, group_named(g, text + at + 1, (size_t)(close - text) - at - 1));
    return (size_t)(close - text) + 1;
}

static void add_template(const gsub *g, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *dollar = memchr(text + at, '$', len - at);
        size_t plain = dollar ? (size_t)(dollar - text) - at : len - at;
        add(g, text + at, plain);
        at += plain;
        if (dollar)
            at = add_dollar(g, text, len, at + 1);
    }
}

/* What the function or table at 3 says; false and nil keep the match. */
static void add_value(const gsub *g)
{
    lua_State *L = g->L;
    if (lua_isfunction(L, 3)) {
        lua_pushvalue(L, 3);
        push_captures(L, g->regex, g->subject, g->match);
        lua_call(L, 1, 1);
    } else {
        push_group(L, g->subject, g->match, g->match->count > 1 ? 1 : 0);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        add_group(g, 0);
    } else {
        size_t len;
        if (!lua_isstring(L, -1))
            luaL_error(L, "regex.gsub: a string expected as replacement, got %s", luaL_typename(L, -1));
        const char *text = lua_tolstring(L, -1, &len);
        add(g, text, len);
    }
    lua_pop(L, 1);
}

static lua_Integer replace_all(gsub *g, lua_Integer most, mk_match *match)
{
    lua_State *L = g->L;
    size_t done = 0, start = 0, len;
    lua_Integer count = 0;
    int64_t spent = 0;
    while (count < most && start <= g->subject.len) {
        int64_t begun = mk_clock_cpu_us();
        bool found = match_at(L, g->regex, g->subject, start, match);
        spent += mk_clock_cpu_us() - begun;
        if (spent > GSUB_US)
            mk_script_end(L, mk_fault_new("policy.budget", "regex.gsub took over %d ms", GSUB_US / 1000));
        if (!found)
            break;
        add(g, g->subject.data + done, match->from[0] - done);
        if (lua_type(L, 3) == LUA_TSTRING) {
            const char *text = lua_tolstring(L, 3, &len);
            add_template(g, text, len);
        } else {
            add_value(g);
        }
        done = match->to[0];
        start = next_start(g->subject, match);
        count++;
    }
    add(g, g->subject.data + done, g->subject.len - done);
    return count;
}

/* regex.gsub(text, pattern, replacement[, most[, flags]]) -> text, count   [-5, +2, e] no wait */
/* regex:gsub(text, replacement[, most]) -> text, count             [-4, +2, e] no wait */
/**
 * Replaces all matches, or the first `most`. replacement: a string with `$1`, `$0` (the whole), `${name}`, `$$`; a function
 * that gets the captures; or a table asked for the first group. Where these give nil or false the match stays. Nothing
 * may wait inside the function.
 */
static int b_gsub(lua_State *L)
{
    arrange(L, 5);
    const mk_regex *regex = check_regex(L, 1);
    mk_bytes subject = check_subject(L, 2);
    int type = lua_type(L, 3);
    luaL_argcheck(L, type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                  "string, function or table expected");
    lua_Integer most = luaL_optinteger(L, 4, LUA_MAXINTEGER);
    mk_match match;
    gsub g = {.L = L, .regex = regex, .subject = subject, .match = &match, .out = mk_prim_scratch(L, MAX_RESULT)};
    lua_Integer count = replace_all(&g, most, &match);
    lua_pushlstring(L, g.out->data, g.out->len);
    lua_pushinteger(L, count);
    return 2;
}

/* regex.escape(text) -> pattern                                    [-1, +1, e] no wait */
/** A pattern that matches exactly this text. */
static int b_escape(lua_State *L)
{
    mk_bytes text = check_subject(L, 1);
    mk_buf *buf = mk_lua_new_buf(L, 2 * MAX_SUBJECT);
    int err = MK_OK;
    for (size_t i = 0; i < text.len && !err; i++) {
        char c = text.data[i];
        if (c == '\0') {
            err = mk_buf_adds(buf, "\\x00");
            continue;
        }
        if (strchr("\\^$.[]|()?*+{}-#&~ \t\n\r\v\f", c))
            err = mk_buf_addc(buf, '\\');
        if (!err)
            err = mk_buf_addc(buf, c);
    }
    mk_prim_check(L, err, "regex.escape");
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

static int b_tostring(lua_State *L)
{
    check_regex(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushfstring(L, "regex %s", lua_tostring(L, -1));
    return 1;
}

int mk_open_regex(lua_State *L)
{
    static const luaL_Reg functions[] = {{"compile", b_compile}, {"match", b_match}, {"find", b_find},
        {"gmatch", b_gmatch}, {"gsub", b_gsub}, {"escape", b_escape}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
