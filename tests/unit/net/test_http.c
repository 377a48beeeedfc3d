/* test_http.c - responses to journal entries and back (tests, layer net) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"
#include <stdio.h>
#include <string.h>

static void sample(mk_response *r, const char *fault)
{
    mk_response_init(r, 100);
    r->fault = fault;
    r->status = fault ? 0 : 404;
    r->version = 20;
    r->sent = r->reused = true;
    snprintf(r->detail, sizeof r->detail, "%s", fault ? "why" : "");
    assert_int_equal(mk_headers_add(&r->headers, "A", "1", 1, false), MK_OK);
    assert_int_equal(mk_headers_add(&r->headers, "a", "", 0, false), MK_OK);
    assert_int_equal(mk_buf_add(&r->body, "x\0y", 3), MK_OK);
}

static void there_and_back(void **state)
{
    (void)state;
    static const char *const faults[] = {NULL, "net.reset", "engine.interrupted", "policy.host_denied"};
    for (size_t i = 0; i < 4; i++) {
        mk_response a, b;
        mk_buf out;
        mk_buf_init(&out, 1000);
        sample(&a, faults[i]);
        assert_int_equal(mk_response_save(&a, &out), MK_OK);
        assert_int_equal(mk_response_load(&b, out.data, out.len, 3), MK_OK);
        assert_int_equal(b.status, a.status);
        assert_int_equal(b.version, 20);
        assert_true(b.sent && b.reused && b.t_all == -1 && !b.address[0]);
        assert_true(faults[i] ? !strcmp(b.fault, faults[i]) && !strcmp(b.detail, "why") : !b.fault);
        assert_string_equal(mk_headers_get(&b.headers, "a", 0)->value, "1");
        assert_string_equal(mk_headers_get(&b.headers, "A", 1)->value, "");
        assert_memory_equal(b.body.data, "x\0y", 3);
        mk_response_free(&b);
        assert_int_equal(mk_response_load(&b, out.data, out.len, 2), MK_ELIMIT);
        for (size_t n = 0; n < out.len; n++) /* truncated anywhere */
            assert_int_equal(mk_response_load(&b, out.data, n, 100), MK_EPARSE);
        assert_int_equal(mk_buf_addc(&out, 0), MK_OK);
        assert_int_equal(mk_response_load(&b, out.data, out.len, 100), MK_EPARSE);
        mk_buf_free(&out);
        mk_response_free(&a);
    }
}

static void out_of_memory(void **state)
{
    (void)state;
    mk_response a, b;
    mk_buf out;
    mk_buf_init(&out, 1000);
    sample(&a, "net.tls");
    assert_int_equal(mk_response_save(&a, &out), MK_OK);
    const long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err == MK_ENOMEM; n++) {
        mk_mem_fail_at(n, false);
        err = mk_response_load(&b, out.data, out.len, 100);
        mk_mem_fail_at(0, false);
        if (err)
            assert_int_equal(mk_mem_live(), live);
    }
    assert_int_equal(err, MK_OK);
    mk_response_free(&b);
    mk_buf small;
    mk_buf_init(&small, 10);
    assert_int_equal(mk_buf_adds(&small, "ab"), MK_OK);
    assert_int_equal(mk_response_save(&a, &small), MK_ELIMIT);
    assert_string_equal(small.data, "ab"); /* as it was */
    mk_buf_free(&small);
    mk_buf_free(&out);
    mk_response_free(&a);
}

static void repeatable(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "get"};
    for (size_t i = 0; i < 6; i++) {
        const mk_request q = {.method = (char *)methods[i]};
        assert_int_equal(mk_request_repeatable(&q), i < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(out_of_memory),
                                       cmocka_unit_test(repeatable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
