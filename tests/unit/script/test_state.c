/* test_state.c - running scripts: outcomes, waits, coroutines, errors, modules (tests of script) */
#include "harness.h"

#include <pthread.h>

static void waits_pass_through_coroutines(void **state)
{
    (void)state;
    returns("return wait(3) + wait(4)", "7");
    returns("return coroutine.wrap(function() return wait(5) end)()", "5");
    returns("local co = coroutine.create(function(a) local b = wait(a) local c = coroutine.yield(b) return wait(c) + 1 end) "
            "local _, x = coroutine.resume(co, 4) local _, y = coroutine.resume(co, 9) return x .. y .. coroutine.status(co)", "410dead");
    returns("return coroutine.wrap(function() return coroutine.wrap(function() return coroutine.wrap(function() "
            "return wait(1) + wait(2) end)() + wait(3) end)() end)()", "6");
    returns("return select(2, pcall(wait, 8)) .. select(2, xpcall(wait, print, 9))", "89");
    returns("return select(2, xpcall(error, function(e) return e .. wait(2) end, 'e'))", "e2");
    returns("local t = setmetatable({}, {__index = function(t, k) return wait(6) end}) return t.x", "6");
    returns("for k in pairs(setmetatable({}, {__pairs = function() wait() return function(_, k) if not k then return wait(1) end end end})) do return k end", "1");
    returns("local x do local y <close> = setmetatable({}, {__close = function() x = wait(4) end}) end return x", "4");
    returns("local ok, e = coroutine.resume(coroutine.create(function() wait() error('after') end)) return e", "test.lua:1: after");
    /* where a wait cannot pass: from a comparator, even in a coroutine of its own */
    fails("table.sort({2, 1}, function() return coroutine.wrap(function() wait() end)() end)", "cannot wait here");
    returns("pcall(table.sort, {2, 1}, function() coroutine.wrap(function() wait() end)() end) return wait(1)", "1");
}

static void coroutines_are_as_in_stock_lua(void **state)
{
    (void)state;
    fails("coroutine.yield()", "attempt to yield from outside a coroutine");
    returns("return tostring(coroutine.isyieldable()) .. tostring(select(2, coroutine.running()))", "falsetrue");
    returns("return coroutine.wrap(function() return tostring(coroutine.isyieldable()) .. tostring(select(2, coroutine.running())) end)()", "truefalse");
    returns("local co = coroutine.create(function(...) local n = select('#', ...) while true do n = n + select('#', coroutine.yield(n)) end end) "
            "local o = '' for i = 1, 3 do o = o .. select(2, coroutine.resume(co, 1, 2)) end return o", "246");
    returns("local co co = coroutine.create(function() return coroutine.status(co), select(2, coroutine.resume(co)) end) "
            "local _, a, b = coroutine.resume(co) return a .. ' ' .. b .. ' ' .. coroutine.status(co) .. ' ' .. select(2, coroutine.resume(co))",
            "running cannot resume non-suspended coroutine dead cannot resume dead coroutine");
    returns("local a a = coroutine.create(function() return coroutine.wrap(function() return coroutine.status(a) end)() end) return select(2, coroutine.resume(a))", "normal");
    returns("local o = '' local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() o = o .. 'c' end}) coroutine.yield() end) "
            "coroutine.resume(co) return tostring(coroutine.close(co)) .. o .. coroutine.status(co)", "truecdead");
    returns("local co = coroutine.create(function() error({}) end) coroutine.resume(co) local ok, e = coroutine.close(co) return tostring(ok) .. type(e)", "falsetable");
    returns("local co = coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function(_, e) error('closing after ' .. e, 0) end}) error('x', 0) end) "
            "return select(2, pcall(co))", "closing after x");
    returns("local co = coroutine.wrap(function() error('x') end) return select(2, pcall(function() co() end))", "test.lua:1: test.lua:1: x");
    returns("local g = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) local s = 0 for i in g do s = s + i end return s", "6");
    fails("coroutine.close(coroutine.running())", "cannot close a running coroutine");
    fails("coroutine.resume(5)", "coroutine expected");
    returns("return #table.pack(coroutine.resume(coroutine.create(function() return table.unpack({}, 1, 5000) end))) .. ''", "1");
}

static void typed_errors_are_caught_by_kind(void **state)
{
    (void)state;
    returns("local ok, e = pcall(fault, 'site.down', 'closed') return e.code .. '|' .. e.message .. '|' .. e.owner .. '|' .. e.script .. '|' .. tostring(e) .. tostring(e.other)",
            "site.down|closed|site|test.lua:1|site.down: closednil");
    returns("local ok, e = coroutine.resume(coroutine.create(fault), 'net.dns', 'm') return e.code", "net.dns");
    fails("\nfault('site.down', 'closed')", "site.down test.lua:2: closed");
    fails("local _, e = pcall(fault, 'site.down', 'closed') error(e)", "site.down test.lua:1: closed");
    returns("local _, e = pcall(fault, 'site.down', 'm') return tostring(pcall(function() e.code = 1 end))", "false");
    ends("pcall(fault, 'policy.redirect_denied', 'm')", "policy.redirect_denied test.lua:1: m");
}

static void errors_become_faults(void **state)
{
    (void)state;
    fails("\n\nlocal t = nil t.x = 1", "adapter.bug test.lua:3: attempt to index a nil value (local 't')");
    fails("error('with\\tcontrol\\27 \\xff characters')", "adapter.bug test.lua:1: with control? ? characters");
    fails("error('plain', 0)", "plain");
    fails("error(setmetatable({}, {__tostring = function() while true do end end}))", "the error is a table value");
    fails("error(nil)", "the error is a nil value");
    fails("error(12)", "12");
    fails("error(('long'):rep(5000))", "longlong");
    fails("string.rep()", "bad argument #1 to 'rep'");
}

static bool modules(void *arg, lua_State *L, const char *name)
{
    (void)arg;
    static const char *const texts[][2] = {
        { "a", "print('loading ' .. ...) return { b = require 'b' }" }, { "b", "return 'B'" },
        { "nothing", "" }, { "loop", "return require 'loop2'" }, { "loop2", "return require 'loop'" },
        { "fails", "\nerror('inside')" }, { "typed", "fault('site.down', 'm')" }, { "waits", "wait()" },
        { "endless", "while true do end" }, { "finishes", "finish()" }, { "yields", "coroutine.yield()" },
    };
    char chunk[40];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(chunk, sizeof chunk, "=%s.lua", name);
        if (strcmp(texts[i][0], name) == 0)
            return luaL_loadbufferx(L, texts[i][1], strlen(texts[i][1]), chunk, "t") == LUA_OK;
    }
    return false;
}

static void required(const char *text, enum mk_script_outcome outcome, const char *expected)
{
    char out[500];
    mk_script *script = new_script(NULL, modules);
    const enum mk_script_outcome came = run_text(script, text, out, sizeof out);
    if (came != outcome || !strstr(out, expected))
        fail_msg("%s: %d %s", text, came, out);
    mk_script_free(script);
}

static void modules_load_once(void **state)
{
    (void)state;
    required("local a = require 'a' return a.b .. tostring(require('a') == a)", MK_SCRIPT_DONE, "Btrue");
    assert_string_equal(logged, "loading a\n");
    required("return tostring(require 'nothing')", MK_SCRIPT_DONE, "true");
    required("\nrequire 'missing'", MK_SCRIPT_FAILED, "test.lua:2: no module 'missing'");
    required("require 'loop'", MK_SCRIPT_FAILED, "module 'loop' requires itself");
    required("\nrequire 'fails'", MK_SCRIPT_FAILED, "fails.lua:2: inside (required as 'fails' at test.lua:2)");
    required("return tostring(pcall(require, 'fails')) .. select(2, pcall(require, 'fails'))", MK_SCRIPT_DONE, "inside");
    required("return select(2, pcall(require, 'typed')).code", MK_SCRIPT_DONE, "site.down");
    required("require 'waits'", MK_SCRIPT_FAILED, "cannot wait here");
    required("coroutine.wrap(function() require 'yields' end)()", MK_SCRIPT_FAILED, "C-call boundary");
    required("pcall(require, 'endless')", MK_SCRIPT_ENDED, "endless.lua:1: used more than 50 ms");
    required("pcall(require, 'finishes')", MK_SCRIPT_ENDED, "auth.credentials");
    required("require(('x'):rep(200))", MK_SCRIPT_FAILED, "not a module's name");
}

static int make_one(void)
{
    mk_script *script = NULL;
    const int err = mk_script_new(&script, NULL, NULL, 1);
    if (!err)
        mk_script_free(script);
    return err;
}

static void making_a_state_without_memory(void **state)
{
    (void)state;
    make_one();
    each_allocation_fails(make_one());
    mk_script_limits limits = mk_script_defaults;
    mk_script *script = NULL;
    limits.lua_bytes = 10000;
    assert_int_equal(mk_script_new(&script, &limits, NULL, 1), MK_ENOMEM);
}

/* Whichever allocation of a running script fails, the session ends or does not notice; nothing is lost. */
static void running_without_memory(void **state)
{
    (void)state;
    static const char text[] =
        "local t = {} for i = 1, 20 do t[i] = {i} t['k' .. i] = tostring(i) .. ('x'):rep(50) end "
        "for k, v in pairs(t) do pcall(tostring, v) end table.sort(t, function(a, b) return a[1] > b[1] end) "
        "local s = ('abc'):gsub('b', function(c) return c:upper() end) load('return 1')() "
        "pcall(fault, 'site.down', 'm') coroutine.wrap(function() wait() coroutine.yield(table.concat({1, 2})) end)() "
        "pcall(require, 'a') return string.format('%s', {}) .. s";
    const long live = mk_mem_live();
    enum mk_script_outcome outcome = MK_SCRIPT_FAILED;
    unsigned long n = 0;
    for (; n < 5000; n++) {
        char out[300];
        mk_script *script = new_script(NULL, modules);
        lua_State *thread = load_text(script, text);
        int count = 0;
        mk_mem_fail_at(n + 1, true);
        outcome = mk_script_resume(script, thread, 0, &count);
        if (outcome == MK_SCRIPT_WAITS)
            outcome = mk_script_resume(script, thread, 0, &count);
        const bool failed = mk_script_lua_account(script) && outcome != MK_SCRIPT_DONE;
        mk_mem_fail_at(0, false);
        if (failed) {
            assert_int_equal(outcome, MK_SCRIPT_ENDED);
            assert_string_equal(mk_script_ended(script)->kind->code, "policy.budget");
        }
        (void)out;
        mk_script_free(script);
        assert_int_equal(mk_mem_live(), live);
        if (outcome == MK_SCRIPT_DONE)
            break;
    }
    assert_int_equal(outcome, MK_SCRIPT_DONE);
    assert_true(n > 50);
}

static void *in_thread(void *arg)
{
    char out[200];
    mk_script *script = new_script(NULL, NULL);
    const enum mk_script_outcome outcome = run_text(script, "while true do end", out, sizeof out);
    mk_script_free(script);
    *(bool *)arg = outcome == MK_SCRIPT_ENDED && strstr(out, "CPU");
    return NULL;
}

static void each_thread_has_its_timer(void **state)
{
    (void)state;
    pthread_t threads[3];
    bool fine[3] = { false };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, in_thread, &fine[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_true(fine[i]);
    }
}

static int raise_it(lua_State *L)
{
    return luaL_error(L, "x");
}

static void results_and_accounts(void **state)
{
    (void)state;
    int count = 0, value = 5;
    const mk_script_owner owner = { .arg = &value };
    mk_script *script = NULL;
    assert_int_equal(mk_script_new(&script, NULL, &owner, 1), MK_OK);
    lua_State *thread = load_text(script, "return ...");
    assert_ptr_equal(mk_script_arg(thread), &value);
    assert_ptr_equal(mk_script_of(thread), script);
    lua_insert(thread, -1);
    lua_pushinteger(thread, 1);
    lua_pushinteger(thread, 2);
    assert_int_equal(mk_script_resume(script, thread, 2, &count), MK_SCRIPT_DONE);
    assert_int_equal(count, 2);
    assert_int_equal(lua_gettop(thread), 2);
    assert_null(mk_script_ended(script));
    assert_int_equal(mk_script_account(script)->limit, mk_script_defaults.c_bytes);
    assert_true(mk_script_lua_account(script)->used > 5000);
    assert_int_equal(mk_script_protect(script, raise_it, NULL), MK_EINVAL);
    /* a thread that has run serves again, with what is left on its stack below */
    luaL_loadstring(thread, "return 7");
    assert_int_equal(mk_script_resume(script, thread, 0, &count), MK_SCRIPT_DONE);
    assert_int_equal(count, 1);
    assert_int_equal(lua_tointeger(thread, -1), 7);
    mk_script_free(script);
    mk_script_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_pass_through_coroutines),
        cmocka_unit_test(coroutines_are_as_in_stock_lua),
        cmocka_unit_test(typed_errors_are_caught_by_kind),
        cmocka_unit_test(errors_become_faults),
        cmocka_unit_test(modules_load_once),
        cmocka_unit_test(making_a_state_without_memory),
        cmocka_unit_test(running_without_memory),
        cmocka_unit_test(each_thread_has_its_timer),
        cmocka_unit_test(results_and_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
