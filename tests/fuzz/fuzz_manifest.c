/* fuzz_manifest.c - source text to a version without modules, and the places of its keys (fuzz target) */
#include "base/err.h"
#include "parse/html.h"
#include "parse/json.h"
#include "script/version.h"

#include <stdlib.h>
#include <string.h>

static void locate(mk_bytes text)
{
    static const char *const paths[] = { "", "id", "mfa.patterns[2].html", "hosts[1]", "[3]", "a.b.c.d", "credentials[1].name" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int line = 0, col = 0;
        mk_manifest_locate(text, paths[i], &line, &col);
        if (line < 1 || col < 1)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    const char *text = (const char *)data;
    json_t *problems = NULL;
    mk_version *version = NULL;
    mk_buf saved;
    if (!ready) {
        mk_json_init();
        mk_html_init();
        ready = true;
    }
    locate((mk_bytes){ text, size });
    const int err = mk_version_build(&version, "fuzz.lua", text, size, NULL, &problems);
    if ((err == MK_EPARSE) != (json_array_size(problems) > 0))
        abort(); /* what is refused says why */
    json_decref(problems);
    mk_buf_init(&saved, 1 << 20);
    if (!err && mk_version_save(version, &saved) == MK_OK) {
        mk_version *back = NULL;
        if (mk_version_load(&back, saved.data, saved.len) != MK_OK ||
            strcmp(mk_version_hash(back), mk_version_hash(version)) != 0)
            abort();
        mk_version_unref(back);
    }
    mk_buf_free(&saved);
    mk_version_unref(version);
    return 0;
}
