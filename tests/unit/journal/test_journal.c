/* test_journal.c - journals: order, divergence, polls, caps, bytes (tests of journal) */
#include "../base/oom.h"

#include "journal/journal.h"

static const uint8_t one[MK_PRINT_BYTES] = { 1 }, two[MK_PRINT_BYTES] = { 2 };

static mk_journal *sample(void)
{
    mk_journal *journal = mk_journal_new(100000);
    assert_non_null(journal);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_START, NULL, "begin", 5), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_EXCHANGE, one, "page\0one", 8), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_CLOCK, NULL, "", 0), MK_OK);
    return journal;
}

static void reads_back_in_order(void **state)
{
    (void)state;
    mk_journal *journal = sample();
    mk_entry entry;
    assert_false(mk_journal_replaying(journal));
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_CLOCK, NULL, &entry), MK_ENOENT);
    mk_journal_rewind(journal);
    assert_true(mk_journal_replaying(journal));
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_WAIT, NULL, "", 0), MK_EINVAL);
    assert_true(mk_journal_peek(journal, &entry));
    assert_int_equal(entry.kind, MK_ENTRY_START);
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_START, NULL, &entry), MK_OK);
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_EXCHANGE, one, &entry), MK_OK);
    assert_int_equal(entry.data.len, 8);
    assert_memory_equal(entry.data.data, "page\0one", 8);
    assert_true(mk_journal_replaying(journal));
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_CLOCK, NULL, &entry), MK_OK);
    assert_false(mk_journal_replaying(journal));
    assert_false(mk_journal_peek(journal, &entry));
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_ANSWER, NULL, "424242", 6), MK_OK);
    assert_int_equal(mk_journal_count(journal), 4);
    assert_int_equal(mk_journal_bytes(journal), 19);
    mk_journal_free(journal);
    mk_journal_free(NULL);
}

static void notices_divergence(void **state)
{
    (void)state;
    mk_journal *journal = sample();
    mk_entry entry;
    mk_journal_rewind(journal);
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_ANSWER, NULL, &entry), MK_EDIVERGED);
    assert_string_equal(mk_journal_why(journal), "entry 1: start was recorded, answer is asked for");
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_START, NULL, &entry), MK_OK);
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_EXCHANGE, two, &entry), MK_EDIVERGED);
    assert_string_equal(mk_journal_why(journal), "entry 2: another exchange was recorded than the one asked for");
    assert_int_equal(mk_journal_read(journal, MK_ENTRY_EXCHANGE, one, &entry), MK_OK);
    mk_journal_free(journal);
}

static void keeps_the_last_poll(void **state)
{
    (void)state;
    mk_journal *journal = sample();
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, "first", 5), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, "second", 6), MK_OK);
    assert_int_equal(mk_journal_count(journal), 4);
    assert_int_equal(mk_journal_bytes(journal), 19);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, two, "other", 5), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, "third", 5), MK_OK);
    assert_int_equal(mk_journal_count(journal), 6);
    mk_journal_free(journal);
}

static void holds_its_cap(void **state)
{
    (void)state;
    mk_journal *journal = mk_journal_new(200);
    char data[200] = { 0 };
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, data, 169), MK_ELIMIT);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, data, 168), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_POLL, one, data, 168), MK_OK);
    assert_int_equal(mk_journal_append(journal, MK_ENTRY_CLOCK, NULL, data, 0), MK_ELIMIT);
    assert_int_equal(mk_journal_append(journal, (enum mk_entry_kind)0, NULL, data, 0), MK_EINVAL);
    assert_int_equal(mk_journal_append(journal, (enum mk_entry_kind)7, NULL, data, 0), MK_EINVAL);
    assert_int_equal(mk_journal_count(journal), 1);
    mk_journal_free(journal);
}

static void prints_tell_parts_apart(void **state)
{
    (void)state;
    mk_journal *journal = mk_journal_new(10), *other = mk_journal_new(10);
    const mk_bytes ab_c[] = { { "ab", 2 }, { "c", 1 } }, a_bc[] = { { "a", 1 }, { "bc", 2 } };
    uint8_t p[MK_PRINT_BYTES], q[MK_PRINT_BYTES], r[MK_PRINT_BYTES], s[MK_PRINT_BYTES];
    mk_journal_print(journal, ab_c, 2, p);
    mk_journal_print(journal, ab_c, 2, q);
    mk_journal_print(journal, a_bc, 2, r);
    mk_journal_print(other, ab_c, 2, s);
    assert_memory_equal(p, q, MK_PRINT_BYTES);
    assert_memory_not_equal(p, r, MK_PRINT_BYTES);
    assert_memory_not_equal(p, s, MK_PRINT_BYTES);
    mk_journal_free(journal);
    mk_journal_free(other);
}

static void bytes_hold_everything(void **state)
{
    (void)state;
    mk_journal *journal = sample(), *back = NULL;
    mk_buf out;
    uint8_t p[MK_PRINT_BYTES], q[MK_PRINT_BYTES];
    const mk_bytes part = { "GET", 3 };
    mk_entry entry;
    mk_buf_init(&out, 10000);
    mk_journal_print(journal, &part, 1, p);
    assert_int_equal(mk_journal_save(journal, &out), MK_OK);
    assert_int_equal(mk_journal_load(&back, out.data, out.len, 100000), MK_OK);
    assert_int_equal(mk_journal_count(back), 3);
    mk_journal_print(back, &part, 1, q);
    assert_memory_equal(p, q, MK_PRINT_BYTES);
    assert_true(mk_journal_replaying(back));
    assert_int_equal(mk_journal_read(back, MK_ENTRY_START, NULL, &entry), MK_OK);
    assert_int_equal(mk_journal_read(back, MK_ENTRY_EXCHANGE, one, &entry), MK_OK);
    assert_memory_equal(entry.data.data, "page\0one", 8);
    mk_journal_free(back);
    back = NULL;
    assert_int_equal(mk_journal_load(&back, out.data, out.len, 10), MK_ELIMIT);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(mk_journal_load(&back, out.data, len, 100000), MK_EPARSE);
    out.data[6]++;
    assert_int_equal(mk_journal_load(&back, out.data, out.len, 100000), MK_EVERSION);
    out.data[6]--;
    assert_int_equal(mk_buf_addc(&out, 'x'), MK_OK);
    assert_int_equal(mk_journal_load(&back, out.data, out.len, 100000), MK_EPARSE);
    assert_null(back);
    mk_buf small;
    mk_buf_init(&small, 20);
    assert_int_equal(mk_journal_save(journal, &small), MK_ELIMIT);
    assert_int_equal(small.len, 0);
    mk_buf_free(&small);
    mk_buf_free(&out);
    mk_journal_free(journal);
}

static int save_and_load(void)
{
    mk_journal *journal = mk_journal_new(1000), *back = NULL;
    mk_buf out;
    mk_buf_init(&out, 10000);
    int err = journal ? MK_OK : MK_ENOMEM;
    for (int i = 0; i < 18 && !err; i++)
        err = mk_journal_append(journal, MK_ENTRY_EXCHANGE, one, "data", 4);
    if (!err)
        err = mk_journal_save(journal, &out);
    if (!err)
        err = mk_journal_load(&back, out.data, out.len, 1000);
    mk_buf_free(&out);
    mk_journal_free(back);
    mk_journal_free(journal);
    return err;
}

static void survives_no_memory(void **state)
{
    (void)state;
    each_allocation_fails(save_and_load());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_in_order),     cmocka_unit_test(notices_divergence),
        cmocka_unit_test(keeps_the_last_poll),     cmocka_unit_test(holds_its_cap),
        cmocka_unit_test(prints_tell_parts_apart), cmocka_unit_test(bytes_hold_everything),
        cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
