/* test_version.c - versions: what belongs to them, their hash, saved and loaded (tests of script) */
#include "../base/oom.h"

#include "parse/html.h"
#include "parse/json.h"
#include "script/version.h"

#include <lauxlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char adapter[] =
    "local money = require \"meterkey.money\"\nlocal http = require('meterkey.http')\n"
    "-- require 'meterkey.not_this'\n"
    "return { api = 1, id = 'x', name = 'X', services = { 'gas' }, portal = 'https://x.example.com/', hosts = { 'x.example.com' },\n"
    "  sign_in = function(s) return money.parse('7') end, meters = function() error('here') end }\n";

typedef struct module_text {
    const char *name, *text;
} module_text;

static const module_text modules[] = {
    { "meterkey.money", "local n = require 'meterkey.number' return { parse = function(t) return n.of(t) end }" },
    { "meterkey.number", "local s = [[ require 'meterkey.in_a_string' ]] return { of = function(t) return tonumber(t), s end }" },
    { "meterkey.ask", "return {}" },
    { "meterkey.loop", "return require 'meterkey.loop'" },
    { "meterkey.broken", "return {\n  1 1\n}" },
    { "meterkey.fails", "\nerror('not today')" },
    { NULL, NULL },
};

static char *text_of(void *arg, const char *name, size_t *len)
{
    for (const module_text *at = arg; at->name; at++) {
        if (strcmp(at->name, name) == 0) {
            *len = strlen(at->text);
            return mk_strdup(at->text);
        }
    }
    return NULL;
}

static const mk_module_source source = { (void *)(uintptr_t)modules, text_of };

static int init(void **state)
{
    (void)state;
    mk_json_init();
    mk_html_init();
    return 0;
}

static mk_version *built(const char *text)
{
    json_t *problems = NULL;
    mk_version *version = NULL;
    if (mk_version_build(&version, "x.lua", text, strlen(text), &source, &problems))
        fail_msg("%s", problems ? json_dumps(problems, 0) : "no memory");
    return version;
}

static void holds_all_it_requires(void **state)
{
    (void)state;
    static const char *const names[] = { "x.lua", "meterkey.ask", "meterkey.money", "meterkey.number" };
    mk_version *version = built(adapter);
    const char *name = NULL;
    mk_bytes text;
    for (size_t i = 0; i < 4; i++) {
        assert_true(mk_version_part(version, i, &name, &text));
        assert_string_equal(name, names[i]);
    }
    assert_false(mk_version_part(version, 4, &name, &text));
    assert_true(mk_version_part(version, 0, &name, &text));
    assert_int_equal(text.len, strlen(adapter));
    assert_string_equal(mk_version_file(version), "x.lua");
    assert_int_equal(mk_version_replay_number(version), MK_REPLAY_NUMBER);
    mk_version_unref(mk_version_ref(version));
    assert_string_equal(mk_version_manifest(version)->id, "x");
    mk_version_unref(version);
}

static void hash_follows_every_part(void **state)
{
    (void)state;
    mk_version *one = built(adapter), *same = built(adapter);
    assert_int_equal(strlen(mk_version_hash(one)), 16);
    assert_string_equal(mk_version_hash(one), mk_version_hash(same));
    char *changed = mk_memdup(adapter, strlen(adapter));
    *strstr(changed, "not_this") = 'N';
    mk_version *other = built(changed);
    assert_string_not_equal(mk_version_hash(one), mk_version_hash(other));
    module_text edited[sizeof modules / sizeof *modules];
    memcpy(edited, modules, sizeof edited);
    edited[1].text = "return { of = tonumber }";
    const mk_module_source from = { edited, text_of };
    mk_version *third = NULL;
    assert_int_equal(mk_version_build(&third, "x.lua", adapter, strlen(adapter), &from, NULL), MK_OK);
    assert_string_not_equal(mk_version_hash(one), mk_version_hash(third));
    mk_free(changed);
    mk_version_unref(one);
    mk_version_unref(same);
    mk_version_unref(other);
    mk_version_unref(third);
}

static bool module_of(void *arg, lua_State *L, const char *name)
{
    return strcmp(name, "meterkey.http") == 0 ? luaL_loadstring(L, "return {}") == LUA_OK : mk_version_push(arg, L, name);
}

static void runs_from_bytecode_with_lines(void **state)
{
    (void)state;
    mk_version *version = built(adapter);
    const mk_script_owner owner = { .arg = version, .module = module_of };
    mk_script *script = NULL;
    int count = 0;
    assert_int_equal(mk_script_new(&script, NULL, &owner, 1), MK_OK);
    lua_State *thread = mk_script_thread(script);
    assert_false(mk_version_push(version, thread, "meterkey.none"));
    assert_true(mk_version_push(version, thread, NULL));
    assert_int_equal(mk_script_resume(script, thread, 0, &count), MK_SCRIPT_DONE);
    lua_getfield(thread, -1, "sign_in");
    assert_int_equal(mk_script_resume(script, thread, 0, &count), MK_SCRIPT_DONE);
    assert_int_equal(lua_tointeger(thread, -count), 7);
    lua_pop(thread, count);
    lua_getfield(thread, -1, "meters");
    assert_int_equal(mk_script_resume(script, thread, 0, &count), MK_SCRIPT_FAILED);
    mk_fault *fault = mk_script_to_fault(thread, -1);
    assert_string_equal(fault->script, "x.lua:5");
    assert_string_equal(fault->message, "here");
    mk_fault_free(fault);
    mk_script_free(script);
    mk_version_unref(version);
}

static void problem(const char *text, const char *file, int line, int col, const char *message)
{
    json_t *problems = NULL;
    mk_version *version = NULL;
    assert_int_equal(mk_version_build(&version, "x.lua", text, strlen(text), &source, &problems), MK_EPARSE);
    const json_t *one = json_array_get(problems, 0);
    if (!strstr(json_string_value(json_object_get(one, "message")), message))
        fail_msg("%s", json_string_value(json_object_get(one, "message")));
    assert_string_equal(json_string_value(json_object_get(one, "file")), file);
    assert_int_equal(json_integer_value(json_object_get(one, "line")), line);
    assert_int_equal(json_integer_value(json_object_get(one, "col")), col);
    json_decref(problems);
}

static void problems_name_file_and_line(void **state)
{
    (void)state;
    problem("local a\nlocal b = require \"meterkey.moeny\"", "x.lua", 2, 19, "no module 'meterkey.moeny'");
    problem("local a = 'b' .. require 'meterkey.moeny'", "x.lua", 1, 26, "no module 'meterkey.moeny'");
    problem("::a::require 'meterkey.moeny'", "x.lua", 1, 14, "no module 'meterkey.moeny'");
    problem("require 'meterkey.broken'", "meterkey/broken.lua", 2, 3, "expected");
    problem("require 'meterkey.fails'", "meterkey/fails.lua", 2, 1, "required as 'meterkey.fails' at x.lua:1");
    problem("require 'meterkey.loop'", "meterkey/loop.lua", 1, 1, "requires itself");
    problem("local n = 'meterkey' require(n .. '.money')", "x.lua", 1, 1, "named by a literal string");
    problem("local t = nil\n  t.x = 1", "x.lua", 2, 3, "index a nil value");
}

/* All bytes that a signature is over are there before anything is compiled; finished, it is what one step gives. */
static void collected_it_is_not_run(void **state)
{
    (void)state;
    static const char fails[] = "error('it was run')";
    json_t *problems = json_array();
    mk_version *version = NULL, *whole = built(adapter);
    mk_buf before, after;
    mk_buf_init(&before, 1 << 20);
    mk_buf_init(&after, 1 << 20);
    assert_int_equal(mk_version_collect(&version, "x.lua", adapter, sizeof adapter - 1, &source, problems), MK_OK);
    assert_int_equal(mk_version_save(version, &before), MK_OK);
    assert_int_equal(mk_version_finish(version, problems), MK_OK);
    assert_int_equal(mk_version_save(whole, &after), MK_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    assert_string_equal(mk_version_hash(version), mk_version_hash(whole));
    mk_version_unref(version);
    assert_int_equal(mk_version_collect(&version, "x.lua", fails, sizeof fails - 1, &source, problems), MK_OK);
    assert_int_equal(json_array_size(problems), 0);
    assert_int_equal(mk_version_finish(version, problems), MK_EPARSE);
    assert_int_equal(json_array_size(problems), 1);
    mk_version_unref(version);
    mk_version_unref(whole);
    mk_buf_free(&before);
    mk_buf_free(&after);
    json_decref(problems);
}

static void saved_and_loaded_it_is_the_same(void **state)
{
    (void)state;
    mk_version *version = built(adapter), *back = NULL;
    mk_buf bytes;
    mk_buf_init(&bytes, 1 << 20);
    assert_int_equal(mk_version_save(version, &bytes), MK_OK);
    assert_int_equal(mk_version_load(&back, bytes.data, bytes.len), MK_OK);
    assert_string_equal(mk_version_hash(version), mk_version_hash(back));
    mk_version_unref(back);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 16)
        assert_int_equal(mk_version_load(&back, bytes.data, len), MK_EPARSE);
    bytes.data[4]++;
    assert_int_equal(mk_version_load(&back, bytes.data, bytes.len), MK_EVERSION);
    mk_buf_free(&bytes);
    mk_buf_init(&bytes, 100);
    mk_buf_adds(&bytes, "before");
    assert_int_equal(mk_version_save(version, &bytes), MK_ELIMIT);
    assert_string_equal(bytes.data, "before");
    mk_buf_free(&bytes);
    mk_version_unref(version);
}

static void overlay_comes_before_the_binary(void **state)
{
    (void)state;
    char folder[] = "/tmp/mk-test-XXXXXX", path[100];
    size_t len = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/meterkey", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/meterkey/overlaid_only.lua", folder);
    FILE *file = fopen(path, "w");
    fputs("return 1", file);
    fclose(file);
    char *text = mk_module_text(folder, "meterkey.overlaid_only", &len);
    assert_string_equal(text, "return 1");
    assert_int_equal(len, 8);
    mk_free(text);
    assert_null(mk_module_text(NULL, "meterkey.overlaid_only", &len));
    assert_null(mk_module_text(folder, "meterkey/overlaid_only", &len));
    assert_null(mk_module_text(folder, "..meterkey.overlaid_only", &len));
    assert_null(mk_module_text(folder, "meterkey", &len));
    unlink(path);
    snprintf(path, sizeof path, "%s/meterkey", folder);
    rmdir(path);
    rmdir(folder);
}

static int save_and_load(void)
{
    mk_version *version = NULL, *back = NULL;
    mk_buf bytes;
    json_t *problems = NULL;
    int err = mk_version_build(&version, "x.lua", adapter, strlen(adapter), &source, &problems);
    assert_null(problems);
    mk_buf_init(&bytes, 1 << 20);
    err = err ? err : mk_version_save(version, &bytes);
    err = err ? err : mk_version_load(&back, bytes.data, bytes.len);
    mk_buf_free(&bytes);
    mk_version_unref(back);
    mk_version_unref(version);
    return err;
}

static void no_failed_allocation_is_lost(void **state)
{
    (void)state;
    save_and_load();
    each_allocation_fails(save_and_load());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_all_it_requires),           cmocka_unit_test(hash_follows_every_part),
        cmocka_unit_test(runs_from_bytecode_with_lines),   cmocka_unit_test(problems_name_file_and_line),
        cmocka_unit_test(collected_it_is_not_run),
        cmocka_unit_test(saved_and_loaded_it_is_the_same), cmocka_unit_test(overlay_comes_before_the_binary),
        cmocka_unit_test(no_failed_allocation_is_lost),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
