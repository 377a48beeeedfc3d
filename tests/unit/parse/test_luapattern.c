/* test_luapattern.c - our matcher against stock Lua's (tests, layer parse)
 *
 * The cases are run by lua5.4 in one go; where it is missing the test says so
 * and skips the comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "parse/luapattern.h"

static const char *const PATTERNS[] = {
    "", "^", "$", "^$", "a", "ab", ".", "..", "a*", "a+", "a-", "a?", "a-b", "a*b", ".-b", "^a", "b$", "^a*$",
    "a$b", "$a", "a^b", "%a", "%A+", "%d+", "%D", "%s", "%S+", "%w+", "%W", "%l", "%u", "%x+", "%X", "%p",
    "%P", "%c", "%C+", "%g+", "%G", "%%", "%.", "%-", "%z", "%y", "[a]", "[^a]", "[ab]+", "[a-c]*", "[^a-c]+",
    "[]]", "[^]]", "[]a]+", "[a-]", "[-a]+", "[%a]", "[%]]", "[%d_]+", "[a-%z]", "[%a-z]", "[^%s]+", "[z-a]",
    "[a-c%d]-1", "[%-x]", "[.]", "[%w%.]+", "(a)", "(a)(b)", "(a*)(b*)", "()", "()b()", "(())", "(a(b)c?)",
    "((a)(b))", "(.-)b", "(%a+) (%a+)", "(a)%1", "(.)%1", "(.-)%1", "(a*)%1b", "()%1", "(['\"])(.-)%1",
    "%b()", "%b[]", "%baa", "%bab", "x%b()y", "%f[%a]%a+", "%f[%A]", "%f[%d]%d", "%f[^%z]a", "%f[%z]", "%f[a]b",
    "^(a)b$", "^%s*(.-)%s*$", "(%w+)=(%w+)", "(%d+)/(%d+)", "<(%a+)>(.-)</%1>", "a?b?c?", "a?a?aa", ".+b",
    "(.+)b(.*)", "[%", "[", "[^", "[a", "[]", "[^]", "[a-", "[%a", "%", "a%", "(a", "[a])", "$)", "(", "((a)", "%b",
    "%ba", "%f", "%fa", "%f[", "%f[a", "%0", "%1", "%2", "%9", "(a)%2", "(a%1)", "(a)(%2)", "a**", "a+*", "*a",
    "+", "?", "-", "a--", "*", "(*)", "(a)*", "(a)+", "%d*%.?%d+", "[+-]?%d+", "()a()b()", "a.c", "[\xc3\xa9]+",
    "\xc3\xa9", "[^\x80-\xff]+", "[\x01-\x1f]", "(((((((((((((((((((((((((((((((()))))))))))))))))))))))))))))))))",
    "()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()",
    "()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()",
};
static const char *const SUBJECTS[] = {
    "", "a", "b", "ab", "aab", "aaa", "abc abc", "  trim me  ", "key=value", "THE (quick (brown)) fox", "12/31/2026",
    "<b>bold</b>", "x(a)y", "[[x]]", "-]^.%", "$a^b", "caf\xc3\xa9 \xc3\xa9", "a1_b2", "say \"hi\" 'there'", "\t\n\x01",
    "-12.5",
};
enum { N_PATTERNS = sizeof PATTERNS / sizeof *PATTERNS, N_SUBJECTS = sizeof SUBJECTS / sizeof *SUBJECTS };

static const char SCRIPT[] =
    "local function run(...) local r = table.pack(pcall(string.find, ...))\n"
    "  if not r[1] then return 'error ' .. tostring(r[2]) end\n"
    "  if not r[2] then return 'nil' end\n"
    "  local o = {}\n"
    "  for i = 2, r.n do o[#o + 1] = math.type(r[i]) and ('@' .. r[i]) or ('=' .. r[i]) end\n"
    "  return table.concat(o, '|') end\n"
    "for _, p in ipairs(P) do for _, s in ipairs(S) do for init = 1, 2 do\n"
    "  if init <= #s + 1 then\n"
    "  local r = run(s, p, init):gsub('[%c%z]', function(c) return ('<%d>'):format(c:byte()) end)\n"
    "  io.write(r, '\\n') end\n"
    "end end end\n";

static void write_list(FILE *f, const char *name, const char *const *list, size_t count)
{
    fprintf(f, "%s = {", name);
    for (size_t i = 0; i < count; i++) {
        fputc('"', f);
        for (const char *c = list[i]; *c; c++)
            fprintf(f, "\\x%02x", (unsigned char)*c);
        fputs("\",", f);
    }
    fputs("}\n", f);
}

static void add_clean(mk_buf *out, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < 32 || c == 127)
            mk_buf_addf(out, "<%d>", c);
        else
            mk_buf_addc(out, data[i]);
    }
}

/* The answer of ours in the words of SCRIPT. */
static void ours(mk_buf *out, const char *pattern, const char *subject, size_t init)
{
    long steps = 1000000;
    mk_lpat m = {.src = subject, .src_len = strlen(subject), .pat = pattern, .pat_len = strlen(pattern), .steps = &steps};
    bool found = false;
    size_t from = 0, to = 0;
    int err = mk_lpat_find(&m, init - 1, &found, &from, &to);
    mk_buf_clear(out);
    if (err) {
        mk_buf_addf(out, "error %s", m.why);
        return;
    }
    if (!found) {
        mk_buf_adds(out, "nil");
        return;
    }
    mk_buf_addf(out, "@%zu|@%zu", from + 1, to);
    for (int i = 0; i < m.level; i++) {
        if (m.capture[i].len == -2) {
            mk_buf_addf(out, "|@%zu", m.capture[i].from + 1);
            continue;
        }
        mk_buf_adds(out, "|=");
        add_clean(out, subject + m.capture[i].from, (size_t)m.capture[i].len);
    }
}

static void compare(FILE *stock)
{
    char line[512];
    mk_buf mine;
    mk_buf_init(&mine, 4096);
    for (size_t p = 0; p < N_PATTERNS; p++) {
        for (size_t s = 0; s < N_SUBJECTS; s++) {
            for (size_t init = 1; init <= 2 && init <= strlen(SUBJECTS[s]) + 1; init++) {
                assert_non_null(fgets(line, sizeof line, stock));
                line[strcspn(line, "\n")] = 0;
                ours(&mine, PATTERNS[p], SUBJECTS[s], init);
                if (strcmp(mine.data, line) != 0)
                    fail_msg("'%s' on '%s' from %zu: ours %s, stock %s", PATTERNS[p], SUBJECTS[s], init, mine.data,
                             line);
            }
        }
    }
    mk_buf_free(&mine);
}

/* Runs lua5.4 on a script, its output into a file. The exit status, or -1 if it is not there. */
static int run_lua(const char *script, const char *output)
{
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)"lua5.4", (char *)script, NULL};
    pid_t child;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_TRUNC, 0600);
    int err = posix_spawnp(&child, "lua5.4", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void as_stock_lua(void **state)
{
    (void)state;
    char script[] = "/tmp/mk-lpat-XXXXXX", output[] = "/tmp/mk-lpat-XXXXXX";
    int fd = mkstemp(script), out = mkstemp(output);
    assert_true(fd >= 0 && out >= 0);
    FILE *f = fdopen(fd, "w");
    write_list(f, "P", PATTERNS, N_PATTERNS);
    write_list(f, "S", SUBJECTS, N_SUBJECTS);
    fputs(SCRIPT, f);
    fclose(f);
    int status = run_lua(script, output);
    FILE *stock = fdopen(out, "r");
    unlink(script);
    unlink(output);
    assert_int_equal(status, 0);
    compare(stock);
    fclose(stock);
}

static mk_lpat on(const char *subject, size_t len, const char *pattern, size_t pat_len, long *steps)
{
    mk_lpat m = {.src = subject, .src_len = len, .pat = pattern, .pat_len = pat_len, .steps = steps};
    return m;
}

static void nul_bytes(void **state)
{
    (void)state;
    long steps = 1000;
    bool found = false;
    size_t from = 0, to = 0;
    mk_lpat m = on("a\0b]", 4, "[\0]b", 4, &steps);
    assert_int_equal(mk_lpat_find(&m, 0, &found, &from, &to), MK_OK);
    assert_true(found && from == 1 && to == 3);
    m = on("ab]", 2, "b[]", 2, &steps); /* the ] behind the pattern's end is not its own */
    assert_int_equal(mk_lpat_find(&m, 0, &found, &from, &to), MK_EPARSE);
    assert_string_equal(m.why, "malformed pattern (missing ']')");
}

static void exactly_there(void **state)
{
    (void)state;
    long steps = 1000;
    bool found = true;
    size_t end = 0;
    mk_lpat m = on("xab", 3, "(a)b", 4, &steps);
    assert_int_equal(mk_lpat_at(&m, 0, &found, &end), MK_OK);
    assert_false(found);
    assert_int_equal(mk_lpat_at(&m, 1, &found, &end), MK_OK);
    assert_true(found && end == 3 && m.level == 1 && m.capture[0].from == 1 && m.capture[0].len == 1);
    assert_int_equal(mk_lpat_at(&m, 4, &found, &end), MK_OK);
    assert_false(found);
    assert_true(steps < 1000 && steps > 900);
}

/* Each of these takes stock Lua seconds to years. */
static void bombs(void **state)
{
    (void)state;
    static const char *const bomb[] = {".-.-.-.-x", "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b", "%s*x",
                                       "^%s*(.-)%s*$x", "(.*)(.*)(.*)%1%2%3x", "%b()%b()", "[%s%d]*[%s%d]*[%s%d]*x"};
    char *text = malloc(60001);
    for (size_t i = 0; i < sizeof bomb / sizeof *bomb; i++) {
        memset(text, i == 1 ? 'a' : i == 5 ? '(' : ' ', 60000);
        long steps = 2000000;
        bool found = false;
        size_t from = 0, to = 0;
        mk_lpat m = on(text, 60000, bomb[i], strlen(bomb[i]), &steps);
        int64_t before = mk_clock_cpu_us();
        assert_int_equal(mk_lpat_find(&m, 0, &found, &from, &to), MK_ELIMIT);
        assert_int_equal(steps, 0);
        assert_true(mk_clock_cpu_us() - before < 1000000);
    }
    free(text);
}

static void nesting(void **state)
{
    (void)state;
    char pattern[601] = "";
    for (int i = 0; i < 300; i++)
        memcpy(pattern + 2 * i, "a?", 3);
    char text[301];
    memset(text, 'a', 300);
    long steps = 1000000;
    bool found = false;
    size_t from = 0, to = 0;
    mk_lpat m = on(text, 300, pattern, 600, &steps);
    assert_int_equal(mk_lpat_find(&m, 0, &found, &from, &to), MK_ELIMIT);
    assert_string_equal(m.why, "pattern too complex");
    m = on(text, 300, pattern, 2 * 199, &steps);
    assert_int_equal(mk_lpat_find(&m, 0, &found, &from, &to), MK_OK);
    assert_true(found && to == 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_stock_lua), cmocka_unit_test(nul_bytes), cmocka_unit_test(exactly_there),
        cmocka_unit_test(bombs),        cmocka_unit_test(nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
