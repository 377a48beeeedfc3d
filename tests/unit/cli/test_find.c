/* test_find.c - adapters by file or id, in the order of the folders (tests) */
#include "../base/oom.h"
#include "cli/find.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/find-XXXXXX";
static char why[400];

static const char *at(const char *name)
{
    static char paths[4][128];
    static int i;
    char *path = paths[i++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *data, size_t len)
{
    FILE *file = fopen(at(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void expect(const char *adapter, const char *scripts, int wanted, const char *text)
{
    mk_found found;
    why[0] = 0;
    int err = mk_find_text(&found, adapter, scripts, why, sizeof why);
    assert_int_equal(err, wanted);
    if (err) {
        assert_non_null(strstr(why, text));
        return;
    }
    assert_string_equal(found.text.data, text);
    mk_found_free(&found);
}

static void test_order(void **state)
{
    (void)state;
    mk_found found;
    write_file("given/utilities/one.lua", "given", 5);
    write_file("scripts/utilities/one.lua", "here", 4);
    write_file("scripts/utilities/two.lua", "two", 3);
    expect("one", at("given"), MK_OK, "given");
    expect("one", NULL, MK_OK, "here");
    expect("two", at("given"), MK_OK, "two"); /* falls through */
    expect("scripts/utilities/one.lua", at("given"), MK_OK, "here");
    expect("twoo", NULL, MK_ENOENT, "did you mean two?");
    expect("nowhere-near", NULL, MK_ENOENT, "meterkey utilities");
    assert_int_equal(mk_find_text(&found, "demo", at("given"), why, sizeof why), MK_OK); /* built in */
    assert_non_null(strstr(found.path, "built in"));
    assert_string_equal(found.name, "demo.lua");
    assert_string_equal(found.id, "demo");
    mk_found_free(&found);
}

static void test_refused(void **state)
{
    (void)state;
    static char large[MK_FIND_MAX + 1];
    memset(large, ' ', sizeof large);
    write_file("binary.lua", "\x1bLua", 4);
    write_file("nul.lua", "a\0b", 3);
    write_file("large.lua", large, sizeof large);
    expect(at("binary.lua"), NULL, MK_EPARSE, "compiled Lua");
    expect(at("nul.lua"), NULL, MK_EPARSE, "not text");
    expect(at("large.lua"), NULL, MK_ELIMIT, "larger than");
    expect(at("none.lua"), NULL, MK_ENOENT, "no such file");
    expect(at("given"), NULL, MK_EIO, "directory");
    expect("../etc/passwd", NULL, MK_ENOENT, "no such file");
    expect("No Such", NULL, MK_ENOENT, "neither a file nor the id");
}

static bool collect(void *arg, const char *id)
{
    mk_buf *buf = arg;
    mk_buf_addf(buf, "%s ", id);
    return strcmp(id, "two") != 0;
}

static void test_all(void **state)
{
    (void)state;
    mk_buf buf;
    mk_buf_init(&buf, 1000);
    write_file("scripts/utilities/three.txt", "", 0);
    write_file("scripts/utilities/zzz.lua", "", 0);
    assert_int_equal(mk_find_all(at("given"), collect, &buf), MK_OK);
    assert_non_null(strstr(buf.data, "demo "));
    assert_non_null(strstr(buf.data, "one two ")); /* each once, sorted */
    assert_null(strstr(buf.data, "three"));
    assert_null(strstr(buf.data, "zzz")); /* stopped at two */
    mk_buf_free(&buf);
}

static void test_other_files(void **state)
{
    (void)state;
    mk_buf buf;
    mk_buf_init(&buf, 1000);
    assert_int_equal(mk_find_file(&buf, NULL, "utilities/two.lua", 100, why, sizeof why), MK_OK);
    assert_string_equal(buf.data, "two");
    assert_int_equal(mk_find_file(&buf, NULL, "utilities/two.lua", 2, why, sizeof why), MK_ELIMIT);
    assert_int_equal(mk_find_file(&buf, NULL, "cases/two/none.case", 100, why, sizeof why), MK_ENOENT);
    mk_buf_free(&buf);
}

static int find_once(const char *adapter)
{
    mk_found found;
    int err = mk_find_text(&found, adapter, NULL, why, sizeof why);
    if (!err)
        mk_found_free(&found);
    return err;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    each_allocation_fails(find_once("two"));
    each_allocation_fails(find_once("demo"));
}

static int setup(void **state)
{
    (void)state;
    return !mkdtemp(folder) || chdir(folder) || mkdir("given", 0700) || mkdir("given/utilities", 0700) ||
           mkdir("scripts", 0700) || mkdir("scripts/utilities", 0700);
}

static int teardown(void **state)
{
    (void)state;
    static const char *const files[] = { "given/utilities/one.lua", "scripts/utilities/one.lua", "scripts/utilities/two.lua",
                                         "scripts/utilities/three.txt", "scripts/utilities/zzz.lua", "binary.lua", "nul.lua",
                                         "large.lua" };
    static const char *const folders[] = { "given/utilities", "given", "scripts/utilities", "scripts" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        rmdir(folders[i]);
    return chdir("/") || rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_refused),       cmocka_unit_test(test_all),
        cmocka_unit_test(test_other_files), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
