/* fuzz_case.c - a recorded case from a file: what reads is written and reads the same again (tests, layer cli) */
#include "base/err.h"
#include "base/mem.h"
#include "cli/casefile.h"
#include "parse/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out of a response is what goes in again. */
static void responses(const json_t *doc)
{
    const json_t *exchanges = json_object_get(doc, "exchanges");
    for (size_t i = 0; i < json_array_size(exchanges); i++) {
        mk_response one, two;
        mk_response_init(&one, 1 << 20);
        mk_response_init(&two, 1 << 20);
        const json_t *known = json_object_get(json_array_get(exchanges, i), "response");
        if (!mk_case_answer(known, &one)) {
            json_t *again = mk_case_response(&one);
            if (!again)
                abort();
            const int err = mk_case_answer(again, &two);
            if ((!err && (one.body.len != two.body.len || memcmp(one.body.data, two.body.data, one.body.len) != 0)) ||
                (err && one.headers.count == 0))
                abort();
            json_decref(again);
        }
        mk_response_free(&one);
        mk_response_free(&two);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    char why[300];
    json_t *doc = NULL, *again = NULL;
    mk_buf text, diff;
    bool same = false;
    if (!ready)
        mk_json_init();
    ready = true;
    mk_buf_init(&text, 1 << 24);
    mk_buf_init(&diff, 1 << 24);
    if (!mk_case_read(&doc, (const char *)data, size, why, sizeof why)) {
        responses(doc);
        if (mk_case_write(&text, doc) || mk_case_read(&again, text.data, text.len, why, sizeof why) || !json_equal(doc, again) ||
            mk_case_compare(doc, again, &same, &diff))
            abort();
    }
    json_decref(doc);
    json_decref(again);
    mk_buf_free(&text);
    mk_buf_free(&diff);
    return 0;
}
