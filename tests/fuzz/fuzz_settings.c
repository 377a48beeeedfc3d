/* fuzz_settings.c - a file of settings from any bytes (fuzz target of bind)
 *
 * It is a table of JSON's kinds, or refused with a reason in one line; under the limits of adapters, so that it ends. */
#include "base/err.h"
#include "bind/bind.h"
#include "bind/settings.h"
#include "parse/html.h"
#include "parse/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    char why[300] = "";
    json_t *given = NULL;
    if (!begun) {
        mk_html_init();
        mk_json_init();
        mk_bind_init();
        begun = true;
    }
    const int err = mk_settings_read(&given, "config.lua", (const char *)data, size, why, sizeof why);
    if (err ? given || !*why : !json_is_object(given))
        abort();
    json_decref(given);
    return 0;
}
