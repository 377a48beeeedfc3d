/* test_options.c - command lines, and the texts made from the table of commands (tests) */
#include "../base/oom.h"
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS = 16 };

/* Reads words (ending in NULL), the first of which is the command. */
static int read_words(mk_args *args, const char *const *words)
{
    static char *argv[WORDS];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)words[argc];
    argv[argc] = NULL;
    return mk_args_read(args, mk_command_find(words[0]), argc, argv);
}

/* What is said on standard error is not looked at here. */
static int error_was;

static int quiet(void **state)
{
    (void)state;
    fflush(stderr);
    error_was = dup(STDERR_FILENO);
    const int none = open("/dev/null", O_WRONLY);
    const bool bad = error_was < 0 || none < 0 || dup2(none, STDERR_FILENO) < 0;
    close(none);
    return bad;
}

static int loud(void **state)
{
    (void)state;
    fflush(stderr);
    const bool bad = dup2(error_was, STDERR_FILENO) < 0;
    close(error_was);
    return bad;
}

static void test_both_forms_anywhere(void **state)
{
    (void)state;
    mk_args args;
    const char *const words[] = { "run", "--park", "p", "demo", "--limit=a=1", "--limit", "b=2", "--json", NULL };
    assert_int_equal(read_words(&args, words), 0);
    assert_int_equal(args.operand_count, 1);
    assert_string_equal(args.operands[0], "demo");
    assert_string_equal(mk_args_get(&args, "--park"), "p");
    assert_string_equal(mk_args_at(&args, "--limit", 0), "a=1");
    assert_string_equal(mk_args_at(&args, "--limit", 1), "b=2");
    assert_null(mk_args_at(&args, "--limit", 2));
    assert_string_equal(mk_args_get(&args, "--limit"), "b=2");
    assert_true(mk_args_has(&args, "--json"));
    assert_false(mk_args_has(&args, "--table"));
    assert_null(mk_args_get(&args, "--answers"));
    mk_args_free(&args);
}

static void test_end_of_options(void **state)
{
    (void)state;
    mk_args args;
    const char *const words[] = { "run", "--", "--json", NULL };
    assert_int_equal(read_words(&args, words), 0);
    assert_string_equal(args.operands[0], "--json");
    assert_false(mk_args_has(&args, "--json"));
    mk_args_free(&args);
    const char *const dash[] = { "run", "-", NULL }; /* alone it is an operand */
    assert_int_equal(read_words(&args, dash), 0);
    assert_string_equal(args.operands[0], "-");
    mk_args_free(&args);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const lines[][5] = { { "run", NULL },
                                            { "run", "demo", "more", NULL },
                                            { "run", "demo", "--park", NULL },
                                            { "run", "demo", "--park=", NULL },
                                            { "run", "demo", "--json=yes", NULL },
                                            { "run", "demo", "--jso", NULL },
                                            { "run", "demo", "-j", NULL } };
    mk_args args;
    const long live = mk_mem_live();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(read_words(&args, lines[i]), 2);
        assert_int_equal(mk_mem_live(), live);
    }
    const char *const help[] = { "run", "--help", NULL }; /* needs no operand */
    assert_int_equal(read_words(&args, help), 0);
    mk_args_free(&args);
}

static void test_numbers(void **state)
{
    (void)state;
    mk_args args;
    const char *const good[] = { "bench", "demo", "--sessions", "7", NULL };
    const char *const bad[] = { "bench", "demo", "--sessions", "7x", NULL };
    long value = 0;
    assert_int_equal(read_words(&args, good), 0);
    assert_true(mk_args_number(&args, "--sessions", 1, 10, 3, &value));
    assert_int_equal(value, 7);
    assert_true(mk_args_number(&args, "--concurrency", 1, 10, 3, &value));
    assert_int_equal(value, 3);
    assert_false(mk_args_number(&args, "--sessions", 8, 10, 3, &value));
    mk_args_free(&args);
    assert_int_equal(read_words(&args, bad), 0);
    assert_false(mk_args_number(&args, "--sessions", 1, 10, 3, &value));
    mk_args_free(&args);
}

static void test_shared(void **state)
{
    (void)state;
    mk_args args;
    mk_shared shared;
    const char *const words[] = { "run", "demo", "--limit", "requests=5", "--mfa=relay", "--connect-to", "a:1:b:2",
                                  "--allow-origin=http://127.0.0.1:1", "--proxy", "http://p:1", NULL };
    assert_int_equal(read_words(&args, words), 0);
    assert_int_equal(mk_shared_read(&shared, &args), 0);
    assert_int_equal(shared.engine.limits.requests, 5);
    assert_int_equal(shared.engine.limits.redirects, mk_session_defaults.redirects);
    assert_string_equal(shared.mfa, "relay");
    assert_string_equal(shared.engine.connect_to[0], "a:1:b:2");
    assert_null(shared.engine.connect_to[1]);
    assert_string_equal(shared.engine.allow_origins[0], "http://127.0.0.1:1");
    assert_string_equal(shared.engine.net.proxy, "http://p:1");
    mk_shared_free(&shared);
    mk_args_free(&args);
}

static void test_shared_refused(void **state)
{
    (void)state;
    static const char *const lines[][5] = { { "run", "demo", "--limit", "requests", NULL },
                                            { "run", "demo", "--limit", "request=5", NULL },
                                            { "run", "demo", "--limit", "requests=0", NULL },
                                            { "run", "demo", "--mfa", "off", NULL },
                                            { "run", "demo", "--user-agent", "a\r\nb: c", NULL },
                                            { "run", "demo", "--scripts", "/nonexistent", NULL } };
    mk_args args;
    mk_shared shared;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(read_words(&args, lines[i]), 0);
        const long live = mk_mem_live();
        assert_int_equal(mk_shared_read(&shared, &args), 2);
        assert_int_equal(mk_mem_live(), live);
        mk_args_free(&args);
    }
}

static void test_read_out_of_memory(void **state)
{
    (void)state;
    const char *const words[] = { "run", "demo", "--limit=requests=5", "--allow-origin", "http://127.0.0.1:1", NULL };
    for (unsigned long n = 1;; n++) {
        mk_args args;
        mk_shared shared;
        const long live = mk_mem_live();
        mk_mem_fail_at(n, false);
        int status = read_words(&args, words);
        const bool read = !status;
        if (read)
            status = mk_shared_read(&shared, &args);
        mk_mem_fail_at(0, false);
        if (!status)
            mk_shared_free(&shared);
        if (read)
            mk_args_free(&args);
        assert_int_equal(mk_mem_live(), live);
        assert_true(status == 0 || status == 1);
        if (!status) {
            assert_true(n > 3);
            break;
        }
    }
}

/* Every command has its texts, and every option of every command stands in all that is made from the table. */
static void test_texts(void **state)
{
    (void)state;
    mk_buf help, manual, bash, zsh, all;
    mk_buf *const texts[] = { &help, &manual, &bash, &zsh, &all };
    for (size_t i = 0; i < 5; i++)
        mk_buf_init(texts[i], 1 << 20);
    assert_int_equal(mk_help_bash(&bash), MK_OK);
    assert_int_equal(mk_help_zsh(&zsh), MK_OK);
    assert_int_equal(mk_help_all(&all), MK_OK);
    assert_int_equal(mk_help_manual(&manual), MK_OK);
    for (const mk_command *command = mk_commands; command->name; command++) {
        const mk_option *option;
        assert_non_null(strstr(all.data, command->line));
        mk_buf_clear(&help);
        assert_int_equal(mk_help_command(&help, command), MK_OK);
        for (size_t i = 0; (option = mk_command_option(command, i)); i++) {
            assert_non_null(strstr(help.data, option->name));
            assert_non_null(strstr(bash.data, option->name));
            assert_non_null(strstr(zsh.data, option->name));
        }
    }
    for (size_t i = 0; i < 5; i++)
        mk_buf_free(texts[i]);
}

static int manual_once(void)
{
    mk_buf text;
    mk_buf_init(&text, 1 << 20);
    int err = mk_help_manual(&text);
    mk_buf_free(&text);
    return err;
}

static void test_texts_out_of_memory(void **state)
{
    (void)state;
    each_allocation_fails(manual_once());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_forms_anywhere),
        cmocka_unit_test(test_end_of_options),
        cmocka_unit_test_setup_teardown(test_refused, quiet, loud),
        cmocka_unit_test_setup_teardown(test_numbers, quiet, loud),
        cmocka_unit_test(test_shared),
        cmocka_unit_test_setup_teardown(test_shared_refused, quiet, loud),
        cmocka_unit_test_setup_teardown(test_read_out_of_memory, quiet, loud),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
