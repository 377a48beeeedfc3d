/* test_scrub.c - scrubbing of cases (tests of cli) */
#include "../base/oom.h"

#include "cli/scrub.h"
#include "parse/html.h"
#include "parse/json.h"
#include "vault/seal.h"

#include <stdio.h>

static int init(void **state)
{
    (void)state;
    mk_html_init();
    mk_json_init();
    return mk_vault_init();
}

static mk_response response_of(const char *header, const char *value, const char *type, const char *body)
{
    mk_response response;
    mk_response_init(&response, 1 << 20);
    response.status = 200;
    if (header)
        assert_int_equal(mk_headers_add(&response.headers, header, value, strlen(value), false), MK_OK);
    assert_int_equal(mk_headers_add(&response.headers, "Content-Type", type, strlen(type), false), MK_OK);
    assert_int_equal(mk_buf_adds(&response.body, body), MK_OK);
    return response;
}

static void learn(mk_scrub *scrub, const char *header, const char *value, const char *type, const char *body)
{
    mk_request request = { .method = (char *)"GET", .url = (char *)"https://www.example.test/" };
    mk_response response = response_of(header, value, type, body);
    assert_int_equal(mk_scrub_sent(scrub, &request), MK_OK);
    assert_int_equal(mk_scrub_learn(scrub, &request, &response), MK_OK);
    mk_response_free(&response);
}

/* What text becomes; static. */
static const char *scrubbed(const mk_scrub *scrub, const char *text)
{
    static mk_buf out;
    mk_buf_free(&out);
    mk_buf_init(&out, 1 << 20);
    assert_int_equal(mk_scrub_text(scrub, text, strlen(text), &out), MK_OK);
    return out.data;
}

static void random_is_told_from_words(void **state)
{
    (void)state;
    static const char *const yes[] = {"dc97edd5460f808351c1c7a0ee36fabb", "q7Zt0vKc-3mXw91RbUe5sJ", "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "kP4dN8sVb2xQ7wLz0mRt6YhC3gJf9TeA", "q7Zt0vKc%2F3mXw91RbUe5sJ%3D%3D", NULL};
    static const char *const no[] = {"getElementsByTagNameNS", "/accounts/overview/details", "12345678901234567890", "2026-11-24T07-36-05Z",
        "www.example-power.test", "electricity-and-gas", "a1b2c3", "application/x-www-form-urlencoded",
        "https%3A%2F%2Fwww.short.test%2F", NULL};
    for (size_t i = 0; yes[i]; i++)
        assert_true(mk_scrub_random(yes[i], strlen(yes[i])));
    for (size_t i = 0; no[i]; i++)
        assert_false(mk_scrub_random(no[i], strlen(no[i])));
}

static void placeholders_keep_the_shape(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    char as[100];
    mk_scrub_credential_as(scrub, "username", false, "nora@mail.test", as, sizeof as);
    assert_string_equal(as, "case-user@example.test");
    mk_scrub_credential_as(scrub, "username", false, "0017342", as, sizeof as);
    assert_string_equal(as, "4242424");
    mk_scrub_credential_as(scrub, "password", true, "x@y", as, sizeof as);
    assert_string_equal(as, "case-password");
    mk_scrub_answer_as(scrub, "907315", as, sizeof as);
    assert_string_equal(as, "424242");
    assert_int_equal(mk_scrub_add(scrub, "907315", as), MK_OK);
    mk_scrub_answer_as(scrub, "907316", as, sizeof as);
    assert_string_equal(as, "424243");
    mk_scrub_answer_as(scrub, "907315", as, sizeof as);
    assert_string_equal(as, "424242");
    mk_scrub_answer_as(scrub, "424242", as, sizeof as);
    assert_string_not_equal(as, "424242");
    mk_scrub_free(scrub);
}

static void what_was_typed_goes_in_every_form(void **state)
{
    (void)state;
    const char *what;
    mk_scrub *scrub = mk_scrub_new();
    assert_int_equal(mk_scrub_add(scrub, "No ra&\xc3\xb6", "case-user"), MK_OK);
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    assert_string_equal(scrubbed(scrub, "<No ra&\xc3\xb6>"), "<case-user>");
    assert_string_equal(scrubbed(scrub, "NO RA&\xc3\x96 no ra&\xc3\xb6"), "case-user case-user");
    assert_string_equal(scrubbed(scrub, "No ra&amp;\xc3\xb6|No%20ra%26%C3%B6|No+ra%26%c3%b6"), "case-user|case-user|case-user");
    assert_string_equal(scrubbed(scrub, "No ra&\xf6."), "case-user.");
    assert_string_equal(scrubbed(scrub, "nothing of it"), "nothing of it");
    assert_true(mk_scrub_finds(scrub, "x No ra&\xc3\xb6 x", 12, &what));
    assert_string_equal(what, "case-user");
    assert_false(mk_scrub_finds(scrub, "case-user", 9, &what));
    mk_scrub_free(scrub);
}

static void base64_is_opened_and_closed(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    assert_int_equal(mk_scrub_add(scrub, "hunter-two", "case-password"), MK_OK);
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    /* {"u":"hunter-two"} and {"u":"case-password"} */
    assert_string_equal(scrubbed(scrub, "s='eyJ1IjoiaHVudGVyLXR3byJ9';"), "s='eyJ1IjoiY2FzZS1wYXNzd29yZCJ9';");
    mk_scrub_free(scrub);
}

static void tokens_are_found_where_they_stand(void **state)
{
    (void)state;
    static const struct { const char *header, *value, *type, *body, *token; } rows[] = {
        { "Set-Cookie", "sid=abc12345; Path=/", "text/html", "", "abc12345" },
        { NULL, NULL, "text/html", "<form><input type=hidden name=x value='zz-81ab-9'></form>", "zz-81ab-9" },
        { NULL, NULL, "application/json", "{\"access_token\": \"tok3nvalue\"}", "tok3nvalue" },
        { NULL, NULL, "text/html", "<script>var s = 'q7Zt0vKc-3mXw91RbUe5sJ';</script>", "q7Zt0vKc-3mXw91RbUe5sJ" },
        { "Location", "/home?code=ab12cd34&lang=en", "text/html", "", "ab12cd34" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mk_scrub *scrub = mk_scrub_new();
        learn(scrub, rows[i].header, rows[i].value, rows[i].type, rows[i].body);
        assert_int_equal(mk_scrub_ready(scrub), MK_OK);
        const char *after = scrubbed(scrub, rows[i].token);
        assert_string_not_equal(after, rows[i].token);
        assert_int_equal(strlen(after), strlen(rows[i].token));
        for (size_t k = 0; after[k]; k++) { /* class by class */
            assert_int_equal(after[k] >= '0' && after[k] <= '9', rows[i].token[k] >= '0' && rows[i].token[k] <= '9');
            assert_int_equal(after[k] == '-', rows[i].token[k] == '-');
        }
        mk_scrub_free(scrub);
    }
}

/* Pages escape a token in a script or an attribute, and it goes on plainly: it is one. */
static void escaped_tokens_are_the_same(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    char plain[64], part[80];
    learn(scrub, NULL, NULL, "text/html", "<script>var t = 'q7Zt0vKc\\x2D3mXw91RbUe5\\u002BsJ';</script>");
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    snprintf(plain, sizeof plain, "%s", scrubbed(scrub, "q7Zt0vKc-3mXw91RbUe5+sJ"));
    assert_string_not_equal(plain, "q7Zt0vKc-3mXw91RbUe5+sJ");
    assert_string_equal(scrubbed(scrub, "q7Zt0vKc\\x2D3mXw91RbUe5\\x2BsJ"), plain);
    assert_string_equal(scrubbed(scrub, "q7Zt0vKc&#45;3mXw91RbUe5&#x2b;sJ"), plain);
    assert_string_equal(scrubbed(scrub, "&#x71;7Zt0vKc-3mXw91RbUe5&#43;sJ"), plain);
    snprintf(part, sizeof part, "%s", scrubbed(scrub, "a\\\\x2Db \\x22 &#34; &#x2b &#; \\x2 \\")); /* escaped themselves, needed, or none */
    assert_string_equal(part, "a\\\\x2Db \\x22 &#34; &#x2b &#; \\x2 \\");
    mk_scrub_free(scrub);
}

static void ordinary_values_are_no_tokens(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    const char *body = "<form><input type=hidden name=step value=2><input type=hidden name=lang value='en-US'></form>"
                       "<a href='/state/california?state=NY&code=200'>Hello</a> account 4100220731";
    learn(scrub, "Set-Cookie", "lang=en-US; Path=/", "text/html", body);
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    assert_string_equal(scrubbed(scrub, body), body);
    mk_scrub_free(scrub);
}

static void what_we_sent_first_is_ours(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    mk_request request = { .method = (char *)"GET", .url = (char *)"https://www.example.test/?state=q7Zt0vKc-3mXw91RbUe5sJ" };
    assert_int_equal(mk_scrub_sent(scrub, &request), MK_OK);
    learn(scrub, "Location", "/cb?state=q7Zt0vKc-3mXw91RbUe5sJ&code=ab12cd34", "text/html", "");
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    assert_string_equal(scrubbed(scrub, "q7Zt0vKc-3mXw91RbUe5sJ"), "q7Zt0vKc-3mXw91RbUe5sJ");
    assert_string_not_equal(scrubbed(scrub, "ab12cd34"), "ab12cd34");
    mk_scrub_free(scrub);
}

static void a_name_in_hex_is_no_token_and_a_token_with_a_name_is(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    assert_int_equal(mk_scrub_add(scrub, "residential", "case-user"), MK_OK);
    learn(scrub, "Set-Cookie", "t=residential.q7Zt0vKc-3mXw91RbUe5sJ", "text/html", "<i>7265736964656e7469616c</i>");
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    assert_string_equal(scrubbed(scrub, "7265736964656e7469616c"), "636173652d75736572");
    const char *after = scrubbed(scrub, "residential.q7Zt0vKc-3mXw91RbUe5sJ");
    assert_null(strstr(after, "q7Zt0vKc"));
    assert_null(strstr(after, "residential"));
    mk_scrub_free(scrub);
}

static void numbered_tokens_for_people(void **state)
{
    (void)state;
    mk_scrub *scrub = mk_scrub_new();
    mk_scrub_number(scrub);
    learn(scrub, "Set-Cookie", "sid=abc12345", "application/json", "{\"token\":\"xyz98765\"}");
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    learn(scrub, "Set-Cookie", "t=long%2Fenough%3Dab12cd34ef56gh78", "text/html", ""); /* longer than what stands for it */
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    assert_string_equal(scrubbed(scrub, "abc12345 xyz98765 abc12345"), "token-1 token-2 token-1");
    assert_string_equal(scrubbed(scrub, "long/enough=ab12cd34ef56gh78"), "token-3");
    mk_scrub_free(scrub);
}

/* More than one mask holds. */
static void many_tokens(void **state)
{
    (void)state;
    enum { MANY = 200 };
    char text[32];
    const char *what;
    mk_scrub *scrub = mk_scrub_new();
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "tok%05dXy", i * 7919 % 100000);
        assert_int_equal(mk_scrub_token(scrub, text, strlen(text)), MK_OK);
    }
    assert_int_equal(mk_scrub_ready(scrub), MK_OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "tok%05dXy", i * 7919 % 100000);
        assert_true(mk_scrub_finds(scrub, text, strlen(text), &what));
        assert_string_not_equal(scrubbed(scrub, text), text);
    }
    mk_scrub_free(scrub);
}

static int all_of_it(const mk_request *request, const mk_response *response)
{
    mk_scrub *scrub = mk_scrub_new();
    mk_buf out;
    mk_buf_init(&out, 1 << 20);
    int err = scrub ? mk_scrub_add(scrub, "nor\xc3\xa4 b", "case-user") : MK_ENOMEM;
    if (!err)
        err = mk_scrub_sent(scrub, request);
    if (!err)
        err = mk_scrub_learn(scrub, request, response);
    if (!err)
        err = mk_scrub_ready(scrub);
    if (!err)
        err = mk_scrub_text(scrub, "a nor\xc3\xa4 b abc12345 eyJ1IjoiaHVudGVyLXR3byJ9", 40, &out);
    mk_buf_free(&out);
    mk_scrub_free(scrub);
    return err;
}

static void memory_runs_out(void **state)
{
    (void)state;
    mk_request request = { .method = (char *)"POST", .url = (char *)"https://www.example.test/", .body = (char *)"a=b%20c", .body_len = 7 };
    mk_response response = response_of("Set-Cookie", "sid=abc12345", "text/html", "<form><input type=hidden value=zz-81ab-9></form>");
    assert_int_equal(all_of_it(&request, &response), MK_OK); /* what is made once is made */
    each_allocation_fails(all_of_it(&request, &response));
    mk_response_free(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_is_told_from_words), cmocka_unit_test(placeholders_keep_the_shape),
        cmocka_unit_test(what_was_typed_goes_in_every_form), cmocka_unit_test(base64_is_opened_and_closed),
        cmocka_unit_test(tokens_are_found_where_they_stand), cmocka_unit_test(escaped_tokens_are_the_same), cmocka_unit_test(ordinary_values_are_no_tokens),
        cmocka_unit_test(what_we_sent_first_is_ours), cmocka_unit_test(a_name_in_hex_is_no_token_and_a_token_with_a_name_is),
        cmocka_unit_test(numbered_tokens_for_people), cmocka_unit_test(many_tokens), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
