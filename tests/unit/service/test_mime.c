/* test_mime.c - mails as text (tests) */
#include "service/mime.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const mk_mime plain = { .from = "meters@example.test", .to = "customer@example.test", .subject = "Your meters", .text = "Hello.\n",
                               .token = "abc123", .now = 1774429844 };

static void built(const mk_mime *mail, mk_buf *out)
{
    mk_buf_init(out, 8 << 20);
    assert_int_equal(mk_mime_build(out, mail), MK_OK);
}

static void has(const mk_mime *mail, const char *part)
{
    mk_buf text;
    built(mail, &text);
    if (!strstr(text.data, part))
        fail_msg("'%s' is not in:\n%s", part, text.data);
    mk_buf_free(&text);
}

static void test_whole(void **state)
{
    (void)state;
    mk_buf text;
    built(&plain, &text);
    assert_string_equal(text.data, "From: meters@example.test\r\nTo: customer@example.test\r\nSubject: Your meters\r\n"
                                   "Date: Wed, 25 Mar 2026 09:10:44 +0000\r\nMessage-ID: <abc123@example.test>\r\n"
                                   "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                                   "Hello.\r\n");
    mk_buf_free(&text);
    mk_mime both = plain;
    both.html = "<p>Hello.</p>";
    has(&both, "Content-Type: multipart/alternative; boundary=\"=_abc123\"\r\n\r\n--=_abc123\r\nContent-Type: text/plain");
    has(&both, "Hello.\r\n\r\n--=_abc123\r\nContent-Type: text/html");
    has(&both, "<p>Hello.</p>\r\n--=_abc123--\r\n");
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct { const char *text, *bare; } list[] = {
        { "a@b.test", "a@b.test" }, { "A B <a.b+c@d-e.test>", "a.b+c@d-e.test" }, { "<a@b>", "a@b" }, { "x@y <a@b.test>", "a@b.test" },
        { "", NULL }, { "a", NULL }, { "@b", NULL }, { "a@", NULL }, { "a@b@c", NULL }, { "a b@c.test", NULL }, { "a@b.test ", NULL },
        { "a@b.test>", NULL }, { "<a@b.test", NULL }, { "<a@b.test> x", NULL }, { "a@b.test\r\nBcc: c@d", NULL }, { "a@b.test\n", NULL },
        { "<a@b.test\r\n>", NULL }, { "\"a\"@b.test", NULL }, { "a@[127.0.0.1]", NULL }, { "a,b@c.test", NULL }, { "\xc3\xa9@b.test", NULL },
        { "a@b.test\x7f", NULL },
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        mk_buf bare;
        mk_buf_init(&bare, 500);
        const int err = mk_mime_address(&bare, list[i].text);
        if (err != (list[i].bare ? MK_OK : MK_EPARSE))
            fail_msg("'%s' gives %d", list[i].text, err);
        assert_string_equal(bare.data, list[i].bare ? list[i].bare : "");
        mk_mime mail = plain;
        mail.to = list[i].text;
        assert_int_equal(mk_mime_build(&bare, &mail), err);
        mk_buf_free(&bare);
    }
    char local[300] = "";
    memset(local, 'a', 250);
    memcpy(local + 250, "@b.test", 8);
    mk_buf bare;
    mk_buf_init(&bare, 500);
    assert_int_equal(mk_mime_address(&bare, local), MK_EPARSE);
    assert_int_equal(mk_mime_address(&bare, local + 3), MK_OK);
    mk_buf_free(&bare);
}

static void test_words(void **state)
{
    (void)state;
    mk_mime mail = plain;
    mail.subject = "Gr\xc3\xbc\xc3\x9f" "e";
    has(&mail, "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\nDate");
    mail.subject = "one\r\nBcc: other@example.test";
    has(&mail, "Subject: =?UTF-8?B?b25lICBCY2M6IG90aGVyQGV4YW1wbGUudGVzdA==?=\r\nDate");
    mail.subject = "=?UTF-8?B?eA==?=";
    has(&mail, "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n");
    mail.subject = "";
    has(&mail, "Subject: \r\n");
    mail = plain;
    mail.from = "Meters, Inc <meters@example.test>";
    has(&mail, "From: \"Meters, Inc\" <meters@example.test>\r\n");
    mail.from = "M\xc3\xa9ters <meters@example.test>";
    has(&mail, "From: =?UTF-8?B?TcOpdGVycw==?=\r\n <meters@example.test>\r\n");
    mail.from = "a\"b\\c <meters@example.test>";
    has(&mail, "From: =?UTF-8?B?YSJiXGM=?=\r\n <meters@example.test>\r\n");
}

/* No line is longer than 76 (or 998, of what has no blank), no word parts a character, whatever the length. */
static void test_long(void **state)
{
    (void)state;
    char subject[400] = "";
    for (size_t len = 1; len < 120; len++) {
        size_t at = 0;
        for (size_t i = 0; i < len; i++)
            at += (size_t)snprintf(subject + at, sizeof subject - at, "%s", i % 3 ? "\xe2\x98\x83" : "a");
        mk_mime mail = plain;
        mk_buf text;
        mail.subject = mail.text = mail.html = subject;
        built(&mail, &text);
        for (const char *line = text.data, *end; *line; line = end + 2) {
            end = strstr(line, "\r\n");
            assert_non_null(end);
            assert_true(end - line <= 78);
            assert_null(memchr(line, '\n', (size_t)(end - line)));
        }
        mk_buf_free(&text);
    }
}

static void test_quoted(void **state)
{
    (void)state;
    static const struct { const char *text, *quoted; } list[] = {
        { "", "\r\n\r\n" }, { "a", "\r\n\r\na\r\n" }, { "a=b", "a=3Db\r\n" }, { "a \n", "a=20\r\n" }, { "a\t", "a=09\r\n" }, { "a b", "a b\r\n" },
        { ".a\n.", "=2Ea\r\n=2E\r\n" }, { "From x", "=46rom x\r\n" }, { "a\r\nb\rc\nd", "a\r\nb\r\nc\r\nd\r\n" }, { "\x01\x7f", "=01=7F\r\n" },
        { "\xc3\xa9", "=C3=A9\r\n" }, { "\n\n", "\r\n\r\n\r\n\r\n" },
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        mk_mime mail = plain;
        mail.text = list[i].text;
        has(&mail, list[i].quoted);
    }
}

static void test_limits(void **state)
{
    (void)state;
    char *big = mk_malloc((2 << 20) + 1);
    mk_buf text;
    memset(big, 0xfe, 2 << 20); /* each byte takes three */
    big[2 << 20] = '\0';
    mk_mime mail = plain;
    mail.text = big;
    mk_buf_init(&text, 16 << 20);
    assert_int_equal(mk_mime_build(&text, &mail), MK_ELIMIT);
    assert_int_equal(text.len, 0);
    mk_free(big);
    mail = plain;
    mail.html = "<p>";
    int err = MK_ENOMEM;
    for (unsigned long n = 1; err && n < 100; n++) {
        mk_mem_fail_at(n, false);
        err = mk_mime_build(&text, &mail);
        mk_mem_fail_at(0, false);
        assert_true(err == MK_OK || (err == MK_ENOMEM && !text.len));
    }
    assert_int_equal(err, MK_OK);
    mk_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole), cmocka_unit_test(test_addresses), cmocka_unit_test(test_words),
        cmocka_unit_test(test_long),  cmocka_unit_test(test_quoted),    cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
