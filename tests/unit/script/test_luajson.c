/* test_luajson.c - Lua values to JSON and back (tests of script) */
#include "../base/oom.h"

#include "base/mem.h"
#include "script/luajson.h"
#include "script/luajson_loose.h"

#include <lauxlib.h>
#include <lualib.h>

static lua_State *L;

static int before(void **state)
{
    (void)state;
    json_set_alloc_funcs(mk_malloc, mk_free);
    L = luaL_newstate();
    luaL_openlibs(L);
    return 0;
}

static int after(void **state)
{
    (void)state;
    lua_close(L);
    return 0;
}

static void eval(const char *text)
{
    lua_settop(L, 0);
    if (luaL_dostring(L, text))
        fail_msg("%s", lua_tostring(L, -1));
}

static void gives(const char *lua, const char *json)
{
    char why[200];
    eval(lua);
    json_t *value = mk_lua_to_json(L, 1, why, sizeof why);
    if (!value)
        fail_msg("%s: %s", lua, why);
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    assert_string_equal(text, json);
    mk_free(text);
    json_decref(value);
    assert_int_equal(lua_gettop(L), 1);
}

static void refuses(const char *lua, const char *reason)
{
    char why[200];
    eval(lua);
    assert_null(mk_lua_to_json(L, 1, why, sizeof why));
    assert_string_equal(why, reason);
    assert_int_equal(lua_gettop(L), 1);
}

static void values_become_json(void **state)
{
    (void)state;
    gives("return {b = 1, a = {true, 'x', 2.5}}", "{\"a\":[true,\"x\",2.5],\"b\":1}");
    gives("return {}", "{}");
    gives("return {[10] = 'a', [2.5] = 'b'}", "{\"10\":\"a\",\"2.5\":\"b\"}");
    gives("return 9007199254740993", "9007199254740993");
    gives("return nil", "null");
    gives("return {{}, {1}}", "[{},[1]]");
    gives("return setmetatable({a = 1}, {__index = error, __pairs = error, __len = error})", "{\"a\":1}");
}

static void what_is_no_json_is_refused_with_its_path(void **state)
{
    (void)state;
    refuses("return {list = {1, {city = print}}}", "list[2].city: a function is no JSON value");
    refuses("return io.stdout", "a userdata is no JSON value");
    refuses("return {a = {1, x = 2}}", "a: a table with both numbers and names as keys");
    refuses("return {[true] = 1}", "a key is neither a string nor a number");
    refuses("return {a = '\\xff'}", "a: a string is not UTF-8");
    refuses("return {['\\xff'] = 1}", "a key is not UTF-8 text");
    refuses("return {['a\\0b'] = 1}", "a key is not UTF-8 text");
    refuses("return {n = 0/0}", "n: a number is not finite");
    char why[60];
    eval("local t = {} t.t = t return t");
    assert_null(mk_lua_to_json(L, 1, why, sizeof why)); /* the reason is cut, the buffer kept */
    assert_true(strlen(why) < sizeof why);
    assert_null(mk_lua_to_json(L, 1, NULL, 0));
}

static void json_comes_back_as_it_was(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[]", "{}", "{\"a\":[],\"b\":{},\"c\":null}", "[1,null,\"x\",9223372036854775807,2.5,false]", "[null]", "\"\"",
        "[[[]]]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        lua_settop(L, 0);
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        mk_lua_push_json(L, value);
        char why[200];
        json_t *back = mk_lua_to_json(L, 1, why, sizeof why);
        if (!back)
            fail_msg("%s: %s", texts[i], why);
        assert_true(json_equal(value, back));
        json_decref(value);
        json_decref(back);
    }
}

static void arrays_keep_their_mark(void **state)
{
    (void)state;
    json_t *value = json_loads("[1]", 0, NULL);
    lua_settop(L, 0);
    mk_lua_push_json(L, value);
    json_decref(value);
    lua_setglobal(L, "array");
    gives("array[1] = nil return array", "[]");
    gives("array[3] = 'c' return array", "[null,null,\"c\"]");
    refuses("array.x = 1 return array", "an array with names or holes");
    refuses("array.x = nil array[100000000] = 1 return array", "an array with names or holes");
    eval("return getmetatable(array) == false and not pcall(setmetatable, array, {})");
    assert_true(lua_toboolean(L, 1));
}

static int push_it(lua_State *l)
{
    mk_lua_push_json(l, lua_touserdata(l, 1));
    return 1;
}

static void too_deep_is_refused(void **state)
{
    (void)state;
    json_t *value = json_array();
    for (int i = 0; i < 300; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, value);
        value = outer;
    }
    lua_settop(L, 0);
    lua_pushcfunction(L, push_it);
    lua_pushlightuserdata(L, value);
    assert_int_equal(lua_pcall(L, 1, 1, 0), LUA_ERRRUN);
    assert_non_null(strstr(lua_tostring(L, -1), "200 deep"));
    json_decref(value);
}

static void loose_takes_functions_and_mixed_keys(void **state)
{
    (void)state;
    char why[100];
    eval("return {f = print, host = {'h', secrets = false}}");
    json_t *value = mk_lua_to_json_loose(L, 1, why, sizeof why);
    assert_non_null(value);
    assert_string_equal(json_string_value(json_object_get(value, "f")), MK_LOOSE_MARK "function");
    json_t *host = json_object_get(value, "host");
    assert_string_equal(json_string_value(json_object_get(host, "1")), "h");
    assert_true(json_is_false(json_object_get(host, "secrets")));
    json_decref(value);
}

static int to_json(void)
{
    char why[100];
    json_t *value = mk_lua_to_json(L, 1, why, sizeof why);
    json_decref(value);
    if (!value)
        assert_non_null(strstr(why, "out of memory"));
    return value ? MK_OK : MK_ENOMEM;
}

static void each_failed_allocation_is_told(void **state)
{
    (void)state;
    eval("return {a = {1, 2, {b = 'text'}}, c = {{}, {}}, d = 2.5}");
    each_allocation_fails(to_json());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_become_json, before, after),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_refused_with_its_path, before, after),
        cmocka_unit_test_setup_teardown(json_comes_back_as_it_was, before, after),
        cmocka_unit_test_setup_teardown(arrays_keep_their_mark, before, after),
        cmocka_unit_test_setup_teardown(too_deep_is_refused, before, after),
        cmocka_unit_test_setup_teardown(loose_takes_functions_and_mixed_keys, before, after),
        cmocka_unit_test_setup_teardown(each_failed_allocation_is_told, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
