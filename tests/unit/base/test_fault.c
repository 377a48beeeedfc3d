/* test_fault.c - the table of faults, and faults (tests of base) */
#include "oom.h"

#include "base/fault.h"

static const char *const owners[] = { "user", "site", "adapter", "engine", "network", "operator", NULL };
static const char *const retries[] = { "never", "now", "after", "after_user", NULL };

static bool one_of(const char *const *list, const char *text)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list;
}

static void table_is_whole(void **state)
{
    (void)state;
    size_t count = 0;
    for (const mk_fault_kind *kind = mk_fault_at(0); kind; kind = mk_fault_at(++count)) {
        assert_ptr_equal(mk_fault_find(kind->code), kind); /* no code twice */
        assert_true(one_of(owners, kind->owner));
        assert_true(one_of(retries, kind->retry));
        assert_true(mk_fault_exit(kind->code) >= 10);
        const size_t len = strlen(kind->help);
        assert_true(len > 20 && kind->help[len - 1] == '.');
        if (!strncmp(kind->code, "policy.", 7) || !strncmp(kind->code, "engine.", 7))
            assert_false(kind->catchable);
        if (!strncmp(kind->code, "net.", 4) || !strncmp(kind->code, "site.", 5))
            assert_true(kind->catchable);
        assert_int_equal(kind->counts, !strcmp(kind->code, "auth.credentials"));
    }
    assert_int_equal(count, 66);
    assert_null(mk_fault_at(count));
}

static void knows_each_domain(void **state)
{
    (void)state;
    assert_int_equal(mk_fault_exit("auth.credentials"), 10);
    assert_int_equal(mk_fault_exit("mfa.must_be_off"), 11);
    assert_int_equal(mk_fault_exit("user_action.terms"), 12);
    assert_int_equal(mk_fault_exit("site.down"), 13);
    assert_int_equal(mk_fault_exit("net.dns"), 13);
    assert_int_equal(mk_fault_exit("adapter.bug"), 14);
    assert_int_equal(mk_fault_exit("policy.budget"), 15);
    assert_int_equal(mk_fault_exit("engine.spent"), 16);
    assert_int_equal(mk_fault_exit("other"), 1);
    assert_null(mk_fault_find("auth.credential"));
    assert_null(mk_fault_find(""));
    assert_false(mk_fault_find("mfa.must_be_off")->catchable);
    assert_true(mk_fault_find("adapter.selector_missed")->catchable);
    assert_false(mk_fault_find("adapter.bug")->catchable);
    assert_string_equal(mk_fault_find("auth.locked")->retry, "never");
}

static void unknown_is_the_adapters(void **state)
{
    (void)state;
    mk_fault *fault = mk_fault_new("auth.nonsense", "line %d", 4);
    assert_string_equal(fault->kind->code, "adapter.unexpected_page");
    assert_string_equal(fault->message, "line 4");
    mk_fault_free(fault);
    mk_fault_free(NULL);
}

static void long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char *wide = mk_malloc(20001);
    for (size_t i = 0; i < 20000; i += 2)
        memcpy(wide + i, "\xC3\xA4", 2);
    wide[20000] = '\0';
    mk_fault *fault = mk_fault_new("site.down", "x%s", wide);
    assert_int_equal(strlen(fault->message) % 2, 1);
    assert_true(strlen(fault->message) > 16000 && strlen(fault->message) <= 16384);
    mk_fault_free(fault);
    mk_free(wide);
}

static int make(void)
{
    mk_fault *fault = mk_fault_new("site.down", "%s", "it is");
    if (!fault)
        return MK_ENOMEM;
    mk_fault_evidence(fault, "url", json_string("https://example.test/"));
    const bool whole = json_object_get(fault->evidence, "url") != NULL;
    mk_fault_free(fault);
    return whole ? MK_OK : MK_ENOMEM;
}

static void survives_no_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(mk_malloc, mk_free);
    assert_int_equal(make(), MK_OK); /* jansson seeds its tables once */
    each_allocation_fails(make());
}

static void texts_of_results(void **state)
{
    (void)state;
    for (int err = MK_OK; err <= MK_EDIVERGED; err++)
        assert_string_not_equal(mk_err_text(err), "unknown error");
    assert_string_equal(mk_err_text(-1), "unknown error");
    assert_string_equal(mk_err_text(MK_EDIVERGED + 1), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_whole),          cmocka_unit_test(knows_each_domain),
        cmocka_unit_test(unknown_is_the_adapters), cmocka_unit_test(long_message_is_cut_between_characters),
        cmocka_unit_test(survives_no_memory),      cmocka_unit_test(texts_of_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
