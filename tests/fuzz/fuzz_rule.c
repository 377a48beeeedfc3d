/* fuzz_rule.c - patterns of adapters on pages of portals (fuzz target) */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "parse/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const mk_rule *rule, enum mk_rule_sort sort, mk_page *page)
{
    bool holds = false;
    json_t *challenge = NULL;
    mk_buf message;
    mk_buf_init(&message, 500);
    int err = mk_rule_holds(rule, page, &holds);
    json_decref(mk_rule_explain(rule, page));
    if (!err && sort == MK_RULE_MFA && mk_rule_challenge(rule, page, &challenge) == MK_OK && !json_is_object(challenge))
        abort();
    if (!err && mk_rule_message(rule, page, &message))
        abort();
    json_decref(challenge);
    mk_buf_free(&message);
}

static mk_page *make_page(const uint8_t *data, size_t size, const char *type, mk_account *account)
{
    mk_page *page = NULL;
    mk_headers headers = {0};
    mk_buf body;
    mk_buf_init(&body, size);
    if (mk_buf_add(&body, data, size) || mk_headers_add(&headers, "content-type", type, strlen(type), false) ||
        mk_page_new(&page, 200, "https://www.example.test/", &headers, &body, account))
        abort();
    return page;
}

/* The input is a byte (sort and type), an entry as JSON on one line, and a body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"text/html", "application/json", "text/plain", "text/xml"};
    static bool ready;
    if (!ready) {
        mk_html_init();
        mk_json_init();
    }
    ready = true;
    const uint8_t *line = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    if (!line)
        return 0;
    json_t *entry = NULL;
    mk_rule *rule = NULL;
    char why[200];
    mk_account account = {.limit = 64 << 20};
    enum mk_rule_sort sort = data[0] & 1 ? MK_RULE_ERROR : MK_RULE_MFA;
    if (mk_json_parse(&entry, (const char *)data + 1, (size_t)(line - data) - 1, NULL, NULL) == MK_OK &&
        mk_rule_compile(&rule, sort, entry, why, sizeof why) == MK_OK) {
        mk_page *page = make_page(line + 1, size - (size_t)(line - data) - 1, types[data[0] >> 1 & 3], &account);
        evaluate(rule, sort, page);
        mk_page_unref(page);
        if (account.used)
            abort();
    }
    mk_rule_free(rule);
    json_decref(entry);
    return 0;
}
