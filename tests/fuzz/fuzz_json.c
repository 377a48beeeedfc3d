/* fuzz_json.c - JSON texts and paths (fuzz target) */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count(void *arg, json_t *value)
{
    (void)value;
    return ++*(size_t *)arg < 1000;
}

static void try_path(const json_t *root, const uint8_t *data, size_t size)
{
    size_t found = 0;
    mk_json_path *path = NULL;
    char *text = mk_memdup(data, size);
    char why[100];
    if (text && mk_json_path_compile(&path, text, why, sizeof why) == 0) {
        mk_json_path_each(path, root, count, &found);
        if ((found > 0) != (mk_json_path_first(path, root) != NULL))
            abort();
        mk_json_path_free(path);
    }
    mk_free(text);
}

/* The input is a path, a newline, and a document. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        mk_json_init();
    ready = true;
    json_t *value = NULL, *again = NULL;
    mk_json_error why = {0};
    const uint8_t *line = memchr(data, '\n', size);
    const char *text = line ? (const char *)line + 1 : (const char *)data;
    size_t len = size - (size_t)((const uint8_t *)text - data);
    if (mk_json_parse(&value, text, len, NULL, &why)) {
        if (why.at > len || memchr(why.why, 0, sizeof why.why) == NULL)
            abort();
        return 0;
    }
    mk_buf out, twice;
    mk_buf_init(&out, 64 << 20);
    mk_buf_init(&twice, 64 << 20);
    if (mk_json_write(&out, value) || mk_json_parse(&again, out.data, out.len, &(mk_json_limits){64 << 20, 64}, NULL))
        abort();
    if (mk_json_write(&twice, again) || out.len != twice.len || memcmp(out.data, twice.data, out.len) != 0)
        abort();
    if (line)
        try_path(value, data, (size_t)(line - data));
    mk_buf_free(&twice);
    mk_buf_free(&out);
    json_decref(again);
    json_decref(value);
    return 0;
}
