/* test_limits.c - what must be stopped, in every form (tests of script) */
#include "harness.h"

#define LOOP "while true do end "

static void loops_end(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        LOOP,
        "local function loop() " LOOP "end xpcall(loop, loop)",
        "local function loop() " LOOP "end xpcall(error, loop)",
        "while true do pcall(function() " LOOP "end) end",
        "while true do xpcall(function() " LOOP "end, function() end) end",
        "pcall(pcall, pcall, pcall, function() " LOOP "end) " LOOP,
        "table.sort({3, 2, 1}, function() " LOOP "end)",
        "while true do pcall(table.sort, {3, 2, 1}, function() " LOOP "end) end",
        "('x'):gsub('.', function() " LOOP "end)",
        "while true do pcall(string.gsub, 'x', '.', function() " LOOP "end) end",
        "local t = setmetatable({}, {__index = function() " LOOP "end}) return t.x",
        "local t = setmetatable({}, {__tostring = function() " LOOP "end}) while true do pcall(tostring, t) end",
        "print(setmetatable({}, {__tostring = function() " LOOP "end}))",
        "string.format('%s', setmetatable({}, {__tostring = function() " LOOP "end}))",
        "load(function() " LOOP "end)",
        "while true do pcall(load, function() " LOOP "end) end",
        "local x <close> = setmetatable({}, {__close = function() " LOOP "end})",
        "local function f() local x <close> = setmetatable({}, {__close = function() " LOOP "end}) error() end pcall(f)",
        "local function f() local x <close> = setmetatable({}, {__close = function() " LOOP "end}) " LOOP "end pcall(f)",
        "table.sort({2, 1}, function() local x <close> = setmetatable({}, {__close = function() " LOOP "end}) " LOOP "end)",
        "coroutine.wrap(function() " LOOP "end)()",
        "while true do coroutine.resume(coroutine.create(function() " LOOP "end)) end",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
        "local co = coroutine.wrap(function() coroutine.yield() " LOOP "end) co() for i = 1, 100 do end co()",
        ("local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() " LOOP "end}) "
        "coroutine.yield() end) coroutine.resume(co) coroutine.close(co)"),
        ("local co = coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() " LOOP "end}) "
        "error('x') end) while true do pcall(co) end"),
        "table.sort({2, 1}, function() coroutine.wrap(function() " LOOP "end)() end)",
        "for k in pairs(setmetatable({}, {__pairs = function() " LOOP "end})) do end",
        "local function r() return r() end r()",
        "return 1 < setmetatable({}, {__lt = function() " LOOP "end})",
        "for i = 1, 1e9 do pcall(string.rep, '', 1e15) end",
        ("table.concat(setmetatable({}, {__index = tostring, __len = function() return 1e7 end}), '', 1, 9e6) " LOOP),
        "table.move({}, 1, 1e7, 2) table.move({}, 1, 1e7, 2) table.move({}, 1, 1e7, 2)",
        "local t = setmetatable({}, {__len = function() return 1e7 end}) while true do table.insert(t, 1, nil) end",
        "local t = {} for i = 1, 90000 do t[i] = (i * 7919) % 90001 end while true do table.sort(t) end",
        "while true do local t = {} for i = 1, 50 do t[i] = i end for k in next, t do end end",
        "goto a ::a:: goto a",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        ends(scripts[i], "policy.budget test.lua:1: used more than 50 ms of CPU without waiting");
}

static void memory_ends(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "local s = ('x'):rep(2^20) local t = {} while true do t[#t + 1] = s .. #t end",
        "local s = 'x' while true do s = s .. s end",
        "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end",
        "local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = ('x'):rep(100000) .. i end end) end",
        "local function f() return f() + 1 end f()",
        "local function f() return f() + 1 end while true do pcall(f) end",
        "local t = {} while true do xpcall(function() for i = 1, 1e9 do t[#t + 1] = ('y'):rep(100000) .. i end end, function() end) end",
        "local t = {} while true do coroutine.resume(coroutine.create(function() while true do t[#t + 1] = ('z'):rep(100000) .. #t end end)) end",
        "local t = {} for i = 1, 200 do t[i] = ('x'):rep(100000) .. i end table.concat(t)",
    };
    patient = true; /* sanitizers are slow */
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        ends(scripts[i], "policy.budget test.lua:1: needs more than 16384 KiB of memory");
    /* Just below the limit each allocation costs a collection: counted, not only waited for. */
    ends("local keep = {} for i = 1, 155 do keep[i] = ('x'):rep(100000) .. i end "
         "while true do pcall(function() local s = ('y'):rep(90000) .. #keep keep[#keep + 1] = s end) end",
         "policy.budget");
    patient = false;
}

static void deep_things_end_or_fail(void **state)
{
    (void)state;
    fails("return " /* over 200 C levels */
          "load(('('):rep(300) .. '1' .. (')'):rep(300))() ", "attempt to call a nil value");
    returns("local function f(n) return select(2, pcall(f, n + 1)) end return tostring(f(1)):sub(-16)", "C stack overflow");
    returns("local function f(n) local ok, e = coroutine.resume(coroutine.create(f), n + 1) return ok and e or tostring(e) end "
            "return f(1)", "C stack overflow");
    /* closers within closers: the C stack must hold */
    returns("local co for i = 1, 3000 do local inner = co co = coroutine.create(function() "
            "local x <close> = setmetatable({}, {__close = function() if inner then coroutine.close(inner) end end}) "
            "coroutine.yield() end) coroutine.resume(co) end return tostring(coroutine.close(co))", "true");
}

static void the_end_passes_through_everything(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "finish()", "pcall(finish) error('on')", "xpcall(finish, print) error('on')", "xpcall(error, finish) error('on')",
        "coroutine.wrap(finish)() error('on')", "coroutine.resume(coroutine.create(finish)) error('on')",
        "pcall(table.sort, {2, 1}, finish) error('on')", "pcall(string.gsub, 'x', '.', finish) error('on')",
        "pcall(tostring, setmetatable({}, {__tostring = finish})) error('on')", "pcall(load, finish) error('on')",
        "pcall(function() local x <close> = setmetatable({}, {__close = finish}) end) error('on')",
        "table.sort({2, 1}, function() local x <close> = setmetatable({}, {__close = function() print('ran') end}) finish() end)",
        "pcall(table.sort, {2, 1}, function() pcall(pcall, coroutine.wrap(finish)) error('on') end) error('on')",
        ("local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = finish}) coroutine.yield() end) "
        "coroutine.resume(co) pcall(coroutine.close, co) error('on')"),
        "return setmetatable({}, {__index = finish}).x", "for x in finish do end", "wait() finish()",
        "pcall(fault, 'policy.host_denied', 'no') error('on')",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        ends(scripts[i], strstr(scripts[i], "denied") ? "policy.host_denied test.lua:1: no" : "auth.credentials");
        assert_string_equal(logged, ""); /* nothing of the script ran after it */
    }
}

static void patterns_have_steps(void **state)
{
    (void)state;
    ends("return ('a'):rep(200):find('.-.-.-.-b')", "policy.budget test.lua:1: a pattern took more than 1000000 steps");
    ends("pcall(string.match, ('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30) .. 'b')", "steps");
    ends("return (' '):rep(50000):find('%s*x')", "steps");
    ends("for w in ('a'):rep(3000):gmatch('.-.-.-b') do end", "steps");
    ends("return ('a'):rep(3000):gsub('.-.-.-b', '')", "steps");
    returns("return tostring((('ab'):rep(1000000):find(('ab'):rep(50000) .. 'c', 1, true)))", "nil");
}

static void budgets_are_per_resume_and_in_all(void **state)
{
    (void)state;
    char out[300];
    mk_script_limits limits = mk_script_defaults;
    limits.total_us = 100000;
    mk_script *script = new_script(&limits, NULL);
    const char *text = "while true do work(20) wait() end";
    assert_int_equal(run_text(script, text, out, sizeof out), MK_SCRIPT_ENDED);
    assert_string_equal(out, "policy.budget test.lua:1: used more than 100 ms of CPU in all");
    assert_true(mk_script_cpu_us(script) >= 100000);
    mk_script_free(script);
    /* work with a limit of its own does not count toward the burst */
    script = new_script(NULL, NULL);
    assert_int_equal(run_text(script, "work(80) return 'fine'", out, sizeof out), MK_SCRIPT_DONE);
    mk_script_free(script);
    /* begun anew, the total is whole again, and what was used is still told */
    script = new_script(&limits, NULL);
    assert_int_equal(run_text(script, "work(80)", out, sizeof out), MK_SCRIPT_DONE);
    mk_script_budget_anew(script);
    assert_int_equal(run_text(script, "work(60)", out, sizeof out), MK_SCRIPT_DONE);
    assert_true(mk_script_cpu_us(script) >= 140000);
    assert_int_equal(run_text(script, "work(60) for i = 1, 1e9 do end", out, sizeof out), MK_SCRIPT_ENDED);
    mk_script_free(script);
}

/* A neighbour on the same thread is not touched by a session that ends. */
static void neighbours_are_unharmed(void **state)
{
    (void)state;
    char out[300];
    int count = 0;
    mk_script *good = new_script(NULL, NULL);
    lua_State *thread = load_text(good, "local n = 0 for i = 1, 3 do n = n + wait(i) end return n");
    assert_int_equal(mk_script_resume(good, thread, 0, &count), MK_SCRIPT_WAITS);
    for (int i = 0; i < 3; i++) {
        mk_script *bad = new_script(NULL, NULL);
        assert_int_equal(run_text(bad, LOOP, out, sizeof out), MK_SCRIPT_ENDED);
        mk_script_free(bad);
        assert_int_equal(mk_script_resume(good, thread, 0, &count), i < 2 ? MK_SCRIPT_WAITS : MK_SCRIPT_DONE);
    }
    assert_int_equal(lua_tointeger(thread, -1), 6);
    mk_script_free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_end),
        cmocka_unit_test(memory_ends),
        cmocka_unit_test(deep_things_end_or_fail),
        cmocka_unit_test(the_end_passes_through_everything),
        cmocka_unit_test(patterns_have_steps),
        cmocka_unit_test(budgets_are_per_resume_and_in_all),
        cmocka_unit_test(neighbours_are_unharmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
