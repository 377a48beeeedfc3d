/* test_manifest.c - manifests: what is read, what is refused and where (tests of script) */
#include "../base/oom.h"

#include "parse/html.h"
#include "parse/json.h"
#include "script/manifest.h"
#include "script/version.h"

static int init(void **state)
{
    (void)state;
    mk_json_init();
    mk_html_init();
    return 0;
}

static const char good[] =
    "local patterns = {\n"
    "  { kind = 'otp', medium = 'sms', html = 'form#mfa input[name=code]', digits = 6 },\n"
    "  { kind = 'question', json = '$.type', equals = 'Q' },\n"
    "}\n"
    "return {\n"
    "  api = 1, id = 'example', name = 'Example Power & Light', utility_id = 77,\n"
    "  regions = { 'NY' }, services = { 'electric', 'gas' },\n"
    "  portal = 'https://www.example.test/',\n"
    "  hosts = { 'www.example.test', { 'login.example.test', secrets = false }, 'http://127.0.0.1:18102' },\n"
    "  evidence = 'modelled', timezone = 'America/New_York',\n"
    "  credentials = { { name = 'username', label = 'Email', type = 'email' }, { name = 'password', secret = true, optional = true } },\n"
    "  mfa = { policy = 'turn_off', help_url = 'https://www.example.test/mfa', patterns = patterns, steps = { 'Do it.' } },\n"
    "  errors = { { code = 'auth.credentials', text = [[(?i)wrong]] } },\n"
    "  sign_in = function(s) return s end, meters = function(s) return {} end,\n"
    "}\n";

static json_t *problems_of(const char *file, const char *text)
{
    json_t *problems = NULL;
    mk_version *version = NULL;
    assert_int_equal(mk_version_build(&version, file, text, strlen(text), NULL, &problems), MK_EPARSE);
    assert_null(version);
    return problems;
}

static void reads_everything(void **state)
{
    (void)state;
    json_t *problems = NULL;
    mk_version *version = NULL;
    const int err = mk_version_build(&version, "example.lua", good, strlen(good), NULL, &problems);
    if (err)
        fail_msg("%s", problems ? json_dumps(problems, 0) : "no memory");
    const mk_manifest *m = mk_version_manifest(version);
    assert_string_equal(m->id, "example");
    assert_string_equal(m->utility_id, "77");
    assert_int_equal(m->host_count, 3);
    assert_true(m->hosts[0].secrets);
    assert_string_equal(m->hosts[1].entry, "login.example.test");
    assert_false(m->hosts[1].secrets);
    assert_int_equal(m->credential_count, 2);
    assert_string_equal(m->credentials[1].label, "password");
    assert_true(m->credentials[1].secret);
    assert_int_equal(m->policy, MK_MFA_TURN_OFF);
    assert_int_equal(m->mfa_count, 2);
    assert_string_equal(m->kinds[0], "otp");
    assert_string_equal(m->kinds[1], "question");
    assert_null(m->kinds[2]);
    assert_string_equal(m->steps[0], "Do it.");
    assert_int_equal(m->error_count, 1);
    assert_false(m->has_sign_out);
    json_t *json = mk_manifest_json(m);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"credentials\":[{\"label\":\"Email\",\"name\":\"username\",\"optional\":false,\"secret\":false,\"type\":\"email\"},"
                              "{\"label\":\"password\",\"name\":\"password\",\"optional\":true,\"secret\":true,\"type\":\"password\"}],"
                              "\"evidence\":\"modelled\",\"id\":\"example\",\"mfa\":{\"help_url\":\"https://www.example.test/mfa\","
                              "\"kinds\":[\"otp\",\"question\"],\"off_impossible\":false,\"policy\":\"turn_off\",\"steps\":[\"Do it.\"]},"
                              "\"name\":\"Example Power & Light\",\"portal\":\"https://www.example.test/\","
                              "\"regions\":[\"NY\"],\"services\":[\"electric\",\"gas\"],\"utility_id\":\"77\"}");
    mk_free(text);
    json_decref(json);
    mk_version_unref(version);
}

/* Replaces `was` in the good manifest. */
static char *with(const char *was, const char *now)
{
    static char text[4096];
    const char *at = strstr(good, was);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, now, at + strlen(was));
    return text;
}

/* The place where the last occurrence of a needle begins. */
static void place_of(const char *text, const char *needle, int *line, int *col)
{
    const char *at = NULL, *next = text;
    while ((next = strstr(next, needle)))
        at = next++;
    assert_non_null(at);
    *line = *col = 1;
    for (; text < at; text++) {
        *col = *text == '\n' ? 1 : *col + 1;
        *line += *text == '\n';
    }
}

/* needle: where the problem must be said to stand. */
static void one_problem(const char *was, const char *now, const char *needle, const char *message)
{
    int line = 0, col = 0;
    place_of(with(was, now), needle, &line, &col);
    json_t *problems = problems_of("example.lua", with(was, now));
    const json_t *first = json_array_get(problems, 0);
    const char *said = json_string_value(json_object_get(first, "message"));
    if (!strstr(said, message))
        fail_msg("%s: %s", now, said);
    if (json_integer_value(json_object_get(first, "line")) != line || json_integer_value(json_object_get(first, "col")) != col)
        fail_msg("%s: not at %d:%d: %s", now, line, col, json_dumps(first, 0));
    const char *code = strstr(said, "api = 1 only") ? "adapter.incompatible" : "adapter.load";
    assert_string_equal(json_string_value(json_object_get(first, "code")), code);
    assert_string_equal(json_string_value(json_object_get(first, "file")), "example.lua");
    assert_int_equal(json_array_size(problems), 1);
    json_decref(problems);
}

static void each_mistake_has_its_place(void **state)
{
    (void)state;
    one_problem("evidence =", "evidense =", "evidense", "unknown key 'evidense', did you mean 'evidence'?");
    one_problem("api = 1,", "api = 2,", "api", "api = 1 only");
    one_problem("api = 1,", "", "{\n  ", "'api' is missing");
    one_problem("id = 'example'", "id = 'other'", "id = 'other'", "the id must be the file's name");
    one_problem("= 77", "= 7.5", "utility_id", "a float where a name is expected");
    one_problem("'gas'", "'gaz'", "'gaz'", "did you mean 'gas'?");
    one_problem("services = { 'electric', 'gas' },", "", "{\n  ", "'services' is missing");
    one_problem("'https://www.example.test/'", "'https://elsewhere.test/'", "portal", "at one of the hosts");
    one_problem("'www.example.test', {", "'*.test', 'www.example.test', {", "'*.test'", "too wide");
    one_problem("secrets = false", "secret = false", "secret = false", "did you mean 'secrets'?");
    one_problem("type = 'email'", "type = 'emial'", "type = 'emial'", "did you mean 'email'?");
    one_problem("'turn_off'", "'turnoff'", "policy", "did you mean 'turn_off'?");
    one_problem("'https://www.example.test/mfa'", "'http://www.example.test/mfa'", "help_url", "https");
    one_problem("[[(?i)wrong]]", "[[(?i)(wrong]]", "text = [[", "text");
    one_problem("digits = 6", "digitz = 6", "digitz", "digits");
    one_problem("'form#mfa input[name=code]'", "'form#mfa input[name'", "html", "html");
    one_problem("meters = function(s) return {} end,", "meters = {},", "meters", "a function(s) is expected, not a table");
    one_problem("sign_in = function(s) return s end,", "", "{\n  ", "'sign_in' is missing");
    one_problem("{ 'Do it.' }", "print", "steps", "a list is expected, not a function");
}

static void what_is_no_manifest_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int line;
    } cases[] = {
        { "return 1", "returns a table, not number", 1 },
        { "", "returns a table, not nil", 1 },
        { "return {1, 2}", "not a list", 1 },
        { "local t = {} t.t = t\nreturn t", "nested over 64 deep", 2 },
        { "return {", "near <eof>", 1 },
        { "\n\n  error('no')", "no", 3 },
        { "\x1bLua", "not Lua source", 1 },
        { "return '\xff'", "not UTF-8", 1 },
        { "while true do end", "CPU", 1 },
        { "require 'meterkey.nothing'", "no module 'meterkey.nothing'", 1 },
        { "require '../etc/passwd'", "not a module's name", 1 },
        { "local s = ('x'):rep(2^22)\nlocal t = {} while true do t[#t + 1] = s .. #t end", "memory", 2 },
        { "return setmetatable({}, {__index = error, __pairs = error})", "is missing", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *problems = problems_of("x.lua", cases[i].text);
        const json_t *first = json_array_get(problems, 0);
        if (!strstr(json_string_value(json_object_get(first, "message")), cases[i].message))
            fail_msg("%s: %s", cases[i].text, json_string_value(json_object_get(first, "message")));
        assert_int_equal(json_integer_value(json_object_get(first, "line")), cases[i].line);
        json_decref(problems);
    }
}

static void at(const char *text, const char *path, const char *needle)
{
    int line = 0, col = 0, l = 0, c = 0;
    place_of(text, needle, &line, &col);
    mk_manifest_locate((mk_bytes){ text, strlen(text) }, path, &l, &c);
    if (l != line || c != col)
        fail_msg("%s: %d:%d, not %d:%d", path, l, c, line, col);
}

static void keys_are_found(void **state)
{
    (void)state;
    static const char text[] = "local function f() return { id = 1 } end -- return { id = 2 }\n"
                               "local a = { b = 1 }\n"
                               "return { [\"id\"] = f(), x = function() if 1 then return 1 end end,\n"
                               " 'first', { y = [==[ ]] } ]==], z = 3 }; a = a, [1] = 2, c = { d = { 'e', 'f' } },\n"
                               " g = \"}\\\"\", h = 1 == 2 }\n";
    at(text, "id", "[\"id\"]");
    at(text, "x", "x = function");
    at(text, "[1]", "'first'");
    at(text, "[2].z", "z = 3");
    at(text, "[2].none", "{ y");
    at(text, "a.b", "b = 1");
    at(text, "c.d[2]", "'f'");
    at(text, "c.d[9]", "d = {");
    at(text, "h", "h = 1");
    at(text, "none.at.all", "{ [");
    at("x = 1", "id", "x");
    at("return { end, id = 1", "id", "id");
    at("return 1", "x", "1");
    at("local a = a return a", "b.c", "a");
}

static int build(void)
{
    json_t *problems = NULL;
    mk_version *version = NULL;
    const int err = mk_version_build(&version, "example.lua", good, strlen(good), NULL, &problems);
    if (err == MK_EPARSE) {
        /* a library that cannot tell want of memory from a bad pattern says the latter */
        json_decref(problems);
        return MK_ENOMEM;
    }
    mk_version_unref(version);
    return err;
}

static void no_failed_allocation_is_lost(void **state)
{
    (void)state;
    build();
    each_allocation_fails(build());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),           cmocka_unit_test(each_mistake_has_its_place),
        cmocka_unit_test(what_is_no_manifest_is_told), cmocka_unit_test(keys_are_found),
        cmocka_unit_test(no_failed_allocation_is_lost),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
