/* test_policy.c - which origins and addresses may be reached (tests, layer net) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/policy.h"
#include "net/resolve.h"
#include <stdio.h>
#include <string.h>

static char why[200];

static int check(const mk_policy *policy, const char *text, mk_grant *grant)
{
    mk_url url = {0};
    assert_int_equal(mk_url_parse(&url, text, strlen(text)), MK_OK);
    why[0] = '\0';
    int err = mk_policy_check(policy, &url, grant, why, sizeof why);
    assert_true(err == MK_OK || why[0]);
    mk_url_free(&url);
    return err;
}

static void entries(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        int err;
    } rows[] = {{"www.example.test", MK_OK},        {"www.example.test:8443", MK_OK},
                {"*.example.test", MK_OK},          {"http://127.0.0.1:18102", MK_OK},
                {"https://www.example.test", MK_OK}, {"*.com", MK_EPOLICY},
                {"*.co.uk", MK_EPOLICY},            {"*.ck", MK_EPOLICY},
                {"*.github.io", MK_EPOLICY},        {"*.test", MK_EPOLICY},
                {"*.10.0.0.1", MK_EPOLICY},         {"*", MK_EPARSE},
                {"", MK_EPARSE},                    {"www.*.test", MK_EPARSE},
                {"www.example.test/path", MK_EPARSE}, {"user@www.example.test", MK_EPARSE},
                {"ftp://www.example.test", MK_EPARSE}, {"http://127.0.0.1/path", MK_EPARSE},
                {"www.example.test:99999", MK_EPARSE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mk_policy *policy = mk_policy_new();
        why[0] = '\0';
        int err = mk_policy_declare(policy, rows[i].entry, true, why, sizeof why);
        if (err != rows[i].err || (err && !why[0]))
            fail_msg("%s: %d %s", rows[i].entry, err, why);
        mk_policy_free(policy);
    }
}

static void origins(void **state)
{
    (void)state;
    mk_policy *policy = mk_policy_new();
    mk_grant grant;
    assert_int_equal(mk_policy_declare(policy, "www.example.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "port.example.test:8443", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "*.wild.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "cdn.wild.test", false, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "http://127.0.0.1:18102", true, why, sizeof why), MK_OK);
    static const struct {
        const char *url;
        int err;
    } rows[] = {{"https://www.example.test/x", MK_OK},        {"https://www.example.test:443/", MK_OK},
                {"https://www.example.test:444/", MK_EPOLICY}, {"http://www.example.test/", MK_EPOLICY},
                {"https://example.test/", MK_EPOLICY},         {"https://www.example.test.evil.test/", MK_EPOLICY},
                {"https://port.example.test:8443/", MK_OK},    {"https://port.example.test/", MK_EPOLICY},
                {"https://a.wild.test/", MK_OK},               {"https://a.b.wild.test/", MK_OK},
                {"https://wild.test/", MK_EPOLICY},            {"https://evilwild.test/", MK_EPOLICY},
                {"http://127.0.0.1:18102/", MK_EPOLICY},       {"myapp://callback", MK_EPOLICY},
                {"javascript:alert(1)", MK_EPOLICY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (check(policy, rows[i].url, &grant) != rows[i].err)
            fail_msg("%s: %s", rows[i].url, why);
    assert_int_equal(check(policy, "https://a.wild.test/", &grant), MK_OK);
    assert_true(grant.secrets && !grant.any_address && grant.declared && !grant.connect_host[0]);
    assert_int_equal(check(policy, "https://cdn.wild.test/", &grant), MK_OK);
    assert_false(grant.secrets);
    assert_int_equal(mk_policy_allow(policy, "http://127.0.0.1:18103"), MK_OK);
    assert_int_equal(check(policy, "http://127.0.0.1:18102/", &grant), MK_EPOLICY);
    assert_int_equal(mk_policy_allow(policy, "http://127.0.0.1:18102"), MK_OK);
    assert_int_equal(check(policy, "http://127.0.0.1:18102/", &grant), MK_OK);
    assert_true(grant.any_address);
    assert_int_equal(check(policy, "http://127.0.0.1:18103/", &grant), MK_EPOLICY); /* opened, not declared */
    assert_int_equal(mk_policy_allow(policy, "127.0.0.1:1"), MK_EPARSE);
    assert_int_equal(mk_policy_allow(policy, "http://127.0.0.1:1/x"), MK_EPARSE);
    mk_policy_free(policy);
}

static void detours(void **state)
{
    (void)state;
    mk_policy *policy = mk_policy_new();
    mk_grant grant;
    assert_int_equal(mk_policy_declare(policy, "www.example.test", true, why, sizeof why), MK_OK);
    assert_int_equal(mk_policy_declare(policy, "any.example.test", true, why, sizeof why), MK_OK);
    static const char *const bad[] = {"", "a:b", "a:1:b", "a:1:b:99999", "a:0:b:1", "a:1:b:2:3", "a:x:b:1", "[::1:1:b:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mk_policy_connect_to(policy, bad[i]) != MK_EPARSE)
            fail_msg("%s", bad[i]);
    assert_int_equal(mk_policy_connect_to(policy, "WWW.example.test:443:[::1]:8443"), MK_OK);
    assert_int_equal(check(policy, "https://www.example.test/", &grant), MK_OK);
    assert_string_equal(grant.connect_host, "::1");
    assert_int_equal(grant.connect_port, 8443);
    assert_true(grant.any_address);
    assert_int_equal(check(policy, "https://any.example.test/", &grant), MK_OK);
    assert_true(!grant.any_address && !grant.connect_host[0]);
    assert_int_equal(mk_policy_connect_to(policy, "::127.0.0.1:"), MK_OK);
    assert_int_equal(check(policy, "https://any.example.test/", &grant), MK_OK);
    assert_string_equal(grant.connect_host, "127.0.0.1");
    assert_int_equal(grant.connect_port, 443);
    assert_int_equal(check(policy, "https://else.test/", &grant), MK_EPOLICY); /* declares nothing */
    mk_policy_free(policy);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const inside[] = {
        "0.0.0.0", "0.1.2.3", "10.1.1.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::",
        "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::1",
        "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
        "100::1", "5f00::1"};
    static const char *const outside[] = {"8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
                                          "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1",
                                          "2a00::1", "2001:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
                                          "2002:808:808::1"};
    struct sockaddr_storage address;
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (!mk_resolve_literal(inside[i], &address) || mk_policy_public_address((struct sockaddr *)&address))
            fail_msg("%s is public", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (!mk_resolve_literal(outside[i], &address) || !mk_policy_public_address((struct sockaddr *)&address))
            fail_msg("%s is not public", outside[i]);
    address = (struct sockaddr_storage){.ss_family = AF_UNIX};
    assert_false(mk_policy_public_address((struct sockaddr *)&address));
    assert_true(mk_resolve_literal("[::1]", &address));
    assert_false(mk_resolve_literal("localhost", &address));
    assert_false(mk_resolve_literal("[", &address));
    assert_false(mk_resolve_literal("", &address));
}

static void out_of_memory(void **state)
{
    (void)state;
    const long live = mk_mem_live();
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err == MK_ENOMEM; n++) {
        mk_mem_fail_at(n, false);
        mk_policy *policy = mk_policy_new();
        err = policy ? mk_policy_declare(policy, "www.example.test", true, why, sizeof why) : MK_ENOMEM;
        if (!err)
            err = mk_policy_allow(policy, "http://127.0.0.1:1");
        if (!err)
            err = mk_policy_connect_to(policy, "a:1:b:2");
        mk_mem_fail_at(0, false);
        mk_policy_free(policy);
        assert_int_equal(mk_mem_live(), live);
        assert_true(n < 1000);
    }
    assert_int_equal(err, MK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(entries), cmocka_unit_test(origins), cmocka_unit_test(detours),
                                       cmocka_unit_test(addresses), cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
