/* test_sandbox.c - what a script finds, and that it is the same in each run (tests of script) */
#include "harness.h"

static void globals_are_the_allow_list(void **state)
{
    (void)state;
    char out[4000], expected[4000] = "";
    const char *const *names = mk_script_globals();
    for (size_t i = 0, at = 0; names[i]; i++)
        at += (size_t)snprintf(expected + at, sizeof expected - at, "%s ", names[i]);
    no_bindings = true;
    mk_script *script = new_script(NULL, NULL);
    run_text(script,
             "local out = {} for k, v in pairs(_G) do "
             "if type(v) == 'table' and k ~= '_G' then for n in pairs(v) do out[#out + 1] = k .. '.' .. n end "
             "else out[#out + 1] = k end end table.sort(out) return table.concat(out, ' ') .. ' '",
             out, sizeof out);
    no_bindings = false;
    assert_string_equal(out, expected);
    mk_script_free(script);
    for (size_t i = 1; names[i]; i++)
        assert_true(strcmp(names[i - 1], names[i]) < 0);
    returns("local gone = '' for _, n in ipairs{'os', 'io', 'debug', 'package', 'dofile', 'loadfile', 'collectgarbage', 'warn'} do "
            "gone = gone .. tostring(_G[n]) end return gone .. tostring(string.dump)", "nilnilnilnilnilnilnilnilnil");
}

static void metatables_are_guarded(void **state)
{
    (void)state;
    returns("return tostring(getmetatable(''))", "false");
    returns("return ('x'):upper() .. ('ab'):rep(2, '-')", "Xab-ab");
    fails("setmetatable({}, {__gc = print})", "'__gc' is not there");
    fails("setmetatable({}, {__mode = 'k'})", "'__mode' is not there");
    fails("setmetatable(setmetatable({}, {__metatable = 1}), {})", "cannot change a protected metatable");
    fails("setmetatable('', {})", "table expected");
    returns("return setmetatable({}, {__index = function(t, k) return k end}).hello", "hello");
    returns("local ok, e = pcall(fault, 'site.down', 'm') return tostring(getmetatable(e)) .. tostring(pcall(setmetatable, e, {}))", "falsefalse");
}

static void load_takes_text_only(void **state)
{
    (void)state;
    returns("return load('return ...')(7)", "7");
    returns("return load('return x', 'n', 't', {x = 5})()", "5");
    returns("local n = 0 return load(function() n = n + 1 return ({'return ', '4', '2'})[n] end)()", "42");
    returns("return select(2, load('x y', '=chunk'))", "chunk:1: syntax error near 'y'");
    returns("return select(2, load('\\27Lua', '=b'))", "attempt to load a binary chunk (mode is 't')");
    fails("load('x', 'n', 'b')", "only source text");
    fails("load(('x'):rep(300000))", "source over 256 KiB");
    fails("load(function() return {} end)", "must return a string");
    returns("return tostring(load('return x', 'n', 't', nil) and pcall(load('return x', 'n', 't', nil)))", "false");
}

static void texts_have_no_addresses(void **state)
{
    (void)state;
    char one[500], two[500];
    const char *text = "local f, t = function() end, {} return tostring(t) .. tostring(f) .. tostring(coroutine.create(f)) .. "
                       "tostring(udata(2)) .. tostring(print) .. tostring(math.abs) .. string.format('%s', {})";
    mk_script *a = new_script(NULL, NULL), *b = new_script(NULL, NULL);
    run_text(a, text, one, sizeof one);
    run_text(b, text, two, sizeof two);
    assert_string_equal(one, two);
    assert_non_null(strstr(one, "table: #"));
    assert_null(strstr(one, "0x"));
    mk_script_free(a);
    mk_script_free(b);
    fails("return string.format('%p', {})", "'%p'");
    fails("return string.format('%5.2p', {})", "'%p'");
    returns("return tostring(setmetatable({}, {__tostring = function() return 'me' end}))", "me");
    returns("return (tostring(setmetatable({}, {__name = 'Kind'})):gsub('%d+', 'N'))", "Kind: #N");
    fails("tostring(setmetatable({}, {__tostring = function() return {} end}))", "must return a string");
    returns("return tostring(2^53) .. tostring(-0.0) .. tostring(nil) .. tostring(true) .. 3 // 1", "9.007199254741e+15-0.0niltrue3");
}

/* The age stands behind each kind of object, for userdata with any number of values: another layout of Lua shows here. */
static int check_ages(lua_State *L)
{
    uint64_t last = 0;
    for (int values = 0; values < 5; values++) {
        lua_newuserdatauv(L, 17, values);
        lua_newtable(L);
        lua_pushinteger(L, 1);
        lua_pushcclosure(L, check_ages, 1);
        lua_newthread(L);
        assert_int_equal(luaL_loadstring(L, "return 1"), LUA_OK);
        for (int idx = -5; idx < 0; idx++) {
            const uint64_t age = mk_script_age(L, idx);
            assert_true(age > last && age < 10000);
            last = age;
        }
        lua_settop(L, 0);
    }
    lua_pushstring(L, "x");
    lua_pushlightuserdata(L, &last);
    lua_pushcfunction(L, check_ages);
    lua_pushnil(L);
    for (int idx = -4; idx < 0; idx++)
        assert_int_equal(mk_script_age(L, idx), 0);
    return 0;
}

static void ages_are_in_order(void **state)
{
    (void)state;
    mk_script *script = new_script(NULL, NULL);
    assert_int_equal(mk_script_protect(script, check_ages, NULL), MK_OK);
    mk_script_free(script);
}

static void pairs_and_next_are_in_order(void **state)
{
    (void)state;
#define SHOW " local out = '' for k, v in pairs(t) do out = out .. (type(k) == 'table' and 'T' .. v or tostring(k)) .. ' ' end return out"
    returns("local a, b = {}, {} local t = {[b] = 2, z = 1, [true] = 1, [a] = 1, ['1'] = 1, [10] = 1, [2] = 1, [2.5] = 1, [-1] = 1, "
            "[false] = 1, [math.huge] = 1, [math.mininteger] = 1, [2^53] = 1, [-math.huge] = 1, a = 1, ab = 1}" SHOW,
            "-inf -9223372036854775808 -1 2 2.5 10 9007199254740992 inf 1 a ab z false true T1 T2 ");
    returns("local t = {} for i = 1, 2000 do t['k' .. (i * 7919) % 2003] = i end local last, n = '', 0 "
            "for k in pairs(t) do assert(last < k) last = k n = n + 1 end return n", "2000");
    returns("local t = {a = 1, b = 2, c = 3} local out = '' for k in pairs(t) do t[k] = nil t.c = nil out = out .. k end return out", "ab");
    returns("local t = {a = 1, b = 2, c = 3} local out = '' for k in next, t do t[k] = nil out = out .. k end return out", "abc");
    returns("return tostring(next({})) .. next({5}) .. select(2, next({5})) .. tostring(next({5}, 1))", "nil15nil");
    returns("local f, t = pairs({a = 1}) return f(5)", "a");
    returns("for k, v in pairs(setmetatable({}, {__pairs = function(t) return function(_, i) i = (i or 0) + 1 if i < 4 then return i end end, t end})) do "
            "if k == 3 then return k end end", "3");
    fails("pairs(nil)", "table expected");
    fails("next(5)", "table expected");
}

static void sort_is_stable_and_takes_any_function(void **state)
{
    (void)state;
    returns("local t = {} for i = 1, 300 do t[i] = {k = i % 3, i = i} end table.sort(t, function(a, b) return a.k < b.k end) "
            "for i = 2, 300 do assert(t[i - 1].k < t[i].k or t[i - 1].k == t[i].k and t[i - 1].i < t[i].i) end return 'ok'", "ok");
    returns("local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t, function() return true end) return #t", "100");
    returns("local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t, function(a, b) return math.random(2) == 1 end) return #t", "100");
    returns("local t = {'b', 'a', 'c'} table.sort(t) return table.concat(t)", "abc");
    returns("local t = {1} table.sort(t) table.sort({}) return t[1]", "1");
    fails("table.sort({1, 'x'})", "attempt to compare");
    fails("table.sort({1, nil, 3})", "holes");
    fails("table.sort(setmetatable({}, {__len = function() return 300000 end}))", "too long");
    fails("table.sort({2, 1}, wait)", "cannot wait here");
}

static void tables_check_their_sizes(void **state)
{
    (void)state;
    returns("local t = {1, 2, 3} table.insert(t, 1, 0) table.insert(t, 9) return table.concat(t, ',') .. table.remove(t) .. table.remove(t, 1) .. #t", "0,1,2,3,9903");
    returns("return table.concat(table.move({1, 2, 3}, 1, 3, 2), ',') .. table.concat(table.move({1, 2, 3}, 2, 3, 1), ',')", "1,1,2,32,3,3");
    returns("return table.concat(table.move({1, 2}, 1, 2, 1, {}), ',') .. table.pack(1, nil, 3).n .. select('#', table.unpack({}, 1, 3))", "1,233");
    returns("return table.concat({}, 'x') .. table.concat({1}, 'x') .. table.concat({1, 2, 3}, '-', 2, 3)", "12-3");
    fails("table.unpack({}, 1, 1e6)", "too many results");
    fails("table.unpack({}, math.mininteger, math.maxinteger)", "too many results");
    fails("table.move({}, 1, 1e15, 2)", "too many elements");
    fails("table.insert(setmetatable({}, {__len = function() return 1e15 // 1 | 0 end}), 1, 1)", "too long");
    fails("table.insert({}, 5, 1)", "out of bounds");
    fails("table.insert({}, 1, 1, 1)", "wrong number");
    fails("table.remove({1}, 7)", "out of bounds");
    fails("table.concat({{}})", "invalid value (at index 1)");
}

static void strings_are_as_in_stock_lua(void **state)
{
    (void)state;
    returns("return table.concat({('hello world'):find('o w')}, ',') .. table.concat({('hello'):find('l+')}, ',')", "5,73,4");
    returns("return table.concat({('k=v'):match('(%w)=(%w)')}) .. ('abc'):match('b') .. ('abc'):match('()b') .. tostring(('abc'):match('x'))", "kvb2nil");
    returns("return table.concat({('hello'):find('')}, ',') .. tostring(('x'):find('', 9)) .. table.concat({('aXb'):find('X', -2)}, ',') ", "1,0nil2,2");
    returns("return table.concat({('a.b'):find('.', 1, true)}, ',') .. table.concat({('a+b'):find('+', 1, true)}, ',')", "2,22,2");
    returns("local o = '' for w in ('one two'):gmatch('%a+') do o = o .. w .. '.' end for a, b in ('a=1,b=2'):gmatch('(%w)=(%w)') do o = o .. b .. a end return o", "one.two.1a2b");
    returns("local o = 0 for _ in ('abc'):gmatch('') do o = o + 1 end return o", "4");
    returns("local o = '' for w in ('abcd'):gmatch('%w', 3) do o = o .. w end return o", "cd");
    returns("return (('hello world'):gsub('o', '0', 1)) .. ('abc'):gsub('%w', '%0%0') .. ('ab'):gsub('(a)(b)', '%2%1%%')", "hell0 worldaabbccba%");
    returns("return ('abc'):gsub('b', {b = 'X'}) .. ('abc'):gsub('%w', function(c) if c == 'a' then return 1 end end) .. select(2, ('aaa'):gsub('a', {a = false}))", "aXc1bc3");
    returns("return ('abc'):gsub('', '-') .. ('hello'):gsub('^h', 'j') .. ('x'):gsub('x*', 'y') .. ('abc'):gsub('()', '%1')", "-a-b-c-jelloy1a2b3c4");
    fails("('x'):gsub('x', '%2')", "invalid capture index %2");
    fails("('x'):gsub('x', '%a')", "invalid use of '%'");
    fails("('x'):gsub('x', function() return {} end)", "invalid replacement value (a table)");
    fails("('x'):find('%')", "malformed pattern (ends with '%')");
    fails("('x'):find('(')", "unfinished capture");
    fails("('x'):find('[')", "malformed pattern (missing ']')");
    fails("('x'):gsub('x', wait)", "cannot wait here");
    returns("return string.format('%5d|%-5s|%05.1f|%q|%x|%%|%c|%g|%i|%10.3s|', 42, 'ab', 3.14159, 'a\\n\"', 255, 65, 1e20, 3, 'abcdef')",
            "   42|ab   |003.1|\"a\\\n\\\"\"|ff|%|A|1e+20|3|       abc|");
    returns("return string.format('%s %s %s', nil, true, 1.5) .. #string.format('%s', ('x'):rep(1000))", "nil true 1.51000");
    fails("string.format('%d', 'x')", "number expected");
    fails("string.format('%s')", "bad argument");
    fails("string.format('%y', 1)", "invalid conversion");
    fails("string.rep('x', 1e10)", "too large");
    fails("string.rep('x', -1 >> 1, 'y')", "too large");
    fails("string.pack('c2147483647', '')", "size too large");
    returns("return string.unpack('<i4', string.pack('<i4', 77)) .. string.packsize('i4i8') .. ('x'):byte() .. ('abc'):sub(-2) .. ('aB'):lower() .. ('ab'):reverse()", "7712120bcabba");
    returns("return '10' + 5 .. utf8.char(8364, 65) .. utf8.len('€x') .. #utf8.charpattern", "15€A214");
}

static void random_numbers_come_from_the_seed(void **state)
{
    (void)state;
    char one[100], two[100];
    const char *text = "return table.concat({math.random(1000), math.random(1000), math.random(1000)}, ' ')";
    mk_script *a = new_script(NULL, NULL), *b = new_script(NULL, NULL), *c = NULL;
    assert_int_equal(mk_script_new(&c, NULL, NULL, 8), MK_OK);
    run_text(a, text, one, sizeof one);
    run_text(b, text, two, sizeof two);
    assert_string_equal(one, two);
    run_text(c, text, two, sizeof two);
    assert_string_not_equal(one, two);
    mk_script_free(a);
    mk_script_free(b);
    mk_script_free(c);
    fails("math.randomseed()", "number expected");
    returns("math.randomseed(5) local a = math.random(1e9 // 1 | 0) math.randomseed(5) return tostring(a == math.random(1e9 // 1 | 0))", "true");
}

static void print_goes_to_the_log(void **state)
{
    (void)state;
    returns("print('a', 1, nil, setmetatable({}, {__tostring = function() return 'T' end})) print() return 'x'", "x");
    assert_string_equal(logged, "a\t1\tnil\tT\n\n");
    returns("print(('x'):rep(3000), ('y'):rep(9000)) return 'x'", "x");
    assert_true(strlen(logged) > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globals_are_the_allow_list),
        cmocka_unit_test(metatables_are_guarded),
        cmocka_unit_test(load_takes_text_only),
        cmocka_unit_test(texts_have_no_addresses),
        cmocka_unit_test(ages_are_in_order),
        cmocka_unit_test(pairs_and_next_are_in_order),
        cmocka_unit_test(sort_is_stable_and_takes_any_function),
        cmocka_unit_test(tables_check_their_sizes),
        cmocka_unit_test(strings_are_as_in_stock_lua),
        cmocka_unit_test(random_numbers_come_from_the_seed),
        cmocka_unit_test(print_goes_to_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
