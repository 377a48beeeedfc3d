/* fuzz_version.c - an adapter's version from any bytes, as a child that built it or a store might give it (fuzz target of script)
 *
 * What loads is saved and loads again as the same version, whose parts can be read. */
#include "base/err.h"
#include "bind/bind.h"
#include "parse/html.h"
#include "parse/json.h"
#include "script/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const mk_version *version)
{
    mk_version *again = NULL;
    mk_buf bytes;
    mk_bytes text;
    const char *name;
    size_t sum = 0;
    mk_buf_init(&bytes, 64 << 20);
    for (size_t i = 0; mk_version_part(version, i, &name, &text); i++)
        sum += strlen(name) + text.len;
    if (!sum || mk_version_save(version, &bytes) || mk_version_load(&again, bytes.data, bytes.len))
        abort();
    if (strcmp(mk_version_hash(version), mk_version_hash(again)) != 0)
        abort();
    mk_version_unref(again);
    mk_buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    mk_version *version = NULL;
    if (!begun) {
        mk_html_init();
        mk_json_init();
        mk_bind_init();
        begun = true;
    }
    if (mk_version_load(&version, data, size) == MK_OK) {
        check(version);
        mk_version_unref(version);
    } else if (version) {
        abort();
    }
    return 0;
}
