/* test_app.c - the service's Lua: handlers called, waited for, failing (tests) */
#include "bind/app.h"

#include "base/err.h"
#include "base/mem.h"
#include "parse/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64], path[100], why[MK_APP_WHY];

static const char handlers[] =
    "local h = {}\n"
    "function h.echo(input) return input end\n"
    "function h.nothing() end\n"
    "function h.raises(input) error(input.text) end\n"
    "function h.raises_table() error({}) end\n"
    "function h.odd() return { f = print } end\n"
    "function h.add(input) return { sum = host.add(input.a, input.b) } end\n"
    "function h.refused() host.refuse() end\n"
    "function h.caught() return { ok = pcall(host.refuse), after = true } end\n"
    "function h.waits(input) local got = host.wait(input.key) return { got = got, again = host.wait(input.key) } end\n"
    "function h.waits_caught() local ok, err = pcall(host.wait, 'k') return { ok = ok, err = err } end\n"
    "function h.config() return { a = host.config.a, b = host.config.list[2] } end\n"
    "function h.strings() return { ('x'):rep(10), os.getenv and 1 or 0 } end\n"
    "function h.module() return { found = pcall(require, 'cjson'), own = require('own').value } end\n"
    "function h.json() local v, err = host.decode('{\"a\": [1, null]') return { v = v or host.null, err = err, text = host.encode(host.array {}) } end\n"
    "function h.encode(input) return { text = host.encode(input) } end\n"
    "function h.odd_ones() local t = {} for i = 1, 70 do t['k' .. i] = i end\n"
    "  local function fails(value) return not pcall(host.encode, value) end\n"
    "  return { host.encode(t):sub(1, 17), host.encode { 1.5, 2.0, -3 }, host.encode { [5] = 1 }, host.encode(nil), host.encode({ a = 1 }, 2),\n"
    "    fails { 1, a = 2 }, fails '\\255', fails(print), fails { f = print }, host.encode { { 1, 2 }, { a = {} } } } end\n"
    "function h.file() return { a = host.file('own.lua') ~= nil, b = host.file('../own.lua') == nil } end\n"
    "function h.gives_much() local got = host.much() return { got, host.decode(host.encode(got)) } end\n"
    "function h.collect() collectgarbage() collectgarbage() end\n"
    "function h.loop(input) local t = {} for i = 1, input.n do t[i] = { i } end return t end\n"
    "return h\n";

typedef struct called {
    int times;
    char *result, *error;
    mk_app_task *waiting;
} called;

static void on_done(void *arg, const json_t *result, const char *error)
{
    called *c = arg;
    c->times++;
    c->result = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    c->error = error ? mk_strdup(error) : NULL;
}

static int f_add(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *reason)
{
    (void)arg;
    (void)task;
    (void)reason;
    *result = json_integer(json_integer_value(json_array_get(args, 0)) + json_integer_value(json_array_get(args, 1)));
    return *result ? MK_OK : MK_ENOMEM;
}

static int f_much(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *reason)
{
    (void)arg;
    (void)task;
    (void)args;
    (void)reason;
    *result = json_pack("{s:[s, s, {s:i}], s:s}", "list", "a text that is not short, as Lua counts: more than forty bytes", "b", "n", 1, "c", "d");
    return *result ? MK_OK : MK_ENOMEM;
}

static int f_refuse(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *reason)
{
    (void)arg;
    (void)task;
    (void)args;
    (void)result;
    snprintf(reason, MK_APP_WHY, "not today");
    return MK_EPOLICY;
}

static int f_wait(void *arg, mk_app_task *task, const json_t *args, json_t **result, char *reason)
{
    (void)arg;
    (void)args;
    (void)result;
    (void)reason;
    ((called *)mk_app_task_arg(task))->waiting = task;
    return MK_APP_WAITS;
}

static const mk_app_entry entries[] = { { "add", f_add }, { "much", f_much }, { "refuse", f_refuse }, { "wait", f_wait }, { NULL, NULL } };

static void put(const char *name, const char *text)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/meterkey-app-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/service", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put("service/main.lua", handlers);
    put("own.lua", "return { value = 7 }\n");
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "service/main.lua", "own.lua", "service", "" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(i < 2 ? unlink(path) : rmdir(path), 0);
    }
    return 0;
}

static int start(mk_app **out)
{
    json_t *config = json_pack("{s:i, s:[i, i]}", "a", 1, "list", 2, 3);
    const mk_app_options options = { .overlay = folder, .entries = entries, .config = config };
    const int err = config ? mk_app_new(out, &options, why) : MK_ENOMEM;
    json_decref(config);
    return err;
}

static void call(mk_app *app, const char *handler, const char *input, called *c)
{
    *c = (called){ .times = 0 };
    json_t *value = json_loads(input, 0, NULL);
    mk_app_call(app, handler, value, on_done, c);
    json_decref(value);
}

static void forget(called *c)
{
    mk_free(c->result);
    mk_free(c->error);
    *c = (called){ .times = 0 };
}

static void gives(mk_app *app, const char *handler, const char *input, const char *expected)
{
    called c;
    call(app, handler, input, &c);
    if (c.error)
        fail_msg("%s: %s", handler, c.error);
    assert_int_equal(c.times, 1);
    if (expected)
        assert_string_equal(c.result, expected);
    else
        assert_null(c.result);
    forget(&c);
}

static void fails(mk_app *app, const char *handler, const char *input, const char *word)
{
    called c;
    call(app, handler, input, &c);
    assert_int_equal(c.times, 1);
    assert_null(c.result);
    assert_non_null(c.error);
    if (!strstr(c.error, word))
        fail_msg("%s: '%s' is not in: %s", handler, word, c.error);
    forget(&c);
}

static void test_calls(void **state)
{
    (void)state;
    mk_app *app = NULL;
    assert_int_equal(start(&app), MK_OK);
    gives(app, "echo", "{\"a\": [1, 2.5, \"x\", {}, true], \"b\": {\"c\": {}}}", "{\"a\":[1,2.5,\"x\",{},true],\"b\":{\"c\":{}}}");
    gives(app, "nothing", "{}", NULL);
    gives(app, "add", "{\"a\": 2, \"b\": 40}", "{\"sum\":42}");
    gives(app, "config", "{}", "{\"a\":1,\"b\":3}");
    gives(app, "module", "{}", "{\"found\":false,\"own\":7}");
    gives(app, "file", "{}", "{\"a\":true,\"b\":true}");
    assert_true(mk_app_has(app, "echo"));
    assert_false(mk_app_has(app, "none"));
    assert_true(mk_app_memory(app) > 1000);
    mk_app_free(app);
    mk_app_free(NULL);
}

static void test_errors(void **state)
{
    (void)state;
    mk_app *app = NULL;
    assert_int_equal(start(&app), MK_OK);
    fails(app, "raises", "{\"text\": \"oh dear\"}", "oh dear");
    fails(app, "raises", "{\"text\": \"oh dear\"}", "service/main.lua:4");
    fails(app, "raises", "{\"text\": \"oh dear\"}", "traceback");
    fails(app, "raises_table", "{}", "table");
    fails(app, "odd", "{}", "function");
    fails(app, "none", "{}", "none");
    fails(app, "refused", "{}", "not today");
    gives(app, "caught", "{}", "{\"after\":true,\"ok\":false}");
    gives(app, "echo", "{}", "{}"); /* and it goes on */
    mk_app_free(app);
}

static void test_waits(void **state)
{
    (void)state;
    mk_app *app = NULL;
    called first, second;
    json_t *value = json_pack("{s:i}", "n", 1);
    assert_int_equal(start(&app), MK_OK);
    call(app, "waits", "{\"key\": \"a\"}", &first);
    call(app, "waits", "{\"key\": \"b\"}", &second);
    assert_true(first.waiting && second.waiting && !first.times && !second.times);
    gives(app, "echo", "{}", "{}"); /* others run meanwhile */
    mk_app_resume(first.waiting, value, NULL);
    assert_int_equal(first.times, 0);
    mk_app_resume(second.waiting, NULL, "too late");
    assert_int_equal(second.times, 1);
    assert_non_null(strstr(second.error, "too late"));
    mk_app_resume(first.waiting, NULL, NULL); /* nothing is null */
    assert_int_equal(first.times, 1);
    if (first.error)
        fail_msg("%s", first.error);
    assert_string_equal(first.result, "{\"again\":null,\"got\":{\"n\":1}}");
    forget(&first);
    forget(&second);
    call(app, "waits_caught", "{}", &first);
    mk_app_resume(first.waiting, NULL, "too late");
    assert_int_equal(first.times, 1);
    assert_non_null(strstr(first.result, "\"ok\":false"));
    forget(&first);
    call(app, "waits", "{\"key\": \"c\"}", &first); /* it never comes */
    json_decref(value);
    mk_app_free(app);
    assert_int_equal(first.times, 0);
}

static void test_broken(void **state)
{
    (void)state;
    mk_app *app = NULL;
    put("service/main.lua", "return {\n  a = = 1\n}\n");
    assert_int_equal(start(&app), MK_EPARSE);
    assert_non_null(strstr(why, "main.lua:2"));
    put("service/main.lua", "return 1\n");
    assert_int_equal(start(&app), MK_EPARSE);
    put("service/main.lua", "require 'nowhere'\n");
    assert_int_equal(start(&app), MK_EPARSE);
    assert_non_null(strstr(why, "nowhere"));
    put("service/main.lua", "\033Lua\n");
    assert_int_equal(start(&app), MK_EPARSE);
    assert_null(app);
}

/* Calls do not add up. */
static void test_nothing_left(void **state)
{
    (void)state;
    mk_app *app = NULL;
    called c;
    size_t before = 0;
    const long alive = mk_mem_live();
    assert_int_equal(start(&app), MK_OK);
    for (int i = 0; i < 2000; i++) {
        if (i == 1000)
            before = mk_app_memory(app);
        call(app, i % 3 ? "loop" : "raises", i % 3 ? "{\"n\": 50}" : "{\"text\": \"x\"}", &c);
        forget(&c);
    }
    assert_true(mk_app_memory(app) < before + before / 2);
    mk_app_free(app);
    assert_int_equal(mk_mem_live(), alive);
}

/* Calls it once with the n-th allocation failing (and with `on` all after it): done is called all the same, once. False: none was refused. */
static bool failed_once(mk_app *app, const char *handler, const char *input, unsigned long n, bool on)
{
    called c = { .times = 0 };
    json_t *value = json_loads(input, 0, NULL), *answer = json_integer(1);
    const unsigned long refused = mk_mem_refused();
    mk_mem_fail_at(n, on);
    mk_app_call(app, handler, value, on_done, &c);
    while (c.waiting && !c.times)
        mk_app_resume(c.waiting, answer, NULL);
    mk_mem_fail_at(0, false);
    json_decref(value);
    json_decref(answer);
    assert_int_equal(c.times, 1);
    forget(&c);
    return mk_mem_refused() != refused;
}

/* Lua collects and tries again where one is refused; where all are, it raises. The next call works, and nothing of C's is left. */
static void failing(mk_app *app, const char *handler, const char *input)
{
    for (int on = 0; on < 2; on++) {
        unsigned long n = 1;
        failed_once(app, handler, input, 0, false); /* so that all is there that stays */
        gives(app, "collect", "{}", NULL);
        const long live = mk_mem_live();
        while (n < 2000 && failed_once(app, handler, input, n, on))
            n++;
        assert_true(n > 1 && n < 2000);
        gives(app, "collect", "{}", NULL);
        assert_int_equal(mk_mem_live(), live);
        gives(app, "echo", "{\"a\": 1}", "{\"a\":1}");
    }
}

static void test_memory(void **state)
{
    (void)state;
    mk_app *app = NULL;
    assert_int_equal(start(&app), MK_OK);
    failing(app, "echo", "{\"a\": [1, 2, {\"b\": \"c\"}]}");
    failing(app, "add", "{\"a\": 2, \"b\": 40}");
    failing(app, "raises", "{\"text\": \"oh dear\"}");
    failing(app, "waits", "{\"key\": \"a\"}");
    failing(app, "gives_much", "{}");
    failing(app, "json", "{}");
    failing(app, "file", "{}");
    failing(app, "module", "{}");
    failing(app, "caught", "{}");
    failing(app, "none", "{}");
    mk_app_free(app);
}

static void test_memory_at_start(void **state)
{
    (void)state;
    mk_app *app = NULL;
    for (int on = 0; on < 2; on++) {
        int err = MK_ENOMEM;
        const long live = mk_mem_live();
        for (unsigned long n = 1; n < 20000 && err; n += n < 300 ? 1 : 17) {
            mk_mem_fail_at(n, on);
            err = start(&app);
            mk_mem_fail_at(0, false);
            assert_true(err == MK_OK || err == MK_ENOMEM || err == MK_EPARSE);
            if (err)
                assert_int_equal(mk_mem_live(), live);
        }
        assert_int_equal(err, MK_OK);
        mk_app_free(app);
    }
}

/* What host.encode writes by itself is what jansson writes. */
static void text_is_as_jansson_has_it(void **state)
{
    (void)state;
    static const char *const values[] = {
        "{}", "[]", "[[], {}, [[]]]", "{\"b\": 1, \"a\": -9007199254740993, \"A\": true, \"ab\": false, \"\": null}",
        "[\"\\u0000\\u0001\\u001f\\u007f\\b\\f\\n\\r\\t\\\"\\\\/\", \"\\u00e9\\u20ac\\ud83d\\ude00\"]",
        "{\"e\u0301\\n\": [1, 2.5, 1e300, 0.1]}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };
    mk_app *app = NULL;
    assert_int_equal(start(&app), MK_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *value = json_loads(values[i], JSON_ALLOW_NUL, NULL);
        assert_non_null(value);
        char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
        json_t *wanted = json_pack("{s:s}", "text", text);
        char *whole = json_dumps(wanted, JSON_COMPACT);
        called c = { .times = 0 };
        mk_app_call(app, "encode", value, on_done, &c);
        assert_null(c.error);
        assert_string_equal(c.result, whole);
        forget(&c);
        mk_free(text);
        mk_free(whole);
        json_decref(wanted);
        json_decref(value);
    }
    gives(app, "odd_ones", "{}",
          "[\"{\\\"k1\\\":1,\\\"k10\\\":10,\",\"[1.5,2.0,-3]\",\"{\\\"5\\\":1}\",\"null\",\"{\\n  \\\"a\\\": 1\\n}\",true,true,true,true,"
          "\"[[1,2],{\\\"a\\\":{}}]\"]");
    mk_app_free(app);
}

int main(void)
{
    mk_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_as_jansson_has_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls, setup, teardown),  cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waits, setup, teardown),  cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left, setup, teardown), cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_at_start, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
